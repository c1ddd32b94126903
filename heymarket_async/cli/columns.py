"""Tables, and what stands in their cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from heymarket_async.cli import output
from heymarket_async.values import MASK

ABSENT: Final = "-"
# A column of this name has numbers, and stands at the right.
_NUMBERS: Final = frozenset({"ID", "Conversation", "Inbox", "Line", "Members", "Message", "Parts", "User"})


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table. Nothing in it is cut off: what has no room in its column is folded.

    Args:
        columns: their names.
        rows: a value for each column; None for one that is absent.
    """
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in columns:
        made.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=name == "ID", overflow="fold")
    for row in rows:
        made.add_row(*(Text(output.plain(ABSENT if cell is None or cell == "" else cell)) for cell in row))
    return made


def time(moment: datetime | None) -> str | None:
    """Return a moment as tables show it: in UTC, to the minute."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def number(phone: str | None) -> str | None:
    """Return a number with its plus, so that one that was sent both with and without it is shown once."""
    return f"+{phone}" if phone and phone.isdecimal() and len(phone) >= 8 else phone


def personal(value: str | None, *, reveal: bool) -> str | None:
    """Return what a cell shows of a number, a name or a text: that there is one, or what it is."""
    return value if reveal or not value else MASK


def yes_or_no(flag: bool | None) -> str | None:
    """Return a flag in words."""
    return None if flag is None else "yes" if flag else "no"


def counted(how_many: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{how_many:,} {noun}{'' if how_many == 1 else 's'}"
