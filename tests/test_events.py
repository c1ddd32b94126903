"""Listeners and the log are told what happens during calls: metadata, and nothing that anybody wrote."""

from __future__ import annotations

import asyncio
import logging

import pytest

from heymarket_async import (
    ApiSecretPair,
    AsyncSession,
    AttemptEnded,
    AttemptStarted,
    AuthenticationError,
    ConfigurationError,
    Lane,
    NotFound,
    Outcome,
    RateBudgetExceeded,
    Retries,
    SecretReplaced,
    SendUnknown,
    ServerError,
    Waiting,
    WaitReason,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Hang, Ordinary, Reply, Reset, Sandbox
from idle_time import run, settled
from test_auth import SECRET as UNKNOWN_SECRET

TEXT = "Your order has shipped."
NUMBER = "15105550142"


@pytest.fixture
def events():
    return []


@pytest.fixture
async def heymarket(heymarket_sandbox, events):
    async with AsyncSession(
        heymarket_sandbox.secret,
        base_url=heymarket_sandbox.url,
        retries=Retries(base=0.0, cap=0.0),
        listeners=[events.append],
    ) as session:
        yield session


def send(session):
    return session.messages.send(inbox_id=1, creator_id=1, phone_number=f"+{NUMBER}", text=TEXT, local_id="order-7")


class TestWhatIsTold:
    async def test_a_call_that_goes_well_is_one_attempt(self, heymarket_sandbox, heymarket, events):
        await heymarket.inboxes.list()
        started, ended = events
        assert (type(started), type(ended)) == (AttemptStarted, AttemptEnded)
        assert started.call == ended.call
        assert (ended.operation, ended.method, ended.path) == ("list_inboxes", "GET", "/v1/inboxes")
        assert (ended.base_url, ended.attempt) == (heymarket_sandbox.url, 1)
        assert (started.lane, ended.outcome, ended.status) == (Lane.INTERACTIVE, Outcome.ANSWERED, 200)
        assert ended.request_id == heymarket_sandbox.requests[0].request_id
        assert ended.size > 100
        assert ended.elapsed > 0
        assert (ended.fault, ended.cancelled) == ("", False)

    async def test_two_calls_have_two_numbers(self, heymarket, events):
        await asyncio.gather(heymarket.inboxes.list(), heymarket.team.get())
        assert len({event.call for event in events}) == 2

    async def test_a_send_is_told_with_its_lane_and_its_local_id(self, heymarket_sandbox, heymarket, events):
        heymarket_sandbox.script("send_message", Reset())
        with pytest.raises(SendUnknown) as caught:
            await send(heymarket)
        started, ended = events
        assert started.lane is Lane.SEND
        assert {started.local_id, ended.local_id, caught.value.local_id} == {"order-7"}
        assert (ended.outcome, ended.status) == (Outcome.UNKNOWN, None)
        assert ended.fault

    async def test_a_retry_is_told_with_its_wait_and_its_reason(self, heymarket_sandbox, heymarket, events):
        heymarket_sandbox.script("*", Reply(503), times=1)
        heymarket_sandbox.script("*", Reply(503, headers={"Retry-After": "0"}), times=1)
        await heymarket.inboxes.list()
        told = [(type(event), event.attempt) for event in events]
        one = [AttemptStarted, AttemptEnded, Waiting]
        assert told == [(kind, n + (kind is Waiting)) for n in (1, 2) for kind in one] + [
            (AttemptStarted, 3),
            (AttemptEnded, 3),
        ]
        waits = [event for event in events if isinstance(event, Waiting)]
        assert [wait.reason for wait in waits] == [WaitReason.RETRY, WaitReason.RETRY_AFTER]
        assert [event.status for event in events if isinstance(event, AttemptEnded)] == [503, 503, 200]

    async def test_a_wait_for_the_rate_limit_is_told(self, heymarket_sandbox, events):
        async with AsyncSession(
            heymarket_sandbox.secret, base_url=heymarket_sandbox.url, rate_limit=1, timeout=5, listeners=[events.append]
        ) as session:
            await session.inboxes.list()
            with pytest.raises(RateBudgetExceeded):
                await session.inboxes.list()
        wait = events[-1]
        assert isinstance(wait, Waiting)
        assert (wait.reason, wait.attempt) == (WaitReason.RATE_LIMIT, 1)
        assert 55 < wait.seconds < 61

    async def test_an_attempt_whose_caller_gives_up_ends_too(self, heymarket_sandbox, heymarket, events):
        heymarket_sandbox.script("*", Hang())
        call = asyncio.create_task(heymarket.inboxes.list())
        while not heymarket_sandbox.requests:
            await asyncio.sleep(0.001)
        call.cancel()
        await asyncio.wait([call])
        ended = events[-1]
        assert isinstance(ended, AttemptEnded)
        assert (ended.cancelled, ended.outcome, ended.status) == (True, Outcome.UNKNOWN, None)

    async def test_when_the_second_secret_takes_over_it_is_told_once(self, heymarket_sandbox, events):
        pair = ApiSecretPair(UNKNOWN_SECRET, heymarket_sandbox.secret)
        async with AsyncSession(pair, base_url=heymarket_sandbox.url, listeners=[events.append]) as session:
            await asyncio.gather(*(session.inboxes.list() for _ in range(10)))
        (replaced,) = [event for event in events if isinstance(event, SecretReplaced)]
        assert replaced.in_use == 2


class TestListeners:
    async def test_one_that_raises_is_logged_and_harms_neither_the_call_nor_the_others(
        self, heymarket_sandbox, events, caplog
    ):
        def broken(event):
            raise LookupError("no such span")

        async with AsyncSession(
            heymarket_sandbox.secret, base_url=heymarket_sandbox.url, listeners=[broken, events.append]
        ) as session:
            assert await session.inboxes.list()
        assert len(events) == 2
        assert [record.getMessage() for record in caplog.records] == [
            "A listener failed on AttemptStarted of list_inboxes.",
            "A listener failed on AttemptEnded of list_inboxes.",
        ]

    async def test_a_copy_may_have_others(self, heymarket, events):
        theirs = []
        await heymarket.with_options(listeners=[theirs.append]).inboxes.list()
        assert (len(theirs), events) == (2, [])
        await heymarket.with_options(timeout=5).inboxes.list()
        assert len(events) == 2

    @pytest.mark.parametrize("value", [None, 5, "print", print, [None], [5], ["print"]])
    def test_what_cannot_be_called_is_refused(self, value):
        with pytest.raises(ConfigurationError, match="listeners"):
            AsyncSession(UNKNOWN_SECRET, listeners=value)

    def test_a_coroutine_function_is_refused_for_nobody_would_await_it(self):
        async def listener(event):
            raise AssertionError(event)

        with pytest.raises(ConfigurationError, match=r"listeners\[1\] must be a plain function"):
            AsyncSession(UNKNOWN_SECRET, listeners=[print, listener])

    @pytest.mark.parametrize("value", ["send", 0, True])
    def test_a_lane_is_a_lane(self, value):
        with pytest.raises(ConfigurationError, match="lane must be a Lane"):
            AsyncSession(UNKNOWN_SECRET, lane=value)


class TestTheLog:
    async def test_it_is_silent_by_default(self, heymarket_sandbox, caplog):
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            heymarket_sandbox.script("*", Reply(503, headers={"Retry-After": "0"}), times=1)
            await session.inboxes.list()
        assert caplog.records == []

    async def test_it_tells_of_each_attempt_in_a_line(self, heymarket_sandbox, caplog):
        caplog.set_level(logging.DEBUG, "heymarket_async")
        async with AsyncSession(
            heymarket_sandbox.secret, base_url=heymarket_sandbox.url, retries=Retries(base=0.0)
        ) as session:
            heymarket_sandbox.script("*", Reply(503, headers={"X-Request-Id": "id-1"}), times=1)
            heymarket_sandbox.script("*", Reset(), times=1)
            await session.inboxes.list()
        lines = [record.getMessage() for record in caplog.records]
        what = "list_inboxes (GET /v1/inboxes), attempt"
        assert lines[0].startswith(f"{what} 1: 503 in 0.")
        assert lines[0].endswith("s, request id id-1")
        assert lines[1] == f"{what} 2: waits 0.000 s (retry)"
        assert lines[2].startswith(f"{what} 2: unknown after 0.")
        assert lines[4].startswith(f"{what} 3: 200 in 0.")
        levels = [record.levelno for record in caplog.records]
        assert levels == [logging.DEBUG, logging.INFO, logging.INFO, logging.INFO, logging.DEBUG]
        assert {record.name for record in caplog.records} == {"heymarket_async.events"}

    async def test_nothing_personal_is_in_it_nor_in_the_events(self, heymarket_sandbox, caplog, events, heymarket):
        caplog.set_level(logging.DEBUG, "heymarket_async")
        heymarket_sandbox.script("*", Reply(500, TEXT), times=1)
        with pytest.raises(ServerError):
            await send(heymarket)
        with pytest.raises(NotFound):
            await heymarket.messages.history(phone_number=f"+{NUMBER}", inbox_id=1).page()
        everything = caplog.text + repr(events) + repr([(record.args, record.__dict__) for record in caplog.records])
        for secret in (TEXT, NUMBER, "order-7", heymarket_sandbox.secret.key, heymarket_sandbox.secret.id, "Bearer"):
            assert secret not in everything


class TestRotation:
    async def test_the_second_secret_takes_over_for_good(self, heymarket_sandbox, caplog):
        pair = ApiSecretPair(UNKNOWN_SECRET, heymarket_sandbox.secret)
        async with AsyncSession(pair, base_url=heymarket_sandbox.url) as session:
            assert await session.inboxes.list()
            assert [request.status for request in heymarket_sandbox.requests] == [401, 401, 200]
            assert await session.inboxes.list()
            assert len(heymarket_sandbox.requests) == 4
        assert [record.getMessage() for record in caplog.records] == [
            "The service refuses an API Secret. Number 2 of the pair takes over."
        ]

    async def test_where_both_are_refused_the_error_says_so_after_one_try_of_each(self, heymarket_sandbox):
        other = type(UNKNOWN_SECRET)(UNKNOWN_SECRET.id, UNKNOWN_SECRET.key + "x")
        async with AsyncSession(ApiSecretPair(UNKNOWN_SECRET, other), base_url=heymarket_sandbox.url) as session:
            with pytest.raises(AuthenticationError) as caught:
                await session.inboxes.list()
            assert caught.value.attempts == 3

    async def test_a_send_that_was_refused_goes_once_with_the_other_secret(self, heymarket_sandbox):
        pair = ApiSecretPair(UNKNOWN_SECRET, heymarket_sandbox.secret)
        team = heymarket_sandbox.teams[0]
        async with AsyncSession(pair, base_url=heymarket_sandbox.url) as session:
            (inbox, *_) = await session.as_account(heymarket_sandbox.secret).inboxes.list()
            await session.messages.send(
                inbox_id=inbox.id, creator_id=inbox.members[0], phone_number=f"+{NUMBER}", text=TEXT
            )
        assert [message["text"] for message in team.messages.values()].count(TEXT) == 1

    async def test_a_secret_that_is_revoked_while_many_calls_run_costs_none_of_them(self):
        clock = VirtualClock()
        async with Sandbox(clock=clock) as sandbox:
            pair = ApiSecretPair(sandbox.secret, sandbox.teams[1].secret)
            async with AsyncSession(pair, base_url=sandbox.url, clock=clock) as session:
                await session.inboxes.list()
                sandbox.teams[0].secrets = ()
                results = await asyncio.gather(*(session.inboxes.list() for _ in range(30)))
        assert len(results) == 30
        assert all(results)

    def test_a_call_whose_new_token_another_call_has_given_up_still_goes_with_the_other_secret(self):
        async def main(clock):
            async with Sandbox(clock=clock) as sandbox:
                # The one call's new token is refused late: meanwhile the other begins with it, and asks for another.
                sandbox.script("*", Ordinary(), Ordinary(late=1), Ordinary(), Ordinary(late=2))
                pair = ApiSecretPair(UNKNOWN_SECRET, sandbox.secret)
                async with AsyncSession(pair, base_url=sandbox.url, clock=clock, listeners=[events.append]) as session:
                    one = asyncio.create_task(session.inboxes.list())
                    await settled(lambda: len(sandbox.requests) == 2)
                    other = asyncio.create_task(session.team.get())
                    assert await one
                    assert await other

        events = []
        run(main)
        assert [event.in_use for event in events if isinstance(event, SecretReplaced)] == [2]

    def test_a_pair_is_two_different_secrets(self):
        with pytest.raises(ConfigurationError, match="the same API Secret"):
            ApiSecretPair(UNKNOWN_SECRET, UNKNOWN_SECRET)
        with pytest.raises(ConfigurationError, match=r"ApiSecretPair\(second=\.\.\.\) must be an ApiSecret"):
            ApiSecretPair(UNKNOWN_SECRET, "id||key")
        assert UNKNOWN_SECRET.key not in repr(ApiSecretPair(UNKNOWN_SECRET, type(UNKNOWN_SECRET)("a", "b")))

    def test_the_environment_may_hold_both(self):
        environ = {
            "HEYMARKET_API_SECRET_ID": "a",
            "HEYMARKET_API_SECRET_KEY": "b",
            "HEYMARKET_API_SECRET_ID_2": "c",
            "HEYMARKET_API_SECRET_KEY_2": "d",
        }
        secret = type(UNKNOWN_SECRET)
        made = AsyncSession.from_env(environ)._engine.account.credentials
        assert made == ApiSecretPair(secret("a", "b"), secret("c", "d"))
        del environ["HEYMARKET_API_SECRET_ID"], environ["HEYMARKET_API_SECRET_KEY"]
        assert AsyncSession.from_env(environ)._engine.account.credentials == secret("c", "d")
        del environ["HEYMARKET_API_SECRET_ID_2"]
        with pytest.raises(ConfigurationError, match="HEYMARKET_API_SECRET_ID_2 is not set"):
            AsyncSession.from_env(environ)
