"""The public names: where the reference has them, and what a reader may call them."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any

from heymarket_async import AsyncSession
from heymarket_async.resources.base import Resource

ROOT = "heymarket_async"
# Modules that users import by themselves, beside the package.
INNER = (
    "export",
    "mailing",
    "otel",
    "sandbox",
    "sms",
    "sync",
    "tables",
    "testing",
    "testing.faults",
    "watch",
    "webhooks",
    "webhooks.aiohttp",
    "webhooks.asgi",
)
# What the pages call instances, with their classes.
OF_INSTANCES = {"session": "AsyncSession", "heymarket": "AsyncSession", "fleet": "Fleet", "error": "Unsettled"}
# Modules that are started with `python -m`; docs/sandbox.md tells what there is to import from this one.
PROGRAMS = ("sandbox.load",)


def module_names(module: str) -> list[str]:
    """Return the public names of a module: those in `__all__`, else those that it defines."""
    loaded = importlib.import_module(module)
    own = [name for name, value in vars(loaded).items() if getattr(value, "__module__", None) == module]
    named = [name for name in getattr(loaded, "__all__", own) if name == "__version__" or not name.startswith("_")]
    return [name for name in named if not inspect.ismodule(getattr(loaded, name))]


def public_names() -> dict[str, list[str]]:
    """Return the public names by the module that a user imports them from: the package itself, where it has them."""
    package = importlib.import_module(ROOT)
    found = {ROOT: module_names(ROOT)}
    shown = [getattr(package, name) for name in found[ROOT]]
    for inner in INNER:
        loaded = importlib.import_module(f"{ROOT}.{inner}")
        names = module_names(loaded.__name__)
        found[loaded.__name__] = [name for name in names if not any(getattr(loaded, name) is each for each in shown)]
    return found


def doors(noun: type[Any] = AsyncSession, path: str = "") -> Iterator[tuple[str, type[Resource]]]:
    """Yield the nouns of a session as `contacts.v2`, with their classes."""
    for name, member in inspect.getmembers(noun, lambda member: isinstance(member, property)):
        under = inspect.signature(member.fget, eval_str=True).return_annotation
        if inspect.isclass(under) and issubclass(under, Resource):
            yield path + name, under
            yield from doors(under, f"{path}{name}.")


def full_name(value: Any) -> str:
    """Return the address of a class."""
    return f"{value.__module__}.{value.__qualname__}"


@cache
def entries(first: str = "") -> dict[str, str]:
    """Return the name of the entry in the reference for whatever a page may call a thing.

    Args:
        first: the module of `INNER` whose names come before those of the package, where both have one.
    """
    found: dict[str, str] = {}
    for door, noun in doors():
        for prefix in ("", "session.", "heymarket."):
            found[f"{prefix}{door}"] = full_name(noun)
    # The last one wins.
    for module, names in sorted(
        public_names().items(), key=lambda each: (each[0] == f"{ROOT}.{first}", each[0] == ROOT)
    ):
        last = module.rpartition(".")[2]
        entry_of = {name: f"{module}.{name}" for name in names if not name.startswith("_")}
        found |= {f"{last}.{name}": entry for name, entry in entry_of.items()}
        # A page calls these by the name of their module: `sms.parts`, `faults.down`.
        found |= entry_of if last not in ("sms", "faults") else {}
    return found | {name: f"{ROOT}.{kind}" for name, kind in OF_INSTANCES.items()}


@cache
def alone() -> set[str]:
    """Return the names that say nothing alone: `team` or `error` is as well a field, `session.team` is a noun."""
    nouns = [door for door, _ in doors() if "." not in door]
    return {*OF_INSTANCES, *nouns, *(f"heymarket.{noun}" for noun in nouns)}


def is_inside(target: str) -> bool:
    """Return whether a full name is that of something in the package that the reference does not show."""
    module, _, name = target.rpartition(".")
    while module.startswith(ROOT):
        try:
            return hasattr(importlib.import_module(module), name.partition(".")[0])
        except ImportError:
            module, _, outer = module.rpartition(".")
            name = f"{outer}.{name}"
    return False
