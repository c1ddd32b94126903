"""Operations on tags."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from heymarket_async.arguments import check_color, check_id, check_text, check_time, rfc3339
from heymarket_async.calls import Effect, Operation, TimeCursor
from heymarket_async.models.results import WriteResult
from heymarket_async.models.tags import Tag
from heymarket_async.paging import Pager
from heymarket_async.resources.base import Resource
from heymarket_async.values import Acknowledgement

CREATE_TAG = Operation(
    name="create_tag",
    method="POST",
    path="/v1/tag",
    effect=Effect.SENDS,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/tags",
)
GET_TAG = Operation(
    name="get_tag",
    method="GET",
    path="/v1/tag/{id}",
    effect=Effect.READS,
    reply=Tag,
    docs="https://developers.heymarket.com/api-reference/tags",
)
DELETE_TAG = Operation(
    name="delete_tag",
    method="DELETE",
    path="/v1/tag/{id}",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/tags",
)
LIST_TAGS = Operation(
    name="list_tags",
    method="POST",
    path="/v1/tags",
    effect=Effect.READS,
    reply=tuple[Tag, ...],
    envelope=("tags",),
    paging=TimeCursor(key="date", by="updated", sizable=False),
    docs="https://developers.heymarket.com/api-reference/tags",
)


class Tags(Resource):
    """Labels for contacts. The service cannot change a tag. https://developers.heymarket.com/api-reference/tags"""

    __slots__ = ()

    async def create(self, *, name: str, color: str | None = None) -> WriteResult:
        """Make a tag. It is made once, or `SendUnknown` says that nobody knows.

        Args:
            name: what it says (on the wire `tag`).
            color: its colour in hexadecimal, such as `#FFD700`; the service chooses by default.

        Returns:
            The id of the tag.

        Raises:
            ArgumentError: an argument makes no sense.
            SendUnknown: the request went out, but no answer came back.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/tags
        """
        body: dict[str, Any] = {"tag": check_text("name", name)}
        if color is not None:
            body["color"] = check_color("color", color)
        return await self._runner.run(CREATE_TAG.call(body=body))

    async def get(self, tag_id: int) -> Tag:
        """Return one tag.

        Args:
            tag_id: its id.

        Raises:
            ArgumentError: the id makes no sense.
            NotFound: there is none.

        https://developers.heymarket.com/api-reference/tags
        """
        return await self._runner.run(GET_TAG.call(id=check_id("tag_id", tag_id)))

    async def delete(self, tag_id: int) -> str:
        """Delete a tag.

        Args:
            tag_id: its id.

        Returns:
            The service's word for it.

        Raises:
            ArgumentError: the id makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/tags
        """
        return await self._runner.run(DELETE_TAG.call(id=check_id("tag_id", tag_id)))

    def list(
        self, *, before: datetime | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Pager[Tag]:
        """Return the tags, the last changed first, fetched as they are needed.

        Args:
            before: only those last changed before this moment.
            limit: tags at the most, over all pages. A page holds up to 30.
            cursor: where to go on, as `Pager.cursor` gave it.

        Raises:
            ArgumentError: an argument makes no sense.

        https://developers.heymarket.com/api-reference/tags
        """
        body = {} if before is None else {"date": rfc3339(check_time("before", before))}
        return self._pager(LIST_TAGS, body, limit=limit, page_size=None, cursor=cursor)
