"""How a command that runs until it is told to end is told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable


def on_signals(act: Callable[[], object]) -> None:
    """Call `act` on SIGINT, which Ctrl-C sends, and on SIGTERM, while the event loop runs."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers, and only the main thread may set them.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, act)
