"""Tags. https://developers.heymarket.com/api-reference/tags"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from heymarket_async.models.fields import extra, plain
from heymarket_async.shown import Shown


@attrs.frozen(kw_only=True, weakref_slot=False)
class Tag(Shown):
    """A label for contacts.

    Only `id` is always there. What the service leaves out is None.

    Attributes:
        id: the tag.
        name: what it says (on the wire `tag`).
        color: its colour, such as `#FFD700`.
        team_id: the team it belongs to.
        created: when it was made.
        updated: when it was last changed; lists are ordered by it.
        rev: its revision, which counts its changes.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/tags
    """

    id: int
    name: str | None = plain("tag")
    color: str | None = None
    team_id: int | None = None
    created: datetime | None = None
    updated: datetime | None = None
    rev: int | None = None
    extra: Mapping[str, Any] = extra()
