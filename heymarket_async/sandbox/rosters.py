"""Who is on a contact list.

A list keeps the ids of its contacts in `_contacts`, and shows those with a phone number in `targets`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from heymarket_async.sandbox.records import Record
from heymarket_async.sandbox.refusals import bad_data
from heymarket_async.sandbox.state import Team

_NAMES: Final = (("f", "first"), ("l", "last"))


def set_members(team: Team, record: Record, ids: Iterable[int]) -> None:
    """Let a list have these contacts, and no others."""
    record["_contacts"] = list(dict.fromkeys(ids))
    record["targets"] = targets(team, record["_contacts"])


def check_size(team: Team, members: int) -> None:
    """Let a list of so many contacts pass.

    Raises:
        Refusal: they are more than the team's `list_size`.
    """
    if members > team.list_size:
        raise bad_data(f"A list of this team may have at most {team.list_size} contacts.")


def targets(team: Team, ids: Iterable[int]) -> dict[str, Record]:
    """Return the `targets` of a list of these contacts."""
    people = [team.contacts[contact_id] for contact_id in ids]
    return {
        contact["phone"]: {short: contact[long] for short, long in _NAMES} for contact in people if contact["phone"]
    }


def refresh_targets(team: Team, contact_id: int) -> None:
    """Let the lists that a contact is on show its present number and names."""
    for record in team.lists.values():
        if contact_id in record["_contacts"]:
            record["targets"] = targets(team, record["_contacts"])


def forget_contact(team: Team, contact_id: int) -> None:
    """Take a contact off all lists."""
    for record in team.lists.values():
        if contact_id in record["_contacts"]:
            record["_contacts"].remove(contact_id)
            record["targets"] = targets(team, record["_contacts"])
