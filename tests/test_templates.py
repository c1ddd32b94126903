"""Templates: how they are made, read, replaced and dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from arguments_support import FLAGS, IDS, OPTIONAL_TEXTS, TEXTS, TIMES, URLS, refused, table
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import AsyncSession, Attachment, GalleryContent, GalleryEntry, NotFound, Template, WriteResult
from heymarket_async.auth import ApiSecret
from heymarket_async.calls import Effect
from heymarket_async.resources.templates import (
    CREATE_TEMPLATE,
    DELETE_TEMPLATE,
    GET_TEMPLATE,
    LIST_TEMPLATES,
    UPDATE_TEMPLATE,
    Templates,
)
from heymarket_async.values import Extra

HELLO = "Hello {{first_name}} {{last_name}}, welcome."
PICTURE = GalleryEntry(url="https://files.example.com/p.png")
CHANGED = datetime(2024, 1, 10, 8, tzinfo=UTC)
WRONG_PICTURES = [
    PICTURE,
    {PICTURE},
    [None],
    ["https://files.example.com/p.png"],
    [{"url": "https://files.example.com/p.png"}],
    [Attachment(url="https://files.example.com/p.png")],
    [GalleryEntry()],
    *([GalleryEntry(url=url)] for url in URLS),
    [PICTURE, GalleryEntry(url=PICTURE.url, annotation_text=5)],
]
WRITTEN = {
    "name": TEXTS,
    "text": OPTIONAL_TEXTS,
    "gallery": WRONG_PICTURES,
    "archived": FLAGS,
    "local_id": OPTIONAL_TEXTS,
}


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def templates(runner):
    return Templates(runner)


class TestCreate:
    async def test_it_asks_as_the_vendor_does(self, runner, templates, example):
        wanted = example("create_template.request")
        await templates.create(name="Welcome message", text=HELLO, local_id=wanted["local_id"])
        assert runner.body == wanted
        assert (runner.call.operation, runner.call.path) == (CREATE_TEMPLATE, "/v1/template")

    def test_it_is_not_repeated_when_nobody_knows_whether_it_was_made(self):
        assert CREATE_TEMPLATE.effect is Effect.SENDS

    async def test_pictures_go_with_the_text_or_stand_alone(self, runner, templates):
        both = GalleryEntry(
            url="https://files.example.com/p.png",
            original_url="https://files.example.com/o.png",
            annotation_text="",
            annotation_position="top",
        )
        await templates.create(name="A", text="B", gallery=(both,))
        await templates.create(name="A", gallery=[PICTURE], archived=True)
        assert [call.body for call in runner.calls] == [
            {
                "title": "A",
                "content": {
                    "text": "B",
                    "gallery": [
                        {
                            "url": "https://files.example.com/p.png",
                            "original_url": "https://files.example.com/o.png",
                            "annotation_text": "",
                            "annotation_position": "top",
                        }
                    ],
                },
                "archived": False,
            },
            {
                "title": "A",
                "content": {"gallery": [{"url": "https://files.example.com/p.png"}]},
                "archived": True,
            },
        ]

    @pytest.mark.parametrize("content", [{}, {"gallery": []}])
    async def test_a_template_that_says_nothing_is_refused(self, runner, templates, content):
        await refused(runner, "text", lambda: templates.create(name="A", **content))

    @table(**WRITTEN)
    async def test_what_makes_no_sense_is_refused(self, runner, templates, argument, value):
        await refused(runner, argument, lambda: templates.create(**{"name": "A", "text": "B", argument: value}))

    async def test_the_place_of_a_wrong_picture_is_named(self, runner, templates):
        pictures = [PICTURE, GalleryEntry(url=PICTURE.url, original_url=5)]
        error = await refused(runner, "gallery", lambda: templates.create(name="A", gallery=pictures))
        assert error.argument == "gallery[1].original_url"


class TestUpdate:
    async def test_it_sends_all_of_it_again(self, runner, templates):
        await templates.update(101, name="A", text="B", gallery=[PICTURE], archived=True, local_id="t-1")
        assert runner.body == {
            "title": "A",
            "content": {"text": "B", "gallery": [{"url": "https://files.example.com/p.png"}]},
            "archived": True,
            "local_id": "t-1",
        }
        assert (runner.call.operation, runner.call.path) == (UPDATE_TEMPLATE, "/v1/template/101")
        assert UPDATE_TEMPLATE.effect is Effect.REPEATABLE

    async def test_what_is_left_out_is_not_sent(self, runner, templates):
        await templates.update(101, name="A", text="B")
        assert runner.body == {"title": "A", "content": {"text": "B"}}

    async def test_what_was_read_can_be_written_back_with_keys_that_nobody_knows(self, runner, templates):
        picture = GalleryEntry(url=PICTURE.url, annotation_text="Sale", extra=Extra({"width": 640}))
        template = Template(id=101, name="A", content=GalleryContent(text="B", gallery=(picture,)))
        await templates.update(
            template.id, name=template.name, text=template.content.text, gallery=template.content.gallery
        )
        assert runner.body["content"]["gallery"] == [
            {"url": "https://files.example.com/p.png", "annotation_text": "Sale", "width": 640}
        ]

    async def test_pictures_can_be_taken_away(self, runner, templates):
        await templates.update(101, name="A", text="B", gallery=())
        assert runner.body["content"] == {"text": "B", "gallery": []}

    @table(template_id=IDS, **(WRITTEN | {"local_id": TEXTS}))
    async def test_what_makes_no_sense_is_refused(self, runner, templates, argument, value):
        arguments = {"template_id": 101, "name": "A", "text": "B", argument: value}
        await refused(runner, argument, lambda: templates.update(**arguments))


@pytest.mark.parametrize(("method", "operation"), [("get", GET_TEMPLATE), ("delete", DELETE_TEMPLATE)])
class TestOneTemplate:
    async def test_it_is_named_by_its_id(self, runner, templates, method, operation):
        await getattr(templates, method)(101)
        assert (runner.call.operation, runner.call.path) == (operation, "/v1/template/101")

    @pytest.mark.parametrize("value", IDS)
    async def test_an_id_that_makes_no_sense_is_refused(self, runner, templates, method, operation, value):
        await refused(runner, "template_id", lambda: getattr(templates, method)(value))


class TestList:
    async def test_the_first_page_asks_for_nothing_in_particular(self, runner, templates, example):
        assert await templates.list().collect() == ()
        assert runner.body == example("list_templates.request.first-page")
        assert (runner.call.operation, runner.call.path) == (LIST_TEMPLATES, "/v1/templates")

    async def test_the_next_page_begins_where_the_last_one_ended(self):
        runner = FakeRunner((Template(id=2, updated=CHANGED), Template(id=1, updated=CHANGED - timedelta(days=1))))
        found = await Templates(runner).list().collect()
        assert [template.id for template in found] == [2, 1]
        assert runner.calls[1].body == {"date": "2024-01-09T08:00:01Z"}

    async def test_one_can_begin_in_the_past(self, runner, templates):
        await templates.list(before=CHANGED).page()
        assert runner.calls[0].body == {"date": "2024-01-10T08:00:00Z"}

    @table(before=TIMES, limit=[0, -1, True, "5"], cursor=["", "{}", 5])
    async def test_what_makes_no_sense_is_refused(self, runner, templates, argument, value):
        await refused(runner, argument, lambda: templates.list(**{argument: value}))


class TestReplies:
    def test_a_template(self, example_bytes):
        template = read(GET_TEMPLATE, example_bytes("get_template.response.documented"))
        assert template == Template(
            id=101,
            name="Welcome message",
            local_id="88ae517b-ff42-4ef2-958d-86b27db6b21c",
            content=GalleryContent(text=HELLO),
            shared=True,
            archived=False,
            rev=1,
        )

    def test_every_field_of_a_template(self):
        template = read(
            GET_TEMPLATE,
            b"""{
                "id": 1, "name": "A", "local_id": "b", "team_id": 2, "creator_id": 3, "rev": 4, "op": "u",
                "content": {
                    "text": "C",
                    "gallery": [{"url": "u", "original_url": "o", "annotation_text": "t", "annotation_position": "p"}]
                },
                "created": "2024-01-10T08:00:00Z", "updated": "2024-01-10T08:00:00Z", "shared": true, "archived": true
            }""",
        )
        assert fields_that_came(template) == set(Template.__slots__) - {"extra"}
        (picture,) = template.content.gallery
        assert picture == GalleryEntry(url="u", original_url="o", annotation_text="t", annotation_position="p")

    def test_what_was_written(self, example_bytes):
        made = read(CREATE_TEMPLATE, example_bytes("create_template.response"))
        assert made == WriteResult(id=101, rev=1, uuid="88ae517b-ff42-4ef2-958d-86b27db6b21c")
        assert read(UPDATE_TEMPLATE, example_bytes("update_template.response")) == WriteResult(id=101, rev=2)

    def test_whatever_the_service_says_to_a_write_it_is_no_error(self):
        assert read(CREATE_TEMPLATE, b"{}") == read(UPDATE_TEMPLATE, b"{}") == WriteResult()
        assert read(DELETE_TEMPLATE, b'"ok"') == "ok"
        assert read(DELETE_TEMPLATE, b"null") == "null"


async def test_a_template_lives_in_the_sandbox(sandboxed):
    made = await sandboxed.templates.create(name="Welcome", text=HELLO, gallery=[PICTURE], local_id="t-1")
    template = await sandboxed.templates.get(made.id)
    assert (template.name, template.content.text, template.local_id) == ("Welcome", HELLO, "t-1")
    assert template.content.gallery[0].url == PICTURE.url
    changed = await sandboxed.templates.update(
        made.id, name="Hello", text="Hi", gallery=template.content.gallery, archived=True
    )
    assert changed.rev > made.rev
    after = await sandboxed.templates.get(made.id)
    assert (after.name, after.content.text, after.content.gallery) == ("Hello", "Hi", template.content.gallery)
    assert after.archived is True
    assert after in await sandboxed.templates.list().collect()
    await sandboxed.templates.delete(made.id)
    with pytest.raises(NotFound):
        await sandboxed.templates.get(made.id)


def test_a_session_has_them():
    assert type(AsyncSession(ApiSecret("id", "key")).templates) is Templates
