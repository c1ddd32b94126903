"""How much memory things take, as Python's own count of its allocations tells."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

from benchmarks.figures import Bound, Section, Spread, Table
from benchmarks.records import reply
from benchmarks.twins import list_reader
from heymarket_async import ApiSecret, AsyncSession
from heymarket_async.convert import Reader
from heymarket_async.models.inboxes import Inbox

COUNT = 1000
OURS, PYDANTIC = "an Inbox", "an Inbox of pydantic"

TEXT = "Bytes for each of {count:,}, all that they refer to included. They do not vary from run to run."


def measure() -> Section:
    """Measure a session that is not open, and inboxes."""
    clean, unknown = (reply("inboxes", COUNT, kind) for kind in ("clean", "unknown"))
    reader, read, read_all = Reader(), list_reader(Inbox), list_reader(Inbox, "allow")
    sessions = _each(lambda: [AsyncSession(ApiSecret("id", f"key {number}")) for number in range(COUNT)])
    sizes = {
        OURS: _each(lambda: reader.read(clean, tuple[Inbox, ...])),
        PYDANTIC: _each(lambda: read(clean)),
        f"{OURS} with 20 unknown keys": _each(lambda: reader.read(unknown, tuple[Inbox, ...])),
        f"{PYDANTIC} with 20 unknown keys": _each(lambda: read_all(unknown)),
    }
    rows = [(name, f"{size:,.0f}") for name, size in ({"a session without a pool": sessions} | sizes).items()]
    return Section(
        title="Memory",
        text=TEXT.format(count=COUNT),
        tables=[Table(("what", "bytes"), rows)],
        bounds=[
            Bound(what="a session without a pool", value=Spread([sessions / 1000]), most=10.0, unit="KB"),
            Bound(what=f"{OURS}, against pydantic's", value=Spread([sizes[OURS] / sizes[PYDANTIC]]), most=0.5),
        ],
    )


def _each(make: Callable[[], object]) -> float:
    make()  # What is made once, such as a decoder, belongs to none of them.
    gc.collect()
    tracemalloc.start()
    kept = make()
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return taken / COUNT
