"""What a request may hold, and the refusal of one that holds anything else.

The kinds below describe JSON values; `requests.py` says which kinds each operation takes. Reading a value gives it back
in a form that operations can rely on: every key is a known one, every value is of its kind, and null counts as left
out, which is what a service written in Go makes of it.
"""

from __future__ import annotations

import abc
import difflib
import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, cast

import attrs

from heymarket_async.sandbox.records import Moment
from heymarket_async.sandbox.refusals import Refusal, bad_data

# What a signed 64-bit integer holds.
_LARGEST: Final = 2**63 - 1
# A key that looks like one may be repeated in a message; anything else could be a phone number or a text.
_SPEAKABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")
_ALIKE: Final = 0.5


class Kind(abc.ABC):
    """A kind of JSON value."""

    @abc.abstractmethod
    def read(self, value: Any, place: str, strict: bool) -> Any:
        """Return `value` as operations may use it.

        Args:
            value: JSON, not null.
            place: the key that holds it, such as `users[0].id`; empty for the body itself.
            strict: whether unknown keys are refused rather than ignored.

        Raises:
            Refusal: 400, with a message that names the key.
        """


@attrs.frozen
class Text(Kind):
    """A string.

    Attributes:
        options: the only ones that are legal; none for any string.
    """

    options: tuple[str, ...] = ()

    def read(self, value: Any, place: str, strict: bool) -> str:
        """Return the string."""
        if not isinstance(value, str):
            raise _wrong(place, "must be a string")
        if self.options and value not in self.options:
            raise _wrong(place, f"must be one of: {', '.join(self.options)}")
        return value


@attrs.frozen
class Time(Kind):
    """A string that is a time as in RFC 3339, or empty."""

    def read(self, value: Any, place: str, strict: bool) -> str:
        """Return the string."""
        if not isinstance(value, str) or not _is_time(value):
            raise _wrong(place, "must be an RFC 3339 time with a zone, such as 2026-04-12T15:30:00Z")
        return value


@attrs.frozen
class Whole(Kind):
    """An integer of 64 bits."""

    def read(self, value: Any, place: str, strict: bool) -> int:
        """Return the integer."""
        if type(value) is not int or not -_LARGEST <= value <= _LARGEST:
            raise _wrong(place, "must be an integer")
        return value


@attrs.frozen
class Flag(Kind):
    """True or false."""

    def read(self, value: Any, place: str, strict: bool) -> bool:
        """Return the boolean."""
        if not isinstance(value, bool):
            raise _wrong(place, "must be true or false")
        return value


@attrs.frozen
class Anything(Kind):
    """Any JSON value."""

    def read(self, value: Any, place: str, strict: bool) -> Any:
        """Return the value."""
        return value


@attrs.frozen
class Free(Kind):
    """An object with any keys."""

    def read(self, value: Any, place: str, strict: bool) -> dict[str, Any]:
        """Return the object."""
        if not isinstance(value, dict):
            raise _wrong(place, "must be an object")
        return {**value}


@attrs.frozen
class Either(Kind):
    """A value of any of some kinds, of which the first that fits is taken."""

    kinds: tuple[Kind, ...]

    def read(self, value: Any, place: str, strict: bool) -> Any:
        """Return the value as the first kind that takes it does, else refuse it as the last does."""
        for kind in self.kinds[:-1]:
            try:
                return kind.read(value, place, strict)
            except Refusal:
                continue
        return self.kinds[-1].read(value, place, strict)


@attrs.frozen
class ListOf(Kind):
    """An array.

    Attributes:
        item: what it holds.
        most: how many of them at the most; None for any number.
    """

    item: Kind
    most: int | None = None

    def read(self, value: Any, place: str, strict: bool) -> list[Any]:
        """Return the array."""
        if not isinstance(value, list):
            raise _wrong(place, "must be an array")
        items = cast(Sequence[Any], value)
        if self.most is not None and len(items) > self.most:
            raise _wrong(place, f"must hold at most {self.most}")
        return [self._read_item(item, f"{place}[{at}]", strict) for at, item in enumerate(items)]

    def _read_item(self, item: Any, place: str, strict: bool) -> Any:
        if item is None and not isinstance(self.item, Anything):
            raise _wrong(place, "must not be null")
        return self.item.read(item, place, strict)


def _frozen_names(names: Collection[str]) -> frozenset[str]:
    return frozenset(names)


@attrs.frozen
class Record(Kind):
    """An object with known keys.

    Attributes:
        keys: the kinds of their values.
        required: those that must be there, and not null.
        waived: those of them that some pages or integrators leave out, and that only strict reading asks for.
    """

    keys: Mapping[str, Kind]
    required: frozenset[str] = attrs.field(default=frozenset[str](), converter=_frozen_names)
    waived: frozenset[str] = attrs.field(default=frozenset[str](), converter=_frozen_names)

    def read(self, value: Any, place: str, strict: bool) -> dict[str, Any]:
        """Return an object of the known keys whose values are not null."""
        if not isinstance(value, dict):
            raise _wrong(place, "must be an object")
        given = cast(dict[str, Any], value)
        if strict:
            for key in given:
                if key not in self.keys:
                    raise unknown_key(key, place, self.keys)
        found = {
            key: kind.read(given[key], f"{place}.{key}" if place else key, strict)
            for key, kind in self.keys.items()
            if given.get(key) is not None
        }
        for key in sorted(self.required):
            if key not in found and (strict or key not in self.waived):
                raise _wrong(f"{place}.{key}" if place else key, "is required")
        return found

    def __or__(self, other: Record) -> Record:
        return Record({**self.keys, **other.keys}, self.required | other.required, self.waived | other.waived)


@attrs.frozen(kw_only=True)
class Takes:
    """What one operation takes.

    Attributes:
        body: what the body may be; None if there is to be none.
        needs_body: whether there must be one.
        query: the keys of the query, with kinds that `read_query` knows.
        needs: the keys of the query that must be there.
    """

    body: Kind | None = None
    needs_body: bool = True
    query: Mapping[str, Kind] = attrs.field(factory=dict[str, Kind])
    needs: frozenset[str] = attrs.field(default=frozenset[str](), converter=_frozen_names)

    def read_body(self, payload: Any, strict: bool) -> Any:
        """Return the body as the operation may use it; None if there is none.

        Raises:
            Refusal: 400 naming the key that is wrong.
        """
        if self.body is None:
            if strict and payload is not None:
                raise bad_data("This operation takes no body.")
            return None
        if payload is None:
            if self.needs_body:
                raise bad_data("This operation needs a JSON body.")
            return None
        if not is_plain(payload):
            raise bad_data("The body holds a number or a text that cannot be stored.")
        return self.body.read(payload, "", strict)

    def check_query(self, query: Mapping[str, str], strict: bool) -> None:
        """Let a good query pass.

        Raises:
            Refusal: 400 naming the key that is wrong.
        """
        for key, text in query.items():
            kind = self.query.get(key)
            if kind is not None:
                kind.read(_from_query(kind, text), key, strict)
            elif strict:
                raise unknown_key(key, "", self.query)
        for key in sorted(self.needs):
            if key not in query:
                raise _wrong(key, "is required in the query")


def unknown_key(key: str, place: str, known: Collection[str]) -> Refusal:
    """Return the refusal of a key that no page names, with the one that was perhaps meant."""
    where = f" in {place}" if place else ""
    if not _SPEAKABLE.fullmatch(key):
        return bad_data(f"There is a key{where} that this operation does not know{_list(known)}")
    alike = difflib.get_close_matches(key, known, 1, _ALIKE)
    hint = f"; did you mean {alike[0]}?" if alike else _list(known)
    return bad_data(f"Unknown key {key}{where}{hint}")


def is_plain(value: Any) -> bool:
    """Say whether all numbers and texts of a JSON value can be written as JSON again."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif not _is_plain_scalar(one):
            return False
    return True


def _is_plain_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -_LARGEST <= value <= _LARGEST


def _is_time(text: str) -> bool:
    try:
        Moment.read(text)
    except (ValueError, OverflowError):
        return not text
    return True


def _from_query(kind: Kind, text: str) -> Any:
    if isinstance(kind, Flag):
        return {"true": True, "false": False}.get(text)
    if isinstance(kind, Whole):
        return int(text) if _WHOLE.fullmatch(text) else None
    return text


def _list(known: Collection[str]) -> str:
    return f"; it knows {', '.join(sorted(known))}." if known else "; it knows none."


def _wrong(place: str, rule: str) -> Refusal:
    return bad_data(f"{place or 'The body'}: {rule}.")
