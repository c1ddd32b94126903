"""One request, and its answer to the end."""

from __future__ import annotations

import functools
import io
import os
import socket
from collections.abc import Mapping
from typing import Final

import aiohttp
from yarl import URL

from heymarket_async.auth import TokenMint
from heymarket_async.calls import Reply
from heymarket_async.clock import Clock
from heymarket_async.deadlines import Deadline
from heymarket_async.errors import ConfigurationError, SessionClosed
from heymarket_async.lanes import Lane
from heymarket_async.records import Record
from heymarket_async.retry import Outcome
from heymarket_async.settings import Options
from heymarket_async.transport.carried import Transport, carry
from heymarket_async.transport.gate import Gate, Turnstile
from heymarket_async.transport.leaving import OpenPool
from heymarket_async.transport.pool import Pool
from heymarket_async.transport.requests import Broken, Progress, before_the_wire, progress_of_request
from heymarket_async.wire import Request

# aiohttp warns of larger bodies in one piece, because they hold the event loop.
_LARGE_REQUEST: Final = 2**20


class Attempt(Record, frozen=True, kw_only=True):
    """How one attempt ended.

    Attributes:
        outcome: whether there is an answer, and if not, whether the request left.
        reply: the answer, if there is one.
        fault: in words what went wrong, without anything personal; empty if nothing did.
        error: the class of the error that took the answer's place, such as `ServerDisconnectedError`.
        timed_out: whether time ran out.
        token: the token that was sent, if any.
        secret: which API Secret it was made with; see `TokenMint.in_use`.
    """

    outcome: Outcome
    reply: Reply | None = None
    fault: str = ""
    error: str = ""
    timed_out: bool = False
    token: str | None = None
    secret: int = 0

    @property
    def status(self) -> int | None:
        """The HTTP status, if there is an answer."""
        return None if self.reply is None else self.reply.status


async def exchange(
    pool: Pool,
    request: Request,
    *,
    options: Options,
    mint: TokenMint,
    turnstile: Turnstile,
    clock: Clock,
    deadline: float,
    lane: Lane,
) -> Attempt:
    """Send one request and read its answer to the end.

    Args:
        pool: the connections.
        request: what to send.
        options: where to, and how long that may take.
        mint: makes the token, at the moment when a connection is free for it.
        turnstile: bounds the requests of the account at a time, and ends them.
        clock: tells the time.
        deadline: when all of it must be done, by `clock.monotonic()`.
        lane: how urgent it is, where it must wait for a connection.

    Raises:
        SessionClosed: the pool or the turnstile was closed before the request left.
    """
    present, progress = pool.open(), Progress()
    held: list[Gate] = []
    try:
        for gate in turnstile.before(present.gates, present.loop):
            if not gate.try_enter():
                with pool.block(deadline - clock.monotonic()):
                    await gate.enter(lane)
            held.append(gate)
        http = present.http
        if turnstile.closed or (http is not None and http.closed):
            raise SessionClosed("This session was closed while the call waited for a connection.")
        progress.token, progress.secret = mint.token(), mint.in_use
        progress_of_request.set(progress)
        timeouts = options.timeouts
        left = deadline - clock.monotonic()
        if http is None:
            with pool.block(min(left, timeouts.read)):
                return await _carried(present.transport, request, progress, options)
        with pool.block(min(left, max(timeouts.connect, timeouts.read))) as silence:
            if timeouts.read < timeouts.connect:  # Then what the block has left is for the connection.
                progress.leaves = functools.partial(silence.extend, timeouts.read, deadline)
            response = await http.request(
                request.method,
                _url(options.base_url, request.target),
                data=_in_one_piece(request.body),
                headers=_with_token(progress.token, options.headers, present.headers),
                allow_redirects=False,
                raise_for_status=False,
                proxy=options.proxy,
                timeout=_timeout_of_connecting(timeouts.connect),
                middlewares=present.middlewares,
            )
            try:
                largest, content = options.largest_reply, response.content
                body, fault = (
                    _checked(content.read_nowait(), largest)
                    if content.is_eof()  # As it is for most: head and body came in one piece.
                    else await _read(response, largest, silence, timeouts.read, deadline)
                )
            finally:
                response.release()
                if request.body is not None:
                    await response.wait_for_close()
        return Attempt(
            outcome=Outcome.ANSWERED,
            reply=Reply(status=response.status, headers=response.headers, body=body),
            fault=fault,
            token=progress.token,
            secret=progress.secret,
        )
    except SessionClosed as closed:
        if progress.token is None or (present.watched and not progress.sent):
            raise
        return Attempt(outcome=Outcome.UNKNOWN, fault=type(closed).__name__)
    except (aiohttp.ClientError, OSError, RuntimeError, ValueError) as raised:
        return _failed(raised.error if isinstance(raised, Broken) else raised, progress, present)
    finally:
        progress.leaves = None  # The context of the task keeps the progress, and the block knows the task.
        for gate in held:
            gate.leave()


async def _carried(transport: Transport | None, request: Request, progress: Progress, options: Options) -> Attempt:
    """Let something else than aiohttp carry the request, and return its answer."""
    assert transport is not None
    assert progress.token is not None
    headers = _with_token(progress.token, options.headers, None)
    status, fields, whole = await carry(transport, progress, request, headers)
    body, fault = _checked(whole, options.largest_reply)
    return Attempt(
        outcome=Outcome.ANSWERED,
        reply=Reply(status=status, headers=fields, body=body),
        fault=fault,
        token=progress.token,
        secret=progress.secret,
    )


def _failed(error: Exception, progress: Progress, present: OpenPool) -> Attempt:
    """Return how an attempt ended that has no answer.

    Raises:
        ConfigurationError: a transport was asked for what it cannot do.
    """
    if isinstance(error, ConfigurationError):
        raise error
    # Whatever says that nothing was sent, nothing but its own error clears a send.
    before = before_the_wire(error) or (
        present.watched and isinstance(error, TimeoutError | RuntimeError | ValueError | ConnectionRefusedError)
    )
    never_sent = progress.token is None or (before and not progress.sent)
    return Attempt(
        outcome=Outcome.NEVER_SENT if never_sent else Outcome.UNKNOWN,
        fault=_in_words(error),
        error=type(error).__name__,
        timed_out=isinstance(error, TimeoutError),
    )


@functools.lru_cache(256)
def _url(base_url: str, target: str) -> URL:
    """Return the address, remembered: parsing one costs as much as the rest of a request."""
    return URL(base_url + target, encoded=True)


def _with_token(token: str, headers: Mapping[str, str], known: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers of a request that the aiohttp session does not add by itself."""
    authorization = {"Authorization": f"Bearer {token}"}
    return authorization if headers is known else {**headers, **authorization}


@functools.lru_cache(64)
def _timeout_of_connecting(seconds: float) -> aiohttp.ClientTimeout:
    """Return the one timeout that is left to aiohttp, made once: that takes as long as a wait for a timer."""
    return aiohttp.ClientTimeout(sock_connect=seconds)


def _in_one_piece(body: bytes | None) -> bytes | io.BytesIO | None:
    """Return a body as aiohttp takes it: a large one as a stream, of which it does not complain."""
    return io.BytesIO(body) if body is not None and len(body) >= _LARGE_REQUEST else body


async def _read(
    response: aiohttp.ClientResponse, largest: int, silence: Deadline, patience: float, deadline: float
) -> tuple[bytes, str]:
    """Return the body, and what is wrong with it: one that is too large is not kept, and its connection is closed.

    Args:
        response: whose head has come.
        largest: bytes that it may have, decompressed.
        silence: ends the wait for the next piece.
        patience: seconds to wait for a piece.
        deadline: when all must be there.
    """
    length = response.content_length
    if length is not None and length > largest and "Content-Encoding" not in response.headers:
        response.close()
        return b"", _too_large(largest)
    pieces = bytearray()
    silence.extend(patience, deadline)
    async for piece in response.content.iter_any():
        pieces += piece
        if len(pieces) > largest:
            response.close()
            return b"", _too_large(largest)
        silence.extend(patience, deadline)
    return bytes(pieces), ""


def _checked(body: bytes, largest: int) -> tuple[bytes, str]:
    return (body, "") if len(body) <= largest else (b"", _too_large(largest))


def _too_large(largest: int) -> str:
    return f"is larger than {largest:,} bytes"


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
