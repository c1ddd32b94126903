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
INNER = ("sandbox", "otel")


def module_names(module: str) -> list[str]:
    """Return the public names of a module: those in `__all__`, else those that it defines."""
    loaded = importlib.import_module(module)
    own = [name for name, value in vars(loaded).items() if getattr(value, "__module__", None) == module]
    return [name for name in getattr(loaded, "__all__", own) if name == "__version__" or not name.startswith("_")]


def public_names() -> dict[str, list[str]]:
    """Return the public names by the module that a user imports them from."""
    return {module: module_names(module) for module in (ROOT, *(f"{ROOT}.{inner}" for inner in INNER))}


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
        found |= {name: f"{module}.{name}" for name in names if not name.startswith("_")}
    of_instances = {"session": "AsyncSession", "heymarket": "AsyncSession", "fleet": "Fleet", "error": "Unsettled"}
    return found | {name: f"{ROOT}.{kind}" for name, kind in of_instances.items()}


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
