"""`heymarket watch`."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import select
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from heymarket_async import (
    Added,
    AuthenticationError,
    Changed,
    Conversation,
    Gap,
    Message,
    PollEnded,
    PollFailed,
    Removed,
    Tag,
)
from heymarket_async.cli.board import Board, in_words, line_of, record_of
from heymarket_async.kinds import EventKind
from heymarket_async.plain import masked
from heymarket_async.values import MASK, Extra
from terminal import ROOT, command_line, credentials, environment, heymarket_now, set_all, start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs the signals of POSIX")
MESSAGES = "/v1/messages/all"
NUMBER = "15105550142"
TEXT = "Are the scones warm today?"
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


class Listening(io.StringIO):
    """A stdout that presses Ctrl-C when it has seen enough."""

    def __init__(self, enough, *, terminal=False):
        super().__init__()
        self._enough, self._terminal, self._pressed = enough, terminal, False

    def isatty(self):
        return self._terminal

    def write(self, text):
        written = super().write(text)
        if not self._pressed and self._enough(self.getvalue()):
            self._pressed = True
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        return written


def teams_file(folder, **teams):
    file = folder / "teams.toml"
    keys = {name: team if isinstance(team, str) else team.api_key.key for name, team in teams.items()}
    file.write_text("".join(f'[{name}]\napi_key = "{key}"\n' for name, key in keys.items()))
    file.chmod(0o600)
    return str(file)


async def next_change(running):
    async with asyncio.timeout(30):
        return json.loads(await running.stdout.readline())


async def end(running, number=signal.SIGINT):
    running.send_signal(number)
    async with asyncio.timeout(30):
        out, err = await running.communicate()
    return running.returncode, out.decode(), err.decode()


async def known(sandbox, *teams, times=1):
    """Wait until the messages of some teams, or of the first, were asked for so often."""
    ids = [team.id for team in teams or sandbox.teams[:1]]
    async with asyncio.timeout(30):
        while (
            min(sum(request.team == team and request.path == MESSAGES for request in answered(sandbox)) for team in ids)
            < times
        ):
            await asyncio.sleep(0.01)


def answered(sandbox):
    return [request for request in sandbox.requests if request.status == 200]


def writes(team):
    return team.receive(team.inboxes[0]["id"], NUMBER, TEXT)["id"]


class TestJson:
    def test_without_credentials_it_watches_a_sandbox_in_which_something_happens(self):
        shown = heymarket_now("watch", "messages", "--every", "1", out=Listening(lambda out: out.count("\n") >= 2))
        assert shown.code == 0
        changes = [json.loads(line) for line in shown.out.splitlines()]
        assert {(change["feed"], change["team"]) for change in changes} == {("messages", None)}
        assert changes[0]["change"] == "added"
        assert changes[0]["kinds"] == ["message_received"]
        assert changes[0]["after"]["text"] == MASK
        assert "sandbox" in shown.err
        assert "Customers write" in shown.err

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_a_change_is_a_line_and_signals_end_it_well(self, heymarket_sandbox, number):
        running = await start("watch", "messages", "--every", "1", **credentials(heymarket_sandbox))
        await known(heymarket_sandbox)
        wrote = writes(heymarket_sandbox.teams[0])
        change = await next_change(running)
        assert (change["id"], change["change"]) == (wrote, "added")
        code, out, err = await end(running, number)
        assert (code, out) == (0, "")
        assert "Traceback" not in err
        assert TEXT not in err

    @pytest.mark.parametrize("option", [None, "--reveal", "--json"])
    async def test_what_is_personal_is_masked_unless_asked_for(self, heymarket_sandbox, option):
        arguments = ["messages", "--every", "1", *([option] if option else [])]
        running = await start("watch", *arguments, **credentials(heymarket_sandbox))
        await known(heymarket_sandbox)
        writes(heymarket_sandbox.teams[0])
        async with asyncio.timeout(30):
            line = (await running.stdout.readline()).decode()
        assert (TEXT in line) == (NUMBER in line) == bool(option)
        assert json.loads(line)["after"]["text"] == (TEXT if option else MASK)
        _, _, err = await end(running)
        assert ("--reveal shows them" in err) == (option is None)

    def test_in_a_terminal_json_is_whole_too(self, monkeypatch):
        set_all(monkeypatch, {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "24"})
        out = Listening(lambda out: "\n" in out, terminal=True)
        shown = heymarket_now("watch", "messages", "--every", "1", "--json", out=out)
        assert shown.code == 0
        assert json.loads(shown.out.splitlines()[0])["after"]["text"]
        assert MASK not in shown.out
        assert "\x1b" not in shown.out

    async def test_a_restart_shows_what_came_meanwhile_and_nothing_twice(self, heymarket_sandbox, tmp_path):
        arguments = ["watch", "messages", "--every", "1", "--slowest", "1", "--state", str(tmp_path / "state.db")]
        team, seen = heymarket_sandbox.teams[0], []
        running = await start(*arguments, **credentials(heymarket_sandbox))
        await known(heymarket_sandbox)
        seen.append((writes(team), (await next_change(running))["id"]))
        await known(heymarket_sandbox, times=4)  # It has asked for the next, so this one is handled.
        await end(running)
        meanwhile = writes(team)
        running = await start(*arguments, **credentials(heymarket_sandbox))
        seen.append((meanwhile, (await next_change(running))["id"]))
        assert all(wrote == shown for wrote, shown in seen)
        assert (await end(running))[1] == ""

    async def test_teams_of_a_file_are_watched_and_one_that_is_refused_holds_up_nobody(
        self, heymarket_sandbox, tmp_path
    ):
        acme, globex = heymarket_sandbox.teams
        file = teams_file(tmp_path, acme=acme, globex=globex, gone="a key that was taken back")
        url = heymarket_sandbox.url
        running = await start("watch", "messages", "--every", "1", "--teams", file, HEYMARKET_BASE_URL=url)
        await known(heymarket_sandbox, acme, globex, times=3)  # A first poll of nothing asks twice.
        wrote = {"acme": writes(acme), "globex": writes(globex)}
        changes = [await next_change(running) for _ in wrote]
        assert {change["team"]: change["id"] for change in changes} == wrote
        code, _, err = await end(running)
        assert code == 0
        assert "gone  team failed: The service answered 401 unknown_key." in err
        assert "a key that" not in err
        assert "Traceback" not in err

    async def test_it_ends_when_nobody_reads_any_more_though_it_runs_in_a_thread(
        self, heymarket_sandbox, tmp_path, monkeypatch
    ):
        class Gone(io.StringIO):
            def write(self, text):
                raise BrokenPipeError

        acme, globex = heymarket_sandbox.teams
        monkeypatch.setenv("HEYMARKET_BASE_URL", heymarket_sandbox.url)
        arguments = ["watch", "messages", "--every", "1", "--teams", teams_file(tmp_path, acme=acme, globex=globex)]
        running = asyncio.create_task(asyncio.to_thread(heymarket_now, *arguments, out=Gone()))
        await known(heymarket_sandbox, acme, globex, times=3)
        writes(globex)
        shown = await asyncio.wait_for(running, 30)
        assert shown.code == 141
        assert shown.err.startswith("Watching 2 teams of ")


class TestTerminal:
    def test_it_shows_changes_above_a_table_of_the_teams(self, monkeypatch):
        set_all(monkeypatch, {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "24"})
        out = Listening(lambda out: out.count("message_received") >= 2 and "1 team" in out, terminal=True)
        shown = heymarket_now("watch", "--every", "1", out=out)
        assert shown.code == 0
        assert "Polls a minute" in shown.out
        assert "this team" in shown.out
        assert "0 failing" in shown.out
        assert "Traceback" not in shown.out + shown.err

    def test_failures_are_lines_too(self, monkeypatch):
        set_all(monkeypatch, {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "24"})
        set_all(monkeypatch, {"HEYMARKET_BASE_URL": "http://127.0.0.1:9", "HEYMARKET_API_KEY": "key"})
        out = Listening(lambda out: "failed" in out and "1 failing" in out, terminal=True)
        shown = heymarket_now("watch", "--every", "1", out=out)
        assert shown.code == 0
        assert "did not reach the service" in shown.out
        assert "1 failing" in shown.out

    @pytest.mark.slow
    def test_in_a_pseudo_terminal_ctrl_c_ends_it_and_takes_the_table_away(self):
        code, seen = in_a_pseudo_terminal("watch", "messages", "--every", "1", until=b"message_received")
        assert code == 0
        assert b"\x1b[" in seen
        assert b"Traceback" not in seen
        assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l")  # The cursor is back.
        assert seen[seen.rindex(b"Ctrl-C ends it") :].count(b"\x1b[2K") >= 4


def in_a_pseudo_terminal(*arguments, until):
    """Run the command where a person would, press Ctrl-C when something stands there, and return code and output."""
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        variables = environment(TERM="xterm-256color", COLUMNS="100", LINES="24")
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execve(sys.executable, command_line(*arguments), variables)
    seen, pressed = b"", False
    try:
        while True:
            ready, _, _ = select.select([terminal], [], [], 30)
            assert ready, seen
            try:
                read = os.read(terminal, 65_536)
            except OSError:  # As Linux says that the other end is closed.
                break
            seen += read
            if until in seen and not pressed:
                os.write(terminal, b"\x03")
                pressed = True
            if not read:
                break
    finally:
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["mesages"], "feed must be one of"),
            (["schedules"], "no way to list"),
            (["messages", "messages"], "'messages' twice"),
            (["--every", "0.5"], "every must be from 1 to"),
            (["--every", "often"], "--every"),
            (["--every", "30", "--slowest", "10"], "slowest must not be below every"),
            (["--since", "yesterday"], "--since"),
            (["--teams", "none.toml", "--sandbox"], "exclude each other"),
            (["--teams", "none.toml"], "cannot be read"),
            (["--teams", "none.ini"], "must be TOML or JSON"),
        ],
    )
    def test_what_makes_no_sense_is_an_error_before_anything_is_asked(self, arguments, says, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        shown = heymarket_now("watch", *arguments)
        assert (shown.code, shown.out) == (2, "")
        assert says in " ".join(shown.err.split())
        assert "Traceback" not in shown.err

    def test_a_file_with_two_teams_of_one_name_names_it(self, tmp_path):
        file = tmp_path / "teams.toml"
        file.write_text('[acme]\napi_key = "a"\n["Acme"]\napi_key = "b"\n')
        file.chmod(0o600)
        shown = heymarket_now("watch", "--teams", str(file))
        assert shown.code == 2
        assert "'Acme'" in shown.err

    def test_a_file_that_others_can_read_is_refused(self, tmp_path):
        file = teams_file(tmp_path, acme="a key")
        Path(file).chmod(0o644)
        shown = heymarket_now("watch", "--teams", file)
        assert shown.code == 2
        assert "chmod 600" in shown.err

    def test_a_state_that_is_something_else_is_left_as_it_is(self, tmp_path):
        file = tmp_path / "notes.txt"
        file.write_text("my notes" * 100)
        shown = heymarket_now("watch", "--state", str(file))
        assert shown.code == 1
        assert "cannot be used" in shown.err
        assert "Traceback" not in shown.err
        assert file.read_text() == "my notes" * 100

    async def test_credentials_that_are_refused_end_it(self, heymarket_sandbox):
        refused = credentials(heymarket_sandbox) | {"HEYMARKET_API_SECRET_KEY": "wrong"}
        running = await start("watch", **refused)
        async with asyncio.timeout(30):
            out, err = await running.communicate()
        assert (running.returncode, out) == (1, b"")
        assert b"401" in err
        assert b"Traceback" not in err

    async def test_a_reader_that_goes_away_ends_it(self, heymarket_sandbox):
        running = await start("watch", "messages", "--every", "1", **credentials(heymarket_sandbox))
        await known(heymarket_sandbox)
        running.stdout._transport.close()
        writes(heymarket_sandbox.teams[0])
        async with asyncio.timeout(30):
            assert await running.wait() == 141
            assert b"Traceback" not in await running.stderr.read()


class TestLines:
    """Changes and failures in words."""

    def test_changes_say_what_is_known(self):
        message = Message(id=7, text=TEXT)
        added = Added(team="acme", feed="messages", id=7, at=NOON, after=message, kinds=(EventKind.MESSAGE_RECEIVED,))
        assert line_of(added, NOON, reveal=False).plain == f"12:00:00  acme  messages added 7  message_received  {MASK}"
        assert line_of(added, NOON, reveal=True).plain.endswith(TEXT)
        changed = Changed(
            feed="conversations", id=8, at=NOON, before=None, after=Conversation(id=8), fields=("read", "muted")
        )
        assert line_of(changed, NOON, reveal=True).plain == "12:00:00  conversations changed 8  read, muted"
        unknown = Changed(feed="tags", id=9, at=NOON, before=None, after=Tag(id=9), fields=None)
        assert line_of(unknown, NOON, reveal=True).plain == "12:00:00  tags changed 9"
        assert line_of(Removed(feed="inboxes", id=5, before=None), NOON, reveal=True).plain.endswith("removed 5")
        gap = Gap(feed="messages", since=None, until=NOON)
        assert line_of(gap, NOON, reveal=False).plain.endswith("not seen from ? to 2026-04-01 12:00:00+00:00")

    def test_what_the_service_wrote_is_not_obeyed(self):
        added = Added(team="a\x1b[31m", feed="messages", id=7, at=None, after=Message(id=7, text="\x1b]0;owned\x07"))
        assert "\x1b" not in line_of(added, NOON, reveal=True).plain

    def test_a_record_masks_whatever_may_be_personal(self):
        message = Message(id=7, text=TEXT, target=NUMBER, extra=Extra({"nick": TEXT, NUMBER: 1}))
        record = record_of(Added(team="acme", feed="messages", id=7, at=NOON, after=message))
        assert masked(record) == {
            "team": "acme",
            "feed": "messages",
            "change": "added",
            "id": 7,
            "at": "2026-04-01T12:00:00Z",
            "kinds": [],
            "after": {"id": 7, "text": MASK, "target": MASK, "nick": MASK, MASK: MASK},
        }

    def test_a_failure_of_an_error_that_is_not_ours_says_its_class_only(self):
        event = PollFailed(team="acme", feed="messages", error=OSError(TEXT), failures=1, next_in=20.4)
        assert in_words(event) == "acme  messages failed: OSError. Again in 20 s."


class TestBoard:
    """The state of the teams."""

    def shown(self, board, rows=10):
        console = Console(width=120, file=io.StringIO())
        console.print(board.show(rows))
        lines = console.file.getvalue().splitlines()
        return [re.split(r" {2,}", line.strip()) for line in lines[2:-1]], lines[-1]

    def ended(self, team, late=0.0):
        return PollEnded(team=team, feed="messages", changes=0, late=late, elapsed=0.1, next_in=10)

    def failed(self, team, feed="messages"):
        error = AuthenticationError("The service answered 401.", status=401)
        return PollFailed(team=team, feed=feed, error=error, failures=1, next_in=60)

    def test_those_that_fail_come_first_then_those_in_which_something_happened(self):
        now = [100.0]
        board = Board(["a", "b", "c"], lambda: now[0])
        board.note_poll(self.ended("a", late=1.25))
        board.note_poll(self.failed("c"))
        board.note_change(Removed(team="b", feed="inboxes", id=5, before=None))
        now[0] = 107.0
        rows, total = self.shown(board)
        assert rows == [
            ["c", "1", "0.0 s", "0", "-", "messages: The service answered 401."],
            ["b", "0", "0.0 s", "1", "7 s ago", "ok"],
            ["a", "1", "1.2 s", "0", "-", "ok"],
        ]
        assert total == "3 teams · 2 polls a minute · 1.2 s late at the most · 1 failing · Ctrl-C ends it"

    def test_a_failure_is_over_with_the_next_poll_of_its_feed_and_old_polls_do_not_count(self):
        now = [0.0]
        board = Board([None], lambda: now[0])
        for feed in ("team", "messages", "tags"):
            board.note_poll(self.failed(None, feed))
        board.note_poll(self.ended(None))
        rows, _ = self.shown(board)
        assert rows == [["this team", "4", "0.0 s", "0", "-", "tags: The service answered 401."]]
        now[0] = 61.0
        assert self.shown(board)[0][0][1] == "0"

    def test_a_team_is_one_line_however_long_its_name_and_its_failure_are(self):
        board = Board(["long name " * 30, "b"], lambda: 0.0)
        board.note_poll(self.failed("long name " * 30))
        assert len(self.shown(board)[0]) == 2

    def test_so_many_teams_are_shown_as_there_is_room_for(self):
        board = Board([f"t{n}" for n in range(50)], lambda: 0.0)
        rows, total = self.shown(board, rows=4)
        assert len(rows) == 4
        assert rows[0][-1] == "-"
        assert total.startswith("50 teams (46 not shown)")


def test_help_has_examples():
    shown = heymarket_now("watch", "--help")
    assert shown.code == 0
    assert "heymarket watch inboxes conversations --teams teams.toml --state state.db" in shown.out
