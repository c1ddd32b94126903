"""When a team that the service refuses is called again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast

import attrs

from heymarket_async.errors import ApiError, AuthenticationError, PermissionDenied, TeamParked
from heymarket_async.events import Parked, Unparked

FIRST_WAIT: Final = 60.0
LONGEST_WAIT: Final = 3600.0
# So that teams which were refused together do not come back together.
JITTER: Final = 0.1


@attrs.frozen(kw_only=True)
class ParkedTeam:
    """Why a team is not called, and until when.

    Attributes:
        status: of the last refusal: 401 or 403.
        request_id: the service's `X-Request-Id` of the last refusal, if there is one.
        refusals: how many there were in a row.
        since: when it was parked.
        until: when it is called again.
    """

    status: int
    request_id: str | None
    refusals: int
    since: datetime
    until: datetime


def wait_after(refusals: int, chance: float) -> float:
    """Return the seconds to wait after so many refusals in a row: a minute, doubling up to an hour.

    Args:
        refusals: how many, from 1.
        chance: a random number from 0 to 1, which spreads the waits by a tenth.
    """
    doubled = FIRST_WAIT * 2.0 ** min(refusals - 1, 32)
    return min(doubled, LONGEST_WAIT) * (1.0 - JITTER + 2.0 * JITTER * chance)


def refusal_in(error: BaseException) -> ApiError | None:
    """Return the 401 or 403 that an error is, was raised from, or has among those it groups."""
    to_see: list[BaseException] = [error]
    seen: set[int] = set()
    while to_see:
        one = to_see.pop(0)
        if isinstance(one, AuthenticationError | PermissionDenied):
            return one
        if id(one) not in seen:
            seen.add(id(one))
            if isinstance(one, BaseExceptionGroup):
                to_see.extend(cast("BaseExceptionGroup[BaseException]", one).exceptions)
            to_see += () if one.__cause__ is None else (one.__cause__,)
    return None


class Parking:
    """Whether one team may be called.

    A team that is parked gets one call when its time has come. What it says counts; what others say who were let in
    before the team was parked does not.

    Attributes:
        state: why it is parked and until when; None if it is not.
        due: when it is called again, by the monotonic clock, if it is.
    """

    __slots__ = ("_round", "_trying", "due", "state")

    def __init__(self) -> None:
        self.state: ParkedTeam | None = None
        self.due: float = 0.0
        self._round: int = 0
        self._trying = False

    def enter(self, now: float) -> int | None:
        """Return a ticket for `leave`; None if the team is not to be called.

        Args:
            now: monotonic seconds.
        """
        if self.state is not None:
            if self._trying or now < self.due:
                return None
            self._trying = True
        return self._round

    def leave(self, ticket: int) -> None:
        """Say that nothing was learned: the call ended in another way, or was cancelled."""
        if ticket == self._round:
            self._trying = False

    def answered(self, ticket: int, team: str) -> Unparked | None:
        """Say that the service has not refused; return what there is to tell."""
        self.leave(ticket)
        if self.state is None or ticket != self._round:
            return None
        refusals, self.state = self.state.refusals, None
        self._round += 1
        return Unparked(team=team, refusals=refusals)

    def refused(
        self, ticket: int, team: str, refusal: ApiError, *, now: float, today: datetime, chance: float
    ) -> Parked | None:
        """Say that the service has refused; return what there is to tell.

        Args:
            ticket: of `enter`.
            team: the name of the team.
            refusal: the 401 or 403.
            now: monotonic seconds.
            today: the time of day.
            chance: a random number from 0 to 1.
        """
        if ticket != self._round:
            return None
        before = self.state
        refusals = 1 if before is None else before.refusals + 1
        wait = wait_after(refusals, chance)
        self.state = ParkedTeam(
            status=refusal.status,
            request_id=refusal.request_id,
            refusals=refusals,
            since=today if before is None else before.since,
            until=today + timedelta(seconds=wait),
        )
        self.due, self._trying = now + wait, False
        self._round += 1
        return Parked(team=team, status=refusal.status, request_id=refusal.request_id, refusals=refusals, seconds=wait)

    def error(self, team: str) -> TeamParked:
        """Return the error for who asks meanwhile."""
        state = self.state
        assert state is not None
        until = state.until.isoformat(sep=" ", timespec="seconds")
        times = "once" if state.refusals == 1 else f"{state.refusals} times in a row"
        return TeamParked(f"Team {team!r} is parked until {until}: the service refused it {times} ({state.status}).")
