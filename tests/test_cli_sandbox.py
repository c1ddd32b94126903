"""`heymarket sandbox`."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shlex
import signal
import socket
import sys
import threading
import time

import pytest

from heymarket_async import ApiSecret, AsyncSession, RateLimited, Retries
from heymarket_async.cli import sandbox as command
from receivers import receiving
from terminal import environment, heymarket_now, process, start

NAMES = ["HEYMARKET_BASE_URL", "HEYMARKET_API_SECRET_ID", "HEYMARKET_API_SECRET_KEY"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs the signals of POSIX")


def variables_in(lines):
    """Return what a shell would have after these lines."""
    words = [shlex.split(line) for line in lines]
    assert [word[0] for word in words] == ["export"] * len(lines)
    return dict(word[1].split("=", 1) for word in words)


async def lines_of(running):
    async with asyncio.timeout(30):
        return [(await running.stdout.readline()).decode() for _ in NAMES]


async def end(running, number):
    running.send_signal(number)
    async with asyncio.timeout(30):
        out, err = await running.communicate()
    return running.returncode, out.decode(), err.decode()


class Listening(io.StringIO):
    """A stdout that presses Ctrl-C as soon as it has the lines."""

    def write(self, text):
        written = super().write(text)
        if self.getvalue().count("\n") == len(NAMES):
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        return written


async def test_its_lines_make_another_program_use_it_until_ctrl_c():
    running = await start("sandbox")
    variables = variables_in(await lines_of(running))
    assert list(variables) == NAMES
    async with AsyncSession.from_env(variables) as heymarket:
        assert len(await heymarket.inboxes.list()) == 5
        code, out, err = await end(running, signal.SIGINT)
    assert (code, out) == (0, "")
    assert variables["HEYMARKET_BASE_URL"] in err
    assert len(err.splitlines()) == 1


async def test_its_lines_are_one_line_of_json_too():
    running = await start("sandbox", "--json")
    async with asyncio.timeout(30):
        said = json.loads(await running.stdout.readline())
    assert list(said) == ["base_url", "secret_id", "secret_key"]
    async with AsyncSession(ApiSecret(said["secret_id"], said["secret_key"]), base_url=said["base_url"]) as heymarket:
        assert len(await heymarket.inboxes.list()) == 5
    code, out, _ = await end(running, signal.SIGTERM)
    assert (code, out) == (0, "")


async def test_sigterm_ends_it_too():
    running = await start("sandbox")
    await lines_of(running)
    code, out, err = await end(running, signal.SIGTERM)
    assert (code, out) == (0, "")
    assert "Traceback" not in err


@pytest.mark.slow
async def test_the_lines_can_be_pasted_into_a_shell():
    running = await start("sandbox")
    lines = await lines_of(running)
    inner = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        "".join(lines) + shlex.join([sys.executable, "-m", "heymarket_async", "inboxes"]),
        env=environment(PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await inner.communicate()
    await end(running, signal.SIGTERM)
    assert inner.returncode == 0
    assert b"After Hours" in out
    assert variables_in(lines)["HEYMARKET_BASE_URL"] in err.decode()


@pytest.mark.parametrize(("limit", "fails"), [("1", True), ("none", False)])
async def test_the_rate_limit_is_the_one_asked_for(limit, fails):
    running = await start("sandbox", "--rate-limit", limit)
    variables = variables_in(await lines_of(running))
    async with AsyncSession.from_env(variables, retries=Retries(attempts=1), rate_limit=None) as heymarket:
        await heymarket.inboxes.list()
        if fails:
            with pytest.raises(RateLimited):
                await heymarket.inboxes.list()
        else:
            for _ in range(3):
                await heymarket.inboxes.list()
    await end(running, signal.SIGTERM)


def test_a_port_that_is_used_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = str(used.getsockname()[1])
        shown = heymarket_now("sandbox", "--port", port)
    assert (shown.code, shown.out) == (2, "")
    message, advice = shown.err.splitlines()
    assert message == f"error: The sandbox cannot listen on 127.0.0.1, port {port}: Address already in use."
    assert "--port" in advice


def test_a_port_that_is_used_is_an_error_of_the_process_too():
    with socket.create_server(("127.0.0.1", 0)) as used:
        done = process("sandbox", "--port", str(used.getsockname()[1]))
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_a_host_that_is_not_there_is_an_error(monkeypatch):
    def look_up(*args, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    shown = heymarket_now("sandbox", "--host", "nowhere.invalid")
    assert shown.code == 2
    assert "nowhere.invalid, port 0: Name or service not known." in shown.err


@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "", "None", "9999999999", "²"])
def test_a_rate_limit_that_makes_no_sense_is_an_error(limit):
    shown = heymarket_now("sandbox", f"--rate-limit={limit}")
    assert (shown.code, shown.out) == (2, "")
    assert "--rate-limit" in shown.err


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_cannot_be_is_an_error(port):
    shown = heymarket_now("sandbox", f"--port={port}")
    assert (shown.code, shown.out) == (2, "")
    assert "--port" in shown.err


@pytest.mark.not_on_uvloop("a loop of uvloop leaves its handlers behind when it is closed")
@pytest.mark.parametrize("options", [[], ["--rate-limit", "none"], ["--rate-limit", "7"]])
def test_it_says_where_it_listens_and_leaves_the_signals_as_they_were(options):
    before = signal.getsignal(signal.SIGTERM)
    out = Listening()
    shown = heymarket_now("sandbox", *options, out=out)
    assert shown.code == 0
    variables = variables_in(shown.out.splitlines())
    assert f"The sandbox listens at {variables['HEYMARKET_BASE_URL']}." in shown.err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) == before


def test_where_signals_cannot_be_watched_ctrl_c_ends_it_all_the_same(monkeypatch):
    def refuse(*args):
        raise NotImplementedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_signal_handler", refuse)
    began = time.monotonic()
    assert heymarket_now("sandbox", out=Listening()).code == 0
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("cause", [None, OSError(), ValueError()])
def test_an_address_that_cannot_be_had_for_unknown_reasons_is_said_to_be_that(cause):
    error = command.cannot_listen("The sandbox", "127.0.0.1", 80, cause)
    assert error.message == "The sandbox cannot listen on 127.0.0.1, port 80: the address cannot be had."


async def test_it_delivers_what_customers_write_to_a_webhook():
    async with receiving() as receiver:
        hook = ["--webhook", receiver.url, "--webhook-token", "verify-7f3a9c51"]
        running = await start("sandbox", *hook, "--customers", "100")
        await lines_of(running)
        async with asyncio.timeout(30):
            while receiver.types.count("message_recieved") < 20:
                await asyncio.sleep(0.01)
        code, out, err = await end(running, signal.SIGINT)
    assert (code, out) == (0, "")
    assert len(err.splitlines()) == 1
    assert {body["token"] for body in receiver.bodies} == {"verify-7f3a9c51"}
    texts = [body["event_data"]["text"] for body in receiver.bodies if body["type"] == "message_recieved"]
    assert texts == [f"Message {number}" for number in range(1, len(texts) + 1)]


async def test_what_a_program_sends_goes_to_the_webhook_too():
    async with receiving() as receiver:
        running = await start("sandbox", "--webhook", receiver.url, "--webhook-token", "verify-7f3a9c51")
        variables = variables_in(await lines_of(running))
        async with AsyncSession.from_env(variables) as heymarket:
            inbox = (await heymarket.inboxes.list())[0]
            await heymarket.messages.send(
                inbox_id=inbox.id, creator_id=inbox.members[0], phone_number="+1 510 555 0101", text="Hello"
            )
        async with asyncio.timeout(30):
            while len(receiver.bodies) < 2:
                await asyncio.sleep(0.01)
        await end(running, signal.SIGTERM)
    assert receiver.types == ["chat_opened", "message_sent"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--webhook", "http://127.0.0.1:1/"], "--webhook and --webhook-token go together"),
        (["--webhook-token", "verify-7f3a9c51"], "--webhook and --webhook-token go together"),
        (["--webhook", "http://127.0.0.1:1/", "--webhook-token", ""], "--webhook and --webhook-token go together"),
        (
            ["--webhook", "http://example.com/", "--webhook-token", "verify-7f3a9c51"],
            "--webhook must be an http or https",
        ),
        (["--customers", "-1"], "--customers"),
    ],
)
def test_options_of_webhooks_that_make_no_sense_are_errors(options, message):
    shown = heymarket_now("sandbox", *options)
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert "verify-7f3a9c51" not in shown.err
