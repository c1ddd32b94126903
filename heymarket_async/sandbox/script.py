"""Answers that were ordered in advance."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import Final

from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox.answers import Answer

ANY: Final = "*"


class Script:
    """Queues of answers, one for each operation or path.

    Args:
        operations: the names that an order may use.
    """

    def __init__(self, operations: Collection[str]) -> None:
        self._operations = operations
        self._queues: dict[tuple[str, int | None], deque[Answer]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def add(self, target: str, answers: Sequence[Answer], times: int, team: int | None = None) -> None:
        """Order `answers`, the whole row `times` times, for the next requests to `target`, perhaps of one team only."""
        if not (target == ANY or target.startswith("/") or target in self._operations):
            raise ConfigurationError(
                f"script({target!r}): there is no such operation.",
                advice=f"Give a path, '*' for any request, or one of: {', '.join(sorted(self._operations))}.",
            )
        if not answers or not all(map(_is_answer, answers)):
            raise ConfigurationError("script(...) takes one Answer or more, such as Reply(502).")
        if type(times) is not int or times < 1:
            raise ConfigurationError("script(times=...) must be an int, 1 or more.")
        if team is not None and any(answer.unread for answer in answers):
            raise ConfigurationError("script(team=...): whose request it is shows only once it is read (unread=True).")
        self._queues.setdefault((target, team), deque()).extend([*answers] * times)

    def take(self, operation: str | None, path: str, *, team: int | None = None, unread: bool = False) -> Answer | None:
        """Return the answer that was ordered for this request, if any: by operation, else by path, else for any.

        Orders for its team come before those for any.

        Args:
            operation: the operation that the request names.
            path: its path.
            team: the number of the team that it comes from, if that is known.
            unread: whether to take an answer that comes before the request is read, or one that comes after. The other
                kind stays where it is, in front of what stands behind it.
        """
        for whose in (None,) if team is None else (team, None):
            for target in (operation, path, ANY):
                queue = self._queues.get((target, whose)) if target is not None else None
                if queue:
                    return queue.popleft() if queue[0].unread is unread else None
        return None

    @property
    def meets_unread(self) -> bool:
        """Whether one of the next answers comes before its request is read."""
        return any(queue[0].unread for queue in self._queues.values() if queue)

    def clear(self) -> None:
        """Forget all orders."""
        self._queues.clear()


def _is_answer(value: object) -> bool:
    return isinstance(value, Answer)
