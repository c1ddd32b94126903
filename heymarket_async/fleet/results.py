"""What came of one team."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

import attrs

T = TypeVar("T")


@attrs.frozen(kw_only=True, repr=False)
class TeamResult(Generic[T]):
    """What a function returned or raised for one team.

    Attributes:
        team: the name of the team.
        value: what it returned; None if it raised.
        error: what it raised, if it did. `TeamParked` if it was not called, because the service has refused the team.
        late: seconds after its time at which it began. Without `every=`, its time is when the walk over the teams
            began.
        elapsed: seconds that it took.
    """

    team: str
    value: T | None = None
    error: Exception | None = None
    late: float = 0.0
    elapsed: float = 0.0

    def __repr__(self) -> str:
        outcome = self.value if self.error is None else self.error
        return f"<TeamResult {self.team!r}: {type(outcome).__name__}>"

    @property
    def ok(self) -> bool:
        """Whether the function returned."""
        return self.error is None

    def unwrap(self) -> T:
        """Return the value, or raise the error."""
        if self.error is not None:
            raise self.error
        return cast(T, self.value)
