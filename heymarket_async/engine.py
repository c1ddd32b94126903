"""The engine: how a call is performed. Policy lives elsewhere and is asked from here."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from heymarket_async.auth import Credentials, TokenMint
from heymarket_async.calls import Call, Effect
from heymarket_async.clock import Clock
from heymarket_async.convert import Reader
from heymarket_async.errors import (
    CallError,
    ConnectionLost,
    NeverSent,
    RateBudgetExceeded,
    SendUnknown,
    TimedOut,
)
from heymarket_async.limits import RateBudget, WaitTooLong
from heymarket_async.retry import TOO_MANY_REQUESTS, Outcome, parse_date, wait_before_next
from heymarket_async.settings import Options
from heymarket_async.transport import Attempt, Pool
from heymarket_async.wire import Request, api_error, decode, encode, retry_after, unreadable

T = TypeVar("T")

_UNAUTHORIZED = 401


class Account:
    """What belongs to one set of credentials: its token, its rate budget, and the last answer to it.

    Args:
        credentials: whose account it is.
        rate_limit: requests in any minute at the most; None for no limit.
        clock: tells the time.
    """

    __slots__ = ("budget", "credentials", "last_answer", "mint")

    def __init__(self, credentials: Credentials, rate_limit: int | None, clock: Clock) -> None:
        self.credentials = credentials
        self.mint = TokenMint(credentials, clock)
        self.budget = RateBudget(rate_limit, clock)
        self.last_answer: tuple[int, Mapping[str, str]] | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Engine:
    """Performs calls: waits for the rate budget, sends, reads, and tries again where that does no harm.

    Args:
        pool: the connections.
        account: whose calls they are.
        reader: reads JSON into models.
        options: where to, how long and how often.
        clock: tells the time.
    """

    pool: Pool
    account: Account
    reader: Reader
    options: Options
    clock: Clock

    async def run(self, call: Call[T]) -> T:
        """Perform `call`. For arguments and errors see `AsyncSession.run`."""
        request = encode(call)
        account, clock, options = self.account, self.clock, self.options
        started = clock.monotonic()
        deadline = started + options.timeouts.total
        attempts, renewed = 0, False
        while True:
            attempts += 1
            attempt = await self._attempt(call, request, attempts, started, deadline)
            elapsed = clock.monotonic() - started
            reply = attempt.reply
            status = None if reply is None else reply.status
            if reply is not None:
                account.last_answer = (reply.status, reply.headers)
            if reply is not None and 200 <= reply.status <= 299 and not attempt.fault:
                return decode(reply, call, self.reader, attempts=attempts, elapsed=elapsed, now=clock.wall())
            if reply is not None and status == _UNAUTHORIZED and not renewed:
                # Refused, so nothing was done: it may go once more, with a new token.
                renewed = account.mint.discard(attempt.token, parse_date(reply.headers.get("Date")))
                if renewed:
                    continue
            asked = None if reply is None else retry_after(reply, clock.wall())
            wait = wait_before_next(
                options.retries,
                call.operation.effect,
                attempt=attempts,
                outcome=attempt.outcome,
                status=status,
                retry_after=asked,
                left=deadline - clock.monotonic(),
                chance=random.random(),
            )
            if status == TOO_MANY_REQUESTS:
                account.budget.pause(asked if asked is not None else options.retries.cap if wait is None else wait)
            if wait is None:
                raise self._error(call, attempt, attempts=attempts, elapsed=elapsed)
            await clock.sleep(wait)

    async def _attempt(
        self, call: Call[Any], request: Request, attempts: int, started: float, deadline: float
    ) -> Attempt:
        left = deadline - self.clock.monotonic()
        budget = self.account.budget
        try:
            slot = await budget.acquire(left)
        except WaitTooLong as too_long:
            raise RateBudgetExceeded(
                f"The rate limit lets the next request go in {too_long.wait:.1f} s; this call has {left:.1f} s left.",
                wait=too_long.wait,
                **_facts(call, attempts - 1, self.clock.monotonic() - started),
            ) from None
        counts = True
        try:
            options = self.options
            attempt = await self.pool.exchange(
                request,
                base_url=options.base_url,
                headers=options.headers,
                mint=self.account.mint,
                timeouts=options.timeouts,
                proxy=options.proxy,
                left=deadline - self.clock.monotonic(),
            )
            counts = attempt.outcome is not Outcome.NEVER_SENT
            return attempt
        finally:
            budget.release(slot, counts=counts)

    def _error(self, call: Call[Any], attempt: Attempt, *, attempts: int, elapsed: float) -> CallError:
        """Return the error that the last attempt of a call means."""
        reply = attempt.reply
        if reply is not None and attempt.fault and 200 <= reply.status <= 299:
            return unreadable(reply, call, attempt.fault, attempts=attempts, elapsed=elapsed)
        if reply is not None:
            return api_error(reply, call, attempts=attempts, elapsed=elapsed, now=self.clock.wall())
        facts = _facts(call, attempts, elapsed)
        if attempt.outcome is Outcome.NEVER_SENT:
            return NeverSent(f"The request did not reach the service ({attempt.fault}).", **facts)
        if call.operation.effect is Effect.SENDS:
            what = f"The request went out, but no answer came back ({attempt.fault})."
            return SendUnknown(what, local_id=call.local_id, **facts)
        if attempt.timed_out:
            return TimedOut(f"No complete answer came in time ({attempt.fault}).", **facts)
        return ConnectionLost(f"The connection broke before the answer was complete ({attempt.fault}).", **facts)


def _facts(call: Call[Any], attempts: int, elapsed: float) -> dict[str, Any]:
    operation = call.operation
    return {
        "operation": operation.name,
        "method": operation.method,
        "path": operation.path,
        "attempts": attempts,
        "elapsed": elapsed,
    }
