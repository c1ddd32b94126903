"""Every endpoint of the contract has one operation and a method, and whatever a method sends fits the contract."""

from __future__ import annotations

import inspect
import itertools
import json
import re
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import attrs
import jsonschema
import pytest

from contract_support import effect_of
from every_method import EVERY_METHOD, OPERATIONS, RESOURCES, arguments_of, call_with, each_method, finish
from every_model import MODELS_BY_NAME
from fakes import nothing_of
from heymarket_async import AsyncSession, SavedContact
from heymarket_async.auth import ApiSecret
from heymarket_async.calls import Call, Effect, Operation, PageNumber, TimeCursor
from heymarket_async.convert import Reader
from heymarket_async.errors import ArgumentError
from heymarket_async.resources.base import Resource
from heymarket_async.values import UNSET, Acknowledgement
from heymarket_async.wire import encode

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])


@pytest.fixture(scope="session")
def made() -> dict[tuple[str, str], tuple[set[str], list[Call[Any]]]]:
    """For each method: the arguments that it took, and the calls that it made.

    It is called with what it needs and every one to four of the other arguments. What does not go together is refused,
    and makes no call.
    """
    out = {}
    for resource, method in EVERY_METHOD:
        needed, optional = arguments_of(resource, method)
        took: set[str] = set()
        calls: dict[str, Call[Any]] = {}
        for size in range(5):
            for names in itertools.combinations(optional, size):
                arguments = needed | {name: optional[name] for name in names}
                try:
                    came = finish(call_with(resource, method, arguments))
                except ArgumentError:
                    continue
                took |= set(arguments)
                calls |= {repr((call.operation.name, call.path, call.query, call.body)): call for call in came}
        out[resource.__name__, method] = took, list(calls.values())
    return out


# The contract


@pytest.fixture(scope="session")
def endpoints(contract) -> dict[str, dict[str, Any]]:
    """What the contract says of each operation, with its `method` and its `path`."""
    return {
        endpoint["operationId"]: {**endpoint, "method": method.upper(), "path": path}
        for path, methods in contract["paths"].items()
        for method, endpoint in methods.items()
    }


def resolved(contract: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = contract["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def properties_of(contract: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a schema, those that it takes from others included."""
    schema = resolved(contract, schema)
    out = dict(schema.get("properties", {}))
    for part in [*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ())]:
        out |= properties_of(contract, part)
    return out


def items_of(contract: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any] | None:
    schema = resolved(contract, schema)
    parts = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return next((resolved(contract, part)["items"] for part in parts if "items" in resolved(contract, part)), None)


def keys_that_are_made_up(contract: dict[str, Any], schema: dict[str, Any], value: Any, where: str = "$") -> list[str]:
    """Return the keys that the contract does not name, but where it says that keys are data."""
    if isinstance(value, list):
        items = items_of(contract, schema)
        places = enumerate(value) if items else ()
        return [
            key for place, item in places for key in keys_that_are_made_up(contract, items, item, f"{where}[{place}]")
        ]
    properties = properties_of(contract, schema)
    if not isinstance(value, dict) or not properties:
        return []
    made_up = [f"{where}.{key}" for key in value if key not in properties]
    for key in value.keys() & properties.keys():
        made_up += keys_that_are_made_up(contract, properties[key], value[key], f"{where}.{key}")
    return made_up


FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time")
def is_rfc3339(value: Any) -> bool:
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)"
    return not isinstance(value, str) or re.fullmatch(form, value) is not None


@FORMATS.checks("uri")
def is_url(value: Any) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"https?://\S+", value) is not None


def schema_of_body(contract: dict[str, Any], endpoint: dict[str, Any]) -> dict[str, Any] | None:
    body = endpoint.get("requestBody")
    if body is None:
        return None
    schema = body["content"]["application/json"]["schema"]
    return {**schema, "components": contract["components"]}


# By schema of the contract, the model that stands for it where that has another name.
MODELS = {
    "List": "BroadcastList",
    "ListDeleteResponse": "ListDeletion",
    "ScheduleWriteResult": "WriteResult",
    "SendEmailResponse": "SentMessage",
    "SendMessageResponse": "SentMessage",
}


def replies_for(contract: dict[str, Any], schema: dict[str, Any], operation: Operation[Any]) -> set[Any]:
    """Return the types as which a reply may be read that the contract describes by this schema."""
    if operation.name.startswith("count_"):
        return {int}  # However it is written.
    if operation.name in ("batch_create_contacts", "bulk_upsert_contacts_v2"):
        return {object}  # What the pages say of it agrees in nothing: see contact_batches.py.
    if schema.get("type") == "array":
        return {tuple[each, ...] for each in replies_for(contract, schema["items"], operation)}
    if "$ref" not in schema:
        assert schema == {"type": "string"}
        return {Acknowledgement}
    name = schema["$ref"].rpartition("/")[2]
    if name == "Contact" and operation.effect is not Effect.READS:
        return {SavedContact}
    if MODELS.get(name, name) not in MODELS_BY_NAME:
        (inner,) = resolved(contract, schema)["properties"].values()
        return replies_for(contract, inner, operation)
    return {MODELS_BY_NAME[MODELS.get(name, name)]}


# Tests


class TestOperations:
    def test_every_endpoint_has_one_and_none_is_made_up(self, endpoints):
        names = [operation.name for operation in OPERATIONS]
        assert sorted(names) == sorted(endpoints)
        assert len(names) == 63

    @each_operation
    def test_method_and_path_are_those_of_the_contract(self, operation, endpoints):
        endpoint = endpoints[operation.name]
        assert (operation.method, operation.path) == (endpoint["method"], endpoint["path"])

    @each_operation
    def test_its_effect_is_what_the_contract_says_of_repeats(self, operation, endpoints):
        assert operation.effect is effect_of(endpoints[operation.name])

    @each_operation
    def test_it_names_a_page_of_the_vendor(self, operation, contract):
        known = set(re.findall(r"https://developers\.heymarket\.com/[\w/-]+", json.dumps(contract)))
        assert operation.docs in known

    @each_operation
    def test_it_says_what_to_use_instead_if_and_only_if_the_vendor_gave_it_up(self, operation, endpoints):
        assert bool(operation.deprecated) is endpoints[operation.name].get("deprecated", False)

    @each_operation
    def test_it_is_paged_as_the_contract_says(self, operation, endpoints, contract):
        paged = endpoints[operation.name]["x-paginated"]
        if not paged:
            assert operation.paging is None
        elif paged["style"] == "page":
            assert isinstance(operation.paging, PageNumber)
            assert operation.paging.largest <= paged.get("max-page-size", 100)
        else:
            assert isinstance(operation.paging, TimeCursor)
            assert operation.paging.key == paged["request-field"]
            assert operation.paging.unix is (paged["style"] == "unix-timestamp")
        if paged:
            size = paged.get("default-page-size", paged.get("page-size", operation.paging.size))
            assert operation.paging.size == size
            assert operation.paging.by == paged.get("cursor-from", operation.paging.by).partition(" ")[0]
            body = schema_of_body(contract, endpoints[operation.name])
            assert operation.paging.sizable is (body is not None and "limit" in properties_of(contract, body))

    @each_operation
    def test_only_reads_are_paged_and_their_items_have_what_the_cursor_needs(self, operation):
        if operation.paging is not None:
            assert operation.effect is Effect.READS
            (item, _) = typing.get_args(operation.reply)
            assert {"id", operation.paging.by} <= {field.name for field in attrs.fields(item)}

    @each_operation
    def test_its_reply_is_what_the_contract_describes(self, operation, endpoints, contract):
        schema = endpoints[operation.name]["responses"]["200"]["content"]["application/json"]["schema"]
        assert operation.reply in replies_for(contract, schema, operation)

    @each_operation
    def test_whatever_holds_many_may_come_wrapped_under_its_own_name(self, operation, endpoints, contract):
        if typing.get_origin(operation.reply) is not tuple:
            return
        (item, _) = typing.get_args(operation.reply)
        schema = endpoints[operation.name]["responses"]["200"]["content"]["application/json"]["schema"]
        if "$ref" in schema:
            assert operation.envelope == tuple(resolved(contract, schema)["properties"])
            return
        if operation.name.endswith("_contact_channel_v2"):
            return  # What writes one channel answers all of them; no list of channels is known.
        plural = {"BroadcastList": "lists", "ContactField": "contact_fields", "Inbox": "inboxes"}
        assert operation.envelope[0] == plural.get(item.__name__, f"{item.__name__.lower()}s")
        wrapped = json.dumps({operation.envelope[0]: [{"id": 1}]}).encode()
        assert Reader(strict=True).read(wrapped, operation.reply, operation.envelope) == (item(id=1),)

    @each_operation
    def test_its_reply_can_be_read(self, operation):
        bodies = {tuple: b"[]", object: b"[]", int: b"0", Acknowledgement: b'"ok"'}
        kind = typing.get_origin(operation.reply) or operation.reply
        needs_id = attrs.has(kind) and attrs.fields(kind)[0].default is attrs.NOTHING
        body = bodies.get(kind, b'{"id": 1}' if needs_id else b"{}")
        assert Reader(strict=True).read(body, operation.reply, operation.envelope) == nothing_of(operation)

    @each_operation
    def test_no_reply_to_a_write_lacks_what_it_needs(self, operation):
        if operation.effect is not Effect.READS and operation.method != "GET" and attrs.has(operation.reply):
            assert Reader(strict=True).read(b"{}", operation.reply, operation.envelope) == operation.reply()

    def test_every_one_has_a_method(self, made):
        made_by_methods = {call.operation.name for _, calls in made.values() for call in calls}
        assert made_by_methods == {operation.name for operation in OPERATIONS}


@each_method
class TestMethods:
    def test_all_its_arguments_can_be_used(self, resource, method, made):
        needed, optional = arguments_of(resource, method)
        took, calls = made[resource.__name__, method]
        assert took == needed.keys() | optional.keys()
        assert calls

    def test_its_calls_are_fit_for_the_wire(self, resource, method, made):
        for call in made[resource.__name__, method][1]:
            request = encode(call)
            assert (request.body is None) is (call.body is UNSET)
            assert request.target.isascii()

    def test_its_paths_hold_what_the_contract_wants_there(self, resource, method, made, endpoints):
        for call in made[resource.__name__, method][1]:
            endpoint = endpoints[call.operation.name]
            kinds = {
                each["name"]: r"[1-9]\d*" if each["schema"]["type"] == "integer" else "[^/]+"
                for each in endpoint.get("parameters", ())
                if each["in"] == "path"
            }
            form = re.sub(r"\{(\w+)\}", lambda match, kinds=kinds: kinds[match[1]], endpoint["path"])
            assert re.fullmatch(form, call.path)

    def test_its_queries_hold_what_the_contract_wants_there(self, resource, method, made, endpoints):
        for call in made[resource.__name__, method][1]:
            wanted = {
                each["name"]: each
                for each in endpoints[call.operation.name].get("parameters", ())
                if each["in"] == "query"
            }
            sent = dict(parse_qsl(encode(call).target.partition("?")[2], strict_parsing=bool(call.query)))
            assert sent.keys() <= wanted.keys()
            assert sent.keys() >= {name for name, each in wanted.items() if each["required"]}
            for name, value in sent.items():
                kind = wanted[name]["schema"]["type"]
                jsonschema.validate(value if kind == "string" else json.loads(value), wanted[name]["schema"])

    def test_its_bodies_hold_what_the_contract_wants_there(self, resource, method, made, endpoints, contract):
        for call in made[resource.__name__, method][1]:
            endpoint = endpoints[call.operation.name]
            schema = schema_of_body(contract, endpoint)
            if schema is None or call.body is UNSET:
                assert call.body is UNSET
                assert schema is None or not endpoint["requestBody"]["required"]
                continue
            body = json.loads(encode(call).body)
            jsonschema.Draft202012Validator(schema, format_checker=FORMATS).validate(body)
            assert keys_that_are_made_up(contract, schema, body) == []

    def test_type_checkers_cross_it_out_if_and_only_if_the_vendor_gave_it_up(self, resource, method, made, endpoints):
        for call in made[resource.__name__, method][1]:
            gone = endpoints[call.operation.name].get("deprecated", False)
            assert bool(getattr(getattr(resource, method), "__deprecated__", "")) is gone

    def test_its_docstring_is_complete(self, resource, method):
        function = inspect.unwrap(getattr(resource, method))
        text = inspect.getdoc(function)
        assert "https://developers.heymarket.com/" in text
        if "are those of" in text:
            return
        for name in list(inspect.signature(function).parameters)[1:]:
            assert re.search(rf"^ +\*{{0,2}}{name}: ", text, re.MULTILINE), name
        assert "Raises:" in text


def test_a_session_has_a_door_to_every_resource():
    session = AsyncSession(ApiSecret("id", "key"))
    doors = {name: value for name, value in inspect.getmembers(session) if isinstance(value, Resource)}
    inner = [value for door in doors.values() for _, value in inspect.getmembers(door) if isinstance(value, Resource)]
    reached = {type(value) for value in [*doors.values(), *inner]}
    # What only lends its methods to others has no door of its own.
    lends = {base for each in RESOURCES for base in each.__mro__[1:]}
    assert reached == set(RESOURCES) - lends
    for name, door in doors.items():
        assert inspect.getdoc(getattr(AsyncSession, name))
        assert inspect.getdoc(type(door))


def test_the_table_in_the_docs_is_that_of_the_declarations():
    docs = Path(__file__).parents[1] / "docs"
    made = subprocess.run([sys.executable, docs / "operations.py"], capture_output=True, text=True, check=True).stdout
    assert made == (docs / "operations.md").read_text("utf-8"), "python docs/operations.py > docs/operations.md"
    assert made.count("\n| ") == 2 + len(OPERATIONS)
