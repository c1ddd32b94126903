"""Operations on the ways to reach a contact of version 2."""

from __future__ import annotations

from heymarket_async.arguments import check_text, check_uuid
from heymarket_async.calls import Effect, Operation
from heymarket_async.models.contacts import ContactChannel
from heymarket_async.resources.contact_writes import Body, ContactWriter

CREATE_CONTACT_CHANNEL_V2 = Operation(
    name="create_contact_channel_v2",
    method="POST",
    path="/v2/contact/{contactID}/channel",
    effect=Effect.SENDS,
    reply=tuple[ContactChannel, ...],
    docs="https://developers.heymarket.com/api-reference/contacts/channels",
)
UPDATE_CONTACT_CHANNEL_V2 = Operation(
    name="update_contact_channel_v2",
    method="PUT",
    path="/v2/contact/{contactID}/channel",
    effect=Effect.REPEATABLE,
    reply=tuple[ContactChannel, ...],
    docs="https://developers.heymarket.com/api-reference/contacts/channels",
)


class ContactChannels(ContactWriter):
    """Those of the operations on contacts that concern their channels."""

    __slots__ = ()

    async def create_channel(
        self, contact_id: str, *, channel_type: str, channel_id: str
    ) -> tuple[ContactChannel, ...]:
        """Give a contact another way to reach it. It is done once, or `SendUnknown` says that nobody knows.

        Args:
            contact_id: its UUID.
            channel_type: the kind, such as `phone`, `email` or `facebook`.
            channel_id: the number or the address. A number may be in any usual writing.

        Returns:
            The channels of the contact.

        Raises:
            ArgumentError: an argument makes no sense.
            SendUnknown: the request went out, but no answer came back.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/channels
        """
        uuid, body = self._channel_write(contact_id, channel_type, channel_id)
        return await self._runner.run(CREATE_CONTACT_CHANNEL_V2.call(contactID=uuid, body=body))

    async def update_channel(
        self, contact_id: str, *, channel_type: str, channel_id: str
    ) -> tuple[ContactChannel, ...]:
        """Change a way to reach a contact. The vendor does not say which one, where it has several of the kind.

        Args:
            contact_id: its UUID.
            channel_type: the kind, such as `phone`, `email` or `facebook`.
            channel_id: the new number or address. A number may be in any usual writing.

        Returns:
            The channels of the contact.

        Raises:
            ArgumentError: an argument makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/channels
        """
        uuid, body = self._channel_write(contact_id, channel_type, channel_id)
        return await self._runner.run(UPDATE_CONTACT_CHANNEL_V2.call(contactID=uuid, body=body))

    def _channel_write(self, contact_id: object, channel_type: object, channel_id: object) -> tuple[str, Body]:
        uuid, kind = check_uuid("contact_id", contact_id), check_text("channel_type", channel_type)
        return uuid, {"channel_type": kind, "channel_id": self._channel_id("channel_id", kind, channel_id)}
