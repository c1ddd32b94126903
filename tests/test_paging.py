"""What a caller holds of a list: items, pages, limits, cursors."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import timedelta

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heymarket_async import ArgumentError, BadRequest, CursorStalled
from heymarket_async.calls import Effect, Operation, PageNumber, TimeCursor
from heymarket_async.paging import Pager
from test_walks import BY_BIRTH, TIMES, Row, Service, assert_crowded

BY_TIME = Operation(
    name="list_rows",
    method="POST",
    path="/rows",
    effect=Effect.READS,
    reply=tuple[Row, ...],
    paging=TimeCursor(key="date", by="updated"),
)
BY_BIRTH_TIME = attrs.evolve(BY_TIME, name="list_born", paging=BY_BIRTH)
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

    @pytest.mark.parametrize("operation", [BY_TIME, BY_PAGE])
    async def test_several_tasks_can_share_a_pager(self, operation):
        pager, found = pager_of(many(100), operation), []

        async def work() -> None:
            async for row in pager:
                found.append(row.id)
                await asyncio.sleep(0)

        await asyncio.gather(*(work() for _ in range(4)), pager.page(), pager.page())
        found_by_workers = len(found)
        assert len(set(found)) == found_by_workers
        assert found_by_workers + 60 >= 100 > found_by_workers
        assert pager.done

    @pytest.mark.parametrize("read", [Pager.collect, Pager.page])
    async def test_tasks_that_share_a_limit_get_no_more_than_it_allows(self, read):
        pager = pager_of(many(100), limit=45)
        parts = await asyncio.gather(*(read(pager) for _ in range(5)))
        assert sorted(row.id for part in parts for row in part) == list(range(56, 101))

    async def test_a_failed_call_or_a_stalled_cursor_is_said_again_and_never_looks_like_the_end(self):
        service, failing = Service([timedelta(0)] * 40, honours_limit=False), [True]

        async def run(call):
            if failing[0]:
                raise ConnectionError
            return tuple(service.by_time(call.body))

        pager = Pager(run, BY_TIME, lambda keys: BY_TIME.call(body=dict(keys)))
        with pytest.raises(ConnectionError):
            await pager.page()
        failing[0] = False
        assert len(await pager.page()) == 30
        for read in (pager.page, pager.collect, aiter(pager).__anext__):
            with pytest.raises(CursorStalled):
                await read()
        assert not pager.done

    @pytest.mark.parametrize("operation", [BY_TIME, BY_PAGE])
    @pytest.mark.parametrize("started", [0, 10])
    async def test_what_was_collected_before_a_failure_comes_again(self, operation, started):
        service, calls = many(100), 0

        async def run(call):
            nonlocal calls
            calls += 1
            if calls == 3:
                raise ConnectionError
            return tuple((service.by_page if operation is BY_PAGE else service.by_time)(call.body))

        pager = Pager(run, operation, lambda keys: operation.call(body=dict(keys)), limit=90)
        first = [row.id for row in await pager.collect(limit=started)] if started else []
        with pytest.raises(ConnectionError):
            await pager.collect()
        cursor = pager.cursor
        head, after_head = [row.id for row in await pager.collect(limit=45)], pager.cursor
        assert first + head + [row.id for row in await pager.collect()] == list(range(100, 10, -1))
        assert pager.done
        for stored, found in ((cursor, first), (after_head, first + head)):
            rest = await pager_of(service, operation, cursor=stored).collect()
            assert found + [row.id for row in rest] == list(range(100, 0, -1))

    async def test_what_was_collected_before_a_cancellation_comes_again(self):
        service = many(100)
        pager = pager_of(service)
        task = asyncio.create_task(pager.collect())
        while service.asked < 3:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [row.id for row in await pager.collect()] == list(range(100, 0, -1))

    async def test_breaking_out_and_looping_again_goes_on(self):
        pager, found = pager_of(many(100)), []
        while not pager.done:
            async for row in pager:
                found.append(row.id)
                if len(found) % 7 == 0:
                    break
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

    async def test_a_list_by_time_forgives_no_refusal(self):
        async def run(call):
            raise BadRequest("The service answered 400.", status=400)

        pager = Pager(run, BY_TIME, lambda keys: BY_TIME.call(body=dict(keys)))
        for _ in range(2):
            with pytest.raises(BadRequest):
                await pager.page()


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

    @settings(max_examples=400, deadline=None)
    @given(
        st.one_of(TIMES, st.integers(0, 200).map(lambda count: [timedelta(0)] * count)),
        st.sampled_from([BY_TIME, BY_BIRTH_TIME, BY_PAGE]),
        st.sampled_from(["before", "from", "follows"]),
        st.sampled_from([1, 1000, 1_000_000]),
        st.sampled_from([0, 1]),
        st.lists(st.tuples(st.integers(1, 70), st.sampled_from([None, 10, 30, 100])), max_size=6),
    )
    def test_another_may_go_on_with_another_page_size_whatever_the_service_does(
        self, times, operation, reading, compared, base, stops
    ):
        service = Service(
            times,
            base=base,
            reading=reading if operation is BY_BIRTH_TIME else "before",
            compared=timedelta(microseconds=compared),
        )

        async def read() -> list[int]:
            found, cursor = [], None
            for stop, size in [*stops, (None, 20)]:
                pager = pager_of(service, operation, cursor=cursor, page_size=size)
                found += [row.id for row in await pager.collect(limit=stop)]
                cursor = pager.cursor
            return found

        try:
            found = asyncio.run(read())
        except CursorStalled:
            assert operation is not BY_PAGE
            assert_crowded(times, 10)
            return
        assert sorted(found) == sorted(service.rows)

    async def test_a_cursor_goes_with_the_arguments_of_its_list(self):
        async def run(call):
            return tuple(many(50).by_time({key: value for key, value in call.body.items() if key != "inboxes"}))

        def pager_for(inboxes, cursor=None):
            return Pager(run, BY_TIME, lambda keys: BY_TIME.call(body={"inboxes": inboxes, **keys}), cursor=cursor)

        pager = pager_for([42])
        await pager.collect(limit=10)
        with pytest.raises(ArgumentError, match="other arguments") as caught:
            pager_for([43], pager.cursor)
        assert caught.value.argument == "cursor"
        assert len(await pager_for([42], pager.cursor).collect()) == 40

    async def test_a_cursor_of_a_finished_reader_is_finished(self):
        pager = pager_of(many(5))
        await pager.collect()
        assert await pager_of(many(5), cursor=pager.cursor).collect() == ()

    @pytest.mark.parametrize(
        "cursor", ["", "{}", "[]", "null", "x", '{"v":2}', 7, b"{}", "[" * 100_000, '"\ud800"', "NaN", "9" * 5000]
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

    @pytest.mark.parametrize("operation", [BY_TIME, BY_PAGE])
    async def test_a_cursor_that_was_tampered_with_is_refused_before_any_request(self, operation):
        service = many(50)
        pager = pager_of(service, operation)
        await pager.collect(limit=35)
        good, asked = json.loads(pager.cursor), service.asked
        odd = (None, -1, 1e300, "x", [["x"]], {"a": "b"}, "2026-04-12T12:00:00", True, [1.5])
        changes = [(part, key, value) for part in ("at", "looks") for key in good["at"] for value in odd]
        refused = 0
        for part, key, value in [*changes, ("", "handed_out", "x"), ("", "at", 5), ("", "of", 5)]:
            bad = json.loads(pager.cursor)
            place = bad["at"] if part == "at" else bad["at"]["looks"] if part == "looks" else bad
            if key not in place or place[key] == value:
                continue
            place[key] = value
            try:
                again = pager_of(service, operation, cursor=json.dumps(bad))
            except ArgumentError:
                refused += 1
                continue
            with contextlib.suppress(CursorStalled):
                await again.collect()  # What passes for a cursor leads somewhere.
        assert refused > 50
        assert asked <= service.asked

    def test_a_cursor_of_another_list_is_refused(self):
        cursor = pager_of(many(5), BY_PAGE).cursor
        with pytest.raises(ArgumentError, match="belongs to list_pages"):
            pager_of(many(5), cursor=cursor)

    def test_a_cursor_of_another_version_is_refused(self):
        cursor = pager_of(many(5)).cursor.replace('"v":2', '"v":1')
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
