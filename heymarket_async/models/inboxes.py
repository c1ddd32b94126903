"""Inboxes. https://developers.heymarket.com/api-reference/inboxes"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from heymarket_async.models.fields import extra, personal
from heymarket_async.shown import Shown


@attrs.frozen(kw_only=True, weakref_slot=False)
class WidgetSettings(Shown):
    """How the web chat widget of an inbox looks and what it asks for.

    Every field may be absent (None). The flags from `email_enabled` on were only seen by integrators.

    Attributes:
        background_color: a CSS colour, like the other colours.
        message: the text that greets a visitor.
        phone: the number that the widget texts with.
        position: a placement code; the vendor does not say what its values mean.
        tos: the terms of service, as text or as a link.
        extra: keys that the library does not know, as sent.

    https://developers.heymarket.com/api-reference/inboxes
    """

    background_color: str | None = None
    button_color: str | None = None
    fab_background_color: str | None = None
    fab_text_color: str | None = None
    message: str | None = None
    name: str | None = None
    phone: str | None = personal()
    position: int | None = None
    preview_enabled: bool | None = None
    title_background_color: str | None = None
    title_text_color: str | None = None
    tos: str | None = None
    email_enabled: bool | None = None
    email_required: bool | None = None
    name_enabled: bool | None = None
    name_required: bool | None = None
    phone_enabled: bool | None = None
    phone_optional: bool | None = None
    sms_disabled: bool | None = None
    webchat_enabled: bool | None = None
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class BusinessHours(Shown):
    """When an inbox is open. Seen by integrators only; every field may be absent (None).

    Attributes:
        weekday_start_hour: hours from 0 to 23, like the other hours; minutes go from 0 to 59.
        extra: keys that the library does not know, as sent.

    https://developers.heymarket.com/api-reference/inboxes
    """

    is_weekday_hours_set: bool | None = None
    is_weekend_hours_set: bool | None = None
    quiet_hours_enabled: bool | None = None
    weekday_start_hour: int | None = None
    weekday_start_min: int | None = None
    weekday_end_hour: int | None = None
    weekday_end_min: int | None = None
    weekend_start_hour: int | None = None
    weekend_start_min: int | None = None
    weekend_end_hour: int | None = None
    weekend_end_min: int | None = None
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class Inbox(Shown):
    """An inbox of a team: a number that customers text, and the members who answer.

    Only `id` is always there. What the service leaves out is None, or an empty tuple where there may be many.

    Attributes:
        id: the inbox, as `inbox_id` elsewhere.
        name: the name on display.
        team: the id of the team that owns it.
        members: ids of the members who may use it; a member id is what `creator_id` takes on sends.
        phone: the first number of the inbox.
        phones: all its numbers, digits with the country code, with or without a plus as the service sent them.
        forward_number: where calls are forwarded to.
        auto_assignable: whether new conversations are assigned to members by themselves.
        allowed_domains: domains that may embed the widget.
        invited: addresses that were invited.
        op: a marker of the last operation; the vendor does not say what its values mean.
        rev: the revision, which grows with every change.
        widget_code: the code that embeds the web widget.
        widget_settings: how the widget looks.
        business_hours: when the inbox is open (seen by integrators only, like everything from here on).
        created_at: when it was made.
        updated_at: when it was last changed.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/inboxes
    """

    id: int
    name: str | None = None
    team: int | None = None
    members: tuple[int, ...] = ()
    phone: str | None = personal()
    phones: tuple[str, ...] = personal(())
    forward_number: str | None = personal()
    auto_assignable: bool | None = None
    bco_chats: bool | None = None
    allowed_domains: tuple[str, ...] = ()
    invited: tuple[str, ...] = personal(())
    op: str | None = None
    rev: int | None = None
    widget_code: str | None = None
    widget_settings: WidgetSettings | None = None
    business_hours: BusinessHours | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    ai_agent_auto_assign: bool | None = None
    auto_close: bool | None = None
    email_on_inbound_idle: bool | None = None
    email_on_outbound_idle: bool | None = None
    force_assign: bool | None = None
    high_throughput: bool | None = None
    ignore_inc_call_notif: bool | None = None
    is_bandwidth: bool | None = None
    is_business_hours: bool | None = None
    is_quiet_hours: bool | None = None
    ittc: int | None = None
    notify_after_inbound_idle: int | None = None
    notify_after_outbound_idle: int | None = None
    notify_all: bool | None = None
    notify_on_chat_assignment: bool | None = None
    notify_on_inbound_idle: bool | None = None
    notify_on_outbound_idle: bool | None = None
    promote_inbound_idle_to_top: bool | None = None
    promote_outbound_idle_to_top: bool | None = None
    show_waiting_indicator: bool | None = None
    unassign_on_close: bool | None = None
    extra: Mapping[str, Any] = extra()
