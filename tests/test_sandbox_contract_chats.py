"""What the sandbox answers about messages, conversations and schedules, held against the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Sandbox, Variants
from heymarket_async.sandbox.nouns import conversations, emails, messages, schedules
from heymarket_async.sandbox.records import Moment
from sandbox_calls import Caller, calls
from sandbox_support import key_of

ROUTES = (*messages.ROUTES, *emails.ROUTES, *conversations.ROUTES, *schedules.ROUTES)
ANN, BEN = "15105550160", "15105550161"

Check = Callable[[str, Any], None]
Example = Callable[[str], Any]


@pytest.fixture(scope="session")
def check(contract: dict[str, Any]) -> Check:
    """Hold an answer against the schema of its operation."""
    operations = {
        operation["operationId"]: operation
        for path in contract["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post", "put", "delete")
    }

    def look(name: str, answer: Any) -> None:
        schema = operations[name]["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": contract["components"]}
        Draft202012Validator(whole).validate(answer)

    return look


def test_the_routes_are_those_of_the_contract(contract: dict[str, Any]) -> None:
    known = {
        (operation["operationId"], method.upper(), path)
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    }
    mine = {(route.name, route.method, route.path) for route in ROUTES}
    assert mine <= known
    tags = ("messages", "conversations", "schedules")
    wanted = {
        operation["operationId"]
        for methods in contract["paths"].values()
        for operation in methods.values()
        if operation["tags"][0] in tags
    }
    assert {route.name for route in ROUTES} == wanted


async def everything(client: Caller, check: Check) -> dict[str, Any]:
    """Perform each operation once, check the answers, and return them."""
    inbox, user, other = client.inbox(), client.member(), client.member(1)
    client.team.receive(inbox, ANN, "Hi")
    target = {"inbox_id": inbox, "user_id": user, "target": ANN}
    later = {
        "inbox_id": inbox,
        "execute_at": "2026-06-01T15:00:00Z",
        "phone_number": ANN,
        "content": {"text": "Scheduled follow-up", "to": ANN},
    }
    found: dict[str, Any] = {}

    def keep(name: str, answer: Any) -> Any:
        check(name, answer)
        found[name] = answer
        return answer

    sent = keep("send_message", await client.send(phone_number=ANN, text="Hello", local_id="a-1"))
    keep(
        "send_email",
        await client.post("/v1/email/send", inbox=inbox, creator_id=user, text="Hi", targets=["to:ann@example.com"]),
    )
    keep("get_message_history", await client.get("/v1/messages", phoneNumber=ANN, inboxID=inbox))
    keep("list_messages", await client.post("/v1/messages/all"))
    keep("count_messages", await client.post("/v1/messages/all/count"))
    keep("list_conversations", await client.post("/v1/conversations", id=0, filters={"inboxes": [inbox]}))
    keep("count_conversations", await client.post("/v1/conversations/count"))
    keep("open_conversation", await client.post("/v1/conversations/open", **target))
    keep("close_conversation", await client.post("/v1/conversations/close", **target))
    keep("mark_conversation_read", await client.post("/v1/conversations/read", **target))
    keep("mark_conversation_unread", await client.post("/v1/conversations/unread", **target))
    keep("reassign_conversation", await client.post("/v1/conversations/reassign", **target, reassign_id=other))
    moved = {"conversation_id": sent.get("convo_id") or client.team.sent[0].conversation_id}
    keep(
        "transfer_conversation",
        await client.post("/v1/conversations/transfer", **moved, transfer_inbox_id=client.inbox(1)),
    )
    keep("get_conversation", await client.get(f"/v1/conversations/{moved['conversation_id']}"))
    made = keep("create_schedule", await client.post("/v1/schedule", **later))
    keep("get_schedule", await client.get(f"/v1/schedule/{made['id']}"))
    keep("update_schedule", await client.put(f"/v1/schedule/{made['id']}", **later))
    keep("delete_schedule", await client.delete(f"/v1/schedule/{made['id']}"))
    assert set(found) == {route.name for route in ROUTES}
    return found


@pytest.mark.parametrize(
    "variants",
    [
        Variants(),
        Variants(
            send_answer="documented",
            conversation_count="number",
            nested_members="object",
            precision="milliseconds",
            direction_in_type=False,
            conversation_seconds=False,
            schedule_template="object",
        ),
        Variants(drop_empty=True, precision="seconds"),
    ],
)
async def test_every_answer_fits_the_contract(variants: Variants, check: Check) -> None:
    async with calls(variants) as client:
        await everything(client, check)


def missing(example: Any, answer: Any, place: str = "") -> list[str]:
    """Return the keys of an example that an answer lacks, or that have another type there."""
    if isinstance(example, dict) and isinstance(answer, dict):
        gone = [f"{place}.{key}" for key in example if key not in answer]
        return gone + [
            one for key in example if key in answer for one in missing(example[key], answer[key], f"{place}.{key}")
        ]
    if isinstance(example, list) and isinstance(answer, list):
        return missing(example[0], answer[0], f"{place}[]") if example and answer else []
    return [] if type(example) is type(answer) or answer is None else [place]


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("send_email", "send_email.response"),
        ("count_messages", "count_messages.response"),
        ("get_message_history", "get_message_history.response.documented"),
        ("list_conversations", "list_conversations.response.documented"),
        ("list_conversations", "list_conversations.response.observed"),
        ("get_conversation", "get_conversation.response.documented"),
        ("open_conversation", "open_conversation.response"),
        ("close_conversation", "close_conversation.response"),
        ("reassign_conversation", "reassign_conversation.response"),
        ("transfer_conversation", "transfer_conversation.response"),
        ("create_schedule", "create_schedule.response.observed"),
        ("get_schedule", "get_schedule.response.documented"),
        ("update_schedule", "update_schedule.response.observed"),
    ],
)
async def test_every_example_can_be_had_in_shape(operation: str, name: str, check: Check, example: Example) -> None:
    async with calls() as client:
        answer = (await everything(client, check))[operation]
        assert missing(example(name), answer) == []


async def test_the_documented_answer_to_a_send_can_be_had_in_shape(example: Example) -> None:
    async with calls(Variants(send_answer="documented")) as client:
        gallery = [{"url": "https://files.example.com/g/1"}]
        template = client.team.templates.add(Moment(0), {"content": {"gallery": gallery}})["id"]
        answer = await client.send(phone_number=ANN, template_id=template)
        wanted = example("send_message.response.documented")
        assert {key: type(value) for key, value in answer.items()} == {
            key: type(value) for key, value in wanted.items()
        }


@pytest.mark.parametrize("name", ["phone", "group", "mms", "chat", "private", "list", "template"])
async def test_every_example_of_a_send_is_accepted(name: str, example: Example) -> None:
    async with calls() as client:
        body = {**example(f"send_message.request.{name}"), **client.sender()}
        if "chat_id" in body:
            body["chat_id"] = client.team.receive(client.inbox(), ANN, "Hi")["_conversation"]
        if "list_id" in body:
            body["list_id"] = client.team.lists.add(Moment(0), {"targets": {ANN: {"f": "Ann"}}})["id"]
        if "template_id" in body:
            body["template_id"] = client.team.templates.add(Moment(0), {"content": {"text": "x"}})["id"]
        assert (await client.post("/v1/message/send", **body))["queued"] is True


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ODD: list[Any] = [
    0, -1, 10**30, "", "x", True, None, [], {}, "\ud800", ANN, [ANN, BEN], [{}], [{"phone": ANN}], ["to:a@example.com"],
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", {"inboxes": [1]}, {"template": {"id": 1}},
    {"gallery": [{"url": "x"}]},
]  # fmt: skip


def good_bodies(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return a body for each operation that is accepted as it is."""
    team = sandbox.teams[0]
    inbox, member = team.inboxes[0]["id"], team.members[0]["id"]
    chat = team.receive(inbox, ANN, "Hi")["_conversation"]
    people = team.lists.add(Moment(0), {"targets": {ANN: {"f": 5}, BEN: {"f": "Ben"}}, "_contacts": []})["id"]
    target = {"inbox_id": inbox, "user_id": member, "target": ANN}
    later = {"inbox_id": inbox, "execute_at": "2027-06-01T15:00:00Z", "content": {"text": "x"}, "phone_number": ANN}
    send = {"inbox_id": inbox, "creator_id": member, "text": "x", "local_id": "a"}
    return {
        "send_message": {**send, "phone_number": ANN},
        "send_message chat": {**send, "chat_id": chat, "private": True},
        "send_message list": {**send, "list_id": people},
        "send_email": {"inbox": inbox, "creator_id": member, "text": "x", "targets": ["to:ann@example.com"]},
        "list_messages": {"created_at": "2026-03-02T15:00:00Z", "order": "updated_at", "limit": 5, "ascending": True},
        "count_messages": {"date": "2026-03-02T15:00:00Z"},
        "list_conversations": {"id": member, "filters": {"inboxes": [inbox], "unread": True}, "limit": 5},
        "count_conversations": {},
        "open_conversation": {**target, "chat_id": chat},
        "close_conversation": target,
        "mark_conversation_read": target,
        "mark_conversation_unread": target,
        "reassign_conversation": {**target, "reassign_id": member},
        "transfer_conversation": {"conversation_id": chat, "transfer_inbox_id": team.inboxes[1]["id"]},
        "create_schedule": later,
        "update_schedule": later,
    }


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_body_whatever_it_is_makes_the_sandbox_fail(data: st.DataObject) -> None:
    sandbox = Sandbox(
        clock=VirtualClock(), rate_limit=None, variants=Variants(strict_requests=data.draw(st.booleans()))
    )
    bodies = good_bodies(sandbox)
    routes = {route.name: route for route in ROUTES}
    for _ in range(8):
        name = data.draw(st.sampled_from(sorted(bodies)))
        keys = st.sampled_from(
            [*bodies[name], "chat_id", "targets", "text", "limit", "template_id", "media_url", "date"]
        )
        body: Any = {**bodies[name], **data.draw(st.dictionaries(keys, st.sampled_from(ODD) | JSON, max_size=2))}
        for gone in data.draw(st.lists(keys, max_size=2)):
            body.pop(gone, None)
        body = data.draw(st.just(body) | JSON)
        route = routes[name.partition(" ")[0]]
        path = route.path.replace("{id}", data.draw(st.sampled_from([str(sandbox.teams[0].id * 10_000 + 1), "0", "x"])))
        assert perform(sandbox, route.method, path, {}, json.dumps(body).encode()) in (200, 400, 403, 404)


@given(
    st.sampled_from(["/v1/messages", "/v1/conversations/{}", "/v1/schedule/{}"]),
    st.sampled_from(["1", "0", "-1", "x", "9" * 30, "%00", "\u0661"]),
    st.dictionaries(
        st.sampled_from(["phoneNumber", "inboxID", "timestamp"]),
        st.sampled_from([ANN, "40001", "9" * 18, "9" * 40, "-5", "", "x", "\u0661"]),
    ),
)
def test_no_path_or_query_whatever_it_is_makes_the_sandbox_fail(path: str, id: str, query: dict[str, str]) -> None:
    assert perform(SHARED, "GET", path.format(id), query, b"") in (200, 400, 404)


SHARED = Sandbox(rate_limit=None)


def perform(sandbox: Sandbox, method: str, path: str, query: dict[str, str], body: bytes) -> int:
    """Put a request through the sandbox without a network."""
    from heymarket_async.sandbox.journal import Received

    received = Received(
        method=method, path=path, query=query, headers={}, arrived=1.8e9, connection=1, request_id="x", body=body
    )
    return sandbox._dispatcher.prepare(received, key_of(sandbox))().status


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b"[" * 900 + b"]" * 900, b'{"text": "\\ud800"}', b'{"inbox_id": 1e999}', b"NaN", b"1" * 5000],
)
def test_json_that_is_hard_to_read_is_bad_data(body: bytes) -> None:
    sandbox = Sandbox()
    for route in ROUTES:
        if route.method in ("POST", "PUT"):
            assert perform(sandbox, route.method, route.path.replace("{id}", "1"), {}, body) == 400
