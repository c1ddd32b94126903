"""Which events are known, so that none is handled twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from heymarket_async.clock import Clock
from heymarket_async.records import Record

_SECOND: Final = 1_000_000


class Sign(Record, frozen=True):
    """What an event is known by.

    Attributes:
        key: its `dedupe_key`.
        since: of a change of a conversation that a poll has found, the `updated` that it had before, in microseconds.
            It may have happened at any time after that.
    """

    key: str
    since: int | None = None

    @property
    def thread(self) -> tuple[str, int, int] | None:
        """The kind and conversation of a change, and from when to when it may have happened."""
        subject, _, moment = self.key.rpartition(":")
        if not self.key.startswith("chat_") or not moment.isdecimal() or ":" not in subject:
            return None
        until = int(moment)
        since = until if self.since is None else self.since + 1
        # A time without a fraction may stand for any within that second.
        return (subject, since, until if until % _SECOND else until + _SECOND - 1)


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
        """Return the key under which an event is known, if it is.

        A poll sees a conversation as it is now, which may be later than the change that a webhook told; so a change
        that a poll has found is the same as one of its kind within its span.
        """
        if sign.key in self._signs:
            return sign.key
        thread = sign.thread
        if thread is None:
            return None
        subject, since, until = thread
        for key in self._threads.get(subject, ()):
            other = self._signs[key]
            if other.thread is None or (sign.since is None and other.since is None):
                continue
            _, since_other, until_other = other.thread
            if since <= until_other and since_other <= until:
                return key
        return None

    def add(self, sign: Sign) -> None:
        """Remember an event that is in work."""
        self._signs[sign.key] = sign
        thread = sign.thread
        if thread is not None:
            self._threads.setdefault(thread[0], []).append(sign.key)

    def done(self, key: str, at: float | None = None) -> None:
        """Note that an event is done, and so is forgotten in time."""
        self._done[key] = self._clock.wall() if at is None else at

    def again(self, key: str) -> None:
        """Note that an event that was done is in work again."""
        self._done.pop(key, None)

    def forget(self, key: str) -> None:
        """Forget an event."""
        sign = self._signs.pop(key)
        self._done.pop(key, None)
        thread = sign.thread
        if thread is not None:
            keys = self._threads[thread[0]]
            keys.remove(key)
            if not keys:
                del self._threads[thread[0]]

    def forget_old(self) -> Iterator[str]:
        """Forget what was done long ago, and yield its keys."""
        now = self._clock.wall()
        while self._done:
            key, at = next(iter(self._done.items()))
            # Where the clock was set back, what was done in the future is forgotten too, in its turn.
            if len(self._done) <= self._most and now - at < self._seconds:
                return
            self.forget(key)
            yield key
