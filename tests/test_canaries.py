"""The plugin that looks for canaries finds them in every channel, and a run of all tests cannot look at nothing."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import leaky

TESTS = Path(__file__).parent
LEAKY = TESTS / "leaky.py"
NAMES = [
    node.name
    for node in ast.parse(LEAKY.read_text("utf-8")).body
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
]
LEAKS = [name for name in NAMES if not name.startswith("test_control_")]
# What a test is called says in which channel it leaks, and else it does so in a log.
CHANNELS = {
    "test_log_traceback": "tracebacks: a log record of heymarket_async.events, ValueError",
    "test_warning": "warnings",
    "test_explicit": "warnings",
    "test_repr": "reprs",
    "test_error": "tracebacks: an exception",
    "test_task": "tracebacks: an event loop's exception handler",
    "test_callback": "tracebacks: an event loop's exception handler",
    "test_finalizer": "tracebacks: a finalizer",
    "test_thread": "tracebacks: a thread",
    "test_traceback": "printed tracebacks",
}


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run pytest in a process of its own, with the plugin."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-p", "canaries", "-p", "no:cacheprovider", "--show-capture=no", "-rfEp"]
    done = subprocess.run(
        [*command, "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of the tests that leak."""
    folder = tmp_path_factory.mktemp("leaky")
    (folder / "test_leaky.py").write_text(LEAKY.read_text("utf-8"), "utf-8")
    code, output = run(folder, "test_leaky.py")
    assert code == pytest.ExitCode.TESTS_FAILED, output
    return output


def verdict(said: str, name: str) -> str:
    """Return what the summary says of a test."""
    found = re.findall(rf"^(PASSED|FAILED|ERROR) test_leaky\.py::{name}(?: - .*)?$", said, re.MULTILINE)
    return found[0] if len(set(found)) == 1 or not found else "FAILED" if "FAILED" in found else "ERROR"


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_fails_its_test_and_is_named(said, name):
    assert verdict(said, name) in {"FAILED", "ERROR"}
    findings = re.findall(rf"^_+ (?:ERROR at teardown of )?{name} _+$\n((?:(?!^[_=]+ ).*\n)+)", said, re.MULTILINE)
    channel = next((channel for begin, channel in CHANNELS.items() if name.startswith(begin)), "log records")
    assert findings, said
    assert all(finding.startswith("This test shows what nobody should see:\n") for finding in findings)
    assert any(f"in {channel}" in finding for finding in findings)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LEAKS])
def test_what_shows_nothing_passes(said, name):
    assert verdict(said, name) == "PASSED"


@pytest.mark.parametrize("value", [leaky.TEXT, leaky.NUMBER, leaky.DIGITS, "212-555-0142", leaky.KEY])
def test_a_finding_does_not_show_what_was_found(said, value):
    assert value not in said


def test_the_end_of_a_run_says_how_much_was_searched_and_for_what(said):
    line = re.search(r"^canaries: .*$", said, re.MULTILINE)
    assert line
    for what in (
        "secrets",
        "tokens",
        "phones",
        "texts",
        "log records",
        "warnings",
        "reprs",
        "exceptions",
        "tracebacks",
    ):
        assert re.search(rf"[1-9]\d* {what}", line[0]), line[0]
    assert f"seen in {len(LEAKS)} tests" in line[0]


NOTHING = "def test_nothing():\n    pass\n"


def test_a_run_of_all_tests_that_has_searched_nothing_fails(tmp_path):
    (tmp_path / "test_nothing.py").write_text(NOTHING, "utf-8")
    code, output = run(tmp_path, "-o", "testpaths=.")
    assert "1 passed" in output
    assert "a run of all tests has had no tracebacks" in output
    assert "a run of all tests has had no token" in output
    assert code == pytest.ExitCode.TESTS_FAILED


def test_a_run_of_some_tests_may_have_nothing_to_search(tmp_path):
    (tmp_path / "test_nothing.py").write_text(NOTHING, "utf-8")
    code, output = run(tmp_path, "test_nothing.py")
    assert "a run of all tests" not in output
    assert code == pytest.ExitCode.OK
