"""A background worker: it sends the texts that wait in a table, each once though it may be killed, and hears answers.

.venv/bin/python examples/worker.py
"""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import uuid
from contextlib import closing, suppress
from pathlib import Path

from heymarket_async import (
    Added,
    AsyncSession,
    EventKind,
    HeymarketError,
    NeverSent,
    RateBudgetExceeded,
    RateLimited,
    SendState,
    Unsettled,
)
from heymarket_async.watch import BatchWatch
from playground import playground
from webapp import Text, files, health, send_once

AT_ONCE = 10
PAUSE = 1.0
TABLE = """
CREATE TABLE IF NOT EXISTS texts (
    local_id TEXT PRIMARY KEY, inbox_id INTEGER, creator_id INTEGER, phone_number TEXT, text TEXT, state TEXT
)"""
TAKE = """
UPDATE texts SET state = 'sending'
WHERE local_id IN (SELECT local_id FROM texts WHERE state = ? LIMIT ?)
RETURNING local_id, inbox_id, creator_id, phone_number, text"""


class Outbox:
    """The texts to send, as they may stand in your database. What is written is there before a request goes out."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute(TABLE)

    def add(self, text: Text) -> None:
        """Put a text in, unless it is there."""
        row = (text.local_id, text.inbox_id, text.creator_id, text.phone_number, text.text)
        self._database.execute("INSERT OR IGNORE INTO texts VALUES (?, ?, ?, ?, ?, 'waiting')", row)

    def take(self, state: str, number: int = -1) -> list[Text]:
        """Return texts of a state, a number of them or all. From now on they are being sent."""
        names = ("local_id", "inbox_id", "creator_id", "phone_number", "text")
        return [Text(**dict(zip(names, row, strict=True))) for row in self._database.execute(TAKE, (state, number))]

    def mark(self, text: Text, state: str) -> None:
        """Note what has become of a text: sent, failed, waiting again, or unknown, for a person to look at."""
        self._database.execute("UPDATE texts SET state = ? WHERE local_id = ?", (state, text.local_id))

    def close(self) -> None:
        """Close the database."""
        self._database.close()


async def send(heymarket: AsyncSession, text: Text) -> str:
    """Send a text, and return what has become of it."""
    try:
        await send_once(heymarket, text)
    except (NeverSent, RateBudgetExceeded, RateLimited):
        return "waiting"
    except Unsettled:
        return "unknown"
    except HeymarketError as error:
        print(f"Refused: {error}", flush=True)
        return "failed"
    return "sent"


async def look_for(heymarket: AsyncSession, text: Text) -> str:
    """Return what has become of a text that an earlier process was sending when it died."""
    found = await heymarket.messages.look_for(text.local_id, inbox_id=text.inbox_id, phone_number=text.phone_number)
    return {SendState.SENT: "sent", SendState.NOT_FOUND: "waiting", SendState.UNKNOWN: "unknown"}[found.state]


async def send_all(heymarket: AsyncSession, outbox: Outbox, ending: asyncio.Event) -> None:
    """Send what waits, and what comes to wait, until the end. What is under way then comes to its own end."""
    left = outbox.take("sending")
    for text, state in zip(left, await asyncio.gather(*(look_for(heymarket, text) for text in left)), strict=True):
        outbox.mark(text, state)
    while not ending.is_set():
        texts = outbox.take("waiting", AT_ONCE)
        for text, state in zip(texts, await asyncio.gather(*(send(heymarket, text) for text in texts)), strict=True):
            outbox.mark(text, state)
        (files() / "health.json").write_text(json.dumps(health(heymarket)))  # For a probe, which looks at its age too.
        if not texts:
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), PAUSE)


async def hear(watch: BatchWatch) -> None:
    """Tell who has written, until the watch is closed. A worker has no address for webhooks, so it polls."""
    async for batch in watch:
        for change in batch.changes:
            if isinstance(change, Added) and EventKind.MESSAGE_RECEIVED in change.kinds:
                print(f"Somebody wrote: message {change.after.id}.", flush=True)
        await batch.commit()


async def remind(heymarket: AsyncSession, outbox: Outbox) -> None:
    """Put a few texts in, to see something go out. In your program, whatever has something to say does this."""
    inbox = (await heymarket.inboxes.list())[0]
    for day in ("Monday", "Tuesday", "Friday"):
        text = f"See you on {day} at nine."
        phone_number = f"+1 510 555 01{len(day):02}"
        outbox.add(
            Text(
                local_id=str(uuid.uuid4()),
                inbox_id=inbox.id,
                creator_id=inbox.members[0],
                phone_number=phone_number,
                text=text,
            )
        )


async def work(*, playing: bool) -> None:
    """Work until Ctrl-C or SIGTERM."""
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    with closing(Outbox(files() / "texts.db")) as outbox:
        # Within the 30 seconds or so that a machine gives a program to end in.
        async with AsyncSession.from_env(timeout=20) as heymarket, asyncio.TaskGroup() as group:
            if playing:
                await remind(heymarket, outbox)
            watch = heymarket.watch_batches("messages", every=2, store=files() / "state.db")
            group.create_task(hear(watch))
            group.create_task(send_all(heymarket, outbox, ending))
            await ending.wait()
            await watch.aclose()
    print("Everything that was taken up is done.", flush=True)


def main() -> None:
    """Run the worker."""
    with playground() as playing:
        asyncio.run(work(playing=playing))


if __name__ == "__main__":
    main()
