"""Models as plain JSON values, with the names of the wire."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from heymarket_async.values import MASK, Extra, is_word


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
        return {key: masked(content) for key, content in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [masked(content) for content in value]  # pyright: ignore[reportUnknownVariableType]
    return to_json(value)


def _to_rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
