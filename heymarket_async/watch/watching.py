"""The loop over steps, as its reader sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, Self

from heymarket_async.clock import Clock
from heymarket_async.errors import SessionError
from heymarket_async.misuse import OnlyAsyncFor, OnlyAsyncWith
from heymarket_async.watch.plan import Plan
from heymarket_async.watch.watcher import PASSING, Batch, Watcher


class Source(Protocol):
    """Where batches come from: one team, or many."""

    async def take(self) -> Batch | None:
        """Return the next batch, or None where it has to be asked again."""
        ...

    async def rest(self) -> None:
        """End whatever is under way. Whoever asks again goes on where it was."""
        ...


class OneTeam:
    """The steps of one team, each when it is due, in the task that asks. So nothing is ever under way but that.

    Args:
        watcher: takes the steps.
        clock: tells the time.
        pause: waits so many seconds, and raises if the session is closed meanwhile.
    """

    def __init__(self, watcher: Watcher, clock: Clock, pause: Callable[[float], Awaitable[None]]) -> None:
        self._watcher = watcher
        self._clock = clock
        self._pause = pause

    async def take(self) -> Batch | None:
        """Wait until a step is due, and return what it found, if it did. What may pass is tried again later."""
        wait = self._watcher.due - self._clock.monotonic()
        if wait > 0:
            await self._pause(wait)
        try:
            return await self._watcher.step()
        except PASSING as error:
            self._watcher.failed(error)
            return None

    async def rest(self) -> None:
        """Do nothing: it rests whenever nobody asks."""


class BatchWatch(OnlyAsyncFor, OnlyAsyncWith):
    """The batches of changes of a session or a fleet, for `async for`, until it is closed.

    It polls while it is asked for the next batch. So a slow reader slows the polling, memory stays bounded, and
    `break` and cancellation leave nothing behind.

    Args:
        plan: what is watched.
        source: where the batches come from.
    """

    def __init__(self, plan: Plan, source: Source) -> None:
        self._plan = plan
        self._source = source
        self._scope: asyncio.Timeout | None = None
        self._left = asyncio.Event()
        self._left.set()
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<{type(self).__name__} of {', '.join(feed.name for feed in self._plan.feeds)} ({state})>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End it, also where another task waits for the next batch. What is not committed comes again next time.

        When it returns, nothing runs any more.
        """
        self._closed = True
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())
        await self._left.wait()
        await self._source.rest()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        """Return the next batch, as soon as a poll finds one.

        Raises:
            ApiError: of one session: the service refuses, and time does not help: `AuthenticationError`, for example.
            CheckpointError: of one session: a checkpoint in the store cannot be used, or the store cannot.
            CursorStalled: of one session: more things share one moment than the service shows.
            SessionClosed: the session, or the fleet, was closed.
        """
        if self._scope is not None:
            raise SessionError("Another task waits for this watch.", advice="Let one task read it, or make two.")
        self._left.clear()
        try:
            async with asyncio.timeout(None) as self._scope:
                while not self._closed:
                    batch = await self._source.take()
                    if batch is not None:
                        return batch
        except TimeoutError:
            if not self._closed:
                raise
        finally:
            self._scope = None
            self._left.set()
        raise StopAsyncIteration
