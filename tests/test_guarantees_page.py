"""docs/guarantees.md names a test for every promise, and each of them exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
PROMISES = [row for row in ROWS if row[0] not in ("promise", "---")]


@cache
def names_of_tests(file: Path) -> frozenset[str]:
    """Return the tests of a file, those of classes as `TestIt::test_something`."""
    tree = ast.parse(file.read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    plain = [node.name for node in tree.body if isinstance(node, functions)]
    within = [
        f"{outer.name}::{node.name}"
        for outer in tree.body
        if isinstance(outer, ast.ClassDef)
        for node in outer.body
        if isinstance(node, functions)
    ]
    return frozenset(plain + within)


def test_every_row_is_a_promise_and_a_test():
    assert len(PROMISES) >= 25
    assert {len(row) for row in PROMISES} == {2}
    assert len({row[1] for row in PROMISES}) == len(PROMISES)


@pytest.mark.parametrize("held_by", [row[-1] for row in PROMISES])
def test_the_test_that_holds_a_promise_exists(held_by):
    file, test = re.fullmatch(r"`(tests/[\w/]+\.py)::([\w:]+)`", held_by).groups()
    assert test in names_of_tests(ROOT / file)
