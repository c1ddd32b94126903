"""The users of a team, which are its members with more about each.

https://developers.heymarket.com/api-reference/users
"""

from __future__ import annotations

from typing import Any, Final

from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.chats import rows
from heymarket_async.sandbox.records import Moment, Record, show
from heymarket_async.sandbox.refusals import Missing
from heymarket_async.sandbox.state import Team

_ADMIN: Final = 1
_MEMBER: Final = 4
# Users whose beginnings nobody knows joined on 2025-01-06.
_JOINED: Final = Moment.at(1_736_154_000)


def get_users(ask: Ask) -> Any:
    """Give the users with one of the numbers or addresses; all of them without a filter."""
    users = [profile(ask.team, member) for member in _members(ask.team)]
    phones: list[str] = ask.body.get("phone") or []
    emails = {email.lower() for email in ask.body.get("email") or ()}
    if phones or emails:
        users = [user for user in users if user["phone"] in phones or user["email"].lower() in emails]
    return _shown(ask, users)


def update_users(ask: Ask) -> Any:
    """Change names and roles: https://developers.heymarket.com/api-reference/users-update."""
    known = {member["id"]: member for member in _members(ask.team)}
    orders = ask.body["users"]
    for at, order in enumerate(orders):
        if order["id"] not in known:
            raise Missing("not_found", f"users[{at}].id: there is no such user.")
    for order in orders:
        _update(ask, known[order["id"]], order)
    return _shown(
        ask, [profile(ask.team, known[user_id]) for user_id in dict.fromkeys(order["id"] for order in orders)]
    )


def profile(team: Team, member: Record) -> Record:
    """Return a user with all that is known, and with guesses where a member was made without it."""
    user_id = member["id"]
    role = _ADMIN if member.get("role") == "admin" else _MEMBER
    return {
        "id": user_id,
        "phone": f"1206555{100 + user_id % 100:04}",
        "name": str(member.get("name") or ""),
        "email": str(member.get("email") or f"user{user_id}@example.com"),
        "role_id": role,
        "team_id": team.id,
        "created_at": _JOINED,
        "updated_at": _JOINED,
        "user_created_at": _JOINED,
        "user_updated_at": _JOINED,
        **team.profiles.get(user_id, {}),
    }


def _members(team: Team) -> list[Record]:
    return [member for member in rows(team.members) if type(member.get("id")) is int]


def _update(ask: Ask, member: Record, order: Record) -> None:
    known = ask.team.profiles.setdefault(member["id"], {})
    known["updated_at"] = ask.moment
    first, _, last = str(member.get("name") or "").partition(" ")
    if "first_name" in order or "last_name" in order:
        member["name"] = f"{order.get('first_name', first)} {order.get('last_name', last)}".strip()
        known["user_updated_at"] = ask.moment
    if "role_id" in order:
        known["role_id"] = order["role_id"]
        member["role"] = "admin" if order["role_id"] == _ADMIN else "member"


def _shown(ask: Ask, users: list[Record]) -> Record:
    return {"memberships": [show(user, ask.variants) for user in users]}


ROUTES: Final = (
    Route("get_users", "GET", "/v1/users/get", get_users),
    Route("update_users", "POST", "/v1/users/update", update_users),
)
