"""Digests of things, by which a checkpoint knows them again without knowing what they say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import attrs
import msgspec

from heymarket_async.values import Extra

# Of a whole thing, as many bytes as two different ones never share; of one field, so few that they do not tell it.
_WHOLE: Final = 9
_FIELD: Final = 3
_CLOSED: Final = "closed"
_EXTRA: Final = "extra"


def _plain(value: Any) -> Any:
    if isinstance(value, Extra):
        return dict(value)
    raise NotImplementedError(type(value).__name__)  # No model holds anything else that is not plain.


_encode = msgspec.json.Encoder(enc_hook=_plain, order="deterministic").encode


@lru_cache(maxsize=64)
def layout_of(model: type[attrs.AttrsInstance], aside: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the fields of which the marks of a thing consist.

    Args:
        model: its class.
        aside: fields that are left out.
    """
    return (*(field.name for field in attrs.fields(model) if field.name not in ("id", *aside)), _CLOSED)


def whole_of(item: Any, closed: bool | None, layout: Sequence[str]) -> bytes:
    """Return a digest of a whole thing."""
    return _digest([*_values(item, closed, layout)], _WHOLE)


def marks_of(item: Any, closed: bool | None, layout: Sequence[str]) -> bytes:
    """Return the digests of the fields of a thing, one after another."""
    return b"".join(_digest(value, _FIELD) for value in _values(item, closed, layout))


def differing(old: bytes, old_layout: Sequence[str], new: bytes, new_layout: Sequence[str]) -> tuple[str, ...] | None:
    """Return the fields whose marks differ.

    Where the layouts differ, because the library has learnt of fields since, only those count that are in both, and
    None is returned if all those are the same. Then `extra`, from which fields may have come, does not count.
    """
    if old_layout == new_layout:
        return tuple(
            name for name, mark in _by_name(new, new_layout).items() if mark != _by_name(old, old_layout)[name]
        )
    before, after = _by_name(old, old_layout), _by_name(new, new_layout)
    both = (before.keys() & after.keys()) - {_EXTRA}
    return tuple(name for name in new_layout if name in both and before[name] != after[name]) or None


def _by_name(marks: bytes, layout: Sequence[str]) -> dict[str, bytes]:
    return {name: marks[at * _FIELD : (at + 1) * _FIELD] for at, name in enumerate(layout)}


def _values(item: Any, closed: bool | None, layout: Sequence[str]) -> list[Any]:
    return [closed if name == _CLOSED else getattr(item, name) for name in layout]


def _digest(value: Any, size: int) -> bytes:
    return blake2b(_written(value), digest_size=size).digest()


def _written(value: Any) -> bytes:
    try:
        return _encode(value)
    except UnicodeEncodeError:  # JSON can say half an emoji, which UTF-8 cannot.
        plain = msgspec.to_builtins(value, enc_hook=_plain, order="deterministic")
        return json.dumps(plain).encode()
