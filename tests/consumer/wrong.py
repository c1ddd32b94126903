"""A program of somebody else, in which a type checker must find every line that is marked."""

from __future__ import annotations

from heymarket_async import ApiSecret, AsyncSession, Inbox
from heymarket_async.testing import make


async def main(heymarket: AsyncSession, inbox: Inbox) -> None:
    for each in heymarket.inboxes.list():  # wrong
        print(each)
    for other in heymarket.conversations.list(inboxes=[inbox.id]):  # wrong
        print(other)
    await heymarket.conversations.list(inboxes=[inbox.id])  # wrong
    await heymarket.tags.get("42")  # wrong
    await heymarket.messages.send(inbox_id=inbox, creator_id=7, phone_number="", text="")  # wrong
    print(inbox.nmae)  # wrong
    inbox.name.upper()  # wrong
    with heymarket:  # wrong
        pass
    session = AsyncSession("key")  # wrong
    session = AsyncSession(ApiSecret("id", "key"), timeout="30")  # wrong
    number: str = make(Inbox).id  # wrong
    print(session, number)
