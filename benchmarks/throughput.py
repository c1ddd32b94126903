"""Whether one process goes on as fast when more and more calls are made at once."""

from __future__ import annotations

from benchmarks.crowd import Crowds
from benchmarks.figures import Bars, Bound, Section, Spread, Table, ratio, scaled
from benchmarks.peers import listing, ours
from benchmarks.rounds import Cost, interleave
from benchmarks.server import canned
from heymarket_async.transport import DEFAULT_POOL_SIZE

CROWDS = (1, 10, 100, 1000)
ROUNDS = 15

TEXT = """
`inboxes.list()` of twenty inboxes, by one session with its {size} connections, and a rate limit that is never reached.
Calls in a second are told by the CPU time of the process, which is all that a quiet machine would take.
"""


def measure() -> Section:
    """Measure crowds of several sizes, and count the connections that the server sees."""
    with canned(("inboxes", 20, "clean")) as server:
        with Crowds() as crowds:
            list_inboxes = crowds.enter(lambda url: listing(ours(url)), server.urls[0])
            subjects = {str(size): crowds.of(list_inboxes, size) for size in CROWDS}
            costs = interleave(subjects, rounds=ROUNDS, seconds=0.2, step=max(CROWDS))
        connections = server.used()["most_connections"]
    peak = min(costs.values(), key=lambda cost: Spread(cost.cpu).median)
    fastest = list(costs.values()).index(peak)
    larger = list(costs.values())[fastest + 1 :] or [peak]
    decline = max((ratio(cost.cpu, peak.cpu) for cost in larger), key=lambda each: each.median)
    return Section(
        title="Throughput",
        text=TEXT.format(size=DEFAULT_POOL_SIZE),
        tables=[
            Table(("calls at once", "CPU, µs a call", "calls a second of CPU", "wall time, µs a call"), _rows(costs))
        ],
        bounds=[
            Bound(
                what="CPU of a call in a larger crowd than the fastest, against the fastest", value=decline, most=1.1
            ),
            Bound(
                what="connections, against the limit of the pool",
                value=Spread([connections / DEFAULT_POOL_SIZE]),
                most=1.0,
            ),
        ],
        bars=[
            Bars(
                "throughput",
                "inboxes.list() of 20 inboxes: calls in a second of CPU",
                [(f"heymarket_async, {size} at once", _in_a_second(cost)) for size, cost in costs.items()],
            )
        ],
    )


def _in_a_second(cost: Cost) -> Spread:
    return Spread(1 / cpu for cpu in cost.cpu)


def _rows(costs: dict[str, Cost]) -> list[tuple[str, ...]]:
    return [
        (size, scaled(cost.cpu, 1e6).show(), _in_a_second(cost).show(), scaled(cost.wall, 1e6).show())
        for size, cost in costs.items()
    ]
