"""An event loop in a thread of its own, and the way into it for those who cannot await."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, Final, TypeVar

from heymarket_async.errors import SessionClosed, SessionError

T = TypeVar("T")

_PATIENCE: Final = 5.0


class Portal:
    """Runs coroutines in an event loop in a thread, which begins with the first of them."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # A session may be forgotten, and so stopped, while its own thread holds it.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._process: int | None = None  # That of the thread.
        self._stopped = False

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, and return what it returns or raise what it raises.

        Where the caller is interrupted, for example by Ctrl-C, the coroutine is cancelled, and has ended when the
        interrupt is raised.

        Raises:
            SessionError: the caller is in the thread of the portal, or in a process that was forked.
            SessionClosed: the portal was stopped.
        """
        try:
            outcome, cancel = self._submit(work)
        except BaseException:
            work.close()
            raise
        try:
            return outcome.result()
        except BaseException:
            if not outcome.done():
                cancel()
                wait([outcome])
            raise
        finally:
            del outcome  # It may hold an error, whose traceback holds this frame.

    def stop(self, last: Coroutine[Any, Any, object]) -> None:
        """Run a last coroutine, and end the thread. Whatever else runs in it is cancelled. Twice does no harm."""
        with self._lock:
            loop, thread, goes_on = self._loop, self._thread, not self._stopped
            self._stopped = True
        if loop is None or thread is None or not goes_on or self._process != os.getpid():
            last.close()
            return
        kept: list[asyncio.Task[None]] = []

        async def end() -> None:
            try:
                await last
            finally:
                loop.stop()

        loop.call_soon_threadsafe(lambda: kept.append(loop.create_task(end())))
        if thread is not threading.current_thread():
            thread.join(_PATIENCE)

    def _submit(self, work: Coroutine[Any, Any, T]) -> tuple[Future[T], Callable[[], object]]:
        """Have a coroutine run, and return its outcome to be, and what cancels it."""
        outcome: Future[T] = Future()
        context, tasks = contextvars.copy_context(), list[asyncio.Task[T]]()

        def begin() -> None:
            tasks.append(loop.create_task(work, context=context))
            tasks[0].add_done_callback(partial(_pass_on, outcome))

        # Under one lock with the end of the portal, so that what is begun also ends.
        with self._lock:
            loop = self._begin()
            loop.call_soon_threadsafe(begin)

        def cancel() -> None:
            tasks[0].cancel()

        return outcome, partial(loop.call_soon_threadsafe, cancel)

    def _begin(self) -> asyncio.AbstractEventLoop:
        if self._process not in (None, os.getpid()):
            raise SessionError(
                "This session was used in another process, and its thread is not in this one.",
                advice="Make it, or use it for the first time, after the fork.",
            )
        if threading.current_thread() is self._thread:
            raise SessionError(
                "This session waits for its own thread, in which this call was made.",
                advice="Do not call a session from a callback or a listener of it.",
            )
        if self._stopped:
            raise SessionClosed("This session is closed.")
        if self._loop is None:
            self._loop, self._process = asyncio.new_event_loop(), os.getpid()
            # A daemon, so that a program with a session that was forgotten can end; see `Session`.
            self._thread = threading.Thread(target=_live, args=(self._loop,), name="heymarket", daemon=True)
            self._thread.start()
        return self._loop


class Door:
    """The way into a portal. Sessions, their nouns and their lists hold it: when nobody does any more, the portal ends.

    Args:
        portal: the portal, which does not know it.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; see `Portal.run`."""
        return self._portal.run(work)


def _live(loop: asyncio.AbstractEventLoop) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop().run_forever()


def _pass_on(outcome: Future[T], task: asyncio.Task[T]) -> None:
    if task.cancelled():
        outcome.set_exception(SessionClosed("This session was closed during the call."))
    elif (error := task.exception()) is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(task.result())
