"""Fixtures for the tests of programs that use Heymarket. pytest finds them by itself.

For example:

    async def test_it(heymarket_sandbox, heymarket_session):
        heymarket_sandbox.teams[0].inboxes = [{"id": 42, "name": "Support"}]
        [inbox] = await heymarket_session.inboxes.list()

They need pytest-asyncio, in its auto mode or its strict mode.
"""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from heymarket_async.sandbox.server import Sandbox
    from heymarket_async.session import AsyncSession


if importlib.util.find_spec("pytest_asyncio") is not None:
    import pytest_asyncio

    @pytest_asyncio.fixture(name="heymarket_sandbox")
    async def running_sandbox() -> AsyncIterator[Sandbox]:
        """Give a running `heymarket_async.sandbox.Sandbox`, fresh for each test."""
        from heymarket_async.sandbox.server import Sandbox

        async with Sandbox() as sandbox:
            yield sandbox

    @pytest_asyncio.fixture(name="heymarket_session")
    async def session_on_sandbox(heymarket_sandbox: Sandbox) -> AsyncIterator[AsyncSession]:
        """Give an `AsyncSession` for the first team of `heymarket_sandbox`."""
        from heymarket_async.session import AsyncSession

        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            yield session

else:

    @pytest.fixture(name="heymarket_sandbox")
    def missing_sandbox() -> None:
        """Say what is missing."""
        _fail("heymarket_sandbox")

    @pytest.fixture(name="heymarket_session")
    def missing_session() -> None:
        """Say what is missing."""
        _fail("heymarket_session")

    def _fail(fixture: str) -> None:
        pytest.fail(f"The fixture {fixture} needs pytest-asyncio: pip install pytest-asyncio", pytrace=False)
