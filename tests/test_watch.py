"""Watching one session: changes as they come, their commits, its pace, and its end."""

from __future__ import annotations

import asyncio
import gc
import logging
from datetime import UTC, datetime

import attrs
import pytest

from heymarket_async import (
    ArgumentError,
    AsyncSession,
    AttemptStarted,
    AuthenticationError,
    BadRequest,
    CheckpointError,
    Lane,
    PermissionDenied,
    Retries,
    SessionClosed,
    SessionError,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Hang, Reply, Reset, Sandbox, Variants
from heymarket_async.watch import Added, Changed, Feed, MemoryStore, PollEnded, PollFailed, SqliteStore, poll_once
from sandbox_support import until

NUMBER = "14155550123"
OTHER = "14155550145"


class LeapingClock(VirtualClock):
    """A clock on which nobody waits: whoever sleeps finds that the time has passed.

    Attributes:
        pauses: how long sleepers wanted to sleep.
        meanwhile: what happens in the pauses to come, one thing in each.
    """

    def __init__(self):
        super().__init__()
        self.pauses = []
        self.meanwhile = []

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        await asyncio.sleep(0)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        self.advance(seconds)


@attrs.frozen
class Place:
    clock: VirtualClock
    sandbox: Sandbox
    session: AsyncSession

    @property
    def team(self):
        return self.sandbox.teams[0]

    def writes(self, number=NUMBER, text="Good morning"):
        return self.team.receive(self.team.inboxes[0]["id"], number, text)

    def later(self, *acts):
        """Let things happen while the watch pauses, one in each pause."""
        self.clock.meanwhile.extend(acts)

    def polls(self, path="/v1/messages/all"):
        return [request for request in self.sandbox.requests if request.path == path]


def opened(clock, sandbox, **settings):
    return AsyncSession(
        sandbox.secret,
        base_url=sandbox.url,
        clock=clock,
        rate_limit=None,
        retries=Retries(attempts=1),
        **settings,
    )


@pytest.fixture(params=[LeapingClock])
async def place(request):
    clock = request.param()
    async with Sandbox(clock=clock, rate_limit=None) as sandbox, opened(clock, sandbox) as session:
        yield Place(clock, sandbox, session)


standing = pytest.mark.parametrize("place", [VirtualClock], indirect=True)  # Time passes when the test lets it.


async def first(watch):
    async with asyncio.timeout(10):
        return await anext(watch)


async def nothing_more(place, watch, pauses=5):
    """See that nothing more comes for some polls."""
    stop = len(place.clock.pauses) + pauses
    place.later(*[lambda: None] * pauses)
    reading = asyncio.ensure_future(anext(watch))
    await until(lambda: reading.done() or len(place.clock.pauses) > stop)
    assert not reading.done()
    reading.cancel()
    await asyncio.wait([reading])


async def test_changes_come_as_they_happen(place):
    watch = place.session.watch("messages", "conversations")
    place.later(lambda: None, place.writes, lambda: None, lambda: place.writes(OTHER))
    changes = [await first(watch) for _ in range(4)]
    assert sorted(change.feed for change in changes) == ["conversations"] * 2 + ["messages"] * 2
    assert all(isinstance(change, Added) for change in changes)
    await nothing_more(place, watch)


async def test_a_restart_goes_on_where_the_last_one_was_handled(place, tmp_path):
    store = tmp_path / "state.db"
    place.later(place.writes, lambda: None)
    handled = []
    async for change in place.session.watch("messages", store=store):
        handled.append(change.id)
        place.writes(OTHER)
        break
    # The one that was being handled was not known to be.
    watch = place.session.watch("messages", store=str(store))
    again = [await first(watch), await first(watch)]
    assert [change.id for change in again] == [handled[0], handled[0] + 1]
    place.later(place.writes)
    latest = await first(watch)  # Asking for it says that those are handled.
    watch = place.session.watch("messages", store=store)
    assert (await first(watch)).id == latest.id == handled[0] + 2


async def test_what_happened_while_nobody_watched_comes_after_a_restart(place):
    store = MemoryStore()
    watch = place.session.watch("messages", store=store)
    await nothing_more(place, watch, 2)
    await watch.aclose()
    message = place.writes()
    assert (await first(place.session.watch("messages", store=store))).id == message["id"]


async def test_batches_are_committed_by_whoever_handles_them(place):
    store = MemoryStore()
    watch = place.session.watch_batches("messages", store=store)
    place.later(lambda: [place.writes(), place.writes(OTHER)], place.writes, lambda: place.writes(OTHER))
    one, two = await first(watch), await first(watch)
    assert (one.feed, len(one.changes), len(two.changes)) == ("messages", 2, 1)
    assert "2 changes" in repr(one)
    again = await first(place.session.watch_batches("messages", store=store))
    assert [change.id for change in again.changes] == [change.id for change in (*one.changes, *two.changes)]
    await two.commit()
    await one.commit()  # An earlier one takes nothing back.
    rest = await first(place.session.watch_batches("messages", store=store))
    assert [change.id for change in rest.changes] == [two.changes[0].id + 1]


async def test_a_quiet_poll_commits_nothing_that_was_not_handled(place):
    store = MemoryStore()
    watch = place.session.watch_batches("messages", store=store)
    place.later(place.writes)
    batch = await first(watch)
    place.later(*[lambda: None] * 3)
    await nothing_more(place, watch, 3)
    again = await first(place.session.watch_batches("messages", store=store))
    assert again.changes[0].id == batch.changes[0].id


async def test_all_there_is_comes_when_asked_for_since_long_ago(place):
    store = MemoryStore()
    there = set(place.team.messages)
    since = datetime(2001, 1, 1, tzinfo=UTC)
    watch = place.session.watch_batches("messages", since=since, store=store)
    batch = await first(watch)
    assert {change.id for change in batch.changes} == there
    await batch.commit()
    await nothing_more(place, place.session.watch_batches("messages", since=since, store=store), 2)


async def test_the_interval_grows_while_nothing_happens_and_is_short_again_after_a_change(place):
    events = []
    watch = place.session.watch("messages", every=10, slowest=60, listener=events.append)
    place.later(*[lambda: None] * 8, place.writes, lambda: None)
    await first(watch)
    await nothing_more(place, watch, 1)
    waits = [event.next_in for event in events]
    expected = [10, 15, 22.5, 33.75, 50.625, 60, 60, 60, 60, 10]
    assert all(0.9 * wanted <= wait <= 1.1 * wanted for wait, wanted in zip(waits, expected, strict=False))
    assert len({wait / wanted for wait, wanted in zip(waits, expected, strict=False)}) > 5  # They differ a little.
    assert [event.changes for event in events[:10]] == [0] * 9 + [1]


async def test_a_slow_reader_slows_the_polling(place):
    watch = place.session.watch("messages", every=10)
    place.later(place.writes, *[lambda: place.writes(OTHER)] * 3)
    await first(watch)
    polls = len(place.polls())
    place.clock.advance(3600)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(place.polls()) == polls
    place.clock.meanwhile.clear()
    events = []
    late = place.session.watch("messages", every=10, listener=events.append)
    place.later(lambda: place.clock.advance(500), place.writes)
    await first(late)
    assert events[1].late > 400


async def test_polls_go_in_the_lane_of_polls(place):
    lanes = []

    def listen(event):
        if isinstance(event, AttemptStarted):
            lanes.append(event.lane)

    session = place.session.with_options(listeners=[listen])
    place.later(place.writes)
    await first(session.watch("conversations"))
    assert set(lanes) == {Lane.POLL}


async def test_what_passes_is_told_and_tried_again_and_nothing_is_lost(place, caplog):
    events = []
    watch = place.session.watch("messages", every=10, listener=events.append)

    def break_down():
        place.writes()
        place.sandbox.script("list_messages", Reply(500), Reset(), Reply(200, b"<html>"), Reply(302))

    place.later(break_down)
    with caplog.at_level(logging.WARNING, "heymarket_async.watch"):
        change = await first(watch)
    assert isinstance(change, Added)
    failed = [event for event in events if isinstance(event, PollFailed)]
    assert [event.failures for event in failed] == [1, 2, 3, 4]
    assert [type(event.error).__name__ for event in failed] == [
        "ServerError",
        "ConnectionLost",
        "ReplyError",
        "UnexpectedStatus",
    ]
    assert all(0.9 * 20 * 2**at <= event.next_in <= 1.1 * 20 * 2**at for at, event in enumerate(failed))
    assert len([record for record in caplog.records if "A poll of messages failed" in record.message]) == 4
    assert isinstance(events[-1], PollEnded)


async def test_after_a_429_it_waits_as_long_as_the_service_asks(place):
    events = []
    watch = place.session.watch("messages", every=10, listener=events.append)
    place.sandbox.script("list_messages", Reply(429, headers={"Retry-After": "77"}))
    place.later(place.writes)
    reading = asyncio.ensure_future(first(watch))
    await until(lambda: events)
    assert isinstance(events[0], PollFailed)
    assert events[0].next_in >= 77
    reading.cancel()
    await asyncio.wait([reading])


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (403, PermissionDenied)])
async def test_what_does_not_pass_is_raised(place, status, error):
    watch = place.session.watch("messages")
    place.later(lambda: place.sandbox.script("list_messages", Reply(status), times=3))
    with pytest.raises(error):
        await first(watch)
    place.sandbox.clear_script()
    message = place.writes()
    assert (await first(watch)).id == message["id"]  # Whoever asks again goes on.


async def test_also_the_beginning_is_tried_again(place):
    events = []
    place.sandbox.script("get_team", Reply(503), Reset())
    watch = place.session.watch("messages", listener=events.append)
    place.later(lambda: None, lambda: None, place.writes)
    assert isinstance(await first(watch), Added)
    assert [event.failures for event in events if isinstance(event, PollFailed)] == [1, 2]


async def test_a_listener_that_fails_does_no_harm(place, caplog):
    def fail(event):
        raise RuntimeError("mine")

    place.later(place.writes)
    assert isinstance(await first(place.session.watch("messages", listener=fail)), Added)
    assert "A listener failed" in caplog.text


async def test_leaving_leaves_nothing_behind(place):
    await place.session.inboxes.list()  # The sandbox has a task for each connection.
    before = asyncio.all_tasks()
    place.later(place.writes)
    async for _ in place.session.watch("messages"):
        break
    gc.collect()
    assert asyncio.all_tasks() == before


@standing
async def test_a_watch_that_waits_can_be_cancelled(place):
    watch = place.session.watch("messages")
    await place.session.inboxes.list()  # The sandbox has a task for each connection.
    before = asyncio.all_tasks()
    reading = asyncio.ensure_future(anext(watch))
    await until(lambda: place.clock.next_wake is not None and 5 < place.clock.next_wake < 12)
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    assert asyncio.all_tasks() == before


@standing
@pytest.mark.parametrize("hangs", [False, True])
async def test_a_watch_ends_when_it_is_closed_though_it_waits(place, hangs):
    if hangs:
        place.sandbox.script("list_messages", Hang())
    watch = place.session.watch("messages")

    async def read():
        async with watch:
            return [change async for change in watch]

    reading = asyncio.ensure_future(read())
    await until(lambda: place.polls() and (hangs or (place.clock.next_wake or 99) < 12))
    assert "(open)" in repr(watch)
    await watch.aclose()
    assert await asyncio.wait_for(reading, 5) == []
    assert "Watch of messages (closed)" in repr(watch)
    with pytest.raises(StopAsyncIteration):
        await anext(watch)


@standing
async def test_a_watch_of_a_session_that_is_closed_says_so_at_once(place):
    watch = place.session.watch("messages")
    reading = asyncio.ensure_future(anext(watch))
    await until(lambda: place.polls() and (place.clock.next_wake or 99) < 12)
    await place.session.close()
    with pytest.raises(SessionClosed):
        await asyncio.wait_for(reading, 5)
    with pytest.raises(SessionClosed):
        await anext(watch)


@standing
async def test_two_readers_of_one_watch_are_told_apart(place):
    watch = place.session.watch_batches("messages")
    reading = asyncio.ensure_future(anext(watch))
    await until(place.polls)
    with pytest.raises(SessionError, match="Another task"):
        await anext(watch)
    reading.cancel()
    await asyncio.wait([reading])


async def test_a_checkpoint_that_cannot_be_used_ends_the_watch_before_it_polls(place):
    store = MemoryStore()
    key = f"/{place.team.id}/messages"
    await store.save(key, "{}")
    with pytest.raises(CheckpointError, match="no checkpoint"):
        await first(place.session.watch("messages", store=store))
    await store.save(key, (await _checkpoint(place, "contacts")).to_json())
    with pytest.raises(CheckpointError, match="another feed"):
        await first(place.session.watch("messages", store=store))
    assert not place.polls()
    assert await store.load(key)


async def _checkpoint(place, feed):
    return (await poll_once(place.session, feed)).checkpoint


async def test_a_store_that_cannot_be_used_ends_the_watch_before_it_polls(place, tmp_path):
    with pytest.raises(CheckpointError):
        await first(place.session.watch("messages", store=tmp_path / "none" / "state.db"))
    assert not place.polls()


async def test_commits_that_meet_leave_the_latest_one_in_the_store(place):
    """Two workers that handle batches side by side may commit them in any order, and at once."""

    class Crossed(MemoryStore):
        """What was saved first arrives last."""

        def __init__(self):
            super().__init__()
            self.crossing, self.saves = False, 0

        async def save(self, key, text):
            if self.crossing:
                self.saves += 1
                for _ in range(50 // self.saves):
                    await asyncio.sleep(0)
            await super().save(key, text)

    store = Crossed()
    place.later(place.writes, place.writes)
    watch = place.session.watch_batches("messages", every=1, store=store)
    batches = [await first(watch), await first(watch)]
    store.crossing = True
    await asyncio.gather(*[batch.commit() for batch in batches])
    (text,) = [await store.load(key) for key in store._texts]
    assert text == batches[1].checkpoint.to_json()


async def test_a_commit_that_fails_is_made_again(place):
    class Failing(MemoryStore):
        works = True

        async def save(self, key, text):
            if not self.works:
                raise OSError("full")
            await super().save(key, text)

    store = Failing()
    watch = place.session.watch("messages", store=store)
    place.later(place.writes)
    change = await first(watch)
    store.works = False
    with pytest.raises(OSError, match="full"):
        await first(watch)
    place.later(lambda: place.writes(OTHER))
    store.works = True
    assert (await first(watch)).id == change.id + 1


async def test_watches_of_the_same_feed_have_names_in_a_store(place, tmp_path):
    store = SqliteStore(tmp_path / "state.db")
    one, two = (place.session.watch("messages", store=store, name=name) for name in ("one", "two"))
    for watch in (one, two):
        await nothing_more(place, watch, 1)
    message = place.writes()
    assert (await first(one)).id == (await first(two)).id == message["id"]
    await store.close()


@pytest.mark.parametrize(
    ("feeds", "settings", "says"),
    [
        ([], {}, "name one at least"),
        (["messages", "messages"], {}, "'messages' twice"),
        (["messages", Feed("messages", most=5)], {}, "'messages' twice"),
        (["mesages"], {}, "must be one of"),
        (["schedules"], {}, "no way to list"),
        ([5], {}, "must be one of"),
        (["messages"], {"every": 0.5}, "every must be from 1 to"),
        (["messages"], {"every": True}, "every must be a number"),
        (["messages"], {"every": float("nan")}, "every must be from 1 to 86400 seconds, not nan"),
        (["messages"], {"every": float("inf")}, "every must be from 1 to 86400 seconds, not inf"),
        (["messages"], {"every": "10"}, "every must be a number"),
        (["messages"], {"every": 30, "slowest": 20}, "slowest must not be below every"),
        (["messages"], {"slowest": 1e9}, "slowest must be from"),
        (["messages"], {"since": "yesterday"}, "since"),
        (["messages"], {"since": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)}, "since"),
        (["messages"], {"store": 5}, "two async methods"),
        (["messages"], {"name": 5}, "name must be a str"),
        (["messages"], {"listener": 5}, "listener"),
        (["messages"], {"listener": asyncio.sleep}, "listener must be a plain function"),
    ],
)
async def test_a_watch_that_makes_no_sense_is_refused_at_once(place, feeds, settings, says):
    for make in (place.session.watch, place.session.watch_batches):
        with pytest.raises(ArgumentError, match=says):
            make(*feeds, **settings)
    assert not place.sandbox.requests


async def test_every_may_be_longer_than_the_usual_ceiling(place):
    events = []
    watch = place.session.watch("messages", every=120, listener=events.append)
    place.later(place.writes)
    await first(watch)
    assert 108 <= events[0].next_in <= 132


async def test_a_carriers_report_comes_with_before_and_after(place):
    watch = place.session.watch("messages")
    place.later(place.writes, lambda: place.team.deliver(max(place.team.messages)))
    added, changed = await first(watch), await first(watch)
    assert isinstance(changed, Changed)
    assert (changed.before, changed.after.status) == (added.after, "delivered")


async def test_batches_are_read_like_changes(place):
    place.later(place.writes, lambda: place.writes(OTHER))
    async with place.session.watch_batches("messages") as watch:
        async for batch in watch:
            last = max(change.id for change in batch.changes)
            await batch.commit()
            if last == max(place.team.messages) and not place.clock.meanwhile:
                break
    assert "BatchWatch of messages (closed)" in repr(watch)
    with pytest.raises(StopAsyncIteration):
        await anext(watch)


@pytest.mark.parametrize("error", [OSError("no disk"), TimeoutError()])
async def test_a_store_that_cannot_load_is_asked_again_by_whoever_asks_again(place, error):
    class Failing(MemoryStore):
        works = False

        async def load(self, key):
            if not self.works:
                raise error
            return await super().load(key)

    store = Failing()
    watch = place.session.watch("messages", store=store)
    with pytest.raises(type(error)):
        await first(watch)
    store.works = True
    place.later(place.writes)
    assert isinstance(await first(watch), Added)
    assert len(place.polls("/v1/team")) == 1


async def test_a_watch_of_a_copy_that_is_closed_says_so_with_its_next_pause(place):
    copy = place.session.with_options(user_agent="copy")
    watch = copy.watch("messages")
    place.later(lambda: None)
    reading = asyncio.ensure_future(anext(watch))
    await until(place.polls)
    await copy.close()
    with pytest.raises(SessionClosed):
        await asyncio.wait_for(reading, 5)
    assert not place.session.closed


@pytest.mark.parametrize("known", [True, False])
async def test_a_service_that_needs_a_bound_for_the_first_page_too_is_watched(place, known):
    place.sandbox.variants = Variants(created_at_required=True)
    if not known:
        place.team.messages.clear()
    watch = place.session.watch("messages")
    place.later(lambda: None, place.writes, lambda: place.team.deliver(max(place.team.messages)))
    added, changed = await first(watch), await first(watch)
    assert isinstance(added, Added)
    assert (changed.id, changed.after.status) == (added.id, "delivered")


async def test_a_service_of_which_no_page_can_be_had_is_told_and_not_taken_for_empty(place):
    place.sandbox.variants = Variants(created_at_required=True, message_cursor="from")
    with pytest.raises(BadRequest):
        await first(place.session.watch("messages"))


async def test_a_list_that_is_refused_though_it_needs_no_bound_is_raised_at_once(place):
    place.sandbox.script("list_tags", Reply(400), times=9)
    with pytest.raises(BadRequest):
        await first(place.session.watch("tags"))
    assert len(place.polls("/v1/tags")) == 1
