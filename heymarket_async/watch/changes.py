"""What a poll tells: changes, each with what is known of it, and gaps."""

from __future__ import annotations

from datetime import datetime
from typing import Generic

import attrs
from typing_extensions import TypeVar

from heymarket_async.kinds import EventKind

T = TypeVar("T", default=object)


@attrs.frozen(kw_only=True)
class Added(Generic[T]):
    """Something is new.

    Attributes:
        team: what a `Fleet` calls the team; None if the session has no name.
        feed: the name of the feed, such as `messages`.
        id: the thing.
        at: when it was last changed, by the service's clock; of a message, its `date`.
        after: the thing as it is.
        kinds: what webhooks call it, such as `EventKind.MESSAGE_RECEIVED`; empty where they have no word for it.
        closed: of a conversation, whether it is closed.
    """

    team: str | None = None
    feed: str
    id: int
    at: datetime | None
    after: T
    kinds: tuple[EventKind, ...] = ()
    closed: bool | None = None


@attrs.frozen(kw_only=True)
class Changed(Generic[T]):
    """Something is not as it was.

    Attributes:
        team: what a `Fleet` calls the team; None if the session has no name.
        feed: the name of the feed, such as `conversations`.
        id: the thing.
        at: when it was last changed, by the service's clock; of a message, its `date`.
        before: the thing as it was, if this process has seen it lately.
        after: the thing as it is.
        fields: the fields that are not as they were, `closed` of a conversation among them; None where the watch has
            not seen it before, or not for long.
        kinds: what webhooks call it; empty where they have no word for it, and where `fields` is None.
        closed: of a conversation, whether it is closed.
        was_at: the `at` that it had before, if the watch has seen it.
    """

    team: str | None = None
    feed: str
    id: int
    at: datetime | None
    before: T | None
    after: T
    fields: tuple[str, ...] | None
    kinds: tuple[EventKind, ...] = ()
    closed: bool | None = None
    was_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Removed(Generic[T]):
    """Something is gone. Only feeds that are fetched whole can tell: `inboxes` and `team`.

    Attributes:
        team: what a `Fleet` calls the team; None if the session has no name.
        feed: the name of the feed.
        id: the thing.
        before: the thing as it was, if this process has seen it.
    """

    team: str | None = None
    feed: str
    id: int
    before: T | None


@attrs.frozen(kw_only=True)
class Gap:
    """What was not seen, because the walk would have been too long. Nothing else tells of it: a list fills it.

    Attributes:
        team: what a `Fleet` calls the team; None if the session has no name.
        feed: the name of the feed.
        since: the earliest time that was not seen, by the service's clock; None for the beginning of all.
        until: the latest time of which not all was seen; None where that is not known.
        closed: of conversations, whether it is the closed ones or the open ones.
    """

    team: str | None = None
    feed: str
    since: datetime | None
    until: datetime | None
    closed: bool | None = None


Change = Added[T] | Changed[T] | Removed[T] | Gap
"""What a watch gives."""
