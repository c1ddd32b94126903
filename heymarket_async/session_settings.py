"""The settings of a session, for whoever passes them on."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import TypedDict

import aiohttp

from heymarket_async.clock import Clock
from heymarket_async.events import Listener
from heymarket_async.lanes import Lane
from heymarket_async.retry import Retries
from heymarket_async.settings import Timeouts
from heymarket_async.transport import Transport


class SessionSettings(TypedDict, total=False):
    """The settings of an `AsyncSession`, which describes them, as keyword arguments."""

    base_url: str
    timeout: float | Timeouts
    retries: Retries
    rate_limit: int | None
    pool_size: int
    proxy: str | None
    tls: ssl.SSLContext | None
    trust_env: bool
    user_agent: str | None
    strict: bool
    default_region: str | None
    lane: Lane | None
    listeners: Iterable[Listener]
    largest_reply: int
    client_session: aiohttp.ClientSession | None
    connector: aiohttp.BaseConnector | None
    transport: Transport | None
    clock: Clock
