"""Requests that something else than aiohttp carries, such as a sandbox in the same process."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Protocol, cast

from multidict import CIMultiDict, CIMultiDictProxy

from heymarket_async.errors import ConfigurationError
from heymarket_async.transport.requests import Progress
from heymarket_async.wire import Request


class Transport(Protocol):
    """Carries requests to the service in place of aiohttp: any async function of these four arguments."""

    async def __call__(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, /
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Carry one request, and return status, headers and body of its answer.

        The call keeps the time, and cancels this where it takes too long.

        Args:
            method: the HTTP method.
            target: path and query, as they stand in the first line of a request.
            headers: the headers, `Authorization` among them.
            body: the body, if there is one.

        Raises:
            ConnectionRefusedError: the request has reached nobody. It may be tried again, also where it sends.
            OSError: the connection broke, and nobody knows what the request did.
        """
        ...


def check_transport(transport: Any, **others: object) -> Transport | None:
    """Return `transport` if it can carry requests, or None if there is none.

    Args:
        transport: what was passed.
        **others: settings of connections, of which there are none beside it.

    Raises:
        ConfigurationError: it cannot, or there are others.
    """
    if transport is None:
        return None
    if not callable(transport) or not any(map(inspect.iscoroutinefunction, (transport, type(transport).__call__))):
        raise ConfigurationError(
            f"transport must be an async function, not {type(transport).__name__}.",
            advice="Pass one like sandbox.in_memory(), or leave it out.",
        )
    if beside := [name for name, value in others.items() if value]:
        raise ConfigurationError(f"transport excludes {beside[0]}.", advice="Pass one of them.")
    return cast(Transport, transport)


async def carry(
    transport: Transport, progress: Progress, request: Request, headers: Mapping[str, str]
) -> tuple[int, Mapping[str, str], bytes]:
    """Return what `transport` brings back for one request, and say in `progress` whether it may have arrived.

    Raises:
        OSError: there is no answer.
    """
    progress.sent = True
    try:
        status, fields, content = await transport(request.method, request.target, headers, request.body)
    except ConnectionRefusedError:
        progress.sent = False
        raise
    return status, CIMultiDictProxy(CIMultiDict(fields)), content
