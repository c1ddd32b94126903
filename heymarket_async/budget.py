"""The rate budget of one account: lets calls wait for their turn."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections import deque

from heymarket_async.clock import Clock, Timer
from heymarket_async.lanes import Lane, Turns
from heymarket_async.limits import BudgetState, Window
from heymarket_async.records import Record


class WaitTooLong(Exception):
    """A slot comes free only after the caller's patience ends.

    Attributes:
        wait: seconds until it comes free, at the least.
    """

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait


class _Waiter(Record, frozen=True):
    """A call that waits. Its turn ends with None when it may go, or with the seconds that it would have to wait."""

    turn: asyncio.Future[float | None]
    deadline: float


class RateBudget:
    """Lets calls go as the rate limit allows, the urgent ones first.

    One timer serves all who wait. There is no task, and nothing is held while somebody waits.

    Args:
        limit: requests in any minute at the most; None for no limit.
        clock: tells monotonic time.
    """

    __slots__ = ("_alarm", "_clock", "_deadlines", "_loop", "_order", "_queues", "_turns", "_window")

    def __init__(self, limit: int | None, clock: Clock) -> None:
        self._clock = clock
        self._window = Window(limit)
        self._turns = Turns()
        self._queues: dict[Lane, deque[_Waiter]] = {lane: deque() for lane in Lane}
        self._deadlines: list[tuple[float, int, Lane, _Waiter]] = []
        self._order = itertools.count()
        self._alarm: tuple[float, Timer] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"RateBudget({self.state})"

    @property
    def state(self) -> BudgetState:
        """How much is left now."""
        now, window = self._clock.monotonic(), self._window
        waiting = sum(map(len, self._queues.values()))
        return BudgetState(
            limit=window.limit,
            left=window.free(now),
            in_flight=window.in_flight,
            waiting=waiting,
            next_in=max(window.wait(now, waiting), window.ready(Lane.INTERACTIVE, now)),
            paused_for=window.paused_for(now),
        )

    def pause(self, seconds: float) -> None:
        """Let nothing go for `seconds`, an hour at the most, because the service said so.

        A longer pause that is on already stays.
        """
        self._window.pause(seconds, self._clock.monotonic())

    def take(self, lane: Lane = Lane.INTERACTIVE) -> asyncio.AbstractEventLoop | None:
        """Take a slot if it can be had at once. `release` must follow.

        Args:
            lane: how urgent the call is.

        Returns:
            The event loop on which it was taken, for `release`; None if others wait or none is free.
        """
        now, loop = self._clock.monotonic(), asyncio.get_running_loop()
        if loop is not self._loop:
            self._move_to(loop, now)
        # While others wait, there is an alarm.
        return loop if self._alarm is None and self._window.take(lane, now) else None

    async def acquire(self, patience: float, lane: Lane = Lane.INTERACTIVE) -> asyncio.AbstractEventLoop:
        """Take a slot, after waiting for it in turn where needed. `release` must follow.

        Args:
            patience: seconds to wait at the most.
            lane: how urgent the call is.

        Returns:
            The event loop on which it was taken, for `release`.

        Raises:
            WaitTooLong: the wait would be longer. It is raised at once where that can be told, and else when the
                patience ends.
        """
        taken = self.take(lane)
        if taken is not None:
            return taken
        now, loop, queue = self._clock.monotonic(), asyncio.get_running_loop(), self._queues[lane]
        wait = self._window.wait(now, len(queue))
        if wait > patience:
            raise WaitTooLong(wait)
        waiter = _Waiter(loop.create_future(), now + patience)
        queue.append(waiter)
        if waiter.deadline < math.inf:
            self._drop_deadlines_of_the_gone()
            heapq.heappush(self._deadlines, (waiter.deadline, next(self._order), lane, waiter))
        self._look()
        try:
            too_long = await waiter.turn
        except asyncio.CancelledError:
            self._leave(waiter, lane, loop)
            raise
        if too_long is not None:
            raise WaitTooLong(too_long)
        return loop

    def release(self, taken_on: asyncio.AbstractEventLoop | None = None, *, counts: bool = True) -> None:
        """Say that a request has ended.

        Args:
            taken_on: what `acquire` returned; needed where the event loop may have changed since.
            counts: whether it may have reached the service. One that has not takes nothing from the budget.
        """
        if taken_on is not None and taken_on is not self._loop:
            return  # Its loop has ended, and its slot was given up then.
        self._window.end(self._clock.monotonic(), counts=counts)
        if not counts:
            self._look()

    def _leave(self, waiter: _Waiter, lane: Lane, loop: asyncio.AbstractEventLoop) -> None:
        """Let a waiter go that was cancelled, perhaps in the very moment its turn came."""
        if loop is not self._loop:
            return
        if not waiter.turn.cancelled():
            if waiter.turn.result() is None:
                self.release(loop, counts=False)
            return
        if waiter in self._queues[lane]:
            self._queues[lane].remove(waiter)
        self._look()

    def _drop_deadlines_of_the_gone(self) -> None:
        """Keep no more deadlines than twice as many as wait, so that who went or gave up takes no memory for long."""
        if len(self._deadlines) > 2 * sum(map(len, self._queues.values())):
            self._deadlines = [entry for entry in self._deadlines if not entry[3].turn.done()]
            heapq.heapify(self._deadlines)

    def _look(self) -> None:
        """Let go who may go, turn away who would wait too long, and come back when that changes."""
        now = self._clock.monotonic()
        while (following := self._next(now)) is not None:
            lane, rights = following
            self._turns.took(lane, self._waiting())
            self._window.start(rights, now)
            self._queues[lane].popleft().turn.set_result(None)
        self._turn_away(now)
        self._set_alarm(now)

    def _waiting(self) -> list[Lane]:
        return [lane for lane, queue in self._queues.items() if queue]

    def _next(self, now: float) -> tuple[Lane, Lane] | None:
        """Return the lane whose first call may go now, and by whose rights, if there is one."""
        for queue in self._queues.values():
            while queue and queue[0].turn.cancelled():
                queue.popleft()
        order = self._turns.order(self._waiting())
        return next(((lane, rights) for lane, rights in order if self._window.ready(rights, now) <= 0.0), None)

    def _turn_away(self, now: float) -> None:
        """Turn away whose patience has ended, and first ones who would wait too long."""
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, lane, waiter = heapq.heappop(self._deadlines)
            if waiter in self._queues[lane]:
                self._refuse(waiter, lane, now)
        for lane in self._waiting():
            queue = self._queues[lane]
            while queue and queue[0].deadline < now + self._window.ready(lane, now):
                self._refuse(queue[0], lane, now)

    def _refuse(self, waiter: _Waiter, lane: Lane, now: float) -> None:
        queue = self._queues[lane]
        wait = max(self._window.wait(now, queue.index(waiter)), self._window.ready(lane, now))
        queue.remove(waiter)
        if not waiter.turn.done():
            waiter.turn.set_result(wait)

    def _set_alarm(self, now: float) -> None:
        due = [now + self._window.ready(rights, now) for _, rights in self._turns.order(self._waiting())]
        if not due:
            self._deadlines.clear()
        elif self._deadlines:
            due.append(self._deadlines[0][0])
        at = min(due, default=None)
        if self._alarm is not None:
            if at is not None and now < self._alarm[0] <= at:
                return  # It rings early enough.
            self._alarm[1].cancel()
        self._alarm = None if at is None else (at, self._clock.call_later(at - now, self._ring))

    def _ring(self) -> None:
        self._alarm = None
        self._look()

    def _move_to(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        """Go on with another event loop: those who waited on the last one, or were under way there, are gone."""
        self._window.end_all(now)
        for queue in self._queues.values():
            queue.clear()
        self._deadlines.clear()
        if self._alarm is not None:
            self._alarm[1].cancel()
        self._alarm = None
        self._loop = loop
