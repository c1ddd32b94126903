"""Somebody who gets webhooks: a real server that answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from heymarket_async.sandbox import wire


class Receiver:
    """What came in, and what is to come back.

    Attributes:
        url: where it listens.
        bodies: the JSON that came so far, also of requests that get no answer.
        requests: the requests that it came in.
        connections: how many connections they came on.
        answers: one for each of the next requests: a status, or `hang`, `half` (a head and no body), `fin` or `reset`.
            After those, 200.
    """

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[Any] = []
        self.requests: list[web.BaseRequest] = []
        self.ports: set[int] = set()
        self.answers: deque[int | str] = deque()

    @property
    def connections(self) -> int:
        return len(self.ports)

    @property
    def types(self) -> list[str]:
        return [body["type"] for body in self.bodies]

    @property
    def texts(self) -> list[str]:
        return [body["event_data"]["text"] for body in self.bodies]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.bodies.append(json.loads(await request.read()))
        self.requests.append(request)
        assert request.transport is not None
        self.ports.add(request.transport.get_extra_info("peername")[1])
        answer = self.answers.popleft() if self.answers else 200
        if answer == "hang":
            await asyncio.Event().wait()
        if answer == "half":
            response = web.StreamResponse(headers={"Content-Length": "5"})
            await response.prepare(request)
            await asyncio.Event().wait()
        if answer == "fin":
            request.transport.close()
        if answer == "reset":
            wire.reset(request.transport)
        if isinstance(answer, str):
            return web.Response()
        return web.Response(status=answer, text="noted", headers={"Location": "/elsewhere"} if answer == 302 else None)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Give a receiver that listens."""
    receiver = Receiver()
    server = web.Server(receiver.handle, handler_cancellation=True)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/heymarket"
    try:
        yield receiver
    finally:
        listening.close()
        server.pre_shutdown()  # Else it waits for idle connections, and with 0 for as long as they like.
        await server.shutdown(0.1)
        await listening.wait_closed()
