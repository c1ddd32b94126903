"""The sandbox as a whole: its options and its life."""

from __future__ import annotations

import asyncio
import math
from functools import partial
from random import Random
from typing import Any, Self, get_args

import attrs

from heymarket_async.auth import ApiKey, ApiSecret
from heymarket_async.clock import SYSTEM_CLOCK, Clock, SkewedClock, is_clock
from heymarket_async.errors import ConfigurationError, SessionError
from heymarket_async.misuse import OnlyAsyncWith
from heymarket_async.sandbox.answers import Answer
from heymarket_async.sandbox.bearer import Guard
from heymarket_async.sandbox.chats import rows
from heymarket_async.sandbox.dispatch import Dispatcher
from heymarket_async.sandbox.door import Door
from heymarket_async.sandbox.journal import Received
from heymarket_async.sandbox.nouns import schedules
from heymarket_async.sandbox.reception import Reception
from heymarket_async.sandbox.records import Moment
from heymarket_async.sandbox.routes import ROUTES, Router
from heymarket_async.sandbox.script import Script
from heymarket_async.sandbox.seed import seeded_team
from heymarket_async.sandbox.seed_chats import add_chats
from heymarket_async.sandbox.seed_people import add_people
from heymarket_async.sandbox.state import Service, Team
from heymarket_async.sandbox.tokens import TokenReader
from heymarket_async.sandbox.variants import Variants
from heymarket_async.sandbox.webhooks import Webhooks
from heymarket_async.sandbox.window import LIMIT, WindowKind, window_for
from heymarket_async.sandbox.without_wire import InMemory
from heymarket_async.values import UNSET, Unset


class Sandbox(OnlyAsyncWith):
    """A local imitation of the Heymarket service, as a real HTTP server.

    A request passes these gates, and the first that refuses it answers: the path (404), the method (405), the
    credentials (401), the rate limit (429), the body and the query (400, with a message that names the field). Errors
    have the body `{"error_code": "...", "message": "..."}`, which is a guess: the service's own shape is not known.

    Writes change the teams, and reads show it. `Team` says what they own and what really went out (`Team.sent`), and
    plays the outside world (`Team.receive`, `Team.deliver`, `Team.fail`).

    Args:
        clock: the time by which tokens age, the rate limit passes, answers are delayed and `Date` is written.
        host: the address to listen on.
        port: the TCP port, 0 for any free one.
        teams: how many fictional teams there are to begin with, at least 1.
        rate_limit: requests that a team may make in 60 seconds; None for any number.
        rate_window: `sliding` allows that many in any 60 seconds, `fixed` in each minute of the monotonic clock.
        leeway: seconds that a token's `iat` may lie in the future.
        skew: seconds by which the server's own clock is ahead of `clock`, as in the property of this name.
        inboxes_in_wrapper: the same as in `variants`; True in either place is enough.
        retry_after: the same as in `variants`; True in either place is enough.
        variants: what the sandbox does where the service's behaviour is not known.
        history: how many messages the first team has besides those of its few first conversations.
        seed: the same seed gives the same teams, credentials and request ids.

    Raises:
        ConfigurationError: an option makes no sense.
    """

    def __init__(
        self,
        *,
        clock: Clock = SYSTEM_CLOCK,
        host: str = "127.0.0.1",
        port: int = 0,
        teams: int = 2,
        rate_limit: int | None = LIMIT,
        rate_window: WindowKind = "sliding",
        leeway: float = 30.0,
        skew: float = 0.0,
        inboxes_in_wrapper: bool = False,
        retry_after: bool = False,
        variants: Variants | None = None,
        history: int = 0,
        seed: int | str = 0,
    ) -> None:
        _check("host", type(host) is str and bool(host.strip()), "must be an address or a name")
        _check("port", _is_count(port) and port <= 65_535, "must be an int from 0 to 65535")
        _check("teams", _is_count(teams, 1), "must be an int, 1 or more")
        _check("rate_limit", rate_limit is None or _is_count(rate_limit, 1), "must be an int, 1 or more, or None")
        _check("rate_window", rate_window in get_args(WindowKind), "must be 'fixed' or 'sliding'")
        _check("leeway", type(leeway) in (int, float) and 0 <= leeway < math.inf, "must be seconds, 0 or more")
        _check("inboxes_in_wrapper", type(inboxes_in_wrapper) is bool, "must be True or False")
        _check("retry_after", type(retry_after) is bool, "must be True or False")
        _check("variants", variants is None or isinstance(variants, Variants), "must be Variants")
        _check("history", _is_count(history), "must be an int, 0 or more")
        _check("seed", type(seed) in (int, str), "must be an int or a str")
        _check("clock", is_clock(clock), "must be a clock, with wall(), monotonic(), sleep() and call_later()")
        clock = self._clock = SkewedClock(clock)
        self.skew = skew
        given = variants or Variants()
        given = attrs.evolve(
            given,
            inboxes_in_wrapper=inboxes_in_wrapper or given.inboxes_in_wrapper,
            retry_after=retry_after or given.retry_after,
        )
        self._service = Service(teams=[seeded_team(seed, number, clock) for number in range(teams)], variants=given)
        add_people(self.teams[0], seed)
        add_chats(self.teams[0], seed, history)
        self._seed = seed
        self._made = teams
        self._script = Script({route.name for route in ROUTES})
        self._dispatcher = Dispatcher(
            self._service,
            Router(ROUTES),
            Guard(TokenReader(lambda: self.teams), clock, leeway),
            partial(window_for, rate_window),
            rate_limit,
            clock,
        )
        self._reception = Reception(self._dispatcher, self._script, clock, Random(f"{seed}/request ids"))
        self._door = Door(host, port, self._reception)
        self._webhooks = Webhooks(self._service, clock, seed)
        self._lock = asyncio.Lock()
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "running" if self._door.is_open else "not started"
        return f"<Sandbox {state}, {len(self.teams)} teams, {len(self.requests)} requests>"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Begin to listen. Does nothing if it listens already.

        Raises:
            ConfigurationError: the address cannot be had, for instance because another program has the port.
            SessionError: the sandbox was closed before.
        """
        async with self._lock:
            if self._closed:
                raise SessionError("The sandbox was closed.", advice="Make a new Sandbox.")
            if not self._door.is_open:
                await self._door.open()
                self._webhooks.start()

    async def close(self) -> None:
        """Stop listening, end all connections at once, hanging ones too, and deliver nothing more to webhooks.

        Does nothing the second time.
        """
        async with self._lock:
            self._closed = True
            self._reception.hang_up()
            await self._door.close()
            await self._webhooks.close()

    @property
    def url(self) -> str:
        """The base URL, such as `http://127.0.0.1:54321`.

        Raises:
            SessionError: the sandbox has not started.
        """
        return self._door.url

    def in_memory(self) -> InMemory:
        """Return a transport for `AsyncSession(transport=...)` that reaches this sandbox without a socket.

        It needs no `start`. The same operations, state, script and `requests` serve it; answers that are made of bytes,
        such as `Truncated`, raise `ConfigurationError` here.
        """
        return InMemory(self._reception, lambda: self._closed)

    @property
    def teams(self) -> list[Team]:
        """The teams. Change them, or the list, at any moment."""
        return self._service.teams

    @property
    def variants(self) -> Variants:
        """What the sandbox does where the service's behaviour is not known. Assign to change it while it runs.

        Raises:
            ConfigurationError: what is assigned is something else.
        """
        return self._service.variants

    @variants.setter
    def variants(self, variants: Variants) -> None:
        _check("variants", isinstance(variants, Variants), "must be Variants")
        self._service.variants = variants

    def tick(self) -> None:
        """Do what has become due: send the scheduled messages. Every request does this too, before all else."""
        for team in self.teams:
            schedules.run_due(team, Moment.at(self._clock.wall()))

    @property
    def secret(self) -> ApiSecret:
        """An API Secret of the first team.

        Raises:
            ConfigurationError: it has none any more.
        """
        return self.teams[0].secret

    @property
    def requests(self) -> list[Received]:
        """The requests so far, oldest first; may be cleared. Only the latest 50,000 are sure to be there.

        Also those that a fault met before they were read stand here, with `read` False, so that the length is how
        often a client has begun to send one.
        """
        return self._reception.journal

    @property
    def skew(self) -> float:
        """Seconds by which the server's own clock is ahead of the one it was given; negative if it is behind.

        By its own clock it judges the age of tokens, writes `Date`, and dates what it stores. Assign to set it.

        Raises:
            ConfigurationError: what is assigned is something else.
        """
        return self._clock.skew

    @skew.setter
    def skew(self, skew: float) -> None:
        _check("skew", type(skew) in (int, float) and math.isfinite(skew), "must be seconds")
        self._clock.skew = skew

    @property
    def connections(self) -> int:
        """How many TCP connections were accepted so far."""
        return self._door.accepted

    @property
    def webhooks(self) -> Webhooks:
        """The webhooks of the teams: make some, and see what they were to deliver."""
        return self._webhooks

    def add_team(
        self,
        name: str | None = None,
        *,
        id: int | None = None,
        secrets: tuple[ApiSecret, ...] | None = None,
        api_key: ApiKey | Unset | None = UNSET,
        inboxes: Any = UNSET,
        members: Any = UNSET,
    ) -> Team:
        """Add a team. What is left out is filled in with fictional data.

        Args:
            name: its name.
            id: its number.
            secrets: up to two API Secrets.
            api_key: its legacy API key; None for a team without one.
            inboxes: what GET /v1/inboxes answers.
            members: the `members` of GET /v1/team.

        Raises:
            ConfigurationError: the number is taken, or the credentials are of a wrong kind.
        """
        team = seeded_team(self._seed, self._made, self._clock)
        given: dict[str, Any] = {
            "name": UNSET if name is None else name,
            "id": UNSET if id is None else id,
            "secrets": UNSET if secrets is None else secrets,
            "api_key": api_key,
            "inboxes": inboxes,
            "members": members,
        }
        for key, value in given.items():
            if value is not UNSET:
                setattr(team, key, value)
        if any(team.id == other.id for other in self.teams):
            raise ConfigurationError(f"add_team(id={team.id}): there is such a team already.")
        self._made += 1
        self.teams.append(team)
        return team

    def populate(self, team: Team, *, history: int = 0) -> None:
        """Give a team contacts, lists, templates and a few conversations, as the first team has from the start.

        Args:
            team: a team that has inboxes and members, and none of that yet.
            history: how many messages it gets besides, in conversations of their own.

        Raises:
            ConfigurationError: the team has some already, or nobody and no inbox to have them.
        """
        _check_call("populate(history=...)", _is_count(history), "must be an int, 0 or more")
        ready = not team.contacts and not team.conversations and rows(team.inboxes) and rows(team.members)
        _check_call(f"populate({team!r})", bool(ready), "needs inboxes and members, and nothing else yet")
        seed = f"{self._seed}/{team.id}"
        with team.unheard():
            add_people(team, seed)
            add_chats(team, seed, history)

    def script(self, target: str, *answers: Answer, times: int = 1, team: Team | None = None) -> None:
        """Order what comes in place of the next answers.

        An order has precedence over every gate, credentials and the rate limit included; orders for the same target
        queue up. The request counts for the rate limit all the same.

        Args:
            target: an operation such as `list_inboxes`, a path such as `/v1/inboxes`, or `*` for any request.
            answers: one for each of the next requests: `Ordinary`, `Reply`, a fault such as `Reset`, or your own.
            times: how often the whole row comes.
            team: whose requests it is for; those whose token does not prove that they come from it go on as ever.

        Raises:
            ConfigurationError: there is no such operation, or an argument makes no sense.
        """
        _check_call("script(team=...)", team is None or team in self.teams, "must be a team of this sandbox")
        self._script.add(target, answers, times, None if team is None else team.id)

    @property
    def scripted(self) -> int:
        """How many ordered answers are left."""
        return len(self._script)

    def clear_script(self) -> None:
        """Forget all ordered answers."""
        self._script.clear()

    def drop_idle(self) -> int:
        """Close the connections on which no request is under way, as a server does that has waited long enough.

        The FIN is on its way when this returns (with uvloop, in the next turn of the loop), so a client that writes
        before its event loop turns writes into a connection which the server has closed; whoever waits first will
        notice. What comes in on such a connection stands in `requests` with `read` False.

        Returns:
            how many there were.
        """
        return self._door.drop_idle()


def _check(option: str, good: bool, rule: str) -> None:
    _check_call(f"Sandbox({option}=...)", good, rule)


def _check_call(what: str, good: bool, rule: str) -> None:
    if not good:
        raise ConfigurationError(f"{what} {rule}.")


def _is_count(value: object, least: int = 0) -> bool:
    return type(value) is int and value >= least
