"""Questions to a person."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Generator

from heymarket_async.cli import output
from heymarket_async.errors import ConfigurationError


def confirm(question: str, *, yes: bool) -> bool:
    """Ask a person, and say whether the answer is yes.

    Args:
        question: the question.
        yes: the answer was given on the command line.

    Raises:
        ConfigurationError: there is nobody to ask.
        KeyboardInterrupt: the answer is Ctrl-C.
    """
    if yes:
        return True
    if sys.stdin is None or not sys.stdin.isatty():  # pyright: ignore[reportUnnecessaryComparison] - None after `<&-`
        raise ConfigurationError(
            "There is no terminal to ask on, so nothing was sent.", advice="Pass --yes to send without being asked."
        )
    with _interruptible():
        output.ask(f"{question} [y/N] ")
        return sys.stdin.readline().strip().casefold() in ("y", "yes")


@contextlib.contextmanager
def _interruptible() -> Generator[None]:
    """Let Ctrl-C end a wait for input at once, where asyncio would only cancel the task that waits."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
