"""`heymarket watch`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich.live import Live

from heymarket_async.cli import output
from heymarket_async.cli.board import Board, failure_line, in_words, line_of, record_of
from heymarket_async.cli.listing import note_masks
from heymarket_async.cli.options import Json, UseSandbox
from heymarket_async.cli.sandbox import customers_of
from heymarket_async.cli.service import AGENT, open_service
from heymarket_async.cli.stopping import on_signals
from heymarket_async.errors import ConfigurationError
from heymarket_async.fleet import Fleet
from heymarket_async.session import AsyncSession
from heymarket_async.watch.changes import Change
from heymarket_async.watch.one_by_one import Watch
from heymarket_async.watch.plan import PollEnded, PollFailed

EXAMPLES: Final = """Examples:

    heymarket watch
    heymarket watch inboxes conversations --teams teams.toml --state state.db
    heymarket watch messages --since 2026-04-01T00:00:00Z --json > changes.jsonl
    heymarket watch messages --reveal --every 5

Without --state, a restart begins anew. With it, changes that came meanwhile are shown, and those that were shown last \
may come again. It ends with Ctrl-C or SIGTERM, and then with exit code 0."""

_FEEDS: Final = ("messages", "conversations")
_REFRESH: Final = 0.5
_TEXTS_A_SECOND: Final = 0.7
# Beside the teams: the head of the table, its line and the sum, and some changes above.
_LINES_BESIDE: Final = 9

PollEvent = PollEnded | PollFailed


async def watch(
    *feeds: str,
    teams: Annotated[Path | None, Parameter(name="--teams")] = None,
    state: Annotated[Path | None, Parameter(name="--state")] = None,
    every: float = 10.0,
    slowest: float | None = None,
    since: datetime | None = None,
    as_json: Json = False,
    reveal: Annotated[bool, Parameter(name="--reveal", show_default=False)] = False,
    sandbox: UseSandbox = False,
) -> None:
    """Show what changes, as it changes, until Ctrl-C.

    In a terminal it shows a line for each change, and below them the teams: how often they are polled, how late, and \
what fails. Elsewhere, or with --json, it writes a line of JSON for each change, and failures to stderr.

    Args:
        feeds: What to watch: inboxes, team, conversations, messages, contacts, templates, tags or lists; by default \
messages and conversations.
        teams: A TOML or JSON file of teams to watch, in place of the one in the environment.
        state: A file that remembers how far it came. It is made if it is not there.
        every: Seconds between two polls of a feed where something happens, from 1 on.
        slowest: Seconds between them while nothing happens; a minute, if not said.
        since: Show also what has changed since this time, where there is no state yet.
        as_json: Write lines of JSON in a terminal too, whole, with the service's own names.
        reveal: Show numbers, names and texts, which are masked without --json.
        sandbox: Watch the sandbox, even if there are credentials. Customers write to it now and then.
    """
    if teams is not None and sandbox:
        raise ConfigurationError("--teams and --sandbox exclude each other.", advice="Leave one out.")
    settings: dict[str, Any] = {
        "every": every,
        "slowest": slowest,
        "since": since if since is None else since.astimezone(UTC),
        "store": state,
    }
    async with _watched(teams, sandbox=sandbox) as watched:
        board = Board(watched.names if isinstance(watched, Fleet) else [None], time.monotonic)
        note_masks(not as_json, reveal=reveal)
        # JSON that was asked for is whole, as with every command; that of a pipe is masked like what it stands for.
        screen = _screen(board, as_json=as_json or not sys.stdout.isatty(), reveal=reveal or as_json)
        with output.quiet_log(), screen as (show, failed):

            def listen(event: PollEvent) -> None:
                board.note_poll(event)
                if isinstance(event, PollFailed):
                    failed(event)

            changes = watched.watch(*(feeds or _FEEDS), listener=listen, **settings)
            await _until_stopped(changes, board.note_change, show)


async def _until_stopped(changes: Watch, *acts: Callable[[Change[Any]], object]) -> None:
    """Read changes until a signal comes."""

    async def read() -> None:
        async for change in changes:
            for act in acts:
                act(change)

    reading = asyncio.ensure_future(read())
    on_signals(reading.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await reading


@asynccontextmanager
async def _watched(teams: Path | None, *, sandbox: bool) -> AsyncGenerator[AsyncSession | Fleet]:
    """Give whom to watch, after saying on stderr who it is."""
    if teams is not None:
        async with Fleet.from_file(teams, user_agent=AGENT) as fleet:
            output.note(f"Watching {len(fleet)} teams of {teams}.")
            yield fleet
        return
    async with open_service(sandbox=sandbox) as service, service.session() as session:
        if service.sandbox is None:
            yield session
            return
        output.note("Customers write to it now and then, so that there is something to see.")
        async with customers_of(service.sandbox, _TEXTS_A_SECOND):
            yield session


Screen = tuple[Callable[[Change[Any]], None], Callable[[PollFailed], None]]


@contextmanager
def _screen(board: Board, *, as_json: bool, reveal: bool) -> Generator[Screen]:
    """Give what shows changes and failures."""
    if as_json:
        yield (
            lambda change: output.show_json_line(record_of(change), reveal=reveal),
            lambda event: output.note(in_words(event)),
        )
        return
    console = output.console()
    rows = max(console.height - _LINES_BESIDE, 1)
    # Drawn by the event loop, because a thread would look at the board while it changes.
    with Live(
        console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as live:
        drawing = asyncio.ensure_future(_draw(live, board, rows))
        try:
            yield (
                lambda change: console.print(line_of(change, datetime.now().astimezone(), reveal=reveal)),
                lambda event: console.print(failure_line(event, datetime.now().astimezone())),
            )
        finally:
            drawing.cancel()


async def _draw(live: Live, board: Board, rows: int) -> None:
    while True:
        live.update(board.show(rows), refresh=True)
        await asyncio.sleep(_REFRESH)
