"""Whom a command asks: the service if there are credentials in the environment, or else the sandbox."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import attrs

from heymarket_async._version import __version__
from heymarket_async.auth import ApiKey, Credentials, credentials_from_env
from heymarket_async.cli import output
from heymarket_async.errors import MissingCredentials
from heymarket_async.session import AsyncSession
from heymarket_async.settings import BASE_URL_VARIABLE, DEFAULT_BASE_URL, check_base_url

if TYPE_CHECKING:
    from heymarket_async.sandbox import Sandbox

AGENT: Final = f"heymarket-cli/{__version__}"


@attrs.frozen(kw_only=True)
class Service:
    """Whom to ask.

    Attributes:
        credentials: with what.
        base_url: where.
        sandbox: the sandbox that was started here, if it is one.
    """

    credentials: Credentials
    base_url: str
    sandbox: Sandbox | None = None

    def session(self, **settings: Any) -> AsyncSession:
        """Return a session; `settings` are those of `AsyncSession`."""
        return AsyncSession(self.credentials, base_url=self.base_url, user_agent=AGENT, **settings)


def find_credentials() -> Credentials | None:
    """Return the credentials in the environment, None if there are none.

    Raises:
        ConfigurationError: they are not complete, or make no sense.
    """
    try:
        return credentials_from_env(os.environ)
    except MissingCredentials:
        return None


def find_base_url() -> str:
    """Return the address of the service.

    Raises:
        ConfigurationError: that in the environment makes no sense.
    """
    return check_base_url(os.environ.get(BASE_URL_VARIABLE, "").strip() or DEFAULT_BASE_URL)


@asynccontextmanager
async def open_service(*, sandbox: bool) -> AsyncGenerator[Service]:
    """Give whom to ask, after saying on stderr who it is. A sandbox lives until the end of the block.

    Args:
        sandbox: ask the sandbox, whatever the environment holds.

    Raises:
        ConfigurationError: the environment makes no sense.
    """
    credentials = None if sandbox else find_credentials()
    if credentials is not None:
        service = Service(credentials=credentials, base_url=find_base_url())
        output.note(describe(service))
        yield service
        return
    async with running_sandbox() as started:
        output.note(_describe_sandbox(asked_for=sandbox))
        yield started


@asynccontextmanager
async def open_session(*, sandbox: bool, **settings: Any) -> AsyncGenerator[AsyncSession]:
    """Give a session with whom to ask; as `open_service`.

    Args:
        sandbox: ask the sandbox, whatever the environment holds.
        **settings: as for `AsyncSession`.

    Raises:
        ConfigurationError: the environment makes no sense.
    """
    async with open_service(sandbox=sandbox) as service, service.session(**settings) as session:
        yield session


@asynccontextmanager
async def running_sandbox() -> AsyncGenerator[Service]:
    """Run a sandbox, and give it as whom to ask."""
    # Imported here because it brings in a web server.
    from heymarket_async.sandbox import Sandbox

    async with Sandbox() as sandbox:
        yield Service(credentials=sandbox.secret, base_url=sandbox.url, sandbox=sandbox)


def describe(service: Service) -> str:
    """Return in words whom a command asks, if it is not the sandbox."""
    kind = "legacy API key" if isinstance(service.credentials, ApiKey) else "API Secret"
    who = "the real service" if service.base_url == DEFAULT_BASE_URL else f"the service that {BASE_URL_VARIABLE} names"
    return f"Asking {who}, {service.base_url}, with the {kind} in the environment."


def _describe_sandbox(*, asked_for: bool) -> str:
    reason = "as --sandbox says" if asked_for else "because the environment holds no credentials"
    unused = f" {BASE_URL_VARIABLE} is not used." if os.environ.get(BASE_URL_VARIABLE, "").strip() else ""
    return f"Asking the sandbox, a local imitation of the service with fictional data, {reason}.{unused}"
