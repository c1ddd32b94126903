"""What the sandbox can answer: the ordinary reply, any other reply, or none at all.

A new kind of answer is a subclass of `Answer` with one method, which has the whole connection at its disposal.
"""

from __future__ import annotations

import abc
import asyncio
import math
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any, Final, NoReturn

import attrs
import msgspec
from aiohttp import web

from heymarket_async.clock import Clock
from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import wire
from heymarket_async.sandbox.journal import Received
from heymarket_async.sandbox.refusals import Refusal
from heymarket_async.values import UNSET

JSON: Final = "application/json"
# RFC 9110, 15.3.5 and 15.4.5: these end with the head.
_EMPTY: Final = frozenset({204, 304})
_NO_HEADERS: Final[Mapping[str, str | None]] = {}


class Answer(abc.ABC):
    """What comes back for one request."""

    @abc.abstractmethod
    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Answer the request of `exchange`, and return what the method of `exchange` that ends it returned."""


def _to_bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _check_seconds(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise _wrong(owner, field, "must be a number of seconds, 0 or more")


def _check_count(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    if type(value) is not int or value < 0:
        raise _wrong(owner, field, "must be an int, 0 or more")


def _check_status(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    if type(value) is not int or not 200 <= value <= 999:
        raise _wrong(owner, field, "must be an int from 200 to 999")


def _check_headers(owner: object, field: attrs.Attribute[Any], value: Mapping[str, str | None]) -> None:
    if not all(wire.is_header(name, text or "") for name, text in value.items()):
        raise _wrong(owner, field, "has a name or a value that no HTTP header can have")


def _check_header_value(owner: object, field: attrs.Attribute[Any], value: str) -> None:
    if not wire.is_header(field.name, value):
        raise _wrong(owner, field, "is not a value that an HTTP header can have")


def _wrong(owner: object, field: attrs.Attribute[Any], rule: str) -> ConfigurationError:
    return ConfigurationError(f"{type(owner).__name__}({field.name}=...) {rule}.")


@attrs.frozen(eq=False, repr=False)
class Reply(Answer):
    """A complete HTTP answer in place of the ordinary one. The request takes no effect.

    Args:
        status: the HTTP status, 200 to 999.
        body: the body as it goes out; text is encoded as UTF-8.
        json: a value to send as JSON in place of `body`.
        headers: further headers, or other values for `Date`, `X-Request-Id`, `Content-Length` and so on;
            None leaves a header out.
        content_type: the `Content-Type`, whatever the body is.
        delay: seconds on the sandbox's clock before the answer.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    status: int = attrs.field(default=200, validator=_check_status)
    body: bytes = attrs.field(default=b"", converter=_to_bytes)
    json: Any = attrs.field(default=UNSET, kw_only=True)
    headers: Mapping[str, str | None] = attrs.field(default=_NO_HEADERS, kw_only=True, validator=_check_headers)
    content_type: str = attrs.field(default=JSON, kw_only=True, validator=_check_header_value)
    delay: float = attrs.field(default=0.0, kw_only=True, validator=_check_seconds)

    def __attrs_post_init__(self) -> None:
        if self.json is not UNSET:
            if self.body:
                raise ConfigurationError("Reply(body=..., json=...) takes one of them, not both.")
            object.__setattr__(self, "body", msgspec.json.encode(self.json))

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Send it."""
        await exchange.wait(self.delay)
        return exchange.respond(self)


def refuse(refusal: Refusal) -> Reply:
    """Return the reply that says no."""
    return Reply(refusal.status, json=refusal.body, headers=refusal.headers)


@attrs.frozen(kw_only=True)
class Ordinary(Answer):
    """The answer that would have come anyway: a pause between faults, or a slow service.

    Args:
        delay: seconds on the sandbox's clock before the request takes effect.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    delay: float = attrs.field(default=0.0, validator=_check_seconds)

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Perform the request and send the reply."""
        await exchange.wait(self.delay)
        return exchange.respond(exchange.ordinary())


@attrs.frozen(kw_only=True)
class Reset(Answer):
    """A TCP reset where an answer is due.

    Args:
        effect: whether the request takes effect first, so that only its answer is lost.
        delay: seconds on the sandbox's clock before it.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    effect: bool = False
    delay: float = attrs.field(default=0.0, validator=_check_seconds)

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Reset the connection."""
        await exchange.wait(self.delay)
        if self.effect:
            exchange.ordinary()
        return exchange.reset()


@attrs.frozen(kw_only=True)
class Truncated(Answer):
    """An answer whose connection closes before the body has all the bytes that `Content-Length` promises.

    Args:
        sent: how many bytes of the body go out.
        reply: the answer to cut; the ordinary one if left out, and then the request takes effect.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    sent: int = attrs.field(default=1, validator=_check_count)
    reply: Reply | None = None

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Send the beginning, then close the connection."""
        reply = exchange.ordinary() if self.reply is None else self.reply
        await exchange.wait(reply.delay)
        exchange.begin(reply, length=max(len(reply.body), self.sent + 1))
        exchange.write(reply.body[: self.sent])
        return exchange.close()


@attrs.frozen(kw_only=True)
class Hang(Answer):
    """No answer, until the client gives up or the sandbox closes.

    Args:
        effect: whether the request takes effect, so that only its answer is missing.
    """

    effect: bool = False

    async def give(self, exchange: Exchange) -> NoReturn:
        """Wait for ever: the server cancels this when the connection ends."""
        if self.effect:
            exchange.ordinary()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("unreachable")  # pragma: no cover


class Exchange:
    """One request and the connection it came on, for an `Answer` to deal with.

    Attributes:
        received: the request.
    """

    __slots__ = ("_clock", "_ordinary", "_request", "received")

    def __init__(
        self, request: web.BaseRequest, received: Received, ordinary: Callable[[], Reply], clock: Clock
    ) -> None:
        self._request = request
        self._ordinary = ordinary
        self._clock = clock
        self.received = received

    async def wait(self, seconds: float) -> None:
        """Let seconds pass on the sandbox's clock."""
        if seconds > 0:
            await self._clock.sleep(seconds)

    def ordinary(self) -> Reply:
        """Perform the request, and return the reply that the sandbox would give by itself."""
        return self._ordinary()

    def respond(self, reply: Reply) -> web.StreamResponse:
        """Send a complete reply. The connection stays open if the client wants it so."""
        stays = self._request.keep_alive
        body = b"" if self._request.method == "HEAD" else reply.body
        self._write_head(reply, len(reply.body), body, stays)
        return wire.Sent(stays)

    def begin(self, reply: Reply, *, length: int) -> None:
        """Send the head of `reply`, promising a body of `length` bytes. Then `write` and end it yourself."""
        self._write_head(reply, length, b"", stays=False)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        wire.write(self._request.transport, data)

    def close(self) -> web.StreamResponse:
        """Close the connection after what was written."""
        wire.close(self._request.transport)
        return wire.Sent(False)

    def reset(self) -> web.StreamResponse:
        """Reset the connection, so that the client's system reports it as such."""
        wire.reset(self._request.transport)
        return wire.Sent(False)

    def _write_head(self, reply: Reply, length: int, body: bytes, stays: bool) -> None:
        self.received.status = reply.status
        headers: dict[str, str] = {
            "Content-Type": reply.content_type,
            "Content-Length": str(length),
            "Date": formatdate(self._clock.wall(), usegmt=True),
            "X-Request-Id": self.received.request_id,
            "Server": wire.SERVER,
        }
        if reply.status in _EMPTY:
            del headers["Content-Type"], headers["Content-Length"]
            body = b""
        if not stays:
            headers["Connection"] = "close"
        elif self._request.version < (1, 1):
            headers["Connection"] = "keep-alive"
        self.write(wire.head(reply.status, wire.merge(headers, reply.headers)) + body)
