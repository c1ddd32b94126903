"""Who may be texted: https://developers.heymarket.com/api-reference/contacts/status."""

from __future__ import annotations

from typing import Any, Final

from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.nouns.contacts import find_contact
from heymarket_async.sandbox.records import Record
from heymarket_async.sandbox.refusals import bad_data


def get_contact_status(ask: Ask) -> Any:
    """Give the status of one contact."""
    record = find_contact(ask, ask.body.get("id"))
    phone, team = record["phone"], ask.team
    by = team.unsubscribed.get(phone)
    return {
        "id": record["id"],
        "phone": phone,
        "unsubscribed": by is not None,
        "blocked": phone in team.blocked,
        "unsubscribed_admin": by == "admin",
        "unsubscribed_contact": by == "contact",
    }


def set_contact_status(ask: Ask) -> Any:
    """Block, unblock, subscribe or unsubscribe: https://developers.heymarket.com/api-reference/contacts/set-status.

    Pages do not say what `active` does; here it subscribes and unblocks.
    """
    record = find_contact(ask, ask.body.get("id"))
    if not record["phone"]:
        raise bad_data("id: this contact has no phone number.")
    _set(ask, record, ask.body["status"])
    return "success"


def _set(ask: Ask, record: Record, status: str) -> None:
    team, phone = ask.team, record["phone"]
    if status == "blocked":
        team.blocked.add(phone)
    if status in ("unblocked", "active"):
        team.blocked.discard(phone)
    if status == "unsubscribed":
        team.opt_out(phone, by="admin")
    if status in ("subscribed", "active"):
        team.opt_in(phone)
    team.contacts.change(record, ask.moment)


ROUTES: Final = (
    Route("get_contact_status", "POST", "/v1/contact/status", get_contact_status),
    Route("set_contact_status", "POST", "/v1/contact/set_status", set_contact_status),
)
