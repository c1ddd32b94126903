"""The pages that are made from the code are those that the code makes, and leave nothing out."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator

import attrs
import pytest

import heymarket_async
from docs_blocks import DOCS, ROOT, blocks_of
from heymarket_async import HeymarketError, Unsettled
from heymarket_async.sandbox import Variants
from promises import OPEN, PROMISES, UNREACHABLE

PUBLIC = [getattr(heymarket_async, name) for name in heymarket_async.__all__]
CLASSES = [value for value in PUBLIC if inspect.isclass(value) and issubclass(value, HeymarketError)]
ERRORS = (DOCS / "errors.md").read_text("utf-8")


def section_of(kind: type[HeymarketError]) -> str:
    (section,) = re.findall(rf"^## {kind.__name__}\n(.*?)(?=^## |\Z)", ERRORS, re.MULTILINE | re.DOTALL)
    return section


@pytest.mark.parametrize("name", ["contract", "errors"])
def test_a_page_is_the_one_that_its_program_makes(name):
    made = subprocess.run(
        [sys.executable, DOCS / f"{name}.py"], capture_output=True, text=True, encoding="utf-8", check=True
    ).stdout
    assert made == (DOCS / f"{name}.md").read_text("utf-8"), f"python docs/{name}.py > docs/{name}.md"


class TestThePageOnErrors:
    @pytest.mark.parametrize("kind", CLASSES)
    def test_it_says_of_each_class_what_was_sent_and_what_to_do(self, kind):
        section = section_of(kind)
        for what in ("What was sent", "What to do"):
            (said,) = re.findall(rf"^- \*{what}\*: (.+)$", section, re.MULTILINE)
            assert said[-1] in ".)"

    @pytest.mark.parametrize("kind", CLASSES)
    def test_it_says_that_something_may_have_happened_where_the_class_is_unsettled(self, kind):
        (sent,) = re.findall(r"^- \*What was sent\*: (.+)$", section_of(kind), re.MULTILINE)
        doubtful = re.search(r"(?:may have|probably) taken? effect|what became of it|answered with a yes", sent)
        assert bool(doubtful) is issubclass(kind, Unsettled)

    def test_the_classes_after_which_a_send_may_have_gone_out_are_those_of_the_promises(self):
        known = {kind.__name__: kind for kind in CLASSES}
        assert {name for name, kind in known.items() if issubclass(kind, Unsettled)} == OPEN | {"Unsettled"}

    def test_it_names_each_fault_at_the_error_that_ends_it(self):
        for name, promise in {**PROMISES, **UNREACHABLE}.items():
            for end in {promise.reads.what, promise.writes.what, promise.sends.what} - {"result"}:
                assert name in section_of(getattr(heymarket_async, end))


class TestThePageOnTheContract:
    def test_it_tells_of_every_switch_its_default(self):
        page = (DOCS / "contract.md").read_text("utf-8")
        for field in attrs.fields(Variants):
            assert f"\n| `{field.name}` | `{field.default!r}` | " in page


def code_of_users() -> Iterator[str]:
    """Yield the Python that users are shown: in pages, in the notebook and in the examples."""
    for page in (*DOCS.glob("*.md"), ROOT / "README.md"):
        yield from (block.code for block in blocks_of(page.read_text("utf-8")) if block.language == "python")
    for notebook in DOCS.glob("*.ipynb"):
        yield from ("".join(cell["source"]) for cell in json.loads(notebook.read_text("utf-8"))["cells"])
    for example in (ROOT / "examples").rglob("*.py"):
        yield example.read_text("utf-8")


def modules_imported(code: str) -> set[str]:
    """Return the modules of the package that some code imports from; none where it is no Python."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return set()
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("heymarket_async."):
            module = importlib.import_module(str(node.module))
            found |= {
                f"{node.module}.{alias.name}"
                for alias in node.names
                if inspect.ismodule(getattr(module, alias.name, None))
            }
    return {module for module in found if module.startswith("heymarket_async.")}


def test_every_module_that_users_are_shown_to_import_has_a_place_in_the_reference():
    sys.path.insert(0, str(DOCS))
    try:
        names = importlib.import_module("building.names")
    finally:
        sys.path.remove(str(DOCS))
    imported = set().union(*map(modules_imported, code_of_users()))
    assert len(imported) >= 10
    told = {f"heymarket_async.{module}" for module in (*names.INNER, *names.PROGRAMS)}
    assert imported - told == set(), "INNER of docs/building/names.py"


def test_every_page_has_a_place_in_the_table_of_contents():
    listed = re.findall(r"^(?:[^`:{\n]*<)?([\w/-]+)>?$", (DOCS / "index.md").read_text("utf-8"), re.MULTILINE)
    assert {page.stem for page in DOCS.glob("*.md")} - {"index"} <= set(listed)
    assert len(listed) == len(set(listed))
