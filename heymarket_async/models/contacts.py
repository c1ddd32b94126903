"""Contacts. https://developers.heymarket.com/api-reference/contacts/overview"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from heymarket_async.models.fields import anything, extra, id_first, mapping, personal, plain
from heymarket_async.shown import Shown


@attrs.frozen(kw_only=True, weakref_slot=False)
class ContactNote(Shown):
    """A note that somebody left on a contact.

    Attributes:
        id: the note.
        date: when it was left.
        name: who left it.
        text: what it says.
        user_id: the user who left it.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/contacts/get
    """

    id: str | None = None
    date: datetime | None = None
    name: str | None = personal()
    text: str | None = personal()
    user_id: int | None = None
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class ContactChannel(Shown):
    """A way to reach a contact, such as a phone number or an e-mail address.

    Attributes:
        id: the channel: a number on the current page, a UUID on the earlier one.
        team_id: the team it belongs to.
        contact_id: its contact: a number on the current page, a UUID on the earlier one.
        channel_type: the kind, such as `phone`, `email` or `facebook`.
        channel_id: the number or the address.
        channel_handle: the name under which the contact goes there; the vendor does not describe it.
        info_channel: more about it; the vendor does not describe it.
        created: when it was made.
        updated: when it was last changed.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/contacts/channels
    """

    id: int | str | None = None
    team_id: int | None = None
    contact_id: int | str | None = None
    channel_type: str | None = None
    channel_id: str | None = personal()
    channel_handle: str | None = personal()
    info_channel: str | None = personal()
    created: datetime | None = None
    updated: datetime | None = None
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class ContactFacts(Shown):
    """What is known of a person whom the team texts, whether the service reads it or answers a write.

    What the service leaves out is None, or an empty tuple where there may be many.

    Attributes:
        phone: the number: digits with the country code and, usually, without a plus sign.
        first_name: the first name (on the wire `first`).
        last_name: the last name (on the wire `last`).
        display_name: the name that is shown; by default made of the two.
        email: the e-mail address.
        avatar: the address of a picture.
        custom: the values of custom fields, by the id of the field as text.
        assignee_id: the user who owns the contact (on the wire `assigned_user_id`, but `assignee_id` in writes).
        tags: the tags, as sent; the vendor does not say what one looks like.
        notes: what was noted (on the wire `note`).
        is_opted_out: whether it may not be texted (earlier pages only; `contacts.status` asks for it).
        contact_channels: all ways to reach it (earlier page of version 2 only).
        creator_id: the user who made it.
        team_id: the team it belongs to.
        inbox_id: the inbox it came by.
        parent_id: the contact that it is part of.
        external_id: its id in another system.
        external_ref: what another system calls it.
        type: the kind; the vendor does not list its values.
        shared: whether the whole team sees it.
        op: a marker of the last operation.
        rev: its revision, which grows with every write.
        created: when it was made.
        updated: when it was last changed; lists are ordered by it.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/contacts/get
    """

    phone: str | None = personal()
    first_name: str | None = personal(wire="first")
    last_name: str | None = personal(wire="last")
    display_name: str | None = personal()
    email: str | None = personal()
    avatar: str | None = personal()
    custom: Mapping[str, Any] | None = mapping()
    assignee_id: int | None = plain("assigned_user_id")
    tags: tuple[Any, ...] = anything()
    notes: tuple[ContactNote, ...] = plain("note", default=())
    is_opted_out: bool | None = None
    contact_channels: tuple[ContactChannel, ...] = ()
    creator_id: int | None = None
    team_id: int | None = None
    inbox_id: int | None = None
    parent_id: int | None = None
    external_id: str | None = None
    external_ref: str | None = None
    type: str | None = None
    shared: bool | None = None
    op: str | None = None
    rev: int | None = None
    created: datetime | None = None
    updated: datetime | None = None
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=id_first)
class Contact(ContactFacts):
    """A person whom the team texts, as both versions of the service read them. Only `id` is always there.

    Attributes:
        id: the contact, which calls take as `contact_id`. Version 2 takes the UUID, which no page shows in a contact.

    The others are those of `ContactFacts`.

    https://developers.heymarket.com/api-reference/contacts/get
    """

    id: int


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=id_first)
class SavedContact(ContactFacts):
    """A contact as a write of version 2 answers it. Whatever the answer lacks, the write was made.

    Attributes:
        id: the contact in version 1.
        uuid: the contact in version 2, which calls take as `contact_id`; not in every answer.

    The others are those of `ContactFacts`.

    https://developers.heymarket.com/api-reference/contacts/update-v2
    """

    id: int | None = None
    uuid: str | None = None


@attrs.frozen(kw_only=True, weakref_slot=False)
class ContactStatus(Shown):
    """Whether a contact may be texted.

    Attributes:
        id: the contact.
        phone: its number.
        unsubscribed: whether it opted out.
        blocked: whether the team blocked it.
        unsubscribed_admin: whether somebody of the team opted it out (seen by an integrator only, like the next).
        unsubscribed_contact: whether the person did.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/contacts/status
    """

    id: int | None = None
    phone: str | None = personal()
    unsubscribed: bool | None = None
    blocked: bool | None = None
    unsubscribed_admin: bool | None = None
    unsubscribed_contact: bool | None = None
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class ContactField(Shown):
    """A custom field that contacts of this team have.

    Attributes:
        id: the field, by which `Contact.custom` holds its values.
        title: its title.
        duplicate: in the answer to a create only: whether a field of that title was there already.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/contacts/create-contact-fields
    """

    id: int | None = None
    title: str | None = None
    duplicate: bool | None = None
    extra: Mapping[str, Any] = extra()
