"""Fixtures for the tests of programs that use Heymarket. pytest finds them by itself.

For example:

    async def test_it(heymarket_sandbox):
        heymarket_sandbox.teams[0].inboxes = [{"id": 42, "name": "Support"}]
        ...

They need pytest-asyncio, in its auto mode or its strict mode.
"""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from heymarket_async.sandbox.server import Sandbox


if importlib.util.find_spec("pytest_asyncio") is not None:
    import pytest_asyncio

    @pytest_asyncio.fixture(name="heymarket_sandbox")
    async def running_sandbox() -> AsyncIterator[Sandbox]:
        """Give a running `heymarket_async.sandbox.Sandbox`, fresh for each test."""
        from heymarket_async.sandbox.server import Sandbox

        async with Sandbox() as sandbox:
            yield sandbox

else:

    @pytest.fixture(name="heymarket_sandbox")
    def missing_sandbox() -> None:
        """Say what is missing."""
        pytest.fail("The fixture heymarket_sandbox needs pytest-asyncio: pip install pytest-asyncio", pytrace=False)
