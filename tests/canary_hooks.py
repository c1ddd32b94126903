"""The places in the package, in Python and in asyncio through which canaries go, and where they can be seen.

They are replaced while pytest runs, and call what was there before.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import logging
import pkgutil
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any, Final

import attrs
import pytest

import heymarket_async
from canary_plants import Canaries
from canary_watch import Watch
from heymarket_async import auth, calls, convert, session, settings
from heymarket_async.sandbox import dispatch, server
from heymarket_async.turns import Turns

# Its modules need an extra, and what it prints is what the user asked for.
NOT_WATCHED: Final = ("heymarket_async.cli", "heymarket_async.__main__")
# What is refused here never becomes a call, so it is planted from the arguments.
TAKES_PERSONAL_DATA: Final = ("heymarket_async.resources", "heymarket_async.phones", "heymarket_async.arguments")
# A session asks who made it: there must be no frame of ours in between.
BY_OTHER_MEANS: Final = {session.AsyncSession}

GetWatch = Callable[[], Watch]


def install(patch: pytest.MonkeyPatch, watch: GetWatch) -> None:
    """Put all hooks in their places; `patch.undo()` takes them away.

    Args:
        patch: makes the replacements.
        watch: returns the watch of the test that runs.
    """
    modules = list(_modules())
    _plant_credentials(patch, watch)
    _plant_traffic(patch, watch)
    _see_logs(patch, watch)
    _see_warnings(patch, watch)
    _see_what_nobody_caught(patch, watch)
    for kind in _error_roots(modules):
        _see_errors(patch, watch, kind)
    _see_what_is_read(patch, watch)
    for kind in _shown(modules):
        after(patch, kind, "__init__", lambda value, /, *_, **__: watch().see_repr(value), only_own=True)
    _see_sessions(patch, watch)


def after(
    patch: pytest.MonkeyPatch, owner: Any, name: str, look: Callable[..., object], *, only_own: bool = False
) -> None:
    """Call `look` with the arguments of a method when it has returned.

    Args:
        patch: makes the replacement.
        owner: the class.
        name: the method.
        look: takes what the method took.
        only_own: whether to leave subclasses alone, whose `__init__` has not ended yet.
    """
    method = getattr(owner, name)

    @functools.wraps(method)
    def replaced(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = method(self, *args, **kwargs)
        if not only_own or type(self) is owner:
            look(self, *args, **kwargs)
        return result

    patch.setattr(owner, name, replaced)


def before(patch: pytest.MonkeyPatch, owner: Any, name: str, look: Callable[..., object]) -> None:
    """Call `look` with the arguments of a method before the method."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        look(*args, **kwargs)
        return method(*args, **kwargs)

    patch.setattr(owner, name, replaced)


def _plant_credentials(patch: pytest.MonkeyPatch, watch: GetWatch) -> None:
    def plant(_: Any, *args: Any, **kwargs: Any) -> None:
        for value in (*args, *kwargs.values()):
            watch().canaries.plant_secret(value, "a credential")

    for kind in (auth.ApiSecret, auth.ApiKey):
        before(patch, kind, "__init__", plant)

    mint = auth.TokenMint.token

    def token(self: auth.TokenMint) -> str:
        made = mint(self)
        watch().canaries.plant_token(made, "a token mint")
        return made

    patch.setattr(auth.TokenMint, "token", token)
    before(patch, session.AsyncSession, "_proxy_for", _plant_proxy(watch))
    before(patch, settings.Options, "__init__", _plant_proxy(watch))


def _plant_proxy(watch: GetWatch) -> Callable[..., None]:
    def plant(self: Any, *_: Any, **kwargs: Any) -> None:
        watch().canaries.plant_password(kwargs.get("proxy") or getattr(self, "_proxy", None), "a proxy")

    return plant


def _plant_traffic(patch: pytest.MonkeyPatch, watch: GetWatch) -> None:
    def call(made: calls.Call[Any], *_: Any, **__: Any) -> None:
        origin = f"a call of {made.operation.name}"
        watch().canaries.plant(dict(made.query), origin)
        watch().canaries.plant(made.body, origin)

    def reply(made: calls.Reply, *_: Any, **__: Any) -> None:
        watch().canaries.plant_json(made.body, "a reply")

    def request(_: Any, received: Any, headers: Any) -> None:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        watch().canaries.plant_token(token.strip() or scheme, "an Authorization header")
        watch().canaries.plant(dict(received.query), "a query that the sandbox got")
        if received.body:
            watch().canaries.plant_json(received.body, "a body that the sandbox got")

    seeds: dict[object, Canaries] = {}

    def seed(sandbox: server.Sandbox, *_: Any, **__: Any) -> None:
        same = (sandbox._seed, len(sandbox.teams), len(sandbox.teams[0].messages))
        if same not in seeds:
            seeds[same] = Canaries()
            for team in sandbox.teams:
                nouns = team.inboxes, team.members, team.contacts, team.conversations, team.messages, team.profiles
                for noun in nouns:
                    seeds[same].plant(noun, "the sandbox's seed")
        watch().canaries.take_over(seeds[same])

    after(patch, calls.Call, "__init__", call)
    after(patch, calls.Reply, "__init__", reply)
    before(patch, dispatch.Dispatcher, "prepare", request)
    after(patch, server.Sandbox, "__init__", seed)


def _see_logs(patch: pytest.MonkeyPatch, watch: GetWatch) -> None:
    enabled, handle = logging.Logger.isEnabledFor, logging.Logger.handle

    def is_enabled_for(self: logging.Logger, level: int) -> bool:
        return not watch().quiet or enabled(self, level)

    def see(self: logging.Logger, record: logging.LogRecord) -> None:
        watch().see_record(record)
        # Whoever else collects records gets those that it would get without us.
        if enabled(self, record.levelno):
            handle(self, record)

    patch.setattr(logging.Logger, "isEnabledFor", is_enabled_for)
    patch.setattr(logging.Logger, "handle", see)


def _see_warnings(patch: pytest.MonkeyPatch, watch: GetWatch) -> None:
    warn, warn_explicit = warnings.warn, warnings.warn_explicit

    def see_warn(message: Any, category: Any = None, stacklevel: int = 1, *rest: Any, **more: Any) -> None:
        watch().see("warnings", str(category), str(message))
        warn(message, category, max(stacklevel, 1) + 1, *rest, **more)

    def see_explicit(message: Any, *rest: Any, **more: Any) -> None:
        watch().see("warnings", "explicit", str(message))
        warn_explicit(message, *rest, **more)

    patch.setattr(warnings, "warn", see_warn)
    patch.setattr(warnings, "warn_explicit", see_explicit)


def _see_what_nobody_caught(patch: pytest.MonkeyPatch, watch: GetWatch) -> None:
    def see_context(_: Any, context: dict[str, Any]) -> None:
        error = context.get("exception")
        watch().see("loop contexts", "an event loop's exception handler", str(context.get("message")), repr(context))
        if error is not None:
            watch().see_error(error, "an event loop's exception handler")

    before(patch, asyncio.BaseEventLoop, "call_exception_handler", see_context)


def install_for_a_test(patch: pytest.MonkeyPatch, watch: GetWatch) -> None:
    """Put those hooks in their places that pytest itself puts something into after plugins are configured."""

    def see_thread(args: Any) -> None:
        if args.exc_value is not None:
            watch().see_error(args.exc_value, "a thread")

    def see_unraisable(args: Any) -> None:
        watch().see("unraisable", "a finalizer", str(args.err_msg), repr(args.object))
        if args.exc_value is not None:
            watch().see_error(args.exc_value, "a finalizer")

    before(patch, threading, "excepthook", see_thread)
    before(patch, sys, "unraisablehook", see_unraisable)


def _see_errors(patch: pytest.MonkeyPatch, watch: GetWatch, kind: Any) -> None:
    complete: set[int] = set()  # Ids: one whose __init__ has failed dies, too, and can say nothing.

    def made(error: BaseException, *_: Any, **__: Any) -> None:
        complete.add(id(error))
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and (module := frame.f_globals.get("__name__", "")).startswith("heymarket_async"):
            if module.startswith(TAKES_PERSONAL_DATA):
                code = frame.f_code
                names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
                given = {name: frame.f_locals[name] for name in names if name in frame.f_locals}
                watch().canaries.plant(given, f"an argument of {code.co_name}")
            frame = frame.f_back
        watch().expect(error)

    def dies(error: BaseException) -> None:
        if id(error) not in complete:
            return
        complete.discard(id(error))
        text = getattr(error, "text", "")
        if text:
            watch().canaries.plant_json(text, "what the service wrote")
        watch().see_error(error)

    after(patch, kind, "__init__", made)
    # Whoever kept errors until the test has ended would keep their frames alive, and with them sessions.
    patch.setattr(kind, "__del__", dies, raising=False)


def _see_what_is_read(patch: pytest.MonkeyPatch, watch: GetWatch) -> None:
    glance_at, read = convert.Reader.glance, convert.Reader.reading

    def glance(self: convert.Reader, body: bytes, shape: Any) -> Any:
        watch().canaries.plant_json(body, "a reply")
        return see(glance_at(self, body, shape))

    def reading(self: convert.Reader, body: bytes, *args: Any, **kwargs: Any) -> Turns[Any]:
        watch().canaries.plant_json(body, "a reply")
        return see((yield from read(self, body, *args, **kwargs)))

    def see(value: Any) -> Any:
        # Most models are filled in C, without their __init__.
        for model in value[:3] if isinstance(value, tuple) else [value]:
            if attrs.has(type(model)):
                watch().see_repr(model)
        return value

    patch.setattr(convert.Reader, "glance", glance)
    patch.setattr(convert.Reader, "reading", reading)


def _see_sessions(patch: pytest.MonkeyPatch, watch: GetWatch) -> None:
    def dies(self: session.AsyncSession) -> None:
        if hasattr(self, "_family"):
            watch().see_repr(self)

    patch.setattr(session.AsyncSession, "__del__", dies, raising=False)


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(heymarket_async.__path__, "heymarket_async."):
        if not found.name.startswith(NOT_WATCHED):
            yield importlib.import_module(found.name)


def _classes(modules: list[ModuleType]) -> Iterator[type]:
    for module in modules:
        for kind in vars(module).values():
            if inspect.isclass(kind) and kind.__module__ == module.__name__:
                yield kind


def _error_roots(modules: list[ModuleType]) -> list[type]:
    """Return the exceptions that have none of ours above them."""
    errors = [kind for kind in _classes(modules) if issubclass(kind, BaseException)]
    return [kind for kind in errors if not any(base in errors for base in kind.__mro__[1:])]


def _shown(modules: list[ModuleType]) -> list[type]:
    """Return the classes whose objects show what they are."""
    return [
        kind
        for kind in _classes(modules)
        if kind not in BY_OTHER_MEANS
        and not issubclass(kind, BaseException | str)
        and kind.__repr__ is not object.__repr__
        and (attrs.has(kind) or "__init__" in vars(kind))
        and not kind.__name__.startswith("_")
    ]
