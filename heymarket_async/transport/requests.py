"""Requests of aiohttp that say when they go out, and go out once."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

import aiohttp
from aiohttp.connector import Connection
from typing_extensions import override


class Progress:
    """How far a request has come.

    Attributes:
        sent: whether it has begun to go out.
        leaves: is called when it goes out, if that is seen.
        token: what it shows, once it has one.
        secret: the number of the secret that made the token.
    """

    __slots__ = ("leaves", "secret", "sent", "token")

    def __init__(self) -> None:
        self.sent: bool = False
        self.leaves: Callable[[], object] | None = None
        self.token: str | None = None
        self.secret: int = 0


progress_of_request: Final[ContextVar[Progress]] = ContextVar("progress_of_request")


class WatchedRequest(aiohttp.ClientRequest):
    """A request that says when it goes out. aiohttp's traces would say it too, at ten times the cost."""

    @override
    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        progress = progress_of_request.get()
        progress.sent = True
        if progress.leaves is not None:
            progress.leaves()
        return await super().send(conn)


class Broken(aiohttp.ClientError):
    """A broken connection, of which aiohttp does not know that it is one."""

    def __init__(self, error: aiohttp.ClientConnectionError) -> None:
        super().__init__()
        self.error = error


async def once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep a borrowed session from repeating a request by itself: its own switch for that is its owner's."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Broken(error) from None


async def noted(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Note that a request of a borrowed session may have gone out: a middleware of its owner may send it again."""
    try:
        response = await send(request)
    except BaseException as error:
        progress_of_request.get().sent |= not before_the_wire(error)
        raise
    progress_of_request.get().sent = True
    return response


def before_the_wire(error: BaseException) -> bool:
    """Say whether an error can only come from before the request was sent."""
    return isinstance(
        error,
        aiohttp.ClientConnectorError
        | aiohttp.ConnectionTimeoutError
        | aiohttp.ClientHttpProxyError
        | aiohttp.InvalidURL,
    )
