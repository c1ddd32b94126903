"""Operations on scheduled messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from heymarket_async.arguments import LONGEST_TEXT, check_id, check_text, check_time, rfc3339, wrong
from heymarket_async.calls import Effect, Operation
from heymarket_async.models.results import WriteResult
from heymarket_async.models.schedules import Attachment, Schedule
from heymarket_async.models.templates import GalleryEntry
from heymarket_async.resources.base import Resource
from heymarket_async.resources.content import check_attachments, check_gallery
from heymarket_async.values import Acknowledgement

CREATE_SCHEDULE = Operation(
    name="create_schedule",
    method="POST",
    path="/v1/schedule",
    effect=Effect.SENDS,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/schedule",
)
GET_SCHEDULE = Operation(
    name="get_schedule",
    method="GET",
    path="/v1/schedule/{id}",
    effect=Effect.READS,
    reply=Schedule,
    docs="https://developers.heymarket.com/api-reference/schedule-get",
)
UPDATE_SCHEDULE = Operation(
    name="update_schedule",
    method="PUT",
    path="/v1/schedule/{id}",
    effect=Effect.REPEATABLE,
    reply=WriteResult,
    docs="https://developers.heymarket.com/api-reference/schedule",
)
DELETE_SCHEDULE = Operation(
    name="delete_schedule",
    method="DELETE",
    path="/v1/schedule/{id}",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/schedule",
)

# https://developers.heymarket.com/concepts/lists-templates-scheduling
_QUARTER: Final = timedelta(minutes=15)


class Schedules(Resource):
    """Messages that are sent later. The service cannot list them: keep the ids.

    https://developers.heymarket.com/concepts/lists-templates-scheduling
    """

    __slots__ = ()

    async def create(
        self,
        *,
        inbox_id: int,
        execute_at: datetime,
        phone_number: str | None = None,
        conversation_id: int | None = None,
        list_id: int | None = None,
        targets: Sequence[str] | None = None,
        text: str | None = None,
        template_id: int | None = None,
        gallery: Sequence[GalleryEntry] | None = None,
        attachments: Sequence[Attachment] | None = None,
        user_id: int | None = None,
        local_id: str | None = None,
    ) -> WriteResult:
        """Schedule a message to one target. It is made once, or `SendUnknown` says that nobody knows.

        Args:
            inbox_id: the inbox to send from.
            execute_at: when to send: a datetime with a time zone, on a quarter hour, at least 15 minutes ahead.
            phone_number: the target: a number in any usual writing, such as `+1 (510) 555-0101`.
            conversation_id: the target: a conversation.
            list_id: the target: a list to broadcast to.
            targets: the target: the numbers of one group message; toll-free inboxes cannot send it.
            text: what it says.
            template_id: the template it is made from (on the wire `template`).
            gallery: pictures that go with it.
            attachments: files that go with it.
            user_id: the user who sends; the team's owner by default.
            local_id: your identifier of it, which the schedule keeps. The vendor does not say that the service knows a
                repeat by it.

        Returns:
            The id of the schedule.

        Raises:
            ArgumentError: an argument makes no sense, or they do not go together. Nothing was scheduled.
            SendUnknown: the request went out, but no answer came back.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/schedule
        """
        target = self._target(phone_number, conversation_id, list_id, targets, conversation="conversation_id")
        content = _content(text, template_id, gallery, attachments)
        body = self._written(inbox_id, execute_at, target, content, user_id, local_id)
        return await self._runner.run(CREATE_SCHEDULE.call(body=body))

    async def get(self, schedule_id: int) -> Schedule:
        """Return one scheduled message.

        Args:
            schedule_id: its id.

        Raises:
            ArgumentError: the id makes no sense.
            NotFound: there is none.

        https://developers.heymarket.com/api-reference/schedule-get
        """
        return await self._runner.run(GET_SCHEDULE.call(id=check_id("schedule_id", schedule_id)))

    async def update(
        self,
        schedule_id: int,
        *,
        inbox_id: int,
        execute_at: datetime,
        phone_number: str | None = None,
        conversation_id: int | None = None,
        list_id: int | None = None,
        targets: Sequence[str] | None = None,
        text: str | None = None,
        template_id: int | None = None,
        gallery: Sequence[GalleryEntry] | None = None,
        attachments: Sequence[Attachment] | None = None,
        user_id: int | None = None,
        local_id: str | None = None,
    ) -> WriteResult:
        """Replace a scheduled message. The service wants all of it again, also what does not change.

        Args:
            schedule_id: its id.
            inbox_id: as for `create`, like everything that follows.
            execute_at: when to send: a datetime with a time zone, on a quarter hour, at least 15 minutes ahead.
            phone_number: the target: a number; or
            conversation_id: a conversation; or
            list_id: a list; or
            targets: the numbers of a group.
            text: what it says.
            template_id: the template it is made from.
            gallery: pictures that go with it.
            attachments: files that go with it.
            user_id: the user who sends.
            local_id: your identifier of it.

        Returns:
            The id of the schedule.

        Raises:
            ArgumentError: an argument makes no sense, or they do not go together. Nothing was changed.
            NotFound: there is none; it may have been sent.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/schedule
        """
        which = check_id("schedule_id", schedule_id)
        target = self._target(phone_number, conversation_id, list_id, targets, conversation="conversation_id")
        content = _content(text, template_id, gallery, attachments)
        body = self._written(inbox_id, execute_at, target, content, user_id, local_id)
        return await self._runner.run(UPDATE_SCHEDULE.call(body=body, id=which))

    async def delete(self, schedule_id: int) -> str:
        """Delete a scheduled message before it is sent.

        The vendor says that this can be done, but not where: the address is our conclusion from those of `get` and
        `update`.

        Args:
            schedule_id: its id.

        Returns:
            The service's word for it.

        Raises:
            ArgumentError: the id makes no sense.
            NotFound: there is none; it may have been sent.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/schedule
        """
        return await self._runner.run(DELETE_SCHEDULE.call(id=check_id("schedule_id", schedule_id)))

    def _written(
        self,
        inbox_id: object,
        execute_at: object,
        target: dict[str, Any],
        content: dict[str, Any],
        user_id: object,
        local_id: object,
    ) -> dict[str, Any]:
        """Return a schedule in the service's words for it."""
        now = datetime.fromtimestamp(self._runner.clock.wall(), UTC)
        if "phone_number" in target:
            content["to"] = target["phone_number"]  # The vendor's example has it in both places.
        body: dict[str, Any] = {
            "inbox_id": check_id("inbox_id", inbox_id),
            "execute_at": rfc3339(_slot("execute_at", execute_at, now)),
            **target,
            "content": content,
        }
        if user_id is not None:
            body["user_id"] = check_id("user_id", user_id)
        if local_id is not None:
            body["local_id"] = check_text("local_id", local_id)
        return body


def _slot(argument: str, value: object, now: datetime) -> datetime:
    """Return a moment at which the service sends what was scheduled."""
    moment = check_time(argument, value)
    soonest = now + _QUARTER
    earliest = soonest + (-_past_quarter(soonest)) % _QUARTER
    advice = f"The earliest moment that is possible now is {rfc3339(earliest)}."
    if _past_quarter(moment):
        raise wrong(argument, "must be on a quarter hour: minute 0, 15, 30 or 45, and no seconds", advice)
    if moment < earliest:
        raise wrong(argument, "must be at least 15 minutes ahead", advice)
    return moment


def _past_quarter(moment: datetime) -> timedelta:
    """Return how long ago the last quarter hour of UTC was."""
    return (moment - datetime.min.replace(tzinfo=UTC)) % _QUARTER


def _content(text: object, template_id: object, gallery: object, attachments: object) -> dict[str, Any]:
    """Return what a scheduled message says in the service's words."""
    content: dict[str, Any] = {}
    if text is not None:
        content["text"] = check_text("text", text, longest=LONGEST_TEXT)
    if template_id is not None:
        content["template"] = check_id("template_id", template_id)
    if gallery is not None:
        content["gallery"] = check_gallery("gallery", gallery)
    if attachments is not None:
        content["attachments"] = check_attachments("attachments", attachments)
    if not any(content.values()):
        raise wrong("text", "is missing: pass text, template_id, gallery or attachments")
    return content
