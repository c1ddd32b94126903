"""Calls to the operations of the sandbox, for tests that care for what they do rather than for HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Sandbox, Team, Variants
from sandbox_support import Got, fetch, key_of


class Caller:
    """A client of one team."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession, clock: VirtualClock) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self._http = http

    @property
    def team(self) -> Team:
        return self.sandbox.teams[0]

    async def call(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> Got:
        options: dict[str, Any] = {} if body is None else {"json": body}
        url = self.sandbox.url + path
        return await fetch(self._http, url, method, headers=key_of(self.sandbox), params=query or {}, **options)

    async def get(self, path: str, **query: Any) -> Any:
        return _good(await self.call("GET", path, query={name: str(value) for name, value in query.items()}))

    async def post(self, path: str, **body: Any) -> Any:
        return _good(await self.call("POST", path, body))

    async def put(self, path: str, **body: Any) -> Any:
        return _good(await self.call("PUT", path, body))

    async def delete(self, path: str) -> Any:
        return _good(await self.call("DELETE", path))

    async def refused(self, path: str, method: str = "POST", **body: Any) -> tuple[int, str, str]:
        """Return status, code and message of what must not be a success."""
        answer = await self.call(method, path, body or None)
        assert answer.status >= 400, answer.json
        return answer.status, answer.json["error_code"], answer.json["message"]

    def inbox(self, place: int = 0) -> int:
        return self.team.inboxes[place]["id"]

    def member(self, place: int = 0) -> int:
        return self.team.members[place]["id"]

    def sender(self) -> dict[str, int]:
        return {"inbox_id": self.inbox(), "creator_id": self.member()}

    async def send(self, **body: Any) -> Any:
        return await self.post("/v1/message/send", **{**self.sender(), **body})

    async def send_refused(self, **body: Any) -> tuple[int, str, str]:
        return await self.refused("/v1/message/send", **{**self.sender(), **body})


def _good(answer: Got) -> Any:
    assert answer.status == 200, answer.json
    return answer.json


@asynccontextmanager
async def calls(variants: Variants | None = None, **options: Any) -> AsyncIterator[Caller]:
    """Give a client of a new sandbox, at 09:07 on 1 April 2026 of its own clock."""
    clock = VirtualClock(1_775_034_420.0)
    async with Sandbox(clock=clock, rate_limit=None, variants=variants, **options) as sandbox:
        async with aiohttp.ClientSession() as http:
            yield Caller(sandbox, http, clock)
