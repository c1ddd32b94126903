"""Texts and emails that are sent to the sandbox, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import Ordinary, Reply, Reset, Variants
from heymarket_async.sandbox.records import Moment
from sandbox_calls import Caller, calls
from sandbox_support import until

ANN, BEN, CAM = "15105550160", "15105550161", "15105550162"


@pytest.fixture
async def client() -> AsyncIterator[Caller]:
    async with calls() as client:
        yield client


def add_list(client: Caller, targets: Any, **more: Any) -> int:
    return client.team.lists.add(Moment(0), {"name": "Patients", "targets": targets, **more})["id"]


def add_template(client: Caller, **content: Any) -> int:
    return client.team.templates.add(Moment(0), {"name": "Hours", "content": content})["id"]


async def messages(client: Caller, **body: Any) -> list[Any]:
    return await client.post("/v1/messages/all", **body)


async def test_a_text_is_sent_once_and_begins_a_conversation(client: Caller) -> None:
    answer = await client.send(phone_number=ANN, text="Hello", local_id="a-1", conv_name="Ann Lane")
    (sent,) = client.team.sent_to(ANN)
    assert answer == {
        "id": sent.message_id,
        "convo_id": sent.conversation_id,
        "queued": True,
        "date": "2026-04-01T09:07:00.000000Z",
        "compliance_results": {},
    }
    assert (sent.to, sent.text, sent.local_id, sent.inbox_id) == (ANN, "Hello", "a-1", client.inbox())
    assert sent.at == client.clock.wall()
    conversation = await client.get(f"/v1/conversations/{answer['convo_id']}")
    assert conversation["name"] == "Ann Lane"
    assert (conversation["target"], conversation["status"], conversation["replied"]) == (ANN, "open", True)
    again = await client.send(phone_number=ANN, text="Hello?")
    assert again["convo_id"] == answer["convo_id"]
    assert client.team.sent[-2:] == client.team.sent_to(ANN)


async def test_the_message_that_was_sent_can_be_read(client: Caller) -> None:
    answer = await client.send(
        phone_number=ANN, text="Your receipt", media_url="https://files.example.com/r.png", local_id="a-1"
    )
    (message,) = await messages(client, limit=1)
    assert (message["id"], message["text"], message["local_id"]) == (answer["id"], "Your receipt", "a-1")
    assert (message["media"], message["status"]) == ("https://files.example.com/r.png", "sent")
    assert (message["type"], message["user"], message["target"]) == ("outbound", client.member(), ANN)
    assert message["conversation"]["id"] == answer["convo_id"]
    assert message["conversation"]["members"][0] == {
        "id": client.member(),
        "name": client.team.members[0]["name"],
    }
    assert message["conversation"]["targets"] == message["targets"] == {}
    assert await client.get("/v1/messages", phoneNumber=ANN, inboxID=client.inbox()) == [message]


async def test_exactly_one_target_family_is_needed(client: Caller) -> None:
    status, code, message = await client.send_refused(text="x")
    assert (status, code) == (400, "bad_data")
    assert message == "phone_number, chat_id, list_id, targets: one of them must be given."
    *_, message = await client.send_refused(text="x", phone_number=ANN, chat_id=1)
    assert message == "phone_number and chat_id: only one of them must be given."
    *_, message = await client.send_refused(text="x", phone_number="", chat_id=0)
    assert "one of them must be given" in message
    assert client.team.sent == []


async def test_a_send_to_a_list_needs_a_local_id(client: Caller) -> None:
    listed = add_list(client, {ANN: {}})
    assert await client.send_refused(text="x", list_id=listed) == (
        400,
        "bad_data",
        "local_id: is required with list_id.",
    )


async def test_there_must_be_something_to_say(client: Caller) -> None:
    *_, message = await client.send_refused(phone_number=ANN)
    assert message == "text, media_url, template_id, survey_id: one of them must be given."
    *_, message = await client.send_refused(phone_number=ANN, media_url="file:///etc/passwd")
    assert message.startswith("media_url: ")


@pytest.mark.parametrize("number", ["+15105550160", "555-0160", "0015105550160", "abc", "1" * 16])
async def test_a_number_in_another_form_is_refused(client: Caller, number: str) -> None:
    status, code, message = await client.send_refused(phone_number=number, text="x")
    assert (status, code) == (400, "invalid_phone_number")
    assert message.startswith("phone_number: ")
    *_, message = await client.send_refused(targets=[ANN, number], text="x")
    assert message.startswith("targets: ")


async def test_the_inbox_and_the_sender_must_exist(client: Caller) -> None:
    status, code, _ = await client.send_refused(inbox_id=1, phone_number=ANN, text="x")
    assert (status, code) == (404, "inbox_not_found")
    outsider = {"inbox_id": client.inbox(1), "creator_id": client.member(3)}
    status, code, message = await client.send_refused(**outsider, phone_number=ANN, text="x")
    assert (status, code) == (403, "no_sender_available")
    assert message.startswith("creator_id: ")


async def test_an_inbox_without_members_is_open_to_the_whole_team(client: Caller) -> None:
    client.team.inboxes[2]["members"] = None
    assert (await client.send(inbox_id=client.inbox(2), creator_id=client.member(3), phone_number=ANN, text="x"))["id"]


async def test_members_need_not_be_checked() -> None:
    async with calls(Variants(check_members=False)) as client:
        await client.send(creator_id=1, phone_number=ANN, text="x")
        assert (await messages(client, limit=1))[0]["user"] == 1


async def test_a_lenient_service_finds_the_sender_by_email_or_takes_the_first() -> None:
    async with calls(Variants(strict_requests=False)) as client:
        body = {"inbox_id": client.inbox(), "phone_number": ANN, "text": "x"}
        await client.post("/v1/message/send", **body, creator_email=client.team.members[1]["email"])
        await client.post("/v1/message/send", **body)
        users = [message["user"] for message in await messages(client, limit=2)]
        assert users == [client.member(0), client.member(1)]
        status, code, _ = await client.refused("/v1/message/send", **body, creator_email="nobody@example.com")
        assert (status, code) == (403, "no_sender_available")


async def test_unknown_ids_can_answer_400() -> None:
    async with calls(Variants(unknown_id=400)) as client:
        assert (await client.send_refused(inbox_id=1, phone_number=ANN, text="x"))[:2] == (400, "inbox_not_found")


async def test_a_reply_goes_into_the_conversation_and_opens_it(client: Caller) -> None:
    message = client.team.receive(client.inbox(), ANN, "Are you there?")
    chat = message["_conversation"]
    await client.post("/v1/conversations/close", **state(client, chat_id=chat))
    assert client.team.conversations[chat]["status"] == "closed"
    answer = await client.send(chat_id=chat, text="Yes")
    assert answer["convo_id"] == chat
    assert client.team.conversations[chat]["status"] == "open"
    assert [sent.text for sent in client.team.sent_to(ANN)] == ["Yes"]


def state(client: Caller, **target: Any) -> dict[str, Any]:
    return {"inbox_id": client.inbox(), "user_id": client.member(), **target}


async def test_a_reply_needs_a_conversation_of_this_inbox_and_of_this_channel(client: Caller) -> None:
    elsewhere = client.team.receive(client.inbox(1), ANN, "Hi")["_conversation"]
    for chat in (elsewhere, 1):
        assert (await client.send_refused(chat_id=chat, text="x"))[:2] == (404, "not_found")
    email = await client.post(
        "/v1/email/send", inbox=client.inbox(), creator_id=client.member(), text="Hi", targets=["to:ann@example.com"]
    )
    *_, message = await client.send_refused(chat_id=email["convo_id"], text="x")
    assert message == "chat_id: this conversation is of another channel."


async def test_a_private_comment_stays_inside(client: Caller) -> None:
    chat = client.team.receive(client.inbox(), ANN, "Hi")["_conversation"]
    await client.post("/v1/conversations/close", **state(client, chat_id=chat))
    before = client.team.conversations[chat]["updated"]
    client.clock.advance(60)
    first = await client.send(chat_id=chat, text="She called before", private=True, local_id="n-1")
    assert await client.send(chat_id=chat, text="She called before", private=True, local_id="n-1") == first
    second = await client.send(phone_number=ANN, text="VIP", private=True, author="Bot")
    assert client.team.sent == []
    assert client.team.conversations[chat]["status"] == "closed"
    assert client.team.conversations[chat]["updated"] > before
    kept = {message["id"]: message for message in await messages(client, limit=3)}
    assert [kept[one["id"]]["type"] for one in (first, second)] == ["comment", "comment"]
    assert [kept[one["id"]]["author"] for one in (first, second)] == [client.team.members[0]["name"], "Bot"]


async def test_a_private_comment_needs_one_conversation(client: Caller) -> None:
    assert (await client.send_refused(phone_number=ANN, text="x", private=True))[0] == 404
    for family in ({"targets": [ANN, BEN]}, {"list_id": 1, "local_id": "x"}):
        *_, message = await client.send_refused(**family, text="x", private=True)
        assert message == "private: goes with phone_number or chat_id only."


@pytest.mark.parametrize("way", ["unsubscribed", "blocked"])
async def test_someone_who_opted_out_gets_nothing_but_may_be_commented_on(client: Caller, way: str) -> None:
    chat = client.team.receive(client.inbox(), ANN, "STOP")["_conversation"]
    if way == "blocked":
        client.team.blocked.add(ANN)
    else:
        client.team.unsubscribed[ANN] = "contact"
    for target in ({"phone_number": ANN}, {"chat_id": chat}, {"targets": [ANN, BEN]}):
        assert (await client.send_refused(**target, text="x"))[:2] == (400, "unsubscribed_number")
    assert client.team.sent == []
    assert (await client.get(f"/v1/conversations/{chat}"))["blocked"] is (way == "blocked")
    await client.send(chat_id=chat, text="Opted out", private=True)


async def test_a_group_gets_one_message_in_a_conversation_of_its_own(client: Caller) -> None:
    single = await client.send(phone_number=ANN, text="Only you")
    answer = await client.send(targets=[ANN, BEN, ANN], text="Both of you")
    again = await client.send(targets=[BEN, ANN], text="Once more")
    assert answer["convo_id"] == again["convo_id"] != single["convo_id"]
    assert [sent.message_id for sent in client.team.sent if sent.text == "Both of you"] == [answer["id"]] * 2
    message = next(one for one in await messages(client) if one["id"] == answer["id"])
    assert set(message["targets"]) == set(message["conversation"]["targets"]) == {ANN, BEN}
    alone = await client.send(targets=[ANN], text="Alone")
    assert alone["convo_id"] == single["convo_id"]


async def test_a_toll_free_inbox_cannot_write_to_groups(client: Caller) -> None:
    client.team.inboxes[0]["phone"] = "18885550100"
    *_, message = await client.send_refused(targets=[ANN, BEN], text="x")
    assert message == "targets: a toll-free inbox cannot write to groups."
    await client.send(targets=[ANN], text="x")


async def test_a_broadcast_is_one_message_for_each_person_with_the_names_filled_in(client: Caller) -> None:
    listed = add_list(client, {ANN: {"f": "Ann", "l": "Lane"}, BEN: {"f": "Ben"}, CAM: None})
    client.team.unsubscribed[BEN] = "admin"
    answer = await client.send(list_id=listed, local_id="b-1", text="Hi {{first_name}} {{last_name}}!")
    assert [(sent.to, sent.text) for sent in client.team.sent] == [(ANN, "Hi Ann Lane!"), (CAM, "Hi  !")]
    assert answer["compliance_results"] == {BEN: "unsubscribed_number"}
    found = [message for message in await messages(client) if message["broadcast_id"]]
    assert len({message["broadcast_id"] for message in found}) == 1
    assert len({message["conversation"]["id"] for message in found}) == len(found) == 2
    assert client.team.conversations[answer["convo_id"]]["name"] == "Ann Lane"
    other = await client.send(list_id=listed, local_id="b-2", text="Hi")
    assert client.team.messages[other["id"]]["broadcast_id"] > found[0]["broadcast_id"]


async def test_a_broadcast_to_nobody_is_refused(client: Caller) -> None:
    body = {"local_id": "b-1", "text": "Hi"}
    assert (await client.send_refused(list_id=1, **body))[:2] == (404, "not_found")
    assert (await client.send_refused(list_id=add_list(client, {}), **body))[2] == "list_id: the list is empty."
    client.team.blocked.add(ANN)
    status, code, _ = await client.send_refused(list_id=add_list(client, {ANN: {}}), **body)
    assert (status, code) == (400, "unsubscribed_number")
    listed = add_list(client, {BEN: {}})
    await client.send(list_id=listed, **body)
    assert len(client.team.sent) == 1


async def test_a_template_or_a_survey_stands_in_place_of_the_text(client: Caller) -> None:
    plain = add_template(client, text="We open at nine.")
    pictures = add_template(client, gallery=[{}, {"url": "https://files.example.com/p.png"}])
    survey = client.team.surveys.add(Moment(0), {"question": "How did we do?"})["id"]
    await client.send(phone_number=ANN, template_id=plain, text="ignored")
    await client.send(phone_number=ANN, template_id=pictures)
    await client.send(phone_number=ANN, survey_id=survey)
    assert [(sent.text, sent.media) for sent in client.team.sent] == [
        ("We open at nine.", ""),
        ("", "https://files.example.com/p.png"),
        ("How did we do?", ""),
    ]
    for unknown in ({"template_id": 1}, {"survey_id": 1}):
        status, _, message = await client.send_refused(phone_number=ANN, **unknown)
        assert status == 404
        assert message.startswith(next(iter(unknown)))


async def test_a_template_calls_a_contact_by_name(client: Caller) -> None:
    await client.post("/v1/contact", phone=ANN, first="Ann", last="Ash")
    template = client.team.templates.add(Moment(0), {"content": {"text": "Dear {{first_name}} {{last_name}}"}})["id"]
    chat = (await client.send(phone_number=ANN, template_id=template))["convo_id"]
    await client.send(chat_id=chat, template_id=template)
    await client.send(phone_number=BEN, template_id=template)
    await client.send(targets=[ANN, BEN], template_id=template)
    await client.send(phone_number=ANN, text="Dear {{first_name}}")
    assert [sent.text for sent in client.team.sent_to(ANN)] == [
        "Dear Ann Ash",
        "Dear Ann Ash",
        "Dear {{first_name}} {{last_name}}",  # to a group nobody's name fits
        "Dear {{first_name}}",  # only templates and lists are known to have tokens
    ]
    assert client.team.sent_to(BEN)[0].text == "Dear  "  # who is no contact has no name
    assert (await client.get("/v1/messages", phoneNumber=ANN, inboxID=client.inbox()))[1]["text"] == "Dear Ann Ash"


async def test_the_documented_answer_can_be_had() -> None:
    async with calls(Variants(send_answer="documented", precision="seconds")) as client:
        template = add_template(client, text="x", gallery=[{"url": "https://files.example.com/p.png"}])
        answer = await client.send(phone_number=ANN, template_id=template)
        date, gallery_url = "2026-04-01T09:07:00Z", "https://files.example.com/p.png"
        assert answer == {"id": answer["id"], "date": date, "gallery_url": gallery_url}
        answer = await client.send(phone_number=ANN, text="x")
        assert answer == {"id": answer["id"], "date": date}


async def test_a_repeated_local_id_sends_nothing_and_answers_the_same(client: Caller) -> None:
    first = await client.send(phone_number=ANN, text="Hello", local_id="a-1")
    client.clock.advance(3600)
    assert await client.send(phone_number=BEN, text="Other words", local_id="a-1") == first
    assert [sent.to for sent in client.team.sent] == [ANN]
    await client.send(phone_number=ANN, text="Hello", local_id="a-2")
    assert len(client.team.sent) == 2


async def test_a_send_whose_answer_was_lost_can_be_repeated_without_a_second_text(client: Caller) -> None:
    client.sandbox.script("send_message", Reset(effect=True))
    with pytest.raises(aiohttp.ClientError):
        await client.send(phone_number=ANN, text="Hello", local_id="a-1")
    answer = await client.send(phone_number=ANN, text="Hello", local_id="a-1")
    (sent,) = client.team.sent_to(ANN)
    assert answer["id"] == sent.message_id


async def test_a_send_that_never_took_effect_sends_nothing(client: Caller) -> None:
    client.sandbox.script("send_message", Reset(), Reply(502))
    with pytest.raises(aiohttp.ClientError):
        await client.send(phone_number=ANN, text="Hello", local_id="a-1")
    assert (await client.call("POST", "/v1/message/send", {**client.sender(), "text": "x"})).status == 502
    assert client.team.sent == []


async def test_a_message_has_the_time_at_which_a_slow_service_took_it(client: Caller) -> None:
    client.sandbox.script("send_message", Ordinary(delay=30))
    sending = asyncio.create_task(client.send(phone_number=ANN, text="Hello"))
    await until(lambda: client.clock.next_wake == 30)
    client.clock.advance(30)
    assert (await sending)["date"] == "2026-04-01T09:07:30.000000Z"


async def test_a_send_that_was_refused_may_be_repeated(client: Caller) -> None:
    client.team.blocked.add(ANN)
    await client.send_refused(phone_number=ANN, text="Hello", local_id="a-1")
    client.team.blocked.clear()
    await client.send(phone_number=ANN, text="Hello", local_id="a-1")
    assert len(client.team.sent_to(ANN)) == 1


async def test_a_repeat_can_be_an_error_or_a_second_message() -> None:
    async with calls(Variants(repeat="refuse")) as client:
        await client.send(phone_number=ANN, text="Hello", local_id="a-1")
        assert (await client.send_refused(phone_number=ANN, text="x", local_id="a-1"))[:2] == (
            400,
            "duplicate_local_id",
        )
        assert len(client.team.sent) == 1
    async with calls(Variants(repeat="none")) as client:
        for _ in range(2):
            await client.send(phone_number=ANN, text="Hello", local_id="a-1")
        assert len(client.team.sent) == 2


async def test_a_local_id_can_be_forgotten_after_a_while() -> None:
    async with calls(Variants(repeat_life=60)) as client:
        await client.send(phone_number=ANN, text="Hello", local_id="a-1")
        client.clock.advance(59)
        await client.send(phone_number=ANN, text="Hello", local_id="a-1")
        assert len(client.team.sent) == 1
        client.clock.advance(1)
        await client.send(phone_number=ANN, text="Hello", local_id="a-1")
        assert len(client.team.sent) == 2


async def test_each_team_has_its_own_local_ids_and_conversations(client: Caller) -> None:
    first, second = client.sandbox.teams
    await client.send(phone_number=ANN, text="Hello", local_id="a-1")
    assert second.sent == []
    assert second.book.repeats == {}
    assert second.conversations == {}
    assert set(first.conversations).isdisjoint({second.receive(second.inboxes[0]["id"], ANN, "Hi")["_conversation"]})


async def test_an_email_begins_a_conversation_and_is_answered_there(client: Caller) -> None:
    sender = {"inbox": client.inbox(), "creator_id": client.member()}
    targets = ["to:ann@example.com, ben@example.com", "cc:cam@example.com,ann@example.com"]
    answer = await client.post(
        "/v1/email/send", **sender, targets=targets, text="<p>Shipped</p>", conv_title="Order 1", local_id="e-1"
    )
    assert set(answer) == {"id", "convo_id", "queued", "date", "compliance_results"}
    assert [sent.to for sent in client.team.sent] == ["ann@example.com", "ben@example.com", "cam@example.com"]
    conversation = await client.get(f"/v1/conversations/{answer['convo_id']}")
    assert (conversation["channel"], conversation["name"]) == ("email", "Order 1")
    reply = await client.post("/v1/email/send", **sender, convo_id=answer["convo_id"], text="Thanks")
    assert reply["convo_id"] == answer["convo_id"]
    repeat = await client.post("/v1/email/send", **sender, targets=targets, text="<p>Shipped</p>", local_id="e-1")
    assert repeat == answer
    assert len(client.team.sent) == 6
    text = await client.send(phone_number=ANN, text="x", local_id="e-1")
    assert text["convo_id"] != answer["convo_id"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"text": "x"}, "targets, convo_id: one of them"),
        ({"text": "x", "targets": ["to:a@example.com"], "convo_id": 1}, "targets and convo_id: only one"),
        ({"text": "", "targets": ["to:a@example.com"]}, "text: must not be empty"),
        ({"text": "x", "targets": ["a@example.com"]}, "targets: each element must begin"),
        ({"text": "x", "targets": ["to:a@example.com,"]}, "targets: to: and cc: must be followed"),
        ({"text": "x", "targets": ["to:Ann Lane"]}, "targets: to: and cc: must be followed"),
        ({"text": "x", "targets": ["cc:a@example.com"]}, "targets: one element must begin with to:"),
    ],
)
async def test_an_email_that_makes_no_sense_is_refused(client: Caller, body: dict[str, Any], reason: str) -> None:
    status, code, message = await client.refused(
        "/v1/email/send", inbox=client.inbox(), creator_id=client.member(), **body
    )
    assert (status, code) == (400, "bad_data")
    assert message.startswith(reason)
    assert client.team.sent == []


async def test_an_email_cannot_reply_to_a_text(client: Caller) -> None:
    chat = client.team.receive(client.inbox(), ANN, "Hi")["_conversation"]
    sender = {"inbox": client.inbox(), "creator_id": client.member(), "text": "x"}
    *_, message = await client.refused("/v1/email/send", **sender, convo_id=chat)
    assert message == "convo_id: this conversation is of another channel."


async def test_a_carrier_may_deliver_a_message_or_fail_later(client: Caller) -> None:
    one = await client.send(phone_number=ANN, text="One")
    group = await client.send(targets=[ANN, BEN], text="Two")
    client.clock.advance(5)
    client.team.deliver(one["id"])
    client.team.fail(group["id"], "Carrier said no", phones=(BEN,))
    two, first = await messages(client, limit=2)
    assert (first["status"], first["updated"]) == ("delivered", "2026-04-01T09:07:05.000000Z")
    assert (two["status"], two["raw_error"]) == ("failed", "Carrier said no")
    assert two["target_errors"] == {BEN: "Carrier said no"}
    client.team.fail(group["id"])
    client.team.fail(one["id"])
    two, first = await messages(client, limit=2)
    assert set(two["target_errors"]) == {ANN, BEN}
    assert first["target_errors"] == {ANN: "Undeliverable"}


def test_a_message_or_inbox_that_does_not_exist_is_the_fault_of_the_test() -> None:
    from heymarket_async.sandbox import Sandbox

    team = Sandbox().teams[0]
    with pytest.raises(ConfigurationError, match="has no message 1"):
        team.deliver(1)
    with pytest.raises(ConfigurationError, match="has no inbox 1"):
        team.receive(1, ANN, "x")


async def test_what_was_sent_shows_neither_numbers_nor_words_in_its_repr(client: Caller) -> None:
    await client.send(phone_number=ANN, text="A secret")
    shown = repr(client.team.sent) + repr(client.team.book) + repr(client.team)
    assert ANN not in shown
    assert "secret" not in shown.replace("2 secrets", "")
