"""The models: what the contract asks of them, and that they are values."""

from __future__ import annotations

import copy
import inspect
import pickle
import types
import typing
from datetime import UTC, datetime

import attrs
import pytest

import heymarket_async
from every_model import EVERY_MODEL, MODELS_BY_NAME
from heymarket_async import BusinessHours, Inbox, Team, TeamMember, WidgetSettings
from heymarket_async.convert import Reader
from heymarket_async.staging import is_model
from heymarket_async.values import NO_EXTRA, Extra, mask

PRIVATE = "+15105550101"
MODELS = [Inbox, WidgetSettings, BusinessHours, Team, TeamMember]
# What the contract types as a plain string, and is a time.
TIMES = {("Inbox", "created_at"), ("Inbox", "updated_at")}

FULL = {
    "id": 42,
    "name": "Support",
    "members": [1, 2],
    "phone": PRIVATE,
    "phones": [PRIVATE],
    "widget_settings": {"tos": "https://example.com/terms", "phone": PRIVATE},
    "business_hours": {"weekday_start_hour": 8},
    "created_at": "2024-05-01T10:00:00Z",
}
MADE = Inbox(
    id=42,
    name="Support",
    members=(1, 2),
    phone=PRIVATE,
    phones=(PRIVATE,),
    widget_settings=WidgetSettings(tos="https://example.com/terms", phone=PRIVATE),
    business_hours=BusinessHours(weekday_start_hour=8),
    created_at=datetime(2024, 5, 1, 10, tzinfo=UTC),
)
UNKNOWN = FULL | {"colour": {"red": [PRIVATE]}}
ODD = FULL | {"colour": {"red": [PRIVATE]}, "rev": [PRIVATE], "id": "42"}


def read_one(record, shape=Inbox):
    return Reader().structure(record, shape)


def wire_name(field):
    return field.metadata.get("wire", field.name)


def type_in_contract(name, key, schema):
    """The Python type that a property of the contract asks for."""
    if "$ref" in schema:
        return MODELS_BY_NAME[schema["$ref"].rpartition("/")[2]]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    (kind,) = set(kinds) - {"null"}
    if kind == "array":
        return tuple[type_in_contract(name, key, schema["items"]), ...]
    if (name, key) in TIMES:
        return datetime
    return {"string": str, "integer": int, "boolean": bool, "number": float}[kind]


def without_none(shape):
    if typing.get_origin(shape) in (types.UnionType, typing.Union):
        (shape,) = set(typing.get_args(shape)) - {types.NoneType}
    return shape


@pytest.mark.parametrize("model", MODELS)
class TestTheContract:
    def test_every_property_documented_or_observed_is_a_field_of_the_right_type(self, model, contract):
        properties = contract["components"]["schemas"][model.__name__]["properties"]
        fields = {wire_name(field): field for field in attrs.fields(model) if field.name != "extra"}
        assert properties
        for key, schema in properties.items():
            assert without_none(fields[key].type) == type_in_contract(model.__name__, key, schema), key

    def test_no_field_is_made_up(self, model, contract):
        properties = contract["components"]["schemas"][model.__name__]["properties"]
        assert {wire_name(field) for field in attrs.fields(model)} - {"extra"} == set(properties)

    def test_only_the_id_is_required(self, model):
        required = [field.name for field in attrs.fields(model) if field.default is attrs.NOTHING]
        assert required == (["id"] if hasattr(model, "id") else [])

    def test_what_may_be_many_is_an_empty_tuple_and_the_rest_none_by_default(self, model):
        for field in attrs.fields(model):
            if field.name == "extra":
                assert field.default is NO_EXTRA
            elif field.name != "id":
                many = typing.get_origin(field.type) is tuple
                assert field.default == (() if many else None), field.name
                assert many or types.NoneType in typing.get_args(field.type), field.name


@pytest.mark.parametrize("model", EVERY_MODEL)
class TestTheShapeOfAModel:
    def test_it_can_be_read_on_the_fast_path(self, model):
        assert is_model(model)

    def test_it_is_frozen_and_has_nothing_but_its_slots(self, model):
        one = model(**{field.name: 1 for field in attrs.fields(model) if field.default is attrs.NOTHING})
        assert not hasattr(one, "__dict__")
        for field in attrs.fields(model):
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                setattr(one, field.name, None)
        with pytest.raises(AttributeError):
            one.colour = "red"
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            del one.extra

    def test_it_is_made_by_keywords_only(self, model):
        with pytest.raises(TypeError):
            model(1)

    def test_it_is_exported(self, model):
        assert getattr(heymarket_async, model.__name__) is model

    def test_its_docstring_names_the_page_it_comes_from(self, model):
        assert "https://developers.heymarket.com/" in inspect.getdoc(model)


def test_numbers_names_of_persons_and_addresses_are_personal():
    fields = {(model.__name__, field.name): field for model in MODELS for field in attrs.fields(model)}
    personal = {name for name, field in fields.items() if field.metadata.get("personal")}
    assert personal == {
        ("Inbox", "phone"),
        ("Inbox", "phones"),
        ("Inbox", "forward_number"),
        ("Inbox", "invited"),
        ("WidgetSettings", "phone"),
        ("TeamMember", "name"),
        ("TeamMember", "email"),
    }


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_no_personal_field_shows_in_a_repr(model):
    values = {
        field.name: (PRIVATE,) if typing.get_origin(field.type) is tuple else PRIVATE
        for field in attrs.fields(model)
        if field.metadata.get("personal")
    }
    values["extra"] = Extra({"note": PRIVATE, PRIVATE: 1})
    values |= {field.name: 1 for field in attrs.fields(model) if field.default is attrs.NOTHING}
    one = model(**values)
    for shown in (repr(one), str(one), f"{one}", f"{[one]}", f"{one!r}", "%s" % one):  # noqa: UP031
        assert PRIVATE not in shown
        assert "note" in shown


@pytest.mark.parametrize("record", [FULL, UNKNOWN, ODD], ids=["clean", "with an unknown key", "with a misfit"])
class TestModelsThatWereRead:
    def test_they_equal_those_that_were_made(self, record):
        inbox = read_one(record)
        made = attrs.evolve(MADE, extra=inbox.extra)
        assert inbox == made
        assert made == inbox
        assert hash(inbox) == hash(made)
        assert repr(inbox) == repr(made)
        assert dict(inbox.extra) == {key: value for key, value in record.items() if key in {"colour", "rev"}}

    def test_they_are_of_the_very_same_class(self, record):
        inbox = read_one(record)
        assert type(inbox) is Inbox
        assert isinstance(inbox, Inbox)
        assert inbox.__class__ is Inbox
        assert type(inbox.widget_settings) is WidgetSettings
        assert type(inbox.business_hours) is BusinessHours
        assert not hasattr(inbox, "__dict__")

    def test_they_are_frozen_all_through(self, record):
        inbox = read_one(record)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            inbox.name = "Other"
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            inbox.widget_settings.name = "Other"
        with pytest.raises(AttributeError):
            inbox.colour = "red"
        with pytest.raises(TypeError):
            inbox.extra["a"] = 1

    @pytest.mark.parametrize(
        "twin", [copy.copy, copy.deepcopy, *(lambda v, p=p: pickle.loads(pickle.dumps(v, p)) for p in range(6))]
    )
    def test_they_survive_copying_and_pickling(self, record, twin):
        inbox = read_one(record)
        other = twin(inbox)
        assert type(other) is Inbox
        assert other == inbox
        assert hash(other) == hash(inbox)
        assert type(other.extra) is Extra

    def test_attrs_works_on_them(self, record):
        inbox = read_one(record)
        assert attrs.evolve(inbox, name="Sales").name == "Sales"
        assert attrs.evolve(inbox) == inbox
        as_dict = attrs.asdict(inbox)
        assert as_dict["widget_settings"]["tos"] == "https://example.com/terms"
        assert as_dict["extra"] == inbox.extra
        assert [field.name for field in attrs.fields(type(inbox))] == list(as_dict)

    def test_they_can_be_told_apart_in_sets_and_matched_by_keyword(self, record):
        inbox = read_one(record)
        assert len({inbox, read_one(record), attrs.evolve(inbox, id=7)}) == 2
        match inbox:
            case Inbox(id=42, members=(first, *_)):
                assert first == 1
            case _:
                pytest.fail("no match")


def test_models_with_the_same_values_of_different_kinds_differ():
    assert Team(id=1, name="a") != TeamMember(id=1, name="a")
    assert WidgetSettings() != BusinessHours()
    assert Inbox(id=1) != Inbox(id=2)
    assert Inbox(id=1) != Inbox(id=1, extra=Extra({"a": 1}))
    assert Inbox(id=1).__eq__(1) is NotImplemented


def test_what_cannot_be_hashed_in_extra_does_not_keep_a_model_out_of_a_set():
    assert len({Inbox(id=1, extra=Extra({"a": [1]})), Inbox(id=1, extra=Extra({"a": [1]}))}) == 1


def test_a_team_holds_members():
    team = read_one({"id": 7, "members": [{"id": 1, "name": "Riley Stone", "role": "admin"}]}, Team)
    assert team == Team(id=7, members=(TeamMember(id=1, name="Riley Stone", role="admin"),))
    assert type(team.members[0]) is TeamMember
    assert "Riley" not in repr(team)
    assert "admin" in repr(team)


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_a_field_that_may_hold_anything_is_masked_in_reprs(model):
    anything = [field for field in attrs.fields(model) if field.name != "extra" and "typing.Any" in str(field.type)]
    for field in anything:
        assert field.repr is mask, field.name
