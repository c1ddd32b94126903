"""Of a hundred teams that are watched, one refused, one hanging, one garbled and one slowed leave the others alone."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict

import pytest

from fleets import Driver, fleet_of
from heymarket_async import PollEnded, PollFailed
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Hang, Raw, Sandbox

TEAMS, EVERY, SECONDS = 100, 10.0, 120.0
REFUSED, HANGING, GARBLED, SLOWED = "t10", "t30", "t50", "t70"
ODD = {REFUSED, HANGING, GARBLED, SLOWED}
# Polls of one team go 0.12 s apart, so that its limit is never used up at once.
PACED = 0.3


class Run:
    """What came of watching all teams for two virtual minutes, in which somebody writes to each every seven seconds.

    Attributes:
        polls: of each team, what its polls told the listener.
        lags: of each team, the seconds from each message to the change.
        wrote: of each team, when which message was written.
        parked: the teams that were parked at the end.
    """

    def __init__(self):
        self.polls = defaultdict(list)
        self.lags = defaultdict(list)
        self.wrote = defaultdict(dict)
        self.parked = {}

    async def read(self, watch, clock):
        async for change in watch:
            if change.feed == "messages":
                self.lags[change.team].append(clock.monotonic() - self.wrote[change.team][change.id])

    def write(self, teams, clock):
        for name, team in teams.items():
            message = team.receive(team.inboxes[0]["id"], "14155550123", "Good morning")
            self.wrote[name][message["id"]] = clock.monotonic()

    @property
    def settled(self):
        """How many messages were written long enough before the end."""
        return int((SECONDS - 2 * EVERY) // 7)


async def run(*, faults):
    clock, found = VirtualClock(), Run()
    driver = Driver(clock, HANGING) if faults else Driver(clock)
    async with Sandbox(teams=TEAMS, clock=clock, retry_after=True) as sandbox:
        teams = {f"t{place}": team for place, team in enumerate(sandbox.teams)}
        async with fleet_of(sandbox, clock=clock, listeners=[driver], pool_size=20) as fleet:
            if faults:
                teams[REFUSED].secrets = ()
                sandbox.script("*", Hang(), times=10_000, team=teams[HANGING])
                sandbox.script("*", Raw(b"\x00garbage\xff\r\n\r\n" * 10), times=10_000, team=teams[GARBLED])
                teams[SLOWED].rate_limit = 10

            def listen(event):
                found.polls[event.team].append(event)

            watch = fleet.watch("messages", "inboxes", every=EVERY, slowest=EVERY, listener=listen)
            reading = asyncio.create_task(found.read(watch, clock))
            await driver.advance(EVERY)
            end = clock.monotonic() + SECONDS
            while clock.monotonic() < end:
                found.write(teams, clock)
                await driver.advance(7.0)
            found.parked = fleet.parked
            reading.cancel()
            await asyncio.wait([reading])
            assert reading.cancelled()
    return found


def ran(*, faults):
    logging.getLogger("heymarket_async").setLevel(logging.CRITICAL)  # It would warn of the four, for whom nobody asked.
    try:
        return asyncio.run(asyncio.wait_for(run(faults=faults), 240))
    finally:
        logging.getLogger("heymarket_async").setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def without():
    return ran(faults=False)


@pytest.fixture(scope="module")
def with_faults():
    return ran(faults=True)


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def test_without_faults_every_message_is_told_within_an_interval(without):
    assert len(without.lags) == TEAMS
    assert without.parked == {}
    for lags in without.lags.values():
        assert len(lags) >= without.settled
        assert max(lags) <= EVERY * 1.1


def test_the_others_are_polled_on_time_and_told_as_soon_as_without_the_four(without, with_faults):
    others = with_faults.polls.keys() - ODD
    assert len(others) == 96
    for name in others:
        events = with_faults.polls[name]
        assert all(isinstance(event, PollEnded) for event in events)
        assert max(event.late for event in events) <= PACED
        assert max(event.elapsed for event in events) <= PACED
        assert len(with_faults.lags[name]) >= with_faults.settled
        assert max(with_faults.lags[name]) <= EVERY * 1.1
    lags = [[lag for name in others for lag in found.lags[name]] for found in (without, with_faults)]
    assert median(lags[1]) == pytest.approx(median(lags[0]), abs=0.5)


def test_the_refused_team_is_parked_and_told_once_or_twice(with_faults):
    assert with_faults.parked.keys() == {REFUSED}
    events = with_faults.polls[REFUSED]
    assert {type(event.error).__name__ for event in events} == {"AuthenticationError"}
    assert len(events) <= 3


@pytest.mark.parametrize(("name", "error"), [(HANGING, "TimedOut"), (GARBLED, "ConnectionLost")])
def test_the_hanging_team_and_the_garbled_one_fail_and_are_told(with_faults, name, error):
    events = with_faults.polls[name]
    assert events
    assert {type(event.error).__name__ for event in events} == {error}
    assert all(isinstance(event, PollFailed) for event in events)
    assert name not in with_faults.lags


def test_the_slowed_team_is_told_all_that_its_pace_allows(without, with_faults):
    # Twelve polls a minute are wanted and ten allowed: it waits for the limit, and nothing is lost.
    lags = with_faults.lags[SLOWED]
    assert 0 < len(lags) <= len(without.lags[SLOWED])
    assert len([event for event in with_faults.polls[SLOWED] if isinstance(event, PollEnded)]) >= 10
