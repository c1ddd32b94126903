"""Calls every method of the library against Prism, a mock server that knows nothing of the service but the contract.

    PYTHONPATH=tests python tests/contract/against_prism.py PRISM

PRISM is the script of `@stoplight/prism-cli`, which Node.js runs. The exit status is 0 if Prism accepted every request.
Its answers are made up from the schemas alone, so some of them are nothing that the library can read: those are
counted, no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import sys
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp

from every_method import EVERY_METHOD, OPERATIONS, Pages, arguments_of
from heymarket_async import ApiError, ApiKey, ArgumentError, AsyncSession, ReplyError, Retries
from heymarket_async.calls import Call
from heymarket_async.paging import Pager
from heymarket_async.resources.base import Resource

CONTRACT = Path(__file__).with_name("openapi.yaml")
PATIENCE = 60.0
Ended = list[tuple[Call[Any], Exception | None]]


class Through(Pages):
    """Sends the calls to Prism, notes how they ended, and answers them itself, so that pagers go on.

    Its clock stands, so that the times among the arguments stay ahead.
    """

    def __init__(self, session: AsyncSession, ended: Ended) -> None:
        super().__init__()
        self._session = session
        self._ended = ended

    async def run(self, call: Call[Any]) -> Any:
        error: Exception | None = None
        try:
            await self._session.run(call)
        except (ApiError, ReplyError) as raised:
            error = raised
        self._ended.append((call, error))
        return await super().run(call)


def argument_sets(resource: type[Resource], method: str) -> Iterator[dict[str, Any]]:
    """Give what a method needs, with every one and every two of the arguments that it also takes."""
    needed, optional = arguments_of(resource, method)
    for size in range(3):
        for names in itertools.combinations(optional, size):
            yield needed | {name: optional[name] for name in names}


async def call_with(resource: type[Resource], method: str, arguments: dict[str, Any], runner: Through) -> None:
    positional = arguments.pop("users", ())
    made = getattr(resource(runner), method)(*positional, **arguments)
    await (made.collect() if isinstance(made, Pager) else made)


async def call_all(session: AsyncSession) -> Ended:
    """Call every method with all its sets of arguments."""
    ended: Ended = []
    for resource, method in EVERY_METHOD:
        for arguments in argument_sets(resource, method):
            # What does not go together is refused before anything is sent.
            with contextlib.suppress(ArgumentError):
                await call_with(resource, method, arguments, Through(session, ended))
    return ended


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextlib.asynccontextmanager
async def mock_server(prism: str) -> AsyncIterator[str]:
    """Run Prism, and give its base URL."""
    port = free_port()
    options = ["--errors", "--host", "127.0.0.1", "--port", str(port), "--verboseLevel", "fatal", str(CONTRACT)]
    process = await asyncio.create_subprocess_exec("node", prism, "mock", *options)
    try:
        async with asyncio.timeout(PATIENCE):
            await until_it_listens(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def until_it_listens(process: asyncio.subprocess.Process, port: int) -> None:
    while process.returncode is None:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)
    raise SystemExit("Prism ended before it listened.")


def noting_violations(into: list[str]) -> aiohttp.TraceConfig:
    """Return what notes the violations that Prism names in a header of its answers."""

    async def note(_: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        if named := end.response.headers.get("sl-violations"):
            into.append(f"{end.method} {end.url.path}: {end.response.status} {named}")

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(note)
    return trace


def verdict(ended: Ended, violations: list[str]) -> int:
    """Print how the calls ended, and return the exit status."""
    refused = [(call, error) for call, error in ended if isinstance(error, ApiError)]
    unreadable = Counter(call.operation.name for call, error in ended if isinstance(error, ReplyError))
    never = {each.name for each in OPERATIONS} - {call.operation.name for call, _ in ended}
    about_requests = [line for line in violations if '"location":["request"' in line]
    for call, error in refused:
        print(f"REFUSED {call.operation.name} {call.path} {call.query} {call.body}: {error}")
    for line, count in Counter(about_requests).items():
        print(f"VIOLATION ({count} times) {line}")
    print(
        f"{len(ended)} requests by {len(EVERY_METHOD)} methods to {len(OPERATIONS) - len(never)} of "
        f"{len(OPERATIONS)} operations: {len(refused)} refused, {sum(unreadable.values())} with unreadable answers "
        f"({', '.join(sorted(unreadable)) or 'none'}). Not reached: {', '.join(sorted(never)) or 'none'}."
    )
    return int(bool(refused or about_requests or never))


async def main(prism: str) -> int:
    violations: list[str] = []
    async with (
        mock_server(prism) as url,
        aiohttp.ClientSession(trace_configs=[noting_violations(violations)]) as http,
        AsyncSession(
            ApiKey("key"), base_url=url, client_session=http, rate_limit=None, retries=Retries(attempts=1)
        ) as session,
    ):
        ended = await call_all(session)
    return verdict(ended, violations)


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)
    sys.exit(asyncio.run(main(sys.argv[1])))
