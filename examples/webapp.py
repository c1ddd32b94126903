"""What every web app needs, whatever its framework: a text that goes out once, errors as answers, a health check."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from heymarket_async import (
    ApiError,
    ArgumentError,
    AsyncSession,
    HeymarketError,
    NeverSent,
    RateBudgetExceeded,
    RateLimited,
    Receiver,
    Timeouts,
    Unsettled,
)

# Somebody waits for a request handler: all attempts and waits of a call end after eight seconds.
FOR_HANDLERS = Timeouts(total=8, connect=2, read=6)
# The service counts the requests of a team in all processes, and each process counts its own: it gets a part.
SERVICE_LIMIT = 500


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text that somebody wants to send.

    Who asks makes a new `local_id` for each text, keeps it for repeats, and then says that it asks `again`.
    """

    local_id: str
    inbox_id: int
    creator_id: int
    phone_number: str = field(repr=False)
    text: str = field(repr=False)
    again: bool = False


def read_text(body: bytes) -> Text:
    """Return the text that the body of a request asks for.

    Raises:
        msgspec.ValidationError: it is something else.
    """
    return msgspec.json.decode(body, type=Text)


async def send_once(heymarket: AsyncSession, text: Text) -> int | None:
    """Send a text, and return the id of its message.

    It may be called again with the same text: if that says so, an earlier attempt of the last day is looked for first,
    and else the service knows the repeat by its `local_id`.

    Raises:
        Unsettled: not even a look into the conversation told whether it went out.
    """
    try:
        sent = await heymarket.messages.send(
            inbox_id=text.inbox_id,
            creator_id=text.creator_id,
            phone_number=text.phone_number,
            text=text.text,
            local_id=text.local_id,
            first_tried=datetime.now(UTC) - timedelta(days=1) if text.again else None,
        )
    except Unsettled as error:
        found = await error.resolve(patience=2)
        if found.message is None:
            raise
        return found.message.id
    return sent.id


def answer_to(error: HeymarketError) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the JSON that tell a client of an error. No error holds a number or a text."""
    match error:
        case ArgumentError():
            status = 400
        case RateBudgetExceeded() | NeverSent() | RateLimited():
            status = 503  # Nothing was sent: later, perhaps.
        case Unsettled():
            status = 504  # It may have gone out: again only with the same `local_id`, and `again`.
        case ApiError():
            status = 502
        case _:
            status = 500
    return status, {"error": str(error)}


def health(heymarket: AsyncSession, receiver: Receiver | None = None) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the JSON of a health check, which asks the service nothing and says nothing personal.

    It is 503 when another process might do better: where the session is closed, or the service refuses the credentials.
    The figures are for alarms: texts that wait, events whose handlers failed too often.
    """
    budget, last = heymarket.budget, heymarket.last_reply
    figures: dict[str, Any] = {
        "last_status": None if last is None else last.status,
        "requests_left": budget.left,
        "calls_waiting": budget.waiting,
        "paused_for": budget.paused_for,
    }
    if receiver is not None:
        stats = receiver.stats
        figures |= {"events_queued": stats.queued, "events_parked": stats.parked, "events_handled": stats.handled}
    refused = last is not None and last.status == 401
    return (503 if heymarket.closed or refused else 200), figures


def files() -> Path:
    """Return the folder for what must survive a restart. It is for one process."""
    return Path(os.environ.get("HEYMARKET_FILES", "."))


def open_receiver() -> Receiver:
    """Return a receiver that keeps what it has accepted over a crash."""
    return Receiver(os.environ["HEYMARKET_WEBHOOK_TOKEN"], store=files() / "events.db")
