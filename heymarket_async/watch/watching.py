"""The loop over polls: nothing runs but what its reader asks for, so it leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

import attrs

from heymarket_async.errors import (
    CallError,
    RateBudgetExceeded,
    RateLimited,
    ReplyError,
    ServerError,
    SessionError,
    TransportError,
    UnexpectedStatus,
)
from heymarket_async.misuse import OnlyAsyncFor, OnlyAsyncWith
from heymarket_async.resources.runner import Runner
from heymarket_async.resources.team import GET_TEAM
from heymarket_async.watch.changes import Change
from heymarket_async.watch.checkpoint import Checkpoint
from heymarket_async.watch.feeds import Feed
from heymarket_async.watch.pace import jittered
from heymarket_async.watch.plan import Plan, PollEnded, PollFailed
from heymarket_async.watch.step import poll_once

_logger: Final = logging.getLogger(__name__)
# What may be over by the next poll. Anything else ends the watch, with an error.
_PASSING: Final = (TransportError, RateBudgetExceeded, RateLimited, ServerError, ReplyError, UnexpectedStatus)


class Batch:
    """What one poll of one feed found.

    Attributes:
        feed: the name of the feed.
        changes: gaps, then what has changed, the oldest first; never empty.
        checkpoint: where the feed goes on from here.
    """

    def __init__(
        self, feed: str, changes: tuple[Change[Any], ...], checkpoint: Checkpoint, save: Callable[[], Awaitable[None]]
    ) -> None:
        self.feed = feed
        self.changes = changes
        self.checkpoint = checkpoint
        self._save = save

    def __repr__(self) -> str:
        return f"<Batch of {len(self.changes)} changes in {self.feed}>"

    async def commit(self) -> None:
        """Say that these changes are handled, and those of earlier batches of the feed: they do not come again.

        Raises:
            CheckpointError: the store cannot keep that. They come again after a restart, unless a later batch is
                committed.
        """
        await self._save()


@attrs.define(eq=False)
class _Watched:
    """The state of one feed.

    Attributes:
        feed: the feed.
        key: the name of its checkpoint in the store.
        checkpoint: where the next poll goes on.
        saved: the last checkpoint that the store has.
        batches: how many batches were handed out.
        committed: the number of the last one that was committed, from 1.
        due: when the next poll is due, by the monotonic clock.
        interval: seconds between polls at present.
        failures: how many polls in a row have failed.
    """

    feed: Feed
    key: str
    checkpoint: Checkpoint | None
    saved: Checkpoint | None
    due: float
    interval: float
    batches: int = 0
    committed: int = 0
    failures: int = 0


class BatchWatch(OnlyAsyncFor, OnlyAsyncWith):
    """The batches of changes of a session's feeds, for `async for`, until it is closed.

    It polls when it is asked for the next batch, in the task that asks. So a slow reader slows the polling, there is
    one batch in memory at the most, and `break` and cancellation leave nothing behind.

    Args:
        session: performs the calls.
        plan: what is watched.
        pause: waits so many seconds, and raises if the session is closed meanwhile.
        chance: spreads the polls.
    """

    def __init__(
        self, session: Runner, plan: Plan, pause: Callable[[float], Awaitable[None]], chance: random.Random
    ) -> None:
        self._session = session
        self._plan = plan
        self._pause = pause
        self._chance = chance
        self._clock = session.clock
        self._team: int | None = None
        self._watched: list[_Watched] = []
        self._scope: asyncio.Timeout | None = None
        self._closed = False
        self._failures = 0

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<{type(self).__name__} of {', '.join(feed.name for feed in self._plan.feeds)} ({state})>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End it, also where another task waits for the next batch. What is not committed comes again next time."""
        self._closed = True
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        """Return the next batch, as soon as a poll finds one.

        Raises:
            ApiError: the service refuses, and time does not help: `AuthenticationError`, for example.
            CheckpointError: a checkpoint in the store cannot be used, or the store cannot.
            CursorStalled: more things share one moment than the service shows.
            SessionClosed: the session was closed.
        """
        if self._scope is not None:
            raise SessionError("Another task waits for this watch.", advice="Let one task read it, or make two.")
        try:
            async with asyncio.timeout(None) as self._scope:
                while not self._closed:
                    if not self._watched:
                        await self._begin()
                        continue
                    watched = min(self._watched, key=lambda each: each.due)
                    wait = watched.due - self._clock.monotonic()
                    if wait > 0:
                        await self._pause(wait)
                    batch = await self._poll(watched)
                    if batch is not None:
                        return batch
        except TimeoutError:
            if not self._closed:
                raise
        finally:
            self._scope = None
        raise StopAsyncIteration

    async def _begin(self) -> None:
        """Learn whose session it is, and load the checkpoints."""
        if self._team is None:
            try:
                self._team = (await self._session.run(GET_TEAM.call())).id
            except _PASSING as error:
                self._failures += 1
                await self._pause(self._failed("team", error, self._failures))
                return
        watched: list[_Watched] = []
        for feed in self._plan.feeds:
            key = f"{self._plan.name}/{self._team}/{feed.name}"
            text = await self._plan.store.load(key)
            checkpoint = None if text is None else Checkpoint.from_json(text)
            if checkpoint is not None:
                checkpoint.check(feed, self._team)
            watched.append(
                _Watched(
                    feed=feed,
                    key=key,
                    checkpoint=checkpoint,
                    saved=checkpoint,
                    due=self._clock.monotonic(),
                    interval=self._plan.pace.floor,
                )
            )
        self._watched = watched

    async def _poll(self, watched: _Watched) -> Batch | None:
        """Poll a feed that is due, and return what it found, if it did."""
        pace, began = self._plan.pace, self._clock.monotonic()
        since = self._plan.since if watched.checkpoint is None else None
        try:
            polled = await poll_once(self._session, watched.feed, watched.checkpoint, since=since, team=self._team)
        except _PASSING as error:
            watched.failures += 1
            watched.due = self._clock.monotonic() + self._failed(watched.feed.name, error, watched.failures)
            watched.interval = pace.after_quiet(watched.interval)
            return None
        watched.failures = 0
        was_quiet = watched.checkpoint is not None and not polled.changes
        watched.interval = pace.after_quiet(watched.interval) if was_quiet else pace.floor
        next_in = jittered(watched.interval, self._chance)
        late, watched.due = max(began - watched.due, 0.0), began + next_in
        watched.checkpoint = polled.checkpoint
        elapsed = self._clock.monotonic() - began
        self._tell(
            PollEnded(feed=watched.feed.name, changes=len(polled.changes), late=late, elapsed=elapsed, next_in=next_in)
        )
        if polled.changes:
            watched.batches += 1
            return self._batch(watched, polled.changes, polled.checkpoint)
        # Where a batch is not committed, nothing that was polled after it may be saved.
        if watched.committed == watched.batches and watched.saved != polled.checkpoint:
            await self._save(watched, polled.checkpoint)
        return None

    def _batch(self, watched: _Watched, changes: tuple[Change[Any], ...], checkpoint: Checkpoint) -> Batch:
        number = watched.batches

        async def save() -> None:
            if number > watched.committed:
                await self._save(watched, checkpoint)
                watched.committed = number

        return Batch(watched.feed.name, changes, checkpoint, save)

    async def _save(self, watched: _Watched, checkpoint: Checkpoint) -> None:
        await self._plan.store.save(watched.key, checkpoint.to_json())
        watched.saved = checkpoint

    def _failed(self, feed: str, error: CallError, failures: int) -> float:
        """Tell of a failure, and return how long to wait."""
        asked = error.retry_after if isinstance(error, RateLimited) else None
        asked = error.wait if isinstance(error, RateBudgetExceeded) else asked
        next_in = max(jittered(self._plan.pace.after_failure(failures), self._chance), asked or 0.0)
        _logger.warning("A poll of %s failed, %d in a row; the next in %.1f s: %s", feed, failures, next_in, error)
        self._tell(PollFailed(feed=feed, error=error, failures=failures, next_in=next_in))
        return next_in

    def _tell(self, event: PollEnded | PollFailed) -> None:
        if self._plan.listener is None:
            return
        try:
            self._plan.listener(event)
        except Exception:
            _logger.exception("A listener failed on %s of %s.", type(event).__name__, event.feed)
