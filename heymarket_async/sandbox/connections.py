"""TCP connections that are numbered, and that end at once when the sandbox closes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
HandleBroken = Callable[[web.BaseRequest, int], web.StreamResponse]


class Listener(web.Server):
    """Makes a `Connection` for each client.

    Args:
        handle: answers a request.
        handle_broken: answers bytes that are not HTTP, with the status it is given.
    """

    def __init__(self, handle: Handle, handle_broken: HandleBroken) -> None:
        # A handler that waits for a client which has gone would wait for ever.
        super().__init__(handle, handler_cancellation=True)
        self.handle_broken = handle_broken
        self.accepted = 0
        self.live: set[Connection] = set()
        self.tasks: set[asyncio.Task[Any]] = set()

    def __call__(self) -> Connection:
        """Return the protocol of a connection that was just accepted."""
        self.accepted += 1
        return Connection(self, self.accepted)

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
    """

    def __init__(self, listener: Listener, number: int) -> None:
        super().__init__(listener, loop=asyncio.get_running_loop(), access_log=None)  # type: ignore[arg-type]  # a web.Server, as far as it is used
        self._listener = listener
        self._wire: asyncio.Transport | None = None
        self.number = number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the live ones."""
        assert isinstance(transport, asyncio.Transport)
        self._wire = transport
        self._listener.live.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Leave the live ones."""
        self._listener.live.discard(self)
        super().connection_lost(exc)

    async def start(self) -> None:
        """Serve requests until the connection ends."""
        task = asyncio.current_task()
        assert task is not None
        self._listener.tasks.add(task)
        task.add_done_callback(self._listener.tasks.discard)
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

    def abort(self) -> None:
        """End the connection at once, with what it has not sent yet."""
        # Not self.transport: aiohttp lets go of that while bytes still wait for a client that does not read.
        assert self._wire is not None
        self._wire.abort()
