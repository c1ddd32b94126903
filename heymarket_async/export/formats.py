"""The files that an export can write. Each is written beside its place and put there when it is whole."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, cast

import attrs

from heymarket_async.arguments import wrong
from heymarket_async.convert import Reader
from heymarket_async.extras import load
from heymarket_async.tables.arrow import CHUNK, ArrowBuilder
from heymarket_async.tables.columns import Kind, cells, columns_of, mended

Format = Literal["parquet", "csv", "jsonl", "sqlite"]
"""What a file may hold. JSON lines are `jsonl`."""
Write = Callable[[Any], Any]
Lines = Iterable[Sequence[str]]
"""Things as lines of JSON, `AT_A_TIME` or fewer at a time."""

AT_A_TIME: Final = CHUNK
# What a reader of Parquet takes in at once.
_ROW_GROUP: Final = 25
_ENDINGS: Final[dict[str, Format]] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".sqlite": "sqlite",
    ".db": "sqlite",
}


@attrs.frozen
class Target:
    """A file to be written.

    Attributes:
        path: where.
        format: how.
    """

    path: Path
    format: Format

    @classmethod
    def make(cls, to: str | os.PathLike[str], format: Format | None = None) -> Target:
        """Return a target that can be written.

        Raises:
            ArgumentError: nobody knows the format, or no file can be there.
            ConfigurationError: the format is Parquet, and the extra `arrow` is missing.
        """
        path = Path(to)
        found = format or _ENDINGS.get(path.suffix.lower())
        if found not in _WRITERS:
            raise wrong("to", f"must end with one of {', '.join(_ENDINGS)}, or come with a format")
        if path.is_dir() or not path.name:
            raise wrong("to", "is a folder: name a file")
        if path.exists() and not path.is_file():
            raise wrong("to", "is no ordinary file, so nothing can be put into its place")
        if not path.parent.is_dir():
            raise wrong("to", f"is in a folder that is not there: {str(path.parent)!r}")
        if found == "parquet":
            load("pyarrow.parquet", extra="arrow", purpose="Parquet")
        return cls(path, found)

    def write(self, name: str, model: type[attrs.AttrsInstance], lines: Lines, *, by: str = "") -> None:
        """Write things, and put the file into its place. At no moment is a part of it there.

        Args:
            name: what they are, which is the name of the table in SQLite.
            model: their model.
            lines: the things.
            by: who writes it: what one has begun, no other takes for their own.

        Raises:
            OSError: the system cannot write it. What was there before stays.
        """
        place = self.path.resolve()  # A link stays a link.
        beside = place.with_name(f".{place.name}.{zlib.crc32(os.fsencode(by)):08x}.writing")
        beside.unlink(missing_ok=True)
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            _WRITERS[self.format](beside, name, model, lines)
            with beside.open("rb") as written:
                os.fsync(written.fileno())
            if place.exists():
                shutil.copymode(place, beside)
            beside.replace(place)
        except sqlite3.OperationalError as error:
            beside.unlink(missing_ok=True)
            raise OSError(errno.EIO, str(error), str(self.path)) from error
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def _write_jsonl(path: Path, _: str, __: type[attrs.AttrsInstance], lines: Lines) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for some in lines:
            file.writelines(f"{line}\n" for line in some)


def _write_csv(path: Path, _: str, model: type[attrs.AttrsInstance], lines: Lines) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(column.name for column in columns_of(model))
        for rows in _rows(model, lines, {Kind.FLAG: json.dumps}):
            writer.writerows(rows)


def _write_sqlite(path: Path, name: str, model: type[attrs.AttrsInstance], lines: Lines) -> None:
    types = {Kind.INTEGER: "INTEGER", Kind.FLAG: "INTEGER", Kind.NUMBER: "REAL"}
    columns = ", ".join(
        f'"{column.name}" {types.get(column.kind, "TEXT")}{" PRIMARY KEY" if column.name == "id" else ""}'
        for column in columns_of(model)
    )
    marks = ", ".join("?" for _ in columns_of(model))
    database = sqlite3.connect(path, isolation_level=None)
    try:
        # It is whole or thrown away, so nothing needs to be taken back.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        database.execute(f'CREATE TABLE "{name}" ({columns})')
        for rows in _rows(model, lines, {}):
            database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)  # noqa: S608 - a name of ours
        database.execute("COMMIT")
    finally:
        database.close()


def _write_parquet(path: Path, _: str, model: type[attrs.AttrsInstance], lines: Lines) -> None:
    parquet: Any = load("pyarrow.parquet", extra="arrow", purpose="Parquet")
    builder, waiting = ArrowBuilder(model), 0
    with parquet.ParquetWriter(path, builder.schema, compression="zstd") as writer:
        for some in lines:
            builder.add(_models(model, some))
            waiting += 1
            if waiting == _ROW_GROUP:
                writer.write_table(builder.table())
                waiting = 0
        if waiting:
            writer.write_table(builder.table())


def _models(model: type[attrs.AttrsInstance], lines: Sequence[str]) -> Sequence[Any]:
    shape: Any = tuple[model, ...]  # type: ignore[valid-type]  # a type that is known at run time only
    return cast("Sequence[Any]", Reader().read(f"[{','.join(lines)}]".encode(), shape))


def _rows(model: type[attrs.AttrsInstance], lines: Lines, more: dict[Kind, Write]) -> Iterator[Iterable[Any]]:
    """Yield rows of texts and numbers, for files that know nothing else."""
    write: dict[Kind, Write] = {Kind.TIME: _time, Kind.INTEGERS: json.dumps, Kind.TEXTS: json.dumps, **more}
    columns = columns_of(model)
    for some in lines:
        *known, extra = cells(model, _models(model, some))
        kept = [mended(column, values, extra) for column, values in zip(columns, known, strict=False)]
        kept.append(mended(columns[-1], extra, extra))
        written = (_written(values, write.get(column.kind)) for column, values in zip(columns, kept, strict=True))
        yield zip(*written, strict=True)


def _written(values: list[Any], write: Write | None) -> list[Any]:
    return values if write is None else [None if value is None else write(value) for value in values]


def _time(value: datetime) -> str:
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z")


_WRITERS: Final[dict[str, Callable[[Path, str, type[attrs.AttrsInstance], Lines], None]]] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "sqlite": _write_sqlite,
}
