"""How a pool is left that nobody closes in order: without noise, without leaks, with one hint for its owner."""
# aiohttp has no public way to leave connections whose event loop has ended. The tests would see if one of the private
# ways that are used here should go.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import contextlib
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import aiohttp

from heymarket_async.records import Record
from heymarket_async.transport.carried import Transport
from heymarket_async.transport.gate import Gate


class OpenPool(Record, frozen=True):
    """An open pool, and what is needed to leave it without noise.

    Attributes:
        http: sends requests; None where `transport` does.
        loop: the event loop that it is open on.
        gates: to pass before a request; one that holds as many places as there are connections, if these are limited.
        opened_at: file and line of the call that opened it.
        borrowed_connector: whether its connections belong to somebody else.
        headers: what its requests carry by themselves.
        watched: whether it says when a request goes out.
        middlewares: those of each request, where they are not those of `http`.
        transport: carries requests in place of aiohttp.
    """

    http: aiohttp.ClientSession | None
    loop: asyncio.AbstractEventLoop
    gates: tuple[Gate, ...]
    opened_at: tuple[str, int]
    borrowed_connector: bool
    headers: Mapping[str, str] | None = None
    watched: bool = False
    middlewares: Sequence[aiohttp.ClientMiddlewareType] | None = None
    transport: Transport | None = None


def caller() -> tuple[str, int] | None:
    """Return file and line of the code outside this package that runs now.

    None where that is the event loop: a call that runs as a task of its own does not show who made the task.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and (package := str(frame.f_globals.get("__name__", "")).partition(".")[0]):
        if package != __name__.partition(".")[0]:
            return None if package == "asyncio" else (frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None


def forgotten(present: OpenPool) -> None:
    """Let go of a pool that nobody has closed, and say once where it was opened.

    Not where a person types: a session that lives as long as a notebook does is used as it should be.
    """
    if present.http is None or present.http.closed:
        return
    abandon(present)
    if not present.borrowed_connector and not _somebody_types():
        filename, line = present.opened_at
        message = f"An AsyncSession was opened at {filename}:{line} and never closed. Use `async with` or close()."
        warnings.warn_explicit(message, ResourceWarning, filename, line)


def _somebody_types() -> bool:
    """Say whether this is a notebook or a shell of Python, all of which have a prompt, even where nobody sees it."""
    return hasattr(sys, "ps1") or bool(sys.flags.interactive)


def abandon(present: OpenPool) -> None:
    """Close the sockets of a pool from outside its event loop, without the warnings of what is not closed in order."""
    if present.http is None:
        return
    connector = present.http.connector
    present.http.detach()
    if connector is None or present.borrowed_connector:
        return
    transports = [] if present.loop.is_running() else list(_transports(connector))
    connector._close(abort_ssl=True)
    for transport in transports:
        _drop(transport)


def _transports(connector: aiohttp.BaseConnector) -> Iterator[asyncio.BaseTransport]:
    protocols = [protocol for kept in connector._conns.values() for protocol, _ in kept]
    for protocol in [*protocols, *connector._acquired]:
        if protocol.transport is not None:
            yield protocol.transport


def _drop(transport: Any) -> None:
    """Close the socket of a transport whose event loop does not run: its own close() would leave it to the loop."""
    inner = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    for layer in (transport, inner):
        if layer is None:
            continue
        with contextlib.suppress(Exception):
            layer.close()
        connection_lost = getattr(layer, "_call_connection_lost", None)
        if connection_lost is not None:
            with contextlib.suppress(Exception):
                connection_lost(None)
