"""Whether an address can be reached, and if not, at which step it fails: name, connection or encryption."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from heymarket_async.cli.findings import Finding, Status

_SECONDS: Final = 10.0
_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_CHECK: Final = "connection"


class _Unreachable(Exception):
    """Says at which step it ended, why, and what to do."""


async def check_connection(base_url: str, seconds: float = _SECONDS) -> Finding:
    """Connect to the host of `base_url`, send nothing, and say how far it went.

    Args:
        base_url: the address of the service.
        seconds: how long each step may take.
    """
    parts = urlsplit(base_url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        await _resolve(host, port, seconds)
        how = await _connect(host, port, secure=secure, seconds=seconds)
    except _Unreachable as error:
        found, advice = error.args
        return Finding(_CHECK, Status.FAIL, found, advice)
    return Finding(_CHECK, Status.OK, f"{host}, port {port} takes connections ({how})")


async def _resolve(host: str, port: int, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # A name with impossible labels is a UnicodeError.
        raise _Unreachable(
            f"DNS: the name {host} has no address ({_reason(error)})",
            "Check the spelling of the base URL, and whether this machine has a network and a name server.",
        ) from error


async def _connect(host: str, port: int, *, secure: bool, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise _Unreachable(f"TCP: no connection to {host}, port {port} ({_reason(error)})", _tcp_advice()) from error
    try:
        return await _encrypt(writer, host, seconds) if secure else "not encrypted"
    finally:
        writer.transport.abort()


async def _encrypt(writer: asyncio.StreamWriter, host: str, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            await writer.start_tls(ssl.create_default_context(), server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise _Unreachable(
            f"TLS: the certificate of {host} is not to be trusted ({error.verify_message})",
            "Check the base URL and this machine's clock, and whether a proxy or a virus scanner reads along.",
        ) from error
    except OSError as error:
        raise _Unreachable(
            f"TLS: {host} does not agree on encryption ({_reason(error)})",
            "Check the port in the base URL, and whether it should begin with http:// instead.",
        ) from error
    return str(writer.get_extra_info("ssl_object").version())


def _tcp_advice() -> str:
    proxies = [name for name in _PROXIES if os.environ.get(name)]
    if proxies:
        return f"Check the network; {proxies[0]} is set, but this command does not use it: programs can, by proxy=."
    return "Check the port in the base URL, the network, and whether a firewall is in the way."


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError) and error.errno is None:
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return error.reason or "no reason given"
    if isinstance(error, socket.gaierror):
        return error.strerror or "no reason given"
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
