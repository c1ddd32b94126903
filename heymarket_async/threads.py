"""Work that waits for a disk, done beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(act: Callable[[], T]) -> T:
    """Do something in a thread. Whoever is cancelled meanwhile waits for its end: nothing is written later on."""
    work = asyncio.ensure_future(asyncio.to_thread(act))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
