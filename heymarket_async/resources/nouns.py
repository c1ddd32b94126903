"""The nouns of the service, as a session has them."""

from __future__ import annotations

from heymarket_async import resources
from heymarket_async.resources.runner import Runner


class Nouns(Runner):
    """A runner with a property for each noun."""

    @property
    def inboxes(self) -> resources.Inboxes:
        """The inboxes of the team."""
        return resources.Inboxes(self)

    @property
    def team(self) -> resources.Team:
        """The team and its members."""
        return resources.Team(self)

    @property
    def users(self) -> resources.Users:
        """The users of the team."""
        return resources.Users(self)

    @property
    def conversations(self) -> resources.Conversations:
        """Conversations between inboxes and contacts."""
        return resources.Conversations(self)

    @property
    def messages(self) -> resources.Messages:
        """Texts, pictures, broadcasts, surveys and private comments."""
        return resources.Messages(self)

    @property
    def email(self) -> resources.Email:
        """E-mail from an e-mail inbox."""
        return resources.Email(self)

    @property
    def contacts(self) -> resources.Contacts:
        """The people whom the team texts."""
        return resources.Contacts(self)

    @property
    def contact_fields(self) -> resources.ContactFields:
        """The custom fields that contacts have."""
        return resources.ContactFields(self)

    @property
    def lists(self) -> resources.Lists:
        """Lists of contacts to broadcast to."""
        return resources.Lists(self)

    @property
    def templates(self) -> resources.Templates:
        """Texts that are kept to be sent again."""
        return resources.Templates(self)

    @property
    def tags(self) -> resources.Tags:
        """Labels for contacts."""
        return resources.Tags(self)

    @property
    def schedules(self) -> resources.Schedules:
        """Messages that are sent later."""
        return resources.Schedules(self)

    @property
    def surveys(self) -> resources.Surveys:
        """Questions that contacts answer by text."""
        return resources.Surveys(self)
