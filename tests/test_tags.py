"""Tags: how they are made, read and dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from arguments_support import IDS, OPTIONAL_TEXTS, TEXTS, TIMES, refused, table
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import AsyncSession, NotFound, Tag, WriteResult
from heymarket_async.auth import ApiSecret
from heymarket_async.calls import Effect
from heymarket_async.resources.tags import CREATE_TAG, DELETE_TAG, GET_TAG, LIST_TAGS, Tags

CHANGED = datetime(2024, 1, 10, 8, tzinfo=UTC)


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def tags(runner):
    return Tags(runner)


class TestCreate:
    async def test_it_asks_as_the_vendor_does(self, runner, tags, example):
        await tags.create(name="VIP", color="#FFD700")
        assert runner.body == example("create_tag.request")
        assert (runner.call.operation, runner.call.path) == (CREATE_TAG, "/v1/tag")

    async def test_the_service_may_choose_the_colour(self, runner, tags):
        await tags.create(name="VIP")
        assert runner.body == {"tag": "VIP"}

    def test_it_is_not_repeated_when_nobody_knows_whether_it_was_made(self):
        assert CREATE_TAG.effect is Effect.SENDS

    @pytest.mark.parametrize("color", ["#000000", "#abcdef", "#FFF", "#09aF5c"])
    async def test_colours_are_hexadecimal(self, runner, tags, color):
        await tags.create(name="VIP", color=color)
        assert runner.body["color"] == color

    @table(name=TEXTS, color=[*OPTIONAL_TEXTS, "gold", "FFD700", "#FFD70", "#FFD7000", "#GGGGGG", "#FFD700\n"])
    async def test_what_makes_no_sense_is_refused(self, runner, tags, argument, value):
        await refused(runner, argument, lambda: tags.create(**{"name": "VIP", argument: value}))


@pytest.mark.parametrize(("method", "operation"), [("get", GET_TAG), ("delete", DELETE_TAG)])
class TestOneTag:
    async def test_it_is_named_by_its_id(self, runner, tags, method, operation):
        await getattr(tags, method)(55)
        assert (runner.call.operation, runner.call.path) == (operation, "/v1/tag/55")

    @pytest.mark.parametrize("value", IDS)
    async def test_an_id_that_makes_no_sense_is_refused(self, runner, tags, method, operation, value):
        await refused(runner, "tag_id", lambda: getattr(tags, method)(value))


class TestList:
    async def test_the_first_page_asks_for_nothing_in_particular(self, runner, tags, example):
        assert await tags.list().collect() == ()
        assert runner.body == example("list_tags.request.first-page")
        assert (runner.call.operation, runner.call.path) == (LIST_TAGS, "/v1/tags")

    async def test_the_next_page_begins_where_the_last_one_ended(self):
        runner = FakeRunner((Tag(id=2, updated=CHANGED), Tag(id=1, updated=CHANGED - timedelta(days=1))))
        found = await Tags(runner).list().collect()
        assert [tag.id for tag in found] == [2, 1]
        # A second too far: items of one moment must not be lost at the border of a page.
        assert runner.calls[1].body == {"date": "2024-01-09T08:00:01Z"}

    async def test_one_can_begin_in_the_past(self, runner, tags):
        await tags.list(before=datetime(2024, 1, 10, 10, tzinfo=UTC)).page()
        assert runner.calls[0].body == {"date": "2024-01-10T10:00:00Z"}

    async def test_a_pager_goes_on_where_another_stood(self):
        some = (Tag(id=2, updated=CHANGED), Tag(id=1, updated=CHANGED))
        first = Tags(FakeRunner(some)).list(limit=1)
        assert [tag.id for tag in await first.collect()] == [2]
        again = Tags(FakeRunner(some)).list(cursor=first.cursor)
        assert [tag.id for tag in await again.collect()] == [1]

    @table(before=TIMES, limit=[0, -1, True, "5", 1.5], cursor=["", "{}", "null", 5, '{"v":1,"list":"list_templates"}'])
    async def test_what_makes_no_sense_is_refused(self, runner, tags, argument, value):
        await refused(runner, argument, lambda: tags.list(**{argument: value}))


class TestReplies:
    def test_a_tag(self, example_bytes):
        tag = read(GET_TAG, example_bytes("get_tag.response"))
        assert tag == Tag(id=55, name="VIP", color="#FFD700", team_id=7, created=CHANGED, updated=CHANGED, rev=1)
        assert fields_that_came(tag) == set(Tag.__slots__) - {"extra"}

    def test_tags(self, example_bytes):
        assert read(LIST_TAGS, example_bytes("list_tags.response")) == (
            read(GET_TAG, example_bytes("get_tag.response")),
        )

    def test_a_tag_that_was_made(self, example_bytes):
        made = read(CREATE_TAG, example_bytes("create_tag.response"))
        assert made == WriteResult(id=55, rev=1, uuid="a1b2c3d4-e5f6-4890-abcd-ef1234567890")

    def test_whatever_the_service_says_to_a_write_it_is_no_error(self):
        assert read(CREATE_TAG, b"{}") == WriteResult()
        assert read(DELETE_TAG, b'"ok"') == "ok"
        assert read(DELETE_TAG, b'{"deleted": true}') == '{"deleted": true}'


async def test_a_tag_lives_in_the_sandbox(sandboxed):
    made = await sandboxed.tags.create(name="VIP", color="#FFD700")
    tag = await sandboxed.tags.get(made.id)
    assert (tag.id, tag.name, tag.color, tag.rev) == (made.id, "VIP", "#FFD700", made.rev)
    assert tag in await sandboxed.tags.list().collect()
    await sandboxed.tags.delete(made.id)
    with pytest.raises(NotFound):
        await sandboxed.tags.get(made.id)
    assert made.id not in [tag.id async for tag in sandboxed.tags.list()]


def test_a_session_has_them():
    assert type(AsyncSession(ApiSecret("id", "key")).tags) is Tags
