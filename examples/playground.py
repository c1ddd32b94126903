"""What the examples talk to: the real service if the environment has credentials, or else a sandbox of their own.

The apps know nothing of this: they read their settings from the environment, as they do in production.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any

from heymarket_async.sandbox import Sandbox, Team

PORT = int(os.environ.get("PORT", "8000"))
HOOK = "/webhooks/heymarket"
ANSWERS = ("Great, thank you!", "Perfect, see you then.", "Thanks for letting me know.", "Can I bring my daughter?")


@contextmanager
def playground(port: int | None = None) -> Generator[bool]:
    """Let the environment name a service while the block runs, and give whether it is the sandbox.

    Args:
        port: where the app takes webhooks, if it does.
    """
    signal.signal(signal.SIGTERM, _end)
    if os.environ.get("HEYMARKET_API_SECRET_ID") or os.environ.get("HEYMARKET_API_KEY"):
        if port is not None and not os.environ.get("HEYMARKET_WEBHOOK_TOKEN"):
            sys.exit("Set HEYMARKET_WEBHOOK_TOKEN to the verification token of the webhook in Heymarket's settings.")
        print("Asking the service, with the credentials in the environment. Texts really go out.", flush=True)
        yield False
        return
    with tempfile.TemporaryDirectory() as folder, _sandbox() as sandbox:
        os.environ |= {
            "HEYMARKET_API_SECRET_ID": sandbox.secret.id,
            "HEYMARKET_API_SECRET_KEY": sandbox.secret.key,
            "HEYMARKET_BASE_URL": sandbox.url,
            "HEYMARKET_WEBHOOK_TOKEN": "a token of the sandbox",
            "HEYMARKET_FILES": folder,
        }
        if port is not None:
            url = f"http://127.0.0.1:{port}{HOOK}"
            sandbox.webhooks.add(url, token=os.environ["HEYMARKET_WEBHOOK_TOKEN"])
        print("Asking the sandbox, for want of credentials. Nothing is really sent, and customers answer.", flush=True)
        yield True


def _end(*_: object) -> None:
    """End in order: uvicorn, having shut down, raises the signal again, and what is open here must be closed."""
    sys.exit(0)


@contextmanager
def _sandbox() -> Generator[Sandbox]:
    """Run a sandbox on an event loop of its own, because the server of the app takes the main thread."""
    loop, sandbox = asyncio.new_event_loop(), Sandbox()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def do(work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(10)

    do(sandbox.start())
    customers = asyncio.run_coroutine_threadsafe(customers_answer(sandbox.teams[0]), loop)
    try:
        yield sandbox
    finally:
        customers.cancel()
        do(sandbox.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def customers_answer(team: Team) -> None:
    """Let everybody who gets a text write back within a second."""
    answered = len(team.sent)
    while True:
        await asyncio.sleep(1)
        for sent in team.sent[answered:]:
            team.receive(sent.inbox_id, sent.to, ANSWERS[sent.message_id % len(ANSWERS)])
        answered = len(team.sent)
