"""Sends, and the look for one whose outcome is not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, cast

import attrs

from heymarket_async.arguments import check_time, wrong
from heymarket_async.calls import Call
from heymarket_async.clock import Clock
from heymarket_async.errors import HeymarketError, SendUnknown, Unsettled
from heymarket_async.models.messages import Message, SentMessage
from heymarket_async.paging import Pager
from heymarket_async.records import Record
from heymarket_async.resolution import Resolution, SendState
from heymarket_async.resources.runner import Runner

# Messages are dated by the service, when it gets to them: a look goes back a little further than the send.
_MARGIN: Final = timedelta(seconds=60)
_MOST_MESSAGES: Final = 1000
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_PATIENCE_BEFORE_A_REPEAT: Final = 2.0


class Sought(Record, frozen=True, kw_only=True):
    """The message of a send that is looked for.

    Args:
        local_id: the identifier that it carried.
        text: what it says; None if it may say anything.
        messages: makes a pager, newest first, of the messages that it would be among.
        since: returns the earliest time that it can have by the service's clock, if that can be told.
    """

    local_id: str | None
    text: object
    messages: Callable[[], Pager[Message]]
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
    runner: Runner, call: Call[SentMessage], messages: Callable[[], Pager[Message]], *, first_tried: datetime | None
) -> SentMessage:
    """Perform a send, and let the error for an unknown outcome know how to look for the message.

    Args:
        runner: performs the call.
        call: the send.
        messages: makes a pager, newest first, of the messages that its message would be among.
        first_tried: when the first attempt began, if it is not this one. It is looked for before anything is sent.

    Returns:
        What the service says to it, with the `local_id` that was used.
    """
    now = runner.clock.monotonic()
    sought = Sought(
        local_id=call.local_id,
        text=cast("dict[str, object]", call.body).get("text"),
        messages=messages,
        since=partial(_by_the_service, runner, now) if first_tried is None else partial(not_later, runner, first_tried),
    )

    async def look(error: Unsettled, patience: float) -> Resolution:
        return await look_until(runner.clock, sought, patience)

    try:
        if first_tried is not None:
            found = await look_until(runner.clock, sought, _PATIENCE_BEFORE_A_REPEAT)
            if found.state is not SendState.NOT_FOUND:
                return _sent_before(found, call, runner.clock.monotonic() - now)
        sent = await runner.run(call)
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
        if found.state is SendState.SENT or clock.monotonic() + pause > end:
            return found
        await clock.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _look(sought: Sought) -> Resolution:
    """Go back through the messages to a little before the send."""
    seen, doubtful = 0, False
    async for message in sought.messages():
        if message.local_id == sought.local_id:
            return Resolution(state=SendState.SENT, message=message)
        since = sought.since()
        if since is not None and message.date is not None and since - message.date > _MARGIN:
            break
        seen += 1
        if seen >= _MOST_MESSAGES:
            return Resolution(
                state=SendState.UNKNOWN, reason=f"It is not among the last {seen:,} messages, and these are not all."
            )
        doubtful = doubtful or (
            not message.local_id
            and message.type != "inbound"
            and (sought.text is None or message.text in (None, sought.text))
        )
    if doubtful:
        reason = "A message is there that may be it, but the service does not show its local_id."
        return Resolution(state=SendState.UNKNOWN, reason=reason)
    return Resolution(state=SendState.NOT_FOUND)


def _by_the_service(runner: Runner, began: float) -> datetime | None:
    """Return the earliest time that the message can have, by the service's clock, if that can be told."""
    now = runner.service_time()
    if now is None:
        return None
    return datetime.fromtimestamp(now - (runner.clock.monotonic() - began), UTC)


def not_later(runner: Runner, moment: datetime) -> datetime | None:
    """Return the time of a send, by a clock of the caller, if that clock is not seen to be wrong."""
    now = runner.service_time()
    return None if now is not None and moment.timestamp() > now + _MARGIN.total_seconds() else moment
