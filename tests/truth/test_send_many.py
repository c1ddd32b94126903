"""`heymarket send-many`, killed at random moments and started again, texts each person exactly once.

`--full` texts 2,000 people and kills it 50 times; otherwise it is 240 and 6. One run again:
`SEED=1234 pytest tests/truth/test_send_many.py`.

The sandbox forgets no text and drops no repeat: that nobody is texted twice is due to the journal and the look alone.
"""

from __future__ import annotations

import asyncio
import csv
import os
import random
import signal
import sys
from collections import Counter

import pytest

from heymarket_async.sandbox import Ordinary, Sandbox
from heymarket_async.sandbox.variants import Variants
from terminal import credentials, start

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")


class Town:
    """People who get texts, and a command that texts them and is killed."""

    def __init__(self, sandbox, folder, people, seed):
        self.sandbox, self.team = sandbox, sandbox.teams[0]
        self.chance = random.Random(seed)
        self.names = {f"1{910 + n // 100}55501{n % 100:02}": f"N{n}" for n in range(people)}
        self.out = set(self.chance.sample([*self.names], people // 20))
        self.team.unsubscribed.update(dict.fromkeys(self.out, "contact"))
        self.file, self.report = folder / "people.csv", folder / "report.csv"
        with self.file.open("w", newline="") as file:
            csv.writer(file).writerows([("phone", "first_name"), *self.names.items()])
        # Some answers are late, and some effects: so kills fall before, between and after them.
        for _ in range(3 * people):
            late, delay = self.chance.choice([(0, 0), (0.02, 0), (0, 0.02), (0.01, 0.01)])
            sandbox.script("send_message", Ordinary(late=late, delay=delay))

    async def start(self):
        return await start(
            *("send-many", str(self.file), "--text", "Hi {first_name}, we open at 9.", "--inbox", "Support"),
            *("--yes", "--rate-limit", "none", "--patience", "0.6", "--report", str(self.report)),
            **credentials(self.sandbox),
        )

    def count(self, operation):
        return sum(request.operation == operation for request in self.sandbox.requests)

    async def live(self, process, most):
        """Let a process live for a random moment before its first send, or for some random part of its work.

        Of its sends that is half of its share at the most: however fast the machine, there is work left for the last.
        """
        operation = self.chance.choice([None, "get_contact_status", "send_message", "send_message", "send_message"])
        if operation is None:
            until, target = asyncio.get_running_loop().time() + self.chance.random(), self.count("send_message") + 1
            while asyncio.get_running_loop().time() < until and self.count("send_message") < target:
                await asyncio.sleep(0.002)
            return
        target = self.count(operation) + self.chance.randint(1, most // 2)
        async with asyncio.timeout(60):
            while self.count(operation) < target and process.returncode is None:
                await asyncio.sleep(0.002)
        await asyncio.sleep(self.chance.random() * 0.01)


@pytest.mark.slow
async def test_each_person_is_texted_once_though_the_command_is_killed_at_random_moments(full, tmp_path):
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    people, kills = (2_000, 50) if full else (240, 6)
    async with Sandbox(rate_limit=None, variants=Variants(repeat="none")) as sandbox:
        town = Town(sandbox, tmp_path, people, seed)
        killed, looks = 0, 0
        for _ in range(kills):
            process = await town.start()
            await town.live(process, people // kills)
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
            out, err = await process.communicate()
            assert process.returncode in (-signal.SIGKILL, 0), (seed, out, err)
        process = await town.start()
        out, err = await process.communicate()
        assert process.returncode == 0, (seed, out, err)
        looks = town.count("get_message_history")
        texts = Counter((sent.to, sent.text) for sent in town.team.sent)
        wanted = {(to, f"Hi {name}, we open at 9.") for to, name in town.names.items() if to not in town.out}
        assert texts == Counter(wanted), seed
        with town.report.open(newline="") as file:
            assert Counter(row["state"] for row in csv.DictReader(file)) == {
                "sent": len(wanted),
                "opted out": len(town.out),
            }
        print(f"seed {seed}: {people} people, {killed} kills, {looks} looks, {town.count('send_message')} sends")
        assert killed > kills / 2, f"seed {seed}: it was done before it could be killed"
        assert looks > 0, f"seed {seed}: no kill fell on a send"
