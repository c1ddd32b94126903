"""The server of the benchmark: answers whatever it is asked with bytes that it has made before.

    python -m benchmarks.server '[["inboxes", 20, "clean"]]'

It gives each reply a port of its own, prints the ports as JSON, and ends when its input does. One more port, the last,
answers with what the server has used so far. Of a request it looks for the end only, so that it costs next to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from benchmarks.records import reply

ROOT = Path(__file__).parent.parent
END = b"\r\n\r\n"


@attrs.define
class Tally:
    """What the server has done: requests, and connections now and at the most."""

    requests: int = 0
    connections: int = 0
    most_connections: int = 0


class Canned(asyncio.Protocol):
    """One connection, on which each request gets the same answer."""

    def __init__(self, answer: Callable[[], bytes], tally: Tally) -> None:
        self.answer = answer
        self.tally = tally
        self.rest = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.tally.connections += 1
        self.tally.most_connections = max(self.tally.most_connections, self.tally.connections)

    def connection_lost(self, _: Exception | None) -> None:
        self.tally.connections -= 1

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        requests = data.count(END)
        self.rest = data[-len(END) + 1 :] if not data.endswith(END) else b""
        self.tally.requests += requests
        if requests:
            self.transport.write(self.answer() * requests)


def _response(body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK",
        "Date: Sun, 12 Apr 2026 15:30:00 GMT",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        "X-Request-Id: 6d8d0429-3f15-4293-8d0b-38bf1dd5ca06",
        "Connection: keep-alive",
    )
    return "\r\n".join(head).encode() + END + body


async def _serve(replies: Sequence[tuple[str, int, str]]) -> None:
    loop, tally, ports = asyncio.get_running_loop(), Tally(), list[int]()

    async def listen(answer: Callable[[], bytes], counts: Tally) -> None:
        server = await loop.create_server(lambda: Canned(answer, counts), "127.0.0.1", 0, backlog=2048)
        ports.append(server.sockets[0].getsockname()[1])

    for each in replies:
        await listen(partial(bytes, _response(reply(*each))), tally)
    await listen(lambda: _response(json.dumps(attrs.asdict(tally) | {"cpu": time.process_time()}).encode()), Tally())
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@attrs.frozen
class Running:
    """A server that runs.

    Args:
        urls: an address for each reply.
        control: the address of the tally.
    """

    urls: tuple[str, ...]
    control: str

    def used(self) -> dict[str, float]:
        """Return what the server has used so far: `cpu` in seconds, and the fields of `Tally`."""
        with urllib.request.urlopen(self.control) as answer:
            used: dict[str, float] = json.load(answer)
        return used


@contextlib.contextmanager
def canned(*replies: tuple[str, int, str]) -> Iterator[Running]:
    """Run a server in a process of its own, with an address for each reply (noun, count and kind)."""
    command = [sys.executable, "-m", "benchmarks.server", json.dumps(replies)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            urls = [f"http://127.0.0.1:{port}" for port in json.loads(process.stdout.readline())]
            yield Running(tuple(urls[:-1]), urls[-1])
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve([tuple(each) for each in json.loads(sys.argv[1])]))
