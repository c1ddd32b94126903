"""The blocks of code in the pages of docs/, as their tests see them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")


@attrs.frozen
class Block:
    """A block of code.

    Attributes:
        language: what stands behind its fence.
        code: what it says.
        above: the paragraph before it.
        shown: the block of `text` right below it; empty if there is none.
    """

    language: str
    code: str
    above: str
    shown: str

    @property
    def reason_not_to_run(self) -> str:
        """Why it is not run, by a comment above it; empty if it is."""
        found = _NOT_RUN.fullmatch(self.above)
        return found[1] if found else ""


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page, in their order."""
    found = list(_FENCED.finditer(page))
    below = {each.start(): each[2] for each in found if each[1] == "text"}
    return [
        Block(each[1], each[2], page[: each.start()].strip().rsplit("\n\n", 1)[-1], below.get(each.end() + 1, ""))
        for each in found
    ]


def run_python(*arguments: str, folder: Path) -> str:
    """Run Python in a folder as a reader would, with every warning an error, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env={
            name: value for name, value in os.environ.items() if not name.startswith(("HEYMARKET_", "OTEL_", "PYTEST_"))
        },
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout
