"""Quick unit tests of a session without sockets, on aioresponses. What happens on the wire is tested on the wire."""

from __future__ import annotations

import json

import aiohttp
import pytest

from heymarket_async import ApiSecret, AsyncSession, ConnectionLost, Inbox, Retries, SendUnknown

SECRET = ApiSecret("11111111-2222-4333-8444-555555555555", "ExampleSecretKey0123456789ABCDEF")
INBOXES = "https://api.heymarket.com/v1/inboxes"


@pytest.fixture
async def heymarket():
    async with AsyncSession(SECRET, retries=Retries(base=0.0)) as session:
        yield session


async def test_the_default_address_is_that_of_the_service(mocked, heymarket):
    mocked.get(INBOXES, payload=[{"id": 1, "name": "Support"}])
    assert await heymarket.inboxes.list() == (Inbox(id=1, name="Support"),)


@pytest.mark.parametrize("size", [131_071, 131_073, 1_000_000])
async def test_a_large_team_arrives_whole(mocked, heymarket, size):
    record = json.dumps({"id": 7, "name": "x" * 1000})
    records = [record] * (size // len(record) + 1)
    mocked.get(INBOXES, body=f"[{','.join(records)}]")
    assert len(await heymarket.inboxes.list()) == len(records)


async def test_the_request_carries_its_headers(mocked, heymarket):
    mocked.get(INBOXES, payload=[])
    await heymarket.inboxes.list()
    ((call,),) = mocked.requests.values()
    headers = call.kwargs["headers"]
    assert headers["Authorization"].startswith("Bearer eyJ")
    assert headers["Accept"] == "application/json"
    assert call.kwargs["allow_redirects"] is False


async def test_a_send_is_unknown_even_where_nothing_tells_that_it_left(mocked, heymarket):
    mocked.post("https://api.heymarket.com/v1/message/send", exception=aiohttp.ServerDisconnectedError())
    with pytest.raises(SendUnknown):
        await heymarket.request("POST", "/v1/message/send", json={})


async def test_a_read_is_tried_again(mocked, heymarket):
    mocked.get(INBOXES, exception=aiohttp.ClientPayloadError())
    mocked.get(INBOXES, exception=aiohttp.ServerDisconnectedError())
    mocked.get(INBOXES, payload=[])
    assert await heymarket.inboxes.list() == ()
    mocked.get(INBOXES, exception=aiohttp.ClientOSError(104, "Connection reset by peer"), repeat=True)
    with pytest.raises(ConnectionLost, match="Connection reset by peer"):
        await heymarket.inboxes.list()
