"""No input brings the sandbox to a 500, and what it answers to any input is what the contract describes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Sandbox, Team, Variants
from heymarket_async.sandbox.contract import Anything, Either, Flag, Free, Kind, ListOf, Record, Text, Time, Whole
from heymarket_async.sandbox.journal import Received
from heymarket_async.sandbox.requests import REQUESTS
from heymarket_async.sandbox.routes import ROUTES
from sandbox_schemas import Answers
from sandbox_support import key_of

OTHERS = ("message", "conversation", "schedule", "email", "inboxes", "get_team")
OPERATIONS = {route.name: route for route in ROUTES if not any(word in route.name for word in OTHERS)}
CLOCK = VirtualClock(1_775_034_420.0)
SEEDED = Sandbox(clock=CLOCK).teams[0]
CONTACT = next(iter(SEEDED.contacts.values()))
NOUNS = (SEEDED.contacts, SEEDED.lists, SEEDED.templates, SEEDED.tags, SEEDED.surveys, SEEDED.contact_fields)

IDS = st.sampled_from([one for noun in NOUNS for one in [*noun][:2]] + [SEEDED.members[0]["id"], -1, 0, 1, 30, 2**62])
PHONES = st.sampled_from([CONTACT["phone"], "14155550151", "14155550190", "14155550191"])
WORDS = st.sampled_from(
    [CONTACT["_uuid"], "phone", "email", "id", "facebook", "sam@example.com", "Sam", "#FFD700", "blocked", "active", ""]
)
TEXTS = PHONES | WORDS | st.text(max_size=5)
TIMES = st.sampled_from(["2026-01-05T12:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | TIMES,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXTS, children, max_size=3),
    max_leaves=8,
)


def objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(TEXTS | IDS.map(str), values, max_size=3)


def some(noun: Mapping[int, Any]) -> st.SearchStrategy[int]:
    return st.sampled_from([*noun][:3])


EMAILS = st.sampled_from(["sam.reed0@example.com", "SAM@example.com", "kim@example.com"])
MEANINGFUL: dict[str, st.SearchStrategy[Any]] = {
    "phone": PHONES,
    "email": EMAILS | st.just(""),
    "tag_id": some(SEEDED.tags),
    "assignee_id": st.sampled_from([SEEDED.members[0]["id"], -1]),
    "contact_id": st.just(CONTACT["_uuid"]) | TEXTS,
    "color": st.just("#FFD700"),
    "channel_type": st.sampled_from(["phone", "email", "id", "facebook"]),
    "channel_id": PHONES | EMAILS,
    "channel_ids": st.lists(PHONES | EMAILS | st.just(CONTACT["_uuid"]), max_size=3),
    "id": IDS,
    **{f"{sign}contacts": st.lists(some(SEEDED.contacts), max_size=5) for sign in ("", "add_", "remove_")},
    **{f"{sign}phones": st.lists(PHONES, max_size=5) for sign in ("", "add_", "remove_")},
    **{f"{sign}emails": st.lists(EMAILS, max_size=5) for sign in ("", "add_", "remove_")},
    **dict.fromkeys(["add_phone", "remove_phone"], PHONES),
    "members": st.dictionaries(PHONES, st.fixed_dictionaries({}, optional={"f": TEXTS, "l": TEXTS}), max_size=3),
}
NOUN_OF = {
    "contact": SEEDED.contacts,
    "list": SEEDED.lists,
    "template": SEEDED.templates,
    "tag": SEEDED.tags,
    "survey": SEEDED.surveys,
}


def fitting(kind: Kind) -> st.SearchStrategy[Any]:
    """Give values of a kind, those that mean something in the seeded team among them."""
    if isinstance(kind, Record):
        keys = {key: st.one_of(MEANINGFUL.get(key, fitting(value)), fitting(value)) for key, value in kind.keys.items()}
        keys |= {key: MEANINGFUL[key] for key in keys if key in MEANINGFUL and not isinstance(kind.keys[key], Text)}
        needed = {key: value for key, value in keys.items() if key in kind.required}
        return st.fixed_dictionaries(needed, optional={key: keys[key] for key in keys if key not in needed})
    if isinstance(kind, ListOf):
        return st.lists(fitting(kind.item), max_size=5)
    if isinstance(kind, Either):
        return st.one_of(*map(fitting, kind.kinds))
    if isinstance(kind, Text) and kind.options:
        return st.sampled_from(kind.options)
    scalars: dict[type[Kind], st.SearchStrategy[Any]] = {
        Text: TEXTS,
        Time: TIMES,
        Whole: IDS,
        Flag: st.booleans(),
        Anything: JSON,
        Free: objects(objects(TEXTS) | JSON),
    }
    return scalars[type(kind)]


BODIES = {name: fitting(takes.body) for name, takes in REQUESTS.items() if takes.body is not None}
PLACES = IDS.map(str) | st.just(CONTACT["_uuid"]) | st.sampled_from(["x", "-", "\u0665", "9" * 30])
QUERIES = st.sampled_from([{}, {"overwrite": "true"}, {"overwrite": "false"}])


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, str, Any, Mapping[str, str]]:
    """Give an operation, a path, a body and a query."""
    name = draw(st.sampled_from(sorted(OPERATIONS)))
    path = OPERATIONS[name].path
    if "{" in path:
        good = next(some(noun) for word, noun in NOUN_OF.items() if word in path).map(str)
        good = st.just(CONTACT["_uuid"]) if "contactID" in path else good
        path = re.sub(r"{\w+}", draw(st.one_of(good, good, PLACES)), path)
    body = draw(BODIES[name]) if name in BODIES and draw(st.integers(0, 9)) else None
    return name, path, body, draw(QUERIES) if "overwrite" in REQUESTS[name].query else {}


def ask(sandbox: Sandbox, name: str, path: str, body: bytes, query: Mapping[str, str]) -> tuple[int, Any]:
    """Put a request through all gates without HTTP."""
    received = Received(
        method=OPERATIONS[name].method,
        path=path,
        query=query,
        headers={},
        arrived=CLOCK.wall(),
        connection=1,
        request_id="",
        body=body,
    )
    reply = vars(sandbox)["_dispatcher"].prepare(received, key_of(sandbox))()
    return reply.status, json.loads(reply.body)


@pytest.fixture(scope="module")
def answers(contract: dict[str, Any]) -> Answers:
    return Answers(contract)


def assert_sound(team: Team) -> None:
    """Check what must hold after any requests."""
    contacts = team.contacts
    for contact in contacts.values():
        assert contacts.by_uuid(contact["_uuid"]) is contact
        assert contact["rev"] >= 1
        assert contact["updated"] >= contact["created"]
        assert len(contact["_tags"]) <= 5
        assert contact["custom"].keys() <= set(map(str, team.contact_fields))
        addresses = [(channel["channel_type"], channel["channel_id"].lower()) for channel in contact["_channels"]]
        assert len(set(addresses)) == len(addresses)
        for kind in ("phone", "email"):
            assert not contact[kind] or (kind, contact[kind].lower()) in addresses
        for kind, address in addresses:
            if kind in ("phone", "email"):
                assert contact in contacts.at(kind, address)
    known = sum(len(contact["_channels"]) for contact in contacts.values())
    assert sum(map(len, vars(contacts)["_by_address"].values())) == known
    for record in team.lists.values():
        assert len(record["_contacts"]) <= team.list_size
        phones = [contacts[member]["phone"] for member in record["_contacts"] if contacts[member]["phone"]]
        assert [*record["targets"]] == [*dict.fromkeys(phones)]


VARIANTS = st.builds(
    Variants,
    strict_requests=st.booleans(),
    contact_exists=st.sampled_from(["error", "update", "duplicate"]),
    contact_put=st.sampled_from(["merge", "names", "replace"]),
    contact_count=st.sampled_from(["text", "number"]),
    contact_uuids=st.booleans(),
    contact_channels=st.booleans(),
    contact_opt_outs=st.booleans(),
    contact_tags=st.sampled_from(["objects", "refs", "ids"]),
    channel_ids=st.sampled_from(["integer", "uuid"]),
    channels_required=st.booleans(),
    batch_answer=st.sampled_from(["created", "failed", "ok"]),
    uuid_in_writes=st.booleans(),
    list_repeat=st.sampled_from(["same", "refuse", "none"]),
    list_needs_members=st.booleans(),
    drop_empty=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(requests=st.lists(asked(), min_size=5, max_size=25), variants=VARIANTS, list_size=st.sampled_from([3, 1000]))
def test_any_requests_that_look_right_leave_a_sound_team(
    answers: Answers, requests: list[Any], variants: Variants, list_size: int
) -> None:
    sandbox = Sandbox(clock=CLOCK, teams=1, rate_limit=None, variants=variants)
    team = sandbox.teams[0]
    team.list_size = max(list_size, 40) if list_size > 3 else 32
    for name, path, body, query in requests:
        status, answer = ask(sandbox, name, path, b"" if body is None else json.dumps(body).encode(), query)
        assert status in (200, 400, 404), (name, answer)
        if status == 200:
            answers.check(name, answer)
        else:
            assert set(answer) == {"error_code", "message"}
    assert_sound(team)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
@settings(max_examples=15, deadline=None)
@given(body=JSON | objects(JSON) | st.lists(objects(JSON), max_size=2), place=PLACES, strict=st.booleans())
def test_no_json_at_all_is_a_500(answers: Answers, name: str, body: Any, place: str, strict: bool) -> None:
    sandbox = Sandbox(clock=CLOCK, teams=1, rate_limit=None, variants=Variants(strict_requests=strict))
    path = OPERATIONS[name].path.replace("{id}", place).replace("{contactID}", place)
    status, answer = ask(sandbox, name, path, json.dumps(body).encode(), {})
    assert status in (200, 400, 404), answer
    if status == 200:
        answers.check(name, answer)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 50_000, b"\xff", b"{", b"9" * 5000])
@pytest.mark.parametrize("name", ["create_contact", "batch_create_contacts"])
def test_what_is_no_json_is_refused(name: str, body: bytes) -> None:
    sandbox = Sandbox(clock=CLOCK, teams=1, rate_limit=None)
    assert ask(sandbox, name, OPERATIONS[name].path, body, {})[0] == 400


CHANNELS = [{"channel_type": "phone", "channel_id": "14155550198"}]
PERSON = {"phone": "14155550199", "first": "Kim", "tags": [{"tag_id": next(iter(SEEDED.tags))}]}
ON_LIST = {"title": "April", "local_id": "april", "contacts": [CONTACT["id"]]}
TEMPLATE = {"title": "Hello", "content": {"text": "Hello"}}
BY_UUID = {"contact_channels": [{"channel_type": "id", "channel_ids": [CONTACT["_uuid"]]}]}
# A request to each operation that must succeed, in an order in which they all do.
GOOD: dict[str, Any] = {
    "get_users": None,
    "update_users": {"users": [{"id": SEEDED.members[0]["id"], "role_id": 4}]},
    "create_contact": PERSON,
    "get_contact": None,
    "update_contact": {"phone": CONTACT["phone"], "last": "Moor"},
    "list_contacts": {"limit": 5},
    "count_contacts": {},
    "get_contact_by_phone_or_id": {"phone": CONTACT["phone"]},
    "get_contact_status": {"phone": CONTACT["phone"]},
    "set_contact_status": {"phone": CONTACT["phone"], "status": "active"},
    "batch_create_contacts": [PERSON],
    "list_contact_fields": {},
    "create_contact_fields": [{"title": "Size"}],
    "create_contact_v2": {"contact_channels": CHANNELS},
    "get_contact_v2": None,
    "update_contact_v2": {"first": "Sam"},
    "bulk_upsert_contacts_v2": {"contacts": [{"contact_id": CONTACT["_uuid"]}, {"contact_id": "nobody"}]},
    "list_contacts_v2": {"page": 0, "limit": 5},
    "search_contacts_v2": BY_UUID,
    "create_contact_channel_v2": {"channel_type": "email", "channel_id": "sam@example.com"},
    "update_contact_channel_v2": {"channel_type": "email", "channel_id": "reed@example.com"},
    "create_list": ON_LIST,
    "update_list": {"add_phones": ["14155550197"]},
    "create_list_v1": {"title": "May"},
    "get_list_v1": None,
    "update_list_v1": {"add_phone": "14155550196"},
    "list_lists_v1": {},
    "delete_list_v1": None,
    "delete_list": {"contact_ids": [CONTACT["id"]]},
    "create_template": TEMPLATE,
    "get_template": None,
    "update_template": TEMPLATE,
    "list_templates": {},
    "delete_template": None,
    "create_tag": {"tag": "Big"},
    "get_tag": None,
    "list_tags": {},
    "delete_tag": None,
    "get_survey": None,
    "list_surveys": {"page": 1},
    "delete_contact_v2": None,
    "delete_contact": None,
    "bulk_delete_contacts_v2": BY_UUID,
}
# These come second, so that the first record of their noun is gone.
SECOND = {"delete_list", "delete_contact"}


@pytest.mark.parametrize("drop_empty", [False, True])
def test_every_operation_answers_what_the_contract_describes(answers: Answers, drop_empty: bool) -> None:
    sandbox = Sandbox(clock=CLOCK, teams=1, variants=Variants(drop_empty=drop_empty, contact_channels=True))
    assert GOOD.keys() == OPERATIONS.keys()
    for name, body in GOOD.items():
        path = OPERATIONS[name].path.replace("{contactID}", CONTACT["_uuid"])
        if "{id}" in path:
            noun = next(noun for word, noun in NOUN_OF.items() if word in path)
            path = path.replace("{id}", str([*noun][name in SECOND]))
        status, answer = ask(sandbox, name, path, b"" if body is None else json.dumps(body).encode(), {})
        assert status == 200, (name, answer)
        answers.check(name, answer)
