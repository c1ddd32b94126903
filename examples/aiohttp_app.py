"""An aiohttp app: it sends texts, and answers by itself who asks for the opening hours.

.venv/bin/python examples/aiohttp_app.py
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from heymarket_async import AsyncSession, HeymarketError, MessageReceived, Receiver
from heymarket_async.webhooks.aiohttp import add_route
from playground import HOOK, PORT, playground
from webapp import FOR_HANDLERS, answer_to, health, open_receiver, read_text, send_once

HEYMARKET = web.AppKey("heymarket", AsyncSession)
RECEIVER = web.AppKey("receiver", Receiver)
routes = web.RouteTableDef()


@routes.post("/texts")
async def send(request: web.Request) -> web.Response:
    """Send a text."""
    text = read_text(await request.read())
    return web.json_response({"id": await send_once(request.app[HEYMARKET], text)})


@routes.get("/health")
async def check(request: web.Request) -> web.Response:
    """Tell a load balancer how this process does."""
    status, figures = health(request.app[HEYMARKET], request.app[RECEIVER])
    return web.json_response(figures, status=status)


@web.middleware
async def errors_as_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the client what went wrong."""
    try:
        return await handler(request)
    except msgspec.DecodeError as error:
        return web.json_response({"error": str(error)}, status=400)
    except HeymarketError as error:
        status, told = answer_to(error)
        return web.json_response(told, status=status)


async def session(app: web.Application) -> AsyncIterator[None]:
    """Keep the session open while the app runs."""
    async with app[HEYMARKET]:
        yield


def create_app() -> web.Application:
    """Return the app, with one session for all of it."""
    heymarket, receiver = AsyncSession.from_env(timeout=FOR_HANDLERS), open_receiver()

    @receiver.on(MessageReceived)
    async def tell_hours(event: MessageReceived) -> None:
        chat = event.conversation
        if chat is not None and chat.members and "hours" in (event.message.text or "").lower():
            await event.reply(heymarket, creator_id=chat.members[0].id or 0, text="We are open from nine to five.")

    app = web.Application(middlewares=[errors_as_answers])
    app[HEYMARKET], app[RECEIVER] = heymarket, receiver
    app.cleanup_ctx.append(session)
    # Opened after the session and closed before it, so that its handlers can send to the end.
    add_route(app, HOOK, receiver)
    app.add_routes(routes)
    return app


def main() -> None:
    """Serve until Ctrl-C or SIGTERM: then requests and handlers that are under way come to their end."""
    with playground(PORT):
        web.run_app(create_app(), host="127.0.0.1", port=PORT)


if __name__ == "__main__":
    main()
