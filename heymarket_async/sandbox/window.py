"""The rate limit of one team."""

from __future__ import annotations

from collections import deque
from typing import Final, Literal, Protocol

# https://developers.heymarket.com/rate-limits: "500 requests per minute"
LIMIT: Final = 500
PERIOD: Final = 60.0

WindowKind = Literal["fixed", "sliding"]


class Window(Protocol):
    """Counts the requests of one team. A refused request does not count."""

    def admit(self, now: float) -> float:
        """Count a request at `now` (monotonic seconds), or refuse it.

        Returns:
            0.0 when it is admitted, else the seconds until the next one can be.
        """
        ...


class FixedWindow:
    """Minutes with borders: up to twice the limit can pass around one."""

    __slots__ = ("_count", "_limit", "_minute")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._minute = -1
        self._count = 0

    def admit(self, now: float) -> float:
        """Count a request at `now`, or say how many seconds are left of this minute."""
        minute = int(now // PERIOD)
        if minute != self._minute:
            self._minute = minute
            self._count = 0
        if self._count >= self._limit:
            return (minute + 1) * PERIOD - now
        self._count += 1
        return 0.0


class SlidingWindow:
    """Never more than the limit in any 60 seconds."""

    __slots__ = ("_limit", "_times")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._times: deque[float] = deque()

    def admit(self, now: float) -> float:
        """Count a request at `now`, or say in how many seconds the oldest one leaves the window."""
        times = self._times
        while times and times[0] + PERIOD <= now:
            times.popleft()
        if len(times) >= self._limit:
            return times[0] + PERIOD - now
        times.append(now)
        return 0.0


def window_for(kind: WindowKind, limit: int) -> Window:
    """Return a new window of the given kind."""
    return FixedWindow(limit) if kind == "fixed" else SlidingWindow(limit)
