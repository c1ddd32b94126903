"""A thousand calls at once on one session."""

from __future__ import annotations

import asyncio

from heymarket_async import AsyncSession
from heymarket_async.sandbox import Sandbox


async def test_a_thousand_calls_share_one_token_and_few_connections():
    async with Sandbox(rate_limit=None) as sandbox:
        async with AsyncSession(
            sandbox.secret, base_url=sandbox.url, rate_limit=None, pool_size=20, timeout=60
        ) as session:
            for _ in range(2):
                results = await asyncio.gather(*(session.inboxes.list() for _ in range(1000)))
                assert all(result == results[0] for result in results)
            assert sandbox.connections <= 20
            assert len(sandbox.requests) == 2000
            assert {received.status for received in sandbox.requests} == {200}
            assert session._engine.account.mint.minted == 1
            assert session.budget.in_flight == 0


async def test_cancelling_half_of_a_crowd_loses_neither_slots_nor_connections():
    async with Sandbox(rate_limit=None) as sandbox:
        async with AsyncSession(sandbox.secret, base_url=sandbox.url, rate_limit=1000, pool_size=5) as session:
            tasks = [asyncio.create_task(session.inboxes.list()) for _ in range(200)]
            while len(sandbox.requests) < 20:
                await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(result, tuple) for result in results[1::2])
            assert session.budget.in_flight == 0
            assert session.budget.waiting == 0
            await asyncio.gather(*(session.inboxes.list() for _ in range(20)))
            assert len(session._engine.pool._open.http.connector._acquired) == 0
