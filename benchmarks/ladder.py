"""What each storey of a call adds to bare aiohttp."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from benchmarks.calls import CONCURRENCY
from benchmarks.crowd import Crowds
from benchmarks.figures import Section, Table, ratio, scaled
from benchmarks.peers import AIOHTTP, CONNECTIONS, OURS, PEERS, Lister, Peer, ours
from benchmarks.rounds import interleave
from benchmarks.server import canned
from heymarket_async.clock import SYSTEM_CLOCK
from heymarket_async.deadlines import Deadlines
from heymarket_async.lanes import Lane
from heymarket_async.resources.inboxes import LIST_INBOXES
from heymarket_async.transport import exchange
from heymarket_async.transport.requests import Progress, WatchedRequest, progress_of_request
from heymarket_async.wire import encode

ROUNDS = 20

TEXT = f"""
Where the time of a call for one inbox goes, {CONCURRENCY} at once: each row does all that the one above it does, and
one thing more. The first is what aiohttp takes as we set it up: no cookies, no redirects, no timer of its own.
"""


@contextlib.asynccontextmanager
async def _aiohttp_as_we_use_it(url: str, *, deadline: bool) -> AsyncIterator[Lister]:
    address = URL(f"{url}/v1/inboxes", encoded=True)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        request_class=WatchedRequest,
        timeout=aiohttp.ClientTimeout(sock_connect=10.0),
    ) as http:

        async def ask() -> bytes:
            progress_of_request.set(Progress())
            response = await http.request("GET", address, headers={"Authorization": "Bearer x"}, allow_redirects=False)
            try:
                return await response.content.read()
            finally:
                response.release()

        deadlines = Deadlines(SYSTEM_CLOCK)

        async def ask_in_time() -> bytes:
            with deadlines.block(30.0):
                return await ask()

        yield ask_in_time if deadline else ask


@contextlib.asynccontextmanager
async def _exchanges(url: str, *, reads: bool) -> AsyncIterator[Lister]:
    async with ours(url, rate_limit=None, pool_size=CONNECTIONS) as session:
        engine = session._engine
        account = engine.account

        async def ask() -> object:
            call = LIST_INBOXES.call()
            attempt = await exchange(
                engine.pool,
                encode(call),
                options=engine.options,
                mint=account.mint,
                turnstile=account.turnstile,
                lane=Lane.INTERACTIVE,
                clock=engine.clock,
                deadline=math.inf,
            )
            assert attempt.reply is not None
            if not reads:
                return attempt.reply
            return engine.reader.read(attempt.reply.body, call.operation.reply)

        yield ask


LADDER: dict[str, Peer] = {
    "aiohttp, as we set it up, no JSON": lambda url: _aiohttp_as_we_use_it(url, deadline=False),
    "and a deadline": lambda url: _aiohttp_as_we_use_it(url, deadline=True),
    "and token, gates, what was sent": lambda url: _exchanges(url, reads=False),
    "and typed inboxes": lambda url: _exchanges(url, reads=True),
    f"and retries, rate limit, events: {OURS}": PEERS[OURS],
    AIOHTTP: PEERS[AIOHTTP],
}


def measure() -> Section:
    """Measure every storey, on replies of one inbox."""
    with canned(("inboxes", 1, "clean")) as server, Crowds() as crowds:
        (url,) = server.urls
        subjects = {name: crowds.of(crowds.enter(peer, url), CONCURRENCY) for name, peer in LADDER.items()}
        costs = interleave(subjects, rounds=ROUNDS, step=2 * CONCURRENCY)
    bare = costs[AIOHTTP].cpu
    rows = [(name, scaled(cost.cpu, 1e6).show(), ratio(cost.cpu, bare).show(2)) for name, cost in costs.items()]
    return Section(
        title="The storeys of a call",
        text=TEXT,
        tables=[Table(("1 inbox", "CPU, µs", f"CPU, × {AIOHTTP}"), rows)],
    )
