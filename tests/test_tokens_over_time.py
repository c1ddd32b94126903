"""One token a life, never a dead one on the wire: hours of simulated time, shared by client and sandbox."""

from __future__ import annotations

import asyncio

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from heymarket_async import ApiSecret, AsyncSession, Timeouts
from heymarket_async.auth import BACKDATE, MARGIN, TOKEN_LIFE
from heymarket_async.clock import SkewedClock, VirtualClock
from heymarket_async.sandbox import Ordinary, Sandbox

SECRET = ApiSecret("11111111-2222-4333-8444-555555555555", "ExampleSecretKey0123456789ABCDEF")
LIFE = TOKEN_LIFE - BACKDATE - MARGIN


def session_for(sandbox: Sandbox, clock) -> AsyncSession:
    return AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, rate_limit=None)


async def test_six_hours_of_concurrent_callers_mint_once_a_life_and_are_never_refused():
    clock = VirtualClock()
    async with Sandbox(clock=clock, rate_limit=None) as sandbox, session_for(sandbox, clock) as session:
        step, steps = 7.0, 3100
        for _ in range(steps):
            await asyncio.gather(*(session.inboxes.list() for _ in range(3)))
            clock.advance(step)
        assert len(sandbox.requests) == 3 * steps
        assert {received.status for received in sandbox.requests} == {200}
        ages = [received.token_age for received in sandbox.requests]
        assert max(ages) <= TOKEN_LIFE - MARGIN
        assert min(ages) >= BACKDATE
        hours = steps * step
        # A life ends at the first step past its end, and so each takes at most one step more than it could.
        assert hours / (LIFE + step) <= session._engine.account.mint.minted <= hours / LIFE + 1


async def test_a_laptop_that_slept_comes_back_with_a_new_token():
    clock = VirtualClock()
    async with Sandbox(clock=clock) as sandbox, session_for(sandbox, clock) as session:
        for _ in range(5):
            await session.inboxes.list()
            clock.suspend(3600)
        assert session._engine.account.mint.minted == 5
        assert {received.status for received in sandbox.requests} == {200}


async def test_a_wall_clock_that_is_set_back_keeps_no_old_token_alive():
    true_time = VirtualClock()
    here = SkewedClock(true_time, skew=20.0)
    async with Sandbox(clock=true_time, leeway=30.0) as sandbox, session_for(sandbox, here) as session:
        await session.inboxes.list()
        here.skew = -20.0  # set back by 40 seconds: by the wall the token is younger than it is
        for _ in range(60):
            true_time.advance(10)
            await session.inboxes.list()
        assert {received.status for received in sandbox.requests} == {200}
        assert max(received.token_age for received in sandbox.requests) < TOKEN_LIFE


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0, -300.0, 300.0])
async def test_a_clock_that_jumps_and_is_right_after_is_followed_at_once(jump):
    true_time = VirtualClock()
    here = SkewedClock(true_time)
    async with Sandbox(clock=true_time) as sandbox, session_for(sandbox, here) as session:
        await session.inboxes.list()
        here.skew = jump
        session._engine.account.mint.token()  # made while the clock is wrong
        here.skew = 0.0
        await session.inboxes.list()
        assert [received.status for received in sandbox.requests] == [200, 200]


async def test_a_token_is_made_when_its_turn_comes_not_when_it_begins_to_wait():
    clock, patience = VirtualClock(), Timeouts(total=3000, read=1000)
    async with Sandbox(clock=clock) as sandbox:
        async with AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, pool_size=1) as session:
            sandbox.script("list_inboxes", Ordinary(delay=400.0))
            slow = asyncio.create_task(session.with_options(timeout=patience).inboxes.list())
            while not sandbox.requests:
                await asyncio.sleep(0.001)
            waiting = [asyncio.create_task(session.with_options(timeout=patience).inboxes.list()) for _ in range(5)]
            await asyncio.sleep(0.01)
            assert len(sandbox.requests) == 1
            clock.advance(400)
            await asyncio.gather(slow, *waiting)
            assert {received.status for received in sandbox.requests} == {200}
            assert max(received.token_age for received in sandbox.requests[1:]) <= TOKEN_LIFE - MARGIN


async def test_what_is_sent_is_a_token_by_an_independent_library():
    sent = []

    async def inboxes(request: web.Request) -> web.Response:
        sent.append(request.headers["Authorization"])
        return web.json_response([])

    app = web.Application()
    app.router.add_get("/v1/inboxes", inboxes)
    async with TestServer(app) as server, AsyncSession(SECRET, base_url=str(server.make_url("/"))) as session:
        await session.inboxes.list()
    (scheme, token) = sent[0].split(" ")
    claims = jwt.decode(token, f"{SECRET.id}||{SECRET.key}", algorithms=["HS256"])
    assert (scheme, set(claims), claims["iss"]) == ("Bearer", {"iss", "iat"}, SECRET.id)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
