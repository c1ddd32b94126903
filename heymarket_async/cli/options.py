"""Options that several commands share."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from heymarket_async.errors import ArgumentError, ConfigurationError
from heymarket_async.phones import check_region, normal_phone

Json = Annotated[bool, Parameter(name="--json", show_default=False)]
UseSandbox = Annotated[bool, Parameter(name="--sandbox", show_default=False)]
Flag = Annotated[bool, Parameter(show_default=False)]
Count = Annotated[int, Parameter(validator=Number(gte=1))]
Limit = Annotated[int, Parameter(name=["--limit", "-n"], validator=Number(gte=1))]


def parse_rate_limit(text: str) -> int | None:
    """Return the requests in a minute that an option names; None for any number.

    Raises:
        ConfigurationError: it names none.
    """
    if text == "none":
        return None
    if text.isascii() and text.isdecimal() and 0 < len(text) <= 9 and int(text) >= 1:
        return int(text)
    raise ConfigurationError(f"--rate-limit must be a whole number from 1 on, or 'none', not {text!r}.")


def read_number(option: str, value: str, country: str | None) -> str:
    """Return a phone number that a person has typed, with its plus sign.

    Args:
        option: where it was typed.
        value: the number.
        country: as whose numbers it is read, where it has no country code.

    Raises:
        ConfigurationError: it is no number, or there is no such country.
    """
    check_country(country)
    try:
        return f"+{normal_phone(value, argument=option, region=country)}"
    except ArgumentError as error:
        what = error.message
    advice = "Write it with its country code, such as '+1 510 555 0101', or pass --region."
    raise ConfigurationError(what, advice=advice)


def check_country(country: str | None) -> None:
    """See that the numbers of a country can be read.

    Raises:
        ConfigurationError: they cannot.
    """
    try:
        check_region(country)
    except ConfigurationError as error:
        raise ConfigurationError(error.message.replace("default_region", "--region"), advice=error.advice) from None


def aware(moment: datetime | None) -> datetime | None:
    """Return a moment that a person has typed: in UTC, as tables show it, unless it says otherwise."""
    return moment if moment is None or moment.utcoffset() is not None else moment.replace(tzinfo=UTC)
