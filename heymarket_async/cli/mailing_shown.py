"""What `heymarket send-many` shows of a mailing: what is wrong, what would go out, and what became of everyone."""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from heymarket_async.cli import output
from heymarket_async.cli.columns import counted, number, personal, table
from heymarket_async.cli.send import in_words
from heymarket_async.cli.senders import Sender
from heymarket_async.mailing import Mailing, MailingResult, MailingState, Plan, RowProblem

_COLUMNS: Final[tuple[str, ...]] = ("line", "phone", "state", "parts", "local_id", "message_id", "earlier", "reason")


def show_problems(problems: Sequence[RowProblem], *, as_json: bool) -> None:
    """Show what is wrong with rows."""
    if as_json:
        output.show_json({"problems": problems})
    else:
        rows = ((each.line, each.column, each.what) for each in problems)
        output.show(table(("Line", "Column", "Problem"), rows))
    output.error(
        f"The file has {counted(len(problems), 'problem')}, so nothing was sent.",
        "Mend the rows, and run the command again.",
    )


def show_plan(plan: Plan, mailing: Mailing, sender: Sender, *, reveal: bool) -> None:
    """Show on stderr what would go out, and who is left out."""
    people = mailing.remaining
    states = Counter(result.state for result in mailing.results)
    output.note(f"From: {sender}")
    output.note(f"Text: {plan.template.text}")
    already = states[MailingState.SENT]
    if already:
        output.note(f"Sent by an earlier run: {already:,}")
    if states[MailingState.OPTED_OUT]:
        output.note(f"Left out, because they opted out or are blocked: {states[MailingState.OPTED_OUT]:,}")
    if states[MailingState.UNKNOWN]:
        output.note(f"Left out, because they may have it from an earlier run: {states[MailingState.UNKNOWN]:,}")
    parts = sum(person.parts.count for person in people)
    output.note(f"To send: {counted(len(people), 'text')} of {counted(parts, 'part')}")
    if not people:
        return
    longest = max(people, key=lambda person: person.parts.count)
    output.note(f"Longest: that of line {longest.line}, {in_words(longest.parts)}")
    forced = [person for person in people if person.parts.forced_by is not None]
    if forced:
        output.note(
            f"In UCS-2, which has less room: {counted(len(forced), 'text')}, first that of line {forced[0].line}, "
            f"{in_words(forced[0].parts)}"
        )
    if reveal:
        output.note(f"For instance, to {number(people[0].phone)}: {people[0].text}")


def show_results(results: Sequence[MailingResult], *, as_json: bool, reveal: bool) -> None:
    """Show what became of everyone: in JSON each, in a table those who have not got it, and how many there are."""
    if as_json:
        output.show_json([as_row(result) for result in results])
    else:
        missing = [result for result in results if result.state is not MailingState.SENT]
        if missing:
            rows = (
                (each.line, personal(number(each.phone), reveal=reveal), each.state.value, each.reason)
                for each in missing
            )
            output.show(table(("Line", "Number", "State", "Reason"), rows))
    states = Counter(result.state for result in results)
    output.note(", ".join(f"{state.value}: {states[state]:,}" for state in MailingState if states[state]) or "Nobody.")


def as_row(result: MailingResult) -> dict[str, Any]:
    """Return a result as reports have it."""
    return {**{name: getattr(result, name) for name in _COLUMNS}, "state": result.state.value}


def write_report(path: Path, results: Sequence[MailingResult]) -> None:
    """Write what became of everyone, for the owner of the file only, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    rows = [as_row(result) for result in results]
    if path.suffix == ".json":
        text = json.dumps(rows, indent=2) + "\n"
    else:
        written = io.StringIO()
        writer: csv.DictWriter[str] = csv.DictWriter(written, _COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
        text = written.getvalue()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", newline="") as file:
            file.write(text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
