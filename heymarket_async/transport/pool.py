"""The pool of connections: opened on first use, one exchange after another, closed in order."""
# aiohttp has no public way to ask for a session's loop, or to turn off its silent repeats. The tests would see if one
# of the private ways that are used here should go.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import socket
import ssl
import weakref
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import aiohttp
from yarl import URL

from heymarket_async.auth import TokenMint
from heymarket_async.calls import Reply
from heymarket_async.errors import ConfigurationError, SessionClosed, WrongEventLoop
from heymarket_async.records import Record
from heymarket_async.retry import Outcome
from heymarket_async.settings import Timeouts
from heymarket_async.transport.leaving import OpenPool, abandon, caller, forgotten
from heymarket_async.wire import Request

# Twenty connections carry 500 calls a minute even when each takes two seconds.
DEFAULT_POOL_SIZE: Final = 20
# Short on purpose: a send that meets a connection which the service is just closing has an unknown outcome.
_IDLE_SECONDS: Final = 15.0
_DNS_SECONDS: Final = 60
# aiohttp warns of larger bodies in one piece, because they hold the event loop.
_LARGE_REQUEST: Final = 2**20


class PoolSettings(Record, frozen=True, kw_only=True):
    """How connections are made."""

    made_at: tuple[str, int]
    size: int = DEFAULT_POOL_SIZE
    tls: ssl.SSLContext | None = None
    client_session: aiohttp.ClientSession | None = None
    connector: aiohttp.BaseConnector | None = None


class Attempt(Record, frozen=True, kw_only=True):
    """How one attempt ended.

    Attributes:
        outcome: whether there is an answer, and if not, whether the request left.
        reply: the answer, if there is one.
        fault: in words what went wrong, without anything personal; empty if nothing did.
        error: the class of the error that took the answer's place, such as `ServerDisconnectedError`.
        timed_out: whether time ran out.
        token: the token that was sent, if any.
    """

    outcome: Outcome
    reply: Reply | None = None
    fault: str = ""
    error: str = ""
    timed_out: bool = False
    token: str | None = None

    @property
    def status(self) -> int | None:
        """The HTTP status, if there is an answer."""
        return None if self.reply is None else self.reply.status


class _Progress:
    """How far a request has come."""

    __slots__ = ("sent", "token")

    def __init__(self) -> None:
        self.sent = False
        self.token: str | None = None


class Pool:
    """One pool of connections, opened on first use and kept until `close`.

    Args:
        settings: how connections are made.
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._open: OpenPool | None = None
        self._finalizer: weakref.finalize[[OpenPool], Pool] | None = None
        self._targets: dict[tuple[str, str], URL] = {}
        self._waits: set[asyncio.Timeout] = set()
        self.closed = False

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
        if present is not None and present.loop is loop and not present.http.closed:
            return present
        if self.closed:
            raise SessionClosed("This session is closed.")
        if present is not None:
            self._leave(present, loop)
        fresh = self._borrow(loop) or self._make(loop)
        self._open = fresh
        if self._settings.client_session is None:
            self._finalizer = weakref.finalize(self, forgotten, fresh)
        return fresh

    @contextlib.asynccontextmanager
    async def while_open(self) -> AsyncGenerator[None]:
        """End with `SessionClosed` what is awaited in the block, when the pool is closed.

        Raises:
            SessionClosed: it is closed, or was before.
        """
        wait = asyncio.timeout(None)
        try:
            async with wait:
                if self.closed:
                    wait.reschedule(asyncio.get_running_loop().time())
                self._waits.add(wait)
                yield
        except TimeoutError:
            if not wait.expired():
                raise
            raise SessionClosed("This session was closed while the call waited for its turn.") from None
        finally:
            self._waits.discard(wait)

    async def close(self) -> None:
        """Close what this pool has opened, and wake the calls that wait. Closing twice does no harm."""
        self.closed = True
        present, self._open = self._open, None
        loop = asyncio.get_running_loop()
        if present is not None and present.loop is loop:
            for wait in self._waits:
                wait.reschedule(loop.time())
        if present is None or self._settings.client_session is not None:
            return
        if self._finalizer is not None:
            self._finalizer.detach()
        if present.loop is not loop:
            abandon(present)
        elif present.borrowed_connector:
            present.http.detach()
        else:
            await present.http.close()

    async def exchange(
        self,
        request: Request,
        *,
        base_url: str,
        headers: Mapping[str, str],
        mint: TokenMint,
        timeouts: Timeouts,
        proxy: str | None,
        largest_reply: int,
        deadline: AbstractAsyncContextManager[object],
    ) -> Attempt:
        """Send one request and read its answer to the end.

        Args:
            request: what to send.
            base_url: the address of the service.
            headers: headers beside `Authorization`.
            mint: makes the token, at the moment when a connection is free for it.
            timeouts: for the connection and for silence.
            proxy: URL of an HTTP proxy.
            largest_reply: bytes that the body of an answer may have, decompressed.
            deadline: ends with `TimeoutError` what is not done in time.
        """
        present = self.open()
        progress = _Progress()
        try:
            async with deadline, present.gate or contextlib.nullcontext():
                if present.http.closed:
                    raise SessionClosed("This session was closed while the call waited for a connection.")
                progress.token = mint.token()
                body: bytes | io.BytesIO | None = request.body
                if request.body is not None and len(request.body) >= _LARGE_REQUEST:
                    body = io.BytesIO(request.body)
                async with present.http.request(
                    request.method,
                    self._url(base_url, request.target),
                    data=body,
                    headers={**headers, "Authorization": f"Bearer {progress.token}"},
                    allow_redirects=False,
                    raise_for_status=False,
                    proxy=proxy,
                    timeout=aiohttp.ClientTimeout(sock_connect=timeouts.connect, sock_read=timeouts.read),
                    trace_request_ctx=progress,
                ) as response:
                    body_read, fault = await _read(response, largest_reply)
                    reply = Reply(status=response.status, headers=response.headers, body=body_read)
            return Attempt(outcome=Outcome.ANSWERED, reply=reply, fault=fault, token=progress.token)
        except SessionClosed:
            raise
        except (aiohttp.ClientError, OSError, RuntimeError, ValueError) as error:
            # A borrowed session does not say when it sends. Whatever says so, nothing but its own error clears a send.
            watched = self._settings.client_session is None
            before = _before_the_wire(error) or (
                watched and isinstance(error, TimeoutError | RuntimeError | ValueError)
            )
            never_sent = progress.token is None or (before and not progress.sent)
            return Attempt(
                outcome=Outcome.NEVER_SENT if never_sent else Outcome.UNKNOWN,
                fault=_in_words(error),
                error=type(error).__name__,
                timed_out=isinstance(error, TimeoutError),
                token=progress.token,
            )

    def _url(self, base_url: str, target: str) -> URL:
        """Return the address, remembered while it has no query: parsing one costs as much as the rest of a request."""
        url = self._targets.get((base_url, target))
        if url is None:
            url = URL(base_url + target, encoded=True)
            if "?" not in target and len(self._targets) < 256:
                self._targets[base_url, target] = url
        return url

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
        return OpenPool(http, loop, _gate(http.connector), self._settings.made_at, borrowed_connector=True)

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
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_note_sent)
        http = aiohttp.ClientSession(
            connector=connector,
            connector_owner=settings.connector is None,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
        )
        # aiohttp repeats a PUT or a DELETE by itself where a kept connection turns out dead. We decide about repeats.
        http._retry_connection = False
        opened_at = caller() or settings.made_at
        return OpenPool(http, loop, _gate(connector), opened_at, borrowed_connector=settings.connector is not None)


def _gate(connector: aiohttp.BaseConnector | None) -> asyncio.Semaphore | None:
    """Return a gate of the connector's size, so that a call waits for its turn before its token is made, not after."""
    limits = [] if connector is None else [limit for limit in (connector.limit, connector.limit_per_host) if limit]
    return asyncio.Semaphore(min(limits)) if limits else None


async def _note_sent(_session: aiohttp.ClientSession, context: Any, _params: Any) -> None:
    context.trace_request_ctx.sent = True


async def _read(response: aiohttp.ClientResponse, largest: int) -> tuple[bytes, str]:
    """Return the body, and what is wrong with it: one that is too large is not kept, and its connection is closed."""
    too_large = f"is larger than {largest:,} bytes"
    length = response.content_length
    if length is not None and "Content-Encoding" not in response.headers:
        if length > largest and response.method != "HEAD":
            response.close()
            return b"", too_large
        return await response.read(), ""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > largest:
            response.close()
            return b"", too_large
    return bytes(body), ""


def _before_the_wire(error: Exception) -> bool:
    """Say whether an error can only come from before the request was sent."""
    return isinstance(
        error,
        aiohttp.ClientConnectorError
        | aiohttp.ConnectionTimeoutError
        | aiohttp.ClientHttpProxyError
        | aiohttp.InvalidURL,
    )


def _in_words(error: Exception) -> str:
    """Return what went wrong, without addresses, which can hold phone numbers."""
    name = type(error).__name__
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    reason = ""
    if isinstance(cause, socket.gaierror):
        reason = cause.strerror or ""
    elif isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
        reason = os.strerror(cause.errno)  # Its own text holds the address, where asyncio made it.
    return f"{name}: {reason}" if reason else name
