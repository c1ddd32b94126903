"""Models as tables: which columns there are, what they hold, and what a long list takes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heymarket_async import (
    ArgumentError,
    AsyncSession,
    Contact,
    ContactNote,
    Conversation,
    ConversationMember,
    Inbox,
    Message,
    MessageStatus,
    Tag,
    to_frame,
)
from heymarket_async.convert import Reader
from heymarket_async.sandbox import Hang, Ordinary, Sandbox
from heymarket_async.tables import Kind, columns_of
from heymarket_async.tables.arrow import CHUNK
from heymarket_async.values import Extra
from sandbox_support import until
from test_convert_properties import MODELS, any_model, has_surrogates, loose, often, records

NUMBER = "15105550101"
MOMENT = datetime(2026, 4, 12, 17, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))


def rows(items, **options):
    return to_frame(items, to="arrow", **options).to_pylist()


def names(model):
    return [column.name for column in columns_of(model)]


class TestTheColumns:
    def test_are_the_fields_with_those_of_a_model_inside_after_its_name(self):
        kinds = {column.name: column.kind for column in columns_of(Message)}
        assert kinds["id"] is Kind.INTEGER
        assert kinds["conversation.inbox_id"] is Kind.INTEGER
        assert kinds["conversation.unread_users"] is Kind.INTEGERS
        assert kinds["conversation.members"] is Kind.JSON
        assert kinds["target"] is Kind.TEXT
        assert kinds["status"] is Kind.TEXT
        assert kinds["date"] is Kind.TIME
        assert kinds["flagged"] is Kind.FLAG
        assert kinds["targets"] is Kind.JSON
        assert "conversation" not in kinds
        assert "conversation.extra" not in kinds
        assert names(Message)[-1] == "extra"

    @pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
    def test_of_every_model_have_names_of_their_own(self, model):
        assert len(names(model)) == len(set(names(model)))

    def test_are_the_same_whatever_the_models_hold(self):
        assert to_frame([Tag(id=1)], to="arrow").schema == to_frame([Tag(id=2, name="VIP")], to="arrow").schema

    def test_are_there_for_no_items_too(self):
        assert list(to_frame([], model=Tag).columns) == names(Tag)


class TestWhatAColumnHolds:
    def test_are_texts_for_phone_numbers_and_moments_in_utc(self):
        (row,) = rows([Message(id=1, target=NUMBER, date=MOMENT, status=MessageStatus.SENT)])
        assert row["target"] == NUMBER
        assert row["date"] == MOMENT
        assert row["date"].utcoffset() == timedelta(0)
        assert row["status"] == "sent"

    def test_are_what_stands_in_a_model_inside(self):
        first, second = rows([Message(id=1, conversation=Conversation(id=5, inbox_id=42)), Message(id=2)])
        assert (first["conversation.id"], first["conversation.inbox_id"]) == (5, 42)
        assert second["conversation.id"] is None

    def test_are_lists_of_numbers_and_of_texts(self):
        (row,) = rows([Inbox(id=1, members=(7, 8), phones=(NUMBER,))])
        assert (row["members"], row["phones"], row["invited"]) == ([7, 8], [NUMBER], [])

    def test_are_json_under_the_names_of_the_wire_for_what_else_has_parts(self):
        note = ContactNote(id="n", date=datetime(2026, 1, 2, tzinfo=UTC), extra=Extra({"new": 1}))
        (row,) = rows([Contact(id=1, custom={"7": "Gold"}, notes=(note,), tags=("a", {"b": 1}))])
        assert json.loads(row["custom"]) == {"7": "Gold"}
        assert json.loads(row["notes"]) == [{"id": "n", "date": "2026-01-02T00:00:00Z", "new": 1}]
        assert json.loads(row["tags"]) == ["a", {"b": 1}]
        (row,) = rows([Conversation(id=1, members=(ConversationMember(id=7),))])
        assert json.loads(row["members"]) == [{"id": 7}]

    def test_are_in_one_column_for_all_that_the_library_does_not_know(self):
        inner = Conversation(id=5, extra=Extra({"mood": "good"}))
        first, second = rows([Message(id=1, conversation=inner, extra=Extra({"plan": [1]})), Message(id=2)])
        assert json.loads(first["extra"]) == {"plan": [1], "conversation": {"mood": "good"}}
        assert second["extra"] is None

    def test_lose_nothing_that_no_column_can_hold(self):
        first, second = rows(
            [Tag(id=2**70, rev=2**64, name="\ud83d", extra=Extra({"a": "\ud83d", "b": 2**70})), Tag(id=1)]
        )
        assert (first["id"], first["rev"], first["name"]) == (None, None, "\\ud83d")
        assert json.loads(first["extra"]) == {"a": "\ud83d", "b": 2**70, "id": 2**70, "rev": 2**64}
        assert (second["id"], second["extra"]) == (1, None)
        (row,) = rows([Inbox(id=1, members=(7, 2**70))])
        assert row["members"] == [7, None]
        assert json.loads(row["extra"]) == {"members": [7, 2**70]}

    @often
    @given(model=any_model, data=st.data())
    def test_is_what_a_model_holds_whatever_the_service_sent(self, model, data):
        item = Reader().structure(data.draw(records(model, loose)), model)
        (row,) = rows([item])
        assert list(row) == names(model)
        for column in columns_of(model):
            value, found = getattr(item, column.name, None), row[column.name]
            if column.kind in (Kind.FLAG, Kind.TIME) and "." not in column.name:
                assert found == value
            if column.kind is Kind.TEXT and value is not None and not has_surrogates(value):
                assert found == value


class TestAFrame:
    def test_of_pandas_has_real_types_where_values_are_absent(self):
        frame = to_frame([Message(id=1, flagged=True, target=NUMBER, date=MOMENT), Message(id=2)])
        assert frame.dtypes["id"] == pd.Int64Dtype()
        assert frame.dtypes["user_id"] == pd.Int64Dtype()
        assert frame.dtypes["flagged"] == pd.BooleanDtype()
        assert frame.dtypes["target"] == pd.StringDtype("pyarrow")
        assert frame.dtypes["date"] == pd.DatetimeTZDtype("us", "UTC")
        assert frame["target"].tolist()[0] == NUMBER
        assert frame["user_id"].isna().all()
        assert frame.loc[0, "date"] == pd.Timestamp(MOMENT)
        assert [name for name, kind in frame.dtypes.items() if kind == "object"] == []

    def test_of_polars_has_real_types_too(self):
        frame = to_frame([Message(id=1, flagged=True, target=NUMBER, date=MOMENT)], to="polars")
        assert isinstance(frame, pl.DataFrame)
        assert frame.schema["date"] == pl.Datetime("us", "UTC")
        assert frame.schema["id"] == pl.Int64
        assert frame["target"].to_list() == [NUMBER]

    def test_of_arrow_is_a_table(self):
        table = to_frame((Tag(id=number) for number in range(CHUNK + 1)), to="arrow")
        assert isinstance(table, pa.Table)
        assert table["id"].to_pylist() == [*range(CHUNK + 1)]


class TestBadInput:
    @pytest.mark.parametrize(
        ("items", "options", "argument"),
        [
            ([], {}, "model"),
            (["text"], {}, "items"),
            (5, {}, "items"),
            ([Tag(id=1), Contact(id=2, phone=NUMBER)], {}, "items"),
            ([Tag(id=1)], {"to": "excel"}, "to"),
            ([], {"model": int}, "items"),
        ],
    )
    def test_is_an_error_that_names_the_argument(self, items, options, argument):
        with pytest.raises(ArgumentError) as caught:
            to_frame(items, **options)
        assert caught.value.argument == argument
        assert NUMBER not in str(caught.value)

    async def test_is_known_before_anything_is_fetched(self, sandboxed, heymarket_sandbox):
        with pytest.raises(ArgumentError, match="'pandas', 'polars', 'arrow'"):
            await sandboxed.messages.list().to_frame(to="excel")
        assert heymarket_sandbox.requests == []

    @pytest.mark.parametrize(
        ("missing", "to", "extra"),
        [
            ("pandas", "pandas", "pandas"),
            ("polars", "polars", "polars"),
            ("pyarrow", "pandas", "pandas"),
            ("pyarrow", "arrow", "arrow"),
        ],
    )
    def test_is_a_package_that_is_missing_with_the_extra_that_brings_it(self, missing, to, extra):
        program = f"""
import sys
sys.modules[{missing!r}] = None
from heymarket_async import ConfigurationError, Tag, to_frame
try:
    to_frame([Tag(id=1)], to={to!r})
except ConfigurationError as error:
    print(error)
"""
        shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        assert shown == f"A frame needs the package {missing}. Install heymarket-async[{extra}].\n"


class TestTheFrameOfAPager:
    @pytest.mark.parametrize("to", ["pandas", "polars", "arrow"])
    async def test_holds_every_item_once(self, sandboxed, to):
        wanted = await sandboxed.messages.list().collect()
        frame = await sandboxed.messages.list(page_size=3).to_frame(to=to)
        ids = frame["id"].to_pylist() if to == "arrow" else frame["id"].to_list()
        assert ids == [message.id for message in wanted]

    async def test_knows_its_columns_where_there_is_nothing(self, heymarket_sandbox, sandboxed):
        heymarket_sandbox.teams[0].tags.clear()
        frame = await sandboxed.tags.list().to_frame()
        assert (len(frame), list(frame.columns)) == (0, names(Tag))

    async def test_goes_on_where_it_was_interrupted(self):
        async with (
            Sandbox(history=40) as sandbox,
            AsyncSession(sandbox.secret, base_url=sandbox.url, strict=True) as heymarket,
        ):
            wanted = [message.id for message in await heymarket.messages.list().collect()]
            pager = heymarket.messages.list(page_size=10)
            sandbox.script("list_messages", Ordinary(), Ordinary(), Hang())
            work = asyncio.create_task(pager.to_frame())
            await until(lambda: not sandbox.scripted)
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work
            assert (await pager.to_frame())["id"].to_list() == wanted

    async def test_holds_no_more_objects_than_a_chunk(self):
        import gc

        held = []

        class Counting(AsyncSession):
            async def run(self, call, **options):
                gc.collect()
                held.append(sum(type(each) is Message for each in gc.get_objects()))
                return await super().run(call, **options)

        async with (
            Sandbox(history=3 * CHUNK, rate_limit=None) as sandbox,
            Counting(sandbox.secret, base_url=sandbox.url) as heymarket,
        ):
            gc.freeze()  # Looks at nothing that was there before.
            try:
                frame = await heymarket.messages.list(page_size=1000).to_frame(to="arrow")
            finally:
                gc.unfreeze()
        assert len(frame) >= 3 * CHUNK
        assert 0 < max(held) <= CHUNK + 1000
