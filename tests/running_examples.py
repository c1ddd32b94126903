"""Examples that run as programs of their own, against a sandbox of the test or against the one that they bring."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

import aiohttp

EXAMPLES = Path(__file__).parents[1] / "examples"
TOKEN = "whk-example-3c51"
HOOK = "/webhooks/heymarket"
# Where each takes webhooks, counted from its port.
HOOK_PORTS = {"aiohttp_app.py": 0, "fastapi_app.py": 0, "starlette_app.py": 1}


def free_ports(number=2):
    """Return the first of so many free ports in a row."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                for other in range(port + 1, port + number):
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", other))
            except OSError:
                continue
            return port


class Example:
    """A program that runs.

    Attributes:
        port: where it listens.
        process: it.
        http: asks it.
    """

    def __init__(self, port, process, http):
        self.port = port
        self.process = process
        self.http = http

    def url(self, path, beside=0):
        return f"http://127.0.0.1:{self.port + beside}{path}"

    async def get(self, path, beside=0):
        async with self.http.get(self.url(path, beside)) as answer:
            return answer.status, await answer.json()

    async def post(self, path, body):
        async with self.http.post(self.url(path), json=body) as answer:
            return answer.status, await answer.json()

    async def up(self, *ports):
        """Wait until it answers."""
        async with asyncio.timeout(90):
            for beside in ports:
                while True:
                    assert self.process.returncode is None, "it has ended"
                    try:
                        await self.get("/health", beside)
                        break
                    except aiohttp.ClientError:
                        await asyncio.sleep(0.02)

    async def line(self, text):
        """Read its output up to a line that holds a text."""
        async with asyncio.timeout(90):
            while (line := (await self.process.stdout.readline()).decode()) and text not in line:
                pass
        assert text in line
        return line

    async def end(self, number=signal.SIGTERM, *, within=60):
        """Send a signal, and return how it ended and what it said."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(within):
            out, err = await self.process.communicate()
        return self.process.returncode, out.decode(), err.decode()


def environment(sandbox, folder, **more):
    """Return the environment of an example that asks a sandbox of the test, or brings its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HEYMARKET_", "WEB_"))}
    if sandbox is None:
        return {**clean, **more}
    return {
        **clean,
        "HEYMARKET_API_SECRET_ID": sandbox.secret.id,
        "HEYMARKET_API_SECRET_KEY": sandbox.secret.key,
        "HEYMARKET_BASE_URL": sandbox.url,
        "HEYMARKET_WEBHOOK_TOKEN": TOKEN,
        "HEYMARKET_FILES": str(folder),
        **more,
    }


@contextlib.asynccontextmanager
async def running(name, sandbox, folder, *, port=None, **more):
    """Run an example while the block runs, which may end it itself."""
    command = ("-W", "error", "-W", "ignore:unclosed <socket:ResourceWarning", str(EXAMPLES / name))
    port = port or free_ports()
    async with running_python(*command, sandbox=sandbox, folder=folder, port=port, PORT=str(port), **more) as example:
        yield example


@contextlib.asynccontextmanager
async def running_python(*arguments, sandbox, folder, port, **more):
    """Run Python in a folder while the block runs, which may end it itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        env=environment(sandbox, folder, **more),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as http:
            yield Example(port, process, http)
    finally:
        # Those that it has started go with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
