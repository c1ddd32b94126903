"""Models as plain JSON values, with the names of the wire."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs


def to_json(value: Any) -> Any:
    """Return what `json` can write for a model, or for anything made of models.

    A field that is None was not there, and is left out. What the library does not know is as the service sent it.
    """
    model = value.__class__
    if attrs.has(model):
        known = {
            field.metadata.get("wire", field.name): to_json(content)
            for field in attrs.fields(model)
            if field.name != "extra" and (content := getattr(value, field.name)) is not None
        }
        return known | to_json(getattr(value, "extra", {}))
    if isinstance(value, datetime):
        return _to_rfc3339(value)
    if isinstance(value, Mapping):
        return {key: to_json(content) for key, content in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [to_json(content) for content in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no such number.
    return value


def _to_rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
"""Models as plain JSON again, under the names of the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, cast

import attrs
import msgspec

_SCALARS: Final = frozenset({str, int, bool, float, datetime})


def to_plain(value: Any) -> Any:
    """Return a model, or anything made of models, as dicts, lists and scalars; times stay as they are.

    A field that is None was not there, and is left out. What the library does not know is as the service sent it.
    """
    kind = value.__class__
    if kind in _SCALARS:
        return value
    if attrs.has(kind):
        return _record(value)
    if isinstance(value, Mapping):
        return {key: to_plain(content) for key, content in value.items()}  # pyright: ignore[reportUnknownVariableType]  # mypy finds a cast redundant
    if isinstance(value, list | tuple):
        return [to_plain(content) for content in cast("list[Any]", value)]
    return value


def to_json(plain: Any) -> str:
    """Return what `to_plain` has made, as JSON in one line."""
    try:
        return msgspec.json.encode(plain).decode()
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError, RecursionError):
        # Half an emoji and huge numbers, which msgspec does not take.
        return json.dumps(plain, default=msgspec.to_builtins)


def _record(model: Any) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, key in _names(model.__class__):
        value = getattr(model, name)
        if value is not None:
            record[key] = value if value.__class__ in _SCALARS else to_plain(value)
    extra = getattr(model, "extra", None)
    if extra:
        record |= to_plain(extra)
    return record


@cache
def _names(model: type[attrs.AttrsInstance]) -> tuple[tuple[str, str], ...]:
    """Return the names of the fields of a model, and their keys on the wire."""
    fields = [field for field in attrs.fields(model) if field.name != "extra"]
    return tuple((field.name, field.metadata.get("wire", field.name)) for field in fields)
