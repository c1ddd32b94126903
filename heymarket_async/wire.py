"""From a call to the bytes of a request, and from a reply to a value or an error. Pure: no socket is touched."""

from __future__ import annotations

from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from heymarket_async.calls import Call, Effect, Reply
from heymarket_async.convert import NotJson, Reader
from heymarket_async.drift import Misfit
from heymarket_async.errors import (
    AnsweredError,
    ApiError,
    ArgumentError,
    AuthenticationError,
    BadRequest,
    Conflict,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReplyError,
    ServerError,
    UnexpectedStatus,
    UnprocessableEntity,
    Unsettled,
)
from heymarket_async.records import Record
from heymarket_async.retry import parse_date, parse_retry_after
from heymarket_async.turns import Turns
from heymarket_async.values import UNSET

T = TypeVar("T")

_NO_CONTENT = 204
_BY_STATUS: Final[dict[int, type[ApiError]]] = {
    400: BadRequest,
    401: AuthenticationError,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    422: UnprocessableEntity,
    429: RateLimited,
}

_encode = msgspec.json.Encoder().encode


class Request(Record, frozen=True, eq=True):
    """What goes over the wire, but for the address of the service and the token.

    Attributes:
        method: the HTTP method.
        target: the path and the query, percent-encoded.
        body: JSON, or None for no body.
    """

    method: str
    target: str
    body: bytes | None


def encode(call: Call[Any]) -> Request:
    """Return the request that performs `call`.

    Raises:
        ArgumentError: the query or the body holds something that cannot be written.
    """
    target = f"{call.path}?{_query(call)}" if call.query else call.path
    return Request(call.operation.method, target, None if call.body is UNSET else _body(call))


def _query(call: Call[Any]) -> str:
    try:
        return urlencode(call.query)
    except UnicodeEncodeError:
        pass  # It holds the query: raised in here, our error would keep it as its context.
    raise ArgumentError(f"The query of {call.operation.name} is not Unicode.", argument="query")


def _body(call: Call[Any]) -> bytes:
    try:
        return _encode(call.body)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        reason = type(error).__name__  # It may hold a text: raised in here, our error would keep it as its context.
    raise ArgumentError(f"The body of {call.operation.name} cannot be written as JSON ({reason}).", argument="body")


def decode(reply: Reply, call: Call[T], reader: Reader, *, attempts: int, elapsed: float, now: float) -> Turns[T]:
    """Return, after some turns, what the service answered, or raise what it means.

    Args:
        reply: the answer.
        call: what was asked.
        reader: reads JSON into models.
        attempts: how many requests were made.
        elapsed: seconds they took.
        now: Unix time in seconds, for a `Retry-After` that is a date.

    Raises:
        ApiError: the status is not a success.
        ReplyError: it is, but the body cannot be read.
    """
    if not 200 <= reply.status <= 299:
        raise api_error(reply, call, attempts=attempts, elapsed=elapsed, now=now)
    try:
        return (
            yield from reader.reading(
                reply.body,
                call.operation.reply,
                call.operation.envelope,
                empty_envelope=[] if call.operation.always_wrapped else UNSET,
            )
        )
    except NotJson:
        what = "is empty" if not reply.body.strip() else f"is not JSON ({_content_type(reply)})"
        where, bare = "", reply.status == _NO_CONTENT
    except Misfit as misfit:
        what, where, bare = f"does not fit at {misfit}", misfit.where, not misfit.path
    if bare and call.operation.effect is not Effect.READS:
        result = reader.read_bare(reply.body, call.operation.reply)
        if result is not None:
            return result
    raise unreadable(reply, call, what, where=where, attempts=attempts, elapsed=elapsed)


def unreadable(
    reply: Reply, call: Call[Any], what: str, *, where: str = "", attempts: int, elapsed: float
) -> ReplyError:
    """Return the error for a success whose answer cannot be read.

    Args:
        reply: the answer.
        call: what was asked.
        what: what is wrong with the answer, as the end of a sentence.
        where: the path in the JSON that did not fit, if it is JSON.
        attempts: how many requests were made.
        elapsed: seconds they took.
    """
    done = ""
    if call.operation.effect is Effect.SENDS:
        # What is no JSON may come from a proxy, which proves nothing.
        done = f" The send {'has' if where else 'may have'} taken effect: do not repeat it blindly."
    return ReplyError(
        f"The service answered {reply.status}, but its answer {what}.{done}",
        where=where,
        local_id=call.local_id,
        **_facts(reply, call, attempts, elapsed),
    )


def api_error(reply: Reply, call: Call[Any], *, attempts: int, elapsed: float, now: float) -> ApiError:
    """Return the error that a reply without success means."""
    kind = class_for(reply.status)
    facts = _facts(reply, call, attempts, elapsed)
    error: AnsweredError
    if kind is RateLimited:
        error = RateLimited(f"The service answered {reply.status}.", retry_after=retry_after(reply, now), **facts)
    elif issubclass(kind, Unsettled):
        error = kind(f"The service answered {reply.status}.", local_id=call.local_id, **facts)
    else:
        error = kind(f"The service answered {reply.status}.", **facts)
    if error.code:
        error.message = f"The service answered {reply.status} {error.code}."
    return error


def class_for(status: int) -> type[ApiError]:
    """Return the error class for an HTTP status that is not a success."""
    if 500 <= status <= 599:
        return ServerError
    return _BY_STATUS.get(status, UnexpectedStatus)


def retry_after(reply: Reply, now: float) -> float | None:
    """Return the seconds that the service asks to wait, counted from its own clock where it tells the time."""
    server_now = parse_date(reply.headers.get("Date"))
    return parse_retry_after(reply.headers.get("Retry-After"), now if server_now is None else server_now)


def _facts(reply: Reply, call: Call[Any], attempts: int, elapsed: float) -> dict[str, Any]:
    return {
        "operation": call.operation.name,
        "method": call.operation.method,
        "path": call.operation.path,
        "attempts": attempts,
        "elapsed": elapsed,
        "request_id": reply.request_id,
        "status": reply.status,
        "text": reply.text,
        "content_type": reply.headers.get("Content-Type"),
    }


def _content_type(reply: Reply) -> str:
    return reply.headers.get("Content-Type", "no content type").partition(";")[0][:80]
