"""Reads what only makes sense in part of the values that a field may hold: phone numbers, times, numbers in a path.

That a field holds a text or an integer at all is seen to before: `contract.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from heymarket_async.sandbox.records import Moment
from heymarket_async.sandbox.refusals import Refusal, bad_data

Payload = Mapping[str, Any]
T = TypeVar("T")

_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
# Heymarket takes E.164 digits without the plus sign.
_PHONE: Final = re.compile(r"[1-9][0-9]{6,14}")


def phone(payload: Payload, name: str) -> str | None:
    """Return a phone number, or None where there is none; an empty text is none.

    Raises:
        Refusal: the field is not a number in the service's form.
    """
    value = payload.get(name)
    return check_phone(value, name) if value else None


def phones(payload: Payload, name: str) -> list[str]:
    """Return phone numbers, each once.

    Raises:
        Refusal: an element is not a number in the service's form.
    """
    values: list[Any] = payload.get(name) or []
    return list(dict.fromkeys(check_phone(value, name) for value in values))


def check_phone(value: Any, name: str) -> str:
    """Return a phone number as it is.

    Raises:
        Refusal: it is not in the service's form.
    """
    if not isinstance(value, str) or not _PHONE.fullmatch(value):
        raise Refusal(400, "invalid_phone_number", f"{name}: must be 7 to 15 digits with country code and without +.")
    return value


def moment(payload: Payload, name: str) -> Moment | None:
    """Return a time, or None where there is none; an empty text is none.

    Raises:
        Refusal: the field is not RFC 3339 with a zone.
    """
    value = payload.get(name)
    if not value:
        return None
    try:
        return Moment.read(value)
    except (ValueError, OverflowError):
        raise bad_data(f"{name}: must be an RFC 3339 time with a zone, such as 2026-04-12T15:30:00Z.") from None


def number(texts: Mapping[str, str], name: str) -> int | None:
    """Return the integer of a query or a path, or None where there is none.

    Raises:
        Refusal: it is no integer.
    """
    value = texts.get(name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise bad_data(f"{name}: must be an integer.")
    return int(value)


def require(value: T | None, name: str) -> T:
    """Return what a field holds.

    Raises:
        Refusal: the request lacks it.
    """
    if value is None:
        raise bad_data(f"{name}: is required.")
    return value
