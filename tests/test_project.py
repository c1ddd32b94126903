"""The project keeps its own rules."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "heymarket_async"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Each storey imports only itself and those above it in this list.
STOREYS = (
    "_lazy",
    "_homes",
    "_version",
    "values",
    "misuse",
    "html",
    "shown",
    "records",
    "kinds",
    "models",
    "resolution",
    "errors",
    "extras",
    "clock",
    "deadlines",
    "phones",
    "arguments",
    "plain",
    "databases",
    "threads",
    "sms",
    "calls",
    "capture",
    "drift",
    "turns",
    "staging",
    "scalars",
    "convert",
    "auth",
    "retry",
    "lanes",
    "limits",
    "budget",
    "events",
    "settings",
    "wire",
    "transport",
    "walks",
    "progress",
    "tables",
    "paging",
    "engine",
    "resources",
    "watch",
    "session_settings",
    "session",
    "fleet",
    "mailing",
    "webhooks",
    "sandbox",
    "testing",
    "export",
    "sync",
    "cli",
    "__main__",
    "notebook",
    "otel",
)
# The sandbox stands for the service: a mistake in how the client makes requests must not be repeated there.
FOR_THE_SANDBOX = {
    "_lazy",
    "_version",
    "resolution",
    "errors",
    "values",
    "misuse",
    "html",
    "shown",
    "clock",
    "deadlines",
    "phones",
    "models",
    "auth",
    "sandbox",
}
# Its door to pytest hands out sessions, so it knows both sides.
KNOWS_BOTH_SIDES = {"sandbox/pytest_loops.py", "sandbox/pytest_plugin.py"}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def storey_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """Return the full name of the module that `node`, in the file `path`, imports from."""
    package = path.relative_to(ROOT).parent.parts
    start = package[: len(package) - node.level + 1] if node.level else ()
    return ".".join([*start, *([node.module] if node.module else [])])


def imported_storeys(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{absolute(node, path)}.{alias.name}" for alias in node.names}
    own = [name.split(".")[1] for name in names if name.startswith("heymarket_async.")]
    return set(own)


def run_python(program: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("path", [path for path in MODULES if path != PACKAGE / "__init__.py"], ids=name_of)
def test_a_module_imports_only_storeys_above_it(path):
    storey = storey_of(path)
    assert storey in STOREYS, f"give {storey} a place in STOREYS"
    allowed = set(STOREYS[: STOREYS.index(storey) + 1])
    if storey == "sandbox" and name_of(path) not in KNOWS_BOTH_SIDES:
        allowed &= FOR_THE_SANDBOX
    assert imported_storeys(path) <= allowed


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_has_at_most_400_lines(path):
    lines = path.read_text("utf-8").count("\n")
    assert lines <= 400


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_what_is_suppressed_has_its_reason_beside_it(path):
    suppressed = re.compile(r"# (?:(?:type|pyright): ignore\[[^]]+\]|noqa: [A-Z0-9, ]+?(?= -|$)|pragma: no cover)(.*)")
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    reasons = {number: found[1] for number, line in lines if (found := suppressed.search(line))}
    assert [number for number, reason in reasons.items() if not re.match(r"(?: -|  #) \w", reason)] == []


def test_only_the_transport_and_the_sandbox_speak_aiohttp():
    speakers = {
        storey_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "aiohttp" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] == "aiohttp")
    }
    assert speakers <= {"transport", "session", "session_settings", "fleet", "webhooks", "sandbox"}


def test_every_module_can_be_imported_without_a_warning():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if path.name != "__main__.py"
    ]
    run_python(f"import importlib\nfor name in {modules!r}: importlib.import_module(name)")


def test_it_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_the_readme_and_the_metadata_agree_on_the_oldest_python():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"
    assert "Python 3.11" in (ROOT / "README.md").read_text("utf-8")


def test_the_project_stands_on_its_own():
    outside = "../" + "shared"
    folders = [ROOT / name for name in (".ci", "benchmarks", "docs", "examples", "heymarket_async", "tests")]
    files = [path for path in ROOT.iterdir() if path.is_file()]
    files += [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert [path for path in files if outside in path.read_text("utf-8", errors="replace")] == []
