"""The nouns of the service, as a session has them."""

from __future__ import annotations

from heymarket_async.resources.base import Runner
from heymarket_async.resources.contact_fields import ContactFields
from heymarket_async.resources.contacts import Contacts
from heymarket_async.resources.conversations import Conversations
from heymarket_async.resources.email import Email
from heymarket_async.resources.inboxes import Inboxes
from heymarket_async.resources.lists import Lists
from heymarket_async.resources.messages import Messages
from heymarket_async.resources.schedules import Schedules
from heymarket_async.resources.surveys import Surveys
from heymarket_async.resources.tags import Tags
from heymarket_async.resources.team import Team
from heymarket_async.resources.templates import Templates
from heymarket_async.resources.users import Users


class Nouns(Runner):
    """A runner with a property for each noun."""

    @property
    def inboxes(self) -> Inboxes:
        """The inboxes of the team."""
        return Inboxes(self)

    @property
    def team(self) -> Team:
        """The team and its members."""
        return Team(self)

    @property
    def users(self) -> Users:
        """The users of the team."""
        return Users(self)

    @property
    def conversations(self) -> Conversations:
        """Conversations between inboxes and contacts."""
        return Conversations(self)

    @property
    def messages(self) -> Messages:
        """Texts, pictures, broadcasts, surveys and private comments."""
        return Messages(self)

    @property
    def email(self) -> Email:
        """E-mail from an e-mail inbox."""
        return Email(self)

    @property
    def contacts(self) -> Contacts:
        """The people whom the team texts."""
        return Contacts(self)

    @property
    def contact_fields(self) -> ContactFields:
        """The custom fields that contacts have."""
        return ContactFields(self)

    @property
    def lists(self) -> Lists:
        """Lists of contacts to broadcast to."""
        return Lists(self)

    @property
    def templates(self) -> Templates:
        """Texts that are kept to be sent again."""
        return Templates(self)

    @property
    def tags(self) -> Tags:
        """Labels for contacts."""
        return Tags(self)

    @property
    def schedules(self) -> Schedules:
        """Messages that are sent later."""
        return Schedules(self)

    @property
    def surveys(self) -> Surveys:
        """Questions that contacts answer by text."""
        return Surveys(self)
