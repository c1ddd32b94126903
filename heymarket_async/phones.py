"""Phone numbers in any usual writing, and the one form that the service takes.

The service takes E.164 digits without the plus sign, such as `15105550101`.
https://developers.heymarket.com/concepts/contacts
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from heymarket_async.errors import ArgumentError, ConfigurationError
from heymarket_async.values import kind_of

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

# ITU-T E.164: at most 15 digits. No country's numbers have fewer than 7 with their country code.
_E164: Final = re.compile(r"[1-9][0-9]{6,14}")
# The North American plan: area code and exchange begin with 2 to 9.
_NORTH_AMERICA: Final = re.compile(r"1[2-9][0-9]{2}[2-9][0-9]{6}")
# Eleven digits and more, and no zero in front: a country code is there. With fewer it may or may not be. No country has
# a code that begins with 89: that is how Russians write a mobile number at home.
_LONG_WITHOUT_PLUS: Final = re.compile(r"(?!89)[1-9][0-9]{10,}")
_WIDE: Final = {0xFF01 + place: 0x21 + place for place in range(94)}  # As East Asian keyboards write ASCII.
_PUNCTUATION: Final = frozenset("()[]-./~\u00b7\u2022\u2212")
_LONGEST: Final = 1_000
_SCHEME: Final = re.compile(r"\Atel:", re.IGNORECASE)
_EXTENSION: Final = re.compile(r".(ext|x|#)[ .:=]*[0-9]{1,7}\Z", re.IGNORECASE)
# What a spreadsheet makes of a number, and two numbers in one. Joined, they would be the number of somebody else.
_TAIL: Final = re.compile(r".(\.0|/ *[0-9])\Z")


def normal_phone(value: object, *, argument: str = "phone_number", region: str | None = None) -> str:
    """Return a phone number in the service's form: E.164 digits without the plus sign.

    Args:
        value: the number in any usual writing, such as `+1 (510) 555-0101`, `1-510-555-0101` or `15105550101`.
        argument: the name of the argument that it came in, for the error.
        region: the two-letter country whose national writing is legal too, such as `US`. It needs the extra `phones`.
            Eleven digits and more count as national only where the country writes its numbers like that.

    Raises:
        ArgumentError: it is no phone number, or a national one and there is no region.

    https://developers.heymarket.com/concepts/contacts
    """
    if not isinstance(value, str):
        raise _wrong(argument, f"must be a str, not {kind_of(value)}")
    if len(value) > _LONGEST:
        raise _wrong(argument, f"has {len(value)} characters, which is no phone number")
    text = _SCHEME.sub("", _visible(value))
    if _EXTENSION.search(text):
        raise _wrong(argument, "has an extension, which no text can reach: leave it out")
    if _TAIL.search(text):
        raise _wrong(argument, "ends in something that is no part of a phone number")
    digits = "".join(sign for sign in text if not _separates(sign))
    international = digits.startswith(("+", "00"))
    digits = digits.removeprefix("+") if digits.startswith("+") else digits.removeprefix("00")
    if not digits.isascii() or not digits.isdecimal():
        raise _wrong(argument, "holds something that is no part of a phone number" if digits else "is empty")
    if international and "(0)" in text:
        raise _wrong(argument, "holds (0), which is dialled at home only: leave it out")
    if region is not None and not international:
        digits, international = _national(digits, argument, region), True
    if digits.startswith("0") or not (international or _LONG_WITHOUT_PLUS.fullmatch(digits)):
        raise _wrong(argument, "seems to lack its country code")
    if not _E164.fullmatch(digits):
        raise _wrong(argument, f"has {len(digits)} digits where a number with its country code has 7 to 15")
    if digits.startswith("1") and not _NORTH_AMERICA.fullmatch(digits):
        raise _wrong(argument, "begins with 1, but is no number of North America")
    return digits


def _visible(value: str) -> str:
    """Return a text without what is not seen, such as comes along from contact cards, and with the digits of ASCII."""
    seen = (sign for sign in value.translate(_WIDE) if unicodedata.category(sign) != "Cf")
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in seen).strip()


def _separates(sign: str) -> bool:
    """Say whether a sign only makes a number readable: a space, a dash, or what is written between groups of digits."""
    return sign in _PUNCTUATION or unicodedata.category(sign) in ("Zs", "Pd")


def check_region(value: object) -> str | None:
    """Return a region whose national numbers can be read.

    Raises:
        ConfigurationError: there is no such region, or the library that knows regions is not installed.
    """
    if value is None:
        return None
    try:
        import phonenumbers
    except ImportError:
        raise ConfigurationError(
            "default_region needs the phonenumbers library.", advice="pip install 'heymarket-async[phones]'"
        ) from None
    if not isinstance(value, str) or value not in phonenumbers.SUPPORTED_REGIONS:
        raise ConfigurationError("default_region must be a two-letter country in capitals, such as 'US'.")
    return value


def _national(digits: str, argument: str, region: str) -> str:
    """Read digits as written in `region`, or as the service writes them, which is how they come out of replies."""
    from phonenumbers import (
        PhoneNumberFormat,
        ValidationResult,
        format_number,
        is_possible_number_with_reason,
        is_valid_number,
        normalize_digits_only,
    )

    home = _parsed(digits, region)
    abroad = _parsed(f"+{digits}", region) if _LONG_WITHOUT_PLUS.fullmatch(digits) else None
    as_at_home = home and normalize_digits_only(format_number(home, PhoneNumberFormat.NATIONAL)) == digits
    readings = [number for number in ((home, abroad) if as_at_home else (abroad, home)) if number]
    possible = [each for each in readings if is_possible_number_with_reason(each) == ValidationResult.IS_POSSIBLE]
    for number in sorted(possible, key=is_valid_number, reverse=True):
        return format_number(number, PhoneNumberFormat.E164).removeprefix("+")
    raise _wrong(argument, f"is no phone number that can be texted, even as written in {region}")


def _parsed(text: str, region: str) -> PhoneNumber | None:
    import phonenumbers

    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _wrong(argument: str, what: str) -> ArgumentError:
    return ArgumentError(
        f"{argument} {what}.",
        argument=argument,
        advice="Write it with its country code, such as '+1 510 555 0101', or set default_region on the session.",
    )
