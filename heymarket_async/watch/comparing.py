"""What was seen now against what was seen before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import attrs
from msgspec import structs

from heymarket_async.watch.changes import Added, Changed, Removed
from heymarket_async.watch.checkpoint import Checkpoint, Entry, Reached
from heymarket_async.watch.digests import differing, layout_of, marks_of, whole_of
from heymarket_async.watch.feeds import SOURCES, Feed, Stream
from heymarket_async.watch.words import kinds_of_change, kinds_of_new

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_AHEAD: Final = datetime(9999, 12, 31, tzinfo=UTC)

Told = Added[Any] | Changed[Any] | Removed[Any]


@attrs.frozen(kw_only=True)
class Seen:
    """A thing that a walk has come by.

    Attributes:
        item: it.
        at: its time.
        closed: of a conversation, whether it stood among the closed ones.
        floor: from when on the walk before knew everything of this list; None where there was none.
    """

    item: Any
    at: datetime | None
    closed: bool | None = None
    floor: datetime | None = None


class Comparison:
    """Compares what is seen in one poll with a checkpoint.

    Args:
        feed: the feed.
        start: the checkpoint, or an empty one.
        is_first: whether it is an empty one, so that nothing is told but what is asked for.
        since: then, the moment from which on things are told.
        team: what changes call the team.
    """

    def __init__(
        self, feed: Feed, start: Checkpoint, *, is_first: bool, since: datetime | None, team: str | None = None
    ) -> None:
        self.feed = feed
        self.team = team
        self.start = start
        self._is_first = is_first
        self._since = since
        source = SOURCES[feed.name]
        self._layout = layout_of(source.model, source.aside)
        self._items: dict[int, Any] = {}

    def of_all(self, items: Sequence[Any]) -> tuple[tuple[Told, ...], dict[int, Entry]]:
        """Return what is told of a feed that was fetched whole, and what is kept of it."""
        told: list[Told] = []
        entries: dict[int, Entry] = {}
        for item in {item.id: item for item in items}.values():
            at = getattr(item, "updated_at", None)
            seen = Seen(item=item, at=at)
            entries[item.id], change = self._compare(seen)
            if change is not None:
                told.append(change)
            elif item.id not in self.start.entries and self._is_wanted(at):
                told.append(self._added(seen))
        gone = [
            Removed(team=self.team, feed=self.feed.name, id=key, before=self.start.items.get(key))
            for key in self.start.entries
            if key not in entries
        ]
        return (*gone, *_in_order(told)), entries

    def of_some(self, source: Stream, seen: Iterable[Seen]) -> tuple[tuple[Told, ...], dict[int, Entry]]:
        """Return what is told of a feed whose newest part was fetched, and what is kept of it."""
        told: list[Told] = []
        entries = self._old_entries()
        known_from = max((reached.floor for reached in self.start.reached.values()), default=None)
        for each in seen:
            key = each.item.id
            was_seen = key in self.start.entries
            is_within = each.floor is not None and (each.at is None or each.at >= each.floor)
            if was_seen and source.moves and not is_within:
                continue  # Of what has not come to the front, nothing can be new.
            entries[key], change = self._compare(each)
            if change is not None:
                told.append(change)
            elif is_within and not was_seen:
                told.append(self._added(each) if _is_new(source, each, known_from) else self._changed(each, None))
        return _in_order(told), entries

    def _is_wanted(self, at: datetime | None) -> bool:
        """Say whether a thing that was not there before is told, in a feed that is fetched whole."""
        return not self._is_first or (self._since is not None and (at is None or at >= self._since))

    def _compare(self, seen: Seen) -> tuple[Entry, Changed[Any] | None]:
        """Return what is kept of a thing, and how it has changed if it was seen before and has."""
        item, old, layout = seen.item, self.start.entries.get(seen.item.id), self._layout
        self._items[item.id] = item
        whole = whole_of(item, seen.closed, layout)
        if old is not None and old.whole == whole and self.start.layout == layout:
            return old, None
        entry = Entry(at=seen.at, whole=whole, marks=marks_of(item, seen.closed, layout), closed=seen.closed)
        if old is None:
            return entry, None
        if not old.marks:
            return entry, self._changed(seen, None)
        fields = differing(old.marks, self.start.layout, entry.marks, layout)
        return entry, None if fields is None else self._changed(seen, fields)

    def _old_entries(self) -> dict[int, Entry]:
        """Return the entries there are, without their marks if those are of another version's fields."""
        old = self.start.entries
        if self.start.layout == self._layout:
            return {**old}
        return {key: structs.replace(entry, marks=b"") for key, entry in old.items()}

    def _added(self, seen: Seen) -> Added[Any]:
        return Added(
            team=self.team,
            feed=self.feed.name,
            id=seen.item.id,
            at=seen.at,
            after=seen.item,
            kinds=kinds_of_new(seen.item, seen.closed),
            closed=seen.closed,
        )

    def _changed(self, seen: Seen, fields: tuple[str, ...] | None) -> Changed[Any]:
        old = self.start.entries.get(seen.item.id)
        return Changed(
            team=self.team,
            feed=self.feed.name,
            id=seen.item.id,
            at=seen.at,
            before=self.start.items.get(seen.item.id),
            after=seen.item,
            fields=fields,
            kinds=kinds_of_change(seen.item, seen.closed, fields or ()),
            closed=seen.closed,
            was_at=None if old is None else old.at,
        )

    def checkpoint(
        self,
        entries: Mapping[int, Entry],
        *,
        reached: Mapping[str, Reached] | None = None,
        floors: Mapping[bool | None, datetime] | None = None,
        inboxes: tuple[int, ...] = (),
        inboxes_at: float | None = None,
    ) -> Checkpoint:
        """Return the checkpoint to go on from.

        Args:
            entries: what is known.
            reached: of a stream, how far each of its lists was walked.
            floors: of a stream, the moment from which on the entries of each of its lists are needed.
            inboxes: of conversations, the inboxes that were asked for.
            inboxes_at: when these were fetched.
        """
        feed = self.feed
        if floors is not None:
            entries = self._kept(entries, floors)
        items = {**self.start.items, **self._items}
        lately = sorted(items.keys() & entries.keys(), key=lambda key: entries[key].at or _FAR_AHEAD)
        return Checkpoint(
            team=self.start.team,
            feed=feed.name,
            scope=feed.scope,
            layout=self._layout,
            reached=reached or {},
            entries=entries,
            inboxes=inboxes,
            inboxes_at=inboxes_at,
            items={key: items[key] for key in lately[len(lately) - min(feed.remember, len(lately)) :]},
        )

    def _kept(self, entries: Mapping[int, Entry], floors: Mapping[bool | None, datetime]) -> Mapping[int, Entry]:
        """Return the entries that each list needs, and so many others as the feed keeps, the latest."""
        lowest = min(floors.values())
        others = [
            key
            for key, entry in entries.items()
            if (key not in self._items if entry.at is None else entry.at < floors.get(entry.closed, lowest))
        ]
        others.sort(key=lambda key: entries[key].at or _LONG_AGO)
        dropped = set(others[: max(len(others) - self.feed.keep, 0)])
        return {key: entry for key, entry in entries.items() if key not in dropped} if dropped else entries


def _is_new(source: Stream, seen: Seen, known_from: datetime | None) -> bool:
    """Say of a thing that was not known whether it was made since the walk before, and not just changed.

    Where it does not say when it was made, its first revision is as good. In doubt it was there before.

    Args:
        source: the list.
        seen: the thing.
        known_from: from when on everything was known of one of the lists at least; None where nothing was.
    """
    if not source.moves:
        return True
    created: datetime | None = getattr(seen.item, "created", None)
    floor = known_from or seen.floor
    if created is None or floor is None:
        return getattr(seen.item, "rev", None) == 1
    return created >= floor


def _in_order(told: list[Told]) -> tuple[Told, ...]:
    """Return changes in the order of their times; those without one last."""
    return tuple(sorted(told, key=lambda change: (_time_of(change), change.id)))


def _time_of(change: Told) -> datetime:
    return (None if isinstance(change, Removed) else change.at) or _FAR_AHEAD
