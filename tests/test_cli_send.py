"""`heymarket send`."""

from __future__ import annotations

import asyncio
import io
import json
import signal

import pytest

from heymarket_async.sandbox import Hang, Reply, Reset, Variants
from terminal import Terminal, credentials, environment, heymarket, heymarket_now, process, set_all, start

TO, TEXT = "+1 (910) 555-0101", "Your order has shipped."


@pytest.fixture
def service(heymarket_sandbox, monkeypatch):
    set_all(monkeypatch, credentials(heymarket_sandbox))
    return heymarket_sandbox


@pytest.fixture
def sent(service):
    return service.teams[0].sent


class TestSending:
    async def test_shows_what_is_sent_and_what_it_costs(self, sent):
        shown = await heymarket("send", TO, TEXT, "--inbox", "Support", "--yes")
        assert shown.code == 0
        for words in ("inbox 40001, Support; member 5001", "+19105550101", TEXT, "1 part of GSM-7 (23 used, 137 left"):
            assert words in shown.out
        assert "Sent: the service accepted it. It is message" in shown.err
        (message,) = sent
        assert (message.to, message.text, message.inbox_id) == ("19105550101", TEXT, 40001)

    async def test_names_the_character_that_makes_it_dear(self, sent):
        shown = await heymarket("send", TO, "It\u2019s shipped.", "--inbox", "40001", "--dry-run")
        assert "of UCS-2" in shown.out
        assert 'because of RIGHT SINGLE QUOTATION MARK at character 3; "\'" would do' in shown.out
        shown = await heymarket("send", TO, "Shipped \U0001f600", "--inbox", "40001", "--dry-run")
        assert shown.out.rstrip().endswith("because of GRINNING FACE at character 9")
        assert sent == []

    async def test_dry_runs_send_nothing(self, sent):
        shown = await heymarket("send", TO, TEXT, "--inbox", "Support", "--dry-run")
        assert shown.code == 0
        assert "nothing was sent" in shown.err
        assert sent == []

    async def test_takes_who_sends_and_the_identifier(self, sent):
        arguments = ["--inbox", "Support", "--member", "5003", "--local-id", "order-1001", "--yes", "--json"]
        shown = await heymarket("send", "(910) 555-0101", TEXT, "--region", "US", *arguments)
        assert shown.code == 0
        assert json.loads(shown.out) == {
            "state": "sent",
            "message_id": sent[0].message_id,
            "local_id": "order-1001",
            "inbox_id": 40001,
            "creator_id": 5003,
            "phone_number": "19105550101",
            "text": TEXT,
            "encoding": "GSM-7",
            "parts": 1,
        }
        assert sent[0].local_id == "order-1001"

    @pytest.mark.slow
    async def test_with_an_identifier_looks_for_it_first(self, service, sent):
        service.variants = Variants(repeat="none")
        for _ in range(2):
            shown = await heymarket(
                "send", TO, TEXT, "--inbox", "Support", "--local-id", "order-1001", "--yes", "--json"
            )
            assert shown.code == 0
            assert json.loads(shown.out)["message_id"] == sent[0].message_id
        assert len(sent) == 1

    async def test_goes_from_the_only_inbox_by_default(self, service, sent):
        service.teams[0].inboxes = [service.teams[0].inboxes[1]]
        assert (await heymarket("send", TO, TEXT, "--yes")).code == 0
        assert sent[0].inbox_id == 40002

    async def test_reads_the_text_from_a_pipe(self, sent, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO("Two\nlines\n"))
        assert (await heymarket("send", TO, "-", "--inbox", "Support", "--yes")).code == 0
        assert sent[0].text == "Two\nlines"

    def test_refuses_what_is_no_text(self):
        options = {"input": b"a\xff", "text": False, "env": environment(PYTHONIOENCODING="utf-8:strict")}
        done = process("send", TO, "-", "--inbox", "Support", "--yes", **options)
        assert done.returncode == 2
        assert b"error: The text on stdin is not UTF-8." in done.stderr
        assert b"Traceback" not in done.stderr

    def test_works_on_the_sandbox_without_credentials(self):
        done = process("send", TO, TEXT, "--inbox", "Support", "--yes", "--json")
        assert done.returncode == 0
        assert json.loads(done.stdout)["state"] == "sent"


class TestWithoutATerminal:
    @pytest.mark.parametrize("stdin", ["", "y\n"])
    async def test_it_asks_nobody_and_sends_nothing(self, sent, monkeypatch, stdin):
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        shown = await heymarket("send", TO, TEXT, "--inbox", "Support")
        assert shown.code == 2
        assert "Pass --yes" in shown.err
        assert sent == []

    async def test_a_closed_stdin_is_no_terminal(self, sent, monkeypatch):
        monkeypatch.setattr("sys.stdin", None)
        assert (await heymarket("send", TO, TEXT, "--inbox", "Support")).code == 2
        assert (await heymarket("send", TO, "-", "--inbox", "Support")).code == 2
        assert sent == []


class Typing(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self):
        return True


class TestAsked:
    @pytest.mark.parametrize(("answer", "code"), [("y\n", 0), (" Yes \n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
    def test_only_a_yes_is_one(self, monkeypatch, answer, code):
        monkeypatch.setattr("sys.stdin", Typing(answer))
        before = signal.getsignal(signal.SIGINT)
        shown = heymarket_now("send", TO, TEXT, "--inbox", "Support")
        assert shown.code == code
        assert "Send it? [y/N] " in shown.err
        assert ("Sent:" if code == 0 else "Nothing was sent.") in shown.err
        assert signal.getsignal(signal.SIGINT) is before

    async def test_in_a_thread_too(self, sent, monkeypatch):
        monkeypatch.setattr("sys.stdin", Typing("y\n"))
        assert (await heymarket("send", TO, TEXT, "--inbox", "Support")).code == 0
        assert len(sent) == 1


class TestOutcomes:
    async def test_of_a_lost_answer_is_looked_for(self, service, sent):
        service.script("send_message", Reset(effect=True))
        shown = await heymarket("send", TO, TEXT, "--inbox", "Support", "--yes", "--json")
        assert shown.code == 0
        assert "It is there: it was sent, once." in shown.err
        assert json.loads(shown.out)["message_id"] == sent[0].message_id

    @pytest.mark.slow
    async def test_that_is_no_send_is_not_repeated_and_says_how_to(self, service, sent):
        service.script("send_message", Reset())
        shown = await heymarket("send", TO, TEXT, "--inbox", "Support", "--yes", "--json")
        assert shown.code == 1
        said = json.loads(shown.out)
        assert said["state"] == "not sent"
        assert f"pass --local-id {said['local_id']}" in shown.err
        assert sent == []

    @pytest.mark.slow
    async def test_that_is_not_known_ends_with_3(self, service, sent):
        service.script("send_message", Reset(effect=True))
        service.script("get_message_history", Reply(403), times=50)
        shown = await heymarket("send", TO, TEXT, "--inbox", "Support", "--yes", "--json")
        assert shown.code == 3
        assert json.loads(shown.out)["state"] == "unknown"
        assert "It is not known whether it was sent." in shown.err

    async def test_of_a_refusal_ends_with_1(self, service, sent):
        service.teams[0].unsubscribed["19105550101"] = "contact"
        shown = await heymarket("send", TO, TEXT, "--inbox", "Support", "--yes")
        assert shown.code == 1
        assert "error: The service answered 400 unsubscribed_number." in shown.err
        assert sent == []


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["9105550101", TEXT], "TO seems to lack its country code"),
            ([TO, " "], "TEXT is empty"),
            ([TO, TEXT, "--inbox", "Sails"], "no inbox of this id or name"),
            ([TO, TEXT], "--inbox is needed: the team has 5 inboxes"),
            ([TO, TEXT, "--inbox", "Billing"], "--member is needed: inbox 40004 shows no members"),
            ([TO, TEXT, "--inbox", "Support", "--local-id", ""], "local_id is empty"),
            ([TO], "TEXT"),
        ],
    )
    async def test_is_an_error_before_anything_is_sent(self, sent, arguments, said):
        shown = await heymarket("send", *arguments, "--yes")
        assert shown.code == 2
        assert said in shown.err
        assert "910555" not in shown.err
        assert sent == []


class TestInATerminal:
    @pytest.mark.parametrize(("answer", "code", "texts"), [("y\r", 0, 1), ("YES\r", 0, 1), ("n\r", 1, 0), ("\r", 1, 0)])
    async def test_it_asks(self, heymarket_sandbox, answer, code, texts):
        terminal = await Terminal.start("send", TO, TEXT, "--inbox", "Support", **credentials(heymarket_sandbox))
        await terminal.until("Send it? [y/N]")
        assert heymarket_sandbox.teams[0].sent == []
        terminal.type(answer)
        shown = await terminal.end()
        assert shown.code == code
        assert len(heymarket_sandbox.teams[0].sent) == texts
        assert ("Sent:" if texts else "Nothing was sent.") in shown.out

    @pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x04", 1)])
    async def test_ctrl_c_and_ctrl_d_are_a_no(self, heymarket_sandbox, key, code):
        terminal = await Terminal.start("send", TO, TEXT, "--inbox", "Support", **credentials(heymarket_sandbox))
        await terminal.until("Send it? [y/N]")
        terminal.type(key)
        shown = await terminal.end()
        assert shown.code == code
        assert "Traceback" not in shown.out
        assert heymarket_sandbox.teams[0].sent == []

    @pytest.mark.parametrize("waits", ["send_message", "get_message_history"])
    async def test_ctrl_c_during_the_send_tells_how_to_send_it_again_without_doubling_it(
        self, heymarket_sandbox, waits
    ):
        heymarket_sandbox.script("send_message", Hang(effect=True) if waits == "send_message" else Reset(effect=True))
        heymarket_sandbox.script("get_message_history", Hang())
        asked = ("send", TO, TEXT, "--inbox", "Support", "--yes", "--json")
        running = await start(*asked, **credentials(heymarket_sandbox))
        async with asyncio.timeout(30):
            while not any(each.operation == waits for each in heymarket_sandbox.requests):
                await asyncio.sleep(0.02)
            running.send_signal(signal.SIGINT)
            out, err = await running.communicate()
        assert running.returncode == 130
        assert "Traceback" not in err.decode()
        (sent,) = heymarket_sandbox.teams[0].sent
        assert (json.loads(out)["state"], json.loads(out)["local_id"]) == ("unknown", sent.local_id)
        assert f"It may have gone out. To send it again, pass --local-id {sent.local_id}" in err.decode()
        again = await start(*asked, "--local-id", sent.local_id, **credentials(heymarket_sandbox))
        await again.communicate()
        assert again.returncode == 0
        assert len(heymarket_sandbox.teams[0].sent) == 1
