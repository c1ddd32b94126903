"""The doctor tells apart at which step a connection fails."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest
import trustme

from heymarket_async.cli.findings import Status
from heymarket_async.cli.reach import check_connection

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def serve():
    """Start servers that accept connections, and leave none behind."""
    servers = []

    async def start(answer=None, tls=None):
        async def on_connection(reader, writer):
            if answer is not None:
                writer.write(answer)
            try:
                await reader.read()
            except OSError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(on_connection, "127.0.0.1", 0, ssl=tls)
        servers.append(server)
        return server.sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()
    await asyncio.sleep(0.05)


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def authority():
    return trustme.CA()


def server_side(authority, *names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def test_a_plain_server_can_be_reached(serve):
    port = await serve()
    found = await check_connection(f"http://127.0.0.1:{port}")
    assert found.status is Status.OK
    assert found.found == f"127.0.0.1, port {port} takes connections (not encrypted)"
    assert found.advice == ""


async def test_an_encrypted_one_too_if_its_certificate_is_trusted(serve, authority, monkeypatch, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    port = await serve(tls=server_side(authority, "localhost"))
    found = await check_connection(f"https://localhost:{port}")
    assert (found.status, found.advice) == (Status.OK, "")
    assert "TLSv1." in found.found


async def test_a_certificate_of_nobody_is_a_matter_of_tls(serve, authority):
    port = await serve(tls=server_side(authority, "localhost"))
    found = await check_connection(f"https://localhost:{port}")
    assert found.status is Status.FAIL
    assert found.found.startswith("TLS: the certificate of localhost is not to be trusted")
    assert "virus scanner" in found.advice


async def test_a_certificate_of_another_name_too(serve, authority, monkeypatch, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    port = await serve(tls=server_side(authority, "api.example.com"))
    found = await check_connection(f"https://localhost:{port}")
    assert found.status is Status.FAIL
    assert "ostname mismatch" in found.found


async def test_a_server_that_does_not_speak_tls(serve):
    port = await serve(answer=b"SSH-2.0-OpenSSH_9.6\r\n")
    found = await check_connection(f"https://127.0.0.1:{port}")
    assert found.status is Status.FAIL
    assert found.found.startswith("TLS: 127.0.0.1 does not agree on encryption (")
    assert "http://" in found.advice


async def test_a_server_that_says_nothing(serve):
    port = await serve()
    found = await check_connection(f"https://127.0.0.1:{port}", seconds=0.1)
    assert found.found == "TLS: 127.0.0.1 does not agree on encryption (no answer in time)"


async def test_a_port_where_nobody_listens_is_a_matter_of_tcp(free_port):
    found = await check_connection(f"http://127.0.0.1:{free_port}")
    assert found.status is Status.FAIL
    assert found.found == f"TCP: no connection to 127.0.0.1, port {free_port} (Connection refused)"
    assert "firewall" in found.advice


async def test_a_proxy_that_is_set_is_mentioned(free_port, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@proxy.example.com:3128")
    found = await check_connection(f"http://127.0.0.1:{free_port}")
    assert "HTTPS_PROXY is set" in found.advice
    assert "word" not in found.advice


async def test_several_addresses_of_which_none_answers(free_port, monkeypatch):
    async def refuse(host, port):
        raise OSError("Multiple exceptions: [Errno 111] ..., [Errno 101] ...")

    monkeypatch.setattr(asyncio, "open_connection", refuse)
    found = await check_connection(f"http://127.0.0.1:{free_port}")
    assert found.found.endswith("(Multiple exceptions: [Errno 111] ..., [Errno 101] ...)")


@pytest.mark.not_on_uvloop("uvloop looks names up by itself")
@pytest.mark.parametrize("reason", ["Name or service not known", None])
async def test_a_name_that_nobody_has_is_a_matter_of_dns(monkeypatch, reason):
    def look_up(*args, **options):
        raise socket.gaierror(-2, reason) if reason else socket.gaierror()

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    found = await check_connection("https://api.example.com")
    assert found.status is Status.FAIL
    assert found.found == f"DNS: the name api.example.com has no address ({reason or 'no reason given'})"
    assert "spelling" in found.advice


async def test_a_name_that_cannot_be_is_a_matter_of_dns():
    found = await check_connection("https://api..example.com")
    assert found.found.startswith("DNS: the name api..example.com has no address (")


@pytest.mark.not_on_uvloop("uvloop looks names up by itself")
async def test_the_ports_of_the_schemes_are_known(monkeypatch):
    seen = []

    def look_up(host, port, *args, **options):
        seen.append(port)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for url in ("https://a.example.com", "http://a.example.com", "https://a.example.com:8443"):
        await check_connection(url)
    assert seen == [443, 80, 8443]
