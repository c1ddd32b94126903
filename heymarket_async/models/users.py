"""Team users. https://developers.heymarket.com/api-reference/users"""

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from heymarket_async.models.fields import extra, personal
from heymarket_async.shown import Shown


class Role(enum.IntEnum):
    """Numbers of roles, for `role_id`. The vendor names these two as examples; there are others."""

    ADMIN = 1
    MEMBER = 4


@attrs.frozen(kw_only=True, weakref_slot=False)
class TeamUser(Shown):
    """A person's membership of the team.

    Only `id` is always there. What the service leaves out is None.

    Attributes:
        id: the membership.
        phone: the person's number: digits with the country code and, usually, without a plus sign.
        name: the person's name.
        email: the person's address.
        role_id: the number of the role, such as `Role.ADMIN`.
        team_id: the team.
        created_at: when the membership was made.
        updated_at: when it was last changed.
        user_created_at: when the person's account was made.
        user_updated_at: when that account was last changed.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/users
    """

    id: int
    phone: str | None = personal()
    name: str | None = personal()
    email: str | None = personal()
    role_id: int | None = None
    team_id: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    user_created_at: datetime | None = None
    user_updated_at: datetime | None = None
    extra: Mapping[str, Any] = extra()
