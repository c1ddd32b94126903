"""The changes of a watch one by one, each batch committed when it is handled."""

from __future__ import annotations

from collections import deque
from typing import Any, Self

from heymarket_async.misuse import OnlyAsyncFor, OnlyAsyncWith
from heymarket_async.watch.changes import Change
from heymarket_async.watch.watcher import Batch
from heymarket_async.watch.watching import BatchWatch


class Watch(OnlyAsyncFor, OnlyAsyncWith):
    """The changes of a session or a fleet, one by one, for `async for`, until it is closed.

    When it is asked for the change after the last one of a batch, that batch counts as handled and is committed.

    Args:
        batches: the batches that it takes apart.
    """

    def __init__(self, batches: BatchWatch) -> None:
        self._batches = batches
        self._batch: Batch | None = None
        self._left: deque[Change[Any]] = deque()

    def __repr__(self) -> str:
        return repr(self._batches).replace("BatchWatch", "Watch", 1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End it, also where another task waits for the next change. What is not handled comes again next time."""
        await self._batches.aclose()
        self._left.clear()
        self._batch = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change[Any]:
        """Return the next change, as soon as there is one.

        Raises:
            ApiError: of one session: the service refuses, and time does not help: `AuthenticationError`, for example.
            CheckpointError: a checkpoint, of one session, in the store cannot be used, or the store cannot.
            CursorStalled: of one session: more things share one moment than the service shows.
            SessionClosed: the session, or the fleet, was closed.
        """
        if not self._left:
            if self._batch is not None:
                await self._batch.commit()
                self._batch = None
            self._batch = await anext(self._batches)
            self._left.extend(self._batch.changes)
        return self._left.popleft()
