"""heymarket_async: an asyncio-first client for the Heymarket REST API (business text messaging)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heymarket_async._homes import HOMES
from heymarket_async._lazy import lazy_names
from heymarket_async._version import __version__

if TYPE_CHECKING:
    from heymarket_async.auth import ApiKey, ApiSecret, ApiSecretPair, Credentials, credentials_from_env
    from heymarket_async.calls import Call, Effect, Operation, Reply
    from heymarket_async.capture import CapturedReply
    from heymarket_async.clock import Clock
    from heymarket_async.drift import Drift
    from heymarket_async.errors import (
        AnsweredError,
        ApiError,
        ArgumentError,
        AuthenticationError,
        BadRequest,
        CallError,
        CheckpointError,
        ConfigurationError,
        Conflict,
        ConnectionLost,
        CursorStalled,
        HeymarketError,
        JournalError,
        MissingCredentials,
        NeverSent,
        NotFound,
        PermissionDenied,
        RateBudgetExceeded,
        RateLimited,
        ReplyError,
        SendUnknown,
        ServerError,
        SessionClosed,
        SessionError,
        TeamParked,
        TimedOut,
        TransportError,
        UnexpectedStatus,
        UnknownTeam,
        UnprocessableEntity,
        Unsettled,
        WrongEventLoop,
    )
    from heymarket_async.events import (
        AttemptEnded,
        AttemptStarted,
        CallEvent,
        Event,
        Listener,
        Parked,
        SecretReplaced,
        Unparked,
        Waiting,
        WaitReason,
    )
    from heymarket_async.fleet.fleet import Fleet
    from heymarket_async.fleet.parking import ParkedTeam
    from heymarket_async.fleet.results import TeamResult
    from heymarket_async.kinds import EventKind
    from heymarket_async.lanes import Lane
    from heymarket_async.limits import BudgetState
    from heymarket_async.models.contacts import (
        Contact,
        ContactChannel,
        ContactField,
        ContactNote,
        ContactStatus,
        SavedContact,
    )
    from heymarket_async.models.conversations import Conversation, ConversationMember
    from heymarket_async.models.inboxes import BusinessHours, Inbox, WidgetSettings
    from heymarket_async.models.lists import BroadcastList, ListDeletion
    from heymarket_async.models.messages import Message, MessageCustom, MessageStatus, SentMessage
    from heymarket_async.models.results import WriteResult
    from heymarket_async.models.schedules import Attachment, Schedule, ScheduledContent, ScheduleMeta
    from heymarket_async.models.surveys import Survey, SurveyType
    from heymarket_async.models.tags import Tag
    from heymarket_async.models.team import Team, TeamMember
    from heymarket_async.models.templates import GalleryContent, GalleryEntry, Template
    from heymarket_async.models.users import Role, TeamUser
    from heymarket_async.paging import Pager
    from heymarket_async.resolution import Resolution, SendState
    from heymarket_async.resources.contact_batches import ContactBatch, ContactResult, RowOutcome
    from heymarket_async.resources.contact_writes import ChannelValues, ContactRow, ContactRowV2, ContactValues
    from heymarket_async.resources.lists_v1 import ListMember
    from heymarket_async.resources.users import UserUpdate
    from heymarket_async.retry import Outcome, Retries
    from heymarket_async.session import AsyncSession
    from heymarket_async.settings import Timeouts
    from heymarket_async.shown import Revealed, Rows, reveal
    from heymarket_async.tables.frames import to_frame
    from heymarket_async.values import UNSET, Extra
    from heymarket_async.watch.changes import Added, Change, Changed, Gap, Removed
    from heymarket_async.watch.checkpoint import Checkpoint
    from heymarket_async.watch.feeds import Feed
    from heymarket_async.watch.one_by_one import Watch
    from heymarket_async.watch.plan import PollEnded, PollFailed, PollListener
    from heymarket_async.watch.step import Polled, poll_once
    from heymarket_async.watch.stores import MemoryStore, SqliteStore, Store
    from heymarket_async.watch.watcher import Batch
    from heymarket_async.watch.watching import BatchWatch
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
    from heymarket_async.webhooks.receiver import Receiver
else:
    __getattr__, __dir__ = lazy_names(__name__, HOMES)

__all__ = [
    "UNSET",
    "Added",
    "AnsweredError",
    "ApiError",
    "ApiKey",
    "ApiSecret",
    "ApiSecretPair",
    "ArgumentError",
    "AsyncSession",
    "Attachment",
    "AttemptEnded",
    "AttemptStarted",
    "AuthenticationError",
    "BadRequest",
    "Batch",
    "BatchWatch",
    "BroadcastList",
    "BudgetState",
    "BusinessHours",
    "Call",
    "CallError",
    "CallEvent",
    "CapturedReply",
    "Change",
    "Changed",
    "ChannelValues",
    "ChatClosed",
    "ChatEvent",
    "ChatOpened",
    "ChatPending",
    "ChatReassigned",
    "ChatTransferred",
    "Checkpoint",
    "CheckpointError",
    "Clock",
    "ConfigurationError",
    "Conflict",
    "ConnectionLost",
    "Contact",
    "ContactBatch",
    "ContactChannel",
    "ContactField",
    "ContactNote",
    "ContactResult",
    "ContactRow",
    "ContactRowV2",
    "ContactStatus",
    "ContactValues",
    "Conversation",
    "ConversationMember",
    "Credentials",
    "CursorStalled",
    "Drift",
    "Effect",
    "Event",
    "EventKind",
    "EventSource",
    "EventStoreError",
    "Extra",
    "Feed",
    "Fleet",
    "GalleryContent",
    "GalleryEntry",
    "Gap",
    "HeymarketError",
    "Inbox",
    "IncomingCall",
    "JournalError",
    "Lane",
    "ListDeletion",
    "ListMember",
    "Listener",
    "MemoryStore",
    "Message",
    "MessageCustom",
    "MessageEvent",
    "MessageReceived",
    "MessageSent",
    "MessageStatus",
    "MissingCredentials",
    "NeverSent",
    "NotFound",
    "Operation",
    "Outcome",
    "Pager",
    "Parked",
    "ParkedTeam",
    "PermissionDenied",
    "PollEnded",
    "PollFailed",
    "PollListener",
    "Polled",
    "RateBudgetExceeded",
    "RateLimited",
    "Receiver",
    "ReceiverError",
    "Removed",
    "Reply",
    "ReplyError",
    "Resolution",
    "Retries",
    "Revealed",
    "Role",
    "RowOutcome",
    "Rows",
    "SavedContact",
    "Schedule",
    "ScheduleMeta",
    "ScheduledContent",
    "SecretReplaced",
    "SendState",
    "SendUnknown",
    "SentMessage",
    "ServerError",
    "SessionClosed",
    "SessionError",
    "SqliteStore",
    "Store",
    "Survey",
    "SurveyType",
    "Tag",
    "TargetDoubleOptIn",
    "TargetDoubleOptRestricted",
    "TargetEvent",
    "TargetOptIn",
    "TargetOptOut",
    "Team",
    "TeamMember",
    "TeamParked",
    "TeamResult",
    "TeamUser",
    "Template",
    "TimedOut",
    "Timeouts",
    "TransportError",
    "UnexpectedStatus",
    "UnknownEvent",
    "UnknownTeam",
    "Unparked",
    "UnprocessableEntity",
    "Unsettled",
    "UserUpdate",
    "WaitReason",
    "Waiting",
    "Watch",
    "WebhookError",
    "WebhookEvent",
    "WebhookMisfit",
    "WebhookNotJson",
    "WebhookTokenError",
    "WebhookTooLarge",
    "WidgetSettings",
    "WriteResult",
    "WrongEventLoop",
    "__version__",
    "credentials_from_env",
    "poll_once",
    "reveal",
    "to_frame",
]
