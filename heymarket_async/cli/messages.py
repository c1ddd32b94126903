"""`heymarket messages`."""

from __future__ import annotations

from typing import Final

from rich.table import Table

from heymarket_async.cli.columns import number, personal, table, time
from heymarket_async.cli.listing import Listed, note_masks, show_list
from heymarket_async.cli.options import aware, read_number
from heymarket_async.cli.senders import find_inbox
from heymarket_async.cli.service import open_session
from heymarket_async.errors import ConfigurationError
from heymarket_async.models.messages import Message

EXAMPLES: Final = """Examples:

    heymarket messages
    heymarket messages --reveal --limit 200
    heymarket messages --phone "+1 510 555 0101" --inbox Support --reveal
    heymarket messages --before 2026-04-01 --all --json > messages.json"""
_NOTHING: Final = "There are no such messages."


async def messages(
    *,
    phone: str | None = None,
    inbox: str | None = None,
    region: str | None = None,
    listed: Listed = Listed(),
) -> None:
    """Show messages, the newest first: those of the team, or those between an inbox and a number.

    Args:
        phone: Only those with this number, in any usual writing; it goes with --inbox.
        inbox: The inbox, by its id or its name; it goes with --phone.
        region: The two-letter country, such as US, as whose numbers --phone is read.
        listed: Which part of the list, and how.
    """
    wanted = None if phone is None else read_number("--phone", phone, region)
    if (phone is None) != (inbox is None):
        raise ConfigurationError("--phone and --inbox go together.", advice="`heymarket inboxes` lists the inboxes.")
    if phone is not None and listed.page_size is not None:
        raise ConfigurationError("--page-size does not go with --phone: the service chooses it there.")
    async with open_session(sandbox=listed.sandbox) as session:
        if wanted is None or inbox is None:
            pager = session.messages.list(before=aware(listed.before), page_size=listed.page_size, cursor=listed.cursor)
        else:
            inbox_id = find_inbox(await session.inboxes.list(), inbox).id
            pager = session.messages.history(
                phone_number=wanted, inbox_id=inbox_id, before=aware(listed.before), cursor=listed.cursor
            )
        await show_list(pager, _table, listed, nothing=_NOTHING)
    note_masks(not listed.as_json, reveal=listed.reveal)


def _table(found: tuple[Message, ...], reveal: bool) -> Table:
    rows = (
        (
            each.id,
            None if each.conversation is None else each.conversation.id,
            time(each.date),
            each.type,
            each.status,
            each.user_id or None,
            personal(number(each.target or each.phone), reveal=reveal),
            personal(each.text, reveal=reveal),
        )
        for each in found
    )
    return table(("ID", "Conversation", "Date (UTC)", "Type", "Status", "User", "Number", "Text"), rows)
