"""What the commands that list have in common."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TypeVar

from rich.table import Table

from heymarket_async.cli import output
from heymarket_async.paging import Pager

T = TypeVar("T")


async def show_list(
    pager: Pager[T],
    to_table: Callable[[Sequence[T]], Table],
    *,
    limit: int | None,
    as_json: bool,
    nothing: str,
) -> None:
    """Show what a list holds, and how to go on with it.

    Args:
        pager: the list.
        to_table: makes the table.
        limit: items at the most; None for all.
        as_json: show JSON in place of the table.
        nothing: what to say where there is nothing.
    """
    found = await pager.collect(limit)
    if as_json:
        output.show_json(found)
    else:
        output.show(to_table(found))
    if not found:
        output.note(nothing)
    elif not pager.done:
        output.note(f"There may be more. To go on, repeat the command with --cursor {shlex.quote(pager.cursor)}")


def note_masks(found: object, *, reveal: bool) -> None:
    """Say that something is masked, and how to see it."""
    if found and not reveal:
        output.note("Names, numbers and texts are masked; --reveal shows them.")
