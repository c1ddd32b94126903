"""What a text costs: in how many parts it travels, in which encoding, and which character is to blame.

    >>> sms.parts("Your order has shipped.")
    Parts(encoding='GSM-7', count=1, used=23, left=137, segments=(••• ×1), forced_by=None)

Carriers bill each part. A text of the GSM alphabet has 160 characters in one part, or 153 in each of several, because
7 tell the phone how to join them. One character beyond that alphabet, and the whole text is UCS-2: 70, or 67. Heymarket
does not say how it encodes texts, so this is what the standard gives.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final, Literal

import attrs

from heymarket_async.arguments import LONGEST_TEXT, wrong
from heymarket_async.models.fields import personal

Encoding = Literal["GSM-7", "UCS-2"]

# The default alphabet in the order of its codes, 16 in a line; \x1b announces a character of the extension.
# 3GPP TS 23.038, 6.2.1: https://www.3gpp.org/dynareport/23038.htm
# As a table with Unicode: https://www.unicode.org/Public/MAPPINGS/ETSI/GSM0338.TXT
ALPHABET: Final = (
    "@£$¥èéùìòÇ\nØø\rÅå"  # 0x00
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"  # 0x10
    " !\"#¤%&'()*+,-./"  # 0x20
    "0123456789:;<=>?"  # 0x30
    "¡ABCDEFGHIJKLMNO"  # 0x40
    "PQRSTUVWXYZÄÖÑÜ§"  # 0x50
    "¿abcdefghijklmno"  # 0x60
    "pqrstuvwxyzäöñüà"  # 0x70
)
# The extension, by the code that follows the escape: each takes the room of two. 3GPP TS 23.038, 6.2.1.1
EXTENSION: Final = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

# Room in the only part, and in each of several, whose header takes 6 bytes of 140. 3GPP TS 23.040, 9.2.3.24.1
_ROOM: Final[dict[Encoding, tuple[int, int]]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
_COST: Final = dict.fromkeys(ALPHABET.replace("\x1b", ""), 1) | dict.fromkeys(EXTENSION.values(), 2)
_HALF: Final = re.compile("[\ud800-\udfff]")

# What word processors and phones write of their own accord, and what a keyboard has in its place.
_PLAIN: Final = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201a": "'",
    "\u201b": "'",
    "\u2032": "'",
    "\u00b4": "'",
    "`": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "\u2033": '"',
    "\u00ab": '"',
    "\u00bb": '"',
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2015": "-",
    "\u2212": "-",
    "\u2022": "-",
    "\u00b7": "-",
    "\u2026": "...",
    "\u00d7": "x",
    "\u00a9": "(c)",
    "\u00ae": "(R)",
    "\t": " ",
}


@attrs.frozen(kw_only=True, weakref_slot=False)
class Forcing:
    """The first character of a text that no part of the GSM alphabet holds.

    Attributes:
        character: the character.
        position: how many characters stand before it.
        name: its name in Unicode, such as `RIGHT SINGLE QUOTATION MARK`; empty if it has none.
        suggestion: what the alphabet has in its place, which may be nothing at all; None if it has nothing of the kind.
    """

    character: str
    position: int
    name: str = ""
    suggestion: str | None = None


@attrs.frozen(kw_only=True, weakref_slot=False)
class Parts:
    """How a text travels. The repr does not show the text.

    Attributes:
        encoding: `GSM-7`, or `UCS-2` if a character needs it.
        count: parts, each of which is billed; 0 for an empty text.
        used: room that the text takes over all parts, in septets of GSM-7 or in 16-bit units of UCS-2.
        left: room in the last part: so much more can be written before there is another part.
        segments: the text of each part.
        forced_by: the character that made it UCS-2, if one did.
    """

    encoding: Encoding
    count: int
    used: int
    left: int
    segments: tuple[str, ...] = personal(())
    forced_by: Forcing | None = None


def parts(text: str) -> Parts:
    """Return in how many parts a text travels, and why.

    Args:
        text: the text, 100,000 characters at the most.

    Returns:
        Its encoding, and the parts. A character that takes the room of two is never divided between parts.

    Raises:
        ArgumentError: it is no text, too long, or holds half of a surrogate pair, which nobody can send.
    """
    _check(text)
    forced_by = _forcing(text)
    encoding: Encoding = "GSM-7" if forced_by is None else "UCS-2"
    cost = _COST.__getitem__ if forced_by is None else _units
    segments = _segments(text, _ROOM[encoding], cost)
    room = _ROOM[encoding][len(segments) > 1]
    return Parts(
        encoding=encoding,
        count=len(segments),
        used=sum(map(cost, text)),
        left=room - sum(map(cost, segments[-1])) if segments else room,
        segments=segments,
        forced_by=forced_by,
    )


def suggestion(character: str) -> str | None:
    """Return what the GSM alphabet has in place of a character; None if it has nothing of the kind.

    Args:
        character: one character that the alphabet does not have.
    """
    if unicodedata.category(character) == "Cf":
        return ""  # It is not seen.
    if unicodedata.category(character) == "Zs":
        return " "
    if character in _PLAIN:
        return _PLAIN[character]
    # An accent less, or the plain form of a letter that is only written otherwise.
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", character) if not unicodedata.combining(sign))
    return bare if bare and bare != character and all(sign in _COST for sign in bare) else None


def _check(text: object) -> None:
    if not isinstance(text, str):
        raise wrong("text", f"must be a str, not {type(text).__name__}")
    if len(text) > LONGEST_TEXT:
        raise wrong("text", f"has {len(text)} characters; at most {LONGEST_TEXT} are possible")
    if _HALF.search(text):
        raise wrong("text", "holds half of a surrogate pair, which is no character")


def _forcing(text: str) -> Forcing | None:
    for position, character in enumerate(text):
        if character not in _COST:
            name = unicodedata.name(character, "")
            return Forcing(character=character, position=position, name=name, suggestion=suggestion(character))
    return None


def _units(character: str) -> int:
    """Return how many 16-bit units a character takes: two beyond the first plane, a surrogate pair."""
    return 1 + (ord(character) > 0xFFFF)


def _segments(text: str, room: tuple[int, int], cost: Callable[[str], int]) -> tuple[str, ...]:
    alone, joined = room
    if sum(map(cost, text)) <= alone:
        return (text,) if text else ()
    cuts, used = [0], 0
    for place, character in enumerate(text):
        if used + cost(character) > joined:
            cuts.append(place)
            used = 0
        used += cost(character)
    return tuple(text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True))
