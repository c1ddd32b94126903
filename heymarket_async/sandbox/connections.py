"""TCP connections that are numbered, and that end at once when the sandbox closes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from aiohttp import web

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
HandleBroken = Callable[[web.BaseRequest, int], web.StreamResponse]
Intercept = Callable[["Connection", bytes], Coroutine[Any, Any, object] | None]


class Listener(web.Server):
    """Makes a `Connection` for each client.

    Args:
        handle: answers a request.
        handle_broken: answers bytes that are not HTTP, with the status it is given.
        intercept: gets the first bytes of each request before they are read, and returns what to do in place of it.
    """

    def __init__(self, handle: Handle, handle_broken: HandleBroken, intercept: Intercept) -> None:
        # A handler that waits for a client which has gone would wait for ever.
        super().__init__(handle, handler_cancellation=True)
        self.handle_broken = handle_broken
        self.intercept = intercept
        self.accepted: int = 0
        self.live: set[Connection] = set()
        self.tasks: set[asyncio.Task[Any]] = set()

    def __call__(self) -> Connection:
        """Return the protocol of a connection that was just accepted."""
        self.accepted += 1
        return Connection(self, self.accepted)

    def track(self, task: asyncio.Task[Any]) -> None:
        """Let a task end with the sandbox."""
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def hang_up(self) -> None:
        """End all connections and whatever is being done for them."""
        while self.live or self.tasks:
            for task in self.tasks:
                task.cancel()
            for connection in self.live:
                connection.abort()
            await asyncio.sleep(0)


class Connection(web.RequestHandler):
    """The server's end of one TCP connection.

    Attributes:
        number: counts from 1 in the order of acceptance.
        idle: whether it waits for the first byte of a request.
        deaf: whether what comes in is no longer read as HTTP.
    """

    def __init__(self, listener: Listener, number: int) -> None:
        super().__init__(listener, loop=asyncio.get_running_loop(), access_log=None)  # type: ignore[arg-type]  # a web.Server, as far as it is used
        self._listener = listener
        self._wire: asyncio.Transport | None = None
        self._aside: asyncio.Task[Any] | None = None
        self.number = number
        self.idle: bool = True
        self.deaf: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the live ones."""
        # Not to be asserted: transports of uvloop are of no class of asyncio.
        self._wire = cast(asyncio.Transport, transport)
        # So that `flush` waits for the last byte.
        self._wire.set_write_buffer_limits(0)
        self._listener.live.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Leave the live ones."""
        self._listener.live.discard(self)
        if self._aside is not None:
            self._aside.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the parser, unless something else is to be done with the request that begins with them."""
        if self.idle and data:
            self.idle = False
            instead = self._listener.intercept(self, data)
            if instead is not None:
                assert self._wire is not None
                self._wire.pause_reading()
                self.deaf = True
                self._aside = asyncio.get_running_loop().create_task(instead)
                self._listener.track(self._aside)
        if not self.deaf:
            super().data_received(data)

    async def start(self) -> None:
        """Serve requests until the connection ends."""
        task = asyncio.current_task()
        assert task is not None
        self._listener.track(task)
        await super().start()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer bytes that are not HTTP."""
        return self._listener.handle_broken(request, status)

    async def flush(self) -> None:
        """Wait until the system has taken all that was written, or the client has gone."""
        with contextlib.suppress(ConnectionError):
            await self._drain_helper()

    def finish(self) -> None:
        """Say with FIN that nothing more comes, at once if all was written, and be deaf to what the client sends.

        The connection ends when the client closes its own end: closed with bytes that nobody has read, it would send
        RST after the FIN.
        """
        if self._wire is not None and not self._wire.is_closing():
            self.deaf = True
            # The client may have reset the connection, which nobody has noticed yet.
            with contextlib.suppress(OSError):
                self._wire.write_eof()
            self._wire.resume_reading()

    def abort(self) -> None:
        """End the connection at once, with what it has not sent yet."""
        # Not self.transport: aiohttp lets go of that while bytes still wait for a client that does not read.
        assert self._wire is not None
        self._wire.abort()
