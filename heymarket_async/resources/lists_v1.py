"""Operations on lists in version 1, which the vendor calls deprecated and no longer describes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypedDict, cast

from typing_extensions import deprecated

from heymarket_async.arguments import check_id, check_text, check_time, rfc3339, wrong
from heymarket_async.calls import Effect, Operation, TimeCursor
from heymarket_async.models.lists import BroadcastList
from heymarket_async.models.results import WriteResult
from heymarket_async.paging import Pager
from heymarket_async.resources.base import Resource
from heymarket_async.values import UNSET, Acknowledgement, Unset, kind_of

# By argument: the key on the wire.
_NAMES: Final = {"first_name": "f", "last_name": "l"}
_NO_OTHER_WAY: Final = "version 2 has no documented way to read lists"

CREATE_LIST_V1 = Operation(
    name="create_list_v1",
    method="POST",
    path="/v1/list",
    effect=Effect.SENDS,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/lists/overview",
    deprecated="create_list",
)
GET_LIST_V1 = Operation(
    name="get_list_v1",
    method="GET",
    path="/v1/list/{id}",
    effect=Effect.READS,
    reply=BroadcastList,
    docs="https://developers.heymarket.com/api-reference/lists/overview",
    deprecated=_NO_OTHER_WAY,
)
UPDATE_LIST_V1 = Operation(
    name="update_list_v1",
    method="PUT",
    path="/v1/list/{id}",
    effect=Effect.REPEATABLE,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/lists/overview",
    deprecated="update_list",
)
DELETE_LIST_V1 = Operation(
    name="delete_list_v1",
    method="DELETE",
    path="/v1/list/{id}",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/lists/overview",
    deprecated="delete_list",
)
LIST_LISTS_V1 = Operation(
    name="list_lists_v1",
    method="POST",
    path="/v1/lists",
    effect=Effect.READS,
    reply=tuple[BroadcastList, ...],
    envelope=("lists",),
    paging=TimeCursor(key="date", by="updated", sizable=False),
    docs="https://developers.heymarket.com/api-reference/lists/overview",
    deprecated=_NO_OTHER_WAY,
)


class ListMember(TypedDict, total=False):
    """The names of somebody on a list of version 1, as a dict.

    Attributes:
        first_name: the first name (on the wire `f`).
        last_name: the last name (on the wire `l`).

    https://developers.heymarket.com/api-reference/lists/overview
    """

    first_name: str
    last_name: str


class ListsV1(Resource):
    """Lists in version 1, deprecated. Bodies are as integrators send them: no page describes them any more.

    https://developers.heymarket.com/api-reference/lists/overview
    """

    __slots__ = ()

    @deprecated("The vendor gives up version 1 of lists, and documents no other way to read them.")
    def list(
        self, *, before: datetime | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Pager[BroadcastList]:
        """Return the lists, the last changed first, fetched as they are needed.

        Args:
            before: only those last changed before this moment.
            limit: lists at the most, over all pages.
            cursor: where to go on, as `Pager.cursor` gave it.

        Raises:
            ArgumentError: an argument makes no sense.

        https://developers.heymarket.com/api-reference/lists/overview
        """
        body = {} if before is None else {"date": rfc3339(check_time("before", before))}
        return self._pager(LIST_LISTS_V1, body, limit=limit, page_size=None, cursor=cursor)

    @deprecated("The vendor gives up version 1 of lists, and documents no other way to read them.")
    async def get(self, list_id: int) -> BroadcastList:
        """Return one list.

        Args:
            list_id: its id.

        Raises:
            ArgumentError: the id makes no sense.
            NotFound: there is none.

        https://developers.heymarket.com/api-reference/lists/overview
        """
        return await self._runner.run(GET_LIST_V1.call(id=check_id("list_id", list_id)))

    @deprecated("The vendor gives up version 1 of lists: use heymarket.lists.create.")
    async def create(self, *, name: str, members: Mapping[str, ListMember] | None = None) -> WriteResult:
        """Make a list. It is made once, or `SendUnknown` says that nobody knows.

        Args:
            name: its title (on the wire `title`).
            members: who is on it, by phone number in any usual writing, with their names.

        Raises:
            ArgumentError: an argument makes no sense.
            SendUnknown: the request went out, but no answer came back.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/lists/overview
        """
        body: dict[str, Any] = {"title": check_text("name", name)}
        if members is not None:
            body["members"] = self._members(members)
        return await self._runner.run(CREATE_LIST_V1.call(body=body))

    @deprecated("The vendor gives up version 1 of lists: use heymarket.lists.update.")
    async def update(
        self,
        list_id: int,
        *,
        name: str | Unset = UNSET,
        add_phone_number: str | Unset = UNSET,
        remove_phone_number: str | Unset = UNSET,
        members: Mapping[str, ListMember] | Unset = UNSET,
    ) -> WriteResult:
        """Change a list. What is left out stays as it is.

        Args:
            list_id: the list.
            name: its new title (on the wire `title`).
            add_phone_number: a number to put on it, in any usual writing (on the wire `add_phone`).
            remove_phone_number: a number to take off (on the wire `remove_phone`).
            members: people on it, by phone number, with their names. Whether they come in place of those that are, or
                beside them, is not known.

        Raises:
            ArgumentError: an argument makes no sense, or there is nothing to change.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/lists/overview
        """
        check_id("list_id", list_id)
        body: dict[str, Any] = {} if isinstance(name, Unset) else {"title": check_text("name", name)}
        if not isinstance(add_phone_number, Unset):
            body["add_phone"] = self._phone("add_phone_number", add_phone_number)
        if not isinstance(remove_phone_number, Unset):
            body["remove_phone"] = self._phone("remove_phone_number", remove_phone_number)
        if not isinstance(members, Unset):
            body["members"] = self._members(members)
        if not body:
            raise wrong("changes", "are missing: pass at least one")
        return await self._runner.run(UPDATE_LIST_V1.call(id=list_id, body=body))

    @deprecated("The vendor gives up version 1 of lists: use heymarket.lists.delete.")
    async def delete(self, list_id: int) -> str:
        """Delete a list for good.

        Args:
            list_id: the list.

        Returns:
            The service's word for it.

        Raises:
            ArgumentError: the id makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/lists/overview
        """
        return await self._runner.run(DELETE_LIST_V1.call(id=check_id("list_id", list_id)))

    def _members(self, members: object) -> dict[str, Any]:
        if not isinstance(members, Mapping):
            raise wrong("members", f"must be a dict, not {kind_of(members)}")
        out: dict[str, Any] = {}
        for place, (number, names) in enumerate(cast("Mapping[object, object]", members).items()):
            where = f"members[{place}]"
            if not isinstance(names, Mapping):
                raise wrong(where, f"must be a dict with first_name and last_name, not {kind_of(names)}")
            phone = self._phone(where, number)
            if phone in out:
                raise wrong(where, "is there twice, in two writings of the number")
            out[phone] = _names(where, cast("Mapping[str, object]", names))
        if not out:
            raise wrong("members", "is empty")
        return out


def _names(where: str, names: Mapping[str, object]) -> dict[str, str]:
    if not names.keys() <= _NAMES.keys():
        raise wrong(where, "holds something else than first_name and last_name")
    return {_NAMES[key]: check_text(f"{where}.{key}", name) for key, name in names.items()}
