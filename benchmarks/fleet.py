"""A thousand teams, watched for changes of two feeds every ten seconds: lag, CPU of a poll, and memory of a team.

    python -m benchmarks.fleet --teams 1000 --every 10 --seconds 60

The sandbox runs in a process of its own, so the figures of the client are those of the client alone. CPU per poll tells
what a machine can carry: one core has 1 / (CPU per poll) polls a second, hence that many times `--every` / 2 teams.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Bound, Section, Spread, Table
from heymarket_async import ApiSecret, Fleet, PollEnded, PollFailed

FEEDS = ("inboxes", "conversations")
# Conversations that a team has, and seconds between two texts to it from outside.
HISTORY, QUIET = 20, 60.0

TEXT = """{teams:,} teams, each watched by `fleet.watch{feeds}` every {every:g} s, by one process; the sandbox runs in
another one. A team has {conversations} conversations, and gets a text every minute. A poll of conversations takes two
requests, one of inboxes one. *Late* is how long after its time a poll began, *lag* how long after a text came in its
change was told: on the average half an interval, and no more than an interval and a tenth, where no poll is late."""


async def serve(teams: int) -> None:
    """Be the sandbox until standard input ends, and let people write."""
    from heymarket_async.sandbox import Sandbox

    began = time.perf_counter()
    async with Sandbox(teams=teams, rate_limit=None) as sandbox:
        for team in sandbox.teams:
            for number in range(HISTORY - len(team.conversations)):
                team.receive(team.inboxes[0]["id"], f"1415555{number:04d}", "Good morning")
        made = time.perf_counter() - began
        secrets = [[team.secret.id, team.secret.key] for team in sandbox.teams]
        conversations = statistics.median(len(team.conversations) for team in sandbox.teams)
        facts = {"url": sandbox.url, "secrets": secrets, "made": made, "conversations": conversations}
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
        writing = asyncio.ensure_future(_write(sandbox))
        await asyncio.to_thread(sys.stdin.read)
        writing.cancel()
        sandbox.requests.clear()


async def _write(sandbox: Any) -> None:
    """Let people write to the teams, so often that each gets a text every minute."""
    while True:
        await asyncio.sleep(QUIET / len(sandbox.teams))
        team = random.choice(sandbox.teams)
        team.receive(team.inboxes[0]["id"], f"1415555{random.randrange(HISTORY):04d}", "Are you open today?")
        sandbox.requests.clear()


@contextlib.asynccontextmanager
async def other_process(teams: int) -> AsyncIterator[dict[str, Any]]:
    """Run the sandbox in another process, and give its address and secrets."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.fleet", "--serve", "--teams", str(teams)),
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=2**26,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


def memory() -> int:
    """Return the bytes of this process that are in memory now, or at the most so far where that cannot be told."""
    gc.collect()
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def watch(teams: dict[str, ApiSecret], url: str, every: float, seconds: float) -> dict[str, float]:
    """Watch `teams` for a while, after two intervals to begin."""
    ended: list[PollEnded] = []
    failed = 0
    lags: list[float] = []

    def listen(event: PollEnded | PollFailed) -> None:
        nonlocal failed
        if isinstance(event, PollEnded):
            ended.append(event)
        else:
            failed += 1

    async def read() -> None:
        async for batch in fleet.watch_batches(*FEEDS, every=every, slowest=every, listener=listen):
            lags.extend(time.time() - change.at.timestamp() for change in batch.changes)
            await batch.commit()

    async with Fleet(teams, base_url=url) as fleet:
        reading = asyncio.ensure_future(read())
        await asyncio.sleep(2.0 * every + 1.0)
        used = memory()
        ended.clear()
        lags.clear()
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - began
        reading.cancel()
        await asyncio.wait([reading])
    assert reading.cancelled(), reading
    late = [event.late for event in ended]
    return {
        "polls": len(ended),
        "failed": failed,
        "polls a second": len(ended) / wall,
        "changes": len(lags),
        "CPU, share of a core": cpu / wall,
        "CPU per poll, ms": cpu / len(ended) * 1e3,
        "late, median, ms": statistics.median(late) * 1e3,
        "late, p99, ms": _p99(late) * 1e3,
        "late, worst, ms": max(late) * 1e3,
        "lag, median, s": statistics.median(lags or [0.0]),
        "lag, p99, s": _p99(lags or [0.0]),
        "poll takes, median, ms": statistics.median(event.elapsed for event in ended) * 1e3,
        "memory, MB": used / 1e6,
    }


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98] if len(values) > 1 else values[0]


async def run(teams: int, every: float, seconds: float) -> dict[str, float]:
    """Watch one team, then all; return the figures."""
    async with other_process(teams) as sandbox:
        secrets = {f"team {place}": ApiSecret(*pair) for place, pair in enumerate(sandbox["secrets"])}
        alone = await watch(dict(list(secrets.items())[:1]), sandbox["url"], 1.0, 2.0)
        figures = await watch(secrets, sandbox["url"], every, seconds)
    more = (figures["memory, MB"] - alone["memory, MB"]) * 1e3
    return {
        "teams": teams,
        **figures,
        "memory per team beyond the first, KB": more / max(teams - 1, 1),
        "one core carries, teams": every / len(FEEDS) / figures["CPU per poll, ms"] * 1e3,
        "conversations of a team": sandbox["conversations"],
        "sandbox made in, s": sandbox["made"],
    }


def measure(teams: int = 1000, every: float = 10.0, seconds: float = 30.0) -> Section:
    """Measure a fleet that is watched."""
    figures = asyncio.run(run(teams, every, seconds))
    assert not figures["failed"], figures
    shown = {name: figure for name, figure in figures.items() if name not in ("teams", "failed", "sandbox made in, s")}
    conversations = f"{figures['conversations of a team']:.0f}"
    bounds = [
        ("a poll is late, at the 99th percentile", "late, p99, ms", every * 1e3, "ms"),
        ("CPU, share of a core", "CPU, share of a core", 1.0, "×"),
        ("memory of a team beyond the first", "memory per team beyond the first, KB", 40.0, "KB"),
    ]
    return Section(
        title="Many teams, watched",
        text=TEXT.format(teams=teams, feeds=FEEDS, every=every, conversations=conversations),
        tables=[
            Table(
                ("what", "measured"),
                [(name, f"{figure:,.{0 if figure >= 100 else 2}f}") for name, figure in shown.items()],
            )
        ],
        bounds=[
            Bound(what=what, value=Spread([figures[name]]), most=most, unit=unit) for what, name, most, unit in bounds
        ],
    )


def main() -> None:
    """Be the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teams", type=int, default=1000)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two polls of a feed")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.teams))
        return
    figures = asyncio.run(run(arguments.teams, arguments.every, arguments.seconds))
    if arguments.json:
        print(json.dumps(figures))
        return
    for what, figure in figures.items():
        print(f"{what:40} {figure:12,.3f}")


if __name__ == "__main__":
    main()
