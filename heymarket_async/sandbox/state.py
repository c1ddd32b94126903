"""The teams of the sandbox, and what they own. Everything may be replaced while the server runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Any

import attrs

from heymarket_async.auth import ApiKey, ApiSecret
from heymarket_async.clock import SYSTEM_CLOCK, Clock
from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import chats, event_types
from heymarket_async.sandbox.books import Book, Sent
from heymarket_async.sandbox.contact_book import ContactBook
from heymarket_async.sandbox.records import Moment, Record, Records
from heymarket_async.sandbox.variants import Variants
from heymarket_async.values import UNSET, Unset

Hear = Callable[[str, Record], object]


def _check_secrets(_: object, __: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, tuple) or not all(isinstance(secret, ApiSecret) for secret in value):  # pyright: ignore[reportUnknownVariableType]  # each is checked
        raise ConfigurationError("Team(secrets=...) must be a tuple of ApiSecret.")
    if len(value) > 2:  # pyright: ignore[reportUnknownArgumentType]  # each was checked
        raise ConfigurationError(
            "Team(secrets=...) holds more than two.",
            advice="A team has up to two API Secrets, so that one can be rotated while the other serves.",
        )


def _check_api_key(_: object, __: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, ApiKey):
        raise ConfigurationError("Team(api_key=...) must be an ApiKey or None.")


def _check_rate_limit(_: object, __: attrs.Attribute[Any], value: object) -> None:
    if not (value is UNSET or value is None or (type(value) is int and value >= 1)):
        raise ConfigurationError("Team(rate_limit=...) must be an int, 1 or more, or None.")


def _records(noun: str, *, revs: bool = True, made: str = "created") -> Any:
    """Return what makes the records of one noun. Teams count from different numbers, so a mixed-up id is found out."""

    def make(team: Team) -> Records:
        return Records(noun, team.id % 100_000 * 10_000 + 1, revs=revs, made=made)

    return attrs.Factory(make, takes_self=True)


def _contact_book(team: Team) -> ContactBook:
    return ContactBook(team.id % 100_000 * 10_000 + 5_001)


@attrs.define(kw_only=True, repr=False, eq=False)
class Team:
    """A team of the sandbox. Assign to an attribute to change what the server does from the next request on.

    Attributes:
        id: the team's number.
        name: its name.
        secrets: up to two API Secrets, any of which lets its holder in.
        api_key: the legacy API key, if the team has one.
        inboxes: what GET /v1/inboxes answers: a list of objects, or any other JSON value.
        members: the `members` of GET /v1/team: a list of objects, or any other JSON value.
        rate_limit: requests in 60 seconds, None for any number, if not as many as the sandbox says.
        list_size: the largest number of contacts in a list.
        clock: the time of `receive`, `deliver`, `fail` and their like.
        conversations: by id, as are all the nouns below; see `heymarket_async.sandbox.records` for what a record holds.
        messages: both ways, private comments included.
        schedules: those whose time has not come.
        contacts: the contacts, which can also be found by number and UUID.
        lists: the contact lists.
        templates: the templates.
        tags: the tags.
        surveys: the surveys.
        contact_fields: the custom contact fields.
        unsubscribed: phone numbers that must not get texts, with who said so: `admin` or `contact`.
        blocked: phone numbers that were blocked.
        profiles: by the id of a member, what GET /v1/users/get shows besides what `members` says.
        book: what really went out, and more that no answer shows.

    Raises:
        ConfigurationError: `secrets` or `api_key` is of a wrong kind, on making as on assignment.
    """

    id: int
    name: str
    secrets: tuple[ApiSecret, ...] = attrs.field(default=(), validator=_check_secrets)
    api_key: ApiKey | None = attrs.field(default=None, validator=_check_api_key)
    inboxes: Any = attrs.field(factory=list[Any])
    members: Any = attrs.field(factory=list[Any])
    rate_limit: int | Unset | None = attrs.field(default=UNSET, validator=_check_rate_limit)
    list_size: int = 1000
    clock: Clock = SYSTEM_CLOCK
    conversations: Records = attrs.field(default=_records("conversation", revs=False))
    messages: Records = attrs.field(default=_records("message", revs=False, made="date"))
    schedules: Records = attrs.field(default=_records("schedule"))
    contacts: ContactBook = attrs.field(default=attrs.Factory(_contact_book, takes_self=True))
    lists: Records = attrs.field(default=_records("list"))
    templates: Records = attrs.field(default=_records("template"))
    tags: Records = attrs.field(default=_records("tag"))
    surveys: Records = attrs.field(default=_records("survey", revs=False))
    contact_fields: Records = attrs.field(default=_records("contact field", revs=False))
    unsubscribed: dict[str, str] = attrs.field(factory=dict[str, str])
    blocked: set[str] = attrs.field(factory=set[str])
    profiles: dict[int, Record] = attrs.field(factory=dict[int, Record])
    book: Book = attrs.field(factory=Book)
    _hear: Hear | None = attrs.field(default=None, init=False)

    @property
    def secret(self) -> ApiSecret:
        """The first API Secret.

        Raises:
            ConfigurationError: the team has none.
        """
        if not self.secrets:
            raise ConfigurationError(f"Team {self.id} of the sandbox has no API Secret.")
        return self.secrets[0]

    def holds(self, credential: ApiSecret | ApiKey) -> bool:
        """Say whether `credential` is one of the team's at this moment."""
        return credential in self.secrets or credential == self.api_key

    @property
    def sent(self) -> list[Sent]:
        """What really went out: one entry for each person and text. Private comments are not among them."""
        return self.book.sent

    def sent_to(self, number: str) -> list[Sent]:
        """Return what went out to one phone number or email address, oldest first."""
        return [sent for sent in self.book.sent if sent.to == number]

    def receive(self, inbox_id: int, phone: str, text: str, *, media: str = "") -> Record:
        """Let somebody write to the team. The conversation begins, or opens, and is unread.

        Args:
            inbox_id: the inbox that gets it.
            phone: the number of the sender, E.164 digits without the plus sign.
            text: what they write.
            media: the address of a picture or another file.

        Returns:
            The message, as it is kept.

        Raises:
            ConfigurationError: the team has no such inbox.
        """
        return chats.receive(self, self._inbox(inbox_id), phone, text, self._now(), media=media)

    def call(self, inbox_id: int, phone: str) -> None:
        """Let somebody call the team. Only webhooks tell of it.

        Args:
            inbox_id: the inbox whose number they call.
            phone: the number of the caller, E.164 digits without the plus sign.

        Raises:
            ConfigurationError: the team has no such inbox.
        """
        self.happened(event_types.CALL, {"phone": phone, "inbox": self._inbox(inbox_id)["id"], "date": self._now()})

    def pend(self, conversation_id: int) -> None:
        """Let somebody make a conversation pending, which only the app can do.

        Raises:
            ConfigurationError: there is no such conversation.
        """
        conversation = self.conversations.get(conversation_id)
        if conversation is None:
            raise ConfigurationError(f"Team {self.id} of the sandbox has no conversation {conversation_id}.")
        self.conversations.change(conversation, self._now(), {"status": "pending"})

    def opt_out(self, phone: str, *, by: str = "contact") -> None:
        """Let a number get no texts any more, because the `contact` or an `admin` wants it so."""
        is_new = phone not in self.unsubscribed
        self.unsubscribed[phone] = by
        if is_new:
            self._target(event_types.OPT_OUT, phone)

    def opt_in(self, phone: str) -> None:
        """Let a number get texts again. Does nothing if it does already."""
        if self.unsubscribed.pop(phone, None) is not None:
            self._target(event_types.OPT_IN, phone)

    def double_opt_in(self, phone: str) -> None:
        """Let somebody confirm that they want texts: the second yes of a double opt-in."""
        self.unsubscribed.pop(phone, None)
        self._target(event_types.DOUBLE_OPT_IN, phone)

    def double_opt_restricted(self, phone: str) -> None:
        """Let webhooks tell that a number may not get texts before its double opt-in. Sends to it go on as before."""
        self._target(event_types.DOUBLE_OPT_RESTRICTED, phone)

    def deliver(self, message_id: int, status: str = "delivered") -> None:
        """Let a carrier report on a message: from now on it has this `status`.

        Raises:
            ConfigurationError: there is no such message.
        """
        self.messages.change(self._message(message_id), self._now(), {"status": status})

    def fail(self, message_id: int, error: str = "Undeliverable", *, phones: tuple[str, ...] = ()) -> None:
        """Let a carrier refuse a message that the service had accepted.

        Args:
            message_id: the message.
            error: the text that becomes its `raw_error`.
            phones: the numbers of a group that it did not reach; all of them if left out.

        Raises:
            ConfigurationError: there is no such message.
        """
        message = self._message(message_id)
        errors = dict.fromkeys(phones or chats.recipients(message), error)
        self.messages.change(message, self._now(), {"status": "failed", "raw_error": error, "target_errors": errors})

    def listen(self, hear: Hear | None) -> None:
        """Let `hear` know of all that webhooks tell, by type and record, or nobody. `Webhooks` does this."""
        self._hear = hear
        self.conversations.changed = None if hear is None else self._chat_changed

    @contextlib.contextmanager
    def unheard(self) -> Generator[None]:
        """Let nobody know of what happens in this block."""
        hear = self._hear
        self.listen(None)
        try:
            yield
        finally:
            self.listen(hear)

    def happened(self, kind: str, record: Record) -> None:
        """Tell whoever listens that something happened to a record."""
        if self._hear is not None:
            self._hear(kind, record)

    def _chat_changed(self, before: Record, conversation: Record) -> None:
        for kind in event_types.chat_types(before, conversation):
            self.happened(kind, conversation)

    def _target(self, kind: str, phone: str) -> None:
        self.happened(kind, {"phone": phone, "date": self._now()})

    def _inbox(self, inbox_id: int) -> Record:
        inbox = chats.get_inbox(self, inbox_id)
        if inbox is None:
            raise ConfigurationError(f"Team {self.id} of the sandbox has no inbox {inbox_id}.")
        return inbox

    def _message(self, message_id: int) -> Record:
        message = self.messages.get(message_id)
        if message is None:
            raise ConfigurationError(f"Team {self.id} of the sandbox has no message {message_id}.")
        return message

    def _now(self) -> Moment:
        return Moment.at(self.clock.wall())

    def __repr__(self) -> str:
        return f"<Team {self.id} {self.name!r}, {len(self.secrets)} secrets>"


@attrs.define(kw_only=True, eq=False)
class Service:
    """All that the operations of the sandbox act on.

    Attributes:
        teams: the teams, in order of their making.
        variants: which of the possible services it is.
    """

    teams: list[Team] = attrs.field(factory=list[Team])
    variants: Variants = attrs.field(factory=Variants)
