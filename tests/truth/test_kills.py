"""A process that watches, killed at random moments and started again, misses nothing.

`--full` kills it 200 times; otherwise it is 20. One run again: `SEED=1234 pytest tests/truth/test_kills.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from heymarket_async.sandbox import Sandbox
from heymarket_async.watch import SqliteStore

CHILD = Path(__file__).with_name("watching_child.py")


class Life:
    """What happens to a team while its watcher dies and comes back."""

    def __init__(self, sandbox, folder, seed):
        self.team = sandbox.teams[0]
        self.chance = random.Random(seed)
        self.arguments = [
            sandbox.url,
            self.team.api_key.key,
            str(folder / "state.db"),
            str(folder / "notes"),
        ]
        self.notes = folder / "notes"

    def act(self):
        team, chance = self.team, self.chance
        what = chance.random()
        if what < 0.6:
            team.receive(team.inboxes[0]["id"], f"1415555{chance.randrange(30):04d}", "Good morning")
        elif what < 0.8:
            team.deliver(chance.choice([*team.messages][-5:]), chance.choice(["delivered", "queued", "failed"]))
        else:
            record = team.conversations[chance.choice([*team.conversations][-5:])]
            closed = {"open": "closed", "closed": "open"}[record["status"]]
            team.conversations.change(record, team._now(), {"status": closed})

    async def start(self):
        return await asyncio.create_subprocess_exec(sys.executable, str(CHILD), *self.arguments)

    async def act_for(self, seconds):
        until = asyncio.get_running_loop().time() + seconds
        while (left := until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, self.chance.random() * 0.03))
            self.act()

    def lives(self):
        """Return what was noted in each life of the watcher."""
        lives = []
        for line in self.notes.read_text().splitlines():
            feed, number, updated, batch = line.split()
            if feed == "begin":
                lives.append({})
                continue
            note = (feed, int(number), updated)
            assert note not in lives[-1], "told twice in one life"
            lives[-1][note] = int(batch)
        return lives

    def noted(self):
        return set().union(*self.lives())

    def wanted(self):
        """Return the last change of everything that has changed since the first life began."""
        return {
            (feed, key, f"{record['updated'] / 1e6:.6f}")
            for feed, records in (("messages", self.team.messages), ("conversations", self.team.conversations))
            for key, record in records.items()
            if key not in self.old[feed] or record["updated"] != self.old[feed][key]
        }

    async def begin(self):
        """Let the watcher take in what is there."""
        process = await self.start()
        async with asyncio.timeout(60):
            while not await self._knows_both():
                await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
        self.old = {
            feed: {key: record["updated"] for key, record in records.items()}
            for feed, records in (("messages", self.team.messages), ("conversations", self.team.conversations))
        }

    async def _knows_both(self):
        async with SqliteStore(self.arguments[2]) as file:
            found = [await file.load(f"/{self.team.id}/{feed}") for feed in ("messages", "conversations")]
        return all(found)


@pytest.mark.slow
async def test_no_change_is_lost_though_the_watcher_is_killed_at_random_moments(full, tmp_path):
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    kills = 200 if full else 20
    async with Sandbox(rate_limit=None) as sandbox:
        life = Life(sandbox, tmp_path, seed)
        await life.begin()
        for _ in range(kills):
            process = await life.start()
            before = len(sandbox.requests)
            async with asyncio.timeout(60):
                while len(sandbox.requests) == before and life.chance.random() > 0.01:
                    await asyncio.sleep(0.01)
            await life.act_for(life.chance.choice([0.02, 0.1, 0.5]) * life.chance.random())
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        process = await life.start()
        async with asyncio.timeout(60):
            while not life.wanted() <= life.noted():
                await asyncio.sleep(0.02)
        process.kill()
        await process.wait()
        lives = life.lives()
        noted, again = set(), 0
        for notes in lives:
            repeated = [batch for note, batch in notes.items() if note in noted]
            assert set(repeated) <= {1}, f"seed {seed}: only the batch that was not committed comes again"
            noted.update(notes)
            again += len(repeated)
        print(f"seed {seed}: {kills} kills, {len(noted)} changes, {again} of them again")
        assert len(noted) > kills, f"seed {seed}"
