"""Every error that this library raises, and what each one means.

    HeymarketError
    ├── ConfigurationError            a setting or a credential makes no sense (also a ValueError)
    │   └── MissingCredentials        the environment holds no credentials
    ├── ArgumentError                 an argument of a call makes no sense; nothing was sent (also a ValueError)
    ├── SessionError                  the session cannot be used like this (also a RuntimeError)
    │   ├── SessionClosed             the session was closed before
    │   └── WrongEventLoop            the session is open on another event loop that still lives
    ├── UnknownTeam                   a fleet has no team of this name (also a KeyError)
    ├── TeamParked                    a fleet does not call a team now that the service has refused
    ├── CursorStalled                 a list cannot be walked on without losing items
    ├── CheckpointError               a checkpoint, or the store that holds it, cannot be used; nothing was overwritten
    ├── JournalError                  the journal of a mailing cannot be used (also a ValueError)
    ├── WebhookError                  a webhook was refused (this branch is in `heymarket_async.webhooks.errors`)
    │   ├── WebhookTokenError         its token is none of ours: 401
    │   ├── WebhookTooLarge           it has too many bytes, or is nested too deeply: 413
    │   ├── WebhookNotJson            it is not JSON: 400
    │   └── WebhookMisfit             it is JSON of another shape: 400
    ├── ReceiverError                 a receiver of webhooks cannot be used like this (also a RuntimeError)
    ├── EventStoreError               the file that keeps events cannot be used; nothing was overwritten
    └── CallError                     a call did not succeed
        ├── TransportError            there is no complete answer
        │   ├── NeverSent             the request did not reach the wire: nothing happened
        │   ├── TimedOut              the answer did not come in time (also a TimeoutError)
        │   ├── ConnectionLost        the connection broke before the answer was complete
        │   └── SendUnknown           a send whose outcome is not known: `await error.resolve()` looks for it
        ├── Unsettled                 it may have taken effect: a base of SendUnknown, ReplyError, ServerError and
        │                             UnexpectedStatus, all of which have `resolve()`
        ├── RateBudgetExceeded        the wait for the rate limit would have been too long; nothing was sent
        └── AnsweredError             there is an answer
            ├── ReplyError            the service said yes, but its answer cannot be read
            └── ApiError              the service said no
                ├── BadRequest            400
                ├── AuthenticationError   401
                ├── PermissionDenied      403
                ├── NotFound              404
                ├── Conflict              409
                ├── UnprocessableEntity   422
                ├── RateLimited           429
                ├── ServerError           500 to 599
                └── UnexpectedStatus      anything else

`str(error)` never holds a secret, a token, a phone number or a text: what the service wrote is in `error.text`.
The last line of a traceback is a note with the address of the page about the error. All errors can be pickled.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from heymarket_async._version import SITE

if TYPE_CHECKING:
    from heymarket_async.resolution import Resolution

_CODE = re.compile(r"[a-z][a-z_]{0,39}")
_OURS = re.compile(r"heymarket_async\.(?!sandbox)")


class HeymarketError(Exception):
    """The root of all errors of this library.

    Attributes:
        message: what happened.
        advice: one sentence on what to do about it; may be empty.
    """

    advice: str = ""

    def __init__(self, message: str, *, advice: str | None = None) -> None:
        super().__init__(message)
        # A class that a program, or the sandbox, has made of one of ours leads to the page of ours.
        ours = next(each for each in type(self).__mro__ if _OURS.match(each.__module__))
        self.add_note(f"See {SITE}/errors.html#{ours.__name__.lower()}")
        self.message = message
        if advice is not None:
            self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".rstrip()


class ConfigurationError(HeymarketError, ValueError):
    """A setting or a credential makes no sense."""


class MissingCredentials(ConfigurationError):
    """The environment holds no credentials."""


class ArgumentError(HeymarketError, ValueError):
    """An argument of a call makes no sense. No request was made.

    Attributes:
        argument: the name of the argument.
    """

    argument: str = ""

    def __init__(self, message: str, *, argument: str = "", advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.argument = argument


class SessionError(HeymarketError, RuntimeError):
    """The session cannot be used like this."""


class SessionClosed(SessionError):
    """The session was closed before this call."""

    advice = "Make a new AsyncSession, or close it later: one session can serve for the life of the program."


class WrongEventLoop(SessionError):
    """The session is open on another event loop, and that loop still lives."""

    advice = "Use one AsyncSession for each event loop, or close this one on its own loop first."


class CursorStalled(HeymarketError):
    """A list cannot be walked on without losing items, because its cursor does not move."""

    advice = "Ask for larger pages (page_size=), or narrow what you ask for."


class UnknownTeam(HeymarketError, KeyError):
    """A fleet has no team of this name."""


class TeamParked(HeymarketError):
    """The service has refused this team, and a fleet asks it again later. No request was made; see `Fleet.parked`."""

    advice = "Check its credentials. `fleet.remove(...)` and `fleet.add(...)` give it new ones."


class CheckpointError(HeymarketError, ValueError):
    """A checkpoint, or the store that holds it, cannot be used. Nothing was overwritten."""


class JournalError(HeymarketError, ValueError):
    """The journal of a mailing cannot be used. Nothing goes out that it does not hold."""


class CallError(HeymarketError):
    """A call did not succeed.

    Attributes:
        operation: the name of the operation, such as `list_inboxes`.
        method: the HTTP method.
        path: the path template, such as `/v1/inboxes`.
        attempts: how many requests were made.
        elapsed: seconds from the first attempt to the end of the last.
        request_id: the service's `X-Request-Id` of the last answer, if any. Its support asks for it.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        method: str = "",
        path: str = "",
        attempts: int = 0,
        elapsed: float = 0.0,
        request_id: str | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.operation = operation
        self.method = method
        self.path = path
        self.attempts = attempts
        self.elapsed = elapsed
        self.request_id = request_id

    def __str__(self) -> str:
        tries = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        facts = [f"{self.operation} ({self.method} {self.path})", tries, f"{self.elapsed:.1f} s"]
        if self.request_id:
            facts.append(f"request id {self.request_id}")
        return f"{self.message} [{', '.join(facts)}] {self.advice}".rstrip()


class TransportError(CallError):
    """There is no complete answer."""


class NeverSent(TransportError):
    """The request did not reach the wire, so nothing happened on the other side."""

    advice = "Check the base URL, the network and the proxy. It is safe to call again."


class TimedOut(TransportError, TimeoutError):
    """The answer did not come in time."""

    advice = "Repeating it is safe. If it happens often, give the call more time (timeout=)."


class ConnectionLost(TransportError):
    """The connection broke before the answer was complete."""

    advice = "Repeating it is safe."


class Unsettled(CallError):
    """A call that may have taken effect. A base of `SendUnknown`, `ReplyError`, `ServerError` and `UnexpectedStatus`.

    Attributes:
        local_id: the identifier that a send carried, if any. A message has it too, so it can be looked for.
    """

    def __init__(self, message: str, *, local_id: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.local_id = local_id
        self._look: Look | None = None

    def resolved_by(self, look: Look) -> None:
        """Say how to find out whether it took effect."""
        self._look = look

    async def resolve(self, *, patience: float = 5.0) -> Resolution:
        """Look in the conversation whether the message is there.

        Args:
            patience: seconds to look again in, while it is not there: the service may be still at it.

        Returns:
            What was found. An error of the look itself is not raised; the state is then `UNKNOWN`.

        Raises:
            ArgumentError: `patience` is not a number of seconds from 0 on.
        """
        if isinstance(patience, bool) or not isinstance(patience, int | float) or not 0 <= patience < math.inf:
            raise ArgumentError("patience must be a number of seconds from 0 on.", argument="patience")
        if self._look is None:
            from heymarket_async.resolution import Resolution, SendState

            return Resolution(state=SendState.UNKNOWN, reason="There is no way to look for what this call does.")
        return await self._look(self, patience)

    def __reduce__(self) -> tuple[Any, ...]:
        # The way to look leads through a session, which stays in its process.
        return (*super().__reduce__()[:2], {**self.__dict__, "_look": None})


Look = Callable[[Unsettled, float], Awaitable["Resolution"]]


class SendUnknown(TransportError, Unsettled):
    """A send went out, but no answer came back: it may or may not have taken effect."""

    advice = "Do not repeat it blindly: `await error.resolve()` looks whether it took effect."


class RateBudgetExceeded(CallError):
    """The wait for the rate limit would have been longer than the call may take. Nothing was sent.

    Attributes:
        wait: seconds to wait until the call may go.
    """

    advice = "Call again later, or give the call more time (timeout=)."

    def __init__(self, message: str, *, wait: float = 0.0, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.wait = wait


class AnsweredError(CallError):
    """The service answered, and the answer is here. Base of `ReplyError` and `ApiError`.

    Attributes:
        status: the HTTP status.
        text: what the service wrote, as it is. It may hold personal data: do not log it.
        content_type: the `Content-Type` of the answer.
    """

    def __init__(
        self, message: str, *, status: int = 0, text: str = "", content_type: str | None = None, **facts: Any
    ) -> None:
        super().__init__(message, **facts)
        self.status = status
        self.text = text
        self.content_type = content_type

    @property
    def json(self) -> Any:
        """What the service wrote, parsed; None where it is not JSON."""
        try:
            return json.loads(self.text.removeprefix("\ufeff"))
        except (ValueError, RecursionError):
            return None


class ReplyError(AnsweredError, Unsettled):
    """There is a yes, but the answer cannot be read. A send has probably taken effect: look before you repeat it.

    Attributes:
        where: the path in the JSON that did not fit, such as `$[3].id`; empty if it is not JSON at all.
    """

    advice = "Please report it with the request id; error.text holds the answer."

    def __init__(self, message: str, *, where: str = "", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.where = where


class ApiError(AnsweredError):
    """The service said no.

    Attributes:
        code: the service's own word for the error, such as `bad_data`, if it sent one.
    """

    @property
    def code(self) -> str | None:
        """The service's own word for the error, if it sent one that looks like a word."""
        body = self.json
        words = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
        found = (words.get(key) for key in ("error_code", "code", "error"))
        return next((word for word in found if isinstance(word, str) and _CODE.fullmatch(word)), None)


class BadRequest(ApiError):
    """400: the service finds the request malformed or a field invalid."""

    advice = "error.text may say which field it is. Repeating it unchanged does not help."


class AuthenticationError(ApiError):
    """401: the credentials are missing, wrong or revoked."""

    advice = (
        "Check that the API Secret ID and Key belong together, that they are still listed under "
        "Settings > Integrations > API, and that this machine's clock is right. `heymarket doctor` checks all three."
    )


class PermissionDenied(ApiError):
    """403: the credentials are valid, but the team or the sender has no access."""

    advice = "Check that the inbox belongs to this team and that the member may use it."


class NotFound(ApiError):
    """404: there is no such thing, or no such path."""

    advice = "Check the id, and that it belongs to the team of these credentials."


class Conflict(ApiError):
    """409: the request contradicts what is there."""

    advice = "Read the present state, then decide again."


class UnprocessableEntity(ApiError):
    """422: the request is well formed, but the service cannot act on it."""

    advice = "error.text may say which field it is. Repeating it unchanged does not help."


class RateLimited(ApiError):
    """429: the team is over its rate limit.

    Attributes:
        retry_after: seconds that the service asks to wait, if it said so.
    """

    advice = "Something else may be using the same credentials. Call again in a minute."

    def __init__(self, message: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class ServerError(ApiError, Unsettled):
    """5xx: the service failed. A send may have taken effect all the same."""

    advice = (
        "Call again later; for a send, look first whether it took effect (`await error.resolve()`). "
        "The service's support asks for the request id."
    )


class UnexpectedStatus(ApiError, Unsettled):
    """A status that the service is not known to use, such as a redirect."""

    advice = (
        "Check the base URL, and whether a proxy answers in place of the service. "
        "For a send, look first whether it took effect (`await error.resolve()`)."
    )
