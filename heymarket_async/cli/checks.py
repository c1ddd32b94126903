"""The checks of `heymarket doctor`, each a function to a `Finding`. None shows a secret or anything personal."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable
from importlib import metadata
from typing import Final
from urllib.parse import urlsplit

from heymarket_async._version import __version__
from heymarket_async.auth import (
    LEGACY_KEY_VARIABLE,
    SECOND_SECRET_ID_VARIABLE,
    SECOND_SECRET_KEY_VARIABLE,
    SECRET_ID_VARIABLE,
    SECRET_KEY_VARIABLE,
    ApiKey,
    ApiSecret,
    ApiSecretPair,
    Credentials,
)
from heymarket_async.calls import Reply
from heymarket_async.cli.findings import Finding, Status
from heymarket_async.cli.service import find_base_url, find_credentials
from heymarket_async.drift import Drift
from heymarket_async.errors import (
    AnsweredError,
    ApiError,
    AuthenticationError,
    CallError,
    ConfigurationError,
    NotFound,
    PermissionDenied,
    RateBudgetExceeded,
    RateLimited,
    UnexpectedStatus,
)
from heymarket_async.limits import BudgetState
from heymarket_async.retry import parse_date
from heymarket_async.settings import BASE_URL_VARIABLE, DEFAULT_BASE_URL
from heymarket_async.values import is_word

_LIBRARIES: Final = ("aiohttp", "attrs", "cattrs", "msgspec", "joserfc", "authlib")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

# HTTP dates have whole seconds, and a reply is some time on its way.
CLOCK_TOLERANCE: Final = 5.0
# Tokens are renewed a minute before they die: a clock that is further off sends dead ones.
CLOCK_LIMIT: Final = 60.0

_KEYS_SHOWN: Final = 12


def check_versions(version_of: Callable[[str], str] = metadata.version) -> Finding:
    """Say which versions are installed, and whether they are as new as they have to be.

    Args:
        version_of: returns the version of a package.
    """
    found = [f"heymarket_async {__version__}", f"Python {platform.python_version()}"]
    wrong: list[str] = []
    oldest = _oldest_allowed()
    for name in _LIBRARIES:
        try:
            version = version_of(name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        found.append(f"{name} {version}")
        if _numbers(version) < _numbers(oldest.get(name, "0")):
            wrong.append(f"{name} is older than {oldest[name]}")
    if not wrong:
        return Finding("versions", Status.OK, ", ".join(found))
    advice = "Install heymarket-async again, so that pip brings what it needs."
    return Finding("versions", Status.FAIL, f"{', '.join(wrong)}; found {', '.join(found)}", advice)


def _oldest_allowed() -> dict[str, str]:
    """Return the oldest versions that the installed package asks for; none if it runs from a bare folder."""
    try:
        requirements = metadata.requires("heymarket-async") or ()
    except metadata.PackageNotFoundError:
        return {}
    matches = (re.match(r"([A-Za-z-]+)\s*>=\s*([\d.]+)", requirement) for requirement in requirements)
    return {match[1].lower(): match[2] for match in matches if match}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def check_credentials(*, sandbox: bool) -> tuple[Finding, Credentials | None]:
    """Say which credentials the environment has, never what they are; and return them unless the sandbox is due.

    Args:
        sandbox: the person has asked for the sandbox.
    """
    if sandbox:
        return Finding("credentials", Status.OK, "those of the sandbox, as --sandbox says"), None
    try:
        credentials = find_credentials()
    except ConfigurationError as error:
        return Finding("credentials", Status.FAIL, error.message.rstrip("."), error.advice), None
    if credentials is None:
        advice = f"Set {SECRET_ID_VARIABLE} and {SECRET_KEY_VARIABLE} to check the real service."
        return Finding("credentials", Status.WARN, "none in the environment, so the sandbox is checked", advice), None
    if not isinstance(credentials, ApiKey):
        unused = f"; {LEGACY_KEY_VARIABLE} is set too, and not used" if os.environ.get(LEGACY_KEY_VARIABLE) else ""
        return Finding("credentials", Status.OK, f"{_secrets_in_words(credentials)}{unused}"), credentials
    # https://developers.heymarket.com/authentication
    advice = "Make an API Secret under Settings > Integrations > API: the vendor plans to end legacy keys."
    return Finding("credentials", Status.WARN, f"a legacy API key, from {LEGACY_KEY_VARIABLE}", advice), credentials


def _secrets_in_words(credentials: ApiSecret | ApiSecretPair) -> str:
    """Return how many API Secrets there are, and the variables that they come from."""
    first = f"{SECRET_ID_VARIABLE} and {SECRET_KEY_VARIABLE}"
    second = f"{SECOND_SECRET_ID_VARIABLE} and {SECOND_SECRET_KEY_VARIABLE}"
    if isinstance(credentials, ApiSecretPair):
        return f"a pair of API Secrets, from {first}, and {second}"
    return f"an API Secret, from {first if os.environ.get(SECRET_ID_VARIABLE, '').strip() else second}"


def check_base_url(*, sandbox_url: str | None) -> tuple[Finding, str | None]:
    """Say which address is asked, and return it unless it makes no sense.

    Args:
        sandbox_url: that of the sandbox, if the sandbox is asked.
    """
    if sandbox_url is not None:
        return Finding("base URL", Status.OK, f"{sandbox_url}, the sandbox"), sandbox_url
    try:
        url = find_base_url()
    except ConfigurationError as error:
        found = f"{BASE_URL_VARIABLE}: {error.message.rstrip('.')}"
        advice = f"Set {BASE_URL_VARIABLE} to an address such as {DEFAULT_BASE_URL}, or unset it."
        return Finding("base URL", Status.FAIL, found, advice), None
    if url == DEFAULT_BASE_URL:
        return Finding("base URL", Status.OK, f"{url}, the real service"), url
    found = f"{url}, from {BASE_URL_VARIABLE}"
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        advice = "Use https://, because whoever listens on the way can read tokens and texts."
        return Finding("base URL", Status.WARN, f"{found}, is not encrypted", advice), url
    return Finding("base URL", Status.OK, found), url


def check_token(credentials: Credentials, inboxes: int, error: CallError | None, skew: float | None) -> Finding:
    """Say what listing the inboxes, which the vendor suggests as the test of a token, came to.

    Args:
        credentials: with which it was tried.
        inboxes: how many there are, if it worked.
        error: what was raised, if it did not.
        skew: seconds by which the clocks differ at least, if it is known.

    https://developers.heymarket.com/authentication
    """
    if error is None:
        return Finding("token", Status.OK, f"GET /v1/inboxes takes it and answers with {inboxes} inboxes")
    found = error.message.rstrip(".")
    if error.request_id:
        found += f" (request id {error.request_id})"
    status = Status.WARN if isinstance(error, RateLimited | RateBudgetExceeded) else Status.FAIL
    return Finding("token", status, found, _token_advice(error, credentials, skew))


def _token_advice(error: CallError, credentials: Credentials, skew: float | None) -> str:
    where = "under Settings > Integrations > API"
    if isinstance(error, AuthenticationError):
        if skew is not None and abs(skew) > CLOCK_TOLERANCE:
            return "Set this machine's clock first, and try again: a token is only good at its time."
        if isinstance(credentials, ApiKey):
            return f"Check that the key is still listed {where}, or make an API Secret there."
        return f"Check that the ID and the Key belong together and that the API Secret is still listed {where}."
    if isinstance(error, PermissionDenied):
        return "The credentials are right, but may not do this: ask an administrator of the team for access to the API."
    if isinstance(error, NotFound | UnexpectedStatus):
        return "Check the base URL: it has no /v1 at its end, and no proxy may answer in place of the service."
    if isinstance(error, AnsweredError) and not isinstance(error, ApiError):
        return "Check that the base URL is that of the Heymarket API and not of a web page."
    return error.advice


def skew_of(reply: Reply | None, before: float, after: float) -> float | None:
    """Return by how many seconds this machine's clock is ahead of the service's (behind, if negative).

    It is the least that explains the `Date` of the reply; None if the reply has none.

    Args:
        reply: an answer of the service.
        before: Unix time in seconds, by this machine, before the request.
        after: the same after the answer.
    """
    date = None if reply is None else parse_date(reply.headers.get("Date"))
    if date is None:
        return None
    # The reply was written at some moment between the two, in the second that begins with its date.
    least, most = before - (date + 1.0), after - date
    return max(least, 0.0) + min(most, 0.0)


def check_clock(skew: float | None, *, answered: bool) -> Finding:
    """Say by how much the clocks differ.

    Args:
        skew: seconds, as `skew_of` gives them.
        answered: whether there was a reply at all.
    """
    if skew is None and not answered:
        return Finding("clock", Status.SKIP, "not checked, because there was no reply")
    if skew is None:
        advice = "Check this machine's clock by other means: a token lives five minutes."
        return Finding("clock", Status.WARN, "not known, because the reply has no Date", advice)
    if abs(skew) <= CLOCK_TOLERANCE:
        return Finding("clock", Status.OK, "agrees with that of the service")
    found = f"{abs(skew):,.0f} s {'ahead of' if skew > 0 else 'behind'} that of the service"
    advice = "Set this machine's clock, best by NTP: a token lives five minutes."
    return Finding("clock", Status.FAIL if abs(skew) > CLOCK_LIMIT else Status.WARN, found, advice)


def check_budget(budget: BudgetState) -> Finding:
    """Say how much of the rate limit is left."""
    if budget.paused_for > 0:
        advice = "Wait; if it happens often, look what else uses the same credentials."
        return Finding("rate budget", Status.WARN, f"the service asks for {budget.paused_for:.0f} s of silence", advice)
    found = f"{budget.left} of {budget.limit} requests a minute are left to this program"
    return Finding("rate budget", Status.OK, found)


def check_drift(drift: Drift) -> Finding:
    """Say where the reply differed from the models: names of fields, never values."""
    keys = [(model, key) for model, met in drift.unknown.items() for key in met]
    beside = f"; keys beside the models: {_enumerate(keys)}" if keys else ""
    if not drift.misfits:
        return Finding("drift", Status.OK, f"all values fit the models{beside}")
    misfits = _enumerate([(model, f"{key} ({got} for {wanted})") for model, key, wanted, got in drift.misfits])
    advice = "Nothing is lost, `extra` has them; please report it, so that the models can follow the service."
    return Finding("drift", Status.WARN, f"values that do not fit: {misfits}{beside}", advice)


def _enumerate(keys: list[tuple[str, str]]) -> str:
    """Return the first of the keys as text. One that does not look like a name could be data, and is not shown."""
    names = sorted(f"{model}.{key}" for model, key in keys if is_word(key.partition(" ")[0]))
    others = ["others"] if len(names) < len(keys) or len(names) > _KEYS_SHOWN else []
    return ", ".join([*names[:_KEYS_SHOWN], *others])
