"""How far a feed was watched: a value that can be stored as JSON, and holds nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Self

import attrs
import msgspec

from heymarket_async.errors import CheckpointError
from heymarket_async.watch.feeds import Feed

_VERSION: Final = 1
_KIND: Final = "heymarket_async checkpoint"
_NOTHING: Final[Mapping[Any, Any]] = {}

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a thing that was seen.

    Attributes:
        at: its time.
        whole: the digest of it all.
        marks: the digests of its fields.
        closed: of a conversation, whether it stood among the closed ones.
    """

    at: Moment | None
    whole: bytes
    marks: bytes
    closed: bool | None = None


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """How far one list was walked.

    Attributes:
        newest: the time of the newest thing that was there; None while there was none, and no clock.
        floor: everything from here on is known.
    """

    newest: Moment | None
    floor: Moment


class _Written(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A checkpoint as JSON has it."""

    kind: str
    v: int
    team: int
    feed: str
    scope: str
    layout: tuple[str, ...]
    reached: dict[str, Reached]
    entries: dict[int, Entry]
    inboxes: tuple[int, ...]
    inboxes_at: float | None


class _Head(msgspec.Struct):
    """As much as every version says."""

    kind: str = ""
    v: int = 0


@attrs.frozen(kw_only=True)
class Checkpoint:
    """How far a feed of a team was watched. `poll_once` makes them; `to_json` and `from_json` store them.

    Attributes:
        team: the team.
        feed: the name of the feed.
        scope: what it was asked for.
        layout: the fields of which the marks in `entries` consist.
        reached: how far each of its lists was walked, by a word for the list.
        entries: what was seen, by id.
        inboxes: of conversations, the inboxes that were asked for.
        inboxes_at: when these were fetched, in Unix seconds by the service's clock.
        items: what was seen lately, whole, by id. It is not stored.
    """

    team: int
    feed: str
    scope: str
    layout: tuple[str, ...] = attrs.field(repr=False)
    reached: Mapping[str, Reached] = attrs.field(default=_NOTHING, repr=False)
    entries: Mapping[int, Entry] = attrs.field(default=_NOTHING, repr=lambda entries: f"<{len(entries)}>", hash=False)
    inboxes: tuple[int, ...] = attrs.field(default=(), repr=False)
    inboxes_at: float | None = attrs.field(default=None, repr=False)
    items: Mapping[int, Any] = attrs.field(default=_NOTHING, repr=False, eq=False)

    def to_json(self) -> str:
        """Return it as JSON. It holds ids, times and digests, and neither numbers of phones nor names nor texts."""
        written = _Written(
            kind=_KIND,
            v=_VERSION,
            team=self.team,
            feed=self.feed,
            scope=self.scope,
            layout=self.layout,
            reached={**self.reached},
            entries={**self.entries},
            inboxes=self.inboxes,
            inboxes_at=self.inboxes_at,
        )
        return msgspec.json.encode(written).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the checkpoint that `to_json` wrote.

        Raises:
            CheckpointError: it is no checkpoint, or one of another version of this library.
        """
        head = _decoded(text, _Head)
        if head is None or head.kind != _KIND:
            raise CheckpointError("This is no checkpoint.", advice=_START_ANEW)
        if head.v != _VERSION:
            raise CheckpointError(
                f"This checkpoint has version {head.v}; this version of the library reads {_VERSION}.",
                advice=f"Use the version of the library that wrote it. {_START_ANEW}",
            )
        found = _decoded(text, _Written)
        if found is None:
            raise CheckpointError("This checkpoint is damaged.", advice=_START_ANEW)
        return cls(**{field.name: getattr(found, field.name) for field in attrs.fields(cls) if field.name != "items"})

    def check(self, feed: Feed, team: int) -> None:
        """See that it belongs to this feed of this team.

        Raises:
            CheckpointError: it does not.
        """
        for what, mine, asked in (
            ("feed", self.feed, feed.name),
            ("team", self.team, team),
            ("settings of the feed", self.scope, feed.scope),
        ):
            if mine != asked:
                raise CheckpointError(
                    f"This checkpoint belongs to another {what}: {mine}, not {asked}.",
                    advice="Keep one checkpoint for each feed of each team, under a name of its own.",
                )


_START_ANEW: Final = (
    "To start anew, pass None, or delete it from its store; what happened since is told if you pass since=."
)


def _decoded(text: object, shape: type[Any]) -> Any:
    # Apart, so that the error of the decoder, which may quote the text, is not the context of ours.
    try:
        return msgspec.json.decode(text, type=shape) if isinstance(text, str | bytes) else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
