"""Lists as version 1 has them, which the vendor calls deprecated and no page describes any more.

Paths are those of an integrator, and so is the body of an update. https://developers.heymarket.com/api-reference/lists/overview
"""

from __future__ import annotations

from typing import Any, Final

from heymarket_async.sandbox import contract, fields, listing, people
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.contact_book import steady_uuid
from heymarket_async.sandbox.nouns.lists import change_list, check_title, make_list
from heymarket_async.sandbox.records import Record, show, show_all
from heymarket_async.sandbox.rosters import check_size
from heymarket_async.sandbox.writing import deleted, written

# Phone numbers with what becomes of a contact that is made for one.
_People = dict[str, Record]

_PERSON: Final = contract.Record({"f": contract.Text(), "l": contract.Text()})


def create_list_v1(ask: Ask) -> Any:
    """Make a list."""
    title, wanted = check_title(ask.body), _read_people(ask)
    record = make_list(ask, title, _settle(ask, [], wanted), "")
    record["local_id"] = steady_uuid("list", record["id"])
    return written(record, ask.variants)


def get_list_v1(ask: Ask) -> Any:
    """Give one."""
    return show(ask.team.lists.find(ask.id), ask.variants)


def update_list_v1(ask: Ask) -> Any:
    """Rename a list, add people, or take one off."""
    record = ask.team.lists.find(ask.id)
    changes: Record = {"name": check_title(ask.body)} if "title" in ask.body else {}
    gone = fields.phone(ask.body, "remove_phone")
    members = _settle(ask, record["_contacts"], _read_people(ask))
    change_list(ask, record, [one for one in members if ask.team.contacts[one]["phone"] != gone], changes)
    return written(record, ask.variants)


def delete_list_v1(ask: Ask) -> Any:
    """Delete one."""
    del ask.team.lists[ask.team.lists.find(ask.id)["id"]]
    return deleted(ask.variants)


def list_lists_v1(ask: Ask) -> Any:
    """Give a page of those updated before `date`."""
    return show_all(listing.before(ask.team.lists.values(), ask.body, ask.variants), ask.variants)


def _read_people(ask: Ask) -> _People:
    members: Record = ask.body.get("members") or {}
    wanted: _People = {}
    for phone, names in members.items():
        number = fields.check_phone(phone, "members")
        person = _PERSON.read(names, "members", ask.variants.strict_requests)
        wanted[number] = {"phone": number, "first": person.get("f", ""), "last": person.get("l", "")}
    added = fields.phone(ask.body, "add_phone")
    if added is not None:
        wanted.setdefault(added, {"phone": added})
    return wanted


def _settle(ask: Ask, before: list[int], wanted: _People) -> list[int]:
    known = {phone: ask.team.contacts.by_phone(phone) for phone in wanted}
    ids = {*before, *(record["id"] for record in known.values() if record is not None)}
    check_size(ask.team, len(ids) + list(known.values()).count(None))
    return [*before, *((known[phone] or people.create(ask, person))["id"] for phone, person in wanted.items())]


ROUTES: Final = (
    Route("create_list_v1", "POST", "/v1/list", create_list_v1),
    Route("get_list_v1", "GET", "/v1/list/{id}", get_list_v1),
    Route("update_list_v1", "PUT", "/v1/list/{id}", update_list_v1),
    Route("delete_list_v1", "DELETE", "/v1/list/{id}", delete_list_v1),
    Route("list_lists_v1", "POST", "/v1/lists", list_lists_v1),
)
