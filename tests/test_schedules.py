"""Scheduled messages: when they can go, where they go, and how they come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arguments_support import IDS, MANY_PHONES, OPTIONAL_IDS, OPTIONAL_TEXTS, PHONES, TIMES, URLS, refused, table
from fakes import NOON, FakeRunner, fields_that_came, read
from heymarket_async import (
    AsyncSession,
    Attachment,
    GalleryEntry,
    NotFound,
    Schedule,
    ScheduledContent,
    ScheduleMeta,
    WriteResult,
)
from heymarket_async.auth import ApiSecret
from heymarket_async.calls import Effect
from heymarket_async.convert import Reader
from heymarket_async.errors import ArgumentError
from heymarket_async.resources.schedules import (
    CREATE_SCHEDULE,
    DELETE_SCHEDULE,
    GET_SCHEDULE,
    UPDATE_SCHEDULE,
    Schedules,
)

NOW = datetime.fromtimestamp(NOON, UTC)
SOON = NOW + timedelta(minutes=15)
PICTURE = GalleryEntry(url="https://files.example.com/p.png")
FILE = Attachment(name="a.pdf", type="application/pdf", url="https://files.example.com/a.pdf")
NEEDED = {"inbox_id": 413, "execute_at": SOON, "phone_number": "+14155550123", "text": "Later"}
TARGETS = {
    "phone_number": ("+1 (415) 555-0123", {"phone_number": "14155550123"}),
    "conversation_id": (9920, {"conversation_id": 9920}),
    "list_id": (501, {"list_id": 501}),
    "targets": (["+14155550123", "14155550124"], {"targets": ["14155550123", "14155550124"]}),
}


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def schedules(runner):
    return Schedules(runner)


@pytest.fixture(params=["create", "update"])
def write(request, schedules):
    """`create`, or `update` of schedule 7."""
    if request.param == "create":
        return schedules.create
    return lambda **arguments: schedules.update(7, **arguments)


class TestWriting:
    async def test_it_asks_as_the_vendor_does(self, runner, schedules, example):
        runner.clock.set_wall(datetime(2026, 6, 1, 14, 45, tzinfo=UTC).timestamp())
        await schedules.create(
            inbox_id=413,
            execute_at=datetime(2026, 6, 1, 15, tzinfo=UTC),
            phone_number="+1 415 555 0123",
            text="Scheduled follow-up",
            user_id=5,
            local_id="schedule-001",
        )
        assert runner.body == example("create_schedule.request")
        assert (runner.call.operation, runner.call.path) == (CREATE_SCHEDULE, "/v1/schedule")

    def test_it_is_not_repeated_when_nobody_knows_whether_it_was_made(self):
        assert CREATE_SCHEDULE.effect is Effect.SENDS

    async def test_an_update_sends_all_of_it_again(self, runner, schedules):
        await schedules.create(**NEEDED)
        await schedules.update(7, **NEEDED)
        created, updated = runner.calls
        assert updated.body == created.body
        assert (updated.operation, updated.path) == (UPDATE_SCHEDULE, "/v1/schedule/7")
        assert UPDATE_SCHEDULE.effect is Effect.REPEATABLE

    @pytest.mark.parametrize("target", TARGETS)
    async def test_it_goes_to_one_target(self, runner, write, target):
        value, wire = TARGETS[target]
        await write(inbox_id=1, execute_at=SOON, text="Later", **{target: value})
        # Where it goes to one number, the vendor's example has that number in the content too.
        content = {"text": "Later"} | ({"to": "14155550123"} if target == "phone_number" else {})
        assert runner.body == {"inbox_id": 1, "execute_at": "2026-11-01T12:15:00Z", "content": content, **wire}

    async def test_everything_that_it_can_say(self, runner, write):
        await write(
            inbox_id=1,
            execute_at=SOON,
            list_id=5,
            text="A",
            template_id=101,
            gallery=[PICTURE],
            attachments=(FILE,),
        )
        assert runner.body["content"] == {
            "text": "A",
            "template": 101,
            "gallery": [{"url": "https://files.example.com/p.png"}],
            "attachments": [{"name": "a.pdf", "type": "application/pdf", "url": "https://files.example.com/a.pdf"}],
        }

    @pytest.mark.parametrize("content", [{"template_id": 101}, {"gallery": [PICTURE]}, {"attachments": [FILE]}])
    async def test_it_needs_no_text(self, runner, write, content):
        await write(inbox_id=1, execute_at=SOON, list_id=5, **content)
        assert len(runner.body["content"]) == 1

    @pytest.mark.parametrize("content", [{}, {"gallery": []}, {"gallery": (), "attachments": ()}])
    async def test_it_must_say_something(self, runner, write, content):
        await refused(runner, "text", lambda: write(inbox_id=1, execute_at=SOON, list_id=5, **content))

    async def test_it_must_go_somewhere(self, runner, write):
        with pytest.raises(ArgumentError, match="There is no target"):
            await write(inbox_id=1, execute_at=SOON, text="A")
        assert runner.calls == []

    @pytest.mark.parametrize("one", TARGETS)
    @pytest.mark.parametrize("other", TARGETS)
    async def test_it_cannot_go_to_two_targets(self, runner, write, one, other):
        if one != other:
            both = {name: TARGETS[name][0] for name in (one, other)}
            with pytest.raises(ArgumentError, match="exclude each other") as caught:
                await write(inbox_id=1, execute_at=SOON, text="A", **both)
            assert caught.value.argument in both
            assert runner.calls == []

    @table(
        inbox_id=IDS,
        execute_at=[*TIMES, None],
        phone_number=PHONES,
        conversation_id=OPTIONAL_IDS,
        list_id=OPTIONAL_IDS,
        targets=[*MANY_PHONES, *([phone] for phone in PHONES)],
        text=OPTIONAL_TEXTS,
        template_id=OPTIONAL_IDS,
        gallery=[PICTURE, [None], [FILE], *([GalleryEntry(url=url)] for url in URLS)],
        attachments=[FILE, [None], [PICTURE], [Attachment()], *([Attachment(url=url)] for url in URLS)],
        user_id=OPTIONAL_IDS,
        local_id=OPTIONAL_TEXTS,
    )
    async def test_what_makes_no_sense_is_refused(self, runner, write, argument, value):
        arguments = {**NEEDED, argument: value}
        if argument in TARGETS and argument != "phone_number":
            del arguments["phone_number"]
        await refused(runner, argument, lambda: write(**arguments))

    @pytest.mark.parametrize("value", IDS)
    async def test_so_is_an_id_to_update(self, runner, schedules, value):
        await refused(runner, "schedule_id", lambda: schedules.update(value, **NEEDED))


class TestWhen:
    @pytest.mark.parametrize(
        "moment",
        [
            SOON,
            NOW + timedelta(hours=1),
            datetime(2026, 11, 1, 13, 30, tzinfo=timezone(timedelta(hours=1))),
            datetime(2026, 11, 1, 18, tzinfo=timezone(timedelta(hours=5, minutes=45))),
            datetime(2036, 1, 1, tzinfo=UTC),
        ],
    )
    async def test_a_quarter_hour_that_lies_15_minutes_ahead_is_taken(self, runner, write, moment):
        await write(**(NEEDED | {"execute_at": moment}))
        assert datetime.fromisoformat(runner.body["execute_at"]) == moment
        assert runner.body["execute_at"].endswith(":00Z")

    @pytest.mark.parametrize(
        "moment",
        [
            SOON + timedelta(minutes=1),
            SOON + timedelta(seconds=1),
            SOON + timedelta(microseconds=1),
            SOON + timedelta(minutes=15, microseconds=-1),
            datetime.max.replace(tzinfo=UTC),
            # On a quarter hour by a clock on the wall of a place that is 20 minutes off.
            datetime(2026, 11, 1, 18, tzinfo=timezone(timedelta(minutes=20))),
        ],
    )
    async def test_other_moments_are_refused(self, runner, write, moment):
        error = await refused(runner, "execute_at", lambda: write(**(NEEDED | {"execute_at": moment})))
        assert "must be on a quarter hour" in str(error)

    @pytest.mark.parametrize("moment", [NOW, NOW - timedelta(days=1), datetime(1, 1, 1, tzinfo=UTC)])
    async def test_so_are_those_that_are_too_near_or_past(self, runner, write, moment):
        error = await refused(runner, "execute_at", lambda: write(**(NEEDED | {"execute_at": moment})))
        assert "at least 15 minutes ahead" in str(error)
        assert error.advice == "The earliest moment that is possible now is 2026-11-01T12:15:00Z."

    async def test_the_clock_of_the_session_counts(self, runner, write):
        runner.clock.advance(0.5)
        error = await refused(runner, "execute_at", lambda: write(**NEEDED))
        assert "2026-11-01T12:30:00Z" in error.advice

    @given(
        seconds=st.integers(0, 4_000_000_000),
        ahead=st.integers(-9, 9),
        odd=st.sampled_from([0, 0, 1, 60, 899]),
        offset=st.integers(-95, 95),
    )
    def test_the_rule_holds_at_any_time_in_any_zone(self, seconds, ahead, odd, offset):
        runner = FakeRunner()
        runner.clock.set_wall(seconds)
        zone = timezone(timedelta(minutes=15 * offset))
        moment = seconds // 900 * 900 + 900 * ahead + odd
        when = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=moment)).astimezone(zone)
        legal = moment % 900 == 0 and moment - seconds >= 900
        coroutine = Schedules(runner).create(**(NEEDED | {"execute_at": when}))
        try:
            coroutine.send(None)
        except StopIteration:
            assert legal
        except ArgumentError as error:
            assert not legal
            earliest = datetime.fromisoformat(error.advice.split()[-1].rstrip(".")).timestamp()
            assert earliest % 900 == 0
            assert 900 <= earliest - seconds < 1800
        else:
            pytest.fail("it waits for something")


@pytest.mark.parametrize(("method", "operation"), [("get", GET_SCHEDULE), ("delete", DELETE_SCHEDULE)])
class TestOneSchedule:
    async def test_it_is_named_by_its_id(self, runner, schedules, method, operation):
        await getattr(schedules, method)(7)
        assert (runner.call.operation, runner.call.path) == (operation, "/v1/schedule/7")

    @pytest.mark.parametrize("value", IDS)
    async def test_an_id_that_makes_no_sense_is_refused(self, runner, schedules, method, operation, value):
        await refused(runner, "schedule_id", lambda: getattr(schedules, method)(value))


class TestReplies:
    def test_a_schedule(self, example_bytes):
        schedule = read(GET_SCHEDULE, example_bytes("get_schedule.response.documented"))
        made = datetime(2026, 5, 1, 15, tzinfo=UTC)
        assert schedule == Schedule(
            id=1,
            execute_at=datetime(2026, 6, 1, 15, tzinfo=UTC),
            inbox_id=413,
            local_id="schedule-001",
            op="u",
            rev=1,
            created=made,
            updated=made,
            meta=ScheduleMeta(
                campaign_id=0,
                campaign_step_id=0,
                campaign_target_phone="",
                conversation_id=9920,
                list_id=0,
                content=ScheduledContent(
                    text="Scheduled follow-up",
                    to="14155550123",
                    template=101,
                    local_day=0,
                    local_time="",
                    offset=0,
                    attachments=(FILE,),
                    gallery=(
                        GalleryEntry(
                            url="https://files.example.com/p.png",
                            original_url="https://files.example.com/o.png",
                            annotation_text="",
                            annotation_position="",
                        ),
                    ),
                ),
            ),
        )
        assert set(Schedule.__slots__) - {"extra"} - fields_that_came(schedule) == {"team_id", "user_id"}
        assert fields_that_came(schedule.meta) == set(ScheduleMeta.__slots__) - {"extra"}
        assert fields_that_came(schedule.meta.content) == set(ScheduledContent.__slots__) - {"extra"}

    @pytest.mark.parametrize(
        ("template", "template_id"),
        [
            (b"101", 101),
            (b'{"id": 101, "name": "Welcome"}', 101),
            (b'{"name": "Welcome"}', None),
            (b'{"id": "x"}', None),
            (b"0", None),
            (b"null", None),
        ],
    )
    @pytest.mark.parametrize("more", [b"", b', "colour": "red"'], ids=["clean", "with an unknown key"])
    def test_its_template_comes_as_an_id_or_as_an_object(self, template, template_id, more):
        body = b'{"id": 1, "meta": {"content": {"template": ' + template + more + b"}}}"
        content = Reader(strict=True).read(body, GET_SCHEDULE.reply).meta.content
        assert content.template_id == template_id
        assert dict(content.extra) == ({"colour": "red"} if more else {})

    def test_what_was_written(self, example_bytes):
        assert read(CREATE_SCHEDULE, example_bytes("create_schedule.response.observed")) == WriteResult(id=1)
        assert read(UPDATE_SCHEDULE, example_bytes("update_schedule.response.observed")) == WriteResult(id=1)

    def test_whatever_the_service_says_to_a_write_it_is_no_error(self):
        assert read(CREATE_SCHEDULE, b"{}") == read(UPDATE_SCHEDULE, b"{}") == WriteResult()
        assert read(DELETE_SCHEDULE, b'"ok"') == "ok"

    def test_a_repr_shows_neither_the_text_nor_a_number(self, example_bytes):
        shown = repr(read(GET_SCHEDULE, example_bytes("get_schedule.response.documented")))
        assert not any(secret in shown for secret in ("follow-up", "4155550123", "a.pdf"))


async def test_a_schedule_lives_in_the_sandbox(heymarket_sandbox, sandboxed):
    team = heymarket_sandbox.teams[0]
    now = datetime.now(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0)
    made = await sandboxed.schedules.create(
        inbox_id=team.inboxes[0]["id"],
        execute_at=hour + timedelta(hours=2),
        phone_number="+1 510 555 0160",
        text="Later",
        local_id="s-1",
    )
    schedule = await sandboxed.schedules.get(made.id)
    assert (schedule.execute_at, schedule.local_id) == (hour + timedelta(hours=2), "s-1")
    assert (schedule.meta.content.text, schedule.meta.content.to) == ("Later", "15105550160")
    assert schedule.meta.content.template_id is None
    await sandboxed.schedules.update(
        made.id,
        inbox_id=schedule.inbox_id,
        execute_at=hour + timedelta(hours=3),
        targets=["+15105550160", "+15105550161"],
        text="Even later",
    )
    schedule = await sandboxed.schedules.get(made.id)
    assert (schedule.execute_at, schedule.meta.content.text) == (hour + timedelta(hours=3), "Even later")
    await sandboxed.schedules.delete(made.id)
    with pytest.raises(NotFound):
        await sandboxed.schedules.get(made.id)


def test_a_session_has_them():
    assert type(AsyncSession(ApiSecret("id", "key")).schedules) is Schedules
