"""Which events are known, so that none is handled twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, cast

from heymarket_async.clock import Clock
from heymarket_async.kinds import EventKind
from heymarket_async.records import Record
from heymarket_async.webhooks.events import (
    ChatEvent,
    EventSource,
    MessageEvent,
    TargetEvent,
    WebhookEvent,
    microseconds,
)

_SECOND: Final = 1_000_000
# Where nothing but equal data tells a repeat, the same may happen again. A sender that tries again does so sooner.
_BRIEF: Final = 600.0
_MESSAGES: Final = (EventKind.MESSAGE_SENT, EventKind.MESSAGE_RECEIVED)
# The vendor names no field of an opt-out.
_NUMBERS: Final = ("phone", "target", "phone_number", "number")


class Sign(Record, frozen=True):
    """What an event is known by.

    Attributes:
        key: its `dedupe_key`.
        thread: what it has in common with the same event as a poll has found it, whose key may differ.
        since: from when on it may have happened, in microseconds of Unix time; where that matters.
        until: until when.
        polled: whether a poll has found it.
        brief: whether it is known by nothing but its data.
    """

    key: str
    thread: str | None = None
    since: int = 0
    until: int = 0
    polled: bool = False
    brief: bool = False


def sign_of(event: WebhookEvent, before: datetime | None = None) -> Sign:
    """Return what an event is known by.

    Args:
        event: the event.
        before: of a conversation that a poll has found changed, the `updated` that it had before.
    """
    polled = event.source is EventSource.POLL
    if isinstance(event, MessageEvent):
        return Sign(event.dedupe_key, polled=polled)
    if isinstance(event, ChatEvent) and event.chat.updated is not None:
        since, until = microseconds(event.chat.updated), _end_of(event.chat.updated)
        if polled:
            since = 0 if before is None else _end_of(before) + 1
        return Sign(event.dedupe_key, f"{event.kind}:{event.chat.id}", since, until, polled)
    thread = _person(event.data) if isinstance(event, TargetEvent) else None
    return Sign(event.dedupe_key, thread, polled=polled, brief=True)


def _end_of(moment: datetime) -> int:
    """Return the latest that a moment may stand for: one without a fraction, any in its second."""
    at = microseconds(moment)
    return at if at % _SECOND else at + _SECOND - 1


def _person(data: Any) -> str | None:
    """Return what stands for the person who opted out or in, if the data says who it is."""
    found = cast("Mapping[str, Any]", data if isinstance(data, Mapping) else {})
    for key in _NUMBERS:
        digits = "".join(filter(str.isdecimal, str(found.get(key, ""))))
        if len(digits) >= 7:
            return f"target:{hashlib.sha256(digits.encode()).hexdigest()[:32]}"
    return None


class Window:
    """Remembers events that are in work, and for a while those that are done.

    Args:
        clock: tells the time.
        seconds: how long one that is done is remembered.
        most: how many that are done are remembered.
    """

    def __init__(self, clock: Clock, seconds: float, most: int) -> None:
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._signs: dict[str, Sign] = {}
        self._done: dict[str, float] = {}
        self._threads: dict[str, list[str]] = {}

    def find(self, sign: Sign) -> str | None:
        """Return the key under which an event is known, if it is."""
        if sign.key in self._signs and not (sign.brief and self._is_done_since(sign.key, _BRIEF)):
            return sign.key
        keys = _both_ways(sign.key) if sign.thread is None else self._threads.get(sign.thread, ())
        return next((key for key in keys if key in self._signs and _is_same(sign, self._signs[key])), None)

    def add(self, sign: Sign) -> None:
        """Remember an event that is in work."""
        if sign.key in self._signs:
            self.forget(sign.key)
        self._signs[sign.key] = sign
        if sign.thread is not None:
            keys = self._threads.setdefault(sign.thread, [])
            if sign.thread.startswith("target:"):
                keys.clear()  # Who opts out, and in, and out again has done three things.
            keys.append(sign.key)

    def done(self, key: str, at: float | None = None) -> None:
        """Note that an event is done, and so is forgotten in time."""
        self._done[key] = self._clock.wall() if at is None else at

    def forget(self, key: str) -> None:
        """Forget an event."""
        thread = self._signs.pop(key).thread
        self._done.pop(key, None)
        if thread is not None and key in (keys := self._threads.get(thread, [])):
            keys.remove(key)
            if not keys:
                del self._threads[thread]

    def forget_old(self) -> Iterator[str]:
        """Forget what was done long ago, and yield its keys."""
        while self._done:
            key = next(iter(self._done))
            if len(self._done) <= self._most and not self._is_done_since(key, self._seconds):
                return
            self.forget(key)
            yield key

    def _is_done_since(self, key: str, seconds: float) -> bool:
        at = self._done.get(key)
        return at is not None and self._clock.wall() - at >= seconds


def _both_ways(key: str) -> tuple[str, ...]:
    """Return the keys of a message, of which a poll may take for sent what was received."""
    kind, _, number = key.partition(":")
    return tuple(f"{each}:{number}" for each in _MESSAGES) if kind in _MESSAGES else ()


def _is_same(one: Sign, other: Sign) -> bool:
    """Say whether two events of a thread are one, of which a poll has found one at least.

    A poll sees a conversation as it is now, which may be later than the change that a webhook told: so a change that a
    poll has found is the same as one of its kind in its time. Of a person, a poll tells what is so now.
    """
    if not (one.polled or other.polled):
        return False
    if one.brief:
        return one.key.partition(":")[0] == other.key.partition(":")[0]
    return one.since <= other.until and other.since <= one.until
