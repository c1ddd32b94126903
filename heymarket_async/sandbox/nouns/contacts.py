"""Contacts by their integer ids: https://developers.heymarket.com/api-reference/contacts/overview."""

from __future__ import annotations

from typing import Any, Final

from heymarket_async.sandbox import fields, listing, people
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.people import show_contact
from heymarket_async.sandbox.records import Moment, Record, empty
from heymarket_async.sandbox.refusals import Missing, Refusal, bad_data
from heymarket_async.sandbox.writing import written


def create_contact(ask: Ask) -> Any:
    """Make a contact: https://developers.heymarket.com/api-reference/contacts/create."""
    record = people.create(ask, _with_phone(ask.body))
    return written(record, ask.variants, record["_uuid"])


def get_contact(ask: Ask) -> Any:
    """Give one: https://developers.heymarket.com/api-reference/contacts/get."""
    return show_contact(ask, ask.team.contacts.find(ask.id))


def update_contact(ask: Ask) -> Any:
    """Change one: https://developers.heymarket.com/api-reference/contacts/update."""
    record = ask.team.contacts.find(ask.id)
    people.put(ask, record, _with_phone(ask.body), overwrite=_overwrite(ask))
    return written(record, ask.variants, record["_uuid"])


def delete_contact(ask: Ask) -> Any:
    """Delete one: https://developers.heymarket.com/api-reference/contacts/delete."""
    people.delete(ask, ask.team.contacts.find(ask.id))
    return "ok"


def list_contacts(ask: Ask) -> Any:
    """Give a page, updated before `date`: https://developers.heymarket.com/api-reference/contacts/list."""
    page = listing.before(ask.team.contacts.values(), ask.body, ask.variants)
    return [show_contact(ask, record) for record in page] or empty(ask.variants)


def count_contacts(ask: Ask) -> Any:
    """Count them; with `date`, those updated after it: https://developers.heymarket.com/api-reference/contacts/get."""
    since = fields.moment(ask.body, "date")
    count = len(updated_after(ask, since))
    return str(count) if ask.variants.contact_count == "text" else count


def get_contact_by_phone_or_id(ask: Ask) -> Any:
    """Give one; the number wins: https://developers.heymarket.com/api-reference/contacts/get-by-phone-or-id."""
    return show_contact(ask, find_contact(ask, fields.number(ask.body, "id")))


def batch_create_contacts(ask: Ask) -> Any:
    """Make many: https://developers.heymarket.com/api-reference/contacts/bulk.

    A row that cannot be kept does not stop the others.
    """
    kept: list[Record] = []
    failed: list[Record] = []
    for row in ask.payload:
        try:
            kept.append(_keep(ask, row, overwrite=_overwrite(ask)))
        except Refusal:
            failed.append(row)
    if ask.variants.batch_answer == "created":
        return [show_contact(ask, record) for record in kept] or empty(ask.variants)
    return failed if failed and ask.variants.batch_answer == "failed" else "ok"


def find_contact(ask: Ask, id: int | None) -> Record:
    """Return the contact with the `phone` of the body, or else with an id.

    Raises:
        Missing: there is none.
        Refusal: the body has neither.
    """
    phone = fields.phone(ask.body, "phone")
    if phone is None:
        if id is None:
            raise bad_data("phone, id: one of them must be given.")
        return ask.team.contacts.find(id)
    record = ask.team.contacts.by_phone(phone)
    if record is None:
        raise Missing("not_found", "phone: there is no contact with this number.")
    return record


def updated_after(ask: Ask, since: Moment | None) -> list[Record]:
    """Return the contacts that were updated after a time, or all."""
    records = ask.team.contacts.values()
    if since is None:
        return list(records)
    precision = ask.variants.compared
    return [record for record in records if record["updated"].cut(precision) > since.cut(precision)]


def _with_phone(payload: fields.Payload) -> fields.Payload:
    fields.require(fields.phone(payload, "phone"), "phone")
    return payload


def _overwrite(ask: Ask) -> bool:
    return ask.query.get("overwrite") == "true"


def _keep(ask: Ask, row: Record, *, overwrite: bool) -> Record:
    taken = ask.team.contacts.by_phone(_with_phone(row)["phone"])
    if taken is None:
        return people.create(ask, row)
    return people.update(ask, taken, row, overwrite=True) if overwrite else taken


ROUTES: Final = (
    Route("create_contact", "POST", "/v1/contact", create_contact),
    Route("get_contact", "GET", "/v1/contact/{id}", get_contact),
    Route("update_contact", "PUT", "/v1/contact/{id}", update_contact),
    Route("delete_contact", "DELETE", "/v1/contact/{id}", delete_contact),
    Route("list_contacts", "POST", "/v1/contacts", list_contacts),
    Route("count_contacts", "POST", "/v1/contacts/count", count_contacts),
    Route("get_contact_by_phone_or_id", "POST", "/v1/contact/get", get_contact_by_phone_or_id),
    Route("batch_create_contacts", "POST", "/v1/batch/contacts", batch_create_contacts),
)
