"""The examples of docs/observability.md run, and print what stands below them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "observability.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```\n", PAGE, re.DOTALL)


def test_every_example_says_what_it_prints():
    assert len(EXAMPLES) == PAGE.count("```python") == 4


@pytest.mark.parametrize(("program", "shown"), EXAMPLES, ids=["events", "log", "capture", "otel"])
def test_an_example_prints_what_the_page_says(program, shown):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={name: value for name, value in os.environ.items() if not name.startswith(("HEYMARKET_", "OTEL_"))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == shown


def test_the_page_names_everything_that_open_telemetry_is_told():
    source = (ROOT / "heymarket_async" / "otel.py").read_text("utf-8")
    names = set(re.findall(r'"((?:error|heymarket|http|server|url)\.[a-z_.]+)"', source))
    assert {"error.type", "heymarket.outcome", "http.client.request.duration", "url.full"} <= names
    assert {name for name in names if f"`{name}`" not in PAGE} == set()
