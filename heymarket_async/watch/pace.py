"""How often a feed is polled."""

from __future__ import annotations

import random
from typing import Final

import attrs

from heymarket_async.arguments import wrong

SHORTEST: Final = 1.0
_LONGEST: Final = 86_400.0
_SLOWER: Final = 1.5
_JITTER: Final = 0.1
# After failures the pauses grow up to this, or to the ceiling where that is longer.
_LONGEST_BACKOFF: Final = 300.0


def _check_seconds(_: object, field: attrs.Attribute[float], value: object) -> None:
    name = {"floor": "every", "ceiling": "slowest"}[field.name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(name, f"must be a number of seconds, not {type(value).__name__}")
    if not SHORTEST <= value <= _LONGEST:  # Which says no to "not a number" too.
        raise wrong(name, f"must be from {SHORTEST:g} to {_LONGEST:g} seconds, not {value:g}")


def _check_ceiling(pace: Pace, field: attrs.Attribute[float], value: float) -> None:
    _check_seconds(pace, field, value)
    if value < pace.floor:
        raise wrong("slowest", f"must not be below every, which is {pace.floor:g} seconds")


@attrs.frozen
class Pace:
    """How long to wait between two polls of a feed.

    Args:
        floor: seconds after a poll that found something.
        ceiling: seconds at the most, after many that found nothing.

    Raises:
        ArgumentError: they make no sense.
    """

    floor: float = attrs.field(validator=_check_seconds)
    ceiling: float = attrs.field(validator=_check_ceiling)

    def after_quiet(self, interval: float) -> float:
        """Return the interval after a poll that found nothing, where it was `interval` before."""
        return min(max(interval, self.floor) * _SLOWER, self.ceiling)

    def after_failure(self, failures: int) -> float:
        """Return the interval after so many failures in a row."""
        return min(self.floor * 2.0 ** min(failures, 30), max(self.ceiling, _LONGEST_BACKOFF))


def jittered(interval: float, chance: random.Random) -> float:
    """Return an interval that differs a little each time, so that many feeds are not polled in step."""
    return interval * chance.uniform(1 - _JITTER, 1 + _JITTER)
