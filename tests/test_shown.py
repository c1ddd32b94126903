"""What a notebook shows of models and of lists of them."""

from __future__ import annotations

import asyncio
import html.parser
import pickle
from datetime import UTC, datetime, timedelta, timezone

import attrs
import msgspec
import pytest

from heymarket_async import (
    AsyncSession,
    Contact,
    Conversation,
    ConversationMember,
    Inbox,
    Message,
    Tag,
    Team,
    TeamMember,
    reveal,
)
from heymarket_async.models.fields import personal
from heymarket_async.sandbox import Hang, Ordinary, Sandbox
from heymarket_async.shown import Rows
from heymarket_async.values import MASK, Extra
from sandbox_support import until

NUMBER = "15105550101"
NASTY = "<script>alert('x')</script>&\""


class Table(html.parser.HTMLParser):
    """The cells of a table, row by row, and the words outside of it."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.words, self.tags, self._cell = [], "", [], None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._cell = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(self._cell)
            self._cell = None

    def handle_data(self, data):
        if self._cell is None:
            self.words += data
        else:
            self._cell += data


def table(value):
    return Table(value._repr_html_())


class TestSeveralModels:
    def test_are_a_table_with_a_row_for_each_and_the_fields_that_hold_something(self):
        rows = Rows([Tag(id=1, name="VIP"), Tag(id=2, color="#FFD700")])
        assert table(rows).rows == [["id", "name", "color"], ["1", "VIP", ""], ["2", "", "#FFD700"]]
        assert table(rows).words == "2 in all"

    def test_show_that_a_personal_field_is_there_and_not_what_it_is(self):
        shown = table(Rows([Contact(id=1, phone=NUMBER), Contact(id=2)]))
        assert shown.rows == [["id", "phone"], ["1", MASK], ["2", ""]]
        assert "reveal() shows what is masked" in shown.words

    def test_show_personal_fields_when_they_are_revealed(self):
        rows = Rows([Contact(id=1, phone=NUMBER, custom={"7": "Gold"}), Contact(id=2)])
        shown = table(rows.reveal())
        assert shown.rows == [["id", "phone", "custom"], ["1", NUMBER, '{"7": "Gold"}'], ["2", "", ""]]
        assert "masked" not in shown.words

    def test_can_be_revealed_by_a_function_in_any_list(self):
        assert table(reveal([Contact(id=1, phone=NUMBER)])).rows[1] == ["1", NUMBER]
        assert repr(reveal([Contact(id=1, phone=NUMBER)])).startswith(f"(Contact(id=1, phone='{NUMBER}')")

    def test_beyond_twenty_are_counted_and_not_shown(self):
        shown = table(Rows(Tag(id=number) for number in range(1, 1001)))
        assert len(shown.rows) == 1 + 20
        assert shown.words == "20 of 1,000 shown"

    def test_with_many_fields_count_those_that_have_no_column(self):
        model = attrs.make_class("Wide", {f"field_{number}": attrs.field(default=1) for number in range(15)})
        shown = table(Rows([model()]))
        assert [len(row) for row in shown.rows] == [12, 12]
        assert "3 more fields" in shown.words

    def test_of_none_say_so(self):
        assert table(Rows()).words == "no items"

    def test_of_several_kinds_are_shown_by_their_reprs(self):
        shown = table(Rows([Tag(id=1), Contact(id=2, phone=NUMBER)]))
        assert shown.rows[0] == ["2 items"]
        assert NUMBER not in shown.rows[2][0]

    def test_shorten_what_is_long(self):
        cell = table(Rows([Tag(id=1, name="x" * 1000)])).rows[1][1]
        assert len(cell) == 80
        assert cell.endswith("…")

    @pytest.mark.parametrize("value", [5, None, {"<b>": 1}, iter("a")])
    def test_may_be_anything_else_and_are_shown_by_their_reprs(self, value):
        assert table(reveal(value)).rows == [["1 item"], [repr(value)]]


class TestOneModel:
    def test_is_a_table_with_a_row_for_each_field_that_holds_something(self):
        moment = datetime(2026, 4, 12, 17, 30, tzinfo=timezone(timedelta(hours=2)))
        inbox = Inbox(id=42, name="Support", members=(7, 8), phone=NUMBER, auto_close=False, created_at=moment)
        assert table(inbox).rows == [
            ["Inbox", ""],
            ["id", "42"],
            ["name", "Support"],
            ["members", "7, 8"],
            ["phone", MASK],
            ["created_at", "2026-04-12 15:30:00Z"],
            ["auto_close", "no"],
        ]

    def test_shows_what_is_inside_it_by_its_id_until_it_is_revealed(self):
        message = Message(id=1, conversation=Conversation(id=5, name="Jane Roe"))
        assert ["conversation", "Conversation(id=5)"] in table(message).rows
        assert any("Jane Roe" in cell for row in table(message.reveal()).rows for cell in row)
        assert "Jane Roe" in repr(message.reveal())

    def test_counts_the_models_in_it_and_the_keys_nobody_knows(self):
        team = Team(id=1, members=(TeamMember(id=7, name="Jane Roe"),), extra=Extra({"plan": "gold"}))
        rows = table(team).rows
        assert ["members", "1 × TeamMember"] in rows
        assert ["extra", "1 key"] in rows
        revealed = table(team.reveal()).rows
        assert ["extra", '{"plan": "gold"}'] in revealed
        assert any("Jane Roe" in cell for row in revealed for cell in row)


def test_a_custom_model_of_a_user_is_shown_by_the_same_rules():
    @attrs.frozen
    class Mine:
        secret: str | None = personal()

    assert table(Rows([Mine(secret="4711")])).rows == [["secret"], [MASK]]


@pytest.mark.parametrize("revealed", [False, True])
def test_nothing_that_the_service_sent_becomes_html(revealed):
    models = [Tag(id=1, name=NASTY), Tag(id=2, extra=Extra({NASTY: NASTY}))]
    contact = Contact(id=1, display_name=NASTY, custom={NASTY: NASTY}, tags=(NASTY,))
    for value in (Rows(models), *models, contact, Rows([contact])):
        text = (reveal(value) if revealed else value)._repr_html_()
        assert "<script" not in text
        assert "script" not in Table(text).tags


class TestWhatListsReturn:
    def test_is_shown_in_part_too(self):
        rows = Rows([Tag(id=1, name="VIP"), Tag(id=2, name="New"), Tag(id=3, name="Old")])
        assert table(rows[1:]).rows == [["id", "name"], ["2", "New"], ["3", "Old"]]
        assert rows[1:] == tuple(rows)[1:]
        assert (rows[0].id, rows[-1].id) == (1, 3)
        with pytest.raises(IndexError):
            rows[3]

    async def test_is_a_tuple_that_shows_itself(self, sandboxed):
        inboxes = await sandboxed.inboxes.list()
        assert isinstance(inboxes, tuple)
        assert table(inboxes).rows[0][:2] == ["id", "name"]
        assert type(await sandboxed.contact_fields.list()) is Rows

    async def test_is_so_for_pages_too(self, sandboxed):
        pager = sandboxed.messages.list(limit=60)
        assert [type(value) for value in (await pager.page(), pager.fetched, await pager.collect())] == [Rows] * 3

    async def test_is_so_where_the_service_sends_unknown_keys_and_odd_values(self, heymarket_sandbox, sandboxed):
        heymarket_sandbox.teams[0].inboxes = [{"id": 1, "new_key": 1}]
        assert type(await sandboxed.inboxes.list()) is Rows
        assert type(await sandboxed.request("GET", "/v1/inboxes", reply=list[Inbox])) is list

    def test_equals_a_tuple_and_goes_through_pickle_and_json_as_one(self):
        rows = Rows([ConversationMember(id=7)])
        assert rows == (ConversationMember(id=7),)
        assert repr(rows) == repr(tuple(rows))
        assert hash(rows) == hash(tuple(rows))
        assert pickle.loads(pickle.dumps(rows)) == rows
        assert msgspec.json.encode(Rows([1, 2])) == b"[1,2]"

    async def test_shows_what_a_collect_had_come_to_when_it_was_cancelled(self):
        async with (
            Sandbox(history=40) as sandbox,
            AsyncSession(sandbox.secret, base_url=sandbox.url, strict=True) as heymarket,
        ):
            pager = heymarket.messages.list(page_size=10, limit=30)
            first = await pager.collect(7)
            sandbox.script("list_messages", Ordinary(), Hang())
            work = asyncio.create_task(pager.collect())
            await until(lambda: not sandbox.scripted)
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work
            fetched = pager.fetched
            assert table(fetched).rows[0][0] == "id"
            rest = await pager.collect()
            assert rest[: len(fetched)] == fetched
            assert 10 <= len(fetched) < len(rest)
            assert len({message.id for message in (*first, *rest)}) == 30


def test_a_moment_is_shown_in_utc():
    assert table(Rows([Tag(id=1, created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))])).rows[1][1] == (
        "2026-01-02 03:04:05Z"
    )


def test_a_moment_and_what_is_shorter_stand_on_one_line_and_longer_texts_wrap():
    shown = Tag(id=1, name="x" * 21, created=datetime(2026, 4, 12, 15, 30, tzinfo=UTC))._repr_html_()
    on_one_line = 'style="text-align: left; white-space: nowrap"'
    assert f"<td {on_one_line}>2026-04-12 15:30:00Z</td>" in shown
    assert f'<td style="text-align: left">{"x" * 21}</td>' in shown
