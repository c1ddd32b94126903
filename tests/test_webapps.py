"""The web apps of examples/ run as programs of their own: real servers, which are told to end, and are killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
from collections import Counter

import pytest

from heymarket_async.sandbox import Ordinary, Reply, Reset, Sandbox, Variants
from running_examples import HOOK, HOOK_PORTS, TOKEN, free_ports, running

pytestmark = pytest.mark.slow
APPS = [*HOOK_PORTS]
KIM = "15105550121"


@pytest.fixture
async def sandbox():
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(params=APPS)
async def app(request, sandbox, tmp_path):
    """Each app, with the sandbox of the test in place of the service."""
    beside = HOOK_PORTS[request.param]
    async with running(request.param, sandbox, tmp_path) as example:
        sandbox.webhooks.add(example.url(HOOK, beside), token=TOKEN)
        await example.up(*{0, beside})
        example.beside = beside
        yield example


def text_to(phone=KIM, local_id="reminder-1", **more):
    sender = {"inbox_id": 40001, "creator_id": 5001}
    return {"local_id": local_id, **sender, "phone_number": f"+{phone}", "text": "See you at nine.", **more}


async def until(condition, seconds=60):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_text_goes_out_once_though_it_is_asked_for_twice(app, sandbox):
    first, second = [await app.post("/texts", text_to()) for _ in range(2)]
    assert first == second == (200, {"id": sandbox.teams[0].sent[0].message_id})
    assert [sent.text for sent in sandbox.teams[0].sent_to(KIM)] == ["See you at nine."]


async def test_where_the_service_knows_no_repeat_who_asks_again_says_so(app, sandbox):
    sandbox.variants = Variants(repeat="none")
    first = await app.post("/texts", text_to())
    assert await app.post("/texts", text_to(again=True)) == first
    assert [sent.text for sent in sandbox.teams[0].sent_to(KIM)] == ["See you at nine."]


async def test_a_text_whose_answer_is_lost_goes_out_once_and_its_message_is_found(app, sandbox):
    sandbox.script("send_message", Reset(effect=True))
    assert await app.post("/texts", text_to()) == (200, {"id": sandbox.teams[0].sent[0].message_id})
    assert len(sandbox.teams[0].sent) == 1


async def test_what_is_wrong_is_an_answer_that_says_so(app, sandbox):
    assert (await app.post("/texts", {"local_id": 5}))[0] in (400, 422)
    status, told = await app.post("/texts", text_to(phone="1"))
    assert (status, "phone_number" in told["error"]) == (400, True)
    status, told = await app.post("/texts", text_to(creator_id=1))
    assert status == 502
    assert KIM not in told["error"]
    assert not sandbox.teams[0].sent


async def test_a_health_check_asks_the_service_nothing_and_tells_when_it_refuses_the_credentials(app, sandbox):
    # With several processes, each knows only of its own calls.
    status, figures = await app.get("/health")
    assert (status, figures["last_status"]) == (200, None)
    assert {request.operation for request in sandbox.requests} <= {"get_team", "list_messages"}  # Those of polling.
    sandbox.teams[0].secrets = ()
    statuses = set()
    async with asyncio.timeout(60):
        while 503 not in statuses:
            assert (await app.post("/texts", text_to()))[0] == 502
            statuses.add((await app.get("/health"))[0])


async def test_what_customers_write_is_taken_in_once_and_nobody_else_is_believed(app, sandbox):
    team = sandbox.teams[0]
    team.receive(40001, KIM, "Good morning")
    await sandbox.webhooks.settled()
    assert {delivery.outcome for delivery in sandbox.webhooks.deliveries} == {"delivered"}

    async def handled():
        return (await app.get("/health", app.beside))[1]["events_handled"]

    async with asyncio.timeout(60):
        while await handled() != 1:
            await asyncio.sleep(0.02)
    async with app.http.post(app.url(HOOK, app.beside), json={"type": "message_recieved", "token": "x"}) as answer:
        assert answer.status == 401
    assert await handled() == 1


async def test_told_to_end_it_answers_what_is_under_way(app, sandbox):
    team = sandbox.teams[0]
    sandbox.script("send_message", Ordinary(delay=1.0))
    asking = asyncio.create_task(app.post("/texts", text_to()))
    await until(lambda: any(request.operation == "send_message" for request in sandbox.requests))
    code, _, _ = await app.end()
    assert (await asking)[0] == 200
    assert code == 0
    assert len(team.sent) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", [*APPS, "worker.py"])
async def test_without_credentials_it_runs_on_a_sandbox_of_its_own_and_ends_when_told(name, number, tmp_path):
    async with running(name, None, tmp_path) as example:
        assert "Nothing is really sent" in await example.line("sandbox")
        if name in HOOK_PORTS:
            beside = HOOK_PORTS[name]
            await example.up(*{0, beside})
            assert (await example.post("/texts", text_to()))[0] == 200
            async with asyncio.timeout(60):  # The customer answers.
                while not (await example.get("/health", beside))[1]["events_handled"]:
                    await asyncio.sleep(0.05)
        else:
            await example.line("Somebody wrote")
        code, _, err = await example.end(number)
    assert code == 0
    assert "Traceback" not in err
    assert not [*tmp_path.iterdir()]


async def test_with_credentials_but_no_verification_token_it_says_what_is_missing(sandbox, tmp_path):
    async with running("aiohttp_app.py", sandbox, tmp_path, HEYMARKET_WEBHOOK_TOKEN="") as example:
        code, _, err = await example.end(0)
    assert code == 1
    assert "HEYMARKET_WEBHOOK_TOKEN" in err
    assert "Traceback" not in err


async def test_several_processes_share_what_the_service_allows(sandbox, tmp_path):
    async with running("starlette_app.py", sandbox, tmp_path, WEB_CONCURRENCY="4") as example:
        await example.up(0, 1)
        left, processes = set(), set()
        async with asyncio.timeout(60):
            while len(processes) < 2:
                async with example.http.get(example.url("/health"), headers={"Connection": "close"}) as answer:
                    figures = await answer.json()
                    processes.add(figures["process"])
                    left.add(figures["requests_left"])
        assert left == {100}


def of_hours(team, number):
    """Let so many customers ask for the opening hours; return their numbers."""
    phones = [f"1510555{place:04d}" for place in range(100, 100 + number)]
    for phone in phones:
        team.receive(40001, phone, "What are your hours?")
    return phones


async def test_told_to_end_it_handles_everything_that_it_has_accepted(sandbox, tmp_path):
    team = sandbox.teams[0]
    async with running("aiohttp_app.py", sandbox, tmp_path) as example:
        sandbox.webhooks.add(example.url(HOOK), token=TOKEN, types=["message_recieved"])
        await example.up(0)
        sandbox.script("send_message", Ordinary(delay=0.5), times=20)
        phones = of_hours(team, 20)
        await sandbox.webhooks.settled()
        assert {delivery.outcome for delivery in sandbox.webhooks.deliveries} == {"delivered"}
        assert not team.sent
        code, _, _ = await example.end()
    assert code == 0
    assert sorted(sent.to for sent in team.sent) == phones
    assert {sent.text for sent in team.sent} == {"We are open from nine to five."}


async def test_killed_and_started_again_it_answers_each_customer_once(sandbox, tmp_path):
    team = sandbox.teams[0]
    port = free_ports()
    sandbox.script("send_message", *[Ordinary(late=0.3)] * 30)
    kills = 0
    async with running("aiohttp_app.py", sandbox, tmp_path, port=port) as example:
        sandbox.webhooks.add(example.url(HOOK), token=TOKEN, types=["message_recieved"])
        await example.up(0)
        phones = of_hours(team, 40)
        await until(lambda: len(team.sent) >= 5)
        kills += (await example.end(signal.SIGKILL))[0] == -signal.SIGKILL
    known = {delivery.event.about for delivery in sandbox.webhooks.deliveries if delivery.outcome == "delivered"}
    assert known
    async with running("aiohttp_app.py", sandbox, tmp_path, port=port) as example:
        await example.up(0)
        await sandbox.webhooks.settled()
        await until(lambda: {sent.to for sent in team.sent} == {*phones})
        assert (await example.end())[0] == 0
    assert kills == 1
    assert {delivery.outcome for delivery in sandbox.webhooks.deliveries} == {"delivered"}
    assert Counter(sent.to for sent in team.sent) == Counter(phones)


async def test_a_page_that_is_open_does_not_hold_up_the_end(sandbox, tmp_path):
    async with running("fastapi_app.py", sandbox, tmp_path) as example:
        await example.up(0)
        async with example.http.get(example.url("/live")) as stream:
            code, _, err = await example.end(within=20)
            assert (await stream.read()) in (b"", b": ping\n\n")
    assert code == 0
    assert "Cancel" not in err


async def test_a_stream_tells_of_each_message(sandbox, tmp_path):
    async with running("fastapi_app.py", sandbox, tmp_path) as example:
        sandbox.webhooks.add(example.url(HOOK), token=TOKEN)
        await example.up(0)
        async with example.http.get(example.url("/live")) as stream, asyncio.timeout(60):
            sandbox.teams[0].receive(40001, KIM, "Good morning")
            line = await stream.content.readline()
    assert b'"inbound":true' in line.replace(b" ", b"")
    assert b"Good morning" in line


class Texts:
    """The table of the worker, as another program sees it."""

    def __init__(self, folder):
        self.path = folder / "texts.db"

    def add(self, number):
        with contextlib.closing(sqlite3.connect(self.path)) as database, database:
            rows = [
                (f"id-{place}", 40001, 5001, f"+1510555{place:04d}", "See you at nine.")
                for place in range(100, 100 + number)
            ]
            database.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?, ?, ?, ?, 'waiting')", rows)

    def states(self):
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            return Counter(state for (state,) in database.execute("SELECT state FROM texts"))


async def test_a_worker_that_is_killed_and_started_again_sends_each_text_once(sandbox, tmp_path):
    team, texts = sandbox.teams[0], Texts(tmp_path)
    sandbox.script("send_message", *[Ordinary(late=0.2)] * 20)
    async with running("worker.py", sandbox, tmp_path) as example:
        await until((tmp_path / "health.json").exists)
        texts.add(60)
        await until(lambda: len(team.sent) >= 15)
        assert (await example.end(signal.SIGKILL))[0] == -signal.SIGKILL
    assert texts.states()["sending"] > 0
    async with running("worker.py", sandbox, tmp_path) as example:
        await until(lambda: texts.states() == {"sent": 60})
        code, out, _ = await example.end()
    assert code == 0
    assert "Everything that was taken up is done." in out
    assert {*Counter(sent.to for sent in team.sent).values()} == {1}
    assert len(team.sent) == 60


async def test_a_worker_told_to_end_sends_what_it_has_taken_up_and_leaves_the_rest(sandbox, tmp_path):
    team, texts = sandbox.teams[0], Texts(tmp_path)
    sandbox.script("send_message", Ordinary(delay=0.5), times=60)
    async with running("worker.py", sandbox, tmp_path) as example:
        await until((tmp_path / "health.json").exists)
        texts.add(30)
        await until(lambda: any(request.operation == "send_message" for request in sandbox.requests))
        assert (await example.end())[0] == 0
    states = texts.states()
    assert states["sent"] == len(team.sent)
    assert set(states) <= {"sent", "waiting"}
    assert states["sent"] >= 10
    assert states["waiting"] > 0


async def test_a_worker_tells_what_the_service_refuses_from_what_nobody_knows(sandbox, tmp_path):
    team, texts = sandbox.teams[0], Texts(tmp_path)
    team.opt_out("15105550100")
    async with running("worker.py", sandbox, tmp_path) as example:
        await until((tmp_path / "health.json").exists)
        texts.add(1)
        await until(lambda: texts.states() == {"failed": 1})
        # The answer to the next is lost, and so is every look for it.
        sandbox.script("send_message", Reset(effect=True))
        sandbox.script("get_message_history", Reply(500), times=20)
        texts.add(2)
        await until(lambda: texts.states() == {"failed": 1, "unknown": 1})
        assert (await example.end())[0] == 0
    assert len(team.sent) == 1
