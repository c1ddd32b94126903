"""The commands, put together, and what every one of them ends with: an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from cyclopts import App, CycloptsError, Parameter

from heymarket_async._version import __version__
from heymarket_async.cli import (
    completion,
    contacts,
    conversations,
    doctor,
    export,
    inboxes,
    messages,
    output,
    sandbox,
    send,
    send_many,
    team,
    token,
    watch,
    webhooks,
)
from heymarket_async.cli.exits import Exit
from heymarket_async.errors import ArgumentError, ConfigurationError, HeymarketError

_HELP: Final = """The Heymarket API (business texting) in the terminal.

Credentials come from HEYMARKET_API_SECRET_ID and HEYMARKET_API_SECRET_KEY, or the legacy HEYMARKET_API_KEY. \
HEYMARKET_BASE_URL is another address of the service.

Without credentials, commands ask the sandbox: a local imitation of the service with fictional data. They say which \
one they ask."""

_EPILOGUE: Final = """Examples:

    heymarket inboxes
    heymarket inboxes --json
    heymarket conversations --unread --reveal
    heymarket send "+1 510 555 0101" "Your order has shipped." --inbox Support
    heymarket send-many people.csv --text-file text.txt --inbox Support
    heymarket export messages --to messages.parquet
    heymarket doctor
    heymarket sandbox --port 8080
    heymarket watch messages --state state.db
    heymarket webhooks listen --port 8000

Exit codes:

    0    ok
    1    a check or a call failed
    2    the usage or the configuration is wrong
    3    a text may have been sent, and a look did not tell
    4    rows of a file are wrong, and nothing was sent
    130  interrupted
    141  whoever read the output went away"""


app: App = App(
    name="heymarket",
    help=_HELP,
    help_epilogue=_EPILOGUE,
    help_format="plaintext",
    version=f"heymarket-async {__version__}",
    default_parameter=Parameter(negative=""),
    result_action="return_value",
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
)
app.command(inboxes.inboxes, help_epilogue=inboxes.EXAMPLES)
app.command(team.team, help_epilogue=team.EXAMPLES)
app.command(conversations.conversations, help_epilogue=conversations.EXAMPLES)
app.command(messages.messages, help_epilogue=messages.EXAMPLES)
app.command(contacts.contacts, help_epilogue=contacts.EXAMPLES)
app.command(send.send, help_epilogue=send.EXAMPLES)
app.command(send_many.send_many, help_epilogue=send_many.EXAMPLES)
app.command(token.token, help_epilogue=token.EXAMPLES)
app.command(export.export, help_epilogue=export.EXAMPLES)
app.command(doctor.doctor, help_epilogue=doctor.EXAMPLES)
app.command(sandbox.sandbox, help_epilogue=sandbox.EXAMPLES)
app.command(completion.completion, help_epilogue=completion.EXAMPLES)
app.command(watch.watch, help_epilogue=watch.EXAMPLES)
app.command(webhooks.webhooks)


def run(arguments: Sequence[str]) -> int:
    """Run a command, and return its exit code. An error that can be expected becomes a message."""
    output.prepare()
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return Exit.NO_READER
    finally:
        output.give_up()


def _run(arguments: Sequence[str]) -> int:
    try:
        # Typed as Any because what a command returns is known to the command only.
        code: Any = app(list(arguments), console=output.console(), error_console=output.console(stderr=True))
        output.flush()
    except CycloptsError as error:
        output.error(str(error), "`heymarket --help` shows how it is used.")
        return Exit.USAGE
    except HeymarketError as error:
        output.error(str(error).removesuffix(error.advice).rstrip(), error.advice)
        return Exit.USAGE if isinstance(error, ConfigurationError | ArgumentError) else Exit.FAILED
    except BrokenPipeError:
        raise
    except OSError as error:
        output.error(f"The system says: {error.strerror or type(error).__name__}.")
        return Exit.FAILED
    return Exit.OK if code is None else int(code)
