"""Models as HTML tables for notebooks. Whatever the service sent is escaped; personal fields are masked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final, cast

import attrs

from heymarket_async.values import MASK, mask

_MOST_ROWS: Final = 20
_MOST_COLUMNS: Final = 12
_LONGEST: Final = 80
_ON_ONE_LINE: Final = 20  # as long as a time
_EXTRA: Final = "extra"


def table(value: object, *, revealed: bool = False) -> str:
    """Return a table of a model, a field in each row; or of several of them, one in each row.

    Args:
        value: a model, or a list or a tuple of models. Anything else is shown by its repr.
        revealed: show personal fields.
    """
    if _fields(value):
        return _of_one(value, revealed)
    several = isinstance(value, tuple | list)
    return _of_many(cast("Sequence[Any]", value) if several else (value,), revealed)


def in_full(value: object) -> str:
    """Return the repr of a model, or of several, with its personal fields, and without those that are empty."""
    if isinstance(value, tuple | list):
        items = [in_full(item) for item in cast("Sequence[object]", value)]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    if isinstance(value, Mapping):
        return repr(dict(cast("Mapping[str, Any]", value)))
    fields = _used(value)
    if not fields:
        return repr(value)
    return f"{type(value).__name__}({', '.join(f'{f.name}={in_full(getattr(value, f.name))}' for f in fields)})"


def _of_one(model: Any, revealed: bool) -> str:
    fields = _used(model)
    rows = [(_th(field.name), _td(_cell(field, model, revealed))) for field in fields]
    return _table([_th(type(model).__name__), _th("")], rows, _about_masks(fields, revealed))


def _of_many(items: Sequence[Any], revealed: bool) -> str:
    if not items:
        return "<p><em>no items</em></p>"
    shown = items[:_MOST_ROWS]
    if any(type(item) is not type(shown[0]) for item in shown) or not _fields(shown[0]):
        return _table([_th(_number(len(items), "item"))], [(_td(_short(repr(item))),) for item in shown], "")
    used = _used(*shown)
    fields = used[:_MOST_COLUMNS]
    rows = [tuple(_td(_cell(field, item, revealed)) for field in fields) for item in shown]
    notes = [f"{len(shown):,} of {len(items):,} shown" if len(shown) < len(items) else f"{len(items):,} in all"]
    if len(fields) < len(used):
        notes.append(_number(len(used) - len(fields), "more field"))
    notes.append(_about_masks(fields, revealed))
    return _table([_th(field.name) for field in fields], rows, "; ".join(filter(None, notes)))


def _about_masks(fields: Iterable[Any], revealed: bool) -> str:
    masked = not revealed and any(field.metadata.get("personal") for field in fields)
    return "reveal() shows what is masked" if masked else ""


def _cell(field: Any, model: Any, revealed: bool) -> str:
    value = getattr(model, field.name)
    if field.metadata.get("personal") and not revealed:
        return "" if _is_empty(value) else mask(value).strip("'")
    return _short(_words(value, revealed))


def _words(value: Any, revealed: bool) -> str:
    """Return a value as people write it. Of what nobody knows, masked, only the number is told."""
    if _is_empty(value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
    if _fields(value):
        return in_full(value) if revealed else f"{type(value).__name__}(id={getattr(value, 'id', MASK)!r})"
    if isinstance(value, Mapping):
        found = cast("Mapping[str, Any]", value)
        return json.dumps(dict(found), ensure_ascii=False, default=str) if revealed else _number(len(found), "key")
    if isinstance(value, tuple | list):
        several = cast("Sequence[Any]", value)
        if _fields(several[0]) and not revealed:
            return f"{len(several)} × {type(several[0]).__name__}"
        return ", ".join(_words(item, revealed) for item in several)
    return str(value)


def _fields(value: Any) -> tuple[Any, ...]:
    """Return the fields of a model; none of anything else."""
    kind = value.__class__
    return attrs.fields(kind) if attrs.has(kind) else ()


def _used(*models: Any) -> list[Any]:
    """Return the fields that hold something in one of some models of a kind."""
    return [field for field in _fields(models[0]) if any(not _is_empty(getattr(each, field.name)) for each in models)]


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count:,} {what}s"


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | tuple | list | Mapping) and not value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _th(text: str) -> str:
    return f'<th style="text-align: left">{escape(text)}</th>'


def _td(text: str) -> str:
    wrap = "; white-space: nowrap" if len(text) <= _ON_ONE_LINE else ""
    return f'<td style="text-align: left{wrap}">{escape(text)}</td>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], note: str) -> str:
    lines = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    below = f"<p><small>{escape(note)}</small></p>" if note else ""
    # The class is the one by which notebooks know tables of pandas, and give them their own look.
    return f'<table class="dataframe"><thead><tr>{"".join(head)}</tr></thead><tbody>{lines}</tbody></table>{below}'


def progress_bar(words: str, done: int, total: int | None, *, ended: bool) -> str:
    """Return a bar and words beside it. Where nobody knows the total, the bar only says that it goes on."""
    known = f' value="{done}" max="{max(total, done, 1)}"' if total else ' value="1" max="1"' if ended else ""
    return f"<progress{known}></progress> {escape(words)}"
