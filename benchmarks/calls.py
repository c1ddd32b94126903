"""What `inboxes.list()` costs, fifty at once."""

from __future__ import annotations

from benchmarks.crowd import Crowds
from benchmarks.figures import Bars, Bound, Section, Spread, Table, ratio, scaled
from benchmarks.generated import generated_client
from benchmarks.peers import AIOHTTP, GENERATED, HTTPX_PYDANTIC, OURS, OURS_COUNTING, PEERS
from benchmarks.rounds import Cost, interleave
from benchmarks.server import canned

CONCURRENCY = 50
ROUNDS = 20
COUNTS = (20, 1)

TEXT = """
CPU time of the client's process for one call, {concurrency} at once, all peers in each of {rounds} rounds. All may hold
100 connections, so that no call waits for one. "{counting}" takes and gives back a slot of a rate limit that is never
reached; "{ours}" has `rate_limit=None`.
"""


def measure() -> Section:
    """Measure all peers, on replies of twenty inboxes and of one."""
    with generated_client(), canned(*(("inboxes", count, "clean") for count in COUNTS)) as server:
        before = server.used()
        costs = {count: _costs(url) for count, url in zip(COUNTS, server.urls, strict=True)}
        after = server.used()
    used = {key: after[key] - before[key] for key in ("cpu", "requests")}
    return Section(
        title="Calls",
        text=TEXT.format(concurrency=CONCURRENCY, rounds=ROUNDS, counting=OURS_COUNTING, ours=OURS),
        tables=[*(_table(count, costs[count]) for count in COUNTS), _capacity(used["cpu"], used["requests"], costs[1])],
        bounds=[bound for count in COUNTS for bound in _bounds(count, costs[count])],
        bars=[
            Bars(
                f"calls-{count}",
                f"inboxes.list() of {inboxes(count)}: µs of CPU",
                [(name, scaled(cost.cpu, 1e6)) for name, cost in costs[count].items()],
            )
            for count in COUNTS
        ],
    )


def _costs(url: str) -> dict[str, Cost]:
    with Crowds() as crowds:
        subjects = {name: crowds.of(crowds.enter(peer, url), CONCURRENCY) for name, peer in PEERS.items()}
        return interleave(subjects, rounds=ROUNDS, step=2 * CONCURRENCY)


def inboxes(count: int) -> str:
    """Return how many they are, in words."""
    return f"{count} inboxes" if count > 1 else "1 inbox"


def _table(count: int, costs: dict[str, Cost]) -> Table:
    bare = costs[AIOHTTP].cpu
    rows = [
        (name, scaled(cost.cpu, 1e6).show(), scaled(cost.wall, 1e6).show(), ratio(cost.cpu, bare).show(2))
        for name, cost in costs.items()
    ]
    return Table((inboxes(count), "CPU, µs", "wall time, µs", f"CPU, × {AIOHTTP}"), rows)


def _bounds(count: int, costs: dict[str, Cost]) -> list[Bound]:
    ours, counting, what = costs[OURS].cpu, costs[OURS_COUNTING].cpu, f"CPU of a call for {inboxes(count)}"
    most = 1.0 if count > 1 else 1.1
    bounds = [
        Bound(what=f"{what}, against {AIOHTTP}", value=ratio(ours, costs[AIOHTTP].cpu), most=most),
        Bound(
            what=f"the same, counting its rate, against {AIOHTTP}", value=ratio(counting, costs[AIOHTTP].cpu), most=most
        ),
    ]
    if count > 1:
        bounds += [
            Bound(what=f"{what}, against {peer}", value=ratio(counting, costs[peer].cpu), most=0.25)
            for peer in (HTTPX_PYDANTIC, GENERATED)
        ]
    return bounds


def _capacity(cpu: float, requests: float, costs: dict[str, Cost]) -> Table:
    """Return what the server could do, beside the most that was asked of it."""
    most = 1 / min(Spread(cost.wall).median for cost in costs.values())
    rows = [
        ("CPU of the server's process for an answer", f"{cpu / requests * 1e6:.1f} µs"),
        ("answers that it can give in a second", f"{requests / cpu:,.0f}"),
        ("calls that the fastest peer makes in a second", f"{most:,.0f}"),
    ]
    return Table(("is the server the bottleneck?", ""), rows)
