"""A long reply is read in turns, and what is read does not depend on them."""

from __future__ import annotations

import asyncio
import contextvars
import json
from itertools import pairwise

import pytest

from heymarket_async import AsyncSession, AttemptEnded, Inbox
from heymarket_async.convert import Reader
from heymarket_async.drift import Misfit
from heymarket_async.turns import at_once, each, in_turns

MANY = tuple[Inbox, ...]
A_TURN = 200


def inboxes(count, **more):
    return [{"id": number, "name": f"Inbox {number}", **more} for number in range(1, count + 1)]


def to_bytes(value):
    return json.dumps(value).encode()


def turns_of(work):
    """Return how often work yields, and its result."""
    turns = 0
    while True:
        try:
            next(work)
        except StopIteration as done:
            return turns, done.value
        turns += 1


class TestEach:
    @pytest.mark.parametrize(("count", "turns"), [(0, 0), (1, 0), (A_TURN, 0), (A_TURN + 1, 1), (5 * A_TURN, 4)])
    def test_it_yields_between_turns_of_a_fixed_length(self, count, turns):
        assert turns_of(each(str, range(count), [])) == (turns, [str(number) for number in range(count)])

    def test_no_turn_is_longer(self):
        made = []
        lengths = [0, *(len(made) for _ in each(str, range(1000), made)), 1000]
        assert max(after - before for before, after in pairwise(lengths)) == A_TURN

    def test_what_was_made_tells_where_it_failed(self):
        made = []
        with pytest.raises(ZeroDivisionError):
            at_once(each(lambda number: 1 / (number - 300), range(1000), made))
        assert len(made) == 300


# Each is read along another path.
RECORDS = pytest.mark.parametrize("more", [{}, {"colour": 1}, {"rev": []}], ids=["clean", "common", "odd"])
WRAPPED = pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "wrapped"])


class TestReading:
    @RECORDS
    @WRAPPED
    def test_a_long_list_gives_others_a_turn_and_comes_out_the_same(self, more, wrapped):
        records = inboxes(1000, **more)
        body = to_bytes({"inboxes": records} if wrapped else records)
        reader = Reader()
        turns, found = turns_of(reader.reading(body, MANY, ("inboxes",)))
        assert turns >= 4
        one_by_one = Reader()
        assert found == tuple(one_by_one.structure(record, Inbox) for record in records)
        assert reader.drift.misfits.total() == (1000 if "rev" in more else 0)

    @RECORDS
    @WRAPPED
    def test_a_short_one_is_read_at_once(self, more, wrapped):
        records = inboxes(20, **more)
        body = to_bytes({"inboxes": records} if wrapped else records)
        assert turns_of(Reader().reading(body, MANY, ("inboxes",)))[0] == 0

    def test_a_large_reply_that_is_no_list_gives_others_a_turn_before_and_after_it_is_parsed(self):
        body = to_bytes({"inboxes": inboxes(20, colour="x" * 10_000)})
        turns, found = turns_of(Reader().reading(body, MANY, ("inboxes",)))
        assert (turns, len(found)) == (2, 20)

    def test_a_record_without_an_id_is_named_by_its_place_beyond_the_first_turn(self):
        records = inboxes(1000, colour=1)
        del records[777]["id"]
        with pytest.raises(Misfit, match=r"^\$\[777\]\.id: integer wanted, nothing found$"):
            Reader().read(to_bytes(records), MANY)

    def test_a_record_that_only_python_can_read_does_not_touch_its_neighbours(self):
        records = [{"id": 1, "name": "half of \ud83d"}, {"id": 2, "name": "Sales"}, {"id": 3, "x": float("nan")}]
        found = Reader().read(to_bytes(records[:2]), MANY)
        assert [one.name for one in found] == ["half of \ud83d", "Sales"]
        assert [one.id for one in Reader().read(to_bytes(records), MANY)] == [1, 2, 3]


class TestTheEventLoop:
    async def test_two_long_replies_are_read_side_by_side_and_no_misfit_is_lost(self):
        reader, order = Reader(), []

        async def read(name, count):
            found = await in_turns(reader.reading(to_bytes(inboxes(count, rev=[])), MANY))
            order.append((name, len(found)))

        await asyncio.gather(read("long", 2000), read("short", 400))
        assert order == [("short", 400), ("long", 2000)]
        assert reader.drift.misfits.total() == 2400

    async def test_it_stays_in_the_context_of_its_task(self):
        name = contextvars.ContextVar("name")
        name.set("mine")

        def work():
            yield
            return name.get()

        async def other():
            name.set("another")

        assert (await asyncio.gather(in_turns(work()), other()))[0] == "mine"

    async def test_it_can_be_cancelled_between_two_turns(self):
        reader = Reader()
        task = asyncio.ensure_future(in_turns(reader.reading(to_bytes(inboxes(2000, rev=[])), MANY)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert reader.drift.misfits.total() == A_TURN

    @RECORDS
    async def test_a_session_lets_other_tasks_run_while_it_reads(self, heymarket_sandbox, more):
        heymarket_sandbox.teams[0].inboxes = inboxes(2000, **more)
        ticks, others = 0, []

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        def listener(event):
            if isinstance(event, AttemptEnded):  # The reply is there, and is not read yet.
                others.append(asyncio.ensure_future(tick()))

        async with AsyncSession(
            heymarket_sandbox.secret, base_url=heymarket_sandbox.url, listeners=[listener]
        ) as heymarket:
            found = await heymarket.inboxes.list()
            during = ticks
            others[0].cancel()
        assert len(found) == 2000
        assert during >= 2000 // A_TURN - 1
