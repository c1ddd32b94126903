"""What the tests of fleets share."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from typing import Any

from heymarket_async import AttemptEnded, AttemptStarted, Fleet
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Sandbox


def teams_of(sandbox: Sandbox) -> dict[str, Any]:
    """Return the credentials of all teams of a sandbox, named t0, t1 and so on."""
    return {f"t{place}": team.secret for place, team in enumerate(sandbox.teams)}


def fleet_of(sandbox: Sandbox, **settings: Any) -> Fleet:
    return Fleet(teams_of(sandbox), base_url=sandbox.url, **settings)


def list_inboxes(team: Any) -> Any:
    return team.inboxes.list()


async def settle(turns: int = 30) -> None:
    """Let everything happen that waits for nothing."""
    for _ in range(turns):
        await asyncio.sleep(0)


class Driver:
    """Lets virtual time pass, and at each moment all the real time that requests need.

    Args:
        clock: of the fleet and of the sandbox.
        hanging: names of teams whose requests never end by themselves.

    Attributes:
        under_way: how many attempts of each team have begun and not ended.
    """

    def __init__(self, clock: VirtualClock, *hanging: str) -> None:
        self.clock = clock
        self.under_way: Counter[str] = Counter()
        self._hanging = set(hanging)

    def __call__(self, event: Any) -> None:
        """Listen to what a fleet does."""
        if isinstance(event, AttemptStarted):
            self.under_way[event.team] += 1
        elif isinstance(event, AttemptEnded):
            self.under_way[event.team] -= 1

    async def quiet(self) -> None:
        """Wait until no request is under way, but for those that hang."""
        await settle()
        while any(count for team, count in self.under_way.items() if team not in self._hanging):
            await asyncio.sleep(0.001)
            await settle()

    async def advance(self, seconds: float) -> None:
        """Let virtual time pass."""
        end = self.clock.monotonic() + seconds
        await self.quiet()
        while self.clock.monotonic() < end:
            step = self.clock.next_wake
            left = end - self.clock.monotonic()
            self.clock.advance(min(math.inf if step is None else step, left))
            await self.quiet()
