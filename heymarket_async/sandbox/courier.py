"""Brings the deliveries of one webhook to where they belong."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from random import Random
from typing import Final

import aiohttp
import msgspec

from heymarket_async.clock import Clock, Timer
from heymarket_async.deadlines import Deadlines
from heymarket_async.sandbox.deliveries import Attempt, Delivery, Event, Outcome, Problem
from heymarket_async.sandbox.variants import Variants
from heymarket_async.sandbox.webhook import Webhook

_HEADERS: Final = {"Content-Type": "application/json"}
# A timer may come a hair too early, because seconds are floats.
_HAIR: Final = 1e-9
# Of an answer only the status counts; one that is longer costs its connection.
_MOST: Final = 65_536


class Courier:
    """The deliveries of one webhook that wait or are under way. Without any, it has no task and no timer.

    Args:
        webhook: where they go, and how.
        clock: the time by which they wait.
        random: what comes by chance.
        variants: what counts as accepted.
        http: gives what posts.
        ended: is told of each delivery that is over.
    """

    def __init__(
        self,
        webhook: Webhook,
        clock: Clock,
        random: Random,
        variants: Callable[[], Variants],
        http: Callable[[], aiohttp.ClientSession],
        ended: Callable[[Delivery], object],
    ) -> None:
        self.webhook = webhook
        self._clock = clock
        self._deadlines = Deadlines(clock)
        self._random = random
        self._variants = variants
        self._http = http
        self._tell_ended = ended
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._under_way: dict[asyncio.Task[None], Delivery] = {}
        self._timer: Timer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to deliver."""
        self._loop = loop
        self._pump()

    def take(self, event: Event) -> list[Delivery]:
        """Take an event, and return the deliveries that come of it: none but a lost one, one, or two."""
        options = self.webhook.options
        loss, copy, *holds = (self._random.random() for _ in range(6))
        made = [Delivery(event=event, webhook=self.webhook.id)]
        if loss < options.loss:
            made[0].outcome = "lost"
            return made
        if copy < options.duplicates:
            made.append(Delivery(event=event, webhook=self.webhook.id, copy=True))
        for delivery in made:
            hold, share = holds.pop(), holds.pop()
            if self._stopped:
                delivery.outcome = "stopped"
            else:
                self._queue(delivery, options.delay + (share * options.held if hold < options.reordering else 0.0))
        if self._loop is not None:
            # Whoever makes things happen may stand outside of the loop.
            self._loop.call_soon(self._pump)
        return made

    def stop(self) -> list[asyncio.Task[None]]:
        """Give up what waits, and return what is under way, which is not tried again."""
        self._stopped, self._loop = True, None
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._waiting = self._waiting, []
        for _, _, delivery in sorted(waiting):
            self._end(delivery, "stopped")
        return list(self._under_way)

    def _queue(self, delivery: Delivery, wait: float) -> None:
        heapq.heappush(self._waiting, (self._clock.monotonic() + wait, next(self._order), delivery))

    def _pump(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._loop is None:
            return
        now = self._clock.monotonic()
        while self._waiting and len(self._under_way) < self.webhook.options.concurrency:
            wait = self._waiting[0][0] - now
            if wait > _HAIR:
                self._timer = self._clock.call_later(wait, self._pump)
                return
            delivery = heapq.heappop(self._waiting)[2]
            task = self._loop.create_task(self._attempt(delivery))
            self._under_way[task] = delivery
            task.add_done_callback(self._go_on)

    def _go_on(self, task: asyncio.Task[None]) -> None:
        delivery = self._under_way.pop(task)
        if task.cancelled():
            self._end(delivery, "stopped")
        self._pump()

    async def _attempt(self, delivery: Delivery) -> None:
        if self.webhook.down:
            self._end(delivery, "outage")
            return
        at, began = self._clock.wall(), self._clock.monotonic()
        status: int | None = None
        problem: Problem | None = "stopped"
        try:
            status, problem = await self._post(delivery.event)
        finally:
            elapsed = self._clock.monotonic() - began
            delivery.attempts.append(Attempt(at=at, elapsed=elapsed, status=status, problem=problem))
        self._judge(delivery, status)

    async def _post(self, event: Event) -> tuple[int | None, Problem | None]:
        webhook = self.webhook
        try:
            with self._deadlines.block(webhook.options.timeout):
                async with self._http().post(
                    webhook.url, data=body_of(event, webhook), headers=_HEADERS, allow_redirects=False
                ) as answer:
                    await answer.content.read(_MOST)
                    return answer.status, None
        except TimeoutError:
            return None, "timeout"
        except (aiohttp.ClientError, OSError):
            return None, "connection"

    def _judge(self, delivery: Delivery, status: int | None) -> None:
        waits, tried = self.webhook.options.retries, len(delivery.attempts)
        accepted = status is not None and (
            status == 200 or (200 <= status <= 299 and self._variants().webhook_accepts == "2xx")
        )
        if accepted:
            self._end(delivery, "delivered")
        elif self._stopped:
            self._end(delivery, "stopped")
        elif tried > len(waits):
            self._end(delivery, "failed")
        else:
            self._queue(delivery, waits[tried - 1])

    def _end(self, delivery: Delivery, outcome: Outcome) -> None:
        delivery.outcome = outcome
        self._tell_ended(delivery)


def body_of(event: Event, webhook: Webhook) -> bytes:
    """Return the body of a delivery: https://developers.heymarket.com/api-reference/webhooks."""
    return msgspec.json.encode(
        {"type": event.type, "id": webhook.id, "token": webhook.token, "event_data": msgspec.Raw(event.data)}
    )
