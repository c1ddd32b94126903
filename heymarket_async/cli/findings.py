"""What a check of `heymarket doctor` comes to."""

from __future__ import annotations

import enum
from typing import Final

import attrs

CHECKS: Final = ("versions", "credentials", "base URL", "connection", "token", "clock", "rate budget", "drift")


class Status(enum.StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    """It could not be made."""


@attrs.frozen
class Finding:
    """The end of one check.

    Attributes:
        check: which one, of `CHECKS`.
        status: how it ended.
        found: what was found, without a full stop.
        advice: one sentence on what to do; empty if there is nothing to do.
    """

    check: str
    status: Status
    found: str
    advice: str = ""
