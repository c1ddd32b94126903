"""Who goes first where not all can go: lanes, and turns among them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Final

# Of this many turns in a row that one lane takes while lower ones wait, the next one is theirs.
STREAK: Final = 4


class Lane(enum.IntEnum):
    """How urgent a call is. A lower lane takes what the higher ones leave.

    Where nothing else is said, a send goes in `SEND` and everything else in `INTERACTIVE`.
    """

    SEND = 0
    """Somebody's customer waits for it."""
    INTERACTIVE = 1
    """A person or a request waits for it."""
    POLL = 2
    """Looks for changes; it may be late."""
    EXPORT = 3
    """Reads much, and has time."""


class Turns:
    """Says whose turn it is among those who wait: the highest lane, and one turn in five is for those below it.

    So no lane starves, and a call that comes when its lane is quiet waits behind no lower one.
    """

    __slots__ = ("_streaks",)

    def __init__(self) -> None:
        self._streaks = [0] * len(Lane)

    def order(self, waiting: Sequence[Lane]) -> list[tuple[Lane, Lane]]:
        """Return the lanes in the order in which they may go now, each with the lane by whose rights it goes.

        A lane that gives its turn away gives its rights with it.

        Args:
            waiting: the lanes in which somebody waits, the highest first.
        """
        if not waiting:
            return []
        highest, below = waiting[0], self.order(waiting[1:])
        if self._streaks[highest] < STREAK:
            return [(highest, highest), *below]
        return [*((lane, highest) for lane, _ in below), (highest, highest)]

    def took(self, lane: Lane, waiting: Iterable[Lane]) -> None:
        """Note that a call of `lane` goes.

        Args:
            lane: its lane.
            waiting: the lanes in which somebody waited, `lane` among them.
        """
        others = [other for other in waiting if other is not lane]
        for other in others:
            if other < lane:
                self._streaks[other] = 0
        yielded = any(other > lane for other in others)
        self._streaks[lane] = self._streaks[lane] + 1 if yielded else 0
