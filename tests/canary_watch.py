"""Where canaries are looked for: logs, warnings, reprs, exceptions and their chains, and what nobody has caught."""

from __future__ import annotations

import logging
import weakref
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import attrs

from canary_plants import Canaries, Canary, around

_STANDARD: Final = {*vars(logging.makeLogRecord({})), "message"}
_HELD: Final = 300_000


@attrs.frozen
class Leak:
    """A canary that was seen.

    Attributes:
        where: the channel, and what in it.
        canary: what it was.
        text: what was seen, without the canary.
    """

    where: str
    canary: Canary
    text: str

    def __str__(self) -> str:
        return f"in {self.where}: {self.canary}\n    {self.text}"


class Watch:
    """Takes in what others could see during one test.

    Args:
        canaries: what must not be among it.
        counts: of all tests, by channel.

    Attributes:
        quiet: whether nobody listens to logs below the usual level.
        mixed: whether the same text may be in a field that is shown and in one that is not, so that reprs do not count.
    """

    def __init__(self, canaries: Canaries, counts: Counter[str]) -> None:
        self.canaries = canaries
        self.counts = counts
        self.quiet = False
        self.mixed = False
        self._held: dict[str, str] = {}
        self._size = 0
        self._leaks: dict[str, Leak] = {}
        self._made: Counter[type] = Counter()
        self._alive: weakref.WeakSet[BaseException] = weakref.WeakSet()

    def see(self, channel: str, where: str, *texts: str) -> None:
        """Take in texts that came by a channel."""
        self.counts[channel] += 1
        for text in texts:
            if text not in self._held:
                self._held[text] = f"{channel}: {where}"
                self._size += len(text)
        if self._size > _HELD:
            self._look()

    def see_record(self, record: logging.LogRecord) -> None:
        """Take in a log record with all that a handler could write of it."""
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        texts = [record.getMessage(), repr(record.args), record.exc_text or "", record.stack_info or ""]
        if extra:
            texts.append(repr(extra))
        self.see("log records", f"{record.name} {record.levelname}", *texts)
        if record.exc_info and record.exc_info[1] is not None:
            self.see_error(record.exc_info[1], f"a log record of {record.name}")

    def see_repr(self, value: Any) -> None:
        """Take in the repr of a new object: of the first of its class, and then of ever fewer."""
        if self.mixed:
            return
        kind = type(value)
        self._made[kind] += 1
        number = self._made[kind]
        if number & (number - 1) == 0:
            self.see("reprs", kind.__name__, repr(value))
            if kind.__str__ is not object.__str__:
                self.see("reprs", kind.__name__, str(value))

    def expect(self, error: BaseException) -> None:
        """Note an exception that was made; it is taken in when it has become what it will be."""
        self.counts["exceptions"] += 1
        self._alive.add(error)

    def see_error(self, error: BaseException, where: str = "") -> None:
        """Take in all that an exception and those behind it say, also those that `from None` hides.

        Lines of source are left out: they show code, which is here the code of a test.
        """
        for link, one in _chain(error):
            what = f"{where or 'an exception'}, {link}{type(one).__qualname__}"
            self.see("tracebacks", what, repr(one), str(one), *getattr(one, "__notes__", ()))

    def see_output(self, output: str) -> None:
        """Take in the tracebacks in what was printed."""
        _, found, after = output.partition("Traceback (most recent call last)")
        if found:
            lines = [line for line in after.splitlines() if not line.startswith("    ")]
            self.see("printed tracebacks", "output", "\n".join(lines))

    def leaks(self) -> list[Leak]:
        """Return the canaries that were seen since the last call."""
        for error in list(self._alive):
            self.see_error(error)
        self._alive.clear()
        self._look()
        leaks, self._leaks = list(self._leaks.values()), {}
        return leaks

    def _look(self) -> None:
        held, self._held, self._size = self._held, {}, 0
        if not self.canaries.find("\n".join(held)):
            return
        for text, where in held.items():
            found = self.canaries.find(text)
            for _, canary in found:
                self._leaks.setdefault(f"{where} {canary.kind}", Leak(where, canary, around(text, found)))


def _chain(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """Yield an exception and all that it leads to, each once, with the way there."""
    waiting, seen = [("", error)], set[int]()
    while waiting:
        link, one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield link, one
        if one.__cause__ is not None:
            waiting.append((f"{link}cause: ", one.__cause__))
        if one.__context__ is not None:
            waiting.append((f"{link}context: ", one.__context__))
        if isinstance(one, BaseExceptionGroup):
            waiting.extend((f"{link}part: ", part) for part in one.exceptions)
