"""How far something long is, on a terminal; elsewhere, that it has begun."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich import progress

from heymarket_async.cli import output


class Progress:
    """A bar on stderr while a block runs.

    Args:
        what: what is done.
        total: how many steps it takes.
    """

    def __init__(self, what: str, total: int) -> None:
        console = output.console(stderr=True)
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(what, total=total)
        if not console.is_terminal:
            output.note(f"{what}.")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def step(self, _: object) -> None:
        """Say that one step more is done."""
        self._bar.advance(self._task)
