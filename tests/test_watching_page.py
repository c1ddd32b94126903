"""docs/watching.md says of each feed what the library does."""

from __future__ import annotations

from pathlib import Path

from heymarket_async.watch.feeds import SOURCES, Stream

PAGE = (Path(__file__).parents[1] / "docs" / "watching.md").read_text("utf-8")


def test_the_page_names_every_feed_with_its_overlap():
    for name, source in SOURCES.items():
        (row,) = [line for line in PAGE.splitlines() if line.startswith("| ") and f"`{name}`" in line.split(" | ")[0]]
        minutes = f"{source.overlap.total_seconds() / 60:g} minutes" if isinstance(source, Stream) else ""
        assert row.rstrip(" |").endswith(minutes)
