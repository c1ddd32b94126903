"""The way through a list that is asked for by a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import msgspec
from typing_extensions import override

from heymarket_async.arguments import rfc3339
from heymarket_async.calls import TimeCursor
from heymarket_async.errors import CursorStalled
from heymarket_async.walks.base import Items, Walk
from heymarket_async.walks.looks import SECOND, Looks, LooksPosition, Moment, Step, resolution

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_AHEAD: Final = datetime(9999, 1, 1, tzinfo=UTC)  # A step can still be added to it.
_MICROSECOND: Final = timedelta(microseconds=1)


class TimePosition(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where a walk by times stands; the names are those of its attributes."""

    edge: Moment | None
    step: Step
    asked_step: Step
    least_step: Step
    near: list[int]
    head: list[int]
    ascending: bool
    first_edge: Moment | None
    is_from_above: bool
    looks: LooksPosition | None
    done: bool


class TimeWalk(Walk):
    """Goes by the time of the last item, from the newest to the oldest.

    It asks a step too far, and drops what it has seen, so that items of one moment are not lost at the border of a
    page. A step is the resolution of the times that came. Asked so, the service must show the edge again; where it does
    not, it may compare times more coarsely than it writes them, and the walk asks a longer step too far.

    Args:
        paging: what is known of the list.
        size: items to ask for in a page; None to leave it to the service.
        bounded: whether the list is asked for up to a time even before the walk has one of its own.
        since: the earliest time that is wanted. The walk ends there without another look at the front: what comes
            there meanwhile is for whoever walks next, back to where this walk began.
    """

    def __init__(
        self, paging: TimeCursor, size: int | None, *, bounded: bool = False, since: datetime | None = None
    ) -> None:
        self._paging = paging
        self._size = size
        self._bounded = bounded
        self._since = since
        self._fullness = Fullness(size or paging.size, paging.size)
        self._edge: datetime | None = None
        self._step = SECOND  # How exact the times at the edge are.
        self._asked_step = SECOND  # How far beyond the edge to ask.
        self._least_step = _MICROSECOND  # How far that had to be before.
        self._near: dict[int, datetime] = {}  # Items that may be shown again: not farther than a second from the edge.
        self._last_page: set[int] = set()
        self._head: set[int] = set()  # Items from the front that may come again if the walk has to turn.
        self._ascending = False
        self._first_edge: datetime | None = None
        self._is_from_above = not paging.both_ways  # Whether the bound has proved to be the latest time wanted.
        self._looks = Looks() if paging.follows_changes and since is None else None
        self._done = False

    @property
    @override
    def done(self) -> bool:
        return self._done

    @property
    @override
    def unseen(self) -> tuple[datetime | None, datetime | None] | None:
        if self._done or self._edge is None:
            return None
        return (self._edge, self._first_edge) if self._ascending else (self._since, self._edge)

    @override
    def keys(self) -> dict[str, Any]:
        paging, keys = self._paging, dict[str, Any]()
        if self._size is not None:
            keys["limit"] = self._size
        if paging.both_ways:
            keys |= {"order": paging.key, "ascending": self._ascending}
        if self._edge is not None:
            edge, step = min(self._edge, _FAR_AHEAD), self._asked_step
            bound = edge - step if self._ascending else edge + step
            keys[paging.key] = math.ceil(bound.timestamp()) if paging.unix else rfc3339(bound)
        return keys

    @override
    def take(self, items: Items) -> list[Any]:
        times = [time for item in items if (time := self._time_of(item)) is not None]
        self._fullness.saw(len(items))
        if self._turned_in_vain(times):
            return []
        if not self._edge_is_shown(items) and self._asked_step < SECOND:
            self._asked_step *= 1000
            return []
        if not items and not (self._paging.follows_changes or self._paging.both_ways) and self._fullness.was_full:
            raise CursorStalled("After a full page, the service does not show the end of that page again.")
        fresh = self._fresh(items)
        if self._bound_is_from_below(items, times, fresh):
            self._turn()
            return []
        reached_known = self._reached_known(times)
        leads_on = any(map(self._lies_beyond_the_edge, times))
        if fresh or leads_on:
            self._fullness.went_on(len(items), leads_on=leads_on)
            self._move(items, times)
            if reached_known:
                self._end()
        elif self._fullness.hides_more(len(items)) and not reached_known:
            self._grow(len(items))
        else:
            self._end()
        return fresh

    @override
    def position(self) -> dict[str, Any]:
        at = TimePosition(
            edge=self._edge,
            step=self._step.total_seconds(),
            asked_step=self._asked_step.total_seconds(),
            least_step=self._least_step.total_seconds(),
            near=sorted(self._near),
            head=sorted(self._head),
            ascending=self._ascending,
            first_edge=self._first_edge,
            is_from_above=self._is_from_above,
            looks=self._looks.position() if self._looks else None,
            done=self._done,
        )
        return cast("dict[str, Any]", msgspec.to_builtins(at))

    @override
    def resume(self, position: Mapping[str, Any]) -> None:
        at = msgspec.convert(position, TimePosition)
        self._edge = at.edge
        self._step, self._asked_step = timedelta(seconds=at.step), timedelta(seconds=at.asked_step)
        self._least_step = timedelta(seconds=at.least_step)
        self._near, self._head = dict.fromkeys(at.near, at.edge or _LONG_AGO), set(at.head)
        self._ascending, self._first_edge = at.ascending, at.first_edge
        self._is_from_above = at.is_from_above
        self._done = at.done
        if self._looks and at.looks:
            self._looks.resume(at.looks, set(at.near))

    def _time_of(self, item: Any) -> datetime | None:
        time: datetime | None = getattr(item, self._paging.by)
        return time

    def _fresh(self, items: Items) -> list[Any]:
        if self._looks:
            return self._looks.fresh(items, self._time_of)
        known = self._near.keys() | self._last_page | self._head
        return list({item.id: item for item in items if item.id not in known}.values())

    def _reached_known(self, times: list[datetime]) -> bool:
        """Say whether the rest of the list is not wanted, or was seen before."""
        if self._since is not None:
            return not self._ascending and min(times, default=self._since) < self._since
        return self._looks is not None and self._looks.reached_known(times)

    def _edge_is_shown(self, items: Items) -> bool:
        """Say whether this page overlaps with what came before, as it must unless what lay at the edge is gone."""
        at_edge = {key for key, time in self._near.items() if time == self._edge}
        return not at_edge or any(item.id in at_edge for item in items)

    def _lies_beyond_the_edge(self, time: datetime) -> bool:
        """Say whether the walk comes nearer to its end with an item of this time."""
        return self._edge is not None and (time > self._edge if self._ascending else time < self._edge)

    def _move(self, items: Items, times: list[datetime]) -> None:
        self._last_page = {item.id for item in items}
        if not self._is_from_above and not self._ascending:
            self._head |= self._last_page
        if not times:
            return  # Nothing to go on from: if that was all, the next page shows it.
        if self._asked_step > self._step and self._edge_is_shown(items):
            self._least_step = self._asked_step
        before, edge = self._edge, max(times) if self._ascending else min(times)
        self._edge, self._step = edge, max(resolution(times), self._least_step)
        self._asked_step = self._step
        came = [(item.id, self._time_of(item) or edge) for item in items]
        self._near = {key: time for key, time in [*self._near.items(), *came] if abs(time - edge) <= SECOND}
        if before is None or abs(edge - before) > self._step:
            self._fullness.left_the_crowd()

    def _bound_is_from_below(self, items: Items, times: list[datetime], fresh: list[Any]) -> bool:
        """Say whether the service seems to take the bound as the earliest time wanted, not the latest.

        Then, asked a step too far, it shows what lies above the edge, and nothing from below.
        """
        if self._is_from_above or self._ascending:
            return False
        if self._first_edge is None or self._edge is None:
            self._first_edge = min(times, default=None)
            return self._bounded and not items
        if any(time < self._first_edge - SECOND for time in times):
            self._is_from_above, self._head = True, set()
            return False
        edge = self._edge
        if any((time := self._time_of(item)) is None or time <= edge + self._asked_step for item in fresh):
            return False
        return not items or max(times, default=edge) > edge

    def _turn(self) -> None:
        """Go on from the oldest item upwards, which is the only way that this reading of the bound allows."""
        self._ascending = True
        self._edge = self._turned_at

    @property
    def _turned_at(self) -> datetime:
        return self._since or _LONG_AGO

    def _turned_in_vain(self, times: list[datetime]) -> bool:
        """Take back a turn if the list shows nothing above the oldest time wanted, which proves the other reading."""
        if not self._ascending or self._edge is None or self._edge != self._turned_at:
            return False
        if times and max(times) >= self._edge - self._asked_step:
            return False
        self._ascending, self._is_from_above = False, True
        self._edge = min(self._near.values(), default=self._first_edge)
        return True

    def _grow(self, came: int) -> None:
        """Ask for a larger page, because all of this one is known and there may be more of the same moment."""
        larger = self._fullness.grow(came, self._paging.largest) if self._paging.sizable else None
        if larger is None:
            raise CursorStalled(f"{came} items share one moment, and the service shows no more of them in a page.")
        self._size = larger

    def _end(self) -> None:
        self._done = self._looks is None or not self._looks.look_again()
        self._edge, self._near, self._last_page = None, {}, set()
        self._fullness.began_again()


class Fullness:
    """Tells a page that ends its list from one that ends because it is full.

    Args:
        size: items that a page was asked to hold.
        ordinary: items that a page holds where nothing is asked for. The service may give no more than these.
    """

    def __init__(self, size: int, ordinary: int) -> None:
        self._size = size
        self._ordinary = self._least_full = min(size, ordinary)
        self._most = 0
        self._last = 0
        self._proven = 0
        self._grown_from: int | None = None

    @property
    def was_full(self) -> bool:
        """Whether the last page held as many items as the service gives where nothing is asked for."""
        return self._last >= self._ordinary

    def saw(self, came: int) -> None:
        """Note how many items a page held."""
        self._most = max(self._most, came)

    def went_on(self, came: int, *, leads_on: bool) -> None:
        """Note a page with something new on it, which proves that the page before was full if it leads beyond that."""
        if leads_on:
            self._proven = max(self._proven, self._last)
        self._last = came

    def began_again(self) -> None:
        """Note that the next page is the front of the list again, and proves nothing of the page before."""
        self._last, self._grown_from = 0, None

    def left_the_crowd(self) -> None:
        """Note that the walk has come to another moment."""
        self._grown_from, self._least_full = None, self._ordinary

    def hides_more(self, came: int) -> bool:
        """Say whether there may be more behind a page on which nothing was new."""
        if came < self._most:
            return False  # The service has shown that it can give more.
        if self._grown_from is not None and came and came % 10 == 0:
            return True  # A round number of items on a page that could hold more looks like the service's own bound.
        return came >= (self._proven or self._least_full)

    def grow(self, came: int, largest: int) -> int | None:
        """Return how many items to ask for next, or None where asking for more has not helped."""
        if self._size >= largest or self._grown_from == came:
            return None
        self._grown_from, self._last, self._proven = came, 0, 0
        self._size = self._least_full = min(max(self._size, came) * 2, largest)
        return self._size
