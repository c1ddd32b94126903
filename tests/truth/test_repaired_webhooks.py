"""The sandbox delivers with loss, duplicates, disorder and an outage; polling repairs it, and nothing is handled twice.

`--full` lets ten times as much happen.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from aiohttp import web

from heymarket_async import AsyncSession, MessageEvent, Receiver
from heymarket_async.sandbox import Sandbox, WebhookOptions
from heymarket_async.watch import SqliteStore
from heymarket_async.webhooks import EventSource, reconcile
from heymarket_async.webhooks.aiohttp import add_route

TOKEN = "check-me-at-last"


class Handled:
    """What handlers have got: messages by their id, and anything else by its key."""

    def __init__(self, receiver):
        self.times = Counter()
        self.sources = Counter()
        receiver.on()(self.note)

    async def note(self, event):
        self.times[event.message.id if isinstance(event, MessageEvent) else event.dedupe_key] += 1
        self.sources[event.source] += 1


async def live(sandbox, hook, chance, steps):
    """Let customers write and conversations close, and nothing be delivered for a quarter of the time."""
    team = sandbox.teams[0]
    for step in range(steps):
        hook.down = steps // 3 <= step < steps // 3 + steps // 4
        team.receive(team.inboxes[0]["id"], f"1510555{chance.randrange(100, 130):04d}", "Good morning")
        if step % 7 == 0:
            talk = team.conversations[chance.choice([*team.conversations])]
            team.conversations.change(talk, team._now(), {"status": "closed"})
        await asyncio.sleep(0.005)
    hook.down = False


@pytest.mark.slow
@pytest.mark.parametrize("stored", [False, True])
async def test_nothing_is_missing_and_nothing_is_doubled(full, stored, tmp_path):
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    receiver = Receiver(TOKEN, workers=1000, store=tmp_path / "events.db" if stored else None)
    handled, app = Handled(receiver), web.Application()
    add_route(app, "/hook", receiver)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    sandbox = Sandbox(rate_limit=None, seed=seed)
    async with sandbox, AsyncSession(sandbox.secret, base_url=sandbox.url, rate_limit=None) as session:
        options = WebhookOptions(loss=0.05, duplicates=0.1, reordering=0.2, held=0.3)
        hook = sandbox.webhooks.add(url, token=TOKEN, options=options)
        watch = session.watch_batches("messages", "conversations", every=1, store=tmp_path / "state.db")
        polling = asyncio.create_task(reconcile(receiver, watch))
        async with asyncio.timeout(60), SqliteStore(tmp_path / "state.db") as checkpoints:
            while not await checkpoints.load(f"/{sandbox.teams[0].id}/conversations"):
                await asyncio.sleep(0.01)
        await live(sandbox, hook, chance, 3000 if full else 300)
        await sandbox.webhooks.settled()
        written = {event.about for event in sandbox.webhooks.events if event.type.startswith("message")}
        async with asyncio.timeout(60):
            while not written <= handled.times.keys():
                await asyncio.sleep(0.01)
        polled_to = len(sandbox.requests) + 6  # Another round of polls tells nothing twice.
        async with asyncio.timeout(60):
            while len(sandbox.requests) < polled_to:
                await asyncio.sleep(0.01)
        await receiver.settle()
        await watch.aclose()
        await polling
    await runner.cleanup()
    outcomes = Counter(delivery.outcome for delivery in sandbox.webhooks.deliveries)
    print(f"seed {seed}: {len(written)} messages, {dict(handled.sources)}, {dict(outcomes)}")
    assert {key for key in handled.times if isinstance(key, int)} == written, f"seed {seed}"
    assert not [key for key, times in handled.times.items() if times > 1], f"seed {seed}"
    assert handled.sources[EventSource.POLL] >= outcomes["outage"] / 2 > 10
    assert receiver.stats.duplicates > 0
