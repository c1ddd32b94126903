"""Who gets which text: checked as a whole, before anything is sent."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

import attrs

from heymarket_async import sms
from heymarket_async.arguments import LONGEST_TEXT, check_count, check_text
from heymarket_async.errors import ArgumentError
from heymarket_async.mailing.sheet import Row, RowProblem, Sheet, shown
from heymarket_async.mailing.template import Template
from heymarket_async.models.fields import personal
from heymarket_async.phones import check_region, normal_phone
from heymarket_async.values import mask

MOST_PARTS: Final = 10


@attrs.frozen(kw_only=True)
class Person:
    """Somebody who is to get a text.

    Attributes:
        line: the line of the file that the row begins in.
        phone: the number: E.164 digits without the plus sign.
        text: what it says.
        parts: how it travels, and what it costs.
    """

    line: int
    phone: str = personal()
    text: str = personal()
    parts: sms.Parts


@attrs.frozen(kw_only=True)
class Plan:
    """Who gets which text.

    Attributes:
        template: what the texts were made of.
        people: each number once, in the order of the rows.
        problems: what is wrong, in the order of the rows. A plan with problems cannot be carried out.
    """

    template: Template
    people: tuple[Person, ...] = attrs.field(repr=mask)
    problems: tuple[RowProblem, ...]

    @property
    def parts(self) -> int:
        """How many parts all texts have together."""
        return sum(person.parts.count for person in self.people)


def plan_mailing(
    sheet: Sheet,
    template: Template | str,
    *,
    phone_column: str = "phone",
    region: str | None = None,
    most_parts: int = MOST_PARTS,
) -> Plan:
    """Check all rows, and make the text of each.

    Args:
        sheet: the people.
        template: the text, with columns in braces. Every column in it must be there, and have a value in every row.
        phone_column: the column of the phone numbers.
        region: the two-letter country, such as `US`, whose national writing of numbers is legal too; it needs the extra
            `phones`.
        most_parts: parts that a text may have at the most.

    Returns:
        Who gets what, and all that is wrong with numbers, with values, and with rows that are the same person again,
        in whatever writing.

    Raises:
        ArgumentError: an argument makes no sense.
        ConfigurationError: there is no such region.
    """
    template = template if isinstance(template, Template) else Template(template)
    check_text("phone_column", phone_column)
    check_region(region)
    check_count("most_parts", most_parts)
    problems = [*sheet.problems, *_missing_columns(sheet, template, phone_column)]
    if not sheet.columns or len(problems) > len(sheet.problems):
        return Plan(template=template, people=(), problems=tuple(problems))
    people: list[Person] = []
    lines: dict[str, int] = {}
    for row in sheet.rows:
        wrong = list(_wrong_values(row, template))
        phone = _phone(row, phone_column, region)
        if isinstance(phone, RowProblem):
            wrong.append(phone)
        elif phone in lines:
            what = f"is the number of line {lines[phone]} again"
            wrong.append(RowProblem(line=row.line, column=shown(phone_column), what=what))
        else:
            lines[phone] = row.line
        text = "" if wrong else template.fill(row.values)
        if len(text) > LONGEST_TEXT:
            what = f"makes a text of {len(text):,} characters, and at most {LONGEST_TEXT:,} are possible"
            wrong.append(RowProblem(line=row.line, what=what))
        if not wrong and isinstance(phone, str):
            parts = sms.parts(text)
            people.append(Person(line=row.line, phone=phone, text=text, parts=parts))
            if parts.count > most_parts:
                what = f"makes a text of {parts.count} parts, and at most {most_parts} are allowed"
                wrong.append(RowProblem(line=row.line, what=what))
        problems += wrong
    problems.sort(key=lambda problem: problem.line)
    return Plan(template=template, people=tuple(people), problems=tuple(problems))


def _missing_columns(sheet: Sheet, template: Template, phone_column: str) -> Iterator[RowProblem]:
    if not sheet.columns:
        return
    there = ", ".join(shown(name) for name in sheet.columns if name)
    for name in dict.fromkeys([phone_column, *template.columns]):
        if name not in sheet.columns:
            yield RowProblem(line=1, column=name, what=f"is no column: there are {there}")


def _wrong_values(row: Row, template: Template) -> Iterator[RowProblem]:
    for name in template.columns:
        value = row.values[name]
        if not value:
            yield RowProblem(line=row.line, column=shown(name), what="is empty")
        elif any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in value):
            yield RowProblem(line=row.line, column=shown(name), what="holds a line break or a control character")


def _phone(row: Row, column: str, region: str | None) -> str | RowProblem:
    try:
        return normal_phone(row.values[column], argument="phone", region=region)
    except ArgumentError as error:
        what = error.message.removeprefix("phone ").rstrip(".")
    return RowProblem(line=row.line, column=shown(column), what=what)
