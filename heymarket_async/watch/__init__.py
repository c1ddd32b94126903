"""Watching what changes: one pure step, checkpoints and their stores, and the loop over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heymarket_async._lazy import lazy_names

if TYPE_CHECKING:
    from heymarket_async.watch.changes import Added, Change, Changed, Gap, Removed
    from heymarket_async.watch.checkpoint import Checkpoint
    from heymarket_async.watch.feeds import Feed
    from heymarket_async.watch.one_by_one import Watch
    from heymarket_async.watch.plan import PollEnded, PollFailed, PollListener, WatchSettings
    from heymarket_async.watch.step import Polled, poll_once
    from heymarket_async.watch.stores import MemoryStore, SqliteStore, Store
    from heymarket_async.watch.watcher import Batch
    from heymarket_async.watch.watching import BatchWatch
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "changes": (
                "Added",
                "Change",
                "Changed",
                "Gap",
                "Removed",
            ),
            "checkpoint": ("Checkpoint",),
            "feeds": ("Feed",),
            "one_by_one": ("Watch",),
            "plan": (
                "PollEnded",
                "PollFailed",
                "PollListener",
                "WatchSettings",
            ),
            "step": (
                "Polled",
                "poll_once",
            ),
            "stores": (
                "MemoryStore",
                "SqliteStore",
                "Store",
            ),
            "watcher": ("Batch",),
            "watching": ("BatchWatch",),
        },
    )

__all__ = [
    "Added",
    "Batch",
    "BatchWatch",
    "Change",
    "Changed",
    "Checkpoint",
    "Feed",
    "Gap",
    "MemoryStore",
    "PollEnded",
    "PollFailed",
    "PollListener",
    "Polled",
    "Removed",
    "SqliteStore",
    "Store",
    "Watch",
    "WatchSettings",
    "poll_once",
]
