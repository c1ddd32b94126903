"""Packages whose names are imported when they are first asked for (PEP 562)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

Homes = Mapping[str, tuple[str, ...]]


def lazy_names(package: str, homes: Homes) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a package that imports its modules when they are needed.

    Args:
        package: the name of the package.
        homes: its modules, and what it shows of each.
    """
    module = sys.modules[package]
    home_of = {name: home for home, names in homes.items() for name in names}
    modules = {home.partition(".")[0] for home in homes}

    def get(name: str) -> Any:
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=module)
        value = getattr(importlib.import_module(f"{package}.{home_of[name]}"), name)
        setattr(module, name, value)  # From now on it is found without this function.
        return value

    def names() -> list[str]:
        return sorted({*home_of, *modules, *(name for name in vars(module) if name.startswith("__"))})

    return get, names
