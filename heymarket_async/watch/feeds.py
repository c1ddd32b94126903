"""The feeds: what can be watched, and how each of them is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, get_args

import attrs

from heymarket_async.arguments import check_count, check_ids, wrong
from heymarket_async.calls import Operation, TimeCursor
from heymarket_async.errors import ReplyError
from heymarket_async.models.inboxes import Inbox
from heymarket_async.models.team import Team, TeamMember
from heymarket_async.resources.contacts import LIST_CONTACTS
from heymarket_async.resources.conversations import LIST_CONVERSATIONS
from heymarket_async.resources.inboxes import LIST_INBOXES
from heymarket_async.resources.lists_v1 import LIST_LISTS_V1
from heymarket_async.resources.messages import LIST_MESSAGES
from heymarket_async.resources.tags import LIST_TAGS
from heymarket_async.resources.team import GET_TEAM
from heymarket_async.resources.templates import LIST_TEMPLATES

_LONGEST_OVERLAP: Final = timedelta(days=7)
_CANNOT: Final = {"schedules": "the API has no way to list schedules", "surveys": "surveys come by page number only"}


@attrs.frozen
class Snapshot:
    """A feed that is fetched whole each time.

    Attributes:
        operation: what fetches it.
        model: what the things are.
        items: takes the things out of the answer.
        aside: fields that are no part of a thing, and change without it.
    """

    operation: Operation[Any]
    model: type[attrs.AttrsInstance]
    items: Callable[[Any], Sequence[Any]] = tuple
    aside: tuple[str, ...] = ()


@attrs.frozen
class Stream:
    """A feed that comes newest first.

    Attributes:
        operation: what lists it.
        overlap: how far before the newest thing each poll goes back.
        aside: fields that are no part of a thing, and change without it.
    """

    operation: Operation[tuple[Any, ...]]
    overlap: timedelta = timedelta(minutes=2)
    aside: tuple[str, ...] = ()

    @property
    def model(self) -> type[attrs.AttrsInstance]:
        """What the things are."""
        model: type[attrs.AttrsInstance] = get_args(self.operation.reply)[0]
        return model

    @property
    def by(self) -> str:
        """The field that holds the time by which it comes."""
        return self._paging.by

    @property
    def moves(self) -> bool:
        """Whether a thing that changes moves to the front."""
        return self._paging.follows_changes

    @property
    def late_key(self) -> str | None:
        """The key of a bound that the first page may need too, by one of the sources; None where all say no."""
        return self._paging.key if self._paging.both_ways else None

    @property
    def _paging(self) -> TimeCursor:
        paging = self.operation.paging
        assert isinstance(paging, TimeCursor), self.operation.name
        return paging


def _members(team: Team) -> Sequence[Any]:
    if not team.members:
        # Somebody has made its credentials. So it says nothing of the members, rather than that all of them are gone.
        raise ReplyError(
            "The service answered, but its answer does not say who belongs to the team.",
            where="$.members",
            operation=GET_TEAM.name,
            method=GET_TEAM.method,
            path=GET_TEAM.path,
        )
    return team.members


SOURCES: Final[Mapping[str, Snapshot | Stream]] = {
    "inboxes": Snapshot(LIST_INBOXES, Inbox),
    "team": Snapshot(GET_TEAM, TeamMember, _members),
    "conversations": Stream(LIST_CONVERSATIONS),
    # A carrier reports on a message minutes after it was sent, and the message does not move in its list.
    "messages": Stream(LIST_MESSAGES, timedelta(minutes=10), aside=("conversation",)),
    "contacts": Stream(LIST_CONTACTS),
    "templates": Stream(LIST_TEMPLATES),
    "tags": Stream(LIST_TAGS),
    "lists": Stream(LIST_LISTS_V1),
}


def _check_name(_: object, __: object, value: Any) -> None:
    if not isinstance(value, str) or value not in SOURCES:
        why = _CANNOT.get(value) if isinstance(value, str) else None
        if why:
            raise wrong("feed", f"cannot be '{value}': {why}")
        raise wrong("feed", f"must be one of {', '.join(map(repr, SOURCES))}")


def _check_overlap(feed: Feed, _: object, value: Any) -> None:
    if value is None:
        return
    if isinstance(SOURCES[feed.name], Snapshot):
        raise wrong("overlap", f"has no meaning for {feed.name}, which is fetched whole each time")
    if not isinstance(value, timedelta):
        raise wrong("overlap", f"must be a timedelta, such as timedelta(minutes=10), not {type(value).__name__}")
    if not timedelta(0) <= value <= _LONGEST_OVERLAP:
        raise wrong("overlap", f"must be from 0 to {_LONGEST_OVERLAP.days} days")


def _check_inboxes(feed: Feed, _: object, value: tuple[int, ...]) -> None:
    if value and feed.name != "conversations":
        raise wrong("inboxes", f"cannot be chosen for {feed.name}, only for conversations")


def _check_user(feed: Feed, _: object, value: Any) -> None:
    if check_count("user_id", value, least=0) and feed.name != "conversations":
        raise wrong("user_id", f"cannot be chosen for {feed.name}, only for conversations")


def _count(argument: str, least: int) -> Callable[[object, object, Any], None]:
    def check(_: object, __: object, value: Any) -> None:
        check_count(argument, value, least=least)

    return check


def _ids(value: Iterable[int]) -> tuple[int, ...]:
    return () if value == () else tuple(sorted(check_ids("inboxes", value)))


@attrs.frozen
class Feed:
    """Something to watch, with its settings. Where the defaults will do, its name does too.

    Args:
        name: `inboxes`, `team` (its members), `conversations`, `messages`, `contacts`, `templates`, `tags`, or `lists`,
            which the vendor calls deprecated.
        overlap: how far before the newest thing each poll goes back, as far as `most` lets it, to catch what came late
            or changed without moving in its list. By default 10 minutes for messages, whose `status` changes like
            that, and 2 for the others.
        inboxes: for conversations, the inboxes whose conversations are wanted; by default all that the team has.
        user_id: for conversations, the user on whose behalf one asks; see `conversations.list`.
        most: things that one poll goes through at the most, or up to a page more. Where that is not enough to come to
            what the poll before has seen, it tells a `Gap`.
        keep: things beyond the overlap whose digests a checkpoint keeps, so that `fields` and `kinds` of their next
            change can be told.
        remember: things that are kept whole, in memory only, to be the `before` of their next change.

    Raises:
        ArgumentError: an argument makes no sense, or the service cannot list such things.
    """

    name: str = attrs.field(validator=_check_name)
    overlap: timedelta | None = attrs.field(default=None, kw_only=True, validator=_check_overlap)
    inboxes: tuple[int, ...] = attrs.field(default=(), kw_only=True, converter=_ids, validator=_check_inboxes)
    user_id: int = attrs.field(default=0, kw_only=True, validator=_check_user)
    most: int = attrs.field(default=1000, kw_only=True, validator=_count("most", 1))
    keep: int = attrs.field(default=200, kw_only=True, validator=_count("keep", 0))
    remember: int = attrs.field(default=100, kw_only=True, validator=_count("remember", 0))

    @property
    def scope(self) -> str:
        """What a checkpoint of this feed goes with, beside its name."""
        return f"user {self.user_id}, inboxes {', '.join(map(str, self.inboxes)) or 'all'}"


def as_feed(feed: Feed | str) -> Feed:
    """Return a feed for its name, or as it is.

    Raises:
        ArgumentError: there is no such feed.
    """
    return feed if isinstance(feed, Feed) else Feed(feed)


def inbox_ids(inboxes: tuple[Inbox, ...]) -> tuple[int, ...]:
    """Return the ids of inboxes, in order."""
    return tuple(sorted(inbox.id for inbox in inboxes))


def bodies(feed: Feed, inboxes: Sequence[int]) -> tuple[tuple[bool | None, dict[str, Any]], ...]:
    """Return what to ask a stream for: one list or, for conversations, the open ones and then the closed ones.

    Whatever closes between the two is then seen in the second one at least; whatever opens comes with the next poll.

    Args:
        feed: the feed.
        inboxes: of conversations, the inboxes.
    """
    if feed.name != "conversations":
        return ((None, {}),)
    return tuple(
        (closed, {"id": feed.user_id, "filters": {"inboxes": [*inboxes], "closed": closed}}) for closed in (False, True)
    )
