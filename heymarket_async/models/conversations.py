"""Conversations. https://developers.heymarket.com/api-reference/conversations/get"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from heymarket_async.models.fields import extra, mapping, personal, plain
from heymarket_async.shown import Shown


@attrs.frozen(kw_only=True, weakref_slot=False)
class ConversationMember(Shown):
    """A member who takes part in a conversation.

    Attributes:
        id: the member.
        name: the person's name.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/conversations/get
    """

    id: int | None = None
    name: str | None = personal()
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class Conversation(Shown):
    """The texts between an inbox and one contact, or a group of them.

    Only `id` is always there. What the service leaves out is None, or an empty tuple where there may be many.

    Attributes:
        id: the conversation, which calls take as `conversation_id` (on the wire `chat_id`, `conversation_id` or
            `convo_id`).
        inbox_id: the inbox it belongs to (on the wire `inbox`).
        assignee_id: the user it is assigned to (on the wire `assigned`).
        creator_id: the user who began it (on the wire `creator`).
        target: the phone number of the contact, as the service writes it.
        targets: the numbers of a group, as keys (seen by an integrator only, like `unread` and `last_msg`).
        name: the name of the contact or the group.
        members: the members who take part (inside a message, the service sends them as an object too).
        channel: what carries the texts, such as `sms`.
        status: the state; the vendor does not list its values.
        type: the kind; the vendor does not list its values.
        op: a marker of the last operation.
        blocked: whether the contact is blocked.
        muted: whether it makes no notifications.
        replied: whether it was answered.
        unread: whether it is unread for the user who asked.
        unread_users: the users for whom it is unread.
        last_inbound: the last inbound text, in a unit that the vendor does not name.
        last_msg: the last text.
        read: a marker of the last read point.
        snooze_till: until when it sleeps, in a form that the vendor does not name.
        email_noti: whether it notifies by e-mail.
        local_id: an identifier that the client gave.
        created: when it was made.
        updated: when it was last changed; lists are ordered by it.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/conversations/get
    """

    id: int
    inbox_id: int | None = plain("inbox")
    assignee_id: int | None = plain("assigned")
    creator_id: int | None = plain("creator")
    target: str | None = personal()
    targets: Mapping[str, Any] | None = mapping()
    name: str | None = personal()
    members: tuple[ConversationMember, ...] = ()
    channel: str | None = None
    status: str | None = None
    type: str | None = None
    op: str | None = None
    blocked: bool | None = None
    muted: bool | None = None
    replied: bool | None = None
    unread: bool | None = None
    unread_users: tuple[int, ...] = ()
    last_inbound: int | None = None
    last_msg: str | None = personal()
    read: int | None = None
    snooze_till: str | None = None
    email_noti: bool | None = None
    noreply: str | None = None
    super: int | None = None
    support: bool | None = None
    local_id: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    extra: Mapping[str, Any] = extra()
