"""Writes the table of operations, from their declarations.

python docs/operations.py > docs/operations.md
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any

from heymarket_async import AsyncSession, resources
from heymarket_async.calls import Operation, PageNumber, TimeCursor
from heymarket_async.resources.base import Resource

HEAD = """# Operations

Every operation of the service, and the method that performs it. The effect decides what happens when an attempt fails:
what *reads* or is *repeatable* is tried again; what *sends* is never repeated after it may have gone out.

| method of the session | operation | request | effect | paging | vendor page |
| --- | --- | --- | --- | --- | --- |
"""


def modules() -> Iterator[ModuleType]:
    """Yield the modules of the resources."""
    for found in pkgutil.iter_modules(resources.__path__):
        yield importlib.import_module(f"{resources.__name__}.{found.name}")


def operations() -> dict[str, Operation[Any]]:
    """Return all operations by the names of their constants."""
    return {name: value for module in modules() for name, value in vars(module).items() if isinstance(value, Operation)}


def names_in(code: CodeType) -> set[str]:
    """Return all global names that a function uses, those of functions inside it included."""
    inner = (names_in(const) for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*inner)


def names_used(noun: type[Resource], function: Any) -> set[str]:
    """Return all global names that a method uses, those of its helpers and of the public methods it calls included."""
    used = names_in(inspect.unwrap(function).__code__)
    called = [getattr(noun, name) for name in used if inspect.isfunction(getattr(noun, name, None))]
    # Of those only the helpers: public names, such as list and get, are those of other things too.
    return used.union(*(names_in(each.__code__) | names_of_helpers(noun, each) for each in called))


def names_of_helpers(noun: type[Resource], function: Any) -> set[str]:
    """Return all global names that the private methods use which a method calls."""
    used = [name for name in names_in(inspect.unwrap(function).__code__) if name.startswith("_")]
    called = [getattr(noun, name) for name in used if inspect.isfunction(getattr(noun, name, None))]
    return set[str]().union(*(names_in(each.__code__) | names_of_helpers(noun, each) for each in called))


def methods(noun: type[Resource], path: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the public methods of a resource with the constants they use, and those of the resources under it."""
    for name, member in inspect.getmembers(noun):
        if name.startswith("_"):
            continue
        if isinstance(member, property) and member.fget is not None:
            under = inspect.signature(member.fget, eval_str=True).return_annotation
            if inspect.isclass(under) and issubclass(under, Resource):
                yield from methods(under, f"{path}.{name}")
        elif inspect.isfunction(member):
            yield f"{path}.{name}", names_used(noun, member)


def calls() -> dict[str, list[str]]:
    """Return the methods of a session that perform each operation, by the operation's constant."""
    found: dict[str, list[str]] = {name: [] for name in operations()}
    for path, names in methods(AsyncSession, ""):  # type: ignore[arg-type]  # a session is no resource, but has them
        for name in names & found.keys():
            found[name].append(path.removeprefix("."))
    return found


def paging_in_words(operation: Operation[Any]) -> str:
    """Return how a list is paged."""
    if isinstance(operation.paging, TimeCursor):
        return f"by `{operation.paging.key}`"
    return "by number" if isinstance(operation.paging, PageNumber) else ""


def table() -> str:
    """Return the page."""
    performed_by = calls()
    rows = []
    for constant, operation in sorted(operations().items(), key=lambda item: (min(performed_by[item[0]]), item[0])):
        name = f"{operation.name} (deprecated)" if operation.deprecated else operation.name
        rows.append(
            f"| {', '.join(f'`{call}`' for call in sorted(performed_by[constant]))} | {name} "
            f"| `{operation.method} {operation.path}` | {operation.effect.value} | {paging_in_words(operation)} "
            f"| [page]({operation.docs}) |\n"
        )
    return HEAD + "".join(rows)


if __name__ == "__main__":
    print(table(), end="")
