"""`heymarket send-many`."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import signal
import stat
from contextlib import redirect_stderr, redirect_stdout

import pytest

from heymarket_async import AsyncSession
from heymarket_async.cli import main
from heymarket_async.sandbox import Hang, Ordinary, Reply, Reset
from terminal import Terminal, credentials, heymarket, heymarket_now, process, set_all, start

TEXT = "Hi {first_name}, we open at 9."


@pytest.fixture
def service(heymarket_sandbox, monkeypatch):
    set_all(monkeypatch, credentials(heymarket_sandbox))
    return heymarket_sandbox


@pytest.fixture
def sent(heymarket_sandbox):
    return heymarket_sandbox.teams[0].sent


@pytest.fixture
def people(tmp_path):
    """A file of so many people."""

    def write(number=3, more=""):
        path = tmp_path / "people.csv"
        rows = "".join(f"+1 910 555 01{each:02},N{each}\n" for each in range(number))
        path.write_text(f"phone,first_name\n{rows}{more}", "utf-8")
        return str(path)

    return write


def arguments(file, *more):
    return ("send-many", file, "--text", TEXT, "--inbox", "Support", "--patience", "0", *more)


class TestSending:
    async def test_texts_everyone_and_says_so(self, service, sent, people):
        shown = await heymarket(*arguments(people(), "--yes"))
        assert shown.code == 0
        assert {(each.to, each.text) for each in sent} == {
            (f"191055501{number:02}", f"Hi N{number}, we open at 9.") for number in range(3)
        }
        for words in (
            "From: inbox 40001, Support; member 5001",
            f"Text: {TEXT}",
            "To send: 3 texts of 3 parts",
            "sent: 3",
        ):
            assert words in shown.err
        assert "910" not in shown.out + shown.err

    async def test_again_texts_nobody(self, service, sent, people):
        file = people()
        for _ in range(2):
            shown = await heymarket(*arguments(file, "--yes", "--json"))
            assert shown.code == 0
        assert len(sent) == 3
        assert [row["earlier"] for row in json.loads(shown.out)] == [True] * 3
        assert "Sent by an earlier run: 3" in shown.err

    async def test_of_another_text_with_the_same_journal_is_refused(self, service, sent, people, tmp_path):
        file = people()
        await heymarket(*arguments(file, "--yes"))
        other = ("send-many", file, "--text", "Bye {first_name}", "--inbox", "Support", "--yes")
        shown = await heymarket(*other)
        assert shown.code == 1
        assert "is of another mailing" in shown.err
        assert len(sent) == 3
        assert (await heymarket(*other, "--journal", str(tmp_path / "bye"))).code == 0
        assert len(sent) == 6

    @pytest.mark.parametrize("suffix", ["csv", "json"])
    async def test_writes_a_report_of_everyone_for_its_owner_only(self, service, sent, people, tmp_path, suffix):
        service.teams[0].unsubscribed["19105550101"] = "contact"
        report = tmp_path / f"report.{suffix}"
        shown = await heymarket(*arguments(people(), "--yes", "--report", str(report)))
        assert shown.code == 0
        assert stat.S_IMODE(report.stat().st_mode) == 0o600
        text = report.read_text()
        rows = json.loads(text) if suffix == "json" else list(csv.DictReader(text.splitlines()))
        assert [(str(row["line"]), row["phone"], row["state"]) for row in rows] == [
            ("2", "19105550100", "sent"),
            ("3", "19105550101", "opted out"),
            ("4", "19105550102", "sent"),
        ]
        assert {row["local_id"] for row in rows} >= {each.local_id for each in sent}
        assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []

    async def test_shows_who_has_not_got_it_with_numbers_only_when_asked(self, service, people, tmp_path):
        service.teams[0].unsubscribed["19105550101"] = "contact"
        file = people()
        shown = await heymarket(*arguments(file, "--yes"))
        assert "opted out" in shown.out
        assert "910555" not in shown.out
        shown = await heymarket(*arguments(file, "--yes", "--reveal"))
        assert "+19105550101" in shown.out
        assert "sent: 2, opted out: 1" in shown.err

    async def test_reads_the_text_from_a_file(self, service, sent, people, tmp_path):
        text = tmp_path / "text.txt"
        text.write_bytes("\ufeffHi {first_name}\u2019s\n".encode())
        shown = await heymarket(
            "send-many", people(1), "--text-file", str(text), "--inbox", "Support", "--yes", "--reveal"
        )
        assert shown.code == 0
        assert sent[0].text == "Hi N0\u2019s"
        assert "because of RIGHT SINGLE QUOTATION MARK" in shown.err
        assert "For instance, to +19105550100: Hi N0\u2019s" in shown.err

    async def test_works_on_the_sandbox_without_credentials(self, people):
        done = await asyncio.to_thread(process, *arguments(people(), "--yes", "--json"))
        assert done.returncode == 0
        assert [row["state"] for row in json.loads(done.stdout)] == ["sent"] * 3

    async def test_says_who_is_left_out_before_it_asks(self, service, sent, people):
        file = people()
        service.script("send_message", Reset(effect=True))
        service.script("get_message_history", Reply(403), times=2)
        await heymarket(*arguments(file, "--yes", "--concurrency", "1"))
        async with AsyncSession(service.secret, base_url=service.url) as session:
            await session.contacts.create(phone_number="19105550103")
            await session.contacts.set_status("unsubscribed", phone_number="19105550103")
        shown = await heymarket(*arguments(people(5), "--yes"))
        for words in (
            "Sent by an earlier run: 2",
            "Left out, because they opted out or are blocked: 1",
            "Left out, because they may have it from an earlier run: 1",
            "To send: 1 text of 1 part\n",
        ):
            assert words in shown.err
        assert shown.code == 3
        assert len(sent) == 4

    @pytest.mark.parametrize("taken", ["people.csv", "text.json", "journal.json"])
    async def test_writes_its_report_over_no_file_that_it_needs(self, service, sent, people, tmp_path, taken):
        (tmp_path / "text.json").write_text("Hi {first_name}")
        (tmp_path / "elsewhere").symlink_to(tmp_path)
        shown = await heymarket(
            *("send-many", people(), "--text-file", str(tmp_path / "text.json"), "--inbox", "Support", "--yes"),
            *("--journal", str(tmp_path / "journal.json"), "--report", str(tmp_path / "elsewhere" / taken)),
        )
        assert shown.code == 2
        assert "which this mailing needs" in shown.err
        assert sent == []
        assert "N0" in (tmp_path / "people.csv").read_text()

    @pytest.mark.parametrize("place", ["none/report.csv", "folder.csv"])
    async def test_whose_report_cannot_be_written_begins_nothing(self, service, sent, people, tmp_path, place):
        (tmp_path / "folder.csv").mkdir()
        shown = await heymarket(*arguments(people(), "--yes", "--report", str(tmp_path / place)))
        assert shown.code == 2
        assert "--report cannot be written" in shown.err
        assert service.requests == []

    async def test_shows_what_became_of_everyone_though_the_report_fails(self, service, sent, people, tmp_path):
        report = tmp_path / "report.csv"

        class Spoiling(Ordinary):
            """Takes the place of the report meanwhile, as another program may."""

            async def give(self, exchange):
                report.mkdir()
                return await super().give(exchange)

        service.script("send_message", Spoiling())
        shown = await heymarket(*arguments(people(), "--yes", "--json", "--report", str(report)))
        assert shown.code == 1
        assert [row["state"] for row in json.loads(shown.out)] == ["sent"] * 3
        assert "The system says: Is a directory." in shown.err


class TestDryRuns:
    async def test_check_everything_and_leave_nothing_behind(self, service, sent, people, tmp_path):
        shown = await heymarket(*arguments(people(), "--dry-run", "--json"))
        assert shown.code == 0
        assert [row["state"] for row in json.loads(shown.out)] == ["not sent"] * 3
        assert sent == []
        assert [each.name for each in tmp_path.iterdir()] == ["people.csv"]
        assert [each.operation for each in service.requests].count("get_contact_status") == 3

    async def test_know_what_was_sent(self, service, sent, people):
        file = people()
        await heymarket(*arguments(file, "--yes"))
        shown = await heymarket(*arguments(file, "--dry-run"))
        assert "To send: 0 texts" in shown.err
        assert len(sent) == 3


class TestBadRows:
    async def test_are_shown_one_by_one_before_anything_is_asked(self, service, people):
        shown = await heymarket(
            *arguments(people(2, "+1 (910) 555-0100,Again\n5105550101,Sam\n+19105550109,\n"), "--yes")
        )
        assert shown.code == 4
        lines = [line.split(maxsplit=2) for line in shown.out.splitlines()[2:]]
        assert [[each.strip() for each in line] for line in lines] == [
            ["4", "phone", "is the number of line 2 again"],
            ["5", "phone", "seems to lack its country code"],
            ["6", "first_name", "is empty"],
        ]
        assert "3 problems, so nothing was sent" in shown.err
        assert service.requests == []

    async def test_are_json_too(self, service, people):
        shown = await heymarket(*arguments(people(1, "x,Sam\n"), "--json"))
        assert shown.code == 4
        (problem,) = json.loads(shown.out)["problems"]
        assert (problem["line"], problem["column"]) == (3, "phone")
        assert "1 problem," in shown.err

    async def test_of_another_encoding_are_told_and_can_be_read(self, service, sent, tmp_path):
        file = tmp_path / "people.csv"
        file.write_bytes("phone;first_name\n19105550100;Zoë\n".encode("cp1252"))
        shown = await heymarket(*arguments(str(file), "--yes"))
        assert shown.code == 4
        assert "is not UTF-8" in shown.out
        assert (await heymarket(*arguments(str(file), "--yes", "--encoding", "cp1252"))).code == 0
        assert sent[0].text == "Hi Zoë, we open at 9."

    async def test_of_too_many_parts(self, service, people):
        shown = await heymarket(*arguments(people(0, f"19105550100,{'x' * 200}\n"), "--max-parts", "1"))
        assert shown.code == 4
        assert "makes a text of 2 parts, and at most 1 are allowed" in shown.out

    async def test_of_a_text_that_nobody_can_send(self, service, people):
        shown = await heymarket(*arguments(people(1, f"+19105550101,{'x' * 100_000}\n"), "--max-parts", "9999"))
        assert shown.code == 4
        assert "makes a text of 100,018 characters, and at most 100,000 are possible" in shown.out
        assert "910555" not in shown.out + shown.err
        assert service.requests == []


class TestBadUsage:
    @pytest.mark.parametrize(
        ("more", "said"),
        [
            (["--text-file", "x"], "One of --text and --text-file"),
            (["--report", "report.txt"], "--report must end in .csv or .json"),
            (["--rate-limit", "0"], "--rate-limit must be"),
            (["--concurrency", "0"], "--concurrency"),
            (["--patience", "-1"], "--patience"),
            (["--encoding", "klingon"], "encoding is not known"),
            (["--region", "Atlantis"], "--region must be"),
            (["--inbox", "Sails"], "inbox"),
        ],
    )
    async def test_is_an_error_and_sends_nothing(self, service, sent, people, more, said):
        shown = await heymarket(*arguments(people(), "--yes", *more))
        assert shown.code == 2
        assert said in shown.err
        assert sent == []

    async def test_is_a_file_that_is_not_there_or_no_text(self, service, people, tmp_path):
        shown = await heymarket(*arguments(str(tmp_path / "none.csv")))
        assert shown.code == 2
        assert "none.csv cannot be read: No such file or directory." in shown.err
        bad = tmp_path / "bad.txt"
        bad.write_bytes(b"\xff\xfe\xfa")
        shown = await heymarket("send-many", people(), "--text-file", str(bad))
        assert shown.code == 2
        assert "is not UTF-8" in shown.err
        shown = await heymarket("send-many", people())
        assert shown.code == 2

    async def test_is_a_template_with_a_merge_token_of_the_service(self, service, people):
        shown = await heymarket("send-many", people(), "--text", "Hi {{first_name}}", "--inbox", "Support", "--yes")
        assert shown.code == 2
        assert "Write {first_name} for the column of that name." in shown.err


class TestOutcomes:
    async def test_that_are_no_sends_end_with_1(self, service, sent, people):
        service.script("send_message", Reply(422))
        assert (await heymarket(*arguments(people(), "--yes"))).code == 1
        assert len(sent) == 2

    async def test_that_are_not_known_end_with_3_and_a_rerun_settles_them(self, service, sent, people):
        service.script("send_message", Reset(effect=True))
        service.script("get_message_history", Reply(403))
        file = people()
        shown = await heymarket(*arguments(file, "--yes"))
        assert shown.code == 3
        assert "unknown: 1" in shown.err
        shown = await heymarket(*arguments(file, "--yes"))
        assert shown.code == 0
        assert "Looking for 1 text of an earlier run." in shown.err
        assert len(sent) == 3

    async def test_that_end_it_all_are_told_after_what_was_done(self, service, sent, people):
        service.script("send_message", Ordinary(), Reply(403))
        shown = await heymarket(*arguments(people(5), "--yes", "--concurrency", "1"))
        assert shown.code == 1
        assert "sent: 1, not sent: 4" in shown.err
        assert "error: The service answered 403." in shown.err


class TestWithoutATerminal:
    async def test_it_asks_nobody_and_sends_nothing(self, heymarket_sandbox, people):
        done = await start(*arguments(people()), **credentials(heymarket_sandbox))
        _, err = await done.communicate()
        assert done.returncode == 2
        assert b"Pass --yes" in err
        assert heymarket_sandbox.teams[0].sent == []

    async def test_two_at_a_time_are_refused(self, heymarket_sandbox, people):
        heymarket_sandbox.script("send_message", Hang())
        file = people()
        first = await start(*arguments(file, "--yes"), **credentials(heymarket_sandbox))
        await until(lambda: sends(heymarket_sandbox))
        second = await start(*arguments(file, "--yes"), **credentials(heymarket_sandbox))
        _, err = await second.communicate()
        assert second.returncode == 1
        assert b"in use by another process" in err
        first.kill()
        await first.communicate()
        third = await start(*arguments(file, "--yes"), **credentials(heymarket_sandbox))
        await third.communicate()
        assert third.returncode == 0
        assert sorted(each.to for each in heymarket_sandbox.teams[0].sent) == [f"1910555010{n}" for n in range(3)]


class TestCtrlC:
    async def test_lets_end_what_is_under_way_and_the_journal_goes_on(self, heymarket_sandbox, people):
        heymarket_sandbox.script("send_message", Ordinary(delay=1.0), times=2)
        file = people(30)
        running = await start(*arguments(file, "--yes", "--concurrency", "2"), **credentials(heymarket_sandbox))
        await until(lambda: len(sends(heymarket_sandbox)) == 2)
        running.send_signal(signal.SIGINT)
        _, err = await running.communicate()
        assert running.returncode == 130
        assert b"Stopping after what is under way." in err
        assert b"sent: 2, not sent: 28" in err
        assert b"Traceback" not in err
        again = await start(*arguments(file, "--yes"), **credentials(heymarket_sandbox))
        _, err = await again.communicate()
        assert again.returncode == 0
        assert b"Looking for" not in err
        assert len(heymarket_sandbox.teams[0].sent) == 30

    async def test_twice_ends_it_at_once_and_the_next_run_looks(self, heymarket_sandbox, people):
        heymarket_sandbox.script("send_message", Hang(effect=True), times=2)
        file = people(5)
        running = await start(*arguments(file, "--yes", "--concurrency", "2"), **credentials(heymarket_sandbox))
        await until(lambda: len(sends(heymarket_sandbox)) == 2)
        running.send_signal(signal.SIGINT)
        await running.stderr.readuntil(b"Ctrl-C again ends it at once.")
        running.send_signal(signal.SIGINT)
        _, err = await running.communicate()
        assert running.returncode == 130
        assert b"not sent: 3, unknown: 2" in err
        assert b"Traceback" not in err
        again = await start(*arguments(file, "--yes"), **credentials(heymarket_sandbox))
        _, err = await again.communicate()
        assert again.returncode == 0
        assert b"Looking for 2 texts of an earlier run." in err
        assert len(heymarket_sandbox.teams[0].sent) == 5

    async def test_while_it_checks_sends_nothing(self, heymarket_sandbox, people):
        heymarket_sandbox.script("get_contact_status", Ordinary(delay=0.5), times=8)
        running = await start(*arguments(people(30), "--yes"), **credentials(heymarket_sandbox))
        await until(lambda: any(each.operation == "get_contact_status" for each in heymarket_sandbox.requests))
        running.send_signal(signal.SIGINT)
        _, err = await running.communicate()
        assert running.returncode == 130
        assert b"Traceback" not in err
        assert heymarket_sandbox.teams[0].sent == []


class Pressing(io.StringIO):
    """A stderr at which somebody presses Ctrl-C as soon as it shows certain words, of each once."""

    def __init__(self, *words):
        super().__init__()
        self.words = list(words)

    def write(self, text):
        written = super().write(text)
        if self.words and self.words[0] in self.getvalue():
            del self.words[0]
            os.kill(os.getpid(), signal.SIGINT)
        return written


class TestCtrlCInThisProcess:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["Sending 90 texts."], "not sent: "),
            (["Sending 90 texts.", "Ctrl-C again"], "not sent: "),
            (["Asking who opted out"], "not sent: 90"),
            (["Asking who opted out", "Ctrl-C again"], ""),
        ],
    )
    def test_at_any_time_ends_with_130(self, people, words, said):
        err = Pressing(*words)
        with redirect_stdout(io.StringIO()), redirect_stderr(err):
            code = main(arguments(people(90), "--yes"))
        assert code == 130
        assert err.words == []
        assert said in err.getvalue()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def test_is_no_answer_to_the_question(self, people, monkeypatch):
        monkeypatch.setattr("sys.stdin", Typing("no\n"))
        shown = heymarket_now(*arguments(people()))
        assert shown.code == 1
        assert "Send 3 texts, of 3 parts together? [y/N]" in shown.err
        assert "Nothing was sent." in shown.err


class Typing(io.StringIO):
    def isatty(self):
        return True


class TestInATerminal:
    @pytest.mark.parametrize(("answer", "code", "texts"), [("y\r", 0, 3), ("n\r", 1, 0), ("\x03", 130, 0)])
    async def test_it_asks(self, heymarket_sandbox, people, answer, code, texts):
        terminal = await Terminal.start(*arguments(people()), **credentials(heymarket_sandbox))
        await terminal.until("Send 3 texts, of 3 parts together? [y/N]")
        assert heymarket_sandbox.teams[0].sent == []
        terminal.type(answer)
        shown = await terminal.end()
        assert shown.code == code
        assert len(heymarket_sandbox.teams[0].sent) == texts
        assert "Traceback" not in shown.out

    async def test_it_shows_how_far_it_is_and_stops_at_ctrl_c(self, heymarket_sandbox, people):
        heymarket_sandbox.script("send_message", Ordinary(), Ordinary(), Ordinary(delay=1.0))
        terminal = await Terminal.start(
            *arguments(people(9), "--yes", "--concurrency", "1"), **credentials(heymarket_sandbox)
        )
        await terminal.until("Sending 9 texts")
        await terminal.until("2/9")
        terminal.type("\x03")
        shown = await terminal.end()
        assert shown.code == 130
        assert "sent: 3, not sent: 6" in shown.out
        assert "Traceback" not in shown.out
        assert "\x1b[?25h" in terminal.raw, "the cursor is there again"


def sends(sandbox):
    return [each for each in sandbox.requests if each.operation == "send_message"]


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)
