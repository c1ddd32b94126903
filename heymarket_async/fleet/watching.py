"""Watching many teams: the steps of each, when they are due, as turns of the rounds that `Fleet.each` makes too."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Sequence
from typing import Final
from weakref import WeakKeyDictionary, WeakValueDictionary

from heymarket_async.errors import ConfigurationError, TeamParked
from heymarket_async.fleet.results import TeamResult
from heymarket_async.fleet.rounds import Member, Roster, Rounds
from heymarket_async.lanes import Lane
from heymarket_async.watch.feeds import Feed
from heymarket_async.watch.plan import Plan, WatchSettings
from heymarket_async.watch.watcher import Batch, Watcher
from heymarket_async.watch.watching import BatchWatch

# Of a feed that is given by its name. A thousand teams with what one session keeps would take hundreds of megabytes.
KEPT: Final = 20
REMEMBERED: Final = 0

Found = tuple[Member, Batch | None]


def watch_all(roster: Roster, feeds: Sequence[Feed | str], places: int, settings: WatchSettings) -> BatchWatch:
    """Return the batches of all teams.

    Args:
        roster: the teams.
        feeds: what to watch of each.
        places: polls at a time, and batches that nobody has taken, at the most.
        settings: of the watch.

    Raises:
        ArgumentError: something of it makes no sense.
    """
    plan = Plan.make([_small(feed) for feed in feeds], **settings)
    steps = Steps(roster, plan)
    return BatchWatch(plan, AllTeams(roster, plan, Rounds(roster, steps.step, places, steps)))


def _small(feed: Feed | str) -> Feed | str:
    return Feed(feed, keep=KEPT, remember=REMEMBERED) if isinstance(feed, str) else feed


class Steps:
    """Takes the steps of each team, and says when the next one is due.

    Args:
        roster: the teams.
        plan: what is watched of each.
    """

    def __init__(self, roster: Roster, plan: Plan) -> None:
        self._roster = roster
        self._plan = plan
        self._chance = random.Random()
        self._watchers: WeakKeyDictionary[Member, Watcher] = WeakKeyDictionary()
        self._owners: WeakValueDictionary[int, Watcher] = WeakValueDictionary()

    @property
    def spread(self) -> float:
        """Seconds over which the teams are spread."""
        return self._plan.pace.floor

    async def step(self, member: Member) -> Found:
        """Take one step of a team, and return the team and what it found, if it did."""
        watcher = self._watchers.get(member)
        if watcher is None:
            session = member.session.with_options(lane=Lane.POLL)
            watcher = Watcher(session, self._plan, self._chance, self._claim)
            self._watchers[member] = watcher
        return member, await watcher.step()

    def after(self, member: Member, error: Exception | None, due: float, now: float) -> float:
        """Return when the next step of a team is due. That one has failed is told here."""
        watcher, parking = self._watchers.get(member), member.parking
        if watcher is None or isinstance(error, TeamParked):
            return max(parking.due, now + self.spread)
        if error is not None and self._roster.has(member) and not self._roster.closed():
            watcher.failed(error, not_before=parking.due)
        return watcher.due

    def _claim(self, watcher: Watcher, team: int) -> None:
        """Note who watches a team. Two names that are one team would take each other's checkpoints for theirs."""
        owner = self._owners.get(team)
        if owner is not None and owner is not watcher:
            member = self._roster.members.get(owner.name or "")
            if member is not None and self._watchers.get(member) is owner:
                raise ConfigurationError(
                    f"Teams {owner.name!r} and {watcher.name!r} are the same team of the service, {team}.",
                    advice="Leave one out.",
                )
            owner.retire()  # It was removed. A late commit of it must not set back whoever has the team now.
        self._owners[team] = watcher


class AllTeams:
    """Where the batches of all teams come from.

    Args:
        roster: the teams.
        plan: what is watched of each.
        rounds: their turns.
    """

    def __init__(self, roster: Roster, plan: Plan, rounds: Rounds[Found]) -> None:
        self._roster = roster
        self._plan = plan
        self._rounds = rounds
        # Nothing refers to it but this, so that it ends with whoever was reading.
        self._results: AsyncGenerator[TeamResult[Found]] | None = None

    async def take(self) -> Batch | None:
        """Return what the next step of any team found, if it did."""
        if self._results is None:
            # A store that cannot be used is the matter of the reader, and of no team.
            await self._plan.store.load(self._plan.key(0, self._plan.feeds[0]))
            self._results = self._rounds.results()
        try:
            found = (await anext(self._results)).value
        except BaseException:
            self._results = None  # It has ended. Another one goes on where it was.
            raise
        # What was found for a team that is gone comes again if the team does.
        return found[1] if found is not None and self._roster.has(found[0]) else None

    async def rest(self) -> None:
        """End the polls that are under way."""
        results, self._results = self._results, None
        if results is not None:
            await results.aclose()
        await self._rounds.stop()  # Whoever came before may have given up waiting.
