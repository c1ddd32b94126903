"""The sandbox as a server: its options, what every answer carries, and what it remembers."""

from __future__ import annotations

import asyncio
import io
import logging
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

import heymarket_async.sandbox
from heymarket_async.auth import ApiSecret
from heymarket_async.clock import VirtualClock
from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import Sandbox, Variants
from heymarket_async.sandbox import reception as reception_module
from sandbox_support import bearer, fetch, independent_token, key_of, raw


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


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("host", ""),
        ("host", 127),
        ("port", -1),
        ("port", 65_536),
        ("port", True),
        ("port", "80"),
        ("teams", 0),
        ("teams", 2.0),
        ("rate_limit", 0),
        ("rate_limit", 1.5),
        ("rate_window", "leaky"),
        ("leeway", -1),
        ("leeway", float("nan")),
        ("leeway", "30"),
        ("inboxes_in_wrapper", 1),
        ("retry_after", None),
        ("seed", None),
        ("clock", time.time),
        ("clock", VirtualClock),
    ],
)
def test_a_bad_option_is_named_with_its_rule_at_once(option: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^Sandbox\({option}=\.\.\.\) must "):
        Sandbox(**{option: value})


async def test_every_answer_has_a_request_id_of_its_own(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    answers = [
        await fetch(http, sandbox.url + "/v1/inboxes", headers=key_of(sandbox)),
        await fetch(http, sandbox.url + "/v1/inboxes"),
        await fetch(http, sandbox.url + "/nothing"),
        await fetch(http, sandbox.url + "/v1/inboxes", "POST"),
        await fetch(http, sandbox.url + "/v1/inboxes", headers=key_of(sandbox), data=b"{"),
    ]
    assert [answer.status for answer in answers] == [200, 401, 404, 405, 400]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert len({uuid.UUID(request_id) for request_id in ids}) == 5
    assert [received.request_id for received in sandbox.requests] == ids
    assert [received.status for received in sandbox.requests] == [200, 401, 404, 405, 400]


async def test_the_date_is_that_of_the_sandboxs_clock(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    for _ in range(2):
        clock.advance(86_400.75)
        answer = await fetch(http, sandbox.url + "/v1/inboxes")
        assert answer.headers.getall("Date") == [answer.headers["Date"]]
        assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == int(clock.wall())


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/inboxes/", "/v1/inboxes/1", "/v2/inboxes", "/V1/inboxes"])
async def test_an_unknown_path_is_404_whoever_asks(sandbox: Sandbox, http: aiohttp.ClientSession, path: str) -> None:
    for headers in ({}, key_of(sandbox)):
        answer = await fetch(http, sandbox.url + path, headers=headers)
        assert answer.status == 404
        assert answer.json["error_code"] == "not_found"
    assert sandbox.requests[-1].operation is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
async def test_a_wrong_method_is_405_and_names_the_right_one(
    sandbox: Sandbox, http: aiohttp.ClientSession, method: str
) -> None:
    answer = await fetch(http, sandbox.url + "/v1/team", method)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET"
    if method == "HEAD":
        assert answer.body == b""
    else:
        assert answer.json["error_code"] == "method_not_allowed"
    after = await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))
    assert after.status == 200
    assert sandbox.connections == 1


async def test_a_body_that_is_not_json_is_bad_data(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    answer = await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox), data=b"name=Riley")
    assert answer.status == 400
    assert answer.json == {"error_code": "bad_data", "message": "The body is not JSON."}


@pytest.mark.parametrize(("strict", "status"), [(True, 400), (False, 200)])
async def test_json_on_a_get_is_a_mistake_that_only_a_strict_sandbox_minds(
    http: aiohttp.ClientSession, strict: bool, status: int
) -> None:
    async with Sandbox(variants=Variants(strict_requests=strict)) as sandbox:
        answer = await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox), json={"limit": 5})
    assert answer.status == status
    assert sandbox.requests[0].body == b'{"limit": 5}'


async def test_a_body_that_is_too_large_is_413(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    answer = await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox), data=io.BytesIO(b" " * (1024**2 + 1)))
    assert answer.status == 413
    assert answer.json["error_code"] == "bad_data"


async def test_a_body_with_broken_chunks_is_400(sandbox: Sandbox) -> None:
    head = b"POST /v1/team HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = await raw(sandbox, head + b"zz\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"X-Request-Id: " in answer
    assert b'"bad_data"' in answer


async def test_a_body_that_breaks_off_in_its_encoding_is_400(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    headers = key_of(sandbox) | {"Content-Encoding": "gzip"}
    answer = await fetch(http, sandbox.url + "/v1/team", headers=headers, data=b"this is not gzip")
    assert answer.status == 400
    assert answer.json["error_code"] == "bad_data"
    assert sandbox.requests[-1].body == b""


async def test_bytes_that_are_not_http_are_400_without_noise_in_the_log(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await raw(sandbox, b"\x16\x03\x01 hello\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"X-Request-Id: " in answer
    assert b"Connection: close\r\n" in answer
    assert sandbox.requests[-1].status == 400
    assert caplog.records == []


async def test_http_1_0_gets_its_answer_and_the_end(sandbox: Sandbox) -> None:
    answer = await raw(sandbox, b"GET /v1/team HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"Connection: close\r\n" in answer


async def test_http_1_0_can_keep_its_connection(sandbox: Sandbox) -> None:
    twice = b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n"
    answer = await raw(sandbox, twice)
    assert answer.count(b"HTTP/1.1 404 ") == 2
    assert answer.count(b"Connection: keep-alive\r\n") == 1
    assert sandbox.connections == 1


async def test_state_that_is_no_json_is_a_500_and_a_line_in_the_log(
    sandbox: Sandbox, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.teams[0].inboxes = object()
    answer = await fetch(http, sandbox.url + "/v1/inboxes", headers=key_of(sandbox))
    assert answer.status == 500
    assert answer.json["error_code"] == "internal_error"
    assert uuid.UUID(answer.headers["X-Request-Id"])
    assert [record.getMessage() for record in caplog.records] == ["list_inboxes failed in the sandbox"]


async def test_the_journal_tells_what_came(sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession) -> None:
    token = independent_token(sandbox.teams[1].secrets[1], int(clock.wall()) - 40)
    headers = bearer(token) | {"X-Custom": "1"}
    await fetch(http, sandbox.url + "/v1/inboxes?phoneNumber=14155550100&a=1&a=2", headers=headers, data=b'"hello"')
    received = sandbox.requests[0]
    assert (received.method, received.path, received.operation) == ("GET", "/v1/inboxes", "list_inboxes")
    assert received.query == {"phoneNumber": "14155550100", "a": "1"}
    assert received.headers["x-custom"] == "1"
    assert "authorization" not in received.headers
    assert received.team == sandbox.teams[1].id
    assert received.token_age == 40
    assert received.arrived == clock.wall()
    assert received.status == 400


async def test_no_repr_shows_a_token_a_key_a_number_or_a_text(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    await fetch(http, sandbox.url + "/v1/inboxes?phoneNumber=14155550100", headers=key_of(sandbox), data=b'"hello"')
    shown = repr(sandbox.requests) + repr(sandbox) + repr(sandbox.teams) + repr(vars(sandbox))
    assert "<GET /v1/inboxes?phoneNumber -> 400, team 2001, connection 1, 7 bytes>" in shown
    api_key = sandbox.teams[0].api_key
    assert api_key is not None
    for private in ("14155550100", "hello", api_key.key, sandbox.secret.key, sandbox.secret.id):
        assert private not in shown


async def test_connections_are_counted_and_numbered(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    for _ in range(3):
        await fetch(http, sandbox.url + "/v1/team")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as other:
        for _ in range(2):
            await fetch(other, sandbox.url + "/v1/team")
    assert [received.connection for received in sandbox.requests] == [1, 1, 1, 2, 3]
    assert sandbox.connections == 3


async def test_the_journal_forgets_the_oldest_when_it_grows_too_long(
    sandbox: Sandbox, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception_module, "_REMEMBERED", 4)
    for number in range(5):
        await fetch(http, f"{sandbox.url}/{number}")
    assert [received.path for received in sandbox.requests] == ["/2", "/3", "/4"]


async def test_no_access_log_is_written(
    sandbox: Sandbox, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))
    assert [record for record in caplog.records if record.name.startswith(("aiohttp", "heymarket"))] == []


async def test_the_same_seed_gives_the_same_request_ids(http: aiohttp.ClientSession) -> None:
    ids: list[str] = []
    for seed in ("a", "a", "b"):
        async with Sandbox(seed=seed) as sandbox:
            ids.append((await fetch(http, sandbox.url)).headers["X-Request-Id"])
    assert ids[0] == ids[1] != ids[2]


async def test_many_clients_are_served_at_once(sandbox: Sandbox) -> None:
    connector = aiohttp.TCPConnector(limit=100)
    async with aiohttp.ClientSession(connector=connector) as http:
        answers = await asyncio.gather(
            *(fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox)) for _ in range(400))
        )
    assert {answer.status for answer in answers} == {200}
    assert 1 < sandbox.connections <= 100


def test_importing_the_package_brings_in_no_web_server() -> None:
    code = (
        "import sys; before = set(sys.modules); import heymarket_async.sandbox as s; "
        "print(sorted(m for m in set(sys.modules) - before if '.sandbox' in m), 'Sandbox' in dir(s))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['heymarket_async.sandbox'] True"


def test_the_package_offers_its_names_and_no_others() -> None:
    assert set(heymarket_async.sandbox.__all__) <= set(dir(heymarket_async.sandbox))
    for name in heymarket_async.sandbox.__all__:
        assert getattr(heymarket_async.sandbox, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Sandpit'"):
        _ = heymarket_async.sandbox.Sandpit


def test_the_sandbox_never_imports_the_deprecated_jose() -> None:
    code = "import sys, heymarket_async.sandbox.server; print([m for m in sys.modules if m.startswith('authlib.jose')])"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_the_first_secret_opens_the_first_team(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    assert isinstance(sandbox.secret, ApiSecret)
    token = independent_token(sandbox.secret, int(clock.wall()))
    answer = await fetch(http, sandbox.url + "/v1/team", headers=bearer(token))
    assert answer.json["id"] == sandbox.teams[0].id
