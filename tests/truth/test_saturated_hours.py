"""Hours of more calls than the service allows, in three lanes, against each way the service may count its minute.

`--full` simulates three hours; otherwise it is twelve minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import random
from collections import deque

import attrs
import pytest

from heymarket_async.budget import RateBudget
from heymarket_async.clock import VirtualClock
from heymarket_async.lanes import STREAK, Lane
from heymarket_async.limits import DEFAULT_LIMIT, PERIOD, SLACK

INTERVAL = (PERIOD + SLACK) / DEFAULT_LIMIT
# A request takes this long on the average, and is counted at some moment meanwhile.
LATENCY = 0.3


class Sliding:
    """Counts the requests of the last minute."""

    def __init__(self):
        self.refused = self.total = 0
        self._counted = deque()

    def count(self, now):
        self.total += 1
        while self._counted and self._counted[0] <= now - PERIOD:
            self._counted.popleft()
        if len(self._counted) >= DEFAULT_LIMIT:
            self.refused += 1
        else:
            self._counted.append(now)


class Fixed:
    """Counts the requests of each minute that begins at `offset`."""

    def __init__(self, offset):
        self.refused = self.total = 0
        self._offset, self._minute, self._count = offset, None, 0

    def count(self, now):
        self.total += 1
        minute = math.floor((now - self._offset) / PERIOD)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        self._count += 1
        self.refused += self._count > DEFAULT_LIMIT


@attrs.define
class Run:
    """What happened: the waits of sends as (asked, went, sends ahead), and how many went in each lane."""

    services: dict
    seconds: float
    sends: list
    went: dict

    @property
    def total(self):
        return sum(self.went.values())

    @property
    def used(self):
        return self.total / (self.seconds / PERIOD * DEFAULT_LIMIT)

    @property
    def refused(self):
        return {name: service.refused for name, service in self.services.items()}


async def saturate(callers, seconds, *, lone_sends=False, seed=1):
    """Let `callers` (lane: how many) call without a pause; with `lone_sends`, one that comes now and then.

    All services count the same requests: as none refuses any, the calls would be the same with each alone.
    """
    chance, clock = random.Random(seed), VirtualClock()
    budget = RateBudget(DEFAULT_LIMIT, clock)
    services = {"sliding": Sliding()} | {f"fixed at {offset} s": Fixed(offset) for offset in (0.0, 17.0, 31.4, 59.9)}
    run = Run(services, seconds, [], dict.fromkeys(Lane, 0))
    waiting_sends = 0

    async def call(lane):
        nonlocal waiting_sends
        asked, ahead = clock.monotonic(), waiting_sends
        waiting_sends += lane is Lane.SEND
        slot = await budget.acquire(math.inf, lane)
        waiting_sends -= lane is Lane.SEND
        run.went[lane] += 1
        if lane is Lane.SEND:
            run.sends.append((asked, clock.monotonic(), ahead))
        latency = chance.expovariate(1 / LATENCY)
        before = chance.random() * latency
        await clock.sleep(before)
        for service in services.values():
            service.count(clock.monotonic())
        await clock.sleep(latency - before)
        budget.release(slot)

    async def caller(lane):
        while clock.monotonic() < seconds:
            await call(lane)

    async def lone_sender():
        while clock.monotonic() < seconds:
            await clock.sleep(chance.expovariate(1 / 2.0))
            await call(Lane.SEND)

    tasks = [asyncio.create_task(caller(lane)) for lane, count in callers.items() for _ in range(count)]
    if lone_sends:
        tasks.append(asyncio.create_task(lone_sender()))
    while not all(task.done() for task in tasks):
        for _ in range(6):
            await asyncio.sleep(0)
        wait = clock.next_wake
        if wait is not None:
            clock.advance(wait)
    await asyncio.gather(*tasks)
    run.seconds = clock.monotonic()
    return run


def report(capsys, name, run, full):
    gone = ", ".join(f"{lane.name} {count:,}" for lane, count in run.went.items() if count)
    longest = max(went - asked for asked, went, _ in run.sends)
    with capsys.disabled() if full else contextlib.nullcontext():
        print(
            f"\n{name}, {run.seconds / 3600:.2f} h: {gone}; used {run.used:.2%} of the limit; "
            f"refused {run.refused}; longest wait of a send {longest:.2f} s"
        )


async def test_three_full_lanes_are_never_refused_and_use_the_limit_up(full, capsys):
    run = await saturate({Lane.SEND: 20, Lane.POLL: 20, Lane.EXPORT: 20}, 3 * 3600 if full else 720)
    report(capsys, "three full lanes", run, full)
    assert set(run.refused.values()) == {0}
    assert run.used >= 0.98
    # One turn in five is for the lanes below, and of these one in five for the lowest.
    assert run.went[Lane.SEND] / run.total == pytest.approx(0.8, abs=0.02)
    assert run.went[Lane.EXPORT] / run.total == pytest.approx(0.04, abs=0.01)
    # After the first minute, which may begin with a burst, a send follows a send at an even pace, but for that turn.
    gaps = [later - earlier for (_, earlier, _), (_, later, _) in itertools.pairwise(run.sends) if earlier > 2 * PERIOD]
    assert sorted(gaps)[len(gaps) // 2] <= INTERVAL * 1.05
    assert sum(gaps) / len(gaps) <= INTERVAL * (STREAK + 1) / STREAK * 1.03


async def test_a_send_that_comes_alone_waits_one_interval_at_the_most(full, capsys):
    callers = {Lane.INTERACTIVE: 20, Lane.POLL: 20, Lane.EXPORT: 20}
    run = await saturate(callers, 3 * 3600 if full else 720, lone_sends=True)
    report(capsys, "three full lanes, and a send now and then", run, full)
    assert set(run.refused.values()) == {0}
    assert run.used >= 0.98
    waits = [went - asked for asked, went, ahead in run.sends if not ahead and asked > 2 * PERIOD]
    assert len(waits) > 200
    assert max(waits) <= INTERVAL
    assert all(run.went[lane] > 20 for lane in (Lane.POLL, Lane.EXPORT))


def test_a_service_that_counts_like_these_does_refuse_more():
    for service in (Sliding(), Fixed(17.0)):
        for request in range(DEFAULT_LIMIT + 5):
            service.count(18.0 + request / 100)
        assert service.refused == 5
