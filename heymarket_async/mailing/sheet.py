"""The people of a mailing as they come: a CSV file, read strictly, with what is wrong in it row by row."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from heymarket_async.arguments import check_text, wrong
from heymarket_async.models.fields import mapping
from heymarket_async.values import MASK, is_word, mask

_DELIMITERS: Final = ",;\t"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@attrs.frozen(kw_only=True)
class RowProblem:
    """What is wrong with a row. It holds no value of the row.

    Attributes:
        line: the line of the file that the row begins in, from 1 on.
        column: the column, if it is one.
        what: what is wrong, as the end of a sentence that begins with the column or the row.
    """

    line: int
    column: str | None = None
    what: str


@attrs.frozen(kw_only=True)
class Row:
    """A row.

    Attributes:
        line: the line of the file that it begins in, from 1 on.
        values: its cells by column, without white space around them.
    """

    line: int
    values: Mapping[str, str] = mapping()


@attrs.frozen(kw_only=True)
class Sheet:
    """A table of people.

    Attributes:
        columns: the names of its columns. The repr shows how many they are: a file without a head has a person there.
        rows: its rows, without empty ones.
        problems: what is wrong with it.
    """

    columns: tuple[str, ...] = attrs.field(repr=mask)
    rows: tuple[Row, ...] = attrs.field(repr=mask)
    problems: tuple[RowProblem, ...] = ()


def read_sheet(data: bytes, *, encoding: str = "utf-8") -> Sheet:
    """Read a CSV file, whose first row names the columns. Commas, semicolons and tabs may divide them.

    Args:
        data: what is in the file.
        encoding: its encoding. A byte order mark goes before it.

    Returns:
        Its rows, and what is wrong with it. Rows with a problem are left out.

    Raises:
        ArgumentError: there is no such encoding.
    """
    text = _decoded(data, encoding)
    if not isinstance(text, str):
        return Sheet(columns=(), rows=(), problems=tuple(text))
    lines = _lines(text)
    _, head = next(lines, (1, ()))
    if not isinstance(head, Sequence) or not any(name.strip() for name in head):
        what = "is no row of column names" if isinstance(head, Sequence) else str(head)
        return Sheet(columns=(), rows=(), problems=(RowProblem(line=1, what=what),))
    columns = tuple(name.strip() for name in head)
    problems = [
        RowProblem(line=1, column=shown(name), what="is the name of several columns")
        for name, times in Counter(filter(None, columns)).items()
        if times > 1
    ]
    rows: list[Row] = []
    for line, cells in lines:
        if isinstance(cells, csv.Error):
            problems.append(RowProblem(line=line, what=f"is not CSV: {cells}"))
        elif any(cell.strip() for cell in cells):
            if len(cells) == len(columns) or (len(cells) > len(columns) and not any(cells[len(columns) :])):
                values = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}
                rows.append(Row(line=line, values=values))
            else:
                much = "few" if len(cells) < len(columns) else "many"
                what = f"has too {much} cells: {len(cells)} for {len(columns)} columns"
                problems.append(RowProblem(line=line, what=what))
    if not rows and not problems:
        problems.append(RowProblem(line=1, what="is the only row: there are no people"))
    return Sheet(columns=columns, rows=tuple(rows), problems=tuple(problems))


def shown(column: str) -> str:
    """Return the name of a column as an error may show it: what does not look like a name may be a person's data."""
    return column if is_word(column.replace(" ", "_")) else MASK


def _decoded(data: bytes, encoding: str) -> str | list[RowProblem]:
    """Return the text of a file, or each line that is not in this encoding."""
    if data.startswith(_UTF_16):
        encoding = "utf-16"
    elif data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    try:
        return data.decode(check_text("encoding", encoding))
    except LookupError:
        pass
    except UnicodeError:
        return list(_undecodable(data, encoding))
    raise wrong("encoding", "is not known to Python", "Pass one such as 'utf-8', 'cp1252' or 'latin-1'.")


def _undecodable(data: bytes, encoding: str) -> Iterator[RowProblem]:
    found = False
    for line, part in enumerate(data.splitlines(), 1):
        try:
            part.decode(encoding)
        except UnicodeError as error:
            place = getattr(error, "start", 0) + 1
            yield RowProblem(line=line, what=f"is not {encoding.upper()}: byte {place} of it is no character")
            found = True
    if not found:  # In UTF-16, lines are not divided by bytes.
        yield RowProblem(line=1, what=f"is not {encoding.upper()}, or ends within a character")


def _lines(text: str) -> Iterator[tuple[int, Sequence[str] | csv.Error]]:
    """Yield the rows with the line that each begins in; an error is the last."""
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        yield line, error
