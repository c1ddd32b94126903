"""A line that tells how far a long iteration is: in a notebook, in a terminal, or nowhere where nobody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Final, Generic, Protocol, Self, TypeVar

import attrs

from heymarket_async.errors import ConfigurationError
from heymarket_async.html import progress_bar
from heymarket_async.limits import BudgetState

T = TypeVar("T")

# Often enough for eyes, and seldom enough to cost nothing.
_EVERY: Final = 0.1


@attrs.frozen(kw_only=True)
class Standing:
    """How far something is.

    Attributes:
        done: items so far.
        total: items in all, if that is known.
        seconds: how long it took so far.
        budget: how much of the rate limit is left, if somebody counts.
        ended: whether no more come.
    """

    done: int
    total: int | None
    seconds: float
    budget: BudgetState | None
    ended: bool

    def __str__(self) -> str:
        counted = f"{self.done:,}" if self.total is None else f"{self.done:,} of {self.total:,}"
        words = [f"{counted} in {self.seconds:,.0f} s"]
        if self.done and self.seconds > 0:
            words.append(f"{self.done / self.seconds:,.0f}/s")
        if self.budget is not None and self.budget.limit is not None:
            words.append(f"{self.budget.left} of {self.budget.limit} requests a minute left")
        if self.budget is not None and self.budget.paused_for > 0:
            words.append(f"paused for {self.budget.paused_for:.0f} s")
        return ", ".join(words)


class Surface(Protocol):
    """Where a standing is shown, again and again in the same place."""

    def show(self, standing: Standing, /) -> None:
        """Show it in place of the one before."""
        ...

    def close(self) -> None:
        """Leave what was shown last."""
        ...


class Meter:
    """Counts, and shows every tenth of a second how far it is.

    Args:
        surface: where to show it; by default where people look: under the cell of a notebook, or in the terminal.
        total: items in all, if that is known.
        budget: tells how much of the rate limit is left.
        now: tells the time, in seconds.

    Raises:
        ConfigurationError: this is a terminal, and the extra `cli` is missing, which brings bars to terminals.
    """

    def __init__(
        self,
        *,
        surface: Surface | None = None,
        total: int | None = None,
        budget: Callable[[], BudgetState] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._surface = surface or default_surface()
        self._total = total
        self._budget = budget
        self._now = now
        self._began = self._shown = now()
        self._done = 0
        self._open = True

    def __enter__(self) -> Self:
        self._show()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_open", False):
            self.close()

    def add(self, count: int = 1) -> None:
        """Count so many more."""
        self._done += count
        if self._now() - self._shown >= _EVERY:
            self._show()

    def close(self) -> None:
        """Show how far it came, and leave that there."""
        if self._open:
            self._open = False
            self._show(ended=True)
            self._surface.close()

    def _show(self, *, ended: bool = False) -> None:
        self._shown = self._now()
        budget = None if self._budget is None else self._budget()
        seconds = self._shown - self._began
        self._surface.show(Standing(done=self._done, total=self._total, seconds=seconds, budget=budget, ended=ended))


class Progress(Generic[T]):
    """Hands out what an iterator hands out, and shows how far it is.

    Args:
        items: what to hand out.
        meter: counts and shows.
    """

    def __init__(self, items: AsyncIterator[T], meter: Meter) -> None:
        self._items = items
        self._meter = meter

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            item = await anext(self._items)
        except BaseException:  # An end, an error or an interrupt: the line says how far it came.
            self._meter.close()
            raise
        self._meter.add()
        return item


class Notebook:
    """Shows a standing under the cell of a notebook."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, standing: Standing, /) -> None:
        """Show it in place of the one before."""
        from importlib import import_module

        display: Any = import_module("IPython.display")
        page = display.HTML(progress_bar(str(standing), standing.done, standing.total, ended=standing.ended))
        if self._handle is None:
            self._handle = display.display(page, display_id=True)
        else:
            self._handle.update(page)

    def close(self) -> None:
        """Leave what was shown last."""


class Terminal:
    """Shows a standing in the last line of a terminal. It needs the extra `cli`."""

    def __init__(self) -> None:
        try:
            from rich import progress
            from rich.console import Console
        except ModuleNotFoundError:
            raise ConfigurationError(
                "A progress bar in a terminal needs the package rich.", advice="Install heymarket-async[cli]."
            ) from None
        columns = (progress.BarColumn(), progress.TextColumn("{task.description}", markup=False))
        self._bar = progress.Progress(*columns, console=Console(stderr=True), auto_refresh=False)
        self._bar.start()
        self._task = self._bar.add_task("", total=None)

    def show(self, standing: Standing, /) -> None:
        """Show it in place of the one before."""
        total = standing.done if standing.ended and standing.total is None else standing.total
        self._bar.update(self._task, description=str(standing), completed=standing.done, total=total, refresh=True)

    def close(self) -> None:
        """Leave what was shown last."""
        self._bar.stop()


class Nowhere:
    """Shows nothing, where nobody looks: in a pipe, or in a log."""

    def show(self, standing: Standing, /) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Leave nothing."""


def default_surface() -> Surface:
    """Return where people look: under the cell of a notebook, or in the terminal; or nowhere."""
    if in_notebook():
        return Notebook()
    return Terminal() if sys.stderr is not None and sys.stderr.isatty() else Nowhere()  # pyright: ignore[reportUnnecessaryComparison]  # None after `2>&-`


def in_notebook() -> bool:
    """Say whether this runs in the kernel of a notebook."""
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None
