"""The conversations and the message history of the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import Sandbox, Variants
from sandbox_calls import Caller, calls

ANN, BEN, CAM = "15105550160", "15105550161", "15105550162"


@pytest.fixture
async def client() -> AsyncIterator[Caller]:
    async with calls() as client:
        yield client


def receive(client: Caller, number: str = ANN, text: str = "Hi", inbox: int = 0) -> int:
    """Let somebody write, and return the conversation."""
    return client.team.receive(client.inbox(inbox), number, text)["_conversation"]


async def listed(client: Caller, *inboxes: int, id: int = 0, date: str | None = None, **filters: Any) -> list[Any]:
    body: dict[str, Any] = {"id": id, "filters": {"inboxes": [client.inbox(at) for at in inboxes or (0,)], **filters}}
    return await client.post("/v1/conversations", **body, **({"date": date} if date else {}))


def about(client: Caller, **target: Any) -> dict[str, Any]:
    return {"inbox_id": client.inbox(), "user_id": client.member(), **target}


async def test_a_text_from_outside_opens_an_unread_conversation(client: Caller) -> None:
    message = client.team.receive(client.inbox(), ANN, "Hi", media="https://files.example.com/me.png")
    chat = message["_conversation"]
    (shown,) = await client.get("/v1/messages", phoneNumber=ANN, inboxID=client.inbox())
    assert (shown["type"], shown["user"], shown["text"]) == ("inbound", 0, "Hi")
    assert shown["media"] == "https://files.example.com/me.png"
    conversation = await client.get(f"/v1/conversations/{chat}")
    assert (conversation["unread"], conversation["status"], conversation["replied"]) == (True, "open", False)
    assert conversation["last_inbound"] == int(client.clock.wall())
    assert conversation["unread_users"] == [member["id"] for member in client.team.members]
    await client.post("/v1/conversations/close", **about(client, chat_id=chat))
    assert receive(client) == chat
    assert client.team.conversations[chat]["status"] == "open"
    assert client.team.sent == []


async def test_a_reply_is_read_by_its_author(client: Caller) -> None:
    chat = receive(client)
    await client.send(chat_id=chat, text="Hello")
    conversation = await client.get(f"/v1/conversations/{chat}")
    assert client.member() not in conversation["unread_users"]
    assert (conversation["replied"], conversation["read"]) == (True, int(client.clock.wall()))


async def test_conversations_are_listed_newest_first_with_their_last_words(client: Caller) -> None:
    receive(client, ANN, "First")
    client.clock.advance(1)
    receive(client, BEN, "Second")
    client.clock.advance(1)
    await client.send(phone_number=ANN, text="Third")
    assert [one["last_msg"] for one in (await listed(client))[:2]] == ["Third", "Second"]


async def test_the_list_goes_on_before_the_time_of_its_last_one(client: Caller) -> None:
    for at in range(70):
        client.clock.advance(0.001)
        receive(client, f"151055501{at:02}", inbox=3)
    seen: list[str] = []
    date = None
    while page := await listed(client, 3, date=date):
        assert len(page) <= 30
        seen += [one["target"] for one in page]
        date = page[-1]["updated"]
    assert seen == [f"151055501{at:02}" for at in reversed(range(70))]


async def test_only_the_inboxes_that_were_asked_for_are_listed(client: Caller) -> None:
    receive(client, inbox=3)
    receive(client, inbox=4)
    assert [one["inbox"] for one in await listed(client, 3)] == [client.inbox(3)]
    assert {one["inbox"] for one in await listed(client, 3, 4)} == {client.inbox(3), client.inbox(4)}
    assert await client.post("/v1/conversations", id=0, filters={"inboxes": []}) == []


async def test_a_list_needs_inboxes_that_exist_and_a_reader_who_may(client: Caller) -> None:
    path = "/v1/conversations"
    assert (await client.refused(path, id=0, filters={}))[2].startswith("filters.inboxes: is required")
    assert (await client.refused(path, id=0, filters={"inboxes": [1]}))[:2] == (404, "inbox_not_found")
    outsider = {"id": client.member(3), "filters": {"inboxes": [client.inbox(1)]}}
    assert (await client.refused(path, **outsider))[0] == 403
    assert await listed(client, 1, id=client.member()) != []


async def test_the_text_variant_of_the_filter_is_taken_along(client: Caller) -> None:
    body = {"id": 0, "filter": "", "filters": {"inboxes": [client.inbox()]}}
    assert await client.post("/v1/conversations", **body) == await listed(client)


async def test_the_generated_body_without_filters_asks_for_all_inboxes() -> None:
    async with calls(Variants(strict_requests=False)) as client:
        receive(client, inbox=3)
        found = await client.post("/v1/conversations", id=0, filter="", limit=30, order="updated", page=1)
        assert {one["id"] for one in found} == set(client.team.conversations)
        assert await client.post("/v1/conversations") == found
        client.team.inboxes = [None, {"name": "No id"}, *client.team.inboxes]
        assert await client.post("/v1/conversations") == found


async def test_open_and_closed_ones_can_be_told_apart(client: Caller) -> None:
    chats = [receive(client, number, inbox=3) for number in (ANN, BEN)]
    client.team.conversations[chats[0]]["status"] = "closed"
    assert [one["id"] for one in await listed(client, 3, closed=True)] == chats[:1]
    assert [one["id"] for one in await listed(client, 3, closed=False)] == chats[1:]
    assert len(await listed(client, 3)) == 2
    async with calls(Variants(closed_left_out="open")) as other:
        assert {one["status"] for one in await listed(other, 0, 1)} == {"open"}


async def test_unread_means_unread_for_the_user_of_the_list(client: Caller) -> None:
    for conversation in client.team.conversations.values():
        conversation["_unread"] = []
    first, second = (receive(client, number) for number in (ANN, BEN))
    me, you = client.member(0), client.member(1)
    await client.post("/v1/conversations/read", **about(client, target=ANN, user_id=me))
    assert [one["id"] for one in await listed(client, id=me, unread=True)] == [second]
    assert {one["id"] for one in await listed(client, id=you, unread=True)} == {first, second}
    assert {one["id"]: one["unread"] for one in await listed(client, id=me)}[first] is False
    assert {one["id"]: one["unread"] for one in await listed(client)}[first] is True
    assert len(await listed(client, id=me, unread=False)) == len(await listed(client))


async def test_unread_false_may_mean_only_what_was_read() -> None:
    async with calls(Variants(unread_false="read")) as client:
        chat = receive(client, inbox=3)
        assert await listed(client, 3, unread=False) == []
        client.team.conversations[chat]["_unread"] = []
        assert len(await listed(client, 3, unread=False)) == 1


async def test_conversations_are_opened_closed_and_marked_by_any_of_their_names(client: Caller) -> None:
    chat = receive(client)
    group = (await client.send(targets=[ANN, BEN], text="Hi"))["convo_id"]
    for target, found in (({"chat_id": chat}, chat), ({"target": ANN}, chat), ({"targets": [BEN, ANN]}, group)):
        for path, status in (("close", "closed"), ("open", "open")):
            assert await client.post(f"/v1/conversations/{path}", **about(client, **target)) == "ok"
            assert client.team.conversations[found]["status"] == status


async def test_reading_and_unreading_move_the_marker(client: Caller) -> None:
    chat = receive(client)
    me = client.member()
    assert await client.post("/v1/conversations/read", **about(client, target=ANN)) == "ok"
    shown = await client.get(f"/v1/conversations/{chat}")
    assert me not in shown["unread_users"]
    assert shown["read"] == int(client.clock.wall())
    for _ in range(2):
        assert await client.post("/v1/conversations/unread", **about(client, target=ANN)) == "ok"
    assert (await client.get(f"/v1/conversations/{chat}"))["unread_users"].count(me) == 1


async def test_the_integers_of_a_conversation_can_be_milliseconds() -> None:
    async with calls(Variants(conversation_seconds=False)) as client:
        shown = await client.get(f"/v1/conversations/{receive(client)}")
        assert shown["last_inbound"] == int(client.clock.wall()) * 1000
        assert shown["read"] == 0


async def test_every_write_moves_updated(client: Caller) -> None:
    chat = receive(client)
    writes = [
        ("open", {}),
        ("close", {}),
        ("read", {}),
        ("unread", {}),
        ("reassign", {"reassign_id": client.member(2)}),
    ]
    for path, more in writes:
        before = client.team.conversations[chat]["updated"]
        client.clock.advance(1)
        await client.post(f"/v1/conversations/{path}", **about(client, target=ANN, **more))
        assert client.team.conversations[chat]["updated"] == before + 1_000_000
        assert client.team.conversations[chat]["op"] == "u"


async def test_a_conversation_is_reassigned_within_its_inbox(client: Caller) -> None:
    chat = receive(client)
    body = about(client, target=ANN)
    assert await client.post("/v1/conversations/reassign", **body, reassign_id=client.member(2)) == "ok"
    assert (await client.get(f"/v1/conversations/{chat}"))["assigned"] == client.member(2)
    *_, message = await client.refused("/v1/conversations/reassign", **body, reassign_id=1)
    assert message == "reassign_id: is not a member of the inbox."


async def test_a_write_needs_a_conversation_an_inbox_and_a_user_that_exist(client: Caller) -> None:
    receive(client)
    path = "/v1/conversations/open"
    assert (await client.refused(path, **about(client, target=CAM)))[:2] == (404, "not_found")
    assert (await client.refused(path, **about(client, targets=[ANN, CAM])))[:2] == (404, "not_found")
    assert (await client.refused(path, **about(client, chat_id=1)))[:2] == (404, "not_found")
    assert (await client.refused(path, **about(client, target=ANN, inbox_id=1)))[:2] == (404, "inbox_not_found")
    assert (await client.refused(path, **about(client, target=ANN, user_id=1)))[0] == 403
    assert (await client.refused(path, **about(client)))[2].startswith("chat_id, target, targets: one of them")
    assert (await client.refused(path, **about(client, target="+1")))[1] == "invalid_phone_number"
    assert (await client.refused("/v1/conversations/1", "GET"))[:2] == (404, "not_found")
    assert (await client.refused("/v1/conversations/x", "GET"))[2] == "id: must be an integer."


async def test_a_conversation_moves_to_an_inbox_that_does_not_have_it(client: Caller) -> None:
    chat = receive(client)
    client.team.conversations[chat]["assigned"] = client.member(3)
    body = {"conversation_id": chat, "transfer_inbox_id": client.inbox(1)}
    assert await client.post("/v1/conversations/transfer", **body) == "ok"
    shown = await client.get(f"/v1/conversations/{chat}")
    assert (shown["inbox"], shown["assigned"]) == (client.inbox(1), 0)
    assert shown["unread_users"] == [client.member(0), client.member(1)]
    assert await client.get("/v1/messages", phoneNumber=ANN, inboxID=client.inbox()) == []
    assert len(await client.get("/v1/messages", phoneNumber=ANN, inboxID=client.inbox(1))) == 1
    *_, message = await client.refused("/v1/conversations/transfer", **body)
    assert message == "transfer_inbox_id: this inbox already has the conversation."
    client.team.conversations[chat]["assigned"] = client.member(1)
    await client.post("/v1/conversations/transfer", conversation_id=chat, transfer_inbox_id=client.inbox())
    assert client.team.conversations[chat]["assigned"] == client.member(1)


async def test_only_texts_with_one_person_can_be_moved(client: Caller) -> None:
    group = (await client.send(targets=[ANN, BEN], text="Hi"))["convo_id"]
    path, there = "/v1/conversations/transfer", {"transfer_inbox_id": client.inbox(1)}
    assert (await client.refused(path, conversation_id=group, **there))[2].startswith("conversation_id: only SMS")
    assert (await client.refused(path, conversation_id=1, **there))[0] == 404
    assert (await client.refused(path, conversation_id=group, transfer_inbox_id=1))[:2] == (404, "inbox_not_found")


async def test_members_inside_a_message_can_be_an_object() -> None:
    async with calls(Variants(nested_members="object", direction_in_type=False)) as client:
        chat = receive(client)
        await client.send(chat_id=chat, text="x", media_url="https://files.example.com/p.png")
        sent, got = await client.get("/v1/messages", phoneNumber=ANN, inboxID=client.inbox())
        first = client.team.members[0]
        assert got["conversation"]["members"][str(first["id"])] == {"id": first["id"], "name": first["name"]}
        assert type((await client.get(f"/v1/conversations/{chat}"))["members"]) is list
        assert {sent["type"], got["type"]} == {"mms", "sms"}


async def test_a_message_whose_conversation_a_test_has_taken_away_is_still_shown(client: Caller) -> None:
    del client.team.conversations[receive(client)]
    assert "conversation" not in (await client.post("/v1/messages/all"))[0]
    receive(client)
    assert len(await client.get("/v1/messages", phoneNumber=ANN, inboxID=client.inbox())) == 1


async def test_counts_are_texts_or_numbers(client: Caller) -> None:
    for path, records in (("messages/all", client.team.messages), ("conversations", client.team.conversations)):
        assert await client.post(f"/v1/{path}/count") == str(len(records))
        assert await client.post(f"/v1/{path}/count", date="2026-03-02T09:07:00Z") == "0"
    async with calls(Variants(message_count="number", conversation_count="number")) as other:
        assert await other.post("/v1/messages/all/count") == len(other.team.messages)
        assert await other.post("/v1/conversations/count") == len(other.team.conversations)


async def test_the_history_of_a_number_comes_fifty_at_a_time() -> None:
    async with calls(history=120) as client:
        some = client.team.messages[max(client.team.messages)]
        query = {"phoneNumber": some["target"], "inboxID": client.inbox()}
        first = await client.get("/v1/messages", **query)
        everything = [one["id"] for one in client.team.messages.values() if one["target"] == some["target"]]
        assert [one["id"] for one in first] == everything[:-51:-1]
        second = client.team.messages[first[-1]["id"]]["date"].seconds
        older = await client.get("/v1/messages", **query, timestamp=second)
        assert [one["id"] for one in older] == everything[-51:-101:-1]
        assert await client.get("/v1/messages", **query, timestamp=1) == []


async def test_the_history_needs_a_number_and_an_inbox(client: Caller) -> None:
    for query, status, reason in (
        ({}, 400, "inboxID"),
        ({"inboxID": "1"}, 400, "phoneNumber"),
        ({"phoneNumber": ANN}, 400, "inboxID"),
        ({"phoneNumber": "Ann", "inboxID": "1"}, 400, "phoneNumber"),
        ({"phoneNumber": ANN, "inboxID": "x"}, 400, "inboxID"),
        ({"phoneNumber": ANN, "inboxID": "1"}, 404, "inboxID"),
        ({"phoneNumber": ANN, "inboxID": str(client.inbox()), "timestamp": "now"}, 400, "timestamp"),
    ):
        answer = await client.call("GET", "/v1/messages", query=query)
        assert answer.status == status
        assert reason in answer.json["message"]
    assert await client.get("/v1/messages", phoneNumber=CAM, inboxID=client.inbox()) == []


async def test_empty_lists_can_be_null() -> None:
    async with calls(Variants(null_for_empty=True)) as client:
        assert await client.get("/v1/messages", phoneNumber=CAM, inboxID=client.inbox()) is None
        assert await client.post("/v1/messages/all", created_at="1999-01-01T00:00:00Z") is None
        assert await client.post("/v1/conversations", id=0, filters={"inboxes": [client.inbox(4)]}) is None


@pytest.mark.parametrize("cursor", ["before", "from", "follows_order"])
async def test_all_messages_can_be_walked_in_each_reading(cursor: Any) -> None:
    async with calls(Variants(message_cursor=cursor), history=100) as client:
        ascending = cursor != "before"
        seen: list[int] = []
        bound = "2026-01-01T00:00:00Z" if ascending else "2027-01-01T00:00:00Z"
        while True:
            page = await client.post("/v1/messages/all", created_at=bound, ascending=ascending, order="created_at")
            new = [one["id"] for one in page if one["id"] not in seen]
            if not new:
                break
            seen += new
            bound = page[-1]["date"]
        assert sorted(seen) == sorted(client.team.messages)


async def walk_back(client: Caller) -> int:
    """Return how many messages are found by following the cursor as the vendor's pages have it."""
    found, bound = 0, {}
    while page := await client.post("/v1/messages/all", **bound):
        found += len(page)
        bound = {"created_at": page[-1]["date"]}
    return found


async def test_messages_that_share_their_time_get_lost_at_the_border_of_a_page(client: Caller) -> None:
    client.team.messages.clear()
    for _ in range(40):
        receive(client)
    assert await walk_back(client) == 30


@pytest.mark.parametrize(
    ("variants", "complete"),
    [
        (Variants(), True),
        (Variants(precision="milliseconds"), True),
        (Variants(precision="seconds"), False),
        (Variants(compared="seconds"), False),
    ],
)
async def test_messages_get_lost_where_times_are_written_or_compared_too_coarsely(
    variants: Variants, complete: bool
) -> None:
    async with calls(variants) as client:
        for _ in range(40):
            client.clock.advance(0.025)
            receive(client)
        assert (await walk_back(client) == len(client.team.messages)) is complete


async def test_messages_can_be_ordered_by_their_changes(client: Caller) -> None:
    first = min(client.team.messages)
    client.team.deliver(first)
    assert (await client.post("/v1/messages/all", order="updated_at", limit=1))[0]["id"] == first
    assert (await client.post("/v1/messages/all", order="created_at", limit=1))[0]["id"] != first
    assert (await client.refused("/v1/messages/all", order="size"))[2].startswith("order: must be one of")


async def test_empty_values_can_be_left_out() -> None:
    async with calls(Variants(drop_empty=True)) as client:
        (message,) = await client.post("/v1/messages/all", limit=1)
        assert all(message.values())
        assert all(message["conversation"].values())
        assert "raw_error" not in message


async def test_the_first_team_has_a_few_conversations_and_messages_that_were_never_sent(client: Caller) -> None:
    assert {one["status"] for one in client.team.conversations.values()} == {"open", "closed"}
    assert {one["type"] for one in client.team.messages.values()} == {"inbound", "outbound"}
    assert all(one["target"][4:].startswith("55501") for one in client.team.conversations.values())
    assert client.team.sent == []
    assert client.sandbox.teams[1].messages == {}


def test_the_same_seed_gives_the_same_history() -> None:
    one, same, other = Sandbox(seed=3, history=50), Sandbox(seed=3, history=50), Sandbox(seed=4, history=50)
    assert one.teams[0].messages == same.teams[0].messages
    assert one.teams[0].messages != other.teams[0].messages


def test_ten_thousand_messages_are_made_and_no_two_at_the_same_time() -> None:
    team = Sandbox(history=10_000).teams[0]
    assert len({message["date"] for message in team.messages.values()}) == len(team.messages) > 10_000
    assert len(team.conversations) > 40
    assert all(message["target"][4:].startswith("55501") for message in team.messages.values())


@pytest.mark.parametrize("options", [{"history": -1}, {"history": 1.0}, {"variants": {}}])
def test_a_history_or_variants_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=rf"Sandbox\({next(iter(options))}=...\)"):
        Sandbox(**options)


def test_the_older_options_and_their_variants_mean_the_same() -> None:
    assert Sandbox(inboxes_in_wrapper=True).variants.inboxes_in_wrapper
    assert Sandbox(retry_after=True, variants=Variants(drop_empty=True)).variants == Variants(
        retry_after=True, drop_empty=True
    )
    assert Sandbox(variants=Variants(retry_after=True)).variants.retry_after
    assert Sandbox().variants == Variants()


async def test_variants_may_change_while_the_sandbox_runs(client: Caller) -> None:
    client.sandbox.variants = Variants(message_count="number")
    assert type(await client.post("/v1/messages/all/count")) is int
    with pytest.raises(ConfigurationError, match=r"Sandbox\(variants=...\) must be Variants"):
        client.sandbox.variants = "number"  # type: ignore[assignment]


async def test_a_conversation_is_named_after_the_contacts_in_it(client: Caller) -> None:
    sam = client.team.contacts.by_phone("14155550150")
    assert sam is not None
    chat = receive(client, "14155550150", inbox=3)
    assert client.team.conversations[chat]["name"] == f"{sam['first']} {sam['last']}"
    group = (await client.send(targets=["14155550150", ANN, "14155550151"], text="Hi"))["convo_id"]
    assert (await client.get(f"/v1/conversations/{group}"))["name"] == "Sam Reed, Robin Vale"
