"""All that can go wrong between a client and the service, one by one, for tests that want all of it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Final, Literal

import attrs

from heymarket_async.sandbox import Answer, Closed, Endless, Hang, Interim, Raw, Reply, Reset, Trickled, Truncated

# How a connection looks to a client that asks for it to be closed after the answer, and only listens.
Ending = Literal["fin", "reset", "open"]

JSON: Final = b'{"id":1,"date":"2026-04-01T09:07:00.000000Z"}'
BOMB: Final = gzip.compress(b" " * 2**20)


@attrs.frozen
class Fault:
    """One thing that goes wrong.

    Attributes:
        make: makes the answer to script; its argument says whether the request is to take effect.
        begins: what a client sees first, up to which byte it is sure.
        ending: how the connection ends.
        waits: whether it goes on only as the sandbox's clock does.
        unread: whether it comes before the request is read, so that this cannot take effect.
    """

    make: Callable[[bool], Answer]
    begins: bytes = b""
    ending: Ending = "fin"
    waits: bool = False
    unread: bool = False


def reply(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Return a complete answer as a fault."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Fault(lambda effect: Reply(status, body, headers=named, effect=effect), b"HTTP/1.1 %d " % status)


def _spoiled(effect: bool) -> Reply:
    return Reply(200, JSON, effect=effect)


OK: Final = b"HTTP/1.1 200 OK\r\n"

FAULTS: Final[dict[str, Fault]] = {
    "status 400": reply(400),
    "status 401": reply(401),
    "status 403": reply(403),
    "status 404": reply(404),
    "status 409": reply(409),
    "status 429": reply(429),
    "status 429, retry after 3 s": reply(429, Retry_After="3"),
    "status 429, retry after 0.5 s": reply(429, Retry_After="0.5"),
    "status 429, retry at a date": reply(429, Retry_After="Fri, 15 Jan 2027 08:00:03 GMT"),
    "status 429, retry after garbage": reply(429, Retry_After="soon"),
    "status 429, retry after a day": reply(429, Retry_After="86400"),
    "status 500": reply(500),
    "status 502, HTML": reply(502, b"<h1>Bad Gateway</h1>", Content_Type="text/html"),
    "status 503, retry after 3 s": reply(503, Retry_After="3"),
    "status 503, retry after a day": reply(503, Retry_After="86400"),
    "status 204": reply(204),
    "status 302": reply(302, Location="/login"),
    "status 599": reply(599),
    "reset before reading": Fault(lambda _: Reset(unread=True), ending="reset", unread=True),
    "closed before reading": Fault(lambda _: Closed(unread=True), unread=True),
    "never read": Fault(lambda _: Hang(unread=True), ending="open", unread=True),
    "reset after reading": Fault(lambda effect: Reset(effect=effect), ending="reset"),
    "closed after reading": Fault(lambda effect: Closed(effect=effect)),
    "never answered": Fault(lambda effect: Hang(effect=effect), ending="open"),
    "reset after the status line": Fault(lambda effect: Raw(OK, end="reset", effect=effect), OK, "reset"),
    "reset after the head": Fault(lambda effect: Truncated(sent=0, end="reset", reply=_spoiled(effect)), OK, "reset"),
    "reset in the body": Fault(lambda effect: Truncated(sent=9, end="reset", reply=_spoiled(effect)), OK, "reset"),
    "reset in a chunk": Fault(
        lambda effect: Truncated(sent=9, end="reset", framing="chunked", reply=_spoiled(effect)), OK, "reset"
    ),
    "closed after the status line": Fault(lambda effect: Raw(OK, effect=effect), OK),
    "closed after the head": Fault(lambda effect: Truncated(sent=0, reply=_spoiled(effect)), OK),
    "closed in the body": Fault(lambda effect: Truncated(sent=9, reply=_spoiled(effect)), OK),
    "closed in a chunk": Fault(lambda effect: Truncated(sent=9, framing="chunked", reply=_spoiled(effect)), OK),
    "closed before the last chunk": Fault(
        lambda effect: Truncated(sent=10**6, framing="chunked", reply=_spoiled(effect)), OK
    ),
    "closed in a body without a length": Fault(
        lambda effect: Truncated(sent=9, framing="none", reply=_spoiled(effect)), OK
    ),
    "silent after the status line": Fault(lambda effect: Raw(OK, end="hang", effect=effect), OK, "open"),
    "silent after the head": Fault(lambda effect: Truncated(sent=0, end="hang", reply=_spoiled(effect)), OK, "open"),
    "silent in the body": Fault(lambda effect: Truncated(sent=9, end="hang", reply=_spoiled(effect)), OK, "open"),
    "slow head": Fault(lambda effect: Trickled(part="head", piece=16, reply=_spoiled(effect)), b"HTTP", waits=True),
    "slow body": Fault(lambda effect: Trickled(piece=4, reply=_spoiled(effect)), OK, waits=True),
    "slow chunks": Fault(lambda effect: Trickled(piece=4, framing="chunked", reply=_spoiled(effect)), OK, waits=True),
    "late answer": Fault(lambda effect: Reply(200, JSON, delay=3600, effect=effect), waits=True, begins=OK),
    "endless body": Fault(lambda effect: Endless(reply=_spoiled(effect)), OK, "open"),
    "endless body without a length": Fault(lambda effect: Endless(framing="none", reply=_spoiled(effect)), OK, "open"),
    "body with a length of a petabyte": Fault(
        lambda effect: Endless(framing="length", reply=_spoiled(effect)), OK, "open"
    ),
    "endless drip": Fault(
        lambda effect: Endless(piece=b" ", every=1.0, reply=_spoiled(effect)), OK, "open", waits=True
    ),
    "invalid JSON": reply(200, b'{"id":'),
    "empty body": reply(200),
    "HTML with status 200": reply(200, b"<h1>Please sign in</h1>", Content_Type="text/html; charset=utf-8"),
    "not UTF-8": reply(200, b'{"id":1,"name":"\xff"}'),
    "gzip that is none": reply(200, b"this is not gzip", Content_Encoding="gzip"),
    "truncated gzip": reply(200, gzip.compress(JSON)[:30], Content_Encoding="gzip"),
    "gzip without its checksum": reply(200, gzip.compress(JSON)[:-8], Content_Encoding="gzip"),
    "gzip bomb": reply(200, BOMB, Content_Encoding="gzip"),
    "unknown encoding": reply(200, JSON, Content_Encoding="rot13"),
    "huge header": reply(200, JSON, X_Large="x" * 100_000),
    "many headers": reply(200, JSON, **{f"X_{number}": "x" for number in range(500)}),
    "no status line": Fault(lambda effect: Raw(b"220 mail.example ESMTP\r\n", effect=effect), b"220 "),
    "TLS in place of HTTP": Fault(lambda effect: Raw(b"\x15\x03\x01\x00\x02\x02\x46", effect=effect), b"\x15"),
    "a header without a name": Fault(lambda effect: Raw(OK + b": x\r\n\r\n", effect=effect), OK),
    "two lengths": Fault(
        lambda effect: Raw(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}\n", effect=effect), OK
    ),
    "broken chunks": Fault(
        lambda effect: Raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", effect=effect), OK
    ),
    "early hints": Fault(lambda effect: Interim(103, then=_spoiled(effect)), b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK),
    "early hints without end": Fault(
        lambda effect: Interim(103, times=500, then=Hang(effect=effect)), b"HTTP/1.1 103 ", "open"
    ),
    "switching protocols": Fault(
        lambda effect: Interim(101, headers={"Upgrade": "x", "Connection": "upgrade"}, then=Closed(effect=effect)),
        b"HTTP/1.1 101 ",
    ),
    "no Date": Fault(lambda effect: Reply(401, headers={"Date": None}, effect=effect), b"HTTP/1.1 401 "),
    "a Date that is none": reply(401, Date="yesterday"),
}
