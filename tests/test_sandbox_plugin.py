"""The fixtures that pytest gets from the package."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from heymarket_async.sandbox import Sandbox

PLUGIN = "heymarket_async.sandbox.pytest_plugin"
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
    assert ours == {"", "_homes", "_lazy", "_version", "sandbox", "sandbox.pytest_loops", "sandbox.pytest_plugin"}
    assert {"aiohttp", "attrs", "authlib", "msgspec"}.isdisjoint(sys.modules)
"""
    said = run_pytest(tmp_path, code, *WITH_ASYNCIO, env=plain_env)
    assert "1 passed" in said, said


LOOPS = """
import pytest

async def ask(session):
    assert await session.inboxes.list()

@pytest.mark.asyncio
async def test_of_the_usual_loop(heymarket_session, heymarket_sandbox):
    await ask(heymarket_session)
    assert len(heymarket_sandbox.requests) == 1

@pytest.mark.asyncio(loop_scope="session")
async def test_of_the_loop_of_the_session(heymarket_session):
    await ask(heymarket_session)

@pytest.mark.asyncio(loop_scope="module")
async def test_of_the_loop_of_the_module(heymarket_session):
    await ask(heymarket_session)

@pytest.mark.asyncio(loop_scope="package")
async def test_of_the_loop_of_the_package(heymarket_session):
    await ask(heymarket_session)

@pytest.mark.asyncio(loop_scope="class")
class TestOfTheLoopOfTheClass:
    async def test_it(self, heymarket_session):
        await ask(heymarket_session)

def test_without_a_loop(heymarket_sandbox):
    assert heymarket_sandbox.url
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
@pytest.mark.parametrize("usual", ["function", "session"])
def test_the_sandbox_answers_on_the_loop_of_the_test(
    tmp_path: Path, plain_env: dict[str, str], mode: str, usual: str
) -> None:
    options = ("-o", f"asyncio_mode={mode}", "-o", f"asyncio_default_test_loop_scope={usual}")
    said = run_pytest(tmp_path, LOOPS, *WITH_ASYNCIO, *options, env=plain_env)
    assert "6 passed" in said, said


ANYIO = """
import pytest

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", ("asyncio", {"debug": True}), "trio"])
async def test_it(heymarket_sandbox, heymarket_session):
    assert await heymarket_session.inboxes.list()
    assert len(heymarket_sandbox.requests) == 1
"""


@pytest.mark.parametrize("beside", [(), WITH_ASYNCIO])
def test_tests_that_anyio_runs_have_the_fixtures_too(
    tmp_path: Path, plain_env: dict[str, str], beside: tuple[str, ...]
) -> None:
    said = run_pytest(tmp_path, ANYIO, "-p", "anyio.pytest_plugin", *(beside or ("-p", PLUGIN)), env=plain_env)
    assert "2 passed, 1 error" in said, said
    assert "runs on asyncio, not on trio. Let your fixture anyio_backend return 'asyncio'." in said


WITHOUT = """
def test_plain():
    pass

def test_with_it(heymarket_sandbox):
    pass

def test_with_the_other(heymarket_session):
    pass
"""
OLD = """
import pytest_asyncio.plugin as plugin

modern = plugin.fixture
plugin.fixture = lambda function=None, **options: modern(function, **options)
"""


@pytest.mark.parametrize("old", [False, True])
def test_without_pytest_asyncio_or_with_an_old_one_pytest_works_and_the_fixture_says_what_it_needs(
    tmp_path: Path, plain_env: dict[str, str], *, old: bool
) -> None:
    (tmp_path / "old.py").write_text(OLD, "utf-8")
    env = {**plain_env, "PYTHONPATH": f"{tmp_path}{os.pathsep}{plain_env['PYTHONPATH']}"}
    said = run_pytest(tmp_path, WITHOUT, *((*WITH_ASYNCIO, "-p", "old") if old else ("-p", PLUGIN)), env=env)
    assert "1 passed, 2 errors" in said, said
    assert "The fixture heymarket_sandbox needs pytest-asyncio, 0.24 or newer, or anyio: pip install" in said


async def test_the_fixture_gives_a_sandbox_that_answers(heymarket_sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as http, http.get(heymarket_sandbox.url + "/v1/team") as response:
        assert response.status == 401
