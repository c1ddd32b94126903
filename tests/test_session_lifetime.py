"""When a session opens, on which event loop, what it closes, and how it goes when it is forgotten."""

from __future__ import annotations

import asyncio
import gc
import linecache
import subprocess
import sys
import textwrap
import threading
import warnings

import aiohttp
import pytest

from heymarket_async import ApiSecret, AsyncSession, SessionClosed, WrongEventLoop
from heymarket_async.sandbox import Sandbox

SECRET = ApiSecret("11111111-2222-4333-8444-555555555555", "ExampleSecretKey0123456789ABCDEF")


@pytest.fixture
def sandbox_elsewhere():
    """A sandbox on an event loop of its own in another thread, so that a test may have loops of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sandbox = Sandbox()
    asyncio.run_coroutine_threadsafe(sandbox.start(), loop).result(10)
    yield sandbox
    asyncio.run_coroutine_threadsafe(sandbox.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


class TestOpening:
    def test_making_a_session_needs_no_event_loop(self):
        session = AsyncSession(SECRET)
        assert "not opened yet" in repr(session)
        assert not session.closed

    async def test_it_opens_on_first_use(self, heymarket_sandbox):
        session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url)
        assert not session._engine.pool.is_open
        await session.inboxes.list()
        assert "(open)" in repr(session)
        await session.close()
        assert "(closed)" in repr(session)

    async def test_it_opens_with_async_with_and_closes_after(self, heymarket_sandbox):
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
            assert session._engine.pool.is_open
            await session.inboxes.list()
        assert session.closed
        assert not session._engine.pool.is_open

    async def test_callers_who_open_it_together_share_one_pool(self, heymarket_sandbox):
        session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, pool_size=1)
        await asyncio.gather(*(session.inboxes.list() for _ in range(20)))
        assert heymarket_sandbox.connections == 1
        await session.close()

    async def test_after_close_every_use_says_so(self):
        session = AsyncSession(SECRET)
        await session.close()
        await session.close()
        with pytest.raises(SessionClosed, match="closed"):
            await session.inboxes.list()
        with pytest.raises(SessionClosed):
            await session.request("GET", "/v1/team")
        with pytest.raises(SessionClosed):
            async with session:
                pass

    async def test_an_error_inside_async_with_closes_it_and_comes_out(self, heymarket_sandbox):
        with pytest.raises(KeyError):
            async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as session:
                await session.inboxes.list()
                raise KeyError
        assert session.closed

    async def test_a_call_that_is_under_way_at_close_fails_clearly_and_nothing_is_left(self, heymarket_sandbox):
        from heymarket_async import HeymarketError
        from heymarket_async.sandbox import Hang

        heymarket_sandbox.script("*", Hang(), times=5)
        session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url)
        calls = [asyncio.create_task(session.inboxes.list()) for _ in range(5)]
        while len(heymarket_sandbox.requests) < 5:
            await asyncio.sleep(0.001)
        await session.close()
        async with asyncio.timeout(2):
            results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, HeymarketError) for result in results), results
        assert session.budget.in_flight == 0


@pytest.mark.not_on_uvloop("uvloop itself complains of connections that are open when a loop ends")
class TestEventLoops:
    def test_a_second_loop_gets_fresh_connections_once_the_first_is_closed(self, sandbox_elsewhere):
        session = AsyncSession(sandbox_elsewhere.secret, base_url=sandbox_elsewhere.url)
        first = asyncio.run(_list(session))
        second = asyncio.run(_list(session))
        assert first == second
        assert sandbox_elsewhere.connections == 2
        assert session._engine.account.mint.minted == 1
        asyncio.run(session.close())
        gc.collect()

    def test_a_second_loop_is_refused_while_the_first_lives(self, sandbox_elsewhere):
        session = AsyncSession(sandbox_elsewhere.secret, base_url=sandbox_elsewhere.url)
        first = asyncio.new_event_loop()
        try:
            first.run_until_complete(_list(session))
            with pytest.raises(WrongEventLoop, match="one AsyncSession for each event loop"):
                asyncio.run(_list(session))
            assert first.run_until_complete(_list(session))
        finally:
            first.run_until_complete(session.close())
            first.close()

    def test_it_can_be_closed_from_another_loop_without_noise(self, sandbox_elsewhere):
        session = AsyncSession(sandbox_elsewhere.secret, base_url=sandbox_elsewhere.url)
        asyncio.run(_list(session))
        asyncio.run(session.close())
        gc.collect()
        assert session.closed

    def test_waiters_of_a_loop_that_ended_do_not_block_the_next(self, sandbox_elsewhere):
        session = AsyncSession(sandbox_elsewhere.secret, base_url=sandbox_elsewhere.url, pool_size=1)

        async def cut_short() -> None:
            tasks = [asyncio.create_task(session.inboxes.list()) for _ in range(10)]
            await asyncio.sleep(0)
            assert len(tasks) == 10  # asyncio.run cancels them

        asyncio.run(cut_short())
        assert asyncio.run(_list(session))
        assert session.budget.in_flight == 0
        asyncio.run(session.close())


class TestBorrowing:
    async def test_a_borrowed_client_session_is_used_and_left_open(self, heymarket_sandbox):
        async with aiohttp.ClientSession() as http:
            async with AsyncSession(
                heymarket_sandbox.secret, base_url=heymarket_sandbox.url, client_session=http
            ) as session:
                assert await session.inboxes.list()
            assert not http.closed
            async with http.get(heymarket_sandbox.url + "/v1/team") as response:
                assert response.status == 401
        assert heymarket_sandbox.connections == 1

    async def test_the_middlewares_of_a_borrowed_session_see_each_request(self, heymarket_sandbox):
        seen = []

        async def note(request, send):
            seen.append(request.url.path)
            return await send(request)

        async with aiohttp.ClientSession(middlewares=[note]) as http:
            await AsyncSession(
                heymarket_sandbox.secret, base_url=heymarket_sandbox.url, client_session=http
            ).inboxes.list()
        assert seen == ["/v1/inboxes"]

    async def test_a_borrowed_connector_is_used_and_left_open(self, heymarket_sandbox):
        async with aiohttp.TCPConnector(limit=2) as connector:
            for _ in range(2):
                async with AsyncSession(
                    heymarket_sandbox.secret, base_url=heymarket_sandbox.url, connector=connector
                ) as session:
                    await asyncio.gather(*(session.inboxes.list() for _ in range(10)))
            assert not connector.closed
        assert heymarket_sandbox.connections == 2

    async def test_faults_of_a_borrowed_session_are_told_apart_when_in_doubt_as_unknown(
        self, heymarket_sandbox, unused_tcp_port
    ):
        from heymarket_async import NeverSent, Retries, SendUnknown
        from heymarket_async.sandbox import Reset

        async with aiohttp.ClientSession() as http:
            session = AsyncSession(
                heymarket_sandbox.secret,
                base_url=heymarket_sandbox.url,
                client_session=http,
                retries=Retries(attempts=1),
            )
            heymarket_sandbox.script("*", Reset())
            with pytest.raises(SendUnknown):
                await session.request("POST", "/v1/message/send")
            with pytest.raises(NeverSent):
                await session.with_options(base_url=f"http://127.0.0.1:{unused_tcp_port}").request("POST", "/x")

    async def test_a_send_that_went_out_is_not_cleared_by_a_middleware_of_the_owner_that_sends_it_again(self):
        from heymarket_async import SendUnknown
        from heymarket_async.sandbox import Closed

        async def insist(request, send):
            try:
                return await send(request)
            except aiohttp.ServerDisconnectedError:
                await sandbox.close()  # Nobody is there the second time.
                return await send(request)

        async with Sandbox() as sandbox, aiohttp.ClientSession(middlewares=[insist]) as http:
            sandbox.script("send_message", Closed(effect=True))
            team = sandbox.teams[0]
            with pytest.raises(SendUnknown) as caught:
                await AsyncSession(sandbox.secret, base_url=sandbox.url, client_session=http).messages.send(
                    inbox_id=team.inboxes[0]["id"],
                    creator_id=team.members[0]["id"],
                    phone_number="+15105550142",
                    text="Shipped.",
                )
            assert caught.value.attempts == 1
            assert len(team.sent) == 1

    async def test_a_borrowed_session_that_raises_for_status_changes_nothing(self, heymarket_sandbox):
        from heymarket_async import NotFound

        async with aiohttp.ClientSession(raise_for_status=True) as http:
            session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, client_session=http)
            with pytest.raises(NotFound):
                await session.request("GET", "/nothing")

    async def test_what_was_borrowed_and_closed_by_its_owner_is_told(self):
        http = aiohttp.ClientSession()
        session = AsyncSession(SECRET, client_session=http)
        async with session:
            await http.close()
            with pytest.raises(SessionClosed, match="borrows is closed"):
                await session.inboxes.list()
        connector = aiohttp.TCPConnector()
        await connector.close()
        with pytest.raises(SessionClosed, match="borrows is closed"):
            await AsyncSession(SECRET, connector=connector).inboxes.list()

    def test_what_was_borrowed_from_another_loop_is_told(self):
        async def make() -> tuple[aiohttp.ClientSession, aiohttp.TCPConnector]:
            return aiohttp.ClientSession(), aiohttp.TCPConnector()

        loop = asyncio.new_event_loop()
        http, connector = loop.run_until_complete(make())
        with pytest.raises(WrongEventLoop, match="belongs to another"):
            asyncio.run(_list(AsyncSession(SECRET, client_session=http)))
        with pytest.raises(WrongEventLoop, match="belongs to another"):
            asyncio.run(_list(AsyncSession(SECRET, connector=connector)))
        loop.run_until_complete(http.close())
        loop.run_until_complete(connector.close())
        loop.close()


class TestForgetting:
    async def test_one_warning_names_the_line_that_opened_it(self, heymarket_sandbox):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url)
            await session.inboxes.list()  # the line
            del session
            gc.collect()
            await asyncio.sleep(0.01)
            gc.collect()
        (warning,) = caught
        assert warning.category is ResourceWarning
        assert warning.filename == __file__
        assert "# the line" in linecache.getline(__file__, warning.lineno)
        assert f"{__file__}:{warning.lineno}" in str(warning.message)

    async def test_where_no_line_of_a_caller_shows_it_is_the_line_that_made_the_session(self, heymarket_sandbox):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url)  # made here
            await asyncio.gather(session.inboxes.list(), session.team.get())
            del session
            gc.collect()
        (warning,) = caught
        assert "# made here" in linecache.getline(__file__, warning.lineno)

    async def test_what_only_borrows_may_be_forgotten(self, heymarket_sandbox):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            async with aiohttp.TCPConnector() as connector:
                session = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, connector=connector)
                await session.inboxes.list()
                del session
                gc.collect()
                again = AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url, connector=connector)
                assert await again.inboxes.list()
                await again.close()
        assert caught == []

    @pytest.mark.not_on_uvloop("uvloop itself complains of connections that are open when a loop ends")
    def test_forgotten_after_its_loop_has_ended_gives_the_one_warning_too(self, sandbox_elsewhere):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            session = AsyncSession(sandbox_elsewhere.secret, base_url=sandbox_elsewhere.url)
            asyncio.run(_list(session))
            del session
            gc.collect()
        assert [warning.category for warning in caught] == [ResourceWarning]
        assert "never closed" in str(caught[0].message)

    def test_a_session_that_was_never_used_may_be_forgotten(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            AsyncSession(SECRET)
            gc.collect()
        assert caught == []

    @pytest.mark.parametrize("options", [[], ["-X", "dev"]])
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_at_the_end_of_a_program_there_is_no_noise(self, tmp_path, options, scheme):
        script = tmp_path / "program.py"
        script.write_text(textwrap.dedent(_PROGRAM[scheme]))
        done = subprocess.run(
            [sys.executable, *options, str(script)], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "2 inboxes" if scheme == "http" else "0 inboxes"
        warned = [line for line in done.stderr.splitlines() if "Warning" in line or "Error" in line]
        if options:
            assert len(warned) == 1, done.stderr
            assert "program.py" in warned[0]
            assert "never closed" in warned[0]
        else:
            assert done.stderr == ""


_PROGRAM = {
    "http": """
        import asyncio
        from heymarket_async import AsyncSession
        from heymarket_async.sandbox import Sandbox

        session = None

        async def main():
            global session
            async with Sandbox() as sandbox:
                sandbox.teams[0].inboxes = [{"id": 1}, {"id": 2}]
                session = AsyncSession(sandbox.secret, base_url=sandbox.url)
                print(len(await session.inboxes.list()), "inboxes")

        asyncio.run(main())
    """,
    "https": """
        import asyncio, ssl, threading
        import trustme
        from aiohttp import web
        from heymarket_async import ApiSecret, AsyncSession

        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        session = None

        async def nothing(request):
            return web.json_response([])

        async def main():
            global session
            app = web.Application()
            app.router.add_get("/v1/inboxes", nothing)
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
            url = f"https://127.0.0.1:{runner.addresses[0][1]}"
            session = AsyncSession(ApiSecret("id", "k" * 32), base_url=url, tls=trusting)
            print(len(await session.inboxes.list()), "inboxes")
            await runner.cleanup()
            await asyncio.sleep(0.1)

        asyncio.run(main())
    """,
}


async def _list(session: AsyncSession):
    return await session.inboxes.list()
