"""A team that is refused, one that hangs, one that gets garbage and one that is slowed leave the others alone."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict

import pytest

from fleets import Driver, fleet_of
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Hang, Raw, Sandbox

TEAMS, EVERY, SECONDS = 100, 10.0, 120.0
REFUSED, HANGING, GARBLED, SLOWED = "t10", "t30", "t50", "t70"
ODD = {REFUSED, HANGING, GARBLED, SLOWED}


async def poll(team):
    """Make three calls one after another, and where the team hangs, many at once."""
    if team.name == HANGING:
        return await asyncio.gather(*(team.inboxes.list() for _ in range(40)))
    return [await team.inboxes.list() for _ in range(3)]


async def run(*, faults):
    """Poll all teams for two virtual minutes; return requests by team, results by team, and the fleet."""
    clock = VirtualClock()
    driver = Driver(clock, HANGING) if faults else Driver(clock)
    results = defaultdict(list)
    async with Sandbox(teams=TEAMS, clock=clock, retry_after=True) as sandbox:
        teams = {f"t{place}": team for place, team in enumerate(sandbox.teams)}
        names = {team.id: name for name, team in teams.items()}
        async with fleet_of(sandbox, clock=clock, listeners=[driver], pool_size=20) as fleet:
            if faults:
                teams[REFUSED].secrets = ()
                sandbox.script("*", Hang(), times=10_000, team=teams[HANGING])
                sandbox.script("*", Raw(b"\x00garbage\xff\r\n\r\n" * 10), times=10_000, team=teams[GARBLED])
                teams[SLOWED].rate_limit = 10

            async def consume():
                async for result in fleet.each(poll, every=EVERY):
                    results[result.team].append(result)

            task = asyncio.create_task(consume())
            await driver.advance(SECONDS - 0.01)
            assert not task.done()
            task.cancel()
            await asyncio.wait([task])
            requests = Counter(names.get(request.team) for request in sandbox.requests)
            return requests, results, fleet.parked


@pytest.fixture(scope="module")
def without():
    return asyncio.run(asyncio.wait_for(run(faults=False), 120))


@pytest.fixture(scope="module")
def with_faults():
    return asyncio.run(asyncio.wait_for(run(faults=True), 120))


def test_without_faults_every_team_is_polled_on_time(without):
    requests, results, parked = without
    assert len(results) == TEAMS
    assert parked == {}
    assert {len(polls) for polls in results.values()} == {SECONDS / EVERY}
    assert {result.late for polls in results.values() for result in polls} == {0.0}
    assert {count for team, count in requests.items() if team != HANGING} == {3 * SECONDS / EVERY}


def test_the_others_make_the_same_requests_at_the_same_times(without, with_faults):
    for team in without[1].keys() - ODD:
        assert with_faults[0][team] == without[0][team] == 36
        for before, after in zip(without[1][team], with_faults[1][team], strict=True):
            assert after.ok
            assert (after.late, after.elapsed) == (before.late, before.elapsed) == (0.0, 0.0)


def test_the_refused_team_is_parked(with_faults):
    _, results, parked = with_faults
    assert parked.keys() == {REFUSED}
    assert [type(result.error).__name__ for result in results[REFUSED]].count("AuthenticationError") <= 2


def test_the_hanging_team_times_out_and_holds_few_connections(with_faults):
    requests, results, _ = with_faults
    # Those that hold a connection time out; those that wait for one were never sent.
    assert results[HANGING]
    assert {type(result.error).__name__ for result in results[HANGING]} <= {"TimedOut", "NeverSent"}
    # Four at a time, each until nothing has come for thirty seconds.
    assert 4 <= requests[HANGING] <= 4 * (SECONDS / 30 + 1)


def test_the_garbled_team_gets_errors(with_faults):
    names = {type(result.error).__name__ for result in with_faults[1][GARBLED]}
    assert names == {"ConnectionLost"}


def test_the_slowed_team_keeps_the_pace_that_it_is_allowed(with_faults):
    requests, results, _ = with_faults
    assert len(results[SLOWED]) >= 5
    assert all(result.ok for result in results[SLOWED])
    assert max(result.elapsed for result in results[SLOWED]) >= EVERY
    # Twenty are allowed in two minutes; each refusal brings one more, which the service asks to come later.
    assert 20 <= requests[SLOWED] <= 32
