"""A walk through everything that heymarket_async can do, one noun of the service after the other.

    .venv/bin/python examples/walkthrough.py

Nothing leaves the machine: this talks to the sandbox, a local imitation of the service with a fictional team. Each line
of the output shows a method of the session and what came of it.
"""

# Type checkers point out what is deprecated. Here that is wanted once: see show_lists_v1.
# pyright: reportDeprecated=false

from __future__ import annotations

import asyncio
import warnings
from datetime import UTC, datetime, timedelta

from heymarket_async import AsyncSession, Inbox, NotFound, Team, UserUpdate, WriteResult
from heymarket_async.sandbox import Sandbox

# Customers of this walk. Numbers may be written as people write them, as long as the country code is there.
KIM = "+1 (510) 555-0121"
LEE = "+1 510 555 0122"
NOA = "1-510-555-0123"


def heading(text: str) -> None:
    """Begin a new part of the output."""
    print(f"\n{text}\n{'-' * len(text)}")


def say(method: str, outcome: object) -> None:
    """Show what came of a method."""
    print(f"  {method:<28}{outcome}")


def id_of(result: WriteResult) -> int:
    """Return the id of what was written. It is optional, because a write counts even if its answer lacks the id."""
    assert result.id is not None
    return result.id


async def show_inboxes(heymarket: AsyncSession) -> tuple[Inbox, ...]:
    """An inbox is a number that customers text. Its members are those who can send from it."""
    heading("Inboxes")
    inboxes = await heymarket.inboxes.list()
    for inbox in inboxes:
        say("inboxes.list", f"{inbox.id} {inbox.name}, {len(inbox.members)} members")
    return inboxes


async def show_team(heymarket: AsyncSession) -> Team:
    """The team is the one that the credentials belong to."""
    heading("Team")
    team = await heymarket.team.get()
    say("team.get", f"{team.name}, lists of up to {team.list_size} contacts")
    for member in team.members:
        say("team.get", f"{member.id} {member.name}")
    return team


async def show_users(heymarket: AsyncSession, team: Team) -> None:
    """Users are the members again, with more about each of them, and they can be changed."""
    heading("Users")
    addresses = [member.email for member in team.members if member.email]
    users = await heymarket.users.find(emails=addresses)
    for user in users:
        say("users.find", f"{user.id} {user.name} <{user.email}>")

    # What an update leaves out stays as it is. Several users go in one request.
    for user in await heymarket.users.update(UserUpdate(id=users[0].id, first_name="Charlie")):
        say("users.update", f"{user.id} is {user.name} now")


async def show_contact_fields(heymarket: AsyncSession) -> None:
    """Custom fields hold what a team wants to know of its contacts."""
    heading("Contact fields")
    for field in await heymarket.contact_fields.create(["Shoe size", "Plan"]):
        say("contact_fields.create", f"{field.title}{' was there already' if field.duplicate else ' is new'}")
    say("contact_fields.list", ", ".join([field.title or "" for field in await heymarket.contact_fields.list()]))


async def show_tags(heymarket: AsyncSession) -> None:
    """Tags are labels for contacts. The service can make and delete them, but not change them."""
    heading("Tags")
    tag_id = id_of(await heymarket.tags.create(name="Early bird", color="#1F6FEB"))
    say("tags.create", f"tag {tag_id}")
    tag = await heymarket.tags.get(tag_id)
    say("tags.get", f"{tag.name} in {tag.color}")
    say("tags.list", ", ".join([tag.name or "" async for tag in heymarket.tags.list()]))
    say("tags.delete", await heymarket.tags.delete(tag_id))

    # Every error of the library is a HeymarketError. Its class says what happened, its text also what to do.
    try:
        await heymarket.tags.get(tag_id)
    except NotFound as error:
        say("tags.get", f"{type(error).__name__}, status {error.status}")


async def show_contacts(heymarket: AsyncSession) -> None:
    """Contacts are the people whom the team texts."""
    heading("Contacts")
    kim = id_of(await heymarket.contacts.create(phone_number=KIM, first_name="Kim", last_name="Park"))
    say("contacts.create", f"contact {kim}")
    found = await heymarket.contacts.find(phone_number=KIM)
    say("contacts.find", found.display_name if found else "nobody")

    # `update` writes a contact as it shall be; `amend` changes some values and keeps the others. Custom fields go by
    # their titles: the library looks up the ids.
    written = await heymarket.contacts.update(kim, phone_number=KIM, first_name="Kim", last_name="Parker")
    say("contacts.update", f"revision {written.rev}")
    written = await heymarket.contacts.amend(kim, email="kim@example.com", custom={"Shoe size": "39"})
    say("contacts.amend", f"revision {written.rev}")
    contact = await heymarket.contacts.get(kim)
    say("contacts.get", f"{contact.first_name} {contact.last_name} <{contact.email}>, custom fields {contact.custom}")

    # `upsert` makes a contact if the number has none. `create_many` says for each row what became of it.
    lee = await heymarket.contacts.upsert(phone_number=LEE, first_name="Lee")
    say("contacts.upsert", f"contact {lee.id}")
    batch = await heymarket.contacts.create_many(
        [{"phone_number": LEE, "first_name": "Lee"}, {"phone_number": NOA, "first_name": "Noa"}]
    )
    say("contacts.create_many", batch)

    # Lists come page by page as they are needed, however many pages that is.
    names = [contact.display_name or "" async for contact in heymarket.contacts.list(limit=3)]
    say("contacts.list", f"last changed: {', '.join(names)}")
    say("contacts.count", await heymarket.contacts.count())

    # Somebody who unsubscribed cannot be texted.
    await heymarket.contacts.set_status("unsubscribed", phone_number=KIM)
    status = await heymarket.contacts.status(phone_number=KIM)
    say("contacts.status", f"unsubscribed: {status.unsubscribed}")
    say("contacts.set_status", await heymarket.contacts.set_status("subscribed", phone_number=KIM))
    say("contacts.delete", await heymarket.contacts.delete(id_of(lee)))


async def show_contacts_v2(heymarket: AsyncSession) -> None:
    """Version 2 knows a contact by UUID and may reach it in several ways, which are its channels."""
    heading("Contacts, version 2")
    v2 = heymarket.contacts.v2
    ana = await v2.create(channels=[{"channel_type": "email", "channel_id": "ana@example.com"}], first_name="Ana")
    say("contacts.v2.create", f"contact {ana.uuid}")
    assert ana.uuid is not None  # optional, like the ids of writes
    saved = await v2.update(ana.uuid, first_name="Ana", last_name="Silva")
    say("contacts.v2.update", f"revision {saved.rev}")
    contact = await v2.get(ana.uuid)
    say("contacts.v2.get", contact.display_name)

    channels = await v2.create_channel(ana.uuid, channel_type="phone", channel_id="+1 510 555 0124")
    say("contacts.v2.create_channel", ", ".join(f"{channel.channel_type} {channel.channel_id}" for channel in channels))
    channels = await v2.update_channel(ana.uuid, channel_type="phone", channel_id="+1 510 555 0125")
    say("contacts.v2.update_channel", ", ".join(f"{channel.channel_type} {channel.channel_id}" for channel in channels))
    found = await v2.search(emails=["ana@example.com"])
    say("contacts.v2.search", f"{len(found)} found")

    # A row with a UUID changes a contact, one without makes a contact.
    batch = await v2.upsert_many(
        [
            {"contact_id": ana.uuid, "last_name": "Souza"},
            {"first_name": "Ben", "channels": [{"channel_type": "email", "channel_id": "ben@example.com"}]},
        ]
    )
    say("contacts.v2.upsert_many", batch)
    names = [contact.display_name or "" async for contact in v2.list(limit=3)]
    say("contacts.v2.list", f"last changed: {', '.join(names)}")

    say("contacts.v2.delete", await v2.delete(ana.uuid))
    others = [row.uuid for row in batch.saved if row.uuid and row.uuid != ana.uuid]
    say("contacts.v2.delete_many", await v2.delete_many(others))


async def show_messages(heymarket: AsyncSession, inbox: Inbox) -> None:
    """A text goes out once, or `SendUnknown` is raised: the library never repeats one that may have gone out."""
    heading("Messages")
    sent = await heymarket.messages.send(
        inbox_id=inbox.id,
        creator_id=inbox.members[0],  # the member who sends
        phone_number=KIM,
        text="Your order has shipped.",
    )
    say("messages.send", f"message {sent.id} in conversation {sent.conversation_id}")

    # A private comment stands in the conversation, and only the team sees it.
    await heymarket.messages.send(
        inbox_id=inbox.id, creator_id=inbox.members[0], phone_number=KIM, text="She asked for express.", private=True
    )
    async for message in heymarket.messages.history(inbox_id=inbox.id, phone_number=KIM):
        say("messages.history", message.text)

    # A list is fetched as it is read. Its cursor is a text: whoever has it goes on from there, even tomorrow.
    messages = heymarket.messages.list()
    for message in await messages.collect(limit=3):
        say("messages.list", f"{message.type}: {message.text}")
    older = heymarket.messages.list(cursor=messages.cursor)
    say("messages.list", f"{len(await older.collect())} older ones")
    say("messages.count", await heymarket.messages.count())


async def show_email(heymarket: AsyncSession, inbox: Inbox) -> None:
    """E-mail begins a conversation with its addressees, or goes on with one."""
    heading("E-mail")
    sent = await heymarket.email.send(
        inbox_id=inbox.id,
        creator_id=inbox.members[0],
        to=["kim@example.com"],
        cc=["lee@example.com"],
        title="Your invoice",
        text="<p>Thank you for your order.</p>",
        raw_text="Thank you for your order.",
    )
    say("email.send", f"message {sent.id} in conversation {sent.conversation_id}")


async def show_conversations(heymarket: AsyncSession, inbox: Inbox, other_inbox: Inbox) -> None:
    """A conversation is all that an inbox and a contact wrote to each other. Users take it, leave it and close it."""
    heading("Conversations")
    conversations = heymarket.conversations
    say("conversations.count", await conversations.count())
    async for conversation in conversations.list(inboxes=[inbox.id], closed=False, limit=3):
        say("conversations.list", f"{conversation.id} {conversation.status}, {conversation.channel}")

    # Whoever acts, acts on behalf of a user. The conversation is named by the number of its contact.
    me, colleague = inbox.members[:2]
    say("conversations.mark_unread", await conversations.mark_unread(inbox_id=inbox.id, user_id=me, phone_number=KIM))
    say("conversations.mark_read", await conversations.mark_read(inbox_id=inbox.id, user_id=me, phone_number=KIM))
    await conversations.reassign(inbox_id=inbox.id, user_id=me, assignee_id=colleague, phone_number=KIM)
    say("conversations.reassign", f"from {me} to {colleague}")
    say("conversations.close", await conversations.close(inbox_id=inbox.id, user_id=colleague, phone_number=KIM))
    say("conversations.open", await conversations.open(inbox_id=inbox.id, user_id=colleague, phone_number=KIM))

    latest = await conversations.list(inboxes=[inbox.id]).collect(limit=1)
    await conversations.transfer(latest[0].id, inbox_id=other_inbox.id)
    say("conversations.transfer", f"from {inbox.name} to {other_inbox.name}")
    moved = await conversations.get(latest[0].id)
    say("conversations.get", f"{moved.id} is in inbox {moved.inbox_id} now")


async def show_lists(heymarket: AsyncSession, inbox: Inbox) -> None:
    """A text to a list goes to everybody on it, to each in a conversation of their own, and may call them by name."""
    heading("Lists")
    list_id = id_of(await heymarket.lists.create(name="Spring sale", phone_numbers=[KIM, LEE]))
    say("lists.create", f"list {list_id}")
    changed = await heymarket.lists.update(list_id, add_phone_numbers=[NOA], remove_phone_numbers=[LEE])
    say("lists.update", f"revision {changed.rev}")
    sent = await heymarket.messages.send(
        inbox_id=inbox.id, creator_id=inbox.members[0], list_id=list_id, text="{{first_name}}, ten percent off today."
    )
    say("messages.send", f"message {sent.id}, to the list")
    deletion = await heymarket.lists.delete(list_id)
    say("lists.delete", f"deleted: {deletion.deleted}")


async def show_lists_v1(heymarket: AsyncSession) -> None:
    """Version 1 is deprecated, and still the only documented way to read lists. Its methods warn, unless silenced."""
    heading("Lists, version 1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        v1 = heymarket.lists.v1
        list_id = id_of(await v1.create(name="Waiting list", members={KIM: {"first_name": "Kim"}}))
        say("lists.v1.create", f"list {list_id}")
        written = await v1.update(list_id, add_phone_number=NOA)
        say("lists.v1.update", f"revision {written.rev}")
        waiting = await v1.get(list_id)
        say("lists.v1.get", f"{waiting.name}, {len(waiting.targets or {})} people")
        say("lists.v1.list", ", ".join([each.name or "" async for each in v1.list()]))
        say("lists.v1.delete", await v1.delete(list_id))


async def show_templates(heymarket: AsyncSession, inbox: Inbox) -> None:
    """Templates are texts that are kept to be sent again."""
    heading("Templates")
    template_id = id_of(await heymarket.templates.create(name="Pick-up", text="{{first_name}}, your order is here."))
    say("templates.create", f"template {template_id}")
    # The service wants all of a template again, also what stays. The token stands for the name of whoever gets it.
    written = await heymarket.templates.update(
        template_id, name="Pick-up", text="{{first_name}}, your order is ready for pick-up."
    )
    say("templates.update", f"revision {written.rev}")
    template = await heymarket.templates.get(template_id)
    say("templates.get", template.content.text if template.content else "nothing")
    say("templates.list", ", ".join([each.name or "" async for each in heymarket.templates.list()]))
    sent = await heymarket.messages.send(
        inbox_id=inbox.id, creator_id=inbox.members[0], phone_number=KIM, template_id=template_id
    )
    say("messages.send", f"message {sent.id}, from the template")
    say("templates.delete", await heymarket.templates.delete(template_id))


async def show_surveys(heymarket: AsyncSession, inbox: Inbox) -> None:
    """Surveys are made in Heymarket itself. A program can read them, and send their opening question."""
    heading("Surveys")
    surveys = await heymarket.surveys.list().collect()
    for survey in surveys:
        say("surveys.list", f"{survey.id} {survey.name} ({survey.type})")
    survey = await heymarket.surveys.get(surveys[0].id)
    say("surveys.get", survey.question)
    sent = await heymarket.messages.send(
        inbox_id=inbox.id, creator_id=inbox.members[0], phone_number=KIM, survey_id=survey.id
    )
    say("messages.send", f"message {sent.id}, which asks the question")


async def show_schedules(heymarket: AsyncSession, inbox: Inbox) -> None:
    """Texts can be sent later, on a quarter hour. The service cannot list them, so keep the ids."""
    heading("Schedules")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    later = tomorrow + timedelta(minutes=45)
    schedule_id = id_of(
        await heymarket.schedules.create(
            inbox_id=inbox.id, execute_at=tomorrow, phone_number=KIM, text="We are open today until six."
        )
    )
    say("schedules.create", f"schedule {schedule_id}")
    await heymarket.schedules.update(
        schedule_id, inbox_id=inbox.id, execute_at=later, phone_number=KIM, text="We are open today until eight."
    )
    say("schedules.update", "to eight, and 45 minutes later")
    schedule = await heymarket.schedules.get(schedule_id)
    say("schedules.get", f"goes out at {schedule.execute_at}")
    say("schedules.delete", await heymarket.schedules.delete(schedule_id))


async def main(sandbox: Sandbox) -> None:
    """Walk through all nouns, and tell what the sandbox got."""
    print("The walk goes to the sandbox, a local imitation of the service. Nothing is really sent.")
    # For the real service this is `AsyncSession.from_env()`, and the rest stays as it is.
    async with AsyncSession(sandbox.secret, base_url=sandbox.url) as heymarket:
        inboxes = await show_inboxes(heymarket)
        support, sales = inboxes[:2]
        await show_users(heymarket, await show_team(heymarket))
        await show_contact_fields(heymarket)
        await show_tags(heymarket)
        await show_contacts(heymarket)
        await show_contacts_v2(heymarket)
        await show_messages(heymarket, support)
        await show_email(heymarket, support)
        await show_conversations(heymarket, support, sales)
        await show_lists(heymarket, support)
        await show_lists_v1(heymarket)
        await show_templates(heymarket, support)
        await show_surveys(heymarket, support)
        await show_schedules(heymarket, support)

    heading("What the sandbox got")
    operations = {request.operation for request in sandbox.requests}
    print(f"  {len(sandbox.requests)} requests of {len(operations)} operations.")
    print("  On the real service, this would have gone out:")
    for sent in sandbox.teams[0].sent:
        print(f"    {sent.to:<18}{sent.text}")


async def walk() -> None:
    """Start a sandbox and walk through it."""
    async with Sandbox() as sandbox:
        await main(sandbox)


if __name__ == "__main__":
    asyncio.run(walk())
