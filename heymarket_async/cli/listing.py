"""What the commands that list have in common."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

import attrs
from cyclopts import Parameter
from rich.table import Table

from heymarket_async.cli import output
from heymarket_async.cli.options import Count, Flag, Json, Limit, UseSandbox
from heymarket_async.paging import Pager

T = TypeVar("T")


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Listed:
    """Which part of a list to show, and how.

    Args:
        before: Only those from before this moment, such as 2026-04-12 or 2026-04-12T15:30:00; in UTC.
        limit: How many at the most.
        all_: All of them, however many.
        page_size: How many to ask for in one request.
        cursor: Where to go on, as the end of the last part said.
        reveal: Show names, numbers, addresses and texts, which the table masks.
        as_json: Print JSON in place of a table, with all that the service sent.
        sandbox: Ask the sandbox, even if there are credentials.
    """

    before: datetime | None = None
    limit: Limit = 50
    all_: Annotated[bool, Parameter(name="--all", show_default=False)] = False
    page_size: Count | None = None
    cursor: str | None = None
    reveal: Flag = False
    as_json: Json = False
    sandbox: UseSandbox = False


async def show_list(
    pager: Pager[T], to_table: Callable[[tuple[T, ...], bool], Table], listed: Listed, *, nothing: str
) -> None:
    """Show what a list holds, and how to go on with it.

    Args:
        pager: the list.
        to_table: makes the table, masked unless it is told to reveal.
        listed: how much of it, and how.
        nothing: what to say where there is nothing.
    """
    show_found(await pager.collect(None if listed.all_ else listed.limit), to_table, listed, nothing=nothing)
    if not pager.done:
        output.note(f"There may be more. To go on, repeat the command with --cursor {shlex.quote(pager.cursor)}")


def show_found(
    found: tuple[T, ...], to_table: Callable[[tuple[T, ...], bool], Table], listed: Listed, *, nothing: str
) -> None:
    """Show what was found, as `show_list` does."""
    if listed.as_json:
        output.show_json(found)
    else:
        output.show(to_table(found, listed.reveal))
    if not found:
        output.note(nothing)


def note_masks(found: object, *, reveal: bool) -> None:
    """Say that something is masked, and how to see it."""
    if found and not reveal:
        output.note("Names, numbers and texts are masked; --reveal shows them.")
