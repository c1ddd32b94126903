"""A mailing under way: what earlier runs left open is looked for, people are asked about, and texts go out once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeVar

import attrs

from heymarket_async.arguments import check_count, check_id, check_seconds, wrong
from heymarket_async.errors import (
    BadRequest,
    Conflict,
    HeymarketError,
    JournalError,
    NeverSent,
    NotFound,
    RateBudgetExceeded,
    RateLimited,
    UnprocessableEntity,
    Unsettled,
)
from heymarket_async.mailing.journal import Entry, EntryState, Journal
from heymarket_async.mailing.plan import Person, Plan
from heymarket_async.mailing.results import MailingResult, MailingState
from heymarket_async.models.contacts import ContactStatus
from heymarket_async.resolution import Resolution, SendState
from heymarket_async.session import AsyncSession

T = TypeVar("T")
OnResult = Callable[[MailingResult], object]

# What the service says of a person rather than of the whole mailing.
_OF_THE_PERSON: Final = (BadRequest, Conflict, UnprocessableEntity)
# The word for a person who opted out on another surface of this service: section 10 of tests/contract/NOTES.md.
_OPTED_OUT: Final = "unsubscribed_number"
_MOST_FAILURES: Final = 10
# Seconds for which it holds that a person has not opted out: then they are asked about again, before their text.
_FRESH: Final = 900.0
_NOT_TRIED: Final = "It was not tried."
_LOST: Final = "No answer came, and it is not in the conversation. A rerun looks again before it sends."
_CUT_OFF: Final = "It was cut off while it went out."
_GONE: Final = "No answer came, and it is not in the conversation. The person is not in the file any more."
_OPEN: Final = "An earlier run was cut off, and it was not looked for yet."


class Mailing:
    """One text to each person of a plan, exactly once over all runs with the same journal.

        async with Mailing(session, plan, inbox_id=42, creator_id=7, journal="people.journal") as mailing:
            await mailing.send()

    Before a text goes out, the journal holds its `local_id`, on the disk. What an earlier run left open is looked for
    by it: what is there is not sent again, what is not there is sent with the same `local_id`, and where that cannot be
    told nothing is sent. As many go out in a minute as the rate limit of the session allows.

    Args:
        session: the team.
        plan: who gets what, without problems.
        inbox_id: the inbox to send from.
        creator_id: the member who sends, one of the inbox's `members`.
        journal: the path of its file, for this mailing alone. Another text, inbox or team needs another file.
        concurrency: texts under way at the most.
        patience: seconds for which a text that is not there is looked for, from its send on.

    Raises:
        ArgumentError: an argument makes no sense, or the plan has problems.
    """

    def __init__(
        self,
        session: AsyncSession,
        plan: Plan,
        *,
        inbox_id: int,
        creator_id: int,
        journal: str | os.PathLike[str],
        concurrency: int = 8,
        patience: float = 5.0,
    ) -> None:
        if not isinstance(plan, Plan):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
            raise wrong("plan", f"must be a Plan, not {type(plan).__name__}")
        if plan.problems:
            raise wrong("plan", f"has {len(plan.problems)} problems", "Mend the rows first: nothing was sent.")
        self._session = session
        self._plan = plan
        self._inbox_id = check_id("inbox_id", inbox_id)
        self._creator_id = check_id("creator_id", creator_id)
        self._journal = Journal(journal)
        self._concurrency = check_count("concurrency", concurrency)
        self._patience = check_seconds("patience", patience)
        self._open: dict[str, Entry] = {}
        self._of_earlier_runs: frozenset[str] = frozenset()
        self._results: dict[str, MailingResult] = {}
        self._settled = False
        self._checked: dict[str, float] = {}
        self._failures = 0
        self._failure: Exception | None = None
        self._stop = asyncio.Event()
        self._busy = False

    def __repr__(self) -> str:
        return f"<Mailing to {len(self._plan.people)} people, {self._journal!r}>"

    async def __aenter__(self) -> Self:
        team = await self._session.team.get()
        said = json.dumps([team.id, self._inbox_id, self._plan.template.text])
        entries = await self._journal.open(hashlib.sha256(said.encode()).hexdigest())
        self._open = {phone: entry for phone, entry in entries.items() if entry.state is EntryState.SENDING}
        self._of_earlier_runs = frozenset(self._open)
        for person in self._plan.people:
            known = MailingResult(
                line=person.line,
                phone=person.phone,
                parts=person.parts.count,
                state=MailingState.NOT_SENT,
                reason=_NOT_TRIED,
            )
            self._results[person.phone] = _as_journalled(known, entries.get(person.phone))
        for phone, entry in self._open.items():
            if phone not in self._results:
                gone = MailingResult(phone=phone, state=MailingState.UNKNOWN)
                self._results[phone] = _as_journalled(gone, entry)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._journal.close()

    @property
    def results(self) -> tuple[MailingResult, ...]:
        """What is known of each person now, in the order of the plan; then of those who are not in it any more."""
        return tuple(self._results.values())

    @property
    def unsettled(self) -> int:
        """Of how many texts of earlier runs it is not known whether they went out."""
        return len(self._open)

    @property
    def remaining(self) -> tuple[Person, ...]:
        """Who gets a text yet. Who opted out is not among them, nor is anybody of whom it is not known."""
        waiting = (MailingState.NOT_SENT, MailingState.REFUSED)
        return tuple(
            person
            for person in self._plan.people
            if person.phone not in self._open and self._results[person.phone].state in waiting
        )

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Begin nothing new. What is under way comes to its end, and the call that is under way returns."""
        self._stop.set()

    async def settle(self, on_result: OnResult | None = None) -> None:
        """Look for the texts that earlier runs left open. Nothing is sent.

        Args:
            on_result: is called with what became of each.

        Raises:
            JournalError: what was found cannot be noted.
        """
        self._settled = True
        await self._each(list(self._open.values()), self._settle, on_result)

    async def check(self, on_result: OnResult | None = None) -> None:
        """Ask the service of each who remains whether they opted out or are blocked: one request for each person.

        Args:
            on_result: is called with what is known of each.

        Raises:
            CallError: the service does not say. Nothing was sent.
        """
        waiting = [person for person in self.remaining if person.phone not in self._checked]
        await self._each(waiting, self._check, on_result)

    async def send(self, on_result: OnResult | None = None) -> tuple[MailingResult, ...]:
        """Send to all who remain, after `settle` and `check` where these were not called before.

        Args:
            on_result: is called with what became of each text as soon as it is known.

        Returns:
            What is known of each person.

        Raises:
            CallError: the service refuses the mailing as a whole, or ten people in a row. What was sent is journalled.
            JournalError: nothing can be noted any more. What was under way is looked for by the next run.
        """
        # Not twice: who was shown what `remaining` is must not find that more people got a text.
        if not self._settled:
            await self.settle()
        await self.check()
        self._settled = False
        await self._each(self.remaining, self._send, on_result)
        return self.results

    async def _each(
        self, items: Iterable[T], act: Callable[[T], Awaitable[MailingResult]], on_result: OnResult | None
    ) -> None:
        """Do something for each, so many at a time. The first error ends it, after what is under way."""
        if self._busy:
            advice = "Await one call before the next: two at a time would text people twice."
            raise JournalError("This mailing is at work already.", advice=advice)
        waiting = iter(items)

        async def work() -> None:
            for item in waiting:
                if self.stopped or self._failure is not None:
                    return
                try:
                    result = await act(item)
                    if on_result is not None:
                        on_result(result)
                except Exception as error:  # noqa: BLE001 - it is raised as soon as nothing is under way
                    self._failure = self._failure or error

        self._failure, self._failures, self._busy = None, 0, True
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._concurrency):
                    group.create_task(work())
        finally:
            self._busy = False
        if self._failure is not None:
            raise self._failure

    async def _settle(self, entry: Entry) -> MailingResult:
        since = datetime.fromtimestamp(entry.at, UTC)
        left = self._patience - max(self._now() - entry.at, 0.0)
        found = await self._look_for(entry.local_id, entry.phone, since=since, patience=max(left, 0.0))
        result = await self._note(entry.phone, found)
        if found.state is SendState.SENT and entry.phone in self._of_earlier_runs:
            result = self._now_known(entry.phone, earlier=True)
        if found.state is SendState.NOT_FOUND:
            if result.line is None:
                result = self._now_known(entry.phone, reason=_GONE)
            await self._journal.unsent(entry.phone, result.reason)
            del self._open[entry.phone]
        return result

    async def _look_for(
        self, local_id: str, phone: str, *, since: datetime | None = None, patience: float = 0.0
    ) -> Resolution:
        return await self._session.messages.look_for(
            local_id, inbox_id=self._inbox_id, phone_number=f"+{phone}", since=since, patience=patience
        )

    async def _check(self, person: Person) -> MailingResult:
        try:
            status = await self._in_turn(lambda: self._session.contacts.status(phone_number=f"+{person.phone}"))
        except (NotFound, BadRequest):
            status = ContactStatus()  # Nobody knows the number, so nobody has opted out.
        except RateBudgetExceeded:
            return self._results[person.phone]  # It was stopped while it waited for its turn.
        self._checked[person.phone] = self._session.clock.monotonic()
        opted_out = status.unsubscribed or status.unsubscribed_admin or status.unsubscribed_contact
        if not (opted_out or status.blocked):
            return self._results[person.phone]
        reason = "The person is blocked." if status.blocked else "The person opted out."
        return self._now_known(person.phone, state=MailingState.OPTED_OUT, reason=reason)

    async def _send(self, person: Person) -> MailingResult:
        phone = person.phone
        if self._session.clock.monotonic() - self._checked[phone] > _FRESH:
            result = await self._check(person)
            if result.state is MailingState.OPTED_OUT or self.stopped:
                return result
        at, is_repeat = self._now(), self._results[phone].local_id is not None
        local_id = await self._journal.sending(phone, at)
        self._open[phone] = Entry(phone, local_id, EntryState.SENDING, at, None, "")
        self._now_known(phone, state=MailingState.UNKNOWN, reason=_CUT_OFF, local_id=local_id)
        try:
            sent = await self._in_turn(
                lambda: self._session.messages.send(
                    inbox_id=self._inbox_id,
                    creator_id=self._creator_id,
                    phone_number=f"+{phone}",
                    text=person.text,
                    local_id=local_id,
                )
            )
        except Unsettled as error:
            result = await self._note(phone, await error.resolve(patience=self._patience), error.message)
            self._count(result, error)
            return result
        except _OF_THE_PERSON as error:
            # The service may refuse it as a repeat of one that no look has found so far.
            if is_repeat and (found := await self._look_for(local_id, phone)).state is not SendState.NOT_FOUND:
                return await self._note(phone, found, error.message)
            return await self._refused(phone, error)
        except HeymarketError as error:
            return await self._refused(phone, error)
        self._failures = 0
        return await self._sent(phone, sent.id)

    async def _sent(self, phone: str, message_id: int | None) -> MailingResult:
        # First of all what is known, should the journal fail.
        result = self._now_known(phone, state=MailingState.SENT, reason="", message_id=message_id)
        await self._journal.sent(phone, message_id)
        del self._open[phone]
        return result

    async def _refused(self, phone: str, error: HeymarketError) -> MailingResult:
        """Note that nothing was sent. What does not lie with this person alone, and will not pass, is raised."""
        state = MailingState.NOT_SENT
        if isinstance(error, _OF_THE_PERSON):
            state = MailingState.OPTED_OUT if error.code == _OPTED_OUT else MailingState.REFUSED
        result = self._now_known(phone, state=state, reason=error.message)
        await self._journal.unsent(phone, error.message)
        del self._open[phone]
        self._count(result, error)
        if not isinstance(error, (*_OF_THE_PERSON, NeverSent, RateBudgetExceeded)):
            raise error
        return result

    def _count(self, result: MailingResult, error: HeymarketError) -> None:
        """Give up after many failures in a row: what is wrong is then not with the people."""
        if result.state in (MailingState.SENT, MailingState.OPTED_OUT):
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            self._failure = self._failure or error

    async def _note(self, phone: str, found: Resolution, why: str = "") -> MailingResult:
        """Note what a look has found. What is not there stays open: the next run looks again, before it sends."""
        if found.state is SendState.SENT:
            return await self._sent(phone, None if found.message is None else found.message.id)
        if found.state is SendState.NOT_FOUND:
            return self._now_known(phone, state=MailingState.NOT_SENT, reason=_LOST)
        return self._now_known(phone, state=MailingState.UNKNOWN, reason=f"{why} {found.reason}".strip())

    def _now_known(self, phone: str, **changes: Any) -> MailingResult:
        result = self._results[phone] = attrs.evolve(self._results[phone], **changes)
        return result

    async def _in_turn(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call, after as long a wait as the rate limit asks for."""
        refusals = 0
        while True:
            try:
                return await call()
            except RateBudgetExceeded as error:
                await self._pause(error.wait)
                if self.stopped:
                    raise
            except RateLimited:
                refusals += 1
                if refusals >= _MOST_FAILURES:
                    raise  # The session waits as long as the service asks for; this is somebody else's traffic.

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until `stop` is called."""
        ends = [asyncio.ensure_future(end) for end in (self._session.clock.sleep(seconds), self._stop.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    def _now(self) -> float:
        told = self._session.service_time()
        return self._session.clock.wall() if told is None else told


def _as_journalled(known: MailingResult, entry: Entry | None) -> MailingResult:
    """Return what is known of a person, with what the journal says."""
    if entry is None:
        return known
    known = attrs.evolve(known, local_id=entry.local_id, message_id=entry.message_id, reason=entry.reason)
    if entry.state is EntryState.SENT:
        return attrs.evolve(known, state=MailingState.SENT, earlier=True)
    if entry.state is EntryState.SENDING:
        return attrs.evolve(known, state=MailingState.UNKNOWN, reason=_OPEN)
    return known
