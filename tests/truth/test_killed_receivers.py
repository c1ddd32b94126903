"""A receiver with a store, killed at random moments and started again, loses nothing that it has accepted.

`--full` kills it 100 times; otherwise it is 10. One run again: `SEED=1234 pytest tests/truth/test_killed_receivers.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from webhook_support import TOKEN, body_of

CHILD = Path(__file__).with_name("receiving_child.py")


class Sender:
    """A service that delivers events until a receiver takes them, and some of them twice."""

    def __init__(self, folder, seed):
        self.chance = random.Random(seed)
        self.folder = folder
        self.accepted = set()
        self.number = 0
        self.port = folder / "port"

    async def start(self):
        self.port.unlink(missing_ok=True)
        arguments = [self.port, self.folder / "events.db", self.folder / "notes", TOKEN]
        process = await asyncio.create_subprocess_exec(sys.executable, str(CHILD), *map(str, arguments))
        async with asyncio.timeout(60):
            while not self.port.exists():
                assert process.returncode is None
                await asyncio.sleep(0.01)
        return process

    async def send_for(self, seconds, client):
        """Send one event after another, some of them again, until the time is up."""
        until = asyncio.get_running_loop().time() + seconds
        url = f"http://127.0.0.1:{self.port.read_text()}/"
        while asyncio.get_running_loop().time() < until:
            again = self.accepted and self.chance.random() < 0.2
            if not again:
                self.number += 1
            key = self.chance.choice(sorted(self.accepted)) if again else self.number
            async with client.post(url, data=body_of(id=key)) as answer:
                assert answer.status in (200, 503)
                if answer.status == 200:
                    self.accepted.add(key)

    def handled(self):
        notes = self.folder / "notes"
        return Counter(map(int, notes.read_text().split())) if notes.exists() else Counter()


@pytest.mark.slow
async def test_what_was_accepted_is_handled_though_the_receiver_is_killed(full, tmp_path):
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    kills = 100 if full else 10
    sender = Sender(tmp_path, seed)
    async with aiohttp.ClientSession() as client:
        for _ in range(kills):
            process = await sender.start()
            sending = [asyncio.ensure_future(sender.send_for(30, client)) for _ in range(4)]
            await asyncio.sleep(sender.chance.random() * 0.4)
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
            done = await asyncio.gather(*sending, return_exceptions=True)
            assert all(isinstance(error, aiohttp.ClientError) for error in done), done
        process = await sender.start()
        async with asyncio.timeout(60):
            while not sender.accepted <= set(sender.handled()):
                await asyncio.sleep(0.02)
        process.terminate()
        await process.wait()
    handled = sender.handled()
    again = {key: times for key, times in handled.items() if times > 1}
    print(f"seed {seed}: {kills} kills, {len(sender.accepted)} accepted, {len(again)} handled again")
    assert len(sender.accepted) > kills, f"seed {seed}"
    # Only what was with its handlers, or just done, when the process died, comes again: at most once for each kill.
    assert all(times <= kills + 1 for times in again.values())
    assert len(again) <= kills * 30, f"seed {seed}"
