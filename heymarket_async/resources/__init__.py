"""The operations of the service, one file for each noun. Each brings its models, and is imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heymarket_async._lazy import lazy_names

if TYPE_CHECKING:
    from heymarket_async.resources.contact_fields import ContactFields
    from heymarket_async.resources.contact_statuses import NewStatus
    from heymarket_async.resources.contacts import Contacts
    from heymarket_async.resources.contacts_v2 import ContactsV2
    from heymarket_async.resources.conversations import Conversations
    from heymarket_async.resources.email import Email
    from heymarket_async.resources.inboxes import Inboxes
    from heymarket_async.resources.lists import Lists
    from heymarket_async.resources.lists_v1 import ListsV1
    from heymarket_async.resources.messages import Messages
    from heymarket_async.resources.schedules import Schedules
    from heymarket_async.resources.surveys import Surveys
    from heymarket_async.resources.tags import Tags
    from heymarket_async.resources.team import Team
    from heymarket_async.resources.templates import Templates
    from heymarket_async.resources.users import Users
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "contact_fields": ("ContactFields",),
            "contact_statuses": ("NewStatus",),
            "contacts": ("Contacts",),
            "contacts_v2": ("ContactsV2",),
            "conversations": ("Conversations",),
            "email": ("Email",),
            "inboxes": ("Inboxes",),
            "lists": ("Lists",),
            "lists_v1": ("ListsV1",),
            "messages": ("Messages",),
            "schedules": ("Schedules",),
            "surveys": ("Surveys",),
            "tags": ("Tags",),
            "team": ("Team",),
            "templates": ("Templates",),
            "users": ("Users",),
        },
    )

__all__ = [
    "ContactFields",
    "Contacts",
    "ContactsV2",
    "Conversations",
    "Email",
    "Inboxes",
    "Lists",
    "ListsV1",
    "Messages",
    "NewStatus",
    "Schedules",
    "Surveys",
    "Tags",
    "Team",
    "Templates",
    "Users",
]
