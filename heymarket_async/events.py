"""What happens during calls, told to listeners and to the log: metadata only, nothing that anybody wrote."""

from __future__ import annotations

import enum
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

from heymarket_async.calls import Call
from heymarket_async.lanes import Lane
from heymarket_async.retry import Outcome

_logger: Final = logging.getLogger(__name__)


class WaitReason(enum.Enum):
    """Why a call waits."""

    RETRY = "retry"
    """Another attempt follows, after a pause for the service to recover."""
    RETRY_AFTER = "retry after"
    """Another attempt follows, after the pause that the service asked for."""
    RATE_LIMIT = "rate limit"
    """The rate budget lets it go later."""


@attrs.frozen(kw_only=True)
class CallEvent:
    """Something that happened during a call.

    Attributes:
        call: a number that is the same in all events of one call.
        operation: the name of the operation, such as `list_inboxes`.
        method: the HTTP method.
        path: the path template, such as `/v1/conversations/{id}`.
        base_url: the address of the service.
        team: what `as_account` or a `Fleet` calls the account, if anything.
        local_id: the identifier that the call carries, if it is a send.
        attempt: the number of the attempt, from 1; of the coming one, for a wait.
    """

    call: int
    operation: str
    method: str
    path: str
    base_url: str
    team: str | None = None
    local_id: str | None = attrs.field(repr=False)
    attempt: int


@attrs.frozen(kw_only=True)
class AttemptStarted(CallEvent):
    """An attempt begins. An `AttemptEnded` always follows, also where the call is cancelled.

    Attributes:
        lane: how urgent the call is.
        queued: seconds that it waited for the rate budget.
    """

    lane: Lane
    queued: float = 0.0


@attrs.frozen(kw_only=True)
class AttemptEnded(CallEvent):
    """An attempt has ended.

    Attributes:
        outcome: whether there is an answer, and if not, whether the request left.
        status: the HTTP status of the answer, if there is one.
        request_id: the service's `X-Request-Id`, if there is one.
        fault: in words what went wrong below HTTP; empty if nothing did.
        error: the class of the error that took the answer's place, such as `ServerDisconnectedError`; empty if there
            is an answer, and if the caller gave up.
        cancelled: whether the caller gave up.
        elapsed: seconds since it began.
        size: bytes of the answer's body.
    """

    outcome: Outcome
    status: int | None = None
    request_id: str | None = None
    fault: str = ""
    error: str = ""
    cancelled: bool = False
    elapsed: float
    size: int = 0


@attrs.frozen(kw_only=True)
class Waiting(CallEvent):
    """A call waits before its next attempt.

    Attributes:
        reason: why.
        seconds: for how long; for the rate limit, at the least.
    """

    reason: WaitReason
    seconds: float


@attrs.frozen(kw_only=True)
class SecretReplaced(CallEvent):
    """The service refused one API Secret of an `ApiSecretPair`, and the other one takes over.

    Attributes:
        in_use: which one is used from now on: 1 for the first, 2 for the second.
    """

    in_use: int


@attrs.frozen(kw_only=True)
class Parked:
    """A fleet stops to call a team that the service has refused, for a while. Only a `Fleet` tells this.

    Attributes:
        team: the name of the team.
        status: 401 or 403.
        request_id: the service's `X-Request-Id` of the refusal, if there is one.
        refusals: how many there were in a row, this one included.
        seconds: until the team is called again.
    """

    team: str
    status: int
    request_id: str | None
    refusals: int
    seconds: float


@attrs.frozen(kw_only=True)
class Unparked:
    """A team that was parked answers again. Only a `Fleet` tells this.

    Attributes:
        team: the name of the team.
        refusals: how many there were in a row.
    """

    team: str
    refusals: int


CallEvents = AttemptStarted | AttemptEnded | Waiting | SecretReplaced
Event = CallEvents | Parked | Unparked
"""Whatever is told to a listener: what happens to calls (`CallEvent`), and to the teams of a fleet."""
Listener = Callable[[Event], object]
"""A function that is called with each event. It must be quick, and what it returns does not matter."""


class Teller:
    """Tells listeners and the log what happens during one call.

    Args:
        listeners: are called with each event, in turn. One that raises is logged and does no harm.
        call: the call.
        base_url: the address of the service.
        team: the name of the account, if it has one.
    """

    __slots__ = ("_facts", "_listeners")

    def __init__(self, listeners: Sequence[Listener], call: Call[Any], base_url: str, team: str | None) -> None:
        operation = call.operation
        self._listeners = listeners
        self._facts: dict[str, Any] = {
            "call": random.getrandbits(63),
            "operation": operation.name,
            "method": operation.method,
            "path": operation.path,
            "base_url": base_url,
            "team": team,
            "local_id": call.local_id,
        }

    def tell(self, kind: type[CallEvents], **facts: Any) -> None:
        """Tell of an event, made of its class and the facts that it has beside those of the call."""
        announce(self._listeners, kind(**self._facts, **facts))


def teller_for(listeners: Sequence[Listener], call: Call[Any], base_url: str, team: str | None = None) -> Teller | None:
    """Return who tells of a call, or None where nobody listens."""
    return Teller(listeners, call, base_url, team) if listeners or _logger.isEnabledFor(logging.INFO) else None


def announce(listeners: Sequence[Listener], event: Event) -> None:
    """Tell the log and the listeners of an event. A listener that raises is logged and does no harm."""
    _log(event)
    for listener in listeners:
        try:
            listener(event)
        except Exception:
            subject = event.operation if isinstance(event, CallEvent) else f"team {event.team}"
            _logger.exception("A listener failed on %s of %s.", type(event).__name__, subject)


def _log(event: Event) -> None:
    match event:
        case Parked():
            _logger.warning(
                "Team %s is parked for %.0f s: the service has refused it (%d, number %d in a row, request id %s).",
                *(event.team, event.seconds, event.status, event.refusals, event.request_id),
            )
        case Unparked():
            _logger.warning("Team %s is parked no more, after %d refusals in a row.", event.team, event.refusals)
        case _:
            _log_call(event)


def _log_call(event: CallEvents) -> None:
    what = f"{event.operation} ({event.method} {event.path}), attempt {event.attempt}"
    match event:
        case AttemptEnded(status=int() as status):
            _logger.debug("%s: %d in %.3f s, request id %s", what, status, event.elapsed, event.request_id)
        case AttemptEnded():
            how = "cancelled" if event.cancelled else event.fault
            _logger.info("%s: %s after %.3f s (%s)", what, event.outcome.value, event.elapsed, how)
        case Waiting():
            _logger.info("%s: waits %.3f s (%s)", what, event.seconds, event.reason.value)
        case AttemptStarted() | SecretReplaced():
            pass  # The end of an attempt says it all, and of secrets auth.py warns.
