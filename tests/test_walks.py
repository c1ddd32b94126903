"""Each item once, whatever the service turns out to mean by its cursors: walks against a model of the service."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heymarket_async.calls import PageNumber, TimeCursor
from heymarket_async.errors import CursorStalled
from heymarket_async.walks import PageWalk, TimeWalk

NOON = datetime(2026, 4, 12, 12, tzinfo=UTC)


@attrs.frozen
class Row:
    id: int
    updated: datetime | None


class Service:
    """A list of the service, under one reading of what is known of it."""

    def __init__(
        self,
        times: list[timedelta],
        *,
        page: int = 30,
        largest: int = 1000,
        honours_limit: bool = True,
        shown: timedelta = timedelta(microseconds=1),
        reading: str = "before",
        base: int = 0,
        page_zero: str = "clamped",
    ) -> None:
        self.rows = {number: NOON + time for number, time in enumerate(times, 1)}
        self.page, self.largest, self.honours_limit = page, largest, honours_limit
        self.shown, self.reading, self.base, self.page_zero = shown, reading, base, page_zero
        self.now = max(self.rows.values(), default=NOON) + timedelta(seconds=5)
        self.asked = 0

    def change(self, row: int) -> None:
        self.now += timedelta(milliseconds=1)
        self.rows[row] = self.now

    def insert(self) -> None:
        self.now += timedelta(milliseconds=1)
        self.rows[max(self.rows, default=0) + 1] = self.now

    def by_time(self, keys: dict[str, Any]) -> list[Row]:
        self.asked += 1
        ascending = keys.get("ascending", False)
        rows = sorted(self.rows.items(), key=lambda row: (row[1], row[0]), reverse=not ascending)
        if "date" in keys:
            bound = datetime.fromisoformat(keys["date"])
            from_below = self.reading == "from" or (self.reading == "follows" and ascending)
            rows = [row for row in rows if (row[1] >= bound if from_below else row[1] < bound)]
        return self._cut(rows[: self._size(keys)])

    def by_page(self, keys: dict[str, Any]) -> list[Row]:
        self.asked += 1
        page = keys["page"]
        if page < self.base:
            if self.page_zero == "empty":
                return []
            page = self.base
        rows = sorted(self.rows.items(), key=lambda row: (row[1], row[0]), reverse=True)
        start = (page - self.base) * self._size(keys)
        return self._cut(rows[start : start + self._size(keys)])

    def _size(self, keys: dict[str, Any]) -> int:
        return min(keys.get("limit", self.page), self.largest) if self.honours_limit else self.page

    def _cut(self, rows: list[tuple[int, datetime]]) -> list[Row]:
        """Show times as coarsely as the service writes them."""
        return [Row(number, time - (time - NOON) % self.shown) for number, time in rows]


def walk_all(walk, answer, between=lambda: None, most=5000) -> list[int]:
    """Return the ids of everything that a walk finds."""
    found: list[int] = []
    for _ in range(most):
        if walk.done:
            return found
        found += [row.id for row in walk.take(answer(walk.keys()))]
        between()
    raise AssertionError("the walk does not end")


def stall_is_due(times: list[timedelta], step: timedelta, page: int, honours_limit: bool) -> bool:
    """Say whether a walk may stop here: a moment that fills a page, of a list that shows no more when asked.

    A crowd that ends the list with a round number looks just like one that the service cuts off.
    """
    shown = max(step, _step_of(times))
    crowds = [sum(abs(a - b) < 3 * shown for b in times) for a in times]
    full = min(page, 30)  # A walk takes 30 for a full page until it has seen a fuller one.
    return max(crowds) >= full and (not honours_limit or any(crowd % 10 == 0 for crowd in crowds if crowd >= full))


def _step_of(times: list[timedelta]) -> timedelta:
    """Return the coarsest step that a page of these times can seem to have."""
    steps = (timedelta(seconds=1), timedelta(milliseconds=1))
    for step in steps:
        if sum(not time % step for time in times) >= 30:
            return step
    return timedelta(microseconds=1)


TIMES = st.lists(
    st.one_of(
        st.integers(0, 20).map(lambda n: timedelta(seconds=n)),
        st.integers(0, 3000).map(lambda n: timedelta(milliseconds=n)),
        st.integers(0, 5_000_000).map(lambda n: timedelta(microseconds=n)),
    ),
    max_size=120,
)
BY_CHANGE = TimeCursor(key="date", by="updated")
BY_BIRTH = TimeCursor(key="date", by="updated", follows_changes=False, both_ways=True)


class TestWalkingByTime:
    @settings(max_examples=300, deadline=None)
    @given(TIMES, st.integers(30, 40), st.sampled_from(["1us", "1ms", "1s"]), st.booleans())
    def test_every_item_comes_once_under_ties_at_any_resolution(self, times, page, shown, honours_limit):
        step = {"1us": timedelta(microseconds=1), "1ms": timedelta(milliseconds=1), "1s": timedelta(seconds=1)}[shown]
        service = Service(times, page=page, shown=step, honours_limit=honours_limit)
        try:
            found = walk_all(TimeWalk(BY_CHANGE, None), service.by_time)
        except CursorStalled:
            assert stall_is_due(times, step, page, honours_limit)
            return
        assert sorted(found) == sorted(service.rows)

    @settings(max_examples=300, deadline=None)
    @given(TIMES, st.sampled_from(["before", "from", "follows"]), st.integers(30, 50))
    def test_both_readings_of_the_bound_lead_to_every_item(self, times, reading, page):
        service = Service(times, reading=reading, page=page)
        try:
            found = walk_all(TimeWalk(BY_BIRTH, None), service.by_time)
        except CursorStalled:
            assert stall_is_due(times, timedelta(microseconds=1), page, honours_limit=True)
            return
        assert sorted(found) == sorted(service.rows)

    @settings(max_examples=200, deadline=None)
    @given(TIMES, st.randoms(use_true_random=False), st.integers(0, 3))
    def test_what_changes_or_comes_meanwhile_hides_nothing_that_was_there(self, times, chance, changes):
        service = Service(times, page=30)
        there = sorted(service.rows)
        budget = 60

        def disturb() -> None:
            nonlocal budget
            for _ in range(changes if budget > 0 else 0):
                budget -= 1
                if service.rows and chance.random() < 0.7:
                    service.change(chance.choice(sorted(service.rows)))
                else:
                    service.insert()

        found = walk_all(TimeWalk(BY_CHANGE, None), service.by_time, disturb)
        assert len(found) == len(set(found))
        assert set(found) >= set(there)

    def test_more_items_of_one_moment_than_a_page_holds_are_asked_for_in_larger_pages(self):
        service = Service([timedelta(0)] * 100 + [timedelta(seconds=-9)] * 5)
        assert sorted(walk_all(TimeWalk(BY_CHANGE, None), service.by_time)) == list(range(1, 106))

    @pytest.mark.parametrize("last", [1, 9, 10, 20, 29])
    def test_a_crowd_on_the_way_does_not_make_a_small_one_at_the_end_look_cut_off(self, last):
        service = Service([timedelta(0)] * 100 + [timedelta(seconds=-9)] * 200 + [timedelta(seconds=-99)] * last)
        assert sorted(walk_all(TimeWalk(BY_CHANGE, None), service.by_time)) == list(range(1, 301 + last))

    @pytest.mark.parametrize("count", [1, 3, 10, 20, 29, 47])
    def test_a_short_list_of_one_moment_is_just_short(self, count):
        service = Service([timedelta(0)] * count)
        assert sorted(walk_all(TimeWalk(BY_CHANGE, None), service.by_time)) == list(range(1, count + 1))

    def test_a_list_that_cannot_be_asked_for_more_raises_in_place_of_losing_items(self):
        service = Service([timedelta(0)] * 100, honours_limit=False)
        with pytest.raises(CursorStalled, match="30 items share one moment"):
            walk_all(TimeWalk(BY_CHANGE, None), service.by_time)
        with pytest.raises(CursorStalled, match="page_size"):
            walk_all(TimeWalk(attrs.evolve(BY_CHANGE, sizable=False), None), service.by_time)

    def test_a_cursor_that_the_service_ignores_raises_in_place_of_going_round(self):
        service = Service([timedelta(seconds=n) for n in range(100)])
        with pytest.raises(CursorStalled):
            walk_all(TimeWalk(BY_CHANGE, 30), lambda keys: service.by_time({"limit": 30}))

    def test_items_without_a_time_raise(self):
        with pytest.raises(CursorStalled, match="no time"):
            walk_all(TimeWalk(BY_CHANGE, None), lambda _: [Row(1, None), Row(2, None)])

    def test_an_empty_list_ends_after_one_question(self):
        service = Service([])
        assert walk_all(TimeWalk(BY_CHANGE, None), service.by_time) == []
        assert service.asked == 1


class TestWalkingByPage:
    @settings(max_examples=200, deadline=None)
    @given(TIMES, st.sampled_from([0, 1]), st.sampled_from(["clamped", "empty"]), st.booleans(), st.booleans())
    def test_every_item_comes_once_whether_pages_count_from_0_or_1(self, times, base, zero, honours_limit, sized):
        service = Service(times, base=base, page_zero=zero, honours_limit=honours_limit)
        found = walk_all(PageWalk(PageNumber(), 10 if sized else None), service.by_page)
        assert sorted(found) == sorted(service.rows)

    @settings(max_examples=200, deadline=None)
    @given(TIMES, st.sampled_from([0, 1]), st.randoms(use_true_random=False), st.integers(0, 3))
    def test_what_changes_or_comes_meanwhile_hides_nothing_that_was_there(self, times, base, chance, changes):
        service = Service(times, base=base, page=10)
        there = sorted(service.rows)
        budget = 60

        def disturb() -> None:
            nonlocal budget
            for _ in range(changes if budget > 0 else 0):
                budget -= 1
                if service.rows and chance.random() < 0.7:
                    service.change(chance.choice(sorted(service.rows)))
                else:
                    service.insert()

        found = walk_all(PageWalk(PageNumber(), None), service.by_page, disturb)
        assert len(found) == len(set(found))
        assert set(found) >= set(there)

    def test_a_refused_page_zero_is_forgiven_once(self):
        walk = PageWalk(PageNumber(), None)
        assert walk.keys() == {"page": 0}
        assert walk.forgive()
        assert walk.keys() == {"page": 1}
        assert not walk.forgive()


class TestStopping:
    @settings(max_examples=150, deadline=None)
    @given(TIMES, st.sampled_from([BY_CHANGE, BY_BIRTH, PageNumber()]), st.integers(0, 2**32))
    def test_a_walk_goes_on_elsewhere_from_its_position(self, times, paging, seed):
        service, chance, found = Service(times, page=30), random.Random(seed), []
        by_page = isinstance(paging, PageNumber)
        answer = service.by_page if by_page else service.by_time
        walk = PageWalk(paging, None) if by_page else TimeWalk(paging, None)
        for _ in range(1000):
            if walk.done:
                break
            found += [row.id for row in walk.take(answer(walk.keys()))]
            if chance.random() < 0.5:
                position = json.loads(json.dumps(walk.position()))
                walk = PageWalk(paging, None) if by_page else TimeWalk(paging, None)
                walk.resume(position)
        assert walk.done
        assert set(found) == set(service.rows)
