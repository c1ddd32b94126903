"""What must be seen nowhere: secrets, tokens, phone numbers, names and texts, as they go through a test."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

import attrs

import heymarket_async
from heymarket_async.values import MASK

# Not taken from the models, which may forget to mask one.
NUMBERS: Final = {"forward_number", "phone", "phoneNumber", "phone_number", "phones", "target", "targets"}
CHANGED_NUMBERS: Final = {"add_phone", "add_phones", "channel_id", "channel_ids", "remove_phone", "remove_phones"}
ADDRESSES: Final = {"add_emails", "creator_email", "email", "emails", "invited", "remove_emails"}
NAMES: Final = {"author", "channel_handle", "conv_name", "display_name", "first", "first_name", "last", "last_name"}
TEXTS: Final = {"conv_title", "custom", "info_channel", "note", "question", "raw_error", "raw_text", "text"}
LINKS: Final = {"avatar", "link_url", "media", "media_url"}
PERSONAL: Final = NUMBERS | CHANGED_NUMBERS | ADDRESSES | NAMES | TEXTS | LINKS
# A name is a person's, and a message is not the greeting of a website, beside one of these.
# In a query, a Unix time is a text of ten digits.
TIMES: Final = {"timestamp"}
NONE: Final = frozenset[str]()
BESIDE: Final = {
    "name": frozenset({"assigned", "email", "role", "text", "user_id"}),
    "message": frozenset({"code", "error", "error_code"}),
}

# Names that the library says by itself; a contact's first name may be one of them.
PUBLIC: Final = frozenset(heymarket_async.__all__)
# Examples in the advice of errors. A test may use the same number, which then is seen only where it stands elsewhere.
EXAMPLES: Final = ("such as '+1 510 555 0101'", "such as 'sam@example.com'")

GRAM: Final = 6
_MARK: Final = "\N{OBJECT REPLACEMENT CHARACTER}"
# How a phone number begins, as most texts do not.
_OPENINGS: Final = frozenset("+( 0123456789")
_FEW: Final = 50
_PREFIX: Final = 24
_MOST: Final = 5_000
_WALKED: Final = 5_000
_PHONE: Final = re.compile(r"\+?[\d\s().-]{7,24}")
_DIGITS: Final = re.compile(r"\d(?:[\s().-]{0,3}\d){6,}")
# A word in small letters, or a UUID.
_ANYWHERE: Final = re.compile(r"[a-z]+|[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_NOT_DIGITS: Final = re.compile(r"\D+")


@attrs.frozen
class Canary:
    """One thing that must not be seen, and what it is, for the one who finds it."""

    kind: str
    origin: str
    words: str = attrs.field(repr=False)

    def __str__(self) -> str:
        return f"{self.kind} of {len(self.words)} characters, from {self.origin}"


class Canaries:
    """The canaries of a test.

    Args:
        standing: those that every test has, because they were made outside of tests.
    """

    def __init__(self, standing: Canaries | None = None) -> None:
        self._texts: dict[str, Canary] = {}
        self._phones: dict[str, Canary] = {}
        self._grams: dict[str, list[str]] = {}
        self._seen: set[object] = set()
        self.known: Counter[str] = Counter()
        if standing is not None:
            self.take_over(standing)
            self.known.clear()

    def take_over(self, others: Canaries) -> None:
        """Plant what was planted elsewhere."""
        fresh = [(look, canary) for look, canary in others._texts.items() if look not in self._texts]
        for look, _ in fresh:
            self._grams.setdefault(look[:GRAM], []).append(look)
        self._texts.update(fresh)
        self._phones.update(others._phones)
        self.known.update(others.known)

    def plant_secret(self, secret: object, origin: str) -> None:
        """Plant an id or a key."""
        if isinstance(secret, str) and len(secret.strip()) >= 8 and not secret.isalpha():
            self._add(secret.strip(), "secret", origin)

    def plant_token(self, token: str, origin: str) -> None:
        """Plant a token, and apart from the rest what it says and its signature."""
        if self._has_seen(token):
            return
        for part in (token, *token.split(".")[1:]):
            self._add(part, "token", origin)

    def plant_password(self, url: object, origin: str) -> None:
        """Plant the password in an address."""
        try:
            password = urlsplit(url).password if isinstance(url, str) else None
        except ValueError:
            return
        self.plant_secret(password, origin)

    def plant_json(self, body: bytes | str, origin: str) -> None:
        """Plant what JSON holds; where it is no JSON, all of it."""
        if self._has_seen(body):
            return
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
            self.plant(text[:1000], origin, personal=True)
        else:
            self.plant(value, origin)

    def plant(self, value: object, origin: str, *, personal: bool = False) -> None:
        """Plant the phone numbers in a value of any depth, and the texts that stand under personal keys."""
        waiting = [(value, personal)]
        for _ in range(_WALKED):
            if not waiting:
                return
            item, is_personal = waiting.pop()
            if isinstance(item, str):
                if is_personal or item[:1] in _OPENINGS:
                    self._plant_text(item, origin, personal=is_personal)
            elif isinstance(item, Mapping):
                for key, inner in item.items():
                    if key in TIMES:
                        continue
                    if isinstance(key, str) and key[:1] in _OPENINGS:
                        self._plant_text(key, origin, personal=False)
                    waiting.append(
                        (inner, is_personal or key in PERSONAL or not BESIDE.get(key, NONE).isdisjoint(item))
                    )
            elif isinstance(item, list | tuple | set | frozenset):
                waiting.extend((inner, is_personal) for inner in item)

    def find(self, text: str) -> list[tuple[str, Canary]]:
        """Return the canaries in a text, with the very words that are seen."""
        found: list[tuple[str, Canary]] = []
        for example in EXAMPLES:
            text = text.replace(example, "such as that")
        if self._phones:
            for match in _DIGITS.finditer(text):
                digits = _NOT_DIGITS.sub("", match[0])
                found += [(match[0], canary) for phone, canary in self._phones.items() if phone in digits]
        if len(self._texts) < _FEW:
            return found + [(look, canary) for look, canary in self._texts.items() if look in text]
        grams = {text[at : at + GRAM] for at in range(len(text) - GRAM + 1)}
        for gram in self._grams.keys() & grams:
            found += [(words, self._texts[words]) for words in self._grams[gram] if words in text]
        return found

    def _has_seen(self, thing: object) -> bool:
        seen = thing in self._seen
        if len(self._seen) < _MOST:
            self._seen.add(thing)
        return seen

    def _plant_text(self, text: str, origin: str, *, personal: bool) -> None:
        if self._has_seen((text, personal)):
            return
        if _PHONE.fullmatch(text):
            digits = _NOT_DIGITS.sub("", text)
            end = digits[-10:]
            if (7 if personal else 10) <= len(digits) <= 15 and end not in self._phones:
                self.known["phone"] += 1
                self._phones[end] = Canary("phone number", origin, text)
        elif personal:
            text = text.strip().removeprefix("https://").removeprefix("http://")
            if not _ANYWHERE.fullmatch(text) and text not in PUBLIC:
                self._add(text, "text", origin)

    def _add(self, text: str, kind: str, origin: str) -> None:
        if len(text) < GRAM or len(set(text)) < 4:
            return
        looks = [look for look in _looks(text) if look not in self._texts]
        if not looks or len(self._texts) >= _MOST:
            return
        self.known[kind] += 1
        canary = Canary(kind, origin, text)
        for look in looks:
            self._texts[look] = canary
            self._grams.setdefault(look[:GRAM], []).append(look)


def _looks(text: str) -> Iterable[str]:
    """Return the beginnings of a text as it is, in a repr, in JSON, and in two ways in an address."""
    begin = text[:_PREFIX]
    if begin.isascii() and begin.isalnum():
        return [begin]
    looks = {begin, repr(begin)[1:-1]}
    with contextlib.suppress(UnicodeEncodeError):  # Half an emoji, which no address can hold.
        looks |= {json.dumps(begin)[1:-1], quote(begin, safe=""), quote_plus(begin)}
    return sorted(look for look in looks if len(look) >= GRAM)


def around(text: str, found: Iterable[tuple[str, Canary]]) -> str:
    """Return what stands around the first of what was found in a text, and none of it itself."""
    seen = {words for pair in found for words in (pair[0], pair[1].words)}
    for words in sorted(seen, key=len, reverse=True):
        text = text.replace(words, _MARK)
    start = max(text.find(_MARK) - 200, 0)
    return text[start : start + 400].replace(_MARK, MASK)
