"""What the command ends with."""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """What the command ends with."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNKNOWN = 3
    """A text may have gone out, and a look did not tell."""
    BAD_ROWS = 4
    """Rows of a file are wrong, so that nothing was sent."""
    INTERRUPTED = 130
    NO_READER = 141
    """As for a program that SIGPIPE ends."""
