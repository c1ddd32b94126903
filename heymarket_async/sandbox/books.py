"""What the sandbox notes for itself and for the tests that use it. No answer shows any of it."""

from __future__ import annotations

from typing import Any

import attrs

from heymarket_async.sandbox.records import Moment, Record


@attrs.frozen(kw_only=True, repr=False)
class Sent:
    """One text, or email, that one person got. The repr shows neither the person nor the text.

    Attributes:
        to: the phone number, E.164 digits without the plus sign; or the email address.
        text: what was written, with the names of a broadcast filled in.
        media: the address of the file that came along; empty if there is none.
        local_id: the client's identifier; empty if there is none.
        message_id: the message, which several people share in a group.
        conversation_id: the conversation it stands in.
        inbox_id: the inbox it came from.
        at: Unix time in seconds by the sandbox's clock.
    """

    to: str
    text: str
    media: str
    local_id: str
    message_id: int
    conversation_id: int
    inbox_id: int
    at: float

    def __repr__(self) -> str:
        return f"<Sent message {self.message_id} of conversation {self.conversation_id}, {len(self.text)} characters>"


@attrs.define(repr=False)
class Book:
    """The notes on one team.

    Attributes:
        sent: what really went out, oldest first.
        missed: the scheduled messages that could not be sent when their time came, with the code of the reason.
        threads: the conversation of an inbox with a number, or with the numbers of a group.
        repeats: by endpoint and `local_id`, the answer and when it was given.
        broadcasts: how many sends to a list there were.
    """

    sent: list[Sent] = attrs.field(factory=list[Sent])
    missed: list[tuple[Record, str]] = attrs.field(factory=list[tuple[Record, str]])
    threads: dict[tuple[int, str], int] = attrs.field(factory=dict[tuple[int, str], int])
    repeats: dict[tuple[str, str], tuple[Any, Moment]] = attrs.field(factory=dict[tuple[str, str], tuple[Any, Moment]])
    broadcasts: int = 0

    def __repr__(self) -> str:
        return f"<Book: {len(self.sent)} sent, {len(self.missed)} missed>"
