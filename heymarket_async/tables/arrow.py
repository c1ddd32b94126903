"""Models into Arrow tables, chunk by chunk, so that no more of them are in memory than a chunk holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import attrs

from heymarket_async.extras import load
from heymarket_async.tables.columns import EXTRA, Column, Kind, cells, columns_of, mended

# A chunk is made in a few milliseconds, and a million rows are still only hundreds of chunks.
CHUNK: Final = 2000


class ArrowBuilder:
    """Builds a table of models. It needs the extra `arrow`.

    Args:
        model: the model whose table it is.

    Attributes:
        schema: the names of its columns and their types.

    Raises:
        ConfigurationError: the package is missing.
    """

    def __init__(self, model: type[attrs.AttrsInstance]) -> None:
        self._pa = load("pyarrow", extra="arrow", purpose="A table")
        self._model = model
        self._columns = columns_of(model)
        self.schema: Any = self._pa.schema([(column.name, _type(self._pa, column.kind)) for column in self._columns])
        self._waiting: list[Any] = []
        self._batches: list[Any] = []

    def add(self, items: Iterable[Any]) -> None:
        """Add rows."""
        self._waiting += items
        if len(self._waiting) >= CHUNK:
            self._batches += self.batches(self._waiting)
            self._waiting = []

    def table(self) -> Any:
        """Return all rows as a `pyarrow.Table`, and keep none of them."""
        batches, self._batches = [*self._batches, *self.batches(self._waiting)], []
        self._waiting = []
        return self._pa.Table.from_batches(batches, schema=self.schema)

    def batches(self, items: Sequence[Any]) -> Iterator[Any]:
        """Yield items as `pyarrow.RecordBatch`."""
        for start in range(0, len(items), CHUNK):
            yield self._batch(items[start : start + CHUNK])

    def _batch(self, items: Sequence[Any]) -> Any:
        *known, extra = cells(self._model, items)
        arrays: list[Any] = []
        for column, values in zip(self._columns, known, strict=False):
            shape = self.schema.field(column.name).type
            try:
                arrays.append(self._pa.array(values, shape))
            except (OverflowError, UnicodeEncodeError, self._pa.ArrowException):
                arrays.append(self._pa.array(mended(column, values, extra), shape))
        arrays.append(self._pa.array(mended(Column(EXTRA, Kind.TEXT), extra, extra), self._pa.string()))
        return self._pa.record_batch(arrays, schema=self.schema)


def _type(pa: Any, kind: Kind) -> Any:
    """Return the type that Arrow has for what a column holds."""
    return {
        Kind.INTEGER: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.FLAG: pa.bool_(),
        Kind.TEXT: pa.string(),
        Kind.TIME: pa.timestamp("us", "UTC"),
        Kind.INTEGERS: pa.list_(pa.int64()),
        Kind.TEXTS: pa.list_(pa.string()),
        Kind.JSON: pa.string(),
    }[kind]
