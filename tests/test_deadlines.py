"""Blocks that end when they take too long."""

from __future__ import annotations

import asyncio

import pytest

from heymarket_async.clock import VirtualClock
from heymarket_async.deadlines import Deadlines


async def forever(deadlines, seconds, ended):
    try:
        with deadlines.block(seconds):
            await asyncio.get_running_loop().create_future()
    except TimeoutError:
        ended.append(seconds)


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


class TestManyBlocks:
    async def test_end_each_at_its_own_moment_and_not_before(self):
        clock, ended = VirtualClock(), []
        deadlines = Deadlines(clock)
        tasks = [asyncio.create_task(forever(deadlines, seconds, ended)) for seconds in (3.0, 1.0, 2.0, 1.0)]
        await settle()
        seen = []
        for _ in range(4):
            clock.advance(0.9)
            await settle()
            seen.append(list(ended))
        await asyncio.gather(*tasks)
        assert seen == [[], [1.0, 1.0], [1.0, 1.0, 2.0], [1.0, 1.0, 2.0, 3.0]]

    async def test_have_one_timer_and_leave_none(self):
        clock, calls = VirtualClock(), []

        class Counting(VirtualClock):
            def call_later(self, seconds, act):
                calls.append(seconds)
                return clock.call_later(seconds, act)

        deadlines = Deadlines(Counting())
        tasks = [asyncio.create_task(forever(deadlines, 30.0, [])) for _ in range(50)]
        await settle()
        assert calls == [30.0]
        for task in tasks[1:]:
            task.cancel()
        await settle()
        assert (len(deadlines), clock.next_wake) == (1, 30.0)
        tasks[0].cancel()
        await settle()
        assert (len(deadlines), clock.next_wake) == (0, None)

    async def test_are_not_held_up_by_one_that_was_given_more_time(self):
        clock, ended = VirtualClock(), []
        deadlines = Deadlines(clock)

        async def patient():
            with deadlines.block(1.0) as block:
                block.extend(10.0, latest=5.0)
                await asyncio.get_running_loop().create_future()

        first = asyncio.create_task(patient())
        second = asyncio.create_task(forever(deadlines, 2.0, ended))
        await settle()
        clock.advance(1.5)
        await settle()
        assert (ended, first.done()) == ([], False)
        clock.advance(0.5)
        await settle()
        assert (ended, first.done()) == ([2.0], False)
        clock.advance(3.0)
        with pytest.raises(TimeoutError):
            await first
        await second

    async def test_can_be_given_less_time(self):
        clock = VirtualClock()

        async def hasty():
            with Deadlines(clock).block() as block:
                block.extend(1.0, latest=9.0)
                await asyncio.get_running_loop().create_future()

        task = asyncio.create_task(hasty())
        await settle()
        clock.advance(1.0)
        with pytest.raises(TimeoutError):
            await task

    async def test_end_all_at_once_each_with_an_error_of_its_own(self):
        deadlines = Deadlines(VirtualClock())

        async def wait(seconds):
            with deadlines.block(seconds):
                await asyncio.get_running_loop().create_future()

        tasks = [asyncio.create_task(wait(seconds)) for seconds in (None, 5.0)]
        await settle()
        deadlines.end(ConnectionError)
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in errors] == [ConnectionError, ConnectionError]
        assert errors[0] is not errors[1]
        assert len(deadlines) == 0

    async def test_a_block_that_is_over_at_once_ends(self):
        clock = VirtualClock()
        task = asyncio.create_task(forever(Deadlines(clock), -1.0, ended := []))
        await settle()
        clock.advance(0.0)
        await task
        assert ended == [-1.0]


def test_blocks_of_an_event_loop_that_has_ended_do_not_count_on_the_next():
    clock, ended = VirtualClock(), []
    deadlines = Deadlines(clock)

    async def begin():
        task = asyncio.current_task()
        assert task is not None
        deadlines.block(1.0).__enter__()

    asyncio.run(begin())

    async def go_on():
        task = asyncio.create_task(forever(deadlines, 2.0, ended))
        await settle()
        assert len(deadlines) == 1
        clock.advance(2.0)
        await task

    asyncio.run(go_on())
    assert ended == [2.0]


def test_a_block_needs_a_task():
    with pytest.raises(RuntimeError):
        Deadlines(VirtualClock()).block(1.0).__enter__()


class TestABlockInATaskThatWasCancelled:
    """As where somebody cleans up, after `CancelledError`, with calls that have deadlines."""

    async def test_ends_with_a_timeout_all_the_same(self):
        clock, ends = VirtualClock(), []

        async def clean_up():
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                try:
                    with Deadlines(clock).block(5.0):
                        await asyncio.get_running_loop().create_future()
                except TimeoutError:
                    ends.append("timeout")
                raise

        task = asyncio.create_task(clean_up())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        clock.advance(5.0)
        await asyncio.wait([task])
        assert ends == ["timeout"]
        assert task.cancelled()
        assert task.cancelling() == 1

    async def test_that_ends_for_two_reasons_tells_the_first_and_leaves_no_cancellation(self):
        clock = VirtualClock()

        async def call():
            with Deadlines(clock).block(5.0) as deadline:
                asyncio.get_running_loop().call_soon(clock.advance, 5.0)
                asyncio.get_running_loop().call_soon(deadline.end, ConnectionError())
                await asyncio.get_running_loop().create_future()

        task = asyncio.create_task(call())
        await asyncio.wait([task])
        assert isinstance(task.exception(), TimeoutError)
        assert task.cancelling() == 0
