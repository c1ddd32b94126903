"""Each switch of the sandbox in each of its positions: what it does, and that the library can live with it."""

from __future__ import annotations

import io
import runpy
import typing
from collections.abc import AsyncIterator, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from heymarket_async import AsyncSession, BadRequest
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Sandbox, Variants
from sandbox_calls import Caller, calls

WALKTHROUGH = Path(__file__).parents[1] / "examples" / "walkthrough.py"
ANN, BEN = "15105550160", "15105550161"
NUMBERS: dict[str, tuple[Any, ...]] = {"largest_page": (7,), "repeat_life": (0.0,)}
# What the walkthrough asks for and is not there: a tag that it deleted, and a contact before it makes it.
MISSING = [("get_tag", 404), ("get_contact_by_phone_or_id", 404)]


def positions() -> Iterator[tuple[str, Any]]:
    """Give each switch with each value that it does not have by default."""
    kinds = typing.get_type_hints(Variants)
    for field in attrs.fields(Variants):
        kind = kinds[field.name]
        values = NUMBERS.get(field.name) or ((True, False) if kind is bool else typing.get_args(kind))
        yield from ((field.name, value) for value in values if value != field.default)


async def walk(variants: Variants) -> Sandbox:
    """Walk through all operations, and return the sandbox."""
    with redirect_stdout(io.StringIO()):
        async with Sandbox(variants=variants) as sandbox:
            await runpy.run_path(str(WALKTHROUGH))["main"](sandbox)
    return sandbox


# What a program must say in these, and need not in the others; and an unknown id has another error. All are below.
ASK_FOR_MORE = {"created_at_required", "reader_required", "unknown_id", "update_needs_phone"}
# The pager begins with page 0, and goes on with 1.
FORGIVEN = {("low_page", "refuse"): [("list_surveys", 400)]}


@pytest.mark.parametrize(("name", "value"), [each for each in positions() if each[0] not in ASK_FOR_MORE])
async def test_a_program_need_not_know_which_of_the_possible_services_it_talks_to(name: str, value: Any) -> None:
    sandbox = await walk(Variants(**{name: value}))
    refused = [(request.operation, request.status) for request in sandbox.requests if request.status != 200]
    assert refused == MISSING + FORGIVEN.get((name, value), [])
    assert len({request.operation for request in sandbox.requests}) == 63


@pytest.mark.filterwarnings("ignore:The vendor gives up version 1 of lists:DeprecationWarning")
@pytest.mark.parametrize(("name", "value"), [each for each in positions() if each[0] not in ASK_FOR_MORE])
async def test_every_record_of_every_noun_is_read_once_and_fits(name: str, value: Any) -> None:
    clock = VirtualClock(1_775_034_420.0)
    async with (
        Sandbox(variants=Variants(**{name: value}), clock=clock, rate_limit=None) as sandbox,
        AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, strict=True) as heymarket,
    ):
        team = sandbox.teams[0]
        inboxes = [inbox.id for inbox in await heymarket.inboxes.list()]
        found = {
            "contacts": [one.id async for one in heymarket.contacts.list()],
            "contacts of version 2": [one.id async for one in heymarket.contacts.v2.list()],
            "conversations": [
                one.id
                for closed in (True, False)
                async for one in heymarket.conversations.list(inboxes=inboxes, closed=closed)
            ],
            "messages": [one.id async for one in heymarket.messages.list()],
            "contact fields": [one.id for one in await heymarket.contact_fields.list()],
            "lists": [one.id async for one in heymarket.lists.v1.list()],
            "surveys": [one.id async for one in heymarket.surveys.list()],
            "tags": [one.id async for one in heymarket.tags.list()],
            "templates": [one.id async for one in heymarket.templates.list()],
        }
        nouns = [team.contacts, team.contacts, team.conversations, team.messages, team.contact_fields, team.lists]
        nouns += [team.surveys, team.tags, team.templates]
        assert {noun: sorted(ids) for noun, ids in found.items()} == {
            noun: sorted(records) for noun, records in zip(found, nouns, strict=True)
        }
        counts = [await heymarket.contacts.count(), await heymarket.conversations.count()]
        assert [*counts, await heymarket.messages.count()] == [
            *map(len, (team.contacts, team.conversations, team.messages))
        ]
        made = await heymarket.schedules.create(
            inbox_id=inboxes[0],
            execute_at=datetime(2026, 6, 1, 15, tzinfo=UTC),
            phone_number=ANN,
            template_id=(template := next(iter(team.templates))),
        )
        assert made.id is not None
        meta = (await heymarket.schedules.get(made.id)).meta
        assert meta is not None
        assert meta.content is not None
        assert meta.content.template_id == template
        assert not heymarket.drift.misfits


async def test_a_program_that_knows_of_404_hears_of_400_where_an_id_is_unknown() -> None:
    with pytest.raises(BadRequest, match="not_found"):
        await walk(Variants(unknown_id=400))


@pytest.fixture
async def client() -> AsyncIterator[Caller]:
    async with calls() as client:
        yield client


def session(client: Caller) -> AsyncSession:
    return AsyncSession(client.sandbox.secret, base_url=client.sandbox.url, clock=client.clock)


async def test_messages_may_need_a_time_from_which_on_they_are_listed(client: Caller) -> None:
    assert len(await client.post("/v1/messages/all")) == len(client.team.messages)
    client.sandbox.variants = Variants(created_at_required=True)
    told = await client.refused("/v1/messages/all", order="created_at")
    assert told == (400, "bad_data", "created_at: is required.")
    tomorrow = datetime(2026, 4, 2, tzinfo=UTC)
    async with session(client) as heymarket:
        with pytest.raises(BadRequest):
            await heymarket.messages.list().collect()
        assert len(await heymarket.messages.list(before=tomorrow).collect()) == len(client.team.messages)


async def test_conversations_may_need_a_reader(client: Caller) -> None:
    body = {"filters": {"inboxes": [client.inbox()]}}
    everything = await client.post("/v1/conversations", id=0, **body)
    client.sandbox.variants = Variants(reader_required=True)
    assert (await client.refused("/v1/conversations", id=0, **body))[2] == "id: must be the id of a user."
    async with session(client) as heymarket:
        with pytest.raises(BadRequest):
            await heymarket.conversations.list(inboxes=[client.inbox()]).collect()
        found = await heymarket.conversations.list(inboxes=[client.inbox()], user_id=client.member()).collect()
    assert [one.id for one in found] == [one["id"] for one in everything]


async def test_the_type_of_a_message_may_say_what_carries_it_and_of_a_comment_what_it_is(client: Caller) -> None:
    sends: list[dict[str, Any]] = [{"text": "Hi"}, {"media_url": "https://files.example.com/p.png"}]
    for body in [*sends, {"text": "Hm", "private": True}]:
        client.clock.advance(1)
        await client.send(phone_number=ANN, **body)
    client.team.receive(client.inbox(), ANN, "Yes?")
    directions = {"Hi": "outbound", "": "outbound", "Hm": "comment", "Yes?": "inbound"}
    carriers = {"Hi": "sms", "": "mms", "Hm": "comment", "Yes?": "sms"}
    for in_type, types in ((True, directions), (False, carriers)):
        client.sandbox.variants = Variants(direction_in_type=in_type)
        messages = await client.get("/v1/messages", phoneNumber=ANN, inboxID=client.inbox())
        assert {message["text"]: message["type"] for message in messages} == types


async def test_a_date_may_count_what_lies_before_or_after_it(client: Caller) -> None:
    at, total = "2026-04-01T09:07:00Z", len(client.team.messages)
    client.team.receive(client.inbox(), ANN, "Hi")
    client.clock.advance(60)
    client.team.receive(client.inbox(), BEN, "Hi")
    chats = len(client.team.conversations) - 2
    assert await client.post("/v1/messages/all/count", date=at) == str(total)
    assert await client.post("/v1/conversations/count", date=at) == str(chats)
    client.sandbox.variants = Variants(count_date="after")
    assert await client.post("/v1/messages/all/count", date=at) == "1"
    assert await client.post("/v1/conversations/count", date=at) == "1"
    assert await client.post("/v1/messages/all/count") == str(total + 2)
    async with session(client) as heymarket:
        assert await heymarket.conversations.count(date=datetime(2026, 4, 1, 9, 7, tzinfo=UTC)) == 1


async def test_an_update_of_version_2_may_need_the_number(client: Caller) -> None:
    contact = next(iter(client.team.contacts.values()))
    path = f"/v2/contact/{contact['_uuid']}"
    assert (await client.put(path, first="Kim"))["first"] == "Kim"
    client.sandbox.variants = Variants(update_needs_phone=True)
    assert (await client.refused(path, "PUT", first="Lee"))[2] == "phone: is required."
    assert (await client.refused("/v2/contact/nobody", "PUT", first="Lee"))[0] == 404
    async with session(client) as heymarket:
        with pytest.raises(BadRequest):
            await heymarket.contacts.v2.update(contact["_uuid"], first_name="Lee")
        saved = await heymarket.contacts.v2.update(contact["_uuid"], first_name="Lee", phone_number=contact["phone"])
    assert saved.first_name == contact["first"] == "Lee"


async def test_many_contacts_may_all_be_made_whatever_their_uuid(client: Caller) -> None:
    contact = next(iter(client.team.contacts.values()))
    before = len(client.team.contacts)
    client.sandbox.variants = Variants(bulk_by_uuid=False)
    row: dict[str, Any] = {
        "contact_id": contact["_uuid"],
        "first_name": "Lee",
        "channels": [{"channel_type": "email", "channel_id": "lee@example.com"}],
    }
    async with session(client) as heymarket:
        batch = await heymarket.contacts.v2.upsert_many([row])
    assert contact["first"] != "Lee"
    assert len(client.team.contacts) == before + 1
    # The service made another contact: that the one which was meant is saved would be a lie.
    assert [row.outcome for row in batch.rows] == ["unknown"]


@pytest.mark.parametrize(
    ("answer", "body", "word"),
    [("ok", b'"ok"', "ok"), ("object", b'{"deleted":true}', '{"deleted": true}'), ("nothing", b"", "")],
)
async def test_a_delete_may_answer_anything_or_nothing(client: Caller, answer: Any, body: bytes, word: str) -> None:
    client.sandbox.variants = Variants(delete_answer=answer)
    first, second, *_ = client.team.tags
    assert (await client.call("DELETE", f"/v1/tag/{first}")).body == body
    async with session(client) as heymarket:
        assert await heymarket.tags.delete(second) == word
    assert first not in client.team.tags
    assert second not in client.team.tags


async def test_the_targets_of_a_schedule_may_be_texts_or_objects(client: Caller) -> None:
    later = {"inbox_id": client.inbox(), "execute_at": "2026-06-01T15:00:00Z", "content": {"text": "Hi"}}
    forms: dict[str, list[Any]] = {"texts": [ANN, BEN], "objects": [{"phone": ANN}, {"phone": BEN}]}
    for one, other in (("texts", "objects"), ("objects", "texts")):
        client.sandbox.variants = Variants(schedule_targets=one)
        await client.post("/v1/schedule", **later, targets=forms[one])
        told = await client.refused("/v1/schedule", **later, targets=forms[other])
        assert told == (400, "bad_data", f"targets: must be {one}.")


async def test_lists_inside_of_records_can_be_null_too(client: Caller) -> None:
    template = next(iter(client.team.templates))
    assert (await client.get(f"/v1/template/{template}"))["content"]["gallery"] == []
    client.sandbox.variants = Variants(null_for_empty=True)
    assert (await client.get(f"/v1/template/{template}"))["content"]["gallery"] is None
    async with session(client) as heymarket:
        found = await heymarket.templates.get(template)
        assert found.content is not None
        assert found.content.gallery == ()
        assert not heymarket.drift.misfits


async def test_a_reassignment_that_comes_with_a_mark_has_no_effect(client: Caller) -> None:
    client.team.receive(client.inbox(), ANN, "Hi")
    body = {"inbox_id": client.inbox(), "user_id": client.member(), "target": ANN, "reassign_id": client.member(1)}
    assert await client.post("/v1/conversations/read", **body) == "ok"
    assert [*client.team.conversations.values()][-1]["assigned"] == 0
