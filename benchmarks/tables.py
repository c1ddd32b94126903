"""What a row of a frame costs, beside a frame made of dicts that are ready."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl

from benchmarks.figures import Bound, Section, Table, ratio, scaled
from benchmarks.records import reply
from heymarket_async import Message, to_frame
from heymarket_async.convert import Reader
from heymarket_async.plain import to_json
from heymarket_async.tables.columns import cells, columns_of

ROWS = 20_000
ROUNDS = 7

TEXT = f"""
Microseconds of CPU time for a row, of {ROWS:,} messages. The dicts are flat and hold the values of the same columns.
Where messages have twenty unknown keys, which our frame has in one column as JSON, the dicts hold them as they came,
and each becomes a column. A frame of dicts has no types for what is absent.
"""


def measure() -> Section:
    """Measure frames of pandas and polars, of clean messages and of such with unknown keys."""
    rows, bounds = list[tuple[str, ...]](), list[Bound]()
    for kind in ("clean", "unknown"):
        messages = Reader().read(reply("messages", ROWS, kind), tuple[Message, ...])
        dicts = _flat(messages)
        for name, make in {"pandas": pd.DataFrame, "polars": pl.DataFrame}.items():
            ours, theirs = _rounds(lambda to=name, items=messages: to_frame(items, to=to), lambda m=make, d=dicts: m(d))
            what = f"{name}, {'clean' if kind == 'clean' else 'with 20 unknown keys'}"
            rows.append((what, *(scaled(each, 1e6 / ROWS).show(1) for each in (ours, theirs))))
            bounds.append(Bound(what=f"a frame of {what}, against that of dicts", value=ratio(ours, theirs), most=2.0))
    return Section(title="Frames", text=TEXT, tables=[Table(("frame", "of messages", "of dicts"), rows)], bounds=bounds)


def _flat(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    names = [column.name for column in columns_of(Message)[:-1]]
    rows = zip(*list(cells(Message, messages))[:-1], strict=True)
    unknown = [to_json(message.extra) for message in messages]
    return [dict(zip(names, row, strict=True)) | more for row, more in zip(rows, unknown, strict=True)]


def _rounds(*makes: Callable[[], object]) -> list[list[float]]:
    took: list[list[float]] = [[] for _ in makes]
    for _ in range(ROUNDS + 1):
        for times, make in zip(took, makes, strict=True):
            began = time.process_time()
            make()
            times.append(time.process_time() - began)
    return [times[1:] for times in took]


if __name__ == "__main__":
    from benchmarks.markdown import promises, table

    found = measure()
    print(*map(table, found.tables), promises(found.bounds), sep="\n\n")
