"""What a resource asks of a session."""

from __future__ import annotations

from typing import Protocol, TypeVar

from heymarket_async.calls import Call
from heymarket_async.clock import Clock
from heymarket_async.limits import BudgetState

T = TypeVar("T")


class Runner(Protocol):
    """Whatever can perform a call: a session."""

    @property
    def default_region(self) -> str | None:
        """The country whose national phone numbers are understood."""
        ...

    @property
    def name(self) -> str | None:
        """What its owner calls the team, if anything."""
        ...

    @property
    def clock(self) -> Clock:
        """What tells the time."""
        ...

    @property
    def budget(self) -> BudgetState:
        """How much of the rate limit is left."""
        ...

    def service_time(self) -> float | None:
        """Return the Unix time by the service's clock, or None while no answer has told it."""
        ...

    async def run(self, call: Call[T]) -> T:
        """Perform `call`."""
        ...
