"""From staged records to models: what msgspec decodes in C, and how it becomes a frozen attrs class at little cost."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Union

import attrs
import msgspec

from heymarket_async.records import Record
from heymarket_async.values import NO_EXTRA

Hook = Callable[[Any], Any]


class Field(Record, frozen=True):
    """A field of a model as the wire sees it."""

    name: str
    key: str
    type: Any
    default: Any
    required: bool
    nested: type | None


class Plan(Record, frozen=True):
    """What has to be known about a model in order to read it."""

    fields: tuple[Field, ...]
    known: frozenset[str]
    required: tuple[str, ...]
    wire: type[msgspec.Struct]
    """Nested models are left as they are, keys that are not known are passed over."""
    clean_wire: type[msgspec.Struct]
    """Nested models are staged too, keys that are not known are refused."""

    def wanted(self, key: str) -> str:
        """Return in words what the field of this key wants."""
        return next(in_words(field.type) for field in self.fields if field.key == key)


@cache
def plan_of(cls: type[attrs.AttrsInstance]) -> Plan:
    """Return what has to be known about a model in order to read it."""
    fields = tuple(
        Field(
            name=field.name,
            key=field.metadata.get("wire", field.name),
            type=field.type,
            default=None if field.default is attrs.NOTHING else field.default,
            required=field.default is attrs.NOTHING,
            nested=_model_in(field.type),
        )
        for field in attrs.fields(attrs.resolve_types(cls))
        if field.name != "extra"
    )
    return Plan(
        fields=fields,
        known=frozenset(field.key for field in fields),
        required=tuple(field.key for field in fields if field.required),
        wire=_stage(cls, fields, clean=False),
        clean_wire=_stage(cls, fields, clean=True),
    )


def _stage(cls: type, fields: tuple[Field, ...], *, clean: bool) -> type[msgspec.Struct]:
    """Return a msgspec Struct with the wire's names, which takes a record in C before it becomes a model."""
    members = [
        (field.name, _stage_type(field, clean=clean), msgspec.NODEFAULT if field.required else field.default)
        for field in fields
    ]
    return msgspec.defstruct(
        f"{cls.__name__}OnTheWire",
        members,
        rename={field.name: field.key for field in fields},
        forbid_unknown_fields=clean,
        kw_only=True,
        gc=False,
    )


def _stage_type(field: Field, *, clean: bool) -> Any:
    if field.nested is None:
        return _replace_datetime(field.type)
    many = is_many(field.type)
    if clean:
        inner: Any = plan_of(field.nested).clean_wire
        return list[inner] if many else inner | None
    return list[dict[str, Any]] if many else dict[str, Any] | None


def _replace_datetime(shape: Any) -> Any:
    aware: Any = Annotated[datetime, msgspec.Meta(tz=True)]
    return aware | None if shape == datetime | None else aware if shape is datetime else shape


def assembler(cls: type[attrs.AttrsInstance], nested: Mapping[str, Hook]) -> Callable[..., Any]:
    """Return a function that makes a model from its staged record and, optionally, its extra keys.

    It fills the slots of a draft, a class of the same layout that is not frozen, and then turns the draft into the
    model: a tenth of the time that `__init__` takes, which would check again what msgspec has checked.

    Args:
        cls: the model.
        nested: what turns the staged value of a nested field into its final one, by field name.
    """
    # What a draft takes over is frozen. With both of these Python sets its slots as fast as those of any other class.
    thaw = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    draft = type(cls.__name__, cls.__bases__, {"__slots__": vars(cls)["__slots__"], **thaw})
    names: dict[str, Any] = {"new": object.__new__, "become": object.__setattr__, "draft": draft, "cls": cls}
    names["no_extra"] = NO_EXTRA
    lines = ["def assemble(staged, extra=no_extra):", "    model = new(draft)", "    model.extra = extra"]
    for field in plan_of(cls).fields:
        if field.name in nested:
            names[f"{field.name}_hook"] = nested[field.name]
            lines.append(f"    value = staged.{field.name}")
            lines.append(f"    model.{field.name} = None if value is None else {field.name}_hook(value)")
        else:
            lines.append(f"    model.{field.name} = staged.{field.name}")
    lines += ["    become(model, '__class__', cls)", "    return model"]
    exec("\n".join(lines), names)  # noqa: S102 - made from names of fields only, as attrs makes __init__
    assemble: Callable[..., Any] = names["assemble"]
    return assemble


@cache
def _clean_assembler(cls: type[attrs.AttrsInstance]) -> Callable[..., Any]:
    nested = {field.name: _clean_nested(field) for field in plan_of(cls).fields if field.nested}
    return assembler(cls, nested)


def _clean_nested(field: Field) -> Hook:
    assert field.nested is not None
    assemble = _clean_assembler(field.nested)
    return (lambda staged: tuple(map(assemble, staged))) if is_many(field.type) else assemble


def clean_reader(shape: Any) -> Callable[[bytes], Any] | None:
    """Return a function from bytes to models that fails where anything is out of the ordinary, if there is one."""
    model = _model_in(shape)
    if model is None:
        return None
    wire, assemble = plan_of(model).clean_wire, _clean_assembler(model)
    if not is_many(shape):
        one = msgspec.json.Decoder(wire)
        return lambda body: assemble(one.decode(body))
    many = msgspec.json.Decoder(list[wire])  # type: ignore[valid-type]  # a value, not a type
    return lambda body: tuple(map(assemble, many.decode(body)))


def _model_in(shape: Any) -> type[attrs.AttrsInstance] | None:
    """Return the model in `Model`, `Model | None` or `tuple[Model, ...]`."""
    arguments = typing.get_args(shape)
    optional = typing.get_origin(shape) in (types.UnionType, Union) and arguments[1:] == (types.NoneType,)
    if is_many(shape) or optional:
        shape = arguments[0]
    return shape if is_model(shape) else None


def is_model(shape: Any) -> bool:
    """Say whether this is a class like those in `models`: attrs, in slots, one field `extra`, no weak references."""
    if not isinstance(shape, type) or not attrs.has(shape):
        return False
    names = {field.name for field in attrs.fields(shape)}
    slots = {name for each in shape.__mro__ for name in vars(each).get("__slots__", ())}
    return "extra" in names and names <= slots and "__weakref__" not in slots


def is_many(shape: Any) -> bool:
    """Say whether a type is `tuple[X, ...]`."""
    return typing.get_origin(shape) is tuple and typing.get_args(shape)[1:] == (...,)


def in_words(shape: Any) -> str:
    """Return what JSON calls the type, where it has a name for it."""
    return {int: "integer", str: "string", bool: "boolean", float: "number"}.get(shape, "value")
