"""The columns that a model has in a table. Pure.

The rule: a field is a column of its name. The fields of a model inside it are columns too, after its name and a dot,
such as `conversation.id`. Lists of numbers and of texts are lists. Whatever else has parts (lists of models, mappings)
is JSON as text, under the names of the wire. What the library does not know is in one column, `extra`, as JSON.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Final, cast

import attrs

from heymarket_async.plain import encoded, to_json
from heymarket_async.staging import Field, is_many, or_none, plan_of
from heymarket_async.values import NO_EXTRA, Extra

EXTRA: Final = "extra"
_INT64: Final = range(-(2**63), 2**63)


class Kind(enum.Enum):
    """What a column holds. Each may be absent."""

    INTEGER = "integer"
    """A whole number of 64 bits."""
    NUMBER = "number"
    FLAG = "flag"
    TEXT = "text"
    TIME = "time"
    """A moment in UTC, to a microsecond."""
    INTEGERS = "integers"
    TEXTS = "texts"
    JSON = "json"
    """JSON as text."""


@attrs.frozen
class Column:
    """A column of a table.

    Attributes:
        name: its name.
        kind: what it holds.
    """

    name: str
    kind: Kind


def columns_of(model: type[attrs.AttrsInstance]) -> tuple[Column, ...]:
    """Return the columns of a model, `extra` last."""
    return (*_columns(model, ""), Column(EXTRA, Kind.JSON))


def cells(model: type[attrs.AttrsInstance], items: Sequence[Any]) -> Iterator[list[Any]]:
    """Yield what each column of a model holds for some items, in the order of `columns_of`."""
    yield from _cells(model, items)
    yield [None if extra is None else encoded(extra) for extra in _extras(model, items)]


def mended(column: Column, values: Sequence[Any], extra: list[Any]) -> list[Any]:
    """Return values as a column can hold them. A number that is too large for it goes into `extra`.

    Args:
        column: the column.
        values: what it holds.
        extra: what the column `extra` holds beside them.
    """
    fitting = [_fitting(value) for value in values]
    if column.kind in (Kind.INTEGER, Kind.INTEGERS):
        for row, (value, fits) in enumerate(zip(values, fitting, strict=True)):
            if fits != value:
                kept: dict[str, Any] = json.loads(extra[row]) if extra[row] else {}
                extra[row] = json.dumps({**kept, column.name: value})
    return fitting


def _fitting(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # Half an emoji.
    if isinstance(value, tuple):
        return tuple(map(_fitting, value))  # pyright: ignore[reportUnknownArgumentType]  # mypy finds a cast redundant
    return None if isinstance(value, int) and value not in _INT64 else value


def _columns(model: type[attrs.AttrsInstance], prefix: str) -> Iterator[Column]:
    for field in plan_of(model).fields:
        inner = _inner(field)
        if inner is None:
            yield Column(f"{prefix}{field.name}", _kind(field))
        else:
            yield from _columns(inner, f"{prefix}{field.name}.")


def _cells(model: type[attrs.AttrsInstance], items: Sequence[Any]) -> Iterator[list[Any]]:
    for field, get in _getters(model):
        values = [None if item is None else get(item) for item in items]
        inner = _inner(field)
        if inner is not None:
            yield from _cells(inner, values)
        elif _kind(field) is Kind.JSON:
            yield [None if value is None or value == () else encoded(to_json(value)) for value in values]
        else:
            yield values


def _extras(model: type[attrs.AttrsInstance], items: Sequence[Any]) -> list[dict[str, Any] | None]:
    """Return for each item what the library does not know of it, and of the models in it under their keys."""
    found = [None if item is None or item.extra is NO_EXTRA else _copy(item.extra) or None for item in items]
    for field, get in _getters(model):
        inner = _inner(field)
        if inner is not None:
            for row, nested in enumerate(_extras(inner, [None if item is None else get(item) for item in items])):
                if nested is not None:
                    found[row] = {**(found[row] or {}), field.key: nested}
    return found


def _copy(extra: Any) -> dict[str, Any]:
    return extra.copy() if isinstance(extra, Extra) else dict(extra)


@cache
def _getters(model: type[attrs.AttrsInstance]) -> tuple[tuple[Field, attrgetter[Any]], ...]:
    return tuple((field, attrgetter(field.name)) for field in plan_of(model).fields)


def _inner(field: Field) -> type[attrs.AttrsInstance] | None:
    """Return the model whose fields are columns of their own."""
    return None if field.nested is None or is_many(field.type) else cast("type[attrs.AttrsInstance]", field.nested)


def _kind(field: Field) -> Kind:
    shape: Any = or_none(field.type)
    if is_many(shape):
        return {tuple[int, ...]: Kind.INTEGERS, tuple[str, ...]: Kind.TEXTS}.get(shape, Kind.JSON)
    scalars = {int: Kind.INTEGER, float: Kind.NUMBER, bool: Kind.FLAG, datetime: Kind.TIME, str: Kind.TEXT}
    # An enumeration of the service's words is text.
    return scalars.get(str if str in getattr(shape, "__mro__", ()) else shape, Kind.JSON)
