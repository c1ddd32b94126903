"""`heymarket messages`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from cyclopts import Parameter
from rich.table import Table

from heymarket_async.cli.columns import number, personal, table, time
from heymarket_async.cli.listing import note_masks, show_list
from heymarket_async.cli.options import Count, Flag, Json, Limit, UseSandbox, aware, read_number
from heymarket_async.cli.senders import find_inbox
from heymarket_async.cli.service import open_session
from heymarket_async.errors import ConfigurationError
from heymarket_async.models.messages import Message

EXAMPLES: Final = """Examples:

    heymarket messages
    heymarket messages --reveal --limit 200
    heymarket messages --phone "+1 510 555 0101" --inbox Support --reveal
    heymarket messages --before 2026-04-01 --all --json > messages.json"""


async def messages(
    *,
    phone: str | None = None,
    inbox: str | None = None,
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
    """Show messages, the newest first: those of the team, or those between an inbox and a number.

    Args:
        phone: Only those with this number, in any usual writing; it goes with --inbox.
        inbox: The inbox, by its id or its name; it goes with --phone.
        region: The two-letter country, such as US, as whose numbers --phone is read.
        before: Only those from before this moment, such as 2026-04-12 or 2026-04-12T15:30:00; in UTC.
        limit: Messages at the most.
        all_: All of them, however many.
        page_size: Messages to ask for in one request; not with --phone.
        cursor: Where to go on, as the end of the last part said.
        reveal: Show names, numbers and texts, which the table masks.
        as_json: Print JSON in place of a table, with all that the service sent.
        sandbox: Ask the sandbox, even if there are credentials.
    """
    wanted = None if phone is None else read_number("--phone", phone, region)
    if (phone is None) != (inbox is None):
        raise ConfigurationError("--phone and --inbox go together.", advice="`heymarket inboxes` lists the inboxes.")
    if phone is not None and page_size is not None:
        raise ConfigurationError("--page-size does not go with --phone: the service chooses it there.")
    async with open_session(sandbox=sandbox) as session:
        if wanted is None or inbox is None:
            pager = session.messages.list(before=aware(before), page_size=page_size, cursor=cursor)
        else:
            inbox_id = find_inbox(await session.inboxes.list(), inbox).id
            pager = session.messages.history(
                phone_number=wanted, inbox_id=inbox_id, before=aware(before), cursor=cursor
            )

        def to_table(found: Sequence[Message]) -> Table:
            return _table(found, reveal=reveal)

        nothing = "There are no such messages."
        await show_list(pager, to_table, limit=None if all_ else limit, as_json=as_json, nothing=nothing)
    note_masks(not as_json, reveal=reveal)


def _table(found: Sequence[Message], *, reveal: bool) -> Table:
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
