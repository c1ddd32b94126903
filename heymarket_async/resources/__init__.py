"""The operations of the service, one file for each noun."""

from heymarket_async.resources.contact_batches import ContactBatch, ContactResult, RowOutcome
from heymarket_async.resources.contact_fields import ContactFields
from heymarket_async.resources.contact_statuses import NewStatus
from heymarket_async.resources.contact_writes import ChannelValues, ContactRow, ContactRowV2, ContactValues
from heymarket_async.resources.contacts import Contacts
from heymarket_async.resources.contacts_v2 import ContactsV2
from heymarket_async.resources.conversations import Conversations
from heymarket_async.resources.email import Email
from heymarket_async.resources.inboxes import Inboxes
from heymarket_async.resources.lists import Lists
from heymarket_async.resources.lists_v1 import ListMember, ListsV1
from heymarket_async.resources.messages import Messages
from heymarket_async.resources.schedules import Schedules
from heymarket_async.resources.surveys import Surveys
from heymarket_async.resources.tags import Tags
from heymarket_async.resources.team import Team
from heymarket_async.resources.templates import Templates
from heymarket_async.resources.users import Users, UserUpdate

__all__ = [
    "ChannelValues",
    "ContactBatch",
    "ContactFields",
    "ContactResult",
    "ContactRow",
    "ContactRowV2",
    "ContactValues",
    "Contacts",
    "ContactsV2",
    "Conversations",
    "Email",
    "Inboxes",
    "ListMember",
    "Lists",
    "ListsV1",
    "Messages",
    "NewStatus",
    "RowOutcome",
    "Schedules",
    "Surveys",
    "Tags",
    "Team",
    "Templates",
    "UserUpdate",
    "Users",
]
