"""Takes webhooks with a store, and notes what it has handled in a file, until it is killed.

python receiving_child.py PORT_FILE STORE NOTES TOKEN
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

from aiohttp import web

from heymarket_async.webhooks import MessageReceived, Receiver
from heymarket_async.webhooks.aiohttp import add_route


def tell(file, port):
    """Write the port into a file which is there when it is whole."""
    made = Path(f"{file}.new")
    made.write_text(str(port))
    made.rename(file)


async def main(port_file, store, notes, token):
    file = os.open(notes, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    receiver = Receiver(token, store=store, workers=20)

    @receiver.on(MessageReceived)
    async def note(event):
        await asyncio.sleep(random.random() * 0.02)
        os.write(file, f"{event.message.id}\n".encode())

    app = web.Application()
    add_route(app, "/", receiver)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tell(port_file, runner.addresses[0][1])
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
