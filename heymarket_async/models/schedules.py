"""Scheduled messages. https://developers.heymarket.com/api-reference/schedule-get"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from heymarket_async.models.fields import extra, mapping, personal, plain
from heymarket_async.models.templates import GalleryEntry
from heymarket_async.shown import Shown


@attrs.frozen(kw_only=True, weakref_slot=False)
class Attachment(Shown):
    """A file that goes with a scheduled message. It is read in schedules, and written in them too.

    Attributes:
        name: the name of the file.
        type: its media type, such as `application/pdf`.
        url: where it is.
        extra: keys that the library does not know, or whose values did not fit, as sent. A write sends them back.

    https://developers.heymarket.com/api-reference/schedule-get
    """

    name: str | None = personal()
    type: str | None = None
    url: str | None = personal()
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class ScheduledContent(Shown):
    """What a scheduled message says.

    Attributes:
        text: the text.
        to: the number it goes to.
        template: the template it was made from: its id, or an object in an earlier state of the service. `template_id`
            is the id in both cases.
        attachments: the files.
        gallery: the pictures.
        local_day: the vendor does not say what it means, nor for `local_time` and `offset`.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/schedule-get
    """

    text: str | None = personal()
    to: str | None = personal()
    template: int | Mapping[str, Any] | None = mapping()
    attachments: tuple[Attachment, ...] = ()
    gallery: tuple[GalleryEntry, ...] = ()
    local_day: int | None = None
    local_time: str | None = None
    offset: int | None = None
    extra: Mapping[str, Any] = extra()

    @property
    def template_id(self) -> int | None:
        """The id of the template it was made from, if it was made from one."""
        found = self.template.get("id") if isinstance(self.template, Mapping) else self.template
        return found if isinstance(found, int) and found else None


@attrs.frozen(kw_only=True, weakref_slot=False)
class ScheduleMeta(Shown):
    """What a scheduled message says and where it goes. The service writes 0 or an empty text for what is not there.

    Attributes:
        content: what it says.
        conversation_id: the conversation it goes to.
        list_id: the list it goes to.
        campaign_id: the campaign it is part of.
        campaign_step_id: the step of that campaign.
        campaign_target_phone: the number that the campaign aims at.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/schedule-get
    """

    content: ScheduledContent | None = None
    conversation_id: int | None = None
    list_id: int | None = None
    campaign_id: int | None = None
    campaign_step_id: int | None = None
    campaign_target_phone: str | None = personal()
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class Schedule(Shown):
    """A message that will be sent later.

    Only `id` is always there. What the service leaves out is None.

    Attributes:
        id: the schedule.
        execute_at: when it is sent (on the wire `execute`).
        inbox_id: the inbox it is sent from.
        meta: what it says and where it goes.
        user_id: the user who sends (seen by an integrator only, like `team_id`).
        team_id: the team it belongs to.
        local_id: the identifier that the client gave when it made it.
        op: a marker of the last operation.
        rev: its revision, which counts its changes.
        created: when it was made.
        updated: when it was last changed.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/schedule-get
    """

    id: int
    execute_at: datetime | None = plain("execute")  # noqa: RUF009 - it makes a field
    inbox_id: int | None = None
    meta: ScheduleMeta | None = None
    user_id: int | None = None
    team_id: int | None = None
    local_id: str | None = None
    op: str | None = None
    rev: int | None = None
    created: datetime | None = None
    updated: datetime | None = None
    extra: Mapping[str, Any] = extra()
