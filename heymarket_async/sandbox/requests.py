"""What each of the operations takes, as a table.

It says in Python what the contract says in YAML, so that the sandbox needs neither that file nor a schema library. A
test holds the two equal. Keys that pages name and keys that only integrators report are both here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from heymarket_async.sandbox.contract import (
    Anything,
    Either,
    Flag,
    Free,
    ListOf,
    Record,
    Takes,
    Text,
    Time,
    Whole,
)

TEXT: Final = Text()
TIME: Final = Time()
WHOLE: Final = Whole()
FLAG: Final = Flag()
FREE: Final = Free()
TEXTS: Final = ListOf(TEXT)
WHOLES: Final = ListOf(WHOLE)

_NOTHING: Final = Takes()
_OVERWRITE: Final = {"overwrite": FLAG}

# Users.
_USERS_GET: Final = Record({"phone": TEXTS, "email": TEXTS})
_USER_UPDATE: Final = Record({"id": WHOLE, "first_name": TEXT, "last_name": TEXT, "role_id": WHOLE}, ["id"])

# The paging body that the current generated pages show everywhere.
_PAGING: Final = Record(
    {
        "archived": FLAG,
        "ascending": FLAG,
        "assigned": WHOLE,
        "date": TIME,
        "filter": TEXT,
        "id": WHOLE,
        "limit": WHOLE,
        "order": TEXT,
        "page": WHOLE,
        "parent_id": WHOLE,
    }
)
_DATE_CURSOR: Final = Record({"date": TIME})

# Messages.
_SEND_MESSAGE: Final = Record(
    {
        "inbox_id": WHOLE,
        "creator_id": WHOLE,
        "phone_number": TEXT,
        "chat_id": WHOLE,
        "list_id": WHOLE,
        "targets": TEXTS,
        "text": TEXT,
        "media_url": TEXT,
        "template_id": WHOLE,
        "local_id": TEXT,
        "activity_id": TEXT,
        "private": FLAG,
        "author": TEXT,
        "survey_id": WHOLE,
        "creator_email": TEXT,
        "conv_name": TEXT,
    },
    ["inbox_id", "creator_id"],
    ["creator_id"],
)
_SEND_EMAIL: Final = Record(
    {
        "creator_id": WHOLE,
        "inbox": WHOLE,
        "text": TEXT,
        "raw_text": TEXT,
        "local_id": TEXT,
        "conv_title": TEXT,
        "targets": TEXTS,
        "convo_id": WHOLE,
    },
    ["creator_id", "inbox", "text"],
)
_LIST_MESSAGES: Final = _PAGING | Record({"created_at": TIME})
_HISTORY: Final = {"phoneNumber": TEXT, "inboxID": WHOLE, "timestamp": WHOLE}

# Conversations.
_LIST_CONVERSATIONS: Final = _PAGING | Record(
    {"filters": Record({"inboxes": WHOLES, "closed": FLAG, "unread": FLAG})}, ["id", "filters"], ["id", "filters"]
)
_STATE: Final = Record(
    {"chat_id": WHOLE, "inbox_id": WHOLE, "target": TEXT, "targets": TEXTS, "user_id": WHOLE}, ["inbox_id", "user_id"]
)
_READ: Final = Record(
    {"inbox_id": WHOLE, "user_id": WHOLE, "target": TEXT, "targets": TEXTS, "reassign_id": WHOLE},
    ["inbox_id", "user_id"],
)
_REASSIGN: Final = _READ | Record({}, ["reassign_id"])
_TRANSFER: Final = Record(
    {"conversation_id": WHOLE, "transfer_inbox_id": WHOLE}, ["conversation_id", "transfer_inbox_id"]
)

# Contacts.
_CONTACT_KEYS: Final = Record(
    {
        "phone": TEXT,
        "first": TEXT,
        "last": TEXT,
        "display_name": TEXT,
        "email": TEXT,
        "custom": FREE,
        "avatar": TEXT,
        "assignee_id": WHOLE,
        # https://developers.heymarket.com/concepts/contacts: at most five tags on a contact.
        "tags": ListOf(Record({"tag_id": WHOLE}, ["tag_id"]), most=5),
        "is_opted_out": FLAG,
        "email_suppressions": WHOLES,
    }
)
CONTACT_WRITE: Final = _CONTACT_KEYS | Record({}, ["phone"])
_CONTACT_GET: Final = Record({"phone": TEXT, "id": TEXT})
_CONTACT_STATUS: Final = Record({"id": WHOLE, "phone": TEXT})
_STATUSES: Final = Text(("active", "blocked", "unblocked", "subscribed", "unsubscribed"))
_SET_CONTACT_STATUS: Final = _CONTACT_STATUS | Record({"status": _STATUSES}, ["status"])
_CHANNEL_INPUT: Final = Record(
    {"channel_type": TEXT, "channel_id": TEXT, "channel_ids": TEXTS, "channel_handle": TEXT, "info_channel": TEXT}
)
CONTACT_WRITE_V2: Final = _CONTACT_KEYS | Record({"contact_channels": ListOf(_CHANNEL_INPUT)})
BULK_CONTACT: Final = CONTACT_WRITE_V2 | Record({"contact_id": TEXT})
_CHANNEL_WRITE: Final = Record({"channel_type": TEXT, "channel_id": TEXT}, ["channel_type", "channel_id"])
_CHANNEL_FILTER: Final = Record(
    {"contact_channels": ListOf(Record({"channel_type": TEXT, "channel_ids": TEXTS}, ["channel_ids"]))},
    ["contact_channels"],
)
_CONTACTS_LIST_V2: Final = Record({"limit": WHOLE, "page": WHOLE, "date": TIME, "ascending": FLAG})

# Lists, templates, tags, surveys.
_LIST_CREATE: Final = Record(
    {"title": TEXT, "local_id": TEXT, "type": TEXT, "contacts": WHOLES, "phones": TEXTS, "emails": TEXTS},
    ["title", "local_id"],
)
_LIST_UPDATE: Final = Record(
    {
        "title": TEXT,
        "contacts": WHOLES,
        "phones": TEXTS,
        "emails": TEXTS,
        "add_contacts": WHOLES,
        "remove_contacts": WHOLES,
        "add_phones": TEXTS,
        "remove_phones": TEXTS,
        "add_emails": TEXTS,
        "remove_emails": TEXTS,
    }
)
_LIST_V1: Final = Record({"title": TEXT, "add_phone": TEXT, "remove_phone": TEXT, "members": FREE})
_GALLERY: Final = ListOf(
    Record({"url": TEXT, "original_url": TEXT, "annotation_text": TEXT, "annotation_position": TEXT})
)
_TEMPLATE: Final = Record(
    {"title": TEXT, "content": Record({"text": TEXT, "gallery": _GALLERY}), "local_id": TEXT, "archived": FLAG},
    ["title", "content"],
)
_TAG: Final = Record({"tag": TEXT, "color": TEXT}, ["tag"])

# Schedules.
_SCHEDULE: Final = Record(
    {
        "inbox_id": WHOLE,
        "execute_at": TIME,
        "content": Record(
            {
                "text": TEXT,
                "to": TEXT,
                "template": Either((WHOLE, FREE)),
                "attachments": ListOf(Record({"name": TEXT, "type": TEXT, "url": TEXT})),
                "gallery": _GALLERY,
                "local_day": WHOLE,
                "local_time": TEXT,
                "offset": WHOLE,
            }
        ),
        "phone_number": TEXT,
        "targets": ListOf(Anything()),
        "conversation_id": WHOLE,
        "list_id": WHOLE,
        "local_id": TEXT,
        "user_id": WHOLE,
    },
    ["inbox_id", "execute_at", "content"],
)

REQUESTS: Final[Mapping[str, Takes]] = {
    "list_inboxes": _NOTHING,
    "get_team": _NOTHING,
    "get_users": Takes(body=_USERS_GET, needs_body=False),
    "update_users": Takes(body=Record({"users": ListOf(_USER_UPDATE)}, ["users"])),
    "send_message": Takes(body=_SEND_MESSAGE),
    "send_email": Takes(body=_SEND_EMAIL),
    "get_message_history": Takes(query=_HISTORY, needs=["phoneNumber", "inboxID"]),
    "list_messages": Takes(body=_LIST_MESSAGES),
    "count_messages": Takes(body=_PAGING),
    "list_conversations": Takes(body=_LIST_CONVERSATIONS),
    "count_conversations": Takes(body=_PAGING),
    "get_conversation": _NOTHING,
    "open_conversation": Takes(body=_STATE),
    "close_conversation": Takes(body=_STATE),
    "mark_conversation_read": Takes(body=_READ),
    "mark_conversation_unread": Takes(body=_READ),
    "reassign_conversation": Takes(body=_REASSIGN),
    "transfer_conversation": Takes(body=_TRANSFER),
    "create_contact": Takes(body=CONTACT_WRITE),
    "get_contact": _NOTHING,
    "update_contact": Takes(body=CONTACT_WRITE, query=_OVERWRITE),
    "delete_contact": _NOTHING,
    "list_contacts": Takes(body=_PAGING, needs_body=False),
    "count_contacts": Takes(body=_PAGING, needs_body=False),
    "get_contact_by_phone_or_id": Takes(body=_CONTACT_GET),
    "get_contact_status": Takes(body=_CONTACT_STATUS),
    "set_contact_status": Takes(body=_SET_CONTACT_STATUS),
    "batch_create_contacts": Takes(body=ListOf(CONTACT_WRITE), query=_OVERWRITE),
    "list_contact_fields": Takes(body=Record({}), needs_body=False),
    "create_contact_fields": Takes(body=ListOf(Record({"title": TEXT}, ["title"]))),
    "create_contact_v2": Takes(body=CONTACT_WRITE_V2),
    "get_contact_v2": _NOTHING,
    "update_contact_v2": Takes(body=CONTACT_WRITE_V2),
    "delete_contact_v2": _NOTHING,
    "bulk_upsert_contacts_v2": Takes(body=Record({"contacts": ListOf(BULK_CONTACT)}, ["contacts"])),
    "bulk_delete_contacts_v2": Takes(body=_CHANNEL_FILTER),
    "list_contacts_v2": Takes(body=_CONTACTS_LIST_V2, needs_body=False),
    "search_contacts_v2": Takes(body=_CHANNEL_FILTER),
    "create_contact_channel_v2": Takes(body=_CHANNEL_WRITE),
    "update_contact_channel_v2": Takes(body=_CHANNEL_WRITE),
    "create_list": Takes(body=_LIST_CREATE),
    "update_list": Takes(body=_LIST_UPDATE),
    "delete_list": Takes(body=Record({"contact_ids": WHOLES}), needs_body=False),
    "create_list_v1": Takes(body=_LIST_V1),
    "get_list_v1": _NOTHING,
    "update_list_v1": Takes(body=_LIST_V1),
    "delete_list_v1": _NOTHING,
    "list_lists_v1": Takes(body=_DATE_CURSOR, needs_body=False),
    "create_template": Takes(body=_TEMPLATE),
    "get_template": _NOTHING,
    "update_template": Takes(body=_TEMPLATE),
    "delete_template": _NOTHING,
    "list_templates": Takes(body=_DATE_CURSOR, needs_body=False),
    "create_tag": Takes(body=_TAG),
    "get_tag": _NOTHING,
    "delete_tag": _NOTHING,
    "list_tags": Takes(body=_DATE_CURSOR, needs_body=False),
    "create_schedule": Takes(body=_SCHEDULE),
    "get_schedule": _NOTHING,
    "update_schedule": Takes(body=_SCHEDULE),
    "delete_schedule": _NOTHING,
    "get_survey": _NOTHING,
    "list_surveys": Takes(body=Record({"limit": WHOLE, "page": WHOLE}), needs_body=False),
}
