"""Models for tests, made from what the models themselves say of their fields."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, cast

from heymarket_async.arguments import check_count, wrong
from heymarket_async.convert import Reader
from heymarket_async.drift import Misfit
from heymarket_async.errors import ArgumentError
from heymarket_async.models.conversations import Conversation
from heymarket_async.models.messages import Message
from heymarket_async.staging import Field, is_model, plan_of
from heymarket_async.values import OpenEnum, kind_of
from heymarket_async.webhooks.events import CLASSES, ChatEvent, MessageEvent, WebhookEvent
from heymarket_async.webhooks.parsing import Parser

M = TypeVar("M")
E = TypeVar("E", bound=WebhookEvent)

_WHEN: Final = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
_PHONE: Final = "15105550101"
_TEXTS: Final = {
    "phone": _PHONE,
    "phones": _PHONE,
    "target": _PHONE,
    "forward_number": _PHONE,
    "email": "sam@example.com",
    "avatar": "https://example.com/sam.png",
    "first_name": "Sam",
    "last_name": "Rivera",
    "local_id": "3f0c1c5e-6f0e-4a8e-9d0f-6b1c2d3e4f50",
}


def make(model: type[M], /, **fields: Any) -> M:
    """Return a model with a likely value in each field: what a test does not care about, it need not write.

    The same arguments give an equal model. Personal fields hold fictional people.

    Args:
        model: a model of this library, such as `Inbox`.
        **fields: what some fields hold, in place of what they would.

    Raises:
        ArgumentError: the model has no such field, or the service could not send such a value.

    For example: `make(Inbox, name="Support", members=(7,))`
    """
    plan = _plan(model)
    known = [field.name for field in plan] + ["extra"]
    for name in fields:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            advice = f"Do you mean {near[0]}?" if near else f"It has {', '.join(known)}."
            raise wrong(name, f"is no field of {model.__name__}", advice)
    _check_extra(plan, fields.get("extra", {}))
    made = model(**{field.name: _likely(field) for field in plan} | fields)
    return cast(M, _as_it_comes(model, made, fields))


def make_many(model: type[M], count: int, /, **fields: Any) -> tuple[M, ...]:
    """Return several models as of `make`, whose ids count from 1, or from the `id` that is passed.

    Args:
        model: a model of this library that has an id.
        count: how many.
        **fields: what some fields of all of them hold.

    Raises:
        ArgumentError: the model has no id, or as of `make`.
    """
    check_count("count", count)
    first = check_count("id", fields.pop("id", 1))
    return tuple(make(model, **fields, id=first + place) for place in range(count))


def make_event(event: type[E], /, **fields: Any) -> E:
    """Return an event as a webhook tells it, for the test of a handler.

    Args:
        event: a class of events, such as `MessageReceived`.
        **fields: what some fields of its message or of its conversation hold, as for `make`; of events without either,
            what its `data` holds.

    Raises:
        ArgumentError: there is no such event, or as of `make`.

    For example: `make_event(MessageReceived, text="Yes")`
    """
    kind = next((kind for kind, cls in CLASSES.items() if cls is event), None)
    if kind is None:
        name = getattr(event, "__name__", None) or type(event).__name__
        raise wrong("event", f"must be a class of events, not {name}", "Pass one such as MessageReceived.")
    model = Message if issubclass(event, MessageEvent) else Conversation if issubclass(event, ChatEvent) else None
    data = fields if model is None else as_json(make(model, **fields))
    return cast(E, Parser("token").read({"type": kind.value, "id": 1, "event_data": data}))


def as_json(model: object) -> dict[str, Any]:
    """Return a model as the service sends it, for an answer of the sandbox: `Reply(json=as_json(make(Inbox)))`.

    What is absent stays absent, and `extra` comes along. An event becomes the body of its webhook, which lacks only the
    token: `as_json(make_event(MessageReceived)) | {"token": "..."}`.

    Args:
        model: a model of this library, or an event.

    Raises:
        ArgumentError: it is neither.
    """
    if isinstance(model, WebhookEvent):
        return {"type": model.raw_type, "id": model.webhook_id, "event_data": model.data, **model.extra}
    plan = _plan(type(model))
    values = {field.key: getattr(model, field.name) for field in plan}
    return {key: _on_the_wire(value) for key, value in values.items() if value is not None} | dict(
        cast(Any, model).extra
    )


def _plan(model: type[Any]) -> tuple[Field, ...]:
    if not is_model(model):
        name = getattr(model, "__name__", None) or type(model).__name__
        event = isinstance(model, type) and issubclass(model, WebhookEvent)
        advice = "make_event makes events." if event else "Pass a class such as heymarket_async.Inbox."
        raise wrong("model", f"must be a model, not {name}", advice)
    return plan_of(cast(Any, model)).fields


def _check_extra(plan: tuple[Field, ...], extra: object) -> None:
    if not isinstance(extra, Mapping):
        raise wrong("extra", f"must be a mapping, not {kind_of(extra)}")
    for field in plan:
        if field.key in extra:
            raise wrong("extra", f"holds {field.key!r}, which is the field {field.name}")


def _as_it_comes(model: type[Any], made: Any, fields: Mapping[str, Any]) -> Any:
    """Return it as the service would send it and the library would read it: words become enums, times are in UTC."""
    plan = plan_of(cast(Any, model))
    try:
        read: Any = Reader(strict=True).structure(as_json(made), model)
    except Misfit as misfit:
        raise _misfit(next(field for field in plan.fields if field.key == misfit.path[0]), fields) from None
    for field in plan.fields:
        if getattr(read, field.name) != getattr(made, field.name):
            raise _misfit(field, fields)
    return read


def _misfit(field: Field, fields: Mapping[str, Any]) -> ArgumentError:
    value = fields[field.name]
    if isinstance(value, datetime) and value.tzinfo is None:
        return wrong(field.name, "has no time zone", "Write datetime(..., tzinfo=UTC).")
    shape = field.type if isinstance(field.type, type) else str(field.type)
    wanted = re.sub(r"[a-z_][a-z_.]*\.(?=\w)", "", shape if isinstance(shape, str) else shape.__name__)
    return wrong(field.name, f"must be {wanted}, not {kind_of(value)}")


def _likely(field: Field) -> Any:
    return _likely_value(field.type, field.name)


def _likely_value(shape: Any, name: str) -> Any:
    origin, inner = typing.get_origin(shape), typing.get_args(shape)
    if origin in (types.UnionType, typing.Union):
        return _likely_value(next(each for each in inner if each is not types.NoneType), name)
    if origin is tuple:
        return () if inner[0] is Any else (_likely_value(inner[0], name),)
    if origin is Mapping:
        return {}
    if is_model(shape):
        return make(shape)
    if shape is datetime:
        return _WHEN
    if isinstance(shape, type) and issubclass(shape, OpenEnum):
        return next(iter(shape))
    if shape is str:
        return _TEXTS.get(name) or ("https://example.com/file.png" if "url" in name else name.replace("_", " "))
    return False if shape is bool else 1 if shape is int else None


def _on_the_wire(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, OpenEnum):
        return value.value
    if isinstance(value, tuple):
        return list(map(_on_the_wire, cast(Any, value)))
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    return as_json(value) if is_model(type(value)) else value
