"""A local imitation of the Heymarket service: a real HTTP server with fictional teams, for first steps and for tests.

    async with Sandbox() as sandbox:
        print(sandbox.url, sandbox.teams[0].name)

It has all operations of the service and remembers what they do, checks bearer tokens, keeps the rate limit and sends
the headers that the service is known to send. Nothing leaves the machine: what would have been sent stands in
`Team.sent`. Where the service's behaviour is unknown, `Variants` has a switch, or the docstrings say what was chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heymarket_async._lazy import lazy_names

if TYPE_CHECKING:
    from heymarket_async.sandbox.answers import Answer, Ordinary, Reply
    from heymarket_async.sandbox.books import Sent
    from heymarket_async.sandbox.deliveries import Attempt, Delivery, Event
    from heymarket_async.sandbox.exchange import Exchange
    from heymarket_async.sandbox.faults import (
        Closed,
        Endless,
        Hang,
        Interim,
        Raw,
        Reset,
        Trickled,
        Truncated,
    )
    from heymarket_async.sandbox.journal import Received
    from heymarket_async.sandbox.server import Sandbox
    from heymarket_async.sandbox.state import Team
    from heymarket_async.sandbox.variants import Variants
    from heymarket_async.sandbox.webhook import Webhook, WebhookOptions
    from heymarket_async.sandbox.webhooks import Webhooks
else:
    # The pytest plugin lives in this package and is imported by every run of pytest: it must not bring in a web server.
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "answers": ("Answer", "Ordinary", "Reply"),
            "books": ("Sent",),
            "deliveries": ("Attempt", "Delivery", "Event"),
            "exchange": ("Exchange",),
            "faults": ("Closed", "Endless", "Hang", "Interim", "Raw", "Reset", "Trickled", "Truncated"),
            "journal": ("Received",),
            "server": ("Sandbox",),
            "state": ("Team",),
            "variants": ("Variants",),
            "webhook": ("Webhook", "WebhookOptions"),
            "webhooks": ("Webhooks",),
        },
    )

__all__ = [
    "Answer",
    "Attempt",
    "Closed",
    "Delivery",
    "Endless",
    "Event",
    "Exchange",
    "Hang",
    "Interim",
    "Ordinary",
    "Raw",
    "Received",
    "Reply",
    "Reset",
    "Sandbox",
    "Sent",
    "Team",
    "Trickled",
    "Truncated",
    "Variants",
    "Webhook",
    "WebhookOptions",
    "Webhooks",
]
