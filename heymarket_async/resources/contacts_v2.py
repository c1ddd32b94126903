"""Operations on contacts by UUID, which is version 2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Unpack

from heymarket_async.arguments import (
    check_addresses,
    check_count,
    check_flag,
    check_several,
    check_text,
    check_time,
    check_uuid,
    rfc3339,
    wrong,
)
from heymarket_async.calls import Effect, Operation, PageNumber
from heymarket_async.models.contacts import Contact, SavedContact
from heymarket_async.paging import Pager
from heymarket_async.resources.contact_batches import (
    DEFAULT_BATCH,
    LARGEST_BATCH,
    ContactBatch,
    OnBatch,
    check_on_batch,
    write_in_batches,
)
from heymarket_async.resources.contact_channels import ContactChannels
from heymarket_async.resources.contact_writes import (
    Body,
    ChannelValues,
    ContactRowV2,
    ContactValues,
    contact_body,
)
from heymarket_async.values import UNSET, Acknowledgement, Unset

CREATE_CONTACT_V2 = Operation(
    name="create_contact_v2",
    method="POST",
    path="/v2/contact",
    effect=Effect.SENDS,
    reply=SavedContact,
    docs="https://developers.heymarket.com/api-reference/contacts/create",
)
GET_CONTACT_V2 = Operation(
    name="get_contact_v2",
    method="GET",
    path="/v2/contact/{contactID}",
    effect=Effect.READS,
    reply=Contact,
    docs="https://developers.heymarket.com/api-reference/contacts/get",
)
UPDATE_CONTACT_V2 = Operation(
    name="update_contact_v2",
    method="PUT",
    path="/v2/contact/{contactID}",
    effect=Effect.REPEATABLE,
    reply=SavedContact,
    docs="https://developers.heymarket.com/api-reference/contacts/update-v2",
)
DELETE_CONTACT_V2 = Operation(
    name="delete_contact_v2",
    method="DELETE",
    path="/v2/contact/{contactID}",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/contacts/delete-v2",
)
BULK_UPSERT_CONTACTS_V2 = Operation(
    name="bulk_upsert_contacts_v2",
    method="POST",
    path="/v2/contacts",
    effect=Effect.SENDS,
    reply=object,
    docs="https://developers.heymarket.com/api-reference/contacts/bulk-v2",
)
BULK_DELETE_CONTACTS_V2 = Operation(
    name="bulk_delete_contacts_v2",
    method="DELETE",
    path="/v2/contacts",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/contacts/bulk-delete-v2",
)
LIST_CONTACTS_V2 = Operation(
    name="list_contacts_v2",
    method="POST",
    path="/v2/contacts/list",
    effect=Effect.READS,
    reply=tuple[Contact, ...],
    envelope=("contacts",),
    paging=PageNumber(largest=100),
    docs="https://developers.heymarket.com/api-reference/contacts/list-v2",
)
SEARCH_CONTACTS_V2 = Operation(
    name="search_contacts_v2",
    method="POST",
    path="/v2/contacts/search",
    effect=Effect.READS,
    reply=tuple[Contact, ...],
    envelope=("contacts",),
    docs="https://developers.heymarket.com/api-reference/contacts/search",
)


class ContactsV2(ContactChannels):
    """Contacts by UUID, with all the ways to reach them. https://developers.heymarket.com/concepts/contacts

    Only the answers to creates and updates are known to show the UUID of a contact.
    """

    __slots__ = ()

    def list(
        self,
        *,
        updated_after: datetime | None = None,
        ascending: bool = False,
        limit: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Pager[Contact]:
        """Return contacts by the time of their last change, fetched as they are needed.

        Args:
            updated_after: only those last changed after this moment (on the wire `date`).
            ascending: begin with the one whose last change is longest ago, not with the latest.
            limit: contacts at the most, over all pages.
            page_size: contacts to ask for in one page, 100 at the most. Less than 20 become 20: pages overlap, so that
                nothing slips through when others delete, and smaller ones could not.
            cursor: where to go on, as `Pager.cursor` gave it.

        Raises:
            ArgumentError: an argument makes no sense.

        https://developers.heymarket.com/api-reference/contacts/list-v2
        """
        body: Body = {"ascending": check_flag("ascending", ascending)}
        if updated_after is not None:
            body["date"] = rfc3339(check_time("updated_after", updated_after))
        return self._pager(LIST_CONTACTS_V2, body, limit=limit, page_size=page_size, cursor=cursor)

    async def search(
        self,
        *,
        phone_numbers: Sequence[str] | None = None,
        emails: Sequence[str] | None = None,
        channel_ids: Sequence[str] | None = None,
    ) -> tuple[Contact, ...]:
        """Return the contacts that can be reached by one of these.

        The vendor does not say whether a contact must match one or all where several arguments are given.

        Args:
            phone_numbers: numbers in any usual writing.
            emails: e-mail addresses.
            channel_ids: numbers or addresses of any kind, sent as they are: the service tells the kind.

        Returns:
            Those that were found; an empty tuple where there are none.

        Raises:
            ArgumentError: an argument makes no sense, or there is none.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/search
        """
        filters: list[Body] = []
        if phone_numbers is not None:
            numbers = self._phones("phone_numbers", phone_numbers)
            filters.append({"channel_type": "phone", "channel_ids": numbers})
        if emails is not None:
            filters.append({"channel_type": "email", "channel_ids": check_addresses("emails", emails)})
        if channel_ids is not None:
            several = check_several("channel_ids", channel_ids)
            filters.append({"channel_ids": [check_text(f"channel_ids[{at}]", one) for at, one in enumerate(several)]})
        if not filters:
            raise wrong("phone_numbers", "is missing: pass phone_numbers, emails or channel_ids")
        return await self._runner.run(SEARCH_CONTACTS_V2.call(body={"contact_channels": filters}))

    async def get(self, contact_id: str) -> Contact:
        """Return one contact.

        Args:
            contact_id: its UUID.

        Raises:
            ArgumentError: it is no UUID.
            NotFound: there is none.

        https://developers.heymarket.com/api-reference/contacts/get
        """
        return await self._runner.run(GET_CONTACT_V2.call(contactID=check_uuid("contact_id", contact_id)))

    async def create(
        self,
        *,
        channels: Sequence[ChannelValues],
        phone_number: str | None = None,
        **values: Unpack[ContactValues],
    ) -> SavedContact:
        """Make a contact. It is made once, or `SendUnknown` says that nobody knows.

        Args:
            channels: the ways to reach it, at least one, as `ChannelValues` describes (on the wire `contact_channels`).
            phone_number: its number in any usual writing (on the wire `phone`).
            **values: what else is known of it, as `ContactValues` describes.

        Returns:
            The contact as the service has it now, with its `uuid` if the service tells it.

        Raises:
            ArgumentError: an argument makes no sense. Nothing was written.
            SendUnknown: the request went out, but no answer came back.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/create
        """
        body = contact_body(values, clears=False)
        if phone_number is not None:
            body["phone"] = self._phone("phone_number", phone_number)
        body["contact_channels"] = self._channels("channels", channels)
        await self._put_field_ids([body])
        return await self._runner.run(CREATE_CONTACT_V2.call(body=body))

    async def update(
        self,
        contact_id: str,
        *,
        phone_number: str | Unset = UNSET,
        channels: Sequence[ChannelValues] | Unset = UNSET,
        **values: Unpack[ContactValues],
    ) -> SavedContact:
        """Write a contact as it shall be. This may lose what is left out: the vendor does not say.

        Args:
            contact_id: its UUID.
            phone_number: its number in any usual writing (on the wire `phone`). The vendor does not say whether every
                update has to repeat it, as in version 1.
            channels: the ways to reach it, as `ChannelValues` describes (on the wire `contact_channels`).
            **values: what else to write, as `ContactValues` describes.

        Returns:
            The contact as the service has it now.

        Raises:
            ArgumentError: an argument makes no sense, or there is nothing to write.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/update-v2
        """
        uuid = check_uuid("contact_id", contact_id)
        body = contact_body(values, clears=True)
        if not isinstance(phone_number, Unset):
            body["phone"] = self._phone("phone_number", phone_number)
        if not isinstance(channels, Unset):
            body["contact_channels"] = self._channels("channels", channels)
        if not body:
            raise wrong("values", "are missing: pass at least one")
        await self._put_field_ids([body])
        return await self._runner.run(UPDATE_CONTACT_V2.call(contactID=uuid, body=body))

    async def delete(self, contact_id: str) -> str:
        """Delete a contact for good.

        Args:
            contact_id: its UUID.

        Returns:
            The service's word for it.

        Raises:
            ArgumentError: it is no UUID.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/delete-v2
        """
        return await self._runner.run(DELETE_CONTACT_V2.call(contactID=check_uuid("contact_id", contact_id)))

    async def upsert_many(
        self,
        contacts: Sequence[ContactRowV2],
        *,
        batch_size: int = DEFAULT_BATCH,
        on_batch: OnBatch | None = None,
    ) -> ContactBatch:
        """Make or change many contacts, some in each request, and say for each what became of it.

        A batch that is refused for its contents does not stop the others. Any other error of the first batch is
        raised; later, the rows that it concerns say so, and those after them are not sent.

        Args:
            contacts: dicts as `ContactRowV2` describes: with `contact_id` they change a contact, without they make one.
            batch_size: rows in one request, 1000 at the most. The service's own bound is not known.
            on_batch: a function that is called with what became of the rows of each request as soon as it is known. A
                call that is cancelled returns nothing: what it had done until then is known by this alone.

        Returns:
            What became of each row, in the order given.

        Raises:
            ArgumentError: an argument makes no sense. Nothing was written.
            SendUnknown: the first request went out, but no answer came back.
            ApiError: the service refused the first batch, and not for its contents.

        https://developers.heymarket.com/api-reference/contacts/bulk-v2
        """
        several = check_several("contacts", contacts)
        rows = [self._row_body(f"contacts[{place}]", row) for place, row in enumerate(several)]
        check_count("batch_size", batch_size, most=LARGEST_BATCH)
        call_back = check_on_batch(on_batch)
        await self._put_field_ids(rows, "contacts[{}].custom")

        async def write(batch: Sequence[Body]) -> object:
            return await self._runner.run(BULK_UPSERT_CONTACTS_V2.call(body={"contacts": batch}))

        return await write_in_batches(rows, batch_size, write, call_back)

    async def delete_many(self, contact_ids: Sequence[str]) -> str:
        """Delete many contacts for good.

        Args:
            contact_ids: their UUIDs.

        Returns:
            The service's word for it, such as `ok`.

        Raises:
            ArgumentError: one is no UUID, or there is none.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/bulk-delete-v2
        """
        several = check_several("contact_ids", contact_ids)
        uuids = [check_uuid(f"contact_ids[{place}]", one) for place, one in enumerate(several)]
        body = {"contact_channels": [{"channel_type": "id", "channel_ids": uuids}]}
        return await self._runner.run(BULK_DELETE_CONTACTS_V2.call(body=body))

    def _row_body(self, where: str, row: Any) -> Body:
        values = self._row(where, row, more=frozenset({"contact_id", "phone_number", "channels"}))
        uuid, phone = values.pop("contact_id", None), values.pop("phone_number", None)
        channels = values.pop("channels", None)
        body = contact_body(values, f"{where}.", clears=uuid is not None)
        if uuid is not None:
            body["contact_id"] = check_uuid(f"{where}.contact_id", uuid)
        if phone is not None:
            body["phone"] = self._phone(f"{where}.phone_number", phone)
        if channels is not None or uuid is None:
            body["contact_channels"] = self._channels(f"{where}.channels", channels)
        return body
