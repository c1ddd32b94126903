"""Operations on team users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from heymarket_async.arguments import check_addresses, check_id, check_several, check_text, wrong
from heymarket_async.calls import Effect, Operation
from heymarket_async.models.users import TeamUser
from heymarket_async.resources.base import Resource
from heymarket_async.values import UNSET, Unset, kind_of

GET_USERS = Operation(
    name="get_users",
    method="GET",
    path="/v1/users/get",
    effect=Effect.READS,
    reply=tuple[TeamUser, ...],
    envelope=("memberships",),
    always_wrapped=True,
    docs="https://developers.heymarket.com/api-reference/users",
)
UPDATE_USERS = Operation(
    name="update_users",
    method="POST",
    path="/v1/users/update",
    effect=Effect.REPEATABLE,
    reply=tuple[TeamUser, ...],
    envelope=("memberships",),
    always_wrapped=True,
    docs="https://developers.heymarket.com/api-reference/users-update",
)


@attrs.frozen(kw_only=True)
class UserUpdate:
    """What is to change about one team user. What is left out stays as it is.

    Args:
        id: the user, as `TeamUser.id`.
        first_name: the new first name.
        last_name: the new last name.
        role_id: the number of the new role, such as `Role.MEMBER`.

    https://developers.heymarket.com/api-reference/users-update
    """

    id: int
    first_name: str | Unset = attrs.field(default=UNSET, repr=False)
    last_name: str | Unset = attrs.field(default=UNSET, repr=False)
    role_id: int | Unset = UNSET


class Users(Resource):
    """The users of the team. https://developers.heymarket.com/api-reference/users"""

    __slots__ = ()

    async def find(
        self, *, phone_numbers: Sequence[str] | None = None, emails: Sequence[str] | None = None
    ) -> tuple[TeamUser, ...]:
        """Return the team users with these phone numbers or addresses.

        The vendor does not say whether a user must match one or both where both are given.

        Args:
            phone_numbers: numbers in any usual writing (on the wire `phone`).
            emails: addresses (on the wire `email`).

        Returns:
            Those that were found; an empty tuple where nobody was.

        Raises:
            ArgumentError: an argument makes no sense, or there is none.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/users
        """
        if phone_numbers is None and emails is None:
            raise wrong("phone_numbers", "is missing: pass phone_numbers, emails or both")
        body: dict[str, Any] = {}
        if phone_numbers is not None:
            body["phone"] = self._phones("phone_numbers", phone_numbers)
        if emails is not None:
            body["email"] = check_addresses("emails", emails)
        return await self._runner.run(GET_USERS.call(body=body))

    async def update(self, *users: UserUpdate) -> tuple[TeamUser, ...]:
        """Change team users, all in one request:

            await heymarket.users.update(
                UserUpdate(id=1, first_name="Riley"),
                UserUpdate(id=2, role_id=Role.MEMBER),
            )

        Args:
            *users: what is to change, one `UserUpdate` for each user.

        Returns:
            The users as they are now, as far as the service tells.

        Raises:
            ArgumentError: an argument makes no sense, or nothing would change.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/users-update
        """
        changes = [_change(f"users[{place}]", user) for place, user in enumerate(check_several("users", users))]
        ids = [change["id"] for change in changes]
        for place, user_id in enumerate(ids):
            if user_id in ids[:place]:
                raise wrong(f"users[{place}].id", "was there before: make one UserUpdate for each user")
        return await self._runner.run(UPDATE_USERS.call(body={"users": changes}))


def _change(argument: str, user: object) -> dict[str, Any]:
    """Return what is to change about one user in the service's words."""
    if not isinstance(user, UserUpdate):
        raise wrong(argument, f"must be a UserUpdate, not {kind_of(user)}")
    change: dict[str, Any] = {"id": check_id(f"{argument}.id", user.id)}
    if user.first_name is not UNSET:
        change["first_name"] = check_text(f"{argument}.first_name", user.first_name)
    if user.last_name is not UNSET:
        change["last_name"] = check_text(f"{argument}.last_name", user.last_name)
    if user.role_id is not UNSET:
        change["role_id"] = check_id(f"{argument}.role_id", user.role_id)
    if len(change) == 1:
        raise wrong(argument, "changes nothing: give it a first_name, a last_name or a role_id")
    return change
