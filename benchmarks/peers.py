"""The peers: each a block that gives a function which lists the inboxes of a server, as its own documents advise.

All may hold as many connections as they like and send a token; none checks the status, except those that always do.
"""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import httpx

from benchmarks.generated import PACKAGE
from benchmarks.twins import list_reader
from heymarket_async import ApiSecret, AsyncSession
from heymarket_async.models.inboxes import Inbox
from heymarket_async.transport import DEFAULT_POOL_SIZE

Lister = Callable[[], Awaitable[Any]]
Peer = Callable[[str], AbstractAsyncContextManager[Lister]]

CONNECTIONS = 100  # aiohttp's own default
NO_LIMIT_AT_HAND = 10**9

OURS = "heymarket_async"
OURS_COUNTING = "heymarket_async, counting its rate"
AIOHTTP = "aiohttp, json.loads"
NEW_SESSIONS = "aiohttp, a session per call"
AIOHTTP_PYDANTIC = "aiohttp, pydantic"
HTTPX_PYDANTIC = "httpx, pydantic"
GENERATED = "openapi-python-client"

_PATH = "/v1/inboxes"
_SECRET = ApiSecret("an-api-secret-id", "an-api-secret-key-of-a-usual-length")
_TOKEN = "a.token.as-long-as-those-of-the-service-which-have-about-one-hundred-and-thirty-characters-in-all"
_HEADERS = {"Authorization": f"Bearer {_TOKEN}"}


def ours(url: str, *, rate_limit: int | None = NO_LIMIT_AT_HAND, pool_size: int = DEFAULT_POOL_SIZE) -> AsyncSession:
    """Return a session of ours for a server of the benchmark."""
    return AsyncSession(_SECRET, base_url=url, rate_limit=rate_limit, pool_size=pool_size)


@contextlib.asynccontextmanager
async def listing(session: AsyncSession) -> AsyncIterator[Lister]:
    """Give the method of a session of ours, as a peer."""
    async with session:
        yield session.inboxes.list


@contextlib.asynccontextmanager
async def _aiohttp(url: str, read: Callable[[bytes], Any]) -> AsyncIterator[Lister]:
    async with aiohttp.ClientSession(headers=_HEADERS) as session:

        async def list_inboxes() -> Any:
            async with session.get(url + _PATH) as response:
                return read(await response.read())

        yield list_inboxes


@contextlib.asynccontextmanager
async def _new_sessions(url: str) -> AsyncIterator[Lister]:
    async def list_inboxes() -> Any:
        async with _aiohttp(url, json.loads) as list_once:
            return await list_once()

    yield list_inboxes


@contextlib.asynccontextmanager
async def _httpx(url: str, read: Callable[[bytes], Any]) -> AsyncIterator[Lister]:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=url, headers=_HEADERS, limits=limits) as client:

        async def list_inboxes() -> Any:
            return read((await client.get(_PATH)).content)

        yield list_inboxes


@contextlib.asynccontextmanager
async def _generated(url: str) -> AsyncIterator[Lister]:
    package = importlib.import_module(PACKAGE)
    operation = importlib.import_module(f"{PACKAGE}.api.inboxes.list_inboxes")
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with package.AuthenticatedClient(base_url=url, token=_TOKEN, httpx_args={"limits": limits}) as client:
        yield lambda: operation.asyncio(client=client)


PEERS: dict[str, Peer] = {
    OURS: lambda url: listing(ours(url, rate_limit=None, pool_size=CONNECTIONS)),
    OURS_COUNTING: lambda url: listing(ours(url, pool_size=CONNECTIONS)),
    AIOHTTP: lambda url: _aiohttp(url, json.loads),
    NEW_SESSIONS: _new_sessions,
    AIOHTTP_PYDANTIC: lambda url: _aiohttp(url, list_reader(Inbox)),
    HTTPX_PYDANTIC: lambda url: _httpx(url, list_reader(Inbox)),
    GENERATED: _generated,
}
