"""`heymarket send-many`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from heymarket_async.cli import mailing_shown as shown
from heymarket_async.cli import output
from heymarket_async.cli.asking import confirm
from heymarket_async.cli.columns import counted
from heymarket_async.cli.exits import Exit
from heymarket_async.cli.options import Count, Flag, Json, UseSandbox, check_country, parse_rate_limit
from heymarket_async.cli.progress import Progress
from heymarket_async.cli.senders import find_sender
from heymarket_async.cli.service import open_session
from heymarket_async.errors import ConfigurationError, HeymarketError
from heymarket_async.limits import DEFAULT_LIMIT
from heymarket_async.mailing import Mailing, MailingState, Sheet, plan_mailing, read_sheet
from heymarket_async.mailing.plan import MOST_PARTS

EXAMPLES: Final = """Examples:

    heymarket send-many people.csv --text "Hi {first_name}, we open at 9." --inbox Support --dry-run
    heymarket send-many people.csv --text-file text.txt --inbox Support
    heymarket send-many people.csv --text-file text.txt --inbox Support --yes --report report.csv --json

people.csv has a row of column names, and in the column `phone` the numbers. {first_name} stands for the column of \
that name, in which every row must have a value. What goes out is written to people.csv.journal first. After a \
crash, the same command goes on, and texts nobody twice.

Exit codes: 0 if everyone has it who may get it, 1 if somebody has not, 3 if of somebody that is not known, 4 if rows \
are wrong (then nothing was sent), 130 after Ctrl-C."""


async def send_many(
    people: Path,
    /,
    *,
    text: str | None = None,
    text_file: Path | None = None,
    inbox: str | None = None,
    member: int | None = None,
    phone_column: str = "phone",
    encoding: str = "utf-8",
    region: str | None = None,
    max_parts: Count = MOST_PARTS,
    journal: Path | None = None,
    report: Path | None = None,
    rate_limit: str = str(DEFAULT_LIMIT),
    concurrency: Annotated[int, Parameter(validator=Number(gte=1, lte=100))] = 8,
    patience: Annotated[float, Parameter(validator=Number(gte=0, lte=600))] = 5.0,
    dry_run: Flag = False,
    yes: Flag = False,
    reveal: Flag = False,
    as_json: Json = False,
    sandbox: UseSandbox = False,
) -> int:
    """Send a text to each person of a CSV file, once, also if it is cut off and started again.

    All rows are checked before anything is sent, and everyone is looked up who may have opted out.

    Args:
        people: The CSV file. Commas, semicolons or tabs may divide its columns.
        text: The text, with the names of columns in braces; {{ and }} stand for single braces.
        text_file: A file with the text, in UTF-8, in place of --text.
        inbox: The inbox to send from, by its id or its name; the only one by default.
        member: The id of the member in whose name it is sent; the first of the inbox by default.
        phone_column: The column of the numbers.
        encoding: The encoding of the CSV file, such as cp1252.
        region: The two-letter country, such as US, as whose numbers the column is read.
        max_parts: Parts that a text may have at the most.
        journal: The journal of what has gone out; by default the name of the CSV file with .journal at its end.
        report: A file to write what became of each person to, .csv or .json.
        rate_limit: Requests to make in a minute at the most, or none for any number.
        concurrency: Texts under way at the most.
        patience: Seconds for which a text whose outcome is not known is looked for.
        dry_run: Check everything, show what would be sent, and end.
        yes: Send without asking. Where there is no terminal, it must be passed.
        reveal: Show numbers and texts, which the output masks.
        as_json: Print JSON in place of tables.
        sandbox: Ask the sandbox, even if there are credentials.
    """
    limit = parse_rate_limit(rate_limit)
    path = journal or people.with_name(f"{people.name}.journal")
    if report is not None:
        _check_report(report, (people, text_file, path))
    check_country(region)
    sheet, words = _read_people(people, encoding), _read_text(text, text_file)
    plan = plan_mailing(sheet, words, phone_column=phone_column, region=region, most_parts=max_parts)
    if plan.problems:
        shown.show_problems(plan.problems, as_json=as_json)
        return Exit.BAD_ROWS
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session(sandbox=sandbox, rate_limit=limit))
        sender = await find_sender(session, inbox, member)
        if dry_run and not path.exists():
            path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "journal"
        mailing = await stack.enter_async_context(
            Mailing(
                session,
                plan,
                inbox_id=sender.inbox.id,
                creator_id=sender.member_id,
                journal=path,
                concurrency=concurrency,
                patience=patience,
            )
        )
        with _stopping(mailing):
            await _prepare(mailing)
        if not mailing.stopped:
            shown.show_plan(plan, mailing, sender, reveal=reveal)
            if dry_run:
                output.note("This was a dry run: nothing was sent.")
                if as_json:
                    shown.show_results(mailing.results, as_json=True, reveal=reveal)
                return Exit.OK
            if mailing.remaining and not confirm(_question(mailing), yes=yes):
                output.note("Nothing was sent.")
                return Exit.FAILED
        return await _send(mailing, report=report, as_json=as_json, reveal=reveal)


def _check_report(report: Path, others: Iterable[Path | None]) -> None:
    """See that the report can be written, before anything is sent, and takes the place of no other file.

    Raises:
        ConfigurationError: it cannot, or does.
    """
    if report.suffix not in (".csv", ".json"):
        raise ConfigurationError("--report must end in .csv or .json.")
    if report.is_dir() or not os.access(report.parent, os.W_OK):
        raise ConfigurationError(
            f"--report cannot be written: {report} is a folder, or in none that can be written to."
        )
    if any(other is not None and other.resolve() == report.resolve() for other in others):
        raise ConfigurationError(
            f"--report would take the place of {report}, which this mailing needs.", advice="Name another file."
        )


def _read_people(path: Path, encoding: str) -> Sheet:
    return read_sheet(_read(path), encoding=encoding)


def _read_text(text: str | None, path: Path | None) -> str:
    if path is None and text is not None:
        return text
    if path is None or text is not None:
        raise ConfigurationError("One of --text and --text-file must be given.")
    data = _read(path)
    try:
        return data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        pass  # Its error would keep what is in the file.
    raise ConfigurationError(f"{path} is not UTF-8.", advice="Save the text as UTF-8.")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from error


async def _prepare(mailing: Mailing) -> None:
    """Look for what an earlier run left open, and for those who opted out."""
    if mailing.unsettled:
        with Progress(
            f"Looking for {counted(mailing.unsettled, 'text')} of an earlier run", mailing.unsettled
        ) as progress:
            await mailing.settle(progress.step)
    people = len(mailing.remaining)
    if people and not mailing.stopped:
        with Progress(f"Asking who opted out, of {people:,}", people) as progress:
            await mailing.check(progress.step)


def _question(mailing: Mailing) -> str:
    people = mailing.remaining
    parts = sum(person.parts.count for person in people)
    return f"Send {counted(len(people), 'text')}, of {counted(parts, 'part')} together?"


async def _send(mailing: Mailing, *, report: Path | None, as_json: bool, reveal: bool) -> int:
    """Send, and tell what became of everyone, however it ends."""
    people = len(mailing.remaining)
    try:
        if people and not mailing.stopped:
            with _stopping(mailing), Progress(f"Sending {counted(people, 'text')}", people) as progress:
                await mailing.send(progress.step)
    except (HeymarketError, KeyboardInterrupt) as error:
        _tell(mailing, report, as_json=as_json, reveal=reveal)
        raise error
    _tell(mailing, report, as_json=as_json, reveal=reveal)
    states = {result.state for result in mailing.results}
    if mailing.stopped:
        return Exit.INTERRUPTED
    if MailingState.UNKNOWN in states:
        return Exit.UNKNOWN
    return Exit.FAILED if states & {MailingState.NOT_SENT, MailingState.REFUSED} else Exit.OK


def _tell(mailing: Mailing, report: Path | None, *, as_json: bool, reveal: bool) -> None:
    try:
        if report is not None:
            shown.write_report(report, mailing.results)
    finally:
        shown.show_results(mailing.results, as_json=as_json, reveal=reveal)


@contextlib.contextmanager
def _stopping(mailing: Mailing) -> Generator[None]:
    """Let the first Ctrl-C end what is under way and begin nothing more, and the second end everything at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def interrupt() -> None:
        if mailing.stopped:
            task.cancel()
        else:
            mailing.stop()
            output.note("Stopping after what is under way. Ctrl-C again ends it at once.")

    try:
        loop.add_signal_handler(signal.SIGINT, interrupt)
    except (NotImplementedError, RuntimeError, ValueError):  # On Windows, and in a thread.
        yield
        return
    try:
        yield
    except asyncio.CancelledError:
        if not mailing.stopped:
            raise
        task.uncancel()
        raise KeyboardInterrupt from None
    finally:
        loop.remove_signal_handler(signal.SIGINT)
