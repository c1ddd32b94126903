"""`heymarket export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from heymarket_async.cli import output
from heymarket_async.cli.options import Json, UseSandbox
from heymarket_async.cli.senders import find_inbox
from heymarket_async.cli.service import open_session
from heymarket_async.export import Format
from heymarket_async.export import export as run_export
from heymarket_async.progress import Meter

EXAMPLES: Final = """Examples:

    heymarket export messages --to messages.parquet
    heymarket export conversations --to conversations.csv --inbox Support
    heymarket export contacts --to contacts.sqlite --state contacts.state
    heymarket export messages --sandbox --to messages.jsonl

What is interrupted or killed goes on where it was: give the same command again.

Exit codes: 0 if the file is written, 1 if something failed, 2 if the usage is wrong, 130 if it was interrupted."""

What = Literal["messages", "conversations", "contacts", "templates", "tags", "lists"]


async def export(
    what: What,
    /,
    *,
    to: Path,
    as_format: Annotated[Format | None, Parameter(name="--format", show_default=False)] = None,
    state: Path | None = None,
    inbox: Annotated[list[str] | None, Parameter(negative_iterable="")] = None,
    page_size: int = 1000,
    as_json: Json = False,
    sandbox: UseSandbox = False,
) -> None:
    """Write all messages, conversations, contacts, templates, tags or lists of the team into a file.

    The file is put into its place when it is whole. Until then, what was fetched is in a file beside it that ends with
    `.partial`.

    Args:
        what: What to write.
        to: The file. Its ending says its format: .parquet, .csv, .jsonl or .sqlite.
        as_format: The format, where the ending does not say it.
        state: A file that keeps what was fetched for the next time, which then fetches only what is new or has
            changed. It is as private as the export.
        inbox: Only conversations of this inbox, by its id or its name; may be repeated.
        page_size: Things to ask for in one page, 1000 at the most.
        as_json: Print JSON in place of a line.
        sandbox: Ask the sandbox, even if there are credentials.
    """
    async with open_session(sandbox=sandbox) as session:
        inboxes = await session.inboxes.list() if inbox else ()
        with Meter(budget=lambda: session.budget) as meter:
            done = await run_export(
                session,
                what,
                to=to,
                format=as_format,
                state=state,
                inboxes=tuple(find_inbox(inboxes, each).id for each in inbox or ()),
                page_size=page_size,
                on_page=meter.add,
            )
    if as_json:
        output.show_json({"path": str(done.path), "rows": done.rows, "fetched": done.fetched})
    else:
        output.show_text(f"{done.rows:,} {what} in {done.path} ({done.fetched:,} fetched).")
