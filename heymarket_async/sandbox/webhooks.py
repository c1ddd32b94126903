"""The webhooks of all teams: people make them in the app, and the service posts to them what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from random import Random
from typing import Any, Final

import aiohttp
import msgspec

from heymarket_async.clock import Clock
from heymarket_async.errors import ConfigurationError, SessionError
from heymarket_async.sandbox import event_types
from heymarket_async.sandbox.courier import Courier
from heymarket_async.sandbox.deliveries import Delivery, Event
from heymarket_async.sandbox.nouns.conversations import show_conversation
from heymarket_async.sandbox.nouns.messages import show_message
from heymarket_async.sandbox.records import Record, show
from heymarket_async.sandbox.state import Service, Team
from heymarket_async.sandbox.variants import Variants
from heymarket_async.sandbox.webhook import Webhook, WebhookOptions
from heymarket_async.sandbox.wire import SERVER

# A sandbox that runs for days must not keep everything that ever happened.
_REMEMBERED: Final = 200_000
_FIRST_ID: Final = 70_000


class Webhooks:
    """The webhooks of a sandbox, and the journal of what they were to deliver.

        sandbox.webhooks.add("http://127.0.0.1:8000/heymarket", token="check-me")
        team.receive(inbox_id, "14155550101", "When do you open?")
        await sandbox.webhooks.settled()

    The public API has no endpoint for them, so they are made here. A team without one pays nothing.

    Attributes:
        events: what happened in teams with webhooks, oldest first. Only the latest 100,000 are sure to be there.
        deliveries: what came of it, in the order of events. Only the latest 100,000 are sure to be there. Both lists
            may be cleared.
    """

    def __init__(self, service: Service, clock: Clock, seed: int | str) -> None:
        self._service = service
        self._clock = clock
        self._seed = seed
        self._couriers: dict[Team, list[Courier]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._http: aiohttp.ClientSession | None = None
        self._made = self._happened = self._open = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closed = False
        self.events: list[Event] = []
        self.deliveries: list[Delivery] = []

    def __repr__(self) -> str:
        count = len(self._all())
        return f"<Webhooks: {count} webhooks, {self._happened} events, {self._open} deliveries on their way>"

    def add(
        self,
        url: str,
        *,
        token: str,
        types: Iterable[str] = event_types.ALL,
        team: Team | None = None,
        options: WebhookOptions | None = None,
        anywhere: bool = False,
    ) -> Webhook:
        """Make a webhook. From now on it delivers what happens.

        Args:
            url: where to; http or https.
            token: the verification token that it sends along.
            types: what it delivers; everything if left out.
            team: whose it is; the first team's if left out.
            options: how it delivers, and what goes wrong on purpose.
            anywhere: whether `url` may be an address of another machine.

        Raises:
            ConfigurationError: an argument makes no sense, or the team is not of this sandbox.
            SessionError: the sandbox was closed.
        """
        if self._closed:
            raise SessionError("The sandbox was closed.", advice="Make a new Sandbox.")
        team = self._service.teams[0] if team is None else team
        if team not in self._service.teams:
            raise ConfigurationError("webhooks.add(team=...) must be a team of this sandbox.")
        number = self._made + 1
        webhook = Webhook(
            id=_FIRST_ID + number,
            team=team.id,
            url=url,
            token=token,
            types=types,
            options=WebhookOptions() if options is None else options,
            anywhere=anywhere,
        )
        random = Random(f"{self._seed}/webhooks/{number}")
        courier = Courier(webhook, self._clock, random, lambda: self._service.variants, self._client, self._ended)
        self._made = number
        self._couriers.setdefault(team, []).append(courier)
        if self._loop is not None:
            courier.start(self._loop)
        team.listen(partial(self._hear, team))
        return webhook

    def remove(self, webhook: Webhook) -> None:
        """Take a webhook away. What waits is not delivered any more.

        Raises:
            ConfigurationError: it is not there.
        """
        for team, couriers in self._couriers.items():
            for courier in couriers:
                if courier.webhook is webhook:
                    courier.stop()
                    couriers.remove(courier)
                    if not couriers:
                        team.listen(None)
                    return
        raise ConfigurationError(f"There is no {webhook!r} in this sandbox.")

    async def settled(self) -> None:
        """Wait until nothing is on its way: every delivery has come, has failed for good, or is lost.

        Waits between attempts go by the sandbox's clock, so a virtual one must be moved meanwhile.
        """
        await self._quiet.wait()

    def start(self) -> None:
        """Begin to deliver, also what has happened before. The sandbox does this."""
        self._loop = asyncio.get_running_loop()
        for courier in self._all():
            courier.start(self._loop)

    async def close(self) -> None:
        """End what is on its way. What happens from now on is noted and not delivered. The sandbox does this."""
        under_way = [task for courier in self._all() for task in courier.stop()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        self._closed = True
        if self._http is not None:
            await self._http.close()

    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
                auto_decompress=False,
                headers={"User-Agent": SERVER},
            )
        return self._http

    def _hear(self, team: Team, kind: str, record: Record) -> None:
        """Note what happened in a team, and hand it to its webhooks."""
        self._happened += 1
        variants = self._service.variants
        rightly = kind == event_types.RECEIVED and variants.received_spelling == event_types.RECEIVED_RIGHTLY
        event = Event(
            number=self._happened,
            type=event_types.RECEIVED_RIGHTLY if rightly else kind,
            team=team.id,
            about=record["id"] if "id" in record else record["phone"],
            at=self._clock.wall(),
            data=msgspec.json.encode(event_data(team, kind, record, variants)),
        )
        _remember(self.events, [event])
        for courier in self._couriers[team]:
            if kind in courier.webhook.types:
                made = courier.take(event)
                _remember(self.deliveries, made)
                self._open += sum(delivery.outcome is None for delivery in made)
        if self._open:
            self._quiet.clear()

    def _all(self) -> list[Courier]:
        return [courier for couriers in self._couriers.values() for courier in couriers]

    def _ended(self, _: Delivery) -> None:
        self._open -= 1
        if not self._open:
            self._quiet.set()


def event_data(team: Team, kind: str, record: Record, variants: Variants) -> Record:
    """Return the `event_data` of something that happened, as it is shown.

    A message comes with its conversation, and a conversation by itself. Of opt-outs and calls no page tells the keys:
    here they have `phone` and `date`, calls `inbox` too, or nothing at all, as `Variants.webhook_details` says.

    https://developers.heymarket.com/api-reference/webhooks
    """
    if kind in event_types.MESSAGES:
        return show_message(team, record, variants)
    if kind in event_types.CHATS:
        return show_conversation(team, record, variants, place="webhook")
    return show(record, variants) if variants.webhook_details == "guessed" else {}


def _remember(journal: list[Any], entries: list[Any]) -> None:
    if len(journal) >= _REMEMBERED:
        del journal[: _REMEMBERED // 2]
    journal += entries
