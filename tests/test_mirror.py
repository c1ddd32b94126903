"""`examples/mirror.py`, killed at many moments and started again, ends equal to the service."""

from __future__ import annotations

import asyncio
import os
import random
import runpy
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heymarket_async import Fleet, Message
from heymarket_async.sandbox import Reply, Sandbox
from terminal import environment

ROOT = Path(__file__).parents[1]
MIRROR = ROOT / "examples" / "mirror.py"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="needs the signals of POSIX")]


class Life:
    """Some teams in which things happen, and the mirror of them."""

    def __init__(self, sandbox, folder, seed):
        self.sandbox, self.chance = sandbox, random.Random(seed)
        self.teams = {f"team {place}": team for place, team in enumerate(sandbox.teams)}
        self.file = folder / "mirror.db"
        self.list = folder / "teams.toml"
        self.list.write_text(
            "".join(f'["{name}"]\napi_key = "{team.api_key.key}"\n' for name, team in self.teams.items())
        )
        self.list.chmod(0o600)

    def act(self):
        chance, team = self.chance, self.chance.choice([*self.teams.values()])
        inbox, what = chance.choice(team.inboxes)["id"], chance.random()
        if what < 0.5 or not team.conversations:
            team.receive(inbox, f"1415555{chance.randrange(100, 140):04d}", f"text {chance.random()}")
        elif what < 0.7:
            team.deliver(chance.choice([*team.messages][-20:]), chance.choice(["delivered", "failed"]))
        else:
            conversation = team.conversations[chance.choice([*team.conversations])]
            change = {
                "status": chance.choice(["open", "closed"]),
                "assigned": chance.choice([0, team.members[0]["id"]]),
            }
            team.conversations.change(conversation, team._now(), change)
        if chance.random() < 0.03:
            self.sandbox.script("*", Reply(503), team=team)

    async def act_for(self, seconds):
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            await asyncio.sleep(self.chance.random() * 0.05)
            self.act()

    async def start(self):
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", str(MIRROR), "--every", "1", "--teams", str(self.list), str(self.file)),
            env=environment(HEYMARKET_BASE_URL=self.sandbox.url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def mirrored(self):
        database = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        try:
            return (
                {
                    *database.execute(
                        "SELECT team, id, inbox, phone, name, status, assignee, updated FROM conversations"
                    )
                },
                {*database.execute("SELECT team, id, conversation, date, status, text, updated FROM messages")},
            )
        finally:
            database.close()

    def there(self):
        """Return what the teams themselves have."""
        conversations, messages = set(), set()
        for name, team in self.teams.items():
            for key, row in team.conversations.items():
                shown = (row[field] for field in ("inbox", "target", "name", "status", "assigned"))
                conversations.add((name, key, *shown, written(row["updated"])))
            for key, row in team.messages.items():
                shown = (
                    row["_conversation"],
                    written(row["date"]),
                    row["status"],
                    row["text"],
                    written(row["updated"]),
                )
                messages.add((name, key, *shown))
        return conversations, messages


def written(moment):
    seconds, micro = divmod(int(moment), 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro).isoformat()


async def test_killed_at_many_moments_it_ends_equal_to_the_service(tmp_path, full):
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    print(f"seed {seed}")
    async with Sandbox(teams=4, rate_limit=None) as sandbox:
        life = Life(sandbox, tmp_path, seed)
        for _ in range(50 if full else 6):
            process = await life.start()
            asked = len(sandbox.requests)
            async with asyncio.timeout(60):
                while len(sandbox.requests) == asked and life.chance.random() > 0.01:
                    await asyncio.sleep(0.01)
            await life.act_for(life.chance.random() * 2.5)
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        process = await life.start()
        async with asyncio.timeout(60):
            while not life.file.exists() or life.mirrored() != life.there():
                await asyncio.sleep(0.1)
        assert min(map(len, life.there())) > 10
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
        assert process.stderr is not None
        assert b"Traceback" not in await process.stderr.read()
        assert life.mirrored() == life.there()
        assert life.file.stat().st_mode & 0o077 == 0


def test_by_itself_it_mirrors_a_sandbox_until_it_is_told_to_end(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-W", "error", str(MIRROR), "--every", "1"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        lines = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert errors == ""
    assert any("messages; now" in line for line in lines)
    assert (tmp_path / "mirror.db").exists()


async def test_what_a_watch_leaves_out_is_fetched_as_a_list(tmp_path):
    names = runpy.run_path(str(MIRROR))
    names["mirror"].__globals__["MOST"] = 5
    async with Sandbox(teams=1, history=400, rate_limit=None) as sandbox:
        team = sandbox.teams[0]
        async with Fleet({"acme": team.secret}, base_url=sandbox.url) as fleet:
            with names["Mirror"](tmp_path / "mirror.db") as file:
                task = asyncio.create_task(names["mirror"](fleet, file, 1.0))
                async with asyncio.timeout(30):
                    while not (
                        await file.load(f"/{team.id}/conversations") and await file.load(f"/{team.id}/messages")
                    ):
                        await asyncio.sleep(0.01)
                task.cancel()
                await asyncio.wait([task])
                for table, records in (("messages", team.messages), ("conversations", team.conversations)):
                    assert {key for (key,) in file.database.execute(f"SELECT id FROM {table}")} == {*records}


def test_half_an_emoji_does_not_stop_it(tmp_path):
    """A text that was cut in the middle of an emoji cannot be written as UTF-8."""
    with runpy.run_path(str(MIRROR))["Mirror"](tmp_path / "mirror.db") as file:
        file.put("acme", Message(id=7, text="Good morning \ud83d", status="sent"))
        assert file.database.execute("SELECT id, status, text FROM messages").fetchall() == [
            (7, "sent", "Good morning ?")
        ]
