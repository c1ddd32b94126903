"""A program of somebody else, in which no type checker finds anything."""

from __future__ import annotations

import asyncio

from heymarket_async import ApiSecret, AsyncSession, Inbox
from heymarket_async.sandbox import Sandbox
from heymarket_async.testing import as_json, make


async def names(heymarket: AsyncSession) -> list[str]:
    inboxes = await heymarket.inboxes.list()
    return [inbox.name or "" for inbox in inboxes]


async def newest(heymarket: AsyncSession, inbox: Inbox) -> int | None:
    async for conversation in heymarket.conversations.list(inboxes=[inbox.id]):
        return conversation.id
    return None


async def main() -> None:
    async with Sandbox() as sandbox, AsyncSession(sandbox.secret, base_url=sandbox.url) as heymarket:
        print(await names(heymarket), await newest(heymarket, (await heymarket.inboxes.list())[0]))
        print(as_json(make(Inbox, name="Support"))["name"])


SECRET = ApiSecret("id", "key")

if __name__ == "__main__":
    asyncio.run(main())
