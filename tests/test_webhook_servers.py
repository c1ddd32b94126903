"""Webhooks through real servers: aiohttp, and ASGI under uvicorn, alone and mounted in Starlette."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import itertools
import logging
import random
import sys
from collections import Counter

import aiohttp
import pytest
import uvicorn
from aiohttp import web
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from yarl import URL

from heymarket_async import ArgumentError, ConfigurationError
from heymarket_async.clock import VirtualClock
from heymarket_async.webhooks import EventStoreError, Receiver
from heymarket_async.webhooks.aiohttp import add_route, listening
from heymarket_async.webhooks.asgi import AsgiApp
from webhook_support import TOKEN, Notes, bodies, body_of

PATH = "/webhooks/heymarket"


@contextlib.asynccontextmanager
async def on_aiohttp(receiver):
    app = web.Application()
    add_route(app, PATH, receiver)
    # After a refusal, aiohttp reads on for so many seconds, and throws away what comes.
    runner = web.AppRunner(app, lingering_time=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def on_uvicorn(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", ws="none"))
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, uvicorn.Server, "capture_signals", uvicorn.Server.capture_signals)
        uvicorn.Server.capture_signals = lambda _: contextlib.nullcontext()
        serving = asyncio.ensure_future(server.serve())
        async with asyncio.timeout(10):
            while not server.started and not serving.done():
                await asyncio.sleep(0.005)
        try:
            yield server.servers[0].sockets[0].getsockname()[1]
        finally:
            server.should_exit = True
            await serving


def alone(receiver):
    return on_uvicorn(AsgiApp(receiver))


def mounted(receiver):
    @contextlib.asynccontextmanager
    async def lifespan(app):
        async with receiver:
            yield

    return on_uvicorn(Starlette(lifespan=lifespan, routes=[Route(PATH, AsgiApp(receiver), methods=["POST"])]))


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture(params=[on_aiohttp, alone, mounted], ids=["aiohttp", "asgi", "starlette"])
async def place(request, clock):
    notes = Notes()
    receiver = Receiver(TOKEN, clock=clock, largest=20_000)
    receiver.on()(notes)
    async with request.param(receiver) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        yield receiver, notes, client, port


def post(client, body, **settings):
    return client.post(PATH, data=body, **settings)


async def test_events_come_to_their_handlers(place):
    receiver, notes, client, _ = place
    for body in bodies(20):
        async with post(client, body) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
    await receiver.settle()
    assert notes.ids == [*range(1, 21)]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{}", 401), (body_of(token="wrong"), 401), (b'{"type"', 400), (b"x" * 20_001, 413)],
)
async def test_what_is_refused_is_answered_with_a_status_and_nothing_else(place, body, status):
    _, notes, client, _ = place
    async with post(client, body) as answer:
        assert (answer.status, await answer.read()) == (status, b"")
    assert not notes.events


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
async def test_only_post_will_do(place, method):
    _, _, client, _ = place
    async with client.request(method, PATH, data=body_of()) as answer:
        assert answer.status == 405
        assert "POST" in answer.headers["Allow"]


async def test_a_body_in_pieces_is_put_together(place):
    receiver, notes, client, _ = place

    async def pieces():
        body = body_of(id=7)
        for start in range(0, len(body), 100):
            yield body[start : start + 100]
            await asyncio.sleep(0)

    async with post(client, pieces()) as answer:
        assert answer.status == 200
    await receiver.settle()
    assert notes.ids == [7]


async def test_no_more_of_a_body_is_read_than_may_be(place):
    _, _, client, _ = place
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 10_000
            yield b"x" * 10_000

    with contextlib.suppress(aiohttp.ClientError):
        async with asyncio.timeout(10), post(client, endless()) as answer:
            assert answer.status == 413
    assert sent < 10_000_000


async def raw(port, *pieces):
    """Return what comes back for bytes on a connection of their own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    return reader, writer


async def test_a_length_that_is_too_large_is_refused_before_anything_comes(place):
    _, _, _, port = place
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
    reader, writer = await raw(port, head.encode())
    async with asyncio.timeout(10):
        assert b" 413 " in await reader.readline()
    writer.close()


async def test_a_sender_that_goes_away_within_a_body_does_no_harm(place):
    receiver, notes, client, port = place
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    _, writer = await raw(port, head.encode(), body_of()[:500])
    await asyncio.sleep(0.05)
    writer.transport.abort()
    async with post(client, body_of()) as answer:
        assert answer.status == 200
    await receiver.settle()
    assert len(notes.events) == 1


@pytest.mark.parametrize(
    ("head", "begun"),
    [("Content-Length: 1000", b"{"), ("Transfer-Encoding: chunked", b"5\r\n{aaaa\r\n")],
    ids=["length", "chunked"],
)
async def test_senders_that_go_away_fill_no_log(place, head, begun, caplog):
    _, _, client, port = place
    for _ in range(3):
        _, writer = await raw(port, f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode(), begun)
        await asyncio.sleep(0.05)
        writer.transport.abort()
    async with post(client, body_of()) as answer:
        assert answer.status == 200
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_what_is_packed_wrongly_is_refused(place, caplog):
    _, notes, client, _ = place
    for _ in range(2):
        async with post(client, b"no gzip at all", headers={"Content-Encoding": "gzip"}) as answer:
            assert answer.status == 400
    assert not notes.events
    assert not any(record.exc_info for record in caplog.records)


async def test_a_body_that_never_ends_is_given_up(place, clock):
    receiver, _, _, port = place
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    reader, writer = await raw(port, head.encode(), body_of()[:500])
    answer = asyncio.ensure_future(reader.readline())
    async with asyncio.timeout(10):
        while not answer.done():
            await asyncio.sleep(0.005)
            clock.advance(1)
    assert b" 408 " in answer.result()
    assert receiver.stats.refused == {408: 1}
    writer.close()


async def test_a_bomb_is_not_unpacked_beyond_what_may_be(place):
    _, notes, client, _ = place
    bomb = gzip.compress(b"[" * 50_000_000)
    async with post(client, bomb[:15_000], headers={"Content-Encoding": "gzip"}) as answer:
        assert answer.status in (400, 413)
    assert not notes.events


async def test_where_too_much_waits_the_answer_is_503():
    first, second = bodies(2)
    for serve in (on_aiohttp, alone):
        receiver, notes = Receiver(TOKEN, queue=1), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        async with serve(receiver) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            async with post(client, first) as answer:
                assert answer.status == 200
            async with post(client, second) as answer:
                assert answer.status == 503
            notes.gate.set()
        assert notes.ids == [1]


async def test_the_end_of_the_server_waits_for_handlers():
    for serve in (on_aiohttp, alone, mounted):
        receiver, done = Receiver(TOKEN), []

        @receiver.on()
        async def handler(event, done=done):
            await asyncio.sleep(0.1)
            done.append(event.message.id)

        async with serve(receiver) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            for body in bodies(3):
                async with post(client, body) as answer:
                    assert answer.status == 200
            assert not done
        assert sorted(done) == [1, 2, 3]


async def test_a_store_that_cannot_be_used_keeps_the_server_from_starting(tmp_path):
    sent = []

    async def receive():
        return {"type": "lifespan.startup"}

    async def send(message):
        sent.append(message)

    app = AsgiApp(Receiver(TOKEN, store=tmp_path / "none" / "events.db"))
    with pytest.raises(EventStoreError):
        await app({"type": "lifespan"}, receive, send)
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert "cannot be used" in sent[0]["message"]


@pytest.mark.quiet
async def test_an_app_that_does_not_open_the_receiver_answers_500():
    receiver = Receiver(TOKEN)
    app = Starlette(routes=[Mount("/webhooks", AsgiApp(receiver))])
    async with on_uvicorn(app) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        async with post(client, body_of()) as answer:
            assert answer.status == 500


async def test_a_websocket_is_turned_away():
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    await AsgiApp(Receiver(TOKEN))({"type": "websocket", "path": "/"}, receive, send)
    assert sent == [{"type": "websocket.close"}]


@pytest.mark.parametrize("value", [None, 5, Receiver])
def test_what_is_no_receiver_is_an_error(value):
    with pytest.raises(ArgumentError, match="receiver must be a Receiver"):
        AsgiApp(value)
    with pytest.raises(ArgumentError, match="receiver must be a Receiver"):
        add_route(web.Application(), PATH, value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_receiver_can_be_served_by_itself(host):
    notes, receiver = Notes(), Receiver(TOKEN)
    receiver.on()(notes)
    async with listening(receiver, host=host) as url, aiohttp.ClientSession() as client:
        async with client.post(f"{url}any/path", data=body_of()) as answer:
            assert answer.status == 200
        async with client.get(url) as answer:
            assert answer.status == 405
    assert len(notes.events) == 1
    assert "not open" in repr(receiver)


@pytest.mark.parametrize("grace", [0, -1.0, "5"])
async def test_a_server_that_would_never_end_is_an_error(grace):
    # To aiohttp none of these is a limit.
    with pytest.raises(ConfigurationError, match="grace must be a positive number"):
        async with listening(Receiver(TOKEN), grace=grace):
            pass


SERVER = """
import asyncio, os, sys
from heymarket_async.webhooks import Receiver
from heymarket_async.webhooks.aiohttp import listening

token, store, port, handled = sys.argv[1:]
receiver = Receiver(token, store=store)
notes = os.open(handled, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

@receiver.on()
async def handler(event):
    await asyncio.sleep(0.01)
    os.write(notes, f"{event.message.id}\\n".encode())

async def main():
    async with listening(receiver, port=int(port)) as url:
        print(url, flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def running(*arguments):
    """Run the server as a process of its own, give its address and what kills it, and kill it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, TOKEN, *map(str, arguments)), stdout=asyncio.subprocess.PIPE
    )

    async def kill():
        if process.returncode is None:
            process.kill()
        await process.wait()

    try:
        async with asyncio.timeout(30):
            yield (await process.stdout.readline()).decode().strip(), kill
    finally:
        await kill()


@pytest.mark.slow
async def test_whenever_it_is_killed_what_heard_yes_is_handled(tmp_path):
    chance, notes, store = random.Random(7), tmp_path / "handled", tmp_path / "events.db"
    accepted, numbers, kills, port = set(), itertools.count(1), 8, 0

    async def sends(client, url):
        while True:
            number = next(numbers)
            async with client.post(url, data=body_of(id=number)) as answer:
                if answer.status == 200:
                    accepted.add(number)

    for _ in range(kills):
        async with running(store, port, notes) as (url, kill), aiohttp.ClientSession() as client:
            port = URL(url).port
            senders = [asyncio.ensure_future(sends(client, url)) for _ in range(8)]
            await asyncio.sleep(chance.uniform(0.0, 0.4))
            await kill()
            results = await asyncio.gather(*senders, return_exceptions=True)
            assert all(isinstance(result, aiohttp.ClientError | OSError) for result in results)
    async with running(store, port, notes):
        async with asyncio.timeout(30):
            while not accepted <= set(map(int, notes.read_text().split())):
                await asyncio.sleep(0.05)
    handled = Counter(map(int, notes.read_text().split()))
    assert len(accepted) > 100
    # What comes twice had just been handled when the process was killed, and that was not written yet.
    assert sum(times - 1 for times in handled.values()) <= kills * 8
