"""The open questions about the service, each with a switch.

Where the vendor's pages disagree, or say nothing, the sandbox can be each of the services that they may describe. A
client that works with all of them works with the real one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, get_args

import attrs

from heymarket_async.errors import ConfigurationError

Precision = Literal["microseconds", "milliseconds", "seconds"]
MessageCursor = Literal["before", "from", "follows_order"]
LowPage = Literal["clamp", "empty", "refuse"]
Repeat = Literal["same", "refuse", "none"]
Members = Literal["array", "object"]
SendAnswer = Literal["observed", "documented"]
Count = Literal["text", "number"]
ContactExists = Literal["error", "update", "duplicate"]
ContactPut = Literal["merge", "names", "replace"]
ContactTags = Literal["objects", "refs", "ids"]
ChannelIds = Literal["integer", "uuid"]
BatchAnswer = Literal["created", "failed", "ok"]
LimitPer = Literal["team", "credential"]
CountDate = Literal["before", "after"]
DeleteAnswer = Literal["ok", "object", "nothing"]
ScheduleTargets = Literal["both", "texts", "objects"]
ReceivedSpelling = Literal["message_recieved", "message_received"]
WebhookAccepts = Literal["2xx", "200"]
WebhookDetails = Literal["guessed", "none"]


def _fail(field: attrs.Attribute[Any], rule: str) -> ConfigurationError:
    return ConfigurationError(f"Variants({field.name}=...) {rule}.")


def _options(kind: Any) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """Return the check of a field for one of the words, or numbers, of a `Literal`."""
    allowed = get_args(kind)

    def check(_: object, field: attrs.Attribute[Any], value: object) -> None:
        if type(value) is not type(allowed[0]) or value not in allowed:
            raise _fail(field, f"must be one of: {', '.join(map(repr, allowed))}")

    return check


def _check_flag(_: object, field: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not bool:
        raise _fail(field, "must be True or False")


def _check_page(_: object, field: attrs.Attribute[Any], value: object) -> None:
    if value is not None and (type(value) is not int or value < 1):
        raise _fail(field, "must be an int, 1 or more, or None")


def _check_life(_: object, field: attrs.Attribute[Any], value: object) -> None:
    if value is not None and (type(value) not in (int, float) or not 0 <= value < math.inf):  # type: ignore[operator]  # a number by now
        raise _fail(field, "must be seconds, 0 or more, or None")


@attrs.frozen(kw_only=True)
class Variants:
    """Which of the possible services the sandbox is. The defaults follow the current pages and what was observed.

    Attributes:
        inboxes_in_wrapper: GET /v1/inboxes answers `{"inboxes": [...]}`, as in the earlier guide, in place of an array.
        retry_after: a 429 has `Retry-After`. No page says so.
        limit_per: what the rate limit counts: the requests of a team, or those of each credential. The earlier page
            says that it is per API key, the current one does not say.
        unknown_id: the status for an id that does not exist. No page mentions 404.
        strict_requests: a request with a key that no page names, or without one that some page leaves out, is refused
            with 400, so that a mistake in a client shows. Else such a key is passed over. Keys of the wrong type are
            refused either way.
        precision: how fine times are written. Microseconds were observed in messages, whole seconds stand in examples.
        compared: how fine times are compared with a cursor. A list that writes finer or coarser than it compares may
            lose or repeat records at the border of a page.
        null_for_empty: an empty list goes out as null, also one inside a record. Which of the two comes is not known.
        drop_empty: records lack the keys whose values are empty, zero or false. Observed answers lack many keys.
        largest_page: the most records of one page, whatever `limit` asks for; None for each list's own maximum. Only
            100 for POST /v2/contacts/list is documented.
        limit_refused: a `limit` above the maximum answers 400, in place of a page of the maximum.
        limit_ignored: `limit` has no effect, and pages have their default size.
        message_cursor: how POST /v1/messages/all reads `created_at`. `before`: it bounds from above, as the earlier
            page says. `from`: it bounds from below and includes the time itself, as an integrator says.
            `follows_order`: from above when descending, from below when ascending, without the time itself.
        created_at_required: POST /v1/messages/all needs `created_at`, as the earlier page says; the current one sends
            an empty object for the first page.
        contacts_v2_first_page: the number of the first page of POST /v2/contacts/list. Documented as 0; an integrator
            says that all pages count from 1.
        surveys_first_page: the number of the first page of POST /v1/surveys. An earlier page says 1.
        low_page: what a page number below the first one gets: the first page, nothing, or 400.
        send_answer: POST /v1/message/send answers the fields that an integrator observed, or those of the reference.
        message_count: POST /v1/messages/all/count answers a JSON string, as documented, or a number.
        conversation_count: the same for POST /v1/conversations/count, whose type is not documented.
        count_date: what `date` does in both of them: count what lies before it, or after it. No page says.
        nested_members: `members` of a conversation inside a message: an array, as in the reference, or an object, as
            observed.
        direction_in_type: the `type` of a message holds `inbound` or `outbound`, as the earlier page says. Else it
            holds `sms`, `mms` or `email`, and an inbound message is one without a `user`.
        conversation_seconds: `last_inbound` and `read` of a conversation are Unix seconds; else milliseconds. The unit
            is not documented.
        reader_required: POST /v1/conversations needs the id of a user as its `id`, as the earlier page says; the
            current concept page passes 0.
        closed_left_out: what a conversation list without `filters.closed` shows: open and closed ones, or open ones.
        unread_false: what `filters.unread` false shows: all conversations, or only those that were read.
        repeat: what a send with a `local_id` that was used before does: answer as the first time, answer 400, or send
            again. The answer to a repeat is not documented.
        repeat_life: for how many seconds a `local_id` is remembered; None for ever.
        check_members: a send needs a `creator_id` that is a member of the inbox, and so do the `user_id` of
            conversation writes and the `id` of a conversation list.
        contact_exists: what POST /v1/contact and POST /v2/contact do when the number has a contact: answer 400, update
            that one, or make a second one. No page says.
        contact_put: what a PUT on a contact does to keys that are left out: leave them (`merge`), clear the names,
            which the vendor says are always overwritten (`names`), or clear everything (`replace`). Custom values
            follow the query key `overwrite` in any case.
        contact_count: POST /v1/contacts/count answers a JSON string or a number. Its type is not documented.
        contact_uuids: contacts that version 2 reads show their UUID; else only a create or an update tells it.
        contact_channels: contacts of version 2 show their channels, as the earlier concept page says.
        contact_opt_outs: contacts show `is_opted_out`, as in the earlier pages.
        contact_tags: what `tags` of a contact holds: whole tags, objects with a `tag_id`, or ids. The item type is
            given as unknown.
        channel_ids: `id` and `contact_id` of a contact channel are integers, as in the current example, or UUIDs, as in
            the earlier table.
        channels_required: POST /v2/contact needs `contact_channels`, as the earlier page says.
        update_needs_phone: PUT /v2/contact needs `phone`. The current page does not say.
        bulk_by_uuid: POST /v2/contacts changes the contact that `contact_id` names, as the earlier page says. Else it
            makes a contact of every row, as the current body, which has no such key, would have it.
        batch_answer: POST /v1/batch/contacts answers the contacts, as the current page says; or those that failed and
            `"ok"` when none did, as the earlier one does; or always `"ok"`, as an integrator saw.
        contact_fields_in_wrapper: POST /v1/contact-fields answers `{"contact_fields": [...]}`. Its shape is not
            documented.
        uuid_in_writes: creates and updates answer a `uuid` besides `id` and `rev`. Integrators saw none.
        list_repeat: what POST /v2/lists does with a `local_id` that another list has: answer as for that list, answer
            400, or make a second one.
        list_needs_members: POST /v2/lists needs somebody on the list, as the current guide says.
        delete_answer: what a delete answers whose answer is not documented: `"ok"` like the others, an object, or
            nothing at all.
        schedule_targets: `targets` of a schedule are objects, as the earlier page says; plain texts, like those of a
            send, as the concept page does; or both are taken.
        schedule_template: the `template` of a scheduled content is read as an integer, as in the current page, or as
            an object, as in the earlier one.
        received_spelling: how webhooks spell the type of a text from outside. The current guide calls
            `message_recieved` the present spelling.
        webhook_accepts: the answers of a receiver that end a delivery: any 2xx, as in the current guide, or 200 only,
            as in the earlier one. What a webhook does after another one is in `WebhookOptions`.
        webhook_details: `event_data` of opt-outs, opt-ins and calls, whose keys no page tells, has `phone` and `date`,
            of calls `inbox` too, which are a guess; or is an empty object.

    Raises:
        ConfigurationError: a value makes no sense.
    """

    inboxes_in_wrapper: bool = attrs.field(default=False, validator=_check_flag)
    retry_after: bool = attrs.field(default=False, validator=_check_flag)
    limit_per: LimitPer = attrs.field(default="team", validator=_options(LimitPer))
    unknown_id: Literal[404, 400] = attrs.field(default=404, validator=_options(Literal[404, 400]))
    strict_requests: bool = attrs.field(default=True, validator=_check_flag)
    precision: Precision = attrs.field(default="microseconds", validator=_options(Precision))
    compared: Precision = attrs.field(default="microseconds", validator=_options(Precision))
    null_for_empty: bool = attrs.field(default=False, validator=_check_flag)
    drop_empty: bool = attrs.field(default=False, validator=_check_flag)
    largest_page: int | None = attrs.field(default=None, validator=_check_page)
    limit_refused: bool = attrs.field(default=False, validator=_check_flag)
    limit_ignored: bool = attrs.field(default=False, validator=_check_flag)
    message_cursor: MessageCursor = attrs.field(default="before", validator=_options(MessageCursor))
    created_at_required: bool = attrs.field(default=False, validator=_check_flag)
    contacts_v2_first_page: Literal[0, 1] = attrs.field(default=0, validator=_options(Literal[0, 1]))
    surveys_first_page: Literal[0, 1] = attrs.field(default=1, validator=_options(Literal[0, 1]))
    low_page: LowPage = attrs.field(default="clamp", validator=_options(LowPage))
    send_answer: SendAnswer = attrs.field(default="observed", validator=_options(SendAnswer))
    message_count: Count = attrs.field(default="text", validator=_options(Count))
    conversation_count: Count = attrs.field(default="text", validator=_options(Count))
    count_date: CountDate = attrs.field(default="before", validator=_options(CountDate))
    nested_members: Members = attrs.field(default="array", validator=_options(Members))
    direction_in_type: bool = attrs.field(default=True, validator=_check_flag)
    conversation_seconds: bool = attrs.field(default=True, validator=_check_flag)
    reader_required: bool = attrs.field(default=False, validator=_check_flag)
    closed_left_out: Literal["both", "open"] = attrs.field(default="both", validator=_options(Literal["both", "open"]))
    unread_false: Literal["all", "read"] = attrs.field(default="all", validator=_options(Literal["all", "read"]))
    repeat: Repeat = attrs.field(default="same", validator=_options(Repeat))
    repeat_life: float | None = attrs.field(default=None, validator=_check_life)
    check_members: bool = attrs.field(default=True, validator=_check_flag)
    delete_answer: DeleteAnswer = attrs.field(default="ok", validator=_options(DeleteAnswer))
    schedule_targets: ScheduleTargets = attrs.field(default="both", validator=_options(ScheduleTargets))
    schedule_template: Literal["integer", "object"] = attrs.field(
        default="integer", validator=_options(Literal["integer", "object"])
    )
    contact_exists: ContactExists = attrs.field(default="error", validator=_options(ContactExists))
    contact_put: ContactPut = attrs.field(default="merge", validator=_options(ContactPut))
    contact_count: Count = attrs.field(default="text", validator=_options(Count))
    contact_uuids: bool = attrs.field(default=False, validator=_check_flag)
    contact_channels: bool = attrs.field(default=False, validator=_check_flag)
    contact_opt_outs: bool = attrs.field(default=False, validator=_check_flag)
    contact_tags: ContactTags = attrs.field(default="objects", validator=_options(ContactTags))
    channel_ids: ChannelIds = attrs.field(default="integer", validator=_options(ChannelIds))
    channels_required: bool = attrs.field(default=True, validator=_check_flag)
    update_needs_phone: bool = attrs.field(default=False, validator=_check_flag)
    bulk_by_uuid: bool = attrs.field(default=True, validator=_check_flag)
    batch_answer: BatchAnswer = attrs.field(default="created", validator=_options(BatchAnswer))
    contact_fields_in_wrapper: bool = attrs.field(default=False, validator=_check_flag)
    uuid_in_writes: bool = attrs.field(default=True, validator=_check_flag)
    list_repeat: Repeat = attrs.field(default="same", validator=_options(Repeat))
    list_needs_members: bool = attrs.field(default=True, validator=_check_flag)
    received_spelling: ReceivedSpelling = attrs.field(default="message_recieved", validator=_options(ReceivedSpelling))
    webhook_accepts: WebhookAccepts = attrs.field(default="2xx", validator=_options(WebhookAccepts))
    webhook_details: WebhookDetails = attrs.field(default="guessed", validator=_options(WebhookDetails))
