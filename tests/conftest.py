"""Fixtures for all tests."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from aioresponses import aioresponses

from mocks import mocked_aiohttp

pytest_plugins = ["canaries"]

CONTRACT = Path(__file__).parent / "contract"


@pytest.fixture(autouse=True)
def no_heymarket_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of the person who runs the tests out of them."""
    for name in list(os.environ):
        if name.startswith("HEYMARKET_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def contract() -> dict[str, Any]:
    """The service as `contract/openapi.yaml` describes it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((CONTRACT / "openapi.yaml").read_text("utf-8"), loader)


@pytest.fixture(scope="session")
def example() -> Callable[[str], Any]:
    """Load `contract/examples/<name>.json`."""

    def load(name: str) -> Any:
        return json.loads((CONTRACT / "examples" / f"{name}.json").read_text("utf-8"))

    return load


@pytest.fixture(scope="session")
def example_bytes() -> Callable[[str], bytes]:
    """Load the bytes of `contract/examples/<name>.json`."""

    def load(name: str) -> bytes:
        return (CONTRACT / "examples" / f"{name}.json").read_bytes()

    return load


@pytest.fixture
async def sandboxed(heymarket_sandbox: Any) -> AsyncIterator[Any]:
    """A session on a fresh sandbox, which refuses replies with anything that the models do not fit."""
    from heymarket_async import AsyncSession

    async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, strict=True) as session:
        yield session


@pytest.fixture
def mocked() -> Iterator[aioresponses]:
    """Answers for every aiohttp session of this test, given as to `aioresponses`."""
    with mocked_aiohttp() as mock:
        yield mock


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run tests/truth at full length, and print figures")
    parser.addoption("--uvloop", action="store_true", help="run on uvloop all that asks for no event loop of its own")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--uvloop"):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    old_pandas = int(version("pandas").split(".")[0]) < 3
    for item in items:
        marker = item.get_closest_marker("not_on_uvloop")
        if marker is not None and config.getoption("--uvloop"):
            item.add_marker(pytest.mark.skip(reason=marker.args[0]))
        if old_pandas and item.get_closest_marker("pandas_3") is not None:
            item.add_marker(pytest.mark.skip(reason="pandas is older than 3"))


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the tests in tests/truth run at full length."""
    return bool(request.config.getoption("--full"))
