"""`heymarket contacts`."""

from __future__ import annotations

from typing import Final

from rich.table import Table

from heymarket_async.cli.columns import number, personal, table, time, yes_or_no
from heymarket_async.cli.listing import Listed, note_masks, show_found, show_list
from heymarket_async.cli.options import aware, read_number
from heymarket_async.cli.service import open_session
from heymarket_async.models.contacts import Contact

EXAMPLES: Final = """Examples:

    heymarket contacts
    heymarket contacts --reveal --limit 200
    heymarket contacts --phone "+1 510 555 0101" --reveal
    heymarket contacts --all --json > contacts.json"""
_NOTHING: Final = "There are no such contacts."


async def contacts(
    *,
    phone: str | None = None,
    region: str | None = None,
    listed: Listed = Listed(),
) -> None:
    """Show the contacts, the last changed first; or the one with a number.

    Args:
        phone: The one with this number, in any usual writing.
        region: The two-letter country, such as US, as whose numbers --phone is read.
        listed: Which part of the list, and how.
    """
    wanted = None if phone is None else read_number("--phone", phone, region)
    async with open_session(sandbox=listed.sandbox) as session:
        if wanted is not None:
            contact = await session.contacts.find(phone_number=wanted)
            show_found(() if contact is None else (contact,), _table, listed, nothing=_NOTHING)
        else:
            pager = session.contacts.list(before=aware(listed.before), page_size=listed.page_size, cursor=listed.cursor)
            await show_list(pager, _table, listed, nothing=_NOTHING)
    note_masks(not listed.as_json, reveal=listed.reveal)


def _table(found: tuple[Contact, ...], reveal: bool) -> Table:
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
