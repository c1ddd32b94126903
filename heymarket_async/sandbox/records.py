"""What a team owns, as plain dictionaries, and how such a dictionary goes out.

A record is kept as it is shown, but for its times: they are `Moment` values until they are written. Keys that only the
sandbox needs begin with an underscore and never go out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, cast

from heymarket_async.sandbox.refusals import Missing
from heymarket_async.sandbox.variants import Precision, Variants

Record = dict[str, Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_UNITS: Final[dict[Precision, int]] = {"microseconds": 1, "milliseconds": 1_000, "seconds": 1_000_000}


def unit_of(precision: Precision) -> int:
    """Return how many microseconds the unit has."""
    return _UNITS[precision]


class Moment(int):
    """A point in time: microseconds of Unix time."""

    @classmethod
    def at(cls, seconds: float) -> Self:
        """Return the moment of a Unix time in seconds."""
        return cls(round(seconds * 1_000_000))

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the moment that an RFC 3339 text names. Fractions beyond a microsecond are cut off.

        Raises:
            ValueError: it is no such text; one without a zone is none.
        """
        if not _RFC3339.fullmatch(text):
            raise ValueError("not RFC 3339")
        return cls((datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND)

    def cut(self, precision: Precision) -> int:
        """Return the microseconds that are left when everything finer than `precision` is dropped."""
        unit = unit_of(precision)
        return self // unit * unit

    def write(self, precision: Precision) -> str:
        """Return the moment as RFC 3339 in UTC with `Z`. What is finer than `precision` is dropped."""
        moment = (_EPOCH + self * _MICROSECOND).replace(tzinfo=None)
        return f"{moment.isoformat(timespec=precision)}Z"

    @property
    def seconds(self) -> int:
        """Whole seconds of Unix time."""
        return self // 1_000_000


class Records(dict[int, Record]):
    """The records of one noun of one team by their ids, in order of their making.

    Args:
        noun: what they are, for refusals, such as `conversation`.
        first_id: the id of the first one that `add` makes.
        revs: whether they count their changes in `rev`.
        made: the key that says when a record was made.

    Attributes:
        changed: is called after each change, with the old values of what was written, and the record.
    """

    def __init__(self, noun: str, first_id: int = 1, *, revs: bool = False, made: str = "created") -> None:
        super().__init__()
        self._noun = noun
        self._next_id = first_id
        self._revs = revs
        self._made = made
        self.changed: Callable[[Record, Record], object] | None = None

    def add(self, now: Moment, fields: Record) -> Record:
        """Keep a new record, made of `fields` and of `id`, `updated`, `op`, its time of making, and perhaps `rev`."""
        record: Record = {**fields, "id": self._next_id, self._made: now, "updated": now, "op": "c"}
        if self._revs:
            record["rev"] = 1
        self[self._next_id] = record
        self._next_id += 1
        return record

    def change(self, record: Record, now: Moment, changes: Record | None = None) -> None:
        """Write `changes` into a record, and move what tells that it changed."""
        changes = changes or {}
        before = {key: record.get(key) for key in changes} if self.changed is not None else {}
        record.update(changes)
        record["updated"] = max(now, record["updated"])
        record["op"] = "u"
        if self._revs:
            record["rev"] += 1
        if self.changed is not None:
            self.changed(before, record)

    def find(self, id: int, field: str = "id") -> Record:
        """Return the record with this id.

        Args:
            id: the id.
            field: where in the request it was, for the refusal.

        Raises:
            Missing: there is none.
        """
        record = self.get(id)
        if record is None:
            raise Missing("not_found", f"{field}: there is no such {self._noun}.")
        return record


def show(record: Record, variants: Variants) -> Record:
    """Return a record as it goes out: times as text, no keys of the sandbox's own, perhaps no empty values."""
    return {
        key: _show_value(value, variants)
        for key, value in record.items()
        if not key.startswith("_") and (value or key == "id" or not variants.drop_empty)
    }


def _show_value(value: Any, variants: Variants) -> Any:
    if isinstance(value, Moment):
        return value.write(variants.precision)
    if variants.null_for_empty and isinstance(value, dict):
        return {key: _show_value(each, variants) for key, each in cast(Record, value).items()}
    return None if variants.null_for_empty and value == [] else value


def show_all(records: Iterable[Record], variants: Variants) -> list[Record] | None:
    """Return records as they go out; null in place of an empty list if the variants say so."""
    return [show(record, variants) for record in records] or empty(variants)


def empty(variants: Variants) -> list[Any] | None:
    """Return what goes out for a list without elements."""
    return None if variants.null_for_empty else []
