"""What each call pays for its token and its place in the rate limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from benchmarks.figures import Bound, Section, Table, scaled
from benchmarks.peers import NO_LIMIT_AT_HAND
from benchmarks.rounds import interleave
from heymarket_async import ApiSecret
from heymarket_async.auth import TokenMint
from heymarket_async.budget import RateBudget
from heymarket_async.clock import SYSTEM_CLOCK

ROUNDS = 24
CHECK, UNCOUNTED, MINT = "token and slot", "token and slot, without a limit", "a new token"

TEXT = """
What happens in every call before and after its request: the token is looked up, a slot of the rate limit is taken and
given back. A new token is made every four minutes.
"""


def measure() -> Section:
    """Measure the checks of each call, and the making of a token."""
    costs = interleave({CHECK: _checks(NO_LIMIT_AT_HAND), UNCOUNTED: _checks(None), MINT: _mints()}, rounds=ROUNDS)
    spreads = {name: scaled(cost.cpu, 1e6) for name, cost in costs.items()}
    return Section(
        title="Token and rate limit",
        text=TEXT,
        tables=[Table(("what", "CPU, µs"), [(name, spread.show(2)) for name, spread in spreads.items()])],
        bounds=[
            Bound(what="cached token and a slot of the rate limit", value=spreads[CHECK], most=5.0, unit="µs"),
            Bound(what="a new token", value=spreads[MINT], most=40.0, unit="µs"),
        ],
    )


def _checks(limit: int | None) -> Callable[[int], None]:
    mint = TokenMint(_secret(), SYSTEM_CLOCK)

    async def check(times: int) -> None:
        budget = RateBudget(limit, SYSTEM_CLOCK)
        for _ in range(times):
            slot = budget.take()
            mint.token()
            budget.release(slot)

    return lambda times: asyncio.run(check(times))


def _mints() -> Callable[[int], None]:
    mint = TokenMint(_secret(), SYSTEM_CLOCK)

    def make(times: int) -> None:
        for _ in range(times):
            mint.discard(mint.token())

    return make


def _secret() -> ApiSecret:
    return ApiSecret("an-api-secret-id", "an-api-secret-key-of-a-usual-length")
