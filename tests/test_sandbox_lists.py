"""Contact lists, of both versions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from heymarket_async.sandbox import Variants
from sandbox_calls import Caller, calls

NEW = "14155550190"
OTHER = "14155550191"
MAIL = "kim@example.com"


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calls() as caller:
        yield caller


async def make(caller: Caller, **more: Any) -> Any:
    return await caller.post("/v2/lists", **{"title": "April", "local_id": "april", "phones": [NEW], **more})


async def members(caller: Caller, list_id: int) -> list[str]:
    return [*(await caller.get(f"/v1/list/{list_id}"))["targets"]]


async def test_a_list_is_written_with_a_title_and_read_with_a_name(caller: Caller) -> None:
    first, second = [*caller.team.contacts][:2]
    made = await make(caller, contacts=[first, second, first], phones=[NEW, NEW, "14155550150"], emails=[MAIL])
    assert made == {"id": made["id"], "rev": 1, "uuid": "april"}
    assert await caller.get(f"/v1/list/{made['id']}") == {
        "id": made["id"],
        "name": "April",
        "local_id": "april",
        "targets": {"14155550150": {"f": "Sam", "l": "Reed"}, "14155550151": {"f": "Robin", "l": "Vale"}, NEW: ANYONE},
        "team_id": caller.team.id,
        "creator_id": caller.member(),
        "shared": True,
        "archived": False,
        "created": "2026-04-01T09:07:00.000000Z",
        "updated": "2026-04-01T09:07:00.000000Z",
        "op": "c",
        "rev": 1,
    }


ANYONE = {"f": "", "l": ""}


async def test_people_on_a_list_who_are_no_contacts_become_some(caller: Caller) -> None:
    await make(caller, phones=[NEW], emails=[MAIL, MAIL.upper(), ""])
    assert (await caller.post("/v1/contact/get", phone=NEW))["rev"] == 1
    assert len(caller.team.contacts) == 38
    found = await caller.post("/v2/contacts/search", contact_channels=[{"channel_ids": [MAIL]}])
    assert [(contact["phone"], contact["email"]) for contact in found] == [("", MAIL)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": " "}, "title: must not be empty."),
        ({"local_id": ""}, "local_id: must not be empty."),
        ({"local_id": None}, "local_id: is required."),
        ({"contacts": [5]}, "contacts: there is no contact with one of these ids."),
        ({"phones": ["555"]}, "phones: must be 7 to 15 digits with country code and without +."),
        ({"emails": ["kim"]}, "emails: must be an email address."),
        ({"phones": []}, "contacts, phones, emails: one of them must name somebody."),
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(caller: Caller, change: dict[str, Any], message: str) -> None:
    body = {"title": "April", "local_id": "april", "phones": [NEW], **change}
    assert (await caller.refused("/v2/lists", **body))[2] == message
    assert len(caller.team.lists) == 2
    assert len(caller.team.contacts) == 36


async def test_an_empty_list_can_be_allowed() -> None:
    async with calls(Variants(list_needs_members=False)) as caller:
        assert await members(caller, (await make(caller, phones=[]))["id"]) == []


async def test_a_list_has_no_more_people_than_the_team_allows(caller: Caller) -> None:
    caller.team.list_size = 3
    phones = [f"1415555019{digit}" for digit in range(4)]
    told = await caller.refused("/v2/lists", title="April", local_id="april", phones=phones)
    assert told[2] == "A list of this team may have at most 3 contacts."
    assert len(caller.team.contacts) == 36
    made = await make(caller, phones=phones[:3])
    assert (await caller.refused(f"/v2/lists/{made['id']}", "PUT", add_phones=phones[3:]))[0] == 400
    await caller.put(f"/v2/lists/{made['id']}", add_phones=phones[3:], remove_phones=phones[:1])
    assert await members(caller, made["id"]) == phones[1:]
    assert (await caller.refused(f"/v1/list/{made['id']}", "PUT", add_phone=phones[0]))[0] == 400


@pytest.mark.parametrize(("repeat", "same"), [("same", True), ("none", False)])
async def test_a_local_id_that_comes_again(repeat: Any, same: bool) -> None:
    async with calls(Variants(list_repeat=repeat)) as caller:
        first, second = await make(caller), await make(caller, title="May")
    assert (first == second) is same


async def test_a_local_id_that_comes_again_can_be_refused() -> None:
    async with calls(Variants(list_repeat="refuse")) as caller:
        made = await make(caller)
        told = await caller.refused("/v2/lists", title="April", local_id="april", phones=[NEW])
        assert told[2] == "local_id: there is a list with this one."
        await caller.call("DELETE", f"/v2/lists/{made['id']}")
        assert (await make(caller))["id"] != made["id"]


async def test_members_come_and_go(caller: Caller) -> None:
    first, second, third = [*caller.team.contacts][:3]
    path = f"/v2/lists/{(await make(caller, contacts=[first, second], phones=[]))['id']}"

    async def after(**body: Any) -> list[str]:
        assert (await caller.put(path, **body)).keys() == {"id", "rev"}
        return await members(caller, int(path.rpartition("/")[2]))

    assert await after(title="May", add_contacts=[third], remove_contacts=[first, 5]) == ["14155550151", "14155550152"]
    assert await after(add_phones=[NEW, "14155550151"], remove_phones=["14155550152", OTHER]) == ["14155550151", NEW]
    assert await after(add_emails=["sam.reed0@example.com"]) == ["14155550151", NEW, "14155550150"]
    assert await after(remove_emails=["SAM.reed0@example.com"]) == ["14155550151", NEW]
    assert await after(contacts=[third]) == ["14155550152"]
    assert await after(phones=[NEW]) == [NEW]
    assert await after(emails=[]) == []
    assert (await caller.refused(path, "PUT", title=""))[2] == "title: must not be empty."
    shown = await caller.get(path.replace("v2/lists", "v1/list"))
    assert (shown["name"], shown["rev"]) == ("May", 8)
    assert (await caller.refused(path, "PUT", add_contact=[first]))[2] == (
        "Unknown key add_contact; did you mean add_contacts?"
    )


async def test_a_list_follows_its_contacts(caller: Caller) -> None:
    made = (await make(caller, phones=[NEW, OTHER]))["id"]
    contact = (await caller.post("/v1/contact/get", phone=NEW))["id"]
    await caller.put(f"/v1/contact/{contact}", phone="14155550192", first="Kim", last="Moor")
    assert (await caller.get(f"/v1/list/{made}"))["targets"] == {
        "14155550192": {"f": "Kim", "l": "Moor"},
        OTHER: ANYONE,
    }
    await caller.delete(f"/v1/contact/{contact}")
    assert await members(caller, made) == [OTHER]


async def test_a_broadcast_reaches_those_on_the_list_who_want_it(caller: Caller) -> None:
    made = (await make(caller, phones=[NEW, OTHER]))["id"]
    await caller.post("/v1/contact/set_status", phone=OTHER, status="unsubscribed")
    await caller.send(list_id=made, local_id="b-1", text="Hi")
    assert (len(caller.team.sent_to(NEW)), len(caller.team.sent_to(OTHER))) == (1, 0)


@pytest.mark.parametrize("body", [None, {"contact_ids": [5]}])
async def test_a_deleted_list_is_gone_and_its_contacts_stay(caller: Caller, body: Any) -> None:
    made = (await make(caller))["id"]
    answer = await caller.call("DELETE", f"/v2/lists/{made}", body)
    assert answer.json == {"deleted": True, "id": made}
    for path, method in ((f"/v2/lists/{made}", "DELETE"), (f"/v2/lists/{made}", "PUT"), (f"/v1/list/{made}", "GET")):
        answer = await caller.call(method, path, {} if method == "PUT" else None)
        assert (answer.status, answer.json["message"]) == (404, "id: there is no such list.")
    assert (await caller.post("/v1/contact/get", phone=NEW))["phone"] == NEW


async def test_version_1_makes_lists_of_numbers_with_names(caller: Caller) -> None:
    people = {NEW: {"f": "Kim", "l": "Moor"}, "14155550150": {"f": "Ignored"}}
    made = await caller.post("/v1/list", title="May", members=people, add_phone=OTHER)
    assert made == {"id": made["id"], "rev": 1}
    shown = await caller.get(f"/v1/list/{made['id']}")
    assert shown["targets"] == {
        NEW: {"f": "Kim", "l": "Moor"},
        "14155550150": {"f": "Sam", "l": "Reed"},
        OTHER: ANYONE,
    }
    assert len(shown["local_id"]) == 36
    again = await caller.put(f"/v1/list/{made['id']}", title="June", remove_phone=NEW, members={OTHER: {"f": "Lou"}})
    assert again == {"id": made["id"], "rev": 2}
    assert await members(caller, made["id"]) == ["14155550150", OTHER]
    await caller.put(f"/v1/list/{made['id']}")
    assert (await caller.get(f"/v1/list/{made['id']}"))["name"] == "June"
    assert await caller.delete(f"/v1/list/{made['id']}") == "ok"
    assert (await caller.refused(f"/v1/list/{made['id']}", "DELETE"))[0] == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"members": {}}, "title: must not be empty."),
        ({"title": "May", "members": {"555": {}}}, "members: must be 7 to 15 digits with country code and without +."),
        ({"title": "May", "members": {NEW: "Kim"}}, "members: must be an object."),
        ({"title": "May", "members": {NEW: {"f": 5}}}, "members.f: must be a string."),
        ({"title": "May", "members": {NEW: {"first": "Kim"}}}, "Unknown key first in members; it knows f, l."),
    ],
)
async def test_version_1_says_what_is_wrong(caller: Caller, body: dict[str, Any], message: str) -> None:
    assert (await caller.refused("/v1/list", **body))[2] == message


async def test_version_1_lists_lists(caller: Caller) -> None:
    newest, oldest = await caller.post("/v1/lists")
    assert (newest["name"], oldest["name"]) == ("Regulars", "Newsletter")
    assert await caller.post("/v1/lists", date=newest["updated"]) == [oldest]
