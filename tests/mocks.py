"""aioresponses, repaired for aiohttp 3.14 and newer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock, patch

from aiohttp import ClientResponse, StreamReader
from aiohttp.client_proto import ResponseHandler
from aioresponses import aioresponses


class _Response(ClientResponse):
    # https://github.com/pnuckowski/aioresponses/issues/289
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", Mock())
        super().__init__(*args, **kwargs)


def _endless_reader(loop: asyncio.AbstractEventLoop) -> StreamReader:
    # The usual limit makes a body of more than 128 KiB pause a transport that a mock does not have.
    return StreamReader(ResponseHandler(loop=loop), limit=2**40, loop=loop)


@contextmanager
def mocked_aiohttp(**options: Any) -> Iterator[aioresponses]:
    """Answer the requests of every aiohttp session from a list, until the block ends.

    It stands in for `ClientSession._request`, and so skips the connector, timeouts and tracing.
    """
    with (
        patch("aioresponses.core.ClientResponse", _Response),
        patch("aioresponses.core.stream_reader_factory", _endless_reader),
        aioresponses(**options) as mock,
    ):
        yield mock
