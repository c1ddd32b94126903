"""Where checkpoints are kept: in memory, in a file, or wherever two methods put them."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, Self, TypeVar, cast, runtime_checkable

from heymarket_async.arguments import wrong
from heymarket_async.databases import open_database
from heymarket_async.errors import CheckpointError
from heymarket_async.threads import to_the_end

T = TypeVar("T")

# "hmck" in the header of a file says whose it is, so that no database of anything else is written into.
_APPLICATION: Final = 0x686D636B
_VERSION: Final = 1
_PATIENCE: Final = 30.0
_TABLE: Final = "CREATE TABLE checkpoints (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID"
_UPSERT: Final = "INSERT INTO checkpoints VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text"


@runtime_checkable
class Store(Protocol):
    """Keeps texts by name. Any object with these two methods is one."""

    async def load(self, key: str, /) -> str | None:
        """Return the text that was saved last under a name, or None.

        Raises:
            Exception: it cannot be known. A store that fails must not say None: the watch would start anew.
        """
        ...

    async def save(self, key: str, text: str, /) -> None:
        """Keep a text under a name, in place of the one before. When it returns, the text outlives a crash."""
        ...


def check_store(value: object) -> Store:
    """Return a store: as it is, or for the path of its file.

    Raises:
        ArgumentError: it is neither.
    """
    if isinstance(value, str | os.PathLike):
        return SqliteStore(cast("str | os.PathLike[str]", value))
    if not isinstance(value, Store):
        raise wrong("store", "must be a path, or an object with two async methods, load(key) and save(key, text)")
    return value


class MemoryStore:
    """Keeps checkpoints while the process lives."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<MemoryStore of {len(self._texts)}>"

    async def load(self, key: str, /) -> str | None:
        """Return the text that was saved last under a name, or None."""
        return self._texts.get(key)

    async def save(self, key: str, text: str, /) -> None:
        """Keep a text under a name."""
        self._texts[key] = text


class SqliteStore:
    """Keeps checkpoints in a file, which several processes may share.

    The file is made on first use, for its owner only. One that is damaged, or belongs to something else, is left as it
    is. After a crash of the machine the last checkpoint may be the one before, so that some changes come again.

    Args:
        path: the file. Its folder must be there.

    Raises:
        ArgumentError: it is no path.
    """

    _database: sqlite3.Connection | None = None

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike) or not os.fspath(path):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
            raise wrong("path", "must be the path of a file")
        self.path: Path = Path(path)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"SqliteStore({str(self.path)!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self) -> None:
        # Nothing needs to be written at the end, so a store that was forgotten is no mistake.
        if self._database is not None:
            self._database.close()

    async def load(self, key: str, /) -> str | None:
        """Return the text that was saved last under a name, or None.

        Raises:
            CheckpointError: the file cannot be read, or is no store.
        """
        return await self._run(lambda database: _load(database, key))

    async def save(self, key: str, text: str, /) -> None:
        """Keep a text under a name. When it returns, the text outlives the process.

        Raises:
            CheckpointError: the file cannot be written, or is no store.
        """
        await self._run(lambda database: database.execute(_UPSERT, (key, text)))

    async def close(self) -> None:
        """Close the file. It is opened again when needed."""
        await to_the_end(self._close)

    async def _run(self, act: Callable[[sqlite3.Connection], T]) -> T:
        return await to_the_end(lambda: self._act(act))

    def _act(self, act: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                if self._database is None:
                    self._database = _opened(self.path)
                return act(self._database)
            except (sqlite3.Error, OSError) as error:
                raise CheckpointError(
                    f"The store {str(self.path)!r} cannot be used: {error}.",
                    advice="Nothing was overwritten. Check the path and its permissions, or name another file.",
                ) from error

    def _close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None


def _opened(path: Path) -> sqlite3.Connection:
    database = open_database(path, application=_APPLICATION, version=_VERSION, tables=(_TABLE,), patience=_PATIENCE)
    try:
        database.execute("PRAGMA synchronous = NORMAL")
        # In a file that is damaged, SQLite may find nothing where something is, and the watch would start anew.
        if database.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("it is damaged")
    except BaseException:
        database.close()
        raise
    return database


def _load(database: sqlite3.Connection, key: str) -> str | None:
    row = database.execute("SELECT text FROM checkpoints WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])
