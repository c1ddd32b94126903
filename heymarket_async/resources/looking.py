"""Sends, and the look for one whose outcome is not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, cast

import attrs

from heymarket_async.calls import Call
from heymarket_async.clock import Clock
from heymarket_async.errors import HeymarketError, Unsettled
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


async def run_send(runner: Runner, call: Call[SentMessage], messages: Callable[[], Pager[Message]]) -> SentMessage:
    """Perform a send, and let the error for an unknown outcome know how to look for the message.

    Args:
        runner: performs the call.
        call: the send.
        messages: makes a pager, newest first, of the messages that its message would be among.

    Returns:
        What the service says to it, with the `local_id` that was used.
    """
    sought = Sought(
        local_id=call.local_id,
        text=cast("dict[str, object]", call.body).get("text"),
        messages=messages,
        since=partial(_by_the_service, runner, runner.clock.monotonic()),
    )

    async def look(error: Unsettled, patience: float) -> Resolution:
        return await look_until(runner.clock, sought, patience)

    try:
        sent = await runner.run(call)
    except Unsettled as error:
        error.resolved_by(look)
        raise
    return attrs.evolve(sent, local_id=call.local_id)


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
