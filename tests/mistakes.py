"""Mistakes that people make, made: what docs/mistakes.md shows, and what the tests hold it to."""

from __future__ import annotations

import asyncio
import gc
import pickle
import textwrap
import warnings
from typing import Any

import attrs

from heymarket_async import ApiSecret, AsyncSession, Fleet, Timeouts
from heymarket_async.sandbox import Sandbox


@attrs.frozen
class Mistake:
    """A mistake.

    Args:
        title: what was done, as a sentence without its full stop.
        code: lines of an async function that has `heymarket`, a session, and `inbox`, an inbox of its team.
        instead: what to write; None where the error says all.
        plain: whether Python says it, not this library, so that the words may differ between versions of Python.
        without_loop: whether `code` is no part of an async function.
    """

    title: str
    code: str
    instead: str | None = None
    plain: bool = False
    without_loop: bool = False


LISTS = (
    Mistake(
        "A list that comes in pages is gone through with a plain `for`",
        "for conversation in heymarket.conversations.list(inboxes=[inbox.id]):\n    print(conversation.id)",
        "async for conversation in heymarket.conversations.list(inboxes=[inbox.id]):\n    print(conversation.id)",
    ),
    Mistake(
        "Such a list is awaited",
        "conversations = await heymarket.conversations.list(inboxes=[inbox.id])",
        "conversations = await heymarket.conversations.list(inboxes=[inbox.id]).collect(limit=50)",
    ),
    Mistake(
        "Its first item is asked for",
        "newest = heymarket.conversations.list(inboxes=[inbox.id])[0]",
        "newest = await heymarket.conversations.list(inboxes=[inbox.id]).collect(limit=1)",
    ),
    Mistake(
        "A watch is gone through with a plain `for`",
        'for change in heymarket.watch("inboxes"):\n    print(change)',
        'async for change in heymarket.watch("inboxes"):\n    print(change)',
    ),
)

AWAITS = (
    Mistake(
        "The result of a call is used without `await`",
        "for inbox in heymarket.inboxes.list():\n    print(inbox.name)",
        "for inbox in await heymarket.inboxes.list():\n    print(inbox.name)",
        plain=True,
    ),
    Mistake(
        "A call that gives all at once is gone through with `async for`",
        "async for inbox in heymarket.inboxes.list():\n    print(inbox.name)",
        "for inbox in await heymarket.inboxes.list():\n    print(inbox.name)",
        plain=True,
    ),
    Mistake(
        "A call that gives all at once is collected as if it came in pages",
        "inboxes = await heymarket.inboxes.list().collect()",
        "inboxes = await heymarket.inboxes.list()",
        plain=True,
    ),
    Mistake(
        "A plain function calls without `await`",
        "inbox = heymarket.inboxes.list()[0]",
        "inbox = asyncio.run(heymarket.inboxes.list())[0]  # Or use heymarket_async.sync.Session.",
        plain=True,
        without_loop=True,
    ),
    Mistake(
        "A call is made and nobody awaits it, so nothing is sent",
        'heymarket.messages.send(inbox_id=inbox.id, creator_id=me, phone_number=SAM, text="Hello")',
        'await heymarket.messages.send(inbox_id=inbox.id, creator_id=me, phone_number=SAM, text="Hello")',
        plain=True,
    ),
    Mistake(
        "What a call takes is a call that nobody has awaited",
        "heymarket.messages.list(limit=heymarket.messages.count())",
        "heymarket.messages.list(limit=await heymarket.messages.count())",
    ),
    Mistake(
        "A loop is started where one runs, as in a notebook",
        "asyncio.run(heymarket.inboxes.list())",
        "await heymarket.inboxes.list()",
        plain=True,
    ),
    Mistake(
        "A loop is given a list in place of a coroutine",
        "asyncio.run(heymarket.templates.list())",
        "asyncio.run(heymarket.templates.list().collect())",
        plain=True,
        without_loop=True,
    ),
)

SESSIONS = (
    Mistake(
        "A session is opened with a plain `with`",
        "with AsyncSession(secret) as heymarket:\n    pass",
        "async with AsyncSession(secret) as heymarket:\n    pass",
    ),
    Mistake(
        "A session is used after it was closed",
        "async with AsyncSession(secret) as heymarket:\n    pass\nawait heymarket.inboxes.list()",
    ),
    Mistake(
        "A session is used on two event loops at the same time",
        "await heymarket.inboxes.list()\n"
        "await asyncio.to_thread(lambda: asyncio.run(heymarket.inboxes.list()))  # The wrong loop.",
    ),
    Mistake(
        "A session is opened and never closed",
        "heymarket = AsyncSession(secret, base_url=url)\nawait heymarket.inboxes.list()\ndel heymarket",
    ),
    Mistake(
        "A session is sent to another process",
        "pickle.dumps(heymarket)  # As multiprocessing and Celery do with arguments.",
    ),
    Mistake(
        "An API Secret is passed in two parts",
        'AsyncSession("my-id", "my-key")',
        'AsyncSession(ApiSecret("my-id", "my-key"))',
        plain=True,
    ),
    Mistake("A key is passed where credentials are wanted", 'AsyncSession("my-key")'),
    Mistake("A timeout is a text", 'AsyncSession(secret, timeout="30")'),
    Mistake("A timeout is less than nothing", "Timeouts(connect=-1)"),
    Mistake(
        "A fleet gets a list of credentials",
        "Fleet([secret])",
        'Fleet({"acme": secret})',
    ),
)

ARGUMENTS = (
    Mistake("A number is a text", 'await heymarket.tags.get("42")'),
    Mistake(
        "A thing is passed where its number is wanted",
        'await heymarket.messages.send(inbox_id=inbox, creator_id=me, phone_number=SAM, text="Hello")',
    ),
    Mistake(
        "A phone number lacks its country code",
        'await heymarket.contacts.find(phone_number="510 555 0101")',
    ),
    Mistake("A phone number is a number", "await heymarket.contacts.find(phone_number=15105550101)"),
    Mistake(
        "A time has no zone",
        "heymarket.messages.list(before=datetime(2026, 1, 5))",
        "heymarket.messages.list(before=datetime(2026, 1, 5, tzinfo=UTC))",
    ),
    Mistake(
        "One thing is passed where several are wanted",
        "heymarket.conversations.list(inboxes=inbox.id)",
        "heymarket.conversations.list(inboxes=[inbox.id])",
    ),
    Mistake(
        "A text is empty",
        'await heymarket.messages.send(inbox_id=inbox.id, creator_id=me, phone_number=SAM, text="")',
    ),
    Mistake(
        "Arguments are passed without their names",
        'await heymarket.messages.send(inbox.id, me, SAM, "Hello")',
        'await heymarket.messages.send(inbox_id=inbox.id, creator_id=me, phone_number=SAM, text="Hello")',
        plain=True,
    ),
    Mistake("A feed is misspelt", 'heymarket.watch("inbox")'),
)

CHAPTERS = {
    "Lists that come in pages": LISTS,
    "Awaiting": AWAITS,
    "Sessions": SESSIONS,
    "Arguments": ARGUMENTS,
}
MISTAKES = [mistake for mistakes in CHAPTERS.values() for mistake in mistakes]


def told(mistake: Mistake) -> str:
    """Make a mistake, and return what is said: the class of an error or a warning, and its text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()  # What others have left behind says nothing here.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            if mistake.without_loop:
                sandbox = Sandbox()
                exec(mistake.code, _names(sandbox) | {"heymarket": _session(sandbox)})
            else:
                asyncio.run(_making(mistake.code))
        except Exception as error:  # noqa: BLE001 - whatever is said is what is wanted
            return f"{type(error).__name__}: {error}"
        gc.collect()
    if not caught:
        raise AssertionError(f"Nobody says anything: {mistake.title}.")
    return f"{caught[0].category.__name__}: {caught[0].message}"


async def _making(code: str) -> None:
    async with Sandbox() as sandbox:
        names = _names(sandbox) | {"url": sandbox.url}
        lines = f"async def main(heymarket, inbox):\n{textwrap.indent(code, '    ')}"
        exec(compile(lines, "my_app.py", "exec"), names)
        async with _session(sandbox) as session:
            await names["main"](session, (await session.inboxes.list())[0])
            gc.collect()  # So that what nobody awaited is seen while its code is there.


def _session(sandbox: Sandbox) -> AsyncSession:
    return AsyncSession(sandbox.secret, transport=sandbox.in_memory())


def _names(sandbox: Sandbox) -> dict[str, Any]:
    from datetime import UTC, datetime

    return {
        "__name__": "my_app",
        "SAM": "+1 510 555 0101",
        "me": sandbox.teams[0].members[0]["id"],
        "ApiSecret": ApiSecret,
        "AsyncSession": AsyncSession,
        "Fleet": Fleet,
        "Timeouts": Timeouts,
        "UTC": UTC,
        "asyncio": asyncio,
        "datetime": datetime,
        "pickle": pickle,
        "secret": sandbox.secret,
    }
