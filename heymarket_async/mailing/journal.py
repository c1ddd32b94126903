"""What has gone out, on the disk before it goes out."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import sqlite3
import threading
import uuid
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

from heymarket_async.arguments import wrong
from heymarket_async.databases import open_database, transaction
from heymarket_async.errors import JournalError
from heymarket_async.records import Record
from heymarket_async.threads import to_the_end

# "hmml" in the header of a file says whose it is.
_APPLICATION: Final = 0x686D6D6C
_VERSION: Final = 1
# A process that was killed holds nothing any more: whoever holds the file is at work.
_PATIENCE: Final = 0.5
_TABLES: Final = (
    "CREATE TABLE mailing (identity TEXT NOT NULL)",
    "CREATE TABLE sends (phone TEXT PRIMARY KEY, local_id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, at REAL NOT NULL,"
    " message_id INTEGER, reason TEXT NOT NULL) WITHOUT ROWID",
)
_ALL: Final = "SELECT phone, local_id, state, at, message_id, reason FROM sends"
_SENDING: Final = """INSERT INTO sends VALUES (?, ?, 'sending', ?, NULL, '')
ON CONFLICT (phone) DO UPDATE SET state = 'sending', at = excluded.at WHERE state <> 'sent'
RETURNING local_id"""
_ENDED: Final = "UPDATE sends SET state = ?, message_id = ?, reason = ? WHERE phone = ?"


class EntryState(enum.StrEnum):
    """What the journal knows of a send."""

    SENDING = "sending"
    """It may have gone out: look before it is repeated."""
    SENT = "sent"
    UNSENT = "unsent"
    """It was tried, and is known not to have gone out."""


class Entry(Record, frozen=True):
    """A send. `at` is when it was last tried, in Unix seconds by the service's clock."""

    phone: str
    local_id: str
    state: EntryState
    at: float
    message_id: int | None
    reason: str


class Journal:
    """The file of one mailing, for one process at a time. It holds phone numbers, and no texts.

    Args:
        path: the file. Its folder must be there.

    Raises:
        ArgumentError: it is no path.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike) or not os.fspath(path):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
            raise wrong("journal", "must be the path of a file")
        self.path: Path = Path(path)
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})"

    async def open(self, identity: str) -> dict[str, Entry]:
        """Open the file for this process alone, and return what it holds, by phone number.

        Args:
            identity: of which mailing it is; a new file is of this one.

        Raises:
            JournalError: it cannot be used, another process uses it, or it is of another mailing.
        """
        try:
            return await to_the_end(lambda: self._open(identity))
        except asyncio.CancelledError:
            await self.close()
            raise

    async def sending(self, phone: str, at: float) -> str:
        """Note that a send goes out next. When it returns, that outlives a crash, also one of the machine.

        Args:
            phone: whom it goes to.
            at: Unix time by the service's clock.

        Returns:
            The `local_id` to send it with: the same one each time.
        """
        ((local_id,),) = await self._run(_SENDING, phone, str(uuid.uuid4()), at)  # What was sent gives no row.
        return str(local_id)

    async def sent(self, phone: str, message_id: int | None) -> None:
        """Note that the service has it."""
        await self._run(_ENDED, EntryState.SENT, message_id, "", phone)

    async def unsent(self, phone: str, reason: str) -> None:
        """Note that it is known not to have gone out, and why."""
        await self._run(_ENDED, EntryState.UNSENT, None, reason, phone)

    async def close(self) -> None:
        """Close the file."""
        await to_the_end(self._close)

    async def _run(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        return await to_the_end(lambda: self._execute(statement, values))

    def _open(self, identity: str) -> dict[str, Entry]:
        with self._lock, self._in_words():
            if self._database is not None:
                raise self._wrong("is open already", "A mailing is entered once at a time.")
            database = open_database(
                self.path,
                application=_APPLICATION,
                version=_VERSION,
                tables=_TABLES,
                patience=_PATIENCE,
                exclusive=True,
            )
            try:
                found = _begin(database, identity)
            except BaseException:
                database.close()
                raise
            if found is None:
                database.close()
                raise self._wrong(
                    "is of another mailing: of another text, inbox or team",
                    "Name another file for this one. Its own mailing goes on with the text that it began with.",
                )
            self._database = database
            return found

    def _execute(self, statement: str, values: Sequence[object]) -> list[tuple[object, ...]]:
        with self._lock, self._in_words():
            if self._database is None:
                raise self._wrong("is not open", "Use the mailing within its `async with`.")
            return self._database.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _in_words(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                what, advice = "is in use by another process", "Let that one end first. Two would text people twice."
            else:
                what, advice = f"cannot be used: {error}", "Check the path, its permissions and the room on the disk."
            raise self._wrong(what, advice) from error

    def _wrong(self, what: str, advice: str) -> JournalError:
        return JournalError(f"The journal {str(self.path)!r} {what}.", advice=advice)

    def _close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None


def _begin(database: sqlite3.Connection, identity: str) -> dict[str, Entry] | None:
    """Return what the file of a mailing holds; None if it is of another one. It is held from here on."""
    # The file alone tells what was sent: whoever moves it may overlook what SQLite keeps beside it.
    database.execute("PRAGMA wal_autocheckpoint = 1")
    if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("it is damaged")
    with transaction(database):
        row = database.execute("SELECT identity FROM mailing").fetchone()
        if row is None:
            database.execute("INSERT INTO mailing VALUES (?)", (identity,))
        elif row[0] != identity:
            return None
        # A write, so that an exclusive lock is taken whether there was anything to write or not.
        database.execute("UPDATE mailing SET identity = ?", (identity,))
    rows = database.execute(_ALL).fetchall()
    entries = (Entry(phone, local_id, EntryState(state), *rest) for phone, local_id, state, *rest in rows)
    return {entry.phone: entry for entry in entries}
