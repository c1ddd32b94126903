"""Every model against the schema of the contract that it stands for."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from datetime import datetime

import attrs
import pytest

from every_model import EVERY_MODEL
from heymarket_async.staging import is_model
from heymarket_async.values import OpenEnum

MODELS = [value for value in EVERY_MODEL if is_model(value)]
# The schemas that a model stands for, where they have another name.
SCHEMAS = {
    "BroadcastList": ("List",),
    "ListDeletion": ("ListDeleteResponse",),
    "SavedContact": ("Contact", "WriteResult"),
    "SentMessage": ("SendMessageResponse", "SendEmailResponse"),
    "WriteResult": ("WriteResult", "ScheduleWriteResult"),
}
# What the library adds to what the service says.
ADDED = {("SentMessage", "local_id")}


def schemas_of(model, contract):
    names = SCHEMAS.get(model.__name__, (model.__name__,))
    return [contract["components"]["schemas"][name] for name in names]


def properties_of(model, contract):
    return {key: value for schema in schemas_of(model, contract) for key, value in schema["properties"].items()}


def fields_of(model):
    return {
        field.metadata.get("wire", field.name): field
        for field in attrs.fields(model)
        if field.name != "extra" and (model.__name__, field.name) not in ADDED
    }


def kinds_of(schema):
    """The JSON types that the contract allows."""
    if "$ref" in schema:
        return {"object"}
    if "anyOf" in schema or "oneOf" in schema:
        return {kind for part in [*schema.get("anyOf", ()), *schema.get("oneOf", ())] for kind in kinds_of(part)}
    kinds = schema.get("type", ["string", "integer", "boolean", "object", "array"])
    return set(kinds if isinstance(kinds, list) else [kinds]) - {"null"}


def kinds_taken(shape):
    """The JSON types that a field takes."""
    if typing.get_origin(shape) in (types.UnionType, typing.Union):
        return {kind for each in typing.get_args(shape) for kind in kinds_taken(each)}
    if typing.get_origin(shape) is tuple:
        return {"array"}
    if typing.get_origin(shape) is Mapping or is_model(shape):
        return {"object"}
    if shape is datetime or (isinstance(shape, type) and issubclass(shape, OpenEnum)):
        return {"string"}
    if shape is typing.Any:
        return {"string", "integer", "boolean", "object", "array"}
    return {{str: "string", int: "integer", bool: "boolean", float: "number", types.NoneType: "null"}[shape]}


@pytest.mark.parametrize("model", MODELS)
class TestEveryModel:
    def test_it_has_the_fields_of_its_schema_and_no_others(self, model, contract):
        assert fields_of(model).keys() == properties_of(model, contract).keys()

    def test_each_takes_a_type_that_the_schema_allows(self, model, contract):
        properties = properties_of(model, contract)
        for key, field in fields_of(model).items():
            assert kinds_taken(field.type) & kinds_of(properties[key]), key

    def test_each_is_described(self, model):
        # What nobody describes, the looks of a widget and the hours of a day.
        if model.__name__ in {"BusinessHours", "Inbox", "WidgetSettings"}:
            return
        text = "".join(each.__doc__ or "" for each in model.__mro__)
        names = {field.name for field in attrs.fields(model)} - {"super", "support", "noreply", "op"}
        assert [name for name in names if f" {name}: " not in text and f"`{name}`" not in text] == []

    def test_a_key_that_is_called_otherwise_is_told_beside_the_name(self, model):
        doc = " ".join("".join(each.__doc__ or "" for each in model.__mro__).split())
        for field in attrs.fields(model):
            wire = field.metadata.get("wire", field.name)
            if wire != field.name:
                described = doc.partition(f" {field.name}: ")[2][:200]
                assert "on the wire" in described, field.name
                assert f"`{wire}`" in described, field.name
