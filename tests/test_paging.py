"""What a caller holds of a list: items, pages, limits, cursors."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heymarket_async import ArgumentError, BadRequest
from heymarket_async.calls import Effect, Operation, PageNumber, TimeCursor
from heymarket_async.paging import Pager
from test_walks import TIMES, Row, Service

BY_TIME = Operation(
    name="list_rows",
    method="POST",
    path="/rows",
    effect=Effect.READS,
    reply=tuple[Row, ...],
    paging=TimeCursor(key="date", by="updated"),
)
BY_PAGE = Operation(
    name="list_pages", method="POST", path="/p", effect=Effect.READS, reply=tuple[Row, ...], paging=PageNumber()
)
FIXED = Operation(
    name="list_fixed",
    method="POST",
    path="/f",
    effect=Effect.READS,
    reply=tuple[Row, ...],
    paging=TimeCursor(key="date", by="updated", sizable=False),
)


def pager_of(service: Service, operation=BY_TIME, **options) -> Pager[Row]:
    async def run(call):
        await asyncio.sleep(0)
        answer = service.by_page if operation is BY_PAGE else service.by_time
        return tuple(answer(call.body))

    return Pager(run, operation, lambda keys: operation.call(body=dict(keys)), **options)


def many(count: int) -> Service:
    return Service([timedelta(seconds=number) for number in range(count)])


class TestReading:
    @pytest.mark.parametrize("operation", [BY_TIME, BY_PAGE])
    async def test_items_come_one_by_one(self, operation):
        found = [row.id async for row in pager_of(many(100), operation)]
        assert found == list(range(100, 0, -1))

    async def test_pages_come_one_by_one(self):
        pager = pager_of(many(70))
        pages = [page async for page in pager.pages()]
        assert [row.id for page in pages for row in page] == list(range(70, 0, -1))
        assert max(map(len, pages)) == 30
        assert await pager.page() == ()
        assert pager.done

    async def test_a_page_is_fetched_when_it_is_needed_and_not_before(self):
        service = many(100)
        pager = pager_of(service)
        assert service.asked == 0
        stream = aiter(pager)
        for _ in range(30):
            await anext(stream)
        assert service.asked == 1
        await anext(stream)
        assert service.asked == 2

    async def test_all_can_be_collected_and_a_part_too(self):
        pager = pager_of(many(100))
        assert len(await pager.collect(limit=45)) == 45
        assert len(await pager.collect()) == 55

    async def test_a_limit_holds_over_all_pages(self):
        service = many(100)
        pager = pager_of(service, limit=45)
        assert len(await pager.collect()) == 45
        assert service.asked == 2
        assert pager.done
        assert [len(page) async for page in pager_of(many(100), limit=45).pages()] == [30, 15]

    async def test_a_page_size_is_asked_for_and_is_no_limit(self):
        service = many(25)
        assert len(await pager_of(service, page_size=10).collect()) == 25
        assert service.asked >= 3

    async def test_what_is_left_of_a_page_comes_before_the_next(self):
        pager = pager_of(many(50))
        async for row in pager:
            if row.id == 45:
                break
        assert [row.id for row in await pager.page()] == list(range(44, 20, -1))

    async def test_an_interrupted_reader_goes_on_where_it_was(self):
        pager, found = pager_of(many(100)), []

        async def read() -> None:
            async for row in pager:
                found.append(row.id)
                if len(found) in (10, 60):
                    await asyncio.sleep(3600)

        for _ in range(3):
            task = asyncio.create_task(read())
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert found == list(range(100, 0, -1))

    async def test_the_repr_shows_no_item(self):
        pager = pager_of(many(50))
        await anext(aiter(pager))
        assert repr(pager) == "<Pager list_rows, 29 items waiting>"
        await pager.collect()
        assert repr(pager) == "<Pager list_rows, at its end>"

    async def test_a_refusal_of_page_zero_is_forgiven_and_others_are_not(self):
        service = Service([timedelta(seconds=number) for number in range(50)], base=1)
        refused = []

        async def run(call):
            if call.body["page"] in (0, 3):
                refused.append(call.body["page"])
                raise BadRequest("The service answered 400.", status=400)
            return tuple(service.by_page(call.body))

        pager = Pager(run, BY_PAGE, lambda keys: BY_PAGE.call(body=dict(keys)))
        with pytest.raises(BadRequest):
            await pager.collect()
        assert refused == [0, 3]


class TestCursors:
    @settings(max_examples=150, deadline=None)
    @given(TIMES, st.sampled_from([BY_TIME, BY_PAGE]), st.lists(st.integers(1, 70), max_size=6))
    def test_a_reader_can_stop_anywhere_and_another_goes_on(self, times, operation, stops):
        service = Service(times)

        async def read() -> list[int]:
            found, cursor = [], None
            for stop in [*stops, None]:
                pager = pager_of(service, operation, cursor=cursor)
                found += [row.id for row in await pager.collect(limit=stop)]
                cursor = pager.cursor
                assert json.loads(cursor)["list"] == operation.name
            return found

        found = asyncio.run(read())
        assert set(found) == set(service.rows)
        assert len(found) == len(service.rows)

    async def test_a_cursor_of_a_finished_reader_is_finished(self):
        pager = pager_of(many(5))
        await pager.collect()
        assert await pager_of(many(5), cursor=pager.cursor).collect() == ()

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "{}",
            "[]",
            "null",
            "x",
            "[" * 100_000,
            '{"v":1}',
            b"{}",
            7,
            '{"v":1,"list":"list_rows","at":{},"handed_out":[]}',
            '{"v":1,"list":"list_rows","at":{},"handed_out":null}',
        ],
        ids=lambda cursor: repr(cursor)[:20],
    )
    def test_what_is_no_cursor_is_refused(self, cursor):
        with pytest.raises(ArgumentError) as caught:
            pager_of(many(5), cursor=cursor)
        assert caught.value.argument == "cursor"

    @pytest.mark.parametrize(
        ("key", "value"), [("handed_out", [[1]]), ("handed_out", 5), ("handed_out", None), ("at", None), ("at", [])]
    )
    def test_a_cursor_that_somebody_changed_is_refused(self, key, value):
        cursor = json.dumps(json.loads(pager_of(many(5)).cursor) | {key: value})
        with pytest.raises(ArgumentError, match="is no cursor"):
            pager_of(many(5), cursor=cursor)

    def test_a_cursor_with_a_step_beyond_all_time_is_refused(self):
        for step in ("1e300", "1e999"):
            cursor = pager_of(many(5)).cursor.replace('"step":1.0', f'"step":{step}')
            with pytest.raises(ArgumentError, match="is no cursor"):
                pager_of(many(5), cursor=cursor)

    def test_a_cursor_of_another_list_is_refused(self):
        cursor = pager_of(many(5), BY_PAGE).cursor
        with pytest.raises(ArgumentError, match="belongs to list_pages"):
            pager_of(many(5), cursor=cursor)

    def test_a_cursor_of_another_version_is_refused(self):
        cursor = pager_of(many(5)).cursor.replace('"v":1', '"v":2')
        with pytest.raises(ArgumentError, match="another version"):
            pager_of(many(5), cursor=cursor)


class TestBadInput:
    @pytest.mark.parametrize("value", [0, -1, 1.5, "3", True])
    def test_limits_and_page_sizes_are_counts(self, value):
        for name in ("limit", "page_size"):
            with pytest.raises(ArgumentError) as caught:
                pager_of(many(5), **{name: value})
            assert caught.value.argument == name

    async def test_a_part_to_collect_is_a_count(self):
        with pytest.raises(ArgumentError, match="limit"):
            await pager_of(many(5)).collect(limit=0)

    def test_a_page_size_beyond_what_the_list_knows_is_refused(self):
        with pytest.raises(ArgumentError, match="from 1 to 100"):
            pager_of(many(5), BY_PAGE, page_size=101)
        with pytest.raises(ArgumentError, match="does not know page sizes"):
            pager_of(many(5), FIXED, page_size=10)
