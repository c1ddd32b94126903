"""A contact with some changes, as an update takes it whole. Pure.

An update may lose what it leaves out: the vendor says only that the names are always overwritten. So all that a contact
has is written again. https://developers.heymarket.com/api-reference/contacts/update
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from heymarket_async.arguments import wrong
from heymarket_async.errors import ArgumentError
from heymarket_async.models.contacts import Contact
from heymarket_async.resources.contact_writes import Body

# By key in a write: the key in a read, and the argument that writes it.
_READ_AS: Final = {
    "first": ("first", "first_name"),
    "last": ("last", "last_name"),
    "display_name": ("display_name", "display_name"),
    "email": ("email", "email"),
    "custom": ("custom", "custom"),
    "assignee_id": ("assigned_user_id", "assignee_id"),
    "tags": ("tags", "tags"),
    "is_opted_out": ("is_opted_out", "is_opted_out"),
    "email_suppressions": ("email_suppressions", "email_suppressions"),
}


def merged(contact: Contact, changes: Body, *, overwrite: bool) -> Body:
    """Return all values of a contact with the changes, in the words of a write.

    What is empty is left out: whether the service then clears it or leaves it, it stays empty. Nor is an opt-in written
    again, because the person may have opted out since the contact was read.

    Args:
        contact: the contact as it was read.
        changes: what to change, in the words of a write.
        overwrite: whether the custom values among the changes replace all others.

    Raises:
        ArgumentError: there is a value that cannot be written as it was read, or no phone number.
    """
    body = {key: value for key, value in _kept(contact, changes).items() if value} | changes
    for key, (read_as, argument) in _READ_AS.items():
        if key not in body and contact.extra.get(read_as):
            raise _lost(argument)
    if not body.get("phone"):
        what = "is missing: this contact has none, and every update has to give it"
        raise wrong("new_phone_number", what, "Use contacts.v2 for contacts without a phone number.")
    if "custom" in changes and contact.custom and not overwrite:
        body["custom"] = _without_null(contact.custom) | changes["custom"]
    return body


def _kept(contact: Contact, changes: Body) -> Body:
    return {
        "phone": (contact.phone or "").removeprefix("+"),
        "first": contact.first_name,
        "last": contact.last_name,
        "display_name": _display_name(contact, changes),
        "email": contact.email,
        "avatar": contact.avatar if (contact.avatar or "").startswith(("https://", "http://")) else None,
        "custom": _without_null(contact.custom or {}),
        "assignee_id": contact.assignee_id,
        "tags": [] if "tags" in changes else [{"tag_id": _tag_id(tag)} for tag in contact.tags],
        "is_opted_out": contact.is_opted_out,
        "email_suppressions": _ids(contact.extra.get("email_suppressions")),
    }


def _display_name(contact: Contact, changes: Body) -> str | None:
    """Return the name that is shown. One that was made of the names follows them."""
    if contact.display_name != _in_full(contact.first_name, contact.last_name):
        return contact.display_name
    return _in_full(changes.get("first", contact.first_name), changes.get("last", contact.last_name))


def _in_full(first: str | None, last: str | None) -> str:
    return f"{first or ''} {last or ''}".strip()


def _without_null(custom: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in custom.items() if value is not None}


def _ids(values: object) -> list[int]:
    several = cast("list[object]", values) if isinstance(values, list) else []
    ids = [value for value in several if isinstance(value, int)]
    return ids if len(ids) == len(several) else []


def _tag_id(tag: object) -> int:
    """Return the id of a tag, of which the vendor does not say what it looks like."""
    if isinstance(tag, Mapping):
        fields = cast("Mapping[str, object]", tag)
        tag = fields.get("tag_id") or fields.get("id")
    if isinstance(tag, str) and tag.isascii() and tag.isdecimal():
        tag = int(tag)
    if isinstance(tag, bool) or not isinstance(tag, int):
        raise _lost("tags")
    return tag


def _lost(argument: str) -> ArgumentError:
    return wrong(
        argument,
        "would be lost: the service shows it in a form that cannot be written back",
        f"Pass {argument} as it shall be.",
    )
