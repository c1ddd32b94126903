"""The session for programs that cannot await."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from heymarket_async.auth import Credentials
from heymarket_async.calls import Call, Effect, Reply
from heymarket_async.capture import CapturedReply
from heymarket_async.drift import Drift
from heymarket_async.events import Listener
from heymarket_async.lanes import Lane
from heymarket_async.limits import BudgetState
from heymarket_async.retry import Retries
from heymarket_async.session import AsyncSession, SessionSettings
from heymarket_async.settings import Timeouts
from heymarket_async.sync import nouns
from heymarket_async.sync.portal import Door, Portal
from heymarket_async.values import UNSET
from heymarket_async.watch.changes import Change
from heymarket_async.watch.feeds import Feed
from heymarket_async.watch.one_by_one import Watch
from heymarket_async.watch.plan import WatchSettings

T = TypeVar("T")


class Session:
    """An `AsyncSession` whose methods wait for their results, for scripts and for code that cannot await.

        with Session(ApiSecret("id", "key")) as heymarket:
            for conversation in heymarket.conversations.list(inboxes=[42]):
                ...

    It runs an `AsyncSession` in an event loop of its own, in a thread that begins with the first call: the engine, the
    methods and their types are the same. It can be used by several threads, and where an event loop runs already, which
    it then holds up as long as each call takes. It closes itself at the end of the program, if nobody did.

    Args:
        credentials: `ApiSecret(id, key)`, or a legacy `ApiKey(key)`.
        **settings: as for `AsyncSession`. Nothing can be borrowed that belongs to another event loop.

    Attributes:
        inboxes: the inboxes of the team.
        team: the team and its members.
        users: the users of the team.
        conversations: conversations between inboxes and contacts.
        messages: texts, pictures, broadcasts, surveys and private comments.
        email: e-mail from an e-mail inbox.
        contacts: the people whom the team texts.
        contact_fields: the custom fields that contacts have.
        lists: lists of contacts to broadcast to.
        templates: texts that are kept to be sent again.
        tags: labels for contacts.
        schedules: messages that are sent later.
        surveys: questions that contacts answer by text.

    Raises:
        ConfigurationError: a value makes no sense.
    """

    _leave: Callable[[], object] | None = None

    def __init__(self, credentials: Credentials, **settings: Unpack[SessionSettings]) -> None:
        self._open(AsyncSession(credentials, **settings))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **settings: Unpack[SessionSettings]) -> Self:
        """Return a session with credentials from the environment; see `AsyncSession.from_env`."""
        fresh = cls.__new__(cls)
        fresh._open(AsyncSession.from_env(environ, **settings))
        return fresh

    def _open(self, session: AsyncSession) -> None:
        portal = Portal()
        door = Door(portal)
        self._take(door, session)
        # Not when this session is forgotten: a noun, a list or a copy of it may be all that somebody keeps.
        self._leave = weakref.finalize(door, _leave, portal, session)
        # It has a turn before the finalizers of all the rest, which would find a pool that nobody closed.
        atexit.register(self._leave)

    def _take(self, door: Door, session: AsyncSession) -> None:
        self._door, self._session = door, session
        self.inboxes: nouns.Inboxes = nouns.Inboxes(door, session.inboxes)
        self.team: nouns.Team = nouns.Team(door, session.team)
        self.users: nouns.Users = nouns.Users(door, session.users)
        self.conversations: nouns.Conversations = nouns.Conversations(door, session.conversations)
        self.messages: nouns.Messages = nouns.Messages(door, session.messages)
        self.email: nouns.Email = nouns.Email(door, session.email)
        self.contacts: nouns.Contacts = nouns.Contacts(door, session.contacts)
        self.contact_fields: nouns.ContactFields = nouns.ContactFields(door, session.contact_fields)
        self.lists: nouns.Lists = nouns.Lists(door, session.lists)
        self.templates: nouns.Templates = nouns.Templates(door, session.templates)
        self.tags: nouns.Tags = nouns.Tags(door, session.tags)
        self.schedules: nouns.Schedules = nouns.Schedules(door, session.schedules)
        self.surveys: nouns.Surveys = nouns.Surveys(door, session.surveys)

    def __repr__(self) -> str:
        return repr(self._session).replace("AsyncSession", "Session", 1)

    def __enter__(self) -> Self:
        self._door.run(self._session.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the session and end its thread. Closing twice does no harm.

        Calls of other threads that are under way fail. A copy leaves the thread to the session it is a copy of.
        """
        if self._leave is not None:
            self._leave()
            atexit.unregister(self._leave)
        elif not self._session.closed:
            self._door.run(self._session.close())

    def wait(self, work: Awaitable[T]) -> T:
        """Wait for anything that is awaited on this session's event loop, such as `error.resolve()`.

        Args:
            work: what to await.
        """

        async def awaited() -> T:
            return await work

        return self._door.run(awaited())

    def watch(self, *feeds: Feed | str, **settings: Unpack[WatchSettings]) -> Iterator[Change[Any]]:
        """Hand out what changes from now on, for `for`; see `AsyncSession.watch`.

        Args:
            *feeds: what to watch.
            **settings: as `WatchSettings` describes.

        Raises:
            ArgumentError: an argument makes no sense. No request was made.
        """
        return self._changes(self._session.watch(*feeds, **settings))

    def _changes(self, watch: Watch) -> Iterator[Change[Any]]:
        try:
            while True:
                yield self._door.run(watch.__anext__())
        finally:
            if not self._session.closed:
                self._door.run(watch.aclose())

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = UNSET,
        effect: Effect | None = None,
        reply: type[Any] = object,
    ) -> Any:
        """Make any request of the service; see `AsyncSession.request`."""
        made = self._session.request(method, path, params=params, json=json, effect=effect, reply=reply)
        return self._door.run(made)

    def run(self, call: Call[T], *, within: float | None = None, retries: Retries | None = None) -> T:
        """Perform `call`; see `AsyncSession.run`."""
        return self._door.run(self._session.run(call, within=within, retries=retries))

    def capture(self) -> AbstractContextManager[list[CapturedReply]]:
        """Return a list that is filled, while a `with` block runs, with the replies to this session's calls."""
        return self._session.capture()

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
        """Return a copy with other options, on the same thread and connections; see `AsyncSession.with_options`."""
        return self._copy(
            self._session.with_options(
                base_url=base_url,
                timeout=timeout,
                retries=retries,
                user_agent=user_agent,
                lane=lane,
                listeners=listeners,
            )
        )

    def as_account(self, credentials: Credentials, *, name: str | None = None, connections: int | None = None) -> Self:
        """Return a copy for another team, on the same thread and connections; see `AsyncSession.as_account`."""
        return self._copy(self._session.as_account(credentials, name=name, connections=connections))

    def _copy(self, session: AsyncSession) -> Self:
        fresh = type(self).__new__(type(self))
        fresh._take(self._door, session)
        return fresh

    @property
    def budget(self) -> BudgetState:
        """How much of the rate limit is left now."""
        return self._session.budget

    @property
    def drift(self) -> Drift:
        """Where replies differed from the models so far: names and counts, never values."""
        return self._session.drift

    @property
    def last_reply(self) -> Reply | None:
        """Status and headers of the last answer to this account; see `AsyncSession.last_reply`."""
        return self._session.last_reply

    @property
    def closed(self) -> bool:
        """Whether this session was closed, or the session that it is a copy of."""
        return self._session.closed


def _leave(portal: Portal, session: AsyncSession) -> None:
    """Close in order what a session has opened, when it is closed, forgotten, or at the end of the program."""
    portal.stop(session.close())
