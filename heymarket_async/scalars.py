"""What a scalar may look like where the service does not send it as it should."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from heymarket_async.drift import Misfit, json_type
from heymarket_async.staging import REFUSED
from heymarket_async.values import Acknowledgement, OpenEnum

if TYPE_CHECKING:
    from cattrs import Converter

# Beyond it, a float no longer tells which integer was meant.
_EXACT_FLOAT: Final = 2.0**53


def register_scalars(converter: Converter) -> None:
    """Teach cattrs to take them."""
    converter.register_structure_hook(int, _to_int)
    converter.register_structure_hook(str, _to_str)
    converter.register_structure_hook(bool, _to_bool)
    converter.register_structure_hook(float, _to_float)
    converter.register_structure_hook(datetime, _to_datetime)
    converter.register_structure_hook_func(lambda shape: shape in (int | str, int | str | None), _to_int_or_str)
    converter.register_structure_hook_func(lambda shape: shape == Mapping[str, Any], _to_mapping)
    converter.register_structure_hook_func(lambda shape: shape == int | Mapping[str, Any] | None, _to_int_or_mapping)
    converter.register_structure_hook(Acknowledgement, _to_acknowledgement)
    # By class, not by predicate: cattrs asks the hook of `str`, their base, before any predicate.
    converter.register_structure_hook(OpenEnum, lambda value, words: words(_to_str(value)))


def _to_int(value: Any, _: object = None) -> int:
    if type(value) is int:
        return value
    if (type(value) is float and value.is_integer() and abs(value) <= _EXACT_FLOAT) or (
        type(value) is str and value.removeprefix("-").isdecimal() and value.isascii() and len(value) <= 20
    ):
        return int(value)
    raise Misfit("integer", json_type(value))


def _to_str(value: Any, _: object = None) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise Misfit("string", json_type(value))


def _to_bool(value: Any, _: object = None) -> bool:
    if type(value) is bool:
        return value
    if value in (0, 1):
        return bool(value)
    if value in ("true", "false"):
        return bool(value == "true")
    raise Misfit("boolean", json_type(value))


def _to_float(value: Any, _: object = None) -> float:
    if type(value) is float or (type(value) is int and abs(value) <= _EXACT_FLOAT):
        return float(value)
    raise Misfit("number", json_type(value))


def _to_int_or_str(value: Any, _: object = None) -> int | str:
    if type(value) in (int, str):
        return cast("int | str", value)
    raise Misfit("integer or string", json_type(value))


def _to_mapping(value: Any, _: object = None) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise Misfit("object", json_type(value))


def _to_int_or_mapping(value: Any, _: object = None) -> int | Mapping[str, Any]:
    return _to_mapping(value) if isinstance(value, dict) else _to_int(value)


def _to_acknowledgement(value: Any, _: object = None) -> Acknowledgement:
    """Whatever the service says to a write that it has made: none of it can make the write a failure."""
    return Acknowledgement(value if isinstance(value, str) else json.dumps(value))


def _to_datetime(value: Any, _: object = None) -> datetime:
    """A time without a zone is taken as UTC, which is what the service speaks everywhere else."""
    if type(value) is datetime:
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        time = msgspec.convert(value, datetime) if type(value) is str else None
    except REFUSED:
        time = None
    if time is None:
        raise Misfit("RFC 3339 time", json_type(value))
    return time if time.tzinfo else time.replace(tzinfo=UTC)
