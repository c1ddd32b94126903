"""`heymarket sandbox`."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shlex
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from heymarket_async.auth import SECRET_ID_VARIABLE, SECRET_KEY_VARIABLE
from heymarket_async.cli import output
from heymarket_async.cli.options import Json, parse_rate_limit
from heymarket_async.cli.stopping import on_signals
from heymarket_async.errors import ConfigurationError
from heymarket_async.limits import DEFAULT_LIMIT
from heymarket_async.settings import BASE_URL_VARIABLE

if TYPE_CHECKING:
    from heymarket_async.sandbox import Sandbox

EXAMPLES: Final = """Examples:

    heymarket sandbox
    heymarket sandbox --port 8080 --rate-limit none
    heymarket sandbox > sandbox.env
    heymarket sandbox --json
    heymarket sandbox --webhook http://127.0.0.1:8000/heymarket --webhook-token check-me --customers 0.5

Another shell takes the lines of the last one with `. ./sandbox.env`. The sandbox ends with Ctrl-C or SIGTERM, \
and then with exit code 0."""


def sandbox(
    *,
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65_535))] = 0,
    host: str = "127.0.0.1",
    rate_limit: str = str(DEFAULT_LIMIT),
    webhook: str | None = None,
    webhook_token: str | None = None,
    customers: Annotated[float, Parameter(validator=Number(gte=0, lte=10_000))] = 0.0,
    as_json: Json = False,
) -> None:
    """Run the sandbox, a local imitation of the service with fictional data, until Ctrl-C.

    It prints the lines that make other programs use it. The credentials are the same every time.

    Args:
        port: The TCP port to listen on; 0 for any free one.
        host: The address to listen on.
        rate_limit: Requests that a team may make in a minute, or `none` for any number.
        webhook: Where to deliver what happens: an http or https address of this machine.
        webhook_token: The verification token that the webhook sends along.
        customers: How many texts a second fictional customers write.
        as_json: Print the address and the credentials as one line of JSON.
    """
    limit = parse_rate_limit(rate_limit)
    hook = _parse_webhook(webhook, webhook_token)
    # Where the loop cannot watch for signals, as on Windows, Ctrl-C comes as an exception.
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(port, host, limit, hook, customers, as_json=as_json))


def _parse_webhook(url: str | None, token: str | None) -> tuple[str, str] | None:
    if url is None and token is None:
        return None
    if url is None or not token:
        raise ConfigurationError("--webhook and --webhook-token go together.")
    return url, token


async def _serve(
    port: int, host: str, rate_limit: int | None, webhook: tuple[str, str] | None, customers: float, *, as_json: bool
) -> None:
    # Imported here because it brings in a web server, which other commands may not need.
    from heymarket_async.sandbox import Sandbox

    stop = asyncio.Event()
    on_signals(stop.set)
    server = Sandbox(port=port, host=host, rate_limit=rate_limit)
    if webhook is not None:
        url, token = webhook
        try:
            server.webhooks.add(url, token=token)
        except ConfigurationError as error:
            raise ConfigurationError("--webhook must be an http or https address of this machine.") from error
    try:
        await server.start()
    except ConfigurationError as error:
        raise cannot_listen("The sandbox", host, port, error.__cause__) from error
    async with server, customers_of(server, customers):
        _tell_how_to_use(server, as_json=as_json)
        await stop.wait()


def _tell_how_to_use(server: Sandbox, *, as_json: bool) -> None:
    secret = server.secret
    if as_json:
        output.note(f"The sandbox listens at {server.url}. Ctrl-C ends it.")
        said = {"base_url": server.url, "secret_id": secret.id, "secret_key": secret.key}
        output.show_json_line(said, reveal=True)
        return
    output.note(f"The sandbox listens at {server.url}. Ctrl-C ends it. To use it, paste in another shell:")
    variables = {BASE_URL_VARIABLE: server.url, SECRET_ID_VARIABLE: secret.id, SECRET_KEY_VARIABLE: secret.key}
    for name, value in variables.items():
        output.show_text(f"export {name}={shlex.quote(value)}")


@contextlib.asynccontextmanager
async def customers_of(server: Sandbox, rate: float) -> AsyncGenerator[None]:
    """Let fictional customers write to the first team meanwhile, if they are to write at all."""
    from heymarket_async.sandbox.load import customers_write

    if not rate:
        yield
        return
    writing = asyncio.create_task(customers_write(server.teams[0], rate=rate, seconds=math.inf))
    try:
        yield
    finally:
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing


def cannot_listen(who: str, host: str, port: int, cause: BaseException | None) -> ConfigurationError:
    """Return the error for an address that cannot be had, in words of the command line."""
    reason = "the address cannot be had"
    if isinstance(cause, OSError):
        known = cause.errno is not None and cause.errno > 0
        reason = os.strerror(cause.errno) if known and cause.errno is not None else cause.strerror or reason
    return ConfigurationError(
        f"{who} cannot listen on {host}, port {port}: {reason}.",
        advice="Choose another --port or --host; without --port, any free port is taken.",
    )
