"""How much memory it takes to iterate a million messages, against a thousand.

Each size runs in a process of its own, so that its peak is its own. Replies are JSON, read as every reply is. Times are
written in milliseconds, and in whole seconds, where most of each page repeats the one before.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figures import Bound, Section, Spread, Table
from heymarket_async.calls import Call
from heymarket_async.convert import Reader
from heymarket_async.models.messages import Message
from heymarket_async.resources.messages import Messages

NOON = datetime(2026, 4, 12, 12, tzinfo=UTC)
PAGE = 200
MILLISECONDS_APART = 7
STATUS = Path("/proc/self/status")
SIZES = (1_000, 1_000_000)
MOST_MB_ABOVE = 20

TEXT = """
The peak of the memory of a process that iterates so many messages, in pages of {page}, and the CPU time that it takes.
"""


class Account:
    """Answers list_messages for a team with `count` messages, without holding them."""

    default_region = None

    def __init__(self, count: int, precision: str) -> None:
        self.count = count
        self.precision = precision
        self.reader = Reader()

    async def run(self, call: Call[tuple[Message, ...]]) -> tuple[Message, ...]:
        bound = call.body.get("created_at")
        first = self.count
        if bound is not None:
            age = datetime.fromisoformat(bound) - NOON
            first = min(self.count, -(-(age // timedelta(milliseconds=1)) // MILLISECONDS_APART))
        numbers = range(first, max(first - PAGE, 0), -1)
        body = json.dumps([_message(number, self.precision) for number in numbers]).encode()
        await asyncio.sleep(0)
        return self.reader.read(body, call.operation.reply, call.operation.envelope)


def _message(number: int, precision: str) -> dict[str, object]:
    date = NOON + timedelta(milliseconds=(number - 1) * MILLISECONDS_APART)
    return {
        "id": number,
        "date": date.isoformat(timespec=precision).replace("+00:00", "Z"),
        "text": f"Your order {number} has shipped.",
        "status": "sent",
        "target": "15105550101",
        "conversation": {"id": number % 1000 + 1, "inbox": 42},
    }


async def _iterate(count: int, precision: str) -> int:
    seen = 0
    last = count + 1
    async for message in Messages(Account(count, precision)).list(page_size=PAGE):
        assert message.id == last - 1, (message.id, last)
        last = message.id
        seen += 1
    return seen


def measure() -> Section:
    """Measure both sizes, with both ways to write a time."""
    if not STATUS.exists():
        return Section(title="Long lists", text=f"Not measured: this system has no {STATUS}, which tells a peak.")
    runs = {(count, precision): _run(count, precision) for precision in ("milliseconds", "seconds") for count in SIZES}
    rows = [
        (f"{count:,} messages", precision, f"{run['peak_mb']:.1f}", f"{run['cpu_s']:.1f}")
        for (count, precision), run in runs.items()
    ]
    few, many = SIZES
    above = [
        run["peak_mb"] - runs[few, precision]["peak_mb"] for (count, precision), run in runs.items() if count == many
    ]
    return Section(
        title="Long lists",
        text=TEXT.format(page=PAGE),
        tables=[Table(("iterated", "times written in", "peak, MB", "CPU, s"), rows)],
        bounds=[
            Bound(
                what="memory that a million messages take above a thousand",
                value=Spread([max(*above, 0.0)]),
                most=MOST_MB_ABOVE,
                unit="MB",
            )
        ],
    )


def _run(count: int, precision: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.paging", str(count), precision]
    run: dict[str, float] = json.loads(subprocess.check_output(command))
    return run


def _measure(count: int, precision: str) -> None:
    start = time.process_time()
    seen = asyncio.run(_iterate(count, precision))
    assert seen == count, (seen, count)
    print(json.dumps({"peak_mb": _peak_mb(), "cpu_s": time.process_time() - start}))


def _peak_mb() -> float:
    # Not by getrusage, whose peak a process inherits from the one that started it.
    (line,) = (line for line in STATUS.read_text("utf-8").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    _measure(int(sys.argv[1]), sys.argv[2])
