"""The search for one contact, which may not be there."""

from __future__ import annotations

from typing import Final

from heymarket_async.calls import Effect, Operation
from heymarket_async.errors import BadRequest, NotFound, ReplyError
from heymarket_async.models.contacts import Contact
from heymarket_async.resources.contact_statuses import ContactStatuses
from heymarket_async.resources.contact_writes import Body

GET_CONTACT_BY_PHONE_OR_ID = Operation(
    name="get_contact_by_phone_or_id",
    method="POST",
    path="/v1/contact/get",
    effect=Effect.READS,
    reply=Contact,
    docs="https://developers.heymarket.com/api-reference/contacts/get-by-phone-or-id",
)

# What a service in Go may write in place of a contact that does not exist.
_NOTHING: Final = ("", "null", "{}", "[]", '""')


class ContactFinding(ContactStatuses):
    """Those of the operations on contacts that search for one."""

    __slots__ = ()

    async def find(self, *, phone_number: str | None = None, contact_id: int | None = None) -> Contact | None:
        """Return the contact with a phone number or an id, if there is one.

        The vendor does not say what the service answers where there is none: 404, 400 and an empty answer all count.

        Args:
            phone_number: its number in any usual writing (on the wire `phone`); or
            contact_id: its id.

        Raises:
            ArgumentError: an argument makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/get-by-phone-or-id
        """
        which = self._which(phone_number, contact_id)
        try:
            return await self._get_by({key: str(value) for key, value in which.items()})
        except (NotFound, BadRequest):
            return None

    async def _get_by(self, which: Body) -> Contact:
        """Return a contact by its number, or by its id as text.

        Raises:
            NotFound: there is none, also where the service says so by an empty answer.
        """
        operation = GET_CONTACT_BY_PHONE_OR_ID
        try:
            contact = await self._runner.run(operation.call(body=which))
        except ReplyError as error:
            if error.text.strip() not in _NOTHING:
                raise
            contact = None
        if contact is None or not contact.id:
            what = "The service answered, but with no contact."
            raise NotFound(what, operation=operation.name, method=operation.method, path=operation.path, attempts=1)
        return contact
