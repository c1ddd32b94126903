"""The teams of the sandbox, and what they own. Everything may be replaced while the server runs."""

from __future__ import annotations

from typing import Any

import attrs

from heymarket_async.auth import ApiKey, ApiSecret
from heymarket_async.errors import ConfigurationError


def _check_secrets(_: object, __: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, tuple) or not all(isinstance(secret, ApiSecret) for secret in value):  # pyright: ignore[reportUnknownVariableType]
        raise ConfigurationError("Team(secrets=...) must be a tuple of ApiSecret.")
    if len(value) > 2:  # pyright: ignore[reportUnknownArgumentType]
        raise ConfigurationError(
            "Team(secrets=...) holds more than two.",
            advice="A team has up to two API Secrets, so that one can be rotated while the other serves.",
        )


def _check_api_key(_: object, __: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, ApiKey):
        raise ConfigurationError("Team(api_key=...) must be an ApiKey or None.")


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
        list_size: the largest number of contacts in a list.

    Raises:
        ConfigurationError: `secrets` or `api_key` is of a wrong kind, on making as on assignment.
    """

    id: int
    name: str
    secrets: tuple[ApiSecret, ...] = attrs.field(default=(), validator=_check_secrets)
    api_key: ApiKey | None = attrs.field(default=None, validator=_check_api_key)
    inboxes: Any = attrs.field(factory=list[Any])
    members: Any = attrs.field(factory=list[Any])
    list_size: int = 1000

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

    def __repr__(self) -> str:
        return f"<Team {self.id} {self.name!r}, {len(self.secrets)} secrets>"


@attrs.define(kw_only=True, eq=False)
class Service:
    """All that the operations of the sandbox act on.

    Attributes:
        teams: the teams, in order of their making.
        inboxes_in_wrapper: answer GET /v1/inboxes in the older shape, `{"inboxes": [...]}`.
    """

    teams: list[Team] = attrs.field(factory=list[Team])
    inboxes_in_wrapper: bool = False
