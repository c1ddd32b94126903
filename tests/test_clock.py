"""Time as a value that is passed in."""

from __future__ import annotations

import asyncio
import time

import pytest

from heymarket_async import ArgumentError
from heymarket_async.clock import SYSTEM_CLOCK, SkewedClock, VirtualClock


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_system_clock_is_the_machines():
    assert SYSTEM_CLOCK.wall() == pytest.approx(time.time(), abs=5)
    assert SYSTEM_CLOCK.monotonic() == pytest.approx(time.monotonic(), abs=5)
    await SYSTEM_CLOCK.sleep(0)


class TestVirtualClock:
    def test_it_starts_where_it_is_told_and_stands_still(self):
        clock = VirtualClock(wall=1000.0)
        assert (clock.wall(), clock.monotonic()) == (1000.0, 0.0)
        assert (clock.wall(), clock.monotonic()) == (1000.0, 0.0)

    def test_advancing_moves_both_readings(self):
        clock = VirtualClock(wall=1000.0)
        clock.advance(2.5)
        assert (clock.wall(), clock.monotonic()) == (1002.5, 2.5)

    def test_a_suspended_machine_sees_only_the_wall_move(self):
        clock = VirtualClock(wall=1000.0)
        clock.suspend(3600)
        assert (clock.wall(), clock.monotonic()) == (4600.0, 0.0)

    def test_the_wall_can_be_set_forward_and_back(self):
        clock = VirtualClock(wall=1000.0)
        clock.set_wall(10.0)
        assert (clock.wall(), clock.monotonic()) == (10.0, 0.0)
        clock.advance(1)
        assert (clock.wall(), clock.monotonic()) == (11.0, 1.0)

    def test_time_does_not_go_back(self):
        clock = VirtualClock()
        with pytest.raises(ArgumentError, match="not go back"):
            clock.advance(-0.1)
        assert clock.monotonic() == 0.0

    @pytest.mark.parametrize("value", ["3", None, True, float("nan"), float("inf")])
    def test_what_is_no_number_of_seconds_is_refused(self, value):
        clock = VirtualClock()
        for act in (clock.advance, clock.suspend, clock.set_wall, VirtualClock):
            with pytest.raises(ArgumentError, match=r"(seconds|wall) must be a number of seconds, not "):
                act(value)
        assert (clock.monotonic(), clock.wall()) == (0.0, VirtualClock().wall())

    async def test_sleepers_wake_when_their_time_has_come_and_in_its_order(self):
        clock, woken = VirtualClock(), []

        async def sleeper(name, seconds):
            await clock.sleep(seconds)
            woken.append(name)

        tasks = [asyncio.create_task(sleeper(*each)) for each in [("c", 3), ("a", 1), ("b1", 2), ("b2", 2), ("d", 9)]]
        await settle()
        clock.advance(0.999)
        await settle()
        assert woken == []
        clock.advance(0.001)
        await settle()
        assert woken == ["a"]
        clock.advance(5)
        await settle()
        assert woken == ["a", "b1", "b2", "c"]
        clock.advance(5)
        await asyncio.gather(*tasks)
        assert woken[-1] == "d"

    @pytest.mark.parametrize("seconds", [0, -1])
    async def test_sleeping_for_no_time_lets_others_run_and_returns(self, seconds):
        clock, ran = VirtualClock(), []
        asyncio.get_running_loop().call_soon(ran.append, True)
        await clock.sleep(seconds)
        assert ran == [True]
        assert clock.next_wake is None

    async def test_neither_a_suspended_machine_nor_a_set_wall_wakes_sleepers(self):
        clock = VirtualClock()
        task = asyncio.create_task(clock.sleep(10))
        await settle()
        clock.suspend(100)
        clock.set_wall(9e9)
        await settle()
        assert not task.done()
        clock.advance(10)
        await task

    async def test_a_cancelled_sleeper_is_forgotten_and_wakes_nobody(self):
        clock = VirtualClock()
        first, second = asyncio.create_task(clock.sleep(1)), asyncio.create_task(clock.sleep(5))
        await settle()
        assert clock.next_wake == 1
        first.cancel()
        await settle()
        assert clock.next_wake == 5
        clock.advance(5)
        await second
        assert first.cancelled()
        assert clock.next_wake is None

    async def test_advancing_past_a_cancelled_sleeper_does_no_harm(self):
        clock = VirtualClock()
        task = asyncio.create_task(clock.sleep(1))
        await settle()
        task.cancel()
        await settle()
        clock.advance(2)
        assert clock.next_wake is None

    async def test_it_tells_when_the_next_sleeper_is_due(self):
        clock = VirtualClock()
        assert clock.next_wake is None
        task = asyncio.create_task(clock.sleep(10))
        await settle()
        clock.advance(4)
        assert clock.next_wake == 6
        clock.advance(clock.next_wake)
        await task


class TestSkewedClock:
    def test_only_its_wall_is_off(self):
        clock = VirtualClock(wall=1000.0)
        skewed = SkewedClock(clock, skew=-30.0)
        clock.advance(5)
        assert (skewed.wall(), skewed.monotonic()) == (975.0, 5.0)

    def test_the_skew_may_change_at_any_moment(self):
        skewed = SkewedClock(VirtualClock(wall=1000.0))
        assert skewed.wall() == 1000.0
        skewed.skew = 60.0
        assert skewed.wall() == 1060.0

    async def test_it_sleeps_on_the_other_clock(self):
        clock = VirtualClock()
        task = asyncio.create_task(SkewedClock(clock, skew=1e6).sleep(3))
        await settle()
        clock.advance(2.9)
        await settle()
        assert not task.done()
        clock.advance(0.2)
        await task
