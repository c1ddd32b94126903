"""What the tests of the sandbox share: requests without the help of our own client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import aiohttp
import attrs
import jwt

from heymarket_async.auth import ApiSecret
from heymarket_async.sandbox import Sandbox

T = TypeVar("T")


@attrs.frozen
class Got:
    status: int
    headers: Any
    body: bytes
    json: Any


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def independent_token(secret: ApiSecret, issued_at: Any, **claims: Any) -> str:
    """Sign with PyJWT, which shares no code with the library."""
    return jwt.encode({"iss": secret.id, "iat": issued_at, **claims}, f"{secret.id}||{secret.key}", algorithm="HS256")


def key_of(sandbox: Sandbox, team: int = 0) -> dict[str, str]:
    api_key = sandbox.teams[team].api_key
    assert api_key is not None
    return bearer(api_key.key)


async def fetch(http: aiohttp.ClientSession, url: str, method: str = "GET", **options: Any) -> Got:
    async with http.request(method, url, allow_redirects=False, **options) as response:
        body = await response.read()
        is_json = response.content_type == "application/json" and body and method != "HEAD"
        return Got(response.status, response.headers, body, await response.json() if is_json else None)


async def raw(sandbox: Sandbox, request: bytes) -> bytes:
    """Send bytes and return all that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def until(condition: Callable[[], T]) -> T:
    """Let other tasks run until `condition` holds, and return what it returned."""
    async with asyncio.timeout(5):
        while not (result := condition()):
            await asyncio.sleep(0)
    return result
