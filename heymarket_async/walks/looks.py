"""Looks at the front of a list, for what has jumped there behind the walker's back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from heymarket_async.walks.base import Items

SECOND: Final = timedelta(seconds=1)

# Each look at the front is shorter than the one before; the bound is for a list that changes without end.
_MOST_LOOKS: Final = 10

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Step = Annotated[float, msgspec.Meta(gt=0, le=1)]


class LooksPosition(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How far back changes can lie."""

    floor: Moment | None
    floor_ids: list[int]
    newest: Moment | None
    newest_ids: list[int]
    step: Step
    found: bool
    count: int
    pages: int


class Looks:
    """Keeps what a walk needs for looking at the front again: what it has seen, and how far back changes can lie."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._floor: datetime | None = None
        self._floor_ids: set[int] = set()
        self._newest: datetime | None = None
        self._newest_ids: set[int] = set()
        self._step = SECOND
        self._found = False
        self._count = 0
        self._pages = 0

    def fresh(self, items: Items, time_of: Callable[[Any], datetime | None]) -> list[Any]:
        """Take in a page, and return the items that did not come before."""
        times = {item.id: time_of(item) for item in items}
        fresh = {item.id: item for item in items if item.id not in self._seen and self._may_be_new(item.id, times)}
        self._seen.update(fresh)
        self._found = self._found or bool(fresh)
        self._pages += 1
        known_times = [time for time in times.values() if time is not None]
        if self._newest is None and known_times:
            self._newest, self._step = max(known_times), resolution(known_times)
        if self._newest is not None:
            self._newest_ids |= {key for key, time in times.items() if time and self._newest - time <= self._step}
        return list(fresh.values())

    def reached_known(self, times: list[datetime]) -> bool:
        """Say whether a look at the front has come to what had not changed when the walk before it began."""
        return self._floor is not None and bool(times) and min(times) < self._floor

    def look_again(self) -> bool:
        """Begin another look at the front, unless the last one proved that nothing is left to find.

        A look of one page, or at a front that is as it was, proves it by finding nothing. While a look goes from page
        to page, an item that it has not come to may jump to the front once more.
        """
        moved = self._newest != self._floor or not self._newest_ids <= self._floor_ids
        again = self._newest is not None and (self._found or (self._pages > 1 and moved)) and self._count < _MOST_LOOKS
        self._floor_ids = self._newest_ids | (self._floor_ids if self._newest == self._floor else set())
        self._floor = self._newest
        self._newest, self._newest_ids, self._found = None, set(), False
        self._count += 1
        self._pages = 0
        return again

    def position(self) -> LooksPosition:
        """Return how far back changes can lie."""
        return LooksPosition(
            floor=self._floor,
            floor_ids=sorted(self._floor_ids),
            newest=self._newest,
            newest_ids=sorted(self._newest_ids),
            step=self._step.total_seconds(),
            found=self._found,
            count=self._count,
            pages=self._pages,
        )

    def resume(self, position: LooksPosition, seen: set[int]) -> None:
        """Go on from where another walk stood. Of what that had seen, only the last items are known."""
        self._floor, self._newest = position.floor, position.newest
        self._floor_ids, self._newest_ids = set(position.floor_ids), set(position.newest_ids)
        self._step = timedelta(seconds=position.step)
        self._found, self._count, self._pages = position.found, position.count, position.pages
        self._seen = set(seen)

    def _may_be_new(self, key: int, times: Mapping[int, datetime | None]) -> bool:
        """Say whether an item can have come to the front since the walk before this look began."""
        time = times[key]
        return self._floor is None or time is None or (time >= self._floor and key not in self._floor_ids)


def resolution(times: list[datetime]) -> timedelta:
    """Return the step in which these times count: a second, a millisecond or a microsecond."""
    fractions = [time.microsecond for time in times]
    if not any(fractions):
        return SECOND
    if not any(fraction % 1000 for fraction in fractions):
        return timedelta(milliseconds=1)
    return timedelta(microseconds=1)
