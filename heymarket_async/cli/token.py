"""`heymarket token`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from heymarket_async.auth import LEGACY_KEY_VARIABLE, ApiKey, TokenMint
from heymarket_async.cli import output
from heymarket_async.cli.options import Json, UseSandbox
from heymarket_async.cli.service import open_service
from heymarket_async.clock import SYSTEM_CLOCK
from heymarket_async.errors import ConfigurationError

EXAMPLES: Final = """Examples:

    heymarket token
    curl -H "Authorization: Bearer $(heymarket token)" https://api.heymarket.com/v1/inboxes
    heymarket token --json

Without credentials it is a token for `heymarket sandbox`, whose credentials are the same every time."""


async def token(*, as_json: Json = False, sandbox: UseSandbox = False) -> None:
    """Print a token of the service, a JWT that lives for five minutes, for curl and the like.

    Whoever has it can text in the name of the team until it dies. Nothing else of this library shows a token.

    Args:
        as_json: Print JSON in place of the bare token.
        sandbox: Make it with the credentials of the sandbox, even if there are others.
    """
    async with open_service(sandbox=sandbox) as service:
        credentials = service.credentials
    if isinstance(credentials, ApiKey):
        raise ConfigurationError(
            "With a legacy API key there is no token: the key itself is sent.",
            advice=f'It is in {LEGACY_KEY_VARIABLE}: curl -H "Authorization: Bearer ${LEGACY_KEY_VARIABLE}" ...',
        )
    mint = TokenMint(credentials, SYSTEM_CLOCK)
    made = mint.token()
    expires = datetime.fromtimestamp(mint.expires_at or 0.0, UTC)
    if as_json:
        output.show_json({"token": made, "expires_at": expires})
    else:
        output.show_text(made)
    output.note(
        f"It dies at {expires:%H:%M:%S} UTC, in {(expires - datetime.now(UTC)).seconds} s. Until then whoever has it "
        "can text in the name of the team: keep it out of logs, tickets and chats."
    )
