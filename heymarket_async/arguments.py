"""Checks of arguments, made before any request. Each names the argument, what was wrong and what would be right."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from heymarket_async.errors import ArgumentError
from heymarket_async.values import MASK, is_word, kind_of

_LARGEST_ID: Final = 2**63 - 1
# The vendor names no bounds for texts. What is longer is no name and no message, but something else by mistake.
_LONGEST_LINE: Final = 1_000
_LONGEST_WAIT: Final = 1e9
LONGEST_TEXT: Final = 100_000
_LONGEST_URL: Final = 8_000  # https://www.rfc-editor.org/rfc/rfc9110#section-4.1
_LONGEST_ADDRESS: Final = 254  # https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3, without the angle brackets
_ADDRESS: Final = re.compile(r"[^@\s,:;<>()\"]+@[^@\s,:;<>()\"]+\.[^@\s,:;<>()\"]+")
_COLOR: Final = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_URL: Final = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


def wrong(argument: str, what: str, advice: str | None = None) -> ArgumentError:
    """Return the error that says what is wrong with an argument."""
    return ArgumentError(f"{argument} {what}.", argument=argument, advice=advice)


def _for_an_id(value: object) -> str:
    """Return what may have been meant in place of the number of a thing."""
    if isinstance(getattr(value, "id", None), int):
        return ": pass its id"
    return ": write the number without quotes" if isinstance(value, str) and value.isdecimal() else ""


def check_id(argument: str, value: object) -> int:
    """Return the number of a thing: an int from 1 on.

    Raises:
        ArgumentError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(argument, f"must be an int, not {kind_of(value)}{_for_an_id(value)}")
    if not 1 <= value <= _LARGEST_ID:
        raise wrong(argument, f"must be an int from 1 on, not {_shown(value)}")
    return int.__index__(value)


def check_ids(argument: str, value: object, *, at_least: int = 1, at_most: int | None = None) -> list[int]:
    """Return several numbers of things, each once.

    Raises:
        ArgumentError: it is not that, or there are too few or too many.
    """
    ids = [check_id(f"{argument}[{place}]", item) for place, item in _several(argument, value, at_least, at_most)]
    return list(dict.fromkeys(ids))


def check_uuid(argument: str, value: object) -> str:
    """Return a UUID in its usual writing.

    Raises:
        ArgumentError: it is none.
    """
    if not isinstance(value, str):
        raise wrong(argument, f"must be a str, not {kind_of(value)}")
    if not _UUID.fullmatch(value):
        raise wrong(argument, "is no UUID, such as 'a1b2c3d4-e5f6-4890-abcd-ef1234567890'")
    return value


def check_several(argument: str, value: object, *, at_least: int = 1, at_most: int | None = None) -> list[Any]:
    """Return the items of an argument that takes several.

    Raises:
        ArgumentError: it is not a sequence, or there are too few or too many.
    """
    return [item for _, item in _several(argument, value, at_least, at_most)]


def check_text(argument: str, value: object, *, longest: int | None = _LONGEST_LINE) -> str:
    """Return a text that is not empty.

    Args:
        argument: the name of the argument.
        value: the text.
        longest: characters at the most, None for any number.

    Raises:
        ArgumentError: it is no text, empty, or too long.
    """
    if not isinstance(value, str):
        raise wrong(argument, f"must be a str, not {kind_of(value)}")
    if all(sign.isspace() or unicodedata.category(sign) == "Cf" for sign in value):
        raise wrong(argument, "is empty")
    if longest is not None and len(value) > longest:
        raise wrong(argument, f"has {len(value)} characters; at most {longest} are possible")
    if "\0" in value:
        raise wrong(argument, "holds the character of number 0, which is none")
    if not _is_unicode(value):
        raise wrong(argument, "holds half a character (a lone surrogate)")
    return str.__str__(value)  # Of a class that only looks like str, such as a template engine's, JSON knows nothing.


def _is_unicode(text: str) -> bool:
    # Apart from the check, whose error would keep this one as its context, and this one holds the text.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_flag(argument: str, value: object) -> bool:
    """Return True or False.

    Raises:
        ArgumentError: it is neither.
    """
    if not isinstance(value, bool):
        raise wrong(argument, f"must be True or False, not {kind_of(value)}")
    return value


def check_count(argument: str, value: object, *, least: int = 1, most: int | None = None) -> int:
    """Return a whole number within bounds.

    Raises:
        ArgumentError: it is not.
    """
    most = _LARGEST_ID if most is None else most
    bounds = f"from {least} on" if most == _LARGEST_ID else f"from {least} to {most}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(argument, f"must be an int {bounds}, not {kind_of(value)}")
    if not least <= value <= most:
        raise wrong(argument, f"must be an int {bounds}, not {_shown(value)}")
    return int.__index__(value)


def check_seconds(argument: str, value: object) -> float:
    """Return a duration.

    Raises:
        ArgumentError: it is no number of seconds from 0 on.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_WAIT:
        raise wrong(argument, "must be a number of seconds from 0 on")
    return value


def check_choice(argument: str, value: object, choices: Sequence[str]) -> str:
    """Return one of several words.

    Raises:
        ArgumentError: it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise wrong(argument, f"must be one of {', '.join(map(repr, choices))}")
    return str.__str__(value)


def check_url(argument: str, value: object) -> str:
    """Return a URL that the service can fetch.

    Raises:
        ArgumentError: it does not begin with http:// or https://, or has no host.
    """
    text = check_text(argument, value, longest=_LONGEST_URL)
    if not _URL.fullmatch(text):
        raise wrong(argument, "must be a public URL that begins with https:// or http://")
    return text


def check_color(argument: str, value: object) -> str:
    """Return a colour in hexadecimal.

    Raises:
        ArgumentError: it is none.
    """
    text = check_text(argument, value)
    if not _COLOR.fullmatch(text):
        raise wrong(argument, "is no colour in hexadecimal, such as '#FFD700'")
    return text


def check_method(value: object) -> str:
    """Return an HTTP method in capitals.

    Raises:
        ArgumentError: it cannot.
    """
    if not isinstance(value, str) or not value.isascii() or not value.isalpha():
        raise wrong("method", "must be an HTTP method, such as 'GET'")
    return value.upper()


def check_params(value: object) -> tuple[tuple[str, str | int], ...]:
    """Return the names and values of a query.

    Raises:
        ArgumentError: it is no mapping of texts to texts and whole numbers.
    """
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise wrong("params", f"must be a dict, not {kind_of(value)}")
    pairs: list[tuple[str, str | int]] = []
    for name, item in cast("Mapping[object, object]", value).items():
        if not isinstance(name, str) or isinstance(item, bool) or not isinstance(item, str | int):
            raise wrong("params", "must hold texts and whole numbers by name; write anything else as a text")
        if isinstance(item, int) and item.bit_length() > _LARGEST_ID.bit_length():
            raise wrong("params", f"holds a number that is too large, {_shown(item)}")
        pairs.append((name, item))
    return tuple(pairs)


def check_json(value: object) -> None:
    """See that nothing in a body would be written as something else: a NaN as null, bytes as a text.

    Raises:
        ArgumentError: something would.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise wrong("json", f"holds {value}, for which JSON has no word")
    if isinstance(value, bytes | bytearray):
        raise wrong("json", f"holds {type(value).__name__}: write them as a text")
    inside: Iterable[object] = ()
    if isinstance(value, Mapping):
        inside = cast("Mapping[object, object]", value).values()
    elif isinstance(value, list | tuple | set | frozenset):
        inside = cast("Iterable[object]", value)
    for item in inside:
        try:
            check_json(item)
        except RecursionError:
            raise wrong("json", "is nested too deeply, or holds itself") from None


def masked_path(path: str) -> str:
    """Return a path as an error may show it: what does not look like a name may be a phone number."""
    return "/".join(part if not part or is_word(part) else MASK for part in path.split("/"))


def check_path(value: object) -> None:
    """See that this is a path of the service.

    Raises:
        ArgumentError: it is not, or it holds more than a path.
    """
    if not isinstance(value, str) or not value.startswith("/") or value.startswith("//"):
        raise wrong("path", "must begin with one slash, such as '/v1/inboxes'")
    if not value.isascii() or not value.isprintable() or any(mark in value for mark in "?# "):
        raise wrong("path", "must be percent-encoded and hold neither query nor fragment", "Pass the query as params=.")


def check_address(argument: str, value: object) -> str:
    """Return an e-mail address.

    Raises:
        ArgumentError: it is none.
    """
    text = check_text(argument, value, longest=_LONGEST_ADDRESS)
    if not _ADDRESS.fullmatch(text):
        raise wrong(argument, "is no e-mail address, such as 'sam@example.com'")
    return text


def check_addresses(argument: str, value: object, *, at_least: int = 1) -> list[str]:
    """Return several e-mail addresses, each once.

    Raises:
        ArgumentError: it is not that, or there are too few.
    """
    several = _several(argument, value, at_least, None)
    return list(dict.fromkeys(check_address(f"{argument}[{place}]", item) for place, item in several))


def check_time(argument: str, value: object) -> datetime:
    """Return a moment: a datetime with a time zone.

    Raises:
        ArgumentError: it is no datetime, has no time zone, or lies beyond the years that UTC can tell.
    """
    if not isinstance(value, datetime):
        raise wrong(argument, f"must be a datetime, not {kind_of(value)}")
    if value.utcoffset() is None:
        raise wrong(
            argument,
            "has no time zone",
            "Make it aware: datetime(..., tzinfo=UTC), or .astimezone() for local time.",
        )
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise wrong(argument, "lies outside the years 1 to 9999 in UTC") from None
    return value


def rfc3339(moment: datetime) -> str:
    """Return a moment as the service writes it, such as `2026-04-12T15:30:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def exactly_one(what: str, choices: dict[str, object]) -> str:
    """Return the name of the one argument that was given.

    Args:
        what: what the arguments stand for, such as `target`.
        choices: the arguments by name, None for one that was not given.

    Raises:
        ArgumentError: none was given, or several.
    """
    given = [name for name, value in choices.items() if value is not None]
    if len(given) == 1:
        return given[0]
    names = ", ".join(choices)
    if not given:
        raise ArgumentError(f"There is no {what}: pass one of {names}.", argument=what)
    raise ArgumentError(f"{' and '.join(given)} exclude each other: pass one {what}.", argument=given[1])


def _shown(number: int) -> str:
    """Return a number as text, which Python refuses to make of thousands of digits."""
    return str(number) if number.bit_length() <= 64 else f"one of {number.bit_length()} bits"


def _several(argument: str, value: object, at_least: int, at_most: int | None) -> Iterable[tuple[int, Any]]:
    if not isinstance(value, list | tuple):
        raise wrong(argument, f"must be a list or a tuple, not {kind_of(value)}")
    items = cast("list[Any]", value)
    if len(items) < at_least:
        raise wrong(argument, "is empty" if at_least == 1 else f"must hold at least {at_least}")
    if at_most is not None and len(items) > at_most:
        raise wrong(argument, f"holds {len(items)}; at most {at_most} are possible")
    return enumerate(items)
