"""Whether a call is tried again, and when. Pure: what happened goes in, seconds to wait come out."""

from __future__ import annotations

import email.utils
import enum
import math
import re
import sys
from datetime import UTC
from typing import Any, Final

import attrs

from heymarket_async.calls import Effect
from heymarket_async.errors import ConfigurationError

# https://developers.heymarket.com/rate-limits: refused, so nothing was done, whatever the effect.
TOO_MANY_REQUESTS: Final = 429

_SECONDS: Final = re.compile(r"\s*[+-]?[0-9]{1,18}(\.[0-9]*)?\s*", re.ASCII)


class Outcome(enum.Enum):
    """What is known of one attempt."""

    NEVER_SENT = "never sent"
    """The request did not reach the wire."""
    ANSWERED = "answered"
    """There is a complete answer."""
    UNKNOWN = "unknown"
    """The request went out, wholly or in part, and no complete answer came back."""


def _not_negative(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
        raise ConfigurationError(f"Retries({field.name}={value!r}) must be a number of seconds that is not negative.")


def _at_least_one(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"Retries({field.name}={value!r}) must be a whole number from 1 on.")


@attrs.frozen(kw_only=True)
class Retries:
    """How often and how patiently a call is tried again. `Retries(attempts=1)` never tries again.

    Args:
        attempts: requests for one call at the most, the first included.
        base: seconds that bound the first wait; each further bound is twice the one before.
        cap: seconds that bound every wait.
        longest_retry_after: seconds of `Retry-After` that are obeyed; beyond them the error is raised at once.

    A wait is drawn from zero to its bound ("full jitter"), so that callers who failed together do not return together.

    Raises:
        ConfigurationError: a value is negative, not finite or of the wrong type.
    """

    attempts: int = attrs.field(default=3, validator=_at_least_one)
    base: float = attrs.field(default=0.5, validator=_not_negative)
    cap: float = attrs.field(default=8.0, validator=_not_negative)
    longest_retry_after: float = attrs.field(default=60.0, validator=_not_negative)


def may_repeat(effect: Effect, outcome: Outcome, status: int | None) -> bool:
    """Say whether a call of this effect can be tried again without doing harm.

    Args:
        effect: what the call does.
        outcome: what is known of the last attempt.
        status: the HTTP status, where there is one.
    """
    if outcome is Outcome.NEVER_SENT or status == TOO_MANY_REQUESTS:
        return True
    if effect is Effect.SENDS:
        return False
    return outcome is Outcome.UNKNOWN or (status is not None and 500 <= status <= 599)


def wait_before_next(
    policy: Retries,
    effect: Effect,
    *,
    attempt: int,
    outcome: Outcome,
    status: int | None = None,
    retry_after: float | None = None,
    left: float = math.inf,
    chance: float = 1.0,
) -> float | None:
    """Return the seconds to wait before the next attempt, or None if there should be none.

    Args:
        policy: how often and how patiently.
        effect: what the call does.
        attempt: the number of the attempt that has just ended, from 1.
        outcome: what is known of it.
        status: its HTTP status, where there is one.
        retry_after: seconds that the service asked to wait, if it did.
        left: seconds until the call's deadline.
        chance: a random number from 0 to 1, for the jitter.
    """
    if attempt >= policy.attempts or not may_repeat(effect, outcome, status):
        return None
    bound = min(policy.cap, policy.base * 2.0 ** min(attempt - 1, 60))
    wait = bound * chance
    if retry_after is not None:
        if retry_after > policy.longest_retry_after:
            return None
        wait = max(wait, retry_after)
    return wait if wait < left else None


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a `Retry-After` header asks to wait; None if there is none or it makes no sense.

    Args:
        value: the header: seconds, with or without a fraction, or an HTTP date.
        now: Unix time in seconds, as the one who sent the header counts it.
    """
    if value is None:
        return None
    if _SECONDS.fullmatch(value):
        return max(float(value), 0.0)
    date = parse_date(value)
    return None if date is None else max(date - now, 0.0)


def parse_date(value: str | None) -> float | None:
    """Return the Unix time of an HTTP date; None if it is none."""
    if value is None:
        return None
    try:
        date = email.utils.parsedate_to_datetime(value)
        # All dates in HTTP are in GMT, also the old forms that do not say so.
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
