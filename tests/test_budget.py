"""The rate budget: never more than the limit in any minute, in turn, and nobody waits in vain."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heymarket_async.budget import RateBudget, WaitTooLong
from heymarket_async.clock import VirtualClock
from heymarket_async.lanes import Lane
from heymarket_async.limits import LONGEST_PAUSE, PERIOD, SLACK, BudgetState

MINUTE = PERIOD + SLACK


async def settle(turns=20):
    for _ in range(turns):
        await asyncio.sleep(0)


async def play(clock, tasks, *, longest=1e6):
    """Let time pass from one event to the next until all tasks are done."""
    while not all(task.done() for task in tasks):
        await settle()
        if all(task.done() for task in tasks):
            return
        wait = clock.next_wake
        assert wait is not None, "nobody sleeps, and yet not all are done: a wakeup was lost"
        clock.advance(wait)
        assert clock.monotonic() < longest, "somebody waits for ever"


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def budget(clock):
    return RateBudget(3, clock)


async def take(budget, count):
    for _ in range(count):
        await budget.acquire(0)


def give_back(budget, count):
    for _ in range(count):
        budget.release()


class TestSlots:
    async def test_a_free_slot_is_had_at_once_and_needs_no_patience(self, budget):
        await take(budget, 3)
        assert budget.state.in_flight == 3
        assert budget.state.left == 0

    async def test_a_slot_comes_free_a_minute_after_its_answer_not_after_its_start(self, clock, budget):
        await take(budget, 3)
        clock.advance(50)
        give_back(budget, 1)
        task = asyncio.create_task(budget.acquire(100))
        await settle()
        clock.advance(PERIOD)
        await settle()
        assert not task.done()
        clock.advance(SLACK + 1e-9)
        await task
        assert budget.state.in_flight == 3

    async def test_slots_come_free_in_the_order_of_the_answers(self, clock, budget):
        await take(budget, 3)
        for _ in range(3):
            budget.release()
            clock.advance(10)
        assert budget.state.left == 0
        clock.advance(MINUTE - 30)
        assert [budget.state.left, clock.advance(10), budget.state.left, clock.advance(10), budget.state.left] == [
            1,
            None,
            2,
            None,
            3,
        ]

    async def test_those_who_wait_go_in_the_order_they_came(self, clock):
        budget, order = RateBudget(1, clock), []

        async def caller(name):
            await budget.acquire(math.inf)
            order.append(name)
            budget.release()

        tasks = [asyncio.create_task(caller(n)) for n in range(6)]
        await play(clock, tasks)
        assert order == list(range(6))
        assert clock.monotonic() == pytest.approx(5 * MINUTE)

    async def test_a_newcomer_does_not_overtake_one_whose_slot_has_just_come_free(self, clock):
        budget = RateBudget(1, clock)
        await take(budget, 1)
        give_back(budget, 1)
        waiter = asyncio.create_task(budget.acquire(math.inf))
        await settle()
        clock.advance(MINUTE)
        with pytest.raises(WaitTooLong):
            await budget.acquire(0)
        await waiter

    async def test_those_who_can_go_together_do(self, clock):
        budget = RateBudget(5, clock)
        await take(budget, 5)
        give_back(budget, 5)
        tasks = [asyncio.create_task(budget.acquire(math.inf)) for _ in range(5)]
        await settle()
        clock.advance(MINUTE)
        await settle()
        assert all(task.done() for task in tasks)

    async def test_without_a_limit_everything_goes(self, clock):
        budget = RateBudget(None, clock)
        await take(budget, 10_000)
        give_back(budget, 10_000)
        assert budget.state == BudgetState(limit=None, left=None, in_flight=0, waiting=0, next_in=0.0, paused_for=0.0)


class TestPatience:
    async def test_a_wait_that_is_known_to_be_too_long_is_not_begun(self, clock, budget):
        await take(budget, 3)
        give_back(budget, 3)
        clock.advance(20)
        with pytest.raises(WaitTooLong) as caught:
            await budget.acquire(40)
        assert caught.value.wait == pytest.approx(MINUTE - 20)
        assert budget.state.waiting == 0
        task = asyncio.create_task(budget.acquire(caught.value.wait))
        await play(clock, [task])
        await task

    @pytest.mark.parametrize("patience", [0, 1, PERIOD])
    async def test_with_all_slots_in_flight_nobody_waits_less_than_a_minute(self, clock, budget, patience):
        await take(budget, 3)
        with pytest.raises(WaitTooLong) as caught:
            await budget.acquire(patience)
        assert caught.value.wait == MINUTE
        assert clock.monotonic() == 0

    async def test_with_all_slots_in_flight_it_ends_with_the_patience_though_no_request_does(self, clock, budget):
        await take(budget, 3)
        tasks = [asyncio.create_task(budget.acquire(patience)) for patience in (100, 90, 150)]
        await play(clock, tasks, longest=151)
        for task in tasks:
            with pytest.raises(WaitTooLong):
                await task
        assert budget.state.waiting == 0

    async def test_with_all_slots_in_flight_a_request_that_ends_lets_the_next_go_a_minute_later(self, clock, budget):
        await take(budget, 3)
        task = asyncio.create_task(budget.acquire(200))
        await settle()
        clock.advance(5)
        budget.release()
        await play(clock, [task])
        await task
        assert clock.monotonic() == pytest.approx(5 + MINUTE)

    async def test_the_place_in_the_queue_is_reckoned_with(self, clock, budget):
        await take(budget, 3)
        for _ in range(3):
            budget.release()
            clock.advance(10)
        waiting = [asyncio.create_task(budget.acquire(math.inf)) for _ in range(3)]
        await settle()
        expected = MINUTE + MINUTE - 30
        assert budget.state.next_in == pytest.approx(expected)
        with pytest.raises(WaitTooLong) as caught:
            await budget.acquire(expected - 1)
        assert caught.value.wait == pytest.approx(expected)
        more = [asyncio.create_task(budget.acquire(math.inf)) for _ in range(3)]
        await settle()
        assert budget.state.next_in == pytest.approx(MINUTE + expected)
        for task in (*waiting, *more):
            task.cancel()
        await settle()
        assert budget.state.waiting == 0

    async def test_one_that_comes_to_the_head_gives_up_if_the_next_slot_is_too_late_for_it(self, clock):
        budget = RateBudget(2, clock)
        await take(budget, 2)
        budget.release()
        first = asyncio.create_task(budget.acquire(math.inf))
        second = asyncio.create_task(budget.acquire(70))
        third = asyncio.create_task(budget.acquire(math.inf))
        await settle()
        clock.advance(MINUTE)
        await settle()
        assert first.done()
        with pytest.raises(WaitTooLong) as caught:
            await second
        assert caught.value.wait == MINUTE
        budget.release()
        await play(clock, [third])
        await third
        assert clock.monotonic() == pytest.approx(2 * MINUTE)

    async def test_a_pause_that_outlasts_the_patience_of_one_in_the_middle_ends_its_wait_in_time(self, clock):
        budget = RateBudget(1, clock)
        await take(budget, 1)
        budget.release()
        first = asyncio.create_task(budget.acquire(math.inf))
        second = asyncio.create_task(budget.acquire(130))
        await settle()
        clock.advance(30)
        budget.pause(500)
        await play(clock, [second], longest=131)
        with pytest.raises(WaitTooLong) as caught:
            await second
        assert clock.monotonic() == pytest.approx(130)
        assert caught.value.wait == pytest.approx(400 + MINUTE)
        await play(clock, [first])
        assert clock.monotonic() == pytest.approx(530)

    def test_the_error_tells_the_wait(self):
        assert WaitTooLong(1.5).wait == 1.5
        assert WaitTooLong(1.5).args == (1.5,)


class TestPauses:
    async def test_nothing_goes_during_one(self, clock, budget):
        budget.pause(10)
        task = asyncio.create_task(budget.acquire(20))
        await settle()
        clock.advance(9.9)
        await settle()
        assert not task.done()
        assert budget.state.paused_for == pytest.approx(0.1)
        clock.advance(0.2)
        await task
        assert budget.state.paused_for == 0.0

    async def test_a_shorter_one_does_not_shorten_it(self, budget):
        budget.pause(10)
        budget.pause(5)
        budget.pause(-5)
        assert budget.state.paused_for == 10
        assert budget.state.next_in == 10

    async def test_one_that_would_outlast_the_patience_is_not_waited_for(self, budget):
        budget.pause(10)
        with pytest.raises(WaitTooLong) as caught:
            await budget.acquire(9)
        assert caught.value.wait == 10

    async def test_one_who_waits_for_a_slot_waits_for_a_pause_that_comes_meanwhile(self, clock, budget):
        await take(budget, 3)
        give_back(budget, 3)
        task = asyncio.create_task(budget.acquire(1000))
        await settle()
        clock.advance(59)
        budget.pause(100)
        await play(clock, [task])
        await task
        assert clock.monotonic() == pytest.approx(159)

    async def test_one_who_waits_for_a_pause_waits_for_a_longer_one_that_comes_meanwhile(self, clock, budget):
        budget.pause(10)
        patient, impatient = (asyncio.create_task(budget.acquire(patience)) for patience in (100, 15))
        await settle()
        clock.advance(5)
        budget.pause(20)
        await play(clock, [patient, impatient])
        await patient
        assert clock.monotonic() == 25
        with pytest.raises(WaitTooLong):
            await impatient

    async def test_one_at_the_head_gives_up_as_soon_as_a_pause_is_seen_to_be_too_long(self, clock, budget):
        budget.pause(10)
        task = asyncio.create_task(budget.acquire(15))
        await settle()
        budget.pause(50)
        await play(clock, [task])
        with pytest.raises(WaitTooLong) as caught:
            await task
        assert clock.monotonic() == 10
        assert caught.value.wait == 40

    async def test_after_one_everybody_goes_in_order_within_the_limit(self, clock, budget):
        budget.pause(10)
        order = []

        async def caller(name):
            await budget.acquire(math.inf)
            order.append((name, clock.monotonic()))
            budget.release()

        await play(clock, [asyncio.create_task(caller(n)) for n in range(4)])
        assert order == [(0, 10), (1, 10), (2, 10), (3, pytest.approx(10 + MINUTE))]

    @pytest.mark.parametrize("seconds", [1e9, math.inf])
    async def test_a_senseless_one_does_not_silence_a_program_for_good(self, budget, seconds):
        budget.pause(seconds)
        assert budget.state.paused_for == LONGEST_PAUSE

    async def test_it_holds_without_a_limit_too(self, clock):
        budget = RateBudget(None, clock)
        budget.pause(3)
        tasks = [asyncio.create_task(budget.acquire(5)) for _ in range(3)]
        await play(clock, tasks)
        assert clock.monotonic() == 3
        assert budget.state.in_flight == 3


class TestCancellation:
    async def waiting(self, clock, budget, count):
        """Fill the budget, and let some wait for it."""
        await take(budget, 3)
        give_back(budget, 3)
        tasks = [asyncio.create_task(budget.acquire(math.inf)) for _ in range(count)]
        await settle()
        assert budget.state.waiting == count
        return tasks

    @pytest.mark.parametrize("place", [0, 1, 2, 3])
    async def test_one_who_gives_up_takes_no_slot_and_stops_nobody(self, clock, budget, place):
        tasks = await self.waiting(clock, budget, 4)
        tasks[place].cancel()
        await settle()
        assert budget.state.waiting == 3
        clock.advance(MINUTE)
        await settle()
        assert [task.done() for task in tasks] == [True] * 4
        assert tasks[place].cancelled()
        assert budget.state.in_flight == 3
        assert budget.state.left == 0

    async def test_so_do_several_at_once(self, clock, budget):
        tasks = await self.waiting(clock, budget, 6)
        for place in (0, 1, 3):
            tasks[place].cancel()
        await settle()
        clock.advance(MINUTE)
        await settle()
        assert all(task.done() for task in tasks)
        assert budget.state.in_flight == 3

    async def test_one_cancelled_in_the_moment_its_turn_comes_passes_it_on(self, clock, budget):
        tasks = await self.waiting(clock, budget, 3)
        clock.advance(MINUTE)
        tasks[0].cancel()
        await settle()
        assert tasks[0].cancelled()
        assert [task.done() for task in tasks] == [True] * 3
        assert budget.state.in_flight == 2

    async def test_one_cancelled_when_it_is_called_to_the_head_passes_it_on(self, clock, budget):
        tasks = await self.waiting(clock, budget, 3)
        tasks[0].cancel()
        await asyncio.sleep(0)
        tasks[1].cancel()
        await settle()
        assert budget.state.waiting == 1
        clock.advance(MINUTE)
        await settle()
        assert tasks[2].done()
        assert not tasks[2].cancelled()
        assert budget.state.in_flight == 1

    async def test_when_all_give_up_the_budget_is_as_before(self, clock, budget):
        tasks = await self.waiting(clock, budget, 4)
        for task in tasks:
            task.cancel()
        await settle()
        clock.advance(MINUTE)
        assert budget.state == BudgetState(limit=3, left=3, in_flight=0, waiting=0, next_in=0.0, paused_for=0.0)
        assert clock.next_wake is None

    async def test_a_timeout_around_the_wait_takes_no_slot(self, clock, budget):
        await take(budget, 3)
        give_back(budget, 3)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await budget.acquire(math.inf)
        clock.advance(MINUTE)
        assert budget.state.left == 3
        assert budget.state.waiting == 0

    async def test_many_who_give_up_leave_no_memory_behind_while_somebody_waits(self, clock, budget):
        await take(budget, 3)
        patient = asyncio.create_task(budget.acquire(3600))
        await settle()
        for _ in range(1000):
            task = asyncio.create_task(budget.acquire(3600))
            await settle(2)
            task.cancel()
            await asyncio.wait([task])
        assert budget.state.waiting == 1
        assert len(budget._deadlines) < 10
        give_back(budget, 3)
        await play(clock, [patient])
        await patient


class TestState:
    async def test_it_tells_what_is_left_who_waits_and_how_long(self, clock, budget):
        assert budget.state == BudgetState(limit=3, left=3, in_flight=0, waiting=0, next_in=0.0, paused_for=0.0)
        await take(budget, 2)
        assert budget.state == BudgetState(limit=3, left=1, in_flight=2, waiting=0, next_in=0.0, paused_for=0.0)
        give_back(budget, 1)
        await take(budget, 1)
        clock.advance(10)
        state = budget.state
        assert (state.left, state.in_flight) == (0, 2)
        assert state.next_in == pytest.approx(MINUTE - 10)
        budget.pause(55)
        assert budget.state.next_in == 55
        task = asyncio.create_task(budget.acquire(100))
        await settle()
        assert budget.state.waiting == 1
        task.cancel()

    async def test_a_slot_that_nobody_uses_comes_back(self, clock, budget):
        await take(budget, 3)
        assert budget.state.next_in == MINUTE
        give_back(budget, 3)
        clock.advance(MINUTE - 0.01)
        assert budget.state.left == 0
        clock.advance(0.02)
        assert budget.state.left == 3

    def test_the_repr_shows_it(self, budget):
        assert repr(budget) == f"RateBudget({budget.state})"
        assert "left=3" in repr(budget)


# Simulations

callers = st.lists(
    st.fixed_dictionaries(
        {
            "arrives": st.integers(0, 150) | st.floats(0, 150),
            "takes": st.just(0) | st.integers(0, 100) | st.floats(0, 3),
            "patience": st.just(math.inf) | st.integers(0, 300),
            "cancelled_after": st.just(math.inf) | st.integers(0, 200) | st.floats(0, 200),
        }
    ),
    max_size=10,
)
pauses = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 90)), max_size=3)


class Simulation:
    """Callers who come, wait, use a slot for a while and perhaps give up; and a service that asks for pauses."""

    def __init__(self, limit, plan, pauses):
        self.limit, self.plan, self.pauses = limit, plan, pauses
        self.clock = VirtualClock()
        self.budget = RateBudget(limit, self.clock)
        self.arrivals, self.starts, self.spans, self.refused, self.silences = [], [], [], [], []

    async def call(self, number, caller):
        clock, budget = self.clock, self.budget
        await clock.sleep(caller["arrives"])
        arrived = clock.monotonic()
        self.arrivals.append(number)
        try:
            await budget.acquire(caller["patience"])
        except WaitTooLong as error:
            self.refused.append((number, arrived, clock.monotonic(), error.wait))
            return
        started = clock.monotonic()
        assert started <= arrived + caller["patience"] + 1e-6
        self.starts.append(number)
        try:
            await clock.sleep(caller["takes"])
        finally:
            budget.release()
            self.spans.append((started, clock.monotonic()))

    async def give_up(self, task, caller):
        if caller["cancelled_after"] < math.inf:
            await self.clock.sleep(caller["arrives"] + caller["cancelled_after"])
            task.cancel()

    async def pause(self, at, seconds):
        await self.clock.sleep(at)
        self.budget.pause(seconds)
        self.silences.append((self.clock.monotonic(), self.clock.monotonic() + seconds))

    async def run(self):
        calls = [asyncio.create_task(self.call(*numbered)) for numbered in enumerate(self.plan)]
        others = [asyncio.create_task(self.give_up(*each)) for each in zip(calls, self.plan, strict=True)]
        others += [asyncio.create_task(self.pause(*each)) for each in self.pauses]
        await play(self.clock, calls + others)
        for task in calls + others:
            if not task.cancelled():
                task.result()
        return self

    def most_in_any_minute(self):
        """The most requests that the service may count in one minute, whenever it counts each."""
        ends = [end for _, end in self.spans]
        return max((sum(e >= left and s <= left + PERIOD for s, e in self.spans) for left in ends), default=0)


@settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 4), callers, pauses)
def test_whatever_happens_the_limit_holds_in_any_minute_and_nobody_is_lost(limit, plan, pauses):
    simulation = asyncio.run(Simulation(limit, plan, pauses).run())
    assert simulation.most_in_any_minute() <= limit
    for begin, end in simulation.silences:
        assert not any(begin < start < end - 1e-6 for start, _ in simulation.spans)
    for number, arrived, refused, wait in simulation.refused:
        assert refused <= arrived + plan[number]["patience"] + 1e-6
        assert wait > 0
    state = simulation.budget.state
    assert (state.in_flight, state.waiting) == (0, 0)
    simulation.clock.advance(MINUTE + LONGEST_PAUSE)
    assert simulation.budget.state.left == limit


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 4), callers, pauses)
def test_those_who_are_patient_all_go_and_in_the_order_they_came(limit, plan, pauses):
    plan = [caller | {"patience": math.inf, "cancelled_after": math.inf} for caller in plan]
    simulation = asyncio.run(Simulation(limit, plan, pauses).run())
    went = dict(zip(simulation.starts, sorted(start for start, _ in simulation.spans), strict=True))
    assert len(went) == len(plan)
    # Whose turns come in one moment may take up their work in another order.
    in_order_of_arrival = [went[number] for number in simulation.arrivals]
    assert in_order_of_arrival == sorted(in_order_of_arrival)
    assert simulation.most_in_any_minute() <= limit


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 4), st.integers(1, 20), st.integers(0, 30))
def test_no_slot_is_left_unused_while_somebody_waits(limit, count, takes):
    plan = [{"arrives": 0, "takes": takes, "patience": math.inf, "cancelled_after": math.inf}] * count
    simulation = asyncio.run(Simulation(limit, plan, []).run())
    rounds = (count - 1) // limit
    assert max(start for start, _ in simulation.spans) == pytest.approx(rounds * (takes + MINUTE))


class TestLanes:
    """Who goes first; how often is in test_lanes.py, and how evenly in test_limits.py."""

    async def crowd(self, clock, budget, lanes):
        """Fill the budget, let calls of `lanes` wait for it in this order, and return the order in which they go."""
        order = []

        async def caller(lane):
            slot = await budget.acquire(math.inf, lane)
            order.append(lane)
            budget.release(slot)

        await take(budget, 1)
        give_back(budget, 1)
        tasks = []
        for lane in lanes:
            tasks.append(asyncio.create_task(caller(lane)))
            await asyncio.sleep(0)
        await play(clock, tasks)
        return order

    async def test_an_urgent_call_overtakes_those_that_wait_in_lower_lanes(self, clock):
        order = await self.crowd(clock, RateBudget(1, clock), [Lane.EXPORT, Lane.POLL, Lane.INTERACTIVE, Lane.SEND])
        assert order == [Lane.SEND, Lane.INTERACTIVE, Lane.POLL, Lane.EXPORT]

    async def test_a_long_queue_of_sends_lets_one_below_go_after_every_fourth(self, clock):
        order = await self.crowd(clock, RateBudget(1, clock), [Lane.SEND] * 10 + [Lane.POLL] * 3)
        assert order == [Lane.SEND] * 4 + [Lane.POLL] + [Lane.SEND] * 4 + [Lane.POLL] + [Lane.SEND] * 2 + [Lane.POLL]

    async def test_a_send_goes_at_once_though_polls_wait_for_their_pace(self, clock):
        budget = RateBudget(500, clock)
        polls = [asyncio.create_task(budget.acquire(math.inf, Lane.POLL)) for _ in range(5)]
        await settle()
        assert [poll.done() for poll in polls] == [True, True, False, False, False]
        assert await budget.acquire(0, Lane.SEND)
        assert budget.state.waiting == 3
        await play(clock, polls)
        assert clock.monotonic() == pytest.approx(3 * MINUTE / 500, rel=0.05)

    async def test_a_poll_is_not_let_past_polls_that_wait(self, clock):
        budget = RateBudget(500, clock)
        polls = [asyncio.create_task(budget.acquire(math.inf, Lane.POLL)) for _ in range(5)]
        await settle()
        assert budget.take(Lane.POLL) is None
        for poll in polls:
            poll.cancel()
        await settle()

    async def test_one_whose_patience_ends_before_its_pace_lets_it_go_is_turned_away_at_once(self, clock):
        budget = RateBudget(500, clock)
        for _ in range(2):
            await budget.acquire(0, Lane.POLL)
        with pytest.raises(WaitTooLong) as caught:
            await budget.acquire(0.01, Lane.POLL)
        assert caught.value.wait == pytest.approx(MINUTE / 500, rel=0.05)
        assert budget.state.waiting == 0

    async def test_a_slot_that_was_not_used_goes_to_the_next_at_once(self, clock):
        budget = RateBudget(1, clock)
        slot = await budget.acquire(0)
        waiter = asyncio.create_task(budget.acquire(1000, Lane.POLL))
        await settle()
        budget.release(slot, counts=False)
        await waiter
        assert clock.monotonic() == 0.0

    async def test_nothing_is_left_behind_when_nobody_waits(self, clock):
        budget = RateBudget(1, clock)
        await take(budget, 1)
        tasks = [asyncio.create_task(budget.acquire(100, lane)) for lane in Lane for _ in range(3)]
        await settle()
        assert clock.next_wake is not None
        for task in tasks:
            task.cancel()
        await settle()
        assert clock.next_wake is None
        assert budget.state.waiting == 0
