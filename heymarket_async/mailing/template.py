"""The text of a mailing, with the names of columns in braces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

from heymarket_async.arguments import LONGEST_TEXT, check_text, wrong
from heymarket_async.errors import ArgumentError
from heymarket_async.models.fields import personal

# A doubled brace, a column, a brace alone, or what stands between them.
_PIECES: Final = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<column>[^{}]*)\}|(?P<alone>[{}])|(?P<words>[^{}]+)")
# What the service fills in, but only in texts of its own: a template, or a send to a list.
# https://developers.heymarket.com/api-reference/templates/manage
_MERGE_TOKEN: Final = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


@attrs.frozen(repr=False)
class Template:
    """A text in which `{first_name}` stands for the value of that column. `{{` and `}}` stand for single braces.

    Args:
        text: the text.

    Raises:
        ArgumentError: it is empty or too long, a brace stands alone, or it has a merge token of the service, such as
            `{{first_name}}`, which nobody would fill in.
    """

    text: str = personal(default=attrs.NOTHING)
    columns: tuple[str, ...] = attrs.field(init=False)
    _pieces: tuple[tuple[str, bool], ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        pieces = tuple(_parse(check_text("template", self.text, longest=LONGEST_TEXT)))
        object.__setattr__(self, "_pieces", pieces)
        object.__setattr__(self, "columns", tuple(dict.fromkeys(piece for piece, is_column in pieces if is_column)))

    def __repr__(self) -> str:
        return f"<Template of {len(self.text)} characters and {len(self.columns)} columns>"

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text for one person.

        Args:
            values: the value of each of `columns`, and perhaps more.
        """
        return "".join(values[piece] if is_column else piece for piece, is_column in self._pieces)


def _parse(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of a template, and of each whether it is a column."""
    token = _MERGE_TOKEN.search(text)
    if token is not None:
        raise wrong(
            "template",
            f"has {{{{{token[1]}}}}} at character {token.start() + 1}, which nobody fills in here",
            f"Write {{{token[1]}}} for the column of that name.",
        )
    pieces: list[tuple[str, bool]] = []
    for match in _PIECES.finditer(text):
        if match["alone"]:
            raise _lonely(match)
        if match["column"] is not None:
            pieces.append((_column(match), True))
        else:
            pieces.append((match["words"] or match["brace"][0], False))
    return pieces


def _column(match: re.Match[str]) -> str:
    name = match["column"].strip()
    if not name:
        raise wrong("template", f"has {{}} without a name at character {match.start() + 1}")
    return name


def _lonely(match: re.Match[str]) -> ArgumentError:
    return wrong(
        "template",
        f"has a single {match[0]} at character {match.start() + 1}",
        f"Write {{column}} for a column, and {match[0] * 2} for a brace in the text.",
    )
