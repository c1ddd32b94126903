"""The models of the library as pydantic models: the same fields and keys, made from ours so that they stay the same.

They are made as fast as pydantic allows: lists and dicts in place of tuples and mappings, texts in place of enums, and
None, which costs no copy, as the default of a list.
"""

from __future__ import annotations

import operator
import types
import typing
from collections.abc import Mapping
from functools import cache, reduce
from typing import Any, Literal

import attrs
import pydantic

from heymarket_async.values import OpenEnum

Unknown = Literal["ignore", "allow"]


@cache
def twin_of(model: type, unknown: Unknown = "ignore") -> type[pydantic.BaseModel]:
    """Return the pydantic model with the fields of one of ours.

    Args:
        model: ours.
        unknown: whether unknown keys are passed over or kept.
    """
    fields: dict[str, Any] = {}
    for field in attrs.fields(attrs.resolve_types(model)):
        key = field.metadata.get("wire", field.name)
        shape = _translated(field.type, unknown)
        if field.default is attrs.NOTHING:
            fields[field.name] = (shape, pydantic.Field(alias=key))
        elif field.name != "extra":
            fields[field.name] = (shape | None, pydantic.Field(default=None, alias=key))
    config = pydantic.ConfigDict(extra=unknown)
    return pydantic.create_model(model.__name__, __config__=config, **fields)


def list_reader(model: type, unknown: Unknown = "ignore") -> typing.Callable[[bytes], list[Any]]:
    """Return what reads the JSON of a list in one go, which is pydantic's fastest way."""
    return pydantic.TypeAdapter(list[twin_of(model, unknown)]).validate_json


def _translated(shape: Any, unknown: Unknown) -> Any:
    origin, arguments = typing.get_origin(shape), typing.get_args(shape)
    if origin in (types.UnionType, typing.Union):
        return reduce(operator.or_, (_translated(each, unknown) for each in arguments))
    if origin is tuple:
        return list[_translated(arguments[0], unknown)]
    if origin is not None and issubclass(origin, Mapping):
        return dict[str, Any]
    if attrs.has(shape):
        return twin_of(shape, unknown)
    return str if isinstance(shape, type) and issubclass(shape, OpenEnum) else shape
