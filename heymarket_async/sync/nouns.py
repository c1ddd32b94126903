"""The nouns of a session without `await`. A line for each method says only whose it is: a test holds them complete."""

# Version 1 of lists is here because it is there; whoever calls it is warned.
# pyright: reportDeprecated=false

from __future__ import annotations

from heymarket_async import resources
from heymarket_async.sync.facade import Noun, blocking, paged


class Inboxes(Noun[resources.Inboxes]):
    """The inboxes of the team."""

    list = blocking(resources.Inboxes.list)


class Team(Noun[resources.Team]):
    """The team that the credentials belong to."""

    get = blocking(resources.Team.get)


class Users(Noun[resources.Users]):
    """The users of the team."""

    find = blocking(resources.Users.find)
    update = blocking(resources.Users.update)


class Conversations(Noun[resources.Conversations]):
    """Conversations between inboxes and contacts."""

    list = paged(resources.Conversations.list)
    count = blocking(resources.Conversations.count)
    get = blocking(resources.Conversations.get)
    open = blocking(resources.Conversations.open)
    close = blocking(resources.Conversations.close)
    mark_read = blocking(resources.Conversations.mark_read)
    mark_unread = blocking(resources.Conversations.mark_unread)
    reassign = blocking(resources.Conversations.reassign)
    transfer = blocking(resources.Conversations.transfer)


class Messages(Noun[resources.Messages]):
    """Texts, pictures, broadcasts, surveys and private comments."""

    send = blocking(resources.Messages.send)
    look_for = blocking(resources.Messages.look_for)
    list = paged(resources.Messages.list)
    history = paged(resources.Messages.history)
    count = blocking(resources.Messages.count)


class Email(Noun[resources.Email]):
    """E-mail from an e-mail inbox."""

    send = blocking(resources.Email.send)


class ContactsV2(Noun[resources.ContactsV2]):
    """Contacts by UUID, with all the ways to reach them."""

    create_channel = blocking(resources.ContactsV2.create_channel)
    update_channel = blocking(resources.ContactsV2.update_channel)
    list = paged(resources.ContactsV2.list)
    search = blocking(resources.ContactsV2.search)
    get = blocking(resources.ContactsV2.get)
    create = blocking(resources.ContactsV2.create)
    update = blocking(resources.ContactsV2.update)
    delete = blocking(resources.ContactsV2.delete)
    upsert_many = blocking(resources.ContactsV2.upsert_many)
    delete_many = blocking(resources.ContactsV2.delete_many)


class Contacts(Noun[resources.Contacts]):
    """The people whom the team texts."""

    status = blocking(resources.Contacts.status)
    set_status = blocking(resources.Contacts.set_status)
    find = blocking(resources.Contacts.find)
    list = paged(resources.Contacts.list)
    count = blocking(resources.Contacts.count)
    get = blocking(resources.Contacts.get)
    create = blocking(resources.Contacts.create)
    update = blocking(resources.Contacts.update)
    amend = blocking(resources.Contacts.amend)
    upsert = blocking(resources.Contacts.upsert)
    delete = blocking(resources.Contacts.delete)
    create_many = blocking(resources.Contacts.create_many)

    @property
    def v2(self) -> ContactsV2:
        """Contacts by UUID, with all the ways to reach them."""
        return ContactsV2(self._door, self._noun.v2)


class ContactFields(Noun[resources.ContactFields]):
    """The custom fields that contacts of the team have."""

    list = blocking(resources.ContactFields.list)
    create = blocking(resources.ContactFields.create)


class ListsV1(Noun[resources.ListsV1]):
    """Lists in version 1, deprecated. Bodies are as integrators send them: no page describes them any more."""

    list = paged(resources.ListsV1.list)
    get = blocking(resources.ListsV1.get)
    create = blocking(resources.ListsV1.create)
    update = blocking(resources.ListsV1.update)
    delete = blocking(resources.ListsV1.delete)


class Lists(Noun[resources.Lists]):
    """Lists of contacts to broadcast to."""

    create = blocking(resources.Lists.create)
    update = blocking(resources.Lists.update)
    delete = blocking(resources.Lists.delete)

    @property
    def v1(self) -> ListsV1:
        """Version 1, which the vendor calls deprecated. No other way to read lists is documented."""
        return ListsV1(self._door, self._noun.v1)


class Templates(Noun[resources.Templates]):
    """Texts that are kept to be sent again."""

    create = blocking(resources.Templates.create)
    get = blocking(resources.Templates.get)
    update = blocking(resources.Templates.update)
    delete = blocking(resources.Templates.delete)
    list = paged(resources.Templates.list)


class Tags(Noun[resources.Tags]):
    """Labels for contacts. The service cannot change a tag."""

    create = blocking(resources.Tags.create)
    get = blocking(resources.Tags.get)
    delete = blocking(resources.Tags.delete)
    list = paged(resources.Tags.list)


class Schedules(Noun[resources.Schedules]):
    """Messages that are sent later. The service cannot list them: keep the ids."""

    create = blocking(resources.Schedules.create)
    get = blocking(resources.Schedules.get)
    update = blocking(resources.Schedules.update)
    delete = blocking(resources.Schedules.delete)


class Surveys(Noun[resources.Surveys]):
    """Questions that contacts answer by text; `messages.send(survey_id=...)` asks them."""

    get = blocking(resources.Surveys.get)
    list = paged(resources.Surveys.list)
