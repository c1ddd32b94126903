"""A thousand teams, polled every ten seconds: what a poll costs, how late polls are, and what a team takes of memory.

    python benchmarks/fleet.py --teams 1000 --every 10 --seconds 60

The sandbox runs in a process of its own, so the figures of the client are those of the client alone. CPU per poll tells
what a machine can carry: one core has 1 / (CPU per poll) polls a second, hence that many times `--every` teams.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from heymarket_async import ApiSecret, AsyncSession, Fleet, Lane

Poll = Callable[[AsyncSession], Awaitable[Any]]


async def two_feeds(team: AsyncSession) -> None:
    """Ask twice, as for a feed of conversations and one of inboxes."""
    await team.inboxes.list()
    await team.team.get()


POLLS: dict[str, Poll] = {"inboxes": lambda team: team.inboxes.list(), "two": two_feeds}
REQUESTS = {"inboxes": 1, "two": 2}


async def serve(teams: int) -> None:
    """Be the sandbox until standard input ends."""
    from heymarket_async.sandbox import Sandbox

    began = time.perf_counter()
    async with Sandbox(teams=teams, rate_limit=None) as sandbox:
        made = time.perf_counter() - began
        secrets = [[team.secret.id, team.secret.key] for team in sandbox.teams]
        sys.stdout.write(json.dumps({"url": sandbox.url, "secrets": secrets, "made": made}) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        sandbox.requests.clear()


@contextlib.asynccontextmanager
async def other_process(teams: int) -> AsyncIterator[dict[str, Any]]:
    """Run the sandbox in another process, and give its address and secrets."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, "--serve", "--teams", str(teams)),
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


async def measure(teams: dict[str, ApiSecret], url: str, poll: Poll, every: float, seconds: float) -> dict[str, float]:
    """Poll `teams` for a while, after one interval to warm up."""
    late: list[float] = []
    elapsed: list[float] = []
    failed = 0
    async with Fleet(teams, base_url=url, lane=Lane.POLL) as fleet:
        loop = asyncio.get_running_loop()
        warm, end = loop.time() + every, loop.time() + every + seconds
        began = cpu = 0.0
        async with contextlib.aclosing(fleet.each(poll, every=every)) as results:
            async for result in results:
                now = loop.time()
                if now < warm:
                    continue
                if not began:
                    began, cpu = now, time.process_time()
                late.append(result.late)
                elapsed.append(result.elapsed)
                failed += not result.ok
                if now >= end:
                    break
        cpu, wall = time.process_time() - cpu, loop.time() - began
        return {
            "polls": len(late),
            "failed": failed,
            "polls a second": len(late) / wall,
            "CPU, share of a core": cpu / wall,
            "CPU per poll, ms": cpu / len(late) * 1e3,
            "late, median, ms": statistics.median(late) * 1e3,
            "late, p99, ms": statistics.quantiles(late, n=100)[98] * 1e3 if len(late) > 1 else late[0] * 1e3,
            "late, worst, ms": max(late) * 1e3,
            "poll takes, median, ms": statistics.median(elapsed) * 1e3,
            "memory, MB": memory() / 1e6,
        }


async def run(teams: int, every: float, seconds: float, name: str) -> dict[str, float]:
    """Measure one team, then all; return the figures."""
    async with other_process(teams) as sandbox:
        secrets = {f"team {place}": ApiSecret(*pair) for place, pair in enumerate(sandbox["secrets"])}
        first = dict(list(secrets.items())[:1])
        alone = await measure(first, sandbox["url"], POLLS[name], 0.1, 2.0)
        figures = await measure(secrets, sandbox["url"], POLLS[name], every, seconds)
    more = (figures["memory, MB"] - alone["memory, MB"]) * 1e3
    return {
        "teams": teams,
        "requests a poll": REQUESTS[name],
        **figures,
        "memory per team beyond the first, KB": more / max(teams - 1, 1),
        "one core carries, teams": every / figures["CPU per poll, ms"] * 1e3,
        "sandbox made in, s": sandbox["made"],
    }


def main() -> None:
    """Be the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teams", type=int, default=1000)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two polls of a team")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure")
    parser.add_argument("--poll", choices=sorted(POLLS), default="inboxes", help="what a poll asks for")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.teams))
        return
    figures = asyncio.run(run(arguments.teams, arguments.every, arguments.seconds, arguments.poll))
    if arguments.json:
        print(json.dumps(figures))
        return
    for what, figure in figures.items():
        print(f"{what:40} {figure:12,.3f}")


if __name__ == "__main__":
    main()
