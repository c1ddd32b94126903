"""Events go to their handlers here: several at a time, each handler for itself, again where one fails."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import attrs

from heymarket_async.calls import Effect
from heymarket_async.clock import Clock, Timer
from heymarket_async.deadlines import Deadlines
from heymarket_async.retry import Outcome, Retries, wait_before_next
from heymarket_async.webhooks.events import WebhookEvent
from heymarket_async.webhooks.routes import Handler

# A handler that was cancelled may clean up so long.
_LAST: Final = 1.0


@attrs.define(eq=False)
class Held:
    """An event that is not handled yet.

    Attributes:
        event: it.
        key: under which it is known.
        left: the handlers that have not handled it.
        attempts: how often it went to them.
        timer: brings it back to them.
    """

    event: WebhookEvent
    key: str
    left: list[Handler]
    attempts: int = 0
    timer: Timer | None = None


class Workers:
    """Gives events to their handlers.

    Each event has a task of its own, which begins in the context in which the workers were made.

    Args:
        clock: tells the time.
        most: events that are with their handlers at a time.
        retries: how often and how patiently handlers that failed are asked again.
        chance: spreads the attempts.
        on_failure: is told of a handler that failed, with its error and the seconds until the next attempt, if any.
        on_end: is told of an event that all its handlers have handled or, with `left`, that is given up.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        most: int,
        retries: Retries,
        chance: random.Random,
        on_failure: Callable[[Held, Handler, BaseException, float | None], None],
        on_end: Callable[[Held], None],
    ) -> None:
        self._clock = clock
        self._deadlines = Deadlines(clock)
        self._most = most
        self._retries = retries
        self._chance = chance
        self._on_failure = on_failure
        self._on_end = on_end
        self._context = contextvars.copy_context()
        self._queue: deque[Held] = deque()
        self._working: set[Held] = set()
        self._waiting: set[Held] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._settled: set[asyncio.Future[None]] = set()
        self._ending = self._cancelling = False

    @property
    def queued(self) -> int:
        """Events that wait for a worker."""
        return len(self._queue)

    @property
    def working(self) -> int:
        """Events that are with their handlers."""
        return len(self._working)

    @property
    def waiting(self) -> int:
        """Events that wait for their next attempt."""
        return len(self._waiting)

    def add(self, held: Held) -> None:
        """Give an event to its handlers, when it is its turn."""
        self._queue.append(held)
        self._start()

    async def settle(self) -> None:
        """Wait until there is no work."""
        while self._queue or self._working or self._waiting:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._settled.add(waiter)
            try:
                await waiter
            finally:
                self._settled.discard(waiter)

    async def end(self, seconds: float) -> None:
        """Finish what can be finished in so many seconds, and leave the rest.

        What waits for its next attempt has it at once; what fails now is given up.
        """
        self._ending = True
        for held in [*self._waiting]:
            if held.timer is not None:
                held.timer.cancel()
            self._again(held)
        try:
            with self._deadlines.block(seconds):
                await self.settle()
        except TimeoutError:
            pass
        tasks = self.stop()
        if tasks:
            try:
                with self._deadlines.block(_LAST):
                    await asyncio.wait(tasks)
            except TimeoutError:
                pass  # A handler that does not let itself be cancelled must not hold up the process.

    def stop(self) -> set[asyncio.Task[None]]:
        """Begin nothing any more, cancel what is with its handlers, and return that."""
        self._ending = self._cancelling = True
        self._queue.clear()
        for held in self._waiting:
            if held.timer is not None:
                held.timer.cancel()
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()
        return {*self._tasks}

    def _start(self) -> None:
        while self._queue and len(self._tasks) < self._most:
            held = self._queue.popleft()
            self._working.add(held)
            task = asyncio.get_running_loop().create_task(self._handle(held), context=self._context.copy())
            self._tasks.add(task)
            task.add_done_callback(partial(self._ended, held))

    def _ended(self, held: Held, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._working.discard(held)
        self._start()
        if not (self._queue or self._working or self._waiting):
            for waiter in self._settled:
                if not waiter.done():
                    waiter.set_result(None)

    async def _handle(self, held: Held) -> None:
        held.attempts += 1
        failed: list[tuple[Handler, BaseException]] = []
        for handler in tuple(held.left):
            try:
                await handler(held.event)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:
                if self._cancelling and isinstance(error, asyncio.CancelledError):
                    raise
                _forget_cancels()
                failed.append((handler, error))
            else:
                held.left.remove(handler)
        wait = self._wait_after(held) if failed else None
        for handler, reason in failed:
            self._on_failure(held, handler, reason, wait)
        if wait is None:
            self._on_end(held)
        else:
            self._waiting.add(held)
            held.timer = self._clock.call_later(wait, lambda: self._again(held))

    def _wait_after(self, held: Held) -> float | None:
        if self._ending:
            return None
        return wait_before_next(
            self._retries, Effect.READS, attempt=held.attempts, outcome=Outcome.UNKNOWN, chance=self._chance.random()
        )

    def _again(self, held: Held) -> None:
        self._waiting.discard(held)
        held.timer = None
        self.add(held)


def _forget_cancels() -> None:
    """Let a handler that has cancelled its own task do no harm to those after it."""
    task = asyncio.current_task()
    while task is not None and task.uncancel():
        pass
