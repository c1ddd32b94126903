"""Watching many teams: each change once, with its team, whatever the other teams and the reader do."""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import attrs
import pytest

from fleets import Driver, settle, teams_of
from heymarket_async import (
    Added,
    ApiKey,
    ArgumentError,
    AttemptStarted,
    CheckpointError,
    ConfigurationError,
    Fleet,
    Gap,
    Lane,
    Parked,
    PollEnded,
    PollFailed,
    Removed,
    Retries,
    SessionClosed,
    poll_once,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Hang, Reply, Reset, Sandbox
from heymarket_async.watch import Feed, MemoryStore

NUMBER = "14155550123"
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@attrs.define
class Place:
    """A fleet, the sandbox that it polls, and time that passes when the test says so."""

    clock: VirtualClock
    sandbox: Sandbox
    fleet: Fleet
    driver: Driver
    events: list

    def team(self, name):
        return self.sandbox.teams[int(name[1:])]

    def writes(self, name, number=NUMBER, text="Good morning"):
        team = self.team(name)
        return team.receive(team.inboxes[0]["id"], number, text)["id"]

    def polls(self, name, path="/v1/messages/all"):
        team = self.team(name).id
        return [request for request in self.sandbox.requests if request.team == team and request.path == path]


@asynccontextmanager
async def placed(teams=3, hanging=(), **settings):
    clock = VirtualClock()
    events = []
    driver = Driver(clock, *hanging)
    async with Sandbox(teams=teams, clock=clock, rate_limit=None) as sandbox:
        settings = {"retries": Retries(attempts=1), "rate_limit": None} | settings
        listeners = [driver, events.append]
        fleet = Fleet(teams_of(sandbox), base_url=sandbox.url, clock=clock, listeners=listeners, **settings)
        async with fleet:
            yield Place(clock, sandbox, fleet, driver, events)


@pytest.fixture
async def place():
    async with placed() as made:
        yield made


class Reader:
    """Reads a watch in a task of its own, and keeps what came."""

    def __init__(self, watch):
        self.watch = watch
        self.got = []
        self.task = asyncio.create_task(self.read())

    async def read(self):
        async for each in self.watch:
            self.got.append(each)

    async def stop(self):
        self.task.cancel()
        await asyncio.wait([self.task])

    @property
    def told(self):
        return sorted((change.team, change.id) for change in self.got)


async def test_changes_of_all_teams_come_each_with_its_team(place):
    reader = Reader(place.fleet.watch("messages", every=10))
    await place.driver.advance(10)
    wrote = sorted((name, place.writes(name)) for name in place.fleet.names for _ in range(2))
    await place.driver.advance(20)
    assert reader.told == wrote
    assert all(isinstance(change, Added) for change in reader.got)
    await place.driver.advance(300)
    assert reader.told == wrote
    await reader.stop()


async def test_batches_say_their_team_and_come_again_unless_committed(place):
    store = MemoryStore()
    reader = Reader(place.fleet.watch_batches("messages", every=10, store=store))
    await place.driver.advance(10)
    ids = {name: place.writes(name) for name in place.fleet.names}
    await place.driver.advance(20)
    assert sorted(batch.team for batch in reader.got) == ["t0", "t1", "t2"]
    assert "of 't1'" in repr(next(batch for batch in reader.got if batch.team == "t1"))
    for batch in reader.got:
        if batch.team != "t1":
            await batch.commit()
    await reader.stop()
    again = Reader(place.fleet.watch("messages", every=10, store=store))
    await place.driver.advance(40)
    assert again.told == [("t1", ids["t1"])]
    await again.stop()


async def test_every_kind_of_change_says_its_team(place):
    reader = Reader(place.fleet.watch(Feed("messages", most=1), "inboxes", since=LONG_AGO))
    await place.driver.advance(15)
    del place.team("t2").inboxes[0]
    await place.driver.advance(120)
    kinds = {type(change) for change in reader.got if change.team == "t0"}
    assert kinds == {Added, Gap}
    assert [change.team for change in reader.got if isinstance(change, Removed)] == ["t2"]
    await reader.stop()


async def test_a_step_by_hand_says_the_team_too(place):
    polled = await poll_once(place.fleet["t1"], "inboxes", since=LONG_AGO)
    assert {change.team for change in polled.changes} == {"t1"}


async def test_each_team_is_polled_at_its_own_time_and_less_often_while_nothing_happens(place):
    told = []
    reader = Reader(place.fleet.watch("messages", every=10, slowest=60, listener=told.append))
    await place.driver.advance(400)
    place.writes("t1")
    await place.driver.advance(100)
    waits = {name: [event.next_in for event in told if event.team == name] for name in place.fleet.names}
    for found in waits.values():
        for wait, wanted in zip(found, [10, 15, 22.5, 33.75, 50.625, 60], strict=False):
            assert 0.9 * wanted <= wait <= 1.1 * wanted
    assert min(waits["t1"][6:]) <= 11 < 54 <= min(*waits["t0"][6:], *waits["t2"][6:])
    assert all(isinstance(event, PollEnded) and event.late == 0 for event in told)
    await reader.stop()


async def test_first_polls_are_spread_over_the_interval(place):
    times = []
    reader = Reader(
        place.fleet.watch("messages", every=9, listener=lambda event: times.append(place.clock.monotonic()))
    )
    await place.driver.advance(8)
    assert times == pytest.approx([0, 3, 6])
    await reader.stop()


async def test_polls_go_in_the_lane_of_polls(place):
    reader = Reader(place.fleet.watch("inboxes"))
    await place.driver.advance(15)
    started = [event for event in place.events if isinstance(event, AttemptStarted)]
    assert {event.lane for event in started} == {Lane.POLL}
    assert {event.team for event in started} == {"t0", "t1", "t2"}
    await reader.stop()


async def test_a_failing_team_is_told_and_tried_again_and_holds_up_nobody(place, caplog):
    told = []
    reader = Reader(place.fleet.watch("messages", every=10, listener=told.append))
    await place.driver.advance(10)
    answers = [Reply(500), Reset(), Reply(404), Reply(200, b"<html>")]
    place.sandbox.script("list_messages", *answers, team=place.team("t1"))
    with caplog.at_level(logging.WARNING, "heymarket_async.watch"):
        ids = [(name, place.writes(name)) for name in place.fleet.names]
        await place.driver.advance(17)
        assert reader.told == [ids[0], ids[2]]
        await place.driver.advance(500)
    assert reader.told == ids
    failed = [event for event in told if isinstance(event, PollFailed)]
    assert [(event.team, event.feed, event.failures) for event in failed] == [
        ("t1", "messages", n) for n in (1, 2, 3, 4)
    ]
    names = ["ServerError", "ConnectionLost", "NotFound", "ReplyError"]
    assert [type(event.error).__name__ for event in failed] == names
    assert "A poll of messages of team 't1' failed, 1 in a row" in caplog.text
    await reader.stop()


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_team_is_parked_and_comes_back_without_a_loss(place, status):
    told = []
    reader = Reader(place.fleet.watch("messages", every=10, listener=told.append))
    await place.driver.advance(10)
    place.sandbox.script("*", Reply(status), times=9, team=place.team("t1"))
    ids = [(name, place.writes(name)) for name in place.fleet.names]
    await place.driver.advance(30)
    assert reader.told == [ids[0], ids[2]]
    assert place.fleet.parked.keys() == {"t1"}
    asked = len(place.polls("t1"))
    await place.driver.advance(20)
    assert len(place.polls("t1")) == asked
    place.sandbox.clear_script()
    await place.driver.advance(60)
    assert reader.told == ids
    assert place.fleet.parked == {}
    (failure,) = [event for event in told if isinstance(event, PollFailed)]
    (parked,) = [event for event in place.events if isinstance(event, Parked)]
    assert failure.team == parked.team == "t1"
    assert failure.next_in == pytest.approx(parked.seconds)
    await reader.stop()


async def test_a_team_that_somebody_else_found_refused_is_left_alone(place):
    place.sandbox.script("*", Reply(401), times=9, team=place.team("t1"))
    await place.fleet.gather(lambda team: team.inboxes.list())
    place.sandbox.clear_script()
    asked = len(place.polls("t1", "/v1/team"))
    reader = Reader(place.fleet.watch("messages", every=10))
    await place.driver.advance(40)
    assert len(place.polls("t1", "/v1/team")) == asked
    await place.driver.advance(60)
    wrote = place.writes("t1")
    await place.driver.advance(30)
    assert reader.told == [("t1", wrote)]
    await reader.stop()


async def test_a_checkpoint_that_cannot_be_used_is_the_matter_of_its_team_only(place, caplog):
    store, told = MemoryStore(), []
    await store.save(f"/{place.team('t1').id}/messages", "{}")
    reader = Reader(place.fleet.watch("messages", every=10, store=store, listener=told.append))
    with caplog.at_level(logging.CRITICAL, "heymarket_async.watch"):
        await place.driver.advance(30)
    ids = [(name, place.writes(name)) for name in ("t0", "t2")]
    await place.driver.advance(30)
    assert reader.told == ids
    failed = [event for event in told if isinstance(event, PollFailed)]
    assert {(event.team, type(event.error)) for event in failed} == {("t1", CheckpointError)}
    assert await store.load(f"/{place.team('t1').id}/messages") == "{}"
    await reader.stop()


async def test_a_store_that_cannot_be_used_is_the_matter_of_the_reader(place, tmp_path):
    with pytest.raises(CheckpointError, match="cannot be used"):
        await anext(place.fleet.watch("messages", store=tmp_path / "none" / "state.db"))
    assert place.sandbox.requests == []


async def test_a_store_is_asked_for_names_of_one_shape_only(place):
    """Some stores take not every text for a name: a folder of files, for example, or a service."""
    asked = set()

    class Strict(MemoryStore):
        async def load(self, key):
            asked.add(key)
            return await super().load(key)

    reader = Reader(place.fleet.watch("messages", name="mine", every=10, store=Strict()))
    await place.driver.advance(10)
    assert asked >= {f"mine/{team.id}/messages" for team in place.sandbox.teams}
    assert all(re.fullmatch(r"mine/\d+/messages", key) for key in asked)
    await reader.stop()


async def test_a_store_that_fails_later_is_told_and_nothing_is_lost(place, caplog):
    class Failing(MemoryStore):
        works = True

        async def save(self, key, text):
            if not self.works:
                raise OSError("full")
            await super().save(key, text)

    store, told = Failing(), []
    reader = Reader(place.fleet.watch("messages", every=10, store=store, listener=told.append))
    await place.driver.advance(10)
    store.works = False
    with caplog.at_level(logging.CRITICAL, "heymarket_async.watch"):
        await place.driver.advance(60)
    assert {str(event.error) for event in told if isinstance(event, PollFailed)} == {"full"}
    store.works = True
    await place.driver.advance(300)
    wrote = place.writes("t0")
    await place.driver.advance(90)
    assert reader.told == [("t0", wrote)]
    await reader.stop()


async def test_teams_come_and_go_while_it_runs(place):
    reader = Reader(place.fleet.watch("messages", every=10, since=LONG_AGO))
    await place.driver.advance(15)
    seen = len(reader.got)
    team = place.sandbox.add_team()
    place.fleet.add("t3", team.secret)
    await place.fleet.remove("t1")
    gone = len(place.polls("t1"))
    place.writes("t1")
    wrote = [("t3", place.writes("t3")), ("t0", place.writes("t0"))]
    await place.driver.advance(60)
    assert sorted(reader.told) == sorted([(c.team, c.id) for c in reader.got[:seen]] + wrote)
    assert len(place.polls("t1")) == gone
    place.fleet.add("t1", place.team("t1").secret)
    await place.driver.advance(60)
    assert [change.team for change in reader.got[seen + 2 :]] == ["t1"]
    await reader.stop()


async def test_what_was_found_for_a_team_that_is_gone_comes_again_when_it_is_back(place):
    watch = place.fleet.watch_batches("messages", every=10, since=LONG_AGO)
    wrote = {name: place.writes(name) for name in ("t1", "t2")}
    first = asyncio.create_task(anext(watch))
    await place.driver.advance(9)
    second = asyncio.create_task(anext(watch))  # Nobody takes what t2 has to say.
    await place.driver.advance(60)
    assert {(await first).team, (await second).team} == {"t0", "t1"}
    await place.fleet.remove("t2")
    place.fleet.add("t2", place.team("t2").secret)
    reader = Reader(watch)
    await place.driver.advance(60)
    assert [(batch.team, batch.changes[0].id) for batch in reader.got] == [("t2", wrote["t2"])]
    await reader.stop()


async def test_a_late_commit_for_a_team_that_is_back_does_not_set_it_back(place):
    store = MemoryStore()
    watch = place.fleet.watch_batches("messages", every=10, since=LONG_AGO, store=store)

    async def next_of_t1():
        batch = await anext(watch)
        return batch if batch.team == "t1" else await next_of_t1()

    async def soon(coroutine):
        reading = asyncio.create_task(coroutine)
        await place.driver.advance(60)
        return await reading

    place.writes("t1")
    before = await soon(next_of_t1())
    await place.fleet.remove("t1")
    place.fleet.add("t1", place.team("t1").secret)
    again = await soon(next_of_t1())
    assert [change.id for change in again.changes] == [change.id for change in before.changes]
    await again.commit()
    place.writes("t1")
    latest = await soon(next_of_t1())
    await latest.commit()
    await before.commit()
    assert await store.load(f"/{place.team('t1').id}/messages") == latest.checkpoint.to_json()
    await watch.aclose()


async def test_a_slow_reader_slows_the_polls_and_batches_are_bounded():
    async with placed(teams=12) as place:
        watch = place.fleet.watch_batches("messages", every=10, concurrency=3)
        first = asyncio.create_task(anext(watch))
        await place.driver.advance(30)
        for name in place.fleet.names:
            place.writes(name)
        while not first.done():
            await place.driver.advance(1)
        await place.driver.advance(0.001)
        asked = len(place.sandbox.requests)
        await place.driver.advance(600)
        assert len(place.sandbox.requests) == asked
        found = {(await first).team}
        for _ in range(11):
            reading = asyncio.create_task(anext(watch))
            await place.driver.advance(20)
            found.add((await reading).team)
        assert len(found) == 12
        await watch.aclose()


@pytest.mark.parametrize("how", ["cancelled", "closed", "closed by its owner", "fleet closed"])
async def test_its_end_leaves_nothing_running(how):
    async with placed(hanging=["t0"]) as place:
        await place.fleet["t1"].inboxes.list()
        place.sandbox.script("*", Hang(), times=99, team=place.team("t0"))
        watch = place.fleet.watch("messages", every=10)
        reader = Reader(watch)
        await place.driver.advance(15)
        assert _polls_under_way() > 0
        if how == "cancelled":
            await reader.stop()
        elif how == "closed":
            await watch.aclose()
            await asyncio.wait_for(reader.task, 5)
        elif how == "closed by its owner":
            reader.task.cancel()
            await watch.aclose()
        else:
            await place.fleet.close()
            with pytest.raises(SessionClosed):
                await asyncio.wait_for(reader.task, 5)
        assert _polls_under_way() == 0
        await asyncio.wait([reader.task])


@pytest.mark.parametrize("later", range(7))
async def test_closed_in_the_moment_in_which_a_batch_comes_it_leaves_nothing_running(later):
    async with placed(hanging=["t0"]) as place:
        place.sandbox.script("*", Hang(), times=99, team=place.team("t0"))
        place.writes("t1")
        closing = []

        async def close():
            await settle(later)
            await watch.aclose()
            assert _polls_under_way() == 0

        def listen(event):
            if event.team == "t1" and isinstance(event, PollEnded) and event.changes:
                closing.append(asyncio.create_task(close()))

        watch = place.fleet.watch_batches("messages", every=10, since=LONG_AGO, listener=listen)
        reading = asyncio.create_task(anext(watch, None))
        await place.driver.advance(9)
        await closing[0]
        await reading
        assert await anext(watch, None) is None


@pytest.mark.parametrize("ends", ["aclose", "aclose, then given up"])
async def test_closed_twice_it_is_closed_when_each_says_so(place, ends):
    class Slow(MemoryStore):
        saving = 0

        async def save(self, key, text):
            self.saving += 1
            try:
                await asyncio.Event().wait()
            finally:
                await settle(50)
                self.saving -= 1

    store = Slow()
    watch = place.fleet.watch("messages", every=10, store=store)
    reader = Reader(watch)
    await place.driver.advance(9)
    assert store.saving == 3
    closing = asyncio.create_task(watch.aclose())
    await settle(5)
    if ends != "aclose":
        closing.cancel()
    await watch.aclose()
    assert (store.saving, _polls_under_way()) == (0, 0)
    await asyncio.wait([closing, reader.task])
    assert closing.cancelled() == (ends != "aclose")
    assert reader.got == []


async def test_closed_after_somebody_has_given_up_closing_it_is_closed_when_it_says_so(place):
    class Slow(MemoryStore):
        saving = 0

        async def save(self, key, text):
            self.saving += 1
            try:
                await asyncio.Event().wait()
            finally:
                await settle(50)
                self.saving -= 1

    store = Slow()
    place.writes("t2")
    watch = place.fleet.watch_batches("messages", every=10, since=LONG_AGO, store=store)
    for team in place.sandbox.teams[:2]:
        team.messages.clear()  # So that these polls find nothing, and save that.
    reading = asyncio.create_task(anext(watch))
    await place.driver.advance(9)
    assert (await reading).team == "t2"
    assert store.saving == 2
    closing = asyncio.create_task(watch.aclose())
    await settle(5)
    closing.cancel()
    await settle(5)
    await watch.aclose()
    assert (store.saving, _polls_under_way()) == (0, 0)
    assert closing.cancelled()


async def test_a_poll_that_was_cut_short_is_made_again(place):
    watch = place.fleet.watch("messages", every=10)
    reading = asyncio.create_task(anext(watch))
    await place.driver.advance(20)
    wrote = {("t1", place.writes("t1"))}
    place.sandbox.script("list_messages", Hang(), team=place.team("t1"))
    place.driver._hanging.add("t1")
    await place.driver.advance(20)
    assert _polls_under_way() == 1
    reading.cancel()
    await asyncio.wait([reading])
    assert _polls_under_way() == 0
    reader = Reader(watch)
    await place.driver.advance(60)
    assert {*reader.told} == wrote
    await reader.stop()


def _polls_under_way():
    return sum("Rounds._call" in repr(task) for task in asyncio.all_tasks())


async def test_a_break_leaves_nothing_running(place):
    place.sandbox.script("*", Hang(), times=99, team=place.team("t2"))
    place.driver._hanging.add("t2")

    seen = []

    async def read():
        async for change in place.fleet.watch("messages", every=10, since=LONG_AGO):
            seen.append(change.team)
            break

    reading = asyncio.create_task(read())
    await place.driver.advance(9)
    await reading
    assert seen == ["t0"]
    await settle()
    assert _polls_under_way() == 0


async def test_a_wait_that_was_given_up_loses_nothing(place):
    store = MemoryStore()
    watch = place.fleet.watch("messages", every=10, store=store)
    wrote = []
    got = []
    for turn in range(30):
        reading = asyncio.create_task(anext(watch))
        await place.driver.advance(2.5)
        if turn in (5, 6, 15):
            wrote += [(name, place.writes(name)) for name in place.fleet.names]
        if reading.done():
            got.append(reading.result())
        reading.cancel()
        await asyncio.wait([reading])
    for _ in range(40):
        reading = asyncio.create_task(anext(watch))
        await place.driver.advance(7)
        if reading.done():
            got.append(reading.result())
        reading.cancel()
        await asyncio.wait([reading])
    assert sorted((change.team, change.id) for change in got) == sorted(wrote)
    await watch.aclose()


async def test_two_names_for_one_team_are_told(place, caplog):
    told = []
    place.fleet.add("double", place.team("t1").secret)
    reader = Reader(place.fleet.watch("messages", every=10, listener=told.append))
    with caplog.at_level(logging.CRITICAL, "heymarket_async.watch"):
        await place.driver.advance(40)
    failed = [event for event in told if isinstance(event, PollFailed)]
    assert {event.team for event in failed} in ({"double"}, {"t1"})
    assert {type(event.error) for event in failed} == {ConfigurationError}
    assert "'double'" in str(failed[0].error)
    assert "'t1'" in str(failed[0].error)
    (loser,) = {event.team for event in failed}
    await place.fleet.remove(({"double", "t1"} - {loser}).pop())
    await place.driver.advance(400)
    wrote = place.writes("t1")
    await place.driver.advance(100)
    assert reader.told == [(loser, wrote)]
    await reader.stop()


async def test_a_fleet_without_teams_waits_for_one(place):
    fleet = Fleet({}, base_url=place.sandbox.url, clock=place.clock, listeners=[place.driver])
    async with fleet:
        reader = Reader(fleet.watch("messages", every=10, since=LONG_AGO))
        await place.driver.advance(100)
        fleet.add("t0", place.team("t0").secret)
        await place.driver.advance(20)
        assert {change.team for change in reader.got} == {"t0"}
        await reader.stop()


@pytest.mark.parametrize(
    ("feeds", "settings", "error", "says"),
    [
        ([], {}, ArgumentError, "name one at least"),
        (["mesages"], {}, ArgumentError, "must be one of"),
        (["messages", Feed("messages")], {}, ArgumentError, "'messages' twice"),
        ([5], {}, ArgumentError, "must be one of"),
        (["messages"], {"every": 0.5}, ArgumentError, "every must be from 1 to"),
        (["messages"], {"every": 30, "slowest": 20}, ArgumentError, "slowest must not be below every"),
        (["messages"], {"store": 5}, ArgumentError, "two async methods"),
        (["messages"], {"concurrency": 0}, ConfigurationError, "concurrency"),
    ],
)
async def test_a_watch_that_makes_no_sense_is_refused_at_once(place, feeds, settings, error, says):
    for make in (place.fleet.watch, place.fleet.watch_batches):
        with pytest.raises(error, match=says):
            make(*feeds, **settings)
    assert not place.sandbox.requests


async def test_a_closed_fleet_cannot_be_watched():
    fleet = Fleet({"acme": ApiKey("a key")})
    await fleet.close()
    with pytest.raises(SessionClosed):
        fleet.watch("messages")


async def test_drift_of_all_teams_is_seen_in_one_place(place):
    place.team("t1").inboxes = [{"id": 1, "phone": 5, "surprise": True}]
    await place.fleet.gather(lambda team: team.inboxes.list())
    assert place.fleet.drift is place.fleet["t0"].drift
    assert "surprise" in place.fleet.drift.unknown["Inbox"]
