"""Sends, and the look for one whose outcome is not known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, cast

import attrs

from heymarket_async.arguments import check_time, wrong
from heymarket_async.calls import Call
from heymarket_async.clock import Clock
from heymarket_async.errors import (
    BadRequest,
    Conflict,
    HeymarketError,
    SendUnknown,
    UnprocessableEntity,
    Unsettled,
)
from heymarket_async.models.messages import Message, SentMessage
from heymarket_async.paging import Pager
from heymarket_async.records import Record
from heymarket_async.resolution import Resolution, SendState
from heymarket_async.resources.runner import Runner

# Messages are dated by the service, when it gets to them: a look goes back a little further than the send.
_MARGIN: Final = timedelta(seconds=60)
_MOST_MESSAGES: Final = 1000
_TOO_MANY: Final = f"It is not among the last {_MOST_MESSAGES:,} messages, and these are not all."
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_SHORTEST_PAUSE: Final = 0.05
_PATIENCE_BEFORE_A_REPEAT: Final = 2.0
# What the service may say of a repeat. The answer to one is not documented.
_REFUSALS: Final = (BadRequest, Conflict, UnprocessableEntity)
# Merge tokens, tags and entities, in whose place the service may show something else.
_REWRITTEN: Final = re.compile(r"\{\{|[<&]")


class Sought(Record, frozen=True, kw_only=True):
    """The message of a send that is looked for.

    Args:
        local_id: the identifier that it carried.
        text: what it says; None if it may say anything.
        messages: makes a pager, newest first, of the messages that it would be among, back to a time or to the first.
        since: returns the earliest time that it can have by the service's clock, if that can be told.
    """

    local_id: str
    text: str | None
    messages: Callable[[datetime | None], Pager[Message]]
    since: Callable[[], datetime | None]


def check_attempts(first_tried: object, local_id: object) -> datetime | None:
    """Return when the first attempt of a send began, if it is not this one.

    Raises:
        ArgumentError: it is no time, or goes without the identifier of that attempt.
    """
    if first_tried is None:
        return None
    if local_id is None:
        raise wrong("first_tried", "goes with local_id, by which the earlier attempt is looked for")
    return check_time("first_tried", first_tried)


async def run_send(
    runner: Runner,
    call: Call[SentMessage],
    messages: Callable[[datetime | None], Pager[Message]],
    *,
    first_tried: datetime | None,
) -> SentMessage:
    """Perform a send, and let the error for an unknown outcome know how to look for the message.

    Args:
        runner: performs the call.
        call: the send.
        messages: as of `Sought`.
        first_tried: when the first attempt began, if it is not this one. It is looked for before anything is sent.

    Returns:
        What the service says to it, with the `local_id` that was used.
    """
    clock, body = runner.clock, cast("dict[str, str]", call.body)
    now, text = clock.monotonic(), body.get("text")
    sought = Sought(
        local_id=body["local_id"],
        text=None if text is None or _REWRITTEN.search(text) else text,
        messages=messages,
        since=partial(_by_the_service, runner, now, clock.wall())
        if first_tried is None
        else partial(by_the_caller, runner, first_tried),
    )

    async def look(error: Unsettled, patience: float) -> Resolution:
        return await look_until(clock, sought, patience)

    try:
        if first_tried is not None:
            found = await look_until(clock, sought, _PATIENCE_BEFORE_A_REPEAT)
            if found.state is not SendState.NOT_FOUND:
                return _sent_before(found, call, clock.monotonic() - now)
        sent = await runner.run(call)
    except _REFUSALS:
        if first_tried is None or (found := await look_until(clock, sought, 0.0)).state is not SendState.SENT:
            raise
        return _sent_before(found, call, clock.monotonic() - now)
    except Unsettled as error:
        error.resolved_by(look)
        raise
    return attrs.evolve(sent, local_id=call.local_id)


def _sent_before(found: Resolution, call: Call[SentMessage], elapsed: float) -> SentMessage:
    """Return what an earlier attempt has sent.

    Raises:
        SendUnknown: that is not known.
    """
    message, operation = found.message, call.operation
    if message is None:
        raise SendUnknown(
            f"An earlier attempt may have sent it, and a look did not tell, so nothing was sent now. {found.reason}",
            local_id=call.local_id,
            operation=operation.name,
            method=operation.method,
            path=operation.path,
            elapsed=elapsed,
        )
    conversation = None if message.conversation is None else message.conversation.id
    return SentMessage(id=message.id, conversation_id=conversation, date=message.date, local_id=call.local_id)


async def look_until(clock: Clock, sought: Sought, patience: float) -> Resolution:
    """Look for a message, and again while it is not there: the service may be still at it.

    Args:
        clock: tells the time.
        sought: the message.
        patience: seconds to look again in.

    Returns:
        What was found. An error of the look itself is not raised; the state is then `UNKNOWN`.
    """
    end, pause = clock.monotonic() + patience, _FIRST_PAUSE
    while True:
        try:
            found = await _look(sought)
        except HeymarketError as error:
            found = Resolution(state=SendState.UNKNOWN, reason=f"The look failed: {error}")
        left = end - clock.monotonic()
        # To go through so many again would use up the rate limit.
        if found.state is SendState.SENT or found.reason == _TOO_MANY or left < _SHORTEST_PAUSE:
            return found
        await clock.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _look(sought: Sought) -> Resolution:
    """Go back through the messages to a little before the send, page by page: no page says how it is ordered."""
    seen, doubtful, pager = 0, False, sought.messages(_a_little_before(sought.since()))
    while page := await pager.page():
        since = _a_little_before(sought.since())
        for message in page:
            if message.local_id == sought.local_id:
                return Resolution(state=SendState.SENT, message=message)
            is_older = since is not None and message.date is not None and message.date < since
            doubtful = doubtful or (not is_older and _may_be(message, sought))
        seen += len(page)
        if _is_older(pager.unseen, since):
            break
        if seen >= _MOST_MESSAGES:
            return Resolution(state=SendState.UNKNOWN, reason=_TOO_MANY)
    if doubtful:
        reason = "A message is there that may be it, but the service does not show its local_id."
        return Resolution(state=SendState.UNKNOWN, reason=reason)
    return Resolution(state=SendState.NOT_FOUND)


def _a_little_before(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment - _MARGIN


def _is_older(unseen: tuple[datetime | None, datetime | None] | None, since: datetime | None) -> bool:
    """Say whether everything that was not seen is from before a moment."""
    return since is not None and unseen is not None and unseen[1] is not None and unseen[1] < since


def _may_be(message: Message, sought: Sought) -> bool:
    """Say whether a message that does not show the identifier may be the one that carried it."""
    if message.local_id:
        return message.local_id.strip().casefold() == sought.local_id.strip().casefold()
    if message.type == "inbound":
        return False
    if sought.text is None or message.text is None:
        return True
    ours, theirs = _squeezed(sought.text), _squeezed(message.text)
    return bool(theirs) and (ours in theirs or ours.startswith(theirs))  # The service may add to it, or cut it.


def _squeezed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _by_the_service(runner: Runner, began: float, wall: float) -> datetime | None:
    """Return the earliest time that the message can have, by the service's clock, if that can be told."""
    now = runner.service_time()
    if now is None:
        return None
    # Monotonic time stands still while a machine sleeps, and wall time can be set back.
    elapsed = max(runner.clock.monotonic() - began, runner.clock.wall() - wall)
    return _moment(now - elapsed)


def by_the_caller(runner: Runner, moment: datetime) -> datetime | None:
    """Return the earliest time of a send by the service's clock, told by one of the caller, if that can be told.

    A clock that is fast told a time that is too late.
    """
    now = runner.service_time()
    if now is None or moment.timestamp() > now + _MARGIN.total_seconds():
        return None
    return _moment(moment.timestamp() - max(runner.clock.wall() - now, 0.0))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(max(seconds, 0.0), UTC)
