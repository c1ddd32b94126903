"""The file in which events that were accepted survive a crash."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from heymarket_async.arguments import wrong
from heymarket_async.databases import open_database, transaction
from heymarket_async.records import Record
from heymarket_async.webhooks.errors import EventStoreError
from heymarket_async.webhooks.window import Sign

# "hmev" in the header of a file says whose it is.
_APPLICATION: Final = 0x686D6576
_VERSION: Final = 1
# A process that ends may hold the file for a moment when the next one starts.
_PATIENCE: Final = 5.0
_TABLE: Final = """
CREATE TABLE events (
    key TEXT PRIMARY KEY, thread TEXT, since INTEGER NOT NULL, until INTEGER NOT NULL, polled INTEGER NOT NULL,
    state INTEGER NOT NULL, at REAL NOT NULL, body BLOB
) WITHOUT ROWID"""
_PUT: Final = "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_DONE: Final = "UPDATE events SET state = ?, at = ?, body = NULL WHERE key = ?"
_STATE: Final = "UPDATE events SET state = ?, at = ? WHERE key = ?"
_FORGET: Final = "DELETE FROM events WHERE key = ?"
_ALL: Final = "SELECT key, thread, since, until, polled, state, at, body FROM events ORDER BY at"


Work = list[tuple[str, Sequence[Any]]]


class RowState(enum.IntEnum):
    """What is known of an event in the file."""

    IN_WORK = 0
    DONE = 1
    PARKED = 2


class Row(Record, frozen=True):
    """An event in the file. What is done has no body any more."""

    sign: Sign
    state: RowState
    at: float
    body: bytes | None


class EventStore:
    """Keeps events in a file, many in one write: whatever comes while one is written goes into the next.

    Args:
        path: the file, for this receiver alone. Its folder must be there.

    Raises:
        ArgumentError: it is no path.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike) or not os.fspath(path):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
            raise wrong("store", "must be the path of a file")
        self.path: Path = Path(path)
        self._thread: ThreadPoolExecutor | None = None
        self._database: sqlite3.Connection | None = None
        self._waiting: Work = []
        # By key: what could not be written and has no other place where it is known.
        self._missed: dict[str, tuple[str, Sequence[Any]]] = {}
        self._next: asyncio.Future[None] | None = None
        self._writing: asyncio.Future[None] | None = None

    async def open(self) -> list[Row]:
        """Open the file for this process alone, and return what is in it, the oldest first.

        Raises:
            EventStoreError: it cannot be used.
        """
        thread = ThreadPoolExecutor(1, "heymarket events")
        opening = asyncio.get_running_loop().run_in_executor(thread, self._open)
        opening.add_done_callback(_hear)
        try:
            await asyncio.wait([opening])
            rows = opening.result()
        except BaseException:
            # The thread goes on, and must not keep the file from others.
            thread.submit(self._close)
            thread.shutdown(wait=False)
            raise
        self._thread = thread
        return rows

    def put(self, row: Row) -> asyncio.Future[None]:
        """Keep an event. The future is done when it outlives a crash, or fails with `EventStoreError`."""
        sign = row.sign
        where = (sign.key, sign.thread, sign.since, sign.until, sign.polled)
        return self._later(_PUT, (*where, row.state, row.at, row.body))

    def done(self, key: str, at: float) -> asyncio.Future[None]:
        """Note that an event is done, and forget all but its key."""
        return self._later(_DONE, (RowState.DONE, at, key))

    def note(self, key: str, state: RowState, at: float) -> asyncio.Future[None]:
        """Note what is known of an event."""
        return self._later(_STATE, (state, at, key))

    def forget(self, key: str) -> asyncio.Future[None]:
        """Forget an event."""
        return self._later(_FORGET, (key,))

    async def close(self) -> None:
        """Write what is left, and close the file. Whoever gives up waiting for that does not hinder it."""
        if self._thread is None:
            return
        if self._waiting or self._missed:
            self._submit(self._thread)
        thread, self._thread = self._thread, None
        closing = asyncio.get_running_loop().run_in_executor(thread, self._close)
        closing.add_done_callback(_hear)
        thread.shutdown(wait=False)
        await asyncio.wait([closing])
        closing.result()

    def _later(self, statement: str, values: Sequence[Any]) -> asyncio.Future[None]:
        written = self._next = self._next or _heard_future()
        self._waiting.append((statement, values))
        self._write_more()
        return written

    def _write_more(self) -> None:
        if self._thread is not None and self._next is not None and self._writing is None:
            self._submit(self._thread)

    def _submit(self, thread: ThreadPoolExecutor) -> None:
        work = [*self._missed.values(), *self._waiting]
        told = self._next or _heard_future()
        self._missed, self._waiting, self._next = {}, [], None
        self._writing = asyncio.get_running_loop().run_in_executor(thread, self._write, work)
        self._writing.add_done_callback(lambda written: self._written(written, told, work))

    def _written(self, written: asyncio.Future[None], told: asyncio.Future[None], work: Work) -> None:
        self._writing = None
        error = written.exception()
        if error is not None:
            # Who puts something hears that it failed. What became of an event does not change by that.
            self._missed |= {values[-1]: (statement, values) for statement, values in work if statement != _PUT}
            told.set_exception(error)
        else:
            told.set_result(None)
        self._write_more()

    def _open(self) -> list[Row]:
        with self._in_words():
            self._database = open_database(
                self.path,
                application=_APPLICATION,
                version=_VERSION,
                tables=(_TABLE,),
                patience=_PATIENCE,
                exclusive=True,
            )
            # Nobody sends an event again that was accepted, so it has to be on the disk.
            self._database.execute("PRAGMA synchronous = FULL")
            return [
                Row(Sign(key, thread, since, until, bool(polled)), RowState(state), at, body)
                for key, thread, since, until, polled, state, at, body in self._database.execute(_ALL)
            ]

    def _write(self, work: Work) -> None:
        assert self._database is not None
        with self._in_words(), transaction(self._database):
            for statement, values in work:
                self._database.execute(statement, values)

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    @contextlib.contextmanager
    def _in_words(self) -> Any:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            why = str(error)
        else:
            return
        advice = "Check the path, its permissions and the space on the disk."
        if "locked" in why:
            advice = "Another receiver has it open: give each process a file of its own."
        raise EventStoreError(f"The store of events {str(self.path)!r} cannot be used: {why}.", advice=advice)


def _heard_future() -> asyncio.Future[None]:
    """Return a future whose error need not be asked for."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.add_done_callback(_hear)
    return future


def _hear(done: asyncio.Future[Any]) -> None:
    if not done.cancelled():
        done.exception()
