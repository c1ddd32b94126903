"""What a measurement says: values with their spread, bounds that are met or not, tables and bars."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

import attrs


@attrs.frozen
class Spread:
    """Values of one quantity, measured again and again."""

    values: tuple[float, ...] = attrs.field(converter=tuple)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        if len(self.values) < 2:
            return self.median, self.median
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high

    def show(self, digits: int = 0, factor: float = 1.0) -> str:
        """Return the median with its quartiles, such as `212 (208–219)`; the median alone where nothing varies."""
        low, high = (f"{value * factor:,.{digits}f}" for value in self.quartiles)
        median = f"{self.median * factor:,.{digits}f}"
        return median if low == high == median else f"{median} ({low}–{high})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Return ours over theirs, round by round, so that what slows a whole round does not count."""
    return Spread(mine / other for mine, other in zip(ours, theirs, strict=True))


@attrs.frozen(kw_only=True)
class Bound:
    """A promise: a value that must not pass a limit.

    Args:
        what: the promise in words.
        value: what was measured.
        most: the limit.
        unit: of both, `×` for ratios.
    """

    what: str
    value: Spread
    most: float
    unit: str = "×"

    @property
    def met(self) -> bool:
        return self.value.median <= self.most

    def cells(self) -> tuple[str, ...]:
        digits = 2 if self.unit == "×" else 1
        shown = f"{self.value.show(digits)} {self.unit}"
        return self.what, shown, f"{self.most:g} {self.unit}", "met" if self.met else "**not met**"


@attrs.frozen
class Table:
    """A table of texts."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = attrs.field(converter=tuple)


@attrs.frozen
class Bars:
    """A plot: one bar for each name, with its spread.

    Args:
        name: of the file.
        title: what is shown, with its unit.
        bars: names and values; the names that are ours begin with `heymarket_async`.
    """

    name: str
    title: str
    bars: tuple[tuple[str, Spread], ...] = attrs.field(converter=tuple)


@attrs.frozen(kw_only=True)
class Section:
    """What one part of the benchmark found."""

    title: str
    text: str
    tables: tuple[Table, ...] = attrs.field(default=(), converter=tuple)
    bounds: tuple[Bound, ...] = attrs.field(default=(), converter=tuple)
    bars: tuple[Bars, ...] = attrs.field(default=(), converter=tuple)


def scaled(values: Iterable[float], factor: float) -> Spread:
    """Return the values in another unit."""
    return Spread(value * factor for value in values)
