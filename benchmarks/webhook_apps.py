"""A web app that takes webhooks with handlers which take their time, and notes what they have handled.

    python -m benchmarks.webhook_apps fastapi 8000 0.5 5

That is the port, the seconds that a handler takes, and the seconds from one poll to the next.

Its standard input tells where the service is, as a line of JSON with `url`, `secret_id` and `secret_key`. It writes a
line when it is ready, tells at `/handled` how many different events it has handled, and when its input ends it ends in
order and writes its books: how often each was handled, by what it was told, and what it took.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import uvicorn
from aiohttp import web
from fastapi import FastAPI
from starlette.routing import Route

from heymarket_async import ApiSecret, AsyncSession, MessageReceived, Receiver
from heymarket_async.watch import Feed
from heymarket_async.webhooks import reconcile
from heymarket_async.webhooks.aiohttp import add_route
from heymarket_async.webhooks.asgi import AsgiApp

TOKEN = "check-me"
PATH = "/hook"
# As many as come in a few seconds, because each takes its time.
WORKERS = 4000


class App:
    """What both apps share: a session, a receiver, and a handler that is idempotent and slow."""

    def __init__(self, service: dict[str, Any], seconds: float, every: float) -> None:
        secret = ApiSecret(service["secret_id"], service["secret_key"])
        self.session = AsyncSession(secret, base_url=service["url"], rate_limit=None)
        self.receiver = Receiver(TOKEN, workers=WORKERS, queue=50_000, remember=500_000)
        self.receiver.on(MessageReceived)(self.handle)
        self.times: Counter[int] = Counter()
        self.sources: Counter[str] = Counter()
        self.seconds, self.every = seconds, every

    async def handle(self, event: MessageReceived) -> None:
        self.times[event.message.id] += 1
        self.sources[event.source.value] += 1
        await asyncio.sleep(self.seconds)

    @contextlib.asynccontextmanager
    async def life(self, _: object = None) -> AsyncIterator[None]:
        """Be open, and poll for what the webhooks have lost."""
        polled = asyncio.Event()
        feed = Feed("messages", overlap=timedelta(seconds=2), most=10_000_000, keep=0, remember=0)
        async with self.session, self.receiver:
            watch = self.session.watch_batches(feed, every=self.every, listener=lambda _: polled.set())
            polling = asyncio.create_task(reconcile(self.receiver, watch))
            await polled.wait()
            gc.freeze()  # What is there from the start is not gone through again and again.
            yield
            await watch.aclose()
            await polling

    def handled(self) -> dict[str, int]:
        return {"handled": len(self.times)}

    def books(self) -> dict[str, Any]:
        stats = self.receiver.stats
        return {
            "times": self.times,
            "sources": self.sources,
            "duplicates": stats.duplicates,
            "busy": stats.busy,
            "cpu": time.process_time(),
        }


async def on_aiohttp(app: App, port: int, ended: asyncio.Event) -> None:
    """Serve with aiohttp."""

    async def handled(_: web.Request) -> web.Response:
        return web.json_response(app.handled())

    async def life(_: web.Application) -> AsyncIterator[None]:
        async with app.life():
            yield

    served = web.Application()
    served.router.add_get("/handled", handled)
    add_route(served, PATH, app.receiver)
    served.cleanup_ctx[:] = [life]  # It opens the receiver itself.
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    _say(ready=True)
    await ended.wait()
    await runner.cleanup()


async def on_fastapi(app: App, port: int, ended: asyncio.Event) -> None:
    """Serve with FastAPI under uvicorn."""
    served = FastAPI(lifespan=app.life)
    served.get("/handled")(app.handled)
    served.router.routes.append(Route(PATH, AsgiApp(app.receiver), methods=["POST"]))
    server = uvicorn.Server(uvicorn.Config(served, port=port, log_level="error", access_log=False))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    _say(ready=True)
    await ended.wait()
    server.should_exit = True
    await serving


SERVERS = {"aiohttp": on_aiohttp, "fastapi": on_fastapi}


async def main(name: str, port: int, seconds: float, every: float) -> None:
    """Serve until standard input ends."""
    app, ended = App(json.loads(await asyncio.to_thread(sys.stdin.readline)), seconds, every), asyncio.Event()

    async def wait() -> None:
        await asyncio.to_thread(sys.stdin.read)
        ended.set()

    waiting = asyncio.create_task(wait())
    await SERVERS[name](app, port, ended)
    await waiting
    _say(**app.books())


def _say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), *map(float, sys.argv[3:])))
