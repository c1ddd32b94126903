"""Short names for the faults that happen most, for `sandbox.script`. All of them work in memory too.

    sandbox.script("send_message", faults.answer_lost())

`docs/sandbox.md` has the faults that these are made of, and rarer ones.
"""

from __future__ import annotations

from heymarket_async.arguments import check_seconds
from heymarket_async.sandbox import Answer, Hang, Ordinary, Reply, Reset


def answer_lost() -> Answer:
    """The request takes effect, and the connection breaks before the answer: a text went out, and nobody says so."""
    return Reset(effect=True)


def request_lost() -> Answer:
    """The connection breaks, and the request takes no effect. A client cannot tell it from `answer_lost`."""
    return Reset()


def silence() -> Answer:
    """No answer ever comes, and the request takes no effect."""
    return Hang()


def slow(seconds: float) -> Answer:
    """The ordinary answer, late.

    Args:
        seconds: how late, by the sandbox's clock.
    """
    return Ordinary(late=seconds)


def too_many(retry_after: float | None = None) -> Answer:
    """429: refused for the rate limit.

    Args:
        retry_after: seconds that the answer asks to wait; None for an answer that does not say.

    Raises:
        ArgumentError: it is no number of seconds.
    """
    if retry_after is not None:
        check_seconds("retry_after", retry_after)
    return Reply(429, headers={} if retry_after is None else {"Retry-After": f"{retry_after:g}"})


def down() -> Answer:
    """503: the service is down for a moment, and the request takes no effect."""
    return Reply(503)


def failed_late() -> Answer:
    """500, although the request took effect."""
    return Reply(500, effect=True)


def refused() -> Answer:
    """401: the credentials are refused."""
    return Reply(401)


def forbidden() -> Answer:
    """403: the credentials are good, and may not do this."""
    return Reply(403)


def garbled() -> Answer:
    """The request takes effect, and its answer is JSON that breaks off."""
    return Reply(200, '{"id":', effect=True)


def proxy_page() -> Answer:
    """200 with a page of HTML, as from a proxy that wants a sign-in. The request takes no effect."""
    return Reply(200, "<h1>Sign in</h1>", content_type="text/html")
