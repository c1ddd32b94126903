"""The operations, one module for each noun. Each module has its `ROUTES`."""

from __future__ import annotations

from typing import Final

from heymarket_async.sandbox.asks import Route
from heymarket_async.sandbox.nouns import (
    contact_channels,
    contact_fields,
    contact_statuses,
    contacts,
    contacts_v2,
    conversations,
    emails,
    lists,
    lists_v1,
    messages,
    schedules,
    surveys,
    tags,
    templates,
    users,
)

ROUTES: Final[tuple[Route, ...]] = (
    *users.ROUTES,
    *messages.ROUTES,
    *emails.ROUTES,
    *conversations.ROUTES,
    *contacts.ROUTES,
    *contact_statuses.ROUTES,
    *contact_fields.ROUTES,
    *contacts_v2.ROUTES,
    *contact_channels.ROUTES,
    *lists.ROUTES,
    *lists_v1.ROUTES,
    *templates.ROUTES,
    *tags.ROUTES,
    *schedules.ROUTES,
    *surveys.ROUTES,
)
