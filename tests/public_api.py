"""Writes down the public API: names, signatures, fields, values. `tests/public_api.txt` is what it was when last seen.

python tests/public_api.py > tests/public_api.txt
"""

from __future__ import annotations

import enum
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

import attrs

PACKAGES = (
    "heymarket_async",
    "heymarket_async.export",
    "heymarket_async.mailing",
    "heymarket_async.otel",
    "heymarket_async.resources",
    "heymarket_async.sandbox",
    "heymarket_async.sms",
    "heymarket_async.sync",
    "heymarket_async.tables",
    "heymarket_async.testing",
    "heymarket_async.testing.faults",
    "heymarket_async.watch",
    "heymarket_async.webhooks",
    "heymarket_async.webhooks.aiohttp",
    "heymarket_async.webhooks.asgi",
)
OURS = "heymarket_async"


def lines() -> Iterator[str]:
    """Yield the lines of the description."""
    for package in PACKAGES:
        module = importlib.import_module(package)
        yield f"# {package}"
        names = getattr(module, "__all__", None) or own_names(module)
        for name in sorted(names):
            yield from described(name, getattr(module, name))
        yield ""


def own_names(module: Any) -> list[str]:
    """Return the public names that a module defines itself."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]


def described(name: str, value: Any) -> Iterator[str]:
    """Yield the lines on one name."""
    if isinstance(value, type):
        yield f"class {name}({', '.join(base.__name__ for base in value.__bases__)})"
        yield from (f"    {line}" for line in members(value))
    elif inspect.isroutine(value):
        yield f"{'async ' * inspect.iscoroutinefunction(inspect.unwrap(value))}def {name}{signature(value)}"
    elif inspect.ismodule(value):
        yield f"module {name}"
    elif name == "__version__":
        yield name  # It changes with every release.
    else:
        yield f"{name} = {in_words(value)}"


def members(cls: type[Any]) -> Iterator[str]:
    """Yield the lines on a class: how it is made, its values or fields, and what it can do."""
    if issubclass(cls, enum.Enum):
        yield from (f"{name} = {member.value!r}" for name, member in cls.__members__.items())
    elif attrs.has(cls):
        yield from (
            f"{field.name}: {in_words(field.type)}{default(field)}"
            for field in attrs.fields(cls)
            if field.name[0] != "_"
        )
    elif isinstance(cls.__dict__.get("__init__"), type(members)):
        yield f"def __init__{signature(cls.__init__)}"
    found: dict[str, Any] = {}
    for each in reversed(cls.__mro__):
        if each.__module__.partition(".")[0] == OURS:
            found |= {name: value for name, value in vars(each).items() if not name.startswith("_")}
    hidden = {field.name for field in attrs.fields(cls)} if attrs.has(cls) else set(getattr(cls, "__members__", ()))
    for name in sorted(found.keys() - hidden):
        yield from member(name, found[name])


def member(name: str, value: Any) -> Iterator[str]:
    """Yield the line on something that a class has."""
    if isinstance(value, classmethod | staticmethod):
        yield f"{type(value).__name__} {next(member(name, value.__func__))}"
    elif inspect.isroutine(value):
        yield f"{'async ' * inspect.iscoroutinefunction(inspect.unwrap(value))}def {name}{signature(value)}"
    elif isinstance(value, property):
        yield f"property {name}: {in_words(inspect.get_annotations(value.fget).get('return'))}"
    elif not isinstance(value, type):
        yield f"attribute {name}"


class Bare(str):
    """A text that stands in a signature as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def signature(function: Any) -> str:
    """Return the arguments and the result of a function."""
    found = inspect.signature(function)
    parameters = [
        each.replace(annotation=bare(each.annotation), default=bare_default(each.default))
        for each in found.parameters.values()
    ]
    return str(found.replace(parameters=parameters, return_annotation=bare(found.return_annotation)))


def bare(annotation: Any) -> Any:
    """Return an annotation as it stands in a signature."""
    return annotation if annotation is inspect.Signature.empty else Bare(in_words(annotation))


def bare_default(value: Any) -> Any:
    """Return a default as it stands in a signature: what is no plain value by the name of its class."""
    return value if value is inspect.Signature.empty else Bare(shown(value))


def shown(value: Any) -> str:
    """Return a default that is the same in every process."""
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    text = repr(value)
    return f"<{type(value).__name__}>" if " at 0x" in text else text


def in_words(annotation: Any) -> str:
    """Return a type as it is written, without the modules of its names."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b[a-z_][a-z_.]*\.(?=\w)", "", text)


def default(field: attrs.Attribute[Any]) -> str:
    """Return what stands in a field that is not given."""
    if field.default is attrs.NOTHING:
        return ""
    return " = ..." if isinstance(field.default, attrs.Factory) else f" = {shown(field.default)}"  # type: ignore[arg-type]


def description() -> str:
    """Return the whole description."""
    return "\n".join(lines()).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
