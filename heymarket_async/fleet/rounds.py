"""One function for many teams: so many at a time, results as they come, once or again and again."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

import attrs

from heymarket_async.clock import Clock
from heymarket_async.errors import SessionClosed
from heymarket_async.events import Parked, Unparked
from heymarket_async.fleet.parking import Parking, refusal_in
from heymarket_async.fleet.results import TeamResult
from heymarket_async.session import AsyncSession

T = TypeVar("T")


@attrs.define(eq=False, repr=False)
class Member:
    """A team of a fleet.

    Attributes:
        name: its name.
        session: calls the service for it.
        parking: whether it may be called.
        turn: when it was called last, among all turns of the fleet; lower means longer ago.
    """

    name: str
    session: AsyncSession
    parking: Parking = attrs.field(factory=Parking)
    turn: int = 0


@attrs.define(eq=False, repr=False)
class Roster:
    """The teams of a fleet as they are now, which may change at any moment.

    Attributes:
        members: the teams by name.
        clock: tells the time.
        tell: is told of teams that are parked, or answer again.
        closed: says whether the fleet was closed.
        turns: counts the turns of all teams.
        arrivals: how many teams have come so far.
        bells: are rung when a team has come, and when the fleet is closed.
    """

    clock: Clock
    tell: Callable[[Parked | Unparked], object]
    closed: Callable[[], bool]
    members: dict[str, Member] = attrs.field(factory=dict[str, Member])
    turns: itertools.count[int] = attrs.field(factory=lambda: itertools.count(1))
    arrivals: int = 0
    bells: set[asyncio.Event] = attrs.field(factory=set[asyncio.Event])

    def add(self, member: Member) -> None:
        """Let a team come."""
        self.members[member.name] = member
        self.arrivals += 1
        self.ring()

    def ring(self) -> None:
        """Let all who call teams look at what has changed."""
        for bell in self.bells:
            bell.set()

    def has(self, member: Member) -> bool:
        """Say whether a team is still here; another one may have its name by now."""
        return self.members.get(member.name) is member


def next_due(due: float, every: float, now: float) -> float:
    """Return the first moment after `due`, in steps of `every`, that is not past."""
    return due + every * max(math.ceil((now - due) / every), 1)


class Timing(Protocol):
    """When teams have their turns."""

    @property
    def spread(self) -> float | None:
        """Seconds over which the first turns are spread; None where each team has one turn only."""
        ...

    def after(self, member: Member, error: Exception | None, due: float, now: float) -> float | None:
        """Return when a team has its next turn, by the monotonic clock; None for never.

        Args:
            member: the team.
            error: what came of the turn that has ended, if it failed; `TeamParked` if it was left out.
            due: when that was due.
            now: monotonic seconds.
        """
        ...


class Once:
    """Each team has one turn."""

    spread = None

    def after(self, member: Member, error: Exception | None, due: float, now: float) -> None:
        """Return None."""


@attrs.frozen
class Every:
    """Each team has a turn every so many seconds.

    Args:
        spread: the seconds.
    """

    spread: float

    def after(self, member: Member, error: Exception | None, due: float, now: float) -> float:
        """Return the next moment in the rhythm of the team that is not past."""
        return next_due(due, self.spread, now)


class Rounds(Generic[T]):
    """Calls a function for each team.

    Who has waited longest comes first. No more than `places` functions run or have results that nobody has taken, so a
    reader who is slow slows the calls, and memory stays bounded.

    Args:
        roster: the teams.
        function: is called with a team.
        places: how many run at a time at the most.
        timing: when teams have their turns.
    """

    def __init__(self, roster: Roster, function: Callable[[Member], Awaitable[T]], places: int, timing: Timing) -> None:
        self._roster = roster
        self._function = function
        self._places = places
        self._timing = timing
        self._agenda: list[tuple[float, int, Member]] = []
        self._listed: set[Member] = set()
        self._arrivals = 0
        self._order = itertools.count()
        self._running: dict[asyncio.Task[TeamResult[T]], tuple[Member, float]] = {}
        self._ended: deque[TeamResult[T]] = deque()
        self._failure: BaseException | None = None
        self._bell = asyncio.Event()

    async def results(self) -> AsyncGenerator[TeamResult[T]]:
        """Yield what comes of each team, as it comes. Whoever leaves early leaves nothing running.

        Called again, it goes on: the turns that were cut short come again, and no result is lost.
        """
        await self.stop()  # Whoever was cancelled twice did not wait for it.
        self._failure = None
        self._list(spread=True)
        self._roster.bells.add(self._bell)
        try:
            while True:
                self._bell.clear()
                if self._timing.spread is not None and self._arrivals < self._roster.arrivals:
                    self._list(spread=False)
                self._start_what_is_due()
                if self._failure is not None:
                    raise self._failure
                if self._ended:
                    yield self._ended.popleft()
                elif self._roster.closed() and not self._running:
                    raise SessionClosed("This fleet was closed.")
                elif self._running or self._agenda or self._timing.spread is not None:
                    await self._wait()
                else:
                    return
        finally:
            self._roster.bells.discard(self._bell)
            await self.stop()

    async def stop(self) -> None:
        """End the calls that are under way, if any. Their turns come again."""
        for task in self._running:
            if not task.cancelling():  # A second time would cut short what it does to end well.
                task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    def _list(self, *, spread: bool) -> None:
        """Put those teams on the agenda that are not there yet, spread over the first interval or at once."""
        now, members = self._roster.clock.monotonic(), self._roster.members.values()
        self._arrivals = self._roster.arrivals
        self._listed = {member for member in self._listed if self._roster.has(member)}
        fresh = sorted((member for member in members if member not in self._listed), key=lambda member: member.turn)
        step = (self._timing.spread or 0.0) / len(fresh) if spread and fresh else 0.0
        for place, member in enumerate(fresh):
            self._plan(member, now + place * step)
        self._listed.update(fresh)

    def _plan(self, member: Member, due: float) -> None:
        heapq.heappush(self._agenda, (due, next(self._order), member))

    def _start_what_is_due(self) -> None:
        now, agenda = self._roster.clock.monotonic(), self._agenda
        while agenda and agenda[0][0] <= now and self._has_place() and not self._roster.closed():
            due, _, member = heapq.heappop(agenda)
            if not self._roster.has(member):
                self._listed.discard(member)
                continue
            member.turn = next(self._roster.turns)
            ticket = member.parking.enter(now)
            if ticket is None:
                error = member.parking.error(member.name)
                self._ended.append(TeamResult(team=member.name, error=error, late=now - due))
                self._plan_next(member, error, due, now)
                continue
            task = asyncio.create_task(self._call(member, ticket, due, now))
            self._running[task] = member, due
            task.add_done_callback(self._take)

    def _has_place(self) -> bool:
        return len(self._running) + len(self._ended) < self._places

    def _plan_next(self, member: Member, error: Exception | None, due: float, now: float) -> None:
        after = self._timing.after(member, error, due, now)
        if after is not None:
            self._plan(member, after)

    async def _call(self, member: Member, ticket: int, due: float, began: float) -> TeamResult[T]:
        clock, parking = self._roster.clock, member.parking
        value: T | None = None
        failure: Exception | None = None
        try:
            value = await self._function(member)
            self._told(parking.answered(ticket, member.name))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what came of this team
            failure = error
            refusal = refusal_in(error)
            if refusal is not None:
                now, today = clock.monotonic(), datetime.fromtimestamp(clock.wall(), UTC)
                chance = random.random()
                self._told(parking.refused(ticket, member.name, refusal, now=now, today=today, chance=chance))
        finally:
            parking.leave(ticket)
        now = clock.monotonic()
        self._plan_next(member, failure, due, now)
        return TeamResult(team=member.name, value=value, error=failure, late=began - due, elapsed=now - began)

    def _told(self, event: Parked | Unparked | None) -> None:
        if event is not None:
            self._roster.tell(event)

    def _take(self, task: asyncio.Task[TeamResult[T]]) -> None:
        member, due = self._running.pop(task)
        self._bell.set()
        failure = asyncio.CancelledError() if task.cancelled() else task.exception()
        if failure is None:
            self._ended.append(task.result())
        else:
            self._failure = failure
            self._plan(member, due)  # It has not had its turn.

    async def _wait(self) -> None:
        """Wait until a call has ended, a team has come, or a team is due for which there is a place."""
        timer = None
        if self._agenda and self._has_place():
            wait = self._agenda[0][0] - self._roster.clock.monotonic()
            timer = self._roster.clock.call_later(wait, self._bell.set)
        try:
            await self._bell.wait()
        finally:
            if timer is not None:
                timer.cancel()
