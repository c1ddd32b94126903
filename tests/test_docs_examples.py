"""The examples of the pages in docs/ run, and print what stands below them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {page.stem: page.read_text("utf-8") for page in sorted(DOCS.glob("*.md"))}
SHOWN = {
    f"{name}-{number}": example
    for name, page in PAGES.items()
    for number, example in enumerate(
        re.findall(r"```python\n((?:(?!```).)*)```\n\n```text\n(.*?)```\n", page, re.DOTALL), 1
    )
}


def test_there_are_examples():
    assert {"sending-1", "sending-2", "observability-1", "watching-3", "sandbox-1"} <= set(SHOWN)


@pytest.mark.parametrize(("program", "shown"), SHOWN.values(), ids=SHOWN)
def test_an_example_prints_what_the_page_says(program, shown, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={name: value for name, value in os.environ.items() if not name.startswith(("HEYMARKET_", "OTEL_"))},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == shown
