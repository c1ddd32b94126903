"""What every resource stands on."""

from __future__ import annotations

from typing import Protocol, TypeVar

from heymarket_async.calls import Call

T = TypeVar("T")


class Runner(Protocol):
    """Whatever can perform a call: a session."""

    async def run(self, call: Call[T]) -> T:
        """Perform `call`."""
        ...


class Resource:
    """The operations of one noun, bound to a session."""

    __slots__ = ("_runner",)

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
