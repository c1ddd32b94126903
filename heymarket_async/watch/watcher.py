"""One team, watched a step at a time: whatever watches, one team or many, takes these steps."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs

from heymarket_async.errors import (
    HeymarketError,
    RateBudgetExceeded,
    RateLimited,
    ReplyError,
    ServerError,
    TransportError,
    UnexpectedStatus,
)
from heymarket_async.resources.runner import Runner
from heymarket_async.resources.team import GET_TEAM
from heymarket_async.watch.changes import Change
from heymarket_async.watch.checkpoint import Checkpoint
from heymarket_async.watch.feeds import Feed
from heymarket_async.watch.pace import jittered
from heymarket_async.watch.plan import Plan, PollEnded, PollFailed
from heymarket_async.watch.step import poll_once

_logger: Final = logging.getLogger(__name__)
# What may be over by the next poll.
PASSING: Final = (TransportError, RateBudgetExceeded, RateLimited, ServerError, ReplyError, UnexpectedStatus)


class Batch:
    """What one poll of one feed found.

    Attributes:
        team: what a `Fleet` calls the team; None if the session has no name.
        feed: the name of the feed.
        changes: gaps, then what has changed, the oldest first; never empty.
        checkpoint: where the feed goes on from here.
    """

    __slots__ = ("_save", "changes", "checkpoint", "feed", "team")

    def __init__(
        self,
        team: str | None,
        feed: str,
        changes: tuple[Change[Any], ...],
        checkpoint: Checkpoint,
        save: Callable[[], Awaitable[None]],
    ) -> None:
        self.team: str | None = team
        self.feed: str = feed
        self.changes: tuple[Change[Any], ...] = changes
        self.checkpoint: Checkpoint = checkpoint
        self._save = save

    def __repr__(self) -> str:
        whose = "" if self.team is None else f" of {self.team!r}"
        return f"<Batch of {len(self.changes)} changes in {self.feed}{whose}>"

    async def commit(self) -> None:
        """Say that these changes are handled, and those of earlier batches of the feed: they do not come again.

        Raises:
            CheckpointError: the store cannot keep that. They come again after a restart, unless a later batch is
                committed.
        """
        await self._save()


@attrs.define(eq=False)
class _Turn:
    """Something that is done when it is due: the beginning, and then the polls of each feed.

    Attributes:
        name: what it is, in words.
        due: when it is due, by the monotonic clock.
        failures: how often in a row it has failed.
    """

    name: str
    due: float
    failures: int = 0


@attrs.define(eq=False, kw_only=True)
class _Watched(_Turn):
    """The state of one feed.

    Attributes:
        feed: the feed.
        key: the name of its checkpoint in the store.
        checkpoint: where the next poll goes on.
        saved: the last checkpoint that the store has.
        interval: seconds between polls at present.
        batches: how many batches were handed out.
        committed: the number of the last one that was committed, from 1.
        committing: is held by a commit, so that one that is earlier never arrives after one that is later.
    """

    feed: Feed
    key: str
    checkpoint: Checkpoint | None
    saved: Checkpoint | None
    interval: float
    batches: int = 0
    committed: int = 0
    committing: asyncio.Lock = attrs.field(factory=asyncio.Lock)


class Watcher:
    """Watches the feeds of one team. It does nothing by itself: each step is one poll, of the feed that is due.

    Args:
        session: performs the calls.
        plan: what is watched.
        chance: spreads the polls.
        claim: is told of the watcher and of the id of its team, once that is known; it may raise.

    Attributes:
        name: what a `Fleet` calls the team; None if the session has no name.
        team: the id of the team; None until it is known.
    """

    __slots__ = (
        *("__weakref__", "_chance", "_claim", "_clock", "_feeds", "_is_retired", "_plan", "_session", "_start"),
        *("name", "team"),
    )

    def __init__(
        self,
        session: Runner,
        plan: Plan,
        chance: random.Random,
        claim: Callable[[Watcher, int], None] = lambda _, __: None,
    ) -> None:
        self._session = session
        self._plan = plan
        self._chance = chance
        self._claim = claim
        self._clock = session.clock
        self._start = _Turn("team", self._clock.monotonic())
        self.name: str | None = session.name
        self.team: int | None = None
        self._feeds: list[_Watched] = []
        self._is_retired = False

    @property
    def due(self) -> float:
        """When the next step is due, by the monotonic clock."""
        return self._next().due

    async def step(self) -> Batch | None:
        """Do what is due the most, and return what it found, if it did. A step that is cancelled has changed nothing.

        Raises:
            CallError: a request did not succeed.
            CheckpointError: a checkpoint in the store cannot be used, or the store cannot.
            CursorStalled: more things share one moment than the service shows.
        """
        turn = self._next()
        if isinstance(turn, _Watched):
            return await self._poll(turn)
        await self._begin()
        return None

    def failed(self, error: Exception, not_before: float = 0.0) -> None:
        """Tell why the last step has failed, and take it again after a pause.

        Args:
            error: what it raised.
            not_before: when that is at the earliest, by the monotonic clock.
        """
        turn, pace = self._next(), self._plan.pace
        turn.failures += 1
        if isinstance(turn, _Watched):
            turn.interval = pace.after_quiet(turn.interval)
        now, pause = self._clock.monotonic(), jittered(pace.after_failure(turn.failures), self._chance)
        turn.due = max(now + max(pause, _asked_for(error)), not_before)
        next_in = turn.due - now
        team = self.name
        _logger.warning(
            "A poll of %s%s failed, %d in a row; the next in %.1f s: %s",
            *(turn.name, _of(team), turn.failures, next_in, error),
            exc_info=None if isinstance(error, HeymarketError) else error,
        )
        self._tell(PollFailed(team=team, feed=turn.name, error=error, failures=turn.failures, next_in=next_in))

    def retire(self) -> None:
        """Save nothing from now on: another watcher has the team, and tells what was not committed."""
        self._is_retired = True

    def _next(self) -> _Turn:
        return min(self._feeds, key=lambda feed: feed.due) if self._feeds else self._start

    async def _begin(self) -> None:
        """Learn whose session it is, and load the checkpoints."""
        if self.team is None:
            self.team = (await self._session.run(GET_TEAM.call())).id
        self._claim(self, self.team)
        feeds: list[_Watched] = []
        for feed in self._plan.feeds:
            key = self._plan.key(self.team, feed)
            text = await self._plan.store.load(key)
            checkpoint = None if text is None else Checkpoint.from_json(text)
            if checkpoint is not None:
                checkpoint.check(feed, self.team)
            feeds.append(
                _Watched(
                    name=feed.name,
                    due=self._clock.monotonic(),
                    feed=feed,
                    key=key,
                    checkpoint=checkpoint,
                    saved=checkpoint,
                    interval=self._plan.pace.floor,
                )
            )
        self._feeds = feeds

    async def _poll(self, watched: _Watched) -> Batch | None:
        """Poll a feed, and return what it found, if it did."""
        pace, began = self._plan.pace, self._clock.monotonic()
        since = self._plan.since if watched.checkpoint is None else None
        was_known = watched.checkpoint is not None
        polled = await poll_once(self._session, watched.feed, watched.checkpoint, since=since, team=self.team)
        elapsed = self._clock.monotonic() - began
        watched.checkpoint = polled.checkpoint
        # Where a batch is not committed, nothing that was polled after it may be saved.
        if not polled.changes and watched.committed == watched.batches and watched.saved != polled.checkpoint:
            await self._save(watched, polled.checkpoint)
        watched.failures = 0
        watched.interval = pace.floor if polled.changes or not was_known else pace.after_quiet(watched.interval)
        next_in = jittered(watched.interval, self._chance)
        late, watched.due = max(began - watched.due, 0.0), began + next_in
        self._tell(
            PollEnded(
                team=self.name,
                feed=watched.name,
                changes=len(polled.changes),
                late=late,
                elapsed=elapsed,
                next_in=next_in,
            )
        )
        if not polled.changes:
            return None
        # Nothing is awaited from the poll to here: a step that is cancelled has not gone on.
        watched.batches += 1
        return self._batch(watched, polled.changes, polled.checkpoint)

    def _batch(self, watched: _Watched, changes: tuple[Change[Any], ...], checkpoint: Checkpoint) -> Batch:
        number = watched.batches

        async def save() -> None:
            async with watched.committing:
                if number > watched.committed:
                    await self._save(watched, checkpoint)
                    watched.committed = number

        return Batch(self.name, watched.name, changes, checkpoint, save)

    async def _save(self, watched: _Watched, checkpoint: Checkpoint) -> None:
        if not self._is_retired:
            await self._plan.store.save(watched.key, checkpoint.to_json())
        watched.saved = checkpoint

    def _tell(self, event: PollEnded | PollFailed) -> None:
        if self._plan.listener is None:
            return
        try:
            self._plan.listener(event)
        except Exception:
            _logger.exception("A listener failed on %s of %s%s.", type(event).__name__, event.feed, _of(event.team))


def _asked_for(error: Exception) -> float:
    """Return the seconds that the service, or the rate limit, wants to have passed before the next request."""
    if isinstance(error, RateLimited):
        return error.retry_after or 0.0
    return error.wait if isinstance(error, RateBudgetExceeded) else 0.0


def _of(team: str | None) -> str:
    return "" if team is None else f" of team {team!r}"
