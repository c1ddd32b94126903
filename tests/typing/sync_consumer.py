"""What type checkers see of the session that is not awaited: read by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_type

from heymarket_async import Contact, Conversation, Inbox, Message, Rows, SentMessage, WriteResult
from heymarket_async.sync import Pages, Session
from heymarket_async.watch.changes import Change


def replies_have_the_types_that_they_have_when_they_are_awaited(heymarket: Session) -> None:
    """Nothing of it is written a second time."""
    assert_type(heymarket.inboxes.list(), tuple[Inbox, ...])
    assert_type(heymarket.messages.send(inbox_id=1, creator_id=2, phone_number="", text=""), SentMessage)
    assert_type(heymarket.messages.count(), int)
    assert_type(heymarket.messages.list(), Pages[Message])
    assert_type(heymarket.conversations.list(inboxes=[1]).collect(), Rows[Conversation])
    assert_type(heymarket.contacts.create(phone_number="", first_name="Sam"), WriteResult)
    assert_type(heymarket.contacts.find(phone_number=""), Contact | None)
    assert_type(heymarket.contacts.v2.get("id"), Contact)
    assert_type(heymarket.watch("messages"), Iterator[Change[Any]])
    for message in heymarket.messages.list(limit=10):
        assert_type(message, Message)


def arguments_are_checked_as_they_are_there(heymarket: Session) -> None:
    """Both checkers complain of a comment that silences nothing."""
    heymarket.messages.send(inbox_id="1", creator_id=2, text="")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    heymarket.messages.lst()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
