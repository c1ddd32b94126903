"""What goes wrong on the way, each as a value that a test gives to `Sandbox.script`.

Where a fault has a `reply`, that is what it spoils: the ordinary one if left out, and then the request takes effect. A
`Reply` of your own takes effect if it says so. Where a fault has none, `effect` says it. The effect comes first, then
the delay, then the fault: as when an answer is lost. All waits go by the sandbox's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NoReturn

import attrs
from aiohttp import web

from heymarket_async.sandbox import options, wire
from heymarket_async.sandbox.answers import Answer, Ordinary, Reply

# Not below, for the fields are checked by them.
from heymarket_async.sandbox.exchange import End, Framing

if TYPE_CHECKING:
    from heymarket_async.sandbox.exchange import Exchange

Part = Literal["head", "body"]
_NO_HEADERS: Final[Mapping[str, str | None]] = {}
# What a body without an end promises where it has to promise a length.
_FOREVER: Final = 10**15


def _check_unread(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
    options.check_flag(owner, field, value)
    if value and owner.effect:
        raise options.wrong(owner, field, "cannot be True with effect=True: what is not read takes no effect")


def _check_reply(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, Reply | None):
        raise options.wrong(owner, field, "must be a Reply, or None for the ordinary one")


def _check_then(owner: object, field: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, Answer) or value.unread:
        raise options.wrong(owner, field, "must be an Answer that comes after the request was read")


@attrs.frozen(kw_only=True)
class _Dropped(Answer):
    """The end of the connection where an answer is due."""

    effect: bool = attrs.field(default=False, validator=options.check_flag)
    delay: float = attrs.field(default=0.0, validator=options.check_seconds)
    unread: bool = attrs.field(default=False, validator=_check_unread)
    _end: ClassVar[End]

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """End the connection."""
        if self.effect:
            exchange.ordinary()
        await exchange.wait(self.delay)
        return await exchange.end(self._end)


@attrs.frozen(kw_only=True)
class Reset(_Dropped):
    """A TCP reset (RST) where an answer is due.

    Args:
        effect: whether the request takes effect first, so that only its answer is lost.
        delay: seconds on the sandbox's clock before it.
        unread: whether it comes as soon as the client begins to send, and the request is never read. On a connection
            that was used before, this is a server that has let go of it just then.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    _end: ClassVar[End] = "reset"


@attrs.frozen(kw_only=True)
class Closed(_Dropped):
    """A connection that ends in good order (FIN) where an answer is due.

    Args:
        effect: whether the request takes effect first, so that only its answer is lost.
        delay: seconds on the sandbox's clock before it.
        unread: whether it comes as soon as the client begins to send, and the request is never read. On a connection
            that was used before, this is a server that has closed it just then; see also `Sandbox.drop_idle`.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    _end: ClassVar[End] = "close"


@attrs.frozen(kw_only=True)
class Hang(Answer):
    """No answer, until the client gives up or the sandbox closes.

    Args:
        effect: whether the request takes effect, so that only its answer is missing.
        unread: whether the server stops reading as soon as the client begins to send, so that a client with more to
            send than the systems hold between them cannot even send it. It does not notice then that a client leaves.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    effect: bool = attrs.field(default=False, validator=options.check_flag)
    unread: bool = attrs.field(default=False, validator=_check_unread)

    async def give(self, exchange: Exchange) -> NoReturn:
        """Wait for ever."""
        if self.effect:
            exchange.ordinary()
        await exchange.hang()


@attrs.frozen(kw_only=True)
class Truncated(Answer):
    """An answer that breaks off after its head, or in its body.

    Args:
        sent: how many bytes of the body go out; 0 for the head alone. Where the body has no more than that, its end is
            missing all the same: a `length` promises more, and of chunks the last does not come.
        reply: the answer to cut; the ordinary one if left out, and then the request takes effect.
        framing: how the client knows where the body ends: by its `length`, by its being `chunked`, or `none`, where
            only the end of the connection says so, and a cut does not show.
        end: what comes in place of the rest: `close` (FIN), `reset` (RST) or `hang`. A reset takes with it what has not
            yet arrived, so let no more than some kilobytes go before it.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    sent: int = attrs.field(default=1, validator=options.check_count)
    reply: Reply | None = attrs.field(default=None, validator=_check_reply)
    framing: Framing = attrs.field(default="length", validator=options.check_word(Framing))
    end: End = attrs.field(default="close", validator=options.check_word(Literal["close", "reset", "hang"]))

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Send the beginning, and no more."""
        reply = await exchange.prepare(self.reply)
        body, start = reply.body, 0
        if self.framing == "chunked":
            body = wire.chunk(body)
            start = body.find(b"\n") + 1
        part = body[: start + self.sent] if self.sent else b""
        exchange.write(exchange.head(reply, self.framing, length=max(len(reply.body), self.sent + 1)) + part)
        return await exchange.end(self.end)


@attrs.frozen(kw_only=True)
class Trickled(Answer):
    """A complete answer that comes in small pieces.

    Args:
        every: seconds on the sandbox's clock between two pieces.
        piece: bytes in a piece.
        part: what comes in pieces: the `head`, after which the body comes at once, or the `body`.
        reply: the answer; the ordinary one if left out, and then the request takes effect.
        framing: how the client knows where the body ends, as of `Truncated`.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    every: float = attrs.field(default=1.0, validator=options.check_seconds)
    piece: int = attrs.field(default=1, validator=options.check_positive)
    part: Part = attrs.field(default="body", validator=options.check_word(Part))
    reply: Reply | None = attrs.field(default=None, validator=_check_reply)
    framing: Framing = attrs.field(default="length", validator=options.check_word(Framing))

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Send it piece by piece, then close the connection."""
        reply = await exchange.prepare(self.reply)
        head = exchange.head(reply, self.framing)
        frame, last = (wire.chunk, wire.LAST_CHUNK) if self.framing == "chunked" else (bytes, b"")
        if self.part == "head":
            steps = [*self._cut(head), frame(reply.body), last]
        else:
            steps = [head, *map(frame, self._cut(reply.body)), last]
        exchange.write(steps[0])
        for step in filter(None, steps[1:]):
            await exchange.flush()
            await exchange.wait(self.every)
            exchange.write(step)
        return await exchange.end("close")

    def _cut(self, data: bytes) -> Iterator[bytes]:
        return (data[at : at + self.piece] for at in range(0, len(data), self.piece))


@attrs.frozen(kw_only=True)
class Endless(Answer):
    """An answer whose body goes on until the client leaves or the sandbox closes.

    Args:
        piece: what is added again and again, after the body of the reply.
        every: seconds on the sandbox's clock between two pieces; 0 for as fast as the client reads.
        reply: the answer; the ordinary one if left out, and then the request takes effect.
        framing: `chunked`, a `length` of a petabyte, or `none`.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    piece: bytes = attrs.field(default=b" " * 65_536, validator=options.check_bytes, repr=False)
    every: float = attrs.field(default=0.0, validator=options.check_seconds)
    reply: Reply | None = attrs.field(default=None, validator=_check_reply)
    framing: Framing = attrs.field(default="chunked", validator=options.check_word(Framing))

    async def give(self, exchange: Exchange) -> NoReturn:
        """Send and send."""
        reply = await exchange.prepare(self.reply)
        frame = wire.chunk if self.framing == "chunked" else bytes
        exchange.write(exchange.head(reply, self.framing, length=_FOREVER) + frame(reply.body))
        piece = frame(self.piece)
        while True:
            await exchange.flush()
            # Where the client is as fast as the server, nothing else here would let anybody else run.
            await asyncio.sleep(0)
            await exchange.wait(self.every)
            exchange.write(piece)


@attrs.frozen
class Raw(Answer):
    """Bytes of your own in place of an answer: a status line that is none, half a head, two answers for one request.

    Args:
        data: the bytes.
        end: what comes after them: `close` (FIN), `reset` (RST), `hang`, or `stay`, which leaves the connection open
            for the next request.
        effect: whether the request takes effect first.
        delay: seconds on the sandbox's clock before it.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    data: bytes = attrs.field(validator=options.check_bytes, repr=False)
    end: End = attrs.field(default="close", kw_only=True, validator=options.check_word(End))
    effect: bool = attrs.field(default=False, kw_only=True, validator=options.check_flag)
    delay: float = attrs.field(default=0.0, kw_only=True, validator=options.check_seconds)

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Send them."""
        if self.effect:
            exchange.ordinary()
        await exchange.wait(self.delay)
        exchange.write(self.data)
        return await exchange.end(self.end)


@attrs.frozen
class Interim(Answer):
    """An answer before the answer, such as 103 Early Hints, which nobody asked for.

    Args:
        status: from 100 to 199.
        headers: its headers.
        times: how often it comes.
        then: the answer itself.

    Raises:
        ConfigurationError: an argument makes no sense.
    """

    status: int = attrs.field(default=103, validator=options.check_interim)
    headers: Mapping[str, str | None] = attrs.field(
        default=_NO_HEADERS, kw_only=True, validator=options.check_headers, repr=False
    )
    times: int = attrs.field(default=1, kw_only=True, validator=options.check_positive)
    then: Answer = attrs.field(factory=Ordinary, kw_only=True, validator=_check_then)

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        """Send it, then the answer itself."""
        exchange.write(wire.head(self.status, wire.merge({}, self.headers)) * self.times)
        await exchange.flush()
        return await self.then.give(exchange)
