"""Webhooks: verified, read into typed events, and given to handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heymarket_async._lazy import lazy_names

if TYPE_CHECKING:
    from heymarket_async.webhooks.errors import (
        EventStoreError,
        ReceiverError,
        WebhookError,
        WebhookMisfit,
        WebhookNotJson,
        WebhookTokenError,
        WebhookTooLarge,
    )
    from heymarket_async.webhooks.events import (
        ChatClosed,
        ChatEvent,
        ChatOpened,
        ChatPending,
        ChatReassigned,
        ChatTransferred,
        EventSource,
        IncomingCall,
        MessageEvent,
        MessageReceived,
        MessageSent,
        TargetDoubleOptIn,
        TargetDoubleOptRestricted,
        TargetEvent,
        TargetOptIn,
        TargetOptOut,
        UnknownEvent,
        WebhookEvent,
    )
    from heymarket_async.webhooks.parsing import Parser, parse
    from heymarket_async.webhooks.receiver import Answer, Receiver
    from heymarket_async.webhooks.reconciling import reconcile
    from heymarket_async.webhooks.telling import (
        EventParked,
        EventsLeft,
        GapSeen,
        HandlerFailed,
        ReceiverListener,
        ReceiverNews,
        ReceiverStats,
        StoreFailed,
        WebhookRefused,
    )
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "errors": (
                "EventStoreError",
                "ReceiverError",
                "WebhookError",
                "WebhookMisfit",
                "WebhookNotJson",
                "WebhookTokenError",
                "WebhookTooLarge",
            ),
            "events": (
                "ChatClosed",
                "ChatEvent",
                "ChatOpened",
                "ChatPending",
                "ChatReassigned",
                "ChatTransferred",
                "EventSource",
                "IncomingCall",
                "MessageEvent",
                "MessageReceived",
                "MessageSent",
                "TargetDoubleOptIn",
                "TargetDoubleOptRestricted",
                "TargetEvent",
                "TargetOptIn",
                "TargetOptOut",
                "UnknownEvent",
                "WebhookEvent",
            ),
            "parsing": ("Parser", "parse"),
            "receiver": ("Answer", "Receiver"),
            "reconciling": ("reconcile",),
            "telling": (
                "EventParked",
                "EventsLeft",
                "GapSeen",
                "HandlerFailed",
                "ReceiverListener",
                "ReceiverNews",
                "ReceiverStats",
                "StoreFailed",
                "WebhookRefused",
            ),
        },
    )

__all__ = [
    "Answer",
    "ChatClosed",
    "ChatEvent",
    "ChatOpened",
    "ChatPending",
    "ChatReassigned",
    "ChatTransferred",
    "EventParked",
    "EventSource",
    "EventStoreError",
    "EventsLeft",
    "GapSeen",
    "HandlerFailed",
    "IncomingCall",
    "MessageEvent",
    "MessageReceived",
    "MessageSent",
    "Parser",
    "Receiver",
    "ReceiverError",
    "ReceiverListener",
    "ReceiverNews",
    "ReceiverStats",
    "StoreFailed",
    "TargetDoubleOptIn",
    "TargetDoubleOptRestricted",
    "TargetEvent",
    "TargetOptIn",
    "TargetOptOut",
    "UnknownEvent",
    "WebhookError",
    "WebhookEvent",
    "WebhookMisfit",
    "WebhookNotJson",
    "WebhookRefused",
    "WebhookTokenError",
    "WebhookTooLarge",
    "parse",
    "reconcile",
]
