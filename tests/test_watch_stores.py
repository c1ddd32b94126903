"""Stores of checkpoints."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
import time

import pytest

from heymarket_async import ArgumentError, CheckpointError, databases
from heymarket_async.watch import stores
from heymarket_async.watch.stores import MemoryStore, SqliteStore, check_store


@pytest.fixture(params=["memory", "file"])
async def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryStore()
        return
    async with SqliteStore(tmp_path / "state.db") as file:
        yield file


async def test_what_is_saved_last_is_loaded(store):
    assert await store.load("a") is None
    await store.save("a", "one")
    await store.save("b", "two")
    await store.save("a", "three")
    assert (await store.load("a"), await store.load("b"), await store.load("c")) == ("three", "two", None)


async def test_a_file_outlives_its_store(tmp_path):
    async with SqliteStore(tmp_path / "state.db") as first:
        await first.save("a", "one")
    async with SqliteStore(str(tmp_path / "state.db")) as second:
        assert await second.load("a") == "one"
        await second.close()
        assert await second.load("a") == "one"


async def test_only_its_owner_may_read_the_file(tmp_path):
    async with SqliteStore(tmp_path / "state.db") as store:
        await store.save("a", "one")
        made = sorted(tmp_path.iterdir())
        assert len(made) > 1
        assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {0o600}


async def test_several_stores_may_share_a_file(tmp_path):
    stores_of_it = [SqliteStore(tmp_path / "state.db") for _ in range(4)]
    await asyncio.gather(*(store.save(f"{at}/{n}", "x") for n in range(5) for at, store in enumerate(stores_of_it)))
    assert [await store.load(f"{at}/{n}") for n in range(5) for at, store in enumerate(reversed(stores_of_it))] == [
        "x"
    ] * 20
    for store in stores_of_it:
        await store.close()


def of_something_else(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE people (name TEXT)")
    database.close()


def of_another_version(path):
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA application_id = {stores._APPLICATION}")
        database.execute("PRAGMA user_version = 99")
        database.execute("CREATE TABLE checkpoints (key TEXT PRIMARY KEY, text TEXT)")
    database.close()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b"These are notes of mine. " * 100), "not a database"),
        (of_something_else, "something else"),
        (of_another_version, "version 99"),
    ],
)
async def test_a_file_that_is_no_store_is_left_as_it_is(tmp_path, make, says):
    path = tmp_path / "state.db"
    make(path)
    before = path.read_bytes()
    store = SqliteStore(path)
    for attempt in (store.load("a"), store.save("a", "x")):
        with pytest.raises(CheckpointError, match=says):
            await attempt
    assert path.read_bytes() == before


async def test_a_damaged_store_is_left_as_it_is(tmp_path):
    path = tmp_path / "state.db"
    async with SqliteStore(path) as store:
        await store.save("a", "x" * 20_000)
    damaged = path.read_bytes()[:4096] + b"\xff" * 8192
    path.write_bytes(damaged)
    async with SqliteStore(path) as store:
        with pytest.raises(CheckpointError, match="cannot be used"):
            await store.load("a")
        with pytest.raises(CheckpointError, match="cannot be used"):
            await store.save("a", "y")
    assert path.read_bytes() == damaged


@pytest.mark.parametrize(
    ("what", "becomes"),
    [(b"/150/messages", b"/950/messages"), (b"x" * 20, b"\xff" * 20), (b"CREATE TABLE ch", b"CREATE \x9eABLE ch")],
)
async def test_a_store_in_which_a_little_is_damaged_does_not_say_that_there_is_nothing(tmp_path, what, becomes):
    """It would start the watch anew, and be overwritten."""
    path = tmp_path / "state.db"
    async with SqliteStore(path) as store:
        for team in range(100, 200):
            await store.save(f"/{team}/messages", "x" * 50)
    damaged = path.read_bytes().replace(what, becomes)
    path.write_bytes(damaged)
    async with SqliteStore(path) as store:
        for _ in range(2):
            with pytest.raises(CheckpointError, match="cannot be used"):
                await store.load("/150/messages")
    assert path.read_bytes() == damaged


async def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match="Check the path"):
        await SqliteStore(tmp_path / "none" / "state.db").load("a")


async def test_a_store_that_fails_once_works_again(tmp_path):
    store = SqliteStore(tmp_path / "later" / "state.db")
    with pytest.raises(CheckpointError):
        await store.save("a", "x")
    (tmp_path / "later").mkdir()
    await store.save("a", "x")
    assert await store.load("a") == "x"
    await store.close()


async def test_a_file_is_half_made_by_nobody(tmp_path, monkeypatch):
    store = SqliteStore(tmp_path / "state.db")
    monkeypatch.setattr(stores, "_TABLE", "CREATE NONSENSE")
    with pytest.raises(CheckpointError):
        await store.save("a", "x")
    monkeypatch.undo()
    await store.save("a", "x")
    assert await store.load("a") == "x"
    await store.close()


async def test_a_file_that_somebody_else_is_making_is_waited_for(tmp_path, monkeypatch):
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waits = threading.Event()

    def pause(seconds):
        waits.set()
        time.sleep(seconds)

    monkeypatch.setattr(databases, "sleep", pause)
    async with SqliteStore(tmp_path / "state.db") as store:
        saving = asyncio.ensure_future(store.save("a", "x"))
        assert await asyncio.to_thread(waits.wait, 30)
        other.execute("ROLLBACK")
        await saving
        assert await store.load("a") == "x"
    other.close()


async def test_it_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(stores, "_PATIENCE", 0.05)
    async with SqliteStore(tmp_path / "state.db") as store:
        with pytest.raises(CheckpointError, match="locked"):
            await store.save("a", "x")
    other.close()


@pytest.mark.parametrize("times", [1, 3])
async def test_a_save_that_is_cancelled_is_over_when_it_says_so(tmp_path, times):
    store = SqliteStore(tmp_path / "state.db")
    await store.save("a", "before")
    began, go_on = threading.Event(), threading.Event()

    def slowly(database):
        began.set()
        go_on.wait(5)
        database.execute(stores._UPSERT, ("a", "after"))

    saving = asyncio.ensure_future(store._run(slowly))
    while not began.is_set():
        await asyncio.sleep(0)
    for _ in range(times):
        saving.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not saving.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert await store.load("a") == "after"
    await store.close()


def test_a_store_is_a_path_or_has_two_methods(tmp_path):
    store = MemoryStore()
    assert check_store(store) is store
    made = check_store(tmp_path / "state.db")
    assert isinstance(made, SqliteStore)
    assert "state.db" in repr(made)
    assert repr(store) == "<MemoryStore of 0>"
    for value in (5, None, object(), {}):
        with pytest.raises(ArgumentError, match="two async methods"):
            check_store(value)
    for value in ("", 5):
        with pytest.raises(ArgumentError, match="path"):
            SqliteStore(value)
