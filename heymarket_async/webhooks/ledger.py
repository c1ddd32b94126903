"""The life of an event that was taken in: written down, handled, done or parked, and remembered for a while."""

from __future__ import annotations

import asyncio
import enum
import random
from collections import Counter
from collections.abc import Collection
from functools import partial
from typing import Final

from heymarket_async.clock import Clock
from heymarket_async.records import Record
from heymarket_async.retry import Retries
from heymarket_async.webhooks.errors import ReceiverError
from heymarket_async.webhooks.events import EventSource, WebhookEvent
from heymarket_async.webhooks.parsing import Parser, reread, written
from heymarket_async.webhooks.routes import Handler, Routes, name_of
from heymarket_async.webhooks.store import EventStore, Row, RowState
from heymarket_async.webhooks.telling import EventParked, EventsLeft, HandlerFailed, StoreFailed, Teller
from heymarket_async.webhooks.window import Sign, Window
from heymarket_async.webhooks.work import Held, Workers

# Seconds until a store that has failed is tried again.
_PAUSE: Final = 1.0


class Taken(enum.Enum):
    """What has become of an event that somebody brought."""

    TAKEN = "taken"
    KNOWN = "known"
    """It was taken before."""
    BUSY = "busy"
    """There is no room for it, or it could not be written down: it has to be brought again."""


class Limits(Record, frozen=True):
    """How much a ledger holds, and for how long.

    Attributes:
        workers: events that are with their handlers at a time.
        held: events that are not handled.
        parked: events that are parked.
        remembered: events that are done.
        seconds: for how long these are remembered.
        retries: how often and how patiently an event goes to handlers that failed.
    """

    workers: int
    held: int
    parked: int
    remembered: int
    seconds: float
    retries: Retries


class Ledger:
    """Holds events from when they are taken in until they are forgotten.

    Args:
        limits: how many, and for how long.
        routes: the handlers.
        parser: reads what the store holds.
        store: keeps events over a crash, if that is wanted.
        teller: is told of failures.
        clock: tells the time.

    Attributes:
        counts: what has happened so far.
        parked: the events whose handlers have failed too often, the oldest first.
        closing: whether nothing is taken in any more.
    """

    def __init__(
        self, limits: Limits, routes: Routes, parser: Parser, store: EventStore | None, teller: Teller, clock: Clock
    ) -> None:
        self._limits = limits
        self._routes = routes
        self._parser = parser
        self._store = store
        self._teller = teller
        self._clock = clock
        self._window = self._new_window()
        self._workers: Workers | None = None
        self._opening = False
        self._held: dict[str, Held] = {}
        self._writing: dict[str, asyncio.Future[None]] = {}
        self._closed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self.counts: Counter[str] = Counter()
        self.parked: dict[str, Held] = {}
        self.closing: bool = False

    def __len__(self) -> int:
        return len(self._held)

    @property
    def has_store(self) -> bool:
        """Whether events survive a crash."""
        return self._store is not None

    @property
    def is_open(self) -> bool:
        """Whether events can be taken in."""
        return self._workers is not None

    @property
    def workers(self) -> Workers | None:
        """Who gives events to their handlers, while it is open."""
        return self._workers

    def check(self) -> Workers:
        """Return who gives events to their handlers, if it can be asked from here.

        Raises:
            ReceiverError: the ledger is not open, or on another event loop.
        """
        if self._workers is None:
            raise ReceiverError(
                "This receiver is not open.", advice="Serve within `async with receiver:`, or open() and close() it."
            )
        if asyncio.get_running_loop() is not self._loop:
            raise ReceiverError(
                "This receiver is open on another event loop.", advice="Use one receiver for each event loop."
            )
        return self._workers

    async def open(self) -> None:
        """Begin to work, first at what an earlier process has left.

        Raises:
            ReceiverError: it is open.
            EventStoreError: the store cannot be used.
        """
        if self._workers is not None or self._opening:
            raise ReceiverError("This receiver is open.", advice="Open it once, for the life of the program.")
        self._opening = True
        try:
            rows = [] if self._store is None else await self._store.open()
        finally:
            self._opening = False
        if self._store is not None:
            self._window = self._new_window()
            self.parked.clear()
        self.closing, self._loop = False, asyncio.get_running_loop()
        self._workers = Workers(
            clock=self._clock,
            most=self._limits.workers,
            retries=self._limits.retries,
            chance=random.Random(),
            on_failure=self._on_failure,
            on_end=self._on_end,
        )
        for row in rows:
            self._restore(row, self._workers)

    async def close(self, grace: float) -> None:
        """Take nothing in any more, let the handlers finish within `grace` seconds, and close the store."""
        if self._workers is None:
            return
        if self.closing:
            await self._closed.wait()
            return
        self.closing, self._closed = True, asyncio.Event()
        try:
            await self._all_written()
            await self._workers.end(grace)
        finally:
            self._workers.stop()
            self._leave()
            try:
                if self._store is not None:
                    await self._store.close()
            finally:
                self._workers = None
                self._closed.set()

    def _leave(self) -> None:
        """Let go of what is not handled. What is in the store comes with the next start."""
        left, self._held = self._held, {}
        self._tell_waiters()
        for key in left:
            self._window.forget(key)
        if left:
            self._teller.tell(EventsLeft(number=len(left), kept=self._store is not None))

    async def settle(self) -> None:
        """Wait until every event is handled or parked."""
        await self._all_written()
        if self._workers is not None:
            await self._workers.settle()

    async def take(self, event: WebhookEvent, sign: Sign) -> Taken:
        """Take in an event, unless it is known. When it is taken, it is written down.

        Args:
            event: it.
            sign: what it is known by.

        Raises:
            ReceiverError: the ledger is not open, or on another event loop.
        """
        workers = self.check()
        known = self._window.find(sign)
        if known is not None:
            return await self._take_again(known, event)
        handlers = self._routes.handlers_of(event)
        if not handlers:
            self.counts["unhandled"] += 1
            return Taken.TAKEN
        if self._is_full:
            return Taken.BUSY
        self.counts["accepted"] += 1
        self.counts["from_polls"] += event.source is EventSource.POLL
        held = Held(event, sign.key, handlers)
        self._held[sign.key] = held
        self._window.add(sign)
        if self._store is None:
            workers.add(held)
            return Taken.TAKEN
        writing = self._store.put(Row(sign, RowState.IN_WORK, self._clock.wall(), written(event)))
        self._writing[sign.key] = writing
        # Not by whoever waits below: that one may be cancelled, for instance when the sender has gone.
        writing.add_done_callback(partial(self._written, held, workers))
        return await self._taken_after(writing)

    def key_of(self, sign: Sign) -> str | None:
        """Return the key under which an event is known, if it is."""
        return self._window.find(sign)

    async def ended(self, keys: Collection[str]) -> None:
        """Wait until these events are handled, parked or left."""
        while any(key in self._held for key in keys):
            await self._next_end()

    async def room(self) -> None:
        """Wait until an event that was not taken in may be brought again."""
        if self.closing:
            return
        if self._is_full:
            await self._next_end()
        else:  # The store has failed.
            await self._clock.sleep(_PAUSE)

    async def _next_end(self) -> None:
        """Wait until the next event is handled, parked or left."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def replay(self, key: str) -> None:
        """Give a parked event to the handlers that failed.

        Raises:
            ReceiverError: the ledger closes, is not open, or on another event loop.
        """
        workers = self.check()
        if self.closing:
            raise ReceiverError("This receiver closes.", advice="Replay what is parked after the next start.")
        held = self.parked.pop(key)
        held.attempts = 0
        self._held[key] = held
        if self._store is not None:
            self._note(self._store.note(key, RowState.IN_WORK, self._clock.wall()))
        workers.add(held)

    def _new_window(self) -> Window:
        return Window(self._clock, self._limits.seconds, self._limits.remembered)

    @property
    def _is_full(self) -> bool:
        return self.closing or len(self._held) >= self._limits.held

    async def _all_written(self) -> None:
        while self._writing:
            await asyncio.wait([*self._writing.values()])

    async def _take_again(self, key: str, event: WebhookEvent) -> Taken:
        """Take a repeat, whose sender must not hear yes before the first one does."""
        writing = self._writing.get(key)
        if writing is not None:
            taken = await self._taken_after(writing)
            return Taken.KNOWN if taken is Taken.TAKEN else taken
        if key in self.parked and event.source is EventSource.WEBHOOK:
            if self._is_full:
                return Taken.BUSY
            self.replay(key)
        return Taken.KNOWN

    async def _taken_after(self, writing: asyncio.Future[None]) -> Taken:
        await asyncio.wait([writing])
        return Taken.TAKEN if writing.exception() is None else Taken.BUSY

    def _written(self, held: Held, workers: Workers, writing: asyncio.Future[None]) -> None:
        del self._writing[held.key]
        if self._held.get(held.key) is not held:
            return  # Nobody waited for it when the receiver closed.
        error = writing.exception()
        if error is None:
            workers.add(held)
            return
        self.counts["accepted"] -= 1
        self.counts["from_polls"] -= held.event.source is EventSource.POLL
        del self._held[held.key]
        self._window.forget(held.key)
        self._store_failed(error)

    def _on_failure(self, held: Held, handler: Handler, error: BaseException, wait: float | None) -> None:
        self.counts["failures"] += 1
        self._teller.tell(
            HandlerFailed(
                kind=held.event.kind,
                key=held.key,
                handler=name_of(handler),
                error=error,
                attempt=held.attempts,
                next_in=wait,
            )
        )

    def _on_end(self, held: Held) -> None:
        if self._held.get(held.key) is not held:
            return  # A handler that could not be cancelled has ended after all.
        if self.closing and self._store is not None and held.attempts < self._limits.retries.attempts and held.left:
            return  # The end has cut its attempts short: it has the rest of them after the next start.
        del self._held[held.key]
        self._tell_waiters()
        if held.left:
            self._park(held)
            return
        self.counts["handled"] += 1
        self._window.done(held.key)
        if self._store is not None:
            self._note(self._store.done(held.key, self._clock.wall()))
        for key in self._window.forget_old():
            self._forget(key)

    def _park(self, held: Held) -> None:
        self.parked[held.key] = held
        if self._store is not None:
            self._note(self._store.note(held.key, RowState.PARKED, self._clock.wall()))
        names = tuple(map(name_of, held.left))
        self._teller.tell(EventParked(kind=held.event.kind, key=held.key, handlers=names, attempts=held.attempts))
        while len(self.parked) > self._limits.parked:
            oldest = next(iter(self.parked))
            del self.parked[oldest]
            self._window.forget(oldest)
            self._forget(oldest)
            self._teller.tell(EventsLeft(number=1, kept=False))

    def _tell_waiters(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _forget(self, key: str) -> None:
        if self._store is not None:
            self._note(self._store.forget(key))

    def _note(self, writing: asyncio.Future[None]) -> None:
        """Tell if a note fails. The event then comes again with the next start, and is not lost."""
        writing.add_done_callback(lambda done: self._store_failed(done.exception()))

    def _store_failed(self, error: BaseException | None) -> None:
        if isinstance(error, Exception):
            self._teller.tell(StoreFailed(error=error))

    def _restore(self, row: Row, workers: Workers) -> None:
        """Take in what an earlier process has left."""
        self._window.add(row.sign)
        key = row.sign.key
        if row.state is RowState.DONE or row.body is None:
            self._window.done(key, row.at)
            return
        held = self._held_of(row)
        if held is None:
            self._teller.tell(EventsLeft(number=1, kept=True))
        elif row.state is RowState.PARKED:
            self.parked[key] = held
        else:
            self._held[key] = held
            workers.add(held)

    def _held_of(self, row: Row) -> Held | None:
        """Return the event in a row; None where it stays, for another version of the library or with other handlers."""
        event = reread(row.body or b"", self._parser)
        handlers = [] if event is None else self._routes.handlers_of(event)
        return Held(event, row.sign.key, handlers) if event is not None and handlers else None
