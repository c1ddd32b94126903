"""The channels of a contact: https://developers.heymarket.com/api-reference/contacts/channels."""

from __future__ import annotations

from typing import Any, Final

from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.contact_book import MIRRORED
from heymarket_async.sandbox.nouns.contacts_v2 import named
from heymarket_async.sandbox.people import Way, check_free, check_way, show_channels
from heymarket_async.sandbox.records import Record
from heymarket_async.sandbox.refusals import Missing
from heymarket_async.sandbox.rosters import refresh_targets


def create_contact_channel_v2(ask: Ask) -> Any:
    """Add a channel. The first number, and the first address, become the contact's own."""
    record, way = _read(ask)
    own = {way.kind: way.address} if way.kind in MIRRORED and not record[way.kind] else None
    ask.team.contacts.connect(record, ask.moment, way.kind, way.address)
    return _settled(ask, record, own)


def update_contact_channel_v2(ask: Ask) -> Any:
    """Change a channel. Which one is not documented; here it is the contact's first one of the type."""
    record, way = _read(ask)
    channel = next((channel for channel in record["_channels"] if channel["channel_type"] == way.kind), None)
    if channel is None:
        raise Missing("not_found", "channel_type: the contact has no such channel.")
    if way.kind in MIRRORED and record[way.kind].lower() == channel["channel_id"].lower():
        return _settled(ask, record, {way.kind: way.address})
    if not any(one["channel_id"] == way.address for one in record["_channels"] if one["channel_type"] == way.kind):
        ask.team.contacts.redirect(channel, ask.moment, way.address)
    return _settled(ask, record, None)


def _read(ask: Ask) -> tuple[Record, Way]:
    record = named(ask)
    way = check_way(Way(ask.body["channel_type"], ask.body["channel_id"]))
    check_free(ask, record, way)
    return record, way


def _settled(ask: Ask, record: Record, own: Record | None) -> list[Record]:
    ask.team.contacts.change(record, ask.moment, own)
    refresh_targets(ask.team, record["id"])
    return show_channels(ask, record)


ROUTES: Final = (
    Route("create_contact_channel_v2", "POST", "/v2/contact/{contactID}/channel", create_contact_channel_v2),
    Route("update_contact_channel_v2", "PUT", "/v2/contact/{contactID}/channel", update_contact_channel_v2),
)
