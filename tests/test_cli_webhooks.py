"""`heymarket webhooks listen`."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sys
from datetime import UTC, datetime

import aiohttp
import pytest

from heymarket_async.cli.webhooks import TOKEN_VARIABLE, line_of
from heymarket_async.values import MASK
from heymarket_async.webhooks import Parser
from terminal import Terminal, heymarket_now, set_all, start
from test_cli_watch import Listening
from webhook_support import TEXT, TOKEN, body_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs the signals of POSIX")
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
PHONE = "14155550111"


async def listening(*arguments, **variables):
    """Start the command, and return it with the address at which it listens."""
    running = await start("webhooks", "listen", "--json", *arguments, **variables)
    async with asyncio.timeout(30):
        said = (await running.stderr.readline()).decode()
    return running, re.search(r"http://\S+/", said)[0], said


async def post(url, *bodies):
    async with aiohttp.ClientSession() as client:
        statuses = []
        for body in bodies:
            async with client.post(url, data=body) as answer:
                statuses.append(answer.status)
        return statuses


async def next_event(running):
    async with asyncio.timeout(30):
        return json.loads(await running.stdout.readline())


async def end(running, number=signal.SIGINT):
    running.send_signal(number)
    async with asyncio.timeout(30):
        out, err = await running.communicate()
    return running.returncode, out.decode(), err.decode()


class TestJson:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_an_event_is_a_line_with_all_of_it_but_the_token(self, number):
        running, url, said = await listening(**{TOKEN_VARIABLE: TOKEN})
        assert "with the token" in said
        assert "sandbox" not in said
        assert await post(f"{url}at/any/path", body_of(text=TEXT)) == [200]
        event = await next_event(running)
        assert event["kind"] == "message_received"
        assert event["raw_type"] == "message_recieved"
        assert event["dedupe_key"] == "message_received:9980041"
        assert event["data"] == json.loads(body_of(text=TEXT))["event_data"]
        assert TOKEN not in json.dumps(event)
        code, out, err = await end(running, number)
        assert (code, out) == (0, "")
        assert "1 events, 0 that came again, 0 refused." in err
        assert "Traceback" not in err

    async def test_what_comes_again_is_shown_once_and_what_is_refused_is_said(self):
        running, url, _ = await listening("--token", "an old one", "--token", TOKEN)
        statuses = await post(url, body_of(), body_of(token="wrong"), b"[]", body_of(), body_of("chat_closed"))
        assert statuses == [200, 401, 400, 200, 200]
        assert [(await next_event(running))["kind"] for _ in range(2)] == ["message_received", "chat_closed"]
        code, out, err = await end(running)
        assert (code, out) == (0, "")
        assert "Refused with 401: The token is not known." in err
        assert "Refused with 400: An object is wanted" in err
        assert "2 events, 1 that came again, 2 refused." in err
        assert TOKEN not in err

    @pytest.mark.parametrize("arguments", [[], ["--sandbox"]])
    async def test_without_a_token_or_on_demand_customers_of_a_sandbox_write(self, arguments):
        running, _, said = await listening(*arguments, **({TOKEN_VARIABLE: TOKEN} if arguments else {}))
        assert ("as --sandbox says" if arguments else f"because {TOKEN_VARIABLE} is not set") in said
        kinds = {(await next_event(running))["kind"] for _ in range(4)}
        assert kinds == {"chat_opened", "message_received"}
        code, _, err = await end(running)
        assert code == 0
        assert "Traceback" not in err

    def test_in_this_process_too(self):
        shown = heymarket_now("webhooks", "listen", "--json", out=Listening(lambda out: out.count("\n") >= 2))
        assert shown.code == 0
        assert {json.loads(line)["kind"] for line in shown.out.splitlines()} == {"chat_opened", "message_received"}
        assert "Customers write" in shown.err

    def test_a_token_of_ones_own_is_that_of_the_sandbox(self, monkeypatch):
        monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
        shown = heymarket_now("webhooks", "listen", "--sandbox", out=Listening(lambda out: out.count("\n") >= 2))
        assert shown.code == 0
        assert "0 refused." in shown.err

    async def test_a_reader_that_goes_away_ends_it(self):
        running, url, _ = await listening(**{TOKEN_VARIABLE: TOKEN})
        running.stdout._transport.close()
        assert await post(url, body_of()) == [200]
        async with asyncio.timeout(30):
            assert await running.wait() == 141
            assert b"Traceback" not in await running.stderr.read()


class TestTerminal:
    def test_events_are_lines(self, monkeypatch):
        set_all(monkeypatch, {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "24"})
        out = Listening(lambda out: out.count("message_received") >= 1, terminal=True)
        shown = heymarket_now("webhooks", "listen", out=out)
        assert shown.code == 0
        assert "chat_opened" in shown.out
        assert "Message 1" not in shown.out

    @pytest.mark.slow
    async def test_in_a_terminal_events_are_lines_with_masks_and_ctrl_c_ends_it(self):
        terminal = await Terminal.start("webhooks", "listen")
        await terminal.until("message_received  message ")
        await terminal.until(MASK)
        terminal.type("\x03")
        code, shown, _ = await terminal.end()
        assert code == 0
        assert re.search(r"\d\d:\d\d:\d\d  message_received  message \d+  conversation \d+  " + re.escape(MASK), shown)
        assert "Message 1" not in shown
        assert "0 refused." in shown
        assert "Traceback" not in shown

    @pytest.mark.slow
    async def test_texts_are_shown_and_json_is_written_there_if_asked_for(self):
        for arguments, wanted in ((["--reveal"], "  Message 1\n"), (["--json"], '"text": "Message 1"')):
            terminal = await Terminal.start("webhooks", "listen", *arguments)
            await terminal.until(wanted.strip())
            terminal.type("\x03")
            code, shown, _ = await terminal.end()
            assert code == 0
            assert wanted.strip() in shown.replace("\n", "")

    @pytest.mark.parametrize(
        ("kind", "data", "masked", "revealed"),
        [
            ("message_received", {"text": TEXT}, f"  message 9980041  conversation 9920  {MASK}", TEXT),
            ("message_sent", {"text": ""}, "conversation 9920", "conversation 9920"),
            ("chat_closed", {}, "chat_closed  conversation 9920", "chat_closed  conversation 9920"),
            ("target_opt_out", {"phone": PHONE}, f"target_opt_out  {MASK}", PHONE),
            ("incoming_call", None, "incoming_call", "incoming_call"),
        ],
    )
    def test_a_line_says_what_is_known(self, kind, data, masked, revealed):
        example = "message_recieved" if kind == "message_received" else kind
        record = {"token": TOKEN, "type": kind, "id": 1, "event_data": {}}
        if kind.startswith(("message", "chat")):
            record["event_data"] = json.loads(body_of(example))["event_data"] | data
        else:
            record["event_data"] = data or {}
        event = Parser(TOKEN).parse(json.dumps(record).encode())
        assert line_of(event, NOON, reveal=False).plain.startswith(f"12:00:00  {kind}")
        assert line_of(event, NOON, reveal=False).plain.endswith(masked)
        assert revealed in line_of(event, NOON, reveal=True).plain

    def test_what_nobody_knows_is_masked_and_obeyed_by_no_terminal(self):
        record = {"token": TOKEN, "type": "Call \x1b[31m", "id": 1, "event_data": {"text": "\x1b[2J"}}
        event = Parser(TOKEN).parse(json.dumps(record).encode())
        assert line_of(event, NOON, reveal=False).plain == f"12:00:00  {MASK}  {MASK}"
        revealed = line_of(event, NOON, reveal=True).plain
        assert "Call \\x1b[31m" in revealed
        assert "\x1b" not in revealed


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["--token", " "], "--token is empty"),
            (["--token", "two\nlines"], "--token has white space around it, or a line break"),
            (["--port", "65536"], "--port"),
            (["--port", "http"], "--port"),
            (["here"], "here"),
        ],
    )
    def test_what_makes_no_sense_is_an_error(self, arguments, says):
        shown = heymarket_now("webhooks", "listen", *arguments)
        assert (shown.code, shown.out) == (2, "")
        assert says in " ".join(shown.err.split())
        assert "Traceback" not in shown.err

    def test_a_token_of_the_environment_that_cannot_be_is_named(self, monkeypatch):
        monkeypatch.setenv(TOKEN_VARIABLE, "two\nlines")
        shown = heymarket_now("webhooks", "listen")
        assert shown.code == 2
        assert f"{TOKEN_VARIABLE} has white space" in shown.err
        assert "two" not in shown.err

    def test_a_port_that_is_taken_is_an_error(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            shown = heymarket_now("webhooks", "listen", "--port", port, "--token", TOKEN)
        assert shown.code == 2
        assert f"cannot listen on 127.0.0.1, port {port}" in shown.err
        assert "Choose another --port" in shown.err

    def test_the_help_names_the_variable(self):
        shown = heymarket_now("webhooks", "listen", "--help")
        assert shown.code == 0
        assert TOKEN_VARIABLE in shown.out
