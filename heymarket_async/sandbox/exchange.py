"""One request and the connection it came on, for an `Answer` to deal with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Final, Literal, NoReturn, Protocol

from aiohttp import web

from heymarket_async.clock import Clock
from heymarket_async.sandbox import wire
from heymarket_async.sandbox.journal import Received

if TYPE_CHECKING:
    from heymarket_async.sandbox.answers import Reply

Framing = Literal["length", "chunked", "none"]
End = Literal["close", "reset", "hang", "stay"]

# RFC 9110, 15.3.5 and 15.4.5: these end with the head.
_EMPTY: Final = frozenset({204, 304})


class Wire(Protocol):
    """What an exchange needs of a connection; see `heymarket_async.sandbox.connections`."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """Where bytes go; None where the client has gone."""
        ...

    async def flush(self) -> None:
        """Wait until the system has taken all that was written."""
        ...

    def finish(self) -> None:
        """Say with FIN that nothing more comes."""
        ...


class Exchange:
    """One request and the connection it came on.

    Attributes:
        received: the request.
    """

    __slots__ = ("_clock", "_connection", "_ordinary", "_request", "received")

    def __init__(
        self,
        connection: Wire,
        request: web.BaseRequest | None,
        received: Received,
        ordinary: Callable[[], Reply],
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._request = request
        self._ordinary = ordinary
        self._clock = clock
        self.received: Received = received

    async def wait(self, seconds: float) -> None:
        """Let seconds pass on the sandbox's clock."""
        if seconds > 0:
            await self._clock.sleep(seconds)

    def ordinary(self) -> Reply:
        """Perform the request, and return the reply that the sandbox would give by itself."""
        return self._ordinary()

    async def prepare(self, reply: Reply | None) -> Reply:
        """Let the request take effect if it shall, wait until the reply is due, and return it.

        Args:
            reply: the reply to give; None for the ordinary one.
        """
        if reply is None:
            return self.ordinary()
        if reply.effect:
            self.ordinary()
        await self.wait(reply.delay)
        return reply

    def respond(self, reply: Reply) -> web.StreamResponse:
        """Send a complete reply. The connection stays open if the client wants it so."""
        stays = self._request is not None and self._request.keep_alive
        self.write(self._head(reply, _length(reply), stays) + self.body(reply))
        return wire.Sent(stays)

    def body(self, reply: Reply) -> bytes:
        """Return the body of `reply` as it goes out, if it does."""
        return b"" if self.received.method == "HEAD" or reply.status in _EMPTY else reply.body

    def headers(self, reply: Reply) -> dict[str, str]:
        """Return the headers of `reply` as they go out, but for those of the connection."""
        return wire.merge(self._headers(reply, _length(reply)), reply.headers)

    def head(self, reply: Reply, framing: Framing = "length", *, length: int | None = None) -> bytes:
        """Return the head of `reply` for you to `write`, in one piece or in many. Its connection does not stay.

        Args:
            reply: gives status and headers.
            framing: how the client is to know the end of the body: by `Content-Length`, by chunks, or not at all.
            length: the promised length of the body in bytes, if not its true one.
        """
        promises = {
            "length": {"Content-Length": str(len(reply.body) if length is None else length)},
            "chunked": {"Transfer-Encoding": "chunked"},
            "none": {},
        }
        return self._head(reply, promises[framing], stays=False)

    def begin(self, reply: Reply, *, length: int) -> None:
        """Send the head of `reply`, promising a body of `length` bytes. Then `write` and `end` it yourself."""
        self.write(self.head(reply, length=length))

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        wire.write(self._connection.transport, data)

    async def flush(self) -> None:
        """Wait until what was written has been handed to the system, which waits for a client that reads slowly."""
        await self._connection.flush()

    async def end(self, how: End) -> web.StreamResponse:
        """End the answer after what was written.

        Args:
            how: `close` the connection with FIN, `reset` it with RST, `hang` until the client leaves or the sandbox
                closes, or `stay` for the next request.
        """
        await self.flush()
        if how == "hang":
            await self.hang()
        if how == "stay":
            return wire.Sent(True)
        return self.close() if how == "close" else self.reset()

    async def hang(self) -> NoReturn:
        """Do nothing more until the client leaves or the sandbox closes: the server cancels this then."""
        await asyncio.get_running_loop().create_future()
        raise AssertionError("unreachable")  # pragma: no cover - the future has no result

    def close(self) -> web.StreamResponse:
        """Close the connection with FIN after what was written."""
        self._connection.finish()
        return wire.Sent(False)

    def reset(self) -> web.StreamResponse:
        """Reset the connection, so that the client's system reports it as such."""
        wire.reset(self._connection.transport)
        return wire.Sent(False)

    def _head(self, reply: Reply, framing: dict[str, str], stays: bool) -> bytes:
        self.received.status = reply.status
        headers = self._headers(reply, framing)
        if not stays:
            headers["Connection"] = "close"
        elif self._request is not None and self._request.version < (1, 1):
            headers["Connection"] = "keep-alive"
        return wire.head(reply.status, wire.merge(headers, reply.headers))

    def _headers(self, reply: Reply, framing: dict[str, str]) -> dict[str, str]:
        entity = {} if reply.status in _EMPTY else {"Content-Type": reply.content_type, **framing}
        return {
            **entity,
            "Date": formatdate(self._clock.wall(), usegmt=True),
            "X-Request-Id": self.received.request_id,
            "Server": wire.SERVER,
        }


def _length(reply: Reply) -> dict[str, str]:
    return {"Content-Length": str(len(reply.body))}
