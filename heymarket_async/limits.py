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
        left: requests that may go at once; None if the budget is lifted.
        in_flight: requests that have no answer yet.
        waiting: calls that wait for a slot.
        next_in: seconds until the next request may go; 0.0 if one may go at once.
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

    __slots__ = ("_clock", "_ended", "_in_flight", "_limit", "_paused_until", "_queue", "_released")

    def __init__(self, limit: int | None, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._in_flight = 0
        self._ended: deque[float] = deque()
        self._paused_until = 0.0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._released: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"RateBudget({self.state})"

    @property
    def state(self) -> BudgetState:
        """How much is left now."""
        now = self._clock.monotonic()
        free = self._free(now)
        return BudgetState(
            limit=self._limit,
            left=free,
            in_flight=self._in_flight,
            waiting=len(self._queue),
            next_in=max(self._paused_until - now, self._until_free(now) if free == 0 else 0.0, 0.0),
            paused_for=max(self._paused_until - now, 0.0),
        )

    def pause(self, seconds: float) -> None:
        """Let nothing go for `seconds`, because the service said so. A longer pause that is on already stays."""
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    async def acquire(self, patience: float) -> None:
        """Take a slot, after waiting for it in turn where needed. `release` must follow.

        Args:
            patience: seconds to wait at the most.

        Raises:
            WaitTooLong: the wait would be longer, as far as can be told when the waiting begins or ends.
        """
        now = self._clock.monotonic()
        if not self._queue and now >= self._paused_until and self._free(now) != 0:
            self._in_flight += 1
            return
        deadline = now + patience
        self._check_patience(now, deadline, ahead=len(self._queue))
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            if self._queue[0] is not turn:
                await turn
            await self._wait_at_the_head(deadline)
            self._in_flight += 1
        finally:
            self._queue.remove(turn)
            if self._queue and not self._queue[0].done():
                self._queue[0].set_result(None)

    def release(self) -> None:
        """Say that a request has ended, with whatever outcome."""
        self._in_flight -= 1
        if self._limit is not None:
            self._ended.append(self._clock.monotonic())
        if self._released is not None and not self._released.done():
            self._released.set_result(None)

    async def _wait_at_the_head(self, deadline: float) -> None:
        while True:
            now = self._clock.monotonic()
            pause = self._paused_until - now
            if pause <= 0 and self._free(now) != 0:
                return
            self._check_patience(now, deadline, ahead=0)
            if pause > 0:
                await self._clock.sleep(pause)
            elif self._ended:
                await self._clock.sleep(self._until_free(now))
            else:
                # Every slot is with a request in flight, and nobody knows when one will end.
                self._released = asyncio.get_running_loop().create_future()
                await self._released

    def _check_patience(self, now: float, deadline: float, *, ahead: int) -> None:
        wait = max(self._paused_until - now, self._until_free(now, ahead), 0.0)
        if now + wait > deadline:
            raise WaitTooLong(wait)

    def _free(self, now: float) -> int | None:
        """Return how many slots are free; None for any number."""
        if self._limit is None:
            return None
        ended = self._ended
        while ended and ended[0] + PERIOD + SLACK <= now:
            ended.popleft()
        return max(self._limit - self._in_flight - len(ended), 0)

    def _until_free(self, now: float, ahead: int = 0) -> float:
        """Return the seconds until a slot comes free behind `ahead` others; 0.0 where nobody can tell."""
        free = self._free(now)
        if free is None or free > ahead:
            return 0.0
        place = ahead - free
        if place >= len(self._ended):
            return PERIOD if self._ended else 0.0
        return self._ended[place] + PERIOD + SLACK - now
