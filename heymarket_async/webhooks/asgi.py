"""Webhooks in any ASGI server or framework. https://asgi.readthedocs.io/en/latest/specs/www.html"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from heymarket_async.webhooks.receiver import Answer, Receiver, check_receiver

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class _Gone(Exception):
    """The sender has gone before all was read."""


class AsgiApp:
    """An ASGI application that takes webhooks by POST, at whatever path it is mounted.

    Alone in a server, it opens the receiver when that starts, and closes it when that ends. Mounted in an application,
    which keeps such messages to itself, the receiver is opened by that: `async with receiver:` in its `lifespan`.

    Args:
        receiver: takes them.

    Raises:
        ArgumentError: it is no receiver.
    """

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = check_receiver(receiver)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the server, as ASGI wants it."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            with contextlib.suppress(_Gone):
                await _respond(send, await self._answer(scope, receive))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            return Answer(405)
        return await self._receiver.accept_stream(_reader(receive), _length(scope))

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._receiver.open()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._receiver.close()
        await send({"type": "lifespan.shutdown.complete"})


def _length(scope: Scope) -> int | None:
    """Return how long a body says that it is. Servers refuse a length that is no number."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else None


def _reader(receive: Receive) -> Callable[[], Awaitable[bytes]]:
    more = True

    async def read() -> bytes:
        nonlocal more
        piece = b""
        while more and not piece:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            more, piece = message.get("more_body", False), message.get("body", b"")
        return piece

    return read


async def _respond(send: Send, answer: Answer) -> None:
    headers = [(b"content-length", str(len(answer.body)).encode())]
    if answer.status == 405:
        headers.append((b"allow", b"POST"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
