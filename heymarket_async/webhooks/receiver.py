"""The receiver of webhooks: it answers fast, and works after."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self, TypeVar, overload

import attrs

from heymarket_async.arguments import wrong
from heymarket_async.clock import SYSTEM_CLOCK, Clock
from heymarket_async.deadlines import Deadlines
from heymarket_async.drift import Drift
from heymarket_async.errors import ConfigurationError
from heymarket_async.retry import Retries
from heymarket_async.settings import check_count, check_positive, check_retries
from heymarket_async.webhooks.errors import WebhookError
from heymarket_async.webhooks.events import WebhookEvent
from heymarket_async.webhooks.ledger import Ledger, Limits, Taken
from heymarket_async.webhooks.parsing import LARGEST_BODY, Parser
from heymarket_async.webhooks.routes import Routes, classes_of
from heymarket_async.webhooks.store import EventStore
from heymarket_async.webhooks.telling import ReceiverListener, ReceiverStats, Teller, WebhookRefused
from heymarket_async.webhooks.window import sign_of

E = TypeVar("E", bound=WebhookEvent)
H = TypeVar("H", bound=Callable[..., Awaitable[object]])

# What comes so slowly is no webhook of the service.
_READING: Final = 10.0


@attrs.frozen
class Answer:
    """What to answer the sender of a webhook. It says nothing but whether to send it again.

    Attributes:
        status: the HTTP status: 200 for an event that is taken in, or known already; 401, 400, 408 or 413 for what is
            refused; 503 for what should be sent again later.
        body: the body: empty.
    """

    status: int
    body: bytes = b""


class Receiver:
    """Takes webhooks in, and gives their events to handlers.

        receiver = Receiver("the verification token", store="events.db")

        @receiver.on(MessageReceived)
        async def answer(event: MessageReceived) -> None:
            await event.reply(heymarket, creator_id=7, text="Thank you!")

        async with receiver:
            ...  # a server that calls `receiver.accept(body)`

    An event that was answered with 200 goes to each of its handlers at least once while the process lives, and with
    `store=` also after a crash. What the service sends again is dropped. `docs/webhooks.md` has the exact guarantee.

    Args:
        tokens: the verification tokens of the webhooks, as the service shows them: one, or several while they are
            rotated.
        store: the path of a file in which accepted events survive a crash; it is made for its owner only, and is for
            one process.
        workers: events that are with their handlers at a time.
        queue: events that are accepted and not handled, at the most. Beyond that the answer is 503.
        retries: how often and how patiently an event goes to handlers that failed, before it is parked.
        window: how long an event that was handled is remembered, so that it is not handled again.
        remember: how many of them are remembered.
        parked: events that are parked at the most; beyond that the oldest is dropped, and told to listeners.
        grace: seconds for handlers to finish in when the receiver closes.
        largest: bytes that a body may have.
        listeners: plain functions that are told of refusals, of failures, and of what is parked or left.
        clock: tells the time; for tests.

    Attributes:
        ledger: holds the events that were taken in.
        teller: tells listeners.

    Raises:
        ConfigurationError: there is no token, or a value makes no sense.
        ArgumentError: the store is no path.

    https://developers.heymarket.com/concepts/webhooks
    """

    def __init__(
        self,
        tokens: str | Iterable[str],
        *,
        store: str | os.PathLike[str] | None = None,
        workers: int = 100,
        queue: int = 10_000,
        retries: Retries = Retries(attempts=5, base=1.0, cap=60.0),  # noqa: B008 - frozen
        window: timedelta = timedelta(hours=24),
        remember: int = 100_000,
        parked: int = 1_000,
        grace: float = 20.0,
        largest: int = LARGEST_BODY,
        listeners: Iterable[ReceiverListener] = (),
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if not isinstance(window, timedelta) or window <= timedelta(0):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
            raise ConfigurationError("window must be a timedelta, such as timedelta(hours=24).")
        listening = tuple(listeners)
        if not all(map(callable, listening)):
            raise ConfigurationError("listeners must be plain functions of one argument.")
        self._parser = Parser(tokens, largest=largest)
        self._routes = Routes()
        self.teller: Teller = Teller(listening)
        self._deadlines = Deadlines(clock)
        self._grace = check_positive("grace", grace)
        self._refused: Counter[int] = Counter()
        limits = Limits(
            workers=check_count("workers", workers),
            held=check_count("queue", queue),
            parked=check_count("parked", parked),
            remembered=check_count("remember", remember),
            seconds=window.total_seconds(),
            retries=check_retries(retries),
        )
        events = None if store is None else EventStore(store)
        self.ledger: Ledger = Ledger(limits, self._routes, self._parser, events, self.teller, clock)

    def __repr__(self) -> str:
        ledger = self.ledger
        state = "closing" if ledger.closing and ledger.is_open else "open" if ledger.is_open else "not open"
        return f"<Receiver with {len(self._routes)} handlers, {len(ledger)} events in work ({state})>"

    @overload
    def on(
        self, kind: type[E], /
    ) -> Callable[[Callable[[E], Awaitable[object]]], Callable[[E], Awaitable[object]]]: ...
    @overload
    def on(self) -> Callable[[H], H]: ...
    @overload
    def on(self, kind: str, /, *kinds: str | type[WebhookEvent]) -> Callable[[H], H]: ...
    @overload
    def on(
        self, kind: type[WebhookEvent], other: str | type[WebhookEvent], /, *kinds: str | type[WebhookEvent]
    ) -> Callable[[H], H]: ...
    def on(self, *kinds: str | type[WebhookEvent]) -> Callable[[Any], Any]:
        """Return a decorator that registers an async function as a handler of events.

            @receiver.on("message_received", "message_sent")
            async def note(event): ...

        Args:
            *kinds: types of events: `EventKind.MESSAGE_RECEIVED`, `"message_received"` or the class
                `MessageReceived`; a base such as `ChatEvent` for several; none for all events.

        Raises:
            ArgumentError: there is no such type, or what is decorated is no async function.
        """
        classes_of(kinds)

        def register(handler: Any) -> Any:
            self._routes.add(kinds, handler)
            return handler

        return register

    @property
    def largest(self) -> int:
        """Bytes that a body may have."""
        return self._parser.largest

    @property
    def drift(self) -> Drift:
        """Where events differed from the models so far: names and counts, never values."""
        return self._parser.reader.drift

    @property
    def stats(self) -> ReceiverStats:
        """What it has done since it was made, and what it holds now."""
        ledger = self.ledger
        counts, workers = ledger.counts, ledger.workers
        return ReceiverStats(
            accepted=counts["accepted"],
            duplicates=counts["duplicates"],
            refused=dict(self._refused),
            busy=counts["busy"],
            handled=counts["handled"],
            unhandled=counts["unhandled"],
            failures=counts["failures"],
            from_polls=counts["from_polls"],
            queued=0 if workers is None else workers.queued,
            working=0 if workers is None else workers.working,
            waiting=0 if workers is None else workers.waiting,
            parked=len(ledger.parked),
        )

    @property
    def parked(self) -> tuple[WebhookEvent, ...]:
        """The events whose handlers have failed too often, the oldest first. `replay` gives them to these again."""
        return tuple(held.event for held in self.ledger.parked.values())

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Begin to work, first at what an earlier process has left in the store. Register handlers before.

        Raises:
            ReceiverError: it is open.
            EventStoreError: the store cannot be used.
        """
        await self.ledger.open()

    async def close(self) -> None:
        """Take nothing in any more, let the handlers finish within `grace`, and close the store."""
        await self.ledger.close(self._grace)

    async def settle(self) -> None:
        """Wait until every accepted event is handled or parked."""
        await self.ledger.settle()

    async def accept(self, body: bytes | bytearray | memoryview) -> Answer:
        """Take in the body of a request, and return what to answer.

        Args:
            body: the bytes as they came.

        Raises:
            ArgumentError: it is not bytes.
            ReceiverError: the receiver is not open, or on another event loop.
        """
        self.ledger.check()
        try:
            event = self._parser.parse(body)
        except WebhookError as error:
            return self._refuse(error)
        taken = await self.ledger.take(event, sign_of(event))
        self.ledger.counts["duplicates"] += taken is Taken.KNOWN
        self.ledger.counts["busy"] += taken is Taken.BUSY
        return Answer(503 if taken is Taken.BUSY else 200)

    async def accept_stream(self, read: Callable[[], Awaitable[bytes]], length: int | None = None) -> Answer:
        """Read the body of a request, no more of it than `largest`, and take it in. For adapters.

        Args:
            read: returns the next piece of the body, an empty one at its end.
            length: how long the body says that it is.

        Raises:
            ReceiverError: the receiver is not open, or on another event loop.
        """
        body, size = bytearray(), length or 0
        try:
            with self._deadlines.block(_READING):
                while size <= self.largest and (piece := await read()):
                    body += piece
                    size = max(size, len(body))
        except TimeoutError:
            self._refused[408] += 1
            return Answer(408)
        return await self.accept(body) if size <= self.largest else self._refuse(self._parser.too_large(size))

    async def replay(self, *events: WebhookEvent) -> int:
        """Give parked events to the handlers that failed, and return how many.

        Args:
            *events: those of `parked` that are meant; all by default.

        Raises:
            ReceiverError: the receiver closes, is not open, or on another event loop.
        """
        self.ledger.check()
        keys = {event.dedupe_key for event in events}
        again = [key for key in self.ledger.parked if not events or key in keys]
        for key in again:
            self.ledger.replay(key)
        return len(again)

    def _refuse(self, error: WebhookError) -> Answer:
        self._refused[error.status] += 1
        self.teller.tell(WebhookRefused(status=error.status, error=error))
        return Answer(error.status)


def check_receiver(value: object) -> Receiver:
    """Return a receiver.

    Raises:
        ArgumentError: it is none.
    """
    if not isinstance(value, Receiver):
        raise wrong("receiver", f"must be a Receiver, not {type(value).__name__}")
    return value
