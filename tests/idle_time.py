"""Time that passes only when nothing else happens, for tests that say when something ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from heymarket_async.testing.virtual_time import IdleTimeLoop
from heymarket_async.testing.virtual_time import run_in_virtual_time as run

__all__ = ["IdleTimeLoop", "run", "settled"]


async def settled(condition: Callable[[], object], turns: int = 200) -> None:
    """Let other tasks run until `condition` holds, which it must soon do, and without time passing."""
    for _ in range(turns):
        if condition():
            return
        await asyncio.sleep(0)
    assert condition()
