"""Fictional teams, the same for the same seed.

The inboxes differ from each other as those of the service do: some have only documented keys, some only observed ones,
some have null where a list is due, and some have keys that nobody has described.
"""

from __future__ import annotations

import string
import uuid
from random import Random
from typing import Any, Final

from heymarket_async.auth import ApiKey, ApiSecret
from heymarket_async.clock import SYSTEM_CLOCK, Clock
from heymarket_async.sandbox.state import Team

Json = dict[str, Any]

_TEAM_NAMES: Final = (
    "Harbor Dental",
    "Juniper Movers",
    "Northside Bikes",
    "Willow Veterinary",
    "Copper Kettle Catering",
    "Lakeview Storage",
    "Blue Door Realty",
    "Maple Street Clinic",
)
_FIRST_NAMES: Final = ("Riley", "Casey", "Jordan", "Avery", "Morgan", "Quinn", "Rowan", "Emerson", "Skyler", "Dakota")
_LAST_NAMES: Final = ("Stone", "Lane", "Brook", "Field", "Marsh", "Hale", "Frost", "Vale", "North", "Reed")
_AREAS: Final = (415, 510, 206, 312, 617, 303, 503, 512, 602, 702, 213, 718, 404, 305, 215, 216, 314, 612, 816, 919)
_KEY_ALPHABET: Final = string.ascii_letters + string.digits
_MEMBERS: Final = 4


def seeded_team(seed: int | str, number: int, clock: Clock = SYSTEM_CLOCK) -> Team:
    """Return the team that `seed` gives for `number` (from 0), with two API Secrets and a legacy API key."""
    random = Random(f"{seed}/{number}")
    team_id = 2001 + number
    members = [_member(random, 5001 + number * _MEMBERS + place, place) for place in range(_MEMBERS)]
    member_ids = [member["id"] for member in members]
    return Team(
        id=team_id,
        name=_name(number),
        secrets=tuple(fresh_secret(random) for _ in range(2)),
        api_key=ApiKey("legacy" + _text(random, 34)),
        members=members,
        inboxes=_inboxes(number, team_id, member_ids),
        clock=clock,
    )


def fresh_secret(random: Random) -> ApiSecret:
    """Return an API Secret drawn from `random`."""
    return ApiSecret(str(uuid.UUID(int=random.getrandbits(128), version=4)), _text(random, 40))


def _text(random: Random, length: int) -> str:
    return "".join(random.choices(_KEY_ALPHABET, k=length))


def _name(number: int) -> str:
    again, place = divmod(number, len(_TEAM_NAMES))
    return f"{_TEAM_NAMES[place]} {again + 1}" if again else _TEAM_NAMES[place]


def _phone(serial: int) -> str:
    """Return a number that no one has: 555-0100 to 555-0199 are kept for fiction."""
    area = _AREAS[serial // 100 % len(_AREAS)]
    return f"1{area}55501{serial % 100:02}"


def _member(random: Random, member_id: int, place: int) -> Json:
    first, last = random.choice(_FIRST_NAMES), random.choice(_LAST_NAMES)
    member: Json = {"id": member_id, "name": f"{first} {last}"}
    if place < 3:
        member["role"] = "admin" if place == 0 else "member"
    if place % 2:
        member["email"] = f"{first}.{last}@example.com".lower()
    return member


def _inboxes(number: int, team_id: int, members: list[int]) -> list[Json]:
    first_id = 40_001 + number * 10
    phone = number * 5
    return [
        _documented(first_id, team_id, members, _phone(phone), _phone(phone + 1)),
        _observed(first_id + 1, team_id, members[:2]),
        _nulls(first_id + 2, team_id, _phone(phone + 2)),
        _older(first_id + 3, _phone(phone + 3)),
        _undocumented(first_id + 4, team_id, members[1:], _phone(phone + 4)),
    ]


def _documented(inbox_id: int, team_id: int, members: list[int], phone: str, forward: str) -> Json:
    return {
        "id": inbox_id,
        "name": "Support",
        "team": team_id,
        "members": members,
        "phone": phone,
        "phones": [phone],
        "forward_number": forward,
        "auto_assignable": True,
        "bco_chats": True,
        "allowed_domains": ["example.com"],
        "invited": ["sam@example.com"],
        "op": "u",
        "rev": 3,
        "widget_code": f"w{inbox_id}",
        "widget_settings": {
            "background_color": "#ffffff",
            "button_color": "#1f6feb",
            "fab_background_color": "#1f6feb",
            "fab_text_color": "#ffffff",
            "message": "Text us",
            "name": "Support",
            "phone": phone,
            "position": 1,
            "preview_enabled": True,
            "title_background_color": "#1f6feb",
            "title_text_color": "#ffffff",
            "tos": "https://example.com/terms",
        },
    }


def _observed(inbox_id: int, team_id: int, members: list[int]) -> Json:
    return {
        "id": inbox_id,
        "name": "Sales",
        "team": team_id,
        "members": members,
        "auto_assignable": False,
        "bco_chats": False,
        "rev": 12,
        "created_at": "2025-03-04T09:00:00Z",
        "updated_at": "2026-04-12T15:30:00.123456Z",
        "business_hours": {
            "is_weekday_hours_set": True,
            "is_weekend_hours_set": False,
            "quiet_hours_enabled": True,
            "weekday_start_hour": 9,
            "weekday_start_min": 0,
            "weekday_end_hour": 17,
            "weekday_end_min": 30,
            "weekend_start_hour": 0,
            "weekend_start_min": 0,
            "weekend_end_hour": 0,
            "weekend_end_min": 0,
        },
        "widget_settings": {
            "email_enabled": True,
            "email_required": False,
            "name_enabled": True,
            "name_required": True,
            "phone_enabled": True,
            "phone_optional": False,
            "sms_disabled": False,
            "webchat_enabled": True,
        },
        "ai_agent_auto_assign": False,
        "auto_close": True,
        "email_on_inbound_idle": False,
        "email_on_outbound_idle": False,
        "force_assign": False,
        "high_throughput": False,
        "ignore_inc_call_notif": True,
        "is_bandwidth": True,
        "is_business_hours": True,
        "is_quiet_hours": False,
        "ittc": 0,
        "notify_after_inbound_idle": 15,
        "notify_after_outbound_idle": 60,
        "notify_all": True,
        "notify_on_chat_assignment": True,
        "notify_on_inbound_idle": True,
        "notify_on_outbound_idle": False,
        "promote_inbound_idle_to_top": True,
        "promote_outbound_idle_to_top": False,
        "show_waiting_indicator": True,
        "unassign_on_close": False,
    }


def _nulls(inbox_id: int, team_id: int, phone: str) -> Json:
    return {
        "id": inbox_id,
        "name": "Front Desk",
        "team": team_id,
        "members": None,
        "phone": phone,
        "phones": None,
        "forward_number": None,
        "allowed_domains": None,
        "invited": None,
        "widget_settings": None,
        "business_hours": None,
        "rev": 1,
    }


def _older(inbox_id: int, phone: str) -> Json:
    return {"id": inbox_id, "name": "Billing", "phones": [f"+{phone}"]}


def _undocumented(inbox_id: int, team_id: int, members: list[int], phone: str) -> Json:
    return {
        "id": inbox_id,
        "name": "After Hours",
        "team": team_id,
        "members": members,
        "phone": phone,
        "phones": [phone, f"+{phone}"],
        "invited": [],
        "allowed_domains": [],
        "widget_settings": {"background_color": "#202020", "launcher_shape": "round"},
        "color": "#7a3e9d",
        "sort_order": 5,
        "carrier": {"registered": True, "campaigns": ["C-100"]},
        "last_seen": None,
    }
