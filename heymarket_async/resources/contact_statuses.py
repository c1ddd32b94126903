"""Operations on the status of a contact: whether it may be texted."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from heymarket_async.arguments import check_choice, check_id, exactly_one
from heymarket_async.calls import Effect, Operation
from heymarket_async.models.contacts import ContactStatus
from heymarket_async.resources.contact_writes import ContactWriter
from heymarket_async.values import Acknowledgement

GET_CONTACT_STATUS = Operation(
    name="get_contact_status",
    method="POST",
    path="/v1/contact/status",
    effect=Effect.READS,
    reply=ContactStatus,
    docs="https://developers.heymarket.com/api-reference/contacts/status",
)
SET_CONTACT_STATUS = Operation(
    name="set_contact_status",
    method="POST",
    path="/v1/contact/set_status",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/contacts/set-status",
)
NewStatus = Literal["active", "blocked", "unblocked", "subscribed", "unsubscribed"]

_STATUSES: Final[tuple[str, ...]] = get_args(NewStatus)


class ContactStatuses(ContactWriter):
    """Those of the operations on contacts that concern their status."""

    __slots__ = ()

    async def status(self, *, phone_number: str | None = None, contact_id: int | None = None) -> ContactStatus:
        """Return whether a contact may be texted.

        Args:
            phone_number: its number in any usual writing (on the wire `phone`); or
            contact_id: its id.

        Raises:
            ArgumentError: an argument makes no sense.
            NotFound: there is none.

        https://developers.heymarket.com/api-reference/contacts/status
        """
        return await self._runner.run(GET_CONTACT_STATUS.call(body=self._which(phone_number, contact_id)))

    async def set_status(
        self, status: NewStatus, *, phone_number: str | None = None, contact_id: int | None = None
    ) -> str:
        """Block, unblock, subscribe or unsubscribe a contact.

        Args:
            status: `active`, `blocked`, `unblocked`, `subscribed` or `unsubscribed`.
            phone_number: its number in any usual writing (on the wire `phone`); or
            contact_id: its id.

        Returns:
            The service's word for it, such as `success`.

        Raises:
            ArgumentError: an argument makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/set-status
        """
        body = self._which(phone_number, contact_id) | {"status": check_choice("status", status, _STATUSES)}
        return await self._runner.run(SET_CONTACT_STATUS.call(body=body))

    def _which(self, phone_number: object, contact_id: object) -> dict[str, Any]:
        """Return the one contact that is meant in the service's words."""
        if exactly_one("contact", {"phone_number": phone_number, "contact_id": contact_id}) == "phone_number":
            return {"phone": self._phone("phone_number", phone_number)}
        return {"id": check_id("contact_id", contact_id)}
