"""The fixtures of `pytest_plugin` on each of the event loops that pytest-asyncio has, one for every scope.

It wants to know the scope of the loop where a fixture is written, so there is one fixture for each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest_asyncio

from heymarket_async.sandbox.pytest_plugin import fixture_name, new_sandbox, new_session

if TYPE_CHECKING:
    from heymarket_async.sandbox.server import Sandbox
    from heymarket_async.session import AsyncSession


def _sandbox_on(scope: Any) -> Any:
    @pytest_asyncio.fixture(loop_scope=scope, name=fixture_name("sandbox", scope))
    async def running() -> AsyncIterator[Sandbox]:
        async with new_sandbox() as sandbox:
            yield sandbox

    return running


def _session_on(scope: Any) -> Any:
    @pytest_asyncio.fixture(loop_scope=scope, name=fixture_name("session", scope))
    async def opened(heymarket_sandbox: Sandbox) -> AsyncIterator[AsyncSession]:
        async with new_session(heymarket_sandbox) as session:
            yield session

    return opened


# None is the loop that fixtures have if nothing else is said.
usual_sandbox: Any = _sandbox_on(None)
usual_session: Any = _session_on(None)
function_sandbox: Any = _sandbox_on("function")
function_session: Any = _session_on("function")
class_sandbox: Any = _sandbox_on("class")
class_session: Any = _session_on("class")
module_sandbox: Any = _sandbox_on("module")
module_session: Any = _session_on("module")
package_sandbox: Any = _sandbox_on("package")
package_session: Any = _session_on("package")
session_sandbox: Any = _sandbox_on("session")
session_session: Any = _session_on("session")
