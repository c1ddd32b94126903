"""docs/guarantees.md names a test for every promise, and each of them exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
PROMISED, _, NOT_PROMISED = PAGE.partition("## What is not promised")
PROMISES = [" ".join(item.split()) for item in re.findall(r"^- (.*\n(?:  .*\n)*)", PROMISED, re.MULTILINE)]
LINK = re.compile(r"\. \[`(\w+)`\]\(\.\./(tests/[\w/]+\.py)\)$")


@cache
def names_of_tests(file: Path) -> frozenset[str]:
    """Return the names of the tests of a file."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, functions))


def test_there_are_promises_each_with_a_test_of_its_own():
    named = [link.groups() for promise in PROMISES if (link := LINK.search(promise))]
    assert len(PROMISES) == len(set(named)) >= 25
    assert NOT_PROMISED.count("\n- ") >= 5


@pytest.mark.parametrize("promise", PROMISES)
def test_the_test_that_holds_a_promise_exists(promise):
    test, file = LINK.search(promise).groups()
    assert test in names_of_tests(ROOT / file)
