"""Fictional contacts for the first team, and what is kept about them, the same for the same seed."""

from __future__ import annotations

from random import Random
from typing import Final

from heymarket_async.sandbox.contact_book import steady_uuid
from heymarket_async.sandbox.people import blank_contact, member_ids
from heymarket_async.sandbox.records import Moment, Record
from heymarket_async.sandbox.rosters import set_members
from heymarket_async.sandbox.state import Team

# Monday, 5 January 2026, 09:00 UTC: fixed, so that the same seed gives the same data on any day.
START: Final = Moment.read("2026-01-05T09:00:00Z")
_HOUR: Final = 3_600_000_000
_FIELDS: Final = ("Account number", "Birthday", "Plan")
_TAGS: Final = (("VIP", "#FFD700"), ("New", "#1F6FEB"), ("Follow up", "#D1242F"), ("Supplier", "#57606A"))
# The first four are those who write in the conversations of `seed_chats`.
_KNOWN: Final = (("Sam", "Reed"), ("Robin", "Vale"), ("Alex", "Marsh"), ("Jamie", "Frost"))
_FIRST_NAMES: Final = ("Taylor", "Parker", "Reese", "Sage", "Blake", "Drew", "Hayden", "Kendall", "Logan", "Peyton")
_LAST_NAMES: Final = ("Ash", "Birch", "Cole", "Dale", "Ford", "Glen", "Heath", "Ivory", "Moor", "Park")
_CONTACTS: Final = 36
_TEMPLATES: Final = (
    ("Welcome", "Hello {{first_name}} {{last_name}}, welcome.", False),
    ("Appointment reminder", "Hi {{first_name}}, see you tomorrow. Reply C to cancel.", False),
    ("Winter offer", "Ten percent off until the end of the month.", True),
)
_SURVEYS: Final = (
    ("Post-purchase NPS", "nps", "Would you recommend us? Reply 0 to 10."),
    ("Support CSAT", "csat", "Were you happy with support? Reply 1 to 5."),
    ("Delivery CSAT", "csat", "How did the delivery go? Reply 1 to 5."),
)


def add_people(team: Team, seed: int | str) -> None:
    """Give a team contact fields, tags, contacts, lists, templates and surveys.

    Args:
        team: the team.
        seed: the same seed gives the same people.
    """
    for title in _FIELDS:
        team.contact_fields.add(START, {"title": title, "team_id": team.id})
    for label, color in _TAGS:
        team.tags.add(START, {"tag": label, "color": color, "team_id": team.id})
    _add_contacts(team, Random(f"{seed}/people"))
    _add_lists(team)
    for place, (name, text, archived) in enumerate(_TEMPLATES):
        content: Record = {"text": text, "gallery": []}
        known: Record = {"name": name, "content": content, "archived": archived}
        team.templates.add(_after(place), {**known, **_owned(team, "template", place)})
    for place, (name, kind, question) in enumerate(_SURVEYS):
        team.surveys.add(_after(place), {"name": name, "type": kind, "question": question})


def _add_contacts(team: Team, random: Random) -> None:
    members, fields, tags = member_ids(team), [*team.contact_fields], [*team.tags]
    for place in range(_CONTACTS):
        names = _KNOWN[place] if place < len(_KNOWN) else (random.choice(_FIRST_NAMES), random.choice(_LAST_NAMES))
        first, last = names
        contact: Record = {
            **blank_contact(),
            "first": first,
            "last": last,
            "display_name": f"{first} {last}",
            "phone": f"141555501{50 + place}",
            "team_id": team.id,
            "creator_id": members[0],
        }
        if place % 2 == 0:
            contact["email"] = f"{first}.{last}{place}@example.com".lower()
        if place % 3 == 0:
            contact["custom"] = {str(fields[0]): f"A-{1000 + place}"}
            contact["assigned_user_id"] = random.choice(members)
        if place % 4 == 0:
            contact["_tags"] = random.sample(tags, 2)
        team.contacts.add(_after(place), contact)
    contacts = [*team.contacts.values()]
    contacts[0]["note"] = [{"date": "2026-01-06T10:00:00Z", "id": "n1", "name": "Riley", "text": "Prefers mornings"}]
    team.unsubscribed[contacts[-1]["phone"]] = "contact"
    team.unsubscribed[contacts[-2]["phone"]] = "admin"
    team.blocked.add(contacts[-3]["phone"])


def _add_lists(team: Team) -> None:
    contacts = [*team.contacts]
    for place, (name, members) in enumerate((("Newsletter", contacts[4:]), ("Regulars", contacts[:4]))):
        record = team.lists.add(
            _after(place), {"name": name, "targets": {}, "archived": False, **_owned(team, "list", place)}
        )
        set_members(team, record, members)


def _owned(team: Team, noun: str, place: int) -> Record:
    return {
        "local_id": steady_uuid("seed", team.id, noun, place),
        "team_id": team.id,
        "creator_id": member_ids(team)[0],
        "shared": True,
    }


def _after(place: int) -> Moment:
    return Moment(START + place * _HOUR)
