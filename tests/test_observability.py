"""docs/observability.md tells all that there is to observe. Its examples run in test_docs_examples.py."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "observability.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```\n", PAGE, re.DOTALL)


def test_every_example_says_what_it_prints():
    assert len(EXAMPLES) == PAGE.count("```python") == 4


def test_the_page_names_everything_that_open_telemetry_is_told():
    source = (ROOT / "heymarket_async" / "otel.py").read_text("utf-8")
    names = set(re.findall(r'"((?:error|heymarket|http|server|url)\.[a-z_.]+)"', source))
    assert {"error.type", "heymarket.outcome", "http.client.request.duration", "url.full"} <= names
    assert {name for name in names if f"`{name}`" not in PAGE} == set()
