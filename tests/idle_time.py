"""An event loop on which time passes only when nothing else happens, so that what takes a minute takes no time.

All of it goes by one `VirtualClock`: the timers of asyncio and aiohttp, the client, and a sandbox that was given the
same clock. The bytes are real. So a test can say to the second when something ends, whatever the machine is doing.
"""

from __future__ import annotations

import asyncio
import gc
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from heymarket_async.clock import VirtualClock

T = TypeVar("T")

# What the system does on its own, such as carrying a byte to the other end of a connection, is done by then.
_GRACE = 0.001
_LONGEST_WAIT_FOR_A_THREAD = 10.0


class _Threads(ThreadPoolExecutor):
    """Threads that say whether they are at work, for asyncio looks names up in them."""

    def __init__(self) -> None:
        super().__init__()
        self.at_work = 0

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        self.at_work += 1
        future = super().submit(*args, **kwargs)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, _: Future[Any]) -> None:
        self.at_work -= 1


class _Selector(selectors.DefaultSelector):
    """Where nothing comes in, lets the clock go on to what is due next."""

    def __init__(self, clock: VirtualClock, threads: _Threads) -> None:
        super().__init__()
        self._clock = clock
        self._threads = threads
        self.turns = 0
        self.each_turn: Callable[[int], bool] | None = None

    def select(self, timeout: float | None = None) -> Any:
        self.turns += 1
        if self.each_turn is not None and self.each_turn(self.turns):
            timeout = 0
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        events = super().select(_LONGEST_WAIT_FOR_A_THREAD if self._threads.at_work else _GRACE)
        if events:
            return events
        due = [wait for wait in (timeout, self._clock.next_wake) if wait is not None]
        if not due:
            raise AssertionError("Nothing will ever happen any more.")
        self._clock.advance(min(due))
        return []


class IdleTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on which time passes only when nothing else happens.

    Attributes:
        clock: the time of the loop.
        noise: what would have gone to the log as an error of the loop, such as an exception that nobody retrieved.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.noise: list[dict[str, Any]] = []
        threads = _Threads()
        self._patient = _Selector(clock, threads)
        super().__init__(self._patient)
        self.set_default_executor(threads)
        self.set_exception_handler(lambda _, context: self.noise.append(context))

    def time(self) -> float:
        return self.clock.monotonic()

    @property
    def turns(self) -> int:
        """How often it went round so far."""
        return self._patient.turns

    def each_turn(self, act: Callable[[int], bool] | None) -> None:
        """Call `act` with the number of the turn before anything else of each turn; it says whether it did anything."""
        self._patient.each_turn = act


async def settled(condition: Callable[[], object], turns: int = 200) -> None:
    """Let other tasks run until `condition` holds, which it must soon do, and without time passing."""
    for _ in range(turns):
        if condition():
            return
        await asyncio.sleep(0)
    assert condition()


def run(main: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run `main`, which gets the clock, on such a loop, and see that the loop had nothing to complain of."""
    clock = VirtualClock()
    loop = IdleTimeLoop(clock)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(main(clock))
        gc.collect()  # So that an exception that nobody has retrieved is told of.
    assert loop.noise == []
    return result
