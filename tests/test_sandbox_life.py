"""How the sandbox starts, and how it ends without leaving anything behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator

import aiohttp
import pytest

from heymarket_async.clock import VirtualClock
from heymarket_async.errors import ConfigurationError, SessionError
from heymarket_async.sandbox import Hang, Reply, Sandbox
from sandbox_support import fetch, key_of, until


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def sandbox(clock: VirtualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def test_a_sandbox_listens_on_a_free_port_of_the_loopback_address() -> None:
    async with Sandbox() as one, Sandbox() as other:
        assert one.url.startswith("http://127.0.0.1:")
        assert one.url != other.url


async def test_a_sandbox_works_without_async_with(http: aiohttp.ClientSession) -> None:
    sandbox = Sandbox()
    await asyncio.gather(sandbox.start(), sandbox.start())
    url = sandbox.url
    await sandbox.start()
    assert sandbox.url == url
    assert (await fetch(http, url + "/v1/inboxes", headers=key_of(sandbox))).status == 200
    await sandbox.close()
    await sandbox.close()
    with pytest.raises(aiohttp.ClientConnectorError):
        await fetch(http, url + "/v1/inboxes")


async def test_a_closed_sandbox_says_so_when_it_is_started_again() -> None:
    sandbox = Sandbox()
    await sandbox.close()
    with pytest.raises(SessionError, match=r"closed.* Make a new Sandbox"):
        await sandbox.start()
    assert repr(sandbox) == "<Sandbox closed, 2 teams, 0 requests>"


async def test_a_sandbox_that_has_not_started_has_no_url() -> None:
    sandbox = Sandbox()
    with pytest.raises(SessionError, match="has not started"):
        _ = sandbox.url
    assert sandbox.connections == 0
    assert "not started" in repr(sandbox)


async def test_a_port_in_use_is_a_configuration_error() -> None:
    async with Sandbox() as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(ConfigurationError, match=rf"port={port}\): another program has this port"):
            await Sandbox(port=port).start()


async def test_an_address_that_is_not_ours_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=r"host='192.0.2.1', port=0\): cannot listen there"):
        await Sandbox(host="192.0.2.1").start()


async def test_the_url_of_a_sandbox_that_listens_everywhere_can_be_called(http: aiohttp.ClientSession) -> None:
    async with Sandbox(host="0.0.0.0") as sandbox:
        assert sandbox.url.startswith("http://127.0.0.1:")
        assert (await fetch(http, sandbox.url + "/v1/inboxes", headers=key_of(sandbox))).status == 200


async def test_the_url_of_an_ipv6_sandbox_has_brackets(http: aiohttp.ClientSession) -> None:
    sandbox = Sandbox(host="::1")
    try:
        await sandbox.start()
    except ConfigurationError:
        pytest.skip("this machine has no IPv6")
    assert sandbox.url.startswith("http://[::1]:")
    assert (await fetch(http, sandbox.url + "/v1/inboxes", headers=key_of(sandbox))).status == 200
    await sandbox.close()


async def test_closing_is_quick_and_leaves_nothing_behind(clock: VirtualClock) -> None:
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as http:
        sandbox = Sandbox(clock=clock)
        await sandbox.start()
        sandbox.script("list_inboxes", Hang(), times=20)
        idle = [await asyncio.open_connection("127.0.0.1", int(sandbox.url.rpartition(":")[2])) for _ in range(5)]
        await fetch(http, sandbox.url + "/v1/team")
        hanging = [asyncio.create_task(fetch(http, sandbox.url + "/v1/inboxes")) for _ in range(20)]
        await until(lambda: len(sandbox.requests) == 21)
        async with asyncio.timeout(5):
            await sandbox.close()
        results = await asyncio.gather(*hanging, return_exceptions=True)
        assert all(isinstance(result, aiohttp.ClientConnectionError) for result in results)
        for reader, writer in idle:
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
    assert asyncio.all_tasks() == before
    gc.collect()


async def test_a_client_that_never_reads_does_not_hold_up_the_closing() -> None:
    sandbox = Sandbox()
    await sandbox.start()
    sandbox.teams[0].inboxes = ["x" * 20_000_000]
    api_key = sandbox.teams[0].api_key
    assert api_key is not None
    _, writer = await asyncio.open_connection("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
    writer.write(f"GET /v1/inboxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api_key.key}\r\n\r\n".encode())
    await until(lambda: sandbox.requests and sandbox.requests[0].status == 200)
    async with asyncio.timeout(5):
        await sandbox.close()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_an_answer_that_waits_for_its_reader_after_the_end_does_not_hold_up_the_closing() -> None:
    sandbox = Sandbox()
    await sandbox.start()
    sandbox.script("*", Reply(200, b"x" * 20_000_000))
    _, writer = await asyncio.open_connection("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    await until(lambda: sandbox.requests and sandbox.requests[0].status == 200)
    for _ in range(10):
        await asyncio.sleep(0)
    async with asyncio.timeout(0.5):
        await sandbox.close()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_client_that_connects_in_the_moment_of_closing_is_let_go() -> None:
    for turns in range(6):
        sandbox = Sandbox()
        await sandbox.start()
        host, port = "127.0.0.1", int(sandbox.url.rpartition(":")[2])
        connecting = asyncio.create_task(asyncio.open_connection(host, port))
        for _ in range(turns):
            await asyncio.sleep(0)
        await sandbox.close()
        try:
            reader, writer = await connecting
        except ConnectionError:
            continue
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 2)
        writer.close()
    assert len(asyncio.all_tasks()) == 1


async def test_a_client_that_leaves_ends_the_work_for_it(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    before = asyncio.all_tasks()
    sandbox.script("list_inboxes", Hang())
    with pytest.raises(TimeoutError):
        await fetch(http, sandbox.url + "/v1/inboxes", timeout=aiohttp.ClientTimeout(total=0.05))
    await until(lambda: asyncio.all_tasks() == before)
    assert sandbox.requests[0].status is None
