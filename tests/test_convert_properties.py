"""What holds for any record: three paths and one result, nothing lost, nothing shown, nothing else raised."""

from __future__ import annotations

import contextlib
import functools
import json
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from unittest import mock

import attrs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from every_model import EVERY_MODEL
from heymarket_async import BusinessHours, Inbox, Team, TeamMember, WidgetSettings
from heymarket_async.convert import NotJson, Reader
from heymarket_async.drift import Misfit, NoIdentity
from heymarket_async.shown import Rows
from heymarket_async.staging import is_model
from heymarket_async.values import NO_EXTRA, OpenEnum

MODELS = [value for value in EVERY_MODEL if is_model(value)]
PRIVATE = "PRIVATE-5105550101"

any_model = st.sampled_from(MODELS)
pytestmark = pytest.mark.mixed

often = settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))

very_often = settings(often, max_examples=150)

# Records


def wire_name(field):
    return field.metadata.get("wire", field.name)


def fields_of(model):
    return [field for field in attrs.fields(model) if field.name != "extra"]


def required(model):
    return {wire_name(field) for field in fields_of(model) if field.default is attrs.NOTHING}


def inner(shape):
    """`X` of `X | None`."""
    if typing.get_origin(shape) in (types.UnionType, typing.Union):
        return typing.Union[tuple(each for each in typing.get_args(shape) if each is not types.NoneType)]  # noqa: UP007
    return shape


def item(shape):
    """`X` of `tuple[X, ...]`, else None."""
    return typing.get_args(shape)[0] if typing.get_origin(shape) is tuple else None


times = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))) | st.just(UTC),
).map(datetime.isoformat)
SCALARS = {
    int: st.integers(-(2**63), 2**64 - 1) | st.integers(-3, 3),
    str: st.text(max_size=8),
    bool: st.booleans(),
    datetime: times,
    float: st.floats(allow_nan=False, allow_infinity=False),
    Mapping[str, Any]: st.dictionaries(
        st.text(max_size=8), st.none() | st.integers() | st.text(max_size=5), max_size=3
    ),
    Any: st.integers() | st.text(max_size=5) | st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
}
scalar_junk = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.integers().map(str)
    | st.sampled_from(["true", "false", "TRUE", "2024-01-01T00:00:00", "\ud83d", 3.0, -0.0, 10**30])
)
json_values = st.recursive(
    scalar_junk,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=6,
)
flat_junk = scalar_junk | st.lists(scalar_junk, max_size=3) | st.just({})
unknown_keys = st.text(max_size=6) | st.sampled_from(["extra", "colour", "Id", "\ud83d", "__class__", "+15105550101"])


@functools.cache
def fitting(shape):
    """What the clean path takes for a type."""
    shape = inner(shape)
    if item(shape):
        return st.lists(fitting(item(shape)), max_size=3)
    if typing.get_origin(shape) in {types.UnionType, typing.Union}:
        return st.one_of([fitting(each) for each in typing.get_args(shape)])
    if is_open_enum(shape):
        return st.sampled_from([word.value for word in shape])
    return records(shape) if is_model(shape) else SCALARS[shape]


def is_open_enum(shape):
    return isinstance(shape, type) and issubclass(shape, OpenEnum)


@functools.cache
def loose(shape):
    """What a field may hold: what fits, what nearly fits, and what does not fit at all. Identities are right."""
    shape = inner(shape)
    if is_model(shape):
        return records(shape, loose) | flat_junk.filter(lambda junk: not (junk == {} and required(shape)))
    if item(shape) and is_model(item(shape)):
        # A list of records without identity would be refused.
        return (
            st.lists(records(item(shape), loose), max_size=3)
            | scalar_junk
            | st.lists(scalar_junk, min_size=1, max_size=2)
        )
    if item(shape):
        return st.lists(loose(item(shape)), max_size=3) | flat_junk
    return fitting(shape) | fitting(shape).map(str) | flat_junk


@st.composite
def records(draw, model, values=fitting):
    """A record of a model; with `values=loose`, also with keys that are not known."""
    keys = required(model) | set(draw(st.lists(st.sampled_from([wire_name(f) for f in fields_of(model)]), max_size=8)))
    record = {}
    for field in fields_of(model):
        key = wire_name(field)
        if key in required(model):
            record[key] = draw(fitting(field.type))
        elif key in keys:
            record[key] = draw(values(field.type))
    if values is loose:
        more = draw(st.dictionaries(unknown_keys, json_values, max_size=3))
        record |= {key: value for key, value in more.items() if key not in record and key not in known(model)}
    return record


def known(model):
    return {wire_name(field) for field in fields_of(model)}


def to_bytes(value):
    return json.dumps(value).encode()


def has_surrogates(value):
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


# Paths


def by_the_clean_path(record, model):
    reader = Reader()
    one = reader.read(to_bytes(record), model)
    assert "converter" not in vars(reader), "something kept it off the clean path"
    return one


def by_the_common_path(record, model):
    return Reader().structure(record, model)


@contextlib.contextmanager
def odd_path_only():
    """Let msgspec refuse every value of every record, so that all are read field by field."""
    convert = msgspec.convert

    def refuse_values(raw, shape):
        if shape is datetime or (raw == {} and isinstance(shape, type)):
            return convert(raw, shape)  # The text of a time, and what is left of a record.
        raise msgspec.ValidationError("refused for this test")

    with mock.patch.object(msgspec, "convert", refuse_values):
        yield


def by_the_odd_path(record, model):
    with odd_path_only():
        return Reader().structure(record, model)


def same(one, other):
    """Equal, of the same types all the way down."""
    if is_model(type(one)):
        pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in attrs.fields(type(one))]
        return (
            type(one) is type(other)
            and one == other
            and hash(one) == hash(other)
            and all(same(*pair) for pair in pairs)
        )
    if isinstance(one, tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


# Nothing lost


def holds(value, raw, shape):
    """Say whether the value of a field tells all that the JSON value told."""
    shape = inner(shape)
    if item(shape):
        return len(value) == len(raw) and all(holds(*pair, item(shape)) for pair in zip(value, raw, strict=True))
    if is_model(shape):
        return kept_all(value, raw)
    if shape is datetime:
        sent = datetime.fromisoformat(raw)
        return value == (sent if sent.tzinfo else sent.replace(tzinfo=UTC))
    if typing.get_origin(shape) in {types.UnionType, typing.Union}:
        return any(holds(value, raw, each) for each in typing.get_args(shape))
    if is_open_enum(shape):
        return type(value) is shape and value == str(raw)
    if shape not in (int, str, bool):
        return value == raw
    if shape is bool:
        return value is {"true": True, "false": False}.get(raw, raw) or (type(raw) is not str and value == raw)
    return type(value) is shape and (value == raw or value == shape(raw))


def kept_all(model, record):
    by_key = {wire_name(field): field for field in fields_of(type(model))}
    for key, raw in record.items():
        field = by_key.get(key)
        if field is None:
            assert model.extra[key] == raw
        elif key in model.extra:
            assert model.extra[key] == raw
            assert getattr(model, field.name) == field.default
        elif raw is None:
            assert getattr(model, field.name) == field.default
        else:
            assert holds(getattr(model, field.name), raw, field.type), key
    assert set(model.extra) <= set(record)
    for key, field in by_key.items():
        assert key in record or getattr(model, field.name) == field.default
    return True


class TestOneResultWhateverThePath:
    @often
    @given(model=any_model, data=st.data())
    def test_what_is_clean_is_read_alike_on_all_paths(self, model, data):
        record = data.draw(records(model))
        clean = by_the_clean_path(record, model)
        assert clean.extra is NO_EXTRA
        assert same(clean, by_the_common_path(record, model))
        assert same(clean, by_the_odd_path(record, model))
        assert kept_all(clean, record)

    @often
    @given(model=any_model, data=st.data())
    def test_what_is_loose_is_read_alike_from_bytes_from_objects_and_field_by_field(self, model, data):
        record = data.draw(records(model, loose))
        one = Reader().read(to_bytes(record), model)
        assert same(one, by_the_common_path(record, model))
        assert same(one, by_the_odd_path(record, model))

    @often
    @given(model=any_model, data=st.data())
    def test_reading_says_the_same_of_drift_on_both_paths(self, model, data):
        record = data.draw(records(model, loose))
        common, odd = Reader(), Reader()
        common.structure(record, model)
        with odd_path_only():
            odd.structure(record, model)
        assert common.drift.misfits == odd.drift.misfits
        assert common.drift.unknown == odd.drift.unknown

    @often
    @given(model=any_model, data=st.data())
    def test_what_was_odd_before_changes_nothing_of_what_comes_after(self, model, data):
        before, record = data.draw(st.lists(records(model, loose), max_size=4)), data.draw(records(model, loose))
        used, fresh = Reader(), Reader()
        for each in before:
            used.structure(each, model)
        assert same(used.structure(record, model), fresh.structure(record, model))

    @often
    @given(model=any_model, data=st.data())
    def test_a_record_among_others_is_read_as_it_is_alone(self, model, data):
        several = data.draw(st.lists(records(model, loose) | records(model), max_size=4))
        together = Reader().read(to_bytes(several), tuple[model, ...])
        assert same(together, Rows(Reader().structure(record, model) for record in several))
        wrapped = Reader().read(to_bytes({"items": several}), tuple[model, ...], ("items",))
        assert same(wrapped, together)

    @often
    @given(model=any_model, data=st.data())
    def test_a_strict_reader_reads_the_same_or_names_the_place(self, model, data):
        record = data.draw(records(model, loose))
        tolerant = Reader()
        one = tolerant.structure(record, model)
        strict = Reader(strict=True)
        if tolerant.drift.misfits:
            with pytest.raises(Misfit) as caught:
                strict.read(to_bytes([record]), tuple[model, ...])
            index, key = caught.value.path[:2]
            assert index == 0
            assert key in record
            assert caught.value.where.startswith(f"$[0].{key}")
        else:
            assert same(strict.read(to_bytes(record), model), one)


class TestNothingIsLost:
    @often
    @given(model=any_model, data=st.data())
    def test_every_key_is_in_a_field_or_in_extra_or_was_null(self, model, data):
        record = data.draw(records(model, loose))
        assert kept_all(Reader().read(to_bytes(record), model), record)

    @often
    @given(model=any_model, data=st.data())
    def test_as_many_misfits_are_counted_as_known_keys_are_in_extra(self, model, data):
        record = data.draw(records(model, loose))
        reader = Reader()

        def misfits_in(value):
            if isinstance(value, tuple):
                return sum(map(misfits_in, value))
            if not is_model(type(value)):
                return 0
            own = len(known(type(value)) & set(value.extra))
            return own + sum(misfits_in(getattr(value, field.name)) for field in fields_of(type(value)))

        assert misfits_in(reader.structure(record, model)) == reader.drift.misfits.total()


no_identity = st.sampled_from([None, "x", "", [], {}, True, 1.5, [1], "missing"])


@often
@given(
    model=st.sampled_from([model for model in MODELS if attrs.fields_dict(model).get("id") == attrs.fields(Inbox).id]),
    data=st.data(),
)
def test_a_wrong_identity_is_refused_by_its_place_and_nothing_else_is(model, data):
    several = data.draw(st.lists(records(model, loose), min_size=1, max_size=4))
    index = data.draw(st.integers(0, len(several) - 1))
    bad = data.draw(no_identity)
    if bad == "missing":
        del several[index]["id"]
    else:
        several[index]["id"] = bad
    with pytest.raises(NoIdentity) as caught:
        Reader().read(to_bytes(several), tuple[model, ...])
    assert caught.value.where == f"$[{index}].id"
    with pytest.raises(NoIdentity) as wrapped:
        Reader().read(to_bytes({"items": several}), tuple[model, ...], ("items",))
    assert wrapped.value.where == f"$.items[{index}].id"


@often
@given(data=st.data())
def test_so_is_one_within_a_record(data):
    record = data.draw(records(Team, loose))
    record["members"] = data.draw(st.lists(records(TeamMember, loose), min_size=1, max_size=4))
    index = data.draw(st.integers(0, len(record["members"]) - 1))
    record["members"][index]["id"] = data.draw(no_identity)
    with pytest.raises(NoIdentity) as caught:
        Reader().read(to_bytes(record), Team)
    assert caught.value.where == f"$.members[{index}].id"


def with_private_values(value, shape):
    """Put a personal value wherever a record may hold one."""
    shape = inner(shape)
    if not is_model(shape) or not isinstance(value, dict):
        return [PRIVATE, {PRIVATE: PRIVATE}]
    fields = {wire_name(field): field for field in fields_of(shape)}
    out = {}
    for key, raw in value.items():
        field = fields.get(key)
        if key in required(shape):
            out[key] = raw
        elif field is None:
            out[key] = {PRIVATE: [PRIVATE]}
        elif inner(field.type) == Mapping[str, Any]:
            out[key] = {PRIVATE: PRIVATE}
        elif field.metadata.get("personal"):
            out[key] = [PRIVATE] if item(inner(field.type)) else PRIVATE
        elif is_model(inner(field.type)):
            out[key] = with_private_values(raw, field.type)
        elif item(inner(field.type)) and is_model(item(inner(field.type))) and isinstance(raw, list):
            out[key] = [with_private_values(each, item(inner(field.type))) for each in raw]
        else:
            out[key] = [PRIVATE, None]
    return out | {PRIVATE: PRIVATE}


@often
@given(model=any_model, data=st.data())
def test_no_personal_value_is_ever_shown(model, data):
    record = with_private_values(data.draw(records(model) | records(model, loose)), model)
    reader = Reader()
    one = reader.read(to_bytes(record), model)
    for shown in (repr(one), str(one), f"{one}", repr((one,)), repr(reader.drift), str(vars(type(reader.drift)))):
        assert PRIVATE not in shown
    assert PRIVATE not in f"{reader.drift.misfits} {reader.drift.unknown}"
    assert kept_all(one, record)
    with pytest.raises(Misfit) as caught:
        reader.read(to_bytes([record | {"members": [{"id": PRIVATE}], "id": PRIVATE}]), tuple[Team, ...])
    assert PRIVATE not in f"{caught.value} {caught.value!r} {caught.value.args}"


any_key = st.sampled_from([wire_name(field) for model in MODELS for field in fields_of(model)]) | unknown_keys
SHAPES = [*MODELS, *(tuple[model, ...] for model in MODELS), Inbox | None, object, list[Team]]


def read_or_refuse(body, shape):
    for strict in (False, True):
        # Anything but these two fails the test.
        with contextlib.suppress(Misfit, NotJson):
            Reader(strict=strict).read(body, shape, ("items",))


class TestNothingElseIsRaised:
    @very_often
    @given(st.sampled_from(SHAPES), st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
    def test_for_any_bytes(self, shape, body):
        read_or_refuse(body, shape)

    @very_often
    @given(st.sampled_from(SHAPES), json_values, st.integers(0, 200), st.binary(min_size=1, max_size=2))
    def test_for_any_json_whole_or_cut_or_broken(self, shape, value, place, junk):
        body = to_bytes(value)
        read_or_refuse(body, shape)
        read_or_refuse(to_bytes({"items": value}), shape)
        read_or_refuse(body[: place % (len(body) + 1)], shape)
        cut = place % (len(body) + 1)
        read_or_refuse(body[:cut] + junk + body[cut:], shape)

    @very_often
    @given(
        st.sampled_from(SHAPES),
        st.dictionaries(any_key, json_values | st.dictionaries(any_key, json_values, max_size=3), max_size=5),
        st.sampled_from([{}, {"id": 1}, {"id": "1"}, {"id": 1, "members": [{"id": 2}]}]),
    )
    def test_for_any_json_within_the_fields(self, shape, inside, more):
        record = inside | more
        read_or_refuse(to_bytes(record), shape)
        read_or_refuse(to_bytes([{"id": 1}, record]), shape)
        if not has_surrogates(record):
            read_or_refuse(json.dumps(record, ensure_ascii=False).encode(), shape)


def test_the_records_of_these_tests_reach_every_field_and_every_path():
    covered = {inner(field.type) for model in MODELS for field in fields_of(model)}
    assert covered >= {int, str, bool, datetime, WidgetSettings, tuple[TeamMember, ...]}
    assert {BusinessHours, Inbox, Team, TeamMember, WidgetSettings} <= set(MODELS)
