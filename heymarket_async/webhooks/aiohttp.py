"""Webhooks in an aiohttp application."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from heymarket_async.settings import check_positive
from heymarket_async.webhooks.receiver import Receiver, check_receiver


def add_route(app: web.Application, path: str, receiver: Receiver) -> None:
    """Let an application take webhooks at a path. The receiver is open while the application runs.

    Args:
        app: the application.
        path: the path of the address that Heymarket's settings name, such as `/webhooks/heymarket`.
        receiver: takes them.

    Raises:
        ArgumentError: it is no receiver.
    """
    check_receiver(receiver)

    async def handle(request: web.Request) -> web.Response:
        try:
            answer = await receiver.accept_stream(request.content.readany, request.content_length)
        except (ConnectionError, web.RequestPayloadError):
            return _broken(request)
        return web.Response(status=answer.status, body=answer.body)

    async def life(_: web.Application) -> AsyncIterator[None]:
        async with receiver:
            yield

    # aiohttp answers other methods with 405.
    app.router.add_post(path, handle)
    app.cleanup_ctx.append(life)


@asynccontextmanager
async def listening(
    receiver: Receiver, *, host: str = "127.0.0.1", port: int = 0, grace: float = 5.0
) -> AsyncGenerator[str]:
    """Serve a receiver by itself, at every path, and give the address. The receiver is open meanwhile.

    Args:
        receiver: takes webhooks.
        host: the address to listen on.
        port: the TCP port; 0 for any free one.
        grace: seconds for requests to end in, before the receiver closes; more than 0.

    Raises:
        ArgumentError: it is no receiver.
        ConfigurationError: the grace is no such number.
        OSError: the address cannot be had.
    """
    app = web.Application()
    add_route(app, "/{path:.*}", receiver)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=check_positive("grace", grace))
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield f"http://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def _broken(request: web.Request) -> web.Response:
    """Return the answer to a body that broke off, or is packed wrongly. aiohttp would log a traceback for each."""
    request.content.feed_eof()  # Else it reads on, to the same error.
    response = web.Response(status=400)
    response.force_close()
    return response
