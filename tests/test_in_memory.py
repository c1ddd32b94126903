"""A session reaches a sandbox without a socket, and all else is as with one."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from heymarket_async import (
    AsyncSession,
    BadRequest,
    ConfigurationError,
    ConnectionLost,
    NeverSent,
    NotFound,
    RateLimited,
    ReplyError,
    Retries,
    SendState,
    SendUnknown,
    ServerError,
    SessionClosed,
    TimedOut,
    Timeouts,
    WrongEventLoop,
)
from heymarket_async.sandbox import (
    Closed,
    Endless,
    Hang,
    Interim,
    Ordinary,
    Raw,
    Reply,
    Reset,
    Sandbox,
    Trickled,
    Truncated,
)
from heymarket_async.testing import VirtualClock, run_in_virtual_time

PHONE = "+1 510 555 0101"


def session_on(sandbox, **settings):
    return AsyncSession(sandbox.secret, transport=sandbox.in_memory(), **settings)


async def send(session, sandbox):
    team = sandbox.teams[0]
    return await session.messages.send(
        inbox_id=team.inboxes[0]["id"], creator_id=team.members[0]["id"], phone_number=PHONE, text="Ready."
    )


class TestACallInMemory:
    async def test_it_opens_no_socket(self, monkeypatch):
        def refuse(*_, **__):
            raise AssertionError("a socket was made")

        sandbox = Sandbox()
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", refuse)
            async with session_on(sandbox) as session:
                assert len(await session.inboxes.list()) == len(sandbox.teams[0].inboxes)

    async def test_it_gives_what_a_call_over_a_socket_gives(self, heymarket_sandbox):
        over = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url)
        async with over, session_on(heymarket_sandbox) as within:
            assert await within.inboxes.list() == await over.inboxes.list()
            names = [{name.lower() for name in session.last_reply.headers} for session in (within, over)]
            assert names[0] == names[1]
        first, second = heymarket_sandbox.requests
        for fact in ("method", "path", "query", "operation", "team", "read", "performed", "status"):
            assert getattr(first, fact) == getattr(second, fact)
        assert (first.connection, second.connection) == (0, 1)
        # What aiohttp adds of its own.
        assert second.headers.keys() - first.headers.keys() == {"host", "accept-encoding"}

    async def test_queries_and_bodies_arrive(self):
        sandbox = Sandbox()
        async with session_on(sandbox) as session:
            sent = await send(session, sandbox)
            assert sandbox.teams[0].sent[-1].message_id == sent.id
            with pytest.raises(BadRequest):
                await session.request("GET", "/v1/inboxes", params={"a b": "c&d"})
            with pytest.raises(NotFound):
                await session.tags.get(1)
        assert sandbox.requests[0].body.startswith(b"{")
        assert sandbox.requests[1].query == {"a b": "c&d"}

    async def test_a_body_that_is_larger_than_allowed_is_refused(self):
        sandbox = Sandbox()
        async with session_on(sandbox, largest_reply=10) as session:
            with pytest.raises(ReplyError, match="larger than 10 bytes"):
                await session.inboxes.list()

    async def test_a_pool_of_one_lets_one_through_at_a_time(self):
        sandbox = Sandbox()
        most = under_way = 0
        carry = sandbox.in_memory()

        async def counting(*request):
            nonlocal most, under_way
            under_way += 1
            most = max(most, under_way)
            try:
                return await carry(*request)
            finally:
                under_way -= 1

        async with AsyncSession(sandbox.secret, transport=counting, pool_size=2) as session:
            await asyncio.gather(*(session.inboxes.list() for _ in range(6)))
        assert most == 2

    async def test_copies_and_other_teams_go_the_same_way(self):
        sandbox = Sandbox()
        async with session_on(sandbox) as session:
            other = session.as_account(sandbox.teams[1].secret)
            await other.team.get()
            await session.with_options(timeout=5).team.get()
        assert [request.team for request in sandbox.requests] == [sandbox.teams[1].id, sandbox.teams[0].id]

    async def test_its_session_closes_like_any_other(self):
        sandbox = Sandbox()
        session = session_on(sandbox)
        await session.inboxes.list()
        await session.close()
        with pytest.raises(SessionClosed):
            await session.inboxes.list()

    def test_a_session_that_nobody_closes_leaves_no_warning_and_serves_the_next_loop(self):
        sandbox = Sandbox()
        session = session_on(sandbox)
        asyncio.run(session.inboxes.list())
        asyncio.run(session.inboxes.list())
        assert len(sandbox.requests) == 2

    async def test_it_belongs_to_its_loop_too(self):
        session = session_on(Sandbox())
        await session.inboxes.list()
        with pytest.raises(WrongEventLoop):
            await asyncio.to_thread(lambda: asyncio.run(session.inboxes.list()))

    async def test_it_is_quicker_than_loopback(self, heymarket_sandbox):
        over = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url)
        best = {}
        async with over, session_on(heymarket_sandbox) as within:
            for _ in range(5):
                for name, session in (("over", over), ("within", within)):
                    began = time.process_time()
                    for _ in range(20):
                        await session.inboxes.list()
                    best[name] = min(best.get(name, 9.0), time.process_time() - began)
        assert best["within"] < best["over"]


class TestFaultsInMemory:
    @pytest.mark.parametrize("fault", [Reset(effect=True), Closed(effect=True)])
    async def test_a_send_whose_answer_is_lost_is_unknown_and_can_be_looked_for(self, fault):
        sandbox = Sandbox()
        sandbox.script("send_message", fault)
        async with session_on(sandbox) as session:
            with pytest.raises(SendUnknown) as caught:
                await send(session, sandbox)
            assert (await caught.value.resolve()).state is SendState.SENT
        assert len(sandbox.teams[0].sent) == 1

    @pytest.mark.parametrize("fault", [Reset(), Closed(), Reset(unread=True), Closed(unread=True)])
    async def test_a_read_is_tried_again(self, fault):
        def main(clock):
            return _reads(clock, fault)

        await asyncio.to_thread(run_in_virtual_time, main)

    async def test_a_read_that_never_succeeds_says_that_the_connection_broke(self):
        sandbox = Sandbox()
        sandbox.script("list_inboxes", Reset())
        async with session_on(sandbox, retries=Retries(attempts=1)) as session:
            with pytest.raises(ConnectionLost):
                await session.inboxes.list()

    @pytest.mark.parametrize("fault", [Hang(), Hang(unread=True), Ordinary(late=100), Reply(503, delay=100)])
    def test_a_call_ends_in_time_whatever_it_waits_for(self, fault):
        async def main(clock):
            sandbox = Sandbox(clock=clock)
            sandbox.script("list_inboxes", fault)
            async with session_on(sandbox, clock=clock, timeout=20) as session:
                with pytest.raises(TimedOut):
                    await session.inboxes.list()
            assert clock.monotonic() == pytest.approx(20)

        run_in_virtual_time(main)

    def test_silence_ends_an_attempt_before_the_whole_call(self):
        async def main(clock):
            sandbox = Sandbox(clock=clock)
            sandbox.script("list_inboxes", Hang())
            async with session_on(
                sandbox, clock=clock, timeout=Timeouts(read=3), retries=Retries(attempts=1)
            ) as session:
                with pytest.raises(TimedOut):
                    await session.inboxes.list()
            assert clock.monotonic() == pytest.approx(3)

        run_in_virtual_time(main)

    def test_a_refusal_for_the_rate_limit_is_waited_for(self):
        async def main(clock):
            sandbox = Sandbox(clock=clock)
            sandbox.script("list_inboxes", Reply(429, headers={"Retry-After": "7"}))
            async with session_on(sandbox, clock=clock) as session:
                await session.inboxes.list()
            assert clock.monotonic() == pytest.approx(7, abs=1)

        run_in_virtual_time(main)

    async def test_the_rate_limit_of_the_service_is_kept(self):
        sandbox = Sandbox(rate_limit=1)
        async with session_on(sandbox, retries=Retries(attempts=1)) as session:
            await session.inboxes.list()
            with pytest.raises(RateLimited):
                await session.inboxes.list()

    async def test_an_answer_of_the_users_own_that_fails_is_a_500(self, caplog):
        class Broken(Ordinary):
            async def give(self, exchange):
                raise KeyError("a mistake in a test")

        sandbox = Sandbox()
        sandbox.script("send_message", Broken())
        async with session_on(sandbox) as session:
            with pytest.raises(ServerError):
                await send(session, sandbox)
        assert "could not be given" in caplog.text

    @pytest.mark.parametrize(
        "fault",
        [
            Truncated(),
            Trickled(),
            Endless(),
            Raw(b"x"),
            Interim(),
            Reply(200, b"x", headers={"Content-Encoding": "gzip"}),
            Ordinary(headers={"content-length": "3"}),
        ],
        ids=lambda fault: type(fault).__name__,
    )
    async def test_a_fault_of_bytes_says_that_it_needs_a_connection(self, fault):
        sandbox = Sandbox()
        sandbox.script("send_message", fault)
        async with session_on(sandbox) as session:
            with pytest.raises(ConfigurationError, match=r"Let the session talk to sandbox\.url"):
                await send(session, sandbox)

    async def test_a_closed_sandbox_is_reached_by_nobody(self):
        sandbox = Sandbox()
        await sandbox.close()
        async with session_on(sandbox, retries=Retries(attempts=1)) as session:
            with pytest.raises(NeverSent):
                await send(session, sandbox)

    async def test_closing_the_sandbox_ends_what_hangs(self):
        sandbox = Sandbox()
        sandbox.script("send_message", Hang())
        async with session_on(sandbox) as session:
            call = asyncio.create_task(send(session, sandbox))
            while not sandbox.requests:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            await sandbox.close()
            with pytest.raises(SendUnknown):
                await call

    async def test_a_call_that_hangs_can_be_cancelled(self):
        sandbox = Sandbox()
        sandbox.script("list_inboxes", Hang())
        async with session_on(sandbox) as session:
            call = asyncio.create_task(session.inboxes.list())
            while not sandbox.requests:
                await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await session.inboxes.list()


async def _reads(clock, fault):
    sandbox = Sandbox(clock=clock)
    sandbox.script("list_inboxes", fault)
    async with session_on(sandbox, clock=clock) as session:
        assert await session.inboxes.list()
    assert len(sandbox.requests) == 2


class TestTransportsOfOnesOwn:
    async def test_any_async_function_will_do(self):
        async def carry(method, target, headers, body):
            assert (method, target, body) == ("GET", "/v1/inboxes", None)
            assert headers["Authorization"].startswith("Bearer ")
            return 200, {"content-type": "application/json"}, b'[{"id": 42}]'

        async with AsyncSession(Sandbox().secret, transport=carry) as session:
            assert [inbox.id for inbox in await session.inboxes.list()] == [42]
            assert session.last_reply.headers["Content-Type"] == "application/json"

    @pytest.mark.parametrize(("error", "sent"), [(ConnectionRefusedError(), False), (ConnectionResetError(), True)])
    async def test_its_errors_say_whether_a_request_may_have_arrived(self, error, sent):
        async def carry(method, target, headers, body):
            raise error

        sandbox = Sandbox()
        async with AsyncSession(sandbox.secret, transport=carry, retries=Retries(attempts=1)) as session:
            with pytest.raises(SendUnknown if sent else NeverSent):
                await send(session, sandbox)

    @pytest.mark.parametrize("transport", ["memory", 7, lambda *_: None])
    def test_what_cannot_carry_is_refused_at_once(self, transport):
        with pytest.raises(ConfigurationError, match="transport must be an async function"):
            AsyncSession(Sandbox().secret, transport=transport)

    def test_a_proxy_beside_it_is_refused(self):
        sandbox = Sandbox()
        with pytest.raises(ConfigurationError, match="transport excludes proxy"):
            AsyncSession(sandbox.secret, transport=sandbox.in_memory(), proxy="http://proxy.example:3128")


def test_the_virtual_clock_is_the_one_of_the_kit():
    assert VirtualClock().wall() == 1_800_000_000.0
