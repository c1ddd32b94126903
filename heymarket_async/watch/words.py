"""What webhooks would call a change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from heymarket_async.kinds import EventKind
from heymarket_async.models.contacts import Contact
from heymarket_async.models.conversations import Conversation
from heymarket_async.models.messages import Message


def kinds_of_new(item: Any, closed: bool | None) -> tuple[EventKind, ...]:
    """Return what webhooks would call something new."""
    if isinstance(item, Message):
        return (EventKind.MESSAGE_RECEIVED if is_inbound(item) else EventKind.MESSAGE_SENT,)
    if isinstance(item, Conversation):
        return (EventKind.CHAT_CLOSED if closed else EventKind.CHAT_OPENED,)
    return ()


def kinds_of_change(item: Any, closed: bool | None, fields: Collection[str]) -> tuple[EventKind, ...]:
    """Return what webhooks would call a change of these fields."""
    kinds: list[EventKind] = []
    if isinstance(item, Conversation):
        if "inbox_id" in fields:
            kinds.append(EventKind.CHAT_TRANSFERRED)
        if "assignee_id" in fields:
            kinds.append(EventKind.CHAT_REASSIGNED)
        if "status" in fields and item.status == "pending":
            kinds.append(EventKind.CHAT_PENDING)
        if "closed" in fields:
            kinds.append(EventKind.CHAT_CLOSED if closed else EventKind.CHAT_OPENED)
    if isinstance(item, Contact) and "is_opted_out" in fields and item.is_opted_out is not None:
        kinds.append(EventKind.TARGET_OPT_OUT if item.is_opted_out else EventKind.TARGET_OPT_IN)
    return tuple(kinds)


def is_inbound(message: Message) -> bool:
    """Say whether a message came from outside.

    By an earlier page its `type` says so. Where it says something else, one that no user wrote did.
    """
    if message.type in ("inbound", "outbound"):
        return message.type == "inbound"
    return not message.user_id and not message.author
