"""A client that knows nothing of HTTP, and tells FIN from RST."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from heymarket_async.sandbox import Sandbox
from sandbox_support import key_of, until


class Wire(asyncio.Protocol):
    """One TCP connection.

    Attributes:
        data: what came so far.
        ending: `fin` or `reset` as soon as one of them came; `open` before.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.ending = "open"
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> bool:
        self.ending = "fin"
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, ConnectionResetError):
            self.ending = "reset"

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    async def end(self) -> str:
        """Wait for the end, and return which it is."""
        await until(lambda: self.ending != "open")
        return self.ending


@asynccontextmanager
async def wired(sandbox: Sandbox) -> AsyncIterator[Wire]:
    """Give a new connection to the sandbox."""
    port = int(sandbox.url.rpartition(":")[2])
    transport, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
    try:
        yield wire
    finally:
        transport.abort()


def request(sandbox: Sandbox, method: str = "GET", path: str = "/v1/team", body: Any = None, **headers: str) -> bytes:
    """Return a request of the first team as bytes."""
    content = b"" if body is None else json.dumps(body).encode()
    given = {"Host": "x", "Content-Length": str(len(content)), **key_of(sandbox), **headers}
    head = "".join(f"{name}: {text}\r\n" for name, text in given.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content


def text_to(sandbox: Sandbox, number: str = "15105550160", **headers: str) -> bytes:
    """Return the request that sends a text."""
    team = sandbox.teams[0]
    body = {"inbox_id": team.inboxes[0]["id"], "creator_id": team.members[0]["id"], "phone_number": number, "text": "x"}
    return request(sandbox, "POST", "/v1/message/send", body, **headers)
