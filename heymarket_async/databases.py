"""SQLite files of ours: made for their owner only, and never one of something else."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Generator, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Final

_PAUSE: Final = 0.01


def open_database(
    path: Path, *, application: int, version: int, tables: Sequence[str], patience: float, exclusive: bool = False
) -> sqlite3.Connection:
    """Return a file, opened, and made if it is not there.

    Args:
        path: the file. Its folder must be there.
        application: a number in the header that says whose it is, so that nothing else is written into.
        version: the version of its tables.
        tables: the statements that make them.
        patience: seconds to wait for others who use it.
        exclusive: keep others from using it until it is closed.

    Raises:
        sqlite3.Error: it is damaged, in use, or a file of something else.
        OSError: it cannot be made.
    """
    with contextlib.suppress(FileExistsError):
        # SQLite would let others read it; its companions take over these permissions.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        # The default of some builds lets a power cut take back what was written.
        database.execute("PRAGMA synchronous = FULL")
        if exclusive:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
        if _is_empty(database):
            _share(database, patience)
            with transaction(database):
                if _is_empty(database):
                    database.execute(f"PRAGMA application_id = {application}")
                    database.execute(f"PRAGMA user_version = {version}")
                    for statement in tables:
                        database.execute(statement)
        found = tuple(database.execute(f"PRAGMA {word}").fetchone()[0] for word in ("application_id", "user_version"))
        if found[0] != application:
            raise sqlite3.DatabaseError("it is a database of something else")
        if found[1] != version:
            raise sqlite3.DatabaseError(f"it has version {found[1]}, and this library reads {version}")
        return database
    except BaseException as error:
        database.close()
        if isinstance(error, UnicodeError):  # What SQLite says of the damage cannot be read.
            raise sqlite3.DatabaseError("it is damaged") from error
        raise


def _share(database: sqlite3.Connection, patience: float) -> None:
    """Let others read while one writes. SQLite itself does not wait for this, where others make the file too."""
    end = monotonic() + patience
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > end:
                raise
            sleep(_PAUSE)
        else:
            return


def _is_empty(database: sqlite3.Connection) -> bool:
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()  # Which fails if those are damaged.
    return not tables and database.execute("PRAGMA application_id").fetchone() == (0,)


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Generator[None]:
    """Do all of a block, or nothing of it."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
