"""heymarket_async: an asyncio-first client for the Heymarket REST API (business text messaging)."""

from heymarket_async._version import __version__
from heymarket_async.auth import ApiKey, ApiSecret, credentials_from_env
from heymarket_async.calls import Call, Effect, Operation
from heymarket_async.errors import (
    ApiError,
    ArgumentError,
    AuthenticationError,
    BadRequest,
    CallError,
    ConfigurationError,
    Conflict,
    ConnectionLost,
    HeymarketError,
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
    TimedOut,
    TransportError,
    UnexpectedStatus,
    UnprocessableEntity,
    WrongEventLoop,
)
from heymarket_async.limits import BudgetState
from heymarket_async.models import BusinessHours, Inbox, Team, TeamMember, WidgetSettings
from heymarket_async.retry import Retries
from heymarket_async.session import AsyncSession
from heymarket_async.settings import Timeouts
from heymarket_async.values import UNSET, Extra

__all__ = [
    "UNSET",
    "ApiError",
    "ApiKey",
    "ApiSecret",
    "ArgumentError",
    "AsyncSession",
    "AuthenticationError",
    "BadRequest",
    "BudgetState",
    "BusinessHours",
    "Call",
    "CallError",
    "ConfigurationError",
    "Conflict",
    "ConnectionLost",
    "Effect",
    "Extra",
    "HeymarketError",
    "Inbox",
    "MissingCredentials",
    "NeverSent",
    "NotFound",
    "Operation",
    "PermissionDenied",
    "RateBudgetExceeded",
    "RateLimited",
    "ReplyError",
    "Retries",
    "SendUnknown",
    "ServerError",
    "SessionClosed",
    "SessionError",
    "Team",
    "TeamMember",
    "TimedOut",
    "Timeouts",
    "TransportError",
    "UnexpectedStatus",
    "UnprocessableEntity",
    "WidgetSettings",
    "WrongEventLoop",
    "__version__",
    "credentials_from_env",
]
