"""Ways through the pages of a list. Pure: a walk says what to ask next, takes what came, and says what is new.

The service pages in several ways and promises little about any of them: whether rows of one moment can be cut apart by
the border of a page, whether pages count from 0 or from 1, whether a time bounds from above or from below. A walk
takes each item once under every reading.

Where a list is ordered by the time of the last change, an item that changes meanwhile jumps to the front, behind the
walker's back. Such a walk ends with another look at the front, until nothing new is there.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

from typing_extensions import override

from heymarket_async.arguments import rfc3339
from heymarket_async.calls import PageNumber, TimeCursor
from heymarket_async.errors import CursorStalled

Items = Sequence[Any]

# Each look at the front is shorter than the one before; the bound is for a list that changes without end.
_MOST_LOOKS: Final = 10
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Walk(ABC):
    """A way through the pages of one list."""

    done: bool = False

    @abstractmethod
    def keys(self) -> dict[str, Any]:
        """Return what the next request has to say about the page that is wanted."""

    @abstractmethod
    def take(self, items: Items) -> list[Any]:
        """Take the page that was asked for, move on, and return the items that did not come before.

        Raises:
            CursorStalled: there is no way on.
        """

    def forgive(self) -> bool:
        """Say whether a refusal of the last request was to be expected, and move on if so."""
        return False

    @abstractmethod
    def position(self) -> dict[str, Any]:
        """Return where the walk stands, as JSON."""

    @abstractmethod
    def resume(self, position: Mapping[str, Any]) -> None:
        """Go on from where another walk stood."""


class TimeWalk(Walk):
    """Goes by the time of the last item, from the newest to the oldest.

    It asks a step too far, and drops what it has seen, so that items of one moment are not lost at the border of a
    page. A step is the resolution of the times that came.

    Args:
        paging: what is known of the list.
        size: items to ask for in a page; None to leave it to the service.
    """

    def __init__(self, paging: TimeCursor, size: int | None) -> None:
        self._paging = paging
        self._size = size
        self._fullness = Fullness(size or paging.size)
        self._edge: datetime | None = None
        self._step = timedelta(seconds=1)
        self._near: set[int] = set()
        self._last_page: set[int] = set()
        self._head: set[int] = set()
        self._ascending = False
        self._looks = Looks() if paging.follows_changes else None

    @override
    def keys(self) -> dict[str, Any]:
        paging, keys = self._paging, dict[str, Any]()
        if self._size is not None:
            keys["limit"] = self._size
        if paging.both_ways:
            keys |= {"order": paging.key, "ascending": self._ascending}
        if self._edge is not None:
            bound = self._edge - self._step if self._ascending else self._edge + self._step
            keys[paging.key] = math.ceil(bound.timestamp()) if paging.unix else rfc3339(bound)
        return keys

    @override
    def take(self, items: Items) -> list[Any]:
        times = [time for item in items if (time := self._time_of(item)) is not None]
        if self._bound_is_from_below(times):
            self._turn()
            return []
        if self._looks:
            fresh = self._looks.fresh(items, self._time_of)
        else:
            known = self._near | self._last_page | self._head
            fresh = list({item.id: item for item in items if item.id not in known}.values())
        if not fresh:
            if self._fullness.hides_more(len(items)) and not (self._looks and self._looks.reached_known(times)):
                self._grow(len(items))
            else:
                self._end()
            return []
        self._fullness.went_on(len(items))
        if not times:
            raise CursorStalled("The items of this page have no time to go on from.")
        self._move(items, times)
        if self._looks and self._looks.reached_known(times):
            self._end()
        return fresh

    @override
    def position(self) -> dict[str, Any]:
        return {
            "edge": _to_json(self._edge),
            "step": self._step.total_seconds(),
            "near": sorted(self._near),
            "head": sorted(self._head),
            "ascending": self._ascending,
            "floor": self._looks.position() if self._looks else None,
            "done": self.done,
        }

    @override
    def resume(self, position: Mapping[str, Any]) -> None:
        self._edge = _from_json(position["edge"])
        self._step = timedelta(seconds=position["step"])
        self._near, self._head = set(position["near"]), set(position["head"])
        self._ascending = position["ascending"]
        self.done = position["done"]
        if self._looks:
            self._looks.resume(position["floor"], self._near)

    def _time_of(self, item: Any) -> datetime | None:
        time: datetime | None = getattr(item, self._paging.by)
        return time

    def _move(self, items: Items, times: list[datetime]) -> None:
        self._step = _resolution(times)
        edge = max(times) if self._ascending else min(times)
        near = {item.id for item in items if (time := self._time_of(item)) and abs(time - edge) <= self._step}
        if self._edge is not None and abs(edge - self._edge) <= self._step:
            near |= self._near
        else:
            self._fullness.left_the_crowd()
        self._near = near
        self._edge = edge
        self._last_page = {item.id for item in items}

    def _bound_is_from_below(self, times: list[datetime]) -> bool:
        """Say whether the service took the bound as the earliest time wanted, not the latest.

        Asked a step too far, it would show again what lies at the edge, and nothing from beyond it.
        """
        return (
            self._paging.both_ways
            and not self._ascending
            and self._edge is not None
            and (not times or any(time > self._edge + self._step for time in times))
        )

    def _turn(self) -> None:
        """Go on from the oldest item upwards, which is the only way that this reading of the bound allows."""
        self._ascending = True
        self._head = self._near | self._last_page  # What came first lies at the end of the way up.
        self._edge = _LONG_AGO

    def _grow(self, came: int) -> None:
        """Ask for a larger page, because all of this one is known and there may be more of the same moment."""
        larger = self._fullness.grow(came, self._paging.largest) if self._paging.sizable else None
        if larger is None:
            raise CursorStalled(f"{came} items share one moment, and the service shows no more of them in a page.")
        self._size = larger

    def _end(self) -> None:
        self.done = self._looks is None or not self._looks.look_again()
        self._edge, self._near, self._last_page = None, set(), set()


class Fullness:
    """Tells a page that ends its list from one that ends because it is full.

    Args:
        size: items that a page holds as far as is known.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._last = 0
        self._proven = 0
        self._grown_from: int | None = None

    def went_on(self, came: int) -> None:
        """Note a page with something new on it, which proves that the page before was full."""
        self._proven = max(self._proven, self._last)
        self._last = came

    def left_the_crowd(self) -> None:
        """Note that the walk has come to another moment."""
        self._grown_from = None

    def hides_more(self, came: int) -> bool:
        """Say whether there may be more behind a page on which nothing was new."""
        if self._grown_from is not None and came and came % 10 == 0:
            return True  # A round number of items on a page that could hold more looks like the service's own bound.
        return came >= (self._proven or self._size)

    def grow(self, came: int, largest: int) -> int | None:
        """Return how many items to ask for next, or None where asking for more has not helped."""
        if self._size >= largest or self._grown_from == came:
            return None
        self._grown_from, self._last, self._proven = came, 0, 0
        self._size = min(max(self._size, came) * 2, largest)
        return self._size


class PageWalk(Walk):
    """Goes by the number of the page, from 0, whether the service counts from 0 or from 1.

    Args:
        paging: what is known of the list.
        size: items to ask for in a page.
    """

    def __init__(self, paging: PageNumber, size: int | None) -> None:
        self._paging = paging
        self._size = size
        self._page = 0
        self._previous: list[int] = []
        self._looks = Looks()

    @override
    def keys(self) -> dict[str, Any]:
        keys: dict[str, Any] = {"page": self._page}
        if self._size is not None:
            keys["limit"] = self._size
        return keys

    @override
    def take(self, items: Items) -> list[Any]:
        page, self._page = self._page, self._page + 1
        ids = [item.id for item in items]
        if page <= 1 and (not ids or ids == self._previous) and not (page == 1 and not ids):
            # Page 0 where pages count from 1: nothing there, or the same as page 1.
            self._previous = ids
            return []
        times = [time for item in items if (time := getattr(item, self._paging.by)) is not None]
        fresh = self._looks.fresh(items, attrgetter(self._paging.by))
        ended = not ids or ids == self._previous
        self._previous = ids
        if ended or self._looks.reached_known(times):
            self.done = not self._paging.follows_changes or not self._looks.look_again()
            self._page, self._previous = 0, []
        return fresh

    @override
    def forgive(self) -> bool:
        """Say whether page 0 was refused, which a service that counts from 1 may do."""
        if self._page == 0:
            self._page = 1
            return True
        return False

    @override
    def position(self) -> dict[str, Any]:
        return {"page": self._page, "previous": self._previous, "floor": self._looks.position(), "done": self.done}

    @override
    def resume(self, position: Mapping[str, Any]) -> None:
        self._page, self._previous, self.done = position["page"], list(position["previous"]), position["done"]
        self._looks.resume(position["floor"], set(self._previous))


class Looks:
    """Keeps what a walk needs for looking at the front again: what it has seen, and how far back changes can lie."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._floor: datetime | None = None
        self._floor_ids: set[int] = set()
        self._newest: datetime | None = None
        self._newest_ids: set[int] = set()
        self._found = False
        self._count = 0

    def fresh(self, items: Items, time_of: Callable[[Any], datetime | None]) -> list[Any]:
        """Take in a page, and return the items that did not come before."""
        times = {item.id: time_of(item) for item in items}
        fresh = {item.id: item for item in items if item.id not in self._seen and self._may_be_new(item.id, times)}
        self._seen.update(fresh)
        self._found = self._found or bool(fresh)
        known_times = [time for time in times.values() if time is not None]
        if self._newest is None and known_times:
            self._newest = max(known_times)
            step = _resolution(known_times)
            self._newest_ids = {key for key, time in times.items() if time and self._newest - time <= step}
        return list(fresh.values())

    def reached_known(self, times: list[datetime]) -> bool:
        """Say whether a look at the front has come to what had not changed when the walk before it began."""
        return self._floor is not None and bool(times) and min(times) < self._floor

    def look_again(self) -> bool:
        """Begin another look at the front, unless the last one brought nothing new."""
        again = self._found and self._newest is not None and self._count < _MOST_LOOKS
        self._floor, self._floor_ids = self._newest, self._newest_ids
        self._newest, self._newest_ids, self._found = None, set(), False
        self._count += 1
        return again

    def position(self) -> dict[str, Any]:
        """Return how far back changes can lie, as JSON."""
        return {
            "floor": _to_json(self._floor),
            "floor_ids": sorted(self._floor_ids),
            "newest": _to_json(self._newest),
            "newest_ids": sorted(self._newest_ids),
            "found": self._found,
        }

    def resume(self, position: Mapping[str, Any], seen: set[int]) -> None:
        """Go on from where another walk stood. Of what that had seen, only the last items are known."""
        self._floor, self._newest = _from_json(position["floor"]), _from_json(position["newest"])
        self._floor_ids, self._newest_ids = set(position["floor_ids"]), set(position["newest_ids"])
        self._found = position["found"]
        self._seen = set(seen)

    def _may_be_new(self, key: int, times: Mapping[int, datetime | None]) -> bool:
        """Say whether an item can have come to the front since the walk before this look began."""
        time = times[key]
        return self._floor is None or time is None or (time >= self._floor and key not in self._floor_ids)


def _to_json(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _from_json(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _resolution(times: list[datetime]) -> timedelta:
    """Return the step in which these times count: a second, a millisecond or a microsecond."""
    fractions = [time.microsecond for time in times]
    if not any(fractions):
        return timedelta(seconds=1)
    if not any(fraction % 1000 for fraction in fractions):
        return timedelta(milliseconds=1)
    return timedelta(microseconds=1)
