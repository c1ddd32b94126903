"""Bodies of webhooks, and receivers for tests."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path

from heymarket_async.webhooks import Receiver

TOKEN = "whk-7f3a9b52c1"
EXAMPLES = Path(__file__).parent / "contract" / "examples"
TEXT = "When do you open on Sunday?"


def example_of(kind, token=TOKEN):
    """Return the record of an example of the contract, with our token."""
    return {**json.loads((EXAMPLES / f"webhook.{kind}.json").read_text("utf-8")), "token": token}


def body_of(kind="message_recieved", token=TOKEN, **data):
    """Return the body of an event whose data is that of the example, but for what is passed."""
    record = example_of(kind, token)
    record["event_data"] = {**record["event_data"], **data}
    return json.dumps(record).encode()


def bodies(many, start=1, **data):
    """Return the bodies of messages with different ids."""
    return [body_of(id=number, **data) for number in range(start, start + many)]


def receiver_of(clock, **settings):
    return Receiver(TOKEN, clock=clock, **settings)


class Notes:
    """A handler that notes what it gets.

    Attributes:
        events: what came.
        errors: what the next calls raise, one each; then none.
        gate: holds every call up while it is cleared.
    """

    def __init__(self, *errors):
        self.events = []
        self.errors = [*errors]
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, event):
        self.events.append(event)
        await self.gate.wait()
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error

    @property
    def ids(self):
        return [event.message.id for event in self.events]


async def turns(number=20):
    """Let others run."""
    for _ in itertools.repeat(None, number):
        await asyncio.sleep(0)
