"""Random histories, watched through polls: what a perfect observer would see at the polled moments, and no more."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heymarket_async import AsyncSession, CallError, Retries
from heymarket_async.clock import SkewedClock, VirtualClock
from heymarket_async.kinds import EventKind
from heymarket_async.sandbox import Closed, Reply, Reset, Sandbox, Truncated, Variants
from heymarket_async.sandbox.nouns.conversations import show_conversation
from heymarket_async.sandbox.records import show
from heymarket_async.watch import Added, Changed, Checkpoint, Feed, poll_once

OVERLAP = timedelta(seconds=60)
STREAMS = ("conversations", "messages", "contacts", "tags")
FAULTS = (Reply(500), Reply(429), Reset(), Closed(), Truncated(), Reply(200, b"garbage"), Reset(effect=True))
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def visible(name, team, record, variants):
    """Return what a list shows of a record: times no finer than they are written, say."""
    if name == "conversations":
        return show_conversation(team, record, variants, place="list")
    return show(record, variants)


class History:
    """A team to which things happen, and an observer who sees all of it at the polled moments."""

    def __init__(self, seed, sandbox, clock, local, session):
        self.chance = random.Random(seed)
        self.sandbox, self.clock, self.local, self.session = sandbox, clock, local, session
        self.team = sandbox.teams[0]
        self.team.inboxes = self.team.inboxes[:2]
        self.checkpoints = {}
        self.observed = {}
        self.delivered = {name: [] for name in STREAMS}

    def act(self):
        chance, team = self.chance, self.team
        inboxes = [inbox["id"] for inbox in team.inboxes]
        what = chance.choice(["in", "in", "report", "close", "assign", "contact", "tag", "delete", "burst", "touch"])
        messages, conversations = [*team.messages], [*team.conversations]
        now = team._now()
        if what == "in":
            team.receive(chance.choice(inboxes), f"1415555{chance.randrange(12):04d}", f"text {chance.random()}")
        elif what == "burst":
            # Not a round number of them: it would look like the bound of a page, and raise CursorStalled.
            for _ in range(chance.choice([2, 33])):
                team.receive(chance.choice(inboxes), f"1415555{chance.randrange(100, 190):04d}", "at once")
            self.clock.advance(1)
        elif what == "report" and messages:
            # Only of what is young enough: the stated guarantee.
            young = [key for key in messages[-8:] if now - team.messages[key]["date"] < 50e6]
            if young:
                team.deliver(chance.choice(young), chance.choice(["delivered", "failed", "queued"]))
        elif what == "close" and conversations:
            record = team.conversations[chance.choice(conversations[-6:])]
            closed = "open" if record["status"] == "closed" else "closed"
            team.conversations.change(record, now, {"status": closed})
        elif what == "assign" and conversations:
            record = team.conversations[chance.choice(conversations[-6:])]
            team.conversations.change(record, now, {"assigned": chance.randrange(1, 5)})
        elif what == "touch" and conversations:
            record = team.conversations[chance.choice(conversations[-6:])]
            team.conversations.change(record, now, {"inbox": chance.choice(inboxes)})
        elif what == "contact":
            record = team.contacts[chance.choice([*team.contacts])]
            team.contacts.change(record, now, {"first": f"N{chance.random()}"})
        elif what == "tag":
            team.tags.add(now, {"tag": f"T{chance.random()}", "color": "#FFFFFF"})
        elif what == "delete" and messages:
            del team.messages[chance.choice(messages)]

    def pass_time(self):
        self.clock.advance(self.chance.choice([0, 0, 0.000_001, 0.2, 1, 7, 40, 400]))
        if self.chance.random() < 0.1:
            self.local.skew = self.chance.choice([-90_000.0, -30.0, 0.0, 30.0, 90_000.0])

    def state(self, name):
        records = getattr(self.team, name)
        return {key: visible(name, self.team, record, self.sandbox.variants) for key, record in records.items()}

    async def poll(self, name):
        before = self.observed.get(name)
        if self.chance.random() < 0.25:
            self.sandbox.script("*", self.chance.choice(FAULTS))
        try:
            polled = await poll_once(
                self.session, Feed(name, overlap=OVERLAP), self.checkpoints.get(name), team=self.team.id
            )
        except CallError:
            self.clock.advance(100)  # After a 429, the session waits.
            return  # The same checkpoint is polled again next time.
        finally:
            self.sandbox.clear_script()
        now = self.state(name)
        if before is None:
            assert polled.changes == ()
        else:
            self.compare(name, before, now, polled.changes)
        self.observed[name] = now
        checkpoint = polled.checkpoint
        self.checkpoints[name] = (
            Checkpoint.from_json(checkpoint.to_json()) if self.chance.random() < 0.3 else checkpoint
        )

    def compare(self, name, before, now, changes):
        ids = [change.id for change in changes]
        assert len(ids) == len(set(ids)), "told once"
        assert all(isinstance(change, Added | Changed) for change in changes)
        added = {change.id for change in changes if isinstance(change, Added)}
        changed = {change.id for change in changes if isinstance(change, Changed)}
        assert added == now.keys() - before.keys()
        assert changed == {key for key in now.keys() & before.keys() if now[key] != before[key]}
        order = [change.at for change in changes]
        assert order == sorted(order), "oldest first"
        for change in changes:
            if isinstance(change, Changed) and change.fields is not None:
                self.check_words(name, change, before[change.id], now[change.id])

    def check_words(self, name, change, before, now):
        if name != "conversations":
            return
        moved = {key for key in ("inbox", "assigned") if before.get(key) != now.get(key)}
        reopened = (before["status"] == "closed") != (now["status"] == "closed")
        words = set(change.kinds)
        assert (EventKind.CHAT_TRANSFERRED in words) == ("inbox" in moved)
        assert (EventKind.CHAT_REASSIGNED in words) == ("assigned" in moved)
        assert bool(words & {EventKind.CHAT_OPENED, EventKind.CHAT_CLOSED}) == reopened


async def live(seed, steps, variants):
    clock = VirtualClock()
    local = SkewedClock(clock)
    async with Sandbox(clock=clock, rate_limit=None, variants=variants, leeway=1e9) as sandbox:
        session = AsyncSession(
            sandbox.teams[0].api_key,
            base_url=sandbox.url,
            clock=local,
            rate_limit=None,
            retries=Retries(attempts=1),
        )
        async with session:
            history = History(seed, sandbox, clock, local, session)
            for _ in range(steps):
                for _ in range(history.chance.randrange(4)):
                    history.act()
                    history.pass_time()
                await history.poll(history.chance.choice(STREAMS))
            clock.advance(1)
            for name in STREAMS:
                await history.poll(name)
    return history


@many
@given(
    st.integers(0, 2**32),
    st.integers(1, 40),
    st.sampled_from(["before", "from", "follows_order"]),
    st.sampled_from(["microseconds", "milliseconds", "seconds"]),
    st.booleans(),
)
def test_every_change_comes_once_and_none_is_invented(seed, steps, cursor, precision, sparse):
    variants = Variants(message_cursor=cursor, precision=precision, drop_empty=sparse)
    asyncio.run(live(seed, steps, variants))
