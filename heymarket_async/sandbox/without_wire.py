"""The way to the sandbox without a socket, for a client in the same process."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NoReturn

from aiohttp import web
from yarl import URL

from heymarket_async.clock import Clock
from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import wire
from heymarket_async.sandbox.exchange import Exchange
from heymarket_async.sandbox.journal import Received

if TYPE_CHECKING:
    from heymarket_async.sandbox.answers import Reply
    from heymarket_async.sandbox.reception import Reception

Hung = asyncio.Future[None]

# What these say of a body, HTTP acts on; here nobody speaks HTTP.
_FRAMING: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class NeedsWire(ConfigurationError):
    """An answer that is made of bytes was ordered where no bytes travel."""

    advice = "Let the session talk to sandbox.url for this one."


class Ended(ConnectionError):
    """The sandbox was closed while a request hung."""


class _NoWire:
    """Stands where a connection would."""

    @property
    def transport(self) -> NoReturn:
        raise NeedsWire("This answer writes bytes to a connection, and in memory there is none.")

    async def flush(self) -> None:
        """Do nothing: nothing was written."""

    def finish(self) -> None:
        """Do nothing: nobody waits for a FIN."""


class WithoutWire(Exchange):
    """One request of a client in the same process. What is answered is kept for it.

    Args:
        received: the request.
        ordinary: performs it.
        clock: the time of the server.
        hung: those who wait for an answer that never comes.
    """

    __slots__ = ("_hung", "_reply", "_reset")

    def __init__(self, received: Received, ordinary: Callable[[], Reply], clock: Clock, hung: set[Hung]) -> None:
        super().__init__(_NoWire(), None, received, ordinary, clock)
        self._hung = hung
        self._reply: Reply | None = None
        self._reset = False

    def respond(self, reply: Reply) -> web.StreamResponse:
        """Keep a complete reply."""
        if any(name.lower() in _FRAMING for name in reply.headers):
            raise NeedsWire("This answer says how its body is packed or framed, and in memory nobody unpacks it.")
        self.received.status = reply.status
        self._reply = reply
        return wire.Sent(True)

    def reset(self) -> web.StreamResponse:
        """End the exchange as a reset connection does."""
        self._reset = True
        return wire.Sent(False)

    async def hang(self) -> NoReturn:
        """Do nothing more until the client leaves or the sandbox closes."""
        waiting: Hung = asyncio.get_running_loop().create_future()
        self._hung.add(waiting)
        try:
            await waiting
        finally:
            self._hung.discard(waiting)
        raise AssertionError("unreachable")  # pragma: no cover - the future has no result

    def outcome(self) -> tuple[int, Mapping[str, str], bytes]:
        """Return what was answered.

        Raises:
            ConnectionError: the connection would have ended in place of an answer.
        """
        if self._reply is None:
            raise ConnectionResetError(errno.ECONNRESET, "reset") if self._reset else ConnectionError("closed")
        return self._reply.status, self.headers(self._reply), self.body(self._reply)


class InMemory:
    """Carries requests to a sandbox in the same process: an `AsyncSession(transport=...)` takes it.

    Args:
        reception: answers them.
        closed: whether the sandbox is.
    """

    def __init__(self, reception: Reception, closed: Callable[[], bool]) -> None:
        self._reception = reception
        self._closed = closed

    async def __call__(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, /
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Carry one request, and return status, headers and body of its answer.

        Args:
            method: the HTTP method.
            target: path and query, percent-encoded.
            headers: the headers.
            body: the body, if there is one.

        Raises:
            ConnectionRefusedError: the sandbox is closed.
            ConnectionError: the connection would have ended in place of an answer.
            ConfigurationError: an answer was ordered that needs a connection.
        """
        # Others have their turn before and after, as they have while bytes travel.
        await asyncio.sleep(0)
        if self._closed():
            raise ConnectionRefusedError(errno.ECONNREFUSED, "The sandbox is closed.")
        url = URL(target, encoded=True)
        exchange = await self._reception.carry(method, url.path, dict(url.query), headers, body or b"")
        await asyncio.sleep(0)
        return exchange.outcome()
