"""`heymarket conversations`."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import Parameter
from rich.table import Table

from heymarket_async.cli.columns import number, personal, table, time, yes_or_no
from heymarket_async.cli.listing import Listed, note_masks, show_list
from heymarket_async.cli.options import Flag, aware
from heymarket_async.cli.senders import find_inbox
from heymarket_async.cli.service import open_session
from heymarket_async.errors import ConfigurationError
from heymarket_async.models.conversations import Conversation

EXAMPLES: Final = """Examples:

    heymarket conversations
    heymarket conversations --inbox Support --unread --reveal
    heymarket conversations --closed --before 2026-04-01 --limit 200
    heymarket conversations --all --json > conversations.json"""
_NOTHING: Final = "There are no such conversations."


async def conversations(
    *,
    inbox: Annotated[list[str] | None, Parameter(negative_iterable="")] = None,
    user: Annotated[int, Parameter(name="--user")] = 0,
    closed: Flag = False,
    open_: Annotated[bool, Parameter(name="--open", show_default=False)] = False,
    unread: Flag = False,
    read: Flag = False,
    listed: Listed = Listed(),
) -> None:
    """Show conversations, the last changed first.

    Args:
        inbox: Only those of this inbox, by its id or its name; may be repeated. By default, those of all inboxes.
        user: The user on whose behalf to ask, which decides what is unread; 0 for nobody in particular.
        closed: Only closed ones.
        open_: Only open ones.
        unread: Only unread ones.
        read: Only read ones.
        listed: Which part of the list, and how.
    """
    is_closed, is_unread = _either("--closed", closed, "--open", open_), _either("--unread", unread, "--read", read)
    async with open_session(sandbox=listed.sandbox) as session:
        inboxes = await session.inboxes.list()
        wanted = [find_inbox(inboxes, each) for each in inbox] if inbox else inboxes
        pager = session.conversations.list(
            inboxes=[each.id for each in wanted],
            user_id=user,
            closed=is_closed,
            unread=is_unread,
            before=aware(listed.before),
            page_size=listed.page_size,
            cursor=listed.cursor,
        )
        await show_list(pager, _table, listed, nothing=_NOTHING)
    note_masks(not listed.as_json, reveal=listed.reveal)


def _either(yes: str, is_yes: bool, no: str, is_no: bool) -> bool | None:
    """Return which of two options was given, that exclude each other."""
    if is_yes and is_no:
        raise ConfigurationError(f"{yes} and {no} exclude each other.")
    return True if is_yes else False if is_no else None


def _table(found: tuple[Conversation, ...], reveal: bool) -> Table:
    rows = (
        (
            each.id,
            each.inbox_id,
            personal(each.name, reveal=reveal),
            personal(number(each.target), reveal=reveal),
            each.status,
            yes_or_no(each.unread),
            each.assignee_id or None,
            time(each.updated),
            personal(each.last_msg, reveal=reveal),
        )
        for each in found
    )
    names = ("ID", "Inbox", "Name", "Number", "Status", "Unread", "Assigned to", "Updated (UTC)", "Last text")
    return table(names, rows)
