"""A team that the service refuses is left alone for a while, and everybody is told."""

from __future__ import annotations

import asyncio
import itertools
import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleets import Driver, fleet_of, list_inboxes
from heymarket_async import (
    AuthenticationError,
    Fleet,
    NotFound,
    Parked,
    ParkedTeam,
    PermissionDenied,
    TeamParked,
    Unparked,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.fleet.parking import Parking, refusal_in, wait_after
from heymarket_async.sandbox import Ordinary, Reply, Sandbox

DAY = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def refusal(kind=AuthenticationError):
    return kind("The service answered no.", status=401, request_id="r-1")


class TestThePureRule:
    def test_waits_double_from_a_minute_to_an_hour(self):
        waits = [wait_after(refusals, 0.5) for refusals in range(1, 10)]
        assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]

    @given(st.integers(1, 10_000), st.floats(0, 1))
    def test_waits_differ_by_a_tenth_at_the_most(self, refusals, chance):
        middle = wait_after(refusals, 0.5)
        assert 0.9 * middle <= wait_after(refusals, chance) * 1.000001
        assert wait_after(refusals, chance) <= 1.1 * middle * 1.000001

    def test_a_refusal_is_found_in_groups_and_causes(self):
        no = refusal(PermissionDenied)
        caused = RuntimeError("sync failed")
        caused.__cause__ = ExceptionGroup("two", [ValueError(), ExceptionGroup("one", [no])])
        assert refusal_in(caused) is no
        assert refusal_in(ExceptionGroup("two", [ValueError(), NotFound("no")])) is None

    def test_errors_that_cause_each_other_are_seen_once(self):
        first, second = ValueError(), ValueError()
        first.__cause__, second.__cause__ = second, first
        assert refusal_in(first) is None

    @staticmethod
    def refuse(parking, ticket, now):
        today = DAY + timedelta(seconds=now)
        return parking.refused(ticket, "acme", refusal(), now=now, today=today, chance=0.5)

    def test_a_team_is_let_in_until_it_is_refused_and_again_when_its_time_has_come(self):
        parking = Parking()
        assert self.refuse(parking, parking.enter(0), 0).seconds == 60
        assert parking.enter(59.9) is None
        assert self.refuse(parking, parking.enter(60), 60).seconds == 120
        assert parking.state == ParkedTeam(
            status=401, request_id="r-1", refusals=2, since=DAY, until=DAY + timedelta(seconds=180)
        )
        assert parking.answered(parking.enter(180), "acme") == Unparked(team="acme", refusals=2)
        assert parking.state is None
        assert self.refuse(parking, parking.enter(181), 181).refusals == 1

    def test_of_many_who_were_let_in_together_one_refusal_counts(self):
        parking = Parking()
        tickets = [parking.enter(0) for _ in range(5)]
        told = [self.refuse(parking, ticket, 1) for ticket in tickets]
        assert [event is not None for event in told] == [True, False, False, False, False]
        assert parking.state.refusals == 1

    def test_one_call_at_a_time_tries_a_parked_team(self):
        parking = Parking()
        self.refuse(parking, parking.enter(0), 0)
        ticket = parking.enter(60)
        assert ticket is not None
        assert parking.enter(61) is None
        parking.leave(ticket)
        assert parking.enter(62) is not None

    def test_an_answer_to_who_was_let_in_before_changes_nothing(self):
        parking = Parking()
        early = parking.enter(0)
        self.refuse(parking, parking.enter(0), 1)
        assert parking.answered(early, "acme") is None
        assert parking.state is not None
        trying = parking.enter(61)
        parking.leave(early)
        assert parking.enter(61) is None
        assert parking.answered(trying, "acme") is not None


class TestInAFleet:
    @pytest.fixture
    def clock(self):
        return VirtualClock()

    @pytest.fixture
    async def sandbox(self, clock):
        async with Sandbox(teams=3, clock=clock) as sandbox:
            yield sandbox

    @pytest.fixture
    def events(self):
        return []

    @pytest.fixture
    async def fleet(self, sandbox, clock, events):
        def listen(event):
            if isinstance(event, Parked | Unparked):
                events.append(event)

        async with fleet_of(sandbox, clock=clock, listeners=[listen]) as fleet:
            yield fleet

    @staticmethod
    def requests_of(sandbox, team):
        return sum(request.team == team.id for request in sandbox.requests)

    @pytest.mark.parametrize("status", [401, 403])
    async def test_a_refused_team_is_not_called_until_its_time_has_come(self, sandbox, clock, fleet, status):
        sandbox.script("list_inboxes", Reply(status), times=4, team=sandbox.teams[1])
        results = await fleet.gather(list_inboxes)
        assert isinstance(results["t1"].error, AuthenticationError | PermissionDenied)
        before = self.requests_of(sandbox, sandbox.teams[1])
        parked = fleet.parked["t1"]
        assert (parked.status, parked.refusals) == (status, 1)
        assert parked.since == datetime.fromtimestamp(clock.wall(), UTC)
        assert 54 <= (parked.until - parked.since).total_seconds() <= 66

        clock.advance(53)
        results = await fleet.gather(list_inboxes)
        assert isinstance(results["t1"].error, TeamParked)
        assert "'t1' is parked until 2027-01-15 08:" in str(results["t1"].error)
        assert f"refused it once ({status})" in str(results["t1"].error)
        assert results["t0"].ok
        assert results["t2"].ok
        assert self.requests_of(sandbox, sandbox.teams[1]) == before

        clock.advance(14)
        results = await fleet.gather(list_inboxes)
        assert isinstance(results["t1"].error, AuthenticationError | PermissionDenied)
        assert fleet.parked["t1"].refusals == 2
        assert 107 <= (fleet.parked["t1"].until.timestamp() - clock.wall()) <= 133

    async def test_a_success_unparks(self, sandbox, clock, fleet, events):
        secrets, sandbox.teams[1].secrets = sandbox.teams[1].secrets, ()
        await fleet.gather(list_inboxes)
        sandbox.teams[1].secrets = secrets
        clock.advance(67)
        results = await fleet.gather(list_inboxes)
        assert results["t1"].ok
        assert fleet.parked == {}
        parked, unparked = events
        assert parked == Parked(team="t1", status=401, request_id=parked.request_id, refusals=1, seconds=parked.seconds)
        assert parked.request_id in {request.request_id for request in sandbox.requests}
        assert unparked == Unparked(team="t1", refusals=1)

    async def test_the_log_says_so(self, sandbox, clock, fleet, caplog):
        sandbox.script("list_inboxes", Reply(403), team=sandbox.teams[1])
        with caplog.at_level(logging.WARNING, "heymarket_async"):
            await fleet.gather(list_inboxes)
            clock.advance(67)
            await fleet.gather(list_inboxes)
        first, second = caplog.messages
        assert first.startswith("Team t1 is parked for ")
        assert "(403, number 1 in a row, request id " in first
        assert second == "Team t1 is parked no more, after 1 refusals in a row."

    async def test_a_listener_that_fails_does_no_harm(self, sandbox, clock, caplog):
        def listen(event):
            if isinstance(event, Parked):
                raise ValueError("no")

        sandbox.script("list_inboxes", Reply(403), team=sandbox.teams[1])
        async with fleet_of(sandbox, clock=clock, listeners=[listen]) as fleet:
            results = await fleet.gather(list_inboxes)
        assert isinstance(results["t1"].error, PermissionDenied)
        assert "A listener failed on Parked of team t1." in caplog.messages

    async def test_other_errors_do_not_park(self, sandbox, fleet):
        sandbox.script("list_inboxes", Reply(404), team=sandbox.teams[1])
        results = await fleet.gather(list_inboxes)
        assert isinstance(results["t1"].error, NotFound)
        assert fleet.parked == {}

    async def test_who_calls_by_hand_asks_at_once(self, sandbox, fleet):
        sandbox.script("list_inboxes", Reply(403), team=sandbox.teams[1])
        await fleet.gather(list_inboxes)
        assert len(await fleet["t1"].inboxes.list()) == 5
        assert "t1" in fleet.parked

    async def test_a_team_with_new_credentials_is_called_at_once(self, sandbox, fleet):
        sandbox.script("list_inboxes", Reply(403), team=sandbox.teams[1])
        await fleet.gather(list_inboxes)
        await fleet.remove("t1")
        fleet.add("t1", sandbox.teams[1].secrets[1])
        assert (await fleet.gather(list_inboxes))["t1"].ok

    async def test_a_try_that_is_cancelled_leaves_room_for_another(self, sandbox, clock, fleet):
        sandbox.script("list_inboxes", Reply(403), Ordinary(delay=600), team=sandbox.teams[1])
        await fleet.gather(list_inboxes)
        clock.advance(67)
        attempt = asyncio.create_task(fleet.gather(list_inboxes))
        while self.requests_of(sandbox, sandbox.teams[1]) < 2:
            await asyncio.sleep(0.001)
        assert isinstance((await fleet.gather(list_inboxes))["t1"].error, TeamParked)
        attempt.cancel()
        await asyncio.wait([attempt])
        assert (await fleet.gather(list_inboxes))["t1"].ok

    async def test_for_hours_a_revoked_team_is_asked_ever_less_and_at_least_once_an_hour_or_so(self, sandbox, clock):
        driver, parked = Driver(clock), []

        def listen(event):
            driver(event) if not isinstance(event, Parked) else parked.append(clock.monotonic())

        async with fleet_of(sandbox, clock=clock, listeners=[listen]) as fleet:
            sandbox.teams[1].secrets = ()

            async def poll():
                async for _ in fleet.each(list_inboxes, every=30):
                    pass

            task = asyncio.create_task(poll())
            await driver.advance(5 * 3600)
            task.cancel()
            await asyncio.wait([task])
        waits = [after - before for before, after in itertools.pairwise(parked)]
        assert 10 <= len(parked) <= 12
        for refusals, wait in enumerate(waits, 1):
            # The team is asked at the first poll after its time.
            assert wait_after(refusals, 0) <= wait <= wait_after(refusals, 1) + 30


def test_an_empty_fleet_has_parked_nobody():
    assert Fleet({}).parked == {}
