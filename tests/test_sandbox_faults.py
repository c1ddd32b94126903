"""Faults, as they look on the wire."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from faults import FAULTS, Fault
from heymarket_async.clock import VirtualClock
from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import (
    Answer,
    Closed,
    Endless,
    Exchange,
    Hang,
    Interim,
    Ordinary,
    Raw,
    Reply,
    Reset,
    Sandbox,
    Trickled,
    Truncated,
)
from sandbox_support import bearer, fetch, independent_token, key_of, until
from wires import Wire, request, text_to, wired

PAGE = Path(__file__).parents[1] / "docs" / "sandbox.md"
ANN, BEN = "15105550160", "15105550161"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def sandbox(clock: VirtualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=clock, rate_limit=None) as sandbox:
        yield sandbox


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


def body_of(answer: bytes | bytearray) -> bytes:
    return bytes(answer).partition(b"\r\n\r\n")[2]


def pass_time(clock: VirtualClock) -> None:
    if clock.next_wake is not None:
        clock.advance(clock.next_wake)


async def see(wire: Wire, clock: VirtualClock, fault: Fault) -> None:
    """Let a fault happen to its end; where it has none, as far as it is known, and some turns of the loop more."""

    def is_seen() -> bool:
        if fault.waits:
            pass_time(clock)
        return wire.ending == fault.ending and len(wire.data) >= len(fault.begins)

    try:
        await until(is_seen)
    except TimeoutError:
        pytest.fail(f"{wire.ending} after {bytes(wire.data[:200])!r}")
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("name", "effect"),
    [(name, effect) for name, fault in FAULTS.items() for effect in (False, True) if not (fault.unread and effect)],
)
async def test_a_fault_has_its_bytes_and_its_end_and_takes_effect_or_not(
    sandbox: Sandbox, clock: VirtualClock, name: str, effect: bool
) -> None:
    fault = FAULTS[name]
    sandbox.script("send_message", fault.make(effect))
    async with wired(sandbox) as wire:
        wire.send(text_to(sandbox, ANN, Connection="close"))
        await until(lambda: sandbox.requests)
        await see(wire, clock, fault)
        assert wire.ending == fault.ending
        assert wire.data.startswith(fault.begins)
    (received,) = sandbox.requests
    assert received.operation == "send_message"
    assert received.read is not fault.unread
    assert received.performed is effect
    assert len(sandbox.teams[0].sent_to(ANN)) == effect
    assert sandbox.scripted == 0
    async with wired(sandbox) as wire:
        wire.send(text_to(sandbox, BEN, Connection="close"))
        assert await wire.end() == "fin"
        assert wire.data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(sandbox.teams[0].sent_to(BEN)) == 1


@pytest.mark.parametrize("name", FAULTS)
async def test_closing_in_the_middle_of_a_fault_is_prompt_and_leaves_no_task_and_no_socket(
    clock: VirtualClock, name: str
) -> None:
    before = asyncio.all_tasks()
    sandbox = Sandbox(clock=clock)
    await sandbox.start()
    sandbox.script("*", FAULTS[name].make(False), times=3)
    port = int(sandbox.url.rpartition(":")[2])
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    for client in clients:
        client.sendall(request(sandbox))
    await until(lambda: len(sandbox.requests) == 3)
    async with asyncio.timeout(2):
        await sandbox.close()
    assert asyncio.all_tasks() == before
    for client in clients:
        client.settimeout(2)
        try:
            while client.recv(2**20):
                pass
        except ConnectionResetError:
            pass
        client.close()


class TestTheDocumentation:
    KINDS = (Closed, Endless, Hang, Interim, Ordinary, Raw, Reply, Reset, Trickled, Truncated)

    def test_shows_faults_that_can_be_made_and_leaves_out_no_kind(self) -> None:
        cells = re.findall(r"^\| (`\w+\(.*?`) \|", PAGE.read_text("utf-8"), re.MULTILINE)
        names = {kind.__name__: kind for kind in self.KINDS}
        made = [eval(code, dict(names)) for cell in cells for code in cell.strip("`").split("`, `")]
        assert {type(fault) for fault in made} == set(self.KINDS)
        assert {type(fault.make(False)) for fault in FAULTS.values()} <= set(self.KINDS)

    async def test_has_an_example_that_passes(
        self, heymarket_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, *_ = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        names: dict[str, Any] = {}
        exec(code, names)
        await names["test_the_app_knows_that_it_does_not_know"](heymarket_sandbox)
        assert capsys.readouterr().out == "No answer came back, and yet the text went out.\n"


class TestBeforeTheRequestIsRead:
    async def test_only_the_operation_that_was_meant_is_met(self, sandbox: Sandbox) -> None:
        sandbox.script("send_message", Reset(unread=True))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox))
            await until(lambda: b'"members"' in wire.data)
            wire.send(text_to(sandbox))
            assert await wire.end() == "reset"
        assert [(received.operation, received.read) for received in sandbox.requests] == [
            ("get_team", True),
            ("send_message", False),
        ]
        assert sandbox.requests[1].connection == sandbox.requests[0].connection
        assert (sandbox.requests[1].headers, sandbox.requests[1].body, sandbox.requests[1].team) == ({}, b"", None)

    async def test_it_takes_nothing_from_the_rate_limit(self) -> None:
        async with Sandbox(rate_limit=1) as sandbox:
            sandbox.script("*", Reset(unread=True), times=3)
            for ending in ("reset", "reset", "reset", "fin"):
                async with wired(sandbox) as wire:
                    wire.send(request(sandbox, Connection="close"))
                    assert await wire.end() == ending
            assert wire.data.startswith(b"HTTP/1.1 200 ")
            assert [received.read for received in sandbox.requests] == [False, False, False, True]

    async def test_the_first_line_may_have_a_query_and_an_escape(self, sandbox: Sandbox) -> None:
        sandbox.script("/v1/a b", Closed(unread=True))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox, "DELETE", "/v1/a%20b?phoneNumber=15105550160"))
            assert await wire.end() == "fin"
        (received,) = sandbox.requests
        assert (received.method, received.path, received.query) == ("DELETE", "/v1/a b", {})

    async def test_bytes_that_are_not_http_are_met_by_what_is_for_any_request(self, sandbox: Sandbox) -> None:
        sandbox.script("*", Reset(unread=True))
        async with wired(sandbox) as wire:
            wire.send(b"\x16\x03\x01 hello\r\n\r\n")
            assert await wire.end() == "reset"
        assert [(received.method, received.path) for received in sandbox.requests] == [("", "")]

    async def test_a_head_in_two_pieces_is_one_request(self, sandbox: Sandbox) -> None:
        async with wired(sandbox) as wire:
            whole = request(sandbox, Connection="close")
            wire.send(whole[:20])
            await until(lambda: sandbox.connections)
            for _ in range(20):
                await asyncio.sleep(0)
            sandbox.script("*", Reset(unread=True))
            wire.send(whole[20:])
            assert await wire.end() == "fin"
        assert [received.status for received in sandbox.requests] == [200]
        assert sandbox.scripted == 1

    async def test_what_comes_too_late_for_a_request_waits_for_the_next(
        self, sandbox: Sandbox, clock: VirtualClock
    ) -> None:
        sandbox.script("get_team", Ordinary(delay=5), Reset(unread=True), Reply(503))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox))
            await until(lambda: clock.next_wake == 5)
            clock.advance(5)
            await until(lambda: wire.data)
            wire.send(request(sandbox))
            assert await wire.end() == "reset"
        async with wired(sandbox) as wire:
            wire.send(request(sandbox, Connection="close"))
            await wire.end()
            assert wire.data.startswith(b"HTTP/1.1 503 ")

    async def test_it_can_be_late(self, sandbox: Sandbox, clock: VirtualClock) -> None:
        sandbox.script("*", Reset(unread=True, delay=7))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox))
            await until(lambda: clock.next_wake == 7)
            assert wire.ending == "open"
            clock.advance(7)
            assert await wire.end() == "reset"

    async def test_a_client_that_leaves_meanwhile_ends_the_work_for_it(
        self, sandbox: Sandbox, clock: VirtualClock
    ) -> None:
        before = asyncio.all_tasks()
        sandbox.script("*", Closed(unread=True, delay=7))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox))
            await until(lambda: clock.next_wake == 7)
        clock.advance(7)
        await until(lambda: asyncio.all_tasks() == before)

    async def test_a_closed_connection_gets_no_reset_from_a_request_that_goes_on(self, sandbox: Sandbox) -> None:
        sandbox.script("*", Closed(unread=True))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox, "POST", "/v1/message/send", Content_Length="1000000")[:-2])
            assert await wire.end() == "fin"
            for _ in range(10):
                wire.send(b"x" * 100_000)
                await asyncio.sleep(0)
            assert wire.ending == "fin"
            assert not wire.transport.is_closing()
        assert len(sandbox.requests) == 1

    async def test_a_server_that_never_reads_lets_a_large_request_pile_up(self, sandbox: Sandbox) -> None:
        sandbox.script("*", Hang(unread=True))
        async with wired(sandbox) as wire:
            wire.send(text_to(sandbox))
            await until(lambda: sandbox.requests)
            wire.send(b"x" * 50_000_000)
            for _ in range(100):
                await asyncio.sleep(0)
            assert wire.transport.get_write_buffer_size() > 10_000_000

    async def test_an_answer_of_ones_own_can_come_before_the_request_is_read(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Busy(Answer):
            unread = True

            async def give(self, exchange: Exchange) -> web.StreamResponse:
                exchange.respond(Reply(503))
                return exchange.close()

        class Hasty(Answer):
            unread = True

            async def give(self, exchange: Exchange) -> web.StreamResponse:
                return exchange.respond(exchange.ordinary())

        sandbox.script("*", Busy(), Hasty())
        for status in (503, 500):
            async with wired(sandbox) as wire:
                wire.send(text_to(sandbox))
                await until(lambda wire=wire: wire.data)
                assert wire.data.startswith(b"HTTP/1.1 %d " % status)
        assert [record.getMessage() for record in caplog.records] == ["Hasty could not be given"]
        assert sandbox.teams[0].sent == []


class TestAKeptConnection:
    async def test_can_be_closed_before_the_next_request_is_written(self, sandbox: Sandbox) -> None:
        async with wired(sandbox) as idle, wired(sandbox) as busy:
            idle.send(request(sandbox))
            await until(lambda: b'"members"' in idle.data)
            sandbox.script("get_team", Hang())
            busy.send(request(sandbox))
            await until(lambda: len(sandbox.requests) == 2)
            assert sandbox.drop_idle() == 1
            assert sandbox.drop_idle() == 0
            assert idle.ending == "open"
            idle.send(text_to(sandbox))
            assert await idle.end() == "fin"
            await until(lambda: len(sandbox.requests) == 3)
            assert busy.ending == "open"
        assert sandbox.requests[2].operation == "send_message"
        assert not sandbox.requests[2].read
        assert sandbox.teams[0].sent == []

    @pytest.mark.not_on_uvloop("uvloop sends the FIN with its next turn")
    async def test_is_closed_on_the_wire_when_the_call_returns(self, sandbox: Sandbox) -> None:
        port = int(sandbox.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            assert await until(sandbox.drop_idle) == 1
            client.sendall(b"GET /v1/team HTTP/1.1\r\n")
            assert client.recv(1) == b""

    async def test_breaks_under_an_aiohttp_client_in_the_moment_of_reuse(
        self, sandbox: Sandbox, http: aiohttp.ClientSession
    ) -> None:
        sandbox.script("send_message", Closed(unread=True), Reset(unread=True))
        for error in (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            assert (await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))).status == 200
            with pytest.raises(error):
                await fetch(http, sandbox.url + "/v1/message/send", "POST", json={}, headers=key_of(sandbox))
        assert [received.connection for received in sandbox.requests] == [1, 1, 2, 2]
        assert [received.read for received in sandbox.requests] == [True, False, True, False]

    async def test_that_is_dropped_under_an_aiohttp_client_is_written_to_all_the_same(
        self, sandbox: Sandbox, http: aiohttp.ClientSession
    ) -> None:
        await fetch(http, sandbox.url + "/v1/team")
        sandbox.drop_idle()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await fetch(http, sandbox.url + "/v1/message/send", "POST", json={})
        await until(lambda: len(sandbox.requests) == 2)
        assert (sandbox.requests[1].operation, sandbox.requests[1].read) == ("send_message", False)

    async def test_that_is_dropped_early_enough_is_not_used_again(
        self, sandbox: Sandbox, http: aiohttp.ClientSession
    ) -> None:
        await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))
        sandbox.drop_idle()
        for _ in range(5):
            await asyncio.sleep(0)
        assert (await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))).status == 200
        assert [received.connection for received in sandbox.requests] == [1, 2]

    async def test_that_the_client_has_just_reset_can_be_dropped(self, sandbox: Sandbox) -> None:
        port = int(sandbox.url.rpartition(":")[2])
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(request(sandbox))
        await until(lambda: sandbox.requests and sandbox.requests[0].status)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()
        assert sandbox.drop_idle() == 1

    def test_cannot_be_dropped_where_there_is_none(self) -> None:
        assert Sandbox().drop_idle() == 0


class TestABrokenBody:
    @pytest.mark.parametrize(
        ("sent", "body"),
        [
            (0, b""),
            (1, b"5\r\n1"),
            (5, b"5\r\n12345"),
            (7, b"5\r\n12345\r\n"),
            (99, b"5\r\n12345\r\n"),
        ],
    )
    async def test_of_chunks_never_has_the_last(self, sandbox: Sandbox, sent: int, body: bytes) -> None:
        sandbox.script("*", Truncated(sent=sent, framing="chunked", reply=Reply(200, "12345")))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox))
            assert await wire.end() == "fin"
            assert body_of(wire.data) == body
            assert b"\r\nTransfer-Encoding: chunked\r\n" in wire.data
            assert b"Content-Length" not in wire.data

    async def test_without_a_length_looks_whole(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        sandbox.script("get_team", Truncated(sent=3, framing="none", reply=Reply(200, "12345")))
        assert (await fetch(http, sandbox.url + "/v1/team")).json == 123

    @pytest.mark.parametrize("framing", ["length", "chunked"])
    @pytest.mark.parametrize("end", ["close", "reset"])
    async def test_is_an_error_for_aiohttp(
        self, sandbox: Sandbox, http: aiohttp.ClientSession, framing: Any, end: Any
    ) -> None:
        sandbox.script("get_team", Truncated(sent=100, framing=framing, end=end))
        async with http.get(sandbox.url + "/v1/team", headers=key_of(sandbox)) as response:
            assert response.status == 200
            with pytest.raises(aiohttp.ClientError):
                await response.read()
        assert sandbox.requests[0].performed

    async def test_that_ends_with_a_reset_has_come_as_far_as_it_was_sent(self, sandbox: Sandbox) -> None:
        sandbox.script("*", Truncated(sent=3, end="reset", reply=Reply(200, "12345")))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox))
            assert await wire.end() == "reset"
            assert body_of(wire.data) == b"123"


class TestASlowAnswer:
    @pytest.mark.parametrize("framing", ["length", "chunked", "none"])
    @pytest.mark.parametrize("part", ["head", "body"])
    async def test_is_complete_in_the_end(
        self, sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession, framing: Any, part: Any
    ) -> None:
        sandbox.script("*", Trickled(every=10, piece=7, part=part, framing=framing, reply=Reply(200, b"[1,2,3,4,5,6]")))
        waiting = asyncio.create_task(fetch(http, sandbox.url))
        await until(lambda: (pass_time(clock), waiting.done())[1])
        assert (await waiting).json == [1, 2, 3, 4, 5, 6]
        assert clock.monotonic() >= 20

    async def test_comes_as_the_sandboxs_clock_goes(self, sandbox: Sandbox, clock: VirtualClock) -> None:
        sandbox.script("*", Trickled(every=60, piece=2, reply=Reply(200, b"12345")))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox))
            for body in (b"", b"12", b"1234"):
                await until(lambda body=body: b"\r\n\r\n" in wire.data and body_of(wire.data) == body)
                await until(lambda: clock.next_wake == 60)
                assert body_of(wire.data) == body
                clock.advance(60)
            assert await wire.end() == "fin"
            assert body_of(wire.data) == b"12345"

    async def test_can_take_effect_and_then_be_late(
        self, sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
    ) -> None:
        sandbox.script("send_message", Ordinary(late=30))
        async with wired(sandbox) as wire:
            wire.send(text_to(sandbox, ANN))
            await until(lambda: clock.next_wake == 30)
            assert len(sandbox.teams[0].sent_to(ANN)) == 1
            assert sandbox.requests[0].performed
            assert sandbox.requests[0].status is None
            clock.advance(30)
            await until(lambda: wire.data.startswith(b"HTTP/1.1 200 "))

    async def test_takes_no_effect_before_its_time_when_the_client_leaves(
        self, sandbox: Sandbox, clock: VirtualClock
    ) -> None:
        before = asyncio.all_tasks()
        sandbox.script("send_message", Ordinary(delay=30))
        async with wired(sandbox) as wire:
            wire.send(text_to(sandbox, ANN))
            await until(lambda: clock.next_wake == 30)
        await until(lambda: asyncio.all_tasks() == before)
        clock.advance(30)
        assert not sandbox.requests[0].performed
        assert sandbox.teams[0].sent == []


class TestAnEndlessAnswer:
    @pytest.mark.parametrize("framing", ["length", "chunked", "none"])
    async def test_goes_on_until_the_client_has_enough(
        self, sandbox: Sandbox, http: aiohttp.ClientSession, framing: Any
    ) -> None:
        before = asyncio.all_tasks()
        sandbox.script("*", Endless(framing=framing, piece=b"x" * 50_000, reply=Reply(200, "begin")))
        async with http.get(sandbox.url) as response:
            assert (await response.content.readexactly(5_000_005))[:6] == b"beginx"
            response.close()
        await until(lambda: asyncio.all_tasks() == before)

    async def test_waits_for_a_client_that_does_not_read(self, sandbox: Sandbox) -> None:
        sandbox.script("*", Endless())
        port = int(sandbox.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(request(sandbox))
            await until(lambda: sandbox.requests)
            client.settimeout(0)
            for _ in range(2_000):
                await asyncio.sleep(0)
            came = 0
            while True:
                try:
                    came += len(client.recv(2**20))
                except BlockingIOError:
                    break
            assert 65_536 < came < 64 * 2**20

    async def test_lets_others_run(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        sandbox.script("list_inboxes", Endless())
        async with http.get(sandbox.url + "/v1/inboxes"):
            assert (await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))).status == 200

    async def test_can_drip(self, sandbox: Sandbox, clock: VirtualClock) -> None:
        sandbox.script("*", Endless(piece=b".", every=20, framing="none", reply=Reply(200, "a")))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox))
            for body in (b"a", b"a.", b"a.."):
                await until(lambda body=body: wire.data.endswith(b"\r\n\r\n" + body) and clock.next_wake == 20)
                clock.advance(20)


class TestBytesOfOnesOwn:
    async def test_may_leave_the_connection_open(self, sandbox: Sandbox) -> None:
        two = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1" * 2
        sandbox.script("*", Raw(two, end="stay"))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox))
            await until(lambda: wire.data == two)
            wire.send(request(sandbox, Connection="close"))
            assert await wire.end() == "fin"
            assert b"1HTTP/1.1 200 OK\r\nContent-Type" in wire.data
        assert sandbox.connections == 1

    async def test_can_be_late(self, sandbox: Sandbox, clock: VirtualClock) -> None:
        sandbox.script("*", Raw(b"x", delay=3))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox))
            await until(lambda: clock.next_wake == 3)
            clock.advance(3)
            assert (await wire.end(), wire.data) == ("fin", b"x")

    async def test_come_before_the_answer_as_an_interim_one(
        self, sandbox: Sandbox, http: aiohttp.ClientSession
    ) -> None:
        sandbox.script("*", Interim(103, headers={"Link": "</style.css>", "X-None": None}, times=2))
        async with wired(sandbox) as wire:
            wire.send(request(sandbox, Connection="close"))
            assert await wire.end() == "fin"
            assert wire.data.startswith(
                b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" * 2 + b"HTTP/1.1 200 "
            )
        sandbox.script("get_team", Interim(102, times=3))
        assert (await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))).status == 200


class TestTheServersClock:
    async def test_can_be_off_for_tokens_and_the_date(self, clock: VirtualClock, http: aiohttp.ClientSession) -> None:
        async with Sandbox(clock=clock, skew=-3600) as sandbox:
            token = bearer(independent_token(sandbox.secret, int(clock.wall())))
            answer = await fetch(http, sandbox.url + "/v1/team", headers=token)
            assert (answer.status, answer.json["error_code"]) == (401, "token_from_future")
            assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == clock.wall() - 3600
            assert sandbox.requests[0].token_age == -3600
            sandbox.skew = 3600
            answer = await fetch(http, sandbox.url + "/v1/team", headers=token)
            assert (answer.status, answer.json["error_code"]) == (401, "expired_token")
            sandbox.skew += -3595.5
            answer = await fetch(http, sandbox.url + "/v1/team", headers=token)
            assert (answer.status, sandbox.requests[-1].token_age) == (200, 4.5)

    async def test_can_be_hidden_or_unreadable_in_an_ordinary_refusal(
        self, sandbox: Sandbox, http: aiohttp.ClientSession
    ) -> None:
        sandbox.skew = 3600
        sandbox.script("get_team", Ordinary(headers={"Date": None}), Ordinary(headers={"date": "yesterday"}))
        token = bearer(independent_token(sandbox.secret, 1_800_000_000))
        for date in (None, "yesterday"):
            answer = await fetch(http, sandbox.url + "/v1/team", headers=token)
            assert (answer.status, answer.headers.get("Date")) == (401, date)
            assert answer.headers["WWW-Authenticate"]

    @pytest.mark.parametrize("skew", ["1", True, None, float("nan"), float("inf")])
    def test_is_off_by_a_number_of_seconds(self, skew: Any) -> None:
        with pytest.raises(ConfigurationError, match=r"Sandbox\(skew=\.\.\.\) must be seconds"):
            Sandbox(skew=skew)
        with pytest.raises(ConfigurationError, match=r"Sandbox\(skew=\.\.\.\) must be seconds"):
            Sandbox().skew = skew


async def test_an_operation_that_is_refused_is_not_performed_though_the_fault_says_so(sandbox: Sandbox) -> None:
    sandbox.script("send_message", Reset(effect=True), times=2)
    for number, headers in ((ANN, {"Authorization": "Bearer x"}), ("1", {})):
        async with wired(sandbox) as wire:
            wire.send(text_to(sandbox, number, **headers))
            assert await wire.end() == "reset"
    assert [received.performed for received in sandbox.requests] == [False, False]
    assert sandbox.teams[0].sent == []


async def test_a_request_that_its_client_breaks_off_was_not_read(sandbox: Sandbox) -> None:
    before = asyncio.all_tasks()
    async with wired(sandbox) as wire:
        wire.send(text_to(sandbox, ANN)[:-1])
        await until(lambda: sandbox.requests)
    await until(lambda: asyncio.all_tasks() == before)
    (received,) = sandbox.requests
    assert (received.operation, received.read, received.performed) == (None, False, False)
    assert sandbox.teams[0].sent == []


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Reset(effect=True, unread=True), r"Reset\(unread=...\) cannot be True with effect=True"),
        (lambda: Hang(effect=True, unread=True), r"Hang\(unread=...\) cannot be True with effect=True"),
        (lambda: Closed(effect=1), r"Closed\(effect=...\) must be True or False"),  # type: ignore[arg-type]
        (lambda: Closed(unread=None), r"Closed\(unread=...\) must be True or False"),  # type: ignore[arg-type]
        (lambda: Closed(delay=-1), r"Closed\(delay=...\) must be a number of seconds"),
        (lambda: Reply(effect="yes"), r"Reply\(effect=...\) must be True or False"),  # type: ignore[arg-type]
        (lambda: Ordinary(late=-1), r"Ordinary\(late=...\) must be a number of seconds"),
        (lambda: Ordinary(headers={"A": "\n"}), r"Ordinary\(headers=...\) has a name or a value"),
        (lambda: Truncated(reply=503), r"Truncated\(reply=...\) must be a Reply, or None"),  # type: ignore[arg-type]
        (lambda: Truncated(framing="gzip"), r"Truncated\(framing=...\) must be one of: 'length', 'chunked', 'none'"),  # type: ignore[arg-type]
        (lambda: Truncated(end="stay"), r"Truncated\(end=...\) must be one of: 'close', 'reset', 'hang'"),
        (lambda: Trickled(piece=0), r"Trickled\(piece=...\) must be an int, 1 or more"),
        (lambda: Trickled(every=float("nan")), r"Trickled\(every=...\) must be a number of seconds"),
        (lambda: Trickled(part="tail"), r"Trickled\(part=...\) must be one of: 'head', 'body'"),  # type: ignore[arg-type]
        (lambda: Endless(piece=b""), r"Endless\(piece=...\) must be bytes, at least one"),
        (lambda: Raw("x"), r"Raw\(data=...\) must be bytes, at least one"),  # type: ignore[arg-type]
        (lambda: Raw(b"x", end="wait"), r"Raw\(end=...\) must be one of: 'close', 'reset', 'hang', 'stay'"),  # type: ignore[arg-type]
        (lambda: Interim(200), r"Interim\(status=...\) must be an int from 100 to 199"),
        (lambda: Interim(then=Reset(unread=True)), r"Interim\(then=...\) must be an Answer that comes after"),
        (lambda: Interim(then=200), r"Interim\(then=...\) must be an Answer"),  # type: ignore[arg-type]
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(make: Any, rule: str) -> None:
    with pytest.raises(ConfigurationError, match=rule):
        make()


def test_no_repr_of_a_fault_shows_what_it_sends() -> None:
    reply = Reply(200, "private")
    shown = repr(
        [Raw(b"private"), Endless(piece=b"private", reply=reply), Truncated(reply=reply), Trickled(reply=reply)]
    )
    assert "private" not in shown
    assert "Raw(end='close', effect=False, delay=0.0)" in shown
