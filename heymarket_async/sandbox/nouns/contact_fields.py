"""Custom contact fields: https://developers.heymarket.com/api-reference/contacts/create-contact-fields."""

from __future__ import annotations

from typing import Any, Final

from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.records import Record, empty
from heymarket_async.sandbox.refusals import bad_data


def list_contact_fields(ask: Ask) -> Any:
    """Give all of them."""
    fields = [_shown(record) for record in ask.team.contact_fields.values()] or empty(ask.variants)
    return {"contact_fields": fields} if ask.variants.contact_fields_in_wrapper else fields


def create_contact_fields(ask: Ask) -> Any:
    """Make fields. One whose title is there already is given as it is, and marked as a duplicate."""
    for at, order in enumerate(ask.payload):
        if not order["title"].strip():
            raise bad_data(f"[{at}].title: must not be empty.")
    return [_create(ask, order["title"]) for order in ask.payload] or empty(ask.variants)


def _create(ask: Ask, title: str) -> Record:
    fields = ask.team.contact_fields
    known = next((field for field in fields.values() if field["title"].lower() == title.lower()), None)
    record = known or fields.add(ask.moment, {"title": title, "team_id": ask.team.id})
    return {**_shown(record), "duplicate": known is not None}


def _shown(record: Record) -> Record:
    return {"id": record["id"], "title": record["title"]}


ROUTES: Final = (
    Route("list_contact_fields", "POST", "/v1/contact-fields", list_contact_fields),
    Route("create_contact_fields", "POST", "/v1/contacts/fields", create_contact_fields),
)
