"""`heymarket send`."""

from __future__ import annotations

import asyncio
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import attrs
from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from heymarket_async import sms
from heymarket_async.arguments import LONGEST_TEXT, check_text
from heymarket_async.cli import output
from heymarket_async.cli.asking import confirm
from heymarket_async.cli.columns import counted
from heymarket_async.cli.exits import Exit
from heymarket_async.cli.options import Flag, Json, UseSandbox, read_number
from heymarket_async.cli.senders import Sender, find_sender
from heymarket_async.cli.service import open_session
from heymarket_async.errors import ConfigurationError, Unsettled
from heymarket_async.resolution import SendState
from heymarket_async.session import AsyncSession

EXAMPLES: Final = """Examples:

    heymarket send "+1 510 555 0101" "Your order has shipped." --inbox Support
    heymarket send "+1 510 555 0101" "Your order has shipped." --inbox Support --dry-run
    echo "Your order has shipped." | heymarket send "+1 510 555 0101" - --inbox Support --yes

Exit codes: 0 if it was sent, 1 if it was not, 3 if that is not known. With --dry-run, 0."""

_WHEN_FIRST_TRIED: Final = timedelta(days=1)
_ANSWERS: Final = {SendState.SENT: Exit.OK, SendState.NOT_FOUND: Exit.FAILED, SendState.UNKNOWN: Exit.UNKNOWN}


@attrs.frozen(kw_only=True)
class _Order:
    """What is to be sent."""

    sender: Sender
    phone: str
    text: str
    parts: sms.Parts
    local_id: str | None


async def send(
    to: str,
    text: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    inbox: str | None = None,
    member: int | None = None,
    region: str | None = None,
    local_id: str | None = None,
    dry_run: Flag = False,
    yes: Flag = False,
    as_json: Json = False,
    sandbox: UseSandbox = False,
) -> int:
    """Send a text to a number, after showing what would be sent and what it costs.

    Where no answer comes it looks whether the text is there, and never sends it again by itself.

    Args:
        to: The number, in any usual writing.
        text: The text; - reads it from stdin.
        inbox: The inbox to send from, by its id or its name; the only one by default.
        member: The id of the member in whose name it is sent; the first of the inbox by default.
        region: The two-letter country, such as US, as whose numbers TO is read.
        local_id: Your identifier of this send; a new one by default. If one of the last day is there, nothing is sent.
        dry_run: Show what would be sent, and end.
        yes: Send without asking. Where there is no terminal, it must be passed.
        as_json: Print JSON in place of lines.
        sandbox: Ask the sandbox, even if there are credentials.
    """
    phone = read_number("TO", to, region)
    words = _read_stdin() if text == "-" else text
    check_text("TEXT", words, longest=LONGEST_TEXT)
    async with open_session(sandbox=sandbox) as session:
        sender = await find_sender(session, inbox, member)
        order = _Order(sender=sender, phone=phone, text=words, parts=sms.parts(words), local_id=local_id)
        if not as_json:
            output.show(_shown(order))
        if dry_run:
            return _end(order, "not sent", Exit.OK, "This was a dry run: nothing was sent.", as_json=as_json)
        if not confirm("Send it?", yes=yes):
            return _end(order, "not sent", Exit.FAILED, "Nothing was sent.", as_json=as_json)
        return await _send(session, order, as_json=as_json)


def _read_stdin() -> str:
    try:
        return "" if sys.stdin is None else sys.stdin.read().removesuffix("\n")  # pyright: ignore[reportUnnecessaryComparison] - None after `<&-`
    except UnicodeDecodeError as error:
        encoding = error.encoding.upper()
    raise ConfigurationError(
        f"The text on stdin is not {encoding}.", advice="Write it in the encoding of the terminal."
    )


async def _send(session: AsyncSession, order: _Order, *, as_json: bool) -> int:
    first_tried = None
    if order.local_id is None:  # Known here, so that it can be told whatever happens.
        order = attrs.evolve(order, local_id=str(uuid.uuid4()))
    else:  # Perhaps the one that was told.
        first_tried = datetime.fromtimestamp(session.clock.wall(), UTC) - _WHEN_FIRST_TRIED
    try:
        return await _send_and_look(session, order, first_tried, as_json=as_json)
    except asyncio.CancelledError:  # Ctrl-C
        said = f"It may have gone out. To send it again, pass --local-id {order.local_id}"
        _end(order, SendState.UNKNOWN.value, Exit.INTERRUPTED, said, as_json=as_json)
        raise


async def _send_and_look(session: AsyncSession, order: _Order, first_tried: datetime | None, *, as_json: bool) -> int:
    try:
        sent = await session.messages.send(
            inbox_id=order.sender.inbox.id,
            creator_id=order.sender.member_id,
            phone_number=order.phone,
            text=order.text,
            local_id=order.local_id,
            first_tried=first_tried,
        )
    except Unsettled as error:
        output.note(f"{error.message} Looking whether the text is there.")
        found = await error.resolve()
        said = {
            SendState.SENT: "It is there: it was sent, once.",
            SendState.NOT_FOUND: f"It is not there. To send it again, pass --local-id {order.local_id}",
            SendState.UNKNOWN: f"It is not known whether it was sent. {found.reason}",
        }
        message_id = None if found.message is None else found.message.id
        code = _ANSWERS[found.state]
        state = "not sent" if found.state is SendState.NOT_FOUND else found.state.value
        return _end(order, state, code, said[found.state], as_json=as_json, message_id=message_id)
    said_id = "" if sent.id is None else f" It is message {sent.id}."
    return _end(order, "sent", Exit.OK, f"Sent: the service accepted it.{said_id}", as_json=as_json, message_id=sent.id)


def _end(order: _Order, state: str, code: Exit, said: str, *, as_json: bool, message_id: int | None = None) -> int:
    output.note(said)
    if as_json:
        output.show_json(_as_json(order, state, message_id))
    return code


def _as_json(order: _Order, state: str, message_id: int | None) -> dict[str, Any]:
    return {
        "state": state,
        "message_id": message_id,
        "local_id": order.local_id,
        "inbox_id": order.sender.inbox.id,
        "creator_id": order.sender.member_id,
        "phone_number": order.phone.removeprefix("+"),
        "text": order.text,
        "encoding": order.parts.encoding,
        "parts": order.parts.count,
    }


def _shown(order: _Order) -> Table:
    lines = {
        "From": str(order.sender),
        "To": order.phone,
        "Text": order.text,
        "Cost": in_words(order.parts),
    }
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in lines.items():
        grid.add_row(Text(name), Text(output.plain(value)))
    return grid


def in_words(parts: sms.Parts) -> str:
    """Return what a text costs, and which character makes it dear."""
    size = f"{counted(parts.count, 'part')} of {parts.encoding}"
    used = f"{parts.used} used, {parts.left} left in the last part"
    blame = parts.forced_by
    if blame is None:
        return f"{size} ({used})"
    name = blame.name or f"U+{ord(blame.character):04X}"
    instead = "" if blame.suggestion is None else f"; {blame.suggestion!r} would do"
    return f"{size} ({used}), because of {name} at character {blame.position + 1}{instead}"
