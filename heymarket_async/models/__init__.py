"""What the service answers, as frozen attrs classes. One file for each noun."""

from heymarket_async.models.contacts import (
    Contact,
    ContactChannel,
    ContactField,
    ContactNote,
    ContactStatus,
    SavedContact,
)
from heymarket_async.models.conversations import Conversation, ConversationMember
from heymarket_async.models.inboxes import BusinessHours, Inbox, WidgetSettings
from heymarket_async.models.lists import BroadcastList, ListDeletion
from heymarket_async.models.messages import Message, MessageCustom, MessageStatus, SentMessage
from heymarket_async.models.results import WriteResult
from heymarket_async.models.schedules import Attachment, Schedule, ScheduledContent, ScheduleMeta
from heymarket_async.models.surveys import Survey, SurveyType
from heymarket_async.models.tags import Tag
from heymarket_async.models.team import Team, TeamMember
from heymarket_async.models.templates import GalleryContent, GalleryEntry, Template
from heymarket_async.models.users import Role, TeamUser

__all__ = [
    "Attachment",
    "BroadcastList",
    "BusinessHours",
    "Contact",
    "ContactChannel",
    "ContactField",
    "ContactNote",
    "ContactStatus",
    "Conversation",
    "ConversationMember",
    "GalleryContent",
    "GalleryEntry",
    "Inbox",
    "ListDeletion",
    "Message",
    "MessageCustom",
    "MessageStatus",
    "Role",
    "SavedContact",
    "Schedule",
    "ScheduleMeta",
    "ScheduledContent",
    "SentMessage",
    "Survey",
    "SurveyType",
    "Tag",
    "Team",
    "TeamMember",
    "TeamUser",
    "Template",
    "WidgetSettings",
    "WriteResult",
]
