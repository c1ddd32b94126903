"""Many calls at once on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from benchmarks.peers import Lister, Peer


async def crowd(list_inboxes: Lister, concurrency: int, times: int) -> None:
    """Call so many times in all, of which `concurrency` are under way at any moment."""
    numbers = iter(range(times))

    async def one_after_another() -> None:
        for _ in numbers:
            await list_inboxes()

    await asyncio.gather(*(one_after_another() for _ in range(concurrency)))


class Crowds:
    """A loop on which peers are open until the block ends, and whose crowds can be measured from outside of it."""

    def __enter__(self) -> Crowds:
        self._runner = asyncio.Runner().__enter__()
        self._open = AsyncExitStack()
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._open.aclose())
        self._runner.close()

    def enter(self, peer: Peer, url: str) -> Lister:
        """Open a peer for a server."""
        return self._runner.run(self._open.enter_async_context(peer(url)))

    def of(self, list_inboxes: Lister, concurrency: int) -> Callable[[int], None]:
        """Return what calls so many times with this concurrency."""
        return lambda times: self._runner.run(crowd(list_inboxes, concurrency, times))
