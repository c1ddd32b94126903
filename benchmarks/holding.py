"""How long a large reply holds the event loop."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.figures import Bound, Section, Spread, Table, scaled
from benchmarks.nouns import MODELS
from benchmarks.peers import ours
from benchmarks.records import count_within
from benchmarks.server import canned

SIZE = 2**20
TIMES = 15
KINDS = {"clean": "clean", "unknown": "20 unknown keys", "odd": "null lists and a misfit"}

TEXT = """
The longest that one step of the event loop takes while a reply of 1 MB is fetched and read, in CPU time, {times} times
each: the median, the quartiles and the longest of all.
"""


def measure() -> Section:
    """Measure each kind of record in each condition."""
    kinds = [(noun, kind) for noun in MODELS for kind in KINDS]
    replies = [(noun, count_within(SIZE, noun, kind), kind) for noun, kind in kinds]
    with canned(*replies) as server:
        urls = zip(replies, server.urls, strict=True)
        held = {each: asyncio.run(_held(url, MODELS[each[0]])) for each, url in urls}
    rows = [
        (noun, f"{count:,}", KINDS[kind], scaled(steps, 1e3).show(1), f"{max(steps) * 1e3:.1f}")
        for (noun, count, kind), steps in held.items()
    ]
    worst = max(held.values(), key=lambda steps: Spread(steps).median)
    return Section(
        title="Holding the event loop",
        text=TEXT.format(times=TIMES),
        tables=[Table(("1 MB of", "records", "which are", "ms", "longest, ms"), rows)],
        bounds=[
            Bound(
                what="longest hold of the loop by a reply of 1 MB, of the worst kind",
                value=scaled(worst, 1e3),
                most=10.0,
                unit="ms",
            )
        ],
    )


async def _held(url: str, model: type) -> list[float]:
    longest = list[float]()
    async with ours(url) as heymarket:
        for _ in range(TIMES + 1):
            gc.collect()
            with _watched_steps() as steps:
                # A task of its own, whose steps are all seen from outside.
                await asyncio.create_task(heymarket.request("GET", "/", reply=tuple[model, ...]))
            longest.append(max(steps))
    return longest[1:]  # The first one prepares what reads the others.


@contextmanager
def _watched_steps() -> Iterator[list[float]]:
    """Note the CPU time of each step of any event loop, until the block ends."""
    steps, plain = list[float](), asyncio.Handle._run

    def watched(handle: asyncio.Handle) -> None:
        start = time.thread_time()
        plain(handle)
        steps.append(time.thread_time() - start)

    asyncio.Handle._run = watched
    try:
        yield steps
    finally:
        asyncio.Handle._run = plain
