"""The way of a request through the sandbox, from the first byte to what is given for it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Coroutine, Mapping
from functools import partial
from random import Random
from typing import Any, Final, NoReturn, cast

from aiohttp import web

from heymarket_async.clock import Clock
from heymarket_async.errors import SessionError
from heymarket_async.sandbox import wire
from heymarket_async.sandbox.answers import Answer, Ordinary, refuse
from heymarket_async.sandbox.connections import Connection
from heymarket_async.sandbox.dispatch import Dispatcher
from heymarket_async.sandbox.exchange import Exchange
from heymarket_async.sandbox.journal import Received
from heymarket_async.sandbox.refusals import Refusal, bad_data, failure
from heymarket_async.sandbox.script import Script
from heymarket_async.sandbox.without_wire import Ended, Hung, NeedsWire, WithoutWire

# A sandbox that runs for days must not keep every request it ever got.
_REMEMBERED: Final = 100_000
_LOG: Final = logging.getLogger(__name__)
_NO_QUERY: Final[Mapping[str, str]] = {}
_NO_HEADERS: Final[Mapping[str, str]] = {}
_ORDINARY: Final = Ordinary()


class Reception:
    """Writes each request into the journal and gives the answer for it.

    Args:
        dispatcher: makes the ordinary answers.
        script: the answers that were ordered in place of them.
        clock: the time of the server.
        ids: where request ids come from.

    Attributes:
        journal: the requests so far, oldest first.
        hung: the requests without a connection that wait for ever.
    """

    def __init__(self, dispatcher: Dispatcher, script: Script, clock: Clock, ids: Random) -> None:
        self._dispatcher = dispatcher
        self._script = script
        self._clock = clock
        self._ids = ids
        self.journal: list[Received] = []
        self.hung: set[Hung] = set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        connection = cast(Connection, request.protocol)
        received = self._receive(request)
        try:
            if request.body_exists:
                received.body = await request.read()
            received.read = True
            ordinary = self._dispatcher.prepare(received, request.headers)
        except (web.HTTPException, web.RequestPayloadError) as error:
            ordinary = partial(refuse, _unreadable(error))
        exchange = Exchange(connection, request, received, ordinary, self._clock)
        ended = await self._give(self._answer_to(received), exchange)
        connection.idle = bool(ended.keep_alive)
        return ended

    async def carry(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> WithoutWire:
        """Answer a request that no connection carries, and return how.

        Args:
            method: the HTTP method.
            path: the path, decoded.
            query: the query.
            headers: the headers.
            body: the body; empty if there is none.

        Raises:
            ConfigurationError: an answer was ordered that needs a connection.
        """
        unread = self._unread_answer(self._dispatcher.name(method, path), path)
        if unread is not None:
            received = self._note(0, method, path)
            received.operation = self._dispatcher.name(method, path)
            exchange = WithoutWire(received, _cannot_perform, self._clock, self.hung)
            await self._give(unread, exchange)
            return exchange
        received = self._note(0, method, path, query, _shown(headers))
        received.body, received.read = body, True
        exchange = WithoutWire(received, self._dispatcher.prepare(received, headers), self._clock, self.hung)
        await self._give(self._answer_to(received), exchange)
        return exchange

    def hang_up(self) -> None:
        """End the requests without a connection that hang."""
        for waiting in self.hung:
            waiting.get_loop().call_soon_threadsafe(_end, waiting)

    def handle_broken(self, request: web.BaseRequest, status: int) -> web.StreamResponse:
        """Answer what is not HTTP."""
        reply = refuse(Refusal(status, "bad_data", "The request is not HTTP as it should be."))
        connection = cast(Connection, request.protocol)
        return Exchange(connection, request, self._receive(request), lambda: reply, self._clock).respond(reply)

    def intercept(self, connection: Connection, start: bytes) -> Coroutine[Any, Any, object] | None:
        """Look at the first bytes of a request before it is read.

        Returns:
            What to do in place of reading it, if something is.
        """
        if not (connection.deaf or self._script.meets_unread):
            return None
        method, path = wire.peek(start)
        operation = self._dispatcher.name(method, path)
        answer = None if connection.deaf else self._unread_answer(operation, path)
        if answer is None and not connection.deaf:
            return None
        received = self._note(connection.number, method, path)
        received.operation = operation
        # On a deaf connection there is nothing to do but to note that the client has written.
        exchange = Exchange(connection, None, received, _cannot_perform, self._clock)
        return None if answer is None else self._give(answer, exchange)

    async def _give(self, answer: Answer, exchange: Exchange) -> web.StreamResponse:
        try:
            return await answer.give(exchange)
        except (NeedsWire, Ended):
            raise
        except Exception:  # noqa: BLE001 - an answer of the user's own making may fail, and the client must learn of it
            _LOG.exception("%s could not be given", type(answer).__name__)
            return exchange.respond(refuse(failure())) if exchange.received.status is None else exchange.close()

    def _receive(self, request: web.BaseRequest) -> Received:
        return self._note(
            cast(Connection, request.protocol).number,
            request.method,
            request.path,
            query=dict(request.query) if request.query_string else _NO_QUERY,
            headers=_shown(request.headers),
        )

    def _answer_to(self, received: Received) -> Answer:
        return self._script.take(received.operation, received.path, team=received.team) or _ORDINARY

    def _unread_answer(self, operation: str | None, path: str) -> Answer | None:
        return self._script.take(operation, path, unread=True) if self._script.meets_unread else None

    def _note(
        self,
        connection: int,
        method: str,
        path: str,
        query: Mapping[str, str] = _NO_QUERY,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> Received:
        received = Received(
            method=method,
            path=path,
            query=query,
            headers=headers,
            arrived=self._clock.wall(),
            connection=connection,
            request_id=str(uuid.UUID(int=self._ids.getrandbits(128), version=4)),
        )
        if len(self.journal) >= _REMEMBERED:
            del self.journal[: _REMEMBERED // 2]
        self.journal.append(received)
        return received


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower() != "authorization"}


def _end(waiting: Hung) -> None:
    if not waiting.done():  # pragma: no branch - a client may leave in the same turn
        waiting.set_exception(Ended("The sandbox was closed."))


def _cannot_perform() -> NoReturn:
    raise SessionError("A request that was not read cannot be performed.", advice="Leave out unread=True.")


def _unreadable(error: Exception) -> Refusal:
    if isinstance(error, web.HTTPException):
        return Refusal(error.status, "bad_data", "The body is too large.")
    return bad_data("The body cannot be read.")
