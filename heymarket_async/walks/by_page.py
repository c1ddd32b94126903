"""The way through a list whose pages are numbered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Annotated, Any, Final, cast

import msgspec
from typing_extensions import override

from heymarket_async.calls import PageNumber
from heymarket_async.errors import CursorStalled
from heymarket_async.walks.base import Items, Walk
from heymarket_async.walks.looks import Looks, LooksPosition, Moment

# Pages in a row that may bring nothing new, besides two for each page of the list.
_PATIENCE: Final = 10
# Of two pages of this size or more, one overlaps the known and leads on, wherever that ends.
_LEAST_SIZE: Final = 20

_Chain = dict[int, Moment | None]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class PagePosition(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where a walk by page numbers stands.

    Attributes:
        page: the page to ask for, the first of the list being 0.
        limit: how many items a page holds for that number to mean it; None for what the service chooses.
        size: items on the first page that came, which the service is known to give; 0 before it came.
        first: what the service calls the first page, as far as it seems.
        front: the lowest number that leads to the first page.
        plain: whether pages cannot overlap, because they are small or the service passes over `limit`.
        reach: how many items from the front on are known without a gap.
        chain: the last of these by id, each with the time of its last change. One that changed is no link any more: it
            may have moved to the other end of the list.
        found: how many items came in all.
        idle: pages in a row that brought nothing new.
        looks: how far back changes can lie.
        done: whether the walk is at its end.
    """

    page: _Count = 0
    limit: _Count | None = None
    size: _Count = 0
    first: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    front: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    plain: bool = False
    reach: _Count = 0
    chain: _Chain = {}
    found: _Count = 0
    idle: _Count = 0
    looks: LooksPosition | None = None
    done: bool = False


class PageWalk(Walk):
    """Goes by the number of the page, from 0, whether the service counts from 0 or from 1.

    Items that others delete meanwhile pull all later ones up, so that one may slip from the page to come onto a page
    that was taken. Therefore pages overlap: a page must hold something of what came before, which proves that nothing
    lies between. Where it does not, the walk steps back. Pages of one size cannot overlap, so sizes differ a little:
    page 2 of 26 begins in page 1 of 27.

    Args:
        paging: what is known of the list.
        size: items to ask for in a page; less than 20 become 20, since smaller pages cannot overlap everywhere.
    """

    def __init__(self, paging: PageNumber, size: int | None) -> None:
        self._paging = paging
        self._size = None if size is None else max(size, _LEAST_SIZE)
        self._at = PagePosition(limit=self._size)
        self._looks = Looks()

    @property
    @override
    def done(self) -> bool:
        return self._at.done

    @override
    def keys(self) -> dict[str, Any]:
        at = self._at
        keys: dict[str, Any] = {"page": at.page + at.first if at.page else at.front}
        if at.limit is not None:
            keys["limit"] = at.limit
        return keys

    @override
    def take(self, items: Items) -> list[Any]:
        at = self._at
        if at.page == 0 and not items and at.front == 0:
            at.front = at.first = 1  # Nothing on page 0: where pages count from 1, there may be something on page 1.
            return []
        came = {item.id: cast("datetime | None", getattr(item, self._paging.by)) for item in items}
        fresh = self._looks.fresh(items, attrgetter(self._paging.by))
        at.found += len(fresh)
        at.idle = 0 if fresh else at.idle + 1
        self._learn_size(len(items))
        if at.page == 0:
            at.chain = {}
        elif not at.plain and at.chain.items().isdisjoint(came.items()):
            self._step_back()
            return fresh
        if self._looks.reached_known([time for time in came.values() if time]) or self._is_last(came, fresh):
            self._end_of_pass()
        else:
            self._go_on(came)
        return fresh

    @override
    def forgive(self) -> bool:
        """Say whether page 0 was refused, which a service that counts from 1 may do."""
        if self._at.page == 0 and self._at.front == 0:
            self._at.front = self._at.first = 1
            return True
        return False

    @override
    def position(self) -> dict[str, Any]:
        self._at.looks = self._looks.position()
        at = msgspec.structs.replace(self._at, chain=_last(self._at.chain, self._at.size))
        return cast("dict[str, Any]", msgspec.to_builtins(at, str_keys=True))

    @override
    def resume(self, position: Mapping[str, Any]) -> None:
        self._at = msgspec.convert(position, PagePosition, str_keys=True)
        if self._at.looks:
            self._looks.resume(self._at.looks, set(self._at.chain))
        if not self._at.size:
            self._at.limit = self._size
        elif self._size is not None and not self._at.plain:
            self._at.size = min(self._at.size, self._size)

    def _learn_size(self, came: int) -> None:
        at = self._at
        if not at.size or (at.limit is not None and came > at.limit):
            at.size = came
            at.plain = came < _LEAST_SIZE or (at.limit is not None and came > at.limit)

    def _is_last(self, came: _Chain, fresh: list[Any]) -> bool:
        """Say whether nothing comes after this page: it holds less than it could, and nothing new."""
        at = self._at
        if not came:
            return True
        if at.plain:
            repeats = came == at.chain and at.page > 1
            if repeats and at.idle == at.page and len(came) >= _LEAST_SIZE:
                raise CursorStalled("Each page is the first page over again.")
            return not fresh and (repeats or len(came) < at.size)
        return not fresh and at.limit is not None and len(came) < at.limit

    def _go_on(self, came: _Chain) -> None:
        at = self._at
        self._check_patience()
        if at.plain:
            leads_on = at.page > 0 and not came.keys() <= at.chain.keys()
            at.chain, at.page = came, at.page + 1
            if leads_on and at.limit is None:
                at.page, at.limit, at.size = 0, _LEAST_SIZE, 0  # Begin again, with pages that can overlap.
            return
        if at.page == 1 and at.first == 0 and len(came.keys() & at.chain.keys()) > len(came) // 2:
            at.first = 1  # Page 1 is page 0 over again: pages count from 1.
            return
        at.reach = at.page * (at.limit or 0) + len(came)
        at.chain = _last({**_without(at.chain, came), **came}, 3 * at.size)
        at.page, at.limit = window(at.reach, at.size)

    def _step_back(self) -> None:
        """Ask for something nearer to the front, because this page is not joined to what came before."""
        at = self._at
        self._check_patience()
        if at.page == 1 and at.first > at.front:
            at.first = at.front  # It was a mistake that pages count from 1.
        at.reach = max(at.page * (at.limit or 0) - at.size // 2, 1)
        at.page, at.limit = window(at.reach, at.size - 1)  # Smaller than the first page, so that a `limit` shows.

    def _check_patience(self) -> None:
        """Give up where page after page brings nothing new, more often than a look through the whole list can."""
        if self._at.idle > _PATIENCE + 2 * (self._at.found // max(self._at.size, 1)):
            raise CursorStalled(f"{self._at.idle} pages in a row hold nothing but what came before.")

    def _end_of_pass(self) -> None:
        at = self._at
        at.done = not self._paging.follows_changes or not self._looks.look_again()
        at.page, at.limit, at.reach, at.chain, at.idle = 0, self._size, 0, {}, 0
        if at.size < _LEAST_SIZE:
            at.size = 0  # The list was short, and may have grown.


def window(reach: int, size: int) -> tuple[int, int]:
    """Return the page, and the items on it, that begins before `reach` and leads farthest beyond it.

    Args:
        reach: how many items are known.
        size: items to ask for at the most.
    """
    limit = max(range(size // 2 + 1, size + 1), key=lambda each: each * ((reach - 1) // each + 1))
    return (reach - 1) // limit, limit


def _without(chain: _Chain, keys: _Chain) -> _Chain:
    return {key: time for key, time in chain.items() if key not in keys}


def _last(chain: _Chain, count: int) -> _Chain:
    return dict(islice(chain.items(), max(len(chain) - count, 0), None))
