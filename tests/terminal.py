"""The `heymarket` command as a person meets it: arguments and an environment go in, text and an exit code come out."""

from __future__ import annotations

import asyncio
import functools
import io
import os
import re
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from heymarket_async.cli import main

ROOT = Path(__file__).parents[1]
# What a person's own terminal would change.
_TERMINAL = ("COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PYTHONIOENCODING", "PYTHONUTF8", "TERM", "TTY_COMPATIBLE")


class Shown(NamedTuple):
    """What one run of the command came to."""

    code: int
    out: str
    err: str


async def heymarket(*arguments: str) -> Shown:
    """Run the command in this process, beside a sandbox on the loop of the test."""
    return await asyncio.to_thread(heymarket_now, *arguments)


def heymarket_now(*arguments: str, out: io.TextIOBase | None = None) -> Shown:
    """Run the command in this thread."""
    out, err = out or io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return Shown(code, out.getvalue() if isinstance(out, io.StringIO) else "", err.getvalue())


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a person who has only set these variables."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if name not in _TERMINAL and not name.startswith("HEYMARKET_") and not name.lower().endswith("_proxy")
    }
    return ours | variables


def credentials(sandbox) -> dict[str, str]:
    """Return the variables that make the command ask this sandbox."""
    return {
        "HEYMARKET_BASE_URL": sandbox.url,
        "HEYMARKET_API_SECRET_ID": sandbox.secret.id,
        "HEYMARKET_API_SECRET_KEY": sandbox.secret.key,
    }


def set_all(monkeypatch, variables: dict[str, str]) -> None:
    """Set variables of the environment until the test ends."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def command_line(*arguments: str) -> list[str]:
    """Return what starts the command as a process of its own."""
    return [sys.executable, "-W", "error", "-m", "heymarket_async", *arguments]


def process(*arguments: str, **options) -> subprocess.CompletedProcess:
    """Run the command as a process of its own, to its end."""
    options = {"env": environment(), "capture_output": True, "text": True} | options
    return subprocess.run(command_line(*arguments), cwd=ROOT, timeout=60, check=False, **options)


async def start(*arguments: str, **variables: str) -> asyncio.subprocess.Process:
    """Start the command as a process of its own."""
    return await asyncio.create_subprocess_exec(
        *command_line(*arguments),
        cwd=ROOT,
        env=environment(**variables),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # A shell that runs the tests in the background has them, and all they start, pass over Ctrl-C.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )


class Terminal:
    """A pseudo-terminal in which the command runs, and a person who reads it and types.

    Attributes:
        shown: all that was shown so far, without colours and movements.
    """

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self.process, self._master = process, master
        self._raw, self._news = b"", asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    @classmethod
    async def start(cls, *arguments: str, **variables: str) -> Terminal:
        """Start the command in a terminal of 100 columns, of which it is the foreground."""
        import fcntl
        import pty
        import struct
        import termios

        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))

        def take_over() -> None:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)  # uvloop comes here before stdin is it.
            signal.signal(signal.SIGINT, signal.default_int_handler)

        process = await asyncio.create_subprocess_exec(
            *command_line(*arguments),
            cwd=ROOT,
            env=environment(TERM="xterm-256color", **variables),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            preexec_fn=take_over,
        )
        os.close(slave)
        return cls(process, master)

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # Nobody has the other end any more.
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
        self._raw += data
        self._news.set()

    @property
    def raw(self) -> str:
        return self._raw.decode(errors="replace")

    @property
    def shown(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.raw).replace("\r", "")

    async def until(self, text: str) -> None:
        """Read until a text is shown."""
        async with asyncio.timeout(30):
            while text not in self.shown:
                self._news.clear()
                await self._news.wait()

    def type(self, keys: str) -> None:
        r"""Press keys: `\x03` is Ctrl-C, and `\x04` Ctrl-D."""
        os.write(self._master, keys.encode())

    async def end(self) -> Shown:
        """Wait for the end of the command."""
        async with asyncio.timeout(30):
            code = await self.process.wait()
            await asyncio.sleep(0.05)  # What it wrote last is on its way.
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        return Shown(code, self.shown, "")
