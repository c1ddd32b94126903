"""The code in the README does what the README says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from heymarket_async import Change
from heymarket_async.testing import assert_texted_once

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
PROGRAM, TEST = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
TOKEN = "the verification token of your webhook"
NUMBER = "+1 (510) 555-0101"


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(code, "README.md", "exec"), names)
    return names


def checkpoints(path: str) -> int:
    """Return how many checkpoints are in a file, if it is one."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        try:
            return database.execute("SELECT count(*) FROM checkpoints").fetchone()[0]
        except sqlite3.OperationalError:
            return 0  # It is not made yet, or is being written.


@pytest.fixture
async def program(heymarket_sandbox, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEYMARKET_API_SECRET_ID", heymarket_sandbox.secret.id)
    monkeypatch.setenv("HEYMARKET_API_SECRET_KEY", heymarket_sandbox.secret.key)
    monkeypatch.setenv("HEYMARKET_BASE_URL", heymarket_sandbox.url)
    monkeypatch.delenv("HEYMARKET_API_KEY", raising=False)
    names = run(PROGRAM)
    async with names["heymarket"], names["receiver"]:
        yield names


def test_the_program_has_at_most_thirty_lines():
    assert len(PROGRAM.splitlines()) <= 30


async def test_it_sends_a_text_once(program, heymarket_sandbox):
    await program["ship"](NUMBER)
    assert_texted_once(heymarket_sandbox, NUMBER, text="Your order has shipped.")


async def test_it_answers_a_webhook(program, heymarket_sandbox):
    team = heymarket_sandbox.teams[0]
    inbox = team.inboxes[0]["id"]
    message = team.receive(inbox, "15105550101", "Thanks a lot")
    data = {"id": message["id"], "conversation": {"id": message["_conversation"], "inbox": inbox}}
    body = json.dumps({"type": "message_recieved", "id": 1, "token": TOKEN, "event_data": data})
    assert (await program["receiver"].accept(body.encode())).status == 200
    await program["receiver"].settle()
    assert_texted_once(heymarket_sandbox, NUMBER, text="Thank you!")


async def test_it_tells_of_changes_also_after_a_restart(program, heymarket_sandbox):
    team = heymarket_sandbox.teams[0]
    told: asyncio.Queue[Change] = asyncio.Queue()
    program["print"] = told.put_nowait

    async def follow_until(done):
        following = asyncio.create_task(program["follow"]())
        async with asyncio.timeout(30):
            while not (found := done()):
                await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.wait([following])
        return found

    await follow_until(lambda: checkpoints("state.db"))
    assert told.empty()
    team.receive(team.inboxes[0]["id"], "15105550142", "Hello")
    change = await follow_until(lambda: None if told.empty() else told.get_nowait())
    assert change.feed == "conversations"


async def test_the_test_passes(heymarket_sandbox, heymarket_session):
    await run(TEST)["test_the_customer_is_told"](heymarket_sandbox, heymarket_session)
