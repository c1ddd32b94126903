"""Addresses where no service answers, each for a reason of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

import attrs
import trustme

# RFC 6761, 6.4: no such name exists, ever.
UNRESOLVABLE = "http://heymarket.invalid"


@contextmanager
def refused() -> Iterator[str]:
    """Give the address of a port where nobody listens, and keep everybody else from it."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


@attrs.define
class Server:
    """A server that is no good.

    Attributes:
        url: its address.
        tls: what a client trusts that trusts the authority of its certificate.
        connections: how many connections it has accepted.
        handshakes: how many of them it has made safe by TLS.
        received: what came after the handshake; without TLS, all that came.
    """

    url: str
    tls: ssl.SSLContext | None = None
    connections: int = 0
    handshakes: int = 0
    received: bytes = b""


class _Deaf(asyncio.Protocol):
    """Notes what comes, and answers nothing."""

    def __init__(self, server: Server, live: set[asyncio.Transport]) -> None:
        self._server = server
        self._live = live
        server.connections += 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # Of no class of asyncio, where it is one of uvloop.
        self._live.add(self._transport)
        self._server.handshakes += transport.get_extra_info("ssl_object") is not None

    def data_received(self, data: bytes) -> None:
        self._server.received += data

    def connection_lost(self, exc: BaseException | None) -> None:
        self._live.discard(self._transport)


@asynccontextmanager
async def mute(certificate: trustme.LeafCert | None = None, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Run a server that accepts connections, and with a certificate speaks TLS, but answers nothing.

    Without one its address says `https` all the same: there the handshake never begins.
    """
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
    server = Server("", tls)
    live: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Deaf(server, live), "127.0.0.1", 0, ssl=context)
    server.url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        while live:
            for transport in live:
                transport.abort()
            await asyncio.sleep(0)
        await listening.wait_closed()


@asynccontextmanager
async def untrusted() -> AsyncIterator[Server]:
    """Run a TLS server whose certificate has the right name, and comes from an authority that nobody knows."""
    async with mute(trustme.CA().issue_cert("127.0.0.1")) as server:
        yield server


@asynccontextmanager
async def misnamed() -> AsyncIterator[Server]:
    """Run a TLS server whose certificate is good, but for another host. `tls` trusts the authority."""
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with mute(authority.issue_cert("elsewhere.example"), trust) as server:
        yield server


@asynccontextmanager
async def silent() -> AsyncIterator[Server]:
    """Run a server that accepts connections and never begins the TLS handshake."""
    async with mute() as server:
        yield server
