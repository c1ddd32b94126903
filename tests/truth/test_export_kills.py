"""An export that is killed at random moments and started again loses nothing and has nothing twice.

`--full` kills it 100 times; otherwise it is 10. One run again: `SEED=1234 pytest tests/truth/test_export_kills.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3

import pytest

from heymarket_async.sandbox import Sandbox
from terminal import credentials, start


def contents(path):
    """Return what an SQLite export or JSON lines hold: by id the moment of the last change, each id once."""
    if path.suffix == ".jsonl":
        found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        pairs = [(each["id"], each["updated"]) for each in found]
    else:
        database = sqlite3.connect(path)
        (table,) = database.execute("SELECT name FROM sqlite_master").fetchone()
        pairs = database.execute(f'SELECT id, updated FROM "{table}"').fetchall()
        database.close()
    assert len({key for key, _ in pairs}) == len(pairs), "something is there twice"
    return dict(pairs)


@pytest.mark.slow
@pytest.mark.parametrize(("what", "ending"), [("messages", "sqlite"), ("conversations", "jsonl")])
async def test_nothing_is_lost_or_doubled_though_the_export_is_killed(full, tmp_path, what, ending):
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    chance, kills, path = random.Random(seed), 100 if full else 10, tmp_path / f"out.{ending}"
    seen, finished = set(), 0
    async with Sandbox(history=3000, rate_limit=None) as sandbox:
        team = sandbox.teams[0]
        for number in range(300):
            team.receive(team.inboxes[0]["id"], f"1415555{number:04d}", "Good morning")
        arguments = ("export", what, "--to", str(path), "--state", str(tmp_path / "state"), "--page-size", "100")
        for _ in range(kills):
            process = await start(*arguments, **credentials(sandbox))
            before = len(sandbox.requests)
            async with asyncio.timeout(60):
                while len(sandbox.requests) == before and process.returncode is None:
                    await asyncio.sleep(0.01)
            pause = chance.random() * chance.choice([0.1, 0.5, 3.0])
            for _ in range(5):
                await asyncio.sleep(pause / 5)
                team.receive(team.inboxes[0]["id"], f"1415555{chance.randrange(300):04d}", "Hello again")
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            await process.communicate()
            finished += process.returncode == 0
            assert process.returncode in {0, -signal.SIGKILL}, f"seed {seed}"
            if path.exists():  # Whole at any moment, and never less than before.
                found = contents(path).keys()
                assert seen <= found, f"seed {seed}"
                seen = set(found)
        process = await start(*arguments, **credentials(sandbox))
        out, err = await process.communicate()
        assert process.returncode == 0, err
        found, books = contents(path), getattr(team, what)
        assert found.keys() == books.keys(), f"seed {seed}"
        assert len(out.splitlines()) == 1
        if what == "conversations":  # Those that changed last move to the front, so none may be stale.
            stale = [key for key, record in books.items() if not same_moment(found[key], record["updated"])]
            assert stale == [], f"seed {seed}"
        print(f"seed {seed}: {kills} kills, {finished} finished before, {len(found)} {what}")


def same_moment(text, microseconds):
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1e6) // 1_000_000 == microseconds // 1_000_000
