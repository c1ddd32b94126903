"""What an export has fetched so far, in an SQLite file: the things, and how far each list has been walked.

Both are written in one transaction for each page. So a process that is killed at any moment has lost nothing but the
page that it was at, and has nothing twice: a thing has one row, whatever happens.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from heymarket_async.databases import open_database, transaction
from heymarket_async.errors import CheckpointError
from heymarket_async.plain import encoded, to_json

# "hmex" in the header of a file says whose it is, so that no database of anything else is written into.
_APPLICATION: Final = 0x686D6578
_VERSION: Final = 1
_PATIENCE: Final = 1.0
_TABLES: Final = (
    "CREATE TABLE items (id INTEGER PRIMARY KEY, line TEXT NOT NULL)",
    "CREATE TABLE notes (key TEXT PRIMARY KEY, text TEXT NOT NULL)",
)
_UPSERT: Final = "INSERT INTO items VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET line = excluded.line"
_NOTE: Final = "INSERT INTO notes VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text"


class Stand(msgspec.Struct, kw_only=True, frozen=True):
    """How far a list has been walked.

    Attributes:
        floor: since when everything is known; None where no walk has come to its end.
        inboxes: of conversations, the inboxes that it was about.
        cursor: where a walk goes on that was interrupted; None where none was.
        since: how far back that walk goes.
        newest: the newest time on its first page.
    """

    floor: datetime | None = None
    inboxes: tuple[int, ...] = ()
    cursor: str | None = None
    since: datetime | None = None
    newest: datetime | None = None


@attrs.frozen(kw_only=True)
class Purpose:
    """What a spool is for: another export must not go on in it.

    Attributes:
        what: what is exported.
        team: the team whose it is.
        inboxes: of conversations, the inboxes that were chosen.
    """

    what: str
    team: int
    inboxes: tuple[int, ...] = ()


class Spool:
    """An SQLite file of things that were fetched. It is made on first use, for its owner only, and locked while open.

    Args:
        path: the file.
        purpose: what it is for.

    Raises:
        CheckpointError: it cannot be used, belongs to something else, or another process is at it.
    """

    def __init__(self, path: Path, purpose: Purpose) -> None:
        self.path = path
        with _in_words(path):
            self._database = _open(path)
        try:
            with _in_words(path):
                self._check(purpose)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def remove(self) -> None:
        """Close the file and delete it."""
        self.close()
        for companion in ("-wal", "-shm", ""):
            Path(f"{self.path}{companion}").unlink(missing_ok=True)

    def count(self) -> int:
        """Return how many things there are."""
        with _in_words(self.path):
            return int(self._database.execute("SELECT count(*) FROM items").fetchone()[0])

    def stand(self, name: str) -> Stand:
        """Return how far a list has been walked."""
        with _in_words(self.path):
            text = self._note(f"list {name}")
            return Stand() if text is None else msgspec.json.decode(text, type=Stand)

    def put(self, name: str, items: Sequence[Any], stand: Stand) -> None:
        """Keep things, and how far the walk of their list has come: both, or neither."""
        lines = [(item.id, encoded(to_json(item))) for item in items]
        with _in_words(self.path), transaction(self._database):
            self._database.executemany(_UPSERT, lines)
            self._database.execute(_NOTE, (f"list {name}", msgspec.json.encode(stand).decode()))

    def lines(self, at_a_time: int) -> Iterator[list[str]]:
        """Yield the things by their ids, each as a line of JSON, so many at a time."""
        with _in_words(self.path):
            found = self._database.execute("SELECT line FROM items ORDER BY id")
        while True:
            with _in_words(self.path):
                rows = found.fetchmany(at_a_time)
            if not rows:
                return
            yield [line for (line,) in rows]

    def _note(self, key: str) -> str | None:
        row = self._database.execute("SELECT text FROM notes WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _check(self, purpose: Purpose) -> None:
        wanted = msgspec.json.encode(attrs.asdict(purpose)).decode()
        found = self._note("purpose")
        if found is None:
            self._database.execute(_NOTE, ("purpose", wanted))
        elif found != wanted:
            was, now = msgspec.json.decode(found), msgspec.json.decode(wanted)
            raise sqlite3.DatabaseError(f"it belongs to another export, {_difference(was, now)}")


def _difference(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    (first, *_) = (key for key in now if was.get(key) != now[key])
    return {
        "what": f"of {was.get('what')} and not of {now['what']}",
        "team": f"of team {was.get('team')} and not of team {now['team']}",
    }.get(first, "of other inboxes")


def _open(path: Path) -> sqlite3.Connection:
    database = open_database(
        path, application=_APPLICATION, version=_VERSION, tables=_TABLES, patience=_PATIENCE, exclusive=True
    )
    database.execute("PRAGMA synchronous = NORMAL")  # What a power cut takes back is fetched again.
    return database


@contextlib.contextmanager
def _in_words(path: Path) -> Generator[None]:
    """Say of an error of SQLite or of the system which file it is about, and what to do."""
    try:
        yield
    except (sqlite3.Error, OSError, OverflowError, msgspec.MsgspecError) as error:
        reason = "another export is at it" if "locked" in str(error) else str(error)
    else:
        return
    raise CheckpointError(
        f"The state {str(path)!r} cannot be used: {reason}.",
        advice="It was left as it is. Name another file, or delete this one to begin anew.",
    )
