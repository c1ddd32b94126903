"""Work that waits for a disk, done beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(act: Callable[[], T]) -> T:
    """Do something in a thread. Whoever is cancelled meanwhile waits for its end: nothing is written later on."""
    work = asyncio.ensure_future(asyncio.to_thread(act))
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:  # Of which there may be several.
            cancelled = error
    if cancelled is not None:
        if not work.cancelled():
            work.exception()  # So that nobody complains that it was not asked for.
        raise cancelled
    return work.result()
