"""The gate to the connections: where they are all taken, who is urgent gets the next one, and no place is lost."""

from __future__ import annotations

import asyncio

import pytest

from heymarket_async import AsyncSession, Lane
from heymarket_async.sandbox import Ordinary, Sandbox
from heymarket_async.transport.gate import Gate
from idle_time import run

NUMBER = "+15105550142"


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


class TestTheGate:
    async def test_lets_as_many_in_as_it_has_places(self):
        gate = Gate(2)
        assert (gate.try_enter(), gate.try_enter(), gate.try_enter()) == (True, True, False)
        gate.leave()
        assert (gate.free, gate.try_enter()) == (1, True)

    async def order(self, lanes):
        """Let callers of `lanes` wait for the one place, in this order, and return the lanes as they get it."""
        gate, order = Gate(1), []

        async def caller(lane):
            await gate.enter(lane)
            order.append(lane)
            gate.leave()

        assert gate.try_enter()
        tasks = [asyncio.create_task(caller(lane)) for lane in lanes]
        await settle()
        gate.leave()
        await asyncio.wait_for(asyncio.gather(*tasks), 5)
        assert gate.free == 1
        return order

    async def test_prefers_the_urgent_ones_but_one_turn_in_five_is_for_others(self):
        order = await self.order([Lane.EXPORT] * 3 + [Lane.INTERACTIVE] * 2 + [Lane.SEND] * 6)
        assert order == [
            *[Lane.SEND] * 4,
            Lane.INTERACTIVE,
            *[Lane.SEND] * 2,
            Lane.INTERACTIVE,
            *[Lane.EXPORT] * 3,
        ]

    async def test_a_newcomer_does_not_overtake_one_to_whom_a_place_was_passed(self):
        gate = Gate(1)
        assert gate.try_enter()
        waiter = asyncio.create_task(gate.enter(Lane.EXPORT))
        await settle()
        gate.leave()
        assert not gate.try_enter()
        await waiter

    @pytest.mark.parametrize("place", [0, 1, 2])
    async def test_who_gives_up_while_waiting_is_passed_over(self, place):
        gate, went = Gate(1), []
        assert gate.try_enter()

        async def caller(number):
            await gate.enter(Lane.SEND)
            went.append(number)
            gate.leave()

        tasks = [asyncio.create_task(caller(number)) for number in range(3)]
        await settle()
        tasks[place].cancel()
        gate.leave()  # In the same moment, so the one who gives up does not know yet.
        await asyncio.wait(tasks, timeout=5)
        assert tasks[place].cancelled()
        assert went == [number for number in range(3) if number != place]
        assert gate.free == 1

    async def test_who_gives_up_in_the_moment_of_its_turn_passes_it_on(self):
        gate = Gate(1)
        assert gate.try_enter()
        first, second = (asyncio.create_task(gate.enter(Lane.SEND)) for _ in range(2))
        await settle()
        gate.leave()
        first.cancel()
        await asyncio.wait_for(second, 5)
        assert first.cancelled()
        gate.leave()
        assert gate.free == 1


def test_a_send_waits_behind_no_export_where_all_connections_are_taken():
    async def main(clock):
        async with Sandbox(clock=clock) as sandbox:
            async with AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, pool_size=2) as session:
                (inbox, *_) = await session.inboxes.list()
                reader = session.with_options(lane=Lane.EXPORT)
                sandbox.script("list_inboxes", Ordinary(late=3), times=20)
                exports = [asyncio.create_task(reader.inboxes.list()) for _ in range(20)]
                await clock.sleep(4)
                assert session.budget.in_flight > 15
                came = clock.monotonic()
                await session.messages.send(
                    inbox_id=inbox.id, creator_id=inbox.members[0], phone_number=NUMBER, text="It has shipped."
                )
                assert clock.monotonic() - came <= 3
                assert all(await asyncio.gather(*exports))

    run(main)
