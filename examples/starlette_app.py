"""A Starlette app in several processes: some send texts, and one takes webhooks and polls for what they have lost.

.venv/bin/python examples/starlette_app.py
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from heymarket_async import AsyncSession, HeymarketError, MessageReceived
from heymarket_async.webhooks import reconcile
from heymarket_async.webhooks.asgi import AsgiApp
from playground import HOOK, PORT, playground
from webapp import FOR_HANDLERS, SERVICE_LIMIT, answer_to, files, health, open_receiver, read_text, send_once


def open_session() -> AsyncSession:
    """Return a session with the part of this process in what the service allows all of them, webhooks' included."""
    processes = int(os.environ.get("WEB_CONCURRENCY", "1")) + 1
    return AsyncSession.from_env(timeout=FOR_HANDLERS, rate_limit=SERVICE_LIMIT // processes)


async def send(request: Request) -> JSONResponse:
    """Send a text."""
    text = read_text(await request.body())
    return JSONResponse({"id": await send_once(request.app.state.heymarket, text)})


async def check(request: Request) -> JSONResponse:
    """Tell a load balancer how this process does."""
    status, figures = health(request.app.state.heymarket, getattr(request.app.state, "receiver", None))
    return JSONResponse({"process": os.getpid(), **figures}, status)


async def tell_client(_: Request, error: Exception) -> JSONResponse:
    """Tell the client what went wrong."""
    if isinstance(error, HeymarketError):
        status, told = answer_to(error)
        return JSONResponse(told, status)
    return JSONResponse({"error": str(error)}, 400)


def create_app() -> Starlette:
    """Return the app that sends, for as many processes as you like."""
    heymarket = open_session()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with heymarket:
            yield

    app = Starlette(
        lifespan=lifespan,
        routes=[Route("/texts", send, methods=["POST"]), Route("/health", check)],
        exception_handlers={HeymarketError: tell_client, msgspec.DecodeError: tell_client},
    )
    app.state.heymarket = heymarket
    return app


def create_hooks() -> Starlette:
    """Return the app that takes webhooks, for one process: only that one knows which events it has seen."""
    heymarket, receiver = open_session(), open_receiver()

    @receiver.on(MessageReceived)
    async def note(event: MessageReceived) -> None:
        print(f"Somebody wrote: message {event.message.id}, told by a {event.source.value}.", flush=True)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with heymarket, receiver:
            watch = heymarket.watch_batches("messages", every=20, store=files() / "state.db")
            polling = asyncio.create_task(reconcile(receiver, watch))
            yield
            await watch.aclose()
            await polling

    hooks = Starlette(
        lifespan=lifespan, routes=[Route(HOOK, AsgiApp(receiver), methods=["POST"]), Route("/health", check)]
    )
    hooks.state.heymarket, hooks.state.receiver = heymarket, receiver
    return hooks


def main() -> None:
    """Serve texts at PORT with WEB_CONCURRENCY processes, and webhooks at the next port, until Ctrl-C or SIGTERM."""
    workers = int(os.environ.setdefault("WEB_CONCURRENCY", "2"))
    with playground(PORT + 1):
        hooks = multiprocessing.get_context("spawn").Process(
            target=uvicorn.run,
            args=("starlette_app:create_hooks",),
            kwargs={"factory": True, "port": PORT + 1, "workers": 1, "log_level": "warning"},
        )
        hooks.start()
        try:
            uvicorn.run("starlette_app:create_app", factory=True, port=PORT, workers=workers, log_level="warning")
        finally:
            hooks.terminate()
            hooks.join()


if __name__ == "__main__":
    main()
