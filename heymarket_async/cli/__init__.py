"""The `heymarket` command. It needs the extra `cli`: `pip install "heymarket-async[cli]"`.

One file for each command; `app` puts them together, `service` finds out whom to ask, `output` speaks to the terminal.
A new command is a function in a file of its own and one line in `app`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

EXTRA_MISSING = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code: `heymarket --help` lists them.

    Args:
        arguments: what follows the name of the command; by default what the process was given.
    """
    try:
        from heymarket_async.cli.app import run
    except ModuleNotFoundError as missing:
        package = str(missing.name).partition(".")[0]
        if package == "heymarket_async":
            raise
        sys.stderr.write(f"error: {package} is missing: install heymarket-async[cli], for instance with pip.\n")
        return EXTRA_MISSING
    except KeyboardInterrupt:
        return 130
    return run(sys.argv[1:] if arguments is None else arguments)
