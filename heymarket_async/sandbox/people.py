"""What a contact may become: the rules that all operations which write contacts share.

https://developers.heymarket.com/concepts/contacts
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from heymarket_async.sandbox import fields
from heymarket_async.sandbox.asks import Ask
from heymarket_async.sandbox.chats import rows
from heymarket_async.sandbox.contact_book import EMAIL, MIRRORED, PHONE
from heymarket_async.sandbox.records import Record, show
from heymarket_async.sandbox.refusals import bad_data
from heymarket_async.sandbox.rosters import forget_contact, refresh_targets
from heymarket_async.sandbox.state import Team

Payload = Mapping[str, Any]

_NOBODY: Final = -1
_NAMES: Final = ("first", "last", "display_name")
_PLAIN: Final = (*_NAMES, "email", "avatar")


@attrs.frozen(repr=False)
class Way:
    """One way to reach a contact.

    Attributes:
        kind: the `channel_type`.
        address: the `channel_id`.
        handle: the `channel_handle`.
        info: the `info_channel`.
    """

    kind: str
    address: str
    handle: str = ""
    info: str = ""


def blank_contact() -> Record:
    """Return a contact of which nothing is known."""
    return {
        "avatar": "",
        "custom": {},
        "display_name": "",
        "email": "",
        "external_id": "",
        "external_ref": "",
        "first": "",
        "last": "",
        "inbox_id": 0,
        "note": [],
        "parent_id": 0,
        "phone": "",
        "shared": True,
        "type": "",
        "assigned_user_id": 0,
    }


def create(ask: Ask, payload: Payload) -> Record:
    """Make a contact; what happens when its number has one already is up to `Variants.contact_exists`.

    Raises:
        Refusal: a value makes no sense, or the number is taken.
    """
    ways = read_ways(payload)
    payload = {**payload, **_primaries(payload, ways)}
    taken = ask.team.contacts.by_phone(payload.get("phone") or "")
    if taken is not None and ask.variants.contact_exists == "update":
        return update(ask, taken, payload)
    if taken is not None and ask.variants.contact_exists == "error":
        raise bad_data("phone: there is a contact with this number.")
    record = blank_contact()
    changes = _changes(ask, record, payload, overwrite=True)
    for way in ways:
        check_free(ask, record, way)
    record = ask.team.contacts.add(
        ask.moment, {**record, **changes, "team_id": ask.team.id, "creator_id": _owner(ask.team)}
    )
    _settle(ask, record, payload, ways)
    return record


def update(ask: Ask, record: Record, payload: Payload, *, overwrite: bool = False) -> Record:
    """Change what `payload` names of a contact.

    Args:
        ask: the request.
        record: the contact.
        payload: the new values.
        overwrite: whether the custom values replace all that there are.

    Raises:
        Refusal: a value makes no sense, or the number is another contact's.
    """
    ways = read_ways(payload)
    changes = _changes(ask, record, payload, overwrite=overwrite)
    for way in [Way(PHONE, changes.get("phone") or ""), *ways]:
        check_free(ask, record, way)
    ask.team.contacts.change(record, ask.moment, changes)
    _settle(ask, record, payload, ways)
    return record


def put(ask: Ask, record: Record, payload: Payload, *, overwrite: bool = False) -> Record:
    """Change a contact; what becomes of keys that `payload` leaves out is up to `Variants.contact_put`.

    Raises:
        Refusal: a value makes no sense, or the number is another contact's.
    """
    return update(ask, record, {**_emptied(ask), **payload}, overwrite=overwrite)


def delete(ask: Ask, record: Record) -> None:
    """Forget a contact, also on the lists."""
    forget_contact(ask.team, record["id"])
    ask.team.contacts.remove(record)


def show_contact(ask: Ask, record: Record, *, second: bool = False, written: bool = False) -> Record:
    """Return a contact as it goes out.

    Args:
        ask: the request.
        record: the contact.
        second: whether it goes out in version 2.
        written: whether the request has written it.
    """
    more: Record = {"tags": _show_tags(ask, record["_tags"])}
    if ask.variants.contact_opt_outs:
        more["is_opted_out"] = record["phone"] in ask.team.unsubscribed
    if second and (written or ask.variants.contact_uuids):
        more["uuid"] = record["_uuid"]
    if second and ask.variants.contact_channels:
        more["contact_channels"] = show_channels(ask, record)
    return show({**record, **more}, ask.variants)


def show_channels(ask: Ask, record: Record) -> list[Record]:
    """Return the channels of a contact as they go out."""
    channels: list[Record] = record["_channels"]
    if ask.variants.channel_ids == "uuid":
        channels = [{**channel, "id": channel["_uuid"], "contact_id": record["_uuid"]} for channel in channels]
    return [show(channel, ask.variants) for channel in channels]


def read_ways(payload: Payload) -> list[Way]:
    """Return the `contact_channels` of a request.

    Raises:
        Refusal: one of them has no address, or an address that its type does not fit.
    """
    ways: list[Way] = []
    channels: list[Record] = payload.get("contact_channels") or []
    for at, channel in enumerate(channels):
        place = f"contact_channels[{at}]"
        several: list[str] = [channel.get("channel_id") or "", *(channel.get("channel_ids") or [])]
        addresses = [address for address in several if address]
        if not addresses:
            raise bad_data(f"{place}.channel_id: is required.")
        for address in addresses:
            kind = channel.get("channel_type") or guess_kind(address)
            way = Way(kind, address, channel.get("channel_handle") or "", channel.get("info_channel") or "")
            ways.append(check_way(way, place))
    return ways


def check_way(way: Way, place: str = "") -> Way:
    """Return a channel as it is.

    Raises:
        Refusal: its type is missing, or its address does not fit the type.
    """
    place = f"{place}." if place else ""
    if not way.kind:
        raise bad_data(f"{place}channel_type: is required for an address that is neither a number nor an email.")
    if not way.address:
        raise bad_data(f"{place}channel_id: must not be empty.")
    if way.kind == PHONE:
        fields.check_phone(way.address, f"{place}channel_id")
    if way.kind == EMAIL:
        check_email(way.address, f"{place}channel_id")
    return way


def check_free(ask: Ask, record: Record, way: Way) -> None:
    """Let a channel pass, unless it is the phone number of another contact and numbers belong to one only.

    Raises:
        Refusal: it is taken.
    """
    if way.kind != PHONE or ask.variants.contact_exists == "duplicate":
        return
    taken = ask.team.contacts.by_phone(way.address)
    if taken is not None and taken is not record:
        raise bad_data("phone: another contact has this number.")


def guess_kind(address: str) -> str:
    """Return the type of an address that comes without one: digits are a phone, an at sign is an email.

    https://developers.heymarket.com/api-reference/contacts/search
    """
    if address.isascii() and address.isdigit():
        return PHONE
    return EMAIL if "@" in address else ""


def check_email(value: str, place: str) -> str:
    """Return an email address as it is; an empty one is none.

    Raises:
        Refusal: it has no @ inside.
    """
    if value and not all(value.partition("@")):
        raise bad_data(f"{place}: must be an email address.")
    return value


def check_contact_ids(team: Team, ids: Iterable[int], place: str) -> list[int]:
    """Return the ids of contacts, each once.

    Raises:
        Refusal: there is no such contact.
    """
    wanted = list(dict.fromkeys(ids))
    if any(wanted_id not in team.contacts for wanted_id in wanted):
        raise bad_data(f"{place}: there is no contact with one of these ids.")
    return wanted


def member_ids(team: Team) -> list[int]:
    """Return the ids of the members, whatever `members` holds."""
    return [member["id"] for member in rows(team.members) if type(member.get("id")) is int]


def _owner(team: Team) -> int:
    return next(iter(member_ids(team)), 0)


def _primaries(payload: Payload, ways: list[Way]) -> Record:
    return {
        kind: next((way.address for way in ways if way.kind == kind), "") for kind in MIRRORED if not payload.get(kind)
    }


def _emptied(ask: Ask) -> Record:
    if ask.variants.contact_put == "merge":
        return {}
    names: Record = dict.fromkeys(_NAMES, "")
    if ask.variants.contact_put == "names":
        return names
    return {**names, "email": "", "avatar": "", "tags": [], "assignee_id": _NOBODY, "custom": {}}


def _changes(ask: Ask, record: Record, payload: Payload, *, overwrite: bool) -> Record:
    team = ask.team
    changes: Record = {key: payload[key] for key in _PLAIN if key in payload}
    check_email(changes.get("email") or "", "email")
    phone = fields.phone(payload, "phone")
    if phone is not None:
        changes["phone"] = phone
    if "assignee_id" in payload:
        changes["assigned_user_id"] = _assignee(team, payload["assignee_id"])
    if "tags" in payload:
        changes["_tags"] = _tags(team, payload["tags"])
    if "custom" in payload:
        changes["custom"] = _custom(team, {} if overwrite else record["custom"], payload["custom"])
    changes["display_name"] = _display_name(record, changes)
    return changes


def _display_name(record: Record, changes: Record) -> str:
    given: str | None = changes.get("display_name")
    known: str = record["display_name"]
    if given:
        return given
    if given is None and known != f"{record['first']} {record['last']}".strip():
        return known
    return f"{changes.get('first', record['first'])} {changes.get('last', record['last'])}".strip()


def _assignee(team: Team, user_id: int) -> int:
    if user_id == _NOBODY:
        return 0
    if user_id not in member_ids(team):
        raise bad_data("assignee_id: the team has no such member; -1 unassigns.")
    return user_id


def _tags(team: Team, refs: list[Record]) -> list[int]:
    ids = list(dict.fromkeys(ref["tag_id"] for ref in refs))
    if any(tag_id not in team.tags for tag_id in ids):
        raise bad_data("tags: there is no tag with one of these ids.")
    return ids


def _custom(team: Team, old: Record, given: Record) -> Record:
    known = set(map(str, team.contact_fields))
    return {**old, **{key: value for key, value in given.items() if key in known}}


def _settle(ask: Ask, record: Record, payload: Payload, ways: list[Way]) -> None:
    team = ask.team
    for way in ways:
        team.contacts.connect(record, ask.moment, way.kind, way.address, handle=way.handle, info=way.info)
    if record["phone"] and "is_opted_out" in payload:
        if not payload["is_opted_out"]:
            team.opt_in(record["phone"])
        elif record["phone"] not in team.unsubscribed:
            team.opt_out(record["phone"], by="admin")
    refresh_targets(team, record["id"])


def _show_tags(ask: Ask, ids: list[int]) -> list[Any]:
    present = [ask.team.tags[tag_id] for tag_id in ids if tag_id in ask.team.tags]
    if ask.variants.contact_tags == "ids":
        return [tag["id"] for tag in present]
    if ask.variants.contact_tags == "refs":
        return [{"tag_id": tag["id"]} for tag in present]
    return [show(tag, ask.variants) for tag in present]
