"""The fleet: many teams on one pool of connections."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar, Unpack

from heymarket_async.auth import ApiKey, Credentials
from heymarket_async.drift import Drift
from heymarket_async.errors import ConfigurationError, SessionClosed
from heymarket_async.events import Parked, Unparked, announce
from heymarket_async.fleet.files import read_teams
from heymarket_async.fleet.names import check_name, unknown_team
from heymarket_async.fleet.parking import ParkedTeam
from heymarket_async.fleet.results import TeamResult
from heymarket_async.fleet.rounds import Every, Member, Once, Roster, Rounds
from heymarket_async.misuse import OnlyAsyncWith
from heymarket_async.session import AsyncSession, SessionSettings
from heymarket_async.settings import (
    BASE_URL_VARIABLE,
    check_base_url,
    check_count,
    check_credentials,
    check_listeners,
    check_positive,
)
from heymarket_async.values import kind_of

if TYPE_CHECKING:
    from heymarket_async.watch.feeds import Feed
    from heymarket_async.watch.one_by_one import Watch
    from heymarket_async.watch.plan import WatchSettings
    from heymarket_async.watch.watching import BatchWatch

T = TypeVar("T")

# A hundred connections carry the polls of some thousand teams.
DEFAULT_POOL_SIZE: Final = 100
DEFAULT_CONNECTIONS_PER_TEAM: Final = 4
# Whose calls nobody makes: what the sessions of all teams are copies of.
_NOBODY: Final = ApiKey("nobody")


class Fleet(OnlyAsyncWith):
    """Many teams on one pool of connections, each with a token, a rate budget and a state of its own.

    Making one touches neither the network nor an event loop. It opens on first use, or with `async with`.

    Args:
        teams: credentials by the names that you give the teams.
        connections_per_team: connections that one team may use at a time, so that one whose calls hang leaves the
            others theirs.
        **settings: as for `AsyncSession`; `pool_size` is 100 by default. Listeners are also told when a team is
            parked, and when it answers again.

    Raises:
        ConfigurationError: a name is taken or is none, credentials are none, or a setting makes no sense. The message
            names the team.
    """

    def __init__(
        self,
        teams: Mapping[str, Credentials],
        *,
        connections_per_team: int = DEFAULT_CONNECTIONS_PER_TEAM,
        **settings: Unpack[SessionSettings],
    ) -> None:
        if not isinstance(teams, Mapping):
            raise ConfigurationError(
                f"teams must be a mapping of names to credentials, not {kind_of(teams)}.",
                advice='Pass it like {"acme": ApiSecret(id, key)}.',
            )
        self._places = check_count("pool_size", settings.setdefault("pool_size", DEFAULT_POOL_SIZE))
        self._connections = check_count("connections_per_team", connections_per_team)
        self._listeners = settings["listeners"] = check_listeners(settings.get("listeners", ()))
        self._root = AsyncSession(_NOBODY, **settings)
        self._roster = Roster(self._root.clock, self._tell, lambda: self.closed)
        for name, credentials in teams.items():
            self.add(name, credentials)

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        environ: Mapping[str, str] | None = None,
        connections_per_team: int = DEFAULT_CONNECTIONS_PER_TEAM,
        **settings: Unpack[SessionSettings],
    ) -> Self:
        """Return a fleet of the teams in a TOML or JSON file.

        Each team is a table, or an object, under its name. It has `secret_id` and `secret_key`, or an `api_key`; with
        `_env` after a key, its value is the name of an environment variable. During a rotation `secret_id_2` and
        `secret_key_2` hold the second API Secret. A file that holds secrets must be readable by its owner only.

        Args:
            path: the file, whose name ends with `.toml` or `.json`.
            environ: where environment variables are looked up, by default the environment, also `HEYMARKET_BASE_URL`.
            connections_per_team: as for `Fleet`.
            **settings: as for `Fleet`.

        Raises:
            ConfigurationError: the file cannot be read, others may read the secrets in it, or something in it makes no
                sense. The message names the team, and never shows a secret.
        """
        environ = os.environ if environ is None else environ
        base_url = environ.get(BASE_URL_VARIABLE, "").strip()
        if base_url and "base_url" not in settings:
            settings["base_url"] = check_base_url(base_url, BASE_URL_VARIABLE)
        return cls(read_teams(path, environ), connections_per_team=connections_per_team, **settings)

    def __repr__(self) -> str:
        return f"<Fleet of {len(self)} teams, {len(self.parked)} parked{' (closed)' if self.closed else ''}>"

    def __len__(self) -> int:
        return len(self._roster.members)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._roster.members

    def __getitem__(self, name: str) -> AsyncSession:
        """Return the session of a team.

        It works for a parked team too: who calls by hand asks at once.

        Raises:
            UnknownTeam: there is no such team.
        """
        return self._member(name).session

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the teams, in the order in which they came."""
        return tuple(self._roster.members)

    @property
    def parked(self) -> dict[str, ParkedTeam]:
        """The teams that the service has refused: why, how often, and when they are called again."""
        states = {name: member.parking.state for name, member in self._roster.members.items()}
        return {name: state for name, state in states.items() if state is not None}

    @property
    def drift(self) -> Drift:
        """Where replies to any team differed from the models so far: names and counts, never values."""
        return self._root.drift

    @property
    def closed(self) -> bool:
        """Whether the fleet was closed."""
        return self._root.closed

    async def __aenter__(self) -> Self:
        await self._root.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the fleet and its connections. Closing twice does no harm.

        Calls that are under way fail, those that wait fail with `SessionClosed`, and so does `each`.
        """
        await self._root.close()
        self._roster.ring()

    def add(self, name: str, credentials: Credentials) -> AsyncSession:
        """Add a team, at any moment. What runs with `every=` calls it from now on.

        Args:
            name: what you call it.
            credentials: its `ApiSecret`, `ApiSecretPair` or `ApiKey`.

        Returns:
            its session.

        Raises:
            ConfigurationError: there is such a team, or an argument makes no sense.
            SessionClosed: the fleet was closed.
        """
        self._check_open()
        check_name(name, self._roster.members)
        try:
            check_credentials(credentials)
        except ConfigurationError as error:
            raise ConfigurationError(f"Team {name!r}: {error.message}", advice=error.advice) from None
        session = self._root.as_account(credentials, name=name, connections=self._connections)
        self._roster.add(Member(name, session))
        return session

    async def remove(self, name: str) -> None:
        """Remove a team, at any moment.

        A request that is on its way for it goes on to its end, so that no send is left unknown. Nothing else goes out:
        calls that wait, and later ones, fail with `SessionClosed`. A function that `each` runs for it gets that error
        from its next call.

        Raises:
            UnknownTeam: there is no such team.
        """
        member = self._member(name)
        del self._roster.members[name]
        await member.session.close()

    def each(
        self,
        function: Callable[[AsyncSession], Awaitable[T]],
        *,
        concurrency: int | None = None,
        every: float | None = None,
    ) -> AsyncGenerator[TeamResult[T]]:
        """Call a function for each team, many at a time, and give what comes of each as it comes.

        An error of one team is its result, and touches no other. A team that the service refuses with 401 or 403 is
        parked: for a minute, then two, and so on up to an hour, and meanwhile its result is `TeamParked`, without a
        request. Who was called longest ago comes first. Results that nobody takes hold up further calls, so memory
        stays bounded; a loop that is left early leaves nothing running.

        Args:
            function: is called with the session of a team, such as `lambda team: team.inboxes.list()`.
            concurrency: functions that run at a time; by default as many as there are connections.
            every: seconds from one call of a team to its next. The teams are spread over the interval, each keeps its
                own time, whatever the others do, and a call that takes too long skips the times that it missed. Teams
                may come and go. It never ends by itself. By default each team that is there now is called once.

        Raises:
            SessionClosed: the fleet was closed.
            ConfigurationError: an argument makes no sense.
        """
        self._check_open()
        if not callable(function):
            raise ConfigurationError(f"each() takes a function of a session, not {kind_of(function)}.")
        timing = Once() if every is None else Every(check_positive("every", every))
        return Rounds(
            self._roster, lambda member: function(member.session), self._places_for(concurrency), timing
        ).results()

    async def gather(
        self, function: Callable[[AsyncSession], Awaitable[T]], *, concurrency: int | None = None
    ) -> dict[str, TeamResult[T]]:
        """Call a function for each team once, as `each` does, and return all results by the names of the teams.

        Args:
            function: as for `each`.
            concurrency: as for `each`.

        Raises:
            SessionClosed: the fleet was closed.
            ConfigurationError: an argument makes no sense.
        """
        names = self.names
        results = {result.team: result async for result in self.each(function, concurrency=concurrency)}
        return {name: results[name] for name in names if name in results}

    def watch(self, *feeds: Feed | str, concurrency: int | None = None, **settings: Unpack[WatchSettings]) -> Watch:
        """Return what changes in all teams from now on, for `async for`. `change.team` is the name of the team.

            async for change in fleet.watch("messages", "conversations", store="state.db"):
                ...

        Each change comes at least once. It counts as handled when the change after it is asked for; docs/watching.md
        has the exact guarantee. No team delays another: one whose polls fail is told to the log and to `listener=`, and
        tried again; one that the service refuses with 401 or 403 is parked. Teams may come and go. It ends when it is
        closed, and with an error only where the fleet or the store is no more.

        Args:
            *feeds: what to watch, as for `AsyncSession.watch`. The name of a feed stands for one that takes little
                memory: `Feed(name, keep=20, remember=0)`, so that changes have no `before`.
            concurrency: polls at a time, and batches that wait for their reader, at the most; by default as many as
                there are connections.
            **settings: as `WatchSettings` describes. All of it goes for each team.

        Raises:
            ArgumentError: an argument makes no sense. No request was made.
            ConfigurationError: `concurrency` makes no sense.
            SessionClosed: the fleet was closed.
        """
        from heymarket_async.watch.one_by_one import Watch

        return Watch(self.watch_batches(*feeds, concurrency=concurrency, **settings))

    def watch_batches(
        self, *feeds: Feed | str, concurrency: int | None = None, **settings: Unpack[WatchSettings]
    ) -> BatchWatch:
        """Return what changes in all teams in batches, one for each poll that found something.

            async for batch in fleet.watch_batches("messages", store="state.db"):
                ...
                await batch.commit()

        Args:
            *feeds: what to watch, as for `watch`.
            concurrency: as for `watch`.
            **settings: as for `watch`.

        Raises:
            ArgumentError: an argument makes no sense. No request was made.
            ConfigurationError: `concurrency` makes no sense.
            SessionClosed: the fleet was closed.
        """
        from heymarket_async.fleet.watching import watch_all

        self._check_open()
        return watch_all(self._roster, feeds, self._places_for(concurrency), settings)

    def _places_for(self, concurrency: int | None) -> int:
        return self._places if concurrency is None else check_count("concurrency", concurrency)

    def _member(self, name: str) -> Member:
        member = self._roster.members.get(name)
        if member is None:
            raise unknown_team(name, self._roster.members)
        return member

    def _tell(self, event: Parked | Unparked) -> None:
        announce(self._listeners, event)

    def _check_open(self) -> None:
        if self.closed:
            raise SessionClosed("This fleet is closed.", advice="Make a new Fleet, or close it later.")
