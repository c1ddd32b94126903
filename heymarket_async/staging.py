"""From staged records to models: what msgspec decodes in C, and how it becomes a frozen attrs class at little cost."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final, Union

import attrs
import msgspec

from heymarket_async.records import Record
from heymarket_async.values import NO_EXTRA

Hook = Callable[[Any], Any]
Keeper = Callable[[type[attrs.AttrsInstance]], Callable[[dict[str, Any]], Mapping[str, Any]]]

# What msgspec raises: beside its own errors, Python's for texts that are not UTF-8, and for JSON that is too deep.
REFUSED: Final = (msgspec.MsgspecError, ValueError, RecursionError)


class Field(Record, frozen=True):
    """A field of a model as the wire sees it."""

    name: str
    key: str
    type: Any
    default: Any
    required: bool
    nested: type | None

    @property
    def null_is_empty(self) -> bool:
        """Whether null stands for no items."""
        return is_many(self.type) and self.default == ()


class Plan(Record, frozen=True):
    """What has to be known about a model in order to read it."""

    fields: tuple[Field, ...]
    known: frozenset[str]
    required: tuple[str, ...]
    wire: type[msgspec.Struct]
    """Keys that are not known are passed over."""
    clean_wire: type[msgspec.Struct]
    """Keys that are not known are refused."""

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
        wire=_wire(cls, fields),
        clean_wire=_wire(cls, fields, clean=True),
    )


def _wire(cls: type, fields: tuple[Field, ...], *, clean: bool = False, whole: bool = True) -> type[msgspec.Struct]:
    """Return a msgspec Struct with the wire's names, which takes a record in C before it becomes a model.

    Args:
        cls: the model.
        fields: its fields.
        clean: refuse keys that are not known.
        whole: refuse records without a field that is required.
    """
    return msgspec.defstruct(
        f"{cls.__name__}OnTheWire",
        [
            (
                field.name,
                _wire_type(field, clean=clean),
                msgspec.NODEFAULT if field.required and whole else field.default,
            )
            for field in fields
        ],
        rename={field.name: field.key for field in fields},
        forbid_unknown_fields=clean,
        kw_only=True,
        gc=False,
    )


def _wire_type(field: Field, *, clean: bool = False) -> Any:
    shape: Any
    if field.nested is None:
        shape = _replace_datetime(field.type)
    else:
        plan = plan_of(field.nested)
        inner: Any = plan.clean_wire if clean else plan.wire
        shape = list[inner] if is_many(field.type) else inner | None
    return shape | None if field.null_is_empty else shape


class Stage:
    """Takes records of a model in C, but for what C refuses.

    Where it has refused the value of a key once, it is not asked about that key again: a service that sends one odd
    value sends more of them, and to be refused costs more than to read the value without C.

    Args:
        cls: the model.
    """

    def __init__(self, cls: type[attrs.AttrsInstance]) -> None:
        fields = plan_of(cls).fields
        self._wire = _wire(cls, fields, whole=False)
        self._types = {field.key: _wire_type(field) for field in fields}
        self._odd: set[str] = set()

    def take(self, record: dict[str, Any]) -> tuple[msgspec.Struct, list[str]]:
        """Return the record as taken by C, and the keys that are left out of it."""
        odd, rest = [key for key in self._odd if key in record], record
        if odd:
            rest = record.copy()
            for key in odd:
                del rest[key]
        try:
            return msgspec.convert(rest, self._wire), odd
        except REFUSED:
            pass
        known = self._types.keys() & record.keys()
        taken = {key: record[key] for key in known if _takes(self._types[key], record[key])}
        odd = list(known - taken.keys())
        self._odd.update(odd)
        return msgspec.convert(taken, self._wire), odd


def _takes(shape: Any, value: Any) -> bool:
    try:
        msgspec.convert(value, shape)
    except REFUSED:
        return False
    return True


def _replace_datetime(shape: Any) -> Any:
    aware: Any = Annotated[datetime, msgspec.Meta(tz=True)]
    return aware | None if shape == datetime | None else aware if shape is datetime else shape


def assembler(cls: type[attrs.AttrsInstance], keeper: Keeper | None = None) -> Callable[..., Any]:
    """Return a function that makes a model from its staged record and, where there is a keeper, the record itself.

    It fills the slots of a draft, a class of the same layout that is not frozen, and then turns the draft into the
    model: a tenth of the time that `__init__` takes, which would check again what msgspec has checked.

    Args:
        cls: the model.
        keeper: returns for a model what says what is to be kept of a record as `extra`; without it, that is nothing.
    """
    # What a draft takes over is frozen. With both of these Python sets its slots as fast as those of any other class.
    thaw = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    draft = type(cls.__name__, cls.__bases__, {"__slots__": vars(cls)["__slots__"], **thaw})
    names: dict[str, Any] = {"new": object.__new__, "become": object.__setattr__, "draft": draft, "cls": cls}
    names |= {"no_extra": NO_EXTRA, "keep": keeper and keeper(cls)}
    lines = ["def assemble(staged, record=None):", "    model = new(draft)"]
    lines.append(f"    model.extra = {'keep(record)' if keeper else 'no_extra'}")
    for field in plan_of(cls).fields:
        value = f"staged.{field.name}"
        if field.nested:
            names[f"nested_{field.name}"] = _nested_assembler(field, keeper)
            arguments = f"value, record[{field.key!r}]" if keeper else "value"
            lines.append(f"    value = {value}")
            value = f"nested_{field.name}({arguments}) if value else {'()' if is_many(field.type) else 'None'}"
        elif field.null_is_empty:
            value += " or ()"
        lines.append(f"    model.{field.name} = {value}")
    lines += ["    become(model, '__class__', cls)", "    return model"]
    exec("\n".join(lines), names)  # noqa: S102 - made from names of fields only, as attrs makes __init__
    assemble: Callable[..., Any] = names["assemble"]
    return assemble


def _nested_assembler(field: Field, keeper: Keeper | None) -> Callable[..., Any]:
    assert field.nested is not None
    assemble = assembler(field.nested, keeper)
    return (lambda *staged: tuple(map(assemble, *staged))) if is_many(field.type) else assemble


@attrs.frozen
class CleanReader:
    """Reads bytes, and fails where anything is out of the ordinary.

    Attributes:
        decode: from bytes to a staged record, or to a list of them.
        assemble: from a staged record to a model.
        many: whether it is a list.
    """

    decode: Callable[[bytes], Any]
    assemble: Hook
    many: bool


@cache
def clean_reader(shape: Any) -> CleanReader | None:
    """Return what reads this shape in C, if it is a model or a list of them."""
    model = _model_in(shape)
    if model is None:
        return None
    wire: Any = plan_of(model).clean_wire
    decoder = msgspec.json.Decoder(list[wire] if is_many(shape) else wire)
    return CleanReader(decoder.decode, assembler(model), is_many(shape))


def _model_in(shape: Any) -> type[attrs.AttrsInstance] | None:
    """Return the model in `Model`, `Model | None` or `tuple[Model, ...]`."""
    shape = typing.get_args(shape)[0] if is_many(shape) else or_none(shape)
    return shape if is_model(shape) else None


def or_none(shape: Any) -> Any:
    """Return `X` for `X | None`, and anything else as it is."""
    arguments = typing.get_args(shape)
    is_union = typing.get_origin(shape) in (types.UnionType, Union)
    return arguments[0] if is_union and arguments[1:] == (types.NoneType,) else shape


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
