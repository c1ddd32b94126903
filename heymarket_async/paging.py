"""What a caller holds of a list that comes in pages."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast, get_args

import msgspec

from heymarket_async.arguments import check_count, check_text, wrong
from heymarket_async.calls import Call, Operation, PageNumber, TimeCursor
from heymarket_async.errors import BadRequest
from heymarket_async.misuse import OnlyAsyncFor
from heymarket_async.shown import Rows
from heymarket_async.values import UNSET
from heymarket_async.walks import PageWalk, TimeWalk, Walk

if TYPE_CHECKING:
    from heymarket_async.limits import BudgetState
    from heymarket_async.progress import Meter, Progress
    from heymarket_async.tables.arrow import ArrowBuilder
    from heymarket_async.tables.frames import Library

T = TypeVar("T")

_CURSOR_VERSION: Final = 2

Ask = Callable[[Mapping[str, Any]], "Call[tuple[T, ...]]"]
Run = Callable[["Call[tuple[T, ...]]"], Awaitable["tuple[T, ...]"]]


class Pager(OnlyAsyncFor, Generic[T]):
    """The items of a list, fetched page by page as they are needed, each item once.

        async for conversation in heymarket.conversations.list(inboxes=[42]):
            ...

    A pager stands somewhere in its list, and every way of reading moves it on. What arrives is handed out in full
    before the next page is asked for, so memory holds one page at the most. An interrupted pager goes on where it was.
    Several tasks may read from one pager: each item goes to one of them.

    Args:
        run: performs a call.
        operation: the operation that lists.
        ask: makes the call for a page from what the walk wants in it.
        limit: items at the most, over all pages; None for all.
        page_size: items to ask for in one page; None to leave it to the service.
        cursor: where to go on, as `cursor` of another pager of the same list gave it.
        keep: says of an item whether it is wanted, where the service may send others too.
        since: the earliest time that is wanted of a list by time; the last page may hold older items too.
        budget: tells how much of the rate limit is left.
    """

    _instead = "Use `async for`, or `await pager.collect()` for all items at once, or `await pager.page()` for some."

    def __init__(
        self,
        run: Run[T],
        operation: Operation[tuple[T, ...]],
        ask: Ask[T],
        *,
        limit: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        keep: Callable[[T], bool] = lambda _: True,
        since: datetime | None = None,
        budget: Callable[[], BudgetState] | None = None,
    ) -> None:
        self._run = run
        self._budget = budget
        self._table: ArrowBuilder | None = None
        self._keep = keep
        self._operation = operation
        self._ask = ask
        self._left = None if limit is None else check_count("limit", limit)
        first = ask({})
        self._walk = walk_for(operation, page_size, first.body, since)
        self._arguments = _fingerprint(first)
        self._one_fetches = asyncio.Lock()
        self._waiting: deque[T] = deque()
        self._handed_out: list[int] = []
        if cursor is not None:
            self._handed_out = _resume(self._walk, operation, self._arguments, cursor)
        self._skipped = set(self._handed_out)  # What was handed out before and has not come again.
        self._before = self._walk.position()

    def __repr__(self) -> str:
        state = "at its end" if self.done else f"{len(self._waiting)} items waiting"
        return f"<Pager {self._operation.name}, {state}>"

    @property
    def done(self) -> bool:
        """Whether everything was handed out."""
        return self._left == 0 or (self._walk.done and not self._waiting)

    @property
    def fetched(self) -> Rows[T]:
        """What was fetched and is not handed out yet, such as what a `collect` that was interrupted has come to."""
        return Rows(self._waiting)

    @property
    def unseen(self) -> tuple[datetime | None, datetime | None] | None:
        """From when to when items were not fetched so far; None for a bound that is not known, or for nothing."""
        return None if self.done else self._walk.unseen

    @property
    def cursor(self) -> str:
        """Where this pager stands, as text that can be stored: `list(..., cursor=...)` goes on from there.

        It holds ids and times, nothing personal, and goes with the arguments that this pager was made with, but for
        `limit` and `page_size`, which may change. Of a list that is ordered by the time of the last change, an item
        that changes while one walks may come again after such a stop.
        """
        at, handed_out = self._standing()
        cursor = _Cursor(
            v=_CURSOR_VERSION,
            operation=self._operation.name,
            of=self._arguments,
            at=at,
            handed_out=[*self._skipped, *handed_out],
        )
        return msgspec.json.encode(cursor).decode()

    async def __aiter__(self) -> AsyncIterator[T]:
        """Hand out item after item."""
        while await self.fetch():
            yield self._hand_out()

    async def page(self) -> Rows[T]:
        """Return the next page, or what is left of the present one; an empty tuple at the end."""
        return Rows(self.ready()) if await self.fetch() else Rows()

    def ready(self) -> Iterator[T]:
        """Hand out what was fetched, and fetch nothing."""
        while self._waiting and self._left != 0:
            yield self._hand_out()

    async def pages(self) -> AsyncIterator[Rows[T]]:
        """Hand out page after page."""
        while page := await self.page():
            yield page

    async def collect(self, limit: int | None = None) -> Rows[T]:
        """Return the items that are left.

        Where it fails, is cancelled or interrupted on the way, `fetched` shows what has come, and the pager goes on
        from there when it is asked again.

        Args:
            limit: items at the most; None for all, which then are in memory together.
        """
        if limit is not None:
            check_count("limit", limit)
        out: list[T] = []
        at, handed_out = self._standing()
        handed_out = [*handed_out]
        try:
            while (limit is None or len(out) < limit) and await self.fetch():
                out.append(self._hand_out())
        except BaseException:
            self._waiting.extendleft(reversed(out))
            self._before, self._handed_out = at, handed_out
            self._left = None if self._left is None else self._left + len(out)
            raise
        return Rows(out)

    async def to_frame(self, *, to: Library = "pandas") -> Any:
        """Return a frame with a row for each of the items that are left. Memory holds its columns, not the items.

        Where it fails, is cancelled or interrupted on the way, the pager keeps what was fetched, and goes on from there
        when it is asked again.

        Args:
            to: `pandas`, `polars` or `arrow`, each of which comes with the extra of its name.

        Returns:
            A `pandas.DataFrame`, a `polars.DataFrame` or a `pyarrow.Table`, with the columns of docs/tables.md; typed
            as Any, because not all of these come with types.

        Raises:
            ArgumentError: there is no such library.
            ConfigurationError: a package is missing. It names the extra.
        """
        from heymarket_async.tables.arrow import ArrowBuilder
        from heymarket_async.tables.frames import Maker

        maker = Maker(to)
        self._table = self._table or ArrowBuilder(get_args(self._operation.reply)[0])
        while items := await self.page():
            self._table.add(items)
        table, self._table = self._table.table(), None
        return await asyncio.to_thread(maker.frame, table)

    def progress(self, *, total: int | None = None) -> Progress[T]:
        """Return the items that are left, for `async for`, and show meanwhile how far it is.

        It shows how many came, how fast, and what is left of the rate limit: under the cell of a notebook, in a
        terminal (which needs the extra `cli`), and nowhere in a pipe or a log.

        Args:
            total: how many there are, if you know, for example from `messages.count()`.

        Raises:
            ArgumentError: the total makes no sense.
            ConfigurationError: this is a terminal, and the extra `cli` is missing.
        """
        from heymarket_async.progress import Progress

        return Progress(aiter(self), self.meter(total))

    def meter(self, total: int | None = None) -> Meter:
        """Return what counts items and shows how far it is, as `progress` does, for an iteration of your own.

        Args:
            total: how many there are, if you know.

        Raises:
            ArgumentError: the total makes no sense.
            ConfigurationError: this is a terminal, and the extra `cli` is missing.
        """
        from heymarket_async.progress import Meter

        if total is not None:
            check_count("total", total, least=0)
        return Meter(total=total, budget=self._budget)

    def _standing(self) -> tuple[dict[str, Any], list[int]]:
        """Return where the walk stood before the page that is being handed out, and what was handed out of it."""
        return (self._before, self._handed_out) if self._waiting else (self._walk.position(), [])

    def _hand_out(self) -> T:
        item = self._waiting.popleft()
        self._handed_out.append(cast(Any, item).id)
        if self._left is not None:
            self._left -= 1
        return item

    async def fetch(self) -> bool:
        """Fetch until an item is ready to be handed out, and say whether one is."""
        async with self._one_fetches:
            while not self._waiting and not self.done:
                before = self._walk.position()
                try:
                    items = await self._run(self._ask(self._walk.keys()))
                except BadRequest:
                    if not self._walk.forgive():
                        raise
                    continue
                fresh = self._walk.take(items)
                self._before = before
                self._handed_out = [item.id for item in fresh if item.id in self._skipped]
                self._waiting.extend(item for item in fresh if item.id not in self._skipped and self._keep(item))
                self._skipped.difference_update(self._handed_out)
        return bool(self._waiting) and self._left != 0


def walk_for(
    operation: Operation[Any], page_size: int | None, body: Any = UNSET, since: datetime | None = None
) -> Walk:
    """Return the walk through the pages of an operation.

    Raises:
        ArgumentError: the page size makes no sense, or the list does not know page sizes.
    """
    paging = operation.paging
    if page_size is not None:
        if paging is None or not paging.sizable:
            raise wrong("page_size", f"cannot be chosen: {operation.name} does not know page sizes")
        check_count("page_size", page_size, most=paging.largest)
    if isinstance(paging, TimeCursor):
        return TimeWalk(paging, page_size, bounded=body is not UNSET and paging.key in body, since=since)
    assert isinstance(paging, PageNumber), operation.name
    return PageWalk(paging, page_size)


class _Cursor(msgspec.Struct, kw_only=True):
    """What a cursor says.

    Attributes:
        v: the version of its form.
        operation: the operation that lists.
        of: the fingerprint of the arguments of the list.
        at: where the walk stood before it asked for the page that was being handed out.
        handed_out: ids of what was handed out of that page.
    """

    v: int
    operation: str = msgspec.field(name="list")
    of: str = ""
    at: dict[str, Any] = {}
    handed_out: list[int] = []


def _resume(walk: Walk, operation: Operation[Any], arguments: str, cursor: object) -> list[int]:
    """Let a walk go on from a cursor, and return what was handed out of the page to come."""
    text = check_text("cursor", cursor, longest=None)
    try:
        found = msgspec.json.decode(text, type=_Cursor)
        if found.v == _CURSOR_VERSION and (found.operation, found.of) == (operation.name, arguments):
            walk.resume(found.at)
            return found.handed_out
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        raise wrong("cursor", "is no cursor of a pager") from None
    if found.v != _CURSOR_VERSION:
        raise wrong("cursor", "was made by another version of this library")
    if found.operation != operation.name:
        raise wrong("cursor", f"belongs to {found.operation}, not to {operation.name}")
    raise wrong("cursor", "was made with other arguments: pass the same ones, apart from limit and page_size")


def _fingerprint(call: Call[Any]) -> str:
    """Return a few signs that tell the arguments of one list from others, too few to tell what the arguments are."""
    said = json.dumps([call.query, None if call.body is UNSET else call.body], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:6]
