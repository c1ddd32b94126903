"""`heymarket team`."""

from __future__ import annotations

from typing import Final

from rich.table import Table

from heymarket_async.cli import output
from heymarket_async.cli.columns import personal, table
from heymarket_async.cli.listing import note_masks
from heymarket_async.cli.options import Flag, Json, UseSandbox
from heymarket_async.cli.service import open_session
from heymarket_async.models.team import Team

EXAMPLES: Final = """Examples:

    heymarket team
    heymarket team --reveal
    heymarket team --json | jq .members"""


async def team(*, reveal: Flag = False, as_json: Json = False, sandbox: UseSandbox = False) -> None:
    """Show the team, and its members.

    Args:
        reveal: Show names and addresses, which the table masks.
        as_json: Print JSON in place of a table, with all that the service sent.
        sandbox: Ask the sandbox, even if there are credentials.
    """
    async with open_session(sandbox=sandbox) as session:
        found = await session.team.get()
    if as_json:
        output.show_json(found)
        return
    size = f", lists of up to {found.list_size:,}" if found.list_size else ""
    output.note(f"Team {found.id}{f', {found.name}' if found.name else ''}{size}.")
    output.show(_members(found, reveal=reveal))
    note_masks(found.members, reveal=reveal)


def _members(found: Team, *, reveal: bool) -> Table:
    rows = (
        (each.id, personal(each.name, reveal=reveal), each.role, personal(each.email, reveal=reveal))
        for each in found.members
    )
    return table(("ID", "Name", "Role", "E-mail"), rows)
