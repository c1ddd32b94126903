"""What a look for a send has found whose outcome was not known."""

from __future__ import annotations

import enum

import attrs

from heymarket_async.models.messages import Message


class SendState(enum.Enum):
    """What is known of a send after a look."""

    SENT = "sent"
    """The message is there."""
    NOT_FOUND = "not found"
    """The message is not there. To send it again, pass the same `local_id`: the service knows a repeat by it."""
    UNKNOWN = "unknown"
    """The look did not tell: ask a person, or look again later."""


@attrs.frozen(kw_only=True)
class Resolution:
    """What a look for a send has found.

    Attributes:
        state: whether it was sent.
        message: the message, if it was.
        reason: why it is still not known, if it is not.
    """

    state: SendState
    message: Message | None = None
    reason: str = ""
