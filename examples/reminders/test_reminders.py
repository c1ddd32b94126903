"""The tests of the app. They need `pip install heymarket-async pytest pytest-asyncio`, and no credentials."""

from __future__ import annotations

from reminders import Appointment, Report, remind, wording

from heymarket_async import AsyncSession, Inbox
from heymarket_async.sandbox import Reply, Sandbox
from heymarket_async.testing import (
    VirtualClock,
    as_json,
    assert_nobody_texted,
    assert_texted_once,
    faults,
    make,
    run_in_virtual_time,
)

SAM = Appointment(phone="+1 510 555 0101", name="Sam", when="on Monday at nine")
ALEX = Appointment(phone="+1 510 555 0102", name="Alex", when="on Monday at ten")


def test_the_wording_names_the_person_and_the_inbox() -> None:
    assert wording(SAM, make(Inbox, name="Harbor Dental")) == "Hello Sam, Harbor Dental will see you on Monday at nine."


def test_an_inbox_may_have_no_name() -> None:
    assert wording(SAM, make(Inbox, name=None)) == "Hello Sam, we will see you on Monday at nine."


async def test_everybody_is_reminded_once(heymarket_sandbox: Sandbox, heymarket_session: AsyncSession) -> None:
    report = await remind(heymarket_session, [SAM, ALEX])
    assert report == Report(reminded=[SAM.phone, ALEX.phone])
    assert_texted_once(heymarket_sandbox, SAM.phone)
    assert_texted_once(heymarket_sandbox, ALEX.phone)


async def test_a_lost_answer_makes_nobody_get_two_texts(
    heymarket_sandbox: Sandbox, heymarket_session: AsyncSession
) -> None:
    heymarket_sandbox.script("send_message", faults.answer_lost())
    report = await remind(heymarket_session, [SAM])
    assert report == Report(reminded=[SAM.phone])
    assert_texted_once(heymarket_sandbox, SAM.phone)


async def test_a_refusal_stops_nobody_else(heymarket_sandbox: Sandbox, heymarket_session: AsyncSession) -> None:
    heymarket_sandbox.script("send_message", faults.forbidden())
    report = await remind(heymarket_session, [SAM, ALEX])
    assert report == Report(reminded=[ALEX.phone], failed=[SAM.phone])


async def test_nobody_is_texted_where_nobody_comes() -> None:
    sandbox = Sandbox()
    sandbox.script("list_inboxes", Reply(json=[as_json(make(Inbox, id=40001, members=(5001,)))]))
    async with AsyncSession(sandbox.secret, transport=sandbox.in_memory()) as heymarket:
        await remind(heymarket, [])
    assert_nobody_texted(sandbox)


def test_a_busy_service_is_waited_for() -> None:
    async def main(clock: VirtualClock) -> None:
        sandbox = Sandbox(clock=clock)
        sandbox.script("send_message", faults.too_many(retry_after=30))
        async with AsyncSession(sandbox.secret, transport=sandbox.in_memory(), clock=clock) as heymarket:
            report = await remind(heymarket, [SAM])
        assert report == Report(reminded=[SAM.phone])
        assert_texted_once(sandbox, SAM.phone)
        assert clock.monotonic() >= 30

    run_in_virtual_time(main)
