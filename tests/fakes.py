"""A session that performs nothing: it notes the calls, and answers what it was told to."""

from __future__ import annotations

from typing import Any

import attrs

from heymarket_async.calls import Call, Operation, Reply
from heymarket_async.clock import VirtualClock
from heymarket_async.convert import Reader
from heymarket_async.turns import at_once
from heymarket_async.values import Acknowledgement
from heymarket_async.wire import decode

# Sunday, 1 November 2026, 12:00:00 UTC: on a quarter hour.
NOON = 1_793_534_400.0


def nothing_of(operation: Operation[Any]) -> Any:
    """Return the least that an operation can answer."""
    if operation.reply is Acknowledgement:
        return Acknowledgement("ok")
    if operation.reply is int:
        return 0
    if operation.reply is object:
        return []
    if attrs.has(operation.reply):
        required = [field.name for field in attrs.fields(operation.reply) if field.default is attrs.NOTHING]
        return operation.reply(**dict.fromkeys(required, 1))
    return ()


class FakeRunner:
    """What a resource needs of a session.

    Args:
        *answers: what the calls return one after another, or an exception to raise; then the least possible.
        default_region: as of a session.

    Attributes:
        calls: the calls that came.
        clock: stands at `NOON`.
    """

    def __init__(self, *answers: Any, default_region: str | None = None) -> None:
        self.default_region = default_region
        self.clock = VirtualClock(NOON)
        self.calls: list[Call[Any]] = []
        self._answers = list(answers)

    def service_time(self) -> float | None:
        return self.clock.wall()

    async def run(self, call: Call[Any]) -> Any:
        self.calls.append(call)
        answer = self._answers.pop(0) if self._answers else nothing_of(call.operation)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def call(self) -> Call[Any]:
        """The one call that came."""
        (call,) = self.calls
        return call

    @property
    def body(self) -> Any:
        """The body of the one call that came."""
        return self.call.body


def read(operation: Operation[Any], body: bytes) -> Any:
    """Read a reply as a session does, and see that nothing of it was lost or misread."""
    reader = Reader(strict=True)
    call = Call(operation=operation, path=operation.path)
    reply = Reply(status=200, headers={}, body=body)
    value = at_once(decode(reply, call, reader, attempts=1, elapsed=0.0, now=0.0))
    assert not reader.drift.misfits
    assert not reader.drift.unknown
    return value


def fields_that_came(model: Any) -> set[str]:
    """Return the names of the fields that are not at their defaults."""
    return {field.name for field in attrs.fields(type(model)) if getattr(model, field.name) != field.default}
