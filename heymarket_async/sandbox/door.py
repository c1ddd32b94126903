"""Where the sandbox listens, from when to when."""

from __future__ import annotations

import asyncio
import errno
from typing import Any, Final

from heymarket_async.errors import ConfigurationError, SessionError
from heymarket_async.sandbox.connections import Listener
from heymarket_async.sandbox.reception import Reception

_BACKLOG: Final = 1024
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound


class Door:
    """The address of the sandbox, and the connections that come in there.

    Args:
        host: the address to listen on.
        port: the TCP port, 0 for any free one.
        reception: answers the requests.
    """

    def __init__(self, host: str, port: int, reception: Reception) -> None:
        self._host = host
        self._port = port
        self._reception = reception
        self._listener: Listener | None = None
        self._server: asyncio.Server | None = None
        self._address: tuple[str, int] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    @property
    def url(self) -> str:
        """The base URL, such as `http://127.0.0.1:54321`.

        Raises:
            SessionError: it has never been open.
        """
        if self._address is None:
            raise SessionError("The sandbox has not started.", advice="Use `async with Sandbox() as sandbox`.")
        host, port = self._address
        host = _ANYWHERE.get(host, host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def accepted(self) -> int:
        """How many connections were accepted so far."""
        return self._listener.accepted if self._listener else 0

    @property
    def tasks(self) -> set[asyncio.Task[Any]]:
        """What is being done for connections, apart from ordinary requests."""
        return self._listener.tasks if self._listener else set()

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            ConfigurationError: the address cannot be had.
        """
        reception = self._reception
        listener = Listener(reception.handle, reception.handle_broken, reception.intercept)
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(listener, self._host, self._port, backlog=_BACKLOG)
        except OSError as error:
            raise self._cannot_listen(error) from error
        self._listener, self._server = listener, server
        self._address = server.sockets[0].getsockname()[:2]

    async def close(self) -> None:
        """Stop listening and end all connections at once. Does nothing if it does not listen."""
        server, listener = self._server, self._listener
        self._server = None
        if server is None or listener is None:
            return
        # asyncio forgets a client that it has accepted but not yet made a connection of when the server closes. A
        # timer fires after the accepting of its turn of the loop, and by the next turn the connection is made.
        await asyncio.sleep(1e-6)
        server.close()
        await asyncio.sleep(0)
        await listener.hang_up()
        await server.wait_closed()

    def drop_idle(self) -> int:
        """Send FIN on the connections that wait for a request, and return how many there were."""
        live = self._listener.live if self._listener else ()
        idle = [connection for connection in live if connection.idle and not connection.deaf]
        for connection in idle:
            connection.finish()
        return len(idle)

    def _cannot_listen(self, error: OSError) -> ConfigurationError:
        where = f"Sandbox(host={self._host!r}, port={self._port})"
        if error.errno == errno.EADDRINUSE:
            return ConfigurationError(f"{where}: another program has this port.", advice="Use port=0 for any free one.")
        return ConfigurationError(f"{where}: cannot listen there ({error.strerror}).")
