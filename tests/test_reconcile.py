"""Webhooks and polling as one stream: each event once, whichever tells it, and whichever is first."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from heymarket_async import (
    Added,
    ArgumentError,
    AsyncSession,
    Changed,
    Contact,
    Conversation,
    EventKind,
    Gap,
    Message,
    Removed,
    Retries,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.plain import to_json
from heymarket_async.sandbox import Sandbox
from heymarket_async.watch import SqliteStore
from heymarket_async.webhooks import EventSource, GapSeen, ReceiverError, reconcile
from heymarket_async.webhooks.parsing import Parser
from heymarket_async.webhooks.window import Window, sign_of
from test_watch import LeapingClock
from webhook_support import TOKEN, Notes, body_of, receiver_of, turns

START = datetime(2026, 4, 12, 15, 30, tzinfo=UTC)


def at(seconds):
    return START + timedelta(seconds=seconds)


def written(moment):
    return moment.isoformat().replace("+00:00", "Z")


def hook(kind, seconds=0, **data):
    """Return the body of an event that happened so many seconds after the start."""
    return body_of(kind, updated=written(at(seconds)), **data)


def message(id, **fields):
    return Added(feed="messages", id=id, at=START, after=Message(id=id, **fields), kinds=(EventKind.MESSAGE_RECEIVED,))


def chat(kind, seconds, before=None, id=9920):
    """Return the change of a conversation as a poll finds it, so many seconds after the start."""
    after = Conversation(id=id, updated=at(seconds))
    facts = {"feed": "conversations", "id": id, "at": after.updated, "after": after, "kinds": (EventKind(kind),)}
    if before is None:
        return Added(**facts)
    return Changed(**facts, before=None, fields=("status",), was_at=at(before))


def consent(kind, phone="14155550111", **fields):
    after = Contact(id=3, phone=phone, **fields)
    facts = {"feed": "contacts", "id": 3, "at": START, "after": after, "kinds": (EventKind(kind),)}
    return Changed(**facts, before=None, fields=("is_opted_out",))


@attrs.define(eq=False)
class Batch:
    changes: list
    commits: int = 0

    async def commit(self):
        self.commits += 1


class Watch:
    """A watch that finds what it is told to."""

    def __init__(self, *batches):
        self.batches = [batch if isinstance(batch, Batch) else Batch(list(batch)) for batch in batches]

    async def __aiter__(self):
        for batch in self.batches:
            yield batch


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
async def place(clock):
    receiver, notes = receiver_of(clock), Notes()
    receiver.on()(notes)
    async with receiver:
        yield receiver, notes


async def tell(receiver, *steps):
    """Let webhooks (bytes) and polls (changes) tell things, one after another."""
    for step in steps:
        if isinstance(step, bytes):
            assert (await receiver.accept(step)).status == 200
        else:
            await reconcile(receiver, Watch([step]))
        await receiver.settle()


class TestOneEventToldByBoth:
    @pytest.mark.parametrize(
        ("hook_of_it", "change"),
        [
            (body_of(id=7), message(7)),
            (body_of("message_sent", id=7), message(7)),  # A poll took it for received.
            (hook("chat_closed"), chat("chat_closed", 0)),
            (hook("chat_closed"), chat("chat_closed", 0, before=-60)),
            (hook("chat_closed", 5), chat("chat_closed", 30, before=0)),  # It has changed again since.
            (hook("chat_reassigned", 0.4), chat("chat_reassigned", 0, before=-60)),  # The list shows whole seconds.
            (hook("chat_opened"), chat("chat_opened", 20)),
            (body_of("target_opt_out", phone="14155550111"), consent("target_opt_out")),
            (body_of("target_opt_in", phone="+1 415 555 0111"), consent("target_opt_in")),
        ],
    )
    async def test_it_is_handled_once_whichever_is_first(self, clock, hook_of_it, change):
        for order in ((hook_of_it, change), (change, hook_of_it), (change, hook_of_it, change, hook_of_it)):
            receiver, notes = receiver_of(clock), Notes()
            receiver.on()(notes)
            async with receiver:
                await tell(receiver, *order)
            first = EventSource.WEBHOOK if isinstance(order[0], bytes) else EventSource.POLL
            assert [event.source for event in notes.events] == [first]
            assert receiver.stats.from_polls == (first is EventSource.POLL)

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (body_of(id=7), message(8)),
            (hook("chat_closed"), chat("chat_opened", 0, before=-60)),
            (hook("chat_closed"), chat("chat_closed", 30, before=0)),  # It was closed and told before the poll before.
            (hook("chat_closed", 31), chat("chat_closed", 30, before=0)),
            (hook("chat_closed"), chat("chat_closed", 0, before=-60, id=1)),
            (hook("chat_closed"), hook("chat_closed", 1)),
            (body_of("target_opt_out", phone="14155550111"), consent("target_opt_in")),
            (body_of("target_opt_out", phone="14155550111"), consent("target_opt_out", phone="14155550112")),
            (body_of("target_opt_out"), consent("target_opt_out")),
            (body_of(id=7), body_of("message_sent", id=7)),
        ],
    )
    async def test_two_are_handled_twice(self, clock, first, second):
        for order in ((first, second), (second, first)):
            receiver, notes = receiver_of(clock), Notes()
            receiver.on()(notes)
            async with receiver:
                await tell(receiver, *order)
            assert len(notes.events) == 2

    async def test_who_opts_out_and_in_and_out_has_done_three_things(self, place):
        receiver, notes = place
        out, back = (body_of(f"target_opt_{way}", phone="14155550111") for way in ("out", "in"))
        await tell(receiver, out, consent("target_opt_out"), back, consent("target_opt_in"))
        await tell(receiver, consent("target_opt_out", first_name="Sam"), consent("target_opt_in", first_name="Sam"))
        assert [event.kind for event in notes.events] == ["target_opt_out", "target_opt_in"] * 2

    async def test_events_from_polls_are_of_the_same_classes(self, place):
        receiver, notes = place
        told = Parser(TOKEN).parse(body_of(id=7))
        await tell(receiver, Added(feed="messages", id=7, at=START, after=told.message, kinds=(told.kind,)))
        (event,) = notes.events
        assert type(event) is type(told)
        assert event.message == told.message
        assert event.conversation == told.conversation
        assert event.dedupe_key == told.dedupe_key


async def test_what_webhooks_have_no_word_for_is_committed_and_not_told(place):
    receiver, notes = place
    watch = Watch(
        [Changed(feed="tags", id=1, at=START, before=None, after=None, fields=("name",))],
        [Removed(feed="inboxes", id=1, before=None)],
    )
    await reconcile(receiver, watch)
    assert not notes.events
    assert [batch.commits for batch in watch.batches] == [1, 1]


async def test_a_gap_is_told(clock, caplog):
    news = []
    async with receiver_of(clock, listeners=[news.append]) as receiver:
        await reconcile(receiver, Watch([Gap(feed="messages", since=None, until=START)]))
    assert news == [GapSeen(feed="messages", since=None, until=START)]
    assert "has not seen all" in caplog.text


class TestCommits:
    async def test_a_batch_is_committed_when_its_events_are_handled(self, place):
        receiver, notes = place
        notes.gate.clear()
        watch = Watch([message(1), message(2)], [message(3)])
        await receiver.accept(body_of(id=2))
        reconciling = asyncio.ensure_future(reconcile(receiver, watch))
        await turns(100)
        assert [batch.commits for batch in watch.batches] == [0, 0]
        notes.gate.set()
        await reconciling
        assert [batch.commits for batch in watch.batches] == [1, 1]
        assert sorted(notes.ids) == [1, 2, 3]

    async def test_parked_events_count_as_told(self, clock):
        receiver = receiver_of(clock, retries=Retries(attempts=1))
        receiver.on()(Notes(OSError()))
        watch = Watch([message(1)])
        async with receiver:
            await reconcile(receiver, watch)
            assert watch.batches[0].commits == 1
            assert len(receiver.parked) == 1
            await reconcile(receiver, Watch([message(1)]))
            assert len(receiver.parked) == 1

    async def test_with_a_store_it_is_when_they_are_written_down(self, clock, tmp_path):
        receiver, notes = receiver_of(clock, store=tmp_path / "events.db"), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        watch = Watch([message(1)])
        async with receiver:
            await reconcile(receiver, watch)
            assert watch.batches[0].commits == 1
            assert receiver.stats.handled == 0
            notes.gate.set()

    async def test_what_is_known_survives_a_restart_with_a_store(self, clock, tmp_path):
        changes = [message(1), chat("chat_closed", 30, before=0), consent("target_opt_out")]
        notes = Notes()
        for _ in range(2):
            receiver = receiver_of(clock, store=tmp_path / "events.db")
            receiver.on()(notes)
            async with receiver:
                await tell(receiver, *changes, body_of(id=1), hook("chat_closed", 5))
                await tell(receiver, body_of("target_opt_out", phone="14155550111"))
        assert len(notes.events) == 3

    async def test_where_too_much_waits_so_does_the_watch(self, clock):
        receiver, notes = receiver_of(clock, queue=2), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        watch = Watch([message(each) for each in range(1, 8)])
        async with receiver:
            reconciling = asyncio.ensure_future(reconcile(receiver, watch))
            await turns(50)
            assert receiver.stats.working == 2
            notes.gate.set()
            await reconciling
        assert notes.ids == [*range(1, 8)]
        assert receiver.stats.busy == 0

    async def test_what_the_end_of_the_receiver_leaves_is_not_committed(self, clock):
        receiver, notes = receiver_of(clock, queue=1, grace=1), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        watch = Watch([message(1), message(2)])
        await receiver.open()
        reconciling = asyncio.ensure_future(reconcile(receiver, watch))
        await turns()
        closing = asyncio.ensure_future(receiver.close())
        while not closing.done():
            await turns()
            clock.advance(1)
        await reconciling
        assert watch.batches[0].commits == 0

    async def test_nor_is_it_where_the_receiver_is_opened_again_at_once(self, clock):
        receiver, notes = receiver_of(clock, retries=Retries(attempts=1), grace=1), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        watch = Watch([message(1)], [message(2)])
        await receiver.open()
        reconciling = asyncio.ensure_future(reconcile(receiver, watch))
        await turns()

        async def restart():
            await receiver.close()
            await receiver.open()

        restarting = asyncio.ensure_future(restart())
        while not restarting.done():
            await turns()
            clock.advance(1)
        await asyncio.wait_for(reconciling, 10)
        assert [batch.commits for batch in watch.batches] == [0, 0]
        notes.gate.set()
        await reconcile(receiver, watch)
        await receiver.close()
        assert notes.ids == [1, 1, 2]

    async def test_a_store_that_fails_is_tried_again(self, clock, tmp_path, monkeypatch):
        receiver, notes = receiver_of(clock, store=tmp_path / "events.db"), Notes()
        receiver.on()(notes)
        watch = Watch([message(1)])
        async with receiver:
            put = receiver.ledger._store.put

            def failing(row):
                future = asyncio.get_running_loop().create_future()
                future.set_exception(OSError("disk full"))
                return future

            monkeypatch.setattr(receiver.ledger._store, "put", failing)
            reconciling = asyncio.ensure_future(reconcile(receiver, watch))
            while clock.next_wake is None:
                await turns()
            assert not reconciling.done()
            monkeypatch.setattr(receiver.ledger._store, "put", put)
            clock.advance(1)
            await reconciling
            await receiver.settle()
        assert notes.ids == [1]


async def test_it_needs_a_receiver_that_is_open_and_a_watch_of_batches(clock):
    receiver = receiver_of(clock)
    with pytest.raises(ReceiverError, match="not open"):
        await reconcile(receiver, Watch())
    with pytest.raises(ArgumentError, match="receiver must be"):
        await reconcile(None, Watch())
    async with receiver:
        with pytest.raises(ArgumentError, match="must be a watch of batches, not list"):
            await reconcile(receiver, [])

        async def changes():
            yield message(1)

        with pytest.raises(ArgumentError, match="watch_batches"):
            await reconcile(receiver, changes())


class TestTheWindow:
    def test_a_long_list_of_chats_is_forgotten_with_its_events(self, clock):
        window = Window(clock, 60.0, 1000)
        parser = Parser(TOKEN)
        for seconds in range(100):
            sign = sign_of(parser.parse(hook("chat_closed", seconds)))
            assert window.find(sign) is None
            window.add(sign)
            window.done(sign.key)
        clock.advance(60)
        assert len(list(window.forget_old())) == 100
        assert not window._signs
        assert not window._threads

    def test_what_is_known_only_by_its_data_is_so_for_a_short_time(self, clock):
        window = Window(clock, 86_400.0, 1000)
        sign = sign_of(Parser(TOKEN).parse(body_of("incoming_call")))
        window.add(sign)
        clock.advance(10_000)
        assert window.find(sign) == sign.key
        window.done(sign.key)
        clock.advance(599)
        assert window.find(sign) == sign.key
        clock.advance(1)
        assert window.find(sign) is None
        window.add(sign)
        assert window.find(sign) == sign.key

    def test_a_number_stands_nowhere(self, clock):
        sign = sign_of(Parser(TOKEN).parse(body_of("target_opt_out", phone="14155550111")))
        assert "0111" not in f"{sign.key} {sign.thread}"


def of_the_sandbox(team, kind, model):
    return json.dumps({"type": kind, "id": 1, "token": TOKEN, "event_data": to_json(model)}).encode()


@pytest.mark.slow
@pytest.mark.parametrize("stored", [False, True])
async def test_what_webhooks_lose_is_found_by_polling_and_nothing_is_handled_twice(tmp_path, stored):
    """A tenth of the webhooks come twice, a twentieth never, and for a while none: all events are handled, once."""
    seed = random.randrange(2**32)
    chance, clock = random.Random(seed), LeapingClock()
    store = tmp_path / "events.db" if stored else None
    receiver, notes = receiver_of(clock, store=store, workers=1000), Notes()
    receiver.on("message_received", "chat_closed")(notes)
    sandbox = Sandbox(clock=clock, rate_limit=None)
    async with sandbox, AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, rate_limit=None) as session:
        team, late, wanted, lost = sandbox.teams[0], [], set(), 0
        inbox = team.inboxes[0]["id"]
        watch = session.watch_batches("messages", "conversations", every=1, store=tmp_path / "state.db")
        async with receiver, SqliteStore(tmp_path / "state.db") as checkpoints:
            reconciling = asyncio.ensure_future(reconcile(receiver, watch))
            async with asyncio.timeout(20):
                while not await checkpoints.load(f"/{team.id}/conversations"):
                    await asyncio.sleep(0.001)
            for turn in range(300):
                number = f"1415555{chance.randrange(20):04d}"
                record = team.receive(inbox, number, "Good morning")
                wanted.add(f"message_received:{record['id']}")
                told = [("message_recieved", Message(id=record["id"], text="Good morning"))]
                if chance.random() < 0.2:
                    talk = team.conversations[record["_conversation"]]
                    team.conversations.change(talk, team._now(), {"status": "closed"})
                    updated = datetime.fromtimestamp(talk["updated"] / 1e6, UTC)
                    told.append(("chat_closed", Conversation(id=talk["id"], updated=updated)))
                for kind, model in told:
                    if 100 <= turn < 150 or chance.random() < 0.05:
                        lost += 1
                        continue
                    body = of_the_sandbox(team, kind, model)
                    late += [body] * (2 if chance.random() < 0.1 else 1)
                clock.advance(0.01)
                while late and chance.random() < 0.8:
                    assert (await receiver.accept(late.pop(chance.randrange(len(late))))).status == 200
                await asyncio.sleep(0)
            for body in late:
                assert (await receiver.accept(body)).status == 200
            async with asyncio.timeout(30):
                while not wanted <= {event.dedupe_key for event in notes.events}:
                    await asyncio.sleep(0.001)
            await receiver.settle()
            await watch.aclose()
            await reconciling
    messages = [event.dedupe_key for event in notes.events if event.kind == "message_received"]
    assert sorted(messages) == sorted(wanted), f"seed {seed}"
    assert lost > 20
    assert receiver.stats.from_polls >= lost / 2
