"""What the requests of one account pass on their way to a connection."""

from __future__ import annotations

import asyncio

from heymarket_async.transport.gate import Gate


class Turnstile:
    """Lets the requests of one account through, so many at a time, until it is closed.

    So an account whose requests hang cannot hold the connections that it shares with others.

    Args:
        size: requests at a time at the most; None for any number.
    """

    __slots__ = ("_gate", "_loop", "_size", "closed")

    def __init__(self, size: int | None = None) -> None:
        self._size = size
        self._gate: Gate | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closed = False

    def on(self, loop: asyncio.AbstractEventLoop) -> Gate | None:
        """Return the gate to pass before that of the pool, if any. Those who held it on another loop are gone."""
        if self._size is None:
            return None
        if self._gate is None or self._loop is not loop:
            self._gate, self._loop = Gate(self._size), loop
        return self._gate
