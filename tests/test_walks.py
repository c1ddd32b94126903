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
from msgspec.structs import replace

from heymarket_async.calls import PageNumber, TimeCursor
from heymarket_async.errors import CursorStalled
from heymarket_async.walks import PageWalk, TimeWalk
from heymarket_async.walks.by_page import window

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
        compared: timedelta = timedelta(microseconds=1),
        includes_bound: bool = False,
        shuffles_pages: bool = False,
        undated: frozenset[int] = frozenset(),
        upwards: bool = False,
    ) -> None:
        self.rows = {number: NOON + time for number, time in enumerate(times, 1)}
        self.page, self.largest, self.honours_limit = page, largest, honours_limit
        self.shown, self.reading, self.base, self.page_zero = shown, reading, base, page_zero
        self.compared, self.includes_bound = compared, includes_bound
        self.shuffles_pages, self.undated, self.upwards = shuffles_pages, undated, upwards
        self.now = max(self.rows.values(), default=NOON) + timedelta(seconds=5)
        self.asked = 0

    def change(self, row: int) -> None:
        self.now += timedelta(milliseconds=1)
        self.rows[row] = self.now

    def insert(self) -> None:
        self.now += timedelta(milliseconds=1)
        self.rows[max(self.rows, default=0) + 1] = self.now

    def delete(self, row: int) -> None:
        del self.rows[row]

    def by_time(self, keys: dict[str, Any]) -> list[Row]:
        self.asked += 1
        ascending = keys.get("ascending", False)
        rows = sorted(self.rows.items(), key=lambda row: (row[1], row[0]), reverse=not ascending)
        if "date" in keys:
            bound = datetime.fromisoformat(keys["date"])
            bound -= (bound - NOON) % self.compared
            from_below = self.reading == "from" or (self.reading == "follows" and ascending)
            rows = [row for row in rows if (row[1] >= bound if from_below else self._is_before(row[1], bound))]
        return self._cut(rows[: self._size(keys)])

    def by_page(self, keys: dict[str, Any]) -> list[Row]:
        self.asked += 1
        page = keys["page"]
        if page < self.base:
            if self.page_zero == "empty":
                return []
            page = self.base
        rows = sorted(self.rows.items(), key=lambda row: (row[1], row[0]), reverse=not self.upwards)
        start = (page - self.base) * self._size(keys)
        return self._cut(rows[start : start + self._size(keys)])

    def _is_before(self, time: datetime, bound: datetime) -> bool:
        return time < bound or (self.includes_bound and time == bound)

    def _size(self, keys: dict[str, Any]) -> int:
        return min(keys.get("limit", self.page), self.largest) if self.honours_limit else self.page

    def _cut(self, rows: list[tuple[int, datetime]]) -> list[Row]:
        """Show times as coarsely as the service writes them."""
        if self.shuffles_pages:
            random.Random(self.asked).shuffle(rows)
        return [
            Row(number, None if number in self.undated else time - (time - NOON) % self.shown) for number, time in rows
        ]


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


def assert_crowded(times: list[timedelta], page: int = 30) -> None:
    """A walk may stop where a second or two hold as many items as a page."""
    assert max(sum(abs(a - b) <= timedelta(seconds=2) for b in times) for a in times) >= page


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

    @settings(max_examples=600, deadline=None)
    @given(
        TIMES,
        st.integers(-1000, 6000),
        st.sampled_from(["before", "from", "follows"]),
        st.sampled_from([1, 1000, 1_000_000]),
        st.sampled_from([1, 1000, 1_000_000]),
        st.booleans(),
        st.integers(0, 200),
    )
    def test_everything_since_a_moment_comes_once(self, times, since, reading, shown, compared, birth, older):
        times = [*times, *(timedelta(seconds=-2 * n - 30) for n in range(older))]
        moment = NOON + timedelta(milliseconds=since)
        service = Service(
            times,
            reading=reading if birth else "before",
            shown=timedelta(microseconds=shown),
            compared=timedelta(microseconds=compared),
        )
        walk = TimeWalk(BY_BIRTH if birth else BY_CHANGE, None, since=moment)
        try:
            found = walk_all(walk, service.by_time)
        except CursorStalled:
            assert_crowded(times)
            return
        assert len(found) == len(set(found))
        step = timedelta(microseconds=shown)
        assert set(found) >= {key for key, time in service.rows.items() if time - (time - NOON) % step >= moment}
        assert walk.unseen is None

    @pytest.mark.parametrize("reading", ["before", "from", "follows"])
    def test_a_walk_that_knows_its_end_makes_no_more_requests_than_that_takes(self, reading):
        service = Service([timedelta(minutes=-n) for n in range(5000)], reading=reading)
        walk = TimeWalk(BY_BIRTH, None, since=NOON - timedelta(minutes=100))
        assert len(walk_all(walk, service.by_time)) >= 101
        assert service.asked < 12

    def test_what_lies_just_below_the_end_of_a_walk_does_not_end_one_that_comes_from_there(self):
        service = Service([timedelta(seconds=n / 2) for n in range(300)], reading="from")
        walk = TimeWalk(BY_BIRTH, None, since=NOON + timedelta(seconds=10))
        assert set(walk_all(walk, service.by_time)) >= set(range(21, 301))

    def test_a_turn_at_the_end_of_a_walk_is_taken_back_where_only_older_items_show(self):
        rows = [Row(number, NOON - timedelta(milliseconds=20 * number)) for number in range(30)]
        walk = TimeWalk(BY_BIRTH, None, since=NOON - timedelta(minutes=5))
        assert walk.take(rows) == rows
        while not walk.keys()["ascending"]:
            assert walk.take(rows[1:]) == []
        walk.take([Row(99, NOON - timedelta(minutes=9))])
        assert not walk.keys()["ascending"]

    def test_a_walk_that_stops_says_what_it_has_not_seen(self):
        service = Service([timedelta(minutes=-n) for n in range(500)])
        since = NOON - timedelta(minutes=400)
        walk = TimeWalk(BY_CHANGE, None, since=since)
        assert walk.unseen is None
        walk.take(service.by_time(walk.keys()))
        assert walk.unseen == (since, NOON - timedelta(minutes=29))

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
            walk_all(TimeWalk(replace(BY_CHANGE, sizable=False), None), service.by_time)

    def test_a_cursor_that_the_service_ignores_raises_in_place_of_going_round(self):
        service = Service([timedelta(seconds=n) for n in range(100)])
        with pytest.raises(CursorStalled):
            walk_all(TimeWalk(BY_CHANGE, 30), lambda keys: service.by_time({"limit": 30}))

    @pytest.mark.parametrize("paging", [BY_CHANGE, BY_BIRTH])
    def test_items_without_a_time_are_handed_out_and_raise_only_where_there_may_be_more(self, paging):
        assert walk_all(TimeWalk(paging, None), lambda _: [Row(1, None), Row(2, None)]) == [1, 2]
        walk = TimeWalk(replace(paging, sizable=False), None)
        assert len(walk.take([Row(number, None) for number in range(30)])) == 30
        for _ in range(2):  # It goes on saying so.
            with pytest.raises(CursorStalled):
                walk.take([Row(number, None) for number in range(30)])

    @settings(max_examples=300, deadline=None)
    @given(TIMES, st.sampled_from([1, 1000, 1_000_000]), st.sampled_from(["before", "follows"]), st.booleans())
    def test_a_cursor_that_is_compared_coarsely_hides_nothing(self, times, compared, reading, birth):
        service = Service(times, compared=timedelta(microseconds=compared), reading=reading if birth else "before")
        try:
            found = walk_all(TimeWalk(BY_BIRTH if birth else BY_CHANGE, None), service.by_time)
        except CursorStalled:
            assert_crowded(times)
            return
        assert sorted(found) == sorted(service.rows)

    @settings(max_examples=300, deadline=None)
    @given(
        TIMES,
        st.sampled_from([None, 10, 30, 100, 200]),
        st.sampled_from(["before", "from", "follows"]),
        st.sampled_from([1, 1000, 1_000_000]),
        st.sampled_from([30, 50, 200]),
        st.tuples(st.booleans(), st.booleans(), st.booleans()),
        st.sets(st.integers(1, 120), max_size=3),
    )
    def test_no_oddity_of_a_service_loses_doubles_or_never_ends(
        self, times, size, reading, compared, largest, oddities, undated
    ):
        honours_limit, includes_bound, shuffles_pages = oddities
        service = Service(
            times,
            largest=largest,
            reading=reading,
            compared=timedelta(microseconds=compared),
            honours_limit=honours_limit,
            includes_bound=includes_bound,
            shuffles_pages=shuffles_pages,
            undated=frozenset(undated),
        )
        try:
            found = walk_all(TimeWalk(BY_BIRTH, size), service.by_time)
        except CursorStalled:
            assert_crowded(times, min(size or 30, 30))
            return
        assert sorted(found) == sorted(service.rows)

    @settings(max_examples=200, deadline=None)
    @given(TIMES, st.randoms(use_true_random=False), st.integers(0, 3), st.sampled_from([BY_CHANGE, BY_BIRTH]))
    def test_what_others_delete_meanwhile_hides_nothing_else(self, times, chance, deletions, paging):
        service = Service(times, page=30)

        def disturb() -> None:
            for _ in range(min(deletions, len(service.rows))):
                service.delete(chance.choice(sorted(service.rows)))

        try:
            found = walk_all(TimeWalk(paging, None), service.by_time, disturb)
        except CursorStalled:
            assert_crowded(times)
            return
        assert len(found) == len(set(found))
        assert set(found) >= set(service.rows)

    @pytest.mark.parametrize("asked", [50, 100, 200])
    def test_a_crowd_that_fills_pages_smaller_than_asked_for_is_not_cut_off_in_silence(self, asked):
        service = Service([timedelta(0)] * 60 + [timedelta(seconds=-9)] * 5, page=50, largest=50)
        with pytest.raises(CursorStalled):
            walk_all(TimeWalk(BY_CHANGE, asked), service.by_time)

    @pytest.mark.parametrize("count", [30, 60, 100])
    def test_a_list_that_is_one_full_page_ends_where_the_bound_is_read_from_below(self, count):
        service = Service([timedelta(seconds=9 * number) for number in range(count)], reading="from", page=count)
        assert sorted(walk_all(TimeWalk(BY_BIRTH, count), service.by_time)) == list(range(1, count + 1))

    def test_seconds_that_touch_each_other_do_not_hide_that_the_bound_is_read_from_below(self):
        service = Service([timedelta(seconds=number // 20) for number in range(60)], reading="from")
        assert sorted(walk_all(TimeWalk(BY_BIRTH, None), service.by_time)) == list(range(1, 61))

    def test_an_item_that_jumps_to_the_front_again_and_again_is_found_when_it_rests(self):
        service = Service([timedelta(seconds=number) for number in range(70)])
        hidden, jumps = 1, iter([1, 3, 4, 6])
        taken = 0

        def jump() -> None:
            nonlocal taken
            taken += 1
            if taken in (1, 2):  # It is out of sight, and more than a page comes before it.
                service.change(hidden)
                for row in range(30, 70):
                    service.change(row)
            elif taken == next_jump[0]:
                service.change(hidden)
                next_jump[0] = next(jumps, 0)

        next_jump = [next(jumps)]
        found = walk_all(TimeWalk(BY_CHANGE, None), service.by_time, jump)
        assert sorted(found) == sorted(service.rows)

    def test_a_short_list_that_grows_while_one_walks_does_not_look_cut_off(self):
        service = Service([timedelta(0)] * 6)

        def grow() -> None:
            if len(service.rows) < 20:
                service.change(1)
                for _ in range(4):
                    service.insert()

        found = walk_all(TimeWalk(BY_CHANGE, None), service.by_time, grow)
        assert set(found) >= set(range(1, 7))
        assert len(found) == len(set(found))

    def test_what_a_walk_remembers_of_messages_does_not_grow(self):
        walk, sizes = TimeWalk(BY_BIRTH, 30), []
        service = Service([timedelta(seconds=number // 15) for number in range(3000)])
        while not walk.done:
            walk.take(service.by_time(walk.keys()))
            sizes.append(len(json.dumps(walk.position())))
        assert max(sizes) < 1500

    def test_a_service_that_shows_nothing_after_a_full_page_reads_the_cursor_in_another_way(self):
        history = TimeCursor(key="timestamp", by="updated", size=50, sizable=False, follows_changes=False, unix=True)
        walk = TimeWalk(history, None)
        page = [Row(n, NOON - timedelta(seconds=n)) for n in range(50)]
        assert len(walk.take(page)) == 50
        with pytest.raises(CursorStalled, match="does not show the end of that page again"):
            walk.take([])

    def test_a_last_page_that_was_not_full_may_be_followed_by_nothing(self):
        history = TimeCursor(key="timestamp", by="updated", size=50, sizable=False, follows_changes=False, unix=True)
        walk = TimeWalk(history, None)
        walk.take([Row(n, NOON - timedelta(seconds=n)) for n in range(49)])
        assert walk.take([]) == []
        assert walk.done

    def test_an_empty_list_ends_after_one_question(self):
        service = Service([])
        assert walk_all(TimeWalk(BY_CHANGE, None), service.by_time) == []
        assert service.asked == 1


class TestWalkingByPage:
    @settings(max_examples=300, deadline=None)
    @given(
        TIMES,
        st.sampled_from([0, 1]),
        st.sampled_from(["clamped", "empty"]),
        st.booleans(),
        st.sampled_from([None, 1, 10, 30, 100]),
        st.sampled_from([10, 20, 30, 100]),
    )
    def test_every_item_comes_once_whether_pages_count_from_0_or_1(self, times, base, zero, honours_limit, size, page):
        service = Service(times, base=base, page_zero=zero, honours_limit=honours_limit, page=page, largest=100)
        found = walk_all(PageWalk(PageNumber(), size), service.by_page)
        assert sorted(found) == sorted(service.rows)

    @settings(max_examples=400, deadline=None)
    @given(
        TIMES,
        st.sampled_from([0, 1]),
        st.booleans(),
        st.randoms(use_true_random=False),
        st.integers(0, 4),
        st.sampled_from([None, 10, 30, 100]),
    )
    def test_what_changes_comes_or_goes_meanwhile_hides_nothing_that_was_there(
        self, times, base, upwards, chance, changes, size
    ):
        service = Service(times, base=base, upwards=upwards, page=30, largest=100)
        there = set(service.rows)
        budget = 60

        def disturb() -> None:
            nonlocal budget
            for _ in range(changes if budget > 0 else 0):
                budget -= 1
                what = chance.random()
                if service.rows and what < 0.8:
                    row = chance.choice(sorted(service.rows))
                    if what < 0.4:
                        service.change(row)
                    else:
                        service.delete(row)
                        there.discard(row)
                else:
                    service.insert()

        found = walk_all(PageWalk(PageNumber(), size), service.by_page, disturb)
        assert len(found) == len(set(found))
        assert set(found) >= there

    @pytest.mark.parametrize("base", [0, 1])
    @pytest.mark.parametrize("deleted", [1, 5, 29, 45])
    def test_what_others_delete_on_earlier_pages_pulls_nothing_out_of_sight(self, base, deleted):
        service = Service([timedelta(seconds=number) for number in range(100)], base=base)
        walk = PageWalk(PageNumber(follows_changes=False), None)
        found = [row.id for row in walk.take(service.by_page(walk.keys()))]
        for row in range(100, 100 - deleted, -1):
            service.delete(row)
        found += walk_all(walk, service.by_page)
        assert sorted(found) == list(range(1, 101)) if deleted <= 30 else set(found) >= set(service.rows)

    def test_an_item_that_changes_and_so_moves_to_the_end_links_no_pages(self):
        service = Service([timedelta(seconds=number) for number in range(100)], upwards=True)
        walk = PageWalk(PageNumber(), None)
        found = [row.id for row in walk.take(service.by_page(walk.keys()))]
        for row in range(1, 31):
            service.change(row)
        found += walk_all(walk, service.by_page)
        assert sorted(found) == list(range(1, 101))

    @pytest.mark.parametrize("count", [20, 30, 61])
    @pytest.mark.parametrize("honours_limit", [True, False])
    def test_a_page_number_that_the_service_ignores_raises(self, count, honours_limit):
        service = Service([timedelta(seconds=n) for n in range(count)], honours_limit=honours_limit, page=20)
        for size in (None, 30):
            with pytest.raises(CursorStalled):
                walk_all(PageWalk(PageNumber(), size), lambda keys: service.by_page(keys | {"page": 0}))

    def test_overlapping_costs_a_fifth_more_requests_at_the_most(self):
        service = Service([timedelta(seconds=n) for n in range(3000)])
        walk_all(PageWalk(PageNumber(follows_changes=False), 100), service.by_page)
        assert service.asked <= 36

    @given(st.integers(1, 200_000), st.integers(19, 100))
    def test_a_window_overlaps_and_leads_on(self, reach, size):
        page, limit = window(reach, size)
        assert page * limit < reach < (page + 1) * limit
        assert size // 2 < limit <= size

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
        assert by_page or len(found) == len(service.rows)
