"""`heymarket inboxes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table

from heymarket_async.cli import output
from heymarket_async.cli.columns import number, table, time
from heymarket_async.cli.options import Json, UseSandbox
from heymarket_async.cli.service import open_session
from heymarket_async.models.inboxes import Inbox

EXAMPLES: Final = """Examples:

    heymarket inboxes
    heymarket inboxes --sandbox
    heymarket inboxes --json > inboxes.json"""


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
    return table(
        ("ID", "Name", "Phones", "Members", "Updated (UTC)"),
        ((each.id, each.name, _phones(each), len(each.members) or None, time(each.updated_at)) for each in found),
    )


def _phones(inbox: Inbox) -> str:
    numbers = (number(phone) for phone in (inbox.phone, *inbox.phones))
    return ", ".join(dict.fromkeys(filter(None, numbers)))
