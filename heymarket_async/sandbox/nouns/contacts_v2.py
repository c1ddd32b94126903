"""Contacts by UUID, with channels: https://developers.heymarket.com/concepts/contacts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from heymarket_async.sandbox import fields, listing, people
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.nouns.contacts import updated_after
from heymarket_async.sandbox.people import show_contact
from heymarket_async.sandbox.records import Record, empty
from heymarket_async.sandbox.refusals import Refusal, bad_data
from heymarket_async.sandbox.writing import deleted

# https://developers.heymarket.com/api-reference/contacts/list-v2
_PAGES: Final = listing.Sizes(default=30, largest=100)
_BY_UUID: Final = "id"


def create_contact_v2(ask: Ask) -> Any:
    """Make a contact: https://developers.heymarket.com/api-reference/contacts/create."""
    return show_contact(ask, _create(ask, ask.body), second=True, written=True)


def get_contact_v2(ask: Ask) -> Any:
    """Give one."""
    return show_contact(ask, named(ask), second=True)


def update_contact_v2(ask: Ask) -> Any:
    """Change one: https://developers.heymarket.com/api-reference/contacts/update-v2."""
    record = named(ask)
    if ask.variants.update_needs_phone:
        fields.require(fields.phone(ask.body, "phone"), "phone")
    return show_contact(ask, people.put(ask, record, ask.body), second=True, written=True)


def delete_contact_v2(ask: Ask) -> Any:
    """Delete one: https://developers.heymarket.com/api-reference/contacts/delete-v2."""
    people.delete(ask, named(ask))
    return deleted(ask.variants)


def bulk_upsert_contacts_v2(ask: Ask) -> Any:
    """Make or change many: https://developers.heymarket.com/api-reference/contacts/bulk-v2."""
    kept: list[Record] = []
    failed: list[Record] = []
    for row in ask.body["contacts"]:
        try:
            kept.append(_upsert(ask, row))
        except Refusal:
            failed.append({"contact": row})
    contacts = [show_contact(ask, record, second=True, written=True) for record in kept]
    return {"contacts": contacts or empty(ask.variants), "failed_contacts": failed or empty(ask.variants)}


def bulk_delete_contacts_v2(ask: Ask) -> Any:
    """Delete many: https://developers.heymarket.com/api-reference/contacts/bulk-delete-v2.

    UUIDs without a contact are passed over.
    """
    filters = ask.body["contact_channels"]
    for at, one in enumerate(filters):
        if one.get("channel_type") != _BY_UUID:
            raise bad_data(f"contact_channels[{at}].channel_type: must be {_BY_UUID}.")
    for record in _found(ask, filters):
        people.delete(ask, record)
    return deleted(ask.variants)


def list_contacts_v2(ask: Ask) -> Any:
    """Give a page of those updated after `date`: https://developers.heymarket.com/api-reference/contacts/list-v2."""
    records = updated_after(ask, fields.moment(ask.body, "date"))
    records.sort(key=lambda record: (record["updated"], record["id"]), reverse=not ask.body.get("ascending"))
    first = ask.variants.contacts_v2_first_page
    return _shown(ask, listing.numbered(records, ask.body, ask.variants, first=first, sizes=_PAGES))


def search_contacts_v2(ask: Ask) -> Any:
    """Find those with one of the channels: https://developers.heymarket.com/api-reference/contacts/search."""
    return _shown(ask, _found(ask, ask.body["contact_channels"]))


def named(ask: Ask) -> Record:
    """Return the contact whose UUID the path holds.

    Raises:
        Missing: there is none.
    """
    return ask.team.contacts.find_uuid(ask.params["contactID"])


def _create(ask: Ask, payload: fields.Payload) -> Record:
    if ask.variants.channels_required and not payload.get("contact_channels"):
        raise bad_data("contact_channels: at least one is required.")
    if not any(payload.get(key) for key in ("contact_channels", "phone", "email")):
        raise bad_data("contact_channels, phone, email: one of them must be given.")
    return people.create(ask, payload)


def _upsert(ask: Ask, row: Record) -> Record:
    uuid = row.get("contact_id") if ask.variants.bulk_by_uuid else None
    return people.update(ask, ask.team.contacts.find_uuid(uuid, "contact_id"), row) if uuid else _create(ask, row)


def _found(ask: Ask, filters: Iterable[Record]) -> list[Record]:
    found: dict[int, Record] = {}
    for one in filters:
        for address in one["channel_ids"]:
            found |= {record["id"]: record for record in _at(ask, one.get("channel_type"), address)}
    return list(found.values())


def _at(ask: Ask, kind: str | None, address: str) -> list[Record]:
    contacts = ask.team.contacts
    if kind == _BY_UUID:
        record = contacts.by_uuid(address)
        return [] if record is None else [record]
    kind = kind or people.guess_kind(address)
    return contacts.at(kind, address)


def _shown(ask: Ask, records: Iterable[Record]) -> Any:
    return [show_contact(ask, record, second=True) for record in records] or empty(ask.variants)


ROUTES: Final = (
    Route("create_contact_v2", "POST", "/v2/contact", create_contact_v2),
    Route("get_contact_v2", "GET", "/v2/contact/{contactID}", get_contact_v2),
    Route("update_contact_v2", "PUT", "/v2/contact/{contactID}", update_contact_v2),
    Route("delete_contact_v2", "DELETE", "/v2/contact/{contactID}", delete_contact_v2),
    Route("bulk_upsert_contacts_v2", "POST", "/v2/contacts", bulk_upsert_contacts_v2),
    Route("bulk_delete_contacts_v2", "DELETE", "/v2/contacts", bulk_delete_contacts_v2),
    Route("list_contacts_v2", "POST", "/v2/contacts/list", list_contacts_v2),
    Route("search_contacts_v2", "POST", "/v2/contacts/search", search_contacts_v2),
)
