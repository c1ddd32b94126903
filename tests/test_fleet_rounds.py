"""Whatever teams do and however long they take: each has its turn, no more run than may, and nothing is left."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from fleets import settle
from heymarket_async import ApiKey, Fleet
from heymarket_async.clock import VirtualClock
from heymarket_async.fleet.rounds import next_due

TEAMS = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=12)


class World:
    """A fleet whose functions take virtual time and make no call."""

    def __init__(self, teams):
        self.clock = VirtualClock()
        self.ways = {f"t{place}": way for place, way in enumerate(teams)}
        self.fleet = Fleet({name: ApiKey(f"key of {name}") for name in self.ways}, clock=self.clock)
        self.running = Counter()
        self.most = 0
        self.began = []

    async def function(self, team):
        seconds, fails = self.ways[team.name]
        self.running[team.name] += 1
        self.most = max(self.most, self.running.total())
        self.began.append((self.clock.monotonic(), team.name))
        try:
            await self.clock.sleep(seconds)
            if fails:
                raise ValueError(team.name)
            return team.name
        finally:
            self.running[team.name] -= 1


async def pass_time(clock, seconds):
    end = clock.monotonic() + seconds
    await settle()
    while clock.monotonic() < end:
        step = clock.next_wake
        clock.advance(min(end - clock.monotonic(), seconds if step is None else step))
        await settle()


@settings(deadline=None, max_examples=60)
@given(TEAMS, st.integers(1, 5))
def test_in_one_walk_each_team_has_one_turn_and_its_own_result(teams, places):
    async def main():
        world = World(teams)
        walk = asyncio.create_task(world.fleet.gather(world.function, concurrency=places))
        await pass_time(world.clock, 31 * len(teams))
        results = await walk
        assert [*results] == [*world.ways]
        for name, (seconds, fails) in world.ways.items():
            result = results[name]
            assert result.elapsed == seconds
            assert result.ok is not fails
            assert (str(result.error) if fails else result.value) == name
        assert world.most <= places
        assert world.running.total() == 0

    asyncio.run(main())


@settings(deadline=None, max_examples=60)
@given(TEAMS, st.integers(1, 5), st.integers(1, 20), st.integers(0, 60))
def test_again_and_again_no_team_overlaps_itself_or_starves_and_leaving_leaves_nothing(teams, places, every, leave):
    async def main():
        world = World(teams)
        results = []

        async def consume():
            async for result in world.fleet.each(world.function, concurrency=places, every=every):
                results.append(result)  # noqa: PERF401 - it never ends

        task = asyncio.create_task(consume())
        await pass_time(world.clock, 200 + leave)
        assert max(world.running.values(), default=0) <= 1
        assert world.most <= places
        turns = Counter(name for _, name in world.began)
        if places >= len(teams):
            for name, (seconds, _) in world.ways.items():
                # From one time of its own to the next that it does not miss.
                cycle = every * max(-(-seconds // every), 1)
                assert abs(turns[name] - (200 + leave) / cycle) <= 2
            assert {result.late for result in results} <= {0.0}
        else:
            total = sum(max(seconds, every) for seconds, _ in teams)
            assert all(turns[name] >= (200 + leave) / (total + every) - 2 for name in world.ways)
        task.cancel()
        await asyncio.wait([task])
        assert world.running.total() == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


@given(st.floats(0, 1e6), st.floats(0.01, 1e4), st.floats(0, 1e5))
def test_the_next_time_of_a_team_is_a_whole_number_of_intervals_later_and_not_past(due, every, took):
    following = next_due(due, every, due + took)
    assert following >= due + took - every * 1e-6
    assert following - due <= max(took + every, every) * (1 + 1e-9) + 1e-6
    steps = (following - due) / every
    assert abs(steps - round(steps)) < 1e-3
