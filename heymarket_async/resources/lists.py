"""Operations on lists, which are written in version 2 and can be read in version 1 only."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from heymarket_async.arguments import check_addresses, check_flag, check_id, check_ids, check_text, wrong
from heymarket_async.calls import Effect, Operation
from heymarket_async.models.lists import ListDeletion
from heymarket_async.models.results import WriteResult
from heymarket_async.resources.base import Resource
from heymarket_async.resources.lists_v1 import ListsV1
from heymarket_async.values import UNSET, Unset

CREATE_LIST = Operation(
    name="create_list",
    method="POST",
    path="/v2/lists",
    effect=Effect.SENDS,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/lists/create",
)
UPDATE_LIST = Operation(
    name="update_list",
    method="PUT",
    path="/v2/lists/{id}",
    effect=Effect.REPEATABLE,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/lists/update",
)
DELETE_LIST = Operation(
    name="delete_list",
    method="DELETE",
    path="/v2/lists/{id}",
    effect=Effect.REPEATABLE,
    reply=ListDeletion,
    docs="https://developers.heymarket.com/api-reference/lists/update",
)

# By argument: the key on the wire, which may have add_ or remove_ before it.
_WIRE: Final = {"contact_ids": "contacts", "phone_numbers": "phones", "emails": "emails"}


class Lists(Resource):
    """Lists of contacts to broadcast to. https://developers.heymarket.com/concepts/lists-templates-scheduling"""

    __slots__ = ()

    @property
    def v1(self) -> ListsV1:
        """Version 1, which the vendor calls deprecated. No other way to read lists is documented."""
        return ListsV1(self._runner)

    async def create(
        self,
        *,
        name: str,
        contact_ids: Sequence[int] | None = None,
        phone_numbers: Sequence[str] | None = None,
        emails: Sequence[str] | None = None,
        omnichannel: bool = False,
        local_id: str | None = None,
    ) -> WriteResult:
        """Make a list. It is made once, or `SendUnknown` says that nobody knows.

        A guide of the vendor asks for one of `contact_ids`, `phone_numbers` and `emails`, the reference for none.

        Args:
            name: its title (on the wire `title`).
            contact_ids: contacts on it (on the wire `contacts`).
            phone_numbers: numbers on it in any usual writing (on the wire `phones`). Those without a contact get one.
            emails: e-mail addresses on it.
            omnichannel: make a list of contacts, not of phone numbers (on the wire `type: contacts`).
            local_id: your identifier of this list, by which the service knows a repeat; a UUID by default.

        Returns:
            The id of the list. Its `uuid` seems to be the `local_id`.

        Raises:
            ArgumentError: an argument makes no sense. Nothing was written.
            SendUnknown: the request went out, but no answer came back.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/lists/create
        """
        body: dict[str, Any] = {"title": check_text("name", name)}
        if check_flag("omnichannel", omnichannel):
            body["type"] = "contacts"
        body["local_id"] = str(uuid.uuid4()) if local_id is None else check_text("local_id", local_id)
        if contact_ids is not None:
            body["contacts"] = check_ids("contact_ids", contact_ids)
        if phone_numbers is not None:
            body["phones"] = self._phones("phone_numbers", phone_numbers)
        if emails is not None:
            body["emails"] = check_addresses("emails", emails)
        return await self._runner.run(CREATE_LIST.call(body=body))

    async def update(
        self,
        list_id: int,
        *,
        name: str | Unset = UNSET,
        contact_ids: Sequence[int] | Unset = UNSET,
        phone_numbers: Sequence[str] | Unset = UNSET,
        emails: Sequence[str] | Unset = UNSET,
        add_contact_ids: Sequence[int] | Unset = UNSET,
        remove_contact_ids: Sequence[int] | Unset = UNSET,
        add_phone_numbers: Sequence[str] | Unset = UNSET,
        remove_phone_numbers: Sequence[str] | Unset = UNSET,
        add_emails: Sequence[str] | Unset = UNSET,
        remove_emails: Sequence[str] | Unset = UNSET,
    ) -> WriteResult:
        """Rename a list, put others on it, or put some on it and take some off. What is left out stays as it is.

        Args:
            list_id: the list.
            name: its new title (on the wire `title`).
            contact_ids: the contacts that shall be on it, in place of those that are (on the wire `contacts`).
            phone_numbers: numbers in place of those that are, in any usual writing (on the wire `phones`).
            emails: e-mail addresses in place of those that are.
            add_contact_ids: contacts to put on it (on the wire `add_contacts`).
            remove_contact_ids: contacts to take off (on the wire `remove_contacts`).
            add_phone_numbers: numbers to put on it (on the wire `add_phones`).
            remove_phone_numbers: numbers to take off (on the wire `remove_phones`).
            add_emails: e-mail addresses to put on it.
            remove_emails: e-mail addresses to take off.

        Returns:
            The id of the list and its new revision.

        Raises:
            ArgumentError: an argument makes no sense, there is nothing to do, or who shall be on the list is said both
                in whole and in part.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/lists/update
        """
        check_id("list_id", list_id)
        whole = {"contact_ids": contact_ids, "phone_numbers": phone_numbers, "emails": emails}
        added = {"contact_ids": add_contact_ids, "phone_numbers": add_phone_numbers, "emails": add_emails}
        removed = {"contact_ids": remove_contact_ids, "phone_numbers": remove_phone_numbers, "emails": remove_emails}
        body: dict[str, Any] = {} if isinstance(name, Unset) else {"title": check_text("name", name)}
        body |= self._members("", whole, at_least=0)
        replaced = next((argument for argument, value in whole.items() if value is not UNSET), None)
        parts = self._members("add_", added) | self._members("remove_", removed)
        if replaced and parts:
            raise wrong(replaced, "says who is on the list in whole, and add_ and remove_ in part: pass one of the two")
        for kind in _WIRE.values():
            if set(parts.get(f"add_{kind}", ())) & set(parts.get(f"remove_{kind}", ())):
                argument = next(argument for argument, key in _WIRE.items() if key == kind)
                raise wrong(f"remove_{argument}", f"takes off what add_{argument} puts on")
        body |= parts
        if not body:
            raise wrong("changes", "are missing: pass at least one")
        return await self._runner.run(UPDATE_LIST.call(id=list_id, body=body))

    async def delete(self, list_id: int, *, contact_ids: Sequence[int] | None = None) -> ListDeletion:
        """Delete a list for good.

        Args:
            list_id: the list.
            contact_ids: contacts to take off the list before.

        Returns:
            Whether it is gone.

        Raises:
            ArgumentError: an argument makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/lists/update
        """
        body = UNSET if contact_ids is None else {"contact_ids": check_ids("contact_ids", contact_ids)}
        return await self._runner.run(DELETE_LIST.call(id=check_id("list_id", list_id), body=body))

    def _members(self, prefix: str, members: dict[str, Any], *, at_least: int = 1) -> dict[str, Any]:
        """Return those of the arguments that were given, in the service's words."""
        checks: dict[str, Callable[..., list[Any]]] = {
            "contact_ids": check_ids,
            "phone_numbers": self._phones,
            "emails": check_addresses,
        }
        return {
            f"{prefix}{_WIRE[argument]}": checks[argument](f"{prefix}{argument}", value, at_least=at_least)
            for argument, value in members.items()
            if value is not UNSET
        }
