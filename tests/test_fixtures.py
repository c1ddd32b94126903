"""The fixtures do what other tests rely on."""

from __future__ import annotations

import os

import aiohttp
import aioresponses.core
import pytest
from aioresponses import CallbackResult

from mocks import mocked_aiohttp

URL = "https://api.example.com/v1/inboxes"


@pytest.mark.parametrize("size", [0, 131_072, 131_073, 1_000_000])
async def test_a_mocked_body_of_any_size_arrives_whole(mocked, size):
    mocked.get(URL, body=b"x" * size, headers={"X-Request-Id": "7"})
    async with aiohttp.ClientSession() as session, session.get(URL) as response:
        assert response.status == 200
        assert response.headers["X-Request-Id"] == "7"
        assert await response.read() == b"x" * size


async def test_a_mocked_answer_can_come_from_a_function(mocked):
    mocked.post(URL, callback=lambda url, **request: CallbackResult(status=201, payload=request["json"]))
    async with aiohttp.ClientSession() as session, session.post(URL, json={"name": "Sales"}) as response:
        assert response.status == 201
        assert await response.json() == {"name": "Sales"}


async def test_what_is_not_mocked_is_refused(mocked):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(URL)


def test_mocks_leave_nothing_behind():
    def patched():
        core = aioresponses.core
        return core.ClientResponse, core.stream_reader_factory, aiohttp.ClientSession._request

    before = patched()
    with mocked_aiohttp():
        assert all(now is not then for now, then in zip(patched(), before, strict=True))
    assert patched() == before


@pytest.fixture(scope="module")
def variable():
    name = "HEYMARKET_API_KEY"
    before = os.environ.get(name)
    os.environ[name] = "somebody's key"
    yield name
    if before is None:
        del os.environ[name]
    else:
        os.environ[name] = before


@pytest.mark.parametrize("attempt", [1, 2])
def test_no_test_sees_the_credentials_of_whoever_runs_it(variable, attempt):
    assert variable not in os.environ


def test_the_contract_describes_the_service(contract):
    operations = [
        operation["operationId"]
        for path in contract["paths"].values()
        for method, operation in path.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    assert "list_inboxes" in operations
    assert len(operations) == len(set(operations)) == 63


def test_examples_are_found_by_name(example):
    assert example("list_inboxes.response.documented")
