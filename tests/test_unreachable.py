"""The addresses that lead nowhere do so for the reason they name."""

from __future__ import annotations

import asyncio
import socket
import ssl

import aiohttp
import pytest

from sandbox_support import until
from unreachable import UNRESOLVABLE, Server, misnamed, refused, silent, untrusted

HELLO = b"\x16\x03\x01"  # TLS 1.x, a record of the handshake


async def knock(url: str, tls: ssl.SSLContext | bool = True, **timeouts: float) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(**timeouts)) as http:
        async with http.post(url, data=b"a text", ssl=tls):
            pass


async def test_a_port_where_nobody_listens_refuses() -> None:
    with refused() as url:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await knock(url)
        assert isinstance(caught.value.os_error, ConnectionRefusedError)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", int(url.rpartition(":")[2])))


async def test_a_name_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(aiohttp.ClientConnectorDNSError):
        await knock(UNRESOLVABLE)


async def test_a_certificate_of_an_unknown_authority_ends_the_handshake() -> None:
    before = asyncio.all_tasks()
    async with untrusted() as server:
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match=r"self[- ]signed|unable to get local issuer"):
            await knock(server.url)
        assert_nothing_was_told(server)
    await until(lambda: asyncio.all_tasks() == before)


async def test_a_certificate_for_another_host_ends_the_handshake_though_its_authority_is_trusted() -> None:
    async with misnamed() as server:
        assert server.tls is not None
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match=r"not valid for '127\.0\.0\.1'"):
            await knock(server.url, server.tls)
        assert_nothing_was_told(server)
        server.tls.check_hostname = False
        with pytest.raises(TimeoutError):
            await knock(server.url, server.tls, sock_read=0.05)
        assert b"a text" in server.received
        assert server.handshakes == 1


async def test_a_server_that_never_begins_the_handshake_keeps_its_clients_waiting() -> None:
    before = asyncio.all_tasks()
    async with silent() as server:
        with pytest.raises(aiohttp.ConnectionTimeoutError):
            await knock(server.url, sock_connect=0.05)
        assert (server.connections, server.handshakes) == (1, 0)
        assert server.received.startswith(HELLO)
    await until(lambda: asyncio.all_tasks() == before)


def assert_nothing_was_told(server: Server) -> None:
    assert (server.connections, server.handshakes, server.received) == (1, 0, b"")
