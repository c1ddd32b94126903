"""Connections. The only part of the client that speaks aiohttp."""

from heymarket_async.transport.carried import Transport, check_transport
from heymarket_async.transport.exchange import Attempt, exchange
from heymarket_async.transport.gate import Turnstile
from heymarket_async.transport.leaving import caller
from heymarket_async.transport.pool import DEFAULT_POOL_SIZE, Pool, PoolSettings

__all__ = [
    "DEFAULT_POOL_SIZE",
    "Attempt",
    "Pool",
    "PoolSettings",
    "Transport",
    "Turnstile",
    "caller",
    "check_transport",
    "exchange",
]
