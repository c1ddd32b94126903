"""Writes the page of mistakes: makes each of `tests/mistakes.py`, and shows what is said.

python docs/mistakes.py > docs/mistakes.md
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from mistakes import CHAPTERS, Mistake, told

HEAD = """# Mistakes, and what you are told

Each of these was made by the program that wrote this page, against the [sandbox](sandbox.md), and what stands below it
is what was said. `heymarket` is an open session, `inbox` an inbox of its team, `me` the id of a member, and `SAM` a
phone number.

A type checker finds most of them before the program runs. What is only forgotten, an `await`, Python tells with a
warning that is easily missed: `python -W error` makes it an error, and pyright's `reportUnusedCoroutine` and mypy's
`unused-coroutine` find the line.

What this library says can be caught: every error of its own is a `HeymarketError`, and nothing was sent where it is an
`ArgumentError`, a `ConfigurationError` or a `SessionError`. Where an `async` is missing, it is a `TypeError`, as it is
where Python itself complains.

Two things look like mistakes and are none: a session that is made when a module is imported, and one that serves
several `asyncio.run`, one after the other. It opens on first use, and again on the next loop. A process that was forked
makes a session of its own; that of its parent says `WrongEventLoop` there, while the parent's loop lives.
"""


def block(kind: str, text: str) -> str:
    """Return a fenced block."""
    return f"```{kind}\n{text}\n```\n"


def section(mistake: Mistake) -> str:
    """Return what the page shows of a mistake."""
    who = "Python says:" if mistake.plain else "It says:"
    parts = [f"### {mistake.title}\n", block("python", mistake.code), f"{who}\n", block("text", told(mistake))]
    if mistake.instead is not None:
        parts += ["Write:\n", block("python", mistake.instead)]
    return "\n".join(parts)


def page() -> str:
    """Return the whole page."""
    chapters = (
        f"## {title}\n\n" + "\n".join(section(mistake) for mistake in mistakes) for title, mistakes in CHAPTERS.items()
    )
    return HEAD + "\n" + "\n".join(chapters)


if __name__ == "__main__":
    sys.stdout.write(page())
