"""Time as a value that is passed in: the system's own clock, and a virtual one for tests.

Two readings are needed because each lies in its own way: wall time can be set back or forward, and monotonic time
stands still while a laptop sleeps.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import time
from collections.abc import Callable
from typing import Protocol

from heymarket_async.errors import ArgumentError
from heymarket_async.values import kind_of


class Timer(Protocol):
    """Something that will happen, unless it is called off."""

    def cancel(self) -> None:
        """Call it off. Harmless when it has happened."""
        ...


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

    def call_later(self, seconds: float, act: Callable[[], object]) -> Timer:
        """Call `act` on the running event loop once `seconds` have passed on this clock."""
        ...


def is_clock(value: object) -> bool:
    """Say whether a value is a clock, and not the class of one."""
    wanted = ("wall", "monotonic", "sleep", "call_later")
    return not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in wanted)


class SystemClock:
    """The clock of the machine."""

    __slots__ = ()

    wall: staticmethod[[], float] = staticmethod(time.time)
    monotonic: staticmethod[[], float] = staticmethod(time.monotonic)

    async def sleep(self, seconds: float) -> None:
        """Wait until `seconds` have passed."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, act: Callable[[], object]) -> Timer:
        """Call `act` on the running event loop once `seconds` have passed."""
        return asyncio.get_running_loop().call_later(seconds, act)


SYSTEM_CLOCK = SystemClock()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class _VirtualTimer:
    """One entry in the calendar of a `VirtualClock`."""

    __slots__ = ("act",)

    def __init__(self, act: Callable[[], object]) -> None:
        self.act: Callable[[], object] | None = act

    def cancel(self) -> None:
        self.act = None


def _check_seconds(argument: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ArgumentError(f"{argument} must be a number of seconds, not {kind_of(value)}.", argument=argument)


class VirtualClock:
    """A clock that moves only when told to, so that hours pass in milliseconds.

    Args:
        wall: Unix time in seconds at which the clock starts.

    Raises:
        ArgumentError: an argument of any of its methods is no number of seconds.
    """

    def __init__(self, wall: float = 1_800_000_000.0) -> None:
        _check_seconds("wall", wall)
        self._wall = wall
        self._monotonic = 0.0
        self._order = itertools.count()
        self._calendar: list[tuple[float, int, _VirtualTimer]] = []

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
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: _wake(waiter))
        try:
            await waiter
        finally:
            timer.cancel()

    def call_later(self, seconds: float, act: Callable[[], object]) -> Timer:
        """Call `act` when the clock has been advanced by `seconds`."""
        timer = _VirtualTimer(act)
        heapq.heappush(self._calendar, (self._monotonic + max(seconds, 0.0), next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both readings. What is due meanwhile happens in order, each at its moment.

        Raises:
            ArgumentError: `seconds` is no number, or negative: only the wall goes back, by `set_wall`.
        """
        _check_seconds("seconds", seconds)
        if seconds < 0:
            raise ArgumentError("seconds must be 0 or more: time does not go back.", argument="seconds")
        wall, start = self._wall, self._monotonic
        end = start + seconds
        while (due := self._next()) is not None and due[0] <= end:
            heapq.heappop(self._calendar)
            self._wall, self._monotonic = wall + (due[0] - start), due[0]
            if due[2].act is not None:
                due[2].act()
        self._wall, self._monotonic = wall + seconds, end

    def suspend(self, seconds: float) -> None:
        """Let `seconds` pass on the wall only, as for a laptop that slept."""
        _check_seconds("seconds", seconds)
        self._wall += seconds

    def set_wall(self, wall: float) -> None:
        """Set the Unix time in seconds, forward or back, as a person or NTP does."""
        _check_seconds("wall", wall)
        self._wall = wall

    @property
    def next_wake(self) -> float | None:
        """Seconds until the next thing is due, or None when nothing is."""
        due = self._next()
        return None if due is None else due[0] - self._monotonic

    def _next(self) -> tuple[float, int, _VirtualTimer] | None:
        while self._calendar and self._calendar[0][2].act is None:
            heapq.heappop(self._calendar)
        return self._calendar[0] if self._calendar else None


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

    def call_later(self, seconds: float, act: Callable[[], object]) -> Timer:
        """Call `act` once `seconds` have passed on the other clock."""
        return self._clock.call_later(seconds, act)
