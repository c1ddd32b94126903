"""The window: what counts in the service's minute, and when the next request may go."""

from __future__ import annotations

import itertools
import math

import pytest

from heymarket_async.lanes import Lane
from heymarket_async.limits import DEFAULT_LIMIT, PERIOD, SLACK, Window

MINUTE = PERIOD + SLACK


def run_at_once(window, lane, now=0.0):
    """Start calls of a lane while they may go at `now`; return how many did."""
    count = 0
    while window.ready(lane, now) <= 0.0:
        window.start(lane, now)
        count += 1
    return count


def run_until(window, lane, now, end, takes=0.0):
    """Start calls of a lane as soon as each may go, until `end`; return when each did."""
    starts = []
    while (now := now + window.ready(lane, now)) < end:
        if window.ready(lane, now) <= 0.0:
            window.start(lane, now)
            starts.append(now)
            window.end(now + takes, counts=True)
    return starts


class TestABurst:
    def test_of_sends_goes_at_once_but_for_a_tenth_that_is_spread_over_the_minute(self):
        window = Window(DEFAULT_LIMIT)
        starts = run_until(window, Lane.SEND, 0.0, MINUTE)
        assert starts[449] == 0.0
        assert len(starts) == pytest.approx(500, abs=2)
        gaps = [later - earlier for earlier, later in itertools.pairwise(starts[451:])]
        assert max(gaps) < 1.25

    def test_of_readers_leaves_a_fifth_for_others(self):
        window = Window(DEFAULT_LIMIT)
        assert run_at_once(window, Lane.INTERACTIVE) == pytest.approx(400, abs=2)
        assert run_at_once(window, Lane.SEND) >= 48

    @pytest.mark.parametrize("lane", [Lane.POLL, Lane.EXPORT])
    def test_of_polls_does_not_happen(self, lane):
        window = Window(DEFAULT_LIMIT)
        assert run_at_once(window, lane) == 2
        assert window.ready(lane, 0.0) == pytest.approx(MINUTE / DEFAULT_LIMIT, rel=0.01)
        assert window.ready(Lane.SEND, 0.0) == 0.0


class TestAnEvenPace:
    def test_uses_up_the_limit_and_never_a_whole_minute_of_it(self):
        window = Window(DEFAULT_LIMIT)
        starts = run_until(window, Lane.POLL, 0.0, 10 * 60.0, takes=0.2)
        late = [start for start in starts if start > 120]
        gaps = [later - earlier for earlier, later in itertools.pairwise(late)]
        assert len(starts) >= 0.98 * 10 * DEFAULT_LIMIT
        assert max(gaps) < 0.25

    def test_slows_down_where_a_burst_of_sends_took_much_so_that_none_meets_a_minute_used_up(self):
        window = Window(DEFAULT_LIMIT)
        run_until(window, Lane.POLL, 0.0, 30.0)
        burst = run_at_once(window, Lane.SEND, 30.0)
        for _ in range(burst):
            window.end(30.0, counts=True)
        assert burst >= 195
        polls = run_until(window, Lane.POLL, 30.0, 65.0)
        gaps = [later - earlier for earlier, later in zip([30.0, *polls], polls, strict=False)]
        assert max(gaps) < 1.5
        assert window.free(59.0) is not None

    def test_a_send_that_comes_alone_goes_at_once_while_polls_and_exports_use_up_the_limit(self):
        window = Window(DEFAULT_LIMIT)
        now = run_until(window, Lane.EXPORT, 0.0, 200.0)[-1]
        assert window.ready(Lane.EXPORT, now) > 0.0
        assert window.ready(Lane.INTERACTIVE, now) > 0.0
        assert window.ready(Lane.SEND, now) == 0.0

    def test_a_lower_lane_keeps_its_distance_from_a_higher_one_not_the_other_way_round(self):
        window = Window(DEFAULT_LIMIT)
        run_at_once(window, Lane.POLL)
        assert window.ready(Lane.INTERACTIVE, 0.0) == 0.0
        assert window.ready(Lane.EXPORT, 0.0) > 0.0


class TestSmallLimits:
    @pytest.mark.parametrize("limit", [1, 2, 3, 10])
    def test_every_lane_can_use_all_of_it(self, limit):
        for lane in Lane:
            starts = run_until(Window(limit), lane, 0.0, 50 * MINUTE)
            assert len(starts) >= 0.98 * 50 * limit
            for first, last in zip(starts, starts[limit:], strict=False):
                assert last - first >= PERIOD

    def test_without_a_limit_only_pauses_hold_anything_up(self):
        window = Window(None)
        for _ in range(10_000):
            window.start(Lane.EXPORT, 0.0)
        assert window.ready(Lane.EXPORT, 0.0) == 0.0
        window.pause(5, 0.0)
        assert [window.ready(lane, 1.0) for lane in Lane] == [4.0] * 4
        assert window.wait(1.0, ahead=1000) == 4.0


class TestEnds:
    def test_what_never_left_takes_nothing(self):
        window = Window(1)
        window.start(Lane.SEND, 0.0)
        window.end(0.0, counts=False)
        assert window.free(0.0) == 1

    def test_when_a_loop_is_gone_all_that_was_under_way_counts(self):
        window = Window(3)
        window.start(Lane.SEND, 0.0)
        window.start(Lane.SEND, 0.0)
        window.end_all(10.0)
        assert (window.in_flight, window.free(10.0), window.free(10.0 + MINUTE)) == (0, 1, 3)

    def test_nobody_knows_when_one_in_flight_ends_so_a_minute_is_the_least(self):
        window = Window(1)
        window.start(Lane.SEND, 0.0)
        assert window.ready(Lane.SEND, 5.0) == MINUTE
        assert window.wait(5.0, ahead=2) == pytest.approx(3 * MINUTE)

    def test_a_pause_of_any_length_ends(self):
        window = Window(1)
        window.pause(math.inf, 0.0)
        assert window.paused_for(0.0) == 3600.0
