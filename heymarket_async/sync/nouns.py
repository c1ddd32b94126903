"""The nouns of a session without `await`. A line for each method says only whose it is: a test holds them complete."""

# Version 1 of lists is here because it is there; whoever calls it is warned.
# pyright: reportDeprecated=false

from __future__ import annotations

from typing import Final

from heymarket_async import resources
from heymarket_async.sync.facade import Noun, blocking, paged


class Inboxes(Noun[resources.Inboxes]):
    """The inboxes of the team."""

    list: Final = blocking(resources.Inboxes.list)


class Team(Noun[resources.Team]):
    """The team that the credentials belong to."""

    get: Final = blocking(resources.Team.get)


class Users(Noun[resources.Users]):
    """The users of the team."""

    find: Final = blocking(resources.Users.find)
    update: Final = blocking(resources.Users.update)


class Conversations(Noun[resources.Conversations]):
    """Conversations between inboxes and contacts."""

    list: Final = paged(resources.Conversations.list)
    count: Final = blocking(resources.Conversations.count)
    get: Final = blocking(resources.Conversations.get)
    open: Final = blocking(resources.Conversations.open)
    close: Final = blocking(resources.Conversations.close)
    mark_read: Final = blocking(resources.Conversations.mark_read)
    mark_unread: Final = blocking(resources.Conversations.mark_unread)
    reassign: Final = blocking(resources.Conversations.reassign)
    transfer: Final = blocking(resources.Conversations.transfer)


class Messages(Noun[resources.Messages]):
    """Texts, pictures, broadcasts, surveys and private comments."""

    send: Final = blocking(resources.Messages.send)
    look_for: Final = blocking(resources.Messages.look_for)
    list: Final = paged(resources.Messages.list)
    history: Final = paged(resources.Messages.history)
    count: Final = blocking(resources.Messages.count)


class Email(Noun[resources.Email]):
    """E-mail from an e-mail inbox."""

    send: Final = blocking(resources.Email.send)


class ContactsV2(Noun[resources.ContactsV2]):
    """Contacts by UUID, with all the ways to reach them."""

    create_channel: Final = blocking(resources.ContactsV2.create_channel)
    update_channel: Final = blocking(resources.ContactsV2.update_channel)
    list: Final = paged(resources.ContactsV2.list)
    search: Final = blocking(resources.ContactsV2.search)
    get: Final = blocking(resources.ContactsV2.get)
    create: Final = blocking(resources.ContactsV2.create)
    update: Final = blocking(resources.ContactsV2.update)
    delete: Final = blocking(resources.ContactsV2.delete)
    upsert_many: Final = blocking(resources.ContactsV2.upsert_many)
    delete_many: Final = blocking(resources.ContactsV2.delete_many)


class Contacts(Noun[resources.Contacts]):
    """The people whom the team texts."""

    status: Final = blocking(resources.Contacts.status)
    set_status: Final = blocking(resources.Contacts.set_status)
    find: Final = blocking(resources.Contacts.find)
    list: Final = paged(resources.Contacts.list)
    count: Final = blocking(resources.Contacts.count)
    get: Final = blocking(resources.Contacts.get)
    create: Final = blocking(resources.Contacts.create)
    update: Final = blocking(resources.Contacts.update)
    amend: Final = blocking(resources.Contacts.amend)
    upsert: Final = blocking(resources.Contacts.upsert)
    delete: Final = blocking(resources.Contacts.delete)
    create_many: Final = blocking(resources.Contacts.create_many)

    @property
    def v2(self) -> ContactsV2:
        """Contacts by UUID, with all the ways to reach them."""
        return ContactsV2(self._door, self._noun.v2)


class ContactFields(Noun[resources.ContactFields]):
    """The custom fields that contacts of the team have."""

    list: Final = blocking(resources.ContactFields.list)
    create: Final = blocking(resources.ContactFields.create)


class ListsV1(Noun[resources.ListsV1]):
    """Lists in version 1, deprecated. Bodies are as integrators send them: no page describes them any more."""

    list: Final = paged(resources.ListsV1.list)
    get: Final = blocking(resources.ListsV1.get)
    create: Final = blocking(resources.ListsV1.create)
    update: Final = blocking(resources.ListsV1.update)
    delete: Final = blocking(resources.ListsV1.delete)


class Lists(Noun[resources.Lists]):
    """Lists of contacts to broadcast to."""

    create: Final = blocking(resources.Lists.create)
    update: Final = blocking(resources.Lists.update)
    delete: Final = blocking(resources.Lists.delete)

    @property
    def v1(self) -> ListsV1:
        """Version 1, which the vendor calls deprecated. No other way to read lists is documented."""
        return ListsV1(self._door, self._noun.v1)


class Templates(Noun[resources.Templates]):
    """Texts that are kept to be sent again."""

    create: Final = blocking(resources.Templates.create)
    get: Final = blocking(resources.Templates.get)
    update: Final = blocking(resources.Templates.update)
    delete: Final = blocking(resources.Templates.delete)
    list: Final = paged(resources.Templates.list)


class Tags(Noun[resources.Tags]):
    """Labels for contacts. The service cannot change a tag."""

    create: Final = blocking(resources.Tags.create)
    get: Final = blocking(resources.Tags.get)
    delete: Final = blocking(resources.Tags.delete)
    list: Final = paged(resources.Tags.list)


class Schedules(Noun[resources.Schedules]):
    """Messages that are sent later. The service cannot list them: keep the ids."""

    create: Final = blocking(resources.Schedules.create)
    get: Final = blocking(resources.Schedules.get)
    update: Final = blocking(resources.Schedules.update)
    delete: Final = blocking(resources.Schedules.delete)


class Surveys(Noun[resources.Surveys]):
    """Questions that contacts answer by text; `messages.send(survey_id=...)` asks them."""

    get: Final = blocking(resources.Surveys.get)
    list: Final = paged(resources.Surveys.list)
