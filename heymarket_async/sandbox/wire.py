"""Bytes of HTTP/1.1, written without the help of a framework, which would mend what a test wants broken."""

from __future__ import annotations

import asyncio
import http
import re
import socket
import struct
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from aiohttp import web

SERVER: Final = "heymarket-sandbox"
LAST_CHUNK: Final = b"0\r\n\r\n"
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FIRST_LINE: Final = re.compile(rb"([A-Z]+) (\S+) HTTP/")
_PHRASES: Final = {status.value: status.phrase for status in http.HTTPStatus}
# Linger with zero seconds: the socket drops what it holds and sends RST in place of FIN.
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class Sent(web.StreamResponse):
    """Tells aiohttp that the answer went out already, and whether the connection stays."""

    def __init__(self, stays: bool) -> None:
        super().__init__()
        self._stays = stays

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow on the connection."""
        return self._stays

    async def prepare(self, request: web.BaseRequest) -> None:
        """Do nothing: the head went out."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: the body went out."""


def is_header(name: str, value: str) -> bool:
    """Say whether the two make a header that HTTP allows."""
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value))


def merge(headers: dict[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return `headers` with `changes`, regardless of case; None takes a header away."""
    for name, value in changes.items():
        for known in [known for known in headers if known.lower() == name.lower()]:
            del headers[known]
        if value is not None:
            headers[name] = value
    return headers


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return the bytes before the body."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unnamed')}\r\n{lines}\r\n".encode("latin-1")


def chunk(data: bytes) -> bytes:
    """Return `data` as a chunk of a body; nothing, which would be the last chunk, as nothing."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def peek(data: bytes) -> tuple[str, str]:
    """Return method and path of the request that begins with `data`; two empty strings if they do not stand there."""
    match = _FIRST_LINE.match(data)
    if match is None:
        return "", ""
    method, target = (part.decode("latin-1") for part in match.groups())
    return method, unquote(target.partition("?")[0])


def write(transport: asyncio.Transport | None, data: bytes) -> None:
    """Send `data`, unless the client has gone."""
    if transport is not None and not transport.is_closing():
        transport.write(data)


def reset(transport: asyncio.Transport | None) -> None:
    """End a connection with RST, unless the client has gone."""
    if transport is not None and not transport.is_closing():
        connection: Any = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
