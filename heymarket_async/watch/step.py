"""One poll of one feed: everything that watches is built on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from heymarket_async.arguments import check_id, check_time, rfc3339, wrong
from heymarket_async.calls import Call
from heymarket_async.errors import BadRequest, NotFound, PermissionDenied
from heymarket_async.paging import Pager
from heymarket_async.resources.inboxes import LIST_INBOXES
from heymarket_async.resources.runner import Runner
from heymarket_async.resources.team import GET_TEAM
from heymarket_async.watch.changes import Change, Gap
from heymarket_async.watch.checkpoint import Checkpoint, Reached
from heymarket_async.watch.comparing import Comparison, Seen
from heymarket_async.watch.feeds import SOURCES, Feed, Snapshot, Stream, as_feed, bodies, inbox_ids

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LISTS: Final[Mapping[bool | None, str]] = {None: "all", False: "open", True: "closed"}
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_MICROSECOND: Final = timedelta(microseconds=1)
# New inboxes are looked for so often at the least.
_INBOXES_LAST: Final = 300.0


@attrs.frozen(kw_only=True)
class Polled:
    """What one poll found.

    Attributes:
        changes: gaps, then what has changed, the oldest first.
        checkpoint: where the next poll goes on.
    """

    changes: tuple[Change[Any], ...]
    checkpoint: Checkpoint


async def poll_once(
    session: Runner,
    feed: Feed | str,
    checkpoint: Checkpoint | None = None,
    *,
    since: datetime | None = None,
    team: int | None = None,
) -> Polled:
    """Look once at what has changed in a feed since a checkpoint. It keeps nothing but what it returns.

    Polled again with the same checkpoint, the same changes come again: so a program that stores the new checkpoint
    once it has handled the changes misses none.

    Args:
        session: a session of the team.
        feed: what to look at: its name, or a `Feed` with settings.
        checkpoint: where the poll before has ended. Without one, what is there is taken in, and no change is told.
        since: without a checkpoint, the moment from which changes are told. A moment long ago tells all there is, as
            far as `Feed.most` lets it.
        team: the id of the team of the session, by which a checkpoint of another one is known. It costs a request
            to ask for it where it is not passed.

    Raises:
        ArgumentError: an argument makes no sense.
        CheckpointError: the checkpoint belongs to something else.
        CallError: a request did not succeed. Polling again with the same checkpoint loses nothing.
        CursorStalled: more things share one moment than the service shows.
    """
    feed = as_feed(feed)
    source = SOURCES[feed.name]
    if since is not None:
        since = max(check_time("since", since), _LONG_AGO)
        if checkpoint is not None:
            raise wrong("since", "goes without a checkpoint, which says from when on changes are told")
    if checkpoint is not None and not isinstance(checkpoint, Checkpoint):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
        raise wrong("checkpoint", "must be a Checkpoint: Checkpoint.from_json() reads what to_json() wrote")
    if team is not None:
        check_id("team", team)
    else:
        team = (await session.run(GET_TEAM.call())).id
    if checkpoint is not None:
        checkpoint.check(feed, team)
    start = Checkpoint(team=team, feed=feed.name, scope=feed.scope, layout=()) if checkpoint is None else checkpoint
    first, name = checkpoint is None, session.name
    comparison = Comparison(feed, start, is_first=first, since=since, team=name)
    if isinstance(source, Snapshot):
        return await _poll_snapshot(session, source, comparison)
    try:
        return await _poll_stream(session, source, comparison, since)
    except (BadRequest, NotFound, PermissionDenied):
        if feed.inboxes or not start.inboxes:
            raise
    # An inbox that was asked for may be gone.
    comparison = Comparison(feed, attrs.evolve(start, inboxes=()), is_first=first, since=since, team=name)
    return await _poll_stream(session, source, comparison, since)


async def _poll_snapshot(session: Runner, source: Snapshot, comparison: Comparison) -> Polled:
    items = source.items(await session.run(source.operation.call()))
    changes, entries = comparison.of_all(items)
    return Polled(changes=changes, checkpoint=comparison.checkpoint(entries))


async def _poll_stream(session: Runner, source: Stream, comparison: Comparison, since: datetime | None) -> Polled:
    feed, start = comparison.feed, comparison.start
    overlap = source.overlap if feed.overlap is None else feed.overlap
    inboxes, inboxes_at = await _inboxes(session, feed, start, overlap)
    seen: dict[int, Seen] = {}
    gaps: list[Gap] = []
    reached: dict[str, Reached] = {**start.reached}
    for closed, body in bodies(feed, inboxes):
        name = _LISTS[closed]
        before = start.reached.get(name)
        if closed is not None and not inboxes:
            # Whatever comes, once there is an inbox, is new.
            reached[name] = before or Reached(newest=None, floor=since or _LONG_AGO)
            continue
        floor = since if before is None else before.floor
        walk = _Walk(session, source, body, overlap=overlap, most=feed.most)
        await walk.go(floor)
        if walk.unseen is not None and floor is not None and _hides_news(walk.unseen[1], before):
            since_when, until = walk.unseen
            gaps.append(Gap(team=comparison.team, feed=feed.name, since=since_when, until=until, closed=closed))
        reached[name] = walk.reached(before)
        for item in walk.items:
            fresh = Seen(item=item, at=getattr(item, source.by), closed=closed, floor=floor)
            known = seen.get(item.id)
            if known is None or known.at is None or fresh.at is None or fresh.at >= known.at:
                seen[item.id] = fresh
    changes, entries = comparison.of_some(source, seen.values())
    floors = {closed: reached[name].floor for closed, name in _LISTS.items() if name in reached}
    checkpoint = comparison.checkpoint(entries, reached=reached, floors=floors, inboxes=inboxes, inboxes_at=inboxes_at)
    return Polled(changes=(*gaps, *changes), checkpoint=checkpoint)


def _hides_news(until: datetime | None, before: Reached | None) -> bool:
    """Say whether a walk that went down to a moment has missed anything but what the walk before has seen."""
    return until is None or before is None or before.newest is None or until > before.newest


async def _inboxes(
    session: Runner, feed: Feed, start: Checkpoint, overlap: timedelta
) -> tuple[tuple[int, ...], float | None]:
    """Return the inboxes whose conversations are wanted, and when they were fetched, if they were.

    They are fetched again before the overlap has passed, so that what happens in a new inbox meanwhile still comes.
    """
    if feed.name != "conversations" or feed.inboxes:
        return feed.inboxes, None
    now = session.service_time()
    if start.inboxes and now is not None and start.inboxes_at is not None:
        age = now - start.inboxes_at
        if 0 <= age < min(_INBOXES_LAST, overlap.total_seconds() / 2):
            return start.inboxes, start.inboxes_at
    inboxes = inbox_ids(await session.run(LIST_INBOXES.call()))
    return inboxes, session.service_time()


class _Walk:
    """A walk through a list from its newest thing back to where all is known.

    Args:
        session: performs the calls.
        source: the list.
        body: what to ask for.
        overlap: how far before the newest thing to go where nothing is known yet.
        most: things to see at the most.
    """

    def __init__(
        self, session: Runner, source: Stream, body: Mapping[str, Any], *, overlap: timedelta, most: int
    ) -> None:
        self.items: list[Any] = []
        self.unseen: tuple[datetime | None, datetime | None] | None = None
        self._newest: datetime | None = None
        self._session = session
        self._source = source
        self._body = body
        self._overlap = overlap
        self._most = most

    async def go(self, floor: datetime | None) -> None:
        """Go back to `floor`; without one, as far as the overlap."""
        pager = await self._begin(floor)
        if floor is None:
            if self._newest is None or any(time < _before(self._newest, self._overlap) for time in self._times()):
                return
            pager = await self._begin(_before(self._newest, self._overlap))
        while not pager.done and len(self.items) < self._most:
            self.items += await pager.page()
        self.unseen = pager.unseen

    def reached(self, before: Reached | None) -> Reached:
        """Return how far the list is known now. What changed during the walk is newer than its first page."""
        newest, floor = (None, _LONG_AGO) if before is None else (before.newest, before.floor)
        newest = self._newest or newest
        if newest is not None:
            floor = max(floor, _before(newest, self._overlap))
        if self.unseen is not None and self.unseen[1] is not None:
            floor = max(floor, self.unseen[1] + _MICROSECOND)
        return Reached(newest=newest, floor=floor)

    async def _begin(self, floor: datetime | None) -> Pager[Any]:
        """Fetch the first page, whose newest time is the next watermark unless it lies in the service's future."""
        pager = await self._first_page(floor)
        service_time = self._session.service_time()
        newest = max(self._times(), default=None)
        if service_time is not None:
            now = datetime.fromtimestamp(service_time, UTC)
            if newest is None or newest > now + _SECOND:
                newest = now - _SECOND
        self._newest = newest
        return pager

    async def _first_page(self, floor: datetime | None) -> Pager[Any]:
        """Fetch the first page. Where the list wants a bound for that too, it gets one that leaves nothing out.

        By some readings a bound in the future leaves out all there is. Then the refusal stands, because the newest page
        cannot be had.
        """
        try:
            return await self._page(floor)
        except BadRequest:
            now, key = self._session.service_time(), self._source.late_key
            if now is None or key is None or key in self._body:
                raise
            bounds = (datetime.fromtimestamp(now, UTC) + _DAY, _LONG_AGO)
            tomorrow, long_ago = ({**self._body, key: rfc3339(bound)} for bound in bounds)
            if not await self._list(tomorrow) and await self._list(long_ago):
                raise
            self._body = tomorrow
            return await self._page(floor)

    async def _list(self, body: Mapping[str, Any]) -> tuple[Any, ...]:
        return await self._session.run(self._source.operation.call(body=body))

    async def _page(self, floor: datetime | None) -> Pager[Any]:
        pager = Pager(self._session.run, self._source.operation, self._ask, since=floor)
        self.items = [*await pager.page()]
        return pager

    def _ask(self, keys: Mapping[str, Any]) -> Call[tuple[Any, ...]]:
        return self._source.operation.call(body={**self._body, **keys})

    def _times(self) -> list[datetime]:
        return [time for item in self.items if (time := getattr(item, self._source.by)) is not None]


def _before(time: datetime, span: timedelta) -> datetime:
    """Return so long before a time; nothing is before 1970, as some services write that there is no time."""
    return max(time, _LONG_AGO + span) - span
