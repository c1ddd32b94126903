"""Replies as they came, beside the values."""

from __future__ import annotations

import asyncio

import pytest

from heymarket_async import AsyncSession, Retries, ServerError
from heymarket_async.sandbox import Reply


@pytest.fixture
async def heymarket(heymarket_sandbox):
    async with AsyncSession(
        heymarket_sandbox.secret, base_url=heymarket_sandbox.url, retries=Retries(base=0.0)
    ) as session:
        yield session


async def test_it_holds_every_reply_of_the_block_refusals_included(heymarket_sandbox, heymarket):
    heymarket_sandbox.script("list_inboxes", Reply(503, "busy"), times=1)
    with heymarket.capture() as replies:
        inboxes = await heymarket.inboxes.list()
        await heymarket.team.get()
    await heymarket.team.get()
    assert [(each.operation, each.attempt, each.reply.status) for each in replies] == [
        ("list_inboxes", 1, 503),
        ("list_inboxes", 2, 200),
        ("get_team", 1, 200),
    ]
    assert replies[0].reply.text == "busy"
    assert [each["id"] for each in replies[1].reply.json] == [inbox.id for inbox in inboxes]
    assert replies[1].reply.request_id == heymarket_sandbox.requests[1].request_id
    assert all(each.elapsed > 0 for each in replies)


async def test_its_repr_shows_no_body(heymarket):
    with heymarket.capture() as replies:
        (inbox, *_) = await heymarket.inboxes.list()
    assert inbox.name
    assert inbox.name not in repr(replies)


async def test_a_failed_call_leaves_its_reply_there(heymarket_sandbox, heymarket):
    heymarket_sandbox.script("*", Reply(500, "oh"), times=3)
    with heymarket.capture() as replies, pytest.raises(ServerError):
        await heymarket.inboxes.list()
    assert [each.reply.text for each in replies] == ["oh"] * 3


async def test_it_sees_the_tasks_of_its_block_and_no_others(heymarket):
    inside, outside = asyncio.Event(), asyncio.Event()

    async def other():
        await inside.wait()
        await heymarket.team.get()
        outside.set()

    elsewhere = asyncio.create_task(other())
    with heymarket.capture() as replies:
        inside.set()
        await asyncio.gather(heymarket.inboxes.list(), heymarket.inboxes.list())
        await outside.wait()
    await elsewhere
    assert [each.operation for each in replies] == ["list_inboxes"] * 2


async def test_it_sees_copies_of_its_session_and_no_other_session(heymarket_sandbox, heymarket):
    async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as other:
        with heymarket.capture() as replies:
            await other.team.get()
            await heymarket.with_options(timeout=5).inboxes.list()
    assert [each.operation for each in replies] == ["list_inboxes"]


async def test_one_in_another_both_hold_the_replies(heymarket):
    with heymarket.capture() as outer:
        with heymarket.capture() as inner:
            await heymarket.inboxes.list()
        await heymarket.team.get()
    assert (len(outer), len(inner)) == (2, 1)


async def test_it_ends_with_its_block_though_a_task_of_the_block_goes_on(heymarket):
    goes_on = asyncio.Event()

    async def later():
        await heymarket.team.get()
        await goes_on.wait()
        await heymarket.inboxes.list()

    with heymarket.capture() as replies:
        task = asyncio.create_task(later())
        while not replies:
            await asyncio.sleep(0.001)
    goes_on.set()
    await task
    assert [each.operation for each in replies] == ["get_team"]
