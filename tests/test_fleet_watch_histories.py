"""Random histories of several teams, read by somebody who gives up, restarts, and commits when it pleases."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heymarket_async import Fleet, Retries
from heymarket_async.sandbox import Closed, Ordinary, Reply, Reset, Sandbox
from heymarket_async.watch import MemoryStore
from idle_time import run

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
FAULTS = (
    Reply(500),
    Reply(429),
    Reset(),
    Closed(),
    Reply(200, b"garbage"),
    Reply(401),
    Ordinary(delay=3),
    Ordinary(late=3),
)
# After a refusal or two, and after some failures in a row, a team is polled again within that time.
LONGEST_SILENCE = 1500.0


class History:
    """What happens to some teams, and what a reader was told of it.

    Attributes:
        told: of each team, what was told so far.
        open: of each team, what was told and not committed.
        lately: of each team, what was told since the watch of it began.
        versions: of each team, what there was at any time.
    """

    def __init__(self, seed, sandbox, fleet):
        self.chance = random.Random(seed)
        self.sandbox = sandbox
        self.fleet = fleet
        self.teams = {f"t{place}": team for place, team in enumerate(sandbox.teams)}
        self.told, self.open, self.lately = defaultdict(set), defaultdict(set), defaultdict(set)
        self.versions = defaultdict(set)
        self.gone = set()

    async def happen(self, times):
        for _ in range(times):
            name = self.chance.choice([*self.teams])
            self.act(name, self.teams[name])
            self.versions[name] |= self.present(name)
            if self.chance.random() < 0.1:
                await self.come_or_go(name)
            await asyncio.sleep(self.chance.choice([0, 0.2, 1, 5]))
        self.sandbox.clear_script()
        for name in [*self.gone]:
            await self.come_or_go(name)

    def act(self, name, team):
        chance = self.chance
        what = chance.random()
        if what < 0.6:
            team.receive(team.inboxes[0]["id"], f"1415555{chance.randrange(20):04d}", "Good morning")
        elif what < 0.75 and team.messages:
            team.deliver(chance.choice([*team.messages][-5:]), chance.choice(["delivered", "queued", "failed"]))
        else:
            self.sandbox.script("*", chance.choice(FAULTS), times=chance.randrange(1, 4), team=team)

    async def come_or_go(self, name):
        if name in self.gone:
            self.gone.discard(name)
            self.fleet.add(name, self.teams[name].secret)
        else:
            self.gone.add(name)
            await self.fleet.remove(name)
        self.lately[name].clear()

    async def read(self, store, done):
        """Read until nothing has come for long, in many ways."""
        chance, silence = self.chance, 0.0
        while silence < LONGEST_SILENCE or not done.is_set():
            watch = self.fleet.watch_batches("messages", every=2, slowest=40, store=store, since=LONG_AGO)
            self.lately.clear()
            for _ in range(chance.randrange(1, 20) if not done.is_set() else 1000):
                patience = chance.choice([0.5, 3, 60]) if not done.is_set() else LONGEST_SILENCE
                try:
                    batch = await asyncio.wait_for(anext(watch), patience)
                except TimeoutError:
                    silence = patience
                    if silence >= LONGEST_SILENCE:
                        break
                    continue
                silence = 0.0
                await self.handle(batch)
                await asyncio.sleep(chance.choice([0, 0, 1]))
            if chance.random() < 0.5:
                await watch.aclose()
            del watch

    async def handle(self, batch):
        name = batch.team
        keys = [(change.id, round(change.after.updated.timestamp() * 1e6)) for change in batch.changes]
        assert {change.team for change in batch.changes} == {name}
        assert len(set(keys)) == len(keys)
        assert not self.lately[name] & {*keys}, "told twice by one watch"
        assert self.told[name] & {*keys} <= self.open[name], "what was committed comes again"
        assert {*keys} <= self.versions[name], "invented"
        for book in (self.told, self.open, self.lately):
            book[name].update(keys)
        if self.chance.random() < 0.8:
            await batch.commit()
            self.open[name] -= self.lately[name]

    def present(self, name):
        return {(key, record["updated"]) for key, record in self.teams[name].messages.items()}

    def missing(self):
        return {
            name: self.present(name) - self.told[name] for name in self.teams if self.present(name) - self.told[name]
        }


async def live(clock, seed, times):
    async with Sandbox(clock=clock, teams=4, rate_limit=None) as sandbox:
        settings = {"base_url": sandbox.url, "clock": clock, "rate_limit": None, "retries": Retries(attempts=1)}
        async with Fleet({f"t{n}": team.secret for n, team in enumerate(sandbox.teams)}, **settings) as fleet:
            history, store, done = History(seed, sandbox, fleet), MemoryStore(), asyncio.Event()
            history.versions = defaultdict(set, {name: history.present(name) for name in history.teams})
            reading = asyncio.create_task(history.read(store, done))
            await history.happen(times)
            done.set()
            await reading
            assert not history.missing()
            under_way = [task for task in asyncio.all_tasks() if "Rounds._call" in repr(task)]
            assert not under_way


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_every_change_of_every_team_comes_and_only_what_was_not_committed_comes_again(seed, times):
    logging.getLogger("heymarket_async").setLevel(logging.CRITICAL)
    try:
        run(lambda clock: live(clock, seed, times))
    finally:
        logging.getLogger("heymarket_async").setLevel(logging.NOTSET)
