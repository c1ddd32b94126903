"""From bytes to models: what is read, what is kept, and what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from heymarket_async import (
    BusinessHours,
    Conversation,
    ConversationMember,
    Inbox,
    Message,
    ScheduledContent,
    Survey,
    SurveyType,
    Team,
    TeamMember,
    WidgetSettings,
)
from heymarket_async.convert import NotJson, Reader
from heymarket_async.drift import Drift, Misfit, NoIdentity, json_type
from heymarket_async.resources.inboxes import LIST_INBOXES
from heymarket_async.resources.team import GET_TEAM
from heymarket_async.values import MASK, NO_EXTRA, Acknowledgement, Extra

PRIVATE = "+15105550101"
MANY = tuple[Inbox, ...]


@pytest.fixture
def reader():
    return Reader()


def inbox(reader, **record):
    """Read one inbox, by way of bytes."""
    (one,) = reader.read(json.dumps([{"id": 1, **record}]).encode(), MANY)
    return one


def used_the_clean_path(reader):
    return "converter" not in vars(reader)


class TestTheExamplesOfTheContract:
    def test_every_value_of_the_documented_inboxes_arrives(self, reader, example):
        raw = example("list_inboxes.response.documented")
        inboxes = reader.read(json.dumps(raw).encode(), LIST_INBOXES.reply, LIST_INBOXES.envelope)
        assert used_the_clean_path(reader)
        assert len(inboxes) == len(raw) == 1
        for one, record in zip(inboxes, raw, strict=True):
            assert one.extra == {}
            for key, value in record.items():
                got = getattr(one, key)
                if key == "widget_settings":
                    assert {name: getattr(got, name) for name in value} == value
                else:
                    assert (list(got) if isinstance(got, tuple) else got) == value

    def test_the_wrapper_of_older_guides_is_opened(self, reader, example):
        raw = example("list_inboxes.response.older-guide-wrapper")
        inboxes = reader.read(json.dumps(raw).encode(), LIST_INBOXES.reply, LIST_INBOXES.envelope)
        assert inboxes == (
            Inbox(id=42, name="Support", phones=("+15105550100",)),
            Inbox(id=87, name="Sales", phones=("+15105550120",)),
        )
        assert reader.drift.misfits == {}
        assert reader.drift.unknown == {}

    def test_every_value_of_the_team_arrives(self, reader, example):
        raw = example("get_team.response")
        team = reader.read(json.dumps(raw).encode(), GET_TEAM.reply, GET_TEAM.envelope)
        assert used_the_clean_path(reader)
        assert team == Team(
            id=7,
            name="Example Team",
            list_size=1000,
            members=(
                TeamMember(id=1, name="Riley Stone", role="admin"),
                TeamMember(id=2, name="Casey Lane", role="member"),
            ),
        )


class TestTheTopOfAnAnswer:
    @pytest.mark.parametrize(
        "body", [b"", b" \n", b"<html>", b"{", b"[{]", b"undefined", b"'a'", b'{"id": 1}}', b"\x00"]
    )
    def test_what_is_not_json_is_called_so(self, reader, body):
        with pytest.raises(NotJson):
            reader.read(body, MANY)

    @pytest.mark.parametrize(
        "body", [b'[{"id":1,"name":"\xff"}]', b'[{"id":1,"\xff":2}]', b'[{"id":1,"n":{"\xc3":1}}]', b"\xff"]
    )
    def test_neither_are_bytes_that_are_not_unicode(self, reader, body):
        with pytest.raises(NotJson) as caught:
            reader.read(body, MANY)
        assert caught.value.__context__ is None, "it would hold the body"

    @pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"id":1,"x":[', b'[{"id":1,"widget_settings":{"x":['])
    def test_nor_is_anything_too_deep_to_be_read(self, reader, opening):
        for body in (opening * 100_000, opening + b"[" * 100_000 + b"]" * 100_000):
            with pytest.raises(NotJson):
                reader.read(body, MANY)

    def test_nor_a_number_of_many_thousand_digits(self, reader):
        with pytest.raises(NotJson):
            reader.read(b'[{"id":1,"x":' + b"9" * 5000 + b"}]", MANY)

    @pytest.mark.parametrize(
        "body", [b"null", b"[]", b" [ ] ", b'{"inboxes": null}', b'{"inboxes": []}', b"\xef\xbb\xbf[]"]
    )
    def test_no_inboxes_are_an_empty_tuple(self, reader, body):
        assert reader.read(body, MANY, ("inboxes",)) == ()

    @pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-32"])
    def test_a_mark_of_the_byte_order_is_understood(self, reader, coding):
        assert reader.read('[{"id":1,"name":"é"}]'.encode(coding), MANY) == (Inbox(id=1, name="é"),)

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            (b"{}", "$: array wanted, object found"),
            (b'{"error": "x"}', "$: array wanted, object found"),
            (b'"ok"', "$: array wanted, string found"),
            (b"5", "$: array wanted, integer found"),
            (b"5.5", "$: array wanted, number found"),
            (b"true", "$: array wanted, boolean found"),
            (b'{"inboxes": "x"}', "$.inboxes: array wanted, string found"),
            (b'{"inboxes": [{"id": 1}, {"id": []}]}', "$.inboxes[1].id: integer wanted, array found"),
            (b"[null]", "$[0]: object wanted, null found"),
            (b'[{"id": 1}, 7]', "$[1]: object wanted, integer found"),
            (b'[{"id": 1}, [{"id": 2}]]', "$[1]: object wanted, array found"),
            (b"[NaN]", "$[0]: object wanted, number found"),
        ],
    )
    def test_another_shape_is_refused_with_its_place(self, reader, body, text):
        with pytest.raises(Misfit) as caught:
            reader.read(body, MANY, ("inboxes",))
        assert str(caught.value) == text

    def test_the_first_key_of_an_envelope_that_is_there_counts(self, reader):
        body = b'{"data": [{"id": 2}], "inboxes": [{"id": 1}], "items": []}'
        assert reader.read(body, MANY, ("inboxes", "data")) == (Inbox(id=1),)
        assert reader.read(body, MANY, ("none", "data")) == (Inbox(id=2),)

    def test_one_model_may_be_wanted_or_one_or_none(self, reader):
        assert reader.read(b'{"id": 1}', Inbox) == Inbox(id=1)
        assert reader.read(b'{"id": 1}', Inbox | None) == Inbox(id=1)
        assert reader.read(b"null", Inbox | None) is None
        with pytest.raises(Misfit, match=r"^\$: object wanted, null found$"):
            reader.read(b"null", Inbox)


class TestOtherShapes:
    @pytest.mark.parametrize("body", [b"{}", b"null", b'"ok"', b"1.5", b"[1, null, {}]"])
    def test_plain_json_comes_as_it_is(self, reader, body):
        assert reader.read(body, object) == json.loads(body)

    def test_plain_json_may_be_nothing_at_all(self, reader):
        assert reader.read(b" ", object) is None
        with pytest.raises(NotJson):
            reader.read(b"{", object)

    @pytest.mark.parametrize("body", [b"", b"{}", b"anything"])
    @pytest.mark.parametrize("shape", [None, type(None)])
    def test_a_body_that_does_not_matter_is_not_read(self, reader, shape, body):
        assert reader.read(body, shape) is None

    @pytest.mark.parametrize(
        ("shape", "body", "value"),
        [
            (int, b'"7"', 7),
            (str, b'"ok"', "ok"),
            (list[Inbox], b'[{"id": 1}]', [Inbox(id=1)]),
            (list[int], b"null", []),
            (tuple[int, ...], b'["1", 2]', (1, 2)),
            (dict[str, Inbox], b'{"a": {"id": 1}}', {"a": Inbox(id=1)}),
            (dict[str, int], b'{"a": "1"}', {"a": 1}),
            (Any, b'{"a": [1]}', {"a": [1]}),
        ],
    )
    def test_whatever_cattrs_can_make_can_be_had(self, reader, shape, body, value):
        assert reader.read(body, shape) == value

    @pytest.mark.parametrize(
        ("shape", "body", "text"),
        [
            (int, b'"x"', "$: integer wanted, string found"),
            (list[Inbox], b'[{"id": 1}, {}]', "$[1].id: integer wanted, nothing found"),
            (list[int], b'[1, "x"]', "$[1]: integer wanted, string found"),
            (list[int], b"{}", "$: array wanted, object found"),
            (dict[str, int], b"[]", "$: value wanted, array found"),
            (dict[str, int], b"null", "$: value wanted, null found"),
        ],
    )
    def test_what_does_not_fit_there_is_a_misfit_too(self, reader, shape, body, text):
        with pytest.raises(Misfit) as caught:
            reader.read(body, shape)
        assert str(caught.value) == text

    def test_a_class_of_attrs_that_is_none_of_ours_is_left_to_cattrs(self, reader):
        @attrs.define
        class Mine:
            id: int
            tags: list[str] = attrs.Factory(list)

        assert reader.read(b'[{"id": "3", "tags": ["a"], "more": 1}]', tuple[Mine, ...]) == (Mine(3, ["a"]),)
        assert reader.read(b'{"id": 3}', Mine) == Mine(3)
        with pytest.raises(Misfit, match=r"^\$\[0\]: value wanted, object found$") as caught:
            reader.read(b"[{}]", tuple[Mine, ...])
        assert caught.value.__context__ is None, "what cattrs raised may hold the value"

    def test_so_is_a_class_that_was_derived_from_ours(self, reader):
        @attrs.frozen(kw_only=True)
        class MyInbox(Inbox):
            colour: str = "red"

        assert reader.read(b'[{"id": 1, "colour": "blue"}]', tuple[MyInbox, ...]) == (MyInbox(id=1, colour="blue"),)

    def test_a_model_may_name_its_keys_otherwise_on_the_wire(self, reader):
        @attrs.frozen(kw_only=True, weakref_slot=False)
        class Renamed:
            id: int
            sender: str | None = attrs.field(default=None, metadata={"wire": "from"})
            inner: Inbox | None = attrs.field(default=None, metadata={"wire": "in"})
            extra: Any = attrs.field(default=NO_EXTRA, hash=False)

        expected = Renamed(id=1, sender="a", inner=Inbox(id=2))
        for more, kept in (({}, {}), ({"x": 1}, {"x": 1}), ({"sender": 1}, {"sender": 1})):
            record = {"id": 1, "from": "a", "in": {"id": 2}, **more}
            assert reader.structure(record, Renamed) == attrs.evolve(expected, extra=Extra(kept))
            assert reader.read(json.dumps(record).encode(), Renamed) == attrs.evolve(expected, extra=Extra(kept))
        assert reader.structure({"id": "1", "from": "a", "in": {"id": "2"}}, Renamed) == expected
        with pytest.raises(NoIdentity, match=r"^\$\.in\.id: "):
            reader.structure({"id": 1, "in": {}}, Renamed)


class TestIdentity:
    @pytest.mark.parametrize(
        ("value", "found"),
        [
            (None, "null"),
            ("x", "string"),
            ("", "string"),
            ("1.0", "string"),
            ("9" * 21, "string"),
            ([1], "array"),
            ({}, "object"),
            (True, "boolean"),
            (1.5, "number"),
            (math.nan, "number"),
            (math.inf, "number"),
            (2.0**53 * 2, "number"),
        ],
    )
    def test_an_id_that_is_none_is_refused_with_its_place(self, reader, value, found):
        body = json.dumps([{"id": 1}, {"id": 2}, {"id": 3}, {"id": value, "name": PRIVATE}]).encode()
        with pytest.raises(NoIdentity) as caught:
            reader.read(body, MANY)
        assert caught.value.where == "$[3].id"
        assert str(caught.value) == f"$[3].id: integer wanted, {found} found"

    def test_so_is_a_record_without_one(self, reader):
        with pytest.raises(NoIdentity, match=r"^\$\[1\]\.id: integer wanted, nothing found$"):
            reader.read(b'[{"id": 1}, {"name": "x"}]', MANY)

    @pytest.mark.parametrize("more", ["", ', "unknown": 1', ', "list_size": []'], ids=["clean", "common", "odd"])
    @pytest.mark.parametrize("member", ["{}", '{"id": null}', '{"id": "x"}', '{"id": [], "colour": 1}'])
    def test_a_record_within_a_record_is_named_by_its_whole_path(self, reader, more, member):
        body = f'{{"id": 7, "members": [{{"id": 1}}, {member}]{more}}}'.encode()
        with pytest.raises(NoIdentity, match=r"^\$\.members\[1\]\.id: integer wanted"):
            reader.read(body, Team)
        with pytest.raises(NoIdentity, match=r"^\$\[0\]\.members\[1\]\.id: integer wanted"):
            reader.read(b"[" + body + b"]", tuple[Team, ...])

    @pytest.mark.parametrize("value", ["5", 5.0, "05"])
    def test_a_number_in_another_dress_is_one(self, reader, value):
        assert inbox(reader, id=value) == Inbox(id=5)
        assert reader.drift.misfits == {}

    def test_the_last_of_two_equal_keys_counts(self, reader):
        assert reader.read(b'[{"id": 1, "id": 2}]', MANY) == (Inbox(id=2),)
        assert reader.read(b'[{"id": "x", "id": 2, "a": 1, "a": 3}]', MANY) == (Inbox(id=2, extra=Extra({"a": 3})),)
        with pytest.raises(NoIdentity):
            reader.read(b'[{"id": 2, "id": null}]', MANY)


class TestFieldsThatFit:
    @pytest.mark.parametrize(
        ("key", "value", "got"),
        [
            ("team", 7, 7),
            ("team", "7", 7),
            ("team", "-7", -7),
            ("team", "007", 7),
            ("team", 7.0, 7),
            ("team", -0.0, 0),
            ("team", 2.0**53, 2**53),
            ("team", 2**64, 2**64),
            ("team", 10**400, 10**400),
            ("team", -(10**30), -(10**30)),
            ("team", "18446744073709551615", 2**64 - 1),
            ("name", "Support", "Support"),
            ("name", "", ""),
            ("name", "half an emoji \ud83d", "half an emoji \ud83d"),
            ("name", "é\u0000\u2028", "é\u0000\u2028"),
            ("name", 5, "5"),
            ("phone", 15105550101, "15105550101"),
            ("auto_close", True, True),
            ("auto_close", 1, True),
            ("auto_close", 0, False),
            ("auto_close", 0.0, False),
            ("auto_close", "true", True),
            ("auto_close", "false", False),
            ("members", ["1", 2, 3.0], (1, 2, 3)),
            ("members", [], ()),
            ("phones", [15105550101, "+1"], ("15105550101", "+1")),
            ("widget_settings", {"position": "3"}, WidgetSettings(position=3)),
            ("widget_settings", {}, WidgetSettings()),
            ("business_hours", {"weekday_end_hour": 17}, BusinessHours(weekday_end_hour=17)),
        ],
    )
    def test_it_arrives_in_its_type(self, reader, key, value, got):
        one = inbox(reader, **{key: value})
        assert getattr(one, key) == got
        assert type(getattr(one, key)) is type(got)
        assert one.extra == {}
        assert reader.drift.misfits == {}

    @pytest.mark.parametrize("key", [field.name for field in attrs.fields(Inbox) if field.name not in {"id", "extra"}])
    def test_null_is_the_same_as_nothing_and_nothing_odd(self, reader, key):
        assert inbox(reader, **{key: None}) == Inbox(id=1)
        assert used_the_clean_path(reader)
        assert reader.drift.misfits == {}
        assert Reader(strict=True).structure({"id": 1, key: None}, Inbox) == Inbox(id=1)

    def test_minus_zero_is_zero(self, reader):
        assert reader.read(b'[{"id": -0, "rev": -0}]', MANY) == (Inbox(id=0, rev=0),)

    def test_a_float_may_be_wanted_too(self, reader):
        assert reader.structure(1, float) == 1.0
        assert type(reader.structure(1, float)) is float
        for value in ("1.5", True, None, 10**400, 2**60 + 1):
            with pytest.raises(Misfit, match="number wanted"):
                reader.structure(value, float)


class TestWordsAndMixtures:
    @pytest.mark.parametrize("more", [{}, {"unknown": 1}, {"name": []}], ids=["clean", "common", "odd"])
    @pytest.mark.parametrize("word", ["nps", "a new one", ""])
    def test_a_word_of_the_service_is_one_on_every_path_known_or_not(self, reader, word, more):
        survey = reader.structure({"id": 1, "type": word, **more}, Survey)
        assert type(survey.type) is SurveyType
        assert survey.type == word
        assert survey.type.is_known is (word == "nps")
        assert "type" not in survey.extra

    @pytest.mark.parametrize("value", [True, 1.5, [], {}])
    def test_what_is_no_word_is_a_misfit(self, reader, value):
        survey = reader.structure({"id": 1, "type": value}, Survey)
        assert survey.type is None
        assert survey.extra == {"type": value}

    @pytest.mark.parametrize(
        ("shape", "value"), [(int | str, 5), (int | str, "5"), (Mapping[str, Any], {"+1": 5}), (Mapping[str, Any], {})]
    )
    def test_mixtures_are_taken_as_they_come(self, reader, shape, value):
        got = reader.structure(value, shape)
        assert got == value
        assert type(got) is type(value)

    @pytest.mark.parametrize(
        ("shape", "value"),
        [(int | str, True), (int | str, 1.5), (int | str, []), (Mapping[str, Any], []), (Mapping[str, Any], 5)],
    )
    def test_what_fits_none_of_a_mixture_is_a_misfit(self, reader, shape, value):
        with pytest.raises(Misfit, match=f"{json_type(value)} found"):
            reader.structure(value, shape)

    @pytest.mark.parametrize("record", [{"a": 5}, {"a": "5"}, {"a": {"b": 1}}, {"a": None}, {"a": True}, {"a": 1.0}])
    def test_a_field_of_mixed_kinds_loses_nothing(self, reader, record):
        @attrs.frozen(kw_only=True, weakref_slot=False)
        class Mixed:
            a: int | Mapping[str, Any] | None = None
            extra: Any = attrs.field(default=NO_EXTRA, hash=False)

        one = reader.structure(record, Mixed)
        assert one.extra.get("a", one.a) in (record["a"], 5)
        assert reader.read(json.dumps(record).encode(), Mixed) == one

    @pytest.mark.parametrize(
        ("body", "text"), [(b'"ok"', "ok"), (b'""', ""), (b"{}", "{}"), (b"null", "null"), (b"[1]", "[1]"), (b"5", "5")]
    )
    def test_whatever_is_said_to_a_write_is_an_acknowledgement(self, reader, body, text):
        said = reader.read(body, Acknowledgement)
        assert said == text
        assert type(said) is Acknowledgement


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "time"),
        [
            ("2024-05-01T10:20:30Z", datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC)),
            ("2024-05-01T10:20:30.5Z", datetime(2024, 5, 1, 10, 20, 30, 500000, tzinfo=UTC)),
            ("2024-05-01T10:20:30.123456+00:00", datetime(2024, 5, 1, 10, 20, 30, 123456, tzinfo=UTC)),
            ("2024-05-01T10:20:30.123456789Z", datetime(2024, 5, 1, 10, 20, 30, 123457, tzinfo=UTC)),
            ("2024-05-01T10:20:30-07:00", datetime(2024, 5, 1, 17, 20, 30, tzinfo=UTC)),
            ("2024-05-01 10:20:30Z", datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC)),
            ("2024-05-01t10:20:30z", datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC)),
            ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
            ("2024-05-01T10:20:30", datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC)),
            ("2024-05-01T10:20:30.25", datetime(2024, 5, 1, 10, 20, 30, 250000, tzinfo=UTC)),
        ],
    )
    @pytest.mark.parametrize("more", [{}, {"unknown": 1}, {"rev": []}], ids=["clean", "common", "odd"])
    def test_a_time_is_aware_on_every_path_and_in_utc_if_it_does_not_say(self, reader, text, time, more):
        got = inbox(reader, created_at=text, **more).created_at
        assert got == time
        assert got.utcoffset() is not None

    def test_it_keeps_the_zone_that_was_sent(self, reader):
        got = inbox(reader, created_at="2024-05-01T10:20:30-07:00").created_at
        assert got.tzinfo == timezone(timedelta(hours=-7))

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "2024-05-01",
            "10:20:30",
            "2024-05-01T10:20Z",
            "2024-02-30T00:00:00Z",
            "2024-05-01T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2024-05-01T10:20:30+24:00",
            "yesterday",
            "\ud83d",
            1714558830,
            1714558830.5,
            True,
            [],
        ],
    )
    def test_what_is_no_time_is_a_misfit(self, reader, value):
        one = inbox(reader, created_at=value)
        assert one.created_at is None
        assert one.extra == {"created_at": value}
        assert list(reader.drift.misfits) == [("Inbox", "created_at", "RFC 3339 time", json_type(value))]

    def test_a_time_that_is_one_already_is_taken_and_made_aware(self, reader):
        aware, naive = datetime(2024, 5, 1, tzinfo=timezone(timedelta(hours=2))), datetime(2024, 5, 1)  # noqa: DTZ001
        assert reader.structure(aware, datetime) is aware
        assert reader.structure(naive, datetime) == datetime(2024, 5, 1, tzinfo=UTC)
        assert reader.structure({"id": 1, "created_at": naive}, Inbox).created_at.tzinfo is UTC


MISFITS = [
    ("team", "x", "integer", "string"),
    ("team", "", "integer", "string"),
    ("team", "-", "integer", "string"),
    ("team", "--5", "integer", "string"),
    ("team", "\u0665", "integer", "string"),
    ("team", "5 ", "integer", "string"),
    ("team", "1" * 21, "integer", "string"),
    ("team", True, "integer", "boolean"),
    ("team", 5.5, "integer", "number"),
    ("team", 1e300, "integer", "number"),
    ("team", math.inf, "integer", "number"),
    ("team", [5], "integer", "array"),
    ("name", True, "string", "boolean"),
    ("name", 1.5, "string", "number"),
    ("name", {"a": 1}, "string", "object"),
    ("phone", 1.5105550101e10, "string", "number"),
    ("auto_close", "TRUE", "boolean", "string"),
    ("auto_close", "yes", "boolean", "string"),
    ("auto_close", 2, "boolean", "integer"),
    ("auto_close", [], "boolean", "array"),
    ("invited", True, "array", "boolean"),
    ("members", {"1": 2}, "array", "object"),
    ("members", "1,2", "array", "string"),
    ("members", [1, None], "integer", "null"),
    ("members", [1, "x"], "integer", "string"),
    ("phones", ["+1", False], "string", "boolean"),
    ("widget_settings", [], "object", "array"),
    ("widget_settings", "x", "object", "string"),
]


class TestFieldsThatDoNotFit:
    @pytest.mark.parametrize(("key", "value", "wanted", "found"), MISFITS)
    def test_a_misfit_becomes_absent_keeps_its_value_and_is_counted(self, reader, key, value, wanted, found):
        one = inbox(reader, **{key: value}, rev=3)
        assert one == Inbox(id=1, rev=3, extra=Extra({key: value}))
        assert getattr(one, key) == attrs.fields_dict(Inbox)[key].default
        assert dict(reader.drift.misfits) == {("Inbox", key, wanted, found): 1}
        assert reader.drift.unknown == {}

    @pytest.mark.parametrize(("key", "value", "wanted", "found"), MISFITS)
    def test_a_strict_reader_raises_where_it_is(self, key, value, wanted, found):
        reader = Reader(strict=True)
        with pytest.raises(Misfit) as caught:
            inbox(reader, **{key: value})
        assert caught.value.where.startswith(f"$[0].{key}")
        assert str(caught.value).endswith(f": {wanted} wanted, {found} found")

    def test_a_misfit_within_a_record_stays_within_it(self, reader):
        one = inbox(reader, widget_settings={"position": "left", "tos": "x"})
        assert one.widget_settings == WidgetSettings(tos="x", extra=Extra({"position": "left"}))
        assert one.extra == {}
        assert dict(reader.drift.misfits) == {("WidgetSettings", "position", "integer", "string"): 1}

    @pytest.mark.parametrize("more", [{}, {"unknown": 1}, {"list_size": "5"}], ids=["clean", "common", "odd"])
    def test_a_strict_reader_names_the_whole_path_of_a_misfit_within(self, more):
        record = {"id": 1, "members": [{"id": 1}, {"id": 2, "name": []}], **more}
        with pytest.raises(Misfit, match=r"^\$\.members\[1\]\.name: string wanted, array found$"):
            Reader(strict=True).read(json.dumps(record).encode(), Team)

    def test_a_strict_reader_takes_what_is_only_unknown_or_in_another_dress(self):
        one = inbox(Reader(strict=True), team="7", members=None, colour="red")
        assert one == Inbox(id=1, team=7, extra=Extra({"colour": "red"}))

    @pytest.mark.parametrize("members", [[None], [5], [{"id": 1}, "x"]])
    def test_a_list_of_records_that_holds_something_else_is_kept_whole(self, reader, members):
        team = reader.structure({"id": 1, "members": members}, Team)
        assert team.members == ()
        assert team.extra == {"members": members}

    def test_one_odd_record_does_not_touch_its_neighbours(self, reader):
        body = b'[{"id": 1, "name": "a"}, {"id": 2, "name": []}, {"id": 3, "name": "c"}]'
        assert [one.name for one in reader.read(body, MANY)] == ["a", None, "c"]

    def test_one_that_fits_again_is_a_field_again(self, reader):
        assert [inbox(reader, rev=value).rev for value in (["x"], 5, "6", None, 7)] == [None, 5, 6, None, 7]
        assert reader.drift.misfits.total() == 1

    def test_each_misfit_is_counted_each_time(self, reader):
        for _ in range(3):
            inbox(reader, team="x", name=[])
        assert reader.drift.misfits[("Inbox", "team", "integer", "string")] == 3
        assert reader.drift.misfits.total() == 6


class TestAnObjectInPlaceOfAnArray:
    """Inside a message, an integrator saw the members of a conversation as an object, and did not say of which kind."""

    SAM, ALEX = ConversationMember(id=1, name="Sam"), ConversationMember(id=2, name="Alex")

    @pytest.mark.parametrize(
        ("members", "found"),
        [
            ({"1": {"id": 1, "name": "Sam"}, "2": {"id": "2", "name": "Alex"}}, (SAM, ALEX)),
            ({"1": {"name": "Sam"}, "2": {"name": "Alex"}}, (SAM, ALEX)),
            ({"1": "Sam", "2": "Alex"}, (SAM, ALEX)),
            ({"id": 1, "name": "Sam"}, (SAM,)),
            ({"1": {}}, (ConversationMember(id=1),)),
            ({}, ()),
        ],
    )
    @pytest.mark.parametrize("strict", [True, False])
    def test_its_records_are_read(self, members, found, strict):
        reader = Reader(strict=strict)
        (message,) = reader.structure([{"id": 7, "conversation": {"id": 3, "members": members}}], tuple[Message, ...])
        assert message.conversation.members == found
        assert message.conversation.extra == {}
        assert reader.drift.misfits == {}

    @pytest.mark.parametrize(
        "members", [{"1": 5}, {"1": {"id": 2}}, {"1": {"name": "Sam"}, "2": None}, "Sam", {"a": []}]
    )
    def test_what_is_none_of_that_is_kept_whole(self, reader, members):
        conversation = reader.structure({"id": 3, "members": members}, Conversation)
        assert conversation.members == ()
        assert conversation.extra == {"members": members}

    def test_records_without_an_id_stay_where_they_are(self, reader):
        content = reader.structure({"gallery": {"url": "https://example.com/a.png"}}, ScheduledContent)
        assert content.gallery == ()
        assert content.extra == {"gallery": {"url": "https://example.com/a.png"}}


class TestKeysThatAreNotKnown:
    @pytest.mark.parametrize(
        "key", ["colour", "extra", "", "Id", "__class__", "é", "\u0000", "🙂", "\ud83d", "a.b[0]", PRIVATE]
    )
    @pytest.mark.parametrize("more", [{}, {"rev": "3"}, {"rev": []}], ids=["common", "odd", "with a misfit"])
    def test_they_are_kept_with_their_values(self, reader, key, more):
        value = {"a": [1, None, {"b": 1.5}]}
        one = inbox(reader, **{key: value}, **more)
        assert one.extra[key] == value
        assert set(one.extra) == {key} | ({"rev"} if more.get("rev") == [] else set())
        assert type(one.extra) is Extra
        assert PRIVATE not in repr(one)

    def test_null_under_an_unknown_key_is_kept_as_well(self, reader):
        assert inbox(reader, colour=None).extra == {"colour": None}
        assert inbox(reader, colour=None, rev="x").extra == {"colour": None, "rev": "x"}

    def test_they_are_kept_within_records_too(self, reader):
        one = inbox(reader, widget_settings={"colour": "red"})
        assert one.widget_settings.extra == {"colour": "red"}
        assert one.extra == {}
        assert reader.drift.unknown == {"WidgetSettings": {"colour"}}

    def test_nan_and_infinity_are_taken_as_they_are(self, reader):
        (one,) = reader.read(b'[{"id": 1, "a": NaN, "b": -Infinity, "c": 1e999, "rev": NaN}]', MANY)
        assert math.isnan(one.extra["a"])
        assert one.extra["b"] == -math.inf
        assert one.extra["c"] == math.inf
        assert math.isnan(one.extra["rev"])

    @pytest.mark.parametrize("depth", [100, 500])
    def test_they_may_be_deep(self, reader, depth):
        (one,) = reader.read(b'[{"id":1,"x":' + b"[" * depth + b"]" * depth + b',"rev":[]}]', MANY)
        value = one.extra["x"]
        for _ in range(depth - 1):
            (value,) = value
        assert value == []

    def test_a_record_without_them_shares_one_empty_extra(self, reader):
        assert inbox(reader).extra is NO_EXTRA
        assert inbox(reader, rev="3").extra is NO_EXTRA
        assert inbox(reader, widget_settings={"a": 1}).extra is NO_EXTRA


class TestDrift:
    def test_a_reader_that_met_nothing_odd_has_none(self, reader):
        inbox(reader, name="a")
        assert repr(reader.drift) == "Drift(misfits=0, unknown=0)"

    def test_it_tells_names_and_counts_and_no_value(self, reader):
        inbox(reader, colour=PRIVATE, team=PRIVATE, widget_settings={"x": PRIVATE})
        drift = reader.drift
        assert repr(drift) == "Drift(misfits=1, unknown=2)"
        assert drift.unknown == {"Inbox": {"colour"}, "WidgetSettings": {"x"}}
        assert PRIVATE not in f"{drift} {drift.misfits} {drift.unknown}"

    def test_keys_that_may_be_data_count_as_one_and_are_not_told(self, reader):
        inbox(reader, **{PRIVATE: 1, "riley@example.com": 2, "colour": 3})
        assert reader.drift.unknown == {"Inbox": {"colour", MASK}}

    def test_what_was_cleared_is_told_again(self, reader):
        inbox(reader, colour=1, rev="x")
        reader.drift.unknown.clear()
        reader.drift.misfits.clear()
        inbox(reader, colour=1, rev="x")
        assert reader.drift.unknown == {"Inbox": {"colour"}}
        assert reader.drift.misfits == {("Inbox", "rev", "integer", "string"): 1}

    def test_keys_made_from_data_cannot_fill_the_memory(self):
        drift = Drift()
        for start in range(0, 3000, 7):
            drift.note_unknown("Inbox", [f"k{n}" for n in range(start, start + 7)])
        drift.note_unknown("Inbox", (f"x{n}" for n in range(5000)))
        assert len(drift.unknown["Inbox"]) == 1000


class TestMisfit:
    def test_it_says_where_what_and_what_instead_and_never_the_value(self):
        misfit = Misfit("integer", "string", ("id",)).under(3).under("members").under("a b")
        assert misfit.where == "$.a b.members[3].id"
        assert str(misfit) == "$.a b.members[3].id: integer wanted, string found"
        assert Misfit("array", "null").where == "$"

    def test_one_that_nothing_can_replace_keeps_its_place(self):
        misfit = Misfit("integer", "string", ("id",)).as_identity()
        assert type(misfit) is NoIdentity
        assert str(misfit) == "$.id: integer wanted, string found"

    @pytest.mark.parametrize(
        ("value", "name"),
        [
            (None, "null"),
            (True, "boolean"),
            (1, "integer"),
            (1.5, "number"),
            ("", "string"),
            ({}, "object"),
            ([], "array"),
            (b"", "bytes"),
        ],
    )
    def test_types_are_called_as_json_calls_them(self, value, name):
        assert json_type(value) == name

    def test_no_error_holds_a_value_anywhere_on_its_chain(self, reader):
        record = {"id": PRIVATE, "members": [{"id": 1, "name": [PRIVATE]}]}
        with pytest.raises(Misfit) as caught:
            reader.read(json.dumps(record).encode(), Team)
        error = caught.value
        assert error.__suppress_context__
        assert PRIVATE not in repr(error)
        assert PRIVATE not in str(error.args)


class TestRecordsOfOnesOwn:
    def test_the_converter_structures_what_is_python_already(self, reader):
        assert reader.converter.structure({"id": 1, "x": 2}, Inbox) == Inbox(id=1, extra=Extra({"x": 2}))
        assert reader.structure(({"id": 1},), MANY) == (Inbox(id=1),)
        assert reader.structure(None, MANY) == ()

    def test_keys_that_are_not_text_are_kept(self, reader):
        one = reader.structure({"id": 1, 5: "five"}, Inbox)
        assert one.extra == {5: "five"}
        assert repr(one.extra) == f"Extra({MASK})"

    def test_readers_share_nothing(self):
        first, second = Reader(), Reader(strict=True)
        inbox(first, team="x")
        assert second.drift.misfits == {}
        with pytest.raises(Misfit):
            inbox(second, team="x")
        assert inbox(first, team="x").team is None
