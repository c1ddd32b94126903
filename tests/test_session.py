"""The main job: a session, its calls, its options and its copies, over real connections to the sandbox."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import ssl
import weakref

import aiohttp
import attrs
import pytest
import trustme
from aiohttp import web

from heymarket_async import (
    ApiKey,
    ApiSecret,
    ArgumentError,
    AsyncSession,
    AuthenticationError,
    ConfigurationError,
    ConnectionLost,
    Effect,
    Inbox,
    MissingCredentials,
    NeverSent,
    NotFound,
    RateBudgetExceeded,
    RateLimited,
    ReplyError,
    Retries,
    SendUnknown,
    ServerError,
    SessionClosed,
    TimedOut,
    Timeouts,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.resources.inboxes import LIST_INBOXES
from heymarket_async.sandbox import Hang, Reply, Reset, Sandbox, Truncated

SECRET = ApiSecret("11111111-2222-4333-8444-555555555555", "ExampleSecretKey0123456789ABCDEF")
AT_ONCE = Retries(attempts=3, base=0.0)


@pytest.fixture
async def heymarket(heymarket_sandbox):
    async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, retries=AT_ONCE) as session:
        yield session


class TestTheMainJob:
    async def test_the_inboxes_of_the_vendor_page_arrive_with_every_value(self, heymarket_sandbox, heymarket, example):
        documented = example("list_inboxes.response.documented")
        heymarket_sandbox.teams[0].inboxes = documented
        (inbox,) = await heymarket.inboxes.list()
        (wire,) = documented
        for key, value in wire.items():
            arrived = getattr(inbox, key)
            if key == "widget_settings":
                for name, setting in value.items():
                    assert getattr(arrived, name) == setting, name
            else:
                assert arrived == (tuple(value) if isinstance(value, list) else value), key
        assert dict(inbox.extra) == {}

    async def test_the_older_wrapper_is_read_as_well(self, heymarket_sandbox, heymarket, example):
        heymarket_sandbox.teams[0].inboxes = example("list_inboxes.response.older-guide-wrapper")
        assert [(i.id, i.name, i.phones) for i in await heymarket.inboxes.list()] == [
            (42, "Support", ("+15105550100",)),
            (87, "Sales", ("+15105550120",)),
        ]

    async def test_the_seeded_inboxes_keep_what_no_page_names(self, heymarket_sandbox, heymarket):
        inboxes = await heymarket.inboxes.list()
        wire = heymarket_sandbox.teams[0].inboxes
        assert [inbox.id for inbox in inboxes] == [record["id"] for record in wire]
        known = {field.name for field in attrs.fields(Inbox)} - {"extra"}
        for inbox, record in zip(inboxes, wire, strict=True):
            assert dict(inbox.extra) == {key: value for key, value in record.items() if key not in known}
        assert any(inbox.extra for inbox in inboxes)

    async def test_the_team_has_its_members(self, heymarket_sandbox, heymarket):
        team = await heymarket.team.get()
        assert team.id == heymarket_sandbox.teams[0].id
        assert [member.id for member in team.members] == [m["id"] for m in heymarket_sandbox.teams[0].members]

    async def test_one_token_and_one_connection_serve_call_after_call(self, heymarket_sandbox, heymarket):
        for _ in range(5):
            await heymarket.inboxes.list()
        assert heymarket_sandbox.connections == 1
        assert heymarket._engine.account.mint.minted == 1

    async def test_a_legacy_api_key_works_too(self, heymarket_sandbox):
        key = heymarket_sandbox.teams[0].api_key
        assert isinstance(key, ApiKey)
        async with AsyncSession(key, base_url=heymarket_sandbox.url) as session:
            assert await session.inboxes.list()

    async def test_the_environment_is_enough(self, heymarket_sandbox):
        environ = {
            "HEYMARKET_API_SECRET_ID": heymarket_sandbox.secret.id,
            "HEYMARKET_API_SECRET_KEY": heymarket_sandbox.secret.key,
            "HEYMARKET_BASE_URL": heymarket_sandbox.url + "/",
        }
        async with AsyncSession.from_env(environ) as session:
            assert await session.inboxes.list()

    async def test_what_is_passed_comes_before_the_environment(self):
        environ = {"HEYMARKET_API_KEY": "k", "HEYMARKET_BASE_URL": "https://one.example"}
        assert "https://two.example" in repr(AsyncSession.from_env(environ, base_url="https://two.example"))
        with pytest.raises(MissingCredentials):
            AsyncSession.from_env({})


class TestErrors:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 422, 429, 500, 502, 503, 599, 302, 303])
    async def test_every_status_becomes_its_error_with_the_facts(self, heymarket_sandbox, heymarket, status):
        from heymarket_async.wire import class_for

        heymarket_sandbox.script("list_inboxes", Reply(status, "<html>15105550142</html>"), times=3)
        with pytest.raises(class_for(status)) as caught:
            await heymarket.inboxes.list()
        error = caught.value
        last = heymarket_sandbox.requests[-1]
        assert (error.status, error.text, error.request_id) == (status, "<html>15105550142</html>", last.request_id)
        assert error.attempts == len(heymarket_sandbox.requests)
        assert error.attempts == (3 if status == 429 or status >= 500 else 2 if status == 401 else 1)
        assert error.operation == "list_inboxes"
        assert last.request_id in str(error)
        assert "1510" not in str(error) + repr(error)
        assert error.advice in str(error)

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            ("<html>Bad gateway</html>", "text/html"),
            ("", "application/json"),
            ('"ok"', "application/json"),
            ("{}", "x/y"),
        ],
    )
    async def test_a_success_that_cannot_be_read_is_an_error(self, heymarket_sandbox, heymarket, body, content_type):
        heymarket_sandbox.script("list_inboxes", Reply(200, body, content_type=content_type))
        with pytest.raises(ReplyError) as caught:
            await heymarket.inboxes.list()
        assert (caught.value.status, caught.value.text, caught.value.attempts) == (200, body, 1)
        assert caught.value.request_id == heymarket_sandbox.requests[0].request_id

    async def test_an_unreadable_id_names_its_place(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.teams[0].inboxes = [{"id": 1}, {"id": None, "name": "Sales"}]
        with pytest.raises(ReplyError) as caught:
            await heymarket.inboxes.list()
        assert caught.value.where == "$[1].id"
        assert "$[1].id" in str(caught.value)
        assert "Sales" not in str(caught.value)

    async def test_one_odd_field_hides_nothing_and_is_counted(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.teams[0].inboxes = [{"id": 1, "invited": True, "members": None, "name": "Sales"}]
        (inbox,) = await heymarket.inboxes.list()
        assert (inbox.name, inbox.members, inbox.invited, dict(inbox.extra)) == ("Sales", (), (), {"invited": True})
        assert list(heymarket.drift.misfits) == [("Inbox", "invited", "array", "boolean")]

    async def test_a_strict_session_raises_there(self, heymarket_sandbox):
        heymarket_sandbox.teams[0].inboxes = [{"id": 1, "invited": True}]
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, strict=True) as session:
            with pytest.raises(ReplyError, match=r"\$\[0\]\.invited"):
                await session.inboxes.list()

    async def test_wrong_credentials_are_told_after_one_renewal(self, heymarket_sandbox):
        wrong = ApiSecret(heymarket_sandbox.secret.id, "not-the-key-" * 4)
        async with AsyncSession(wrong, base_url=heymarket_sandbox.url) as session:
            with pytest.raises(AuthenticationError, match="wrong_signature") as caught:
                await session.inboxes.list()
        assert caught.value.attempts == 2
        assert wrong.key not in str(caught.value)

    async def test_a_refused_api_key_is_not_sent_again(self, heymarket_sandbox):
        async with AsyncSession(ApiKey("nobody"), base_url=heymarket_sandbox.url) as session:
            with pytest.raises(AuthenticationError) as caught:
                await session.inboxes.list()
        assert caught.value.attempts == len(heymarket_sandbox.requests) == 1

    async def test_a_token_refused_once_is_replaced_and_the_call_succeeds(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Reply(401, "{}"))
        assert await heymarket.inboxes.list()
        assert [r.status for r in heymarket_sandbox.requests] == [401, 200]

    async def test_a_send_refused_by_401_goes_once_more_and_no_further(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Reply(401, "{}"), Reply(500, "{}"))
        with pytest.raises(ServerError):
            await heymarket.request("POST", "/v1/message/send", json={})
        assert len(heymarket_sandbox.requests) == 2


class TestFaultsOnTheWire:
    @pytest.mark.parametrize("fault", [Reset(), Truncated(sent=3), Truncated(sent=0), Reset(effect=True)])
    async def test_a_read_survives_a_broken_connection(self, heymarket_sandbox, heymarket, fault):
        heymarket_sandbox.script("list_inboxes", fault, fault)
        assert await heymarket.inboxes.list()
        assert len(heymarket_sandbox.requests) == 3

    @pytest.mark.parametrize("fault", [Reset(), Truncated(sent=0), Reset(effect=True)])
    async def test_a_read_that_never_comes_through_is_connection_lost(self, heymarket_sandbox, heymarket, fault):
        heymarket_sandbox.script("list_inboxes", fault, times=3)
        with pytest.raises(ConnectionLost) as caught:
            await heymarket.inboxes.list()
        assert caught.value.attempts == len(heymarket_sandbox.requests) == 3

    @pytest.mark.parametrize("fault", [Reset(), Reset(effect=True), Truncated(sent=2, reply=Reply(200, '{"id": 1}'))])
    async def test_a_send_whose_answer_is_lost_is_unknown_and_made_once(self, heymarket_sandbox, heymarket, fault):
        heymarket_sandbox.script("*", fault)
        with pytest.raises(SendUnknown):
            await heymarket.request("POST", "/v1/message/send", json={"text": "hello"})
        assert len(heymarket_sandbox.requests) == 1

    async def test_an_unknown_send_says_by_what_it_can_be_found(self, heymarket_sandbox, heymarket):
        team = heymarket_sandbox.teams[0]
        inbox = next(inbox for inbox in await heymarket.inboxes.list() if inbox.members)
        heymarket_sandbox.script("send_message", Reset(effect=True))
        with pytest.raises(SendUnknown) as caught:
            await heymarket.messages.send(
                inbox_id=inbox.id, creator_id=inbox.members[0], phone_number="+1 510 555 0142", text="Hello"
            )
        assert [sent.local_id for sent in team.sent] == [caught.value.local_id]
        found = [message async for message in heymarket.messages.list(limit=5)]
        assert found[0].local_id == caught.value.local_id

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
    async def test_a_send_on_a_kept_connection_that_is_dead_is_not_repeated_in_silence(
        self, heymarket_sandbox, heymarket, method
    ):
        await heymarket.inboxes.list()
        heymarket_sandbox.script("*", Reset())
        with pytest.raises(SendUnknown):
            await heymarket.request(method, "/v1/contact/1")
        assert len(heymarket_sandbox.requests) == 2

    async def test_a_read_that_hangs_times_out(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Hang(), times=3)
        with pytest.raises(TimedOut) as caught:
            await heymarket.with_options(timeout=0.2).inboxes.list()
        assert isinstance(caught.value, TimeoutError)

    async def test_silence_ends_an_attempt_before_the_whole_call(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Hang())
        async with asyncio.timeout(5):  # far less than a new connection may take
            assert await heymarket.with_options(timeout=Timeouts(read=0.1)).inboxes.list()
        assert len(heymarket_sandbox.requests) == 2

    async def test_a_task_that_made_a_call_is_gone_when_it_is_done(self, heymarket):
        task = asyncio.create_task(heymarket.inboxes.list())
        await task
        kept = weakref.ref(task)
        gc.disable()
        try:
            del task
            await asyncio.sleep(0)
            assert kept() is None, "a cycle keeps it, and whatever its context holds, until the garbage is collected"
        finally:
            gc.enable()

    async def test_a_send_that_hangs_is_unknown(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Hang(effect=True))
        with pytest.raises(SendUnknown):
            await heymarket.with_options(timeout=0.2).request("POST", "/v1/message/send", json={})

    @pytest.mark.parametrize("effect", list(Effect))
    async def test_what_meets_no_server_was_never_sent(self, heymarket, unused_tcp_port, effect):
        nowhere = heymarket.with_options(base_url=f"http://127.0.0.1:{unused_tcp_port}")
        with pytest.raises(NeverSent) as caught:
            await nowhere.request("POST", "/v1/message/send", json={}, effect=effect)
        assert caught.value.attempts == 3

    async def test_a_name_that_does_not_resolve_was_never_sent(self, heymarket):
        with pytest.raises(NeverSent, match="DNS"):
            await heymarket.with_options(base_url="http://no-such-host.invalid").inboxes.list()

    async def test_a_certificate_that_nobody_vouches_for_was_never_sent(self, heymarket):
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        async with _served(_empty_list, ssl_context=context) as url:
            with pytest.raises(NeverSent, match="ertificate"):
                await heymarket.with_options(base_url=url, retries=Retries(attempts=1)).inboxes.list()
            trusting = ssl.create_default_context()
            authority.configure_trust(trusting)
            async with AsyncSession(SECRET, base_url=url, tls=trusting) as session:
                assert await session.inboxes.list() == ()

    async def test_a_body_without_end_is_cut_off(self):
        written = 0

        async def endless(request: web.Request) -> web.StreamResponse:
            nonlocal written
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(request)
            while written < 50_000_000:
                await response.write(b"[" * 10_000)
                written += 10_000
            return response

        async with _served(endless) as url:
            async with AsyncSession(SECRET, base_url=url, largest_reply=100_000) as session:
                with pytest.raises(ReplyError, match="larger than"):
                    await session.inboxes.list()
        assert written < 50_000_000

    async def test_a_body_that_says_it_is_too_large_is_not_read(self):
        async def large(_: web.Request) -> web.Response:
            return web.Response(body=b"[" + b" " * 200 + b"]", content_type="application/json")

        async with _served(large) as url:
            async with AsyncSession(SECRET, base_url=url, largest_reply=100) as session:
                with pytest.raises(ReplyError, match="larger than"):
                    await session.inboxes.list()

    async def test_a_small_body_that_unpacks_to_a_large_one_is_cut_off(self):
        async def bomb(_: web.Request) -> web.Response:
            response = web.Response(body=b"[" + b" " * 1_000_000 + b"]", content_type="application/json")
            response.enable_compression(web.ContentCoding.gzip)
            return response

        async with _served(bomb) as url:
            async with AsyncSession(SECRET, base_url=url, largest_reply=100_000) as session:
                with pytest.raises(ReplyError, match="larger than"):
                    await session.inboxes.list()

    async def test_gzip_that_is_none_is_a_broken_answer(self, heymarket):
        async def garbage(_: web.Request) -> web.Response:
            return web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"})

        async with _served(garbage) as url:
            with pytest.raises(ConnectionLost):
                await heymarket.with_options(base_url=url).inboxes.list()

    async def test_a_redirect_is_not_followed(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Reply(302, headers={"Location": "/v1/team"}))
        with pytest.raises(Exception, match="302"):
            await heymarket.inboxes.list()
        assert len(heymarket_sandbox.requests) == 1


class TestOneCallOnly:
    async def test_a_call_may_have_a_deadline_of_its_own(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Hang())
        with pytest.raises(TimedOut) as caught:
            await heymarket.run(LIST_INBOXES.call(), within=0.1)
        assert 0.1 <= caught.value.elapsed < 2
        assert await heymarket.run(LIST_INBOXES.call(), within=5)

    async def test_and_patience_of_its_own(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Reply(503))
        with pytest.raises(ServerError) as caught:
            await heymarket.run(LIST_INBOXES.call(), retries=Retries(attempts=1))
        assert caught.value.attempts == 1

    @pytest.mark.parametrize("options", [{"within": 0}, {"within": "5"}, {"retries": 3}])
    async def test_what_makes_no_sense_is_refused_before_a_request(self, heymarket_sandbox, heymarket, options):
        with pytest.raises(ConfigurationError):
            await heymarket.run(LIST_INBOXES.call(), **options)
        assert not heymarket_sandbox.requests


class TestTheRateLimit:
    async def test_calls_stop_before_the_service_would_refuse(self):
        clock = VirtualClock()
        async with Sandbox(clock=clock, rate_limit=5) as sandbox:
            async with AsyncSession(
                sandbox.secret, base_url=sandbox.url, clock=clock, rate_limit=5, timeout=30
            ) as session:
                for _ in range(5):
                    await session.inboxes.list()
                assert session.budget.left == 0
                with pytest.raises(RateBudgetExceeded) as caught:
                    await session.inboxes.list()
                assert (caught.value.attempts, round(caught.value.wait)) == (0, 60)
                assert len(sandbox.requests) == 5
                clock.advance(61)
                assert await session.inboxes.list()
                assert {r.status for r in sandbox.requests} == {200}

    async def test_a_429_is_tried_again_and_pauses_the_account(self):
        clock = VirtualClock()
        async with Sandbox(clock=clock) as sandbox:
            session = AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, timeout=600)
            sandbox.script("*", Reply(429, "{}", headers={"Retry-After": "3600"}))
            with pytest.raises(RateLimited) as caught:
                await session.inboxes.list()
            assert caught.value.retry_after == 3600
            assert session.budget.paused_for == 3600
            with pytest.raises(RateBudgetExceeded):
                await session.inboxes.list()
            assert len(sandbox.requests) == 1
            other = session.as_account(sandbox.teams[1].secret)
            assert other.budget.paused_for == 0
            assert await other.inboxes.list()
            await session.close()

    async def test_even_a_send_may_go_again_after_a_429(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Reply(429, "{}"), Reply(200, '{"id": 7}'))
        assert await heymarket.request("POST", "/v1/message/send", json={}) == {"id": 7}
        assert len(heymarket_sandbox.requests) == 2


class TestAnyRequest:
    async def test_any_path_can_be_asked(self, heymarket_sandbox, heymarket):
        assert (await heymarket.request("get", "/v1/team"))["id"] == heymarket_sandbox.teams[0].id
        inboxes = await heymarket.request("GET", "/v1/inboxes", reply=tuple[Inbox, ...])
        assert inboxes == await heymarket.inboxes.list()

    async def test_query_and_body_arrive_as_given(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Reply(200, ""))
        body = {"text": "Grüße 👋", "none": None}
        assert await heymarket.request("POST", "/v1/x%20y", params={"phoneNumber": "1 2&3", "n": 1}, json=body) is None
        (received,) = heymarket_sandbox.requests
        assert (received.method, received.path) == ("POST", "/v1/x y")
        assert dict(received.query) == {"phoneNumber": "1 2&3", "n": "1"}
        assert json.loads(received.body) == body

    async def test_null_is_a_body_and_nothing_is_none(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("*", Reply(200, "1"), Reply(200, "1"))
        await heymarket.request("POST", "/x", json=None)
        await heymarket.request("POST", "/x")
        assert [received.body for received in heymarket_sandbox.requests] == [b"null", b""]

    async def test_an_unknown_path_is_not_found(self, heymarket):
        with pytest.raises(NotFound, match=r"request \(GET /v9/nothing\)"):
            await heymarket.request("GET", "/v9/nothing")

    async def test_a_large_body_goes_out_without_a_warning(self, heymarket):
        async def measure(request: web.Request) -> web.Response:
            return web.json_response(len(await request.read()))

        async with _served(measure) as url:
            size = await heymarket.with_options(base_url=url).request("POST", "/x", json=["x" * 1000] * 1100)
        assert size == 1100 * 1003 + 1

    @pytest.mark.parametrize("path", ["v1/inboxes", "", "//evil.example/x", "/a?b=c", "/a#b", "/ä", "/a b", "/a\n", 7])
    async def test_a_path_that_cannot_be_is_refused(self, heymarket_sandbox, heymarket, path):
        with pytest.raises(ArgumentError) as caught:
            await heymarket.request("GET", path)
        assert caught.value.argument == "path"
        assert heymarket_sandbox.requests == []

    @pytest.mark.parametrize("method", ["", "G T", "GET\r\n", 7, "GÉT"])
    async def test_a_method_that_cannot_be_is_refused(self, heymarket_sandbox, heymarket, method):
        with pytest.raises(ArgumentError) as caught:
            await heymarket.request(method, "/v1/team")
        assert caught.value.argument == "method"
        assert heymarket_sandbox.requests == []

    async def test_a_body_that_json_cannot_hold_is_refused(self, heymarket_sandbox, heymarket):
        with pytest.raises(ArgumentError) as caught:
            await heymarket.request("POST", "/v1/x", json={"at": object()})
        assert caught.value.argument == "body"
        assert heymarket_sandbox.requests == []


class TestCopies:
    async def test_a_copy_with_options_shares_connections_token_and_budget(self, heymarket_sandbox, heymarket):
        copy = heymarket.with_options(timeout=5, retries=Retries(attempts=1), user_agent="shop/2")
        await heymarket.inboxes.list()
        await copy.inboxes.list()
        assert heymarket_sandbox.connections == 1
        assert heymarket._engine.account.mint.minted == 1
        assert copy.budget == heymarket.budget
        assert copy.budget.left == 498
        agents = [received.headers["user-agent"] for received in heymarket_sandbox.requests]
        assert agents[1] == f"{agents[0]} shop/2"
        assert agents[0].startswith("heymarket-async/")

    async def test_another_account_shares_the_connections_only(self, heymarket_sandbox, heymarket):
        other = heymarket.as_account(heymarket_sandbox.teams[1].secret)
        first, second = await heymarket.team.get(), await other.team.get()
        assert (first.id, second.id) == (heymarket_sandbox.teams[0].id, heymarket_sandbox.teams[1].id)
        assert heymarket_sandbox.connections == 1
        assert (heymarket.budget.left, other.budget.left) == (499, 499)

    async def test_closing_a_copy_leaves_the_original_open(self, heymarket):
        copy = heymarket.with_options(timeout=5)
        await copy.close()
        assert await heymarket.inboxes.list()
        with pytest.raises(SessionClosed):
            await copy.inboxes.list()

    async def test_closing_the_original_closes_its_copies(self, heymarket):
        copy = heymarket.with_options(timeout=5).as_account(SECRET)
        await heymarket.close()
        assert copy.closed
        with pytest.raises(SessionClosed):
            await copy.inboxes.list()
        with pytest.raises(SessionClosed):
            heymarket.with_options(timeout=5)

    async def test_a_copy_whose_original_is_gone_closes_the_connections(self, heymarket_sandbox):
        copy = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url).with_options(timeout=5)
        async with copy:
            assert await copy.inboxes.list()
        assert not copy._engine.pool.is_open


class TestBadInput:
    @pytest.mark.parametrize("value", [None, "id||key", ("id", "key"), {"id": 1}])
    def test_credentials_must_be_credentials(self, value):
        with pytest.raises(ConfigurationError, match="credentials"):
            AsyncSession(value)
        with pytest.raises(ConfigurationError, match="credentials"):
            AsyncSession(SECRET).as_account(value)

    @pytest.mark.parametrize(
        "url",
        ["api.heymarket.com", "", "ftp://x", "https://", "https://u:p@x", "https://x/?a=b", "https://x:99999", 7, None],
    )
    def test_a_base_url_must_be_one(self, url):
        with pytest.raises(ConfigurationError, match="base_url"):
            AsyncSession(SECRET, base_url=url)

    @pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, "5", True, None])
    def test_a_timeout_must_be_positive(self, seconds):
        with pytest.raises(ConfigurationError, match="timeout"):
            AsyncSession(SECRET, timeout=seconds)
        with pytest.raises(ConfigurationError, match=r"Timeouts\(read"):
            Timeouts(read=seconds)

    @pytest.mark.parametrize("size", [0, -1, 1.5, "20", True])
    def test_counts_must_be_counts(self, size):
        with pytest.raises(ConfigurationError, match="pool_size"):
            AsyncSession(SECRET, pool_size=size)
        with pytest.raises(ConfigurationError, match="rate_limit"):
            AsyncSession(SECRET, rate_limit=size)

    @pytest.mark.parametrize("agent", ["", "  ", "a\r\nX: y", "ünicode", 7])
    def test_a_user_agent_must_fit_a_header(self, agent):
        with pytest.raises(ConfigurationError, match="user_agent"):
            AsyncSession(SECRET, user_agent=agent)

    @pytest.mark.parametrize("retries", [None, 3, False])
    def test_retries_must_be_retries(self, retries):
        with pytest.raises(ConfigurationError, match="retries"):
            AsyncSession(SECRET, retries=retries)

    async def test_a_session_borrows_one_thing_at_most(self):
        async with aiohttp.ClientSession() as http:
            with pytest.raises(ConfigurationError, match="exclude"):
                AsyncSession(SECRET, client_session=http, connector=http.connector)


async def _empty_list(_: web.Request) -> web.Response:
    return web.json_response([])


class _served:
    """Serve every path with one handler."""

    def __init__(self, handler, *, ssl_context=None):
        self._handler = handler
        self._ssl_context = ssl_context

    async def __aenter__(self) -> str:
        app = web.Application(client_max_size=10 * 2**20)
        app.router.add_route("*", "/{tail:.*}", self._handler)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._ssl_context).start()
        scheme = "https" if self._ssl_context else "http"
        return f"{scheme}://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
