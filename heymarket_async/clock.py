"""Time as a value that is passed in: the system's own clock, and a virtual one for tests.

Two readings are needed because each lies in its own way: wall time can be set back or forward, and monotonic time
stands still while a laptop sleeps.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from typing import Protocol


class Clock(Protocol):
    """What the library needs to know about time."""

    def wall(self) -> float:
        """Return Unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some fixed moment, never going back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait until `seconds` have passed on this clock."""
        ...


class SystemClock:
    """The clock of the machine."""

    __slots__ = ()

    wall = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

    async def sleep(self, seconds: float) -> None:
        """Wait until `seconds` have passed."""
        await asyncio.sleep(seconds)


SYSTEM_CLOCK = SystemClock()


class VirtualClock:
    """A clock that moves only when told to, so that hours pass in milliseconds.

    Args:
        wall: Unix time in seconds at which the clock starts.
    """

    def __init__(self, wall: float = 1_800_000_000.0) -> None:
        self._wall = wall
        self._monotonic = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def wall(self) -> float:
        """Return the virtual Unix time in seconds."""
        return self._wall

    def monotonic(self) -> float:
        """Return the virtual seconds that have passed, without those of `suspend` and `set_wall`."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced by `seconds`."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), waiter))
        await waiter

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both readings and wake whoever slept that long.

        Raises:
            ValueError: `seconds` is negative: only the wall goes back, by `set_wall`.
        """
        if seconds < 0:
            raise ValueError("Time does not go back.")
        self._wall += seconds
        self._monotonic += seconds
        while self._sleepers and self._sleepers[0][0] <= self._monotonic:
            _, _, waiter = heapq.heappop(self._sleepers)
            if not waiter.done():
                waiter.set_result(None)

    def suspend(self, seconds: float) -> None:
        """Let `seconds` pass on the wall only, as for a laptop that slept."""
        self._wall += seconds

    def set_wall(self, wall: float) -> None:
        """Set the Unix time, forward or back, as a person or NTP does."""
        self._wall = wall

    @property
    def next_wake(self) -> float | None:
        """Seconds until the next sleeper is due, or None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] - self._monotonic if self._sleepers else None


class SkewedClock:
    """A view of another clock whose wall time is off by `skew` seconds.

    Args:
        clock: the clock to look at.
        skew: seconds added to its wall time; may be changed at any moment.
    """

    def __init__(self, clock: Clock, skew: float = 0.0) -> None:
        self._clock = clock
        self.skew = skew

    def wall(self) -> float:
        """Return the Unix time of the other clock plus the skew."""
        return self._clock.wall() + self.skew

    def monotonic(self) -> float:
        """Return the monotonic time of the other clock."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait until `seconds` have passed on the other clock."""
        await self._clock.sleep(seconds)
