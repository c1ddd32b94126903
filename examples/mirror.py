"""A service that mirrors the conversations and messages of many teams into an SQLite file.

    .venv/bin/python examples/mirror.py                              # a sandbox, in which people write to three teams
    .venv/bin/python examples/mirror.py --teams teams.toml mirror.db

It runs until Ctrl-C, and may be killed at any moment: what a batch of changes says, and how far the team was watched,
are written in one transaction. So the next run goes on exactly there. A message that is deleted in Heymarket stays in
the mirror, because no list of the service tells of it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import os
import sqlite3
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from heymarket_async import AsyncSession, Conversation, Feed, Fleet, Gap, Message, Removed
from heymarket_async.sandbox import Sandbox
from heymarket_async.sandbox.load import customers_write

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
# So many things may be new in one poll. Of what goes beyond, a `Gap` tells, and the mirror fetches it as a list.
MOST = 10_000

TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    team TEXT, id INTEGER, inbox INTEGER, phone TEXT, name TEXT, status TEXT, assignee INTEGER, updated TEXT,
    PRIMARY KEY (team, id)
);
CREATE TABLE IF NOT EXISTS messages (
    team TEXT, id INTEGER, conversation INTEGER, date TEXT, status TEXT, text TEXT, updated TEXT,
    PRIMARY KEY (team, id)
);
CREATE TABLE IF NOT EXISTS checkpoints (key TEXT PRIMARY KEY, text TEXT);
"""


class Mirror:
    """The file. It is the store of the checkpoints too, so that one transaction holds both.

    It is written in the event loop: a batch takes less than a millisecond, and nothing may come between.
    """

    def __init__(self, path: Path) -> None:
        os.close(
            os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        )  # What people write is not for everybody on this machine.
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {TABLES}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    async def load(self, key: str, /) -> str | None:
        """Return a checkpoint."""
        row = self.database.execute("SELECT text FROM checkpoints WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    async def save(self, key: str, text: str, /) -> None:
        """Keep a checkpoint."""
        self._put("checkpoints", key=key, text=text)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Keep all that is written in a block, or nothing."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")

    def put(self, team: str, item: Conversation | Message) -> None:
        """Write a conversation or a message as it is now. Written again, it changes nothing."""
        if isinstance(item, Message):
            self._put(
                "messages",
                team=team,
                id=item.id,
                conversation=None if item.conversation is None else item.conversation.id,
                date=_text(item.date),
                status=item.status,
                text=item.text,
                updated=_text(item.updated),
            )
        else:
            self._put(
                "conversations",
                team=team,
                id=item.id,
                inbox=item.inbox_id,
                phone=item.target,
                name=item.name,
                status=item.status,
                assignee=item.assignee_id,
                updated=_text(item.updated),
            )

    def counts(self) -> str:
        """Return in words what there is."""
        teams, conversations = self.database.execute(
            "SELECT count(DISTINCT team), count(*) FROM conversations"
        ).fetchone()
        (messages,) = self.database.execute("SELECT count(*) FROM messages").fetchone()
        return f"{teams} teams, {conversations} conversations, {messages} messages"

    def _put(self, table: str, **values: Any) -> None:
        marks = ", ".join("?" for _ in values)
        self.database.execute(
            f"INSERT OR REPLACE INTO {table} ({', '.join(values)}) VALUES ({marks})",  # noqa: S608 - words of this file
            tuple(_utf8(value) if isinstance(value, str) else value for value in values.values()),
        )


def _utf8(text: str) -> str:
    """Return a text that the file can hold. One that was cut in the middle of an emoji is none."""
    return text.encode(errors="replace").decode()


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


async def mirror(fleet: Fleet, file: Mirror, every: float) -> None:
    """Write whatever changes in any team, until cancelled."""
    feeds = [Feed(name, most=MOST, keep=50, remember=0) for name in ("conversations", "messages")]
    async with fleet.watch_batches(*feeds, every=every, store=file, since=LONG_AGO) as batches:
        async for batch in batches:
            assert batch.team is not None
            missed = [
                item for gap in batch.changes if isinstance(gap, Gap) async for item in fetch(fleet[batch.team], gap)
            ]
            with file.transaction():
                for item in missed:
                    file.put(batch.team, item)
                for change in batch.changes:
                    if not isinstance(change, Gap | Removed):
                        file.put(batch.team, change.after)
                await batch.commit()
            print(f"{batch.team}: {len(batch.changes)} in {batch.feed}; now {file.counts()}", flush=True)


async def fetch(team: AsyncSession, gap: Gap) -> AsyncGenerator[Conversation | Message]:
    """Give what a watch had to leave out, because there was too much of it."""
    if gap.feed == "messages":
        async for message in team.messages.list(before=gap.until):
            if gap.since is not None and message.date is not None and message.date < gap.since:
                return
            yield message
    else:
        inboxes = [inbox.id for inbox in await team.inboxes.list()]
        async for conversation in team.conversations.list(inboxes=inboxes, closed=gap.closed, before=gap.until):
            if gap.since is not None and conversation.updated is not None and conversation.updated < gap.since:
                return
            yield conversation


async def run(teams: Path | None, path: Path, every: float) -> None:
    """Mirror the teams of a file, or those of a sandbox."""
    with Mirror(path) as file:
        if teams is not None:
            async with Fleet.from_file(teams) as fleet:
                await mirror(fleet, file, every)
        else:
            async with Sandbox(teams=3) as sandbox, asyncio.TaskGroup() as tasks:
                for team in sandbox.teams:
                    tasks.create_task(customers_write(team, rate=0.5, seconds=math.inf))
                async with Fleet({team.name: team.secret for team in sandbox.teams}, base_url=sandbox.url) as fleet:
                    await mirror(fleet, file, every)


def main() -> None:
    """Be the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teams", type=Path, help="a file of teams, as docs/fleet.md describes; without it, a sandbox")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two polls where something happens")
    parser.add_argument("database", type=Path, nargs="?", default=Path("mirror.db"), help="the file to write")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(arguments.teams, arguments.database, arguments.every))


if __name__ == "__main__":
    main()
