"""Contact lists: https://developers.heymarket.com/api-reference/lists/create."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from heymarket_async.sandbox import people
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.contact_book import EMAIL, PHONE
from heymarket_async.sandbox.fields import Payload, phones
from heymarket_async.sandbox.people import Way, check_contact_ids, check_email, member_ids
from heymarket_async.sandbox.records import Record
from heymarket_async.sandbox.refusals import bad_data
from heymarket_async.sandbox.rosters import check_size, set_members
from heymarket_async.sandbox.writing import written

# A contact by its id, or a way to reach someone who is none yet.
Member = int | Way

_SOURCES: Final = ("contacts", "phones", "emails")


def create_list(ask: Ask) -> Any:
    """Make a list; whether a `local_id` may come twice is up to `Variants.list_repeat`."""
    body, variants = ask.body, ask.variants
    title, local_id = check_title(body), body["local_id"]
    if not local_id:
        raise bad_data("local_id: must not be empty.")
    known = next((record for record in ask.team.lists.values() if record["local_id"] == local_id), None)
    if known is not None and variants.list_repeat == "refuse":
        raise bad_data("local_id: there is a list with this one.")
    if known is not None and variants.list_repeat == "same":
        return written(known, variants, local_id)
    wanted = read_members(ask, body)
    if variants.list_needs_members and not wanted:
        raise bad_data("contacts, phones, emails: one of them must name somebody.")
    record = make_list(ask, title, settle(ask, wanted), local_id)
    return written(record, variants, local_id)


def update_list(ask: Ask) -> Any:
    """Rename a list, or change who is on it: https://developers.heymarket.com/api-reference/lists/update."""
    record, body = ask.team.lists.find(ask.id), ask.body
    changes: Record = {"name": check_title(body)} if "title" in body else {}
    replaced = any(source in body for source in _SOURCES)
    wanted = read_members(ask, body) if replaced else record["_contacts"]
    gone = {*(body.get("remove_contacts") or ()), *_reached(ask, body, "remove_")}
    wanted = [member for member in (*wanted, *read_members(ask, body, "add_")) if member not in gone]
    change_list(ask, record, settle(ask, wanted), changes)
    return written(record, ask.variants)


def delete_list(ask: Ask) -> Any:
    """Delete a list. The contacts stay: those of `contact_ids` would only be taken off it before."""
    record = ask.team.lists.find(ask.id)
    del ask.team.lists[record["id"]]
    return {"deleted": True, "id": record["id"]}


def check_title(body: Payload) -> str:
    """Return the title.

    Raises:
        Refusal: it is missing or empty.
    """
    title: str = body.get("title") or ""
    if not title.strip():
        raise bad_data("title: must not be empty.")
    return title


def read_members(ask: Ask, body: Payload, prefix: str = "") -> list[Member]:
    """Return whom the keys of a body name, such as `add_contacts`, `add_phones` and `add_emails`.

    Raises:
        Refusal: there is no such contact, or a number or an address makes no sense.
    """
    ids = check_contact_ids(ask.team, body.get(f"{prefix}contacts") or (), f"{prefix}contacts")
    return list(dict.fromkeys([*ids, *_reached(ask, body, prefix)]))


def settle(ask: Ask, members: Iterable[Member]) -> list[int]:
    """Return the ids of members. Who is no contact yet becomes one.

    Raises:
        Refusal: they are too many for a list of this team.
    """
    members = list(dict.fromkeys(members))
    check_size(ask.team, len(members))
    return [
        member if isinstance(member, int) else people.create(ask, {member.kind: member.address})["id"]
        for member in members
    ]


def make_list(ask: Ask, title: str, members: Iterable[int], local_id: str) -> Record:
    """Keep a new list."""
    team = ask.team
    record = team.lists.add(
        ask.moment,
        {
            "name": title,
            "local_id": local_id,
            "targets": {},
            "team_id": team.id,
            "creator_id": next(iter(member_ids(team)), 0),
            "shared": True,
            "archived": False,
            "_contacts": [],
        },
    )
    set_members(team, record, members)
    return record


def change_list(ask: Ask, record: Record, members: Iterable[int], changes: Record) -> None:
    """Write changes of a list."""
    set_members(ask.team, record, members)
    ask.team.lists.change(record, ask.moment, changes)


def find_member(ask: Ask, kind: str, address: str) -> Member:
    """Return the contact with a channel, or the channel itself if nobody has it."""
    found = ask.team.contacts.at(kind, address)
    return found[0]["id"] if found else Way(kind, address)


def _reached(ask: Ask, body: Payload, prefix: str) -> list[Member]:
    emails = [check_email(email, f"{prefix}emails").lower() for email in body.get(f"{prefix}emails") or ()]
    return [
        *(find_member(ask, PHONE, phone) for phone in phones(body, f"{prefix}phones")),
        *(find_member(ask, EMAIL, email) for email in emails if email),
    ]


ROUTES: Final = (
    Route("create_list", "POST", "/v2/lists", create_list),
    Route("update_list", "PUT", "/v2/lists/{id}", update_list),
    Route("delete_list", "DELETE", "/v2/lists/{id}", delete_list),
)
