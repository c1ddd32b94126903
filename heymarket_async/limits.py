"""The rate budget of one set of credentials: never more requests than the service allows in any minute.

https://developers.heymarket.com/rate-limits
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import attrs

from heymarket_async.clock import Clock

# https://developers.heymarket.com/rate-limits: "500 requests per minute"
DEFAULT_LIMIT: Final = 500
PERIOD: Final = 60.0
# The ends of periods are met a little late, for clocks that tick at another pace.
SLACK: Final = 0.05
# One header that makes no sense must not silence a program for good.
LONGEST_PAUSE: Final = 3600.0


class WaitTooLong(Exception):
    """A slot comes free only after the caller's patience ends.

    Attributes:
        wait: seconds until it comes free.
    """

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait


@attrs.frozen(kw_only=True)
class BudgetState:
    """How much of the rate limit is left at a moment.

    Attributes:
        limit: requests that any minute may hold; None if the budget is lifted.
        left: requests that the limit lets go at once; None if the budget is lifted.
        in_flight: requests that have no answer yet.
        waiting: calls that wait for a slot.
        next_in: seconds until a call that is made now may go, as far as can be told; 0.0 if it may go at once.
        paused_for: seconds for which the service asked for silence by its last 429.
    """

    limit: int | None
    left: int | None
    in_flight: int
    waiting: int
    next_in: float
    paused_for: float


class RateBudget:
    """Counts the requests of one account, and lets a caller wait for its turn.

    The service counts a request at some moment between its start and its answer. So a slot is taken at the start, and
    comes free a minute after the answer: then no minute of the service's can hold more than the limit, wherever its
    windows begin and however long requests are on their way.

    Args:
        limit: requests in any minute at the most; None for no limit.
        clock: tells monotonic time.
    """

    __slots__ = ("_clock", "_ended", "_in_flight", "_limit", "_loop", "_paused_until", "_queue")

    def __init__(self, limit: int | None, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._in_flight = 0
        self._ended: deque[float] = deque()
        self._paused_until = 0.0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"RateBudget({self.state})"

    @property
    def state(self) -> BudgetState:
        """How much is left now."""
        now = self._clock.monotonic()
        return BudgetState(
            limit=self._limit,
            left=self._free(now),
            in_flight=self._in_flight,
            waiting=len(self._queue),
            next_in=self._wait(now, ahead=len(self._queue)),
            paused_for=max(self._paused_until - now, 0.0),
        )

    def pause(self, seconds: float) -> None:
        """Let nothing go for `seconds`, an hour at the most, because the service said so.

        A longer pause that is on already stays.
        """
        self._paused_until = max(self._paused_until, self._clock.monotonic() + min(seconds, LONGEST_PAUSE))

    async def acquire(self, patience: float) -> asyncio.AbstractEventLoop:
        """Take a slot, after waiting for it in turn where needed. `release` must follow.

        Args:
            patience: seconds to wait at the most.

        Returns:
            The event loop on which it was taken, for `release`.

        Raises:
            WaitTooLong: the wait would be longer. It is raised at once where that can be told, and else when the
                patience ends.
        """
        now = self._clock.monotonic()
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move_to(loop, now)
        if not self._queue and now >= self._paused_until and self._free(now) != 0:
            self._in_flight += 1
            return loop
        deadline = now + patience
        self._check_patience(now, deadline, ahead=len(self._queue))
        turn: asyncio.Future[None] = loop.create_future()
        self._queue.append(turn)
        try:
            if self._queue[0] is not turn:
                await self._come_to_the_head(turn, deadline)
            await self._wait_at_the_head(deadline)
            self._in_flight += 1
            return loop
        finally:
            if loop is self._loop:
                self._queue.remove(turn)
                if self._queue and not self._queue[0].done():
                    self._queue[0].set_result(None)

    def release(self, taken_on: asyncio.AbstractEventLoop | None = None, *, counts: bool = True) -> None:
        """Say that a request has ended.

        Args:
            taken_on: what `acquire` returned; needed where the event loop may have changed since.
            counts: whether it may have reached the service. One that has not takes nothing from the budget.
        """
        if taken_on is not None and taken_on is not self._loop:
            return  # Its loop has ended, and its slot was given up then.
        self._in_flight -= 1
        if counts and self._limit is not None:
            self._ended.append(self._clock.monotonic())

    def _move_to(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        """Go on with another event loop: those who waited on the last one, or were under way there, are gone."""
        if self._limit is not None:
            self._ended.extend([now] * self._in_flight)
        self._in_flight = 0
        self._queue.clear()
        self._loop = loop

    async def _come_to_the_head(self, turn: asyncio.Future[None], deadline: float) -> None:
        alarm = asyncio.ensure_future(self._clock.sleep(deadline - self._clock.monotonic()))
        try:
            await asyncio.wait((turn, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        if not turn.done():
            raise WaitTooLong(self._wait(self._clock.monotonic(), ahead=self._queue.index(turn)))

    async def _wait_at_the_head(self, deadline: float) -> None:
        while True:
            now = self._clock.monotonic()
            wait = self._wait(now, ahead=0)
            if wait <= 0.0:
                return
            self._check_patience(now, deadline, ahead=0)
            # Nothing makes a slot free sooner than that, and meanwhile it may turn out to be later: so look again.
            await self._clock.sleep(wait)

    def _check_patience(self, now: float, deadline: float, *, ahead: int) -> None:
        wait = self._wait(now, ahead)
        if now + wait > deadline:
            raise WaitTooLong(wait)

    def _wait(self, now: float, ahead: int) -> float:
        """Return the seconds that a call has to wait behind `ahead` others, at the least."""
        pause = max(self._paused_until - now, 0.0)
        if self._limit is None:
            return pause
        # After one round of all slots, each of them has served one of those ahead.
        rounds, place = divmod(ahead, self._limit)
        return max(pause, self._until_free(now, place)) + rounds * (PERIOD + SLACK)

    def _free(self, now: float) -> int | None:
        """Return how many slots are free; None for any number."""
        if self._limit is None:
            return None
        ended = self._ended
        while ended and ended[0] + PERIOD + SLACK <= now:
            ended.popleft()
        return max(self._limit - self._in_flight - len(ended), 0)

    def _until_free(self, now: float, place: int) -> float:
        """Return the seconds until the slot at `place` comes free, at the least.

        First are the free slots, then those whose requests have ended, then those with requests in flight, which end
        now at the earliest.
        """
        free = self._free(now)
        if free is None or place < free:
            return 0.0
        if place - free < len(self._ended):
            return self._ended[place - free] + PERIOD + SLACK - now
        return PERIOD + SLACK
