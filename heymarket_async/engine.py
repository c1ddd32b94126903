"""The engine: how a call is performed. Policy lives elsewhere and is asked from here."""

from __future__ import annotations

import random
from asyncio import AbstractEventLoop
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import attrs

from heymarket_async.auth import Credentials, TokenMint
from heymarket_async.budget import RateBudget, WaitTooLong
from heymarket_async.calls import Call, Effect, Reply
from heymarket_async.capture import captured
from heymarket_async.clock import Clock
from heymarket_async.convert import Reader
from heymarket_async.errors import (
    CallError,
    ConnectionLost,
    NeverSent,
    RateBudgetExceeded,
    SendUnknown,
    SessionClosed,
    TimedOut,
)
from heymarket_async.events import (
    AttemptEnded,
    AttemptStarted,
    CallEvents,
    SecretReplaced,
    Teller,
    Waiting,
    WaitReason,
    teller_for,
)
from heymarket_async.lanes import Lane
from heymarket_async.records import Record
from heymarket_async.retry import TOO_MANY_REQUESTS, Outcome, parse_date, wait_before_next
from heymarket_async.settings import Options
from heymarket_async.transport import Attempt, Pool, Turnstile, exchange
from heymarket_async.turns import in_turns
from heymarket_async.wire import Request, api_error, decode, encode, retry_after, unreadable

T = TypeVar("T")

_UNAUTHORIZED = 401
_NOTHING_KNOWN = Attempt(outcome=Outcome.UNKNOWN)


class Account:
    """What belongs to one set of credentials: its token, its rate budget, and the last answer to it.

    Args:
        credentials: whose account it is.
        rate_limit: requests in any minute at the most; None for no limit.
        clock: tells the time.
        name: what its owner calls it, if anything.
        connections: requests at a time at the most; None for as many as there are connections.
    """

    __slots__ = ("_clock", "_told", "budget", "credentials", "last_answer", "mint", "name", "turnstile")

    def __init__(
        self,
        credentials: Credentials,
        rate_limit: int | None,
        clock: Clock,
        name: str | None = None,
        connections: int | None = None,
    ) -> None:
        self.credentials: Credentials = credentials
        self.name: str | None = name
        self.turnstile: Turnstile = Turnstile(connections)
        self.mint: TokenMint = TokenMint(credentials, clock)
        self.budget: RateBudget = RateBudget(rate_limit, clock)
        self.last_answer: tuple[int, Mapping[str, str]] | None = None
        self._clock = clock
        self._told = 0.0

    def note(self, reply: Reply) -> None:
        """Remember an answer, and when it came."""
        self.last_answer = (reply.status, reply.headers)
        self._told = self._clock.monotonic()

    def service_time(self) -> float | None:
        """Return the Unix time by the service's clock, as the last answer told it; None if none did."""
        date = None if self.last_answer is None else parse_date(self.last_answer[1].get("Date"))
        return None if date is None else date + self._clock.monotonic() - self._told


@attrs.define(eq=False, repr=False)
class _UnderWay(Generic[T]):
    """A call that is being performed."""

    call: Call[T]
    request: Request
    teller: Teller | None
    started: float
    deadline: float
    lane: Lane
    attempts: int = 0
    refusals: int = 0
    queued: float = 0.0

    def tell(self, kind: type[CallEvents], **facts: Any) -> None:
        if self.teller is not None:
            self.teller.tell(kind, **facts)

    def facts(self, elapsed: float) -> dict[str, Any]:
        """Return what every error says of the call."""
        operation = self.call.operation
        return {
            "operation": operation.name,
            "method": operation.method,
            "path": operation.path,
            "attempts": self.attempts,
            "elapsed": elapsed,
        }


class Engine(Record, frozen=True, kw_only=True):
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
        clock, options, started = self.clock, self.options, self.clock.monotonic()
        teller = teller_for(options.listeners, call, options.base_url, self.account.name)
        way = _UnderWay(call, encode(call), teller, started, started + options.timeouts.total, self._lane(call))
        while True:
            way.queued = 0.0
            slot = self.account.budget.take(way.lane) or await self._slot(way)
            attempt = await self._attempt(way, slot)
            elapsed, reply = clock.monotonic() - started, attempt.reply
            if reply is not None:
                self.account.note(reply)
                if 200 <= reply.status <= 299 and not attempt.fault:
                    found = self.reader.glance(reply.body, call.operation.reply)
                    if found is not None:
                        return found
                    now = clock.wall()
                    return await in_turns(
                        decode(reply, call, self.reader, attempts=way.attempts, elapsed=elapsed, now=now)
                    )
                if reply.status == _UNAUTHORIZED and self._renew(way, attempt, reply):
                    continue  # Refused, so nothing was done: it goes once more, with another token.
            asked = None if reply is None else retry_after(reply, clock.wall())
            wait = wait_before_next(
                options.retries,
                call.operation.effect,
                attempt=way.attempts,
                outcome=attempt.outcome,
                status=attempt.status,
                retry_after=asked,
                left=way.deadline - clock.monotonic(),
                chance=random.random(),
            )
            if attempt.status == TOO_MANY_REQUESTS:
                pause = asked if asked is not None else options.retries.cap if wait is None else wait
                self.account.budget.pause(pause)
            if wait is None:
                raise self._error(way, attempt, elapsed)
            reason = WaitReason.RETRY if asked is None else WaitReason.RETRY_AFTER
            way.tell(Waiting, attempt=way.attempts + 1, reason=reason, seconds=wait)
            with self.pool.block():
                await clock.sleep(wait)

    async def _slot(self, way: _UnderWay[Any]) -> AbstractEventLoop:
        """Take a slot of the rate budget, after waiting for it in turn."""
        budget = self.account.budget
        way.tell(Waiting, attempt=way.attempts + 1, reason=WaitReason.RATE_LIMIT, seconds=budget.state.next_in)
        came = self.clock.monotonic()
        try:
            with self.pool.block():
                slot = await budget.acquire(way.deadline - came, way.lane)
                way.queued = self.clock.monotonic() - came
                return slot
        except WaitTooLong as too_long:
            now = self.clock.monotonic()
            raise RateBudgetExceeded(
                f"The rate limit lets the next request go in {too_long.wait:.1f} s; this call has "
                f"{max(way.deadline - now, 0.0):.1f} s left.",
                wait=too_long.wait,
                **way.facts(now - way.started),
            ) from None

    async def _attempt(self, way: _UnderWay[Any], slot: AbstractEventLoop) -> Attempt:
        """Send the request once, and tell how that ended, whatever happens."""
        clock, began = self.clock, self.clock.monotonic()
        attempt = _NOTHING_KNOWN
        way.attempts += 1
        try:
            way.tell(AttemptStarted, attempt=way.attempts, lane=way.lane, queued=way.queued)
            attempt = await exchange(
                self.pool,
                way.request,
                options=self.options,
                mint=self.account.mint,
                turnstile=self.account.turnstile,
                clock=clock,
                deadline=way.deadline,
                lane=way.lane,
            )
            return attempt
        except SessionClosed as closed:
            name = type(closed).__name__
            attempt = Attempt(outcome=Outcome.NEVER_SENT, fault=name, error=name)
            raise
        finally:
            self.account.budget.release(slot, counts=attempt.outcome is not Outcome.NEVER_SENT)
            elapsed, reply = clock.monotonic() - began, attempt.reply
            if reply is not None:
                captured(self.pool, way.call.operation.name, way.attempts, elapsed, reply)
            if way.teller is not None:
                way.teller.tell(
                    AttemptEnded,
                    attempt=way.attempts,
                    outcome=attempt.outcome,
                    status=attempt.status,
                    request_id=None if reply is None else reply.request_id,
                    fault=attempt.fault,
                    error=attempt.error,
                    cancelled=reply is None and not attempt.fault,
                    elapsed=elapsed,
                    size=0 if reply is None else len(reply.body),
                )

    def _lane(self, call: Call[Any]) -> Lane:
        if self.options.lane is not None:
            return self.options.lane
        return Lane.SEND if call.operation.effect is Effect.SENDS else Lane.INTERACTIVE

    def _renew(self, way: _UnderWay[Any], attempt: Attempt, reply: Reply) -> bool:
        """Say whether there is another token for a call that was refused: a new one, then one of another Secret."""
        mint = self.account.mint
        way.refusals += 1
        if way.refusals == 1:
            return mint.discard(attempt.token, parse_date(reply.headers.get("Date")))
        before = mint.in_use
        if way.refusals > 2 or not mint.turn_over(attempt.secret):
            return False
        if mint.in_use != before:
            way.tell(SecretReplaced, attempt=way.attempts, in_use=mint.in_use)
        return True

    def _error(self, way: _UnderWay[Any], attempt: Attempt, elapsed: float) -> CallError | SessionClosed:
        """Return the error that the last attempt of a call means."""
        call, reply = way.call, attempt.reply
        if reply is not None and attempt.fault and 200 <= reply.status <= 299:
            return unreadable(reply, call, attempt.fault, attempts=way.attempts, elapsed=elapsed)
        if reply is not None:
            return api_error(reply, call, attempts=way.attempts, elapsed=elapsed, now=self.clock.wall())
        facts = way.facts(elapsed)
        if attempt.outcome is Outcome.NEVER_SENT:
            return NeverSent(f"The request did not reach the service ({attempt.fault}).", **facts)
        if call.operation.effect is Effect.SENDS:
            what = f"The request went out, but no answer came back ({attempt.fault})."
            return SendUnknown(what, local_id=call.local_id, **facts)
        if self.pool.closed:
            return SessionClosed("This session was closed during the call.")
        if attempt.timed_out:
            return TimedOut(f"No complete answer came in time ({attempt.fault}).", **facts)
        return ConnectionLost(f"The connection broke before the answer was complete ({attempt.fault}).", **facts)
