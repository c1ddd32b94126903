"""The team and its members. https://developers.heymarket.com/api-reference/team"""

from collections.abc import Mapping
from typing import Any

import attrs

from heymarket_async.models.fields import extra, personal
from heymarket_async.shown import Shown


@attrs.frozen(kw_only=True, weakref_slot=False)
class TeamMember(Shown):
    """A member of a team.

    Attributes:
        id: the member, as `creator_id` on sends.
        name: the person's name.
        role: the label of the role, such as `admin`; the vendor does not list its values.
        email: the person's address (seen by an integrator only).
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/team
    """

    id: int
    name: str | None = personal()
    role: str | None = None
    email: str | None = personal()
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class Team(Shown):
    """The team that the credentials belong to.

    Attributes:
        id: the team.
        name: its name.
        list_size: how many contacts a list may hold at the most.
        members: who belongs to it.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/team
    """

    id: int
    name: str | None = None
    list_size: int | None = None
    members: tuple[TeamMember, ...] = ()
    extra: Mapping[str, Any] = extra()
