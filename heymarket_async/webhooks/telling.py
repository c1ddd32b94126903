"""What happens in a receiver, told to listeners and to the log: metadata only, nothing that anybody wrote."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs

from heymarket_async.webhooks.errors import WebhookError
from heymarket_async.webhooks.events import shown_kind

_logger: Final = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class WebhookRefused:
    """A body was refused.

    Attributes:
        status: the HTTP status that the sender got.
        error: why; it holds nothing of the body.
    """

    status: int
    error: WebhookError


@attrs.frozen(kw_only=True)
class HandlerFailed:
    """A handler has raised. The event goes to it again, or is parked.

    Attributes:
        kind: the type of the event.
        key: its `dedupe_key`.
        handler: the name of the handler.
        error: what it raised. Its text may hold personal data: do not log it.
        attempt: how many attempts at this event that makes.
        next_in: seconds until the next; None if there is none.
    """

    kind: str
    key: str = attrs.field(repr=False)
    handler: str
    error: BaseException = attrs.field(repr=lambda error: type(error).__name__)
    attempt: int
    next_in: float | None


@attrs.frozen(kw_only=True)
class EventParked:
    """An event was parked: its handlers have failed so often that they are not asked again by themselves.

    Attributes:
        kind: the type of the event.
        key: its `dedupe_key`.
        handlers: the names of those handlers.
        attempts: how often they were asked.
    """

    kind: str
    key: str = attrs.field(repr=False)
    handlers: tuple[str, ...]
    attempts: int


@attrs.frozen(kw_only=True)
class EventsLeft:
    """Events that were accepted and are not handled, when the receiver had to end or could keep no more.

    Attributes:
        number: how many.
        kept: whether they are in the store, and so come again with the next start. Otherwise they are lost.
    """

    number: int
    kept: bool


@attrs.frozen(kw_only=True)
class StoreFailed:
    """The store has failed. New events are refused with 503 until it works again.

    Attributes:
        error: why.
    """

    error: Exception


@attrs.frozen(kw_only=True)
class GapSeen:
    """Polling could not fill all of a gap: what happened then and was told by no webhook is not known.

    Attributes:
        feed: the name of the feed.
        since: the earliest time that was not seen, by the service's clock; None for the beginning of all.
        until: the latest; None where that is not known.
    """

    feed: str
    since: datetime | None
    until: datetime | None


ReceiverNews = WebhookRefused | HandlerFailed | EventParked | EventsLeft | StoreFailed | GapSeen
"""Whatever is told to a listener of a `Receiver`."""
ReceiverListener = Callable[[ReceiverNews], object]
"""A function that is called with each piece of news. It must be quick, and what it returns does not matter."""


@attrs.frozen(kw_only=True)
class ReceiverStats:
    """What a receiver has done since it was made, and what it holds now.

    Attributes:
        accepted: events that were taken in.
        duplicates: bodies of events that were known already.
        refused: bodies that were refused, by HTTP status.
        busy: bodies that got 503, because too much waits or the receiver closes.
        handled: events that all their handlers have handled.
        unhandled: events that no handler was registered for.
        failures: how often a handler has raised.
        from_polls: accepted events that `reconcile` found and no webhook had told.
        queued: events that wait for a worker now.
        working: events that are with their handlers now.
        waiting: events that wait for their next attempt now.
        parked: events that are parked now.
    """

    accepted: int
    duplicates: int
    refused: Mapping[int, int]
    busy: int
    handled: int
    unhandled: int
    failures: int
    from_polls: int
    queued: int
    working: int
    waiting: int
    parked: int


class Teller:
    """Tells the log and listeners of a receiver.

    Args:
        listeners: are called with each piece of news. One that raises is logged and does no harm.
    """

    def __init__(self, listeners: Sequence[ReceiverListener]) -> None:
        self._listeners = listeners
        self._refused: Counter[int] = Counter()

    def tell(self, news: ReceiverNews) -> None:
        """Tell of something."""
        self._log(news)
        for listener in self._listeners:
            try:
                listener(news)
            except Exception:
                _logger.exception("A listener failed on %s.", type(news).__name__)

    def _log(self, news: ReceiverNews) -> None:
        match news:
            case WebhookRefused(status=status, error=error):
                # Anybody can send what is refused, so the log must not grow with it.
                self._refused[status] += 1
                if self._refused[status].bit_count() == 1:
                    _logger.warning("Webhooks refused with %d: %d so far: %s", status, self._refused[status], error)
            case HandlerFailed(error=error):
                _logger.warning(
                    "Handler %s failed on %s, attempt %d: %s",
                    *(news.handler, shown_kind(news.kind), news.attempt, type(error).__name__),
                )
                # The text of the error is left out: it may hold what somebody wrote.
                _logger.info("Handler %s failed here:\n%s", news.handler, _frames(error))
            case EventParked():
                _logger.error(
                    "An event %s is parked: %s failed %d times. receiver.replay() tries it again.",
                    *(shown_kind(news.kind), ", ".join(news.handlers), news.attempts),
                )
            case EventsLeft(kept=True):
                _logger.warning("%d events are not handled yet; the next start goes on with them.", news.number)
            case EventsLeft():
                _logger.error("%d events that were accepted are lost: there is no store.", news.number)
            case StoreFailed(error=error):
                _logger.error("New events are refused: %s", error)
            case GapSeen():
                _logger.warning("Polling %s has not seen all from %s to %s.", news.feed, news.since, news.until)


def _frames(error: BaseException) -> str:
    return "".join(traceback.format_list(traceback.extract_tb(error.__traceback__))).rstrip()
