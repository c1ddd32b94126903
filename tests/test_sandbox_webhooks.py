"""What the sandbox posts to webhooks: when, of which type, in which shape, and to whom."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from heymarket_async.clock import VirtualClock
from heymarket_async.errors import ConfigurationError, SessionError
from heymarket_async.sandbox import Sandbox, Team, Variants, Webhook, WebhookOptions, Webhooks, webhooks
from receivers import Receiver, receiving
from sandbox_calls import Caller, calls
from sandbox_support import until

ANN = "14155550140"
BEN = "14155550141"
TOKEN = "verify-7f3a9c51"
MESSAGE_TYPES = ["message_sent", "message_recieved"]
CHAT_TYPES = ["chat_reassigned", "chat_closed", "chat_opened", "chat_pending", "chat_transferred"]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def client(receiver: Receiver) -> AsyncIterator[Caller]:
    async with calls() as client:
        client.sandbox.webhooks.add(receiver.url, token=TOKEN)
        yield client


async def got(sandbox: Sandbox, receiver: Receiver) -> list[Any]:
    """Return what came, once everything has."""
    async with asyncio.timeout(5):
        await sandbox.webhooks.settled()
    return receiver.bodies


async def everything_happens(client: Caller) -> None:
    """Let each type happen: by requests where there are any, else by what people do outside of the API."""
    team, member = client.team, client.member(3)
    chat = team.receive(client.inbox(), ANN, "When do you open?")["_conversation"]
    about = {"target": ANN, "inbox_id": client.inbox(), "user_id": client.member()}
    await client.send(phone_number=ANN, text="At nine.")
    await client.post("/v1/conversations/reassign", **about, reassign_id=member)
    team.pend(chat)
    await client.post("/v1/conversations/close", **about)
    await client.post("/v1/conversations/open", **about)
    transfer = {"conversation_id": chat, "transfer_inbox_id": client.inbox(1)}
    await client.post("/v1/conversations/transfer", **transfer)
    team.opt_out(ANN)
    team.opt_in(ANN)
    team.double_opt_restricted(BEN)
    team.double_opt_in(BEN)
    team.call(client.inbox(), BEN)


async def test_every_type_comes_in_its_documented_shape(
    client: Caller, receiver: Receiver, contract: dict[str, Any]
) -> None:
    schemas = contract["components"]["schemas"]
    envelope = schemas["WebhookEvent"]

    def check(value: Any, schema: str) -> None:
        reference = {"$ref": f"#/components/schemas/{schema}", "components": contract["components"]}
        Draft202012Validator(reference).validate(value)

    await everything_happens(client)
    bodies = await got(client.sandbox, receiver)
    assert {body["type"] for body in bodies} == set(envelope["properties"]["type"]["enum"])
    for body in bodies:
        check(body, "WebhookEvent")
        assert set(body) == set(envelope["required"])
        data = body["event_data"]
        if body["type"] in MESSAGE_TYPES:
            check(data, "Message")
            assert documented(schemas["Message"]) <= set(data)
            assert data["conversation"]["id"] == client.team.messages[data["id"]]["_conversation"]
            data = data["conversation"]
        if body["type"] in MESSAGE_TYPES + CHAT_TYPES:
            check(data, "Conversation")
            assert documented(schemas["Conversation"]) <= set(data) <= set(schemas["Conversation"]["properties"])
    assert all(request.method == "POST" for request in receiver.requests)
    assert all(request.content_type == "application/json" for request in receiver.requests)


def documented(schema: dict[str, Any]) -> set[str]:
    return {name for name, about in schema["properties"].items() if about.get("x-source") == "documented"}


async def test_types_come_in_the_order_of_what_happened(client: Caller, receiver: Receiver) -> None:
    await everything_happens(client)
    await got(client.sandbox, receiver)
    assert receiver.types == [
        "chat_opened",
        "message_recieved",
        "message_sent",
        "chat_reassigned",
        "chat_pending",
        "chat_closed",
        "chat_opened",
        "chat_transferred",
        "chat_reassigned",
        "target_opt_out",
        "target_opt_in",
        "target_double_opt_restricted",
        "target_double_opt_in",
        "incoming_call",
    ]


async def test_a_message_comes_as_the_api_shows_it(client: Caller, receiver: Receiver) -> None:
    client.team.receive(client.inbox(), ANN, "Hello", media="https://example.com/cat.png")
    body = (await got(client.sandbox, receiver))[-1]
    shown = await client.post("/v1/messages/all", limit=1)
    assert [body["event_data"]] == shown
    assert (body["type"], body["token"]) == ("message_recieved", TOKEN)


async def test_what_comes_is_how_things_were_at_that_moment(client: Caller, receiver: Receiver) -> None:
    receiver.answers.append(500)
    message = client.team.receive(client.inbox(), ANN, "Hello")
    client.team.pend(message["_conversation"])
    client.team.deliver(message["id"], "read")
    await until(lambda: client.sandbox.webhooks.deliveries[0].attempts)
    client.clock.advance(1.0)
    opened, received, *_, again = await got(client.sandbox, receiver)
    assert again == opened
    assert received["event_data"]["status"] == "received"
    assert received["event_data"]["conversation"]["status"] == "open"


async def test_a_text_into_a_closed_conversation_opens_it(client: Caller, receiver: Receiver) -> None:
    chat = next(chat for chat in client.team.conversations.values() if chat["status"] == "closed")
    await client.send(chat_id=chat["id"], inbox_id=chat["inbox"], text="One more thing.")
    await client.send(chat_id=chat["id"], inbox_id=chat["inbox"], text="And another.")
    await got(client.sandbox, receiver)
    assert receiver.types == ["chat_opened", "message_sent", "message_sent"]


async def test_what_changes_nothing_and_what_is_refused_is_not_told(client: Caller, receiver: Receiver) -> None:
    chat = client.team.receive(client.inbox(), ANN, "Hello")["_conversation"]
    about = {"target": ANN, "inbox_id": client.inbox(), "user_id": client.member()}
    await client.post("/v1/conversations/open", **about)
    await client.post("/v1/conversations/reassign", **about, reassign_id=client.member())
    await client.post("/v1/conversations/reassign", **about, reassign_id=client.member())
    await client.post("/v1/conversations/read", **about)
    await client.send(chat_id=chat, text="A note to ourselves", private=True)
    await client.send_refused(phone_number="nobody", text="Hello")
    client.team.opt_in(ANN)
    await got(client.sandbox, receiver)
    assert receiver.types == ["chat_opened", "message_recieved", "chat_reassigned"]


async def test_a_repeat_with_a_known_local_id_is_told_once(client: Caller, receiver: Receiver) -> None:
    for _ in range(2):
        await client.send(phone_number=ANN, text="Hello", local_id="a-1")
    await got(client.sandbox, receiver)
    assert receiver.types == ["chat_opened", "message_sent"]


async def test_opt_outs_by_the_api_are_told_when_they_change_something(client: Caller, receiver: Receiver) -> None:
    contact = next(iter(client.team.contacts.values()))
    for status in ("unsubscribed", "unsubscribed", "blocked", "active", "subscribed"):
        await client.post("/v1/contact/set_status", id=contact["id"], status=status)
    bodies = await got(client.sandbox, receiver)
    assert receiver.types == ["target_opt_out", "target_opt_in"]
    assert {body["event_data"]["phone"] for body in bodies} == {contact["phone"]}


async def test_a_scheduled_text_is_told_when_it_goes_out(client: Caller, receiver: Receiver) -> None:
    client.clock.set_wall(1_800_000_000.0)
    when = "2027-01-15T08:30:00Z"
    await client.post(
        "/v1/schedule",
        inbox_id=client.inbox(),
        user_id=client.member(),
        phone_number=ANN,
        execute_at=when,
        content={"text": "A reminder"},
    )
    assert await got(client.sandbox, receiver) == []
    client.clock.advance(3600)
    client.sandbox.tick()
    assert (await got(client.sandbox, receiver))[-1]["event_data"]["text"] == "A reminder"
    assert receiver.types == ["chat_opened", "message_sent"]


@pytest.mark.parametrize("spelling", ["message_recieved", "message_received"])
async def test_either_spelling_of_a_text_from_outside_can_be_had(receiver: Receiver, spelling: Any) -> None:
    async with Sandbox(variants=Variants(received_spelling=spelling)) as sandbox:
        sandbox.webhooks.add(receiver.url, token=TOKEN, types=[spelling])
        sandbox.webhooks.add(receiver.url, token=TOKEN, types=["message_recieved"])
        sandbox.teams[0].receive(sandbox.teams[0].inboxes[0]["id"], ANN, "Hello")
        await got(sandbox, receiver)
        assert receiver.types == [spelling, spelling]
        assert [event.type for event in sandbox.webhooks.events] == ["chat_opened", spelling]


async def test_what_no_page_describes_can_be_empty(receiver: Receiver) -> None:
    async with Sandbox(variants=Variants(webhook_details="none")) as sandbox:
        sandbox.webhooks.add(receiver.url, token=TOKEN)
        sandbox.teams[0].opt_out(ANN)
        sandbox.teams[0].call(sandbox.teams[0].inboxes[0]["id"], ANN)
        assert [body["event_data"] for body in await got(sandbox, receiver)] == [{}, {}]


async def test_the_other_switches_count_for_webhooks_too(receiver: Receiver) -> None:
    async with Sandbox(variants=Variants(precision="seconds", nested_members="object")) as sandbox:
        sandbox.webhooks.add(receiver.url, token=TOKEN, types=["message_recieved"])
        sandbox.teams[0].receive(sandbox.teams[0].inboxes[0]["id"], ANN, "Hello")
        data = (await got(sandbox, receiver))[0]["event_data"]
        assert len(data["date"]) == len("2026-03-02T09:00:00Z")
        assert isinstance(data["conversation"]["members"], dict)


async def test_each_webhook_gets_its_types_with_its_own_id_and_token(receiver: Receiver) -> None:
    async with Sandbox() as sandbox:
        team, other = sandbox.teams
        texts = sandbox.webhooks.add(receiver.url, token="one-token", types=["message_recieved"])
        chats = sandbox.webhooks.add(receiver.url, token="two-token", types=["chat_opened", "chat_closed"])
        theirs = sandbox.webhooks.add(receiver.url, token="their-token", team=other)
        team.receive(team.inboxes[0]["id"], ANN, "Hello")
        bodies = await got(sandbox, receiver)
        assert sorted((body["id"], body["token"], body["type"]) for body in bodies) == [
            (texts.id, "one-token", "message_recieved"),
            (chats.id, "two-token", "chat_opened"),
        ]
        other.opt_out(BEN)
        assert (await got(sandbox, receiver))[-1]["id"] == theirs.id
        assert [event.team for event in sandbox.webhooks.events] == [team.id, team.id, other.id]


async def test_a_webhook_can_be_changed_while_it_runs(client: Caller, receiver: Receiver) -> None:
    hook = client.sandbox.webhooks.add(receiver.url, token="old-token-1", types=["target_opt_out"])
    client.team.opt_out(ANN)
    await got(client.sandbox, receiver)
    hook.token, hook.types = "new-token-2", {"target_opt_in"}
    client.team.opt_in(ANN)
    bodies = await got(client.sandbox, receiver)
    assert {body["token"]: body["type"] for body in bodies if body["id"] == hook.id} == {
        "old-token-1": "target_opt_out",
        "new-token-2": "target_opt_in",
    }
    with pytest.raises(AttributeError):
        hook.id = 5
    with pytest.raises(ConfigurationError, match=r"not an address of this machine"):
        hook.url = "https://example.com/"


async def test_a_team_without_webhooks_pays_nothing(client: Caller, receiver: Receiver) -> None:
    team = client.sandbox.teams[1]
    before = asyncio.all_tasks()
    assert team.conversations.changed is None
    team.receive(team.inboxes[0]["id"], ANN, "Hello")
    assert client.sandbox.webhooks.events == client.sandbox.webhooks.deliveries == []
    assert asyncio.all_tasks() == before


async def test_a_webhook_that_is_taken_away_gets_nothing_more(receiver: Receiver) -> None:
    async with Sandbox(clock=VirtualClock()) as sandbox:
        team = sandbox.teams[0]
        first = sandbox.webhooks.add(receiver.url, token=TOKEN, options=WebhookOptions(delay=5.0))
        second = sandbox.webhooks.add(receiver.url, token=TOKEN)
        team.opt_out(ANN)
        sandbox.webhooks.remove(first)
        team.opt_in(ANN)
        assert {body["id"] for body in await got(sandbox, receiver)} == {second.id}
        assert [delivery.outcome for delivery in sandbox.webhooks.deliveries] == ["stopped", "delivered", "delivered"]
        sandbox.webhooks.remove(second)
        assert team.conversations.changed is None
        team.opt_out(ANN)
        assert len(sandbox.webhooks.events) == 2
        with pytest.raises(ConfigurationError, match=r"There is no <Webhook \d+ of team 2001, 12 types>"):
            sandbox.webhooks.remove(second)


async def test_what_has_happened_before_the_start_is_delivered_then(receiver: Receiver) -> None:
    sandbox = Sandbox()
    sandbox.webhooks.add(receiver.url, token=TOKEN)
    sandbox.teams[0].opt_out(ANN)
    async with sandbox:
        assert [body["type"] for body in await got(sandbox, receiver)] == ["target_opt_out"]


async def test_a_closed_sandbox_takes_no_webhook() -> None:
    async with Sandbox() as sandbox:
        pass
    with pytest.raises(SessionError, match=r"was closed\. Make a new Sandbox"):
        sandbox.webhooks.add("http://127.0.0.1:1/", token=TOKEN)


async def test_data_that_a_team_is_filled_with_has_not_happened(receiver: Receiver) -> None:
    async with Sandbox() as sandbox:
        team = sandbox.teams[1]
        sandbox.webhooks.add(receiver.url, token=TOKEN, team=team)
        sandbox.populate(team, history=20)
        assert len(team.messages) > 20
        assert sandbox.webhooks.events == []
        team.opt_out(ANN)
        assert [body["type"] for body in await got(sandbox, receiver)] == ["target_opt_out"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "https://example.com/hook"}, r"Webhook\(url=...\) is not an address of this machine. Use 127.0.0.1"),
        ({"url": "http://10.0.0.1/hook"}, "not an address of this machine"),
        ({"url": "http://127.0.0.1.example.com/"}, "not an address of this machine"),
        ({"url": "ftp://127.0.0.1/"}, "must be an http or https address"),
        ({"url": "/hook"}, "must be an http or https address"),
        ({"url": ""}, "must be an http or https address"),
        ({"url": "http://[::1"}, "must be an http or https address"),
        ({"url": None}, "must be an http or https address"),
        ({"token": None}, r"Webhook\(token=...\) must be a str"),
        ({"token": "half \ud83d"}, r"Webhook\(token=...\) must have no line break and no half"),
        ({"types": ["message_send"]}, "there is no type 'message_send'. Did you mean 'message_sent'"),
        ({"types": ["unheard-of"]}, "there is no type 'unheard-of'. There are: chat_closed, "),
        ({"types": []}, "at least one"),
        ({"types": "message_sent"}, "several names, not one str"),
        ({"options": {"loss": 1}}, "must be WebhookOptions"),
        ({"anywhere": 1}, "True or False"),
        ({"team": Sandbox().teams[0]}, "must be a team of this sandbox"),
    ],
)
async def test_a_webhook_that_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    sandbox = Sandbox()
    given: dict[str, Any] = {"url": "http://127.0.0.1:9/", "token": TOKEN, **options}
    with pytest.raises(ConfigurationError, match=message):
        sandbox.webhooks.add(**given)
    sandbox.teams[0].opt_out(ANN)
    assert sandbox.webhooks.events == []


@pytest.mark.parametrize(
    "url", ["http://localhost:9/", "http://127.8.8.8/", "https://[::1]:9/x?y=z", "http://u:p@127.0.0.1/"]
)
def test_addresses_of_this_machine_are_good(url: str) -> None:
    assert Sandbox().webhooks.add(url, token=TOKEN).url == url


def test_other_machines_can_be_allowed() -> None:
    webhook = Sandbox().webhooks.add("https://hooks.example.com/", token=TOKEN, anywhere=True)
    assert isinstance(webhook, Webhook)
    webhook.url = "https://other.example.com/"


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("retries", [[1.0], (1.0, -1.0), ("1",), 3, None]),
        ("timeout", [-1, "10", None, float("inf")]),
        ("concurrency", [0, 1.0, None]),
        ("delay", [-0.1, None]),
        ("held", [-0.1, None]),
        ("loss", [-0.1, 1.1, None, True]),
        ("duplicates", [-0.1, 1.1, None]),
        ("reordering", [-0.1, 1.1, None]),
    ],
)
def test_options_that_make_no_sense_are_refused(option: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ConfigurationError, match=rf"^WebhookOptions\({option}=...\) must be"):
            WebhookOptions(**{option: value})


@pytest.mark.parametrize("play", [lambda team: team.call(1, ANN), lambda team: team.pend(1)])
def test_what_people_do_needs_something_that_exists(play: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"has no (inbox|conversation) 1\."):
        play(Sandbox().teams[0])


async def test_no_repr_shows_a_token_a_number_or_an_address(client: Caller, receiver: Receiver) -> None:
    hook = client.sandbox.webhooks.add(f"{receiver.url}?key=in-the-query", token=TOKEN, types=["target_opt_out"])
    client.team.opt_out(ANN)
    await got(client.sandbox, receiver)
    journal: Webhooks = client.sandbox.webhooks
    shown = repr([hook, journal, journal.events, journal.deliveries])
    assert f"<Webhook {hook.id} of team 2001, 1 types>" in shown
    assert "<Webhooks: 2 webhooks, 1 events, 0 deliveries on their way>" in shown
    assert "<Event 1 target_opt_out of team 2001>" in shown
    assert not [secret for secret in (TOKEN, ANN, receiver.url, "in-the-query") if secret in shown]


async def test_the_journal_forgets_the_oldest(
    client: Caller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_REMEMBERED", 10)
    for _ in range(10):
        client.team.opt_out(ANN)
        client.team.opt_in(ANN)
    await got(client.sandbox, receiver)
    assert len(receiver.bodies) == 20
    assert [event.number for event in client.sandbox.webhooks.events] == list(range(11, 21))
    assert [delivery.event.number for delivery in client.sandbox.webhooks.deliveries] == list(range(11, 21))


async def test_the_page_has_a_test_that_passes(heymarket_sandbox: Sandbox, receiver: Receiver) -> None:
    page = (Path(__file__).parents[1] / "docs" / "sandbox.md").read_text("utf-8")
    _, _, code, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    await names["test_the_app_hears_what_customers_write"](heymarket_sandbox, receiver.url)
    assert receiver.texts == ["When do you open?"]


def test_a_team_can_be_told_that_nobody_listens() -> None:
    team: Team = Sandbox().teams[0]
    heard: list[str] = []
    team.listen(lambda kind, _: heard.append(kind))
    with team.unheard():
        team.opt_out(ANN)
    team.opt_in(ANN)
    assert heard == ["target_opt_in"]
