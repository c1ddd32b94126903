"""Models as plain JSON values, with the names of the wire."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import attrs
import msgspec

from heymarket_async.values import MASK, Extra, is_word

_AS_THEY_ARE: Final = frozenset({str, int, bool})


def to_json(value: Any) -> Any:
    """Return what `json` can write for a model, or for anything made of models.

    A field that is None was not there, and is left out. What the library does not know is as the service sent it.
    """
    kind = value.__class__
    if kind in _AS_THEY_ARE:
        return value
    if attrs.has(kind):
        return _record(value)
    if isinstance(value, datetime):
        return _to_rfc3339(value)
    if isinstance(value, Mapping):
        return {key: to_json(content) for key, content in value.items()}  # pyright: ignore[reportUnknownVariableType]  # mypy finds a cast redundant
    if isinstance(value, list | tuple):
        return [to_json(content) for content in value]  # pyright: ignore[reportUnknownVariableType]  # mypy finds a cast redundant
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no such number.
    return value


def encoded(plain: Any) -> str:
    """Return what `to_json` has made as a text, in one line."""
    try:
        return msgspec.json.encode(plain).decode()
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError, RecursionError):
        return json.dumps(plain)  # It takes half an emoji and huge numbers, which msgspec does not.


def _record(model: Any) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, key in _names(model.__class__):
        value = getattr(model, name)
        if value is not None:
            record[key] = value if value.__class__ in _AS_THEY_ARE else to_json(value)
    extra = getattr(model, "extra", None)
    return record | to_json(extra) if extra else record


@cache
def _names(model: type[attrs.AttrsInstance]) -> tuple[tuple[str, str], ...]:
    """Return the names of the fields of a model, and their keys on the wire."""
    fields = [field for field in attrs.fields(model) if field.name != "extra"]
    return tuple((field.name, field.metadata.get("wire", field.name)) for field in fields)


def masked(value: Any) -> Any:
    """Return what `to_json` does, with a mask for whatever is personal, or may be."""
    model = value.__class__
    if isinstance(value, Extra):
        return {key if is_word(key) else MASK: MASK for key in value}
    if attrs.has(model):
        shown = {
            field.metadata.get("wire", field.name): MASK if field.metadata.get("personal") else masked(content)
            for field in attrs.fields(model)
            if field.name != "extra" and (content := getattr(value, field.name)) is not None
        }
        return shown | masked(getattr(value, "extra", {}))
    if isinstance(value, Mapping):
        return {key: masked(content) for key, content in value.items()}  # pyright: ignore[reportUnknownVariableType]  # mypy finds a cast redundant
    if isinstance(value, list | tuple):
        return [masked(content) for content in value]  # pyright: ignore[reportUnknownVariableType]  # mypy finds a cast redundant
    return to_json(value)


def _to_rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
