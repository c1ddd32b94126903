"""Users, contact fields, templates, tags and surveys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from heymarket_async.sandbox import Variants
from sandbox_calls import Caller, calls


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calls() as caller:
        yield caller


async def users(caller: Caller, **body: Any) -> list[Any]:
    answer = await caller.call("GET", "/v1/users/get", body or None)
    assert answer.status == 200
    return answer.json["memberships"]


async def test_users_are_the_members_with_more_about_each(caller: Caller) -> None:
    everyone = await users(caller)
    assert [user["id"] for user in everyone] == [member["id"] for member in caller.team.members]
    assert [user["role_id"] for user in everyone] == [1, 4, 4, 4]
    assert everyone[0].keys() == {
        "id",
        "phone",
        "name",
        "email",
        "role_id",
        "team_id",
        "created_at",
        "updated_at",
        "user_created_at",
        "user_updated_at",
    }


async def test_users_are_filtered_by_a_body_on_a_get(caller: Caller) -> None:
    first, second, third, _ = await users(caller)
    assert await users(caller, phone=[first["phone"], "14155550190"]) == [first]
    assert await users(caller, email=[second["email"].upper()]) == [second]
    assert await users(caller, phone=[first["phone"]], email=[third["email"]]) == [first, third]
    assert await users(caller, phone=["14155550190"]) == []
    assert (await caller.call("GET", "/v1/users/get", {"phone": "1"})).json["message"] == "phone: must be an array."


async def test_names_and_roles_of_users_can_be_changed(caller: Caller) -> None:
    first, second, third = (member["id"] for member in caller.team.members[:3])
    last = caller.team.members[1]["name"].split()[1]
    answer = await caller.post(
        "/v1/users/update",
        users=[{"id": first, "role_id": 4}, {"id": second, "first_name": "Kim"}, {"id": third, "role_id": 1}],
    )
    one, two, three = answer["memberships"]
    assert [one["role_id"], two["role_id"], three["role_id"]] == [4, 4, 1]
    assert two["name"] == f"Kim {last}"
    assert one["updated_at"] == two["user_updated_at"] == "2026-04-01T09:07:00.000000Z"
    assert one["user_updated_at"] < one["updated_at"]
    team = await caller.get("/v1/team")
    assert [member["role"] for member in team["members"][:3]] == ["member", "member", "admin"]
    assert team["members"][1]["name"] == f"Kim {last}"
    await caller.post("/v1/users/update", users=[{"id": second, "last_name": "Moor"}, {"id": second}])
    assert (await users(caller))[1]["name"] == "Kim Moor"


async def test_an_unknown_user_changes_nothing(caller: Caller) -> None:
    first = caller.team.members[0]
    before = dict(first)
    told = await caller.refused("/v1/users/update", users=[{"id": first["id"], "first_name": "Kim"}, {"id": 5}])
    assert told == (404, "not_found", "users[1].id: there is no such user.")
    assert first == before


async def test_members_of_a_tests_own_are_users_too(caller: Caller) -> None:
    caller.team.members = [{"id": 7, "name": "Kim"}, {"name": "without an id"}, "nobody", {"id": 8, "name": None}]
    assert [(user["id"], user["name"], user["email"]) for user in await users(caller)] == [
        (7, "Kim", "user7@example.com"),
        (8, "", "user8@example.com"),
    ]
    await caller.post("/v1/users/update", users=[{"id": 8, "first_name": "Lou"}])
    assert caller.team.members[3]["name"] == "Lou"
    caller.team.members = None
    assert await users(caller) == []


async def test_contact_fields_are_made_once(caller: Caller) -> None:
    known = await caller.post("/v1/contact-fields")
    assert [field["title"] for field in known] == ["Account number", "Birthday", "Plan"]
    answer = await caller.call("POST", "/v1/contacts/fields", [{"title": "Size"}, {"title": "PLAN"}, {"title": "Size"}])
    made, plan, again = answer.json
    assert made == {"id": made["id"], "title": "Size", "duplicate": False}
    assert plan == {**known[2], "duplicate": True}
    assert again == {**made, "duplicate": True}
    assert await caller.post("/v1/contact-fields") == [*known, {"id": made["id"], "title": "Size"}]


async def test_a_contact_field_needs_a_title(caller: Caller) -> None:
    answer = await caller.call("POST", "/v1/contacts/fields", [{"title": "Size"}, {"title": " "}])
    assert (answer.status, answer.json["message"]) == (400, "[1].title: must not be empty.")
    assert len(caller.team.contact_fields) == 3
    assert (await caller.call("POST", "/v1/contacts/fields", [])).json == []


async def test_contact_fields_can_come_in_a_wrapper() -> None:
    async with calls(Variants(contact_fields_in_wrapper=True)) as caller:
        assert len((await caller.post("/v1/contact-fields"))["contact_fields"]) == 3


TEMPLATE = {"title": "Welcome", "content": {"text": "Hello {{first_name}}"}}


async def test_a_template_is_written_with_a_title_and_read_with_a_name(caller: Caller) -> None:
    made = await caller.post("/v1/template", **TEMPLATE, local_id="t-1", archived=True)
    assert made == {"id": made["id"], "rev": 1, "uuid": "t-1"}
    path = f"/v1/template/{made['id']}"
    shown = await caller.get(path)
    assert "title" not in shown
    assert (shown["name"], shown["content"]) == ("Welcome", {"text": "Hello {{first_name}}", "gallery": []})
    caller.clock.advance(60)
    picture = {"url": "https://files.example.com/a.jpg", "annotation_text": "Front"}
    assert await caller.put(path, title="Bye", content={"gallery": [picture]}) == {"id": made["id"], "rev": 2}
    after = await caller.get(path)
    assert after["content"] == {"text": "", "gallery": [picture]}
    assert (after["name"], after["archived"], after["local_id"], after["rev"]) == ("Bye", True, "t-1", 2)
    assert after["updated"] > after["created"]
    assert await caller.delete(path) == "ok"
    assert (await caller.refused(path, "GET"))[::2] == (404, "id: there is no such template.")
    assert (await caller.refused(path, "DELETE"))[0] == 404
    assert (await caller.refused(path, "PUT", **TEMPLATE))[0] == 404


async def test_a_template_gets_a_local_id_of_its_own(caller: Caller) -> None:
    made = await caller.post("/v1/template", **TEMPLATE)
    shown = await caller.get(f"/v1/template/{made['id']}")
    assert (shown["local_id"], shown["archived"]) == (made["uuid"], False)


async def test_a_template_needs_a_title_and_content(caller: Caller) -> None:
    assert (await caller.refused("/v1/template", title="Welcome"))[2] == "content: is required."
    assert (await caller.refused("/v1/template", **{**TEMPLATE, "title": ""}))[2] == "title: must not be empty."
    told = await caller.refused("/v1/template", title="Welcome", content={"txt": "Hello"})
    assert told[2] == "Unknown key txt in content; did you mean text?"
    assert (await caller.refused("/v1/template", name="Welcome", content={}))[2].startswith("Unknown key name; ")


@pytest.mark.parametrize("noun", ["template", "tag"])
async def test_templates_and_tags_are_listed_newest_first(caller: Caller, noun: str) -> None:
    records = caller.team.templates if noun == "template" else caller.team.tags
    body = TEMPLATE if noun == "template" else {"tag": "Late"}
    for _ in range(40):
        caller.clock.advance(1)
        await caller.post(f"/v1/{noun}", **body)
    first = await caller.post(f"/v1/{noun}s")
    assert len(first) == 30
    rest = await caller.post(f"/v1/{noun}s", date=first[-1]["updated"])
    assert [one["id"] for one in first + rest][:40] == [*records][:-41:-1]
    assert await caller.post(f"/v1/{noun}s", date="2020-01-01T00:00:00Z") == []
    assert (await caller.refused(f"/v1/{noun}s", date="soon"))[0] == 400


async def test_a_tag_has_a_label_and_a_colour(caller: Caller) -> None:
    made = await caller.post("/v1/tag", tag="Big", color="#00ff7F")
    assert made == {"id": made["id"], "rev": 1, "uuid": made["uuid"]}
    shown = await caller.get(f"/v1/tag/{made['id']}")
    assert (shown["tag"], shown["color"], shown["rev"]) == ("Big", "#00ff7F", 1)
    grey = await caller.post("/v1/tag", tag="Big")
    assert (await caller.get(f"/v1/tag/{grey['id']}"))["color"] == "#8A8A8A"
    assert await caller.delete(f"/v1/tag/{made['id']}") == "ok"
    assert (await caller.refused(f"/v1/tag/{made['id']}", "GET"))[0] == 404
    assert (await caller.refused(f"/v1/tag/{made['id']}", "DELETE"))[0] == 404
    assert (await caller.refused("/v1/tag", tag=""))[2] == "tag: must not be empty."
    assert (await caller.refused("/v1/tag", tag="Big", color="gold"))[2] == "color: must be a colour such as #FFD700."


async def test_a_deleted_tag_leaves_its_contacts(caller: Caller) -> None:
    contact = next(iter(caller.team.contacts.values()))
    path = f"/v1/contact/{contact['id']}"
    first, second = (await caller.get(path))["tags"]
    await caller.delete(f"/v1/tag/{first['id']}")
    assert (await caller.get(path))["tags"] == [second]


@pytest.mark.parametrize("first", [0, 1])
async def test_surveys_come_in_pages(first: Any) -> None:
    async with calls(Variants(surveys_first_page=first)) as caller:
        everything = await caller.post("/v1/surveys")
        assert [survey["type"] for survey in everything] == ["nps", "csat", "csat"]
        assert await caller.post("/v1/surveys", limit=2, page=first) == everything[:2]
        assert await caller.post("/v1/surveys", limit=2, page=first + 1) == everything[2:]
        assert await caller.post("/v1/surveys", limit=2, page=first + 2) == []
        assert await caller.get(f"/v1/survey/{everything[1]['id']}") == everything[1]
        assert (await caller.refused("/v1/survey/5", "GET"))[::2] == (404, "id: there is no such survey.")
        sent = await caller.send(phone_number="14155550150", survey_id=everything[0]["id"])
        assert caller.team.messages[sent["id"]]["text"] == everything[0]["question"]


async def test_empty_lists_can_be_null() -> None:
    async with calls(Variants(null_for_empty=True)) as caller:
        caller.team.contacts.clear()
        for noun in (caller.team.tags, caller.team.templates, caller.team.surveys, caller.team.contact_fields):
            noun.clear()
        for path in ("contacts", "tags", "templates", "surveys", "contact-fields"):
            assert await caller.post(f"/v1/{path}") is None
        assert await caller.post("/v2/contacts/list") is None
        assert await caller.post("/v2/contacts", contacts=[]) == {"contacts": None, "failed_contacts": None}
        assert (await caller.call("POST", "/v1/batch/contacts", [])).json is None
        assert (await caller.call("POST", "/v1/contacts/fields", [])).json is None
