"""Lists. https://developers.heymarket.com/api-reference/lists/overview"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from heymarket_async.models.fields import extra, mapping
from heymarket_async.shown import Shown


@attrs.frozen(kw_only=True, weakref_slot=False)
class BroadcastList(Shown):
    """A list of contacts to broadcast to.

    Only `id` is always there. What the service leaves out is None.

    Attributes:
        id: the list, which calls take as `list_id`.
        name: its title (written as `title` on the wire).
        local_id: the identifier that the client gave when it made it.
        targets: who is on it, by phone number; each value holds the first name as `f` and the last name as `l`.
        team_id: the team it belongs to.
        creator_id: the user who made it.
        shared: whether the whole team may use it.
        created: when it was made.
        updated: when it was last changed.
        rev: its revision, which grows with every write.
        archived: whether it was put away.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/lists/overview
    """

    id: int
    name: str | None = None
    local_id: str | None = None
    targets: Mapping[str, Any] | None = mapping()
    team_id: int | None = None
    creator_id: int | None = None
    shared: bool | None = None
    created: datetime | None = None
    updated: datetime | None = None
    rev: int | None = None
    archived: bool | None = None
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class ListDeletion(Shown):
    """What the service says to the deletion of a list.

    Attributes:
        id: the list.
        deleted: whether it is gone.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/lists/update
    """

    id: int | None = None
    deleted: bool | None = None
    extra: Mapping[str, Any] = extra()
