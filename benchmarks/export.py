"""A million messages into Parquet, and what a row of a frame costs.

The messages come from a server in another process, which makes each page when it is asked for it. The export runs in a
process of its own too, so that its peak is its own.

python -m benchmarks.export            # a million
python -m benchmarks.export 100000     # fewer
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.figures import Bound, Section, Spread, Table

NOON = datetime(2026, 4, 12, 12, tzinfo=UTC)
MILLISECONDS_APART = 7
MILLION = 1_000_000
MOST_MB = 300
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
STATUS = Path("/proc/self/status")

TEXT = """
`heymarket export messages --to messages.parquet`, as a process of its own, from a server in another process: the peak
of its memory, and its CPU time. `to_frame` in the same way, which holds the frame.
"""


class _Server(asyncio.Protocol):
    """Answers list_messages for a team with `count` messages, without holding them; and get_team."""

    def __init__(self, count: int) -> None:
        self.count, self.buffer = count, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
            )
            if len(rest) < length:
                return
            body, self.buffer = rest[:length], rest[length:]
            answer = b'{"id": 1}' if head.startswith(b"GET /v1/team") else self._messages(json.loads(body))
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
                + answer
            )

    def _messages(self, wanted: dict[str, Any]) -> bytes:
        bound, first = wanted.get("created_at"), self.count
        if bound is not None:
            age = datetime.fromisoformat(bound) - NOON
            first = min(self.count, -(-(age // timedelta(milliseconds=1)) // MILLISECONDS_APART))
        return b"[%s]" % b",".join(_message(number) for number in range(first, max(first - wanted["limit"], 0), -1))


def _message(number: int) -> bytes:
    date = NOON + timedelta(milliseconds=(number - 1) * MILLISECONDS_APART)
    written = date.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'{{"id":{number},"date":"{written}","updated":"{written}","text":"Your order {number} has shipped.",'
        f'"status":"sent","type":"outbound","channel":"sms","target":"15105550101","user":7,"flagged":false,'
        f'"local_id":"5f1c2a34-0000-4000-8000-{number:012}","sentiment":"neutral",'
        f'"conversation":{{"id":{number % 1000 + 1},"inbox":42,"target":"15105550101","members":[7,8]}}}}'
    ).encode()


async def _serve(count: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Server(count), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def _peak_mb() -> float:
    (line,) = (line for line in STATUS.read_text("utf-8").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _say(began: float, rows: int) -> None:
    print(json.dumps({"peak_mb": _peak_mb(), "cpu_s": time.process_time(), "s": time.time() - began, "rows": rows}))


async def _export(url: str, path: str) -> None:
    from heymarket_async import ApiKey, AsyncSession
    from heymarket_async.export import export

    began = time.time()
    async with AsyncSession(ApiKey("a key"), base_url=url, rate_limit=None) as session:
        done = await export(session, "messages", to=path)
    _say(began, done.rows)


async def _frame(url: str, to: Any) -> None:
    from heymarket_async import ApiKey, AsyncSession

    began = time.time()
    async with AsyncSession(ApiKey("a key"), base_url=url, rate_limit=None) as session:
        frame = await session.messages.list(page_size=1000).to_frame(to=to)
    _say(began, len(frame))


def run(kind: str, count: int, argument: str) -> dict[str, float]:
    """Return what one run took, in a process of its own."""
    module = [sys.executable, "-m", "benchmarks.export"]
    with subprocess.Popen(
        [*module, "serve", str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            took: dict[str, float] = json.loads(subprocess.check_output([*module, kind, url, argument]))
        finally:
            server.stdin.close()
    assert took["rows"] == count, took
    return took


def measure(count: int = MILLION) -> Section:
    """Measure the export and the frames."""
    if not STATUS.exists():
        return Section(title="Export", text=f"Not measured: this system has no {STATUS}, which tells a peak.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages.parquet"
        runs = {"export to Parquet": run("export", count, str(path))}
        size = path.stat().st_size / 2**20
    runs |= {f"to_frame(to={to!r})": run("frame", count, to) for to in ("arrow", "pandas", "polars")}
    rows = [
        (
            what,
            f"{took['peak_mb']:.0f}",
            f"{took['cpu_s']:.0f}",
            f"{took['s']:.0f}",
            f"{took['cpu_s'] / count * 1e6:.1f}",
        )
        for what, took in runs.items()
    ]
    return Section(
        title=f"{count:,} messages into a file and into frames",
        text=f"{TEXT}The file has {size:.0f} MB.",
        tables=[Table(("what", "peak, MB", "CPU, s", "seconds", "CPU for each, us"), rows)],
        bounds=[
            Bound(
                what="peak of an export of a million messages to Parquet",
                value=Spread([runs["export to Parquet"]["peak_mb"]]),
                most=MOST_MB,
                unit="MB",
            )
        ],
    )


def _main(arguments: list[str]) -> None:
    if arguments[:1] == ["serve"]:
        asyncio.run(_serve(int(arguments[1])))
    elif arguments[:1] == ["export"]:
        asyncio.run(_export(*arguments[1:]))
    elif arguments[:1] == ["frame"]:
        asyncio.run(_frame(*arguments[1:]))
    else:
        from benchmarks.markdown import promises, table

        section = measure(*map(int, arguments))
        print(section.title, *map(table, section.tables), promises(section.bounds), sep="\n\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
