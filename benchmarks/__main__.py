"""The one command: measures the parts that are named, or all, and then writes the page and its plots.

python -m benchmarks                  # all, and writes docs/benchmarks.md
python -m benchmarks calls reading    # some, and writes nothing
"""

from __future__ import annotations

import argparse
import importlib
import time
from pathlib import Path

from benchmarks.figures import Section
from benchmarks.markdown import page, promises, table
from benchmarks.plots import svg

PARTS = (
    "calls",
    "ladder",
    "reading",
    "overhead",
    "imports",
    "memory",
    "tables",
    "fleet",
    "holding",
    "throughput",
    "paging",
    "webhooks",
    "instructions",
)
DOCS = Path(__file__).parent.parent / "docs"
INTRODUCTION = Path(__file__).parent / "introduction.md"


def main() -> None:
    """Measure, print, and write the page if all was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"one of: {', '.join(PARTS)}")
    parts = parser.parse_args().parts
    if not set(parts) <= set(PARTS):
        parser.error(f"parts are: {', '.join(PARTS)}")
    sections = [_measure(part) for part in parts or PARTS]
    if not parts:
        _write(sections)


def _measure(part: str) -> Section:
    began = time.perf_counter()
    section: Section = importlib.import_module(f"benchmarks.{part}").measure()
    print(f"## {section.title} ({time.perf_counter() - began:.0f} s)\n\n{section.text.strip()}\n")
    for each in section.tables:
        print(table(each), end="\n\n")
    if section.bounds:
        print(promises(section.bounds), end="\n\n", flush=True)
    return section


def _write(sections: list[Section]) -> None:
    plots = DOCS / "benchmarks"
    plots.mkdir(exist_ok=True)
    for bars in (bars for section in sections for bars in section.bars):
        (plots / f"{bars.name}.svg").write_text(svg(bars), "utf-8")
    path = DOCS / "benchmarks.md"
    path.write_text(page(INTRODUCTION.read_text("utf-8"), sections), "utf-8")
    print(f"Written: {path.relative_to(Path.cwd())} and {plots.relative_to(Path.cwd())}/*.svg")


if __name__ == "__main__":
    main()
