"""Pages of records, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import Variants
from heymarket_async.sandbox.listing import ORDINARY, Sizes, before, by_number, by_time, count, numbered, read_limit
from heymarket_async.sandbox.records import Moment, Record, Records, show, show_all
from heymarket_async.sandbox.refusals import Missing, Refusal

PLAIN = Variants()
SECOND = 1_000_000


def records(*moments: int) -> list[Record]:
    return [{"id": at, "updated": Moment(moment)} for at, moment in enumerate(moments, 1)]


def ids(page: list[Record]) -> list[int]:
    return [record["id"] for record in page]


def page(found: list[Record], **options: Any) -> list[int]:
    return ids(by_time(found, **{"bound": None, "limit": 30, "variants": PLAIN, **options}))


def refusal(act: Any) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    assert (caught.value.status, caught.value.code) == (400, "bad_data")
    return caught.value.message


def test_the_newest_comes_first_and_ties_come_in_the_order_of_their_ids() -> None:
    assert page(records(5, 9, 5, 1)) == [2, 3, 1, 4]
    assert page(records(5, 9, 5, 1), ascending=True) == [4, 1, 3, 2]


def test_a_bound_excludes_its_own_time() -> None:
    assert page(records(5, 9, 5, 1), bound=Moment(5)) == [4]


@pytest.mark.parametrize(
    ("reading", "ascending", "expected"),
    [
        ("before", False, [1]),
        ("before", True, [1]),
        ("from", False, [3, 2]),
        ("from", True, [2, 3]),
        ("follows_order", False, [1]),
        ("follows_order", True, [3]),
    ],
)
def test_the_three_readings_of_a_message_cursor(reading: Any, ascending: bool, expected: list[int]) -> None:
    assert page(records(1, 5, 9), bound=Moment(5), reading=reading, ascending=ascending) == expected


def test_a_service_that_compares_coarsely_loses_what_shares_a_second_with_the_bound() -> None:
    found = records(1 * SECOND, 2 * SECOND + 100, 2 * SECOND + 900)
    bound = Moment(2 * SECOND + 900)
    assert page(found, bound=bound) == [2, 1]
    assert page(found, bound=bound, variants=Variants(compared="seconds")) == [1]


@given(st.lists(st.integers(0, 50)), st.integers(1, 7))
def test_walking_back_finds_everything_as_long_as_no_tie_lies_at_a_border(moments: list[int], limit: int) -> None:
    found = records(*moments)
    seen: list[int] = []
    bound = None
    while got := by_time(found, bound=bound, limit=limit, variants=PLAIN):
        seen += ids(got)
        bound = got[-1]["updated"]
    assert len(seen) == len(set(seen))
    if len(set(moments)) == len(moments):
        assert sorted(seen) == sorted(ids(found))


def test_a_limit_is_30_unless_given_and_never_above_the_maximum() -> None:
    assert read_limit({}, ORDINARY, PLAIN) == read_limit({"limit": 0}, ORDINARY, PLAIN) == 30
    assert read_limit({"limit": 7}, ORDINARY, PLAIN) == 7
    assert read_limit({"limit": 1000}, ORDINARY, PLAIN) == 200
    assert read_limit({"limit": 1000}, Sizes(30, 100), PLAIN) == 100
    assert read_limit({"limit": 1000}, ORDINARY, Variants(largest_page=50)) == 50
    assert read_limit({}, ORDINARY, Variants(largest_page=5)) == 5
    assert read_limit({"limit": 7}, ORDINARY, Variants(limit_ignored=True)) == 30


def test_a_limit_that_makes_no_sense_is_refused() -> None:
    assert refusal(lambda: read_limit({"limit": -1}, ORDINARY, PLAIN)) == "limit: must not be below 0."
    strict = Variants(limit_refused=True)
    assert refusal(lambda: read_limit({"limit": 201}, ORDINARY, strict)) == "limit: must not be above 200."
    assert read_limit({"limit": 200}, ORDINARY, strict) == 200


def test_the_lists_of_version_1_are_paged_by_date() -> None:
    found = records(1, 2 * SECOND, 3 * SECOND)
    assert ids(before(found, {"date": "1970-01-01T00:00:02.5Z", "limit": 1}, PLAIN)) == [2]
    assert ids(before(found, {"date": "1970-01-01T01:00:02+01:00"}, PLAIN)) == [1]
    assert ids(before(found, {"date": ""}, PLAIN)) == [3, 2, 1]
    assert "date: must be an RFC 3339 time" in refusal(lambda: before(found, {"date": "yesterday"}, PLAIN))


def test_records_are_counted_before_a_date() -> None:
    found = records(1, 2 * SECOND, 3 * SECOND)
    assert count(found, {}, PLAIN) == 3
    assert count(found, {"date": "1970-01-01T00:00:02Z"}, PLAIN) == 1


@pytest.mark.parametrize("first", [0, 1])
def test_pages_are_counted_from_the_first_one(first: int) -> None:
    found = records(*range(5))

    def at(number: int) -> list[int]:
        return ids(by_number(found, page=number, limit=2, first=first, variants=PLAIN))

    assert [at(first), at(first + 1), at(first + 2), at(first + 3)] == [[1, 2], [3, 4], [5], []]


def test_a_page_below_the_first_is_clamped_empty_or_refused() -> None:
    found = records(1, 2, 3)

    def at(low_page: Any) -> list[int]:
        return ids(numbered(found, {"page": 0, "limit": 2}, Variants(low_page=low_page), first=1))

    assert at("clamp") == [1, 2]
    assert at("empty") == []
    assert refusal(lambda: at("refuse")) == "page: the first page has the number 1."
    assert ids(numbered(found, {}, Variants(low_page="refuse"), first=1)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T02:00:00+02:00", 0),
    ],
)
def test_a_moment_reads_rfc_3339(text: str, microseconds: int) -> None:
    assert Moment.read(text) == microseconds


@pytest.mark.parametrize(
    "text",
    ["", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-13-01T00:00:00Z", "1970-W01-1T00:00:00Z"],
)
def test_a_moment_does_not_read_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Moment.read(text)


def test_a_moment_is_written_in_three_precisions_and_cut_rather_than_rounded() -> None:
    moment = Moment.at(1_775_034_420.9999996)
    assert moment.write("microseconds") == "2026-04-01T09:07:01.000000Z"
    moment = Moment.read("2026-04-01T09:07:00.999999Z")
    assert moment.write("microseconds") == "2026-04-01T09:07:00.999999Z"
    assert moment.write("milliseconds") == "2026-04-01T09:07:00.999Z"
    assert moment.write("seconds") == "2026-04-01T09:07:00Z"
    assert moment.cut("seconds") == Moment.read("2026-04-01T09:07:00Z")


@given(st.integers(-(2**45), 2**50))
def test_what_a_moment_writes_it_reads_again(microseconds: int) -> None:
    moment = Moment(microseconds)
    assert Moment.read(moment.write("microseconds")) == moment


def test_records_get_ids_times_and_revisions_and_are_found_by_id() -> None:
    tags = Records("tag", 7, revs=True)
    tag = tags.add(Moment(5), {"tag": "VIP"})
    assert tag == {"id": 7, "tag": "VIP", "created": 5, "updated": 5, "op": "c", "rev": 1}
    tags.change(tag, Moment(9), {"tag": "Lead"})
    assert tags.find(7) == {"id": 7, "tag": "Lead", "created": 5, "updated": 9, "op": "u", "rev": 2}
    assert Records("x", made="date").add(Moment(5), {}) == {"id": 1, "date": 5, "updated": 5, "op": "c"}
    with pytest.raises(Missing) as missing:
        tags.find(8, "tag_id")
    assert (missing.value.status, missing.value.message) == (404, "tag_id: there is no such tag.")


def test_a_change_does_not_set_a_record_back_in_time() -> None:
    tags = Records("tag")
    tag = tags.add(Moment(5), {})
    tags.change(tag, Moment(3))
    assert tag["updated"] == 5


def test_a_record_goes_out_without_what_is_the_sandboxs_own() -> None:
    record = {"id": 0, "date": Moment(0), "name": "", "seen": False, "_secret": 1, "count": 2}
    written = "1970-01-01T00:00:00Z"
    assert show(record, Variants(precision="seconds")) == {
        "id": 0,
        "date": written,
        "name": "",
        "seen": False,
        "count": 2,
    }
    assert show(record, Variants(precision="seconds", drop_empty=True)) == {"id": 0, "count": 2}


def test_a_list_without_records_is_empty_or_null() -> None:
    assert show_all([], PLAIN) == []
    assert show_all([], Variants(null_for_empty=True)) is None
    assert show_all([{"id": 1}], Variants(null_for_empty=True)) == [{"id": 1}]


@pytest.mark.parametrize(
    "options",
    [
        {"message_cursor": "after"},
        {"precision": 6},
        {"contacts_v2_first_page": 2},
        {"contacts_v2_first_page": True},
        {"unknown_id": 500},
        {"drop_empty": 1},
        {"largest_page": 0},
        {"largest_page": 5.0},
        {"repeat_life": -1},
        {"repeat_life": float("inf")},
        {"repeat_life": "1"},
    ],
)
def test_a_variant_that_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=rf"Variants\({next(iter(options))}=...\) must be"):
        Variants(**options)


def test_variants_that_make_sense_are_taken() -> None:
    assert Variants(largest_page=50, repeat_life=1.5, unknown_id=400).largest_page == 50


def test_every_variant_is_documented() -> None:
    import attrs

    text = Variants.__doc__ or ""
    assert [name for name in attrs.fields_dict(Variants) if f"    {name}: " not in text] == []
