"""How many functions the hot paths call, in Python and in C.

    python -m benchmarks.steps

prints it as JSON: for each kind of record, noun by noun, the calls to read one of them; and under `call` what a call of
the library adds to one of bare aiohttp. A count tells no time, but whatever makes a path longer calls something, and
unlike a time the count is the same on a busy machine. The tests hold it to bounds.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import aiohttp
import attrs

from benchmarks.nouns import MODELS
from benchmarks.records import reply
from benchmarks.server import canned
from heymarket_async import ApiSecret, AsyncSession
from heymarket_async.convert import Reader

RECORDS = 100
TIMES = 8


@attrs.define
class Counted:
    """The calls of functions so far."""

    calls: int = 0


@contextmanager
def _counting() -> Iterator[Counted]:
    """Count the calls that this thread makes until the block ends."""
    counted = Counted()

    def count(_frame: object, event: str, _argument: object) -> None:
        if event in ("call", "c_call"):
            counted.calls += 1

    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(None)


def calls_to_read(noun: str, kind: str) -> float:
    """Return the calls for one record, by a reader that is warm."""
    body, shape, reader = reply(noun, RECORDS, kind), tuple[MODELS[noun], ...], Reader()
    reader.read(body, shape)
    with _counting() as counted:
        records = reader.read(body, shape)
    assert len(records) == RECORDS
    return counted.calls / RECORDS


async def calls_added(url: str) -> int:
    """Return how many more calls `inboxes.list()` takes than the same by bare aiohttp."""
    async with AsyncSession(ApiSecret("id", "key"), base_url=url) as heymarket, aiohttp.ClientSession() as bare:

        async def by_hand() -> object:
            async with bare.get(f"{url}/v1/inboxes", headers={"Authorization": "Bearer token"}) as response:
                return json.loads(await response.read())

        return await _fewest_calls(heymarket.inboxes.list) - await _fewest_calls(by_hand)


async def _fewest_calls(act: Callable[[], Awaitable[object]]) -> int:
    """Return the least that it takes once it is warm: now and then the loop turns once more than it must."""
    counts = list[int]()
    for _ in range(TIMES):
        with _counting() as counted:
            await act()
        counts.append(counted.calls)
    return min(counts)


def main() -> None:
    """Count, and print."""
    steps: dict[str, object] = {
        kind: {noun: calls_to_read(noun, kind) for noun in MODELS} for kind in ("clean", "unknown", "odd")
    }
    with canned(("inboxes", 1, "clean")) as server:
        steps["call"] = asyncio.run(calls_added(server.urls[0]))
    print(json.dumps(steps))


if __name__ == "__main__":
    main()
