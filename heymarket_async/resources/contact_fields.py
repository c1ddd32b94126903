"""Operations on custom contact fields."""

from __future__ import annotations

from collections.abc import Sequence

from heymarket_async.arguments import check_several, check_text
from heymarket_async.calls import Effect, Operation
from heymarket_async.models.contacts import ContactField
from heymarket_async.resources.base import Resource

LIST_CONTACT_FIELDS = Operation(
    name="list_contact_fields",
    method="POST",
    path="/v1/contact-fields",
    effect=Effect.READS,
    reply=tuple[ContactField, ...],
    envelope=("contact_fields", "fields"),
    docs="https://developers.heymarket.com/concepts/contacts",
)
CREATE_CONTACT_FIELDS = Operation(
    name="create_contact_fields",
    method="POST",
    path="/v1/contacts/fields",
    effect=Effect.REPEATABLE,
    reply=tuple[ContactField, ...],
    envelope=("contact_fields", "fields"),
    docs="https://developers.heymarket.com/api-reference/contacts/create-contact-fields",
)


class ContactFields(Resource):
    """The custom fields that contacts of the team have. https://developers.heymarket.com/concepts/contacts"""

    __slots__ = ()

    async def list(self) -> tuple[ContactField, ...]:
        """Return all custom fields.

        Raises:
            ApiError: the service refused.

        https://developers.heymarket.com/concepts/contacts
        """
        return await self._runner.run(LIST_CONTACT_FIELDS.call(body={}))

    async def create(self, titles: Sequence[str]) -> tuple[ContactField, ...]:
        """Make custom fields. One whose title is there already is not made again: it comes with `duplicate`.

        Args:
            titles: their titles.

        Returns:
            The fields with their ids, in no order that the vendor promises.

        Raises:
            ArgumentError: a title makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/contacts/create-contact-fields
        """
        texts = [check_text(f"titles[{at}]", title) for at, title in enumerate(check_several("titles", titles))]
        return await self._runner.run(CREATE_CONTACT_FIELDS.call(body=[{"title": text} for text in texts]))
