"""What a watch is asked to do, and what it tells of its polls."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Self, TypedDict

import attrs

from heymarket_async.arguments import check_time, wrong
from heymarket_async.watch.feeds import Feed, as_feed
from heymarket_async.watch.pace import Pace
from heymarket_async.watch.stores import MemoryStore, Store, check_store

_CEILING: Final = 60.0


@attrs.frozen(kw_only=True)
class PollEnded:
    """A poll has ended well.

    Attributes:
        team: what a `Fleet` calls the team; None if the session has no name.
        feed: the name of the feed.
        changes: how many changes it found.
        late: seconds that it began after it was due, because the reader or another feed took so long.
        elapsed: seconds that it took.
        next_in: seconds until the next one is due.
    """

    team: str | None = None
    feed: str
    changes: int
    late: float
    elapsed: float
    next_in: float


@attrs.frozen(kw_only=True)
class PollFailed:
    """A poll has failed, and will be tried again with the same checkpoint: nothing is lost.

    Attributes:
        team: what a `Fleet` calls the team; None if the session has no name.
        feed: the name of the feed.
        error: why.
        failures: how many failures in a row that makes.
        next_in: seconds until the next poll.
    """

    team: str | None = None
    feed: str
    error: Exception
    failures: int
    next_in: float


PollListener = Callable[[PollEnded | PollFailed], object]
"""A function that is told of each poll of a watch."""


class WatchSettings(TypedDict, total=False):
    """The settings of a watch, as keyword arguments.

    Attributes:
        every: seconds between two polls of a feed where something happens, from 1 on; 10 by default.
        slowest: seconds between them at the most, while nothing happens: the interval grows from `every` to it, and is
            back at `every` with the first change. By default a minute, or `every` where that is longer.
        since: the moment from which changes are told, of feeds that have no checkpoint in the store yet. By default
            what is there is taken in, and only later changes are told.
        store: where checkpoints are kept: the path of an SQLite file, or an object with the async methods `load(key)`
            and `save(key, text)`. By default in memory, so that a restart begins anew.
        name: tells watches of the same feeds of the same team apart in a store.
        listener: a plain function that is told of every poll, by a `PollEnded` or a `PollFailed`.
    """

    every: float
    slowest: float | None
    since: datetime | None
    store: Store | str | os.PathLike[str] | None
    name: str
    listener: PollListener | None


@attrs.frozen(kw_only=True)
class Plan:
    """What is watched and how, checked.

    Attributes:
        feeds: the feeds.
        pace: how often they are polled.
        since: the moment from which changes are told, of feeds that have no checkpoint yet.
        store: where checkpoints are kept.
        name: the first part of the names of checkpoints.
        listener: is told of every poll.
    """

    feeds: tuple[Feed, ...]
    pace: Pace
    since: datetime | None
    store: Store
    name: str
    listener: PollListener | None

    def key(self, team: int, feed: Feed) -> str:
        """Return the name that the checkpoint of a feed of a team has in the store."""
        return f"{self.name}/{team}/{feed.name}"

    @classmethod
    def make(
        cls,
        feeds: Sequence[Feed | str],
        *,
        every: float = 10.0,
        slowest: float | None = None,
        since: datetime | None = None,
        store: Store | str | os.PathLike[str] | None = None,
        name: str = "",
        listener: PollListener | None = None,
    ) -> Self:
        """Return a plan of checked arguments.

        Raises:
            ArgumentError: one makes no sense.
        """
        chosen = tuple(map(as_feed, feeds))
        if not chosen:
            raise wrong("feeds", "are missing: name one at least, such as 'messages'")
        names = [feed.name for feed in chosen]
        for feed in chosen:
            if names.count(feed.name) > 1:
                raise wrong("feeds", f"hold {feed.name!r} twice: make two watches, with a name each")
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
            raise wrong("name", f"must be a str, not {type(name).__name__}")
        if listener is not None and (not callable(listener) or inspect.iscoroutinefunction(listener)):
            raise wrong("listener", "must be a plain function of one event, not an async one")
        pace = Pace(every, every)
        return cls(
            feeds=chosen,
            pace=Pace(pace.floor, max(_CEILING, pace.floor) if slowest is None else slowest),
            since=None if since is None else check_time("since", since),
            store=MemoryStore() if store is None else check_store(store),
            name=name,
            listener=listener,
        )
