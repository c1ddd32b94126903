"""An export: walks the lists into a spool, and then writes the file from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from heymarket_async.arguments import check_count, wrong
from heymarket_async.calls import Call
from heymarket_async.errors import BadRequest, NotFound, PermissionDenied
from heymarket_async.export.formats import AT_A_TIME, Format, Target
from heymarket_async.export.spool import Purpose, Spool, Stand
from heymarket_async.lanes import Lane
from heymarket_async.paging import Pager
from heymarket_async.resources.inboxes import LIST_INBOXES
from heymarket_async.resources.team import GET_TEAM
from heymarket_async.session import AsyncSession
from heymarket_async.threads import to_the_end
from heymarket_async.watch.feeds import SOURCES, Feed, Stream, bodies, inbox_ids

EXPORTS: Final = tuple(name for name, source in SOURCES.items() if isinstance(source, Stream))
"""What can be exported."""
_PAGE: Final = 1000
_NAMES: Final[Mapping[bool | None, str]] = {None: "all", False: "open", True: "closed"}
_SECOND: Final = timedelta(seconds=1)
OnPage = Callable[[int], object]


@attrs.frozen(kw_only=True)
class Exported:
    """What an export came to.

    Attributes:
        path: the file.
        rows: how many things it holds.
        fetched: how many were fetched for it this time.
    """

    path: Path
    rows: int
    fetched: int


async def export(
    session: AsyncSession,
    what: str,
    *,
    to: str | os.PathLike[str],
    format: Format | None = None,
    state: str | os.PathLike[str] | None = None,
    inboxes: tuple[int, ...] = (),
    page_size: int = _PAGE,
    on_page: OnPage = lambda _: None,
) -> Exported:
    """Write all messages, conversations, contacts or other things of a team into a file.

    What was fetched is kept beside the file until that is written; so an export that was interrupted or killed goes on
    where it was when it is called again. The file is put into its place when it is whole.

    Args:
        session: a session of the team. Its other calls come first where the rate limit makes calls wait.
        what: `messages`, `conversations`, `contacts`, `templates`, `tags` or `lists`.
        to: the file; its ending says its format: `.parquet` (which needs the extra `arrow`), `.csv`, `.jsonl`, or
            `.sqlite`.
        format: the format, where the ending does not say it.
        state: a file in which what was fetched is kept for the next export too, which then fetches only what has
            changed since. It holds all that the export does.
        inboxes: of conversations, the inboxes whose are wanted; by default all.
        page_size: things to ask for in one page.
        on_page: is called after each page with the number of things on it, and first with the number of those that
            were there before.

    Raises:
        ArgumentError: an argument makes no sense. No request was made.
        ConfigurationError: the extra `arrow` is missing. No request was made.
        CheckpointError: the state cannot be used, or belongs to another export. Nothing was overwritten.
        CallError: a request did not succeed. What came before is kept.
        OSError: the system cannot write the file.
    """
    if what not in EXPORTS:
        raise wrong("what", f"must be one of {', '.join(map(repr, EXPORTS))}")
    target = Target.make(to, format)
    check_count("page_size", page_size, most=_PAGE)
    feed = Feed(what, inboxes=inboxes)
    path = target.path.with_name(f"{target.path.name}.partial") if state is None else Path(state)
    if path.resolve() == target.path.resolve():
        raise wrong("state", "is the file that the export is to be in: name another one")
    quiet = session.with_options(lane=Lane.EXPORT)
    team = (await quiet.run(GET_TEAM.call())).id
    purpose = Purpose(what=what, team=team, inboxes=feed.inboxes)
    spool = await to_the_end(lambda: Spool(path, purpose))
    try:
        on_page(spool.count())
        fetched = await _Walks(quiet, feed, spool, page_size, on_page).go()
        source = SOURCES[what]
        by = str(path.resolve())
        await to_the_end(lambda: target.write(what, source.model, spool.lines(AT_A_TIME), by=by))
        rows = spool.count()
        if state is None:
            spool.remove()
        return Exported(path=target.path, rows=rows, fetched=fetched)
    finally:
        spool.close()


class _Walks:
    """The walks through the lists of an export, each page of which goes into the spool."""

    def __init__(self, session: AsyncSession, feed: Feed, spool: Spool, page_size: int, on_page: OnPage) -> None:
        source = SOURCES[feed.name]
        assert isinstance(source, Stream), feed.name
        paging = source.operation.paging
        self._page_size = page_size if paging is not None and paging.sizable else None
        self._session, self._feed, self._source = session, feed, source
        self._spool, self._on_page = spool, on_page
        self._lists = (False, True) if feed.name == "conversations" else (None,)
        self._fetched = 0

    async def go(self) -> int:
        """Walk until everything is known that was there when this began. Return how many things came."""
        for closed in self._lists:
            stand = self._spool.stand(_NAMES[closed])
            if stand.cursor is not None:
                await self._go_on(closed, stand)
        inboxes = await self._inboxes()
        for closed in self._lists:
            if closed is None or inboxes:
                stand = self._spool.stand(_NAMES[closed])
                # What has lain for long in an inbox that is new here is below the floor.
                since = stand.floor if set(inboxes) <= set(stand.inboxes) else None
                await self._walk(closed, Stand(floor=stand.floor, inboxes=inboxes, since=since))
        return self._fetched

    async def _go_on(self, closed: bool | None, stand: Stand) -> None:
        try:
            await self._walk(closed, stand)
        except (BadRequest, NotFound, PermissionDenied):
            if not stand.inboxes or self._feed.inboxes:
                raise
            # An inbox of that walk may be gone: it begins anew, with those that are there.
            await to_the_end(partial(self._spool.put, _NAMES[closed], (), Stand()))

    async def _inboxes(self) -> tuple[int, ...]:
        if self._feed.name != "conversations" or self._feed.inboxes:
            return self._feed.inboxes
        return inbox_ids(await self._session.run(LIST_INBOXES.call()))

    async def _walk(self, closed: bool | None, stand: Stand) -> None:
        body = dict(bodies(self._feed, stand.inboxes))[closed]

        def ask(keys: Mapping[str, Any]) -> Call[tuple[Any, ...]]:
            return self._source.operation.call(body={**body, **keys})

        pager: Pager[Any] = Pager(
            self._session.run,
            self._source.operation,
            ask,
            page_size=self._page_size,
            cursor=stand.cursor,
            since=stand.since,
        )
        walking = True
        while walking:
            items = await pager.page()
            newest, walking = stand.newest or self._newest(items), not pager.done
            if walking:
                stand = msgspec.structs.replace(stand, newest=newest, cursor=pager.cursor)
            else:
                stand = Stand(floor=newest - self._source.overlap, inboxes=stand.inboxes)
            await to_the_end(partial(self._spool.put, _NAMES[closed], items, stand))
            self._fetched += len(items)
            self._on_page(len(items))

    def _newest(self, items: tuple[Any, ...]) -> datetime:
        """Return the newest time of a first page, or the service's own where that is earlier or there is none."""
        told = self._session.service_time()
        now = datetime.now(UTC) if told is None else datetime.fromtimestamp(told, UTC)
        times = [time for item in items if (time := getattr(item, self._source.by)) is not None]
        return min(max(times, default=now), now - _SECOND)
