"""Contacts of version 2: UUIDs, channels, pages by number, many at once."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from heymarket_async.sandbox import Variants
from heymarket_async.sandbox.records import Moment
from sandbox_calls import Caller, calls

NEW = "14155550190"
OTHER = "14155550191"
MAIL = "kim@example.com"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calls() as caller:
        yield caller


def channel(address: str, kind: str | None = None) -> dict[str, Any]:
    return {"channel_id": address} | ({} if kind is None else {"channel_type": kind})


async def make(caller: Caller, *addresses: str, **more: Any) -> Any:
    return await caller.post("/v2/contact", contact_channels=[channel(one) for one in addresses], **more)


async def search(caller: Caller, *addresses: str, kind: str | None = None) -> list[int]:
    one = {"channel_ids": addresses} | ({} if kind is None else {"channel_type": kind})
    return [contact["id"] for contact in await caller.post("/v2/contacts/search", contact_channels=[one])]


def seeded(caller: Caller, place: int = 0) -> Any:
    return [*caller.team.contacts.values()][place]


async def test_a_contact_is_made_from_channels_and_tells_its_uuid_once(caller: Caller) -> None:
    made = await make(caller, NEW, MAIL, first="Kim")
    assert uuid.UUID(made["uuid"]).version == 4
    assert (made["phone"], made["email"], made["display_name"]) == (NEW, MAIL, "Kim")
    contact = await caller.get(f"/v2/contact/{made['uuid'].upper()}")
    assert {**contact, "uuid": made["uuid"]} == made
    assert "uuid" not in contact
    assert (await caller.get(f"/v1/contact/{made['id']}")) == contact


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"phone": NEW}, "contact_channels: at least one is required."),
        ({"contact_channels": []}, "contact_channels: at least one is required."),
        ({"contact_channels": [{"channel_type": "phone"}]}, "contact_channels[0].channel_id: is required."),
        (
            {"contact_channels": [channel("kim")]},
            "contact_channels[0].channel_type: is required for an address that is neither a number nor an email.",
        ),
        (
            {"contact_channels": [channel(NEW), channel("kim", "email")]},
            "contact_channels[1].channel_id: must be an email address.",
        ),
        (
            {"contact_channels": [channel("kim", "phone")]},
            "contact_channels[0].channel_id: must be 7 to 15 digits with country code and without +.",
        ),
        ({"contact_channels": [channel("14155550150")]}, "phone: there is a contact with this number."),
        ({"contact_channels": [channel(NEW), channel("14155550150")]}, "phone: another contact has this number."),
    ],
)
async def test_channels_that_make_no_sense_are_refused(caller: Caller, body: dict[str, Any], message: str) -> None:
    before = len(caller.team.contacts)
    assert (await caller.refused("/v2/contact", **body))[2] == message
    assert len(caller.team.contacts) == before


async def test_a_contact_can_do_without_channels_where_they_are_not_required() -> None:
    async with calls(Variants(channels_required=False)) as caller:
        made = await caller.post("/v2/contact", phone=NEW)
        assert await search(caller, NEW) == [made["id"]]
        told = await caller.refused("/v2/contact", first="Kim")
        assert told[2] == "contact_channels, phone, email: one of them must be given."


async def test_an_update_answers_the_contact(caller: Caller) -> None:
    made = await make(caller, NEW)
    path = f"/v2/contact/{made['uuid']}"
    changed = await caller.put(path, first="Kim", email=MAIL, contact_channels=[channel("kim.florist", "facebook")])
    assert (changed["uuid"], changed["rev"], changed["first"]) == (made["uuid"], 2, "Kim")
    assert await search(caller, "kim.florist", kind="facebook") == [made["id"]]
    assert await search(caller, MAIL.upper()) == [made["id"]]
    await caller.put(path, email="")
    assert await search(caller, MAIL) == []
    told = await caller.refused(path, "PUT", contact_channels=[channel("14155550150")])
    assert told[2] == "phone: another contact has this number."


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("name", [NOBODY, "20015001"])
async def test_only_a_uuid_finds_a_contact(caller: Caller, method: str, name: str) -> None:
    answer = await caller.call(method, f"/v2/contact/{name}", {} if method == "PUT" else None)
    assert (answer.status, answer.json["error_code"]) == (404, "not_found")


async def test_a_deleted_contact_is_gone_with_all_its_channels(caller: Caller) -> None:
    made = await make(caller, NEW, MAIL)
    assert await caller.delete(f"/v2/contact/{made['uuid']}") == "ok"
    assert await search(caller, NEW, MAIL, made["uuid"]) == []
    assert (await make(caller, NEW))["uuid"] != made["uuid"]


async def test_channels_are_added_and_changed(caller: Caller) -> None:
    made = await make(caller, MAIL)
    path = f"/v2/contact/{made['uuid']}/channel"
    shown = await caller.post(path, channel_type="phone", channel_id=NEW)
    assert [(one["channel_type"], one["channel_id"]) for one in shown] == [("email", MAIL), ("phone", NEW)]
    assert shown[1] | {"id": 0} == {
        "id": 0,
        "team_id": caller.team.id,
        "contact_id": made["id"],
        "channel_type": "phone",
        "channel_id": NEW,
        "info_channel": "",
        "channel_handle": "",
        "created": "2026-04-01T09:07:00.000000Z",
        "updated": "2026-04-01T09:07:00.000000Z",
    }
    assert (await caller.get(f"/v1/contact/{made['id']}"))["phone"] == NEW
    caller.clock.advance(60)
    changed = await caller.put(path, channel_type="phone", channel_id=OTHER)
    assert [one["channel_id"] for one in changed] == [MAIL, OTHER]
    assert (changed[1]["id"], changed[1]["updated"]) == (shown[1]["id"], "2026-04-01T09:08:00.000000Z")
    contact = await caller.get(f"/v1/contact/{made['id']}")
    assert (contact["phone"], contact["rev"]) == (OTHER, 3)
    assert await search(caller, NEW) == []


async def test_a_second_channel_of_a_type_leaves_the_first_one_the_contacts_own(caller: Caller) -> None:
    made = await make(caller, NEW)
    path = f"/v2/contact/{made['uuid']}/channel"
    assert len(await caller.post(path, channel_type="phone", channel_id=OTHER)) == 2
    assert len(await caller.post(path, channel_type="phone", channel_id=OTHER)) == 2
    assert (await caller.get(f"/v1/contact/{made['id']}"))["phone"] == NEW
    assert await search(caller, OTHER) == [made["id"]]
    assert [one["channel_id"] for one in await caller.put(path, channel_type="phone", channel_id=OTHER)] == [NEW, OTHER]
    assert (await caller.get(f"/v1/contact/{made['id']}"))["phone"] == OTHER


async def test_a_channel_of_another_app_is_changed_in_its_place(caller: Caller) -> None:
    made = await make(caller, NEW)
    path = f"/v2/contact/{made['uuid']}/channel"
    told = await caller.refused(path, "PUT", channel_type="facebook", channel_id="kim")
    assert told[::2] == (404, "channel_type: the contact has no such channel.")
    for address in ("kim", "moor"):
        await caller.post(path, channel_type="first", channel_id=address)
    assert [one["channel_id"] for one in await caller.put(path, channel_type="first", channel_id="ash")] == [
        NEW,
        "ash",
        "moor",
    ]
    assert [one["channel_id"] for one in await caller.put(path, channel_type="first", channel_id="moor")] == [
        NEW,
        "ash",
        "moor",
    ]
    assert (await caller.get(f"/v1/contact/{made['id']}"))["first"] == ""


async def test_a_channel_wants_an_address_that_is_free(caller: Caller) -> None:
    path = f"/v2/contact/{(await make(caller, NEW))['uuid']}/channel"
    assert (await caller.refused(path, channel_type="phone", channel_id=""))[2] == "channel_id: must not be empty."
    told = await caller.refused(path, channel_type="phone", channel_id="14155550150")
    assert told[2] == "phone: another contact has this number."
    assert (await caller.refused(f"/v2/contact/{NOBODY}/channel", channel_type="phone", channel_id=NEW))[0] == 404


async def test_channels_can_have_uuids_and_be_shown_with_the_contact() -> None:
    async with calls(Variants(channel_ids="uuid", contact_channels=True, contact_uuids=True)) as caller:
        made = await caller.post(
            "/v2/contact",
            contact_channels=[{"channel_ids": [NEW, OTHER], "channel_handle": "kim", "info_channel": "home"}],
        )
        shown = await caller.get(f"/v2/contact/{made['uuid']}")
        assert shown == made
        assert [one["channel_id"] for one in shown["contact_channels"]] == [NEW, OTHER]
        assert {one["contact_id"] for one in shown["contact_channels"]} == {made["uuid"]}
        assert {uuid.UUID(one["id"]).version for one in shown["contact_channels"]} == {4}
        assert shown["contact_channels"][1]["channel_handle"] == "kim"
        assert "contact_channels" not in await caller.get(f"/v1/contact/{made['id']}")


async def upsert(caller: Caller, *rows: Any) -> tuple[list[Any], list[Any]]:
    answer = await caller.post("/v2/contacts", contacts=rows)
    return answer["contacts"], answer["failed_contacts"]


async def test_many_contacts_are_made_or_changed_by_their_contact_id(caller: Caller) -> None:
    known = seeded(caller)["_uuid"]
    rows = [
        {"contact_channels": [channel(NEW)], "first": "Kim"},
        {"contact_id": known, "first": "Samuel"},
        {"contact_id": NOBODY, "first": "Nobody"},
        {"contact_channels": [channel("14155550151")], "first": "Robin"},
        {"first": "Nowhere"},
    ]
    kept, failed = await upsert(caller, *rows)
    assert [contact["first"] for contact in kept] == ["Kim", "Samuel"]
    assert kept[1]["uuid"] == known
    assert failed == [{"contact": row} for row in rows[2:]]
    assert await upsert(caller) == ([], [])


async def test_many_contacts_are_deleted_by_their_uuids(caller: Caller) -> None:
    uuids = [seeded(caller, 0)["_uuid"], seeded(caller, 1)["_uuid"], NOBODY]

    async def delete(kind: str | None) -> Any:
        one = {"channel_ids": uuids} | ({} if kind is None else {"channel_type": kind})
        return await caller.call("DELETE", "/v2/contacts", {"contact_channels": [one]})

    for kind in ("phone", None):
        answer = await delete(kind)
        assert (answer.status, answer.json["message"]) == (400, "contact_channels[0].channel_type: must be id.")
    assert (await delete("id")).json == "ok"
    assert len(caller.team.contacts) == 34
    assert (await delete("id")).json == "ok"


async def test_contacts_are_found_by_every_kind_of_channel(caller: Caller) -> None:
    first = seeded(caller)
    for address, kind in (
        (first["phone"], None),
        (first["phone"], "phone"),
        (first["email"], None),
        (first["email"], "email"),
        (first["_uuid"], "id"),
    ):
        assert await search(caller, address, kind=kind) == [first["id"]]
    for address, kind in ((first["phone"], "email"), (first["_uuid"], None), (NOBODY, "id"), ("kim", None), ("", None)):
        assert await search(caller, address, kind=kind) == []
    assert await search(caller, first["phone"], seeded(caller, 1)["phone"], first["email"]) == [
        first["id"],
        seeded(caller, 1)["id"],
    ]
    assert (await caller.refused("/v2/contacts/search", contact_channels=[{}]))[2] == (
        "contact_channels[0].channel_ids: is required."
    )


async def pages(caller: Caller, first: int, **body: Any) -> list[list[int]]:
    found: list[list[int]] = []
    while page := await caller.post("/v2/contacts/list", page=first + len(found), **body):
        found.append([contact["id"] for contact in page])
    return found


async def test_the_pages_of_a_list_count_from_zero(caller: Caller) -> None:
    ids = [*caller.team.contacts]
    assert await pages(caller, 0) == [ids[:5:-1], ids[5::-1]]
    assert await pages(caller, 0, limit=100, ascending=True) == [ids]
    assert [contact["id"] for contact in await caller.post("/v2/contacts/list")] == ids[:5:-1]
    for place in range(80):
        caller.team.contacts.add(Moment.at(1_775_000_000 + place), {**seeded(caller), "phone": f"1212555{place:04}"})
    assert [len(page) for page in await pages(caller, 0, limit=101)] == [100, 16]


async def test_the_pages_of_a_list_can_count_from_one() -> None:
    async with calls(Variants(contacts_v2_first_page=1)) as caller:
        ids = [*caller.team.contacts]
        assert await pages(caller, 1) == [ids[:5:-1], ids[5::-1]]


async def test_a_date_lets_only_later_contacts_pass(caller: Caller) -> None:
    ids = [*caller.team.contacts]
    since = seeded(caller, 30)["updated"].write("microseconds")
    assert await pages(caller, 0, date=since) == [ids[:30:-1]]
    assert await pages(caller, 0, date=since, ascending=True) == [ids[31:]]
    assert await pages(caller, 0, date="2030-01-01T00:00:00Z") == []
