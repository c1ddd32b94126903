"""The session: its lifetime, and the engine that performs calls."""

from __future__ import annotations

import os
import ssl
import weakref
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Self, Unpack

import aiohttp
from msgspec.structs import replace
from typing_extensions import TypeVar

from heymarket_async.arguments import wrong
from heymarket_async.auth import Credentials, credentials_from_env
from heymarket_async.calls import Call, Effect, Reply
from heymarket_async.capture import CapturedReply, capturing
from heymarket_async.clock import SYSTEM_CLOCK, Clock
from heymarket_async.convert import Reader
from heymarket_async.drift import Drift
from heymarket_async.engine import Account, Engine
from heymarket_async.errors import SessionClosed
from heymarket_async.events import Listener
from heymarket_async.lanes import Lane
from heymarket_async.limits import DEFAULT_LIMIT, BudgetState
from heymarket_async.misuse import OnlyAsyncWith
from heymarket_async.phones import check_region
from heymarket_async.resources.by_hand import call_by_hand
from heymarket_async.retry import Retries
from heymarket_async.session_settings import SessionSettings
from heymarket_async.settings import (
    BASE_URL_VARIABLE,
    DEFAULT_BASE_URL,
    LARGEST_REPLY,
    Options,
    Timeouts,
    check_base_url,
    check_clock,
    check_count,
    check_credentials,
    check_lane,
    check_listeners,
    check_proxy,
    check_retries,
    check_timeout,
    check_user_agent,
    headers_for,
    proxy_from_env,
)
from heymarket_async.transport import DEFAULT_POOL_SIZE, Pool, PoolSettings, Transport, caller, check_transport
from heymarket_async.values import UNSET, kind_of
from heymarket_async.watch.watches import Watches

__all__ = ["AsyncSession", "SessionSettings"]

T = TypeVar("T")
R = TypeVar("R", default=Any)

_PLAIN_JSON: Final[type[Any]] = object


class AsyncSession(OnlyAsyncWith, Watches):
    """A connection to the Heymarket API for one team: one pool of connections, one token, one rate budget.

    Making one touches neither the network nor an event loop. It opens on first use, or with `async with`, and one can
    serve a whole program for its life.

    Args:
        credentials: `ApiSecret(id, key)`, or a legacy `ApiKey(key)`.
        base_url: the address of the service.
        timeout: seconds for a call from its start to its end, attempts and waits included; or `Timeouts` in detail.
        retries: how often and how patiently a call is tried again; `Retries(attempts=1)` tries again only
            after a 401, with a new token.
        rate_limit: requests in any minute at the most; None if something else sees to it.
        pool_size: connections at the most.
        proxy: URL of an HTTP proxy.
        tls: how TLS is done, if not as Python does it by default.
        trust_env: take the proxy from `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, if none is passed.
        user_agent: the name of your program, which is added to the `User-Agent` header, such as `my-app/1.2`.
        strict: raise `ReplyError` where a value in a reply does not fit its model, in place of keeping it in `extra`.
        default_region: a two-letter country, such as `US`, whose phone numbers may be written without their country
            code; it needs the extra `phones`.
        lane: how urgent calls are, where several wait for the rate limit; by default a send comes before the rest.
        listeners: functions that are called with each `Event` of each call: attempts, waits, and what came of them.
        largest_reply: bytes that the body of an answer may have; a larger one is a `ReplyError`.
        client_session: an `aiohttp.ClientSession` to borrow. It is never closed here.
        connector: an aiohttp connector to borrow. It is never closed here.
        transport: carries requests in place of aiohttp, such as `sandbox.in_memory()`; for tests.
        clock: tells the time; for tests.

    Raises:
        ConfigurationError: a value makes no sense.

    https://developers.heymarket.com/authentication
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float | Timeouts = Timeouts(),  # noqa: B008 - frozen
        retries: Retries = Retries(),  # noqa: B008 - frozen
        rate_limit: int | None = DEFAULT_LIMIT,
        pool_size: int = DEFAULT_POOL_SIZE,
        proxy: str | None = None,
        tls: ssl.SSLContext | None = None,
        trust_env: bool = False,
        user_agent: str | None = None,
        strict: bool = False,
        default_region: str | None = None,
        lane: Lane | None = None,
        listeners: Iterable[Listener] = (),
        largest_reply: int = LARGEST_REPLY,
        client_session: aiohttp.ClientSession | None = None,
        connector: aiohttp.BaseConnector | None = None,
        transport: Transport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        clock = check_clock(clock)
        self._rate_limit = None if rate_limit is None else check_count("rate_limit", rate_limit)
        self._proxy, self._trust_env = None if proxy is None else check_proxy(proxy), trust_env
        address, headers = check_base_url(base_url), headers_for(check_user_agent(user_agent), aiohttp.__version__)
        self._engine = Engine(
            pool=Pool(
                PoolSettings(
                    made_at=caller() or ("<unknown>", 0),
                    headers=headers,
                    size=check_count("pool_size", pool_size),
                    tls=tls,
                    client_session=client_session,
                    connector=connector,
                    transport=check_transport(
                        transport, client_session=client_session, connector=connector, proxy=proxy, tls=tls
                    ),
                ),
                clock,
            ),
            account=Account(check_credentials(credentials), self._rate_limit, clock),
            reader=Reader(strict=strict),
            options=Options(
                base_url=address,
                timeouts=check_timeout(timeout),
                retries=check_retries(retries),
                headers=headers,
                default_region=check_region(default_region),
                proxy=self._proxy_for(address),
                lane=check_lane(lane),
                listeners=check_listeners(listeners),
                largest_reply=check_count("largest_reply", largest_reply),
            ),
            clock=clock,
        )
        self._root: weakref.ref[AsyncSession] | None = None
        self._family: weakref.WeakSet[AsyncSession] = weakref.WeakSet([self])
        self._closed, self._owns_account = False, True

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **settings: Unpack[SessionSettings]) -> Self:
        """Return a session with credentials from the environment.

        Args:
            environ: where to look, by default the environment, for `HEYMARKET_API_SECRET_ID` with
                `HEYMARKET_API_SECRET_KEY`, or else `HEYMARKET_API_KEY`; and for `HEYMARKET_BASE_URL`.
            **settings: as for `AsyncSession`; they come before the environment.

        Raises:
            MissingCredentials: there are none.
            ConfigurationError: a value makes no sense.
        """
        # As a default of the signature it would show all secrets to whoever looks at that.
        environ = os.environ if environ is None else environ
        base_url = environ.get(BASE_URL_VARIABLE, "").strip()
        if base_url and "base_url" not in settings:
            settings["base_url"] = check_base_url(base_url, BASE_URL_VARIABLE)
        return cls(credentials_from_env(environ), **settings)

    def __repr__(self) -> str:
        engine = self._engine
        state = "closed" if self.closed else "open" if engine.pool.is_open else "not opened yet"
        return f"<AsyncSession {engine.options.base_url} {engine.account.credentials!r} ({state})>"

    @property
    def default_region(self) -> str | None:
        """The country whose national phone numbers are understood."""
        return self._engine.options.default_region

    @property
    def name(self) -> str | None:
        """What `as_account` or a `Fleet` calls this team, if anything."""
        return self._engine.account.name

    @property
    def clock(self) -> Clock:
        """What tells the time."""
        return self._engine.clock

    @property
    def budget(self) -> BudgetState:
        """How much of the rate limit is left now."""
        return self._engine.account.budget.state

    @property
    def drift(self) -> Drift:
        """Where replies differed from the models so far: names and counts, never values."""
        return self._engine.reader.drift

    def service_time(self) -> float | None:
        """Return the Unix time by the service's clock, to a second, as its last answer told; None before the first."""
        return self._engine.account.service_time()

    @property
    def last_reply(self) -> Reply | None:
        """Status and headers of the last answer to this account, refusals included; None before the first.

        The body is left out: nobody should find a text or a number in a health check.
        """
        last = self._engine.account.last_answer
        return None if last is None else Reply(status=last[0], headers=last[1], body=b"")

    @property
    def closed(self) -> bool:
        """Whether this session was closed, or the session that it is a copy of."""
        return self._closed or self._engine.account.turnstile.closed or self._engine.pool.closed

    async def __aenter__(self) -> Self:
        self._check_open()
        self._engine.pool.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the session, and the connections if it opened them. Closing twice does no harm.

        Calls that are under way fail, those that wait fail with `SessionClosed`. A copy made by `with_options` or
        `as_account` leaves the connections to the session that it is a copy of or, where that is gone, to the last of
        its copies. Of an account, the copy that `as_account` made closes all: no request of it goes out any more.
        """
        self._closed = True
        if self._owns_account:
            self._engine.account.turnstile.closed = True
        orphaned = self._root is not None and self._root() is None and all(other.closed for other in self._family)
        if self._root is None or orphaned:
            await self._engine.pool.close()

    def with_options(
        self,
        *,
        base_url: str | None = None,
        timeout: float | Timeouts | None = None,
        retries: Retries | None = None,
        user_agent: str | None = None,
        lane: Lane | None = None,
        listeners: Iterable[Listener] | None = None,
    ) -> Self:
        """Return a copy with other options, on the same connections, token and rate budget.

        Args:
            base_url: as for `AsyncSession`, like the others. What is left out stays as it is.
            timeout: seconds for a call, which leaves the other timeouts as they are; or `Timeouts`.
            retries: how often and how patiently a call is tried again.
            user_agent: the name of your program.
            lane: how urgent its calls are.
            listeners: who is told of its calls, in place of those who were.

        Raises:
            ConfigurationError: a value makes no sense.
        """
        changes: dict[str, Any] = {}
        options = self._engine.options
        if base_url is not None:
            changes["base_url"] = check_base_url(base_url)
            changes["proxy"] = self._proxy_for(changes["base_url"])
        if timeout is not None:
            changes["timeouts"] = check_timeout(timeout, options.timeouts)
        if retries is not None:
            changes["retries"] = check_retries(retries)
        if user_agent is not None:
            changes["headers"] = headers_for(check_user_agent(user_agent), aiohttp.__version__)
        if lane is not None:
            changes["lane"] = check_lane(lane)
        if listeners is not None:
            changes["listeners"] = check_listeners(listeners)
        return self._copy(replace(self._engine, options=replace(options, **changes)))

    def capture(self) -> AbstractContextManager[list[CapturedReply]]:
        """Return a list that is filled, while a `with` block runs, with the replies to this session's calls.

        It sees the calls of its own task, and of tasks that are made in it; those of copies too. Refusals are among
        them.
        """
        return capturing(self._engine.pool)

    def as_account(self, credentials: Credentials, *, name: str | None = None, connections: int | None = None) -> Self:
        """Return a copy for another team, on the same connections, with a token and a rate budget of its own.

        Args:
            credentials: the credentials of that team.
            name: what you call it; events say it.
            connections: connections that it may use at a time; by default all. What hangs can hold no more.

        Raises:
            ConfigurationError: they are not credentials, or a value makes no sense.
        """
        bound = None if connections is None else check_count("connections", connections)
        account = Account(check_credentials(credentials), self._rate_limit, self._engine.clock, name, bound)
        return self._copy(replace(self._engine, account=account), owns_account=True)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = UNSET,
        effect: Effect | None = None,
        reply: type[R] = _PLAIN_JSON,
    ) -> R:
        """Make any request of the service, with the same tokens, limits, retries and errors as every call.

        Args:
            method: the HTTP method.
            path: the path from `/` on, without a query.
            params: the query: texts and whole numbers by name.
            json: what to send as JSON; None is sent as null, nothing is sent by default.
            effect: what the request does, which decides retries. By default GET and HEAD read, and anything else
                counts as `Effect.SENDS`, which is never repeated when its outcome is not known.
            reply: the type that the answer becomes, such as `tuple[Inbox, ...]`; by default plain JSON as it comes,
                and None where it is empty.

        Raises:
            ArgumentError: an argument makes no sense. Nothing was sent.
            ApiError: the service refused.
            TransportError: there is no complete answer.
            ReplyError: the answer cannot be read.
        """
        if not self._engine.reader.can_read(reply):
            raise wrong("reply", "must be a model, or a type that is made of models and plain types")
        return await self.run(call_by_hand(method, path, params=params, json=json, effect=effect, reply=reply))

    async def run(self, call: Call[T], *, within: float | None = None, retries: Retries | None = None) -> T:
        """Perform `call`: every method of this library comes through here.

        Args:
            call: an operation with its arguments.
            within: seconds from its start to its end, attempts and waits included; by default those of the session.
            retries: how often and how patiently it is tried again; by default as the session does.

        Raises:
            ArgumentError: it is no call, or it cannot be written.
            ApiError: the service refused.
            TransportError: there is no complete answer.
            RateBudgetExceeded: the wait for the rate limit would be too long.
            ReplyError: the answer cannot be read.
            SessionError: the session is closed, or open on another event loop.
            ConfigurationError: `within` or `retries` make no sense.
        """
        if not isinstance(call, Call):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
            raise wrong("call", f"must be a Call, not {kind_of(call)}")
        self._check_open()
        engine = self._engine
        if within is not None or retries is not None:
            engine = self.with_options(timeout=within, retries=retries)._engine
        # First of all, so that a call on the wrong event loop takes no part in the rate budget.
        engine.pool.open()
        return await engine.run(call)

    def _copy(self, engine: Engine, *, owns_account: bool = False) -> Self:
        self._check_open()
        fresh = type(self).__new__(type(self))
        vars(fresh).update(vars(self))
        fresh._engine = engine
        fresh._root = self._root or weakref.ref(self)
        fresh._closed, fresh._owns_account = False, owns_account
        self._family.add(fresh)
        return fresh

    def _proxy_for(self, base_url: str) -> str | None:
        return self._proxy if self._proxy is not None or not self._trust_env else proxy_from_env(base_url)

    def _check_open(self) -> None:
        if self.closed:
            raise SessionClosed("This session is closed.")
