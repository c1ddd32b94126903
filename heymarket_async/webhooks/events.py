"""What has happened at the service, as typed events. https://developers.heymarket.com/api-reference/webhooks"""

from __future__ import annotations

import enum
import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from heymarket_async.arguments import wrong
from heymarket_async.kinds import EventKind
from heymarket_async.models.conversations import Conversation
from heymarket_async.models.fields import extra
from heymarket_async.models.messages import Message, SentMessage
from heymarket_async.resources.messages import Messages
from heymarket_async.resources.runner import Runner
from heymarket_async.values import is_word, mask

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# A name of ours, from which the identifiers of replies are made.
_REPLIES: Final = uuid.UUID("8f0d3a4e-6f5c-4f58-9d6b-1f0d8c1f6a31")


def shown_kind(word: str) -> str:
    """Return a type as a repr or a log may show it."""
    return repr(str(word)) if is_word(word) else mask(word)


class EventSource(enum.Enum):
    """How an event came to be known."""

    WEBHOOK = "webhook"
    POLL = "poll"
    """`reconcile` found it, because no webhook told it, or not yet."""


@attrs.frozen(kw_only=True)
class WebhookEvent:
    """Something that has happened. `match` tells its classes apart.

    Attributes:
        kind: what.
        raw_type: the word that the service used, such as `message_recieved` for `EventKind.MESSAGE_RECEIVED`.
        webhook_id: the webhook that it came by, as configured at the service; it tells no event from another.
        data: the `event_data` as the service sent it, mostly an object.
        source: how it came to be known.
        extra: keys beside `event_data` that the library does not know, as sent.

    https://developers.heymarket.com/api-reference/webhooks
    """

    kind: EventKind
    raw_type: str
    webhook_id: int | None = None
    data: Any = attrs.field(default=None, repr=mask, hash=False)
    source: EventSource = EventSource.WEBHOOK
    extra: Mapping[str, Any] = extra()

    @property
    def conversation(self) -> Conversation | None:
        """The conversation in which it happened, if it says so."""
        return None

    @property
    def dedupe_key(self) -> str:
        """What is the same each time the service tells of this event, and for no other event.

        The kind with the id of the message, or with the id and the `updated` of the conversation; where that is
        missing, with a digest of `data`. It holds nothing personal.

        https://developers.heymarket.com/guides/webhooks
        """
        return f"{self.kind}:{_digest(self.data)}"

    async def reply(
        self,
        session: Runner,
        *,
        creator_id: int,
        text: str | None = None,
        media_url: str | None = None,
        template_id: int | None = None,
        survey_id: int | None = None,
        private: bool = False,
        author: str | None = None,
        inbox_id: int | None = None,
        local_id: str | None = None,
        first_tried: datetime | None = None,
    ) -> SentMessage:
        """Send a message into the conversation of this event.

        A handler that runs again for the same event sends the same `local_id` with the same content, by which the
        service knows the repeat: https://developers.heymarket.com/guides/broadcast-messages. Who does not want to rely
        on that passes `first_tried`.

        Args:
            session: the session of the team.
            creator_id: the member who sends, one of the inbox's `members`.
            text: what it says.
            media_url: a public URL of a picture or a file.
            template_id: a template, in place of `text`.
            survey_id: a survey, in place of `text`.
            private: leave a comment that only members see.
            author: the name under which a private comment stands.
            inbox_id: the inbox to send from, if not that of the conversation.
            local_id: your identifier of this send, if not one made of the event and the content.
            first_tried: when the handler first ran for this event, or earlier: then a reply that it has sent since is
                looked for, and no other is sent. The time of the event will do, at the cost of a request for each look.

        Raises:
            ArgumentError: the event has no conversation, or an argument makes no sense. Nothing was sent.
            SendUnknown: it went out, but no answer came back, or it may have gone out before, which a look did not
                tell; `await error.resolve()` looks for it.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/messages/send
        """
        conversation = self.conversation
        if conversation is None:
            raise wrong("event", f"is {self.kind} without a conversation, so there is nobody to reply to")
        inbox = conversation.inbox_id if inbox_id is None else inbox_id
        if inbox is None:
            raise wrong("inbox_id", "is missing: the conversation of this event does not say its inbox")
        content = {
            "text": text,
            "media_url": media_url,
            "template_id": template_id,
            "survey_id": survey_id,
            "private": private,
            "author": author,
        }
        if local_id is None:
            local_id = str(uuid.uuid5(_REPLIES, f"{self.dedupe_key} {creator_id} {_digest(content)}"))
        return await Messages(session).send(
            inbox_id=inbox,
            creator_id=creator_id,
            conversation_id=conversation.id,
            text=text,
            media_url=media_url,
            template_id=template_id,
            survey_id=survey_id,
            private=private,
            author=author,
            local_id=local_id,
            first_tried=first_tried,
        )


@attrs.frozen(kw_only=True)
class MessageEvent(WebhookEvent):
    """Something about a message.

    Attributes:
        message: it.
    """

    message: Message

    @property
    def conversation(self) -> Conversation | None:
        """The conversation of the message, if the service sent it along."""
        return self.message.conversation

    @property
    def dedupe_key(self) -> str:
        """The kind and the id of the message."""
        return f"{self.kind}:{self.message.id}"


class MessageSent(MessageEvent):
    """A message went out."""

    __slots__ = ()


class MessageReceived(MessageEvent):
    """Somebody wrote. The service calls it `message_recieved`."""

    __slots__ = ()


@attrs.frozen(kw_only=True)
class ChatEvent(WebhookEvent):
    """Something about a conversation.

    Attributes:
        chat: the conversation as it was then.
    """

    chat: Conversation

    @property
    def conversation(self) -> Conversation | None:
        """The conversation."""
        return self.chat

    @property
    def dedupe_key(self) -> str:
        """The kind, the id of the conversation and its `updated`, because a conversation closes more than once."""
        if self.chat.updated is None:
            return f"{self.kind}:{_digest(self.data)}"
        return f"{self.kind}:{self.chat.id}:{microseconds(self.chat.updated)}"


class ChatOpened(ChatEvent):
    """A conversation was opened."""

    __slots__ = ()


class ChatClosed(ChatEvent):
    """A conversation was closed."""

    __slots__ = ()


class ChatPending(ChatEvent):
    """A conversation was made pending."""

    __slots__ = ()


class ChatReassigned(ChatEvent):
    """A conversation was assigned to another user."""

    __slots__ = ()


class ChatTransferred(ChatEvent):
    """A conversation went to another inbox."""

    __slots__ = ()


class TargetEvent(WebhookEvent):
    """Somebody's consent to get texts has changed. The vendor names no fields of it: `data` holds what came."""

    __slots__ = ()


class TargetOptOut(TargetEvent):
    """Somebody wants no texts any more."""

    __slots__ = ()


class TargetOptIn(TargetEvent):
    """Somebody wants texts again."""

    __slots__ = ()


class TargetDoubleOptIn(TargetEvent):
    """Somebody has confirmed that they want texts."""

    __slots__ = ()


class TargetDoubleOptRestricted(TargetEvent):
    """Somebody gets no texts before they have confirmed that they want them."""

    __slots__ = ()


class IncomingCall(WebhookEvent):
    """Somebody calls. The vendor does not describe it: `data` holds what came."""

    __slots__ = ()


@attrs.frozen(kw_only=True)
class UnknownEvent(WebhookEvent):
    """Something that this version of the library does not know: `raw_type` and `data` say what came."""

    # Nobody knows what stands in the place of a word that is unknown.
    kind: EventKind = attrs.field(repr=shown_kind)
    raw_type: str = attrs.field(repr=shown_kind)

    @property
    def dedupe_key(self) -> str:
        """A digest of the type and of `data`."""
        return f"unknown:{_digest([self.raw_type, self.data])}"


CLASSES: Final[Mapping[EventKind, type[WebhookEvent]]] = {
    EventKind.MESSAGE_SENT: MessageSent,
    EventKind.MESSAGE_RECEIVED: MessageReceived,
    EventKind.CHAT_OPENED: ChatOpened,
    EventKind.CHAT_CLOSED: ChatClosed,
    EventKind.CHAT_PENDING: ChatPending,
    EventKind.CHAT_REASSIGNED: ChatReassigned,
    EventKind.CHAT_TRANSFERRED: ChatTransferred,
    EventKind.TARGET_OPT_OUT: TargetOptOut,
    EventKind.TARGET_OPT_IN: TargetOptIn,
    EventKind.TARGET_DOUBLE_OPT_IN: TargetDoubleOptIn,
    EventKind.TARGET_DOUBLE_OPT_RESTRICTED: TargetDoubleOptRestricted,
    EventKind.INCOMING_CALL: IncomingCall,
}


def microseconds(moment: datetime) -> int:
    """Return a moment as whole microseconds of Unix time."""
    return (moment - _EPOCH) // _MICROSECOND


def _digest(value: Any) -> str:
    """Return what is the same for equal JSON, in whatever order of keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
