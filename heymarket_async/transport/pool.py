"""The pool of connections: opened on first use, closed in order."""
# aiohttp has no public way to ask for a session's loop and middlewares, or to turn off its silent repeats. The tests
# would see if one of the private ways that are used here should go.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import ssl
import weakref
from collections.abc import Mapping
from typing import Final

import aiohttp

from heymarket_async.clock import Clock
from heymarket_async.deadlines import Deadline, Deadlines
from heymarket_async.errors import ConfigurationError, SessionClosed, WrongEventLoop
from heymarket_async.records import Record
from heymarket_async.transport.carried import Transport
from heymarket_async.transport.gate import Gate
from heymarket_async.transport.leaving import OpenPool, abandon, caller, forgotten
from heymarket_async.transport.requests import WatchedRequest, noted, once

# Twenty connections carry 500 calls a minute even when each takes two seconds.
DEFAULT_POOL_SIZE: Final = 20
# Short on purpose: a send that meets a connection which the service is just closing has an unknown outcome.
_IDLE_SECONDS: Final = 15.0
_DNS_SECONDS: Final = 60


class PoolSettings(Record, frozen=True, kw_only=True):
    """How connections are made, and the headers of most requests on them."""

    made_at: tuple[str, int]
    headers: Mapping[str, str]
    size: int = DEFAULT_POOL_SIZE
    tls: ssl.SSLContext | None = None
    client_session: aiohttp.ClientSession | None = None
    connector: aiohttp.BaseConnector | None = None
    transport: Transport | None = None

    def __post_init__(self) -> None:
        if self.client_session is not None and self.connector is not None:
            raise ConfigurationError("client_session and connector exclude each other.", advice="Pass one of them.")


class Pool:
    """One pool of connections, opened on first use and kept until `close`.

    Args:
        settings: how connections are made.
        clock: tells the time.

    Attributes:
        closed: whether it was closed.
        deadlines: of what ends when it is closed.
    """

    def __init__(self, settings: PoolSettings, clock: Clock) -> None:
        self._settings = settings
        self._open: OpenPool | None = None
        self._finalizer: weakref.finalize[[OpenPool], Pool] | None = None
        self.deadlines: Deadlines = Deadlines(clock)
        self.closed: bool = False

    @property
    def is_open(self) -> bool:
        """Whether connections can be held at this moment."""
        return self._open is not None

    def open(self) -> OpenPool:
        """Open the pool on the running event loop, unless it is open there.

        Raises:
            SessionClosed: it was closed, or the borrowed `ClientSession` was.
            WrongEventLoop: it is open on another loop that is not closed.
        """
        loop = asyncio.get_running_loop()
        present = self._open
        if present is not None and present.loop is loop and (present.http is None or not present.http.closed):
            return present
        if self.closed:
            raise SessionClosed("This session is closed.")
        if present is not None:
            self._leave(present, loop)
        fresh = self._carried(loop) or self._borrow(loop) or self._make(loop)
        self._open = fresh
        if self._settings.client_session is None and fresh.http is not None:
            self._finalizer = weakref.finalize(self, forgotten, fresh)
        return fresh

    def block(self, seconds: float | None = None) -> Deadline:
        """Return a block that ends with `TimeoutError` after `seconds`, and with `SessionClosed` when the pool closes.

        Args:
            seconds: how long it may take; None for any time.

        Raises:
            SessionClosed: the pool is closed.
        """
        if self.closed:
            raise _closed_meanwhile()
        return self.deadlines.block(seconds)

    async def close(self) -> None:
        """Close what this pool has opened, and wake the calls that wait. Closing twice does no harm."""
        self.closed = True
        present, self._open = self._open, None
        if present is None:
            return
        if present.loop is not asyncio.get_running_loop():
            self._close_from_elsewhere(present)
            return
        self._end_calls()
        if self._settings.client_session is not None or present.http is None:
            return
        if self._finalizer is not None:
            self._finalizer.detach()
        if present.borrowed_connector:
            present.http.detach()
        else:
            await present.http.close()

    def _close_from_elsewhere(self, present: OpenPool) -> None:
        """Close from another loop what was opened on one that has ended, or runs in another thread."""
        if present.loop.is_running():
            present.loop.call_soon_threadsafe(self._end_calls)
        if self._finalizer is not None:
            self._finalizer.detach()
            if present.loop.is_running():
                present.loop.call_soon_threadsafe(abandon, present)
            else:
                abandon(present)

    def _end_calls(self) -> None:
        self.deadlines.end(_closed_meanwhile)

    def _leave(self, present: OpenPool, loop: asyncio.AbstractEventLoop) -> None:
        self._open = None
        if present.loop is loop:
            return  # The borrowed session was closed by its owner; _borrow tells.
        if not present.loop.is_closed():
            self._open = present
            raise WrongEventLoop("This session is open on another event loop.")
        if self._finalizer is not None:
            self._finalizer.detach()
            abandon(present)

    def _carried(self, loop: asyncio.AbstractEventLoop) -> OpenPool | None:
        settings = self._settings
        if settings.transport is None:
            return None
        return OpenPool(
            None,
            loop,
            (Gate(settings.size),),
            settings.made_at,
            borrowed_connector=True,
            watched=True,
            transport=settings.transport,
        )

    def _borrow(self, loop: asyncio.AbstractEventLoop) -> OpenPool | None:
        http = self._settings.client_session
        if http is None:
            return None
        if http.closed:
            raise SessionClosed("The aiohttp.ClientSession that this session borrows is closed.")
        if http._loop is not loop:
            raise WrongEventLoop("The aiohttp.ClientSession that this session borrows belongs to another event loop.")
        if http._default_auth is not None:
            raise ConfigurationError(
                "The aiohttp.ClientSession that this session borrows has credentials of its own (auth=).",
                advice="Borrow one without auth=: this session brings its own token.",
            )
        return OpenPool(
            http,
            loop,
            _gates(http.connector),
            self._settings.made_at,
            borrowed_connector=True,
            middlewares=(once, *http._middlewares, noted),
        )

    def _make(self, loop: asyncio.AbstractEventLoop) -> OpenPool:
        settings = self._settings
        connector = settings.connector
        if connector is None:
            connector = aiohttp.TCPConnector(
                limit=settings.size,
                ttl_dns_cache=_DNS_SECONDS,
                keepalive_timeout=_IDLE_SECONDS,
                ssl=True if settings.tls is None else settings.tls,
            )
        elif connector.closed:
            raise SessionClosed("The aiohttp connector that this session borrows is closed.")
        elif connector._loop is not loop:
            raise WrongEventLoop("The aiohttp connector that this session borrows belongs to another event loop.")
        http = aiohttp.ClientSession(
            connector=connector,
            connector_owner=settings.connector is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=settings.headers,
            request_class=WatchedRequest,
        )
        # aiohttp repeats a GET, a PUT or a DELETE by itself where a connection breaks. We decide about repeats.
        http._retry_connection = False
        opened_at = caller() or settings.made_at
        return OpenPool(
            http,
            loop,
            _gates(connector),
            opened_at,
            borrowed_connector=settings.connector is not None,
            headers=settings.headers,
            watched=True,
        )


def _closed_meanwhile() -> SessionClosed:
    return SessionClosed("This session was closed during the call.")


def _gates(connector: aiohttp.BaseConnector | None) -> tuple[Gate, ...]:
    limits = [] if connector is None else [limit for limit in (connector.limit, connector.limit_per_host) if limit]
    return (Gate(min(limits)),) if limits else ()
