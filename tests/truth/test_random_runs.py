"""Runs of calls, faults, cancellations and timeouts, drawn at random from a seed, on real connections.

`--full` makes 10,000 runs; otherwise it is 150. One run again: `SEED=1234 pytest tests/truth/test_random_runs.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections import Counter

from faults import FAULTS
from heymarket_async import (
    AsyncSession,
    CallError,
    NeverSent,
    RateBudgetExceeded,
    Retries,
    SessionClosed,
    Timeouts,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Sandbox
from heymarket_async.sandbox.variants import Variants

NUMBER = "+15105550142"
# Whole and good answers: to say that without having done it would be the service's lie, not a fault on the way.
GOOD = {
    "early hints",
    "endless body without a length",
    "gzip without its checksum",
    "late answer",
    "many headers",
    "slow body",
    "slow chunks",
    "slow head",
    "status 204",
    "unknown encoding",
}
# And so it would be to refuse what was done.
REFUSALS = {name for name in FAULTS if name.startswith(("status 401", "status 429"))} | {
    "no Date",
    "a Date that is none",
}
# Each call ends after 100 s of its own; one late answer takes an hour.
LONGEST_RUN = 6 * 3600.0


class Run:
    """One run: what is called, what goes wrong, and what came of it."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.clock = VirtualClock()
        self.outcomes = Counter()
        self.complaints = []
        self.successes = {}
        self.never_sent = set()

    async def __call__(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.complaints.append(context))
        before = asyncio.all_tasks()
        chance = self.chance
        async with Sandbox(clock=self.clock, variants=Variants(repeat="none")) as sandbox:
            session = AsyncSession(
                sandbox.secret,
                base_url=sandbox.url,
                clock=self.clock,
                pool_size=chance.choice([1, 2, 5]),
                rate_limit=chance.choice([3, 20, 500]),
                timeout=Timeouts(total=chance.choice([0.5, 10.0, 100.0])),
                retries=Retries(attempts=chance.choice([1, 2, 4]), base=chance.choice([0.0, 0.5])),
                largest_reply=2**19,
            )
            self.order_faults(sandbox)
            calls = [asyncio.create_task(self.caller(session, sandbox, n)) for n in range(chance.randint(1, 6))]
            disturbers = [asyncio.create_task(self.disturb(call)) for call in calls]
            if chance.random() < 0.1:
                disturbers.append(asyncio.create_task(self.close(session)))
            await self.play(calls + disturbers)
            self.check_sends(sandbox)
            await self.check_that_nothing_is_held(session, sandbox)
            await session.close()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before
        assert self.complaints == []

    def order_faults(self, sandbox):
        chance = self.chance
        for _ in range(chance.randint(0, 6)):
            name = chance.choice(list(FAULTS))
            may_take_effect = not FAULTS[name].unread and name not in REFUSALS
            effect = may_take_effect and (name in GOOD or chance.random() < 0.5)
            target = chance.choice(["*", "send_message", "list_inboxes", "update_contact"])
            sandbox.script(target, FAULTS[name].make(effect))

    async def caller(self, session, sandbox, number):
        for turn in range(self.chance.randint(1, 4)):
            kind = self.chance.choice(["send", "send", "read", "repeat"])
            text = f"text {number}.{turn}"
            try:
                async with asyncio.timeout(None if self.chance.random() < 0.9 else 0.01 * self.chance.random()):
                    await self.call(session, sandbox, kind, text)
            except CallError as error:
                self.outcomes[f"{kind}: {type(error).__name__}"] += 1
                if isinstance(error, NeverSent | RateBudgetExceeded):
                    self.never_sent.add(text)
            except SessionClosed:
                self.outcomes["session closed"] += 1
            except TimeoutError:
                self.outcomes["given up"] += 1
            else:
                self.outcomes[f"{kind}: success"] += 1
                if kind == "send":
                    self.successes[text] = True

    async def call(self, session, sandbox, kind, text):
        team = sandbox.teams[0]
        inbox = team.inboxes[0]
        if kind == "send":
            await session.messages.send(
                inbox_id=inbox["id"], creator_id=inbox["members"][0], phone_number=NUMBER, text=text
            )
        elif kind == "read":
            assert len(await session.inboxes.list()) == len(team.inboxes)
        else:
            await session.contacts.update(next(iter(team.contacts)), phone_number=NUMBER, first_name=text)

    async def disturb(self, call):
        if self.chance.random() < 0.2:
            for _ in range(self.chance.randint(0, 60)):
                await asyncio.sleep(0)
            call.cancel()

    async def close(self, session):
        for _ in range(self.chance.randint(0, 100)):
            await asyncio.sleep(0)
        await session.close()

    async def play(self, tasks):
        """Let time pass whenever nothing else happens, until all is done."""
        while not all(task.done() for task in tasks):
            for _ in range(self.chance.choice([12, 60])):
                await asyncio.sleep(0)
            wait = self.clock.next_wake
            if wait is not None:
                self.clock.advance(wait)
            assert self.clock.monotonic() < LONGEST_RUN, "somebody waits for ever"
        for task in tasks:
            if not task.cancelled():
                task.result()
            else:
                self.outcomes["cancelled"] += 1

    def check_sends(self, sandbox):
        sent = Counter(each.text for each in sandbox.teams[0].sent)
        assert not [text for text, count in sent.items() if count > 1], "somebody was texted twice"
        assert not [text for text in self.successes if not sent[text]], "a success that did not happen"
        assert not [text for text in self.never_sent if sent[text]], "sent, and said to be never sent"

    async def check_that_nothing_is_held(self, session, sandbox):
        state = session.budget
        assert (state.in_flight, state.waiting) == (0, 0)
        if session.closed:
            return
        sandbox.clear_script()
        pool = session._engine.pool
        if pool.is_open:
            assert not pool.open().http.connector._acquired
        self.clock.advance(3700)
        assert len(await session.with_options(timeout=60).inboxes.list()) == len(sandbox.teams[0].inboxes)


def test_no_run_texts_twice_invents_a_success_hangs_or_leaks(full, capsys):
    first = int(os.environ.get("SEED", "0"))
    count = 1 if "SEED" in os.environ else 10_000 if full else 150
    outcomes = Counter()
    for seed in range(first, first + count):
        run = Run(seed)
        random.seed(seed)
        try:
            with asyncio.Runner() as runner:
                runner.run(asyncio.wait_for(run(), 30))
        except BaseException as error:
            error.add_note(f"SEED={seed}")
            raise
        outcomes += run.outcomes
    with capsys.disabled() if full else contextlib.nullcontext():
        print(f"\n{count:,} runs, {outcomes.total():,} calls:")
        for outcome, times in sorted(outcomes.items()):
            print(f"  {outcome}: {times:,}")
    if count > 1:
        assert {"send: success", "send: SendUnknown", "read: success", "repeat: success", "cancelled"} <= set(outcomes)
