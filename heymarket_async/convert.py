"""The one converter between JSON bytes and models.

cattrs is the converter, and msgspec is its engine. A reply is read along the first of three paths that fits it:

1. *Clean*: bytes whose keys are all known and whose values all fit go to models in C, all at once.
2. *Common*: a record with keys that we do not know goes to its model in C; those keys are kept in `extra`.
3. *Odd*: a record with a value that does not fit is read field by field by the hooks of cattrs, which take what can
   be taken (a number in a string, null for a list) and keep the rest in `extra`.

All three give equal models for whatever the earlier ones accept.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs
import msgspec

from heymarket_async.drift import Drift, Misfit, NoIdentity, json_type
from heymarket_async.staging import Field, Hook, assembler, clean_reader, in_words, is_many, is_model, plan_of
from heymarket_async.values import NO_EXTRA, UNSET, Acknowledgement, Extra, OpenEnum

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

# Beyond it, a float no longer tells which integer was meant.
_EXACT_FLOAT: Final = 2.0**53
# What msgspec raises: beside its own errors, Python's for texts that are not UTF-8, and for JSON that is too deep.
_REFUSED: Final = (msgspec.MsgspecError, ValueError, RecursionError)


class NotJson(Exception):
    """The bytes are not JSON."""


class Reader:
    """Reads replies into models, and notes where they drift from the models.

    Args:
        strict: raise where a value does not fit, in place of keeping it in `extra`.

    Attributes:
        drift: where replies differed from the models.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.drift = Drift()
        self._clean: dict[Any, Callable[[bytes], Any] | None] = {}

    @cached_property
    def converter(self) -> Converter:
        """The cattrs converter, for those who want to structure records of their own."""
        # Imported and made here because a reply that is wholly clean needs neither.
        from cattrs import Converter

        converter = Converter(detailed_validation=False)
        _register_scalars(converter)
        converter.register_structure_hook_factory(_is_array, self._many_hook)
        converter.register_structure_hook_factory(is_model, self._model_hook)
        return converter

    def read(self, body: bytes, shape: type[T], envelope: tuple[str, ...] = (), *, empty_envelope: object = UNSET) -> T:
        """Return what `body` holds.

        Args:
            body: JSON.
            shape: the type wanted: a model, a tuple of models, or anything that cattrs can structure; `object` for
                plain JSON as it comes, or None for a body that does not matter.
            envelope: keys under which an array may be wrapped in an object.
            empty_envelope: what an object without any key stands for, if it is to be understood.

        Raises:
            NotJson: the body is not JSON.
            Misfit: it is JSON of another shape, or the `id` of a record is missing or wrong.
        """
        if shape is object:
            return cast(T, _parse(body) if body.strip() else None)
        if shape in (None, type(None)):
            return cast(T, None)
        if shape is Acknowledgement and not body.strip():
            return cast(T, Acknowledgement())  # A 204, for example: done, and nothing said.
        try:
            clean = self._clean[shape]
        except KeyError:
            clean = self._clean[shape] = clean_reader(shape)
        if clean is not None:
            try:
                return cast(T, clean(body))
            except _REFUSED:
                pass  # Something in it wants more care.
        raw, wrapper = _unwrap(_parse(body), envelope)
        if raw == {} and empty_envelope is not UNSET:
            raw = empty_envelope
        try:
            return self.structure(raw, shape)
        except Misfit as misfit:
            raise (misfit if wrapper is None else misfit.under(wrapper)) from None

    def read_bare(self, body: bytes, shape: type[T]) -> T | None:
        """Return a record with nothing but the answer itself in its `extra`, if such a record can be.

        It is for a write that was made and answered by something else than an object, such as `"ok"`, or by nothing.
        """
        model: Any = shape
        if not is_model(model) or plan_of(model).required:
            return None
        if not body:
            return cast(T, model())
        answer = _parse(body)
        self.drift.note_misfit(model.__name__, "", Misfit("object", json_type(answer)))
        return cast(T, model(extra=Extra({"answer": answer})))

    def can_read(self, shape: object) -> bool:
        """Say whether `read` knows this shape, before anything is sent that would be answered in it."""
        if shape in (object, None, type(None)):
            return True
        try:
            hash(shape)
            self.converter.get_structure_hook(shape)
        except Exception:  # noqa: BLE001 - cattrs tries many things on what may be anything at all
            return False
        return True

    def structure(self, raw: Any, shape: type[T]) -> T:
        """Return what `raw`, JSON as Python objects, holds.

        Raises:
            Misfit: it has another shape, or the `id` of a record is missing or wrong.
        """
        if raw is None and _is_array(shape):
            raw = ()  # A service in Go says null for an empty array.
        return cast(T, _guard(self.converter.get_structure_hook(shape), shape)(raw))

    def _many_hook(self, shape: Any) -> Callable[[Any, Any], Any]:
        container: Any = typing.get_origin(shape)
        item_type = typing.get_args(shape)[0]
        item_hook = _guard(self.converter.get_structure_hook(item_type), item_type)

        def structure_many(raw: Any, _: Any) -> Any:
            if not isinstance(raw, list | tuple):
                raise Misfit("array", json_type(raw))
            items = cast("Sequence[Any]", raw)
            out: list[Any] = []
            try:
                for item in items:
                    out.append(item_hook(item))  # noqa: PERF401 - the length tells where it failed
            except Misfit as misfit:
                raise misfit.under(len(out)) from None
            return container(out)

        return structure_many

    def _model_hook(self, cls: Any) -> Callable[[Any, Any], Any]:
        plan = plan_of(cls)
        name, known, wire = cls.__name__, plan.known, plan.wire
        hooks = {field.key: _bind(self.converter, field) for field in plan.fields}
        nested = {field.name: hooks[field.key] for field in plan.fields if field.nested}
        assemble = assembler(cls, nested)
        by_key = {field.key: (field, hooks[field.key]) for field in plan.fields}
        drift = self.drift

        def structure_model(raw: Any, _: Any) -> Any:
            try:
                staged = msgspec.convert(raw, wire)
            except _REFUSED:
                return structure_odd(raw)
            if known.issuperset(raw):
                return assemble(staged, NO_EXTRA)
            extra = Extra({key: value for key, value in raw.items() if key not in known})
            drift.note_unknown(name, extra)
            return assemble(staged, extra)

        def structure_odd(raw: Any) -> Any:
            if not isinstance(raw, dict):
                raise Misfit("object", json_type(raw))
            record = cast("dict[str, Any]", raw)
            values: dict[str, Any] = {}
            extra: dict[str, Any] = {}
            for key, value in record.items():
                field, hook = by_key.get(key, (None, None))
                if field is None or hook is None:
                    extra[key] = value
                    drift.note_unknown(name, (key,))
                elif value is not None or field.required:
                    try:
                        values[field.name] = hook(value)
                    except NoIdentity:
                        raise
                    except Misfit as misfit:
                        if field.required or self.strict:
                            raise misfit.as_identity() from None
                        extra[key] = value
                        drift.note_misfit(name, key, misfit)
            for key in plan.required:
                if key not in record:
                    raise NoIdentity(plan.wanted(key), "nothing", (key,))
            return cls(**values, extra=Extra(extra) if extra else NO_EXTRA)

        return structure_model


def _is_array(shape: Any) -> bool:
    return is_many(shape) or typing.get_origin(shape) is list


def _guard(hook: Callable[[Any, Any], Any], shape: Any) -> Hook:
    """Return `hook` for values of `shape`, made to raise nothing but `Misfit`."""

    def structure(value: Any) -> Any:
        try:
            return hook(value, shape)
        except Misfit:
            raise
        except Exception:  # noqa: BLE001, S110 - what is not ours among the hooks raises what it likes
            pass  # It may hold the value, so it must not become the context of ours.
        raise Misfit(in_words(shape), json_type(value))

    return structure


def _bind(converter: Converter, field: Field) -> Hook:
    """Return the hook for the values of a field, whose misfits say which field it is."""
    hook = _guard(converter.get_structure_hook(field.type), field.type)
    model = field.nested if is_many(field.type) else None

    def structure_field(value: Any) -> Any:
        try:
            return hook(value if model is None else _as_array(value, model))
        except Misfit as misfit:
            raise misfit.under(field.key) from None

    return structure_field


def _as_array(raw: Any, model: type[attrs.AttrsInstance]) -> Any:
    """Return the records of an object that stands where an array is due, as the service does with members.

    It may be one record, or records or names by id. Anything else is returned as it is.
    """
    known = plan_of(model).known
    if not isinstance(raw, dict) or "id" not in known:
        return cast(Any, raw)
    found, records = cast("dict[str, Any]", raw), list[dict[str, Any]]()
    if "id" in found and not isinstance(found["id"], dict):
        return [found]
    for key, value in found.items():
        record: Any = {"name": value} if isinstance(value, str) and "name" in known else value
        if not isinstance(record, dict) or str(cast(Any, record).get("id", key)) != str(key):
            return found
        records.append({"id": key, **cast("dict[str, Any]", record)})
    return records


def _parse(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except _REFUSED:
        pass
    try:
        return json.loads(body)  # It takes half an emoji and huge numbers, which msgspec does not.
    except (ValueError, RecursionError):
        pass  # It may hold the body, so it must not become the context of ours.
    raise NotJson


def _unwrap(raw: Any, envelope: tuple[str, ...]) -> tuple[Any, str | None]:
    """Return what is in the envelope, and the key of the envelope if there is one."""
    if isinstance(raw, dict):
        wrapper = cast("dict[str, Any]", raw)
        for key in envelope:
            if key in wrapper:
                return wrapper[key], key
    return cast(Any, raw), None


def _register_scalars(converter: Converter) -> None:
    """Teach cattrs what a scalar may look like when the service does not send it as it should."""
    converter.register_structure_hook(int, lambda value, _: _to_int(value))
    converter.register_structure_hook(str, lambda value, _: _to_str(value))
    converter.register_structure_hook(bool, lambda value, _: _to_bool(value))
    converter.register_structure_hook(float, lambda value, _: _to_float(value))
    converter.register_structure_hook(datetime, lambda value, _: _to_datetime(value))
    converter.register_structure_hook_func(
        lambda shape: shape in (int | str, int | str | None), lambda value, _: _to_int_or_str(value)
    )
    converter.register_structure_hook_func(
        lambda shape: shape == Mapping[str, Any], lambda value, _: _to_mapping(value)
    )
    converter.register_structure_hook_func(
        lambda shape: shape == int | Mapping[str, Any] | None, lambda value, _: _to_int_or_mapping(value)
    )
    converter.register_structure_hook(Acknowledgement, lambda value, _: _to_acknowledgement(value))
    # By class, not by predicate: cattrs asks the hook of `str`, their base, before any predicate.
    converter.register_structure_hook(OpenEnum, lambda value, words: words(_to_str(value)))


def _to_int(value: Any) -> int:
    if type(value) is int:
        return value
    if (type(value) is float and value.is_integer() and abs(value) <= _EXACT_FLOAT) or (
        type(value) is str and value.removeprefix("-").isdecimal() and value.isascii() and len(value) <= 20
    ):
        return int(value)
    raise Misfit("integer", json_type(value))


def _to_str(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise Misfit("string", json_type(value))


def _to_bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    if value in (0, 1):
        return bool(value)
    if value in ("true", "false"):
        return bool(value == "true")
    raise Misfit("boolean", json_type(value))


def _to_float(value: Any) -> float:
    if type(value) is float or (type(value) is int and abs(value) <= _EXACT_FLOAT):
        return float(value)
    raise Misfit("number", json_type(value))


def _to_int_or_str(value: Any) -> int | str:
    if type(value) in (int, str):
        return cast("int | str", value)
    raise Misfit("integer or string", json_type(value))


def _to_mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise Misfit("object", json_type(value))


def _to_int_or_mapping(value: Any) -> int | Mapping[str, Any]:
    return _to_mapping(value) if isinstance(value, dict) else _to_int(value)


def _to_acknowledgement(value: Any) -> Acknowledgement:
    """Whatever the service says to a write that it has made: none of it can make the write a failure."""
    return Acknowledgement(value if isinstance(value, str) else json.dumps(value))


def _to_datetime(value: Any) -> datetime:
    """A time without a zone is taken as UTC, which is what the service speaks everywhere else."""
    if type(value) is datetime:
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        time = msgspec.convert(value, datetime) if type(value) is str else None
    except _REFUSED:
        time = None
    if time is None:
        raise Misfit("RFC 3339 time", json_type(value))
    return time if time.tzinfo else time.replace(tzinfo=UTC)
