"""Messages. https://developers.heymarket.com/api-reference/messages/get-history"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from heymarket_async.models.conversations import Conversation
from heymarket_async.models.fields import extra, mapping, personal, plain
from heymarket_async.shown import Shown
from heymarket_async.values import OpenEnum


class MessageStatus(OpenEnum):
    """How far a message has come. The vendor lists no values; others are kept as they are."""

    SENT = "sent"


@attrs.frozen(kw_only=True, weakref_slot=False)
class MessageCustom(Shown):
    """Data that an integration put beside a message.

    Attributes:
        type: its kind.
        data: its bytes, as numbers.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/messages/get-history
    """

    type: str | None = None
    data: tuple[int, ...] = ()
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class Message(Shown):
    """A text, a picture, an e-mail or a private comment in a conversation.

    Only `id` is always there. What the service leaves out is None, or an empty tuple where there may be many.

    Attributes:
        id: the message.
        conversation: the conversation it belongs to.
        date: when it was sent or received; lists are ordered by it.
        updated: when it was last changed, for example by a delivery.
        status: how far it has come.
        type: the kind; by an earlier page of the vendor the direction, `inbound` or `outbound`.
        channel: what carried it (seen by an integrator only, like `hidden`, `raw_error`, `target_errors`, `targets`).
        text: what it says.
        media_url: the address of a picture or a file (on the wire `media`).
        link_url: the address of a link in it.
        user_id: the user who sent it (on the wire `user`).
        author: the name under which a private comment stands.
        phone: the phone number tied to it.
        target: the number of the other party.
        targets: the numbers of a group, as keys.
        broadcast_id: the broadcast it was part of.
        local_id: the identifier that the client gave when it sent it.
        flagged: whether it is flagged for review.
        hidden: whether it is not shown.
        raw_error: what the carrier said.
        target_errors: what went wrong, by phone number.
        custom: data of an integration.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/messages/get-history
    """

    id: int
    conversation: Conversation | None = None
    date: datetime | None = None
    updated: datetime | None = None
    status: MessageStatus | None = None
    type: str | None = None
    channel: str | None = None
    text: str | None = personal()
    media_url: str | None = personal(wire="media")
    link_url: str | None = personal()
    user_id: int | None = plain("user")
    author: str | None = personal()
    phone: str | None = personal()
    target: str | None = personal()
    targets: Mapping[str, Any] | None = mapping()
    broadcast_id: int | None = None
    local_id: str | None = None
    flagged: bool | None = None
    hidden: bool | None = None
    raw_error: str | None = personal()
    target_errors: Mapping[str, Any] | None = mapping()
    custom: MessageCustom | None = None
    super: int | None = None
    support: bool | None = None
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class SentMessage(Shown):
    """What the service says to a send. Accepted is not delivered: the message's `status` tells that later.

    No field is required: whatever the answer lacks, the send was made.

    Attributes:
        id: the message.
        conversation_id: the conversation (on the wire `convo_id`).
        date: when it was sent.
        queued: whether it was accepted and waits.
        gallery_url: where its pictures are, if it has any.
        compliance_results: what the service's checks said; the vendor does not describe it.
        local_id: the identifier that it was sent with; the library fills it in.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/messages/send
    """

    id: int | None = None
    conversation_id: int | None = plain("convo_id")
    date: datetime | None = None
    queued: bool | None = None
    gallery_url: str | None = personal()
    compliance_results: Mapping[str, Any] | None = mapping()
    local_id: str | None = None
    extra: Mapping[str, Any] = extra()
