"""Exports: what the files hold, how an export goes on, and what it leaves behind."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sqlite3
import stat
import subprocess
import sys

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heymarket_async import (
    ArgumentError,
    AsyncSession,
    CheckpointError,
    ConnectionLost,
    Conversation,
    PermissionDenied,
    Retries,
    Tag,
)
from heymarket_async.convert import Reader
from heymarket_async.export import EXPORTS, export
from heymarket_async.export.formats import Target
from heymarket_async.export.spool import Purpose, Spool, Stand
from heymarket_async.plain import encoded, to_json
from heymarket_async.sandbox import Hang, Ordinary, Reply, Reset, Sandbox
from heymarket_async.tables import columns_of, to_frame
from sandbox_support import until
from test_convert_properties import any_model, loose, often, records

FORMATS = ["parquet", "csv", "jsonl", "sqlite"]


@pytest.fixture
async def long_sandbox():
    async with Sandbox(history=200, rate_limit=None) as sandbox:
        yield sandbox


@pytest.fixture
async def heymarket(long_sandbox):
    settings = {"retries": Retries(attempts=1), "rate_limit": None}
    async with AsyncSession(long_sandbox.secret, base_url=long_sandbox.url, **settings) as session:
        yield session


def ids(path):
    """Return the ids in a file, in its order."""
    if path.suffix == ".parquet":
        return pq.read_table(path)["id"].to_pylist()
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [int(row["id"]) for row in csv.DictReader(file)]
    if path.suffix == ".jsonl":
        return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]
    with sqlite3.connect(path) as database:
        (table,) = database.execute("SELECT name FROM sqlite_master").fetchone()
        found = [key for (key,) in database.execute(f'SELECT id FROM "{table}"')]
    database.close()
    return found


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


class TestWhatIsInTheFile:
    @pytest.mark.parametrize("ending", FORMATS)
    @pytest.mark.parametrize("what", EXPORTS)
    async def test_is_every_thing_of_the_team_once(self, heymarket, long_sandbox, tmp_path, what, ending):
        team, path = long_sandbox.teams[0], tmp_path / f"out.{ending}"
        pages = []
        done = await export(heymarket, what, to=path, on_page=pages.append, page_size=50)
        books = {each: getattr(team, each) for each in EXPORTS}
        wanted = sorted(books[what])
        assert ids(path) == wanted
        assert (done.rows, done.path, done.fetched) == (len(wanted), path, sum(pages))
        assert left_in(tmp_path) == [path.name]

    async def test_is_the_same_table_in_all_of_them(self, heymarket, tmp_path):
        for ending in FORMATS:
            await export(heymarket, "messages", to=tmp_path / f"out.{ending}")
        frame = await heymarket.messages.list().to_frame(to="polars")
        frame = frame.sort("id")
        assert pl.read_parquet(tmp_path / "out.parquet").equals(frame)
        with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == frame.columns
        assert [row["text"] for row in rows] == [text or "" for text in frame["text"]]
        assert rows[0]["date"] == f"{frame['date'][0]:%Y-%m-%dT%H:%M:%S.%fZ}"
        assert rows[0]["flagged"] in {"true", "false"}
        database = sqlite3.connect(tmp_path / "out.sqlite")
        found = database.execute('SELECT "conversation.id", text, date FROM messages ORDER BY id').fetchall()
        database.close()
        assert [row[:2] for row in found] == list(zip(frame["conversation.id"], frame["text"], strict=True))
        assert found[0][2] == rows[0]["date"]

    async def test_is_in_json_lines_all_that_the_service_sent(self, heymarket, long_sandbox, tmp_path):
        path = tmp_path / "out.jsonl"
        await export(heymarket, "conversations", to=path)
        with heymarket.capture() as replies:
            await heymarket.conversations.list(inboxes=[each.id for each in await heymarket.inboxes.list()]).collect()
        sent = {record["id"]: record for reply in replies[1:] for record in json.loads(reply.reply.body)}
        for record in map(json.loads, path.read_text("utf-8").splitlines()):
            assert {
                key: value for key, value in sent[record["id"]].items() if value is not None
            }.keys() <= record.keys()
            assert Reader().structure(record, Conversation) == Reader().structure(sent[record["id"]], Conversation)

    async def test_is_only_what_the_chosen_inboxes_hold(self, heymarket, long_sandbox, tmp_path):
        inbox = long_sandbox.teams[0].inboxes[0]["id"]
        path = tmp_path / "out.jsonl"
        await export(heymarket, "conversations", to=path, inboxes=(inbox,))
        assert {json.loads(line)["inbox"] for line in path.read_text("utf-8").splitlines()} == {inbox}

    async def test_is_nothing_but_columns_where_there_is_nothing(self, heymarket, long_sandbox, tmp_path):
        long_sandbox.teams[0].tags.clear()
        for ending in FORMATS:
            assert (await export(heymarket, "tags", to=tmp_path / f"out.{ending}")).rows == 0
            assert ids(tmp_path / f"out.{ending}") == []
        assert pq.read_table(tmp_path / "out.parquet").column_names == [column.name for column in columns_of(Tag)]

    async def test_is_for_its_owner_only_until_somebody_else_is_let_in(self, heymarket, tmp_path):
        path = tmp_path / "out.csv"
        await export(heymarket, "tags", to=path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o640)
        await export(heymarket, "tags", to=path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    @often
    @pytest.mark.mixed
    @given(model=any_model, data=st.data())
    @pytest.mark.parametrize("ending", ["sqlite", "csv"])
    def test_can_be_written_whatever_the_service_sent(self, tmp_path_factory, model, data, ending):
        items = [Reader().structure(record, model) for record in data.draw(st.lists(records(model, loose), max_size=3))]
        # What an export holds has an id, each another one, and one that SQLite can hold: the spool takes nothing else.
        by_id = {getattr(item, "id", 0): item for item in items}
        items = [item for key, item in by_id.items() if key is not None and not (isinstance(key, int) and key >= 2**63)]
        path = tmp_path_factory.mktemp("files") / f"out.{ending}"
        Target.make(path).write("things", model, [[encoded(to_json(item)) for item in items]])
        if ending == "csv":
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file))
        else:
            database = sqlite3.connect(path)
            rows = [None, *database.execute("SELECT * FROM things")]
            database.close()
        assert len(rows) == 1 + len(items)


class TestAnExportThatIsInterrupted:
    @pytest.mark.parametrize("ending", FORMATS)
    async def test_leaves_no_part_of_the_file_and_goes_on_where_it_was(self, heymarket, long_sandbox, tmp_path, ending):
        path = tmp_path / f"out.{ending}"
        long_sandbox.script("list_messages", Ordinary(), Ordinary(), Hang())
        work = asyncio.create_task(export(heymarket, "messages", to=path, page_size=50))
        await until(lambda: not long_sandbox.scripted)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert left_in(tmp_path) == [f"{path.name}.partial"]
        pages = []
        done = await export(heymarket, "messages", to=path, page_size=50, on_page=pages.append)
        assert 50 < pages[0] <= 100
        assert done.fetched < len(long_sandbox.teams[0].messages)
        assert ids(path) == sorted(long_sandbox.teams[0].messages)
        assert left_in(tmp_path) == [path.name]

    async def test_has_the_present_state_of_what_changed_meanwhile(self, heymarket, long_sandbox, tmp_path):
        team, path = long_sandbox.teams[0], tmp_path / "out.jsonl"
        long_sandbox.script("list_conversations", Ordinary(), Reset())
        with pytest.raises(Exception, match="connection broke"):
            await export(heymarket, "conversations", to=path, page_size=5)
        team.receive(team.inboxes[0]["id"], "14155550199", "Good morning")
        closed = next(iter(team.conversations.values()))
        team.conversations.change(closed, team._now(), {"status": "closed"})
        await export(heymarket, "conversations", to=path, page_size=5)
        found = {record["id"]: record for record in map(json.loads, path.read_text("utf-8").splitlines())}
        assert found.keys() == team.conversations.keys()
        assert found[closed["id"]]["status"] == "closed"

    async def test_begins_anew_where_an_inbox_that_it_was_about_is_gone(self, heymarket, long_sandbox, tmp_path):
        team, path = long_sandbox.teams[0], tmp_path / "out.jsonl"
        for number in range(30):
            team.receive(team.inboxes[0]["id"], f"1415555{number:04d}", "Good morning")
        long_sandbox.script("list_conversations", Ordinary(), Ordinary(), Reset())
        with pytest.raises(ConnectionLost):
            await export(heymarket, "conversations", to=path, page_size=5)
        long_sandbox.script("list_conversations", Reply(403, json={"message": "No such inbox"}))
        done = await export(heymarket, "conversations", to=path, page_size=5)
        assert set(ids(path)) == team.conversations.keys()
        assert done.fetched >= len(team.conversations)

    async def test_says_that_a_chosen_inbox_is_gone(self, heymarket, long_sandbox, tmp_path):
        path, chosen = tmp_path / "out.jsonl", (long_sandbox.teams[0].inboxes[0]["id"],)
        long_sandbox.script("list_conversations", Ordinary(), Reset())
        with pytest.raises(ConnectionLost):
            await export(heymarket, "conversations", to=path, page_size=2, inboxes=chosen)
        long_sandbox.script("list_conversations", Reply(403, json={"message": "No such inbox"}))
        with pytest.raises(PermissionDenied):
            await export(heymarket, "conversations", to=path, page_size=2, inboxes=chosen)

    async def test_keeps_the_file_that_was_there_before(self, heymarket, long_sandbox, tmp_path):
        path = tmp_path / "out.csv"
        path.write_text("before")
        long_sandbox.script("list_messages", Reset())
        with pytest.raises(Exception, match="connection broke"):
            await export(heymarket, "messages", to=path)
        assert path.read_text() == "before"

    async def test_by_a_full_disk_keeps_the_file_and_what_was_fetched(self, heymarket, tmp_path, monkeypatch):
        path = tmp_path / "out.csv"
        path.write_text("before")

        def full(_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(OSError, match="No space"):
                await export(heymarket, "tags", to=path)
        assert path.read_text() == "before"
        assert left_in(tmp_path) == ["out.csv", "out.csv.partial"]

    @pytest.mark.skipif(sys.platform == "win32", reason="needs limits of the system")
    @pytest.mark.parametrize("ending", FORMATS)
    async def test_by_a_system_that_takes_no_more_is_an_error_of_the_system(self, tmp_path, ending):
        import resource

        path = tmp_path / f"out.{ending}"
        path.write_text("before")
        lines = [
            [encoded(to_json(Tag(id=10 * some + each, name=os.urandom(4000).hex()))) for each in range(10)]
            for some in range(100)
        ]
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
        try:
            with pytest.raises(OSError) as caught:  # noqa: PT011 - each format has its own words
                Target.make(path).write("tags", Tag, lines)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert caught.value.errno is not None
        assert path.read_text() == "before"
        assert left_in(tmp_path) == [path.name]

    async def test_by_another_that_writes_the_same_file_takes_nothing_of_its(self, tmp_path):
        path = tmp_path / "out.jsonl"

        def slow():
            yield [encoded(to_json(Tag(id=1, name="slow")))]
            # Meanwhile another export, with a state of its own, comes to its end.
            Target.make(path).write("tags", Tag, [[encoded(to_json(Tag(id=2, name="quick")))]], by="other")
            assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [2]
            yield [encoded(to_json(Tag(id=3, name="slow")))]

        Target.make(path).write("tags", Tag, slow(), by="one")
        assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [1, 3]
        assert left_in(tmp_path) == ["out.jsonl"]

    @pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes only there")
    async def test_has_any_name(self, heymarket, tmp_path):
        done = await export(heymarket, "tags", to=os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jsonl"))
        assert len(ids(done.path)) == done.rows > 0

    async def test_through_a_link_leaves_the_link(self, heymarket, tmp_path):
        (tmp_path / "there").mkdir()
        link, real = tmp_path / "link.jsonl", tmp_path / "there" / "real.jsonl"
        link.symlink_to(real)
        for _ in range(2):
            done = await export(heymarket, "tags", to=link)
            assert link.is_symlink()
            assert len(ids(real)) == done.rows


class TestAnExportWithAState:
    async def test_is_not_kept_in_the_file_itself(self, heymarket, long_sandbox, tmp_path):
        (tmp_path / "here").symlink_to(tmp_path)
        with pytest.raises(ArgumentError) as caught:
            await export(heymarket, "tags", to=tmp_path / "out.db", state=tmp_path / "here" / "out.db")
        assert caught.value.argument == "state"
        assert long_sandbox.requests == []
        assert left_in(tmp_path) == ["here"]

    async def test_that_is_damaged_is_an_error_which_names_it(self, heymarket, tmp_path):
        state, path = tmp_path / "state", tmp_path / "out.jsonl"
        await export(heymarket, "messages", to=path, state=state)
        whole, page, failed = state.read_bytes(), 4096, []
        for start in range(page, len(whole), page):
            state.write_bytes(whole[:start] + b"\xa5" * page + whole[start + page :])
            before = path.read_bytes()
            try:
                await export(heymarket, "messages", to=path, state=state)
            except CheckpointError as error:
                failed.append((error, path.read_bytes() == before))
        assert failed, "SQLite reads past no page"
        assert all(str(state) in str(error) and untouched for error, untouched in failed)

    async def test_fetches_only_what_is_new_and_writes_all(self, heymarket, long_sandbox, tmp_path):
        team, path, state = long_sandbox.teams[0], tmp_path / "out.jsonl", tmp_path / "state"
        first = await export(heymarket, "messages", to=path, state=state, page_size=20)
        team.receive(team.inboxes[0]["id"], "14155550199", "Good morning")
        second = await export(heymarket, "messages", to=path, state=state, page_size=20)
        assert second.fetched < first.fetched / 2
        assert second.rows == first.rows + 1
        assert ids(path) == sorted(team.messages)
        assert left_in(tmp_path) == ["out.jsonl", "state"]

    async def test_can_write_another_file_from_it(self, heymarket, long_sandbox, tmp_path):
        state = tmp_path / "state"
        for ending in FORMATS:
            await export(heymarket, "messages", to=tmp_path / f"out.{ending}", state=state)
            assert ids(tmp_path / f"out.{ending}") == sorted(long_sandbox.teams[0].messages)

    async def test_walks_all_again_where_a_team_has_a_new_inbox(self, heymarket, long_sandbox, tmp_path):
        team, path, state = long_sandbox.teams[0], tmp_path / "out.jsonl", tmp_path / "state"
        hidden = team.inboxes.pop(0)
        await export(heymarket, "conversations", to=path, state=state)
        known = set(ids(path))
        team.inboxes.append(hidden)
        await export(heymarket, "conversations", to=path, state=state)
        assert set(ids(path)) == team.conversations.keys()
        assert len(known) < len(team.conversations)

    async def test_holds_the_conversations_of_inboxes_that_are_gone(self, heymarket, long_sandbox, tmp_path):
        team, path, state = long_sandbox.teams[0], tmp_path / "out.jsonl", tmp_path / "state"
        await export(heymarket, "conversations", to=path, state=state)
        before = ids(path)
        team.inboxes.clear()
        assert (await export(heymarket, "conversations", to=path, state=state)).fetched == 0
        assert ids(path) == before

    @pytest.mark.parametrize(
        ("what", "inboxes", "said"),
        [("contacts", (), "of messages and not of contacts"), ("conversations", (1,), "of messages")],
    )
    async def test_refuses_the_state_of_another_export(self, heymarket, tmp_path, what, inboxes, said):
        state = tmp_path / "state"
        await export(heymarket, "messages", to=tmp_path / "out.csv", state=state)
        before = state.read_bytes()
        with pytest.raises(CheckpointError, match=said):
            await export(heymarket, what, to=tmp_path / "other.csv", state=state, inboxes=inboxes)
        assert state.read_bytes() == before

    async def test_refuses_the_state_of_another_team_or_of_other_inboxes(self, heymarket, long_sandbox, tmp_path):
        with pytest.raises(CheckpointError, match="of other inboxes"):
            for inboxes in ((40001,), (40001, 40002)):
                await export(heymarket, "conversations", to=tmp_path / "out.csv", state=tmp_path / "s", inboxes=inboxes)
        other = heymarket.as_account(long_sandbox.teams[1].secret)
        with pytest.raises(CheckpointError, match=r"of team \d+ and not of team \d+"):
            await export(other, "conversations", to=tmp_path / "out.csv", state=tmp_path / "s", inboxes=(40001,))

    @pytest.mark.parametrize("content", [b"no database at all, but long enough to look like one" * 100, None])
    async def test_leaves_a_file_of_something_else_alone(self, heymarket, tmp_path, content):
        state = tmp_path / "state"
        if content is None:
            database = sqlite3.connect(state)
            database.execute("CREATE TABLE things (id)")
            database.close()
        else:
            state.write_bytes(content)
        before = state.read_bytes()
        with pytest.raises(CheckpointError, match="cannot be used"):
            await export(heymarket, "messages", to=tmp_path / "out.csv", state=state)
        assert state.read_bytes() == before

    def test_of_a_newer_version_is_left_alone(self, tmp_path):
        Spool(tmp_path / "state", Purpose(what="tags", team=1)).close()
        database = sqlite3.connect(tmp_path / "state")
        database.execute("PRAGMA user_version = 9")
        database.close()
        with pytest.raises(CheckpointError, match="version 9, and this library reads 1"):
            Spool(tmp_path / "state", Purpose(what="tags", team=1))

    def test_is_for_one_export_at_a_time(self, tmp_path):
        first = Spool(tmp_path / "state", Purpose(what="tags", team=1))
        try:
            first.put("all", [Tag(id=1)], Stand())
            with pytest.raises(CheckpointError, match="another export is at it"):
                Spool(tmp_path / "state", Purpose(what="tags", team=1))
        finally:
            first.close()

    def test_refuses_an_id_that_no_file_could_hold(self, tmp_path):
        spool = Spool(tmp_path / "state", Purpose(what="tags", team=1))
        try:
            with pytest.raises(CheckpointError):
                spool.put("all", [Tag(id=1), Tag(id=2**70)], Stand(cursor="x"))
            assert (spool.count(), spool.stand("all")) == (0, Stand())
        finally:
            spool.close()


class TestBadInput:
    @pytest.mark.parametrize(
        ("what", "options", "argument"),
        [
            ("schedules", {}, "what"),
            ("messages", {"to": "out.xlsx"}, "to"),
            ("messages", {"to": "."}, "to"),
            ("messages", {"to": "nowhere/out.csv"}, "to"),
            ("messages", {"to": "out", "format": "xml"}, "to"),
            ("messages", {"page_size": 0}, "page_size"),
            ("messages", {"page_size": 1001}, "page_size"),
            ("messages", {"inboxes": (1,)}, "inboxes"),
        ],
    )
    async def test_is_known_before_any_request(
        self, heymarket, long_sandbox, tmp_path, monkeypatch, what, options, argument
    ):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ArgumentError) as caught:
            await export(heymarket, what, **{"to": "out.csv"} | options)
        assert caught.value.argument == argument
        assert long_sandbox.requests == []
        assert left_in(tmp_path) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe")
    async def test_is_a_target_that_is_no_ordinary_file(self, heymarket, long_sandbox, tmp_path):
        os.mkfifo(tmp_path / "pipe.csv")
        with pytest.raises(ArgumentError, match="no ordinary file"):
            await export(heymarket, "tags", to=tmp_path / "pipe.csv")
        assert stat.S_ISFIFO((tmp_path / "pipe.csv").stat().st_mode)
        assert long_sandbox.requests == []

    def test_is_parquet_without_the_extra(self, tmp_path):
        program = f"""
import sys
sys.modules["pyarrow"] = None
from heymarket_async import ConfigurationError
from heymarket_async.export.formats import Target
Target.make({str(tmp_path / "out.csv")!r})
try:
    Target.make({str(tmp_path / "out.parquet")!r})
except ConfigurationError as error:
    print(error)
"""
        shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        assert shown == "Parquet needs the package pyarrow. Install heymarket-async[arrow].\n"


def test_a_frame_and_a_file_agree_on_what_no_column_can_hold(tmp_path):
    odd = [Tag(id=1, rev=2**64, name="\ud83d")]
    Target.make(tmp_path / "out.sqlite").write("tags", Tag, [[encoded(to_json(each)) for each in odd]])
    database = sqlite3.connect(tmp_path / "out.sqlite")
    found = database.execute("SELECT rev, name, extra FROM tags").fetchall()
    database.close()
    (row,) = to_frame(odd, to="arrow").to_pylist()
    assert found == [(row["rev"], row["name"], row["extra"])]
