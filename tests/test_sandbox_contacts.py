"""Contacts of version 1: what is written, what is read back, and who may be texted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from heymarket_async.sandbox import Variants
from sandbox_calls import Caller, calls

NEW = "14155550190"
OTHER = "14155550191"


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calls() as caller:
        yield caller


async def read(caller: Caller, contact_id: int) -> Any:
    return await caller.get(f"/v1/contact/{contact_id}")


async def make(caller: Caller, phone: str = NEW, **more: Any) -> int:
    return (await caller.post("/v1/contact", phone=phone, **more))["id"]


def seeded(caller: Caller, place: int = 0) -> Any:
    return [*caller.team.contacts.values()][place]


async def test_a_contact_is_read_as_it_was_written(caller: Caller) -> None:
    tag, field = next(iter(caller.team.tags)), next(iter(caller.team.contact_fields))
    answer = await caller.post(
        "/v1/contact",
        phone=NEW,
        first="Kim",
        last="Moor",
        email="kim@example.com",
        avatar="https://files.example.com/kim.jpg",
        custom={str(field): "A-77", "Account number": "dropped", "999": "dropped"},
        assignee_id=caller.member(1),
        tags=[{"tag_id": tag}],
        email_suppressions=[123],
    )
    assert {**answer, "uuid": None} == {"id": answer["id"], "rev": 1, "uuid": None}
    contact = await read(caller, answer["id"])
    expected = {
        "phone": NEW,
        "display_name": "Kim Moor",
        "email": "kim@example.com",
        "custom": {str(field): "A-77"},
        "assigned_user_id": caller.member(1),
        "creator_id": caller.member(0),
        "created": "2026-04-01T09:07:00.000000Z",
        "updated": "2026-04-01T09:07:00.000000Z",
        "team_id": caller.team.id,
        "rev": 1,
        "op": "c",
        "note": [],
    }
    assert {key: contact[key] for key in expected} == expected
    assert [one["tag"] for one in contact["tags"]] == ["VIP"]
    assert not {"email_suppressions", "is_opted_out", "uuid", "contact_channels"} & contact.keys()


async def test_a_write_moves_rev_and_updated(caller: Caller) -> None:
    contact = await make(caller, first="Kim")
    caller.clock.advance(1.5)
    answer = await caller.put(f"/v1/contact/{contact}", phone=NEW, last="Moor")
    assert answer["rev"] == 2
    after = await read(caller, contact)
    assert (after["rev"], after["op"], after["updated"]) == (2, "u", "2026-04-01T09:07:01.500000Z")
    assert after["created"] == "2026-04-01T09:07:00.000000Z"
    assert after["display_name"] == "Kim Moor"


async def test_a_display_name_of_ones_own_stays(caller: Caller) -> None:
    contact = await make(caller, first="Kim", display_name="The florist")
    await caller.put(f"/v1/contact/{contact}", phone=NEW, first="Kimberley")
    assert (await read(caller, contact))["display_name"] == "The florist"
    await caller.put(f"/v1/contact/{contact}", phone=NEW, display_name="")
    assert (await read(caller, contact))["display_name"] == "Kimberley"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"phone": "+14155550190"}, "phone: must be 7 to 15 digits with country code and without +."),
        ({"phone": ""}, "phone: is required."),
        ({"email": "kim"}, "email: must be an email address."),
        ({"email": "kim@"}, "email: must be an email address."),
        ({"assignee_id": 5}, "assignee_id: the team has no such member; -1 unassigns."),
        ({"tags": [{"tag_id": 5}]}, "tags: there is no tag with one of these ids."),
        ({"tags": [{"tag_id": 5}] * 6}, "tags: must hold at most 5."),
        ({"phone": "14155550150"}, "phone: there is a contact with this number."),
    ],
)
async def test_a_value_that_makes_no_sense_is_refused_and_nothing_is_kept(
    caller: Caller, change: dict[str, Any], message: str
) -> None:
    before = len(caller.team.contacts)
    status, _, told = await caller.refused("/v1/contact", **{"phone": NEW, **change})
    assert (status, told) == (400, message)
    assert len(caller.team.contacts) == before


async def test_an_assignee_can_be_taken_away(caller: Caller) -> None:
    contact = await make(caller, assignee_id=caller.member())
    await caller.put(f"/v1/contact/{contact}", phone=NEW, assignee_id=-1)
    assert (await read(caller, contact))["assigned_user_id"] == 0


async def test_a_number_that_exists_can_mean_an_update_or_a_second_contact() -> None:
    async with calls(Variants(contact_exists="update")) as caller:
        first = await make(caller, first="Kim")
        assert await caller.post("/v1/contact", phone=NEW, last="Moor") | {"uuid": 0} == {
            "id": first,
            "rev": 2,
            "uuid": 0,
        }
        assert (await read(caller, first))["display_name"] == "Kim Moor"
    async with calls(Variants(contact_exists="duplicate")) as caller:
        assert await make(caller) != await make(caller)
        contact = await caller.post("/v1/contact/get", phone=NEW)
        assert contact["id"] == [*caller.team.contacts][-2]


async def test_an_update_cannot_take_the_number_of_another(caller: Caller) -> None:
    contact = await make(caller)
    told = await caller.refused(f"/v1/contact/{contact}", "PUT", phone="14155550150")
    assert told == (400, "bad_data", "phone: another contact has this number.")
    await caller.put(f"/v1/contact/{contact}", phone=OTHER)
    assert (await caller.post("/v1/contact/get", phone=OTHER))["id"] == contact
    assert (await caller.refused("/v1/contact/get", phone=NEW))[0] == 404
    assert await make(caller, NEW) != contact


WRITTEN = {"first": "Kim", "last": "Moor", "email": "kim@example.com", "avatar": "https://files.example.com/k.jpg"}


@pytest.mark.parametrize(
    ("put", "left"),
    [
        ("merge", {**WRITTEN, "last": "Ash", "display_name": "Kim Ash"}),
        ("names", {**WRITTEN, "first": "", "last": "Ash", "display_name": "Ash"}),
        ("replace", {"first": "", "last": "Ash", "email": "", "avatar": "", "display_name": "Ash"}),
    ],
)
async def test_keys_that_a_put_leaves_out(put: Any, left: dict[str, str]) -> None:
    async with calls(Variants(contact_put=put)) as caller:
        field, tag = str(next(iter(caller.team.contact_fields))), next(iter(caller.team.tags))
        contact = await make(caller, **WRITTEN, custom={field: "A-1"}, tags=[{"tag_id": tag}])
        await caller.put(f"/v1/contact/{contact}", phone=NEW, last="Ash")
        after = await read(caller, contact)
    assert {key: after[key] for key in left} == left
    assert after["custom"] == {field: "A-1"}
    assert len(after["tags"]) == (0 if put == "replace" else 1)


@pytest.mark.parametrize(
    ("put", "given", "left"),
    [("merge", {"b": "2"}, {"b": "2"}), ("merge", None, {"a": "1"}), ("replace", None, {})],
)
async def test_overwrite_replaces_all_custom_values(put: Any, given: Any, left: dict[str, str]) -> None:
    async with calls(Variants(contact_put=put)) as caller:
        ids = dict(zip("abc", map(str, caller.team.contact_fields), strict=True))

        def by_id(values: dict[str, str]) -> dict[str, str]:
            return {ids[name]: value for name, value in values.items()}

        contact = await make(caller, custom=by_id({"a": "1"}))
        body = {"phone": NEW} | ({} if given is None else {"custom": by_id(given)})
        path = f"/v1/contact/{contact}"
        assert (await caller.call("PUT", path, {"phone": NEW, "custom": by_id({"a": "1"})})).status == 200
        assert (await caller.call("PUT", path, body, {"overwrite": "true"})).status == 200
        assert (await read(caller, contact))["custom"] == by_id(left)
        assert (await caller.call("PUT", path, {"phone": NEW, "custom": by_id({"c": "3"})})).status == 200
        assert (await read(caller, contact))["custom"] == by_id({**left, "c": "3"})


async def test_a_deleted_contact_is_gone_and_its_number_free(caller: Caller) -> None:
    contact = await make(caller)
    assert await caller.delete(f"/v1/contact/{contact}") == "ok"
    for path, method in ((f"/v1/contact/{contact}", "GET"), (f"/v1/contact/{contact}", "DELETE")):
        assert (await caller.refused(path, method))[:2] == (404, "not_found")
    assert await make(caller) != contact


async def test_the_pages_of_a_list_hold_every_contact_once(caller: Caller) -> None:
    seen: list[int] = []
    body: dict[str, Any] = {}
    while page := await caller.post("/v1/contacts", **body):
        seen += [contact["id"] for contact in page]
        body = {"date": page[-1]["updated"]}
    assert seen == [*caller.team.contacts][::-1]
    assert len(await caller.post("/v1/contacts")) == 30
    assert len(await caller.post("/v1/contacts", limit=5)) == 5


async def test_contacts_are_counted_as_text(caller: Caller) -> None:
    assert await caller.post("/v1/contacts/count") == "36"
    last = seeded(caller, -1)["updated"].write("microseconds")
    assert await caller.post("/v1/contacts/count", date=last) == "0"
    caller.clock.advance(60)
    await make(caller)
    assert await caller.post("/v1/contacts/count", date=last) == "1"


async def test_contacts_can_be_counted_as_a_number() -> None:
    async with calls(Variants(contact_count="number")) as caller:
        assert await caller.post("/v1/contacts/count") == 36


async def test_a_contact_is_found_by_its_number_before_its_id(caller: Caller) -> None:
    first, second = seeded(caller, 0), seeded(caller, 1)
    assert (await caller.post("/v1/contact/get", id=str(second["id"])))["id"] == second["id"]
    assert (await caller.post("/v1/contact/get", id=str(second["id"]), phone=first["phone"]))["id"] == first["id"]
    assert await caller.refused("/v1/contact/get", first="Sam") == (
        400,
        "bad_data",
        "Unknown key first; it knows id, phone.",
    )
    assert (await caller.refused("/v1/contact/get", phone=""))[2] == "phone, id: one of them must be given."
    assert (await caller.refused("/v1/contact/get", id="x"))[2] == "id: must be an integer."
    assert (await caller.refused("/v1/contact/get", phone=NEW))[:2] == (404, "not_found")


async def status(caller: Caller, contact: Any) -> dict[str, bool]:
    answer = await caller.post("/v1/contact/status", id=contact["id"])
    assert (answer.pop("id"), answer.pop("phone")) == (contact["id"], contact["phone"])
    return {key: value for key, value in answer.items() if value}


async def test_statuses_come_and_go(caller: Caller) -> None:
    contact = seeded(caller)
    phone = contact["phone"]

    async def set_to(word: str) -> dict[str, bool]:
        assert await caller.post("/v1/contact/set_status", phone=phone, status=word) == "success"
        return await status(caller, contact)

    assert await status(caller, contact) == {}
    assert await set_to("blocked") == {"blocked": True}
    assert await set_to("unsubscribed") == {"blocked": True, "unsubscribed": True, "unsubscribed_admin": True}
    assert await set_to("unblocked") == {"unsubscribed": True, "unsubscribed_admin": True}
    assert await set_to("subscribed") == {}
    assert await set_to("unblocked") == {}
    assert (await set_to("blocked")) | (await set_to("unsubscribed"))
    assert await set_to("active") == {}
    assert (await read(caller, contact["id"]))["rev"] == 9


async def test_who_said_no_is_told(caller: Caller) -> None:
    assert await status(caller, seeded(caller, -1)) == {"unsubscribed": True, "unsubscribed_contact": True}
    assert await status(caller, seeded(caller, -2)) == {"unsubscribed": True, "unsubscribed_admin": True}
    assert await status(caller, seeded(caller, -3)) == {"blocked": True}


async def test_a_status_wants_a_contact_and_a_known_word(caller: Caller) -> None:
    told = await caller.refused("/v1/contact/set_status", phone="14155550150", status="muted")
    assert told[2] == "status: must be one of: active, blocked, unblocked, subscribed, unsubscribed."
    assert (await caller.refused("/v1/contact/set_status", phone=NEW, status="active"))[0] == 404
    assert (await caller.refused("/v1/contact/status", id=5))[0] == 404
    assert (await caller.refused("/v1/contact/status", id=None))[2] == "phone, id: one of them must be given."


async def test_a_contact_without_a_number_has_no_status_to_set(caller: Caller) -> None:
    made = await caller.post("/v2/contact", contact_channels=[{"channel_id": "kim@example.com"}])
    told = await caller.refused("/v1/contact/set_status", id=made["id"], status="blocked")
    assert told[2] == "id: this contact has no phone number."


@pytest.mark.parametrize("word", ["blocked", "unsubscribed"])
async def test_nobody_who_said_no_gets_a_text(caller: Caller, word: str) -> None:
    await caller.post("/v1/contact/set_status", phone="14155550150", status=word)
    assert (await caller.send_refused(phone_number="14155550150", text="Hi"))[:2] == (400, "unsubscribed_number")
    await caller.post("/v1/contact/set_status", phone="14155550150", status="active")
    assert (await caller.send(phone_number="14155550150", text="Hi"))["id"]


async def test_an_opt_out_can_come_with_the_contact() -> None:
    async with calls(Variants(contact_opt_outs=True)) as caller:
        contact = await make(caller, is_opted_out=True)
        assert (await read(caller, contact))["is_opted_out"] is True
        assert (await caller.send_refused(phone_number=NEW, text="Hi"))[1] == "unsubscribed_number"
        await caller.put(f"/v1/contact/{contact}", phone=NEW, is_opted_out=False)
        assert (await read(caller, contact))["is_opted_out"] is False
        assert (await caller.send(phone_number=NEW, text="Hi"))["id"]


async def batch(caller: Caller, rows: list[Any], overwrite: str | None = None) -> Any:
    answer = await caller.call(
        "POST", "/v1/batch/contacts", rows, {} if overwrite is None else {"overwrite": overwrite}
    )
    assert answer.status == 200
    return answer.json


ROWS = [{"phone": NEW, "first": "Kim"}, {"phone": "555"}, {"phone": "14155550150", "first": "Samuel"}]


async def test_a_batch_keeps_what_it_can(caller: Caller) -> None:
    kept = await batch(caller, ROWS)
    assert [contact["first"] for contact in kept] == ["Kim", "Sam"]
    assert await batch(caller, []) == []
    kept = await batch(caller, ROWS, "true")
    assert [contact["first"] for contact in kept] == ["Kim", "Samuel"]
    assert [contact["rev"] for contact in kept] == [2, 2]


async def test_a_batch_can_answer_who_failed() -> None:
    async with calls(Variants(batch_answer="failed")) as caller:
        assert await batch(caller, ROWS) == [{"phone": "555"}]
        assert await batch(caller, ROWS[:1]) == "ok"


async def test_a_batch_can_answer_ok_whatever_happened() -> None:
    async with calls(Variants(batch_answer="ok")) as caller:
        assert await batch(caller, ROWS) == "ok"
        assert len(caller.team.contacts) == 37


@pytest.mark.parametrize(("tags", "shown"), [("ids", lambda tag: tag), ("refs", lambda tag: {"tag_id": tag})])
async def test_tags_can_have_other_shapes(tags: Any, shown: Any) -> None:
    async with calls(Variants(contact_tags=tags, uuid_in_writes=False)) as caller:
        first, second = [*caller.team.tags][:2]
        answer = await caller.post("/v1/contact", phone=NEW, tags=[{"tag_id": second}, {"tag_id": first}])
        assert answer == {"id": answer["id"], "rev": 1}
        assert (await read(caller, answer["id"]))["tags"] == [shown(second), shown(first)]
        await caller.delete(f"/v1/tag/{second}")
        assert (await read(caller, answer["id"]))["tags"] == [shown(first)]


async def test_an_id_that_is_no_number_is_refused(caller: Caller) -> None:
    assert (await caller.refused("/v1/contact/a1b2", "GET")) == (400, "bad_data", "id: must be an integer.")


async def test_teams_do_not_see_each_other(caller: Caller) -> None:
    other = caller.sandbox.teams[1]
    assert not other.contacts
    assert not other.tags
    assert seeded(caller)["id"] not in other.contacts


async def test_the_same_seed_gives_the_same_contacts(caller: Caller) -> None:
    async with calls() as again, calls(seed=1) as different:
        assert again.team.contacts == caller.team.contacts
        assert again.team.lists == caller.team.lists
        assert different.team.contacts != caller.team.contacts
