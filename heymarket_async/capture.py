"""Replies as they came, beside the values that were made of them."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from contextvars import ContextVar
from typing import Final

import attrs

from heymarket_async.calls import Reply


@attrs.frozen(kw_only=True)
class CapturedReply:
    """One reply, refusals included.

    Attributes:
        operation: the name of the operation that it answers, such as `list_inboxes`.
        attempt: the number of the attempt, from 1.
        elapsed: seconds that the attempt took.
        reply: status, headers and body.
    """

    operation: str
    attempt: int
    elapsed: float
    reply: Reply


class _Block:
    """One `with` block that captures.

    Attributes:
        owner: whose replies.
        replies: those that came.
        runs: whether the block still runs. Tasks that were made in it may live longer.
    """

    __slots__ = ("owner", "replies", "runs")

    def __init__(self, owner: object) -> None:
        self.owner = owner
        self.replies: list[CapturedReply] = []
        self.runs = True


# A context variable, so that a capture sees the calls of its own task and of tasks made in it, and no others.
_blocks: Final[ContextVar[tuple[_Block, ...]]] = ContextVar("blocks", default=())


@contextlib.contextmanager
def capturing(owner: object) -> Generator[list[CapturedReply]]:
    """Return a list that is filled, while the block runs, with the replies that `captured` is told of.

    Args:
        owner: whose replies; compared by identity.
    """
    block = _Block(owner)
    token = _blocks.set((*_blocks.get(), block))
    try:
        yield block.replies
    finally:
        block.runs = False
        _blocks.reset(token)


def captured(owner: object, operation: str, attempt: int, elapsed: float, reply: Reply) -> None:
    """Hand a reply to those who capture the replies of `owner` here."""
    for block in _blocks.get():
        if block.owner is owner and block.runs:
            block.replies.append(CapturedReply(operation=operation, attempt=attempt, elapsed=elapsed, reply=reply))
