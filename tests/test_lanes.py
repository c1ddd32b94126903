"""Turns among lanes: urgent ones first, and nobody for ever last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heymarket_async.lanes import STREAK, Lane, Turns


def serve(turns, waiting, count):
    """Return the lanes that go in `count` turns while all of `waiting` always have somebody."""
    gone = []
    for _ in range(count):
        lane, _ = turns.order(waiting)[0]
        turns.took(lane, waiting)
        gone.append(lane)
    return gone


class TestTurns:
    def test_with_nobody_waiting_there_is_no_turn(self):
        assert Turns().order([]) == []

    def test_a_lane_alone_always_goes_by_its_own_rights(self):
        turns = Turns()
        assert serve(turns, [Lane.EXPORT], 50) == [Lane.EXPORT] * 50
        assert turns.order([Lane.EXPORT]) == [(Lane.EXPORT, Lane.EXPORT)]

    def test_the_highest_lane_goes_first(self):
        assert [lane for lane, _ in Turns().order(list(Lane))] == list(Lane)

    def test_one_turn_in_five_is_for_those_below(self):
        gone = serve(Turns(), [Lane.SEND, Lane.POLL], 50)
        assert gone == ([Lane.SEND] * STREAK + [Lane.POLL]) * 10

    def test_a_turn_that_is_given_away_comes_with_the_rights_of_the_giver(self):
        turns = Turns()
        serve(turns, [Lane.SEND, Lane.EXPORT], STREAK)
        assert turns.order([Lane.SEND, Lane.EXPORT]) == [(Lane.EXPORT, Lane.SEND), (Lane.SEND, Lane.SEND)]

    def test_those_below_share_their_turns_in_the_same_way(self):
        gone = serve(Turns(), list(Lane), 625)
        assert [gone.count(lane) for lane in Lane] == [500, 100, 20, 5]

    def test_a_send_that_comes_when_its_lane_was_quiet_goes_before_the_rest(self):
        turns = Turns()
        serve(turns, [Lane.INTERACTIVE, Lane.POLL, Lane.EXPORT], 17)
        assert turns.order(list(Lane))[0] == (Lane.SEND, Lane.SEND)

    def test_a_streak_counts_only_turns_for_which_somebody_below_waited(self):
        turns = Turns()
        serve(turns, [Lane.SEND], 100)
        assert serve(turns, [Lane.SEND, Lane.POLL], STREAK) == [Lane.SEND] * STREAK

    @given(st.lists(st.sets(st.sampled_from(Lane), min_size=1), min_size=1, max_size=300))
    def test_a_lane_that_waits_is_passed_over_a_bounded_number_of_times(self, history):
        turns, passed = Turns(), dict.fromkeys(Lane, 0)
        for waiting in history:
            lanes = sorted(waiting | {lane for lane, count in passed.items() if count})
            lane, _ = turns.order(lanes)[0]
            turns.took(lane, lanes)
            for each in lanes:
                passed[each] = 0 if each is lane else passed[each] + 1
            assert max(passed.values()) <= (STREAK + 1) ** 3 * 2


@pytest.mark.parametrize(("lane", "value"), [(Lane.SEND, 0), (Lane.EXPORT, 3)])
def test_a_more_urgent_lane_is_a_smaller_number(lane, value):
    assert lane == value
