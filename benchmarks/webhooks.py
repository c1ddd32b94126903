"""Webhooks under load: how fast they are answered, and that none is missing or doubled though much goes wrong.

    python -m benchmarks webhooks                # for some seconds
    python -m benchmarks.webhooks --full         # as long as the promises say
    python -m benchmarks.webhooks --app aiohttp --rate 500 --seconds 20 --outage 5:10

A sandbox in a process of its own delivers, and an app in another takes in. Without `--full`, the outage is short.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import attrs

from benchmarks.figures import Bound, Section, Spread, Table
from benchmarks.markdown import promises, table

ROOT = Path(__file__).parent.parent
APPS = {"fastapi": "FastAPI under uvicorn", "aiohttp": "aiohttp"}
TOKEN, PATH = "check-me", "/hook"
HANDLER = 0.5

TEXT = """
A sandbox in a process of its own delivers {rate:,.0f} events a second, one for each text of a customer, to an app in
another process, with a receiver, a session, and handlers that take {handler:.0f} ms each. First for {calm:.0f} s with
nothing going wrong, and a poll each minute. Then for {rough:.0f} s with 10 % delivered twice, 5 % lost and nothing
delivered for {outage:.0f} s, which `reconcile` repairs with a poll every five seconds. The time of an answer is as the
sandbox sees it, over the loopback; while the sandbox answers a poll, it looks at no answer. The load of the machine,
which has {cores} cores, was {load:.1f} at the end.
"""


@attrs.frozen(kw_only=True)
class Run:
    """What is to happen.

    Args:
        rate: events a second.
        seconds: for how long.
        duplicates: share that is delivered twice.
        loss: share that is never delivered.
        outage: seconds until nothing is delivered, and for how long; None for no outage.
        handler: seconds that a handler takes.
        every: seconds from one poll to the next.
    """

    rate: float
    seconds: float
    duplicates: float = 0.0
    loss: float = 0.0
    outage: tuple[float, float] | None = None
    handler: float = HANDLER
    every: float = 5.0

    @property
    def arguments(self) -> list[str]:
        given = {"rate": self.rate, "seconds": self.seconds, "duplicates": self.duplicates, "loss": self.loss}
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        return words if self.outage is None else [*words, "--outage", f"{self.outage[0]}:{self.outage[1]}"]


@attrs.frozen(kw_only=True)
class Found:
    """What came of it.

    Attributes:
        happened: how many texts customers wrote.
        handled: how many of them were handled.
        missing: how many were not.
        doubled: how many were handled more than once.
        polled: how many of them no webhook told, or not in time, so that a poll did.
        duplicates: how many deliveries were of an event that was known.
        busy: how many deliveries got 503.
        answered: how long answers took, in seconds: p50, p99, max.
        outcomes: how deliveries ended.
        cpu: seconds of CPU that the app took.
        written: seconds in which the texts were written.
    """

    happened: int
    handled: int
    missing: int
    doubled: int
    polled: int
    duplicates: int
    busy: int
    answered: dict[str, float]
    outcomes: dict[str, int]
    cpu: float
    written: float


def measure() -> Section:
    """Measure both apps, for some seconds each."""
    return section(rate=1000, calm=5, rough=15, outage=(3, 5))


def section(
    *, rate: float, calm: float, rough: float, outage: tuple[float, float], apps: tuple[str, ...] = (*APPS,)
) -> Section:
    """Return what both apps do in a calm run and in a rough one."""
    runs = {
        "calm": Run(rate=rate, seconds=calm, every=60),
        "rough": Run(rate=rate, seconds=rough, duplicates=0.1, loss=0.05, outage=outage),
    }
    found = {(app, name): asyncio.run(perform(app, run)) for app in apps for name, run in runs.items()}
    text = TEXT.format(
        rate=rate,
        handler=HANDLER * 1e3,
        calm=calm,
        rough=rough,
        outage=outage[1],
        load=os.getloadavg()[0],
        cores=os.cpu_count(),
    )
    head = (
        "app",
        "run",
        "events",
        "told by polls",
        "known already",
        "missing",
        "doubled",
        "answered, ms: p50, p99, max",
    )
    return Section(
        title="Webhooks under load",
        text=text,
        tables=[Table((*head, "CPU, ms an event"), [_row(app, name, each) for (app, name), each in found.items()])],
        bounds=[
            Bound(
                what="time of an answer, p99, of the slower app",
                value=Spread([max(each.answered["p99"] for (_, name), each in found.items() if name == "calm") * 1e3]),
                most=50.0,
                unit="ms",
            ),
            Bound(
                what="events missing, and handled twice",
                value=Spread([sum(each.missing + each.doubled for each in found.values())]),
                most=0.0,
                unit="events",
            ),
        ],
    )


def _row(app: str, name: str, found: Found) -> tuple[str, ...]:
    times = ", ".join(f"{found.answered[place] * 1e3:.1f}" for place in ("p50", "p99", "max"))
    counts = (found.happened, found.polled, found.duplicates, found.missing, found.doubled)
    return APPS[app], name, *(f"{count:,}" for count in counts), times, f"{found.cpu / found.happened * 1e3:.2f}"


async def perform(name: str, run: Run, patience: float = 300.0) -> Found:
    """Let an app take in what a sandbox delivers, wait until it has handled all, and compare the books of both.

    Args:
        name: of the app.
        run: what happens.
        patience: seconds to wait for what is missing, after all is delivered or lost.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    load = ("heymarket_async.sandbox.load", "--webhook", f"{url}{PATH}", "--webhook-token", TOKEN)
    async with (
        _program(*load, "--type", "message_received", *run.arguments) as sandbox,
        _program("benchmarks.webhook_apps", name, str(port), str(run.handler), str(run.every)) as app,
        aiohttp.ClientSession(url) as http,
    ):
        app.tell(json.dumps(await sandbox.line()))
        await app.line()
        sandbox.tell("begin")
        theirs = await sandbox.line()
        ids = {about for kind, about, _ in theirs["events"] if kind == "message_recieved"}
        end = time.monotonic() + patience
        while time.monotonic() < end:
            async with http.get("/handled") as answer:
                if (await answer.json())["handled"] >= len(ids):
                    break
            await asyncio.sleep(0.2)
        app.end()
        ours = await app.line()
    times = {int(key): number for key, number in ours["times"].items()}
    return Found(
        happened=len(ids),
        handled=len(ids & times.keys()),
        missing=len(ids - times.keys()),
        doubled=sum(number > 1 for number in times.values()),
        polled=ours["sources"].get("poll", 0),
        duplicates=ours["duplicates"],
        busy=ours["busy"],
        answered=theirs["answered"],
        outcomes=theirs["outcomes"],
        cpu=ours["cpu"],
        written=theirs["written"],
    )


class _Program:
    """A program that is told lines, and tells lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return told

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()


@contextlib.asynccontextmanager
async def _program(*arguments: str) -> AsyncIterator[_Program]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, limit=2**28
    )
    program = _Program(process)
    try:
        yield program
    finally:
        program.end()
        try:
            await asyncio.wait_for(process.wait(), 30)
        except TimeoutError:
            process.kill()
            await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _span(text: str) -> tuple[float, float]:
    after, _, seconds = text.partition(":")
    return float(after), float(seconds)


def main() -> None:
    """Be the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--app", choices=[*APPS], action="append", help="both if left out")
    parser.add_argument("--rate", type=float, default=1000.0, help="events a second")
    parser.add_argument("--calm", type=float, default=5.0, help="seconds in which nothing goes wrong")
    parser.add_argument("--rough", type=float, default=15.0, help="seconds in which much goes wrong")
    parser.add_argument("--outage", type=_span, default=(3.0, 5.0), metavar="AFTER:SECONDS", help="in the rough ones")
    parser.add_argument("--full", action="store_true", help="a minute each, and an outage of 30 seconds")
    given = parser.parse_args()
    # The calm run ends before the poll of its first minute: while the sandbox answers that, it cannot time an answer.
    calm, rough, outage = (45.0, 60.0, (10.0, 30.0)) if given.full else (given.calm, given.rough, given.outage)
    found = section(rate=given.rate, calm=calm, rough=rough, outage=outage, apps=tuple(given.app or APPS))
    print(found.text.strip(), *map(table, found.tables), promises(found.bounds), sep="\n\n")


if __name__ == "__main__":
    main()
