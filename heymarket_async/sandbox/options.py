"""Checks of what a test gives to an answer, for attrs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, get_args

import attrs

from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import wire


def wrong(owner: object, field: attrs.Attribute[Any], rule: str) -> ConfigurationError:
    """Return the error for an argument."""
    return ConfigurationError(f"{type(owner).__name__}({field.alias}=...) {rule}.")


def check_seconds(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Take a duration."""
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise wrong(owner, field, "must be a number of seconds, 0 or more")


def check_count(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Take a number of things, perhaps none."""
    if type(value) is not int or value < 0:
        raise wrong(owner, field, "must be an int, 0 or more")


def check_positive(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Take a number of things, at least one."""
    if type(value) is not int or value < 1:
        raise wrong(owner, field, "must be an int, 1 or more")


def check_share(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Take a probability."""
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise wrong(owner, field, "must be a number from 0 to 1")


def check_waits(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Take durations in a row, perhaps none."""
    if not isinstance(value, tuple):
        raise wrong(owner, field, "must be a tuple of seconds")
    for seconds in value:  # pyright: ignore[reportUnknownVariableType] - each is checked
        check_seconds(owner, field, seconds)


def check_flag(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Take True or False."""
    if type(value) is not bool:
        raise wrong(owner, field, "must be True or False")


def check_word(words: Any) -> Callable[[object, attrs.Attribute[Any], Any], None]:
    """Return the check that takes the words of a `Literal`."""

    def check(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
        if value not in get_args(words):
            raise wrong(owner, field, f"must be one of: {', '.join(map(repr, get_args(words)))}")

    return check


def check_bytes(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Take some bytes."""
    if not isinstance(value, bytes) or not value:
        raise wrong(owner, field, "must be bytes, at least one")


def check_status(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Take the status of a final answer."""
    if type(value) is not int or not 200 <= value <= 999:
        raise wrong(owner, field, "must be an int from 200 to 999")


def check_interim(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    """Take the status of an answer before the final one."""
    if type(value) is not int or not 100 <= value <= 199:
        raise wrong(owner, field, "must be an int from 100 to 199")


def check_headers(owner: object, field: attrs.Attribute[Any], value: Mapping[str, str | None]) -> None:
    """Take headers that HTTP allows."""
    if not all(wire.is_header(name, text or "") for name, text in value.items()):
        raise wrong(owner, field, "has a name or a value that no HTTP header can have")


def check_header_value(owner: object, field: attrs.Attribute[Any], value: str) -> None:
    """Take the value of the header that has the name of the field."""
    if not wire.is_header(field.name, value):
        raise wrong(owner, field, "is not a value that an HTTP header can have")
