"""The rate limit of one set of credentials: never more requests than the service allows in any minute. Pure.

https://developers.heymarket.com/rate-limits
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import attrs

from heymarket_async.lanes import Lane

# https://developers.heymarket.com/rate-limits: "500 requests per minute"
DEFAULT_LIMIT: Final = 500
PERIOD: Final = 60.0
# The ends of periods are met a little late, for clocks that tick at another pace.
SLACK: Final = 0.05
# One header that makes no sense must not silence a program for good.
LONGEST_PAUSE: Final = 3600.0
# Of the limit, what a call of each lane leaves free when it goes at once. Beyond that, calls go evenly spaced: so a
# crowd of readers leaves room for a send, polls never crowd, and nobody meets a minute that is used up to its end.
SPARE: Final = {Lane.SEND: 0.1, Lane.INTERACTIVE: 0.2, Lane.POLL: 1.0, Lane.EXPORT: 1.0}
# Of the limit, what only sends may take: so one that comes alone goes at once, however busy the other lanes are.
FOR_SENDS: Final = 0.004


@attrs.frozen(kw_only=True)
class BudgetState:
    """How much of the rate limit is left at a moment.

    Attributes:
        limit: requests that any minute may hold; None if the budget is lifted.
        left: requests that the limit lets go at once; None if the budget is lifted.
        in_flight: requests that have no answer yet.
        waiting: calls that wait for their turn.
        next_in: seconds until a call that is made now may go, as far as can be told; 0.0 if it may go at once.
        paused_for: seconds for which the service asked for silence by its last 429.
    """

    limit: int | None
    left: int | None
    in_flight: int
    waiting: int
    next_in: float
    paused_for: float


class Window:
    """Counts requests, and says when the next one may go.

    The service counts a request at some moment between its start and its answer. So a slot is taken at the start, and
    comes free a minute after the answer: then no minute of the service's can hold more than the limit, wherever its
    windows begin and however long requests are on their way.

    Args:
        limit: requests in any minute at the most; None for no limit.
    """

    __slots__ = ("_ended", "_kept", "_paced_due", "_paused_until", "_spare", "in_flight", "limit")

    def __init__(self, limit: int | None) -> None:
        self.limit: int | None = limit
        self.in_flight: int = 0
        self._spare = {lane: int((limit or 0) * part) for lane, part in SPARE.items()}
        self._ended: deque[float] = deque()
        self._kept = {lane: 0 if lane is Lane.SEND else int((limit or 0) * FOR_SENDS) for lane in Lane}
        self._paced_due = dict.fromkeys(Lane, -math.inf)
        self._paused_until = -math.inf

    def take(self, lane: Lane, now: float) -> bool:
        """Take a slot if a call of `lane` may go now, and say whether it was taken."""
        free = self.free(now)
        if self._paused_until <= now and (free is None or free > self._spare[lane]):
            self.in_flight += 1  # There is plenty, and so no pace to keep.
            return True
        if self.ready(lane, now) > 0.0:
            return False
        self.start(lane, now)
        return True

    def start(self, lane: Lane, now: float) -> None:
        """Take a slot, which `ready` said may be taken."""
        free = self.free(now)
        if free is not None and free <= self._spare[lane]:
            gap = self._gap(now, free - self._kept[lane])
            for each in Lane:
                if each >= lane:  # A lower lane keeps its distance from a higher one, not the other way round.
                    self._paced_due[each] = max(self._paced_due[each], now - gap) + gap
        self.in_flight += 1

    def end(self, now: float, *, counts: bool) -> None:
        """Say that a request has ended. One that cannot have reached the service takes nothing."""
        self.in_flight -= 1
        if counts and self.limit is not None:
            self._ended.append(now)

    def end_all(self, now: float) -> None:
        """Say that all requests that were under way have ended, nobody knows how."""
        while self.in_flight:
            self.end(now, counts=True)

    def pause(self, seconds: float, now: float) -> None:
        """Let nothing go for `seconds`, an hour at the most. A longer pause that is on already stays."""
        self._paused_until = max(self._paused_until, now + min(seconds, LONGEST_PAUSE))

    def paused_for(self, now: float) -> float:
        """Return the seconds that are left of a pause."""
        return max(self._paused_until - now, 0.0)

    def free(self, now: float) -> int | None:
        """Return how many slots are free; None for any number."""
        if self.limit is None:
            return None
        ended = self._ended
        while ended and ended[0] + PERIOD + SLACK <= now:
            ended.popleft()
        return max(self.limit - self.in_flight - len(ended), 0)

    def ready(self, lane: Lane, now: float) -> float:
        """Return the seconds until a call of `lane` may go, at the least; 0.0 if it may go now."""
        pause = self.paused_for(now)
        free = self.free(now)
        if free is None or free > self._spare[lane]:
            return pause
        paced = max(self._paced_due[lane] - now, self._until_free(now, self._kept[lane]))
        return max(pause, min(paced, self._until_free(now, self._spare[lane])))

    def wait(self, now: float, ahead: int) -> float:
        """Return the seconds until a slot for a call behind `ahead` others comes free, at the least."""
        pause = self.paused_for(now)
        if self.limit is None:
            return pause
        # After one round of all slots, each of them has served one of those ahead.
        rounds, place = divmod(ahead, self.limit)
        return max(pause, self._until_free(now, place)) + rounds * (PERIOD + SLACK)

    def _until_free(self, now: float, place: int) -> float:
        """Return the seconds until the slot at `place` comes free, at the least.

        First are the free slots, then those whose requests have ended, then those with requests in flight, which end
        now at the earliest.
        """
        free = self.free(now)
        if free is None or place < free:
            return 0.0
        if place - free < len(self._ended):
            return self._ended[place - free] + PERIOD + SLACK - now
        return PERIOD + SLACK

    def _gap(self, now: float, free: int) -> float:
        """Return the seconds between calls at which the free slots last until others come free.

        That is asked of each slot that will come free: the slots before it must last until then.
        """
        gap = (PERIOD + SLACK) / (free + len(self._ended))
        soonest = PERIOD + SLACK - now
        for before, ended in enumerate(self._ended, free):
            gap = max(gap, (ended + soonest) / before)
        return gap
