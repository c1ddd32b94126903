"""Writes the pages of the reference: an entry for every public name, made from its docstring."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from types import MemberDescriptorType
from typing import Any

import attrs
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.pycode import ModuleAnalyzer

from building.names import INNER, ROOT, alone, doors, entries, public_names
from heymarket_async._homes import HOMES
from heymarket_async.resources.base import Resource
from heymarket_async.webhooks import WebhookEvent

# Pages, with the modules whose names they show. A module that none of them has gets a page of its own.
PAGES = {
    "session": ("Sessions", ("session", "settings", "auth", "retry", "lanes", "limits", "capture", "clock", "drift")),
    "calls": ("Calls and lists", ("calls", "paging", "resources", "resolution", "values")),
    "models": ("Models", ("models", "kinds")),
    "errors": ("Error classes", ("errors",)),
    "events": ("Events", ("events",)),
    "fleet": ("Fleets", ("fleet",)),
    "watch": ("Watches", ("watch",)),
    "webhooks": ("Webhook classes", ("webhooks.receiver", "webhooks.events", "webhooks.errors")),
}
TITLES = {
    "export": "Exports",
    "otel": "OpenTelemetry",
    "sandbox": "The sandbox's names",
    "shown": "Models, shown",
    "sms": "What a text costs",
    "sync": "Without await",
    "tables": "Frames",
    "testing": "For your tests",
}
NOTES = {
    "session": "A connection for one team: its credentials, and its settings.",
    "calls": "What the methods of a session take and return, but for what the service sends.",
    "models": "What the service sends, as typed objects.",
    "errors": "Every error as a class. What was sent and what to do is on the page about :doc:`/errors`.",
    "events": "What is told to listeners.",
    "fleet": "Many teams on one pool of connections.",
    "watch": "What has changed: feeds, changes, checkpoints and stores.",
    "export": "All things of one kind, into a file. The guide is :doc:`/export`.",
    "mailing": "One text to each person of a table, once. The guide is :doc:`/terminal`.",
    "otel": "Spans and histograms of calls. The guide is :doc:`/observability`.",
    "sandbox": "A local imitation of the service, for tests, with the faults that it can make.",
    "shown": "Models in a notebook, with their personal fields masked or revealed. The guide is :doc:`/notebooks`.",
    "sms": "In how many parts a text travels. The guide is :doc:`/terminal`.",
    "sync": "The same session, for programs that cannot await. The guide is :doc:`/notebooks`.",
    "tables": "Models as frames of pandas, polars or Arrow. The guide is :doc:`/tables`.",
    "testing": "Models, assertions, faults by name and virtual time. The guide is :doc:`/testing`.",
    "webhooks": "Webhooks: verified, read into typed events, and given to handlers. The guide is :doc:`/webhooks`.",
}
# What every exception, enumeration and tuple of Python has is not told again.
FOREIGN = "object, BaseException, Exception, ValueError, RuntimeError, KeyError, TimeoutError, Enum, str, int, tuple"

# A default that is longer says nothing in a signature.
LONGEST_DEFAULT = 60


def underlined(title: str, mark: str = "=") -> str:
    """Return a heading."""
    return f"{title}\n{mark * len(title)}\n\n"


def definition(module: str, name: str) -> tuple[str, str]:
    """Return the value of a name as the source has it, and what stands below it there."""
    homes = [f"{ROOT}._version"] if name == "__version__" else sorted(sys.modules)
    if module == ROOT and name != "__version__":
        homes = [f"{ROOT}.{home}" for home, names in HOMES.items() if name in names]
    for home in homes:
        if home.startswith(module) and name in vars(sys.modules[home]):
            analyzer = ModuleAnalyzer.for_module(home)
            told = analyzer.find_attr_docs().get(("", name))
            if told:
                assigned = re.search(rf"^{name}(?:: [\w\[\]]+)? = (.+)$", analyzer.code, re.MULTILINE)
                return assigned[1] if assigned else "", " ".join(told).strip()
    raise ExtensionError(f"{module}.{name} needs a docstring below its assignment")


def alias(module: str, name: str, value: Any) -> str:
    """Return the directive for a name that stands for a value or a type, with what the source says of it."""
    source, told = definition(module, name)
    # How a tuple was made says less than what is in it.
    shown = repr(value) if isinstance(value, tuple) else source
    return f".. data:: {name}\n   :value: {shown}\n\n   {linked_in(f'{module}.', told)}\n\n"


def entry(module: str, name: str, value: Any) -> str:
    """Return the directive for one name."""
    if inspect.isfunction(value):
        return f".. autofunction:: {module}.{name}\n\n"
    if not inspect.isclass(value):
        return alias(module, name, value)
    options = [":members:", f":inherited-members: {FOREIGN}"]
    if issubclass(value, Enum):
        options = [":members:", ":undoc-members:"]
    if issubclass(value, Exception):
        options.append(":show-inheritance:")
    return f".. autoclass:: {module}.{name}\n" + "".join(f"   {option}\n" for option in options) + "\n"


def section(module: str, names: Iterable[str]) -> str:
    """Return the entries of names of one module."""
    loaded = importlib.import_module(module)
    shown = "".join(entry(module, name, getattr(loaded, name)) for name in names)
    return f".. py:currentmodule:: {module}\n\n{shown}"


def page(name: str, title: str, sections: str) -> str:
    """Return a page of the reference."""
    return underlined(title) + f"{NOTES.get(name, '')}\n\n" + sections


def names_of_the_package() -> dict[str, tuple[str, list[str]]]:
    """Return the pages with the names of the package itself: the title and the names of each."""
    shown = {of_page.partition(".")[0] for _, homes in PAGES.values() for of_page in homes}
    heads = dict.fromkeys(home.partition(".")[0] for home in HOMES)
    plan = PAGES | {head: (head.capitalize(), (head,)) for head in heads if head not in shown}
    made: dict[str, tuple[str, list[str]]] = {}
    for name, (title, of_page) in plan.items():
        homes = [home for part in of_page for home in HOMES if f"{home}.".startswith(f"{part}.")]
        names = [each for home in homes for each in HOMES[home]]
        more = ["__version__"] if name == "session" else []
        made[name] = TITLES.get(name, title), [*names, *more]
    return made


def inner_section(module: str, names: list[str], *, headed: bool) -> str:
    """Return the names that come from a module of their own, under a heading if others stand above them."""
    if not names:
        return ""
    heading = underlined(f"From {module.removeprefix(ROOT)[1:]}", "-") if headed else ""
    return f"{heading}``from {module} import ...``\n\n{section(module, names)}"


def page_of_a_noun(door: str, noun: type[Any]) -> str:
    """Return the page of a noun, such as `contacts.v2`."""
    said = re.sub(r"\s*https?://\S+", "", (inspect.getdoc(noun) or "").partition("\n\n")[0])
    note = f"``session.{door}``: {said[0].lower()}{said[1:]}\n\n"
    return underlined(door) + note + entry(noun.__module__, noun.__qualname__, noun)


def pages() -> dict[str, str]:
    """Return the text of each page of the reference by its name."""
    made: dict[str, str] = {}
    for name, (title, names) in names_of_the_package().items():
        made[name] = page(name, title, section(ROOT, names))
    for module, names in public_names().items():
        head = module.removeprefix(ROOT).removeprefix(".").partition(".")[0]
        if head:
            headed = head in made
            made.setdefault(head, page(head, TITLES.get(head, head.capitalize()), ""))
            made[head] += inner_section(module, names, headed=headed)
    nouns = {f"noun-{door.replace('.', '-')}": page_of_a_noun(door, noun) for door, noun in doors()}
    order = ["session", *nouns, *(name for name in made if name != "session")]
    toctree = ".. toctree::\n   :maxdepth: 1\n\n" + "".join(f"   {name}\n" for name in order)
    return {
        "index": underlined("Reference") + "Every public name, made from its docstring.\n\n" + toctree,
        **made,
        **nouns,
    }


def write_pages(app: Sphinx) -> None:
    """Write the pages where Sphinx finds them, and take away those of before."""
    folder = Path(app.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    made = {folder / f"{name}.rst": text for name, text in pages().items()}
    for old in set(folder.glob("*.rst")) - made.keys():
        old.unlink()
    for path, text in made.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def linked_in(name: str, line: str) -> str:
    """Return a line of a docstring with links for the public names in it.

    Args:
        name: whose docstring it is: in the sandbox, its own names come before those of the package.
        line: the line, with code in single backticks.
    """
    known = entries(next((inner for inner in INNER if name.startswith(f"{ROOT}.{inner}.")), ""))

    def link(match: re.Match[str]) -> str:
        target = None if match[1] in alone() else known.get(match[1])
        return f":py:obj:`{match[1]} <{target}>`" if target else f"``{match[1]}``"

    text = re.sub(r"(?<![`:\w])`?docs/([\w-]+)\.md`?", r":doc:`/\1`", line)
    text = re.sub(r"(?<![`:\w])`([^`]+)`(?!`)", link, text)
    return re.sub(r"(?<!<)(https://developers\.heymarket\.com/\S+)", r"`vendor page <\1>`__", text)


def described(kind: type[Any]) -> dict[str, list[str]]:
    """Return the lines of a class's docstring that describe its attributes, by their names."""
    docstring = f"{inspect.cleandoc(kind.__doc__ or '')}\n"
    section = re.search(r"^Attributes:\n((?: .*\n|\n(?= ))+)", docstring, re.MULTILINE)
    found: dict[str, list[str]] = {}
    for line in section[1].splitlines() if section else ():
        named = re.match(r"    (\w+): ", line)
        found.setdefault(named[1] if named else list(found)[-1], []).append(line)
    return found


def told_of_attributes(kind: type[Any]) -> dict[str, str]:
    """Return what docstrings say of the attributes of a class; of a model, all its fields, told of or not."""
    texts: dict[str, str] = {}
    for each in kind.__mro__ if attrs.has(kind) else (kind,):
        for name, (first, *more) in described(each).items():
            said = " ".join([first.partition(": ")[2], *(line.strip() for line in more)]).strip()
            texts.setdefault(name, f"{said[0].upper()}{said[1:]}")
    is_model = attrs.has(kind) and kind.__module__.startswith(f"{ROOT}.models.")
    return texts | {field.name: "" for field in attrs.fields(kind) if field.name not in texts} if is_model else texts


def attributes_of(kind: type[Any]) -> list[str]:
    """Return the directives for the attributes of a class."""
    fields = attrs.fields_dict(kind) if attrs.has(kind) else {}
    # A property has a docstring of its own.
    properties = {name for each in kind.__mro__ for name, value in vars(each).items() if isinstance(value, property)}
    made: list[str] = []
    for name, said in told_of_attributes(kind).items():
        if name in properties:
            continue
        annotation = fields[name].type if name in fields else None
        shown = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
        typed = [] if annotation is None else [f"   :type: {re.sub(r'[a-z_]+[.]', '', shown)}"]
        made += ["", f".. attribute:: {name}", *typed, "", f"   {said}", ""]
    return made


def with_attributes(kind: type[Any], lines: list[str]) -> list[str]:
    """Return the docstring of a class with its attributes as entries, at its end."""
    own = [line for text in described(kind).values() for line in text]
    told = {*own, "Attributes:"}
    kept = [line for line in lines if line not in told and not line.startswith("The others are those of ")]
    return [*kept, *attributes_of(kind)]


def with_code(lines: Iterable[str]) -> list[str]:
    """Return a docstring whose examples, which are only indented in it, are said to be code."""
    made: list[str] = []
    for line in lines:
        said = [each for each in made if each]
        # What is indented in a section, such as "Args:", follows its line at once, or something indented.
        if line.startswith("    ") and made and not made[-1] and said and not said[-1].startswith(" "):
            made += [f".. code-block:: {'pycon' if line.startswith('    >>> ') else 'python'}", ""]
        made.append(line)
    return made


def linked_beside_code(name: str, lines: Iterable[str]) -> list[str]:
    """Return the lines of a docstring with links, but for those of its examples."""
    made: list[str] = []
    in_code = False
    for line in lines:
        if line and not line.startswith(" "):
            in_code = line.startswith(".. code-block::")
        made.append(line if in_code else linked_in(name, line))
    return made


def read_docstring(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Make of a docstring, whose code stands in single backticks, what napoleon and Sphinx understand."""
    if what == "property" and lines:
        # What stands before a colon in the first line, napoleon would take for the type.
        before, colon, after = lines[0].partition(": ")
        lines[:1] = [f"{before}:", after] if colon else [before]
    told = with_code(lines)
    if inspect.isclass(value):
        told = with_attributes(value, told)
    lines[:] = linked_beside_code(name, told)


def with_defaults(kind: type[Any], signature: str) -> str:
    """Return the signature of an attrs class with its defaults as a person writes them."""
    fields = attrs.fields_dict(kind)

    def default(match: re.Match[str]) -> str:
        value = fields[match[1]].default
        said = str(value) if isinstance(value, Enum) else repr(value)
        return "..." if said.startswith("<") or len(said) > LONGEST_DEFAULT else said

    # Where a default is made anew for each object, nothing short says what it is either.
    return re.sub(r"attr_dict\['(\w+)'\]\.default", default, signature).replace("= NOTHING", "= ...")


def show_signature(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """Leave out how models, events of webhooks, errors and nouns are made: users get them, and do not make them."""
    if not inspect.isclass(value):
        return None
    if value.__module__.startswith(f"{ROOT}.models.") or issubclass(value, Resource | Enum | Exception | WebhookEvent):
        return "", ""
    return (with_defaults(value, signature), returns) if signature and attrs.has(value) else None


def skip_slots(app: Sphinx, what: str, name: str, value: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the slots of attrs classes: they are told by `attributes_of`."""
    return True if isinstance(value, MemberDescriptorType) else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", read_docstring, priority=400)  # before napoleon
    app.connect("autodoc-skip-member", skip_slots)
    app.connect("autodoc-process-signature", show_signature)
    return {"parallel_read_safe": True}
