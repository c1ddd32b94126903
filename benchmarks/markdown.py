"""What was found, as a page of the documentation."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from textwrap import fill

from benchmarks.figures import Bound, Section, Table

_WIDTH = 120
_PACKAGES = ("aiohttp", "msgspec", "pydantic", "orjson", "httpx", "openapi-python-client")


def page(introduction: str, sections: Sequence[Section]) -> str:
    """Return the page.

    Args:
        introduction: what stands first, from the title on.
        sections: what the parts found.
    """
    bounds = [bound for section in sections for bound in section.bounds]
    parts = [introduction.strip(), "## The promises", promises(bounds), "## The machine", table(machine())]
    return "\n\n".join([*parts, *(_section(section) for section in sections)]) + "\n"


def promises(bounds: Sequence[Bound]) -> str:
    """Return the bounds, and whether they are met."""
    return table(Table(("what", "measured", "at most", ""), [bound.cells() for bound in bounds]))


def table(content: Table) -> str:
    """Return a table in Markdown: its first column to the left, the others to the right."""
    marks = ["---", *("---:" for _ in content.head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (content.head, marks, *content.rows))


def machine() -> Table:
    """Return the facts of the machine and of what was measured."""
    facts: Mapping[str, str] = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "heymarket_async": version("heymarket_async"),
        **{name: version(name) for name in _PACKAGES},
    }
    return Table(("", ""), facts.items())


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if sys.platform == "linux" else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _section(section: Section) -> str:
    plots = [f"![{bars.title}](benchmarks/{bars.name}.svg)" for bars in section.bars]
    return "\n\n".join([f"## {section.title}", fill(section.text, _WIDTH).strip(), *map(table, section.tables), *plots])
