"""A FastAPI app with a page: conversations, a text to send, and the answer as it comes.

.venv/bin/python examples/fastapi_app.py
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse
from fastapi.sse import EventSourceResponse
from starlette.routing import Route

from heymarket_async import AsyncSession, HeymarketError, Message, MessageEvent, MessageReceived
from heymarket_async.webhooks.asgi import AsgiApp
from playground import HOOK, PORT, playground
from webapp import FOR_HANDLERS, Text, answer_to, health, open_receiver, send_once

PAGE = Path(__file__).with_name("page.html")
router = APIRouter()


class Live:
    """Tells all open pages what happens. A page that does not listen is let go, and comes back by itself."""

    def __init__(self) -> None:
        self._pages: set[asyncio.Queue[dict[str, Any] | None]] = set()

    async def tell(self, event: MessageEvent) -> None:
        """Tell of a message."""
        for page in [*self._pages]:
            if page.full():
                self._pages.discard(page)
                page.get_nowait()
                page.put_nowait(None)
            else:
                page.put_nowait(show(event.message, inbound=isinstance(event, MessageReceived)))

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what happens from now on."""
        page = asyncio.Queue[dict[str, Any] | None](maxsize=100)
        self._pages.add(page)
        try:
            while (told := await page.get()) is not None:
                yield told
        finally:
            self._pages.discard(page)

    def close(self) -> None:
        """End all streams."""
        for page in self._pages:
            if page.full():
                page.get_nowait()
            page.put_nowait(None)


class Server(uvicorn.Server):
    """Ends the streams of open pages when it is told to end: it would wait for them for ever."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests and handlers that are under way come to their end."""
        self._live.close()
        await super().shutdown(sockets)


def session_of(request: Request) -> AsyncSession:
    """Return the session of the app."""
    heymarket: AsyncSession = request.app.state.heymarket
    return heymarket


Heymarket = Annotated[AsyncSession, Depends(session_of)]


@router.get("/")
async def page() -> FileResponse:
    """Show the page."""
    return FileResponse(PAGE)


@router.get("/inboxes")
async def inboxes(heymarket: Heymarket) -> list[dict[str, Any]]:
    """Return the inboxes, each with a member who sends."""
    found = await heymarket.inboxes.list()
    return [{"id": inbox.id, "name": inbox.name, "sender": inbox.members[0]} for inbox in found if inbox.members]


@router.get("/inboxes/{inbox}/conversations")
async def conversations(inbox: int, heymarket: Heymarket) -> list[dict[str, Any]]:
    """Return the latest conversations of an inbox."""
    found = heymarket.conversations.list(inboxes=[inbox], limit=30)
    return [
        {"id": chat.id, "name": chat.name, "phone": f"+{chat.target}", "last": chat.last_msg}
        async for chat in found
        if chat.target is not None and chat.target.isdigit()
    ]


@router.get("/conversations/{conversation}/messages")
async def messages(conversation: int, heymarket: Heymarket) -> list[dict[str, Any]]:
    """Return the latest messages, the oldest first. No number stands in an address, and so none in a log."""
    chat = await heymarket.conversations.get(conversation)
    if chat.inbox_id is None or chat.target is None:
        return []
    latest = heymarket.messages.history(inbox_id=chat.inbox_id, phone_number=f"+{chat.target}", limit=50)
    return [show(message, inbound=message.type == "inbound") async for message in latest][::-1]


@router.post("/texts")
async def send(text: Text, heymarket: Heymarket) -> dict[str, Any]:
    """Send a text."""
    return {"id": await send_once(heymarket, text)}


@router.get("/live", response_class=EventSourceResponse)
async def live(request: Request) -> AsyncIterator[dict[str, Any]]:
    """Tell a page what happens, as server-sent events."""
    async for told in request.app.state.live.listen():
        yield told


@router.get("/health")
async def check(request: Request, heymarket: Heymarket) -> JSONResponse:
    """Tell a load balancer how this process does."""
    status, figures = health(heymarket, request.app.state.receiver)
    return JSONResponse(figures, status)


async def tell_client(_: Request, error: Exception) -> JSONResponse:
    """Tell the client what went wrong."""
    assert isinstance(error, HeymarketError)
    status, told = answer_to(error)
    return JSONResponse(told, status)


def show(message: Message, *, inbound: bool) -> dict[str, Any]:
    """Return what the page shows of a message."""
    chat = message.conversation
    return {
        "id": message.id,
        "conversation": chat.id if chat else None,
        "inbox": chat.inbox_id if chat else None,
        "inbound": inbound,
        "text": message.text,
        "date": message.date.isoformat() if message.date else None,
    }


def create_app() -> FastAPI:
    """Return the app, with one session for all of it."""
    heymarket, receiver, pages = AsyncSession.from_env(timeout=FOR_HANDLERS), open_receiver(), Live()
    receiver.on(MessageEvent)(pages.tell)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with heymarket, receiver:  # The receiver closes first, so that its handlers can send to the end.
            yield

    app = FastAPI(lifespan=lifespan)
    app.state.heymarket, app.state.receiver, app.state.live = heymarket, receiver, pages
    app.include_router(router)
    app.router.routes.append(Route(HOOK, AsgiApp(receiver), methods=["POST"]))
    app.add_exception_handler(HeymarketError, tell_client)
    return app


def main() -> None:
    """Serve until Ctrl-C or SIGTERM."""
    with playground(PORT), suppress(KeyboardInterrupt):
        app = create_app()
        print(f"The page is at http://127.0.0.1:{PORT}/", flush=True)
        Server(uvicorn.Config(app, port=PORT, log_level="warning"), app.state.live).run()


if __name__ == "__main__":
    main()
