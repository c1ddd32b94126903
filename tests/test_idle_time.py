"""The event loop on which time passes only when nothing else happens does what it says."""

from __future__ import annotations

import asyncio
import time

import pytest

from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Sandbox, Trickled
from idle_time import run, settled
from sandbox_support import raw
from wires import request


def test_hours_pass_at_once_by_either_clock() -> None:
    async def main(clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(3600)
        assert (clock.monotonic(), loop.time()) == (3600.0, 3600.0)
        await clock.sleep(3600)
        assert (clock.monotonic(), loop.time()) == (7200.0, 7200.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await clock.sleep(61)
        assert clock.monotonic() == 7260.0

    began = time.monotonic()
    run(main)
    assert time.monotonic() - began < 60


def test_no_time_passes_while_bytes_travel_or_a_thread_works() -> None:
    async def main(clock: VirtualClock) -> None:
        clock.call_later(1, lambda: None)
        async with Sandbox(clock=clock) as sandbox:
            before = clock.monotonic()
            answer = await raw(sandbox, request(sandbox, Connection="close"))
            assert answer.startswith(b"HTTP/1.1 200 ")
            await asyncio.to_thread(time.sleep, 0.05)
            assert clock.monotonic() == before
            sandbox.script("*", Trickled(piece=10, every=5.0))
            await raw(sandbox, request(sandbox))
            assert clock.monotonic() > before + 50

    run(main)


def test_an_error_that_nobody_saw_is_seen_here() -> None:
    async def fail() -> None:
        raise ValueError

    async def main(clock: VirtualClock) -> None:
        task = asyncio.create_task(fail())
        await settled(task.done)

    with pytest.raises(AssertionError, match="never retrieved"):
        run(main)


def test_what_does_not_settle_is_told() -> None:
    async def main(clock: VirtualClock) -> None:
        with pytest.raises(AssertionError):
            await settled(lambda: False)

    run(main)
