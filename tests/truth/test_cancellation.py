"""A call that is given up at any moment leaves nothing behind, and its session goes on.

Each way that a call can take is interrupted in the first turn of the event loop, in the second, and so on until the
call is over before: so at every await, also those inside aiohttp. Connections are real, time is virtual. `--full` lets
each interruption come at either end of the turn: before what happens in it, and after.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import attrs
import pytest
import trustme

from heymarket_async import AsyncSession
from heymarket_async.calls import Effect
from heymarket_async.clock import VirtualClock
from heymarket_async.errors import HeymarketError
from heymarket_async.sandbox import Answer, Closed, Hang, Ordinary, Reply, Sandbox, Trickled
from idle_time import IdleTimeLoop, run, settled
from unreachable import mute

NUMBER = "15105550123"
AUTHORITY = trustme.CA()
CERTIFICATE = AUTHORITY.issue_cert("127.0.0.1")
TRUST = ssl.create_default_context()
AUTHORITY.configure_trust(TRUST)
RESULT = "result"


class Scene:
    """A session that is open, and a call to make.

    Attributes:
        end: how the call ends where nobody interrupts it: `result`, or the class of its error.
        serves: whether there is a service at the other end.

    Args:
        meanwhile: another call that is under way.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        session: AsyncSession,
        effect: Effect,
        end: str = RESULT,
        *,
        serves: bool = True,
        meanwhile: asyncio.Task[Any] | None = None,
    ) -> None:
        self.session = session
        self.end = end
        self.serves = serves
        self._effect = effect
        self._team = sandbox.teams[0]
        self._meanwhile = meanwhile
        pool = session._engine.pool.open()
        self._connector: Any = pool.http.connector
        (self._gate,) = pool.gates

    async def call(self) -> Any:
        """Make the call."""
        if self._effect is Effect.READS:
            return await self.session.inboxes.list()
        return await self.session.messages.send(
            inbox_id=self._team.inboxes[0]["id"],
            creator_id=self._team.members[0]["id"],
            phone_number=NUMBER,
            text="It has shipped.",
        )

    async def rest(self) -> None:
        """Wait until the other call is over, if there is one."""
        if self._meanwhile is not None:
            with contextlib.suppress(HeymarketError):
                await self._meanwhile

    @property
    def texts(self) -> int:
        """How many texts went out."""
        return len(self._team.sent_to(NUMBER))

    def assert_nothing_is_left(self) -> None:
        """See that no slot, no connection, no place at the gate, no waiter and no timer is held."""
        budget = self.session._engine.account.budget
        assert (budget.state.in_flight, budget.state.waiting) == (0, 0)
        assert budget._alarm is None
        assert len(self.session._engine.pool.deadlines) == 0
        assert self._gate.free == self._connector.limit
        assert not self._connector._acquired
        assert not self._connector._waiters


Way = Callable[[Sandbox, VirtualClock, Effect], AbstractAsyncContextManager[Scene]]


def way(
    *answers: Answer,
    warm: bool = False,
    borrowed: bool = False,
    end: str = RESULT,
    sends_end: str | None = None,
    **options: Any,
) -> Way:
    """Return the way of a call that meets `answers`, and ends with `end`, or a send with `sends_end`."""

    @asynccontextmanager
    async def scene(sandbox: Sandbox, clock: VirtualClock, effect: Effect) -> AsyncIterator[Scene]:
        async with aiohttp.ClientSession() if borrowed else contextlib.nullcontext() as http:
            async with AsyncSession(
                sandbox.secret, base_url=sandbox.url, clock=clock, client_session=http, **options
            ) as session:
                if warm:
                    await session.team.get()
                sandbox.script("*", *answers or [Ordinary()])
                yield Scene(sandbox, session, effect, sends_end if sends_end and effect is Effect.SENDS else end)

    return scene


@asynccontextmanager
async def behind_another(sandbox: Sandbox, clock: VirtualClock, effect: Effect) -> AsyncIterator[Scene]:
    """Let the call wait for the only connection."""
    async with AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, pool_size=1) as session:
        sandbox.script("*", Ordinary(late=5))
        other = asyncio.create_task(session.team.get())
        await settled(lambda: sandbox.requests)
        yield Scene(sandbox, session, effect, meanwhile=other)


@asynccontextmanager
async def by_tls(sandbox: Sandbox, clock: VirtualClock, effect: Effect) -> AsyncIterator[Scene]:
    """Let the call make a connection by TLS, on which no answer comes."""
    async with mute(CERTIFICATE) as server:
        async with AsyncSession(sandbox.secret, base_url=server.url, clock=clock, tls=TRUST) as session:
            end = "TimedOut" if effect is Effect.READS else "SendUnknown"
            yield Scene(sandbox, session, effect, end, serves=False)


WAYS: dict[str, Way] = {
    "a new connection": way(),
    "a kept connection": way(warm=True),
    "a borrowed pool": way(borrowed=True),
    "a new connection by TLS": by_tls,
    "503, a wait, another attempt": way(Reply(503), warm=True, sends_end="ServerError"),
    "429, a wait, another attempt": way(Reply(429, headers={"Retry-After": "2"})),
    "401, another token": way(Reply(401)),
    "a wait for the rate limit": way(warm=True, rate_limit=1, timeout=200),
    "a wait for the only connection": behind_another,
    "no answer": way(Hang(effect=True), Hang(effect=True), end="TimedOut", sends_end="SendUnknown"),
    "an answer that is lost": way(*[Closed(effect=True)] * 3, end="ConnectionLost", sends_end="SendUnknown"),
    "a slow head": way(Trickled(part="head", piece=64), warm=True),
    "a slow body": way(Trickled(piece=1000)),
}


class Turn:
    """A turn of the event loop in which something shall happen.

    Args:
        number: which turn of the block that `let` begins; 0 for the first.
        last: whether it happens after all else of that turn, and not before.

    Attributes:
        came: whether it has happened.
        at: when it did.
    """

    def __init__(self, number: int, *, last: bool) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, IdleTimeLoop)
        self._loop = loop
        self._number = number
        self._last = last
        self.came = False
        self.at = 0.0

    @contextlib.contextmanager
    def let(self, act: Callable[[], object]) -> Iterator[None]:
        """Let `act` happen in that turn, if it comes during the block."""
        due = self._loop.turns + 1 + self._number
        timers: list[asyncio.TimerHandle] = []

        def happen() -> None:
            self.came = True
            self.at = self._loop.time()
            act()

        def look(turn: int) -> bool:
            if turn == due and self._last:
                timers.append(self._loop.call_at(self._loop.time(), happen))
            elif turn == due:
                happen()
            return turn == due

        self._loop.each_turn(look)
        try:
            yield
        finally:
            self._loop.each_turn(None)
            for timer in timers:
                timer.cancel()


def end_of(task: asyncio.Task[Any]) -> str:
    if task.cancelled():
        return "CancelledError"
    error = task.exception()
    return RESULT if error is None else type(error).__name__


async def cancel(scene: Scene, turn: Turn) -> str:
    task = asyncio.create_task(scene.call())
    asked: list[bool] = []
    with turn.let(lambda: asked.append(task.cancel())):
        await asyncio.wait([task])
    # Who cancels a call before it is over gets nothing else.
    assert task.cancelled() is (asked == [True])
    return end_of(task)


async def time_out(scene: Scene, turn: Turn) -> str:
    limit = asyncio.timeout(None)

    async def limited() -> None:
        try:
            async with limit:
                with turn.let(lambda: limit.reschedule(0.0)):
                    await scene.call()
        finally:
            current = asyncio.current_task()
            assert current is not None
            assert current.cancelling() == 0

    task = asyncio.create_task(limited())
    await asyncio.wait([task])
    assert (end_of(task) == "TimeoutError") is limit.expired()
    return end_of(task)


async def close(scene: Scene, turn: Turn) -> str:
    task = asyncio.create_task(scene.call())
    closing: list[asyncio.Task[None]] = []
    with turn.let(lambda: closing.append(asyncio.create_task(scene.session.close()))):
        await asyncio.wait([task])
    await asyncio.gather(*closing)
    return end_of(task)


class SiblingFailed(Exception):
    """Ends a task group."""


async def leave_the_group(scene: Scene, turn: Turn) -> str:
    fail = asyncio.get_running_loop().create_future()

    async def sibling() -> None:
        await fail

    with contextlib.suppress(SiblingFailed, HeymarketError):
        try:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(scene.call())
                group.create_task(sibling())
                task.add_done_callback(lambda _: fail.done() or fail.set_result(None))
                with turn.let(lambda: fail.done() or fail.set_exception(SiblingFailed())):
                    await asyncio.wait([task])
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
    return end_of(task)


# What the caller sees of an interruption, beside the end that the call would have had.
INTERRUPTIONS: dict[str, tuple[Any, str]] = {
    "cancelled": (cancel, "CancelledError"),
    "timed out": (time_out, "TimeoutError"),
    "closed": (close, "SessionClosed"),
    "left by its group": (leave_the_group, "CancelledError"),
}


@attrs.define
class Figures:
    """What was done, to be printed."""

    ways: Counter[str] = attrs.field(factory=Counter[str])
    ends: Counter[str] = attrs.field(factory=Counter[str])


@pytest.fixture(scope="module")
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    figures = Figures()
    yield figures
    if request.config.getoption("--full"):
        capture = request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            ways = ", ".join(f"{name} {count:,}" for name, count in figures.ways.most_common())
            ends = ", ".join(f"{end} {count:,}" for end, count in figures.ends.most_common())
            print(f"\ncalls interrupted: {figures.ways.total():,}, in {ways}; they ended with {ends}")


@pytest.mark.parametrize("effect", [Effect.READS, Effect.SENDS], ids=lambda effect: effect.value)
@pytest.mark.parametrize("interruption", INTERRUPTIONS)
@pytest.mark.parametrize("name", WAYS)
def test_a_call_that_is_interrupted_leaves_nothing_behind(
    name: str, interruption: str, effect: Effect, full: bool, figures: Figures
) -> None:
    interrupt, seen = INTERRUPTIONS[interruption]
    # Who closes the session during a send must not think that it was not sent.
    ends = {seen, "SendUnknown"} if effect is Effect.SENDS and interruption == "closed" else {seen}

    async def interrupted(sandbox: Sandbox, clock: VirtualClock, turn: Turn) -> str:
        """Interrupt a call in its turn, and return how it ended."""
        sandbox.requests.clear()
        sandbox.teams[0].sent.clear()
        before = asyncio.all_tasks()
        async with WAYS[name](sandbox, clock, effect) as scene:
            end = await interrupt(scene, turn)
            if turn.came:
                assert end in ends | {scene.end}
                assert clock.monotonic() == turn.at
            else:
                assert end == scene.end
            await scene.rest()
            sandbox.clear_script()
            if effect is Effect.SENDS:
                assert scene.texts <= 1
                assert scene.texts or end != RESULT
                assert not scene.texts or end != "SessionClosed"
            scene.assert_nothing_is_left()
            if scene.serves and not scene.session.closed:
                await scene.session.inboxes.list()
                scene.assert_nothing_is_left()
        await settled(lambda: asyncio.all_tasks() - sandbox._door.tasks <= before)
        await settled(lambda: clock.next_wake is None)
        return end

    async def main(clock: VirtualClock) -> None:
        async with Sandbox(clock=clock, rate_limit=None) as sandbox:
            for last in (False, True) if full else (interruption == "timed out",):
                number, turn = 0, Turn(0, last=last)
                while number == 0 or turn.came:
                    turn = Turn(number, last=last)
                    try:
                        end = await interrupted(sandbox, clock, turn)
                    except AssertionError as wrong:
                        wrong.add_note(f"in turn {number}, {'last' if last else 'first'}")
                        raise
                    number += 1
                    figures.ends[end] += 1
                figures.ways[name] += number
                assert number > 3

    run(main)
