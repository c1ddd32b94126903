"""An event loop on which time passes only when nothing else happens, so that what takes a minute takes no time.

All of it goes by one `VirtualClock`: the timers of asyncio and aiohttp, the client, and a sandbox that was given the
same clock. The bytes are real. So a test can say to the second when something ends, whatever the machine is doing.
"""

from __future__ import annotations

import asyncio
import gc
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from heymarket_async.arguments import wrong
from heymarket_async.clock import VirtualClock
from heymarket_async.errors import WrongEventLoop

__all__ = ["IdleTimeLoop", "VirtualClock", "run_in_virtual_time"]

T = TypeVar("T")

# What the system does on its own, such as carrying a byte to the other end of a connection, is done by then.
_GRACE = 0.001
_LONGEST_WAIT = 10.0


class _Selector(selectors.DefaultSelector):
    """Where nothing comes in, lets the clock go on to what is due next.

    Attributes:
        turns: how often the loop went round so far.
        each_turn: is called before all else of a turn, and says whether it did anything.
        pass_time: lets so many seconds pass in this turn.
        threads: how many threads are at work, for asyncio looks names up in them.
    """

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock
        self.threads = 0
        self.pass_time: Callable[[float], object] = clock.advance
        self.turns = 0
        self.each_turn: Callable[[int], bool] | None = None

    def select(self, timeout: float | None = None) -> Any:
        self.turns += 1
        if self.each_turn is not None and self.each_turn(self.turns):
            timeout = 0
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        due = [wait for wait in (timeout, self._clock.next_wake) if wait is not None]
        events = super().select(_GRACE if due and not self.threads else _LONGEST_WAIT)
        if events:
            return events
        if not due:
            raise AssertionError("Nothing will ever happen any more.")
        self.pass_time(min(due))
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
        self._patient = _Selector(clock)
        super().__init__(self._patient)
        # As a callback, because timers ring in one turn, and those whom they wake run in the next.
        self._patient.pass_time = lambda seconds: self.call_soon(clock.advance, seconds)
        self.set_exception_handler(lambda _, context: self.noise.append(context))

    def time(self) -> float:
        """Return the seconds that have passed on the clock."""
        return self.clock.monotonic()

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]  # type variables
        """Let a thread work; no time passes meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self._patient.threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, _: asyncio.Future[Any]) -> None:
        self._patient.threads -= 1

    @property
    def turns(self) -> int:
        """How often it went round so far."""
        return self._patient.turns

    def each_turn(self, act: Callable[[int], bool] | None) -> None:
        """Call `act` with the number of the turn before anything else of each turn; it says whether it did anything."""
        self._patient.each_turn = act


def run_in_virtual_time(main: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run `main` on a loop on which time passes only when nothing else happens, so that waits take no time.

    asyncio's timers go by the same clock. Give it to whatever else keeps time: `AsyncSession(clock=...)`,
    `Sandbox(clock=...)`.

    Args:
        main: an async function that gets the clock.

    Returns:
        What `main` returned.

    Raises:
        ArgumentError: `main` is no such function.
        WrongEventLoop: a loop runs here already.
        AssertionError: nothing would ever happen any more, or the loop had something to complain of, such as an
            exception that nobody retrieved.
    """
    _check_no_loop()
    clock = VirtualClock()
    running = main(clock) if callable(main) else None
    if not isinstance(running, Coroutine):
        raise wrong("main", "must be an async function that takes the clock", "Pass the function, without calling it.")
    loop = IdleTimeLoop(clock)
    gc.freeze()  # What was there before need not be looked through.
    try:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            result = runner.run(running)
            gc.collect()  # So that an exception that nobody has retrieved is told of.
    finally:
        gc.unfreeze()
    if loop.noise:
        raise AssertionError(f"The event loop complained: {loop.noise}")
    return result


def _check_no_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    advice = "Call it from a test that is not async: def test_it(), without async."
    raise WrongEventLoop("run_in_virtual_time makes an event loop, and one runs here already.", advice=advice)
