"""What it costs to read a reply: from its bytes to typed objects."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import orjson

from benchmarks.figures import Bars, Bound, Section, Spread, Table, ratio, scaled
from benchmarks.nouns import MODELS
from benchmarks.records import reply
from benchmarks.rounds import Cost, Subject, interleave
from benchmarks.twins import list_reader
from heymarket_async.convert import Reader

COUNT = 1000
ROUNDS = 24

OURS = "heymarket_async"
OURS_UNKNOWN = "heymarket_async, 20 unknown keys"
OURS_ODD = "heymarket_async, null lists and a misfit"
PYDANTIC = "pydantic"
PYDANTIC_UNKNOWN = "pydantic, 20 unknown keys kept"
ORJSON = "orjson, to dicts"
MSGSPEC = "msgspec, to dicts"

TEXT = """
CPU time from bytes to {count:,} records, for one record. They are the examples of the contract, varied. pydantic reads
them by `validate_json` into models with the same fields, and keeps the unknown keys by `extra="allow"`.
"""


def subjects(noun: str) -> dict[str, Subject]:
    """Return what reads the replies of a noun, by name."""
    model, reader = MODELS[noun], Reader()
    clean, unknown, odd = (reply(noun, COUNT, kind) for kind in ("clean", "unknown", "odd"))
    shape, validate, validate_all = tuple[model, ...], list_reader(model), list_reader(model, "allow")
    return {
        OURS: _again(lambda: reader.read(clean, shape)),
        PYDANTIC: _again(lambda: validate(clean)),
        ORJSON: _again(lambda: orjson.loads(clean)),
        MSGSPEC: _again(lambda: msgspec.json.decode(clean)),
        OURS_UNKNOWN: _again(lambda: reader.read(unknown, shape)),
        PYDANTIC_UNKNOWN: _again(lambda: validate_all(unknown)),
        OURS_ODD: _again(lambda: reader.read(odd, shape)),
    }


def measure() -> Section:
    """Measure all readers, on the four kinds of record that come in numbers."""
    costs = {noun: interleave(subjects(noun), rounds=ROUNDS, seconds=0.03) for noun in MODELS}
    return Section(
        title="Reading",
        text=TEXT.format(count=COUNT),
        tables=[_table(costs)],
        bounds=[bound for noun in MODELS for bound in _bounds(noun, costs[noun])],
        bars=[
            Bars(
                "reading-inboxes",
                "Bytes to an inbox: µs of CPU",
                [(name, scaled(cost.cpu, 1e6 / COUNT)) for name, cost in costs["inboxes"].items()],
            )
        ],
    )


def _again(act: Callable[[], object]) -> Subject:
    def subject(times: int) -> None:
        for _ in range(times):
            act()

    return subject


def _table(costs: dict[str, dict[str, Cost]]) -> Table:
    names = next(iter(costs.values()))
    rows = [(name, *(scaled(costs[noun][name].cpu, 1e6 / COUNT).show(2) for noun in costs)) for name in names]
    return Table(("µs of CPU for a record", *costs), rows)


def _bounds(noun: str, costs: dict[str, Cost]) -> list[Bound]:
    cpu = {name: cost.cpu for name, cost in costs.items()}
    fastest = min((ORJSON, MSGSPEC), key=lambda name: Spread(cpu[name]).median)
    against = [
        (OURS, PYDANTIC, 0.6),
        (OURS, fastest, 2.0),
        (OURS_UNKNOWN, PYDANTIC_UNKNOWN, 1.0),
        (OURS_ODD, OURS, 3.0),
    ]
    return [
        Bound(what=f"{noun}: {mine}, against {other}", value=ratio(cpu[mine], cpu[other]), most=most)
        for mine, other, most in against
    ]
