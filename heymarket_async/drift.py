"""Where replies differ from the models: what a misfit is, and the count of all that were met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from heymarket_async.values import MASK, is_word

# How many unknown keys are remembered for each model, so that keys made from data cannot fill the memory.
_LIMIT: Final = 1000

_JSON_TYPES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    dict: "object",
    list: "array",
}


def json_type(value: object) -> str:
    """Return the name that JSON has for the type of a value."""
    return _JSON_TYPES.get(type(value), type(value).__name__)


class Misfit(Exception):
    """A value is not what the model wants.

    Attributes:
        wanted: what the model wants.
        got: the JSON type that was there; never the value.
        path: keys and indexes that lead to it, outermost first.
    """

    def __init__(self, wanted: str, got: str, path: tuple[str | int, ...] = ()) -> None:
        self.wanted = wanted
        self.got = got
        self.path: tuple[str | int, ...] = path

    def under(self, step: str | int) -> Misfit:
        """Return the same misfit as seen from one step further out."""
        self.path = (step, *self.path)
        return self

    def as_identity(self) -> NoIdentity:
        """Return the same misfit as one that nothing can be put in the place of."""
        return NoIdentity(self.wanted, self.got, self.path)

    @property
    def where(self) -> str:
        """The path as text, such as `$[3].id`."""
        return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)

    def __str__(self) -> str:
        return f"{self.where}: {self.wanted} wanted, {self.got} found"


class NoIdentity(Misfit):
    """A record lacks what makes it that record, so that nothing can be put in its place."""


class Drift:
    """Where replies differed from the models: names and counts, never values.

    Attributes:
        misfits: how often a field of a model did not fit, by (model, key, wanted, found).
        unknown: keys that were met and are not fields, by model; all that do not look like names count as one.
    """

    __slots__ = ("misfits", "unknown")

    def __init__(self) -> None:
        self.misfits: Counter[tuple[str, str, str, str]] = Counter()
        self.unknown: dict[str, set[str]] = {}

    def __repr__(self) -> str:
        unknown = sum(map(len, self.unknown.values()))
        return f"Drift(misfits={self.misfits.total()}, unknown={unknown})"

    def note_unknown(self, model: str, keys: Iterable[str]) -> None:
        """Remember keys that a model does not know."""
        seen = self.unknown.setdefault(model, set())
        for key in () if seen.issuperset(keys) else keys:
            if key not in seen and len(seen) < _LIMIT:
                seen.add(key if is_word(key) else MASK)

    def note_misfit(self, model: str, key: str, misfit: Misfit) -> None:
        """Count a value that did not fit."""
        self.misfits[model, key, misfit.wanted, misfit.got] += 1
