"""What the sandbox can answer: the ordinary reply, or any other. `faults` has what goes wrong on the way.

A new kind of answer is a subclass of `Answer` with one method, which has the whole connection at its disposal.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs
import msgspec
from aiohttp import web

from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox.options import check_flag, check_header_value, check_headers, check_seconds, check_status
from heymarket_async.sandbox.refusals import Refusal
from heymarket_async.values import UNSET

if TYPE_CHECKING:
    from heymarket_async.sandbox.exchange import Exchange

JSON: Final = "application/json"
_NO_HEADERS: Final[Mapping[str, str | None]] = {}


class Answer(abc.ABC):
    """What comes back for one request.

    Attributes:
        unread: whether it comes before the sandbox reads the request, of which it knows the first line then.
    """

    unread: bool = False

    @abc.abstractmethod
    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Answer the request of `exchange`, and return what the method of `exchange` that ends it returned."""


def _to_bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body


@attrs.frozen(eq=False, repr=False)
class Reply(Answer):
    """A complete HTTP answer in place of the ordinary one.

    Args:
        status: the HTTP status, 200 to 999.
        body: the body as it goes out; text is encoded as UTF-8.
        json: a value to send as JSON in place of `body`.
        headers: further headers, or other values for `Date`, `X-Request-Id`, `Content-Length` and so on;
            None leaves a header out.
        content_type: the `Content-Type`, whatever the body is.
        delay: seconds on the sandbox's clock before the answer.
        effect: whether the request takes effect, at once, although the answer may say something else.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    status: int = attrs.field(default=200, validator=check_status)
    body: bytes = attrs.field(default=b"", converter=_to_bytes)
    json: Any = attrs.field(default=UNSET, kw_only=True)
    headers: Mapping[str, str | None] = attrs.field(default=_NO_HEADERS, kw_only=True, validator=check_headers)
    content_type: str = attrs.field(default=JSON, kw_only=True, validator=check_header_value)
    delay: float = attrs.field(default=0.0, kw_only=True, validator=check_seconds)
    effect: bool = attrs.field(default=False, kw_only=True, validator=check_flag)

    def __attrs_post_init__(self) -> None:
        if self.json is not UNSET:
            if self.body:
                raise ConfigurationError("Reply(body=..., json=...) takes one of them, not both.")
            object.__setattr__(self, "body", msgspec.json.encode(self.json))

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Send it."""
        return exchange.respond(await exchange.prepare(self))


def refuse(refusal: Refusal) -> Reply:
    """Return the reply that says no."""
    return Reply(refusal.status, json=refusal.body, headers=refusal.headers)


@attrs.frozen(kw_only=True)
class Ordinary(Answer):
    """The answer that would have come anyway: a pause between faults, or a slow service.

    Args:
        delay: seconds on the sandbox's clock before the request takes effect.
        late: seconds on the sandbox's clock between the effect and the answer.
        headers: further headers, or other values, as of `Reply`; None leaves a header out.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    delay: float = attrs.field(default=0.0, validator=check_seconds)
    late: float = attrs.field(default=0.0, validator=check_seconds)
    headers: Mapping[str, str | None] = attrs.field(default=_NO_HEADERS, validator=check_headers)

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Perform the request and send the reply."""
        await exchange.wait(self.delay)
        reply = exchange.ordinary()
        await exchange.wait(self.late)
        if self.headers:
            reply = attrs.evolve(reply, headers={**reply.headers, **self.headers}, json=UNSET)
        return exchange.respond(reply)
