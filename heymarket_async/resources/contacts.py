"""Operations on contacts by phone number or integer id, which is version 1."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

import attrs

from heymarket_async.arguments import (
    check_count,
    check_flag,
    check_id,
    check_several,
    check_time,
    rfc3339,
    wrong,
)
from heymarket_async.calls import Effect, Operation, TimeCursor
from heymarket_async.models.contacts import Contact
from heymarket_async.models.results import WriteResult
from heymarket_async.paging import Pager
from heymarket_async.resources.contact_batches import (
    DEFAULT_BATCH,
    LARGEST_BATCH,
    ContactBatch,
    OnBatch,
    check_on_batch,
    write_in_batches,
)
from heymarket_async.resources.contact_finding import ContactFinding
from heymarket_async.resources.contact_merge import merged
from heymarket_async.resources.contact_writes import Body, ContactRow, ContactValues, contact_body
from heymarket_async.resources.contacts_v2 import ContactsV2
from heymarket_async.values import Acknowledgement

CREATE_CONTACT = Operation(
    name="create_contact",
    method="POST",
    path="/v1/contact",
    effect=Effect.SENDS,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/contacts/create",
)
GET_CONTACT = Operation(
    name="get_contact",
    method="GET",
    path="/v1/contact/{id}",
    effect=Effect.READS,
    reply=Contact,
    docs="https://developers.heymarket.com/api-reference/contacts/get",
)
UPDATE_CONTACT = Operation(
    name="update_contact",
    method="PUT",
    path="/v1/contact/{id}",
    effect=Effect.REPEATABLE,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/contacts/update",
)
DELETE_CONTACT = Operation(
    name="delete_contact",
    method="DELETE",
    path="/v1/contact/{id}",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/contacts/delete",
)
LIST_CONTACTS = Operation(
    name="list_contacts",
    method="POST",
    path="/v1/contacts",
    effect=Effect.READS,
    reply=tuple[Contact, ...],
    envelope=("contacts",),
    paging=TimeCursor(key="date", by="updated"),
    docs="https://developers.heymarket.com/api-reference/contacts/list",
)
COUNT_CONTACTS = Operation(
    name="count_contacts",
    method="POST",
    path="/v1/contacts/count",
    effect=Effect.READS,
    reply=int,
    envelope=("count", "total"),
    docs="https://developers.heymarket.com/api-reference/contacts/get",
)
BATCH_CREATE_CONTACTS = Operation(
    name="batch_create_contacts",
    method="POST",
    path="/v1/batch/contacts",
    effect=Effect.REPEATABLE,
    reply=object,
    docs="https://developers.heymarket.com/api-reference/contacts/bulk",
)


class Contacts(ContactFinding):
    """The people whom the team texts. https://developers.heymarket.com/concepts/contacts"""

    __slots__ = ()

    @property
    def v2(self) -> ContactsV2:
        """Contacts by UUID, with all the ways to reach them."""
        return ContactsV2(self._runner)

    def list(
        self,
        *,
        before: datetime | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Pager[Contact]:
        """Return the contacts, the last changed first, fetched as they are needed.

        Args:
            before: only those last changed before this moment.
            limit: contacts at the most, over all pages.
            page_size: contacts to ask for in one page.
            cursor: where to go on, as `Pager.cursor` gave it.

        Raises:
            ArgumentError: an argument makes no sense.

        https://developers.heymarket.com/api-reference/contacts/list
        """
        body = {} if before is None else {"date": rfc3339(check_time("before", before))}
        return self._pager(LIST_CONTACTS, body, limit=limit, page_size=page_size, cursor=cursor)

    async def count(self, *, updated_after: datetime | None = None) -> int:
        """Return how many contacts the team has.

        Args:
            updated_after: count only those changed after this moment (on the wire `date`).

        Raises:
            ArgumentError: an argument makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/get
        """
        body = {} if updated_after is None else {"date": rfc3339(check_time("updated_after", updated_after))}
        return await self._runner.run(COUNT_CONTACTS.call(body=body))

    async def get(self, contact_id: int) -> Contact:
        """Return one contact.

        Args:
            contact_id: its id.

        Raises:
            ArgumentError: the id makes no sense.
            NotFound: there is none.

        https://developers.heymarket.com/api-reference/contacts/get
        """
        return await self._runner.run(GET_CONTACT.call(id=check_id("contact_id", contact_id)))

    async def create(self, *, phone_number: str, **values: Unpack[ContactValues]) -> WriteResult:
        """Make a contact. It is made once, or `SendUnknown` says that nobody knows.

        What the service does where the number has a contact is not documented: `upsert` looks first.

        Args:
            phone_number: its number in any usual writing (on the wire `phone`).
            **values: what else is known of it, as `ContactValues` describes.

        Returns:
            The id of the contact, and its UUID if the service tells it.

        Raises:
            ArgumentError: an argument makes no sense. Nothing was written.
            SendUnknown: the request went out, but no answer came back.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/create
        """
        body = {"phone": self._phone("phone_number", phone_number), **contact_body(values, clears=False)}
        await self._put_field_ids([body])
        return await self._runner.run(CREATE_CONTACT.call(body=body))

    async def update(
        self, contact_id: int, *, phone_number: str, overwrite: bool = False, **values: Unpack[ContactValues]
    ) -> WriteResult:
        """Write a contact as it shall be. This may lose what is left out: `amend` keeps it.

        The vendor says that the names are always overwritten, and nothing of the other values. Where it is not known
        what the service does with them, give all values, or use `amend`.

        Args:
            contact_id: the contact.
            phone_number: its number in any usual writing (on the wire `phone`), which every update has to repeat.
            overwrite: whether `custom` replaces the values of all custom fields, or only of those that it names.
            **values: what else to write, as `ContactValues` describes.

        Returns:
            The id of the contact and its new revision.

        Raises:
            ArgumentError: an argument makes no sense. Nothing was written.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/update
        """
        check_id("contact_id", contact_id)
        body = {"phone": self._phone("phone_number", phone_number), **contact_body(values, clears=True)}
        check_flag("overwrite", overwrite)
        await self._put_field_ids([body])
        return await self._put(contact_id, body, overwrite=overwrite)

    async def amend(
        self,
        contact_id: int | None = None,
        *,
        phone_number: str | None = None,
        new_phone_number: str | None = None,
        overwrite: bool = False,
        **changes: Unpack[ContactValues],
    ) -> WriteResult:
        """Change some values of a contact and keep the others: read it, and write all of its values with the changes.

        What somebody else changes between the read and the write is lost. That a number opted out, and e-mail
        suppressions, are written again only where the service shows them in contacts, which no current page says; a
        picture only where it shows its URL.

        Args:
            contact_id: the contact; or
            phone_number: one of its numbers in any usual writing. It stays the number that the contact is shown with.
            new_phone_number: the number that it gets.
            overwrite: whether `custom` replaces the values of all custom fields, or only of those that it names.
            **changes: what to change, as `ContactValues` describes.

        Returns:
            The id of the contact and its new revision, as the service tells them. `get` reads the contact again.

        Raises:
            ArgumentError: an argument makes no sense, or the contact has a value that could not be kept. Nothing was
                written.
            NotFound: there is no such contact.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/update
        """
        which = self._which(phone_number, contact_id)
        body = contact_body(changes, clears=True)
        if new_phone_number is not None:
            body["phone"] = self._phone("new_phone_number", new_phone_number)
        check_flag("overwrite", overwrite)
        if not body:
            raise wrong("changes", "are missing: pass at least one value")
        await self._put_field_ids([body])
        if "id" in which:
            contact = await self._runner.run(GET_CONTACT.call(id=which["id"]))
        else:
            contact = await self._get_by(which)
        return await self._amend(contact, body, overwrite=overwrite, number=which.get("phone"))

    async def upsert(self, *, phone_number: str, **values: Unpack[ContactValues]) -> WriteResult:
        """Make sure that a number has a contact with these values: amend the contact, or make it.

        The service cannot do this in one step: two at the same time may both find nothing and both make a contact.

        Args:
            phone_number: the number in any usual writing.
            **values: what to write, as `ContactValues` describes. What is left out is kept.

        Returns:
            The id of the contact. Where there was nothing to write, `rev` is the one that it has.

        Raises:
            ArgumentError: as for `amend`.
            SendUnknown: the request to make the contact went out, but no answer came back.
            ApiError: the service refused.

        https://developers.heymarket.com/guides/manage-contacts
        """
        which = {"phone": self._phone("phone_number", phone_number)}
        body, new = contact_body(values, clears=True), contact_body(values, clears=False)
        await self._put_field_ids([body, new])
        contact = await self.find(phone_number=phone_number)
        if contact is None:
            return await self._runner.run(CREATE_CONTACT.call(body=which | new))
        if not body:
            return WriteResult(id=contact.id, rev=contact.rev)
        return await self._amend(contact, body, overwrite=False, number=which["phone"])

    async def delete(self, contact_id: int) -> str:
        """Delete a contact for good.

        Args:
            contact_id: the contact.

        Returns:
            The service's word for it, such as `ok`.

        Raises:
            ArgumentError: the id makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/delete
        """
        return await self._runner.run(DELETE_CONTACT.call(id=check_id("contact_id", contact_id)))

    async def create_many(
        self,
        contacts: Sequence[ContactRow],
        *,
        overwrite: bool = False,
        batch_size: int = DEFAULT_BATCH,
        on_batch: OnBatch | None = None,
    ) -> ContactBatch:
        """Make many contacts, some in each request, and say for each what became of it.

        A batch that is refused for its contents does not stop the others. Any other error of the first batch is
        raised; later, the rows that it concerns say so, and those after them are not sent.

        Args:
            contacts: dicts such as `{"phone_number": "+1 510 555 0101", "first_name": "Sam"}`: `phone_number`, and
                what `ContactValues` describes. None is the same as leaving a value out.
            overwrite: whether a contact that a number has already is overwritten, or left as it is.
            batch_size: rows in one request, 1000 at the most. The service's own bound is not known.
            on_batch: a function that is called with what became of the rows of each request as soon as it is known. A
                call that is cancelled returns nothing: what it had done until then is known by this alone.

        Returns:
            What became of each row, in the order given.

        Raises:
            ArgumentError: an argument makes no sense. Nothing was written.
            ApiError: the service refused the first batch, and not for its contents.
            TransportError: there is no complete answer to the first batch. A repeat changes nothing more.

        https://developers.heymarket.com/api-reference/contacts/bulk
        """
        rows: list[Body] = []
        for place, row in enumerate(check_several("contacts", contacts)):
            where = f"contacts[{place}]"
            values = self._row(where, row, more=frozenset({"phone_number"}))
            phone = self._phone(f"{where}.phone_number", values.pop("phone_number", None))
            rows.append({"phone": phone, **contact_body(values, f"{where}.", clears=False)})
        check_count("batch_size", batch_size, most=LARGEST_BATCH)
        call_back = check_on_batch(on_batch)
        query = _overwriting(check_flag("overwrite", overwrite))
        await self._put_field_ids(rows, "contacts[{}].custom")

        async def write(batch: Sequence[Body]) -> object:
            return await self._runner.run(BATCH_CREATE_CONTACTS.call(query=query, body=batch))

        return await write_in_batches(rows, batch_size, write, call_back)

    async def _amend(self, contact: Contact, body: Body, *, overwrite: bool, number: str | None) -> WriteResult:
        # The number that it was found by may be another of its numbers than the one that updates have to repeat.
        known = contact if contact.phone else attrs.evolve(contact, phone=number)
        result = await self._put(contact.id, merged(known, body, overwrite=overwrite), overwrite=overwrite)
        return attrs.evolve(result, id=contact.id)

    async def _put(self, contact_id: int, body: Body, *, overwrite: bool) -> WriteResult:
        return await self._runner.run(UPDATE_CONTACT.call(id=contact_id, query=_overwriting(overwrite), body=body))


def _overwriting(overwrite: bool) -> dict[str, str | int]:
    return {"overwrite": "true"} if overwrite else {}
