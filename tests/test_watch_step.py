"""One poll: what it tells, and what it keeps."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import attrs
import msgspec
import pytest

from heymarket_async import (
    ArgumentError,
    AsyncSession,
    AttemptEnded,
    CheckpointError,
    EventKind,
    Inbox,
    PermissionDenied,
    ReplyError,
    Retries,
    ServerError,
    Tag,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Ordinary, Reply, Sandbox, Variants
from heymarket_async.sandbox.records import Moment
from heymarket_async.watch import Added, Changed, Checkpoint, Feed, Gap, Removed, poll_once
from heymarket_async.watch.digests import layout_of, whole_of

STREAMS = ("conversations", "messages", "contacts", "templates", "tags", "lists")
FEEDS = ("inboxes", "team", *STREAMS)
NUMBER = "14155550123"
OTHER = "14155550145"


@attrs.frozen
class Place:
    """A sandbox with its clock, its first team, and a session of that team."""

    clock: VirtualClock
    sandbox: Sandbox
    session: AsyncSession

    @property
    def team(self):
        return self.sandbox.teams[0]

    @property
    def inbox(self):
        return self.team.inboxes[0]["id"]

    async def writes(self, number, text="Good morning", after=5):
        self.clock.advance(after)
        return self.team.receive(self.inbox, number, text)


@pytest.fixture
async def place():
    clock = VirtualClock()
    async with Sandbox(clock=clock, rate_limit=None) as sandbox:
        async with AsyncSession(
            sandbox.secret, base_url=sandbox.url, clock=clock, rate_limit=None, strict=True, retries=Retries(attempts=1)
        ) as session:
            yield Place(clock, sandbox, session)


def stored(polled):
    """Return the checkpoint as another process would have it."""
    return Checkpoint.from_json(polled.checkpoint.to_json())


def told(polled):
    return [(type(change), change.id) for change in polled.changes]


@pytest.mark.parametrize("feed", FEEDS)
async def test_the_first_poll_takes_in_what_is_there_and_the_next_tells_nothing(place, feed):
    first = await poll_once(place.session, feed)
    assert first.checkpoint.entries
    second = await poll_once(place.session, feed, stored(first))
    assert (first.changes, second.changes) == ((), ())


@pytest.mark.parametrize("feed", FEEDS)
async def test_all_there_is_comes_when_asked_for_since_long_ago(place, feed):
    polled = await poll_once(place.session, feed, since=datetime(2001, 1, 1, tzinfo=UTC))
    team = place.team
    there = {
        "inboxes": {inbox["id"] for inbox in team.inboxes},
        "team": {member["id"] for member in team.members},
        **{name: set(getattr(team, name)) for name in STREAMS},
    }[feed]
    assert {change.id for change in polled.changes} == there
    assert all(isinstance(change, Added) for change in polled.changes)
    assert (await poll_once(place.session, feed, stored(polled))).changes == ()


async def test_only_what_changed_since_a_moment_comes_first_when_asked_for_it(place):
    await place.writes(NUMBER)
    moment = datetime.fromtimestamp(place.clock.wall() + 1, UTC)
    late = await place.writes(OTHER)
    polled = await poll_once(place.session, "messages", since=moment)
    assert told(polled) == [(Added, late["id"])]


async def test_a_text_from_outside_is_a_message_received_and_one_of_ours_a_message_sent(place):
    first = await poll_once(place.session, "messages")
    theirs = await place.writes(NUMBER)
    place.clock.advance(2)
    inbox = (await place.session.inboxes.list())[0]
    ours = await place.session.messages.send(
        inbox_id=inbox.id, creator_id=inbox.members[0], phone_number=f"+{NUMBER}", text="Hello"
    )
    polled = await poll_once(place.session, "messages", stored(first))
    assert [(change.id, change.kinds) for change in polled.changes] == [
        (theirs["id"], (EventKind.MESSAGE_RECEIVED,)),
        (ours.id, (EventKind.MESSAGE_SENT,)),
    ]


async def test_the_direction_is_known_also_where_the_type_does_not_tell_it(place):
    place.sandbox.variants = Variants(direction_in_type=False)
    first = await poll_once(place.session, "messages")
    await place.writes(NUMBER)
    inbox = (await place.session.inboxes.list())[0]
    member = {"inbox_id": inbox.id, "creator_id": inbox.members[0], "phone_number": f"+{NUMBER}"}
    place.clock.advance(1)
    await place.session.messages.send(**member, text="Hello")
    place.clock.advance(1)
    await place.session.messages.send(**member, text="A note", private=True)
    polled = await poll_once(place.session, "messages", first.checkpoint)
    kinds = [kind for change in polled.changes for kind in change.kinds]
    assert kinds == [EventKind.MESSAGE_RECEIVED, EventKind.MESSAGE_SENT, EventKind.MESSAGE_SENT]


async def test_a_report_of_a_carrier_comes_though_the_message_keeps_its_place(place):
    message = await place.writes(NUMBER)
    first = await poll_once(place.session, "messages")
    for number in range(40):
        await place.writes(f"1415555{number:04d}", after=3)
    second = await poll_once(place.session, "messages", stored(first))
    assert len(second.changes) == 40
    place.clock.advance(60)
    place.team.deliver(message["id"])
    third = await poll_once(place.session, "messages", stored(second))
    (change,) = third.changes
    assert (change.id, change.before, change.after.status) == (message["id"], None, "delivered")
    assert {"status", "updated"} <= set(change.fields)


async def test_a_change_shows_what_was_before_while_the_process_lives(place):
    message = await place.writes(NUMBER)
    first = await poll_once(place.session, "messages")
    place.team.fail(message["id"], "Undeliverable")
    (change,) = (await poll_once(place.session, "messages", first.checkpoint)).changes
    assert (change.before.status, change.after.status) == ("received", "failed")
    changed = {name for name in change.fields if getattr(change.before, name) != getattr(change.after, name)}
    assert changed == set(change.fields)
    assert set(change.fields) >= {"status", "raw_error"}


async def test_no_more_things_are_remembered_whole_than_asked_for(place):
    first = await poll_once(place.session, Feed("contacts", remember=3))
    assert len(first.checkpoint.items) == 3
    newest = max(entry.at for entry in first.checkpoint.entries.values())
    assert any(item.updated == newest for item in first.checkpoint.items.values())
    assert not (await poll_once(place.session, Feed("contacts", remember=0))).checkpoint.items


@pytest.mark.parametrize("pause", [5, 3600])  # Within the overlap, and beyond it.
async def test_what_becomes_of_a_conversation_is_told_in_the_words_of_webhooks(place, pause):
    await place.writes(NUMBER)
    team, inbox, other = place.team, *[each["id"] for each in place.team.inboxes[:2]]
    conversation = max(team.conversations)
    member = team.inboxes[0]["members"][0]
    polled = await poll_once(place.session, "conversations")
    who = {"inbox_id": inbox, "user_id": member}
    heard = []
    for act in (
        lambda: place.session.conversations.reassign(**who, phone_number=f"+{NUMBER}", assignee_id=member),
        lambda: place.session.conversations.close(**who, conversation_id=conversation),
        lambda: place.session.conversations.open(**who, conversation_id=conversation),
        lambda: place.session.conversations.transfer(conversation, inbox_id=other),
    ):
        place.clock.advance(pause)
        await act()
        polled = await poll_once(place.session, "conversations", stored(polled))
        (change,) = polled.changes
        assert isinstance(change, Changed)
        assert change.id == conversation
        heard.append((*change.kinds, change.closed))
    assert heard == [
        (EventKind.CHAT_REASSIGNED, False),
        (EventKind.CHAT_CLOSED, True),
        (EventKind.CHAT_OPENED, False),
        (EventKind.CHAT_TRANSFERRED, False),
    ]


async def test_of_two_views_of_a_conversation_the_later_one_counts(place):
    first = await poll_once(place.session, "conversations")
    await place.writes(NUMBER)
    stale = {"id": max(place.team.conversations), "updated": "2020-01-01T00:00:00Z"}
    place.sandbox.script("list_conversations", Ordinary(), Reply(200, json.dumps([stale]).encode()))
    (change,) = (await poll_once(place.session, "conversations", first.checkpoint)).changes
    assert (change.kinds, change.closed) == ((EventKind.CHAT_OPENED,), False)


async def test_a_conversation_that_waits_is_pending(place):
    await place.writes(NUMBER)
    first = await poll_once(place.session, "conversations")
    place.clock.advance(5)
    record = place.team.conversations[max(place.team.conversations)]
    place.team.conversations.change(record, place.team._now(), {"status": "pending"})
    (change,) = (await poll_once(place.session, "conversations", first.checkpoint)).changes
    assert change.kinds == (EventKind.CHAT_PENDING,)


async def test_a_new_conversation_is_opened_or_closed_as_it_stands(place):
    first = await poll_once(place.session, "conversations")
    await place.writes(NUMBER)
    polled = await poll_once(place.session, "conversations", first.checkpoint)
    assert [(type(change), change.kinds, change.closed) for change in polled.changes] == [
        (Added, (EventKind.CHAT_OPENED,), False)
    ]
    await place.writes(OTHER)
    place.team.conversations[max(place.team.conversations)]["status"] = "closed"
    polled = await poll_once(place.session, "conversations", polled.checkpoint)
    assert [(type(change), change.kinds, change.closed) for change in polled.changes] == [
        (Added, (EventKind.CHAT_CLOSED,), True)
    ]


async def test_a_conversation_that_was_never_seen_has_changed_in_ways_that_nobody_knows(place):
    await place.writes(NUMBER)
    old = max(place.team.conversations)
    place.clock.advance(3600)
    for number in range(40):
        await place.writes(f"1415555{number:04d}", after=60)
    first = await poll_once(place.session, Feed("conversations", keep=0))
    assert old not in first.checkpoint.entries
    await place.writes(NUMBER)
    (change,) = (await poll_once(place.session, Feed("conversations", keep=0), stored(first))).changes
    assert isinstance(change, Changed)
    assert (change.id, change.fields, change.before, change.kinds) == (old, None, None, ())


async def test_conversations_of_a_new_inbox_come_too(place):
    polled = await poll_once(place.session, "conversations")
    fresh = {**place.team.inboxes[0], "id": 99_001, "name": "New"}
    place.team.inboxes = [*place.team.inboxes, fresh]
    place.clock.advance(5)
    place.team.receive(99_001, NUMBER, "Is anybody there?")
    for _ in range(31):
        place.clock.advance(10)
        polled = await poll_once(place.session, "conversations", polled.checkpoint)
        if polled.changes:
            break
    (change,) = polled.changes
    assert change.after.inbox_id == 99_001
    lists = [request for request in place.sandbox.requests if request.path == "/v1/inboxes"]
    assert len(lists) == 2


async def test_an_inbox_that_is_gone_stops_nothing(place):
    polled = await poll_once(place.session, "conversations")
    gone = place.team.inboxes[-1]["id"]
    place.team.inboxes = place.team.inboxes[:-1]
    await place.writes(NUMBER)
    polled = await poll_once(place.session, "conversations", stored(polled))
    assert len(polled.changes) == 1
    assert gone not in polled.checkpoint.inboxes


async def test_a_refusal_that_the_inboxes_do_not_explain_is_raised(place):
    polled = await poll_once(place.session, "conversations")
    place.sandbox.script("list_conversations", Reply(403), times=2)
    with pytest.raises(PermissionDenied):
        await poll_once(place.session, "conversations", polled.checkpoint)
    place.sandbox.script("list_conversations", Reply(403))
    with pytest.raises(PermissionDenied):
        await poll_once(place.session, Feed("conversations", inboxes=[place.inbox]))


@pytest.mark.parametrize("precision", ["microseconds", "seconds"])
async def test_without_an_overlap_what_shares_the_newest_time_comes_all_the_same(place, precision):
    place.sandbox.variants = Variants(precision=precision)
    feeds = [Feed(name, overlap=timedelta(0)) for name in ("messages", "conversations")]
    await place.writes(NUMBER)
    first = [await poll_once(place.session, feed) for feed in feeds]
    message = await place.writes(OTHER, after=0)
    second = [await poll_once(place.session, feed, stored(polled)) for feed, polled in zip(feeds, first, strict=True)]
    assert [told(polled) for polled in second] == [[(Added, message["id"])], [(Added, message["_conversation"])]]
    for feed, polled in zip(feeds, second, strict=True):
        assert (await poll_once(place.session, feed, stored(polled))).changes == ()


@pytest.mark.parametrize("status", ["closed", "open"])
async def test_what_closes_or_opens_while_the_lists_are_fetched_is_not_lost(place, status):
    await place.writes(NUMBER)
    record = place.team.conversations[max(place.team.conversations)]
    record["status"] = "open" if status == "closed" else "closed"
    polled = await poll_once(place.session, "conversations")
    lists = 0

    def between_the_lists(event):
        nonlocal lists
        if isinstance(event, AttemptEnded) and event.operation == "list_conversations":
            lists += 1
            if lists == 1:
                place.clock.advance(3)
                place.team.conversations.change(record, place.team._now(), {"status": status})

    session = place.session.with_options(listeners=[between_the_lists])
    heard = []
    for _ in range(2):
        polled = await poll_once(session, "conversations", stored(polled))
        heard += [(change.id, change.closed) for change in polled.changes]
    assert heard == [(record["id"], status == "closed")]


async def test_a_checkpoint_stays_small(place):
    polled = await poll_once(place.session, Feed("messages", keep=10))
    for number in range(150):
        await place.writes(f"1415555{number:04d}", after=30)
    polled = await poll_once(place.session, Feed("messages", keep=10), polled.checkpoint)
    assert len(polled.changes) == 150
    assert len(polled.checkpoint.entries) == 21 + 10  # The last ten minutes, and the latest of the others.
    latest = sorted(place.team.messages)[-31:]
    assert sorted(polled.checkpoint.entries) == latest


@pytest.mark.parametrize("quiet", ["closed", "open"])
async def test_a_checkpoint_of_conversations_stays_small_though_one_of_its_lists_is_quiet(place, quiet):
    busy = {"closed": "open", "open": "closed"}[quiet]
    place.team.conversations.clear()
    await place.writes(NUMBER)
    (first,) = place.team.conversations.values()
    place.team.conversations.change(first, place.team._now(), {"status": quiet})
    feed = Feed("conversations", keep=10)
    polled, found = await poll_once(place.session, feed), []
    for number in range(60):
        await place.writes(f"1415555{number:04d}", after=60)
        place.team.conversations[max(place.team.conversations)]["status"] = busy
        polled = await poll_once(place.session, feed, stored(polled))
        found += told(polled)
    assert found == [(Added, key) for key in sorted(place.team.conversations)[1:]]
    assert len(polled.checkpoint.entries) <= 10 + 3 + 1  # Two minutes of the busy list, and the quiet one.
    place.clock.advance(60)
    old = sorted(place.team.conversations)[1]  # It was told an hour ago, and is not kept any more.
    place.team.conversations.change(place.team.conversations[old], place.team._now(), {"status": quiet})
    (change,) = (await poll_once(place.session, feed, stored(polled))).changes
    assert isinstance(change, Changed)
    assert (change.id, change.fields, change.closed) == (old, None, quiet == "closed")


async def test_a_checkpoint_that_does_not_say_where_conversations_stood_is_read(place):
    await place.writes(NUMBER)
    polled = await poll_once(place.session, "conversations")
    raw = msgspec.json.decode(polled.checkpoint.to_json())
    for entry in raw["entries"].values():
        del entry[3:]  # As this library wrote it before.
    old = Checkpoint.from_json(msgspec.json.encode(raw).decode())
    assert (await poll_once(place.session, "conversations", old)).changes == ()
    place.clock.advance(5)
    key = max(place.team.conversations)
    place.team.conversations.change(place.team.conversations[key], place.team._now(), {"status": "closed"})
    (change,) = (await poll_once(place.session, "conversations", old)).changes
    assert (change.id, change.kinds) == (key, (EventKind.CHAT_CLOSED,))


async def test_only_chosen_inboxes_are_watched(place):
    first, second = (inbox["id"] for inbox in place.team.inboxes[:2])
    feed = Feed("conversations", inboxes=[second])
    polled = await poll_once(place.session, feed)
    place.clock.advance(5)
    place.team.receive(first, NUMBER, "to the first")
    place.team.receive(second, OTHER, "to the second")
    polled = await poll_once(place.session, feed, polled.checkpoint)
    assert [change.after.inbox_id for change in polled.changes] == [second]
    assert not [request for request in place.sandbox.requests if request.path == "/v1/inboxes"]


async def test_a_team_without_inboxes_has_no_conversations(place):
    place.team.inboxes = []
    first = await poll_once(place.session, "conversations")
    assert not [request for request in place.sandbox.requests if request.path == "/v1/conversations"]
    place.team.inboxes = [{"id": 99_001, "name": "First", "members": [1]}]
    place.clock.advance(5)
    place.team.receive(99_001, NUMBER, "Hello")
    polled = await poll_once(place.session, Feed("conversations", overlap=timedelta(0)), first.checkpoint)
    assert [type(change) for change in polled.changes] == [Added]


async def test_inboxes_and_members_are_added_changed_and_removed(place):
    first = await poll_once(place.session, "inboxes")
    renamed, gone, *rest = place.team.inboxes
    place.team.inboxes = [{**renamed, "name": "Renamed"}, *rest, {"id": 77, "name": "New"}]
    polled = await poll_once(place.session, "inboxes", first.checkpoint)
    assert sorted(told(polled), key=str) == sorted(
        [(Removed, gone["id"]), (Changed, renamed["id"]), (Added, 77)], key=str
    )
    removed = polled.changes[0]
    assert isinstance(removed, Removed)
    assert isinstance(removed.before, Inbox)
    (change,) = [change for change in polled.changes if isinstance(change, Changed)]
    assert (change.fields, change.before.name, change.after.name) == (("name",), renamed["name"], "Renamed")
    again = await poll_once(place.session, "inboxes", stored(first))
    assert told(again) == told(polled)
    assert again.changes[0].before is None

    members = await poll_once(place.session, "team")
    place.team.members = place.team.members[1:]
    assert [type(change) for change in (await poll_once(place.session, "team", members.checkpoint)).changes] == [
        Removed
    ]


async def test_a_contact_that_opts_out_is_told_so(place):
    place.sandbox.variants = Variants(contact_opt_outs=True)
    first = await poll_once(place.session, "contacts")
    contact = min(first.checkpoint.entries)
    number = place.team.contacts[contact]["phone"]
    place.clock.advance(5)
    place.team.unsubscribed[number] = "contact"
    place.team.contacts.change(place.team.contacts[contact], place.team._now())
    second = await poll_once(place.session, "contacts", first.checkpoint)
    assert [change.kinds for change in second.changes] == [(EventKind.TARGET_OPT_OUT,)]
    place.clock.advance(5)
    del place.team.unsubscribed[number]
    place.team.contacts.change(place.team.contacts[contact], place.team._now())
    third = await poll_once(place.session, "contacts", second.checkpoint)
    assert [change.kinds for change in third.changes] == [(EventKind.TARGET_OPT_IN,)]


async def test_a_new_tag_is_added_and_a_changed_template_has_changed(place):
    tags, templates = await poll_once(place.session, "tags"), await poll_once(place.session, "templates")
    place.clock.advance(5)
    tag = await place.session.tags.create(name="VIP")
    template = max(place.team.templates)
    await place.session.templates.update(template, name="Another name", text="Hello")
    assert told(await poll_once(place.session, "tags", tags.checkpoint)) == [(Added, tag.id)]
    polled = await poll_once(place.session, "templates", stored(templates))
    assert told(polled) == [(Changed, template)]
    assert set(polled.changes[0].fields) >= {"name", "rev", "updated"}


@pytest.mark.parametrize("rev", [1, 2])
async def test_without_a_time_of_making_the_first_revision_tells_what_is_new(place, rev):
    first = await poll_once(place.session, "tags")
    place.clock.advance(5)
    record = place.team.tags.add(place.team._now(), {"tag": "VIP", "color": "#FFFFFF"})
    del record["created"]
    record["rev"] = rev
    assert told(await poll_once(place.session, "tags", first.checkpoint)) == [
        (Added if rev == 1 else Changed, record["id"])
    ]


@pytest.mark.parametrize("cursor", ["before", "from", "follows_order"])
async def test_a_walk_that_is_too_long_tells_of_the_gap_and_the_next_goes_on_from_the_front(place, cursor):
    place.sandbox.variants = Variants(message_cursor=cursor)
    feed = Feed("messages", most=60)
    first = await poll_once(place.session, feed)
    there = [await place.writes(f"1415555{number:04d}", after=3) for number in range(200)]
    polled = await poll_once(place.session, feed, stored(first))
    gap, *changes = polled.changes
    assert isinstance(gap, Gap)
    assert gap.feed == "messages"
    got = {change.id for change in changes}
    assert 50 <= len(got) <= 120
    missed = [message for message in there if message["id"] not in got]
    times = [datetime.fromtimestamp(message["date"] / 1_000_000, UTC) for message in missed]
    assert missed
    assert all(gap.since <= time <= gap.until for time in times)
    latest = await place.writes(NUMBER)
    for most in (60, 1000):
        assert told(await poll_once(place.session, Feed("messages", most=most), stored(polled))) == [
            (Added, latest["id"])
        ]


async def test_an_overlap_of_many_things_is_cut_and_is_no_gap(place):
    feed = Feed("messages", most=60)
    polled = await poll_once(place.session, feed)
    for _ in range(6):
        there = [(await place.writes(f"1415555{number:04d}", after=1))["id"] for number in range(40)]
        polled = await poll_once(place.session, feed, stored(polled))
        assert [change.id for change in polled.changes] == there


@pytest.mark.parametrize("cursor", ["before", "from", "follows_order"])
@pytest.mark.parametrize("precision", ["microseconds", "milliseconds", "seconds"])
async def test_a_thousand_messages_since_the_last_poll_come_whichever_way_the_bound_is_read(place, cursor, precision):
    place.sandbox.variants = Variants(message_cursor=cursor, precision=precision)
    first = await poll_once(place.session, "messages")
    place.clock.advance(3600)
    there = [(await place.writes(f"1415555{number:04d}", after=0.3))["id"] for number in range(300)]
    before = len(place.sandbox.requests)
    polled = await poll_once(place.session, "messages", stored(first))
    assert [change.id for change in polled.changes] == there
    assert len(place.sandbox.requests) - before < 20


async def test_no_more_is_fetched_than_needed(place):
    for number in range(60):
        await place.writes(f"1415555{number:04d}", after=60)
    first = await poll_once(place.session, "messages")
    team = first.checkpoint.team
    before = len(place.sandbox.requests)
    await poll_once(place.session, "messages", first.checkpoint, team=team)
    assert len(place.sandbox.requests) - before == 1


async def test_a_message_dated_in_the_future_hides_nothing(place):
    place.clock.advance(60)
    message = await place.writes(NUMBER)
    record = place.team.messages[message["id"]]
    record["date"] = Moment(record["date"] + 86_400_000_000)
    first = await poll_once(place.session, "messages")
    late = await place.writes(OTHER)
    assert told(await poll_once(place.session, "messages", stored(first))) == [(Added, late["id"])]


async def test_an_empty_feed_is_watched_from_its_first_poll_on(place):
    place.team.messages.clear()
    first = await poll_once(place.session, "messages")
    message = await place.writes(NUMBER)
    assert told(await poll_once(place.session, "messages", stored(first))) == [(Added, message["id"])]


async def test_where_no_answer_has_a_date_an_empty_feed_is_watched_all_the_same(place):
    place.team.messages.clear()
    place.sandbox.script("*", Reply(200, b'{"id": 5}', headers={"Date": None}))
    place.sandbox.script("list_messages", Reply(200, b"[]", headers={"Date": None}))
    first = await poll_once(place.session, "messages", team=None)
    assert place.session.service_time() is None
    message = await place.writes(NUMBER)
    polled = await poll_once(place.session, "messages", stored(first), team=5)
    assert told(polled) == [(Added, message["id"])]


async def test_an_error_on_the_way_loses_nothing(place):
    first = await poll_once(place.session, "messages")
    message = await place.writes(NUMBER)
    place.sandbox.script("list_messages", Reply(500), times=10)
    with pytest.raises(ServerError):
        await poll_once(place.session, "messages", first.checkpoint)
    place.sandbox.clear_script()
    assert told(await poll_once(place.session, "messages", first.checkpoint)) == [(Added, message["id"])]


async def test_the_local_clock_plays_no_part(place):
    first = await poll_once(place.session, "messages")
    place.sandbox.skew = 86_400.0
    message = await place.writes(NUMBER)
    second = await poll_once(place.session, "messages", stored(first))
    assert told(second) == [(Added, message["id"])]
    place.clock.set_wall(place.clock.wall() - 50_000)
    place.sandbox.skew = 86_400.0 + 50_000
    message = await place.writes(OTHER)
    assert told(await poll_once(place.session, "messages", stored(second))) == [(Added, message["id"])]


async def test_a_checkpoint_holds_nothing_personal(place):
    await place.writes(NUMBER, "Where is my parcel?")
    for feed in FEEDS:
        text = (await poll_once(place.session, feed)).checkpoint.to_json()
        for word in (NUMBER, NUMBER[1:], "parcel", "4155550", *(member["name"] for member in place.team.members)):
            assert word not in text


async def test_a_checkpoint_of_another_team_feed_or_scope_is_refused(place):
    polled = await poll_once(place.session, "messages")
    other = place.session.as_account(place.sandbox.teams[1].secret)
    with pytest.raises(CheckpointError, match="another team"):
        await poll_once(other, "messages", polled.checkpoint)
    with pytest.raises(CheckpointError, match="another feed"):
        await poll_once(place.session, "contacts", polled.checkpoint)
    conversations = await poll_once(place.session, "conversations")
    with pytest.raises(CheckpointError, match="settings of the feed"):
        await poll_once(place.session, Feed("conversations", inboxes=[place.inbox]), conversations.checkpoint)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no checkpoint"),
        ("{", "no checkpoint"),
        ("[]", "no checkpoint"),
        ('{"v": 1}', "no checkpoint"),
        ('{"kind": "heymarket_async checkpoint", "v": 99}', "version 99"),
        ('{"kind": "heymarket_async checkpoint", "v": 1, "team": "x"}', "damaged"),
        (None, "no checkpoint"),
        ("[" * 100_000, "no checkpoint"),
    ],
)
def test_what_is_no_checkpoint_of_this_version_is_refused_with_advice(text, says):
    with pytest.raises(CheckpointError, match=says) as caught:
        Checkpoint.from_json(text)
    assert "since=" in str(caught.value)
    assert caught.value.__context__ is None


async def test_a_field_that_a_newer_library_knows_is_no_change(place):
    message = await place.writes(NUMBER)
    first = await poll_once(place.session, "messages")
    raw = msgspec.json.decode(first.checkpoint.to_json())
    # As a library would have written it that knew of no `channel`.
    at = raw["layout"].index("channel")
    raw["layout"].remove("channel")
    for entry in raw["entries"].values():
        marks = msgspec.convert(entry[2], bytes)
        entry[1] = "AAAAAAAAAAAA"
        entry[2] = msgspec.to_builtins(marks[: at * 3] + marks[at * 3 + 3 :])
    older = Checkpoint.from_json(msgspec.json.encode(raw).decode())
    second = await poll_once(place.session, "messages", older)
    assert second.changes == ()
    place.clock.advance(5)
    place.team.deliver(message["id"])
    (change,) = (await poll_once(place.session, "messages", older)).changes
    assert set(change.fields) == {"status", "updated"}
    gone = min(place.team.messages)
    del place.team.messages[gone]
    third = await poll_once(place.session, "messages", older)
    assert third.checkpoint.entries[gone].marks == b""
    place.team.messages[gone] = {**place.team.messages[message["id"]], "id": gone}
    (change,) = (await poll_once(place.session, "messages", third.checkpoint)).changes
    assert (change.id, change.fields) == (gone, None)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Feed("mesages"), "must be one of 'inboxes'"),
        (lambda: Feed(7), "must be one of"),
        (lambda: Feed("schedules"), "no way to list schedules"),
        (lambda: Feed("messages", overlap=10), "must be a timedelta"),
        (lambda: Feed("messages", overlap=timedelta(seconds=-1)), "from 0 to 7 days"),
        (lambda: Feed("messages", overlap=timedelta(days=8)), "from 0 to 7 days"),
        (lambda: Feed("inboxes", overlap=timedelta(minutes=1)), "fetched whole"),
        (lambda: Feed("messages", inboxes=[1]), "only for conversations"),
        (lambda: Feed("conversations", inboxes=[0]), r"inboxes\[0\]"),
        (lambda: Feed("conversations", inboxes=7), "inboxes"),
        (lambda: Feed("messages", user_id=4), "only for conversations"),
        (lambda: Feed("messages", most=0), "most"),
        (lambda: Feed("messages", keep=-1), "keep"),
        (lambda: Feed("messages", remember=1.5), "remember"),
    ],
)
def test_a_feed_that_makes_no_sense_is_refused(make, says):
    with pytest.raises(ArgumentError, match=says):
        make()


async def test_a_poll_that_makes_no_sense_sends_nothing(place):
    polled = await poll_once(place.session, "tags")
    before = len(place.sandbox.requests)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for ask in (
        poll_once(place.session, "nothing"),
        poll_once(place.session, "tags", polled.checkpoint, since=moment),
        poll_once(place.session, "tags", since=moment.replace(tzinfo=None)),
        poll_once(place.session, "tags", since=5),
        poll_once(place.session, "tags", polled.checkpoint.to_json()),
        poll_once(place.session, "tags", team="2001"),
        poll_once(place.session, "tags", team=0),
    ):
        with pytest.raises(ArgumentError):
            await ask
    assert len(place.sandbox.requests) == before


async def test_the_parts_of_a_message_that_change_without_it_are_no_change(place):
    await place.writes(NUMBER)
    first = await poll_once(place.session, "messages")
    conversation = place.team.conversations[max(place.team.conversations)]
    place.clock.advance(3)
    place.team.conversations.change(conversation, place.team._now(), {"assigned": 5001})
    assert (await poll_once(place.session, "messages", first.checkpoint)).changes == ()


HALF_AN_EMOJI = "Good morning \ud83d"


async def test_half_an_emoji_stops_nothing(place):
    """A text that was cut in the middle of an emoji: JSON can say it, UTF-8 cannot."""
    polled = await poll_once(place.session, "messages")
    for fields, status in (((), "sent"), (("status",), "delivered")):
        message = {"id": 7, "text": HALF_AN_EMOJI, "status": status, "date": "2099-01-01T00:00:00Z"}
        place.sandbox.script("list_messages", Reply(200, json.dumps([message]).encode()), times=2)
        polled = await poll_once(place.session, "messages", stored(polled))
        (change,) = polled.changes
        assert change.after.text == HALF_AN_EMOJI
        assert isinstance(change, Changed) == bool(fields)
        assert getattr(change, "fields", ()) == fields
        assert (await poll_once(place.session, "messages", stored(polled))).changes == ()


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59Z"])
async def test_a_time_at_the_end_of_the_calendar_stops_nothing(place, date):
    place.sandbox.script("list_messages", Reply(200, json.dumps([{"id": 7, "date": date}]).encode()), times=4)
    first = await poll_once(place.session, "messages")
    assert (await poll_once(place.session, "messages", stored(first))).changes == ()
    place.sandbox.script("list_messages", Reply(200, b"[]"), times=4)
    later = await poll_once(place.session, "messages", stored(first))
    assert later.changes == ()


async def test_things_without_a_time_come_once_however_little_is_kept(place):
    feed = Feed("messages", keep=1)
    polled = await poll_once(place.session, feed)
    found = []
    place.sandbox.script("list_messages", Reply(200, json.dumps([{"id": n} for n in range(7, 12)]).encode()), times=3)
    for _ in range(3):
        polled = await poll_once(place.session, feed, stored(polled))
        found += [change.id for change in polled.changes]
    assert sorted(found) == [*range(7, 12)]
    polled = await poll_once(place.session, feed, stored(polled))
    assert len(polled.checkpoint.entries.keys() & {*range(7, 12)}) <= 1  # They are not in the list any more.


@pytest.mark.parametrize("answer", [{}, {"members": None}, {"members": "none of them"}, {"members": []}])
async def test_an_answer_that_does_not_say_who_belongs_to_the_team_removes_nobody(place, answer):
    first = await poll_once(place.session, "team")
    place.sandbox.script("get_team", Reply(200, json.dumps({"id": place.team.id} | answer).encode()))
    async with AsyncSession(place.sandbox.secret, base_url=place.sandbox.url, clock=place.clock) as tolerant:
        with pytest.raises(ReplyError, match="who belongs"):
            await poll_once(tolerant, "team", first.checkpoint, team=place.team.id)
    assert (await poll_once(place.session, "team", first.checkpoint)).changes == ()


def test_a_field_of_a_kind_that_no_model_has_is_no_field_to_digest():
    with pytest.raises(NotImplementedError, match="object"):
        whole_of(Tag(id=1, name=object()), None, layout_of(Tag))


def test_the_words_are_those_of_webhooks():
    assert EventKind("message_recieved") is EventKind.MESSAGE_RECEIVED
    assert EventKind("something_new") == "something_new"
