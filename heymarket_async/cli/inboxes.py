"""`heymarket inboxes`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from heymarket_async.cli import output
from heymarket_async.cli.options import Json, UseSandbox
from heymarket_async.cli.service import open_session
from heymarket_async.models.inboxes import Inbox

EXAMPLES: Final = """Examples:

    heymarket inboxes
    heymarket inboxes --sandbox
    heymarket inboxes --json > inboxes.json"""

_ABSENT: Final = "-"


async def inboxes(*, as_json: Json = False, sandbox: UseSandbox = False) -> None:
    """Show the inboxes of the team.

    JSON holds all that the service sent, under its own names, with times in RFC 3339.

    Args:
        as_json: Print JSON in place of a table.
        sandbox: Ask the sandbox, even if there are credentials.
    """
    async with open_session(sandbox=sandbox) as session:
        found = await session.inboxes.list()
    if as_json:
        output.show_json(found)
        return
    output.show(_table(found))
    if not found:
        output.note("The team has no inboxes.")


def _table(found: Sequence[Inbox]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("ID", justify="right", no_wrap=True, overflow="fold")
    table.add_column("Name", overflow="fold")
    table.add_column("Phones", overflow="fold")
    table.add_column("Members", justify="right", overflow="fold")
    table.add_column("Updated (UTC)", overflow="fold")
    for inbox in found:
        members = len(inbox.members) or _ABSENT
        cells = (inbox.id, inbox.name or _ABSENT, _phones(inbox), members, _time(inbox.updated_at))
        table.add_row(*(Text(output.plain(cell)) for cell in cells))
    return table


def _phones(inbox: Inbox) -> str:
    numbers = [_number(phone) for phone in (inbox.phone, *inbox.phones) if phone]
    return ", ".join(dict.fromkeys(numbers)) or _ABSENT


def _number(phone: str) -> str:
    """Return a number with its plus, so that one that was sent both with and without it is shown once."""
    return f"+{phone}" if phone.isdecimal() and len(phone) >= 8 else phone


def _time(time: datetime | None) -> str:
    return _ABSENT if time is None else time.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
