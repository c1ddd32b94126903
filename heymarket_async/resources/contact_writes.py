"""What can be written of a contact: its arguments, their checks, and what the service takes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Required, TypedDict, cast

from heymarket_async.arguments import (
    LONGEST_TEXT,
    check_address,
    check_flag,
    check_id,
    check_ids,
    check_several,
    check_text,
    check_url,
    wrong,
)
from heymarket_async.errors import ArgumentError
from heymarket_async.resources.base import Resource
from heymarket_async.resources.contact_fields import LIST_CONTACT_FIELDS
from heymarket_async.values import UNSET, Unset, kind_of

Body = dict[str, Any]
CustomValues = Mapping[str, str] | Mapping[int, str] | Mapping[str | int, str]

# https://developers.heymarket.com/concepts/contacts
MOST_TAGS: Final = 5
# https://developers.heymarket.com/api-reference/contacts/update
NOBODY: Final = -1
HIDDEN: Final = "…"

_ID: Final = re.compile(r"[0-9]{1,19}")


class ContactValues(TypedDict, total=False):
    """What can be written of a contact, as keyword arguments. What is left out, or is `UNSET`, is not sent.

    None clears a value in an update, and is the same as leaving it out where a contact is created.

    Attributes:
        first_name: the first name (on the wire `first`).
        last_name: the last name (on the wire `last`).
        display_name: the name that is shown; the service makes it of the two by default.
        email: the e-mail address.
        avatar: the URL of a picture.
        custom: values of custom fields, by the title of the field or by its id: `{"Favourite colour": "blue"}`,
            `{12: "blue"}` or `{"12": "blue"}`. A title costs one more request, which looks up the id, and must be
            exact. The service drops an id that does not exist without a word. "" empties a field.
        assignee_id: the user who owns the contact; None gives it to nobody (-1 on the wire).
        tags: the ids of its tags, five at the most. They replace those that it has.
        is_opted_out: whether it may not be texted.
        email_suppressions: the ids of e-mail suppressions; the vendor does not describe them.

    https://developers.heymarket.com/api-reference/contacts/update
    """

    first_name: str | Unset | None
    last_name: str | Unset | None
    display_name: str | Unset | None
    email: str | Unset | None
    avatar: str | Unset | None
    custom: CustomValues | Unset
    assignee_id: int | Unset | None
    tags: Sequence[int] | Unset | None
    is_opted_out: bool | Unset
    email_suppressions: Sequence[int] | Unset | None


class ContactRow(ContactValues):
    """A contact among those that `contacts.create_many` takes: a dict with the keys of `ContactValues`.

    Attributes:
        phone_number: its number in any usual writing (on the wire `phone`).

    https://developers.heymarket.com/api-reference/contacts/bulk
    """

    phone_number: Required[str]


class ChannelValues(TypedDict, total=False):
    """A way to reach a contact of version 2, as a dict.

    Attributes:
        channel_type: the kind, such as `phone`, `email` or `facebook`.
        channel_id: the number or the address. A number may be in any usual writing.
        channel_ids: several of them.
        channel_handle: the name under which the contact goes there; the vendor does not describe it.
        info_channel: more about it; the vendor does not describe it.

    https://developers.heymarket.com/api-reference/contacts/bulk-v2
    """

    channel_type: Required[str]
    channel_id: str
    channel_ids: Sequence[str]
    channel_handle: str
    info_channel: str


class ContactRowV2(ContactValues, total=False):
    """A contact among those that `contacts.v2.upsert_many` takes: a dict with the keys of `ContactValues`.

    Attributes:
        contact_id: the UUID of a contact to change. Without one, the row makes a contact.
        phone_number: its number in any usual writing (on the wire `phone`).
        channels: the ways to reach it (on the wire `contact_channels`), at least one for a new contact.

    https://developers.heymarket.com/api-reference/contacts/bulk-v2
    """

    contact_id: str
    phone_number: str
    channels: Sequence[ChannelValues]


class ContactWriter(Resource):
    """What both versions of contacts need for writing."""

    __slots__ = ()

    def _row(self, where: str, row: object, *, more: frozenset[str]) -> dict[str, object]:
        """Return a row of a bulk write as a dict, and make sure that it is one.

        Raises:
            ArgumentError: it is no mapping.
        """
        if not isinstance(row, Mapping):
            raise wrong(where, f"must be a dict, not {kind_of(row)}")
        values = dict(cast("Mapping[str, object]", row))
        check_names(values, f"{where}.", more)
        return values

    def _channels(self, argument: str, value: object, *, at_least: int = 1) -> list[Body]:
        """Return the channels of a contact as the service takes them."""
        several = check_several(argument, value, at_least=at_least)
        return [self._channel(f"{argument}[{place}]", channel) for place, channel in enumerate(several)]

    def _channel(self, where: str, value: object) -> Body:
        if not isinstance(value, Mapping):
            raise wrong(where, f"must be a dict, not {kind_of(value)}")
        channel = cast("Mapping[str, object]", value)
        unknown = next((name for name in channel if name not in ChannelValues.__annotations__), None)
        if unknown is not None:
            raise _no_such_value(f"{where}.", str(unknown), list(ChannelValues.__annotations__))
        kind = check_text(f"{where}.channel_type", channel.get("channel_type"))
        body: Body = {"channel_type": kind}
        if "channel_id" in channel:
            body["channel_id"] = self._channel_id(f"{where}.channel_id", kind, channel["channel_id"])
        if "channel_ids" in channel:
            several = check_several(f"{where}.channel_ids", channel["channel_ids"], at_least=0)
            body["channel_ids"] = [
                self._channel_id(f"{where}.channel_ids[{place}]", kind, one) for place, one in enumerate(several)
            ]
        if not body.get("channel_id") and not body.get("channel_ids"):
            raise wrong(f"{where}.channel_id", "is missing")
        for name in ("channel_handle", "info_channel"):
            if name in channel:
                body[name] = _check_line(f"{where}.{name}", channel[name])
        return body

    def _channel_id(self, argument: str, kind: str, value: object) -> str:
        """Return a number or an address as the service takes it."""
        if kind == "phone":
            return self._phone(argument, value)
        return check_address(argument, value) if kind == "email" else check_text(argument, value)

    async def _put_field_ids(self, bodies: Sequence[Body], argument: str = "custom") -> None:
        """Put ids in place of the titles of custom fields. It asks the service once, and only if there is a title.

        Args:
            bodies: the bodies of writes.
            argument: what their custom values are called in an error, with a pair of braces for the place of the body.

        Raises:
            ArgumentError: there is no such field, or there are several.
        """
        custom = [body["custom"] for body in bodies if "custom" in body]
        titles = {key for values in custom for key in values if isinstance(key, str)}
        ids: dict[str, list[int]] = {}
        if titles:
            for field in await self._runner.run(LIST_CONTACT_FIELDS.call(body={})):
                if field.title is not None and field.id is not None:
                    ids.setdefault(field.title, []).append(field.id)
        for place, body in enumerate(bodies):
            if "custom" in body:
                body["custom"] = _by_id(argument.format(place), body["custom"], ids)


def contact_body(values: Mapping[str, object], where: str = "", *, clears: bool) -> Body:
    """Return the values of a contact as the service takes them, but for the titles of custom fields.

    Args:
        values: arguments by name.
        where: what stands before the name of an argument in an error, such as `contacts[3].`.
        clears: whether None clears a value, rather than being left out.

    Raises:
        ArgumentError: one makes no sense.
    """
    check_names(values, where)
    body: Body = {}
    for name, value in values.items():
        if value is UNSET or (value is None and not clears):
            continue
        key, check, empty = _WRITES[name]
        body[key] = empty if value is None and empty is not UNSET else check(f"{where}{name}", value)
    return body


def check_names(values: Mapping[str, object], where: str = "", more: frozenset[str] = frozenset()) -> None:
    """Make sure that all names are those of values that a contact has.

    Args:
        values: arguments by name.
        where: what stands before the name of an argument in an error.
        more: names that are right here, beside those of `ContactValues`.

    Raises:
        ArgumentError: one is not.
    """
    for name in values:
        if name not in _WRITES and name not in more:
            raise _no_such_value(where, str(name), [*_WRITES, *more])


def _no_such_value(where: str, name: str, known: Sequence[str]) -> ArgumentError:
    meant = next((value for value, (key, _, _) in _WRITES.items() if key == name and value in known), None)
    near = [meant] if meant else difflib.get_close_matches(name, known, 1)
    advice = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
    return wrong(where + (name if _is_harmless(name) else HIDDEN), "is no value that can be written", advice)


def _by_id(argument: str, custom: Mapping[int | str, str], ids: Mapping[str, Sequence[int]]) -> dict[str, str]:
    """Return the values of custom fields by the ids of the fields, as text."""
    out: dict[str, str] = {}
    for key, value in custom.items():
        field = str(key if isinstance(key, int) else _field_id(argument, key, ids))
        if field in out:
            raise wrong(argument, f"names the field {field} twice, by its id and by its title")
        out[field] = value
    return out


def _field_id(argument: str, title: str, ids: Mapping[str, Sequence[int]]) -> int:
    found = ids.get(title, ())
    if len(found) == 1:
        return found[0]
    if found:
        what = f"names {_shown(title)}, which is the title of several fields"
        raise wrong(argument, what, f"Pass one of their ids: {', '.join(map(str, found))}.")
    folded = {known.casefold(): known for known in ids}
    near = difflib.get_close_matches(title.casefold(), folded, 1)
    advice = f"Did you mean {folded[near[0]]!r}?" if near else "Make the field with contact_fields.create()."
    raise wrong(argument, f"names the field {_shown(title)}, which the team does not have", advice)


def _check_custom(argument: str, value: object) -> dict[int | str, str]:
    """Return values of custom fields: by int, if by the id of the field; by str, if by its title."""
    if not isinstance(value, Mapping):
        raise wrong(argument, f"must be a dict, not {kind_of(value)}")
    out: dict[int | str, str] = {}
    for key, text in cast("Mapping[object, object]", value).items():
        where = f"{argument}[{_shown(key)}]"
        if isinstance(key, str) and not _ID.fullmatch(key):
            field: int | str = check_text(where, key)
        else:
            field = check_id(where, int(key) if isinstance(key, str) else key)
        if field in out:
            raise wrong(argument, f"names the field {_shown(field)} twice")
        out[field] = _check_line(where, text)
    return out


def _shown(key: object) -> str:
    return repr(key) if _is_harmless(str(key)) else HIDDEN


def _is_harmless(key: str) -> bool:
    """Say whether a key can be shown in an error: it is neither a phone number nor an address."""
    return sum(map(str.isdigit, key)) < 7 and "@" not in key


def _check_line(argument: str, value: object) -> str:
    return "" if value == "" else check_text(argument, value, longest=LONGEST_TEXT)


def _check_tags(argument: str, value: object) -> list[Body]:
    return [{"tag_id": tag_id} for tag_id in check_ids(argument, value, at_least=0, at_most=MOST_TAGS)]


def _check_suppressions(argument: str, value: object) -> list[int]:
    return check_ids(argument, value, at_least=0)


# By argument: the key on the wire, the check, and what clears the value, if None does.
_WRITES: Final[Mapping[str, tuple[str, Callable[[str, object], Any], Any]]] = {
    "first_name": ("first", check_text, ""),
    "last_name": ("last", check_text, ""),
    "display_name": ("display_name", check_text, ""),
    "email": ("email", check_address, ""),
    "avatar": ("avatar", check_url, ""),
    "custom": ("custom", _check_custom, UNSET),
    "assignee_id": ("assignee_id", check_id, NOBODY),
    "tags": ("tags", _check_tags, []),
    "is_opted_out": ("is_opted_out", check_flag, UNSET),
    "email_suppressions": ("email_suppressions", _check_suppressions, []),
}
