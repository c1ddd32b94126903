"""Answers that are ordered in advance, down to the bytes on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from heymarket_async.clock import VirtualClock
from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import Answer, Exchange, Hang, Ordinary, Reply, Reset, Sandbox, Truncated
from heymarket_async.sandbox import server as server_module
from heymarket_async.sandbox.routes import Ask, Route
from sandbox_support import fetch, key_of, raw, until


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def sandbox(clock: VirtualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=clock, rate_limit=3) as sandbox:
        yield sandbox


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


@pytest.mark.parametrize("target", ["list_inboxes", "/v1/inboxes", "*"])
async def test_a_scripted_reply_comes_once_in_place_of_the_ordinary_one(
    sandbox: Sandbox, http: aiohttp.ClientSession, target: str
) -> None:
    sandbox.script(target, Reply(502, "<h1>Bad Gateway</h1>", content_type="text/html", headers={"Via": "1.1 proxy"}))
    answer = await fetch(http, sandbox.url + "/v1/inboxes", headers=key_of(sandbox))
    assert (answer.status, answer.body) == (502, b"<h1>Bad Gateway</h1>")
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["Via"] == "1.1 proxy"
    assert answer.headers["X-Request-Id"] == sandbox.requests[0].request_id
    assert sandbox.requests[0].team == sandbox.teams[0].id
    assert (await fetch(http, sandbox.url + "/v1/inboxes", headers=key_of(sandbox))).status == 200
    assert sandbox.connections == 1


async def test_rows_of_answers_repeat_and_queue_up(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.script("get_team", Reply(500), Reply(503), times=2)
    sandbox.script("get_team", Reply(504))
    assert sandbox.scripted == 5
    statuses = [(await fetch(http, sandbox.url + "/v1/team")).status for _ in range(6)]
    assert statuses == [500, 503, 500, 503, 504, 401]
    assert sandbox.scripted == 0


async def test_an_order_for_an_operation_goes_before_one_for_its_path_and_for_any(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    sandbox.script("*", Reply(503))
    sandbox.script("/v1/team", Reply(502))
    sandbox.script("get_team", Reply(501))
    sandbox.script("list_inboxes", Reply(599))
    statuses = [(await fetch(http, sandbox.url + "/v1/team")).status for _ in range(4)]
    assert statuses == [501, 502, 503, 401]
    assert sandbox.scripted == 1


async def test_a_path_that_the_sandbox_does_not_know_can_be_scripted(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    sandbox.script("/v9/news", Reply(json=["ok"]))
    assert (await fetch(http, sandbox.url + "/v9/news")).json == ["ok"]
    assert (await fetch(http, sandbox.url + "/v9/news")).status == 404


async def test_a_script_can_be_cleared(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.script("get_team", Reply(500), times=9)
    sandbox.clear_script()
    assert sandbox.scripted == 0
    assert (await fetch(http, sandbox.url + "/v1/team")).status == 401


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (Reply(), b""),
        (Reply(200, b"\xff\x00"), b"\xff\x00"),
        (Reply(200, "é"), "é".encode()),
        (Reply(json="ok"), b'"ok"'),
        (Reply(json=None), b"null"),
        (Reply(json={"a": [1.5]}), b'{"a":[1.5]}'),
        (Reply(302, headers={"Location": "/login"}), b""),
    ],
)
async def test_any_body_can_be_sent_as_it_is(
    sandbox: Sandbox, http: aiohttp.ClientSession, reply: Reply, body: bytes
) -> None:
    sandbox.script("get_team", reply)
    async with http.get(sandbox.url + "/v1/team", allow_redirects=False) as response:
        assert (response.status, await response.read()) == (reply.status, body)


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_that_has_no_body_gets_none(sandbox: Sandbox, http: aiohttp.ClientSession, status: int) -> None:
    sandbox.script("get_team", Reply(status, b"never sent"))
    answer = await fetch(http, sandbox.url + "/v1/team")
    assert (answer.status, answer.body) == (status, b"")
    assert "Content-Length" not in answer.headers
    assert (await fetch(http, sandbox.url + "/v1/team")).status == 401
    assert sandbox.connections == 1


async def test_headers_can_be_replaced_and_left_out(sandbox: Sandbox) -> None:
    sandbox.script("*", Reply(299, b"hi", headers={"DATE": None, "x-request-id": "mine", "Server": None}))
    answer = await raw(sandbox, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer == (
        b"HTTP/1.1 299 Unnamed\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n"
        b"x-request-id: mine\r\n\r\nhi"
    )


async def test_a_reply_can_be_late_by_the_sandboxs_clock(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    sandbox.script("get_team", Reply(200, "1", delay=30), Ordinary(delay=5))
    for seconds, status in ((30.0, 200), (5.0, 401)):
        waiting = asyncio.create_task(fetch(http, sandbox.url + "/v1/team"))
        await until(lambda: clock.next_wake is not None)
        assert clock.next_wake == seconds
        assert sandbox.requests[-1].status is None
        clock.advance(seconds)
        assert (await waiting).status == status


async def test_closing_does_not_wait_for_a_late_reply(clock: VirtualClock, http: aiohttp.ClientSession) -> None:
    async with Sandbox(clock=clock) as sandbox:
        sandbox.script("get_team", Reply(200, delay=3600))
        waiting = asyncio.create_task(fetch(http, sandbox.url + "/v1/team"))
        await until(lambda: clock.next_wake is not None)
    with pytest.raises(aiohttp.ClientConnectionError):
        await waiting


async def test_a_reset_is_a_reset(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.script("get_team", Reset())
    with pytest.raises(ConnectionResetError):
        await raw(sandbox, b"GET /v1/team HTTP/1.1\r\nHost: x\r\n\r\n")
    assert sandbox.requests[0].status is None
    sandbox.script("*", Reset())
    with pytest.raises(aiohttp.ClientOSError):
        await fetch(http, sandbox.url + "/v1/team", "POST")


@pytest.mark.parametrize("effect", [True, False])
async def test_a_reset_and_a_hang_can_come_after_the_effect(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, effect: bool
) -> None:
    performed: list[Ask] = []
    monkeypatch.setattr(server_module, "ROUTES", [Route("note", "POST", "/v1/note", performed.append)])
    async with Sandbox() as sandbox:
        sandbox.script("note", Reset(effect=effect), Hang(effect=effect))
        for error in (aiohttp.ClientOSError, TimeoutError):
            with pytest.raises(error):
                timeout = aiohttp.ClientTimeout(total=0.1)
                await fetch(http, sandbox.url + "/v1/note", "POST", headers=key_of(sandbox), timeout=timeout)
    assert len(performed) == (2 if effect else 0)
    assert [received.status for received in sandbox.requests] == [None, None]


async def test_a_reset_can_be_late(sandbox: Sandbox, clock: VirtualClock) -> None:
    sandbox.script("get_team", Reset(delay=2))
    waiting = asyncio.create_task(raw(sandbox, b"GET /v1/team HTTP/1.1\r\nHost: x\r\n\r\n"))
    await until(lambda: clock.next_wake is not None)
    clock.advance(2)
    with pytest.raises(ConnectionResetError):
        await waiting


async def test_a_truncated_answer_promises_more_than_it_sends(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.script("list_inboxes", Truncated(sent=10))
    async with http.get(sandbox.url + "/v1/inboxes", headers=key_of(sandbox)) as response:
        assert response.status == 200
        assert int(response.headers["Content-Length"]) > 1000
        assert await response.content.readexactly(10) == b'[{"id":400'
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert sandbox.requests[0].status == 200


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (Truncated(reply=Reply(200, "12345")), b"Content-Length: 5\r\n1"),
        (Truncated(sent=0, reply=Reply(200, "12345")), b"Content-Length: 5\r\n"),
        (Truncated(sent=5, reply=Reply(200, "12345")), b"Content-Length: 6\r\n12345"),
        (Truncated(sent=3, reply=Reply(200)), b"Content-Length: 4\r\n"),
    ],
)
async def test_a_truncated_answer_is_never_complete(sandbox: Sandbox, answer: Truncated, end: bytes) -> None:
    sandbox.script("*", answer)
    head, _, body = (await raw(sandbox, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")).partition(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    assert length + b"\r\n" + body == end


async def test_a_truncated_answer_can_be_late(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    sandbox.script("*", Truncated(reply=Reply(delay=4)))
    waiting = asyncio.create_task(raw(sandbox, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    await until(lambda: clock.next_wake == 4)
    clock.advance(4)
    assert (await waiting).startswith(b"HTTP/1.1 200 OK")


async def test_what_is_left_of_an_answer_is_dropped_when_the_client_has_gone(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    class Leaver(Answer):
        """Ends the connection in every way, twice."""

        async def give(self, exchange: Exchange) -> web.StreamResponse:
            exchange.reset()
            exchange.write(b"too late")
            exchange.reset()
            exchange.close()
            return exchange.respond(Reply(200))

    sandbox.script("get_team", Leaver())
    with pytest.raises(ConnectionResetError):
        await raw(sandbox, b"GET /v1/team HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await fetch(http, sandbox.url + "/v1/team")).status == 401


async def test_scripted_answers_ignore_the_gates_but_count_for_the_rate_limit(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    sandbox.script("get_team", Reply(200, "1"), times=5)
    statuses = [(await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))).status for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    sandbox.script("get_team", Reply(200, "1"))
    assert (await fetch(http, sandbox.url + "/v1/team", headers={"Authorization": "Bearer x"})).status == 200


async def test_an_answer_of_ones_own_has_the_whole_connection(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    class Drip(Answer):
        """Sends the ordinary reply byte by byte."""

        async def give(self, exchange: Exchange) -> web.StreamResponse:
            reply = exchange.ordinary()
            exchange.begin(reply, length=len(reply.body))
            for at in range(len(reply.body)):
                exchange.write(reply.body[at : at + 1])
                await exchange.wait(0)
            return exchange.close()

    sandbox.script("get_team", Drip())
    answer = await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))
    assert answer.json["id"] == sandbox.teams[0].id


class Broken(Answer):
    """Fails, before or after the head went out."""

    def __init__(self, *, begun: bool) -> None:
        self.begun = begun

    async def give(self, exchange: Exchange) -> web.StreamResponse:
        if self.begun:
            exchange.begin(Reply(200), length=5)
        raise LookupError("broken")


async def test_an_answer_that_fails_is_a_500_and_a_line_in_the_log(
    sandbox: Sandbox, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.script("get_team", Broken(begun=False), Broken(begun=True))
    answer = await fetch(http, sandbox.url + "/v1/team")
    assert (answer.status, answer.json["error_code"]) == (500, "internal_error")
    with pytest.raises(aiohttp.ClientPayloadError):
        await fetch(http, sandbox.url + "/v1/team")
    assert [record.getMessage() for record in caplog.records] == ["Broken could not be given"] * 2


def test_an_unknown_operation_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"script\('list_inbox'\).*get_team, .*list_inboxes, "):
        Sandbox().script("list_inbox", Reply(500))


@pytest.mark.parametrize(("answers", "times"), [((), 1), ((500,), 1), ((Reply(),), 0), ((Reply(),), 1.5)])
def test_a_script_that_makes_no_sense_is_refused(answers: tuple[Any, ...], times: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"script\("):
        Sandbox().script("get_team", *answers, times=times)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Reply(99), r"Reply\(status=...\) must be an int from 200 to 999"),
        (lambda: Reply(True), r"Reply\(status=...\)"),
        (lambda: Reply(delay=-1), r"Reply\(delay=...\) must be a number of seconds"),
        (lambda: Reply(delay=float("inf")), r"Reply\(delay=...\)"),
        (lambda: Reply(delay="1"), r"Reply\(delay=...\)"),  # type: ignore[arg-type]
        (lambda: Reply(headers={"A b": "c"}), r"Reply\(headers=...\) has a name or a value"),
        (lambda: Reply(headers={"A": "b\r\nC: d"}), r"Reply\(headers=...\)"),
        (lambda: Reply(content_type="text/☃"), r"Reply\(content_type=...\)"),
        (lambda: Reply(200, "x", json=1), r"Reply\(body=..., json=...\) takes one"),
        (lambda: Truncated(sent=-1), r"Truncated\(sent=...\) must be an int, 0 or more"),
        (lambda: Reset(delay=-1), r"Reset\(delay=...\)"),
        (lambda: Ordinary(delay=-1), r"Ordinary\(delay=...\)"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(make: Any, rule: str) -> None:
    with pytest.raises(ConfigurationError, match=rule):
        make()


def test_the_repr_of_a_reply_hides_its_body() -> None:
    assert repr(Reply(200, "private")) == "Reply(200, 7 bytes)"


async def test_an_order_for_one_team_goes_before_others_and_leaves_other_teams_alone(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    first, second = ({"headers": key_of(sandbox, team)} for team in (0, 1))
    sandbox.script("*", Reply(501), team=sandbox.teams[1])
    sandbox.script("get_team", Reply(502))
    sandbox.script("get_team", Reply(503), team=sandbox.teams[1])
    url = sandbox.url + "/v1/team"
    assert (await fetch(http, url)).status == 502
    assert (await fetch(http, url)).status == 401
    assert (await fetch(http, url, **first)).status == 200
    assert [(await fetch(http, url, **second)).status for _ in range(3)] == [503, 501, 200]
    assert sandbox.scripted == 0


async def test_an_order_for_a_team_must_be_one_that_can_be_kept(sandbox: Sandbox) -> None:
    stranger = Sandbox(seed="another").teams[0]
    with pytest.raises(ConfigurationError, match="must be a team of this sandbox"):
        sandbox.script("get_team", Reply(500), team=stranger)
    with pytest.raises(ConfigurationError, match="only once it is read"):
        sandbox.script("get_team", Reset(unread=True), team=sandbox.teams[0])
