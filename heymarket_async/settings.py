"""What a session can be told, and the checks of it. Every mistake is found before anything is opened."""

from __future__ import annotations

import inspect
import platform
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

import attrs

from heymarket_async._version import __version__
from heymarket_async.auth import ApiKey, ApiSecret, ApiSecretPair, Credentials
from heymarket_async.clock import Clock, is_clock
from heymarket_async.errors import ConfigurationError
from heymarket_async.events import Listener
from heymarket_async.lanes import Lane
from heymarket_async.records import Record
from heymarket_async.retry import Retries
from heymarket_async.values import kind_of

DEFAULT_BASE_URL: Final = "https://api.heymarket.com"
# The largest list that the service is known to answer is far smaller.
LARGEST_REPLY: Final = 64 * 2**20
BASE_URL_VARIABLE: Final = "HEYMARKET_BASE_URL"


def _positive(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    check_positive(f"Timeouts({field.name}=...)", value)


@attrs.frozen(kw_only=True)
class Timeouts:
    """How long a call may take, in seconds.

    Args:
        total: from the start of the call to its end, all attempts and waits included.
        connect: for the making of a connection.
        read: for silence of the service: until the head of its answer has come, then between the pieces of the body.
            The making of a connection counts too, unless `connect` is longer. An aiohttp session of yours does not tell
            when a request goes out: there the first of these waits is at least `connect`.

    Raises:
        ConfigurationError: a value is not a positive number.
    """

    total: float = attrs.field(default=60.0, validator=_positive)
    connect: float = attrs.field(default=10.0, validator=_positive)
    read: float = attrs.field(default=30.0, validator=_positive)


class Options(Record, frozen=True, kw_only=True):
    """What may differ between copies of one session.

    Args:
        base_url: the address of the service, without a slash at its end.
        timeouts: how long a call may take.
        retries: how often and how patiently it is tried again.
        headers: what is sent with every request, beside `Authorization`.
        default_region: the country whose national phone numbers are understood.
        proxy: URL of an HTTP proxy.
        lane: how urgent calls are; None to go by what each does.
        listeners: are told what happens during calls.
        largest_reply: bytes that the body of an answer may have.
    """

    base_url: str
    timeouts: Timeouts
    retries: Retries
    headers: Mapping[str, str]
    default_region: str | None = None
    proxy: str | None = None
    lane: Lane | None = None
    listeners: tuple[Listener, ...] = ()
    largest_reply: int = LARGEST_REPLY


def check_clock(value: object) -> Clock:
    """Return `value` if it is a clock.

    Raises:
        ConfigurationError: it is not.
    """
    if not is_clock(value):
        advice = "Pass one that is made, such as VirtualClock()."
        raise ConfigurationError(f"clock must be a Clock, not {kind_of(value)}.", advice=advice)
    return cast(Clock, value)


def check_positive(what: str, value: object) -> float:
    """Return `value` if it is a positive, finite number of seconds.

    Raises:
        ConfigurationError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= sys.float_info.max:
        raise ConfigurationError(f"{what} must be a positive number of seconds, not {value!r}.")
    return float(value)


def check_count(what: str, value: object) -> int:
    """Return `value` if it is a whole number from 1 on.

    Raises:
        ConfigurationError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{what} must be a whole number from 1 on, not {value!r}.")
    return value


def check_timeout(value: float | Timeouts, others: Timeouts = Timeouts()) -> Timeouts:
    """Return the timeouts that a plain number of seconds, as the total, or `Timeouts` stand for.

    Args:
        value: the one or the other.
        others: what a plain number leaves as it is.

    Raises:
        ConfigurationError: it is neither, or not positive.
    """
    if isinstance(value, Timeouts):
        return value
    return attrs.evolve(others, total=check_positive("timeout", value))


def check_base_url(value: object, what: str = "base_url") -> str:
    """Return the address of the service without a slash at its end.

    Args:
        value: the address.
        what: where it comes from, for the error.

    Raises:
        ConfigurationError: it has no scheme, no host, or parts that an address of a service cannot have.
    """
    url, parts = _check_url(what, value, f"Pass it like {DEFAULT_BASE_URL!r}.")
    if "@" in parts.netloc:
        raise ConfigurationError(
            f"{what} must not hold a user name or a password.", advice="Pass credentials=ApiSecret(id, key)."
        )
    return url


def check_proxy(value: object) -> str:
    """Return the address of a proxy, which may hold a user name and a password.

    Raises:
        ConfigurationError: it has no scheme, no host, or parts that an address of a proxy cannot have.
    """
    return _check_url("proxy", value, "Pass it like 'http://proxy.example:3128'.")[0]


def proxy_from_env(base_url: str) -> str | None:
    """Return the proxy that the environment names for an address, if any."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(base_url)
    proxy = getproxies().get(parts.scheme)
    return None if not proxy or proxy_bypass(parts.hostname or "") else check_proxy(proxy)


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL. What Python says of one that makes no sense may show a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:
        return None
    return parts


def _check_url(what: str, value: object, example: str) -> tuple[str, SplitResult]:
    if not isinstance(value, str):
        raise ConfigurationError(f"{what} must be a str, not {kind_of(value)}.", advice=example)
    url = value.strip()
    if not url.isprintable() or any(mark in url for mark in " \\"):
        raise ConfigurationError(f"{what} holds white space or another character that no URL has.", advice=example)
    parts = _split(url)
    if parts is None:
        raise ConfigurationError(f"{what} has a host or a port that makes no sense.", advice=example)
    if parts.scheme not in ("http", "https"):
        raise ConfigurationError(f"{what} must begin with https:// or http://.", advice=example)
    if not parts.hostname or parts.port == 0:
        raise ConfigurationError(f"{what} has no host, or a port that cannot be.", advice=example)
    if not parts.path.isascii():
        raise ConfigurationError(f"{what} must have its path percent-encoded.", advice=example)
    if "?" in url or "#" in url:
        raise ConfigurationError(f"{what} must not hold a query or a fragment.", advice=example)
    return url.rstrip("/"), parts


def check_user_agent(value: object) -> str | None:
    """Return the suffix for the `User-Agent` header.

    Raises:
        ConfigurationError: it is empty or cannot stand in a header.
    """
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or not value.isascii() or not value.isprintable():
        raise ConfigurationError(
            "user_agent must be printable ASCII text, such as 'my-app/1.2'.", advice="Leave it out, or name your app."
        )
    return value.strip()


def headers_for(user_agent: str | None, aiohttp_version: str) -> Mapping[str, str]:
    """Return the headers of every request.

    Args:
        user_agent: the name of the program, as `check_user_agent` returns it.
        aiohttp_version: which aiohttp sends them.
    """
    agent = f"heymarket-async/{__version__} (Python {platform.python_version()}; aiohttp {aiohttp_version})"
    return {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": f"{agent} {user_agent}" if user_agent else agent,
    }


def check_credentials(value: object) -> Credentials:
    """Return `value` if it is credentials.

    Raises:
        ConfigurationError: it is not.
    """
    if not isinstance(value, ApiSecret | ApiSecretPair | ApiKey):
        raise ConfigurationError(
            f"credentials must be an ApiSecret, an ApiSecretPair or an ApiKey, not {kind_of(value)}.",
            advice="Pass ApiSecret(id, key), or use AsyncSession.from_env().",
        )
    return value


def check_lane(value: object) -> Lane | None:
    """Return `value` if it is a lane or None.

    Raises:
        ConfigurationError: it is not.
    """
    if value is not None and not isinstance(value, Lane):
        raise ConfigurationError(
            f"lane must be a Lane, not {value!r}.", advice="Pass Lane.SEND, INTERACTIVE, POLL or EXPORT."
        )
    return value


def check_listeners(value: object) -> tuple[Listener, ...]:
    """Return listeners as a tuple.

    Raises:
        ConfigurationError: they are not several things that can be called.
    """
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        raise ConfigurationError(f"listeners must be a sequence of functions, not {kind_of(value)}.")
    listeners = tuple(cast("Iterable[Listener]", value))
    for place, listener in enumerate(listeners):
        if not callable(listener) or inspect.iscoroutinefunction(listener):
            raise ConfigurationError(
                f"listeners[{place}] must be a plain function of one event.",
                advice="It is called between two awaits; let it put the event into a queue for slow work.",
            )
    return listeners


def check_retries(value: object) -> Retries:
    """Return `value` if it is `Retries`.

    Raises:
        ConfigurationError: it is not.
    """
    if not isinstance(value, Retries):
        raise ConfigurationError(
            f"retries must be Retries(...), not {kind_of(value)}.", advice="Retries(attempts=1) turns them off."
        )
    return value
