"""Fixtures for the tests of programs that use Heymarket. pytest finds them by itself.

For example:

    async def test_it(heymarket_sandbox, heymarket_session):
        heymarket_sandbox.teams[0].inboxes = [{"id": 42, "name": "Support"}]
        [inbox] = await heymarket_session.inboxes.list()

They need pytest-asyncio, in its auto mode or its strict mode, or the plugin of anyio. They run on the event loop of the
test, whatever its scope: on another one nobody would answer.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

if TYPE_CHECKING:
    from heymarket_async.sandbox.server import Sandbox
    from heymarket_async.session import AsyncSession

_LOOPS: Final = "heymarket_async_loops"


def pytest_configure(config: pytest.Config) -> None:
    """Bring in the fixtures for pytest-asyncio, where it is and can run a fixture on a loop of any scope."""
    plugin = sys.modules.get("pytest_asyncio.plugin")
    if plugin is None or not config.pluginmanager.is_registered(plugin):
        return
    if "loop_scope" in inspect.signature(plugin.fixture).parameters:
        from heymarket_async.sandbox import pytest_loops

        config.pluginmanager.register(pytest_loops, _LOOPS)


@pytest.fixture
def heymarket_sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Give a running `heymarket_async.sandbox.Sandbox`, fresh for each test."""
    return cast("Sandbox", request.getfixturevalue(_on_the_loop_of(request, "sandbox")))


@pytest.fixture
def heymarket_session(request: pytest.FixtureRequest, heymarket_sandbox: Sandbox) -> AsyncSession:
    """Give an `AsyncSession` for the first team of `heymarket_sandbox`."""
    return cast("AsyncSession", request.getfixturevalue(_on_the_loop_of(request, "session")))


@pytest.fixture(name="_heymarket_sandbox_of_anyio")
async def sandbox_of_anyio(anyio_backend: Any) -> AsyncIterator[Sandbox]:
    """Give a sandbox on the loop that anyio runs."""
    async with new_sandbox() as sandbox:
        yield sandbox


@pytest.fixture(name="_heymarket_session_of_anyio")
async def session_of_anyio(anyio_backend: Any, heymarket_sandbox: Sandbox) -> AsyncIterator[AsyncSession]:
    """Give a session on the loop that anyio runs."""
    async with new_session(heymarket_sandbox) as session:
        yield session


def new_sandbox() -> Sandbox:
    """Return a sandbox that is not started."""
    from heymarket_async.sandbox.server import Sandbox

    return Sandbox()


def new_session(sandbox: Sandbox) -> AsyncSession:
    """Return a session for the first team of a sandbox that is running."""
    from heymarket_async.session import AsyncSession

    return AsyncSession(sandbox.secret, base_url=sandbox.url)


def fixture_name(noun: str, scope: str | None) -> str:
    """Return the name of the fixture that runs on the loop of a scope; None for the loop of other fixtures."""
    return f"_heymarket_{noun}_of_{scope or 'others'}"


def _on_the_loop_of(request: pytest.FixtureRequest, noun: str) -> str:
    """Return the name of the fixture that runs on the loop of the test; of other fixtures, if the test has none."""
    marker = request.node.get_closest_marker("asyncio")
    if marker is None and "anyio_backend" in request.fixturenames:
        backend: Any = request.getfixturevalue("anyio_backend")
        if (name := backend if isinstance(backend, str) else backend[0]) != "asyncio":
            advice = "Let your fixture anyio_backend return 'asyncio'."
            pytest.fail(f"The fixture heymarket_{noun} runs on asyncio, not on {name}. {advice}", pytrace=False)
        return fixture_name(noun, "anyio")
    if not request.config.pluginmanager.has_plugin(_LOOPS):
        needed = "needs pytest-asyncio, 0.24 or newer, or anyio: pip install --upgrade pytest-asyncio"
        pytest.fail(f"The fixture heymarket_{noun} {needed}", pytrace=False)
    if marker is None:
        return fixture_name(noun, None)
    scope = marker.kwargs.get("loop_scope") or marker.kwargs.get("scope")
    return fixture_name(noun, scope or _usual_scope(request.config))


def _usual_scope(config: pytest.Config) -> str:
    try:
        return str(config.getini("asyncio_default_test_loop_scope"))
    except ValueError:  # pytest-asyncio before 0.26 has no such option.
        return "function"
