"""The file in which accepted events survive."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import stat
import threading
from datetime import timedelta

import pytest

from heymarket_async import Retries
from heymarket_async.clock import VirtualClock
from heymarket_async.webhooks import (
    EventParked,
    EventsLeft,
    EventStoreError,
    HandlerFailed,
    MessageReceived,
    ReceiverError,
    StoreFailed,
)
from heymarket_async.webhooks import store as stores
from heymarket_async.webhooks.store import EventStore, Row, RowState
from heymarket_async.webhooks.window import Sign
from webhook_support import TOKEN, Notes, bodies, body_of, receiver_of, turns

ONCE = Retries(attempts=1)


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.db"


def rows_in(path):
    """Return what the file holds, as another process would read it."""
    with sqlite3.connect(path) as database:
        found = database.execute("SELECT key, state, body FROM events ORDER BY key").fetchall()
    database.close()
    return found


def made(clock, path, notes, **settings):
    receiver = receiver_of(clock, store=path, **settings)
    receiver.on()(notes)
    return receiver


class Disk:
    """Holds up what a store writes, or lets it fail.

    Attributes:
        batches: how many statements were written at a time.
        error: what the next writes fail with.
    """

    def __init__(self, monkeypatch):
        self.batches, self.error, self.gate = [], None, threading.Event()
        self.gate.set()
        write = EventStore._write

        def slowly(store, work):
            assert threading.current_thread() is not threading.main_thread()
            self.gate.wait(10)
            self.batches.append(len(work))
            if self.error is not None:
                with store._in_words():
                    raise self.error
            write(store, work)

        monkeypatch.setattr(EventStore, "_write", slowly)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


async def crash(receiver):
    """Let a process end without any farewell, as far as the file can tell."""
    store = receiver.ledger._store
    while store._writing is not None:
        await asyncio.wait([store._writing])
    await asyncio.get_running_loop().run_in_executor(store._thread, store._close)
    store._thread.shutdown()


async def test_it_is_for_its_owner_only_and_holds_no_token(clock, path):
    async with made(clock, path, Notes()) as receiver:
        await receiver.accept(body_of())
        await receiver.settle()
        files = sorted(path.parent.iterdir())
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert not any(TOKEN.encode() in file.read_bytes() for file in files)


async def test_an_event_is_in_the_file_before_the_sender_hears_yes(clock, path, disk):
    notes = Notes()
    async with made(clock, path, notes) as receiver:
        disk.gate.clear()
        answering = asyncio.ensure_future(receiver.accept(body_of()))
        await turns(50)
        assert not answering.done()
        assert not notes.events
        disk.gate.set()
        assert (await answering).status == 200
        await receiver.settle()
        assert len(notes.events) == 1


async def test_nor_does_whoever_sends_it_again_meanwhile(clock, path, disk):
    notes = Notes()
    async with made(clock, path, notes) as receiver:
        disk.gate.clear()
        answering = [asyncio.ensure_future(receiver.accept(body_of())) for _ in range(3)]
        await turns(50)
        assert not any(answer.done() for answer in answering)
        disk.gate.set()
        assert [(await answer).status for answer in answering] == [200] * 3
        await receiver.settle()
        assert len(notes.events) == 1
        assert receiver.stats.duplicates == 2


async def test_a_sender_that_goes_away_meanwhile_changes_nothing(clock, path, disk):
    notes = Notes()
    async with made(clock, path, notes) as receiver:
        disk.gate.clear()
        answering = asyncio.ensure_future(receiver.accept(body_of()))
        await turns(50)
        answering.cancel()
        disk.gate.set()
        await receiver.settle()
        assert len(notes.events) == 1


async def test_what_comes_while_one_is_written_goes_into_one_write(clock, path, disk):
    async with made(clock, path, Notes()) as receiver:
        disk.gate.clear()
        answering = [asyncio.ensure_future(receiver.accept(body)) for body in bodies(100)]
        await turns(50)
        disk.gate.set()
        assert {(await answer).status for answer in answering} == {200}
        await receiver.settle()
    assert disk.batches[:2] == [1, 99]


async def test_where_the_file_fails_the_sender_is_to_come_again(clock, path, disk, caplog):
    news, notes = [], Notes()
    async with made(clock, path, notes, listeners=[news.append]) as receiver:
        disk.error = sqlite3.OperationalError("disk full")
        answers = await asyncio.gather(*(receiver.accept(body_of()) for _ in range(2)))
        assert {answer.status for answer in answers} == {503}
        await turns()
        assert not notes.events
        assert receiver.stats.accepted == 0
        assert receiver.stats.busy == 2
        assert isinstance(news[0], StoreFailed)
        assert "disk full" in caplog.text
        disk.error = None
        assert (await receiver.accept(body_of())).status == 200
        await receiver.settle()
    assert len(notes.events) == 1


async def test_what_a_process_that_died_has_accepted_comes_with_the_next(clock, path):
    first, second = Notes(), Notes()
    first.gate.clear()
    dying = made(clock, path, first)
    await dying.open()
    for body in bodies(3, half="\ud83d"):
        assert (await dying.accept(body)).status == 200
    await turns()
    await crash(dying)
    async with made(clock, path, second) as receiver:
        assert (await receiver.accept(bodies(1)[0])).status == 200
        await receiver.settle()
    assert second.ids == [1, 2, 3]
    assert second.events == first.events
    assert all(isinstance(event, MessageReceived) for event in second.events)
    first.gate.set()
    await dying.ledger.workers.settle()


async def test_what_was_handled_is_known_to_the_next_and_only_its_key_is_kept(clock, path):
    notes = Notes()
    async with made(clock, path, notes) as receiver:
        await receiver.accept(body_of(id=7))
        await receiver.settle()
    assert rows_in(path) == [("message_received:7", RowState.DONE, None)]
    async with made(clock, path, notes) as receiver:
        assert (await receiver.accept(body_of(id=7))).status == 200
        assert receiver.stats.duplicates == 1
    assert len(notes.events) == 1


async def test_what_is_forgotten_leaves_the_file(clock, path):
    async with made(clock, path, Notes(), window=timedelta(hours=1), remember=2) as receiver:
        for body in bodies(3):
            await receiver.accept(body)
            await receiver.settle()
        clock.advance(3600)
        await receiver.accept(body_of(id=9))
        await receiver.settle()
    assert [row[0] for row in rows_in(path)] == ["message_received:9"]


async def test_what_is_parked_stays_so_and_can_be_replayed_later(clock, path):
    async with made(clock, path, Notes(OSError()), retries=ONCE) as receiver:
        await receiver.accept(body_of(id=7))
        await receiver.settle()
    notes = Notes()
    async with made(clock, path, notes) as receiver:
        await receiver.settle()
        assert [event.message.id for event in receiver.parked] == [7]
        assert not notes.events
        await receiver.replay()
        await receiver.settle()
        assert notes.ids == [7]
    assert rows_in(path) == [("message_received:7", RowState.DONE, None)]


async def test_what_was_not_finished_at_the_end_comes_with_the_next_start(clock, path):
    news, stuck = [], Notes()
    stuck.gate.clear()
    receiver = made(clock, path, stuck, listeners=[news.append], grace=1)
    await receiver.open()
    await receiver.accept(body_of(id=7))
    await turns()
    closing = asyncio.ensure_future(receiver.close())
    async with asyncio.timeout(10):
        while not closing.done():
            await asyncio.sleep(0.001)
            clock.advance(1)
    assert news == [EventsLeft(number=1, kept=True)]
    notes = Notes()
    async with made(clock, path, notes) as receiver:
        await receiver.settle()
    assert notes.ids == [7]


async def test_two_receivers_cannot_share_a_file(clock, path, monkeypatch):
    monkeypatch.setattr(stores, "_PATIENCE", 0.01)
    async with made(clock, path, Notes()) as receiver:
        await receiver.accept(body_of())
        with pytest.raises(EventStoreError, match="a file of its own"):
            await made(clock, path, Notes()).open()
        assert (await receiver.accept(body_of(id=2))).status == 200
    async with made(clock, path, Notes()):
        pass


@pytest.mark.parametrize("content", [b"These are notes of mine. " * 100, None])
async def test_a_file_of_something_else_is_left_as_it_is(clock, path, content):
    if content is None:
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE people (name TEXT)")
        database.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    receiver = made(clock, path, Notes())
    with pytest.raises(EventStoreError, match="cannot be used") as caught:
        await receiver.open()
    assert "Check the path" in str(caught.value)
    assert path.read_bytes() == before
    assert "not open" in repr(receiver)
    await receiver.close()


async def test_a_store_of_checkpoints_is_no_store_of_events(clock, path):
    from heymarket_async import SqliteStore

    async with SqliteStore(path) as checkpoints:
        await checkpoints.save("a", "b")
    with pytest.raises(EventStoreError, match="something else"):
        await made(clock, path, Notes()).open()


async def test_a_row_that_cannot_be_read_stays_where_it_is(clock, path):
    store = EventStore(path)
    await store.open()
    for key, body in (("a:1", b"[]"), ("a:2", b"{"), ("a:3", b'["telepathy", {}]'), ("a:4", b'["webhook", {}]')):
        await store.put(Row(Sign(key), RowState.IN_WORK, clock.wall(), body))
    await store.close()
    news = []
    async with made(clock, path, Notes(), listeners=[news.append]) as receiver:
        await receiver.settle()
        assert receiver.stats.accepted == 0
    assert news == [EventsLeft(number=1, kept=True)] * 4
    assert [row[0] for row in rows_in(path)] == ["a:1", "a:2", "a:3", "a:4"]


async def test_a_note_that_fails_is_told_and_the_event_comes_again(clock, path, disk):
    news, notes = [], Notes()
    notes.gate.clear()
    receiver = made(clock, path, notes, listeners=[news.append])
    await receiver.open()
    await receiver.accept(body_of(id=7))
    disk.error = sqlite3.OperationalError("disk full")
    notes.gate.set()
    await receiver.settle()
    await receiver.close()
    await turns()
    assert [type(each) for each in news] == [StoreFailed]
    disk.error = None
    async with made(clock, path, notes) as receiver:
        await receiver.settle()
    assert notes.ids == [7, 7]


async def test_closing_a_store_that_is_not_open_does_no_harm(path):
    await EventStore(path).close()
    assert not path.exists()


async def test_what_did_not_fit_is_kept_as_it_was_sent(clock, path):
    first, second = Notes(), Notes()
    first.gate.clear()
    dying = made(clock, path, first)
    await dying.open()
    await dying.accept(body_of().replace(b'"id": 123', b'"id": "the first one"'))
    await crash(dying)
    async with made(clock, path, second) as receiver:
        await receiver.settle()
    assert second.events[0].extra == {"id": "the first one"}
    assert second.events == first.events
    first.gate.set()
    await dying.ledger.workers.settle()


@contextlib.contextmanager
def in_use(path):
    """Let somebody else have the file for a while, as a process does that is about to end."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.close()


async def opened(receiver):
    async with asyncio.timeout(10):
        while True:
            try:
                return await receiver.open()
            except EventStoreError:
                await asyncio.sleep(0.01)


async def test_what_fails_while_the_receiver_closes_comes_with_the_next_start(clock, path):
    news, notes = [], Notes(OSError(), OSError())
    async with made(clock, path, notes, listeners=[news.append]) as receiver:
        await receiver.accept(body_of(id=7))
        await receiver.accept(body_of(id=7))
        await turns()
    assert [type(each) for each in news] == [HandlerFailed, HandlerFailed, EventsLeft]
    assert news[-1] == EventsLeft(number=1, kept=True)
    async with receiver:
        await receiver.settle()
    assert notes.ids == [7, 7, 7]
    assert receiver.stats.handled == 1


async def test_but_what_has_had_its_last_attempt_then_is_parked(clock, path):
    news = []
    async with made(clock, path, Notes(OSError()), retries=ONCE, listeners=[news.append]) as receiver:
        await receiver.accept(body_of(id=7))
    assert [type(each) for each in news] == [HandlerFailed, EventParked]


async def test_whoever_gives_up_closing_twice_leaves_no_lock_and_loses_nothing(clock, path, disk):
    complaints, first, second = [], Notes(), Notes()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    receiver = made(clock, path, first)
    await receiver.open()
    first.errors.append(OSError())
    await receiver.accept(body_of(id=7))
    await turns()
    assert receiver.stats.waiting == 1
    disk.gate.clear()
    answering = [asyncio.ensure_future(receiver.accept(body)) for body in bodies(3)]
    await turns()
    closing = asyncio.ensure_future(receiver.close())
    for _ in range(2):
        await turns()
        closing.cancel()
    await asyncio.wait([closing])
    disk.gate.set()
    assert {(await answer).status for answer in answering} == {200}
    await asyncio.wait_for(receiver.close(), 10)
    next_one = made(clock, path, second)
    await opened(next_one)
    await next_one.settle()
    await next_one.close()
    clock.advance(60)
    await turns()
    assert sorted(second.ids) == [1, 2, 3, 7]
    assert first.ids == [7]
    assert not complaints


async def test_nothing_is_taken_in_before_it_knows_what_the_file_holds(clock, path):
    notes = Notes()
    async with made(clock, path, notes) as receiver:
        await receiver.accept(body_of(id=7))
        await receiver.settle()
    with in_use(path):
        opening = asyncio.ensure_future(receiver.open())
        await turns()
        with pytest.raises(ReceiverError, match="not open"):
            await receiver.accept(body_of(id=7))
        with pytest.raises(ReceiverError, match="is open"):
            await receiver.open()
    await opening
    await receiver.accept(body_of(id=7))
    await receiver.close()
    assert notes.ids == [7]


async def test_whoever_gives_up_opening_leaves_no_lock(clock, path):
    async with made(clock, path, Notes()) as receiver:
        pass
    with in_use(path):
        opening = asyncio.ensure_future(receiver.open())
        await turns()
        opening.cancel()
        await asyncio.wait([opening])
    for _ in range(3):
        await asyncio.sleep(0.1)  # The thread gets the file now.
    another = made(clock, path, Notes())
    await opened(another)
    assert (await another.accept(body_of())).status == 200
    await another.close()


async def test_nothing_is_replayed_while_it_closes(clock, path):
    notes = Notes(OSError())
    async with made(clock, path, notes, retries=ONCE) as receiver:
        await receiver.accept(body_of(id=7))
        await receiver.settle()
        notes.gate.clear()
        await receiver.accept(body_of(id=8))
        closing = asyncio.ensure_future(receiver.close())
        await turns()
        with pytest.raises(ReceiverError, match="closes"):
            await receiver.replay()
        notes.gate.set()
        await closing
    assert notes.ids == [7, 8]
    assert [row[:2] for row in rows_in(path)] == [
        ("message_received:7", RowState.PARKED),
        ("message_received:8", RowState.DONE),
    ]


async def test_a_note_that_failed_is_written_with_what_comes_next(clock, path, disk):
    notes = Notes()
    notes.gate.clear()
    dying = made(clock, path, notes)
    await dying.open()
    await dying.accept(body_of(id=7))
    disk.error = sqlite3.OperationalError("disk full")
    notes.gate.set()
    await dying.settle()
    await turns(100)
    assert (await dying.accept(body_of(id=8))).status == 503
    disk.error = None
    assert (await dying.accept(body_of(id=9))).status == 200
    await dying.settle()
    await crash(dying)
    async with made(clock, path, notes) as receiver:
        await receiver.settle()
    assert notes.ids == [7, 9]


async def test_or_at_the_end(clock, path, disk):
    notes = Notes()
    async with made(clock, path, notes) as receiver:
        notes.gate.clear()
        await receiver.accept(body_of(id=7))
        disk.error = sqlite3.OperationalError("disk full")
        notes.gate.set()
        await receiver.settle()
        async with asyncio.timeout(10):
            while receiver.ledger._store._writing is not None:
                await asyncio.sleep(0.001)
        disk.error = None
    assert rows_in(path) == [("message_received:7", RowState.DONE, None)]


async def test_what_no_handler_is_there_for_any_more_stays_where_it_is(clock, path):
    notes = Notes()
    notes.gate.clear()
    dying = made(clock, path, notes)
    await dying.open()
    await dying.accept(body_of(id=7))
    await crash(dying)
    news = []
    async with receiver_of(clock, store=path, listeners=[news.append]) as receiver:
        receiver.on()(Notes())  # Too late.
        await receiver.settle()
        assert receiver.stats.handled == 0
    assert news == [EventsLeft(number=1, kept=True)]
    second = Notes()
    async with made(clock, path, second) as receiver:
        await receiver.settle()
    assert second.ids == [7]
    notes.gate.set()
    await dying.ledger.workers.settle()
