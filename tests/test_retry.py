"""Whether a call is tried again, and when."""

from __future__ import annotations

import math
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heymarket_async.calls import Effect
from heymarket_async.errors import ConfigurationError
from heymarket_async.retry import Outcome, Retries, may_repeat, parse_date, parse_retry_after, wait_before_next

READS, SENDS = Effect.READS, Effect.SENDS
NEVER_SENT, ANSWERED, UNKNOWN = Outcome.NEVER_SENT, Outcome.ANSWERED, Outcome.UNKNOWN
STATUSES = [200, 204, 301, 400, 401, 403, 404, 408, 409, 422, 425, 429, 499, 500, 502, 503, 504, 599, 600]


class TestWhatMayBeRepeated:
    @pytest.mark.parametrize("effect", Effect)
    def test_what_never_reached_the_wire_may(self, effect):
        assert may_repeat(effect, NEVER_SENT, None)

    @pytest.mark.parametrize("effect", Effect)
    def test_what_was_refused_for_the_rate_limit_may(self, effect):
        assert may_repeat(effect, ANSWERED, 429)

    @pytest.mark.parametrize("effect", Effect)
    def test_what_has_an_unknown_outcome_may_unless_it_sends(self, effect):
        assert may_repeat(effect, UNKNOWN, None) is (effect is not SENDS)

    @pytest.mark.parametrize("effect", Effect)
    @pytest.mark.parametrize("status", STATUSES)
    def test_what_was_answered_may_after_a_failure_of_the_service_unless_it_sends(self, effect, status):
        expected = status == 429 or (effect is not SENDS and 500 <= status <= 599)
        assert may_repeat(effect, ANSWERED, status) is expected
        wait = wait_before_next(Retries(), effect, attempt=1, outcome=ANSWERED, status=status)
        assert (wait is not None) is expected


class TestTheWait:
    def wait(self, policy=None, effect=READS, *, attempt=1, outcome=UNKNOWN, **more):
        return wait_before_next(policy or Retries(), effect, attempt=attempt, outcome=outcome, **more)

    def test_its_bound_doubles_up_to_the_cap(self):
        policy = Retries(attempts=9, base=0.5, cap=8.0)
        assert [self.wait(policy, attempt=n) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 8, 8, 8]

    @given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0, 1e300), st.floats(0, 1e300))
    def test_it_is_spread_from_nothing_to_its_bound(self, attempt, chance, base, cap):
        policy = Retries(attempts=10_001, base=base, cap=cap)
        wait = self.wait(policy, attempt=attempt, chance=chance)
        assert 0 <= wait <= cap
        assert wait <= self.wait(policy, attempt=attempt, chance=1.0)
        assert self.wait(policy, attempt=attempt, chance=0.0) == 0.0

    @pytest.mark.parametrize("attempts", [1, 2, 5])
    def test_there_are_no_more_attempts_than_allowed(self, attempts):
        policy = Retries(attempts=attempts)
        waits = [self.wait(policy, attempt=n) for n in range(1, attempts + 3)]
        assert [wait is None for wait in waits] == [False] * (attempts - 1) + [True] * 3

    def test_what_the_service_asks_for_is_obeyed(self):
        assert self.wait(outcome=ANSWERED, status=429, retry_after=7.5, chance=0.5) == 7.5
        assert self.wait(outcome=ANSWERED, status=503, retry_after=7.5, chance=0.5) == 7.5
        assert self.wait(effect=SENDS, outcome=ANSWERED, status=429, retry_after=7.5) == 7.5

    def test_a_shorter_time_than_ours_does_not_shorten_it(self):
        assert self.wait(Retries(base=4), outcome=ANSWERED, status=429, retry_after=0.0, chance=0.5) == 2

    def test_what_it_asks_for_is_obeyed_up_to_a_limit_and_beyond_it_nothing_is_tried(self):
        policy = Retries(longest_retry_after=10)
        assert self.wait(policy, outcome=ANSWERED, status=429, retry_after=10.0) == 10
        assert self.wait(policy, outcome=ANSWERED, status=429, retry_after=10.1) is None
        assert self.wait(policy, outcome=ANSWERED, status=503, retry_after=1e18) is None

    def test_a_wait_that_reaches_the_deadline_is_not_begun(self):
        policy = Retries(base=2)
        assert self.wait(policy, left=2.1) == 2
        assert self.wait(policy, left=2.0) is None
        assert self.wait(policy, left=0.0, chance=0.0) is None
        assert self.wait(policy, left=-1.0, chance=0.0) is None
        assert self.wait(outcome=ANSWERED, status=429, retry_after=30.0, left=29.0) is None

    def test_a_policy_of_no_waits_repeats_at_once(self):
        assert self.wait(Retries(base=0)) == 0
        assert self.wait(Retries(cap=0)) == 0


class TestRetries:
    @pytest.mark.parametrize("value", [0, -1, 1.5, "3", None, True, math.nan])
    def test_attempts_are_whole_numbers_from_one_on(self, value):
        with pytest.raises(ConfigurationError, match=r"Retries\(attempts=.*whole number from 1"):
            Retries(attempts=value)

    @pytest.mark.parametrize("field", ["base", "cap", "longest_retry_after"])
    @pytest.mark.parametrize("value", [-0.1, -1, math.nan, math.inf, -math.inf, "1", None, True, 10**400])
    def test_times_are_finite_and_not_negative(self, field, value):
        with pytest.raises(ConfigurationError, match=rf"Retries\({field}=.*not negative"):
            Retries(**{field: value})

    def test_zero_is_a_time(self):
        assert Retries(base=0, cap=0.0, longest_retry_after=0).base == 0

    def test_it_is_a_value(self):
        assert Retries(attempts=2) == Retries(attempts=2)
        assert len({Retries(), Retries(attempts=3)}) == 1
        with pytest.raises(AttributeError):
            Retries().attempts = 9


NOW = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT


@pytest.fixture(params=["UTC", "America/Los_Angeles", "Asia/Tokyo"])
def somewhere(request, monkeypatch):
    """Be in another time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("0", 0.0),
            ("120", 120.0),
            (" 5 ", 5.0),
            ("1.5", 1.5),
            ("2.", 2.0),
            ("+3", 3.0),
            ("-5", 0.0),
            ("999999999999", 999999999999.0),
            ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0),
            ("Wed, 21 Oct 2015 07:27:30 GMT", 0.0),
            ("Wed, 21 Oct 2015 09:28:30 +0200", 30.0),
        ],
    )
    def test_seconds_fractions_and_dates_are_understood(self, header, seconds):
        assert parse_retry_after(header, NOW) == seconds

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            " ",
            "soon",
            "nan",
            "inf",
            "-inf",
            "Infinity",
            "1e3",
            "0x10",
            "1_000",
            "\u0663",
            "9" * 400,
            "1.2.3",
            "5 seconds",
        ],
    )
    def test_what_makes_no_sense_counts_as_nothing(self, header):
        assert parse_retry_after(header, NOW) is None

    @given(st.text() | st.text("SunMo, -:+0123456789GT\x00", max_size=30))
    def test_no_header_breaks_it(self, header):
        seconds = parse_retry_after(header, NOW)
        assert seconds is None or (seconds >= 0 and math.isfinite(seconds))

    @given(st.integers(0, 10**10))
    def test_a_date_in_the_form_of_http_is_read_back(self, moment):
        assert parse_date(formatdate(moment, usegmt=True)) == moment


@pytest.mark.usefixtures("somewhere")
@pytest.mark.parametrize(
    "header",
    [
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "Wed, 21 Oct 2015 07:28:00 +0000",
        "Wed, 21 Oct 2015 07:28:00 -0000",
        "Wed, 21 Oct 2015 07:28:00",
        "Wednesday, 21-Oct-15 07:28:00 GMT",
        "Wed Oct 21 07:28:00 2015",
    ],
)
def test_every_form_of_a_date_is_gmt_wherever_we_are(header):
    assert parse_date(header) == NOW


@pytest.mark.parametrize(
    "header", [None, "", "yesterday", "Wed, 99 Oct 2015 07:28:00 GMT", "Thu, 01 Jan 1970 00:00:00 +9999999"]
)
def test_what_is_no_date_is_none(header):
    assert parse_date(header) is None
