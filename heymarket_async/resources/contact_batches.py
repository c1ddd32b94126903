"""Many contacts written at once, and what became of each.

The sources disagree on what the service answers. The earlier page: an array of the contacts that failed, or `"ok"`. The
current page: an array of contacts. An integrator saw a text. Version 2 answers an object with both arrays.
https://developers.heymarket.com/api-reference/contacts/bulk
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, cast

import attrs

from heymarket_async.arguments import wrong
from heymarket_async.errors import (
    ApiError,
    BadRequest,
    CallError,
    Conflict,
    NeverSent,
    RateBudgetExceeded,
    ReplyError,
    ServerError,
    SessionError,
    UnprocessableEntity,
)
from heymarket_async.values import mask

DEFAULT_BATCH: Final = 100
LARGEST_BATCH: Final = 1000

# What the service may say when it means that all went well.
_ALL_WELL: Final = ("ok", "success")

# What a contact does not have, and the refusal of one may: the vendor's page is cut off before the names of such keys.
_REFUSALS: Final = ("error", "errors", "error_code", "reason")

Body = dict[str, Any]
Write = Callable[[Sequence[Body]], Awaitable[object]]
Marks = Mapping[str, frozenset[str]]


class RowOutcome(enum.StrEnum):
    """What became of a row of a bulk write."""

    SAVED = "saved"
    """The service has it: the contact was made or changed, or was there and left as it is."""
    FAILED = "failed"
    """The service refused it, or it never reached the service."""
    UNKNOWN = "unknown"
    """It was sent, and the answer does not tell, or there is none."""
    UNSENT = "unsent"
    """It was not sent, because of an error before it."""


@attrs.frozen(kw_only=True)
class ContactResult:
    """What became of one row.

    Attributes:
        place: where it stood in the rows that were given, from 0.
        outcome: what became of it.
        id: the contact in version 1, if the service tells it.
        uuid: the contact in version 2, if the service tells it.
        answer: what the service says to this row, as sent: the contact, or what it refused.
        error: why the row failed or is not known, if the whole request did not succeed.

    https://developers.heymarket.com/api-reference/contacts/bulk
    """

    place: int
    outcome: RowOutcome
    id: int | None = None
    uuid: str | None = None
    answer: Mapping[str, Any] | None = attrs.field(default=None, repr=mask, hash=False)
    error: CallError | SessionError | None = None


@attrs.frozen
class ContactBatch:
    """What became of the rows of a bulk write.

    Attributes:
        rows: a result for each row, in the order given.

    https://developers.heymarket.com/api-reference/contacts/bulk
    """

    rows: tuple[ContactResult, ...] = attrs.field(repr=False)

    def __str__(self) -> str:
        return ", ".join(f"{len(self._those(outcome))} {outcome}" for outcome in RowOutcome)

    @property
    def all_saved(self) -> bool:
        """Whether the service has all rows."""
        return len(self.saved) == len(self.rows)

    @property
    def saved(self) -> tuple[ContactResult, ...]:
        """The rows that the service has."""
        return self._those(RowOutcome.SAVED)

    @property
    def failed(self) -> tuple[ContactResult, ...]:
        """The rows that did not reach the service, or that it refused."""
        return self._those(RowOutcome.FAILED)

    @property
    def unknown(self) -> tuple[ContactResult, ...]:
        """The rows of which nobody knows whether the service has them."""
        return self._those(RowOutcome.UNKNOWN)

    @property
    def unsent(self) -> tuple[ContactResult, ...]:
        """The rows that were not sent, because of an error before them."""
        return self._those(RowOutcome.UNSENT)

    def _those(self, outcome: RowOutcome) -> tuple[ContactResult, ...]:
        return tuple(row for row in self.rows if row.outcome is outcome)


OnBatch = Callable[[ContactBatch], object]


async def write_in_batches(rows: Sequence[Body], size: int, write: Write, on_batch: OnBatch | None) -> ContactBatch:
    """Write rows, some in each request.

    Args:
        rows: the rows as the service takes them.
        size: rows in a request.
        write: makes the request, and returns the JSON of the answer.
        on_batch: is called with what became of the rows of each request, if there is one.

    Returns:
        What became of each row.

    Raises:
        CallError: the first request failed, and not for its contents.
        SessionError: the session cannot make the first request.
    """
    results: list[ContactResult] = []
    stopped = False
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        try:
            came = read_answer(await write(batch), batch, start)
        except (BadRequest, Conflict, UnprocessableEntity) as error:
            came = _alike(start, len(batch), RowOutcome.FAILED, error)
        except ReplyError as error:
            came = _alike(start, len(batch), RowOutcome.UNKNOWN, error)
        except (CallError, SessionError) as error:
            if not results:
                raise
            came = _alike(start, len(batch), _outcome_of(error), error)
            stopped = True
        results += came
        if on_batch is not None:
            on_batch(ContactBatch(tuple(came)))
        if stopped:
            break
    results += _alike(len(results), len(rows) - len(results), RowOutcome.UNSENT, None)
    return ContactBatch(tuple(results))


def check_on_batch(value: object) -> OnBatch | None:
    """Return what is to be called with what became of a batch.

    Raises:
        ArgumentError: it cannot be called.
    """
    if value is None or (callable(value) and not inspect.iscoroutinefunction(value)):
        return value
    raise wrong("on_batch", "must be a plain function that takes a ContactBatch")


def read_answer(answer: object, rows: Sequence[Body], start: int = 0) -> list[ContactResult]:
    """Return what an answer says of each row.

    A row that the answer does not show is saved where the answer shows only failures, and all of them are among the
    rows; or where as many contacts are left over as rows, but for a row that means a contact by its UUID while those
    that are left over have others. Otherwise nobody knows.

    Args:
        answer: its JSON.
        rows: the rows of this request.
        start: the place of the first row.
    """
    if isinstance(answer, str):
        well = answer.strip().casefold() in _ALL_WELL
        return _alike(start, len(rows), RowOutcome.SAVED if well else RowOutcome.UNKNOWN, None)
    saved, failed, readable = _sort(answer)
    marks = [_marks(row) for row in rows]
    failures, strange = _failures(failed, rows, marks)
    contacts: dict[int, Body] = {}
    spare: list[Marks] = []
    for contact in saved:
        its = _marks(contact)
        places = [place for place in range(len(rows)) if place not in failures and _same(marks[place], its)]
        contacts |= dict.fromkeys(places, contact)
        spare += [] if places else [its]
    left = len(rows) - len(failures.keys() | contacts.keys())
    only_failures = bool(failed) and not saved
    rest_is_saved = readable and not strange and (only_failures or (bool(saved) and len(spare) == left))
    others_came = any(its["uuid"] for its in spare)
    results: list[ContactResult] = []
    for place in range(len(rows)):
        as_rest = rest_is_saved and not (others_came and marks[place]["uuid"])
        outcome = RowOutcome.SAVED if as_rest or place in contacts else RowOutcome.UNKNOWN
        if place in failures:
            outcome = RowOutcome.FAILED
        shown = failures.get(place) or contacts.get(place)
        ids = _ids(shown) if outcome is RowOutcome.SAVED and shown else {}
        results.append(ContactResult(place=start + place, outcome=outcome, answer=shown, **ids))
    return results


def _sort(answer: object) -> tuple[list[Body], list[Body], bool]:
    """Return the contacts that an answer shows, those that failed, and whether all of it could be read."""
    if isinstance(answer, dict):
        both = cast("Body", answer)
        saved, readable = _records(both.get("contacts"))
        failed, also_readable = _records(both.get("failed_contacts"))
        return saved, failed, readable and also_readable
    records, readable = _records(answer)
    saved = [record for record in records if record.get("id") and not any(map(record.get, _REFUSALS))]
    return saved, [record for record in records if record not in saved], readable


def _records(items: object) -> tuple[list[Body], bool]:
    """Return the objects of an array, and whether it holds nothing else. Null stands for an empty one."""
    several = cast("Sequence[object]", items if isinstance(items, list | tuple) else ())
    records = [cast("Body", item) for item in several if isinstance(item, dict)]
    return records, items is None or (isinstance(items, list) and len(records) == len(several))


def _failures(failed: Sequence[Body], rows: Sequence[Body], marks: Sequence[Marks]) -> tuple[dict[int, Body], bool]:
    """Return the failures by the place of their row, and whether there is one without a row."""
    failures: dict[int, Body] = {}
    strange = False
    for failure in failed:
        inner = failure.get("contact")
        contact = cast("Body", inner) if isinstance(inner, dict) else failure
        places = [place for place, row in enumerate(rows) if row == contact]
        its = _marks(contact)
        places = places or [place for place in range(len(rows)) if _same(marks[place], its)]
        failures |= dict.fromkeys(places, failure)
        strange = strange or not places
    return failures, strange


def _marks(record: Mapping[str, Any]) -> Marks:
    """Return what a contact can be known by, strongest first."""
    channels, _ = _records(record.get("contact_channels"))
    phones, emails = (
        [address for channel in channels if channel.get("channel_type") == kind for address in _addresses(channel)]
        for kind in ("phone", "email")
    )
    return {
        "uuid": _texts([record.get("uuid"), record.get("contact_id")], str.casefold),
        "phone": _texts([record.get("phone"), *phones], lambda text: re.sub(r"[^0-9]", "", text)),
        "email": _texts([record.get("email"), *emails], str.casefold),
    }


def _addresses(channel: Body) -> list[object]:
    several = channel.get("channel_ids")
    return [channel.get("channel_id"), *(cast("list[object]", several) if isinstance(several, list) else ())]


def _texts(values: Iterable[object], normal: Callable[[str], str]) -> frozenset[str]:
    return frozenset(normal(value) for value in values if isinstance(value, str) and value)


def _same(one: Marks, other: Marks) -> bool:
    """Say whether two records are of one contact, by the strongest mark that both have."""
    return next((bool(one[kind] & other[kind]) for kind in one if one[kind] and other[kind]), False)


def _ids(contact: Mapping[str, Any]) -> dict[str, Any]:
    number, uuid = contact.get("id"), contact.get("uuid")
    return {
        "id": number if isinstance(number, int) and not isinstance(number, bool) else None,
        "uuid": uuid if isinstance(uuid, str) else None,
    }


def _outcome_of(error: CallError | SessionError) -> RowOutcome:
    refused = isinstance(error, ApiError) and not isinstance(error, ServerError)
    unsent = isinstance(error, NeverSent | RateBudgetExceeded | SessionError)
    return RowOutcome.FAILED if refused or unsent else RowOutcome.UNKNOWN


def _alike(start: int, count: int, outcome: RowOutcome, error: CallError | SessionError | None) -> list[ContactResult]:
    return [ContactResult(place=place, outcome=outcome, error=error) for place in range(start, start + count)]
