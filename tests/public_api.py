"""Writes down the public API. `tests/public_api.txt` is what it was when last seen.

Names, signatures, fields and values; the commands of the terminal with their options and exit codes; the fixtures of
pytest; and what an installer reads: commands, entry points, extras.

python tests/public_api.py > tests/public_api.txt
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import re
import subprocess
import sys
import tempfile
import textwrap
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path
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
ROOT = Path(__file__).parents[1]
# What is no name of a package, and yet all that `**settings` takes.
SETTINGS = ("heymarket_async.session_settings.SessionSettings", "heymarket_async.watch.plan.WatchSettings")
# What the language asks for, as in `async with`, `for`, `await`, `[...]`.
PROTOCOLS = re.compile(
    r"__(aenter|aexit|aiter|anext|await|bool|call|contains|enter|exit|getitem|iter|len|next|reversed)__"
)
# How an error advises is wording, which is not public.
WORDING = "advice"


def lines() -> Iterator[str]:
    """Yield the lines of the description."""
    for package in PACKAGES:
        module = importlib.import_module(package)
        yield f"# {package}"
        names = getattr(module, "__all__", None) or own_names(module)
        for name in sorted(names):
            yield from described(name, getattr(module, name))
        yield ""
    yield "# Keyword arguments"
    for path in SETTINGS:
        module, _, name = path.rpartition(".")
        yield from described(name, getattr(importlib.import_module(module), name))
    yield ""
    yield "# Commands"
    yield from commands()
    yield ""
    yield "# Fixtures of pytest"
    yield from fixtures()
    yield ""
    yield "# Installation"
    yield from installation()


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
    elif typing.is_typeddict(cls):
        yield from keys(cls)
    elif attrs.has(cls):
        yield from (
            f"{'by name ' * field.kw_only}{field.name}: {in_words(field.type)}{default(field)}"
            for field in attrs.fields(cls)
            if field.name[0] != "_"
        )
    elif isinstance(cls.__dict__.get("__init__"), type(members)):
        yield f"def __init__{signature(cls.__init__)}"
    found: dict[str, Any] = {}
    ours = [each for each in reversed(cls.__mro__) if each.__module__.partition(".")[0] == OURS]
    for each in ours:
        found |= {name: value for name, value in vars(each).items() if name[0] != "_" or PROTOCOLS.fullmatch(name)}
    hidden = {field.name for field in attrs.fields(cls)} if attrs.has(cls) else set(getattr(cls, "__members__", ()))
    of_instances = {name: kind for each in ours for name, kind in instance_attributes(each)}
    for name in sorted((found.keys() | of_instances.keys()) - hidden):
        if name in of_instances:
            yield f"attribute {name}: {of_instances[name]}"
        elif not is_refusal(found[name]):
            yield from member(name, found[name])


def is_refusal(value: Any) -> bool:
    """Say whether a method is there only to tell a mistake, such as `with` in place of `async with`."""
    return inspect.isfunction(value) and inspect.get_annotations(value).get("return") == "NoReturn"


def keys(cls: type[Any]) -> Iterator[str]:
    """Yield the lines on the keys of a TypedDict."""
    for name, kind in typing.get_type_hints(cls).items():
        yield f"key {name}: {in_words(kind)}{' (required)' * (name in cls.__required_keys__)}"


def instance_attributes(cls: type[Any]) -> Iterator[tuple[str, str]]:
    """Yield name and type of each attribute that `self.name: type = ...` makes."""
    if attrs.has(cls):
        return  # Its source is made of its fields.
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(cls)))):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Attribute)
            and not node.target.attr.startswith("_")
        ):
            yield node.target.attr, in_words(ast.unparse(node.annotation))


def member(name: str, value: Any) -> Iterator[str]:
    """Yield the line on something that a class has."""
    if isinstance(value, classmethod | staticmethod):
        yield f"{type(value).__name__} {next(member(name, value.__func__))}"
    elif inspect.isroutine(value):
        yield f"{'async ' * inspect.iscoroutinefunction(inspect.unwrap(value))}def {name}{signature(value)}"
    elif isinstance(value, property):
        yield f"property {name}: {in_words(inspect.get_annotations(value.fget).get('return'))}"
    elif isinstance(value, bool | int | str) and name != WORDING:
        yield f"attribute {name} = {value!r}"
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
    short = re.sub(r"\b[a-z_][a-z_.]*\.(?=\w)", "", text)
    return re.sub(r"^Optional\[(.*)\]$", r"\1 | None", short)  # As newer versions of Python write it.


def default(field: attrs.Attribute[Any]) -> str:
    """Return what stands in a field that is not given."""
    if field.default is attrs.NOTHING:
        return ""
    return " = ..." if isinstance(field.default, attrs.Factory) else f" = {shown(field.default)}"  # type: ignore[arg-type]


def commands() -> Iterator[str]:
    """Yield the lines on the commands of the terminal, and on their exit codes."""
    from heymarket_async.cli.app import app
    from heymarket_async.cli.exits import Exit

    yield from commands_below(app, ("heymarket",))
    yield from described("Exit", Exit)


def commands_below(app: Any, path: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines on the commands of an app of cyclopts: names, types and defaults of what they take."""
    if app.default_command is not None:
        yield " ".join(path)
        for argument in app.assemble_argument_collection():
            if argument.children:
                continue  # A group of others, which follow.
            names = " ".join(name for name in argument.names if name not in argument.negatives)
            value = "" if argument.required else f" = {shown(argument.field_info.default)}"
            yield f"    {names}: {in_words(argument.hint)}{value}"
    for name in sorted(set(app) - {"--help", "-h", "--version"}):
        yield from commands_below(app[name], (*path, name))


def fixtures() -> Iterator[str]:
    """Yield the fixtures that pytest finds, each with its scope if it is not made anew for each test."""
    command = [sys.executable, "-m", "pytest", "--fixtures", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pytest.ini").write_text("[pytest]\n", "utf-8")
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    for line in said.splitlines():
        if line.startswith("heymarket"):
            yield line.partition(" -- ")[0]


def installation() -> Iterator[str]:
    """Yield what an installer reads."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    yield f"Python {project['requires-python']}"
    yield from (f"extra {name}" for name in sorted(project["optional-dependencies"]))
    yield from (f"command {name} = {target}" for name, target in project["scripts"].items())
    for group, points in project["entry-points"].items():
        yield from (f"entry point {group}: {name} = {target}" for name, target in points.items())


def description() -> str:
    """Return the whole description."""
    return "\n".join(lines()).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
