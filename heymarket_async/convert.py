"""The one converter between JSON bytes and models.

cattrs is the converter, and msgspec is its engine. A reply is read along the first of three paths that fits it:

1. *Clean*: bytes whose keys are all known and whose values all fit go to models in C, all at once.
2. *Common*: a record with keys that we do not know goes to its model in C; those keys are kept in `extra`.
3. *Odd*: of a record with values that do not fit, C takes the others. The hooks of cattrs take of these what can be
   taken (a number in a string, a time without a zone), and the rest is kept in `extra`.

All three give equal models for whatever the earlier ones accept.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs
import msgspec

from heymarket_async.drift import Drift, Misfit, NoIdentity, json_type
from heymarket_async.scalars import register_scalars
from heymarket_async.shown import Rows
from heymarket_async.staging import (
    REFUSED,
    Field,
    Hook,
    Stage,
    assembler,
    clean_reader,
    in_words,
    is_many,
    is_model,
    or_none,
    plan_of,
)
from heymarket_async.turns import Turns, at_once, each
from heymarket_async.values import NO_EXTRA, UNSET, Acknowledgement, Extra

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

# Up to this many bytes are read without turns, if they are clean. It takes some tenths of a millisecond.
_SHORT: Final = 50_000
# From this many bytes on, reading lets others have a turn between its steps.
_LARGE: Final = 100_000


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
        self.drift: Drift = Drift()

    @cached_property
    def converter(self) -> Converter:
        """The cattrs converter, for those who want to structure records of their own."""
        # Imported and made here because a reply that is wholly clean needs neither.
        from cattrs import Converter

        converter = Converter(detailed_validation=False)
        register_scalars(converter)
        converter.register_structure_hook_factory(_is_array, self._many_hook)
        converter.register_structure_hook_factory(is_model, self._model_hook)
        return converter

    def read(self, body: bytes, shape: type[T], envelope: tuple[str, ...] = (), *, empty_envelope: object = UNSET) -> T:
        """Return what `body` holds, at once. For arguments and errors see `reading`."""
        found = self.glance(body, shape)
        return at_once(self.reading(body, shape, envelope, empty_envelope=empty_envelope)) if found is None else found

    def glance(self, body: bytes, shape: type[T]) -> T | None:
        """Return what `body` holds if it is short and clean, as most are; None if it takes `reading`."""
        clean = clean_reader(cast(Any, shape)) if len(body) <= _SHORT else None
        if clean is None:
            return None
        try:
            staged = clean.decode(body)
        except REFUSED:
            return None  # Something in it wants more care.
        return cast(T, Rows(map(clean.assemble, staged)) if clean.many else clean.assemble(staged))

    def reading(
        self, body: bytes, shape: type[T], envelope: tuple[str, ...] = (), *, empty_envelope: object = UNSET
    ) -> Turns[T]:
        """Return, after some turns, what `body` holds, where `glance` found nothing.

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
            return cast(T, parse_json(body) if body.strip() else None)
        if shape in (None, type(None)):
            return cast(T, None)
        if shape is Acknowledgement and not body.strip():
            return cast(T, Acknowledgement())  # A 204, for example: done, and nothing said.
        clean = clean_reader(cast(Any, shape)) if len(body) > _SHORT else None
        if clean is not None:
            try:
                staged = clean.decode(body)
            except REFUSED:
                pass  # Something in it wants more care.
            else:
                models = (yield from each(clean.assemble, staged, [])) if clean.many else None
                return cast(T, clean.assemble(staged) if models is None else Rows(models))
        records = _records(body) if is_many(shape) else None
        if records is not None:
            hook = self._item_hook(shape)
            return cast(T, Rows((yield from _items(records, lambda record: hook(parse_json(record))))))
        if len(body) > _LARGE:
            yield
        raw, wrapper = _unwrap(parse_json(body), envelope)
        if len(body) > _LARGE:
            yield
        if raw == {} and empty_envelope is not UNSET:
            raw = empty_envelope
        try:
            return (yield from self._structuring(raw, shape))
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
        answer = parse_json(body)
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
        return at_once(self._structuring(raw, shape))

    def _structuring(self, raw: Any, shape: type[T]) -> Turns[T]:
        if not _is_array(shape):
            return cast(T, _guard(self.converter.get_structure_hook(shape), shape)(raw))
        # A service in Go says null for an empty array.
        items = yield from _items(() if raw is None else raw, self._item_hook(shape))
        return cast(T, Rows(items) if is_many(shape) else items)

    def _item_hook(self, shape: Any) -> Hook:
        item_type = typing.get_args(shape)[0]
        return _guard(self.converter.get_structure_hook(item_type), item_type)

    def _many_hook(self, shape: Any) -> Callable[[Any, Any], Any]:
        hook, container = self._item_hook(shape), typing.get_origin(shape)
        return lambda raw, _: container(at_once(_items(raw, hook)))

    def _keeper(self, cls: type[attrs.AttrsInstance]) -> Callable[[dict[str, Any]], Extra]:
        """Return what says what a model keeps of a record beside its fields."""
        name, known, drift = cls.__name__, plan_of(cls).known, self.drift
        # Records of a list mostly have the same keys in the same order.
        last_keys: tuple[str, ...] = ()
        unknown: list[str] = []

        def keep(record: dict[str, Any]) -> Extra:
            nonlocal last_keys, unknown
            keys = tuple(record)
            if keys != last_keys:
                last_keys, unknown = keys, [key for key in keys if key not in known]
            if not unknown:
                return NO_EXTRA
            drift.note_unknown(name, unknown)
            return Extra({key: record[key] for key in unknown})

        return keep

    def _model_hook(self, cls: Any) -> Callable[[Any, Any], Any]:
        plan, stage, assemble = plan_of(cls), Stage(cls), assembler(cls, self._keeper)
        by_key = {field.key: (field, _bind(self.converter, field)) for field in plan.fields}
        name, required, drift, strict = cls.__name__, plan.required, self.drift, self.strict

        def structure_model(raw: Any, _: Any) -> Any:
            if not isinstance(raw, dict):
                raise Misfit("object", json_type(raw))
            record = cast("dict[str, Any]", raw)
            for key in required:
                if key not in record:
                    raise NoIdentity(plan.wanted(key), "nothing", (key,))
            staged, odd = stage.take(record)
            model = assemble(staged, record)
            if odd:
                mend(model, record, odd)
            return model

        def mend(model: Any, record: dict[str, Any], odd: list[str]) -> None:
            """Fill in what was odd: what can be read as fields, the rest as `extra`."""
            misfits: dict[str, Any] = {}
            for key in odd:
                value, (field, hook) = record[key], by_key[key]
                if value is None and not field.required:
                    continue
                try:
                    fill(model, field.name, hook(value))
                except Misfit as misfit:
                    if field.required or strict or isinstance(misfit, NoIdentity):
                        raise misfit.under(key).as_identity() from None
                    misfits[key] = value
                    drift.note_misfit(name, key, misfit)
            if misfits:
                fill(model, "extra", model.extra.plus(misfits))

        fill = object.__setattr__  # A model is frozen, but nobody has seen this one yet.
        return structure_model


def _is_array(shape: Any) -> bool:
    return is_many(shape) or typing.get_origin(shape) is list


def _items(raw: Any, hook: Hook) -> Turns[list[Any]]:
    """Return the items of an array, each read by `hook`."""
    if not isinstance(raw, list | tuple):
        raise Misfit("array", json_type(raw))
    made: list[Any] = []
    try:
        yield from each(hook, cast("Sequence[Any]", raw), made)
    except Misfit as misfit:
        raise misfit.under(len(made)) from None
    return made


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
    """Return the hook for the values of a field; where it is not required, null never comes to it."""
    shape = field.type if field.required else or_none(field.type)
    hook = _guard(converter.get_structure_hook(shape), shape)
    model = field.nested if is_many(shape) else None
    return hook if model is None else lambda value: hook(_as_array(value, model))


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


def _records(body: bytes) -> list[msgspec.Raw] | None:
    """Return the items of an array as they are written, so that no more of them than one is in objects at a time."""
    try:
        return msgspec.json.decode(body, type=list[msgspec.Raw])
    except REFUSED:
        return None


def parse_json(body: bytes | msgspec.Raw) -> Any:
    """Return what JSON holds, as Python objects.

    Raises:
        NotJson: it is none.
    """
    try:
        return msgspec.json.decode(body)
    except REFUSED:
        pass
    try:
        return json.loads(bytes(body))  # It takes half an emoji and huge numbers, which msgspec does not.
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
