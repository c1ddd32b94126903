"""Blocks that end when they take too long, or when all are told to: `asyncio.timeout`, by any clock."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from types import TracebackType
from typing import Self

from heymarket_async.clock import Clock, Timer


class Deadlines:
    """Makes blocks that end with `TimeoutError` when they take too long.

        with deadlines.block(5.0):
            await something()

    One timer serves all of them: a timer for each would cost more than all else that a block does.

    Args:
        clock: tells the time.
    """

    __slots__ = ("_alarm", "_blocks", "_clock", "_due", "_loop")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._blocks: set[Deadline] = set()
        self._alarm: Timer | None = None
        self._due = math.inf

    def __len__(self) -> int:
        return len(self._blocks)

    def block(self, seconds: float | None = None) -> Deadline:
        """Return a block that may take `seconds`, or any time."""
        return Deadline(self, math.inf if seconds is None else self._clock.monotonic() + seconds)

    def end(self, why: Callable[[], Exception]) -> None:
        """End all blocks now, each with an error that `why` makes."""
        for block in self._blocks:
            block.end(why())

    def enter(self, block: Deadline, loop: asyncio.AbstractEventLoop) -> None:
        """Take part in the time of a block that begins."""
        if loop is not self._loop:
            # Blocks of a loop that has ended were perhaps never left.
            self._blocks, self._alarm, self._due, self._loop = set(), None, math.inf, loop
        self._blocks.add(block)
        if block.due < self._due:
            self.watch(block.due)

    def leave(self, block: Deadline) -> None:
        """Take no more part in it."""
        self._blocks.discard(block)
        if not self._blocks and self._alarm is not None:
            self._alarm.cancel()
            self._alarm, self._due = None, math.inf

    def watch(self, due: float) -> None:
        """Look at the blocks at `due`, or sooner where that is agreed already."""
        if due >= self._due:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._due = due
        self._alarm = self._clock.call_later(due - self._clock.monotonic(), self._look)

    def extended(self, seconds: float, latest: float) -> float:
        """Return the moment `seconds` from now, but `latest` at the latest."""
        return min(self._clock.monotonic() + seconds, latest)

    def _look(self) -> None:
        """End what is over, and come back for what is next."""
        now = max(self._due, self._clock.monotonic())  # A timer may be early by a hair.
        self._alarm, self._due = None, math.inf
        for block in self._blocks:
            if block.due <= now:
                block.end(TimeoutError())
        self.watch(min((block.due for block in self._blocks if block.due > now), default=math.inf))


class Deadline:
    """One block; see `Deadlines`.

    Args:
        deadlines: whose block it is.
        due: when it ends, by the clock's monotonic time.
    """

    __slots__ = ("_cancelling", "_deadlines", "_error", "_task", "due")

    def __init__(self, deadlines: Deadlines, due: float) -> None:
        self._deadlines = deadlines
        self._error: Exception | None = None
        self.due: float = due

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("This needs a task to run in.")
        self._task = task
        self._cancelling = task.cancelling()
        self._deadlines.enter(self, task.get_loop())
        return self

    def extend(self, seconds: float, latest: float) -> None:
        """Give the block `seconds` from now, but no more than until `latest`, by the clock's monotonic time."""
        self.due = self._deadlines.extended(seconds, latest)
        self._deadlines.watch(self.due)

    def end(self, error: Exception) -> None:
        """End the block now, with `error`."""
        if self._error is None:
            self._error = error
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._deadlines.leave(self)
        if self._error is not None and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise self._error from error
