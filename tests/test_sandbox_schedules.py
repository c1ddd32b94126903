"""Texts that the sandbox sends later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from heymarket_async.sandbox import Variants
from heymarket_async.sandbox.records import Moment
from sandbox_calls import Caller, calls

ANN, BEN = "15105550160", "15105550161"
# The clock of `calls` stands at 09:07.
SOON, EXECUTED = "2026-04-01T09:30:00Z", "2026-04-01T09:30:00.000000Z"
MINUTE = 60


@pytest.fixture
async def client() -> AsyncIterator[Caller]:
    async with calls() as client:
        yield client


def text(client: Caller, **more: Any) -> dict[str, Any]:
    body = {"inbox_id": client.inbox(), "execute_at": SOON, "content": {"text": "Later"}, **more}
    return body if {"conversation_id", "list_id", "targets"} & set(more) else {"phone_number": ANN, **body}


async def schedule(client: Caller, **more: Any) -> int:
    return (await client.post("/v1/schedule", **text(client, **more)))["id"]


async def refusal(client: Caller, **more: Any) -> tuple[int, str]:
    status, _, message = await client.refused("/v1/schedule", **text(client, **more))
    return status, message


async def test_a_schedule_is_written_and_read(client: Caller) -> None:
    made = await schedule(client, local_id="s-1", content={"text": "Later", "to": ANN, "offset": 5})
    assert await client.get(f"/v1/schedule/{made}") == {
        "id": made,
        "created": "2026-04-01T09:07:00.000000Z",
        "updated": "2026-04-01T09:07:00.000000Z",
        "execute": EXECUTED,
        "inbox_id": client.inbox(),
        "local_id": "s-1",
        "meta": {
            "campaign_id": 0,
            "campaign_step_id": 0,
            "campaign_target_phone": "",
            "content": {
                "attachments": [],
                "gallery": [],
                "local_day": 0,
                "local_time": "",
                "offset": 5,
                "template": 0,
                "text": "Later",
                "to": ANN,
            },
            "conversation_id": 0,
            "list_id": 0,
        },
        "op": "c",
        "rev": 1,
        "team_id": client.team.id,
        "user_id": client.member(),
    }


async def test_a_schedule_can_be_replaced_and_dropped_before_its_time(client: Caller) -> None:
    made = await schedule(client)
    later = "2026-04-01T10:00:00+00:00"
    body = text(client, content={"text": "Even later"}, execute_at=later, user_id=client.member(1))
    assert await client.put(f"/v1/schedule/{made}", **body) == {"id": made}
    shown = await client.get(f"/v1/schedule/{made}")
    assert (shown["rev"], shown["op"], shown["user_id"]) == (2, "u", client.member(1))
    assert shown["meta"]["content"]["text"] == "Even later"
    assert await client.delete(f"/v1/schedule/{made}") == "ok"
    client.clock.advance(60 * MINUTE)
    client.sandbox.tick()
    assert client.team.sent == []
    for method in ("GET", "DELETE"):
        assert (await client.refused(f"/v1/schedule/{made}", method))[:2] == (404, "not_found")
    assert (await client.refused(f"/v1/schedule/{made}", "PUT", **text(client)))[:2] == (404, "not_found")


@pytest.mark.parametrize(
    ("execute_at", "rule"),
    [
        ("2026-04-01T09:15:00Z", "must be at least 15 minutes ahead"),
        ("2025-04-01T09:15:00Z", "must be at least 15 minutes ahead"),
        ("2026-04-01T09:31:00Z", "must be on a quarter hour"),
        ("2026-04-01T09:30:00.000001Z", "must be on a quarter hour"),
    ],
)
async def test_the_time_must_be_a_quarter_hour_not_too_near(client: Caller, execute_at: str, rule: str) -> None:
    assert await refusal(client, execute_at=execute_at) == (400, f"execute_at: {rule}.")


@pytest.mark.parametrize("execute_at", ["2026-04-01T09:30:00", "tomorrow", ""])
async def test_the_time_must_have_a_zone(client: Caller, execute_at: str) -> None:
    status, message = await refusal(client, execute_at=execute_at)
    assert status == 400
    assert message.startswith("execute_at")


async def test_fifteen_minutes_ahead_are_enough(client: Caller) -> None:
    client.clock.advance(8 * MINUTE)
    await schedule(client)
    await schedule(client, execute_at="2026-04-01T15:00:00+05:30")


async def test_a_schedule_needs_one_target_an_inbox_and_words(client: Caller) -> None:
    assert (await refusal(client, conversation_id=1, list_id=1))[1].startswith("conversation_id and list_id: only one")
    assert (await refusal(client, targets=[]))[1].startswith("phone_number, conversation_id, list_id, targets: one")
    assert (await refusal(client, conversation_id=1)) == (404, "conversation_id: there is no such conversation.")
    assert (await refusal(client, list_id=1)) == (404, "list_id: there is no such list.")
    assert (await refusal(client, inbox_id=1)) == (404, "inbox_id: there is no such inbox.")
    assert (await refusal(client, user_id=1))[0] == 403
    assert (await refusal(client, content={}))[1].startswith("content: text, template, attachments, gallery: one")
    assert (await refusal(client, content={"template": 1})) == (404, "content.template: there is no such template.")
    assert (await refusal(client, content={"template": {"x": 1}}))[1].startswith("content.template: ")
    assert (await refusal(client, phone_number="+1"))[1].startswith("phone_number: ")
    assert (await refusal(client, targets=[{"name": "Ann"}]))[1].startswith("targets: ")
    assert client.team.schedules == {}


async def test_when_the_time_has_come_the_next_request_sends_it(client: Caller) -> None:
    made = await schedule(client, local_id="s-1", user_id=client.member(1))
    client.clock.advance(22 * MINUTE)
    assert (await client.get(f"/v1/schedule/{made}"))["id"] == made
    assert client.team.sent == []
    client.clock.advance(5 * MINUTE)
    (message,) = await client.post("/v1/messages/all", limit=1)
    assert (message["text"], message["date"], message["local_id"]) == ("Later", EXECUTED, "s-1")
    assert message["user"] == client.member(1)
    assert len(client.team.sent_to(ANN)) == 1
    assert (await client.refused(f"/v1/schedule/{made}", "GET"))[0] == 404


async def test_a_tick_sends_what_is_due_without_a_request(client: Caller) -> None:
    await schedule(client, content={"text": "Second"}, execute_at="2026-04-01T09:45:00Z")
    await schedule(client, content={"text": "First"})
    client.sandbox.tick()
    assert client.team.sent == []
    client.clock.advance(60 * MINUTE)
    client.sandbox.tick()
    client.sandbox.tick()
    assert [sent.text for sent in client.team.sent] == ["First", "Second"]


async def test_every_target_family_is_sent_to(client: Caller) -> None:
    chat = client.team.receive(client.inbox(), ANN, "Hi")["_conversation"]
    listed = client.team.lists.add(Moment(0), {"targets": {BEN: {"f": "Ben"}}})["id"]
    await schedule(client, conversation_id=chat, content={"text": "chat"})
    await schedule(client, list_id=listed, content={"text": "list {{first_name}}"})
    await schedule(client, targets=[ANN, {"phone": BEN}], content={"text": "group"})
    client.clock.advance(60 * MINUTE)
    client.sandbox.tick()
    assert [(sent.to, sent.text) for sent in client.team.sent] == [
        (ANN, "chat"),
        (BEN, "list Ben"),
        (ANN, "group"),
        (BEN, "group"),
    ]


async def test_what_cannot_be_sent_any_more_is_noted(client: Caller) -> None:
    made = await schedule(client)
    client.team.unsubscribed[ANN] = "contact"
    client.clock.advance(60 * MINUTE)
    client.sandbox.tick()
    assert client.team.sent == []
    ((missed, code),) = client.team.book.missed
    assert (missed["id"], code) == (made, "unsubscribed_number")


@pytest.mark.parametrize("written", ["integer", "object"])
async def test_a_template_is_written_and_read_as_an_integer_or_an_object(written: str) -> None:
    async with calls() as plain, calls(Variants(schedule_template="object")) as other:
        for client in (plain, other):
            template = client.team.templates.add(Moment(0), {"name": "Hours", "content": {"text": "At nine."}})["id"]
            value = template if written == "integer" else {"id": template}
            made = await schedule(client, content={"template": value})
            shown = (await client.get(f"/v1/schedule/{made}"))["meta"]["content"]["template"]
            assert shown == template if client is plain else (shown["id"], shown["name"]) == (template, "Hours")
            client.clock.advance(60 * MINUTE)
            client.sandbox.tick()
            assert [sent.text for sent in client.team.sent] == ["At nine."]


async def test_files_come_along(client: Caller) -> None:
    attachment = {"name": "a.pdf", "type": "application/pdf", "url": "https://files.example.com/a.pdf"}
    made = await schedule(client, content={"attachments": [{}, attachment]})
    assert (await client.get(f"/v1/schedule/{made}"))["meta"]["content"]["attachments"][1] == attachment
    client.clock.advance(60 * MINUTE)
    client.sandbox.tick()
    assert [sent.media for sent in client.team.sent] == ["https://files.example.com/a.pdf"]


async def test_a_template_that_was_deleted_is_shown_by_its_id() -> None:
    async with calls(Variants(schedule_template="object")) as client:
        template = client.team.templates.add(Moment(0), {"content": {"text": "x"}})["id"]
        made = await schedule(client, content={"template": template})
        del client.team.templates[template]
        assert (await client.get(f"/v1/schedule/{made}"))["meta"]["content"]["template"] == {"id": template}
