"""What became of each person of a mailing."""

from __future__ import annotations

import enum

import attrs

from heymarket_async.models.fields import personal


class MailingState(enum.StrEnum):
    """What is known of the text to one person."""

    SENT = "sent"
    """The service accepted it, or it was found there."""
    OPTED_OUT = "opted out"
    """The person opted out, or was blocked. Nothing was sent."""
    REFUSED = "refused"
    """The service refused it. Nothing was sent."""
    NOT_SENT = "not sent"
    """Nothing was sent yet, as far as can be told: a rerun sends it."""
    UNKNOWN = "unknown"
    """It may have been sent. A rerun looks again, and does not repeat it while that is not known."""


@attrs.frozen(kw_only=True)
class MailingResult:
    """What became of one person.

    Attributes:
        line: the line of the file; None for somebody of an earlier run who is not in the file any more.
        phone: the number: E.164 digits without the plus sign.
        state: what is known.
        parts: how many parts the text has.
        local_id: the identifier that it carries; None while nothing was tried.
        message_id: the message, if it is there.
        earlier: whether an earlier run has sent it.
        reason: why it was not sent, or is not known; empty if there is nothing to say.
    """

    line: int | None = None
    phone: str = personal()
    state: MailingState
    parts: int = 0
    local_id: str | None = None
    message_id: int | None = None
    earlier: bool = False
    reason: str = ""
