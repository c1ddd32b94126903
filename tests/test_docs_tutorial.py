"""Whoever follows docs/tutorial.md from its first line to its last gets what the page says."""

from __future__ import annotations

import asyncio
import re
import signal
import sys

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from docs_blocks import DOCS, blocks_of, run_python
from heymarket_async.testing import assert_texted_once
from terminal import credentials, environment

STEPS = blocks_of((DOCS / "tutorial.md").read_text("utf-8"))
# Installing, and three commands in three shells: the second test does what they do.
NOT_RUN = [step for step in STEPS if step.reason_not_to_run]
# A service that takes a repeat with a known `local_id` for a new text: how long the real one knows one, nobody says.
FORGETFUL = """
import pytest_asyncio

from heymarket_async.sandbox import Sandbox, Variants


@pytest_asyncio.fixture
async def heymarket_sandbox():
    async with Sandbox(variants=Variants(repeat="none")) as sandbox:
        yield sandbox
"""
FILE = re.compile(r"[Ss]ave this as `([\w.]+)`")


def save_files(folder):
    for step in STEPS:
        name = FILE.search(step.above)
        if name is not None:
            (folder / name[1]).write_text(step.code, "utf-8")


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d\ds", "0.00s", text)


def test_each_step_gives_what_the_page_shows(tmp_path):
    saved, shown = [], []
    for step in STEPS:
        name = FILE.search(step.above)
        if name is not None:
            (tmp_path / name[1]).write_text(step.code, "utf-8")
            saved.append(name[1])
        elif step.language == "sh" and not step.reason_not_to_run:
            program, *arguments = step.code.split()
            assert program == "python"
            printed = run_python(*arguments, folder=tmp_path)
            assert without_times(printed) == without_times(step.shown)
            shown.append(step.shown)
    assert saved == [
        "hello.py",
        "texts.py",
        "app.py",
        "test_app.py",
        "pytest.ini",
        "replies.py",
        "test_replies.py",
        "serve.py",
    ]
    assert shown == [step.code for step in STEPS if step.language == "text"]
    # There is nothing on the page of which a reader is not told what to do with it.
    assert len(saved) + 2 * len(shown) + len(NOT_RUN) == len(STEPS)


def test_its_app_texts_once_also_where_the_service_does_not_know_a_repeat(tmp_path):
    save_files(tmp_path)
    (tmp_path / "conftest.py").write_text(FORGETFUL, "utf-8")
    printed = run_python("-m", "pytest", "-q", "test_app.py", "test_replies.py", folder=tmp_path)
    assert re.search(r"^10 passed in ", printed, re.MULTILINE)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
async def test_the_app_of_the_page_texts_hears_answers_and_ends_when_it_is_told_to(tmp_path, heymarket_sandbox):
    save_files(tmp_path)
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    heymarket_sandbox.webhooks.add(f"{url}/webhooks/heymarket", token="check-me")
    serving = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "serve.py"),
        env=environment(**credentials(heymarket_sandbox), HEYMARKET_WEBHOOK_TOKEN="check-me", PORT=str(port)),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30), aiohttp.ClientSession(url) as http:
            assert url.encode() in await serving.stdout.readline()
            for _ in range(2):
                async with http.post("/orders/1001/shipped") as answer:
                    assert await answer.text() == "sent"
            assert_texted_once(heymarket_sandbox, "15105550101", text="Your order has shipped.")
            team = heymarket_sandbox.teams[0]
            team.receive(team.inboxes[0]["id"], "15105550101", "It is here!")
            while len(team.sent) < 2:
                await asyncio.sleep(0.01)
            await heymarket_sandbox.webhooks.settled()
            serving.send_signal(signal.SIGINT)
            _, said = await serving.communicate()
    finally:
        if serving.returncode is None:
            serving.kill()
            await serving.wait()
    assert (serving.returncode, said) == (0, b"")
    assert [text.text for text in team.sent] == ["Your order has shipped.", "Thank you!"]
    assert {delivery.outcome for delivery in heymarket_sandbox.webhooks.deliveries} == {"delivered"}
    assert (tmp_path / "events.db").exists()
