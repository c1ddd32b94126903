"""Watching as a session offers it. A program that watches nothing imports nothing of it."""

from __future__ import annotations

import random
from abc import abstractmethod
from typing import TYPE_CHECKING, Self, Unpack

from heymarket_async.errors import SessionClosed
from heymarket_async.lanes import Lane
from heymarket_async.resources.nouns import Nouns

if TYPE_CHECKING:
    from heymarket_async.engine import Engine
    from heymarket_async.watch.feeds import Feed
    from heymarket_async.watch.one_by_one import Watch
    from heymarket_async.watch.plan import WatchSettings
    from heymarket_async.watch.watching import BatchWatch


class Watches(Nouns):
    """The nouns of a session, which can be watched."""

    _engine: Engine

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether it was closed."""

    @abstractmethod
    def with_options(self, *, lane: Lane | None = None) -> Self:
        """Return a copy whose calls are less urgent, or more."""

    def watch(self, *feeds: Feed | str, **settings: Unpack[WatchSettings]) -> Watch:
        """Return what changes from now on, for `async for`.

            async for change in heymarket.watch("messages", "conversations", store="state.db"):
                ...

        Each change comes at least once. It counts as handled when the change after it is asked for; docs/watching.md
        has the exact guarantee.

        Args:
            *feeds: what to watch: `inboxes`, `team`, `conversations`, `messages`, `contacts`, `templates`, `tags` or
                `lists`; or a `Feed` with settings.
            **settings: as `WatchSettings` describes.

        Raises:
            ArgumentError: an argument makes no sense. No request was made.
        """
        from heymarket_async.watch.one_by_one import Watch

        return Watch(self.watch_batches(*feeds, **settings))

    def watch_batches(self, *feeds: Feed | str, **settings: Unpack[WatchSettings]) -> BatchWatch:
        """Return what changes from now on in batches, one for each poll that found something.

            async for batch in heymarket.watch_batches("messages", store="state.db"):
                ...
                await batch.commit()

        Args:
            *feeds: what to watch, as for `watch`.
            **settings: as `WatchSettings` describes.

        Raises:
            ArgumentError: an argument makes no sense. No request was made.
        """
        from heymarket_async.watch.plan import Plan
        from heymarket_async.watch.watcher import Watcher
        from heymarket_async.watch.watching import BatchWatch, OneTeam

        plan = Plan.make(feeds, **settings)
        watcher = Watcher(self.with_options(lane=Lane.POLL), plan, random.Random())
        return BatchWatch(plan, OneTeam(watcher, self.clock, self._pause))

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the session is closed."""
        with self._engine.pool.block():
            if self.closed:  # A copy, whose connections live on.
                raise SessionClosed("This session is closed.")
            await self.clock.sleep(seconds)
