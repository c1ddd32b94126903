"""The fixtures that pytest gets from the package."""

from __future__ import annotations

import importlib.util
import inspect
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from heymarket_async.sandbox import Sandbox, pytest_plugin

PLUGIN = "heymarket_async.sandbox.pytest_plugin"
heymarket_sandbox = pytest_plugin.running_sandbox
WITH_ASYNCIO = ("-p", "pytest_asyncio.plugin", "-p", PLUGIN, "-o", "asyncio_default_fixture_loop_scope=function")

USING = """
import aiohttp

async def ask(sandbox):
    async with aiohttp.ClientSession() as http, http.get(sandbox.url + "/v1/inboxes") as response:
        return response.status

{mark}
async def test_one(heymarket_sandbox):
    assert await ask(heymarket_sandbox) == 401
    assert len(heymarket_sandbox.requests) == 1

{mark}
async def test_each_test_has_its_own(heymarket_sandbox):
    assert heymarket_sandbox.requests == []
"""


def run_pytest(folder: Path, code: str, *options: str, env: Mapping[str, str] | None = None) -> str:
    (folder / "test_it.py").write_text(code, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *options], cwd=folder, capture_output=True, text=True, env=env, check=False, timeout=60
    )
    return done.stdout + done.stderr


@pytest.fixture
def plain_env() -> dict[str, str]:
    root = Path(__file__).parents[1]
    path = f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    return {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_a_test_can_ask_for_a_running_sandbox(tmp_path: Path, plain_env: dict[str, str], mode: str) -> None:
    mark = "@__import__('pytest').mark.asyncio" if mode == "strict" else ""
    said = run_pytest(tmp_path, USING.format(mark=mark), *WITH_ASYNCIO, "-o", f"asyncio_mode={mode}", env=plain_env)
    assert "2 passed" in said, said


def test_the_plugin_costs_nothing_until_it_is_used(tmp_path: Path, plain_env: dict[str, str]) -> None:
    code = """
import sys

def test_nothing_was_imported():
    assert "heymarket_async.sandbox.pytest_plugin" in sys.modules
    ours = {name.removeprefix("heymarket_async").lstrip(".") for name in sys.modules if "heymarket" in name}
    assert ours == {"", "_homes", "_lazy", "_version", "sandbox", "sandbox.pytest_plugin"}
    assert {"aiohttp", "attrs", "authlib", "msgspec"}.isdisjoint(sys.modules)
"""
    said = run_pytest(tmp_path, code, *WITH_ASYNCIO, env=plain_env)
    assert "1 passed" in said, said


def test_without_pytest_asyncio_pytest_works_and_the_fixture_says_what_it_needs(
    tmp_path: Path, plain_env: dict[str, str]
) -> None:
    hide = """
import importlib.util, sys

real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "pytest_asyncio" else real(name, *rest)
"""
    (tmp_path / "hide.py").write_text(hide, "utf-8")
    code = """
def test_plain():
    pass

def test_with_it(heymarket_sandbox):
    pass

def test_with_the_other(heymarket_session):
    pass
"""
    env = {**plain_env, "PYTHONPATH": f"{tmp_path}{os.pathsep}{plain_env['PYTHONPATH']}"}
    said = run_pytest(tmp_path, code, "-p", "hide", "-p", PLUGIN, env=env)
    assert "1 passed, 2 errors" in said, said
    for fixture in ("heymarket_sandbox", "heymarket_session"):
        assert f"The fixture {fixture} needs pytest-asyncio: pip install pytest-asyncio" in said


async def test_the_fixture_gives_a_sandbox_that_answers(heymarket_sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as http, http.get(heymarket_sandbox.url + "/v1/team") as response:
        assert response.status == 401


def test_the_stand_in_fails_the_test_that_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", dict[str, None]().get)
    names = runpy.run_path(pytest_plugin.__file__)
    assert "running_sandbox" not in names
    for name in ("missing_sandbox", "missing_session"):
        with pytest.raises(pytest.fail.Exception, match="needs pytest-asyncio"):
            inspect.unwrap(names[name])()
