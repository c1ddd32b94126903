"""Writes the table of faults, from what `tests/promises.py` promises and the tests hold the client to.

python docs/faults.py > docs/faults.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from promises import DEADLINES, NO_TURN, OPEN, PROMISES, RESULT, UNREACHABLE, End, Promise

HEAD = """# What happens when something goes wrong

For each thing that can go wrong between a program and the service: what a call ends with, how many requests the service
sees where each of them meets the same fault, and after how many seconds it ends. Tests cause every fault of these
tables on real connections, and see that it is so: `tests/truth/test_fault_matrix.py`.

- *A read* changes nothing; a repeat of *a repeatable write* changes nothing more; [operations](operations.md) says
  which is which. *A send* is what must not happen twice.
- *May a send have gone out?* Where it says *perhaps*, the error has `resolve()`, which looks.
- Where a call is repeated and the fault is over, it ends with its result.
- Seconds are those of the default settings, with each wait as long as its jitter allows: half a second before the
  second request, and one before the third.
- After a 429 nothing of the account goes out for as long as the service asks, which other calls wait for.

"""

ANSWERS = """## Faults on the way, and answers that are none

| fault | a read | a repeatable write | a send | may a send have gone out? |
| --- | --- | --- | --- | --- |
"""

KEPT = """
A send that meets a connection which the service has just closed has an unknown outcome, because the request went out.
A connection that is known to be closed is not used, and one that was idle for 15 seconds is not kept. What aiohttp
repeats by itself, a GET, a PUT or a DELETE whose connection breaks, it does not repeat here, on a borrowed
`aiohttp.ClientSession` either.
"""

NOWHERE = """
## No service there

No request leaves, so a send is tried again like all else, and nothing counts for the rate limit. The numbers are of
attempts.

| fault | a read | a repeatable write | a send | may a send have gone out? |
| --- | --- | --- | --- | --- |
"""

TIME = """
## Less time than that

`timeout=` bounds a call with all its attempts and waits. A wait that would pass it is not begun: then the call ends at
once with what it knows.

| fault | timeout | a read | a repeatable write | a send | may a send have gone out? |
| --- | --- | --- | --- | --- | --- |
"""


def number(value: float, unit: str) -> str:
    """Return a number that no end of a line parts from its unit."""
    return f"{value:g}\N{NO-BREAK SPACE}{unit}"


def in_words(end: End, unit: str) -> str:
    """Return how a call ends as the text of a cell."""
    what = "the result" if end.what == RESULT else f"`{end.what}`"
    units = unit if end.requests == 1 else f"{unit}s"
    silence = f", then {number(end.silence, 's')} of silence" if end.silence else ""
    return f"{what}, {number(end.requests, units)}, {number(end.seconds, 's')}{silence}"


def gone_out(end: End) -> str:
    """Return whether a send may have gone out."""
    return "yes" if end.what == RESULT else "perhaps" if end.what in OPEN else "no"


def row(first: Iterable[str], promise: Promise, unit: str = "request") -> str:
    """Return a row of a table."""
    ends = (in_words(end, unit) for end in (promise.reads, promise.writes, promise.sends))
    return f"| {' | '.join([*first, *ends, gone_out(promise.sends)])} |\n"


def page() -> str:
    """Return the page."""
    answers = "".join(row([name], promise) for name, promise in PROMISES.items())
    nowhere = "".join(row([name], promise, "attempt") for name, promise in UNREACHABLE.items())
    late = "".join(row([late.fault, number(late.timeout, "s")], late.promise) for late in DEADLINES)
    late += row(["the rate limit of this minute is used up", number(10, "s")], NO_TURN)
    return HEAD + ANSWERS + answers + KEPT + NOWHERE + nowhere + TIME + late


if __name__ == "__main__":
    print(page(), end="")
