"""The pages that are made from the code are those that the code makes, and leave nothing out."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import attrs
import pytest

from docs_blocks import DOCS
from heymarket_async import Unsettled, errors
from heymarket_async.errors import HeymarketError
from heymarket_async.sandbox import Variants
from promises import OPEN, PROMISES, UNREACHABLE

CLASSES = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, HeymarketError)]
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
                assert name in section_of(getattr(errors, end))


class TestThePageOnTheContract:
    def test_it_tells_of_every_switch_its_default(self):
        page = (DOCS / "contract.md").read_text("utf-8")
        for field in attrs.fields(Variants):
            assert f"\n| `{field.name}` | `{field.default!r}` | " in page
