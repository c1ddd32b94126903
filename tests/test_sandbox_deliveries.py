"""How the sandbox posts to webhooks: retries, slow and broken receivers, and what goes wrong on purpose."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Delivery, Sandbox, Variants, Webhook, WebhookOptions
from receivers import Receiver, receiving
from sandbox_support import until

ANN = "14155550140"
TOKEN = "verify-7f3a9c51"
NOBODY = "http://127.0.0.1:1/"


class Place:
    """A sandbox, a webhook of its first team for texts from outside, and who gets it."""

    def __init__(self, sandbox: Sandbox, receiver: Receiver, clock: VirtualClock) -> None:
        self.sandbox = sandbox
        self.receiver = receiver
        self.clock = clock
        self.webhook = self.add()

    def add(self, **options: Any) -> Webhook:
        given = WebhookOptions(**options)
        return self.sandbox.webhooks.add(self.receiver.url, token=TOKEN, types=["message_recieved"], options=given)

    def options(self, **options: Any) -> None:
        self.webhook.options = WebhookOptions(**options)

    def write(self, *texts: str) -> None:
        team = self.sandbox.teams[0]
        for text in texts:
            team.receive(team.inboxes[0]["id"], ANN, text)

    @property
    def deliveries(self) -> list[Delivery]:
        return self.sandbox.webhooks.deliveries

    @property
    def outcomes(self) -> list[str | None]:
        return [delivery.outcome for delivery in self.deliveries]

    async def settled(self) -> None:
        async with asyncio.timeout(5):
            await self.sandbox.webhooks.settled()

    async def tried(self, times: int, place: int = 0) -> None:
        await until(lambda: len(self.deliveries[place].attempts) == times)


@asynccontextmanager
async def placed(**options: Any) -> AsyncIterator[Place]:
    clock = VirtualClock()
    async with receiving() as receiver, Sandbox(clock=clock, **options) as sandbox:
        yield Place(sandbox, receiver, clock)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with placed() as place:
        yield place


async def test_deliveries_come_in_order_on_one_connection_that_is_kept(place: Place) -> None:
    place.write(*map(str, range(50)))
    await place.settled()
    assert place.receiver.texts == [str(number) for number in range(50)]
    assert place.receiver.connections == 1
    assert set(place.outcomes) == {"delivered"}


async def test_what_is_not_accepted_is_tried_again_after_the_waits_of_the_options(place: Place) -> None:
    place.receiver.answers.extend([500, 302, 404])
    place.write("Hello")
    began = place.clock.wall()
    for tries, wait in enumerate((1.0, 10.0, 60.0), 1):
        await place.tried(tries)
        await until(lambda wait=wait: place.clock.next_wake == pytest.approx(wait))
        assert len(place.receiver.bodies) == tries
        place.clock.advance(wait)
    await place.settled()
    (delivery,) = place.deliveries
    assert delivery.outcome == "delivered"
    assert [(attempt.at - began, attempt.status) for attempt in delivery.attempts] == [
        (0.0, 500),
        (1.0, 302),
        (11.0, 404),
        (71.0, 200),
    ]
    assert all(body == place.receiver.bodies[0] for body in place.receiver.bodies)
    assert {request.path for request in place.receiver.requests} == {"/heymarket"}


async def test_after_the_last_attempt_it_has_failed(place: Place) -> None:
    place.options(retries=(2.0,))
    place.receiver.answers.extend([503, 503])
    place.write("Hello")
    await place.tried(1)
    place.clock.advance(2.0)
    await place.settled()
    assert place.outcomes == ["failed"]
    place.clock.advance(3600.0)
    await asyncio.sleep(0)
    assert len(place.receiver.bodies) == 2


async def test_without_retries_there_is_one_attempt(place: Place) -> None:
    place.options(retries=())
    place.receiver.answers.append(500)
    place.write("Hello")
    await place.settled()
    assert place.outcomes == ["failed"]
    assert len(place.receiver.bodies) == 1


@pytest.mark.parametrize(("accepts", "attempts"), [("2xx", [202]), ("200", [202, 200])])
async def test_which_answers_are_accepted_is_a_switch(accepts: Any, attempts: list[int]) -> None:
    async with placed(variants=Variants(webhook_accepts=accepts)) as place:
        place.receiver.answers.append(202)
        place.write("Hello")
        await place.tried(1)
        place.clock.advance(1.0)
        await place.settled()
        assert [attempt.status for attempt in place.deliveries[0].attempts] == attempts
        assert place.outcomes == ["delivered"]


@pytest.mark.parametrize("slow", ["hang", "half"])
async def test_an_answer_that_is_too_slow_is_none(place: Place, slow: str) -> None:
    place.options(timeout=4.0, retries=(1.0,))
    place.receiver.answers.append(slow)
    place.write("Hello")
    await until(lambda: place.receiver.bodies)
    place.clock.advance(3.9)
    await asyncio.sleep(0.01)  # Real time: it would take no longer than that to end by mistake.
    assert place.deliveries[0].attempts == []
    place.clock.advance(0.1)
    await place.tried(1)
    place.clock.advance(1.0)
    await place.settled()
    first, second = place.deliveries[0].attempts
    assert (first.status, first.problem, first.elapsed) == (None, "timeout", pytest.approx(4.0))
    assert (second.status, second.problem, second.at - first.at) == (200, None, pytest.approx(5.0))
    assert place.receiver.texts == ["Hello", "Hello"]


@pytest.mark.parametrize("ending", ["fin", "reset"])
async def test_a_connection_that_ends_without_an_answer_is_a_failed_attempt(place: Place, ending: str) -> None:
    place.write("First")
    await place.settled()
    place.receiver.answers.append(ending)
    place.write("Second")
    await place.tried(1, 1)
    place.clock.advance(1.0)
    await place.settled()
    first, second = place.deliveries[1].attempts
    assert (first.status, first.problem, second.status) == (None, "connection", 200)
    assert place.receiver.texts == ["First", "Second", "Second"]
    assert place.receiver.connections == 2


async def test_nobody_who_listens_is_a_failed_attempt(place: Place) -> None:
    place.options(retries=())
    place.webhook.url = NOBODY
    place.write("Hello")
    await place.settled()
    assert place.outcomes == ["failed"]
    assert place.deliveries[0].attempts[0].problem == "connection"


async def test_a_delay_is_by_the_clock_of_the_sandbox(place: Place) -> None:
    place.options(delay=30.0)
    place.write("Hello")
    await until(lambda: place.clock.next_wake == pytest.approx(30.0))
    assert place.receiver.bodies == []
    place.clock.advance(30.0)
    await place.settled()
    assert place.deliveries[0].attempts[0].at - place.deliveries[0].event.at == pytest.approx(30.0)


async def test_one_at_a_time_a_slow_one_holds_up_the_rest(place: Place) -> None:
    place.receiver.answers.append("hang")
    place.write("First", "Second", "Third")
    await until(lambda: place.receiver.bodies)
    await asyncio.sleep(0.01)  # Real time: the others would take no longer than that to come by mistake.
    assert place.receiver.texts == ["First"]
    place.clock.advance(10.0)
    await until(lambda: len(place.receiver.bodies) == 3)
    assert place.receiver.texts == ["First", "Second", "Third"]


async def test_several_at_a_time_a_slow_one_holds_up_nobody(place: Place) -> None:
    place.options(concurrency=3)
    place.receiver.answers.extend(["hang", "hang"])
    place.write(*map(str, range(9)))
    await until(lambda: len(place.receiver.bodies) == 9)
    assert place.receiver.connections == 3
    await until(lambda: place.outcomes.count("delivered") == 7)
    assert place.outcomes.count(None) == 2


async def test_no_more_are_under_way_at_once_than_the_options_say(place: Place) -> None:
    place.options(concurrency=3)
    place.receiver.answers.extend(["hang"] * 5)
    place.write(*map(str, range(5)))
    await until(lambda: len(place.receiver.bodies) == 3)
    await asyncio.sleep(0.01)  # Real time: a fourth would take no longer than that to come by mistake.
    assert place.receiver.connections == 3


async def test_what_is_lost_is_never_tried_and_stands_in_the_journal(place: Place) -> None:
    place.options(loss=0.3)
    place.write(*map(str, range(200)))
    await place.settled()
    lost = [number for number, delivery in enumerate(place.deliveries) if delivery.outcome == "lost"]
    assert 40 <= len(lost) <= 80
    assert all(place.deliveries[number].attempts == [] for number in lost)
    assert place.receiver.texts == [str(number) for number in range(200) if number not in lost]


async def test_a_duplicate_comes_though_the_first_was_accepted(place: Place) -> None:
    place.options(duplicates=0.5)
    place.write(*map(str, range(100)))
    await place.settled()
    copies = [delivery for delivery in place.deliveries if delivery.copy]
    assert 30 <= len(copies) <= 70
    expected = [delivery.event.event_data["text"] for delivery in place.deliveries]
    assert place.receiver.texts == expected
    assert len(expected) == 100 + len(copies)
    assert {place.receiver.texts.count(str(number)) for number in range(100)} == {1, 2}


async def test_what_is_held_back_is_overtaken(place: Place) -> None:
    place.options(reordering=0.2, held=3.0)
    place.write(*map(str, range(100)))
    while place.outcomes.count(None):
        place.clock.advance(0.1)
        await asyncio.sleep(0.001)
    came = [int(text) for text in place.receiver.texts]
    assert sorted(came) == [*range(100)]
    overtaken = [number for at, number in enumerate(came) if number < max(came[: at + 1])]
    assert 5 <= len(overtaken) <= 40


async def run(seed: int, **options: Any) -> list[tuple[int, bool, str | None]]:
    async with placed(seed=seed) as place:
        place.options(**options)
        place.write(*map(str, range(60)))
        await place.settled()
        return [(delivery.event.number, delivery.copy, delivery.outcome) for delivery in place.deliveries]


async def test_the_same_seed_gives_the_same_run() -> None:
    options = {"loss": 0.2, "duplicates": 0.2, "concurrency": 4}
    first = await run(1, **options)
    assert first == await run(1, **options)
    assert first != await run(2, **options)


async def test_one_switch_leaves_alone_what_another_does() -> None:
    def lost(journal: list[tuple[int, bool, str | None]]) -> list[int]:
        return [number for number, _, outcome in journal if outcome == "lost"]

    assert lost(await run(1, loss=0.2)) == lost(await run(1, loss=0.2, duplicates=0.5, concurrency=4)) != []


async def test_what_is_due_in_an_outage_is_lost(place: Place) -> None:
    place.write("Before")
    await place.settled()
    place.webhook.down = True
    place.write("Meanwhile")
    await place.settled()
    place.webhook.down = False
    place.write("After")
    await place.settled()
    assert place.receiver.texts == ["Before", "After"]
    assert place.outcomes == ["delivered", "outage", "delivered"]


async def test_an_outage_ends_retries_too(place: Place) -> None:
    place.receiver.answers.append(500)
    place.write("Hello")
    await place.tried(1)
    place.webhook.down = True
    place.clock.advance(1.0)
    await place.settled()
    assert place.outcomes == ["outage"]
    assert len(place.deliveries[0].attempts) == 1


async def test_webhooks_do_not_wait_for_each_other(place: Place) -> None:
    other = place.add()
    place.receiver.answers.append("hang")
    place.write("First", "Second")
    await until(lambda: len(place.receiver.bodies) == 3)
    ids = [body["id"] for body in place.receiver.bodies]
    assert ids.count(place.webhook.id) == 1 or ids.count(other.id) == 1


async def test_stopping_in_the_middle_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    async with receiving() as receiver:
        clock = VirtualClock()
        async with Sandbox(clock=clock) as sandbox:
            place = Place(sandbox, receiver, clock)
            place.options(concurrency=2, retries=(5.0,))
            receiver.answers.extend([500, "hang", "hang"])
            place.write("To be tried again", "Hangs", "Hangs too", "Waits", "Waits too")
            await place.tried(1)
            await until(lambda: len(receiver.bodies) == 3)
            place.write("Has only just happened")
            async with asyncio.timeout(5):
                await sandbox.close()
            assert place.outcomes == ["stopped"] * 6
            attempts = [[(a.status, a.problem) for a in delivery.attempts] for delivery in place.deliveries]
            assert attempts == [[(500, None)], [(None, "stopped")], [(None, "stopped")], [], [], []]
            await place.settled()
            place.write("Too late")
            clock.advance(3600.0)
            assert place.outcomes[-1] == "stopped"
        await asyncio.sleep(0.01)  # Real time: something would take no longer than that to come by mistake.
        assert len(receiver.bodies) == 3
    gc.collect()
    assert asyncio.all_tasks() == before
    assert clock.next_wake is None


async def test_a_task_that_was_stopped_before_it_began_is_noted() -> None:
    async with receiving() as receiver:
        clock = VirtualClock()
        async with Sandbox(clock=clock) as sandbox:
            place = Place(sandbox, receiver, clock)
            place.options(delay=1.0)
            place.write("Hello")
            await asyncio.sleep(0)
            clock.advance(1.0)
            await sandbox.webhooks.close()
            assert place.outcomes == ["stopped"]
        assert receiver.bodies == []


async def test_what_is_under_way_when_its_webhook_goes_is_not_tried_again(place: Place) -> None:
    place.receiver.answers.append("hang")
    place.write("Hello")
    await until(lambda: place.receiver.bodies)
    place.sandbox.webhooks.remove(place.webhook)
    place.clock.advance(10.0)
    await place.settled()
    assert place.outcomes == ["stopped"]
    assert place.deliveries[0].attempts[0].problem == "timeout"


async def test_requests_do_not_wait_for_deliveries(place: Place) -> None:
    """A receiver that asks the sandbox before it answers would wait for ever otherwise."""
    place.receiver.answers.append("hang")
    place.write("Hello")
    await until(lambda: place.receiver.bodies)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(place.sandbox.url.rpartition(":")[2]))
    writer.write(b"GET /v1/team HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(5):
        assert (await reader.read()).startswith(b"HTTP/1.1 401")
    writer.close()
    await writer.wait_closed()
