"""Customers who write a lot, and a sandbox in a process of its own that tells its books in the end.

    python -m heymarket_async.sandbox.load --webhook http://127.0.0.1:8000/heymarket --webhook-token check-me \
        --rate 1000 --seconds 60 --duplicates 0.1 --loss 0.05 --outage 15:30

It writes one line of JSON with its `url`, `secret_id`, `secret_key`, `team` and `inboxes`, and begins when it reads a
line, or the end, of its standard input. When all is delivered or lost it writes its books as another line, and then
serves on until its standard input ends. The books are what `books` returns.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import math
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from io import RawIOBase
from typing import Any, Final

from heymarket_async.clock import SYSTEM_CLOCK, Clock
from heymarket_async.errors import ConfigurationError, HeymarketError
from heymarket_async.sandbox import event_types
from heymarket_async.sandbox.chats import rows
from heymarket_async.sandbox.seed_chats import MOST_NUMBERS, fictional_numbers
from heymarket_async.sandbox.server import Sandbox
from heymarket_async.sandbox.state import Team
from heymarket_async.sandbox.webhook import Webhook, WebhookOptions
from heymarket_async.sandbox.webhooks import Webhooks

_PAUSE: Final = 0.005


async def customers_write(
    team: Team, *, rate: float, seconds: float, people: int = 200, clock: Clock = SYSTEM_CLOCK
) -> list[int]:
    """Let fictional customers write to a team at an even rate.

    The texts are `Message 1`, `Message 2` and so on. Each conversation that begins or opens is an event more.

    Args:
        team: the team, whose inboxes get them in turn.
        rate: texts a second.
        seconds: for how long; `math.inf` for ever.
        people: how many customers take turns.
        clock: the time by which they write: that of the sandbox.

    Returns:
        The ids of the messages, oldest first.

    Raises:
        ConfigurationError: a number makes no sense, or the team has no inbox.
    """
    inboxes = [inbox["id"] for inbox in rows(team.inboxes) if type(inbox.get("id")) is int]
    _check("rate", rate > 0, "must be above 0")
    _check("seconds", seconds >= 0, "must be 0 or more")
    _check("people", 1 <= people <= MOST_NUMBERS, f"must be from 1 to {MOST_NUMBERS}")
    _check("team", bool(inboxes), "must have an inbox")
    numbers = list(fictional_numbers(people))
    total = round(rate * seconds) if seconds < math.inf else math.inf
    began = clock.monotonic()
    ids: list[int] = []
    while len(ids) < total:
        # One text belongs to the beginning of each 1/rate of a second. What is late is made up for at once.
        due = min(total, (clock.monotonic() - began) * rate + 1)
        for at in range(len(ids), int(due)):
            message = team.receive(inboxes[at % len(inboxes)], numbers[at % people], f"Message {at + 1}")
            ids.append(message["id"])
        if len(ids) < total:
            await clock.sleep(max(_PAUSE, began + len(ids) / rate - clock.monotonic()))
    return ids


async def outage(webhook: Webhook, *, after: float, seconds: float, clock: Clock = SYSTEM_CLOCK) -> None:
    """Let nothing get through to a webhook for a while.

    Args:
        webhook: the webhook.
        after: seconds until it begins.
        seconds: how long it lasts.
        clock: the time by which it comes and goes: that of the sandbox.
    """
    await clock.sleep(after)
    webhook.down = True
    try:
        await clock.sleep(seconds)
    finally:
        webhook.down = False


def books(webhooks: Webhooks) -> dict[str, Any]:
    """Return what happened and what became of it, as JSON can hold it.

    `happened` counts events by type, `outcomes` the deliveries by how they ended, `copies` those that were duplicates
    on purpose, and `attempts` all POSTs. `answered` is how long answers took, and `begun` how long after its event the
    first POST of a delivery began, both in seconds: `p50`, `p99` and `max`. `events` has `[type, about, outcomes]` of
    each event, oldest first.
    """
    outcomes: dict[int, list[str | None]] = {event.number: [] for event in webhooks.events}
    for delivery in webhooks.deliveries:
        outcomes.setdefault(delivery.event.number, []).append(delivery.outcome)
    return {
        "happened": Counter(event.type for event in webhooks.events),
        "outcomes": Counter(str(delivery.outcome) for delivery in webhooks.deliveries),
        "copies": sum(delivery.copy for delivery in webhooks.deliveries),
        "attempts": sum(len(delivery.attempts) for delivery in webhooks.deliveries),
        "answered": _spread(
            attempt.elapsed
            for delivery in webhooks.deliveries
            for attempt in delivery.attempts
            if attempt.status is not None
        ),
        "begun": _spread(
            delivery.attempts[0].at - delivery.event.at for delivery in webhooks.deliveries if delivery.attempts
        ),
        "events": [[event.type, event.about, outcomes[event.number]] for event in webhooks.events],
    }


def _spread(seconds: Iterable[float]) -> dict[str, float]:
    ordered = sorted(seconds) or [0.0]
    place = {"p50": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "max": len(ordered) - 1}
    return {name: ordered[at] for name, at in place.items()}


async def serve(arguments: argparse.Namespace, lines: RawIOBase) -> None:
    """Run a sandbox as the command line wants it, from the first of `lines` to their end."""
    begun, ended = asyncio.Event(), asyncio.Event()
    async with Sandbox(seed=arguments.seed, rate_limit=None, port=arguments.port) as sandbox:
        team = sandbox.teams[0]
        webhook = sandbox.webhooks.add(
            arguments.webhook,
            token=arguments.webhook_token,
            types=arguments.type or event_types.ALL,
            options=WebhookOptions(
                concurrency=arguments.concurrency,
                loss=arguments.loss,
                duplicates=arguments.duplicates,
                reordering=arguments.reordering,
                timeout=arguments.timeout,
            ),
        )
        secret = sandbox.secret
        inboxes = [inbox["id"] for inbox in rows(team.inboxes)]
        _say(url=sandbox.url, secret_id=secret.id, secret_key=secret.key, team=team.id, inboxes=inboxes)
        _listen(lines, begun, ended)
        await begun.wait()
        gc.disable()  # It would go through the books again and again, and make answers look late.
        clock, began = SYSTEM_CLOCK, SYSTEM_CLOCK.monotonic()
        async with asyncio.TaskGroup() as group:
            if arguments.outage is not None:
                after, seconds = arguments.outage
                group.create_task(outage(webhook, after=after, seconds=seconds))
            await customers_write(team, rate=arguments.rate, seconds=arguments.seconds, people=arguments.people)
            written = clock.monotonic() - began
        await sandbox.webhooks.settled()
        _say(written=written, settled=clock.monotonic() - began, **books(sandbox.webhooks))
        await ended.wait()


def _listen(lines: RawIOBase, begun: asyncio.Event, ended: asyncio.Event) -> None:
    """Set `begun` at the first line, and both at the end, from a thread that ends with the process."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        # The loop may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            more = bool(lines.readline())
            loop.call_soon_threadsafe(begun.set)
            while more:
                more = bool(lines.readline())
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, daemon=True).start()


def _say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _span(text: str) -> tuple[float, float]:
    after, _, seconds = text.partition(":")
    return float(after), float(seconds)


def _check(name: str, good: bool, rule: str) -> None:
    if not good:
        raise ConfigurationError(f"customers_write({name}=...) {rule}.")


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line says; without `arguments`, that of the process."""
    parser = argparse.ArgumentParser(prog="python -m heymarket_async.sandbox.load", description="A sandbox under load.")
    parser.add_argument("--webhook", required=True, help="where to deliver; an address of this machine")
    parser.add_argument("--webhook-token", required=True, help="the verification token")
    parser.add_argument("--type", action="append", help="a type to deliver; may come several times; all if left out")
    parser.add_argument("--rate", type=float, default=1000.0, help="texts a second from customers")
    parser.add_argument("--seconds", type=float, default=10.0, help="for how long they write")
    parser.add_argument("--people", type=int, default=200, help="how many customers there are")
    parser.add_argument("--duplicates", type=float, default=0.0, help="share of events delivered once more")
    parser.add_argument("--loss", type=float, default=0.0, help="share of events never delivered")
    parser.add_argument("--reordering", type=float, default=0.0, help="share of deliveries that others overtake")
    parser.add_argument("--outage", type=_span, metavar="AFTER:SECONDS", help="when nothing gets through, and how long")
    parser.add_argument("--concurrency", type=int, default=32, help="deliveries under way at once")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds after which an answer is too slow")
    parser.add_argument("--port", type=int, default=0, help="the port of the sandbox; 0 for any free one")
    parser.add_argument("--seed", default="0", help="the same seed gives the same run")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    given = read_arguments(arguments)
    try:
        # Without a buffer: Python cannot end while a thread holds the lock of one.
        with contextlib.suppress(KeyboardInterrupt), open(sys.stdin.fileno(), "rb", 0, closefd=False) as lines:
            asyncio.run(serve(given, lines))
    except HeymarketError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
