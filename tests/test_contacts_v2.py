"""Contacts by UUID: how they are found, written and dropped, with their channels."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arguments_support import FLAGS, MANY_PHONES, OPTIONAL_TEXTS, PHONES, TEXTS, TIMES, refused, table
from contract_support import declared_in, operations_of
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import (
    UNSET,
    ArgumentError,
    AsyncSession,
    Contact,
    ContactChannel,
    ContactField,
    NotFound,
    SavedContact,
)
from heymarket_async.auth import ApiSecret
from heymarket_async.calls import Effect
from heymarket_async.resources import contact_channels
from heymarket_async.resources import contacts_v2 as module
from heymarket_async.resources.contact_channels import CREATE_CONTACT_CHANNEL_V2, UPDATE_CONTACT_CHANNEL_V2
from heymarket_async.resources.contact_fields import LIST_CONTACT_FIELDS
from heymarket_async.resources.contacts_v2 import (
    BULK_DELETE_CONTACTS_V2,
    BULK_UPSERT_CONTACTS_V2,
    CREATE_CONTACT_V2,
    DELETE_CONTACT_V2,
    GET_CONTACT_V2,
    LIST_CONTACTS_V2,
    SEARCH_CONTACTS_V2,
    UPDATE_CONTACT_V2,
    ContactsV2,
)
from heymarket_async.sandbox import Sandbox, Variants

UUID = "a1b2c3d4-e5f6-4890-abcd-ef1234567890"
UUIDS = ["", "5", 5, None, UUID[:-1], UUID + "0", UUID + "\n", UUID.replace("-", ""), f"{{{UUID}}}", "../v1/contact/5"]
PHONE = {"channel_type": "phone", "channel_id": "+1 415 555 0134"}
EMAIL = {"channel_type": "email", "channel_id": "sam@example.com"}
CHANNELS = [PHONE, EMAIL]
ON_THE_WIRE = [{"channel_type": "phone", "channel_id": "14155550134"}, EMAIL]
# How the vendor's full example reads in this library's words.
ALL_VALUES = {
    "phone_number": "+1 415 555 0100",
    "avatar": "https://files.example.com/img.jpg",
    "custom": {},
    "display_name": "Sam Reed",
    "email": "sam@example.com",
    "first_name": "Sam",
    "last_name": "Reed",
    "assignee_id": 42,
    "tags": (1, 2),
    "is_opted_out": True,
    "email_suppressions": (123,),
}
WRONG_CHANNELS = [
    [],
    {},
    None,
    PHONE,
    [None],
    ["+14155550134"],
    [{}],
    [{"channel_type": "phone"}],
    [{"channel_id": "+14155550134"}],
    [{"channel_type": "phone", "channel_ids": []}],
    [{"channel_type": "phone", "channel_ids": "+14155550134"}],
    [{"channel_type": "phone", "channel_ids": ["0101"]}],
    [{"channel_type": "phone", "channel_id": "0101"}],
    [{"channel_type": "email", "channel_id": "sam"}],
    [{"channel_type": "facebook", "channel_id": ""}],
    [{"channel_type": 5, "channel_id": "sam"}],
    [PHONE, EMAIL | {"channel_handle": 5}],
    [PHONE, EMAIL | {"info_channel": None}],
    [PHONE, EMAIL | {"chanel_handle": ""}],
    [PHONE, EMAIL | {5: ""}],
]
WRONG_VALUES = {
    "first_name": OPTIONAL_TEXTS,
    "email": ["sam"],
    "tags": [[1] * 6],
    "assignee_id": [0],
    "custom": [{12: 5}],
}


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def contacts(runner):
    return ContactsV2(runner)


@pytest.mark.parametrize("operation", operations_of(module) + operations_of(contact_channels), ids=lambda one: one.name)
def test_the_operation_is_that_of_the_contract(operation, contract):
    assert declared_in(contract, operation)


class TestList:
    async def test_it_asks_as_the_vendor_does(self, runner, contacts, example):
        await contacts.list(updated_after=datetime(2024, 1, 1, tzinfo=UTC), page_size=30).page()
        assert runner.calls[0].body == example("list_contacts_v2.request")
        assert runner.calls[0].operation is LIST_CONTACTS_V2

    async def test_it_can_go_upwards(self, runner, contacts):
        await contacts.list(ascending=True).page()
        assert runner.calls[0].body == {"page": 0, "ascending": True}

    async def test_page_comes_after_page(self):
        some = (Contact(id=1), Contact(id=2))
        runner = FakeRunner(some, (Contact(id=3),))
        assert [contact.id for contact in await ContactsV2(runner).list(page_size=2).collect()] == [1, 2, 3]
        assert [call.body["page"] for call in runner.calls[:2]] == [0, 1]

    @table(
        updated_after=TIMES,
        ascending=FLAGS,
        limit=[0, -1, True, "5"],
        page_size=[0, 101, "30"],
        cursor=["", "{}", 5],
    )
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        await refused(runner, argument, lambda: contacts.list(**{argument: value}))


class TestSearch:
    async def test_it_asks_as_the_vendor_does(self, runner, contacts, example):
        assert await contacts.search(phone_numbers=["+1 415 555 0134", "14155550176"]) == ()
        await contacts.search(emails=("alice@example.com", "bob@example.com"))
        await contacts.search(channel_ids=["14155550134"])
        assert [call.body for call in runner.calls] == [
            example("search_contacts_v2.request.phone"),
            example("search_contacts_v2.request.email"),
            example("search_contacts_v2.request.untyped"),
        ]
        assert {call.operation for call in runner.calls} == {SEARCH_CONTACTS_V2}

    async def test_all_kinds_go_in_one_request(self, runner, contacts):
        await contacts.search(phone_numbers=["+14155550134"], emails=["a@example.com"], channel_ids=["x"])
        assert [one.get("channel_type") for one in runner.body["contact_channels"]] == ["phone", "email", None]

    @table(
        phone_numbers=[*MANY_PHONES[1:], *([phone] for phone in PHONES)],
        emails=[[], "a@example.com", ["a"], [5]],
        channel_ids=[[], "x", [""], [5]],
    )
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        await refused(runner, argument, lambda: contacts.search(**{argument: value}))

    async def test_there_must_be_something_to_search(self, runner, contacts):
        await refused(runner, "phone_numbers", contacts.search)


@pytest.mark.parametrize(("method", "operation"), [("get", GET_CONTACT_V2), ("delete", DELETE_CONTACT_V2)])
class TestOneContact:
    async def test_it_is_named_by_its_uuid(self, runner, contacts, method, operation):
        await getattr(contacts, method)(UUID)
        assert (runner.call.operation, runner.call.path) == (operation, f"/v2/contact/{UUID}")

    @pytest.mark.parametrize("value", UUIDS)
    async def test_anything_else_is_refused(self, runner, contacts, method, operation, value):
        await refused(runner, "contact_id", lambda: getattr(contacts, method)(value))


class TestCreate:
    async def test_it_asks_with_channels(self, runner, contacts):
        assert await contacts.create(channels=CHANNELS, first_name="Sam", last_name=None) == SavedContact()
        assert runner.body == {"first": "Sam", "contact_channels": ON_THE_WIRE}
        assert (runner.call.operation, runner.call.path) == (CREATE_CONTACT_V2, "/v2/contact")
        assert CREATE_CONTACT_V2.effect is Effect.SENDS

    async def test_it_can_write_all_that_the_vendor_can(self, runner, contacts, example):
        await contacts.create(channels=[PHONE], **ALL_VALUES)
        assert runner.body == example("update_contact_v2.request") | {"contact_channels": ON_THE_WIRE[:1]}

    async def test_titles_of_custom_fields_are_looked_up(self):
        runner = FakeRunner((ContactField(id=12, title="Size"),))
        await ContactsV2(runner).create(channels=[PHONE], custom={"Size": "9"})
        assert [call.operation for call in runner.calls] == [LIST_CONTACT_FIELDS, CREATE_CONTACT_V2]
        assert runner.calls[1].body["custom"] == {"12": "9"}

    @table(channels=WRONG_CHANNELS, phone_number=PHONES, **WRONG_VALUES)
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        await refused(runner, argument, lambda: contacts.create(**{"channels": CHANNELS, argument: value}))


class TestUpdate:
    async def test_it_asks_as_the_vendor_does(self, runner, contacts, example):
        await contacts.update(UUID, **ALL_VALUES)
        assert runner.body == example("update_contact_v2.request")
        assert (runner.call.operation, runner.call.path) == (UPDATE_CONTACT_V2, f"/v2/contact/{UUID}")

    async def test_none_clears_and_unset_leaves(self, runner, contacts):
        await contacts.update(
            UUID, channels=[PHONE], phone_number=UNSET, first_name=UNSET, last_name=None, assignee_id=None
        )
        assert runner.body == {"last": "", "assignee_id": -1, "contact_channels": ON_THE_WIRE[:1]}

    @table(contact_id=UUIDS, channels=WRONG_CHANNELS, phone_number=[*PHONES, None], **WRONG_VALUES, is_opted_out=FLAGS)
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        arguments = {"contact_id": UUID, argument: value}
        await refused(runner, argument, lambda: contacts.update(**arguments))

    @pytest.mark.parametrize("values", [{}, {"first_name": UNSET}])
    async def test_nothing_to_write_is_a_mistake(self, runner, contacts, values):
        await refused(runner, "values", lambda: contacts.update(UUID, **values))


class TestUpsertMany:
    async def test_it_asks_as_the_vendor_does(self, runner, contacts, example):
        channel = PHONE | {"channel_ids": [], "channel_handle": "", "info_channel": ""}
        await contacts.upsert_many([ALL_VALUES | {"channels": [channel]}])
        assert runner.body == example("bulk_upsert_contacts_v2.request")
        assert (runner.call.operation, runner.call.path) == (BULK_UPSERT_CONTACTS_V2, "/v2/contacts")
        assert BULK_UPSERT_CONTACTS_V2.effect is Effect.SENDS

    async def test_a_uuid_tells_an_update_from_a_create(self, runner, contacts):
        await contacts.upsert_many(
            [
                {"contact_id": UUID, "first_name": None, "last_name": UNSET},
                {"contact_id": None, "channels": CHANNELS, "first_name": None, "phone_number": None},
                {"channels": [{"channel_type": "facebook", "channel_ids": ["sam", "reed"], "channel_handle": "s"}]},
            ]
        )
        assert runner.body == {
            "contacts": [
                {"contact_id": UUID, "first": ""},
                {"contact_channels": ON_THE_WIRE},
                {
                    "contact_channels": [
                        {"channel_type": "facebook", "channel_ids": ["sam", "reed"], "channel_handle": "s"}
                    ]
                },
            ]
        }

    async def test_rows_go_in_batches_and_titles_are_looked_up_once(self):
        runner = FakeRunner((ContactField(id=12, title="Size"),))
        await ContactsV2(runner).upsert_many([{"contact_id": UUID, "custom": {"Size": "9"}}] * 3, batch_size=2)
        assert [len(call.body["contacts"]) for call in runner.calls[1:]] == [2, 1]

    async def test_a_row_with_an_unknown_title_is_named(self):
        with pytest.raises(ArgumentError) as caught:
            await ContactsV2(FakeRunner()).upsert_many([{"contact_id": UUID, "custom": {"Size": "9"}}])
        assert caught.value.argument == "contacts[0].custom"

    @table(
        contacts=[
            [],
            {},
            None,
            [None],
            [{}],
            [{"first_name": "Sam"}],
            [{"contact_id": "5"}],
            [{"contact_id": UUID, "phone": "+14155550134"}],
            [{"contact_id": UUID, "phone_number": "0101"}],
            [{"contact_id": UUID, "chanels": CHANNELS}],
            *([{"channels": channels}] for channels in WRONG_CHANNELS),
            *([{"contact_id": UUID, name: values[0]}] for name, values in WRONG_VALUES.items()),
        ],
        batch_size=[0, -1, 1001, True, "10", None],
    )
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        arguments = {"contacts": [{"contact_id": UUID}], argument: value}
        await refused(runner, argument, lambda: contacts.upsert_many(**arguments))


class TestDeleteMany:
    async def test_it_asks_as_the_vendor_does(self, runner, contacts, example):
        """But for the ids: those of the vendor's example are no UUIDs."""
        uuids = [UUID, UUID.upper()]
        assert await contacts.delete_many(uuids) == "ok"
        wanted = example("bulk_delete_contacts_v2.request")
        wanted["contact_channels"][0]["channel_ids"] = uuids
        assert runner.body == wanted
        assert runner.call.operation is BULK_DELETE_CONTACTS_V2

    @table(contact_ids=[[], UUID, {UUID}, None, *([UUID, value] for value in UUIDS)])
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        await refused(runner, argument, lambda: contacts.delete_many(value))


@pytest.mark.parametrize(
    ("method", "operation"),
    [("create_channel", CREATE_CONTACT_CHANNEL_V2), ("update_channel", UPDATE_CONTACT_CHANNEL_V2)],
)
class TestChannels:
    async def test_it_asks_as_the_vendor_does(self, runner, contacts, example, method, operation):
        assert await getattr(contacts, method)(UUID, channel_type="phone", channel_id="+1 415 555 0134") == ()
        assert runner.body == example("create_contact_channel_v2.request")
        assert (runner.call.operation, runner.call.path) == (operation, f"/v2/contact/{UUID}/channel")

    @table(
        contact_id=UUIDS,
        channel_type=TEXTS,
        channel_id=PHONES,
    )
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, method, operation, argument, value):
        arguments = {"contact_id": UUID, "channel_type": "phone", "channel_id": "+14155550134", argument: value}
        await refused(runner, argument, lambda: getattr(contacts, method)(**arguments))

    @pytest.mark.parametrize(("kind", "value"), [("email", "sam"), ("facebook", ""), ("facebook", 5)])
    async def test_addresses_are_checked_by_kind(self, runner, contacts, method, operation, kind, value):
        call = getattr(contacts, method)
        await refused(runner, "channel_id", lambda: call(UUID, channel_type=kind, channel_id=value))


class TestReplies:
    def test_contacts(self, example_bytes):
        (listed,) = read(LIST_CONTACTS_V2, example_bytes("list_contacts_v2.response"))
        assert fields_that_came(listed) >= {"id", "phone", "first_name", "custom", "notes", "assignee_id", "updated"}
        (found,) = read(SEARCH_CONTACTS_V2, example_bytes("search_contacts_v2.response"))
        assert found == Contact(
            id=98765,
            display_name="Alice Stone",
            first_name="Alice",
            last_name="Stone",
            phone="14155550134",
            email="alice@example.com",
            is_opted_out=False,
        )

    @pytest.mark.parametrize("operation", [CREATE_CONTACT_V2, UPDATE_CONTACT_V2])
    def test_saved_contacts(self, operation, example_bytes):
        saved = read(operation, example_bytes("update_contact_v2.response"))
        contact = read(GET_CONTACT_V2, example_bytes("update_contact_v2.response"))
        assert fields_that_came(saved) == fields_that_came(contact)
        assert all(getattr(saved, name) == getattr(contact, name) for name in Contact.__slots__)

    def test_whatever_the_service_says_to_a_write_it_is_no_error(self, example_bytes):
        assert read(CREATE_CONTACT_V2, b"{}") == SavedContact()
        assert read(CREATE_CONTACT_V2, example_bytes("create_contact.response")).uuid == UUID
        assert read(DELETE_CONTACT_V2, b'"ok"') == "ok"
        assert read(BULK_DELETE_CONTACTS_V2, b'"ok"') == "ok"
        assert read(CREATE_CONTACT_CHANNEL_V2, b"[{}]") == (ContactChannel(),)

    @pytest.mark.parametrize("operation", [CREATE_CONTACT_CHANNEL_V2, UPDATE_CONTACT_CHANNEL_V2])
    def test_channels(self, operation, example_bytes):
        noon = datetime(2026, 4, 12, 15, 30, tzinfo=UTC)
        (channel,) = read(operation, example_bytes("create_contact_channel_v2.response"))
        assert channel == ContactChannel(
            id=123,
            team_id=7,
            contact_id=98765,
            channel_type="phone",
            channel_id="14155550134",
            info_channel="",
            channel_handle="",
            created=noon,
            updated=noon,
        )
        assert fields_that_came(channel) == set(ContactChannel.__slots__) - {"extra"}
        assert "14155550134" not in repr(channel)


class TestInTheSandbox:
    @pytest.mark.parametrize("channel_ids", ["integer", "uuid"])
    async def test_a_contact_lives(self, channel_ids):
        variants = Variants(channel_ids=channel_ids, contact_channels=True)
        async with (
            Sandbox(variants=variants) as sandbox,
            AsyncSession(sandbox.secret, base_url=sandbox.url, strict=True) as heymarket,
        ):
            contacts = heymarket.contacts.v2
            made = await contacts.create(channels=CHANNELS, first_name="Sam", last_name="Reed")
            assert made.uuid
            contact = await contacts.get(made.uuid)
            assert (contact.id, contact.phone, contact.email) == (made.id, "14155550134", "sam@example.com")
            assert {one.channel_id for one in contact.contact_channels} == {"14155550134", "sam@example.com"}
            assert await contacts.search(phone_numbers=[PHONE["channel_id"]], emails=[EMAIL["channel_id"]]) == (
                contact,
            )
            assert await contacts.search(channel_ids=["sam@example.com"]) == (contact,)
            saved = await contacts.update(made.uuid, first_name="Max")
            assert (saved.id, saved.first_name, saved.uuid) == (made.id, "Max", made.uuid)
            more = await contacts.create_channel(made.uuid, channel_type="phone", channel_id="+1 415 555 8176")
            assert len(more) == 3
            changed = await contacts.update_channel(made.uuid, channel_type="email", channel_id="max@example.com")
            assert "max@example.com" in [one.channel_id for one in changed]
            assert await contacts.delete(made.uuid) == "ok"
            with pytest.raises(NotFound):
                await contacts.get(made.uuid)

    @pytest.mark.parametrize("first_page", [0, 1])
    @pytest.mark.parametrize("ascending", [True, False])
    async def test_all_are_listed_however_pages_are_counted(self, first_page, ascending):
        async with (
            Sandbox(variants=Variants(contacts_v2_first_page=first_page)) as sandbox,
            AsyncSession(sandbox.secret, base_url=sandbox.url, strict=True) as heymarket,
        ):
            listed = await heymarket.contacts.v2.list(page_size=3, ascending=ascending).collect()
            times = [contact.updated for contact in listed]
            assert len({contact.id for contact in listed}) == len(listed) == await heymarket.contacts.count()
            assert times == sorted(times, reverse=not ascending)

    async def test_many_are_written_and_dropped(self, sandboxed):
        contacts = sandboxed.contacts.v2
        (first,) = (await contacts.upsert_many([{"channels": [PHONE], "first_name": "Sam"}])).rows
        assert first.uuid
        result = await contacts.upsert_many(
            [
                {"contact_id": "a1b2c3d4-0000-4000-8000-000000000000", "first_name": "Nobody"},
                {"contact_id": first.uuid, "first_name": "Max"},
                {"channels": [EMAIL]},
            ]
        )
        assert [row.outcome for row in result.rows] == ["failed", "saved", "saved"]
        assert (result.rows[1].id, result.rows[1].uuid) == (first.id, first.uuid)
        assert (await contacts.get(first.uuid)).first_name == "Max"
        await contacts.delete_many([row.uuid for row in result.saved])
        assert await contacts.search(phone_numbers=[PHONE["channel_id"]], emails=[EMAIL["channel_id"]]) == ()


def test_a_session_has_them():
    assert type(AsyncSession(ApiSecret("id", "key")).contacts.v2) is ContactsV2
