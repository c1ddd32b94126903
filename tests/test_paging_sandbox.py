"""Each item of a list once, over real HTTP, under every reading of the cursors that the sandbox can be switched to."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heymarket_async import AsyncSession
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Sandbox, Variants

MESSAGE_CURSORS = ["before", "from", "follows_order"]
PRECISIONS = ["microseconds", "milliseconds", "seconds"]
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def session_of(sandbox: Sandbox, clock: VirtualClock) -> AsyncSession:
    return AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, rate_limit=None)


def fill(sandbox: Sandbox, clock: VirtualClock, chance: random.Random, count: int) -> None:
    """Let people write to the first team, several at a moment now and then, never more than a page of them."""
    team = sandbox.teams[0]
    together = 0
    for number in range(count):
        team.receive(team.inboxes[0]["id"], f"1415555{number % 90:04d}", f"text {number}")
        together = together + 1 if chance.random() < 0.6 and together < 20 else 0
        if not together:
            clock.advance(chance.choice([0.000_001, 0.0004, 0.02, 1.0, 3600.0]) + 3.0)


@few
@given(st.integers(0, 2**32), st.integers(0, 150), st.sampled_from(MESSAGE_CURSORS), st.sampled_from(PRECISIONS))
def test_every_message_comes_once_whichever_way_the_bound_is_read(seed, count, reading, precision):
    async def walk() -> None:
        clock, chance = VirtualClock(), random.Random(seed)
        variants = Variants(message_cursor=reading, precision=precision)
        async with Sandbox(clock=clock, rate_limit=None, variants=variants) as sandbox:
            fill(sandbox, clock, chance, count)
            there = set(sandbox.teams[0].messages)
            async with session_of(sandbox, clock) as heymarket:
                found = []
                async for message in heymarket.messages.list():
                    found.append(message.id)
                    if chance.random() < 0.02:
                        clock.advance(7)
                        sandbox.teams[0].receive(sandbox.teams[0].inboxes[0]["id"], "14155550199", "meanwhile")
        assert len(found) == len(set(found))
        assert set(found) >= there

    asyncio.run(walk())


@few
@given(st.integers(0, 2**32), st.integers(0, 120), st.sampled_from(PRECISIONS), st.sampled_from([None, 10, 30]))
def test_every_conversation_comes_once_though_some_jump_to_the_front_meanwhile(seed, count, precision, page_size):
    async def walk() -> None:
        clock, chance = VirtualClock(), random.Random(seed)
        async with Sandbox(clock=clock, rate_limit=None, variants=Variants(precision=precision)) as sandbox:
            fill(sandbox, clock, chance, count)
            team = sandbox.teams[0]
            inbox = team.inboxes[0]["id"]
            there = {key for key, each in team.conversations.items() if each["inbox"] == inbox}
            async with session_of(sandbox, clock) as heymarket:
                found = []
                async for conversation in heymarket.conversations.list(inboxes=[inbox], page_size=page_size):
                    found.append(conversation.id)
                    if chance.random() < 0.05:
                        clock.advance(5)
                        team.receive(inbox, f"1415555{chance.randrange(90):04d}", "meanwhile")
        assert len(found) == len(set(found))
        assert set(found) >= there

    asyncio.run(walk())


@few
@given(st.integers(0, 2**32), st.sampled_from([0, 1]), st.sampled_from(["clamp", "empty", "refuse"]), st.booleans())
def test_every_contact_comes_once_whether_pages_count_from_0_or_1_though_others_change_and_go(
    seed, base, low, ascending
):
    async def walk() -> None:
        clock, chance = VirtualClock(), random.Random(seed)
        variants = Variants(contacts_v2_first_page=base, low_page=low)
        async with Sandbox(clock=clock, rate_limit=None, variants=variants) as sandbox:
            async with session_of(sandbox, clock) as heymarket:
                for number in range(40):
                    await heymarket.contacts.create(phone_number=f"+1 415 555 {number:04d}", first_name=f"P{number}")
                    clock.advance(chance.choice([0.0, 0.001, 4.0]))
                clock.advance(60)
                there = set(sandbox.teams[0].contacts)
                found = []
                async for contact in heymarket.contacts.v2.list(page_size=20, ascending=ascending):
                    found.append(contact.id)
                    if chance.random() < 0.2:
                        clock.advance(5)
                        chosen = chance.choice(sorted(there))
                        if chance.random() < 0.5:
                            await heymarket.contacts.amend(chosen, last_name=f"N{chance.random()}")
                        else:
                            await heymarket.contacts.delete(chosen)
                            there.discard(chosen)
        assert len(found) == len(set(found))
        assert set(found) >= there

    asyncio.run(walk())


@pytest.mark.parametrize("base", [0, 1])
async def test_every_survey_comes_once_whether_pages_count_from_0_or_1(base):
    async with Sandbox(variants=Variants(surveys_first_page=base)) as sandbox:
        async with AsyncSession(sandbox.secret, base_url=sandbox.url) as heymarket:
            pager = heymarket.surveys.list(page_size=1)
            assert pager.unseen is None  # Of what comes by numbers, no time can be told.
            found = [survey.id async for survey in pager]
            assert sorted(found) == sorted(sandbox.teams[0].surveys)
            assert len(found) > 1


async def test_a_history_comes_whole_though_its_cursor_counts_seconds():
    clock = VirtualClock()
    async with Sandbox(clock=clock, rate_limit=None) as sandbox, session_of(sandbox, clock) as heymarket:
        team = sandbox.teams[0]
        inbox = team.inboxes[0]["id"]
        for number in range(130):
            team.receive(inbox, "14155550188", f"text {number}")
            clock.advance(timedelta(milliseconds=40 if number % 7 else 1900).total_seconds())
        wanted = [
            key
            for key, each in team.messages.items()
            if each["phone"] == "14155550188" or each["target"] == "14155550188"
        ]
        found = [m.id async for m in heymarket.messages.history(phone_number="+1 415 555 0188", inbox_id=inbox)]
        assert sorted(found) == sorted(wanted)
        assert len(found) == 130


@pytest.mark.parametrize("reading", MESSAGE_CURSORS)
@pytest.mark.parametrize("count", [20, 90])
async def test_only_messages_from_before_a_moment_come_whichever_way_the_bound_is_read(reading, count):
    clock = VirtualClock()
    async with Sandbox(clock=clock, rate_limit=None, variants=Variants(message_cursor=reading)) as sandbox:
        fill(sandbox, clock, random.Random(count), count)
        messages = sandbox.teams[0].messages
        async with session_of(sandbox, clock) as heymarket:
            every = await heymarket.messages.list().collect()
            middle = sorted(message.date for message in every)[len(every) // 2]
            found = await heymarket.messages.list(before=middle).collect()
        assert sorted(m.id for m in found) == sorted(m.id for m in every if m.date < middle)
        assert len(every) == len(messages)


async def test_a_history_before_a_moment_reaches_up_to_that_very_moment():
    clock = VirtualClock()
    async with Sandbox(clock=clock, rate_limit=None) as sandbox, session_of(sandbox, clock) as heymarket:
        inbox = sandbox.teams[0].inboxes[0]["id"]
        for number in range(20):
            sandbox.teams[0].receive(inbox, "14155550188", f"text {number}")
            clock.advance(0.15)
        contact = {"phone_number": "+1 415 555 0188", "inbox_id": inbox}
        every = await heymarket.messages.history(**contact).collect()
        for message in every:
            found = await heymarket.messages.history(**contact, before=message.date).collect()
            assert [m.id for m in found] == [m.id for m in every if m.date < message.date]


@pytest.mark.parametrize("reading", MESSAGE_CURSORS)
async def test_a_moment_after_all_messages_bounds_nothing_whichever_way_it_is_read(reading):
    clock = VirtualClock()
    async with Sandbox(clock=clock, rate_limit=None, variants=Variants(message_cursor=reading)) as sandbox:
        fill(sandbox, clock, random.Random(1), 40)
        async with session_of(sandbox, clock) as heymarket:
            tomorrow = datetime.fromtimestamp(clock.wall(), UTC) + timedelta(days=1)
            found = await heymarket.messages.list(before=tomorrow).collect()
            assert sorted(m.id for m in found) == sorted(sandbox.teams[0].messages)
            long_ago = datetime(2001, 1, 1, tzinfo=UTC)
            assert await heymarket.messages.list(before=long_ago).collect() == ()
