"""Who gets a connection next, and how many one account may hold."""

from __future__ import annotations

import asyncio
from collections import deque

from heymarket_async.lanes import Lane, Turns


class Gate:
    """Lets so many through at a time as there are connections; where none is free, the urgent ones are next.

    So a call waits here before its token is made, not after, and a send waits behind no export.

    Args:
        places: how many can be inside.

    Attributes:
        free: how many places are free. While somebody waits, none is: a place that comes free is passed on.
    """

    __slots__ = ("_queues", "_turns", "_waiters", "free")

    def __init__(self, places: int) -> None:
        self.free: int = places
        self._turns = Turns()
        self._waiters = 0
        self._queues: dict[Lane, deque[asyncio.Future[None]]] = {}

    def try_enter(self) -> bool:
        """Take a place if one is free, and say whether it was. `leave` must follow."""
        if self.free == 0:
            return False
        self.free -= 1
        return True

    async def enter(self, lane: Lane) -> None:
        """Take a place, after waiting for it in turn. `leave` must follow."""
        if self.try_enter():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Not before, because they take three kilobytes, and most teams of a fleet never wait here.
        self._queues = self._queues or {each: deque() for each in Lane}
        self._queues[lane].append(turn)
        self._waiters += 1
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.leave()  # The place was passed on to it in this very moment.
            elif turn in self._queues[lane]:
                self._queues[lane].remove(turn)
            raise
        finally:
            self._waiters -= 1

    def leave(self) -> None:
        """Pass the place on to who is next, if anybody waits."""
        if not self._waiters:
            self.free += 1
            return
        for queue in self._queues.values():
            while queue and queue[0].cancelled():
                queue.popleft()
        waiting = [lane for lane, queue in self._queues.items() if queue]
        if not waiting:
            self.free += 1
            return
        lane, _ = self._turns.order(waiting)[0]
        self._turns.took(lane, waiting)
        self._queues[lane].popleft().set_result(None)


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
        self.closed: bool = False

    def before(self, gates: tuple[Gate, ...], loop: asyncio.AbstractEventLoop) -> tuple[Gate, ...]:
        """Return the gates to pass: its own, if any, then these. Those who held it on another loop are gone."""
        if self._size is None:
            return gates
        if self._gate is None or self._loop is not loop:
            self._gate, self._loop = Gate(self._size), loop
        return (self._gate, *gates)
