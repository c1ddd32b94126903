"""Which handlers an event goes to."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, cast

from heymarket_async.arguments import wrong
from heymarket_async.kinds import EventKind
from heymarket_async.webhooks.events import CLASSES, UnknownEvent, WebhookEvent

Handler = Callable[[Any], Awaitable[object]]

_ADVICE: Final = "Name types such as 'message_received', classes such as MessageReceived, or nothing for all events."


class Routes:
    """Handlers by the events that they are for."""

    def __init__(self) -> None:
        self._routes: list[tuple[tuple[type[WebhookEvent], ...], Handler]] = []

    def __len__(self) -> int:
        return len(self._routes)

    def add(self, kinds: Sequence[object], handler: object) -> None:
        """Add a handler.

        Args:
            kinds: types of events, by name or class; none for all.
            handler: an async function of one event.

        Raises:
            ArgumentError: there is no such type, or it is no async function.
        """
        self._routes.append((classes_of(kinds), check_handler(handler)))

    def handlers_of(self, event: WebhookEvent) -> list[Handler]:
        """Return the handlers of an event, in the order in which they were added."""
        return [handler for classes, handler in self._routes if isinstance(event, classes)]


def classes_of(kinds: Sequence[object]) -> tuple[type[WebhookEvent], ...]:
    """Return the classes of events for their names, or as they are; without any, that of all events.

    Raises:
        ArgumentError: there is no such type.
    """
    return tuple(map(_class_of, kinds)) or (WebhookEvent,)


def check_handler(value: object) -> Handler:
    """Return an async function.

    Raises:
        ArgumentError: it is none.
    """
    call = getattr(type(value), "__call__", None)  # noqa: B004 - it is asked whether the method is async
    if not callable(value) or not (inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(call)):
        raise wrong("handler", f"must be an async function of one event, not {_kind_of(value)}")
    return cast(Handler, value)


def name_of(handler: Handler) -> str:
    """Return what a log calls a handler."""
    inner = handler.func if isinstance(handler, functools.partial) else handler
    return str(getattr(inner, "__qualname__", type(inner).__qualname__))


def _class_of(kind: Any) -> type[WebhookEvent]:
    if isinstance(kind, type) and issubclass(kind, WebhookEvent):
        return kind
    if not isinstance(kind, str):
        raise wrong("kinds", f"must be types of events, not {_kind_of(kind)}", _ADVICE)
    cls = CLASSES.get(EventKind(kind))
    if cls is None:
        near = difflib.get_close_matches(kind, [*map(str, CLASSES)], n=1)
        meant = f"Did you mean {near[0]!r}? " if near else ""
        raise wrong("kinds", f"hold {kind!r}, which is no type of event", f"{meant}{_ADVICE} {_NEW}")
    return cls


_NEW: Final = f"What the library does not know comes as {UnknownEvent.__name__}."


def _kind_of(value: Any) -> str:
    return "a plain function" if inspect.isfunction(value) else type(value).__name__
