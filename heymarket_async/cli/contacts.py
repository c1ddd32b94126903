"""`heymarket contacts`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from cyclopts import Parameter
from rich.table import Table

from heymarket_async.cli import output
from heymarket_async.cli.columns import number, personal, table, time, yes_or_no
from heymarket_async.cli.listing import note_masks, show_list
from heymarket_async.cli.options import Count, Flag, Json, Limit, UseSandbox, aware, read_number
from heymarket_async.cli.service import open_session
from heymarket_async.models.contacts import Contact

EXAMPLES: Final = """Examples:

    heymarket contacts
    heymarket contacts --reveal --limit 200
    heymarket contacts --phone "+1 510 555 0101" --reveal
    heymarket contacts --all --json > contacts.json"""


async def contacts(
    *,
    phone: str | None = None,
    region: str | None = None,
    before: datetime | None = None,
    limit: Limit = 50,
    all_: Annotated[bool, Parameter(name="--all", show_default=False)] = False,
    page_size: Count | None = None,
    cursor: str | None = None,
    reveal: Flag = False,
    as_json: Json = False,
    sandbox: UseSandbox = False,
) -> None:
    """Show the contacts, the last changed first; or the one with a number.

    Args:
        phone: The one with this number, in any usual writing.
        region: The two-letter country, such as US, as whose numbers --phone is read.
        before: Only those last changed before this moment, such as 2026-04-12 or 2026-04-12T15:30:00; in UTC.
        limit: Contacts at the most.
        all_: All of them, however many.
        page_size: Contacts to ask for in one request.
        cursor: Where to go on, as the end of the last part said.
        reveal: Show names, numbers and addresses, which the table masks.
        as_json: Print JSON in place of a table, with all that the service sent.
        sandbox: Ask the sandbox, even if there are credentials.
    """

    def to_table(found: Sequence[Contact]) -> Table:
        return _table(found, reveal=reveal)

    wanted = None if phone is None else read_number("--phone", phone, region)
    nothing = "There are no such contacts."
    async with open_session(sandbox=sandbox) as session:
        if wanted is not None:
            contact = await session.contacts.find(phone_number=wanted)
            found = () if contact is None else (contact,)
            if as_json:
                output.show_json(found)
            else:
                output.show(to_table(found))
            if not found:
                output.note(nothing)
        else:
            pager = session.contacts.list(before=aware(before), page_size=page_size, cursor=cursor)
            await show_list(pager, to_table, limit=None if all_ else limit, as_json=as_json, nothing=nothing)
    note_masks(not as_json, reveal=reveal)


def _table(found: Sequence[Contact], *, reveal: bool) -> Table:
    rows = (
        (
            each.id,
            personal(_name(each), reveal=reveal),
            personal(number(each.phone), reveal=reveal),
            personal(each.email, reveal=reveal),
            yes_or_no(each.is_opted_out),
            time(each.updated),
        )
        for each in found
    )
    return table(("ID", "Name", "Number", "E-mail", "Opted out", "Updated (UTC)"), rows)


def _name(contact: Contact) -> str | None:
    parts = " ".join(filter(None, (contact.first_name, contact.last_name)))
    return contact.display_name or parts or None
