"""Lists: how they are made, changed and dropped, and how version 1 reads them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from arguments_support import (
    FLAGS,
    IDS,
    MANY_PHONES,
    OPTIONAL_TEXTS,
    PHONES,
    TEXTS,
    TIMES,
    called,
    refused,
    table,
)
from contract_support import declared_in, operations_of
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import UNSET, AsyncSession, BroadcastList, ListDeletion, NotFound, WriteResult
from heymarket_async.auth import ApiSecret
from heymarket_async.calls import Effect
from heymarket_async.resources import lists as module
from heymarket_async.resources import lists_v1
from heymarket_async.resources.lists import CREATE_LIST, DELETE_LIST, UPDATE_LIST, Lists
from heymarket_async.resources.lists_v1 import (
    CREATE_LIST_V1,
    DELETE_LIST_V1,
    GET_LIST_V1,
    LIST_LISTS_V1,
    UPDATE_LIST_V1,
    ListsV1,
)

MANY_IDS = [5, "5", {5}, None, *([5, value] for value in IDS)]
NUMBERS = [*MANY_PHONES, None, *(["+15105550101", value] for value in PHONES)]
ADDRESSES = ["a@example.com", None, ["a@example.com", "b"], [5]]
MEMBERS = {"+1 415 555 0134": {"first_name": "Alice", "last_name": "Stone"}}
WRONG_MEMBERS = [
    {},
    [],
    5,
    {"0101": {}},
    {5: {}},
    {"+14155550134": None},
    {"+14155550134": "Alice"},
    {"+14155550134": {"f": "Alice"}},
    {"+14155550134": {"first_name": ""}},
    {"+14155550134": {"first_name": 5}},
    {"+14155550134": {}, "1 415 555 0134": {}},
]


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def lists(runner):
    return Lists(runner)


@pytest.mark.parametrize("operation", operations_of(module) + operations_of(lists_v1), ids=lambda one: one.name)
def test_the_operation_is_that_of_the_contract(operation, contract):
    assert declared_in(contract, operation)


class TestCreate:
    async def test_it_asks_as_the_guide_does(self, runner, lists, example):
        await lists.create(
            name="April Reminders",
            local_id="april-reminders-2026",
            contact_ids=[98765, 98766],
            phone_numbers=["+1 415 555 0144", "14155550155"],
        )
        assert runner.body == example("create_list.request.guide")
        assert (runner.call.operation, runner.call.path) == (CREATE_LIST, "/v2/lists")

    async def test_it_asks_as_the_reference_does(self, runner, lists, example):
        wanted = example("create_list.request.reference")
        await lists.create(
            name="My VIP Contacts", omnichannel=True, local_id=wanted["local_id"], contact_ids=(1001, 1002, 1003)
        )
        assert runner.body == wanted

    async def test_each_list_has_an_identifier_of_its_own(self, runner, lists):
        await lists.create(name="A", emails=["a@example.com"])
        await lists.create(name="A", emails=["a@example.com"])
        first, second = (call.body.pop("local_id") for call in runner.calls)
        assert uuid.UUID(first) != uuid.UUID(second)
        assert runner.calls[0].body == {"title": "A", "emails": ["a@example.com"]}

    def test_it_is_not_repeated_when_nobody_knows_whether_it_was_made(self):
        assert CREATE_LIST.effect is Effect.SENDS

    @table(
        name=TEXTS,
        contact_ids=[[], *(value for value in MANY_IDS if value is not None)],
        phone_numbers=[value for value in NUMBERS[1:] if value is not None],
        emails=[[], *(value for value in ADDRESSES if value is not None)],
        omnichannel=FLAGS,
        local_id=OPTIONAL_TEXTS,
    )
    async def test_what_makes_no_sense_is_refused(self, runner, lists, argument, value):
        await refused(runner, argument, lambda: lists.create(**{"name": "A", argument: value}))


class TestUpdate:
    async def test_it_asks_as_the_vendor_does(self, runner, lists, example):
        await lists.update(42, name="Updated VIP List", add_contact_ids=[1004, 1005], remove_contact_ids=[1001])
        assert runner.body == example("update_list.request")
        assert (runner.call.operation, runner.call.path) == (UPDATE_LIST, "/v2/lists/42")

    async def test_it_can_say_who_is_on_it(self, runner, lists):
        await lists.update(42, contact_ids=[], phone_numbers=["+1 415 555 0144"], emails=["a@example.com"])
        assert runner.body == {"contacts": [], "phones": ["14155550144"], "emails": ["a@example.com"]}

    async def test_it_can_say_who_comes_and_goes(self, runner, lists):
        await lists.update(
            42,
            name=UNSET,
            add_phone_numbers=["+14155550144"],
            remove_phone_numbers=["+14155550155"],
            add_emails=["a@example.com"],
            remove_emails=["b@example.com"],
        )
        assert runner.body == {
            "add_phones": ["14155550144"],
            "remove_phones": ["14155550155"],
            "add_emails": ["a@example.com"],
            "remove_emails": ["b@example.com"],
        }

    @table(
        list_id=IDS,
        name=TEXTS,
        contact_ids=MANY_IDS,
        phone_numbers=[value for value in NUMBERS if value != []][1:],
        emails=ADDRESSES,
        add_contact_ids=[[], *MANY_IDS],
        remove_contact_ids=[[], *MANY_IDS],
        add_phone_numbers=NUMBERS[1:],
        remove_phone_numbers=NUMBERS[1:],
        add_emails=[[], *ADDRESSES],
        remove_emails=[[], *ADDRESSES],
    )
    async def test_what_makes_no_sense_is_refused(self, runner, lists, argument, value):
        await refused(runner, argument, lambda: lists.update(**{"list_id": 42, argument: value}))

    @pytest.mark.parametrize("changes", [{}, {"name": UNSET}])
    async def test_nothing_to_change_is_a_mistake(self, runner, lists, changes):
        await refused(runner, "changes", lambda: lists.update(42, **changes))

    @pytest.mark.parametrize(
        "part",
        [{"add_contact_ids": [1]}, {"remove_phone_numbers": ["+14155550144"]}, {"add_emails": ["a@example.com"]}],
    )
    async def test_members_are_said_in_whole_or_in_part(self, runner, lists, part):
        await refused(runner, "contact_ids", lambda: lists.update(42, contact_ids=[], **part))

    async def test_who_comes_cannot_go(self, runner, lists):
        for kind, value in (
            ("contact_ids", 1),
            ("phone_numbers", "+14155550144"),
            ("emails", "a@example.com"),
        ):
            members = {f"add_{kind}": [value], f"remove_{kind}": [value]}
            await refused(runner, f"remove_{kind}", lambda members=members: lists.update(42, **members))


class TestDelete:
    async def test_it_asks_as_the_vendor_does(self, runner, lists, example):
        assert await lists.delete(42, contact_ids=[1002, 1003]) == ListDeletion()
        assert runner.body == example("delete_list.request")
        assert (runner.call.operation, runner.call.path) == (DELETE_LIST, "/v2/lists/42")

    async def test_it_needs_no_body(self, runner, lists):
        await lists.delete(42)
        assert runner.body is UNSET

    @table(list_id=IDS, contact_ids=[[], *(value for value in MANY_IDS if value is not None)])
    async def test_what_makes_no_sense_is_refused(self, runner, lists, argument, value):
        await refused(runner, argument, lambda: lists.delete(**{"list_id": 42, argument: value}))


@pytest.mark.filterwarnings("ignore:The vendor gives up version 1:DeprecationWarning")
class TestVersion1:
    async def test_lists_are_read(self, runner, lists):
        assert await lists.v1.list(before=datetime(2026, 11, 1, 12, tzinfo=UTC)).page() == ()
        await lists.v1.get(42)
        listed, got = runner.calls
        assert (listed.operation, listed.body) == (LIST_LISTS_V1, {"date": "2026-11-01T12:00:00Z"})
        assert (got.operation, got.path) == (GET_LIST_V1, "/v1/list/42")
        await lists.v1.list().page()
        assert runner.calls[2].body == {}

    async def test_a_list_is_made(self, runner, lists):
        await lists.v1.create(name="VIP", members=MEMBERS)
        await lists.v1.create(name="VIP")
        assert [call.body for call in runner.calls] == [
            {"title": "VIP", "members": {"14155550134": {"f": "Alice", "l": "Stone"}}},
            {"title": "VIP"},
        ]
        assert runner.calls[0].operation is CREATE_LIST_V1

    async def test_a_list_is_changed_as_integrators_do(self, runner, lists, example):
        await lists.v1.update(42, name="VIP", add_phone_number="+1 415 555 0134", members=MEMBERS)
        await lists.v1.update(42, remove_phone_number="+1 415 555 0134")
        assert [call.body for call in runner.calls] == [
            example("update_list_v1.request"),
            {"remove_phone": "14155550134"},
        ]
        assert {(call.operation, call.path) for call in runner.calls} == {(UPDATE_LIST_V1, "/v1/list/42")}

    async def test_a_list_is_dropped(self, runner, lists):
        assert await lists.v1.delete(42) == "ok"
        assert (runner.call.operation, runner.call.path) == (DELETE_LIST_V1, "/v1/list/42")

    @pytest.mark.parametrize("method", ["get", "delete"])
    @pytest.mark.parametrize("value", IDS)
    async def test_an_id_that_makes_no_sense_is_refused(self, runner, lists, method, value):
        await refused(runner, "list_id", lambda: getattr(lists.v1, method)(value))

    @table(before=TIMES, limit=[0, "5"], cursor=["", 5])
    async def test_a_listing_that_makes_no_sense_is_refused(self, runner, lists, argument, value):
        await refused(runner, argument, lambda: lists.v1.list(**{argument: value}))

    @table(name=TEXTS, members=WRONG_MEMBERS)
    async def test_a_list_that_makes_no_sense_is_refused(self, runner, lists, argument, value):
        await refused(runner, argument, lambda: lists.v1.create(**{"name": "VIP", argument: value}))

    @table(
        list_id=IDS,
        name=TEXTS,
        add_phone_number=[*PHONES, None],
        remove_phone_number=[*PHONES, None],
        members=[*WRONG_MEMBERS, None],
    )
    async def test_a_change_that_makes_no_sense_is_refused(self, runner, lists, argument, value):
        await refused(runner, argument, lambda: lists.v1.update(**{"list_id": 42, argument: value}))

    async def test_nothing_to_change_is_a_mistake(self, runner, lists):
        await refused(runner, "changes", lambda: lists.v1.update(42))

    async def test_lists_live_in_the_sandbox(self, sandboxed):
        made = await sandboxed.lists.v1.create(name="VIP", members=MEMBERS)
        await sandboxed.lists.v1.update(made.id, add_phone_number="+1 415 555 0176")
        one = await sandboxed.lists.v1.get(made.id)
        assert (one.name, one.targets["14155550134"]) == ("VIP", {"f": "Alice", "l": "Stone"})
        assert set(one.targets) == {"14155550134", "14155550176"}
        assert one in await sandboxed.lists.v1.list().collect()
        assert await sandboxed.lists.v1.delete(made.id) == "ok"
        with pytest.raises(NotFound):
            await sandboxed.lists.v1.get(made.id)

    async def test_what_version_2_makes_can_be_read(self, sandboxed):
        made = await sandboxed.lists.create(name="VIP", phone_numbers=["+1 415 555 0134"], local_id="vip")
        await sandboxed.lists.update(
            made.id, name="VIPs", add_phone_numbers=["+14155550176"], remove_phone_numbers=["+14155550134"]
        )
        one = await sandboxed.lists.v1.get(made.id)
        assert (one.name, one.local_id, list(one.targets)) == ("VIPs", "vip", ["14155550176"])
        assert await sandboxed.lists.delete(made.id) == ListDeletion(id=made.id, deleted=True)


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (lambda old: old.list(), "no other way"),
        (lambda old: old.get(42), "no other way"),
        (lambda old: old.create(name="A"), "lists.create"),
        (lambda old: old.update(42, name="A"), "lists.update"),
        (lambda old: old.delete(42), "lists.delete"),
    ],
    ids=["list", "get", "create", "update", "delete"],
)
async def test_version_1_warns_and_says_what_to_use(runner, call, instead):
    with pytest.warns(DeprecationWarning, match=instead) as caught:
        await called(lambda: call(ListsV1(runner)))
    assert caught[0].filename == __file__
    assert runner.call.operation.deprecated


class TestReplies:
    def test_writes(self, example_bytes):
        made = read(CREATE_LIST, example_bytes("create_list.response"))
        assert made == WriteResult(id=42, rev=1, uuid="dc3deb9b-940a-444d-9d0e-8e3087a160e9")
        assert read(UPDATE_LIST, example_bytes("update_list.response")) == WriteResult(id=42, rev=2)
        assert read(DELETE_LIST, example_bytes("delete_list.response")) == ListDeletion(id=42, deleted=True)
        for operation in (CREATE_LIST, UPDATE_LIST, CREATE_LIST_V1, UPDATE_LIST_V1):
            assert read(operation, b"{}") == WriteResult()
        assert read(DELETE_LIST_V1, b'"ok"') == "ok"

    def test_lists_of_version_1(self):
        body = (
            b'{"id": 42, "name": "VIP", "local_id": "vip", "targets": {"14155550134": {"f": "Alice", "l": "Stone"}},'
            b' "team_id": 7, "creator_id": 5, "shared": true, "created": "2026-01-01T00:00:00Z",'
            b' "updated": "2026-01-02T00:00:00Z", "rev": 1, "archived": false}'
        )
        one = read(GET_LIST_V1, body)
        assert fields_that_came(one) == set(BroadcastList.__slots__) - {"extra"}
        assert one.targets == {"14155550134": {"f": "Alice", "l": "Stone"}}
        assert "14155550134" not in repr(one)
        assert read(LIST_LISTS_V1, b'{"lists": [' + body + b"]}") == (one,)


def test_a_session_has_them():
    lists = AsyncSession(ApiSecret("id", "key")).lists
    assert (type(lists), type(lists.v1)) == (Lists, ListsV1)
