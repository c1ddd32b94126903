"""Every fault, met by every kind of call: what the service sees, what the caller gets, when, and what is left behind.

What must happen stands in `tests/promises.py`. Each cell causes its fault on real connections; time is virtual and
exact, that of aiohttp too. `--full` runs all cells, also those on new connections; otherwise it is a quarter of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import attrs
import pytest

import heymarket_async.errors
from faults import FAULTS
from heymarket_async import ApiSecret, AsyncSession
from heymarket_async.calls import Effect
from heymarket_async.clock import VirtualClock
from heymarket_async.errors import CallError, Unsettled
from heymarket_async.events import AttemptEnded, Event
from heymarket_async.sandbox import Closed, Sandbox
from idle_time import run, settled
from promises import DEADLINES, NO_TURN, OPEN, PROMISES, RESULT, UNREACHABLE, End, Late, Promise
from unreachable import UNRESOLVABLE, Server, misnamed, refused, silent, untrusted

START = 1_800_000_000.0
# More than a fault puts into a good answer, less than any that is too large.
LARGEST = 200_000


@pytest.fixture(autouse=True)
def longest_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each wait be as long as its jitter allows, so that times are exact."""
    monkeypatch.setattr(random, "random", lambda: 1.0)


each_effect = pytest.mark.parametrize("effect", Effect, ids=lambda effect: effect.value)


@attrs.frozen
class Cell:
    """How a fault is met.

    Attributes:
        took: whether the request takes effect all the same.
        once: whether the next request meets no fault.
        warm: whether it comes on a connection that was used before.
        borrowed: whether the connections are those of a borrowed `aiohttp.ClientSession`.
    """

    took: bool
    once: bool
    warm: bool
    borrowed: bool


@attrs.define
class Figures:
    """What was done, to be printed."""

    cells: int = 0
    requests: int = 0
    ends: Counter[str] = attrs.field(factory=Counter[str])


@pytest.fixture(scope="module")
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    figures = Figures()
    yield figures
    if request.config.getoption("--full"):
        capture = request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            ends = ", ".join(f"{what} {count:,}" for what, count in figures.ends.most_common())
            print(f"\nfault matrix: {figures.cells:,} cells, {figures.requests:,} requests of theirs; {ends}")


def cells(full: bool, unread: bool) -> Iterator[Cell]:
    """Yield the ways to meet a fault: all, or so many that any two properties come in each combination."""
    for took, once, borrowed, warm in itertools.product((False, True), repeat=4):
        in_short = warm and borrowed is (took is not once)
        if (full or in_short) and not (took and unread):
            yield Cell(took, once, warm, borrowed)


@contextlib.contextmanager
def in_(cell: Cell) -> Iterator[None]:
    """Let a failure say where it was."""
    try:
        yield
    except AssertionError as wrong:
        wrong.add_note(f"in {cell}")
        raise


class Caller:
    """Makes one call of each effect, each send to a number of its own."""

    OPERATIONS: ClassVar = {
        Effect.READS: "get_conversation",
        Effect.REPEATABLE: "update_contact",
        Effect.SENDS: "send_message",
    }

    def __init__(self, sandbox: Sandbox) -> None:
        team = self._team = sandbox.teams[0]
        self._sender = {"inbox_id": team.inboxes[0]["id"], "creator_id": team.members[0]["id"]}
        self._conversation = next(iter(team.conversations))
        self._contact = next(iter(team.contacts.values()))
        self._numbers = (f"1510555{number:04}" for number in itertools.cycle(range(100, 200)))
        self.number = ""

    async def call(self, session: AsyncSession, effect: Effect) -> Any:
        if effect is Effect.READS:
            return await session.conversations.get(self._conversation)
        if effect is Effect.REPEATABLE:
            return await session.contacts.update(
                self._contact["id"], phone_number=self._contact["phone"], first_name="Ann"
            )
        self.number = next(self._numbers)
        self._team.sent.clear()
        return await session.messages.send(**self._sender, phone_number=self.number, text="It has shipped.")

    @property
    def texts(self) -> int:
        """How many texts the last send made."""
        return len(self._team.sent_to(self.number))


@asynccontextmanager
async def session_on(
    url: str,
    secret: ApiSecret,
    clock: VirtualClock,
    *,
    borrowed: bool,
    tls: ssl.SSLContext | None = None,
    **options: Any,
) -> AsyncIterator[AsyncSession]:
    """Give a session with a pool of its own, or with a borrowed one."""
    async with contextlib.AsyncExitStack() as stack:
        if borrowed:
            connector = aiohttp.TCPConnector(ssl=tls or True)
            options["client_session"] = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        else:
            options["tls"] = tls
        yield await stack.enter_async_context(
            AsyncSession(secret, base_url=url, clock=clock, largest_reply=LARGEST, **options)
        )


def assert_nothing_is_left(session: AsyncSession) -> None:
    """See that no slot, no connection, no place at the gate and no waiter is held."""
    pool = session._engine.pool
    connector = pool._open.http.connector
    assert (session.budget.in_flight, session.budget.waiting) == (0, 0)
    assert not connector._acquired
    assert not connector._waiters
    assert len(pool.deadlines) == 0
    assert pool._open.gates[0].free == connector.limit


async def error_of(call: Any) -> CallError | None:
    try:
        await call
    except CallError as error:
        return error
    return None


def end_of(promise: Promise, effect: Effect) -> End:
    return {Effect.READS: promise.reads, Effect.REPEATABLE: promise.writes, Effect.SENDS: promise.sends}[effect]


def assert_it_ended(error: CallError | None, end: End, operation: str) -> None:
    assert (RESULT if error is None else type(error).__name__) == end.what
    if error is not None:
        assert error.attempts == end.requests
        assert error.elapsed == pytest.approx(end.seconds, abs=1e-6)
        assert isinstance(error, Unsettled) is (end.what in OPEN)
        assert error.operation == operation


class Matrix:
    """Lets calls meet faults on one sandbox."""

    def __init__(self, sandbox: Sandbox, clock: VirtualClock, figures: Figures) -> None:
        self._sandbox = sandbox
        self._clock = clock
        self._figures = figures
        self._caller = Caller(sandbox)

    async def meet(self, name: str, promise: Promise, effect: Effect, cell: Cell, total: float = 60.0) -> None:
        """Let a call meet a fault, and compare all that can be seen with what was promised."""
        sandbox, clock, end = self._sandbox, self._clock, end_of(promise, effect)
        operation = Caller.OPERATIONS[effect]
        repeated = cell.once and end.requests > 1
        if cell.once:
            end = end.once
        clock.set_wall(START)
        events: list[Event] = []
        async with session_on(
            sandbox.url, sandbox.secret, clock, borrowed=cell.borrowed, timeout=total, listeners=[events.append]
        ) as session:
            if cell.warm:
                await session.team.get()
            connections, tasks = sandbox.connections, asyncio.all_tasks()
            sandbox.requests.clear()
            events.clear()
            sandbox.script(operation, FAULTS[name].make(cell.took), times=1 if cell.once else 10)
            began = clock.monotonic()
            error = await error_of(self._caller.call(session, effect))
            assert clock.monotonic() - began == pytest.approx(end.seconds, abs=1e-6)
            sandbox.clear_script()
            assert_nothing_is_left(session)
            assert_it_ended(error, end, operation)

            requests = list(sandbox.requests)
            assert len(requests) == end.requests
            assert {received.operation for received in requests} == {operation}
            performed = [received.performed for received in requests]
            assert performed == [cell.took] * (len(requests) - repeated) + [True] * repeated
            if effect is Effect.SENDS:
                assert self._caller.texts == (cell.took or repeated)
            # Each connection that was opened was used.
            opened = {received.connection for received in requests} - set(range(connections + 1))
            assert sandbox.connections - connections == len(opened)
            ended = [event for event in events if isinstance(event, AttemptEnded)]
            assert len(ended) == end.requests

            assert session.budget.paused_for == pytest.approx(end.silence, abs=1e-6)
            clock.advance(session.budget.paused_for)
            sandbox.requests.clear()
            assert await error_of(self._caller.call(session, effect)) is None
            assert [received.performed for received in sandbox.requests] == [True]
            assert_nothing_is_left(session)
        await settled(lambda: asyncio.all_tasks() - tasks <= sandbox._door.tasks)
        self._figures.cells += 1
        self._figures.requests += len(requests)
        self._figures.ends[end.what] += 1


@each_effect
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_as_promised(name: str, effect: Effect, full: bool, figures: Figures) -> None:
    async def main(clock: VirtualClock) -> None:
        async with Sandbox(clock=clock, rate_limit=None) as sandbox:
            matrix = Matrix(sandbox, clock, figures)
            for cell in cells(full, FAULTS[name].unread):
                with in_(cell):
                    await matrix.meet(name, PROMISES[name], effect, cell)
        assert clock.next_wake is None

    run(main)


@each_effect
@pytest.mark.parametrize("late", DEADLINES, ids=lambda late: f"{late.fault}, {late.timeout} s")
def test_a_call_ends_in_its_time(late: Late, effect: Effect, full: bool, figures: Figures) -> None:
    async def main(clock: VirtualClock) -> None:
        async with Sandbox(clock=clock, rate_limit=None) as sandbox:
            matrix = Matrix(sandbox, clock, figures)
            for cell in cells(full, FAULTS[late.fault].unread):
                with in_(cell):
                    await matrix.meet(late.fault, late.promise, effect, cell, late.timeout)
        assert clock.next_wake is None

    run(main)


@each_effect
@pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])
def test_a_call_whose_turn_would_come_too_late_is_not_made(effect: Effect, borrowed: bool, figures: Figures) -> None:
    async def main(clock: VirtualClock) -> None:
        async with Sandbox(clock=clock) as sandbox:
            caller, end = Caller(sandbox), end_of(NO_TURN, effect)
            async with session_on(
                sandbox.url, sandbox.secret, clock, borrowed=borrowed, rate_limit=1, timeout=10
            ) as session:
                await session.team.get()
                assert_it_ended(await error_of(caller.call(session, effect)), end, Caller.OPERATIONS[effect])
                assert clock.monotonic() == end.seconds
                assert len(sandbox.requests) == 1
                assert_nothing_is_left(session)
                clock.advance(55)
                assert await error_of(caller.call(session, effect)) is None
                assert clock.monotonic() == pytest.approx(60, abs=0.1)
        assert clock.next_wake is None
        figures.cells += 1
        figures.ends[end.what] += 1

    run(main)


@asynccontextmanager
async def nowhere(name: str) -> AsyncIterator[Server]:
    """Give an address from `UNREACHABLE`."""
    if name == "connection refused":
        with refused() as url:
            yield Server(url)
    elif name == "a host name that does not exist":
        yield Server(UNRESOLVABLE)
    else:
        make = {
            "a certificate that nobody vouches for": untrusted,
            "a certificate for another host": misnamed,
            "a TLS handshake that never begins": silent,
        }[name]
        async with make() as server:
            yield server


@each_effect
@pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])
@pytest.mark.parametrize("name", UNREACHABLE)
def test_what_never_leaves_is_tried_again_and_nobody_sees_it(
    name: str, borrowed: bool, effect: Effect, figures: Figures
) -> None:
    async def main(clock: VirtualClock) -> None:
        caller, end, tasks = Caller(Sandbox()), end_of(UNREACHABLE[name], effect), asyncio.all_tasks()
        async with nowhere(name) as server:
            async with session_on(
                server.url, ApiSecret("id", "key"), clock, borrowed=borrowed, tls=server.tls, rate_limit=10
            ) as session:
                began = clock.monotonic()
                error = await error_of(caller.call(session, effect))
                assert clock.monotonic() - began == pytest.approx(end.seconds, abs=1e-6)
                assert_it_ended(error, end, Caller.OPERATIONS[effect])
                assert_nothing_is_left(session)
                # The service has not counted it, so the rate budget has not either.
                assert session.budget.left == 10
            assert b"HTTP" not in server.received
            if server.tls or name.startswith("a "):
                assert server.handshakes == 0
        await settled(lambda: asyncio.all_tasks() == tasks)
        assert clock.next_wake is None
        figures.cells += 1
        figures.ends[end.what] += 1

    run(main)


class TestAConnectionThatTheServiceHasJustClosed:
    """The FIN is on its way when the client writes, or has come, by a turn of its event loop."""

    @each_effect
    @pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])
    def test_is_met_at_the_moment_of_reuse(self, effect: Effect, borrowed: bool) -> None:
        async def main(clock: VirtualClock) -> None:
            async with Sandbox(clock=clock) as sandbox:
                caller = Caller(sandbox)
                async with session_on(sandbox.url, sandbox.secret, clock, borrowed=borrowed) as session:
                    await session.team.get()
                    sandbox.requests.clear()
                    assert sandbox.drop_idle() == 1
                    error = await error_of(caller.call(session, effect))
                    assert_nothing_is_left(session)
                    reads = [received.read for received in sandbox.requests]
                    if effect is Effect.SENDS:
                        assert_it_ended(error, End("SendUnknown", 1, 0.0), "send_message")
                        assert (reads, caller.texts) == ([False], 0)
                    else:
                        assert error is None
                        assert reads == [False, True]
                        # Not at once, as aiohttp would repeat it by itself.
                        assert clock.monotonic() == 0.5

        run(main)

    @each_effect
    @pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])
    def test_is_not_used_once_that_is_known(self, effect: Effect, borrowed: bool) -> None:
        async def main(clock: VirtualClock) -> None:
            async with Sandbox(clock=clock) as sandbox:
                caller = Caller(sandbox)
                async with session_on(sandbox.url, sandbox.secret, clock, borrowed=borrowed) as session:
                    await session.team.get()
                    sandbox.requests.clear()
                    assert sandbox.drop_idle() == 1
                    await asyncio.sleep(1)
                    assert await error_of(caller.call(session, effect)) is None
                    assert [received.connection for received in sandbox.requests] == [2]
                    if effect is Effect.SENDS:
                        assert caller.texts == 1
                    assert_nothing_is_left(session)

        run(main)

    def test_is_met_once_by_a_request_by_hand_that_must_not_be_repeated(self) -> None:
        async def main(clock: VirtualClock) -> None:
            async with Sandbox(clock=clock) as sandbox:
                contact = next(iter(sandbox.teams[0].contacts))
                sandbox.script("delete_contact", Closed(effect=True), times=2)
                async with session_on(sandbox.url, sandbox.secret, clock, borrowed=True) as session:
                    error = await error_of(session.request("DELETE", f"/v1/contact/{contact}", effect=Effect.SENDS))
                    assert_it_ended(error, End("SendUnknown", 1, 0.0), "request")
                    assert len(sandbox.requests) == 1

        run(main)


def test_each_fault_has_a_promise_of_an_error_that_exists() -> None:
    assert PROMISES.keys() == FAULTS.keys()
    for promise in PROMISES.values():
        for end in (promise.reads, promise.writes, promise.sends):
            assert end.what == RESULT or issubclass(getattr(heymarket_async.errors, end.what), CallError)


def test_the_page_in_the_docs_is_that_of_the_promises() -> None:
    docs = Path(__file__).parents[2] / "docs"
    made = subprocess.run([sys.executable, docs / "faults.py"], capture_output=True, text=True, check=True).stdout
    assert made == (docs / "faults.md").read_text("utf-8"), "python docs/faults.py > docs/faults.md"
    assert made.count("\n| ") == 3 * 2 + len(FAULTS) + len(UNREACHABLE) + len(DEADLINES) + 1
