"""What happens at the edges of a session's life: closing, other loops, other proxies, other credentials."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import random
import socket
import time
import typing
from contextlib import nullcontext

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from heymarket_async import (
    ApiSecret,
    ArgumentError,
    AsyncSession,
    AuthenticationError,
    BadRequest,
    ConfigurationError,
    Effect,
    HeymarketError,
    Inbox,
    NeverSent,
    NotFound,
    RateLimited,
    ReplyError,
    Retries,
    SendUnknown,
    ServerError,
    SessionClosed,
    Timeouts,
    WrongEventLoop,
)
from heymarket_async.auth import TOKEN_LIFE
from heymarket_async.clock import SkewedClock, VirtualClock
from heymarket_async.resources.inboxes import LIST_INBOXES
from heymarket_async.sandbox import Hang, Ordinary, Reply, Sandbox
from heymarket_async.session import SessionSettings
from idle_time import run
from sandbox_support import until
from unreachable import silent

SECRET = ApiSecret("11111111-2222-4333-8444-555555555555", "ExampleSecretKey0123456789ABCDEF")


class TestClosing:
    @pytest.mark.parametrize("effect", list(Effect))
    async def test_a_call_that_would_not_be_tried_again_is_told_so_too(self, heymarket_sandbox, effect):
        heymarket_sandbox.script("*", Hang())
        session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, retries=Retries(attempts=1))
        call = asyncio.create_task(session.request("POST", "/v1/message/send", effect=effect))
        await until(lambda: heymarket_sandbox.requests)
        await session.close()
        with pytest.raises(SendUnknown if effect is Effect.SENDS else SessionClosed):
            await call

    @pytest.mark.parametrize("effect", list(Effect))
    async def test_those_who_wait_for_a_connection_are_told(self, heymarket_sandbox, effect):
        heymarket_sandbox.script("*", Hang())
        session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, pool_size=1)
        calls = [asyncio.create_task(session.request("POST", "/v1/contacts", json={}, effect=effect)) for _ in range(6)]
        while not heymarket_sandbox.requests:
            await asyncio.sleep(0.001)
        await session.close()
        async with asyncio.timeout(5):
            results = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(result) for result in results[1:]] == [SessionClosed] * 5
        assert len(heymarket_sandbox.requests) == 1
        assert session.budget.in_flight == 0

    async def test_they_are_told_that_and_nothing_else_where_nothing_is_tried_again(self, heymarket_sandbox):
        heymarket_sandbox.script("*", Hang())
        session = AsyncSession(
            heymarket_sandbox.secret, base_url=heymarket_sandbox.url, pool_size=1, retries=Retries(attempts=1)
        )
        calls = [asyncio.create_task(session.inboxes.list()) for _ in range(4)]
        while not heymarket_sandbox.requests:
            await asyncio.sleep(0.001)
        await session.close()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(result) for result in results[1:]] == [SessionClosed] * 3

    async def test_those_who_wait_for_another_attempt_are_woken_and_told(self, heymarket_sandbox):
        heymarket_sandbox.script("*", Reply(503, headers={"Retry-After": "50"}))
        session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url)
        call = asyncio.create_task(session.inboxes.list())
        while not session.last_reply:
            await asyncio.sleep(0.001)
        await session.close()
        async with asyncio.timeout(5):
            with pytest.raises(SessionClosed, match="during the call"):
                await call
        assert len(heymarket_sandbox.requests) == 1

    async def test_those_who_wait_for_the_rate_limit_are_woken_and_told(self, heymarket_sandbox):
        session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, rate_limit=1, timeout=100)
        await session.inboxes.list()
        calls = [asyncio.create_task(session.inboxes.list()) for _ in range(1)]
        while session.budget.waiting < 1:
            await asyncio.sleep(0)
        await session.close()
        async with asyncio.timeout(5):
            results = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(result) for result in results] == [SessionClosed]
        assert (session.budget.waiting, session.budget.in_flight) == (0, 0)

    async def test_a_copy_that_is_closed_wakes_nobody(self, heymarket_sandbox):
        clock = VirtualClock()
        async with AsyncSession(
            heymarket_sandbox.secret,
            base_url=heymarket_sandbox.url,
            clock=SkewedClock(clock, time.time() - clock.wall()),
        ) as session:
            heymarket_sandbox.script("*", Reply(503, headers={"Retry-After": "50"}))
            call = asyncio.create_task(session.inboxes.list())
            while not session.last_reply:
                await asyncio.sleep(0.001)
            await session.with_options(timeout=5).close()
            clock.advance(50)
            assert await call

    async def test_a_caller_that_is_cancelled_while_it_waits_sees_the_cancellation(self, heymarket_sandbox):
        heymarket_sandbox.script("*", Reply(503, headers={"Retry-After": "50"}))
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.2):
                    await session.inboxes.list()
        assert not isinstance(caught.value, HeymarketError)

    async def test_the_last_of_orphaned_copies_closes_the_connections(self, heymarket_sandbox):
        def copies() -> tuple[AsyncSession, AsyncSession]:
            root = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url)
            return root.with_options(timeout=5), root.as_account(heymarket_sandbox.teams[1].secret)

        one, other = copies()
        await one.close()
        assert await other.inboxes.list()
        await other.close()
        assert not other._engine.pool.is_open

    async def test_a_subclass_keeps_what_is_its_own_in_copies(self):
        class Tagged(AsyncSession):
            tag = ""

        session = Tagged(SECRET)
        session.tag = "shop"
        copy = session.with_options(timeout=5)
        assert (type(copy), copy.tag) == (Tagged, "shop")


@pytest.mark.parametrize(("borrowed", "end"), [(False, NeverSent), (True, SendUnknown)], ids=["own", "borrowed"])
def test_a_send_whose_time_is_over_before_it_leaves_says_so_where_that_can_be_told(borrowed, end):
    async def main(clock):
        async with silent() as server, aiohttp.ClientSession() if borrowed else nullcontext() as http:
            async with AsyncSession(
                SECRET, base_url=server.url, clock=clock, client_session=http, timeout=5
            ) as session:
                with pytest.raises(end) as caught:
                    await session.messages.send(inbox_id=1, creator_id=2, phone_number="+15105550142", text="Shipped.")
                assert (caught.value.attempts, clock.monotonic()) == (1, 5.0)
                assert session.budget.left == 500 - borrowed
            assert b"HTTP" not in server.received

    run(main)


async def test_an_answer_that_comes_before_the_request_is_read_is_had_and_nothing_is_left_writing():
    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}")
        await over.wait()
        writer.transport.abort()

    over = asyncio.Event()
    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with AsyncSession(SECRET, base_url=url, pool_size=1) as session:
        for _ in range(2):
            before = asyncio.all_tasks()
            with pytest.raises(BadRequest):
                await session.request("POST", "/v1/large", json="x" * 9_000_000)
            assert not session._engine.pool.open().http.connector._acquired
            assert len(asyncio.all_tasks() - before) <= 1  # The server's own.
    over.set()
    server.close()
    await server.wait_closed()


async def test_a_send_that_waits_while_the_owner_closes_the_borrowed_session_is_told_apart_from_one_that_left(
    heymarket_sandbox,
):
    heymarket_sandbox.script("*", Hang())
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http:
        session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, client_session=http)

        def send() -> typing.Any:
            return session.messages.send(inbox_id=1, creator_id=2, phone_number="+15105550142", text="Shipped.")

        sends = [asyncio.create_task(send()) for _ in range(2)]
        await until(lambda: heymarket_sandbox.requests)
    ends = await asyncio.gather(*sends, return_exceptions=True)
    assert [type(end) for end in ends] == [SendUnknown, SessionClosed]


class TestOtherEventLoops:
    async def test_a_call_from_a_wrong_loop_spends_nothing(self, heymarket_sandbox):
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, rate_limit=2) as session:
            await session.inboxes.list()

            def elsewhere() -> None:
                asyncio.run(session.inboxes.list())

            for _ in range(3):
                with pytest.raises(WrongEventLoop):
                    await asyncio.to_thread(elsewhere)
            assert session.budget.left == 1
            assert await session.inboxes.list()

    @pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])
    async def test_closing_from_another_thread_ends_the_calls_at_once(self, heymarket_sandbox, borrowed):
        complaints = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        heymarket_sandbox.script("*", Hang(), times=3)
        async with aiohttp.ClientSession() if borrowed else nullcontext() as http:
            session = AsyncSession(
                heymarket_sandbox.secret, base_url=heymarket_sandbox.url, pool_size=2, client_session=http
            )
            calls = [asyncio.create_task(session.inboxes.list()) for _ in range(3)]
            await until(lambda: len(heymarket_sandbox.requests) >= 2)

            def elsewhere() -> None:
                asyncio.run(session.close(), debug=True)

            await asyncio.to_thread(elsewhere)
            ends = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
            assert [type(end) for end in ends] == [SessionClosed] * 3
            assert http is None or not http.closed
        assert session.budget.in_flight == 0
        assert complaints == []

    def test_those_who_waited_on_a_dead_loop_hold_up_nobody(self):
        session = AsyncSession(SECRET, rate_limit=2)
        budget = session._engine.account.budget

        async def take(count: int) -> None:
            for _ in range(count):
                await budget.acquire(60)

        dead = asyncio.new_event_loop()
        dead.run_until_complete(take(2))
        waiting = dead.create_task(budget.acquire(3000))
        dead.run_until_complete(asyncio.sleep(0))
        dead.close()
        assert (budget.state.in_flight, budget.state.waiting) == (2, 1)
        budget._window.limit = 5
        asyncio.run(asyncio.wait_for(take(3), 1))
        assert (budget.state.in_flight, budget.state.waiting, budget.state.left) == (3, 0, 0)
        budget.release(dead)
        assert budget.state.in_flight == 3
        waiting._log_destroy_pending = False  # type: ignore[attr-defined]
        waiting.get_coro().close()
        assert budget.state.in_flight == 3


class TestTokens:
    async def test_a_storm_of_refusals_makes_one_new_token(self):
        clock = VirtualClock()
        async with Sandbox(clock=clock, rate_limit=None) as sandbox:
            wrong = ApiSecret(sandbox.secret.id, "not-the-key-" * 4)
            async with AsyncSession(
                wrong, base_url=sandbox.url, clock=clock, rate_limit=None, pool_size=100
            ) as session:
                results = await asyncio.gather(*(session.inboxes.list() for _ in range(100)), return_exceptions=True)
                assert {type(result) for result in results} == {AuthenticationError}
                assert session._engine.account.mint.minted <= 3

    async def test_no_token_dies_in_flight_while_calls_overlap_its_renewal(self):
        clock = VirtualClock()
        async with Sandbox(clock=clock, rate_limit=None) as sandbox:
            async with AsyncSession(
                sandbox.secret,
                base_url=sandbox.url,
                clock=clock,
                rate_limit=None,
                pool_size=4,
                timeout=Timeouts(total=3000, read=1000),
            ) as session:
                chance = random.Random(7)
                calls: list[asyncio.Task[object]] = []
                for _ in range(300):
                    sandbox.script("list_inboxes", Ordinary(delay=chance.uniform(0, 40)))
                    calls.append(asyncio.create_task(session.inboxes.list()))
                    await asyncio.sleep(0.001)
                    clock.advance(chance.uniform(0, 30))
                while not all(call.done() for call in calls):
                    clock.advance(5)
                    await asyncio.sleep(0.001)
                assert all(call.result() for call in calls)
                ages = [received.token_age for received in sandbox.requests]
                assert {received.status for received in sandbox.requests} == {200}
                assert max(ages) < TOKEN_LIFE - 30
                assert session._engine.account.mint.minted > 5

    @pytest.mark.parametrize("skew", [-86_400.0, -400.0, 45.0, 7200.0])
    async def test_a_wrong_clock_is_healed_by_that_of_the_service_and_told_once(self, skew, caplog):
        true_time = VirtualClock()
        here = SkewedClock(true_time, skew)
        async with Sandbox(clock=true_time) as sandbox:
            async with AsyncSession(sandbox.secret, base_url=sandbox.url, clock=here) as session:
                with caplog.at_level(logging.WARNING, logger="heymarket_async"):
                    for _ in range(20):
                        assert await session.inboxes.list()
                        true_time.advance(60)
                assert [received.status for received in sandbox.requests] == [401, *[200] * 20]
                assert len(caplog.records) == 1
                assert f"off by {skew:.0f} s" in caplog.text
                here.skew = 0.0  # and when the clock is set right, that is noticed too
                true_time.advance(300)
                assert await session.inboxes.list()


class TestTheRateBudget:
    async def test_what_never_left_is_not_counted(self, unused_tcp_port):
        session = AsyncSession(
            SECRET, base_url=f"http://127.0.0.1:{unused_tcp_port}", rate_limit=2, retries=Retries(base=0.0)
        )
        for _ in range(5):
            with pytest.raises(NeverSent):
                await session.inboxes.list()
        assert session.budget.left == 2
        await session.close()

    async def test_a_429_that_says_nothing_more_pauses_the_account_all_the_same(self, heymarket_sandbox):
        heymarket_sandbox.script("*", Reply(429, "{}"))
        async with AsyncSession(
            heymarket_sandbox.secret, base_url=heymarket_sandbox.url, retries=Retries(attempts=1), timeout=3
        ) as session:
            with pytest.raises(RateLimited):
                await session.inboxes.list()
            assert 6 < session.budget.paused_for <= 8


class TestTheWayOut:
    async def test_a_proxy_is_used(self, heymarket_sandbox):
        async with AsyncSession(
            heymarket_sandbox.secret, base_url="http://service.invalid", proxy=heymarket_sandbox.url
        ) as session:
            assert await session.inboxes.list()
        assert heymarket_sandbox.requests[0].headers["host"] == "service.invalid"

    async def test_the_environment_names_a_proxy_only_where_that_is_wanted(self, heymarket_sandbox, monkeypatch):
        monkeypatch.setenv("http_proxy", heymarket_sandbox.url)
        monkeypatch.delenv("no_proxy", raising=False)
        options = {"base_url": "http://service.invalid", "retries": Retries(attempts=1)}
        async with AsyncSession(heymarket_sandbox.secret, trust_env=True, **options) as session:
            assert await session.inboxes.list()
        async with AsyncSession(heymarket_sandbox.secret, **options) as session:
            with pytest.raises(NeverSent):
                await session.inboxes.list()
        monkeypatch.setenv("no_proxy", "service.invalid")
        async with AsyncSession(heymarket_sandbox.secret, trust_env=True, **options) as session:
            with pytest.raises(NeverSent):
                await session.inboxes.list()
            monkeypatch.delenv("no_proxy")
            assert await session.with_options(base_url="http://other.invalid").inboxes.list()

    async def test_a_netrc_does_no_harm(self, heymarket_sandbox, monkeypatch, tmp_path):
        netrc = tmp_path / "netrc"
        netrc.write_text("default login someone password something\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, trust_env=True) as session:
            assert await session.inboxes.list()

    async def test_a_proxy_that_refuses_has_let_nothing_through(self, heymarket_sandbox):
        async def refuse(_: web.BaseRequest) -> web.Response:
            return web.Response(status=407)

        server = web.ServerRunner(web.Server(refuse))
        await server.setup()
        await web.TCPSite(server, "127.0.0.1", 0).start()
        proxy = f"http://127.0.0.1:{server.addresses[0][1]}"
        async with AsyncSession(
            SECRET, base_url="https://service.invalid", proxy=proxy, retries=Retries(attempts=1)
        ) as session:
            with pytest.raises(NeverSent):
                await session.request("POST", "/v1/message/send", json={})
        await server.cleanup()

    async def test_no_cookie_is_kept(self):
        cookies = []

        async def greet(request: web.Request) -> web.Response:
            cookies.append(request.headers.get("Cookie"))
            response = web.json_response([])
            response.set_cookie("session", "abc")
            return response

        app = web.Application()
        app.router.add_get("/v1/inboxes", greet)
        async with TestServer(app) as server, AsyncSession(SECRET, base_url=str(server.make_url("/"))) as session:
            await session.inboxes.list()
            await session.inboxes.list()
        assert cookies == [None, None]

    async def test_a_server_that_never_shakes_hands_ends_the_connecting(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            session = AsyncSession(
                SECRET,
                base_url=f"https://127.0.0.1:{silent.getsockname()[1]}",
                retries=Retries(attempts=1),
                timeout=Timeouts(connect=0.1, total=20),
            )
            with pytest.raises(NeverSent) as caught:
                await session.request("POST", "/v1/message/send", json={})
            assert caught.value.elapsed < 5
            await session.close()

    async def test_a_send_that_times_out_before_its_turn_was_never_sent(self, heymarket_sandbox):
        heymarket_sandbox.script("*", Hang())
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, pool_size=1) as session:
            blocker = asyncio.create_task(session.inboxes.list())
            while not heymarket_sandbox.requests:
                await asyncio.sleep(0.001)
            with pytest.raises(NeverSent):
                await session.with_options(timeout=0.1).request("POST", "/v1/message/send", json={})
            blocker.cancel()
            assert len(heymarket_sandbox.requests) == 1

    async def test_the_same_holds_for_a_borrowed_connector_that_is_busy(self, heymarket_sandbox):
        heymarket_sandbox.script("*", Hang())
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http:
            session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, client_session=http)
            blocker = asyncio.create_task(session.inboxes.list())
            while not heymarket_sandbox.requests:
                await asyncio.sleep(0.001)
            with pytest.raises(NeverSent):
                await session.with_options(timeout=0.1).request("POST", "/v1/message/send", json={})
            blocker.cancel()
            await asyncio.gather(blocker, return_exceptions=True)

    async def test_a_borrowed_session_with_credentials_of_its_own_is_refused(self):
        http = aiohttp.ClientSession()
        http._default_auth = aiohttp.encode_basic_auth("a", "b") if hasattr(aiohttp, "encode_basic_auth") else "x"
        with pytest.raises(ConfigurationError, match="auth="):
            await AsyncSession(SECRET, client_session=http).inboxes.list()
        await http.close()


class TestErrors:
    async def test_a_path_that_holds_a_number_is_masked(self, heymarket_sandbox):
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            with pytest.raises(NotFound, match="/v1/nothing/•••") as caught:
                await session.request("GET", "/v1/nothing/15105550142")
        assert "15105550142" not in str(caught.value) + caught.value.path
        assert heymarket_sandbox.requests[0].path == "/v1/nothing/15105550142"

    @pytest.mark.parametrize(("status", "error"), [(400, BadRequest), (503, ServerError)])
    async def test_an_error_with_a_huge_body_is_still_that_error(self, heymarket_sandbox, status, error):
        heymarket_sandbox.script("*", Reply(status, "x" * 1000), times=3)
        async with AsyncSession(
            heymarket_sandbox.secret, base_url=heymarket_sandbox.url, retries=Retries(base=0.0), largest_reply=100
        ) as session:
            with pytest.raises(error) as caught:
                await session.inboxes.list()
        assert (caught.value.status, caught.value.text) == (status, "")

    async def test_the_jitter_reaches_the_waits(self):
        waits = []

        class Noted(VirtualClock):
            async def sleep(self, seconds: float) -> None:
                waits.append(seconds)

        async with Sandbox(rate_limit=None) as sandbox:
            async with AsyncSession(
                sandbox.secret, base_url=sandbox.url, clock=Noted(sandbox._clock.wall()), rate_limit=None
            ) as session:
                for _ in range(20):
                    sandbox.script("list_inboxes", Reply(503))
                    await session.inboxes.list()
        assert len({round(wait, 6) for wait in waits}) > 10
        assert 0 <= min(waits) <= max(waits) <= 0.5


AROUND: list[object] = []
AROUND.append(AROUND)


class TestRequest:
    @pytest.mark.parametrize("reply", ["x", 7, {"a": 1}, dict[str, socket.socket], socket.socket])
    async def test_a_type_that_nothing_can_become_is_refused_before_anything_is_sent(self, heymarket_sandbox, reply):
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            with pytest.raises(ArgumentError) as caught:
                await session.request("POST", "/v1/message/send", json={}, reply=reply)
        assert caught.value.argument == "reply"
        assert heymarket_sandbox.requests == []

    @pytest.mark.parametrize("params", ["a=b", [("a", 1)], {"a": True}, {"a": None}, {"a": [1, 2]}, {1: "a"}, 7])
    async def test_a_query_that_cannot_be_is_refused(self, heymarket_sandbox, params):
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            with pytest.raises(ArgumentError) as caught:
                await session.request("GET", "/v1/inboxes", params=params)
        assert caught.value.argument == "params"
        assert heymarket_sandbox.requests == []

    @pytest.mark.parametrize(
        ("argument", "value"),
        [
            ("effect", "sends"),
            ("effect", "reads"),
            ("effect", True),
            ("json", math.nan),
            ("json", {"a": [{"b": (1.0, -math.inf)}]}),
            ("json", b"{}"),
            ("json", {"a": {"b": bytearray(b"x")}}),
            ("json", AROUND),
            ("params", {"page": 2**64}),
            ("params", {"page": 10**5000}),
        ],
        ids=lambda value: type(value).__name__,
    )
    async def test_what_would_be_taken_for_something_else_is_refused(self, heymarket_sandbox, argument, value):
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            with pytest.raises(ArgumentError) as caught:
                await session.request("POST", "/v1/contacts", **{argument: value})
        assert caught.value.argument == argument
        assert str(caught.value).startswith(f"{argument} ")
        assert heymarket_sandbox.requests == []

    @pytest.mark.parametrize("call", [None, "list_inboxes", LIST_INBOXES])
    async def test_only_a_call_can_be_performed(self, heymarket_sandbox, call):
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            with pytest.raises(ArgumentError, match="call must be a Call") as caught:
                await session.run(call)
        assert caught.value.argument == "call"
        assert heymarket_sandbox.requests == []

    async def test_a_list_can_be_asked_for_as_a_list(self, heymarket_sandbox):
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            inboxes = await session.request("GET", "/v1/inboxes", reply=list[Inbox])
        assert [type(inbox) for inbox in inboxes] == [Inbox] * 5


class TestSettings:
    def test_a_plain_timeout_leaves_the_others_as_they_are(self):
        session = AsyncSession(SECRET, timeout=Timeouts(total=60, connect=3, read=5))
        assert session.with_options(timeout=120)._engine.options.timeouts == Timeouts(total=120, connect=3, read=5)

    def test_the_typed_settings_are_those_of_the_constructor(self):
        parameters = inspect.signature(AsyncSession.__init__, eval_str=True).parameters
        wanted = {name: p.annotation for name, p in parameters.items() if name not in ("self", "credentials")}
        assert typing.get_type_hints(SessionSettings) == wanted

    def test_a_bad_address_in_the_environment_is_named_as_such(self):
        with pytest.raises(ConfigurationError, match="HEYMARKET_BASE_URL"):
            AsyncSession.from_env({"HEYMARKET_API_KEY": "k", "HEYMARKET_BASE_URL": "nonsense"})

    @pytest.mark.parametrize("url", ["http://ex..ample", f"http://{'a' * 70}.example", "http://h/ä"])
    def test_an_address_that_no_request_could_reach_is_refused(self, url):
        with pytest.raises(ConfigurationError, match="base_url"):
            AsyncSession(SECRET, base_url=url)

    async def test_the_last_reply_tells_status_and_headers_and_keeps_no_body(self, heymarket_sandbox):
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            assert session.last_reply is None
            await session.inboxes.list()
            last = session.last_reply
            assert (last.status, last.body) == (200, b"")
            assert last.request_id == heymarket_sandbox.requests[0].request_id
            assert session.as_account(SECRET).last_reply is None


class TestWritesThatAreAnsweredOddly:
    async def test_nor_does_one_that_is_answered_by_no_content(self, heymarket_sandbox):
        heymarket_sandbox.script("create_tag", Reply(204), Reply(200))
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            made = await session.tags.create(name="VIP")
            assert (made.id, dict(made.extra)) == (None, {})
            with pytest.raises(ReplyError, match="is empty"):
                await session.tags.create(name="VIP")

    @pytest.mark.parametrize("answer", ["ok", 5, True, None, [], [{"id": 1}]])
    async def test_a_write_that_was_made_does_not_look_like_a_failure(self, heymarket_sandbox, answer):
        heymarket_sandbox.script("create_tag", Reply(200, json=answer))
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            made = await session.tags.create(name="VIP")
        assert made.id is None
        assert dict(made.extra) == {"answer": answer}
        assert session.drift.misfits.total() == 1

    async def test_a_read_that_is_answered_so_is_an_error(self, heymarket_sandbox):
        heymarket_sandbox.script("get_team", Reply(200, json="ok"))
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            with pytest.raises(ReplyError):
                await session.team.get()

    async def test_where_no_record_can_stand_for_it_the_error_says_that_it_was_made(self, heymarket_sandbox):
        heymarket_sandbox.script("create_contact_channel_v2", Reply(200, json="ok"))
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            with pytest.raises(ReplyError, match="has taken effect"):
                await session.contacts.v2.create_channel(
                    "a1b2c3d4-e5f6-4890-abcd-ef1234567890", channel_type="email", channel_id="sam@example.com"
                )
