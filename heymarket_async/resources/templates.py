"""Operations on templates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from heymarket_async.arguments import LONGEST_TEXT, check_flag, check_id, check_text, check_time, rfc3339, wrong
from heymarket_async.calls import Effect, Operation, TimeCursor
from heymarket_async.models.results import WriteResult
from heymarket_async.models.templates import GalleryEntry, Template
from heymarket_async.paging import Pager
from heymarket_async.resources.base import Resource
from heymarket_async.resources.content import check_gallery
from heymarket_async.values import UNSET, Acknowledgement, Unset

CREATE_TEMPLATE = Operation(
    name="create_template",
    method="POST",
    path="/v1/template",
    effect=Effect.SENDS,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/templates/manage",
)
GET_TEMPLATE = Operation(
    name="get_template",
    method="GET",
    path="/v1/template/{id}",
    effect=Effect.READS,
    reply=Template,
    docs="https://developers.heymarket.com/api-reference/templates/manage",
)
UPDATE_TEMPLATE = Operation(
    name="update_template",
    method="PUT",
    path="/v1/template/{id}",
    effect=Effect.REPEATABLE,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/templates/manage",
)
DELETE_TEMPLATE = Operation(
    name="delete_template",
    method="DELETE",
    path="/v1/template/{id}",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/templates/manage",
)
LIST_TEMPLATES = Operation(
    name="list_templates",
    method="POST",
    path="/v1/templates",
    effect=Effect.READS,
    reply=tuple[Template, ...],
    envelope=("templates",),
    paging=TimeCursor(key="date", by="updated", sizable=False),
    docs="https://developers.heymarket.com/api-reference/templates/manage",
)


class Templates(Resource):
    """Texts that are kept to be sent again. https://developers.heymarket.com/api-reference/templates/overview"""

    __slots__ = ()

    async def create(
        self,
        *,
        name: str,
        text: str | None = None,
        gallery: Sequence[GalleryEntry] | None = None,
        archived: bool = False,
        local_id: str | None = None,
    ) -> WriteResult:
        """Make a template. It is made once, or `SendUnknown` says that nobody knows.

        Args:
            name: its title (on the wire `title`).
            text: what it says, with merge tokens such as `{{first_name}}`.
            gallery: pictures that go with the text, or stand alone.
            archived: put it away at once.
            local_id: your identifier of it, which the template keeps. The vendor does not say that the service knows
                a repeat by it.

        Returns:
            The id of the template.

        Raises:
            ArgumentError: an argument makes no sense, or there is neither text nor gallery.
            SendUnknown: the request went out, but no answer came back.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/templates/manage
        """
        known_by = UNSET if local_id is None else check_text("local_id", local_id)
        body = _written(name, text, gallery, check_flag("archived", archived), known_by)
        return await self._runner.run(CREATE_TEMPLATE.call(body=body))

    async def get(self, template_id: int) -> Template:
        """Return one template.

        Args:
            template_id: its id.

        Raises:
            ArgumentError: the id makes no sense.
            NotFound: there is none.

        https://developers.heymarket.com/api-reference/templates/manage
        """
        return await self._runner.run(GET_TEMPLATE.call(id=check_id("template_id", template_id)))

    async def update(
        self,
        template_id: int,
        *,
        name: str,
        text: str | None = None,
        gallery: Sequence[GalleryEntry] | None = None,
        archived: bool | Unset = UNSET,
        local_id: str | Unset = UNSET,
    ) -> WriteResult:
        """Replace a template. The service wants its name and all of its content again, also what does not change.

        Args:
            template_id: its id.
            name: its title (on the wire `title`).
            text: what it says, with merge tokens such as `{{first_name}}`; None for no text.
            gallery: pictures that go with the text, such as `template.content.gallery`; None for no pictures.
            archived: put it away, or bring it back. The vendor names False as the default and does not say whether that
                holds for updates too, so pass it for a template that is and stays archived.
            local_id: your identifier of it.

        Returns:
            The id of the template and its new revision.

        Raises:
            ArgumentError: an argument makes no sense, or there is neither text nor gallery.
            NotFound: there is none.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/templates/manage
        """
        which = check_id("template_id", template_id)
        body = _written(name, text, gallery, archived, local_id)
        return await self._runner.run(UPDATE_TEMPLATE.call(body=body, id=which))

    async def delete(self, template_id: int) -> str:
        """Delete a template.

        Args:
            template_id: its id.

        Returns:
            The service's word for it.

        Raises:
            ArgumentError: the id makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/templates/manage
        """
        return await self._runner.run(DELETE_TEMPLATE.call(id=check_id("template_id", template_id)))

    def list(
        self, *, before: datetime | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Pager[Template]:
        """Return the templates, the last changed first, fetched as they are needed.

        Args:
            before: only those last changed before this moment.
            limit: templates at the most, over all pages. A page holds up to 30.
            cursor: where to go on, as `Pager.cursor` gave it.

        Raises:
            ArgumentError: an argument makes no sense.

        https://developers.heymarket.com/api-reference/templates/manage
        """
        body = {} if before is None else {"date": rfc3339(check_time("before", before))}
        return self._pager(LIST_TEMPLATES, body, limit=limit, page_size=None, cursor=cursor)


def _written(name: object, text: object, gallery: object, archived: object, local_id: object) -> dict[str, Any]:
    """Return a template in the service's words for it."""
    content: dict[str, Any] = {}
    if text is not None:
        content["text"] = check_text("text", text, longest=LONGEST_TEXT)
    if gallery is not None:
        content["gallery"] = check_gallery("gallery", gallery)
    if not content.get("text") and not content.get("gallery"):
        raise wrong("text", "is missing: pass text, gallery or both")
    body: dict[str, Any] = {"title": check_text("name", name), "content": content}
    if archived is not UNSET:
        body["archived"] = check_flag("archived", archived)
    if local_id is not UNSET:
        body["local_id"] = check_text("local_id", local_id)
    return body
