"""The page on web apps and the README say what the examples are."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ("aiohttp_app.py", "fastapi_app.py", "starlette_app.py", "worker.py")


@pytest.fixture(scope="module")
def maker():
    return runpy.run_path(str(ROOT / "docs" / "webapps.py"))


def test_the_page_shows_the_code_that_the_tests_run(maker):
    text = maker["PAGE"].read_text("utf-8")
    assert len(maker["BLOCK"].findall(text)) == text.count("<!-- examples/") >= 8
    assert maker["page"](text) == text, "python docs/webapps.py"


def test_what_is_not_in_a_file_cannot_be_shown(maker):
    with pytest.raises(KeyError, match="nothing"):
        maker["code"]("examples/webapp.py", "nothing")


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_a_command_in_the_readme_and_on_the_page(name):
    assert f".venv/bin/python examples/{name}\n" in (ROOT / "README.md").read_text("utf-8")
    assert f"`python examples/{name}`" in (ROOT / "docs" / "webapps.md").read_text("utf-8")
    assert f".venv/bin/python examples/{name}\n" in (ROOT / "examples" / name).read_text("utf-8")
