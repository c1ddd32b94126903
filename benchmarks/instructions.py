"""The same by instructions, which no other program on the machine can disturb: callgrind counts them.

    valgrind --tool=callgrind ... python -m benchmarks.instructions

is what it runs, once, with all peers in one process. `os.getppid`, which nothing else calls, parts them: callgrind is
told to write what it has counted each time.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.calls import CONCURRENCY, inboxes
from benchmarks.crowd import Crowds
from benchmarks.figures import Bars, Section, Spread, Table
from benchmarks.generated import generated_client
from benchmarks.peers import AIOHTTP, GENERATED, HTTPX_PYDANTIC, PEERS
from benchmarks.reading import COUNT, PYDANTIC, subjects
from benchmarks.rounds import Subject
from benchmarks.server import canned

CALLS = CONCURRENCY
REPLIES = (("inboxes", 20, "clean"), ("inboxes", 1, "clean"))
# Counting makes a program fifty times slower, so those that are far behind are counted with one of the replies only.
ONCE = {HTTPX_PYDANTIC, GENERATED}

READ = "an inbox that is read"

TEXT = """
Instructions of the client's process, as callgrind counts them: for a call ({concurrency} at once), and for an inbox
read. They hardly vary from run to run, and they do not tell how long an instruction takes.
"""


def measure() -> Section:
    """Count, or say that it cannot be counted."""
    if shutil.which("valgrind") is None:
        return Section(title="Instructions", text="Not counted: valgrind, which would count them, is not on the PATH.")
    with generated_client() as folder, canned(*REPLIES) as server, tempfile.TemporaryDirectory() as made:
        command = ["valgrind", "--tool=callgrind", "--dump-before=getppid", f"--callgrind-out-file={made}/count"]
        command += [sys.executable, "-m", "benchmarks.instructions", *server.urls]
        path = os.pathsep.join([folder, str(Path.cwd())])
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": path})
        totals = [_total(Path(made) / f"count.{number}") for number in range(1, 2 * len(_names()) + 1)]
    # Each was made ready before the first of its two marks, and counted until the second.
    return _section(dict(zip(_names(), totals[1::2], strict=True)))


def _names() -> list[tuple[str, str]]:
    calls = [(_call_of(reply), name) for reply in REPLIES for name in _peers_for(reply)]
    return calls + [(READ, name) for name in subjects("inboxes")]


def _peers_for(reply: tuple[str, int, str]) -> list[str]:
    return [name for name in PEERS if reply == REPLIES[0] or name not in ONCE]


def _call_of(reply: tuple[str, int, str]) -> str:
    return f"a call for {inboxes(reply[1])}"


def _total(dump: Path) -> int:
    found = re.search(r"^totals: (\d+)", dump.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return int(found[1])


def _section(counted: dict[tuple[str, str], int]) -> Section:
    tables, bars = list[Table](), list[Bars]()
    for group, base, times in (*((_call_of(reply), AIOHTTP, CALLS) for reply in REPLIES), (READ, PYDANTIC, COUNT)):
        counts = {name: count / times for (of, name), count in counted.items() if of == group}
        rows = [(name, f"{count:,.0f}", f"{count / counts[base]:.2f}") for name, count in counts.items()]
        tables.append(Table((group, "instructions", f"× {base}"), rows))
        if group == _call_of(REPLIES[0]):
            named = [(name, Spread([count / 1000])) for name, count in counts.items()]
            bars.append(Bars("instructions-20", "inboxes.list() of 20 inboxes: thousands of instructions", named))
    return Section(title="Instructions", text=TEXT.format(concurrency=CONCURRENCY), tables=tables, bars=bars)


def _count_all(urls: list[str]) -> None:
    with Crowds() as crowds:
        for reply, url in zip(REPLIES, urls, strict=True):
            for name in _peers_for(reply):
                call = crowds.of(crowds.enter(PEERS[name], url), CONCURRENCY)
                _count_one(call, CALLS)
    for read in subjects("inboxes").values():
        _count_one(read, 1)


def _count_one(subject: Subject, times: int) -> None:
    """Do it twice, the second time between two marks."""
    subject(times)
    gc.collect()
    gc.freeze()  # Else a collection that happens to come now would count what all the others have made.
    os.getppid()
    subject(times)
    os.getppid()


if __name__ == "__main__":
    _count_all(sys.argv[1:])
