"""`heymarket webhooks listen`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.text import Text

from heymarket_async.cli import output
from heymarket_async.cli.options import Flag, Json, UseSandbox
from heymarket_async.cli.sandbox import cannot_listen, customers_of
from heymarket_async.cli.service import running_sandbox
from heymarket_async.cli.stopping import on_signals
from heymarket_async.errors import ConfigurationError
from heymarket_async.retry import Retries
from heymarket_async.values import MASK, is_word
from heymarket_async.webhooks.events import MessageEvent, WebhookEvent
from heymarket_async.webhooks.parsing import check_tokens
from heymarket_async.webhooks.receiver import Receiver
from heymarket_async.webhooks.telling import ReceiverNews, ReceiverStats, WebhookRefused

TOKEN_VARIABLE: Final = "HEYMARKET_WEBHOOK_TOKEN"
EXAMPLES: Final = f"""Examples:

    heymarket webhooks listen
    {TOKEN_VARIABLE}=... heymarket webhooks listen --port 8000
    heymarket webhooks listen --port 8000 --json > events.jsonl

Whoever may see the processes of this machine sees --token too, but not the variable. It ends with Ctrl-C or SIGTERM, \
and then with exit code 0."""

_TEXTS_A_SECOND: Final = 0.7
_GRACE: Final = 2.0

webhooks: App = App(name="webhooks", help="Webhooks, by which the service tells what happens.")


@webhooks.command(help_epilogue=EXAMPLES)
async def listen(
    *,
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65_535))] = 0,
    host: str = "127.0.0.1",
    token: Annotated[list[str] | None, Parameter(negative="")] = None,
    as_json: Json = False,
    reveal: Flag = False,
    sandbox: UseSandbox = False,
) -> None:
    """Receive webhooks, and show their events as they come, until Ctrl-C.

    It shows a line for each event or, with --json, all that was sent. What comes twice is shown once; what is refused \
is said on stderr.

    Without a token it starts the sandbox, to whose customers it listens.

    Args:
        port: The TCP port to listen on, at every path; 0 for any free one.
        host: The address to listen on.
        token: The verification token of the webhook, in place of HEYMARKET_WEBHOOK_TOKEN; twice while it is rotated.
        as_json: Write lines of JSON, whole, with the service's own names.
        reveal: Show numbers, names and texts, which are masked without --json.
        sandbox: Listen to the sandbox, even if there is a token.
    """
    given = _tokens_of(token)
    tokens = given or [secrets.token_hex(16)]
    show = _shows(as_json=as_json, reveal=reveal)
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    on_signals(end)
    receiver = Receiver(tokens, retries=Retries(attempts=1), grace=_GRACE, listeners=[_tell])

    @receiver.on()
    async def note(event: WebhookEvent) -> None:
        try:
            show(event)
        except OSError as error:  # Nobody reads any more, or the disk is full.
            if not ended.done():
                ended.set_exception(error)

    with output.quiet_log():
        async with _serving(receiver, host, port) as url:
            if given and not sandbox:
                output.note(f"Listening at {url} and all paths below it for webhooks with the token. Ctrl-C ends it.")
                await ended
            else:
                async with _customers(url, tokens[0], asked_for=sandbox):
                    await ended
        output.note(_sum(receiver.stats))


def _tokens_of(option: list[str] | None) -> list[str]:
    """Return the tokens of the command line, or else that of the environment, or none.

    Raises:
        ConfigurationError: one cannot be.
    """
    in_environment = os.environ.get(TOKEN_VARIABLE, "").strip()
    tokens = option or ([in_environment] if in_environment else [])
    try:
        if tokens:
            check_tokens(tokens)
    except ConfigurationError as error:
        what = re.sub(r"^tokens\[\d+\]", "--token" if option else TOKEN_VARIABLE, error.message)
        raise ConfigurationError(what, advice=error.advice) from None
    return tokens


@asynccontextmanager
async def _serving(receiver: Receiver, host: str, port: int) -> AsyncGenerator[str]:
    """Serve, and give the address.

    Raises:
        ConfigurationError: it cannot be had.
    """
    # Imported here because it brings in a web server, which other commands may not need.
    from heymarket_async.webhooks.aiohttp import listening

    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(listening(receiver, host=host, port=port, grace=_GRACE))
        except OSError as error:
            cause = error
        else:
            yield url
            return
    raise cannot_listen("This command", host, port, cause)


@asynccontextmanager
async def _customers(url: str, token: str, *, asked_for: bool) -> AsyncGenerator[None]:
    """Let the customers of a sandbox write meanwhile, and its webhook tell it."""
    async with running_sandbox() as service:
        assert service.sandbox is not None
        service.sandbox.webhooks.add(url, token=token, anywhere=True)
        reason = "as --sandbox says" if asked_for else f"because {TOKEN_VARIABLE} is not set"
        output.note(f"Listening at {url} to the sandbox, a local imitation of the service, {reason}. Ctrl-C ends it.")
        output.note("Customers write to it now and then, so that there is something to see.")
        async with customers_of(service.sandbox, _TEXTS_A_SECOND):
            yield


def _shows(*, as_json: bool, reveal: bool) -> Callable[[WebhookEvent], None]:
    """Return what shows an event."""
    if as_json:
        return lambda event: output.show_json_line(record_of(event), reveal=True)
    console = output.console()
    return lambda event: console.print(line_of(event, datetime.now().astimezone(), reveal=reveal))


def record_of(event: WebhookEvent) -> dict[str, Any]:
    """Return an event as what becomes a line of JSON: all that was sent but the token."""
    return {
        "kind": event.kind,
        "raw_type": event.raw_type,
        "dedupe_key": event.dedupe_key,
        "webhook_id": event.webhook_id,
        "data": event.data,
        "extra": dict(event.extra),
    }


def line_of(event: WebhookEvent, now: datetime, *, reveal: bool) -> Text:
    """Return an event as a line for people.

    Args:
        event: the event.
        now: the time of day.
        reveal: show what a person wrote, and all of what the library does not know.
    """
    kind = str(event.kind) if reveal or is_word(event.kind) else MASK
    words = [f"message {event.message.id}"] if isinstance(event, MessageEvent) else []
    if event.conversation is not None:
        words.append(f"conversation {event.conversation.id}")
    said = _said(event)
    if said:
        words.append(said if reveal else MASK)
    details = output.plain("".join(f"  {word}" for word in words))
    return Text.assemble((f"{now:%H:%M:%S}  ", "dim"), (output.plain(kind), "cyan"), details)


def _said(event: WebhookEvent) -> str:
    if isinstance(event, MessageEvent):
        return event.message.text or ""
    return "" if event.conversation is not None or not event.data else json.dumps(event.data, ensure_ascii=False)


def _tell(news: ReceiverNews) -> None:
    if isinstance(news, WebhookRefused):
        with contextlib.suppress(OSError):
            output.error(f"Refused with {news.status}: {news.error}")


def _sum(stats: ReceiverStats) -> str:
    refused = sum(stats.refused.values())
    return f"{stats.accepted} events, {stats.duplicates} that came again, {refused} refused."
