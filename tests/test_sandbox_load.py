"""Customers who write a lot, and the sandbox under load in a process of its own."""

from __future__ import annotations

import asyncio
import io
import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from heymarket_async import ApiSecret, AsyncSession
from heymarket_async.clock import VirtualClock
from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import Sandbox, WebhookOptions
from heymarket_async.sandbox.load import books, customers_write, main, outage, read_arguments, serve
from receivers import receiving

TOKEN = "verify-7f3a9c51"


async def test_customers_write_at_an_even_rate() -> None:
    clock = VirtualClock()
    team = Sandbox(clock=clock).teams[0]
    known = set(team.messages)
    began = clock.wall()
    writing = asyncio.create_task(customers_write(team, rate=20.0, seconds=2.0, people=7, clock=clock))
    while not writing.done():
        await asyncio.sleep(0)
        clock.advance(0.01)
    ids = await writing
    fresh = [message for message in team.messages.values() if message["id"] not in known]
    assert ids == [message["id"] for message in fresh]
    assert [message["text"] for message in fresh] == [f"Message {number}" for number in range(1, 41)]
    assert len({message["phone"] for message in fresh}) == 7
    for number, message in enumerate(fresh):
        assert number / 20 - 0.001 <= message["date"] / 1_000_000 - began <= number / 20 + 0.03


async def test_what_is_late_is_made_up_for() -> None:
    clock = VirtualClock()
    team = Sandbox(clock=clock).teams[0]
    writing = asyncio.create_task(customers_write(team, rate=100.0, seconds=1.0, clock=clock))
    await asyncio.sleep(0)
    clock.advance(30.0)
    assert len(await writing) == 100


async def test_customers_can_write_for_ever() -> None:
    clock = VirtualClock()
    team = Sandbox(clock=clock).teams[0]
    known = len(team.messages)
    writing = asyncio.create_task(customers_write(team, rate=1.0, seconds=math.inf, clock=clock))
    for _ in range(20):
        await asyncio.sleep(0)
        clock.advance(1.0)
    assert 19 <= len(team.messages) - known <= 21
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing


@pytest.mark.parametrize(
    ("options", "message"),
    [({"rate": 0}, "rate"), ({"seconds": -1}, "seconds"), ({"people": 0}, "people"), ({"people": 1001}, "people")],
)
async def test_numbers_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"customers_write\({message}=...\) must be"):
        await customers_write(Sandbox().teams[0], **{"rate": 1.0, "seconds": 1.0, **options})


async def test_a_team_without_inboxes_gets_no_texts() -> None:
    team = Sandbox().teams[0]
    team.inboxes = None
    with pytest.raises(ConfigurationError, match=r"customers_write\(team=...\) must have an inbox"):
        await customers_write(team, rate=1.0, seconds=1.0)


async def test_an_outage_has_a_beginning_and_an_end() -> None:
    clock = VirtualClock()
    webhook = Sandbox(clock=clock).webhooks.add("http://127.0.0.1:1/", token=TOKEN)
    task = asyncio.create_task(outage(webhook, after=5.0, seconds=30.0, clock=clock))
    await asyncio.sleep(0)
    for seconds, down in ((4.9, False), (0.2, True), (29.8, True), (0.3, False)):
        clock.advance(seconds)
        await asyncio.sleep(0)
        assert webhook.down is down
    await task


async def test_the_books_tell_what_happened_and_what_became_of_it() -> None:
    async with receiving() as receiver, Sandbox(seed=3) as sandbox:
        options = WebhookOptions(loss=0.2, duplicates=0.2)
        sandbox.webhooks.add(receiver.url, token=TOKEN, types=["message_recieved"], options=options)
        ids = await customers_write(sandbox.teams[0], rate=100_000.0, seconds=0.001, people=5)
        await sandbox.webhooks.settled()
        told = json.loads(json.dumps(books(sandbox.webhooks)))
    received = [event for event in told["events"] if event[0] == "message_recieved"]
    assert [about for _, about, _ in received] == ids
    assert told["happened"] == {"chat_opened": 5, "message_recieved": 100}
    assert [outcomes for kind, _, outcomes in told["events"] if kind == "chat_opened"] == [[]] * 5
    came = [body["event_data"]["id"] for body in receiver.bodies]
    assert [about for _, about, outcomes in received for outcome in outcomes if outcome == "delivered"] == came
    assert told["outcomes"] == {"delivered": len(came), "lost": 100 - len(set(came))}
    assert told["copies"] == len(came) - len(set(came)) > 0
    assert told["attempts"] == len(came)
    for spread in (told["answered"], told["begun"]):
        assert 0.0 <= spread["p50"] <= spread["p99"] <= spread["max"] < 5.0


def test_the_command_of_the_page_is_understood() -> None:
    page = (Path(__file__).parents[1] / "docs" / "sandbox.md").read_text("utf-8")
    (command,) = re.findall(r"```sh\n(python -m heymarket_async\.sandbox\.load .*?)```", page, re.DOTALL)
    given = read_arguments(shlex.split(command.replace("\\\n", " "))[3:])
    assert (given.webhook, given.webhook_token) == ("http://127.0.0.1:8000/heymarket", "check-me")
    assert (given.rate, given.seconds, given.duplicates, given.loss) == (1000.0, 60.0, 0.1, 0.05)
    assert given.outage == (15.0, 30.0)


async def test_a_sandbox_under_load_is_a_process_of_its_own_and_tells_its_books() -> None:
    async with receiving() as receiver:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "-m", "heymarket_async.sandbox.load"),
            *("--webhook", receiver.url, "--webhook-token", TOKEN, "--type", "message_received"),
            *("--rate", "500", "--seconds", "1", "--duplicates", "0.1", "--loss", "0.05", "--reordering", "0.05"),
            *("--outage", "0.3:0.2", "--people", "20"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=2**24,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        async with asyncio.timeout(60):
            at = json.loads(await process.stdout.readline())
            secret = ApiSecret(at["secret_id"], at["secret_key"])
            async with AsyncSession(secret, base_url=at["url"]) as heymarket:
                assert (await heymarket.team.get()).id == at["team"]
                assert receiver.bodies == []
                process.stdin.write(b"begin\n")
                told = json.loads(await process.stdout.readline())
                stored = {
                    message.id async for message in heymarket.messages.list() if message.text.startswith("Message ")
                }
            process.stdin.close()
            _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    received = {about: outcomes for kind, about, outcomes in told["events"] if kind == "message_recieved"}
    assert set(received) == stored
    assert len(stored) == 500
    came = [body["event_data"]["id"] for body in receiver.bodies]
    assert set(came) == {about for about, outcomes in received.items() if "delivered" in outcomes}
    assert len(came) == told["outcomes"]["delivered"]
    assert all(told["outcomes"][outcome] > 0 for outcome in ("delivered", "lost", "outage"))
    assert 0.95 <= told["written"] <= told["settled"]


async def test_it_serves_until_its_input_ends(capsys: pytest.CaptureFixture[str]) -> None:
    reading, writing = os.pipe()
    async with receiving() as receiver:
        given = ["--webhook", receiver.url, "--webhook-token", TOKEN, "--rate", "100", "--seconds", "0.05"]
        with io.FileIO(reading) as lines:
            serving = asyncio.create_task(serve(read_arguments([*given, "--outage", "0:0"]), lines))
            await asyncio.sleep(0.01)  # Real time: it would take no longer than that to begin by mistake.
            assert receiver.bodies == []
            os.write(writing, b"begin\n")
            out = ""
            while out.count("\n") < 2:
                await asyncio.sleep(0.001)
                out += capsys.readouterr().out
            os.write(writing, b"this says nothing\n")
            await asyncio.sleep(0.01)  # Real time: it would take no longer than that to end by mistake.
            assert not serving.done()
            os.close(writing)
            async with asyncio.timeout(10):
                await serving
    at, told = map(json.loads, out.splitlines())
    assert at["url"].startswith("http://127.0.0.1:")
    assert told["happened"]["message_recieved"] == 5


async def test_its_input_may_end_at_once() -> None:
    async with receiving() as receiver:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "heymarket_async.sandbox.load", "--webhook", receiver.url),
            *("--webhook-token", TOKEN, "--rate", "50", "--seconds", "0.1"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
    assert process.returncode == 0
    assert len(out.splitlines()) == 2
    assert len([kind for kind in receiver.types if kind == "message_recieved"]) == 5


async def test_ctrl_c_ends_it_while_it_waits() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "heymarket_async.sandbox.load", "--webhook", "http://127.0.0.1:1/"),
        *("--webhook-token", TOKEN),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize("wrong", [["--loss", "2"], ["--webhook", "http://example.com/"], ["--outage", "x"]])
def test_options_that_make_no_sense_end_it(
    wrong: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path(os.devnull).open() as nothing, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", nothing)
        end_with_an_error(wrong, capsys)


def end_with_an_error(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--webhook", "http://127.0.0.1:1/", "--webhook-token", TOKEN, *wrong])
    assert "error: " in f"{ended.value.code}{capsys.readouterr().err}"
