"""One text to each of many people, once: over crashes, lost answers, refusals and reruns."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import struct
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from heymarket_async import (
    ArgumentError,
    AsyncSession,
    BadRequest,
    JournalError,
    NeverSent,
    PermissionDenied,
    Retries,
    ServerError,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.events import AttemptEnded, AttemptStarted
from heymarket_async.mailing import Mailing, MailingState, plan_mailing, read_sheet
from heymarket_async.mailing.journal import Journal
from heymarket_async.sandbox import Hang, Ordinary, Reply, Reset, Sandbox
from heymarket_async.sandbox.variants import Variants

SENT, OPTED_OUT, REFUSED, NOT_SENT, UNKNOWN = (
    MailingState.SENT,
    MailingState.OPTED_OUT,
    MailingState.REFUSED,
    MailingState.NOT_SENT,
    MailingState.UNKNOWN,
)
TEXT = "Hi {first_name}, we open at 9."


def plan_for(people: int, template: str = TEXT, first: int = 0):
    rows = "".join(f"+1 910 555 01{number:02},N{number}\n" for number in range(first, first + people))
    return plan_mailing(read_sheet(f"phone,first_name\n{rows}".encode()), template)


@pytest.fixture
async def sandbox():
    # One that drops no repeat: who is texted once is so for another reason.
    async with Sandbox(rate_limit=None, variants=Variants(repeat="none")) as running:
        yield running


@pytest.fixture
def team(sandbox):
    return sandbox.teams[0]


@pytest.fixture
async def heymarket(sandbox):
    settings = {"base_url": sandbox.url, "retries": Retries(base=0.0), "rate_limit": None}
    async with AsyncSession(sandbox.secret, **settings) as session:
        yield session


@pytest.fixture
def mail(heymarket, team, tmp_path):
    """Make a mailing of this team, to so many people."""

    def make(people=5, **changes):
        inbox = team.inboxes[0]
        settings = {
            "inbox_id": inbox["id"],
            "creator_id": inbox["members"][0],
            "journal": tmp_path / "journal",
            "patience": 0,
            **changes,
        }
        plan = settings.pop("plan", None) or plan_for(people)
        return Mailing(settings.pop("session", heymarket), plan, **settings)

    return make


def states(results) -> Counter:
    return Counter(result.state for result in results)


def texted(team) -> Counter:
    return Counter(sent.to for sent in team.sent)


def everyone(people: int) -> Counter:
    return Counter(f"191055501{number:02}" for number in range(people))


def local_ids(sandbox, operation="send_message") -> list[str]:
    return [json.loads(each.body)["local_id"] for each in sandbox.requests if each.operation == operation]


class TestAMailing:
    async def test_texts_everyone_once_and_says_so(self, mail, team):
        told = []
        async with mail(20) as mailing:
            results = await mailing.send(told.append)
        assert texted(team) == everyone(20)
        assert {(sent.to, sent.text) for sent in team.sent} == {
            (f"191055501{number:02}", f"Hi N{number}, we open at 9.") for number in range(20)
        }
        assert [result.line for result in results] == list(range(2, 22))
        assert states(results) == {SENT: 20}
        assert {result.message_id for result in results} == {sent.message_id for sent in team.sent}
        assert {result.local_id for result in results} == {sent.local_id for sent in team.sent}
        assert sorted(told, key=lambda result: result.line) == list(results)

    async def test_that_is_run_again_texts_nobody(self, mail, team, sandbox):
        async with mail() as mailing:
            await mailing.send()
        before = len(sandbox.requests)
        async with mail() as mailing:
            assert mailing.remaining == ()
            results = await mailing.send()
        assert states(results) == {SENT: 5}
        assert all(result.earlier for result in results)
        assert texted(team) == everyone(5)
        assert [each.operation for each in sandbox.requests[before:]] == ["get_team"]

    async def test_texts_those_who_were_added_to_the_file(self, mail, team):
        async with mail(3) as mailing:
            await mailing.send()
        async with mail(6) as mailing:
            assert [person.line for person in mailing.remaining] == [5, 6, 7]
            await mailing.send()
        assert texted(team) == everyone(6)

    async def test_has_no_more_under_way_than_it_was_told(self, sandbox, mail):
        now, most = 0, 0

        def listen(event):
            nonlocal now, most
            now += isinstance(event, AttemptStarted) - isinstance(event, AttemptEnded)
            most = max(most, now)

        sandbox.script("send_message", Ordinary(delay=0.01), times=20)
        async with AsyncSession(sandbox.secret, base_url=sandbox.url, listeners=[listen]) as session:
            async with mail(20, session=session, concurrency=3) as mailing:
                await mailing.send()
        assert most == 3

    async def test_goes_by_the_rate_limit_of_its_session_and_waits_as_long_as_that_takes(self, mail, team):
        clock = VirtualClock(1_793_534_400.0)
        async with Sandbox(rate_limit=20, clock=clock, variants=Variants(repeat="none")) as sandbox:
            settings = {"base_url": sandbox.url, "clock": clock, "rate_limit": 20, "timeout": 5.0}
            async with AsyncSession(sandbox.secret, **settings) as session, mail(30, session=session) as mailing:
                sending = asyncio.create_task(mailing.send())
                async with asyncio.timeout(30):
                    while not sending.done():
                        await asyncio.sleep(0.001)
                        # Only while all wait for their turn: what is on its way needs no time of this clock.
                        if clock.next_wake is not None and not session.budget.in_flight:
                            clock.advance(min(clock.next_wake, 1.0))
                assert states(await sending) == {SENT: 30}
            assert texted(sandbox.teams[0]) == everyone(30)
            assert {request.status for request in sandbox.requests} == {200, 404}, "no 429"

    async def test_stops_after_what_is_under_way(self, mail, team):
        async with mail(20, concurrency=2) as mailing:
            results = await mailing.send(lambda _: mailing.stop())
            assert mailing.stopped
        assert 1 <= states(results)[SENT] <= 2
        assert states(results)[NOT_SENT] == 20 - len(team.sent)
        async with mail(20) as mailing:
            await mailing.send()
        assert texted(team) == everyone(20)

    async def test_ends_what_is_under_way_before_it_raises_what_a_listener_raised(self, mail, team):
        def fail(_):
            raise BrokenPipeError

        async with mail(20, concurrency=4) as mailing:
            with pytest.raises(BrokenPipeError):
                await mailing.send(fail)
            assert states(mailing.results)[SENT] == len(team.sent) <= 4
            assert states(mailing.results)[UNKNOWN] == 0

    async def test_shows_nothing_personal(self, mail):
        async with mail(2) as mailing:
            results = await mailing.send()
        for shown in (repr(mailing), repr(results)):
            assert "5550100" not in shown
            assert "N0" not in shown


class TestAnOutcomeThatIsNotKnown:
    async def test_is_looked_for_at_once(self, mail, team, sandbox):
        sandbox.script("send_message", Reset(effect=True))
        async with mail() as mailing:
            results = await mailing.send()
        assert states(results) == {SENT: 5}
        assert all(result.message_id for result in results)
        assert texted(team) == everyone(5)

    async def test_of_a_text_that_is_not_there_is_left_to_the_next_run_which_looks_again(self, mail, team, sandbox):
        sandbox.script("send_message", Reset())
        async with mail(concurrency=1) as mailing:
            results = await mailing.send()
            assert states(results) == {SENT: 4, NOT_SENT: 1}
            assert "looks again" in results[0].reason
            assert mailing.remaining == ()
        async with mail() as mailing:
            assert mailing.unsettled == 1
            results = await mailing.send()
        assert states(results) == {SENT: 5}
        assert texted(team) == everyone(5)
        first, *_, last = local_ids(sandbox)
        assert first == last, "the same person, so the same local_id"

    async def test_can_be_settled_by_the_same_mailing_too(self, mail, team, sandbox):
        sandbox.script("send_message", Reset())
        async with mail() as mailing:
            await mailing.send()
            assert states(await mailing.send()) == {SENT: 5}
        assert texted(team) == everyone(5)

    async def test_that_no_look_can_tell_is_never_repeated(self, mail, team, sandbox):
        def hide():
            for message in team.messages.values():
                message["local_id"] = None

        sandbox.script("send_message", Reset(effect=True))
        sandbox.script("get_message_history", Reply(403))
        async with mail() as mailing:
            results = await mailing.send()
        assert states(results) == {SENT: 4, UNKNOWN: 1}
        hide()
        for _ in range(3):
            async with mail() as mailing:
                results = await mailing.send()
            assert states(results) == {SENT: 4, UNKNOWN: 1}
            assert "local_id" in next(each.reason for each in results if each.state is UNKNOWN)
        assert texted(team) == everyone(5)

    @pytest.mark.parametrize("effect", [True, False])
    async def test_of_a_mailing_that_was_cancelled_is_settled_by_the_next_run(self, mail, team, sandbox, effect):
        sandbox.script("send_message", Hang(effect=effect), times=2)
        async with mail(concurrency=2) as mailing:
            sending = asyncio.create_task(mailing.send())
            async with asyncio.timeout(10):
                while len(local_ids(sandbox)) < 2:
                    await asyncio.sleep(0.005)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert states(mailing.results) == {UNKNOWN: 2, NOT_SENT: 3}
        hung = set(local_ids(sandbox))
        settled = []
        async with mail() as mailing:
            assert mailing.unsettled == 2
            await mailing.settle(settled.append)
            assert states(settled) == ({SENT: 2} if effect else {NOT_SENT: 2})
            assert mailing.unsettled == 0
            results = await mailing.send()
        assert states(results) == {SENT: 5}
        assert texted(team) == everyone(5)
        assert hung <= {sent.local_id for sent in team.sent}, "what stood in the journal went out with the requests"

    async def test_is_not_settled_between_the_question_and_the_sends(self, mail, team, sandbox):
        sandbox.script("send_message", Reset())
        async with mail() as mailing:
            await mailing.send()
        sandbox.script("get_message_history", Reply(403))
        async with mail(6) as mailing:
            await mailing.settle()
            shown = mailing.remaining
            results = await mailing.send()
        assert len(shown) == 1
        assert states(results) == {SENT: 5, UNKNOWN: 1}
        assert sum(texted(team).values()) == 5

    async def test_of_somebody_who_is_not_in_the_file_any_more_is_told_and_not_repeated(self, mail, team, sandbox):
        sandbox.script("send_message", Reset())
        async with mail(1) as mailing:
            await mailing.send()
        async with mail(plan=plan_for(2, first=5)) as mailing:
            results = await mailing.send()
        assert [(each.line, each.state) for each in results] == [(2, SENT), (3, SENT), (None, NOT_SENT)]
        assert results[2].reason.endswith("The person is not in the file any more."), "and no rerun sends it"
        assert texted(team) == Counter({"19105550105": 1, "19105550106": 1})

    async def test_that_an_earlier_run_left_and_a_look_has_found_is_the_earlier_run_s(self, mail, team, sandbox):
        sandbox.script("send_message", Reset(effect=True))
        sandbox.script("get_message_history", Reply(403))
        async with mail(2) as mailing:
            assert states(await mailing.send()) == {SENT: 1, UNKNOWN: 1}
        async with mail(3) as mailing:
            results = await mailing.send()
        assert [(each.state, each.earlier) for each in results] == [(SENT, True), (SENT, True), (SENT, False)]

    async def test_that_the_service_refuses_as_a_repeat_is_looked_for_once_more(self, mail, team, sandbox):
        sandbox.variants = Variants(repeat="refuse")
        sandbox.script("send_message", Reset(effect=True))
        # Two looks see nothing yet: that of the first run, and that of the second.
        sandbox.script("get_message_history", Reply(200, json=[]), times=2)
        async with mail(1) as mailing:
            assert states(await mailing.send()) == {NOT_SENT: 1}
        async with mail(1) as mailing:
            results = await mailing.send()
        assert states(results) == {SENT: 1}
        assert results[0].message_id == team.sent[0].message_id
        assert texted(team) == everyone(1)


class TestWhoMustNotBeTexted:
    async def test_is_found_before_anything_is_sent(self, mail, team, heymarket, sandbox):
        await heymarket.contacts.create(phone_number="19105550101", first_name="N1")
        await heymarket.contacts.create(phone_number="19105550102", first_name="N2")
        await heymarket.contacts.set_status("unsubscribed", phone_number="19105550101")
        await heymarket.contacts.set_status("blocked", phone_number="19105550102")
        async with mail() as mailing:
            await mailing.check()
            assert team.sent == []
            assert states(mailing.results) == {OPTED_OUT: 2, NOT_SENT: 3}
            results = await mailing.send()
        assert [result.reason for result in results] == ["", "The person opted out.", "The person is blocked.", "", ""]
        assert texted(team) == everyone(5) - Counter(["19105550101", "19105550102"])
        asked = [each for each in sandbox.requests if each.operation == "get_contact_status"]
        assert len(asked) == 5, "each was asked about once"

    async def test_is_told_by_the_refusal_too_where_nobody_knows_the_number(self, mail, team):
        team.unsubscribed["19105550101"] = "contact"
        async with mail() as mailing:
            results = await mailing.send()
        assert results[1].state is OPTED_OUT
        assert "unsubscribed_number" in results[1].reason
        assert states(results) == {SENT: 4, OPTED_OUT: 1}

    async def test_is_texted_by_a_rerun_after_having_opted_in(self, mail, team):
        team.unsubscribed["19105550101"] = "contact"
        async with mail() as mailing:
            await mailing.send()
        del team.unsubscribed["19105550101"]
        async with mail() as mailing:
            await mailing.send()
        assert texted(team) == everyone(5)

    async def test_cannot_be_known_where_the_service_does_not_say_so_nothing_is_sent(self, mail, team, sandbox):
        sandbox.script("get_contact_status", Reply(500), times=50)
        async with mail() as mailing:
            with pytest.raises(ServerError):
                await mailing.send()
        assert team.sent == []

    async def test_is_asked_about_again_where_that_was_long_ago(self):
        clock = VirtualClock(1_793_534_400.0)
        async with (
            Sandbox(rate_limit=None, clock=clock) as sandbox,
            AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, rate_limit=None) as session,
        ):
            team, asked = sandbox.teams[0], "get_contact_status"
            for number in range(2):
                await session.contacts.create(phone_number=f"1910555010{number}")
            with tempfile.TemporaryDirectory() as folder:
                async with Mailing(
                    session, plan_for(2), inbox_id=40001, creator_id=5001, journal=Path(folder, "journal")
                ) as mailing:
                    await mailing.check()
                    clock.advance(3600.0)
                    await session.contacts.set_status("unsubscribed", phone_number="19105550101")
                    results = await mailing.send()
            assert [each.reason for each in results] == ["", "The person opted out."]
            assert [each.operation for each in sandbox.requests].count(asked) == 4
            assert texted(team) == everyone(1)


class TestRefusals:
    async def test_of_one_person_do_not_stop_the_others_and_a_rerun_tries_again(self, mail, team, sandbox):
        sandbox.script("send_message", Reply(422, json={"error_code": "landline"}))
        async with mail(concurrency=1) as mailing:
            results = await mailing.send()
        assert states(results) == {REFUSED: 1, SENT: 4}
        assert results[0].reason == "The service answered 422 landline."
        async with mail() as mailing:
            assert mailing.unsettled == 0
            assert states(await mailing.send()) == {SENT: 5}
        assert texted(team) == everyone(5)

    async def test_of_the_whole_mailing_end_it(self, mail, team, sandbox):
        sandbox.script("send_message", Ordinary(), Reply(403))
        async with mail(20, concurrency=1) as mailing:
            with pytest.raises(PermissionDenied):
                await mailing.send()
            assert states(mailing.results) == {SENT: 1, NOT_SENT: 19}
        assert len(local_ids(sandbox)) == 2
        async with mail(20) as mailing:
            await mailing.send()
        assert texted(team) == everyone(20)

    async def test_of_ten_people_in_a_row_end_it(self, mail, team, sandbox):
        sandbox.script("send_message", *[Reply(400)] * 9, Ordinary(), *[Reply(400)] * 30)
        async with mail(40, concurrency=1) as mailing:
            with pytest.raises(BadRequest):
                await mailing.send()
            assert states(mailing.results) == {REFUSED: 19, SENT: 1, NOT_SENT: 20}

    async def test_for_the_rate_limit_are_waited_for(self, mail, team, sandbox):
        sandbox.script("send_message", Reply(429, headers={"Retry-After": "0.01"}), times=8)
        async with mail() as mailing:
            assert states(await mailing.send()) == {SENT: 5}
        assert texted(team) == everyone(5)

    async def test_that_a_service_answers_which_is_gone_are_no_sends(self, mail, sandbox):
        async with mail(20, concurrency=1) as mailing:
            await mailing.check()
            await sandbox.close()
            with pytest.raises(NeverSent):
                await mailing.send()
            assert states(mailing.results) == {NOT_SENT: 20}
            assert mailing.unsettled == 0

    async def test_that_ask_for_an_hour_do_not_keep_a_mailing_that_is_stopped(self, sandbox, mail, team):
        sandbox.script("send_message", Reply(429, headers={"Retry-After": "3600"}))
        async with AsyncSession(sandbox.secret, base_url=sandbox.url, timeout=5.0) as session:
            async with mail(20, session=session, concurrency=2) as mailing:
                await mailing.check()
                sending = asyncio.create_task(mailing.send())
                async with asyncio.timeout(10):
                    while not session.budget.paused_for:
                        await asyncio.sleep(0.005)
                    await asyncio.sleep(0)
                    mailing.stop()
                    results = await sending
        assert states(results)[UNKNOWN] == 0
        assert states(results)[SENT] == len(team.sent) <= 1
        async with mail(20) as mailing:
            assert mailing.unsettled == 0
            assert states(await mailing.send()) == {SENT: 20}
        assert texted(team) == everyone(20)

    async def test_that_ask_for_an_hour_while_it_checks_do_not_either(self, sandbox, mail, team):
        sandbox.script("get_contact_status", Reply(429, headers={"Retry-After": "3600"}), times=9)
        async with AsyncSession(sandbox.secret, base_url=sandbox.url, timeout=5.0) as session:
            async with mail(session=session) as mailing:
                checking = asyncio.create_task(mailing.check())
                async with asyncio.timeout(10):
                    while not session.budget.paused_for:
                        await asyncio.sleep(0.005)
                    mailing.stop()
                    await checking
                assert len(mailing.remaining) == 5


class TestTwoAtATime:
    async def test_of_the_same_mailing_text_nobody_twice(self, mail, team, sandbox):
        sandbox.script("send_message", Ordinary(delay=0.01), times=20)
        async with mail(20) as mailing:
            outcomes = await asyncio.gather(mailing.send(), mailing.send(), return_exceptions=True)
            assert [type(each) for each in outcomes] == [tuple, JournalError]
            assert "at work already" in str(outcomes[1])
        assert texted(team) == everyone(20)

    async def test_cannot_enter_it(self, mail, team):
        async with mail() as mailing:
            with pytest.raises(JournalError, match="is open already"):
                await mailing.__aenter__()
            await mailing.send()
        assert texted(team) == everyone(5)

    async def test_is_impossible_after_its_end_too(self, mail, team, sandbox):
        async with mail() as early:
            await early.check()
        async with mail() as mailing:
            await mailing.send()
        with pytest.raises(JournalError, match="is not open"):
            await early.send()
        assert texted(team) == everyone(5)


class TestTheJournal:
    async def test_is_for_its_owner_only_and_holds_no_text(self, mail, tmp_path):
        async with mail() as mailing:
            await mailing.send()
        files = [*tmp_path.iterdir()]
        assert files
        for file in files:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert b"we open" not in file.read_bytes()

    async def test_has_a_send_before_it_goes_out(self, mail, sandbox, monkeypatch):
        order = []
        sending = Journal.sending

        async def noted(self, phone, at):
            local_id = await sending(self, phone, at)
            assert local_id not in local_ids(sandbox)
            order.append(local_id)
            return local_id

        monkeypatch.setattr(Journal, "sending", noted)
        async with mail() as mailing:
            await mailing.send()
        assert sorted(order) == sorted(local_ids(sandbox))

    async def test_is_for_one_at_a_time(self, mail):
        async with mail() as first:
            with pytest.raises(JournalError, match="in use by another process") as caught:
                await mail().__aenter__()
            await first.send()
        assert "twice" in caught.value.advice
        async with mail() as second:
            assert second.remaining == ()

    @pytest.mark.parametrize("change", ["text", "inbox", "team"])
    async def test_of_another_mailing_is_refused_and_left_as_it_is(self, mail, team, sandbox, change):
        async with mail() as mailing:
            await mailing.send()
        other = {"plan": plan_for(5, "Hi {first_name}, we close at 9.")} if change == "text" else {}
        if change == "inbox":
            other = {"inbox_id": team.inboxes[1]["id"]}
        if change == "team":
            team.id += 1
        for _ in range(2):
            with pytest.raises(JournalError, match="of another mailing"):
                await mail(**other).__aenter__()
        assert len(team.sent) == 5
        if change != "team":
            async with mail() as mailing:
                assert mailing.remaining == ()

    @pytest.mark.parametrize("content", [b"phone,first_name\n" * 100, None])
    async def test_is_no_file_of_anything_else(self, mail, tmp_path, content):
        path = tmp_path / "other"
        if content is None:
            with sqlite3.connect(path) as database:
                database.execute("CREATE TABLE people (name TEXT)")
            database.close()
        else:
            path.write_bytes(content)
        before = path.read_bytes()
        with pytest.raises(JournalError, match="cannot be used"):
            await mail(journal=path).__aenter__()
        assert path.read_bytes() == before

    async def test_must_have_a_folder(self, mail, tmp_path):
        with pytest.raises(JournalError, match="No such file or directory"):
            await mail(journal=tmp_path / "none" / "journal").__aenter__()

    async def test_that_fails_before_a_send_lets_nothing_out(self, mail, team, monkeypatch):
        async def full(self, phone, at):
            raise JournalError("The disk is full.")

        async with mail() as mailing:
            monkeypatch.setattr(Journal, "sending", full)
            with pytest.raises(JournalError):
                await mailing.send()
        assert team.sent == []

    async def test_that_fails_after_a_send_is_mended_by_a_look(self, mail, team, monkeypatch):
        async def full(self, phone, message_id):
            raise JournalError("The disk is full.")

        async with mail(concurrency=2) as mailing:
            with monkeypatch.context() as patch:
                patch.setattr(Journal, "sent", full)
                with pytest.raises(JournalError):
                    await mailing.send()
            assert states(mailing.results)[SENT] == len(team.sent) == 2
        async with mail() as mailing:
            assert mailing.unsettled == 2
            await mailing.send()
        assert texted(team) == everyone(5)

    async def test_is_on_the_disk_before_a_send_whatever_the_default_of_sqlite_is(self, tmp_path, monkeypatch):
        class Hasty(sqlite3.Connection):
            def __init__(self, *args, **settings):
                super().__init__(*args, **settings)
                self.execute("PRAGMA synchronous = NORMAL")  # As some systems build SQLite.

        opened, connect = [], sqlite3.connect

        def hasty(*args, **settings):
            opened.append(connect(*args, **settings, factory=Hasty))
            return opened[-1]

        monkeypatch.setattr(sqlite3, "connect", hasty)
        journal = Journal(tmp_path / "journal")
        await journal.open("identity")
        await journal.sending("19105550100", 0.0)
        assert opened[-1].execute("PRAGMA synchronous").fetchone() == (2,)
        await journal.close()

    async def test_is_whole_without_what_sqlite_keeps_beside_it(self, mail, team, tmp_path, sandbox):
        sandbox.script("send_message", *[Ordinary()] * 3, Hang(), Hang())
        async with mail(5, concurrency=1) as mailing:
            sending = asyncio.create_task(mailing.send())
            async with asyncio.timeout(10):
                while len(local_ids(sandbox)) < 4:
                    await asyncio.sleep(0.005)
            # Somebody moves this file alone, after a kill at this moment.
            copying = await asyncio.create_subprocess_exec("cp", str(tmp_path / "journal"), str(tmp_path / "moved"))
            assert await copying.wait() == 0
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
        async with mail(5, journal=tmp_path / "moved") as mailing:
            assert states(mailing.results) == {SENT: 3, UNKNOWN: 1, NOT_SENT: 1}

    async def test_that_has_lost_somebody_is_damaged_and_sends_nothing(self, mail, team, tmp_path):
        async with mail(60) as mailing:
            await mailing.send()
        path = tmp_path / "journal"
        data = bytearray(path.read_bytes())
        (size,) = struct.unpack(">H", data[16:18])
        leaves = [start for start in range(size, len(data), size) if data[start] == 0x0A]
        for leaf in leaves:  # One cell fewer on each page: https://www.sqlite.org/fileformat2.html#b_tree_pages
            (count,) = struct.unpack(">H", data[leaf + 3 : leaf + 5])
            data[leaf + 3 : leaf + 5] = struct.pack(">H", count - 1)
        path.write_bytes(data)
        with pytest.raises(JournalError, match="damaged"):
            await mail(60).__aenter__()
        assert texted(team) == everyone(60)

    async def test_with_a_state_that_nobody_knows_is_an_error_and_not_held(self, mail, tmp_path):
        async with mail() as mailing:
            await mailing.send()
        with sqlite3.connect(tmp_path / "journal") as database:
            database.execute("UPDATE sends SET state = 'perhaps'")
        database.close()
        for _ in range(2):
            with pytest.raises(JournalError, match="cannot be used"):
                await mail().__aenter__()

    async def test_that_was_cancelled_while_it_opened_is_closed(self, tmp_path):
        journal = Journal(tmp_path / "journal")
        opening = asyncio.create_task(journal.open("identity"))
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        other = Journal(tmp_path / "journal")
        assert await other.open("identity") == {}
        await other.close()

    async def test_never_marks_what_was_sent_as_under_way_again(self, tmp_path):
        journal = Journal(tmp_path / "journal")
        await journal.open("identity")
        await journal.sending("19105550100", 0.0)
        await journal.sent("19105550100", 7)
        with pytest.raises(ValueError, match="not enough values"):
            await journal.sending("19105550100", 1.0)
        await journal.close()
        assert repr(journal).startswith("Journal(")


class TestBadInput:
    @pytest.mark.parametrize(
        ("argument", "value"),
        [
            ("plan", plan_mailing(read_sheet(b"phone\n5\n"), "Hi")),
            ("plan", "people.csv"),
            ("inbox_id", 0),
            ("creator_id", "me"),
            ("journal", ""),
            ("journal", 5),
            ("concurrency", 0),
            ("patience", -1),
            ("patience", float("nan")),
        ],
    )
    async def test_is_refused_before_anything_happens(self, mail, sandbox, argument, value):
        with pytest.raises(ArgumentError) as caught:
            mail(**{argument: value})
        assert caught.value.argument == argument
        assert sandbox.requests == []
