"""Watches a sandbox, and notes what it has handled in a file, until it is killed.

python watching_child.py URL KEY STORE NOTES
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections import Counter
from datetime import timedelta

from heymarket_async import ApiKey, AsyncSession, Feed
from heymarket_async.clock import SystemClock

# A second of the watch lasts 20 milliseconds.
FASTER = 50.0


class FastClock(SystemClock):
    """A clock on which pauses are short."""

    def monotonic(self):
        return time.monotonic() * FASTER

    async def sleep(self, seconds):
        await asyncio.sleep(seconds / FASTER)

    def call_later(self, seconds, act):
        return super().call_later(seconds / FASTER, act)


async def main(url, key, store, notes):
    file = os.open(notes, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    os.write(file, b"begin - - -\n")
    settings = {"base_url": url, "clock": FastClock(), "rate_limit": None, "timeout": 1000.0}
    # Thousands of messages come within the usual ten minutes here.
    feeds = [Feed("messages", overlap=timedelta(seconds=5)), "conversations"]
    batches = Counter()
    async with AsyncSession(ApiKey(key), **settings) as session:
        async for batch in session.watch_batches(*feeds, every=1, slowest=1, store=store):
            batches[batch.feed] += 1
            for change in batch.changes:
                if random.random() < 0.1:  # To handle a change takes time, in which one may die.
                    await asyncio.sleep(random.random() * 0.02)
                updated = f"{change.after.updated.timestamp():.6f}"
                os.write(file, f"{change.feed} {change.id} {updated} {batches[batch.feed]}\n".encode())
            await batch.commit()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
