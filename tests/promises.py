"""What a caller is promised for each fault, in plain values: nothing here asks the client.

`docs/faults.py` makes the page for users of it, and `tests/truth/test_fault_matrix.py` holds the client to it.
"""

from __future__ import annotations

from typing import Final

import attrs

# With the jitter at its bounds, half a second before the second attempt, and one before the third.
BACKOFF: Final = 1.5
RESULT: Final = "result"
# The errors after which a write may have taken effect.
OPEN: Final = frozenset({"SendUnknown", "ServerError", "ReplyError", "UnexpectedStatus"})


@attrs.frozen
class End:
    """How a call ends.

    Attributes:
        what: `result`, or the class of the error.
        requests: how often the service sees it, where each request meets the fault.
        seconds: how long it takes then.
        repeated_at: the second at which the second request goes out.
        silence: seconds for which the account sends nothing more then.
    """

    what: str
    requests: int
    seconds: float
    repeated_at: float = 0.5
    silence: float = 0.0

    @property
    def once(self) -> End:
        """How it ends where only the first request meets the fault: a repeat is answered."""
        return self if self.requests == 1 else End(RESULT, 2, self.repeated_at)


@attrs.frozen
class Promise:
    """How the call ends that reads, the write that may be repeated, and the send."""

    reads: End
    writes: End
    sends: End


def alike(
    what: str, requests: int = 1, seconds: float = 0.0, repeated_at: float = 0.5, silence: float = 0.0
) -> Promise:
    """Return the promise that does not depend on the effect."""
    end = End(what, requests, seconds, repeated_at, silence)
    return Promise(end, end, end)


def repeated(what: str, send: str, seconds: float = BACKOFF, repeated_at: float = 0.5) -> Promise:
    """Return the promise that all but sends are repeated, three requests in all."""
    end = End(what, 3, seconds, repeated_at)
    return Promise(end, end, End(send, 1, 0.0))


# Yes or no came whole, and is final.
BAD_YES: Final = alike("ReplyError")
FINE: Final = alike(RESULT)
# Refused as 401: once more, at once, with another token.
ANOTHER_TOKEN: Final = alike("AuthenticationError", 2, repeated_at=0.0)
# No complete answer came.
LOST: Final = repeated("ConnectionLost", "SendUnknown")
# An attempt ends after 30 seconds of silence, a call after 60 seconds.
_SILENCE: Final = End("TimedOut", 2, 60.0, 30.5)
SILENT: Final = Promise(_SILENCE, _SILENCE, End("SendUnknown", 1, 30.0))
_TO_THE_END: Final = End("TimedOut", 1, 60.0)
ALIVE: Final = Promise(_TO_THE_END, _TO_THE_END, End("SendUnknown", 1, 60.0))
FAILED: Final = repeated("ServerError", "ServerError")

PROMISES: Final[dict[str, Promise]] = {
    "status 400": alike("BadRequest"),
    "status 401": ANOTHER_TOKEN,
    "status 403": alike("PermissionDenied"),
    "status 404": alike("NotFound"),
    "status 409": alike("Conflict"),
    "status 429": alike("RateLimited", 3, BACKOFF, silence=8.0),
    "status 429, retry after 3 s": alike("RateLimited", 3, 6.0, repeated_at=3.0, silence=3.0),
    "status 429, retry after 0.5 s": alike("RateLimited", 3, BACKOFF, silence=0.5),
    # When the third request is due, the date has passed.
    "status 429, retry at a date": alike("RateLimited", 3, 4.0, repeated_at=3.0),
    "status 429, retry after garbage": alike("RateLimited", 3, BACKOFF, silence=8.0),
    # No header silences an account for more than an hour.
    "status 429, retry after a day": alike("RateLimited", silence=3600.0),
    "status 500": FAILED,
    "status 502, HTML": FAILED,
    "status 503, retry after 3 s": repeated("ServerError", "ServerError", 6.0, repeated_at=3.0),
    "status 503, retry after a day": alike("ServerError"),
    "status 204": Promise(End("ReplyError", 1, 0.0), End(RESULT, 1, 0.0), End(RESULT, 1, 0.0)),
    "status 302": alike("UnexpectedStatus"),
    "status 599": FAILED,
    "reset before reading": LOST,
    "closed before reading": LOST,
    "never read": SILENT,
    "reset after reading": LOST,
    "closed after reading": LOST,
    "never answered": SILENT,
    "reset after the status line": LOST,
    "reset after the head": LOST,
    "reset in the body": LOST,
    "reset in a chunk": LOST,
    "closed after the status line": LOST,
    "closed after the head": LOST,
    "closed in the body": LOST,
    "closed in a chunk": LOST,
    "closed before the last chunk": LOST,
    "closed in a body without a length": BAD_YES,
    "silent after the status line": SILENT,
    "silent after the head": SILENT,
    "silent in the body": SILENT,
    "slow head": alike(RESULT, seconds=13.0),
    "slow body": alike(RESULT, seconds=12.0),
    "slow chunks": alike(RESULT, seconds=13.0),
    "late answer": SILENT,
    "endless body": BAD_YES,
    "endless body without a length": BAD_YES,
    "body with a length of a petabyte": BAD_YES,
    "endless drip": ALIVE,
    "invalid JSON": BAD_YES,
    "empty body": BAD_YES,
    "HTML with status 200": BAD_YES,
    "not UTF-8": BAD_YES,
    "gzip that is none": LOST,
    "truncated gzip": BAD_YES,
    "gzip without its checksum": FINE,
    "gzip bomb": BAD_YES,
    "unknown encoding": FINE,
    "huge header": LOST,
    "many headers": LOST,
    "no status line": LOST,
    "TLS in place of HTTP": LOST,
    "a header without a name": LOST,
    "two lengths": LOST,
    "broken chunks": LOST,
    "early hints": FINE,
    "early hints without end": SILENT,  # What is said before the head of the answer is no beginning of it.
    "switching protocols": alike("UnexpectedStatus"),
    "no Date": ANOTHER_TOKEN,
    "a Date that is none": ANOTHER_TOKEN,
}

# No request leaves: three attempts, and the service sees none.
NEVER: Final = alike("NeverSent", 3, BACKOFF)

UNREACHABLE: Final[dict[str, Promise]] = {
    "connection refused": NEVER,
    "a host name that does not exist": NEVER,
    "a certificate that nobody vouches for": NEVER,
    "a certificate for another host": NEVER,
    # Ten seconds each; aiohttp rounds the moment of the timeout up to a whole second.
    "a TLS handshake that never begins": alike("NeverSent", 3, 32.0),
}


@attrs.frozen
class Late:
    """A call that has less time than usual.

    Attributes:
        fault: what each request meets.
        timeout: the seconds that the call may take.
        promise: how it ends.
    """

    fault: str
    timeout: float
    promise: Promise


def out_of_time(seconds: float) -> Promise:
    """Return the promise of a call whose only attempt is still under way when its time is up."""
    end = End("TimedOut", 1, seconds)
    return Promise(end, end, End("SendUnknown", 1, seconds))


_SECOND_ATTEMPT: Final = End("ServerError", 2, 0.5)

DEADLINES: Final[tuple[Late, ...]] = (
    Late("never read", 10.0, out_of_time(10.0)),
    Late("never answered", 10.0, out_of_time(10.0)),
    Late("silent in the body", 10.0, out_of_time(10.0)),
    Late("slow head", 10.0, out_of_time(10.0)),
    Late("slow body", 10.0, out_of_time(10.0)),
    Late("endless drip", 10.0, out_of_time(10.0)),
    # A wait that would pass the deadline is not begun.
    Late("status 500", 0.75, Promise(_SECOND_ATTEMPT, _SECOND_ATTEMPT, End("ServerError", 1, 0.0))),
    Late("status 503, retry after 3 s", 2.0, alike("ServerError")),
    Late("status 429, retry after 3 s", 2.0, alike("RateLimited", silence=3.0)),
    Late("status 429, retry at a date", 2.0, alike("RateLimited", silence=3.0)),
)

# The wait for the rate limit would pass the deadline.
NO_TURN: Final = alike("RateBudgetExceeded", 0)
