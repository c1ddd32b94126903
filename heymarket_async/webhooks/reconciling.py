"""Webhooks and polling as one: what a webhook has lost, a poll finds, and each event is handled once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

from heymarket_async.arguments import wrong
from heymarket_async.watch.changes import Added, Change, Changed, Gap
from heymarket_async.webhooks.events import EventSource, WebhookEvent
from heymarket_async.webhooks.ledger import Ledger, Taken
from heymarket_async.webhooks.parsing import event_of
from heymarket_async.webhooks.receiver import Receiver, check_receiver
from heymarket_async.webhooks.telling import GapSeen
from heymarket_async.webhooks.window import sign_of


class Changes(Protocol):
    """What `reconcile` needs of a batch of changes."""

    @property
    def changes(self) -> Iterable[Change[Any]]:
        """The changes."""
        ...

    def commit(self) -> Awaitable[None]:
        """Say that they are handled."""
        ...


class ChangesWatch(Protocol):
    """What `reconcile` needs of a watch."""

    def __aiter__(self) -> AsyncIterator[Changes]:
        """Return its batches."""
        ...


async def reconcile(receiver: Receiver, watch: ChangesWatch) -> None:
    """Give what a watch finds to the handlers of a receiver, unless a webhook has told it. It ends with the watch.

        async with receiver, asyncio.TaskGroup() as group:
            watch = heymarket.watch_batches("messages", "conversations", store="state.db")
            group.create_task(reconcile(receiver, watch))

    Each event comes once, from whichever source is first; `event.source` says which. A batch of the watch is committed
    when its events are handled or parked, or are in the receiver's store.

    Args:
        receiver: a receiver that is open.
        watch: `session.watch_batches(...)` or `fleet.watch_batches(...)`.

    Raises:
        ArgumentError: it is no receiver, or no watch of batches.
        ReceiverError: the receiver is not open.
        HeymarketError: whatever the watch raises.
    """
    ledger = check_receiver(receiver).ledger
    workers = ledger.check()
    if not hasattr(watch, "__aiter__"):
        raise wrong("watch", f"must be a watch of batches, not {type(watch).__name__}")
    async for batch in watch:
        if not hasattr(batch, "commit"):
            raise wrong("watch", "must give batches", "Pass watch_batches(...), not watch(...).")
        keys: list[str] = []
        for change in batch.changes:
            if isinstance(change, Gap):
                receiver.teller.tell(GapSeen(feed=change.feed, since=change.since, until=change.until))
            for event, before in events_of(change):
                if not await _take(ledger, event, before, keys):
                    return
        if not ledger.has_store:
            await ledger.ended(keys)
        if ledger.closing or ledger.workers is not workers:
            return  # It was closed, and what it left comes again.
        await batch.commit()


def events_of(change: Change[Any]) -> Iterator[tuple[WebhookEvent, datetime | None]]:
    """Yield the events that a webhook would have told of a change, each with the `at` that the thing had before."""
    if isinstance(change, Added | Changed):
        before = change.was_at if isinstance(change, Changed) else None
        for kind in change.kinds:
            yield event_of(kind, change.after, EventSource.POLL), before


async def _take(ledger: Ledger, event: WebhookEvent, before: datetime | None, keys: list[str]) -> bool:
    """Let a ledger take an event when there is room, and say whether it did: it does not when it closes."""
    sign = sign_of(event, before)
    while not ledger.closing:
        taken = await ledger.take(event, sign)
        if taken is not Taken.BUSY:
            keys.append(ledger.key_of(sign) or sign.key)
            return True
        await ledger.room()
    return False
