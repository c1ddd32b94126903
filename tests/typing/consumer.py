"""What type checkers see of the library: read by mypy and pyright, never run.

Both are told to complain of a comment that silences nothing. So a deprecation that does not show, or an argument of a
wrong type that passes, is an error here.
"""

# mypy: enable-error-code="deprecated"
# pyright: reportUnnecessaryTypeIgnoreComment=error

from __future__ import annotations

from typing import assert_type

import heymarket_async
from heymarket_async import (
    AsyncSession,
    Contact,
    Conversation,
    Fleet,
    Inbox,
    Message,
    MessageReceived,
    Pager,
    Receiver,
    Rows,
    SentMessage,
    Team,
    TeamResult,
    WebhookEvent,
    WriteResult,
)
from heymarket_async.webhooks import parse


async def replies_have_their_types(heymarket: AsyncSession) -> None:
    """The type of a reply is known without a look at the docs."""
    assert_type(await heymarket.inboxes.list(), tuple[Inbox, ...])
    assert_type(await heymarket.team.get(), Team)
    assert_type(await heymarket.messages.send(inbox_id=1, creator_id=2, phone_number="", text=""), SentMessage)
    assert_type(await heymarket.messages.count(), int)
    assert_type(heymarket.messages.list(), Pager[Message])
    assert_type(await heymarket.conversations.list(inboxes=[1]).collect(), Rows[Conversation])
    assert_type(await heymarket.contacts.create(phone_number="", first_name="Sam"), WriteResult)
    assert_type(await heymarket.contacts.find(phone_number=""), Contact | None)
    assert_type(await heymarket.tags.delete(1), str)


async def results_of_many_teams_have_the_type_that_the_function_returns(fleet: Fleet) -> None:
    """A lambda needs no annotation."""
    async for result in fleet.each(lambda team: team.inboxes.list(), every=10):
        assert_type(result, TeamResult[tuple[Inbox, ...]])
        assert_type(result.unwrap(), tuple[Inbox, ...])
    assert_type(await fleet.gather(lambda team: team.team.get()), dict[str, TeamResult[Team]])
    assert_type(fleet["acme"], AsyncSession)
    Fleet.from_file("teams.toml", pool_sise=5)  # type: ignore[call-arg]


async def handlers_get_the_class_that_they_are_registered_for(receiver: Receiver, heymarket: AsyncSession) -> None:
    """A handler of another class of events is seen."""

    @receiver.on(MessageReceived)
    async def answer(event: MessageReceived) -> None:
        assert_type(event.message, Message)
        assert_type(event.conversation, Conversation | None)
        assert_type(await event.reply(heymarket, creator_id=1, text=""), SentMessage)

    @receiver.on("message_received", MessageReceived)
    async def note(event: WebhookEvent) -> None: ...

    @receiver.on()
    async def every(event: WebhookEvent) -> None: ...

    async def of_messages(event: MessageReceived) -> None: ...

    receiver.on(WebhookEvent)(of_messages)  # type: ignore[arg-type]
    receiver.on(MessageReceived)(every)
    receiver.on(5)  # type: ignore[call-overload]
    assert_type(parse(b"", "token"), WebhookEvent)


async def wrong_arguments_show(heymarket: AsyncSession) -> None:
    """What would be refused at run time is refused before."""
    await heymarket.conversations.get("7")  # type: ignore[arg-type]
    await heymarket.contacts.create(phone_number="", frist_name="Sam")  # type: ignore[call-arg]
    await heymarket.contacts.set_status("gone", phone_number="")  # type: ignore[arg-type]
    await heymarket.inboxes.list(1)  # type: ignore[call-arg]


async def deprecations_show(heymarket: AsyncSession) -> None:
    """Version 1 of lists is crossed out in an editor."""
    v1 = heymarket.lists.v1
    await v1.get(1)  # type: ignore[deprecated]
    await v1.create(name="")  # type: ignore[deprecated]
    await v1.update(1, name="")  # type: ignore[deprecated]
    await v1.delete(1)  # type: ignore[deprecated]
    v1.list()  # type: ignore[deprecated]


def names_that_are_not_there_show() -> None:
    """Names are imported late, and yet a wrong one is seen."""
    heymarket_async.Imbox  # type: ignore[attr-defined]  # noqa: B018
    heymarket_async.resources.Imboxes  # type: ignore[attr-defined]  # noqa: B018
    assert_type(heymarket_async.Inbox(id=1).id, int)
