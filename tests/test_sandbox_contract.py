"""What requests may hold: the table of the sandbox, and the contract that it restates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heymarket_async.sandbox.contract import (
    Anything,
    Either,
    Flag,
    Free,
    Kind,
    ListOf,
    Record,
    Takes,
    Text,
    Time,
    Whole,
    is_plain,
    unknown_key,
)
from heymarket_async.sandbox.refusals import Refusal
from heymarket_async.sandbox.requests import REQUESTS
from heymarket_async.sandbox.routes import ROUTES, Router
from sandbox_calls import calls
from sandbox_schemas import Operation, operations

EXAMPLES = Path(__file__).parent / "contract" / "examples"
SCALARS = {"string": Text(), "integer": Whole(), "boolean": Flag()}
# As the index of the examples says.
FAILS_THE_SCHEMA = "list_conversations.request.generated-body"


def resolved(schema: dict[str, Any], contract: dict[str, Any]) -> dict[str, Any]:
    ref = schema.get("$ref")
    return contract["components"]["schemas"][ref.rpartition("/")[2]] if ref else schema


def kind_of(schema: dict[str, Any], contract: dict[str, Any]) -> Kind:
    """Return what the table should say for a schema of the contract."""
    schema = resolved(schema, contract)
    kind = schema.get("type")
    if "allOf" in schema:
        first, *others = (kind_of(part, contract) for part in schema["allOf"])
        assert isinstance(first, Record)
        for other in others:
            assert isinstance(other, Record)
            first = first | other
        return first
    if isinstance(kind, list):
        return Either(tuple(kind_of({**schema, "type": one}, contract) for one in kind))
    if kind == "array":
        return ListOf(kind_of(schema["items"], contract), schema.get("maxItems"))
    if kind == "object" and "properties" not in schema:
        return Free()
    if kind == "object":
        keys = {key: kind_of(value, contract) for key, value in schema["properties"].items()}
        return Record(keys, schema.get("required", []))
    if kind is None:
        return Anything()
    return Text(tuple(schema["enum"])) if "enum" in schema else SCALARS[kind]


def plain(kind: Kind) -> Any:
    """Return a kind in a form that shows where two differ. Times are texts in the contract, whatever their format."""
    if isinstance(kind, Record):
        return {key: plain(value) for key, value in kind.keys.items()}, sorted(kind.required)
    if isinstance(kind, ListOf):
        return [plain(kind.item), kind.most]
    if isinstance(kind, Either):
        return tuple(map(plain, kind.kinds))
    return Text() if isinstance(kind, Time) else kind


def wanted(operation: Operation, contract: dict[str, Any]) -> tuple[Any, ...]:
    parameters = [one for one in operation.body.get("parameters", ()) if one["in"] == "query"]
    body = operation.body.get("requestBody")
    kind = None
    if body is not None:
        schema = body["content"]["application/json"]["schema"]
        # A body whose keys are not documented is one that has none.
        kind = Record({}) if schema == {"type": "object"} else kind_of(schema, contract)
    return (
        plain(kind) if kind else None,
        body["required"] if body else True,
        {one["name"]: kind_of(one["schema"], contract) for one in parameters},
        {one["name"] for one in parameters if one["required"]},
    )


def test_the_table_says_what_the_contract_says_for_all_63_operations(contract: dict[str, Any]) -> None:
    table = {
        name: (plain(takes.body) if takes.body else None, takes.needs_body, dict(takes.query), set(takes.needs))
        for name, takes in REQUESTS.items()
    }
    assert len(table) == 63
    assert table == {one.name: wanted(one, contract) for one in operations(contract)}


def test_the_sandbox_has_the_63_operations_of_the_contract_and_no_other(contract: dict[str, Any]) -> None:
    assert sorted((route.name, route.method, route.path) for route in ROUTES) == sorted(
        (one.name, one.method, one.path) for one in operations(contract)
    )


def test_every_operation_is_found_by_its_method_and_path(contract: dict[str, Any]) -> None:
    router = Router(ROUTES)
    for one in operations(contract):
        path = one.path.replace("{id}", "5").replace("{contactID}", "a1b2")
        assert router.find(one.method, path)[0].name == one.name


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.request*.json")), ids=lambda path: path.stem)
def test_every_example_of_a_request_is_let_in(path: Path) -> None:
    body = json.loads(path.read_text("utf-8"))
    takes = REQUESTS[path.name.partition(".")[0]]
    if path.stem == FAILS_THE_SCHEMA:
        with pytest.raises(Refusal):
            takes.read_body(body, strict=True)
        assert takes.read_body(body, strict=False) == body
    else:
        assert takes.read_body(body, strict=True) == body


def message_of(kind: Kind, value: Any, *, strict: bool = True) -> str:
    with pytest.raises(Refusal) as caught:
        kind.read(value, "key", strict)
    assert (caught.value.status, caught.value.code) == (400, "bad_data")
    return caught.value.message


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Text(), 5, "key: must be a string."),
        (Text(("a", "b")), "c", "key: must be one of: a, b."),
        (Whole(), "5", "key: must be an integer."),
        (Whole(), 5.0, "key: must be an integer."),
        (Whole(), True, "key: must be an integer."),
        (Whole(), 2**63, "key: must be an integer."),
        (Whole(), -(2**63), "key: must be an integer."),
        (Flag(), 1, "key: must be true or false."),
        (Time(), "yesterday", "key: must be an RFC 3339 time with a zone, such as 2026-04-12T15:30:00Z."),
        (Time(), 5, "key: must be an RFC 3339 time with a zone, such as 2026-04-12T15:30:00Z."),
        (Free(), [], "key: must be an object."),
        (ListOf(Text()), "a", "key: must be an array."),
        (ListOf(Text()), ["a", 5], "key[1]: must be a string."),
        (ListOf(Text()), [None], "key[0]: must not be null."),
        (ListOf(Text(), most=1), ["a", "b"], "key: must hold at most 1."),
        (Record({}), [], "key: must be an object."),
        (Record({"id": Whole()}, ["id"]), {}, "key.id: is required."),
        (Record({"id": Whole()}, ["id"]), {"id": None}, "key.id: is required."),
        (ListOf(Record({"id": Whole()})), [{"id": "5"}], "key[0].id: must be an integer."),
        (Either((Whole(), Free())), "5", "key: must be an object."),
    ],
)
def test_a_refusal_names_the_key_and_the_rule(kind: Kind, value: Any, message: str) -> None:
    assert message_of(kind, value) == message


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Text(("a", "b")), "a"),
        (Whole(), 2**63 - 1),
        (Flag(), False),
        (Time(), "2026-04-12T15:30:00+02:00"),
        (Time(), ""),
        (Free(), {"anything": [None]}),
        (Anything(), None),
        (ListOf(Anything()), [None, 5, {}]),
        (Either((Whole(), Free())), {"id": 5}),
        (Either((Whole(), Free())), 5),
    ],
)
def test_what_fits_comes_back_as_it_is(kind: Kind, value: Any) -> None:
    assert kind.read(value, "key", strict=True) == value


@pytest.mark.parametrize("strict", [True, False])
def test_null_counts_as_left_out(strict: bool) -> None:
    assert Record({"a": Text(), "b": Text()}).read({"a": None, "b": "x"}, "", strict) == {"b": "x"}


def test_an_unknown_key_is_refused_with_the_known_one_that_is_nearest() -> None:
    record = Record({"inbox_id": Whole(), "phone_number": Text()})
    assert message_of(record, {"inbox": 5}) == "Unknown key inbox in key; did you mean inbox_id?"
    assert message_of(record, {"subject": 5}) == "Unknown key subject in key; it knows inbox_id, phone_number."
    assert message_of(Record({}), {"subject": 5}) == "Unknown key subject in key; it knows none."
    assert record.read({"inbox": 5, "inbox_id": 6}, "key", strict=False) == {"inbox_id": 6}


@pytest.mark.parametrize("key", ["14155550100", "+14155550100", "Sam Reed", "a" * 41, "", "\ud800"])
def test_a_key_that_may_be_private_is_not_repeated(key: str) -> None:
    message = unknown_key(key, "", ["phone"]).message
    assert message == "There is a key that this operation does not know; it knows phone."


def test_keys_that_some_pages_leave_out_are_required_only_when_strict() -> None:
    record = Record({"id": Whole(), "name": Text()}, ["id", "name"], ["name"])
    assert message_of(record, {"id": 5}) == "key.name: is required."
    assert record.read({"id": 5}, "key", strict=False) == {"id": 5}
    assert message_of(record, {}, strict=False) == "key.id: is required."


def test_an_operation_says_whether_it_wants_a_body() -> None:
    with pytest.raises(Refusal, match="400"):
        Takes().read_body({}, strict=True)
    assert Takes().read_body({}, strict=False) is None
    assert Takes(body=Free(), needs_body=False).read_body(None, strict=True) is None
    with pytest.raises(Refusal) as caught:
        Takes(body=Free()).read_body(None, strict=True)
    assert caught.value.message == "This operation needs a JSON body."
    with pytest.raises(Refusal) as caught:
        Takes(body=Free()).read_body([], strict=True)
    assert caught.value.message == "The body: must be an object."


@pytest.mark.parametrize(
    "value", ["\udfff", [{"a": "\ud800"}], {"\ud800": 1}, 2**64, [-(2**64)], float("inf"), {"a": float("nan")}]
)
def test_what_cannot_be_written_as_json_again_is_refused(value: Any) -> None:
    assert not is_plain(value)
    with pytest.raises(Refusal) as caught:
        Takes(body=Anything()).read_body(value, strict=True)
    assert caught.value.message == "The body holds a number or a text that cannot be stored."


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(), st.lists))
def test_ordinary_json_can_be_stored(value: Any) -> None:
    assert is_plain(value)


def query(text: dict[str, str], *, strict: bool = True) -> str | None:
    takes = Takes(query={"all": Flag(), "from": Whole(), "phone": Text()}, needs=["phone"])
    try:
        takes.check_query(text, strict)
    except Refusal as refusal:
        return refusal.message
    return None


def test_a_query_is_checked_too() -> None:
    assert query({"all": "true", "from": "-5", "phone": "1"}) is None
    assert query({"all": "True", "phone": "1"}) == "all: must be true or false."
    assert query({"from": "5.0", "phone": "1"}) == "from: must be an integer."
    assert query({"from": "9" * 19, "phone": "1"}) == "from: must be an integer."
    assert query({}) == "phone: is required in the query."
    assert query({"phone": "1", "phon": "2"}) == "Unknown key phon; did you mean phone?"
    assert query({"phone": "1", "phon": "2"}, strict=False) is None


async def test_a_client_that_sends_a_wrong_key_is_told() -> None:
    async with calls() as caller:
        told = await caller.refused("/v1/contact", phone="14155550190", frist="Sam")
        assert told == (400, "bad_data", "Unknown key frist; did you mean first?")
        told = await caller.refused("/v1/contact", phone=14155550190)
        assert told == (400, "bad_data", "phone: must be a string.")
        assert (await caller.call("GET", "/v1/tag/5", query={"overwrite": "true"})).status == 400
