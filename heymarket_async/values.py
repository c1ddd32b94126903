"""Small values that the rest is built on: UNSET, masks for personal data, and what a model keeps of unknown keys."""

from __future__ import annotations

import enum
import re
from collections.abc import Awaitable, Iterator, Mapping
from typing import Any, Final, cast

MASK: Final = "•••"

# Seven digits in a row may be a phone number.
_WORD: Final = re.compile(r"(?!.*[0-9]{7})[A-Za-z_][A-Za-z0-9_-]{0,63}")


class Unset(enum.Enum):
    """The type of `UNSET`, which says "leave it as it is" where `None` would say "clear it"."""

    UNSET = ...  # Not a text, so that no encoder can write it into a request.

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET
"""Stands for an argument that was not passed, where None means something."""


class OpenEnum(enum.StrEnum):
    """Words of the service. One that is not known is kept, and compares as its text.

    The service adds words without notice, and a new one must not break a program.
    """

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this library knows the word."""
        return self.value in type(self)._value2member_map_


class Acknowledgement(str):
    """What the service says to a write that has no other result, such as `ok`: the text, or any other JSON as text.

    It is empty where the service says nothing at all.
    """

    __slots__ = ()


def mask(value: object) -> str:
    """Return what a repr shows in place of a personal value: whether there is one, never what it is."""
    if value is None or value == ():
        return repr(value)
    if isinstance(value, tuple):
        return f"({MASK} ×{len(cast('tuple[object, ...]', value))})"
    if isinstance(value, Mapping):
        return f"{{{MASK} ×{len(cast('Mapping[object, object]', value))}}}"
    return f"'{MASK}'"


def kind_of(value: object) -> str:
    """Return what a value is, for an error that says what it should be: its class, and what may have been forgotten."""
    name = type(value).__name__
    return f"{name}: await it first" if isinstance(value, Awaitable) else name


def is_word(key: object) -> bool:
    """Say whether a key looks like the name of a field, and not like a number or an address."""
    return isinstance(key, str) and _WORD.fullmatch(key) is not None


class Extra(Mapping[str, Any]):
    """The keys of a reply that the library does not know, or whose values did not fit, as the service sent them.

    A mapping that cannot be changed. Its repr shows only keys that look like names, because nobody knows what the
    rest holds; `dict(model.extra)` shows it.

    Args:
        items: keys and values. The dict is taken over, not copied.
    """

    __slots__ = ("_items",)

    def __init__(self, items: dict[str, Any]) -> None:
        self._items = items

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __reduce__(self) -> tuple[type[Extra], tuple[dict[str, Any]]]:
        return Extra, (self._items,)

    def copy(self) -> dict[str, Any]:
        """Return the keys and values as a dict of your own, much faster than `dict(...)` does."""
        return self._items.copy()

    def plus(self, items: dict[str, Any]) -> Extra:
        """Return these keys and more."""
        return Extra(self._items | items)

    def __repr__(self) -> str:
        return f"Extra({', '.join(sorted(key if is_word(key) else MASK for key in self._items))})"


NO_EXTRA: Final = Extra({})
