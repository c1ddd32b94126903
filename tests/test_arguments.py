"""Checks of arguments: what passes comes out as JSON can hold it, and the rest is refused by its name."""

from __future__ import annotations

import enum
import re
import uuid
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arguments_support import FLAGS, IDS, TEXTS, TIMES, URLS
from heymarket_async import Role, SurveyType
from heymarket_async.arguments import (
    check_address,
    check_choice,
    check_color,
    check_count,
    check_flag,
    check_id,
    check_ids,
    check_method,
    check_path,
    check_several,
    check_text,
    check_time,
    check_url,
    check_uuid,
    exactly_one,
    rfc3339,
    wrong,
)
from heymarket_async.errors import ArgumentError

anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.lists(st.integers() | st.text(), max_size=3)
    | st.tuples(st.integers())
    | st.dictionaries(st.text(), st.integers(), max_size=2)
    | st.sampled_from([object, object(), ..., 1j])
)


class Text(str):
    """What template engines give for text that is safe."""

    __slots__ = ()


class Number(int):
    __slots__ = ()


class Word(str, enum.Enum):  # noqa: UP042 - that is the point
    UP = "up"


class Nowhere(tzinfo):
    """A time zone that does not tell its offset."""

    def utcoffset(self, _):
        return None


def is_plain(value):
    return type(value) in (bool, int, str) or (type(value) is list and all(map(is_plain, value)))


@pytest.mark.parametrize(
    "check",
    [
        check_id,
        check_ids,
        check_text,
        check_flag,
        check_count,
        check_url,
        check_address,
        check_color,
        lambda name, value: check_choice(name, value, ("up", "down")),
        lambda name, value: rfc3339(check_time(name, value)),
    ],
)
@given(value=anything)
def test_a_value_is_fit_for_json_or_refused_by_its_name(check, value):
    try:
        passed = check("this_one", value)
    except ArgumentError as error:
        argument, text = error.argument, str(error)
    else:
        assert is_plain(passed)
        assert msgspec.json.encode(passed)
        return
    assert argument.partition("[")[0] == "this_one"
    assert text.startswith(argument)


class TestIds:
    @pytest.mark.parametrize("value", [1, 42, 2**63 - 1])
    def test_ids_count_from_1(self, value):
        assert check_id("inbox_id", value) == value

    @pytest.mark.parametrize("value", IDS)
    def test_other_values_are_refused(self, value):
        with pytest.raises(ArgumentError, match=r"^inbox_id must be an int") as caught:
            check_id("inbox_id", value)
        assert caught.value.argument == "inbox_id"

    @pytest.mark.parametrize("value", [Number(7), enum.IntEnum("Seven", {"SEVEN": 7}).SEVEN, Role.MEMBER])
    def test_they_come_out_as_plain_numbers(self, value):
        assert type(check_id("inbox_id", value)) is int
        assert type(check_count("limit", value)) is int

    def test_several_come_out_once_each_in_their_order(self):
        assert check_ids("inboxes", (3, 1, 3, 2, 1)) == [3, 1, 2]
        assert check_ids("inboxes", [], at_least=0) == []

    @pytest.mark.parametrize(
        ("value", "argument", "what"),
        [
            ([], "inboxes", "is empty"),
            ([1, 2, 3, 4], "inboxes", "holds 4; at most 3 are possible"),
            ([1, 2, -3], "inboxes[2]", "must be an int from 1 on, not -3"),
            ([1, "2"], "inboxes[1]", "must be an int, not str: write the number without quotes"),
            (5, "inboxes", "must be a list or a tuple, not int"),
            ("12", "inboxes", "must be a list or a tuple, not str"),
            ({1}, "inboxes", "must be a list or a tuple, not set"),
            (iter([1]), "inboxes", "must be a list or a tuple, not list_iterator"),
            (None, "inboxes", "must be a list or a tuple, not NoneType"),
        ],
    )
    def test_several_are_refused_by_the_place(self, value, argument, what):
        with pytest.raises(ArgumentError) as caught:
            check_ids("inboxes", value, at_most=3)
        assert caught.value.argument == argument
        assert str(caught.value) == f"{argument} {what}."


def test_a_number_that_python_cannot_write_is_refused_like_any_other():
    for check in (check_id, check_count):
        for value in (10**5000, -(10**5000)):
            with pytest.raises(ArgumentError, match="this must be an int from 1 on, not one of 16610 bits"):
                check("this", value)


@pytest.mark.parametrize(
    ("check", "start", "longest"), [(check_url, "https://example.com/", 8000), (check_address, "sam@example.com", 254)]
)
def test_urls_and_addresses_have_a_greatest_length(check, start, longest):
    assert len(check("this", start.ljust(longest, "x"))) == longest
    with pytest.raises(ArgumentError, match=f"this has {longest + 1} characters; at most {longest} are possible"):
        check("this", start.ljust(longest + 1, "x"))


def test_a_uuid_stays_as_it_is():
    assert check_uuid("contact_id", "a1b2c3d4-e5f6-4890-abcd-ef1234567890") == "a1b2c3d4-e5f6-4890-abcd-ef1234567890"


@pytest.mark.parametrize(
    "value", ["", "a1b2c3d4", "98765", 98765, None, uuid.UUID(int=5), "a1b2c3d4-e5f6-4890-abcd-ef12345678/0"]
)
def test_what_is_no_uuid_is_refused(value):
    with pytest.raises(ArgumentError, match=r"^contact_id "):
        check_uuid("contact_id", value)


class TestSeveral:
    def test_the_items_are_not_looked_at(self):
        assert check_several("rows", ({"a": 1}, None)) == [{"a": 1}, None]

    def test_there_may_have_to_be_more_than_one(self):
        assert check_several("rows", [1, 2], at_least=2) == [1, 2]
        with pytest.raises(ArgumentError, match="rows must hold at least 2"):
            check_several("rows", [1], at_least=2)


class TestTexts:
    @pytest.mark.parametrize("value", ["a", " a ", "\u2764\ufe0f", "a\nb", "0"])
    def test_a_text_stays_as_it_is(self, value):
        assert check_text("text", value) == value

    @pytest.mark.parametrize("value", [Text("up"), Word.UP, SurveyType("up")])
    def test_it_comes_out_as_a_plain_one(self, value):
        for passed in (check_text("text", value), check_choice("text", value, ("up", "down"))):
            assert passed == "up"
            assert type(passed) is str

    @pytest.mark.parametrize("value", TEXTS)
    def test_other_values_are_refused(self, value):
        with pytest.raises(ArgumentError, match=r"^text ") as caught:
            check_text("text", value)
        assert caught.value.argument == "text"

    def test_it_may_have_a_greatest_length(self):
        assert check_text("text", "abc", longest=3) == "abc"
        with pytest.raises(ArgumentError, match="text has 4 characters; at most 3 are possible"):
            check_text("text", "abcd", longest=3)

    @pytest.mark.parametrize(
        ("value", "what"),
        [
            ("\u200b\ufeff ", "is empty"),
            ("a\0b", "holds the character of number 0, which is none"),
            ("\ud83d", "holds half a character (a lone surrogate)"),
            ("x" * 1001, "has 1001 characters; at most 1000 are possible"),
        ],
    )
    def test_what_nobody_can_read_is_no_text(self, value, what):
        with pytest.raises(ArgumentError) as caught:
            check_text("text", value)
        assert str(caught.value) == f"text {what}."

    @pytest.mark.parametrize("value", ["x" * 1000, "\U0001f468\u200d\U0001f469", "\u200fa"])
    def test_what_somebody_can_is_one(self, value):
        assert check_text("text", value) == value

    def test_an_error_never_shows_the_text(self):
        with pytest.raises(ArgumentError) as caught:
            check_text("text", "secret" * 5, longest=3)
        assert "secret" not in str(caught.value)

    def test_nor_does_what_python_says_of_half_a_character_stay_with_it(self):
        with pytest.raises(ArgumentError, match="half a character") as caught:
            check_text("text", "secret \ud83d")
        assert caught.value.__context__ is None


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_stays_as_it_is(value):
    assert check_flag("private", value) is value


@pytest.mark.parametrize("value", FLAGS)
def test_only_true_and_false_are_flags(value):
    with pytest.raises(ArgumentError, match=f"private must be True or False, not {type(value).__name__}"):
        check_flag("private", value)


class TestCounts:
    def test_the_bounds_belong_to_it(self):
        assert [check_count("limit", value, least=0, most=2) for value in (0, 1, 2)] == [0, 1, 2]
        assert check_count("limit", 2**63 - 1) == 2**63 - 1

    @pytest.mark.parametrize(
        ("value", "bounds", "what"),
        [
            (0, {}, "must be an int from 1 on, not 0"),
            (2**63, {}, f"must be an int from 1 on, not {2**63}"),
            (-1, {"least": 0}, "must be an int from 0 on, not -1"),
            (101, {"most": 100}, "must be an int from 1 to 100, not 101"),
            (True, {}, "must be an int from 1 on, not bool"),
            ("5", {"most": 9}, "must be an int from 1 to 9, not str"),
            (None, {}, "must be an int from 1 on, not NoneType"),
        ],
    )
    def test_what_lies_beyond_is_refused(self, value, bounds, what):
        with pytest.raises(ArgumentError) as caught:
            check_count("limit", value, **bounds)
        assert str(caught.value) == f"limit {what}."


@pytest.mark.parametrize("value", ["left", "UP", "", None, 1, ["up"], ("up",)])
def test_a_choice_is_one_of_several_words(value):
    with pytest.raises(ArgumentError, match="order must be one of 'up', 'down'"):
        check_choice("order", value, ("up", "down"))


@pytest.mark.parametrize(
    "value", ["https://example.com", "http://example.com/a?b=c#d", "HTTPS://example.com/%20", "https://[::1]:80/a"]
)
def test_a_url_stays_as_it_is(value):
    assert check_url("media_url", value) == value


@pytest.mark.parametrize("value", [*URLS, "javascript:alert(1)", "https://exa mple.com", " https://example.com", None])
def test_what_the_service_cannot_fetch_is_refused(value):
    with pytest.raises(ArgumentError, match=r"^media_url "):
        check_url("media_url", value)


@pytest.mark.parametrize("value", ["sam@example.com", "s.a+m@mail.example.co.uk", "é@exämple.com"])
def test_an_address_stays_as_it_is(value):
    assert check_address("to", value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sam",
        "@example.com",
        "sam@",
        "sam@example",
        "sam@example.com,kim@example.com",
        "sam@example.com;kim@example.com",
        "to:sam@example.com, cc",
        "to:sam@example.com",
        "mailto:sam@example.com",
        "sam@example.com (home)",
        "Sam <sam@example.com>",
        "sam @example.com",
        "sam@example.com\n",
        "a@b@example.com",
        5,
        None,
    ],
)
def test_what_is_no_address_is_refused(value):
    with pytest.raises(ArgumentError, match=r"^to ") as caught:
        check_address("to", value)
    assert "sam@" not in str(caught.value).replace("'sam@example.com'", "")


@pytest.mark.parametrize("value", ["#FFD700", "#ffd700", "#abc"])
def test_a_colour_stays_as_it_is(value):
    assert check_color("color", value) == value


class TestTimes:
    @pytest.mark.parametrize("value", [*TIMES, datetime(2026, 11, 1, tzinfo=Nowhere()), None])
    def test_a_moment_has_a_time_zone_and_can_be_told_in_utc(self, value):
        with pytest.raises(ArgumentError, match=r"^before "):
            check_time("before", value)

    def test_a_naive_one_is_answered_with_advice(self):
        with pytest.raises(ArgumentError) as caught:
            check_time("before", datetime(2026, 11, 1))  # noqa: DTZ001
        assert str(caught.value).startswith("before has no time zone. Make it aware")

    @pytest.mark.parametrize(
        ("moment", "written"),
        [
            (datetime(2026, 4, 12, 15, 30, tzinfo=UTC), "2026-04-12T15:30:00Z"),
            (datetime(2026, 4, 12, 15, 30, tzinfo=timezone(timedelta(hours=-7))), "2026-04-12T22:30:00Z"),
            (datetime(2026, 4, 12, 15, 30, 0, 5, tzinfo=UTC), "2026-04-12T15:30:00.000005Z"),
            (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        ],
    )
    def test_it_is_written_as_the_service_writes_it(self, moment, written):
        assert rfc3339(check_time("before", moment)) == written

    @given(
        st.datetimes(timezones=st.timezones() | st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))))
    )
    def test_nothing_is_lost_in_writing(self, moment):
        try:
            check_time("before", moment)
        except ArgumentError:
            assert moment.year in {1, 9999}
        else:
            assert datetime.fromisoformat(rfc3339(moment)) == moment.astimezone(UTC)


class TestExactlyOne:
    def test_it_says_which(self):
        assert exactly_one("target", {"a": None, "b": 0}) == "b"
        assert exactly_one("target", {"a": ""}) == "a"

    def test_none_is_refused_with_the_choices(self):
        with pytest.raises(ArgumentError) as caught:
            exactly_one("target", {"a": None, "b": None})
        assert str(caught.value) == "There is no target: pass one of a, b."
        assert caught.value.argument == "target"

    def test_several_are_refused_with_their_names(self):
        with pytest.raises(ArgumentError) as caught:
            exactly_one("target", {"a": 1, "b": None, "c": 2})
        assert str(caught.value) == "a and c exclude each other: pass one target."
        assert caught.value.argument == "c"


@pytest.mark.parametrize("value", ["GET", "post", "Patch"])
def test_methods_are_words(value):
    check_method(value)


@pytest.mark.parametrize("value", ["", "GET ", "GE-T", "GÉT", None, 1])
def test_other_methods_are_refused(value):
    with pytest.raises(ArgumentError) as caught:
        check_method(value)
    assert caught.value.argument == "method"


@pytest.mark.parametrize("value", ["/", "/v1/inboxes", "/v1/contact/%C3%A9"])
def test_paths_begin_with_one_slash(value):
    check_path(value)


@pytest.mark.parametrize("value", ["", "v1", "//host/a", "/a?b=c", "/a#b", "/a b", "/é", "/a\nb", "https://a/b", None])
def test_other_paths_are_refused(value):
    with pytest.raises(ArgumentError) as caught:
        check_path(value)
    assert caught.value.argument == "path"


def test_an_error_may_have_advice():
    error = wrong("a", "is wrong", "Do it right.")
    assert re.fullmatch(r"a is wrong\. Do it right\.", str(error))
    assert error.argument == "a"
