"""Contacts by number or integer id: how they are found, written, amended and dropped."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from arguments_support import (
    FLAGS,
    IDS,
    MANY_PHONES,
    OPTIONAL_IDS,
    OPTIONAL_TEXTS,
    PHONES,
    TIMES,
    URLS,
    called,
    refused,
    table,
)
from contract_support import declared_in, operations_of
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import (
    UNSET,
    ArgumentError,
    AsyncSession,
    BadRequest,
    Contact,
    ContactChannel,
    ContactField,
    ContactNote,
    ContactStatus,
    NotFound,
    ReplyError,
    SavedContact,
    ServerError,
    WriteResult,
)
from heymarket_async.auth import ApiSecret
from heymarket_async.resources import contact_finding, contact_statuses
from heymarket_async.resources import contacts as module
from heymarket_async.resources.contact_fields import LIST_CONTACT_FIELDS
from heymarket_async.resources.contact_finding import GET_CONTACT_BY_PHONE_OR_ID
from heymarket_async.resources.contact_statuses import GET_CONTACT_STATUS, SET_CONTACT_STATUS
from heymarket_async.resources.contacts import (
    BATCH_CREATE_CONTACTS,
    COUNT_CONTACTS,
    CREATE_CONTACT,
    DELETE_CONTACT,
    GET_CONTACT,
    LIST_CONTACTS,
    UPDATE_CONTACT,
    Contacts,
)
from heymarket_async.sandbox import Sandbox, Variants
from heymarket_async.values import Extra

PHONE = "14155550144"
WRITTEN = "+1 (415) 555-0144"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
FIELDS = (ContactField(id=12, title="Favourite colour"), ContactField(id=13, title="Shoe size"))
# How the vendor's full example reads in this library's words.
ALL_VALUES = {
    "avatar": "https://files.example.com/img.jpg",
    "custom": {},
    "display_name": "Sam Reed",
    "email": "sam@example.com",
    "first_name": "Sam",
    "last_name": "Reed",
    "assignee_id": 42,
    "tags": [1, 2],
    "is_opted_out": True,
    "email_suppressions": [123],
}
WRONG_VALUES = {
    "first_name": OPTIONAL_TEXTS,
    "last_name": OPTIONAL_TEXTS,
    "display_name": OPTIONAL_TEXTS,
    "email": ["", "sam", "sam@example", "sam@example.com, eve@example.com", 5],
    "avatar": URLS,
    "custom": [
        5,
        "colour",
        [("colour", "blue")],
        {"": "blue"},
        {" ": "blue"},
        {0: "blue"},
        {-1: "blue"},
        {True: "blue"},
        {1.5: "blue"},
        {None: "blue"},
        {"0": "blue"},
        {12: "blue", "12": "red"},
        {12: 5},
        {12: None},
        {"colour": "\ud83d"},
        {"\ud83d": "blue"},
    ],
    "assignee_id": OPTIONAL_IDS,
    "tags": [5, "55", {1, 2}, [1, 2, 3, 4, 5, 6], [0], ["1"], [None], [{"tag_id": 1}]],
    "is_opted_out": [1, 0, "true", []],
    "email_suppressions": [5, "1", {1}, [0], ["1"]],
}
SAM = Contact(
    id=98765,
    phone=PHONE,
    first_name="Sam",
    last_name="Reed",
    display_name="Sam Reed",
    email="sam@example.com",
    avatar="https://files.example.com/img.jpg",
    custom={"12": "blue"},
    assignee_id=5,
    tags=({"id": 1, "tag": "VIP"}, {"tag_id": 2}, 3, "4"),
    rev=2,
)
SAM_WRITTEN = {
    "phone": PHONE,
    "first": "Sam",
    "last": "Reed",
    "display_name": "Sam Reed",
    "email": "sam@example.com",
    "avatar": "https://files.example.com/img.jpg",
    "custom": {"12": "blue"},
    "assignee_id": 5,
    "tags": [{"tag_id": 1}, {"tag_id": 2}, {"tag_id": 3}, {"tag_id": 4}],
}


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def contacts(runner):
    return Contacts(runner)


@pytest.mark.parametrize(
    "operation",
    [one for each in (module, contact_finding, contact_statuses) for one in operations_of(each)],
    ids=lambda one: one.name,
)
def test_the_operation_is_that_of_the_contract(operation, contract):
    assert declared_in(contract, operation)


class TestList:
    async def test_it_asks_as_the_guide_does(self, runner, contacts, example):
        asked = datetime(2026, 4, 12, 15, 30, tzinfo=UTC)
        assert await contacts.list(before=asked).collect() == ()
        assert runner.body == example("list_contacts.request.cursor")
        assert runner.call.operation is LIST_CONTACTS

    async def test_the_first_page_asks_for_nothing_in_particular(self, runner, contacts):
        await contacts.list().page()
        assert runner.body == {}

    async def test_pages_may_be_larger(self, runner, contacts):
        await contacts.list(page_size=100).page()
        assert runner.body == {"limit": 100}

    @table(before=TIMES, limit=[0, -1, True, "5"], page_size=[0, 1001, "30"], cursor=["", "{}", 5])
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        await refused(runner, argument, lambda: contacts.list(**{argument: value}))


class TestCount:
    async def test_all_are_counted(self, contacts, runner):
        assert await contacts.count() == 0
        assert (runner.call.operation, runner.body) == (COUNT_CONTACTS, {})

    async def test_or_those_changed_after_a_moment(self, contacts, runner):
        await contacts.count(updated_after=NOON)
        assert runner.body == {"date": "2026-11-01T12:00:00Z"}

    @pytest.mark.parametrize("body", [b"1042", b'"1042"', b'{"count": 1042}', b'{"total": "1042"}'])
    def test_a_count_is_a_number_however_it_is_written(self, body):
        assert read(COUNT_CONTACTS, body) == 1042

    @table(updated_after=TIMES)
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        await refused(runner, argument, lambda: contacts.count(**{argument: value}))


@pytest.mark.parametrize(("method", "operation"), [("get", GET_CONTACT), ("delete", DELETE_CONTACT)])
class TestOneContact:
    async def test_it_is_named_by_its_id(self, runner, contacts, method, operation):
        await getattr(contacts, method)(98765)
        assert (runner.call.operation, runner.call.path) == (operation, "/v1/contact/98765")

    @pytest.mark.parametrize("value", IDS)
    async def test_an_id_that_makes_no_sense_is_refused(self, runner, contacts, method, operation, value):
        await refused(runner, "contact_id", lambda: getattr(contacts, method)(value))


class TestFind:
    async def test_a_number_may_be_in_any_writing(self, contacts, runner, example):
        assert await contacts.find(phone_number=WRITTEN) == Contact(id=1)
        assert runner.body == example("get_contact_by_phone_or_id.request")
        assert runner.call.operation is GET_CONTACT_BY_PHONE_OR_ID

    async def test_an_id_goes_as_text(self, contacts, runner):
        await contacts.find(contact_id=98765)
        assert runner.body == {"id": "98765"}

    @pytest.mark.parametrize(
        "answer",
        [
            NotFound("no"),
            BadRequest("no"),
            *(ReplyError("?", text=text) for text in ("", "null\n", "{}", "[]", '""')),
            Contact(id=0),
        ],
        ids=str,
    )
    async def test_where_there_is_none_it_says_none(self, answer):
        assert await Contacts(FakeRunner(answer)).find(phone_number=WRITTEN) is None

    @pytest.mark.parametrize("error", [ServerError("no"), ReplyError("?", text='{"id": "x"}')], ids=str)
    async def test_other_errors_are_errors(self, error):
        with pytest.raises(type(error)):
            await Contacts(FakeRunner(error)).find(phone_number=WRITTEN)


class TestStatus:
    async def test_it_asks_as_the_vendor_does(self, contacts, runner, example):
        await contacts.status(phone_number=WRITTEN)
        assert runner.body == example("get_contact_status.request")
        assert runner.call.operation is GET_CONTACT_STATUS
        assert (await contacts.status(contact_id=5), runner.calls[1].body) == (ContactStatus(), {"id": 5})

    async def test_it_is_set_as_the_vendor_does(self, contacts, runner, example):
        """The vendor's example names the contact twice, which is once too often."""
        wanted = example("set_contact_status.request")
        assert await contacts.set_status("active", phone_number=wanted["phone"]) == "ok"
        await contacts.set_status("active", contact_id=wanted["id"])
        first, second = (call.body for call in runner.calls)
        assert first | second == wanted
        assert first.keys() ^ second.keys() == {"phone", "id"}
        assert runner.calls[0].operation is SET_CONTACT_STATUS

    @pytest.mark.parametrize("status", ["active", "blocked", "unblocked", "subscribed", "unsubscribed"])
    async def test_there_are_five_words(self, contacts, runner, status):
        await contacts.set_status(status, contact_id=5)
        assert runner.body == {"id": 5, "status": status}

    @pytest.mark.parametrize("status", ["", "Active", "opted_out", None, 5, True])
    async def test_and_no_others(self, contacts, runner, status):
        await refused(runner, "status", lambda: contacts.set_status(status, contact_id=5))


@pytest.mark.parametrize(
    "call",
    [
        lambda contacts, **which: contacts.find(**which),
        lambda contacts, **which: contacts.status(**which),
        lambda contacts, **which: contacts.set_status("blocked", **which),
        lambda contacts, **which: contacts.amend(first_name="Sam", **which),
    ],
    ids=["find", "status", "set_status", "amend"],
)
class TestWhichContact:
    @table(contact_id=OPTIONAL_IDS, phone_number=PHONES)
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, call, argument, value):
        await refused(runner, argument, lambda: call(contacts, **{argument: value}))

    async def test_there_must_be_one(self, runner, contacts, call):
        error = await refused(runner, "contact", lambda: call(contacts))
        assert "phone_number" in str(error)
        assert "contact_id" in str(error)

    async def test_and_no_two(self, runner, contacts, call):
        await refused(runner, "contact_id", lambda: call(contacts, contact_id=5, phone_number=WRITTEN))


class TestCreate:
    async def test_it_asks_as_the_guide_does(self, contacts, runner, example):
        await contacts.create(
            phone_number=WRITTEN, first_name="Sam", last_name="Reed", email="sam@example.com", tags=[55, 56]
        )
        assert runner.body == example("create_contact.request.guide")
        assert (runner.call.operation, runner.call.path) == (CREATE_CONTACT, "/v1/contact")

    async def test_it_can_write_all_that_the_vendor_can(self, contacts, runner, example):
        await contacts.create(phone_number="+1 415 555 0100", **ALL_VALUES)
        assert runner.body == example("create_contact.request.full")

    async def test_what_is_none_or_unset_is_left_out(self, contacts, runner):
        await contacts.create(phone_number=WRITTEN, **dict.fromkeys(ALL_VALUES))
        await contacts.create(phone_number=WRITTEN, **dict.fromkeys(ALL_VALUES, UNSET))
        assert [call.body for call in runner.calls] == [{"phone": PHONE}] * 2

    @table(phone_number=[*PHONES, None], **WRONG_VALUES)
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        await refused(runner, argument, lambda: contacts.create(**{"phone_number": WRITTEN, argument: value}))

    async def test_national_numbers_need_a_region(self):
        runner = FakeRunner(default_region="US")
        await Contacts(runner).create(phone_number="(415) 555-0144")
        assert runner.body == {"phone": PHONE}


class TestNamesOfValues:
    @pytest.mark.parametrize(
        ("name", "meant"),
        [("first", "first_name"), ("last", "last_name"), ("frist_name", "first_name"), ("tag", "tags")],
    )
    async def test_a_wrong_one_is_refused_with_the_one_that_was_meant(self, runner, contacts, name, meant):
        error = await refused(runner, name, lambda: contacts.create(phone_number=WRITTEN, **{name: "Sam"}))
        assert f"Did you mean {meant}?" in str(error)

    async def test_where_none_comes_near_all_are_listed(self, runner, contacts):
        error = await refused(runner, "qqq", lambda: contacts.create(phone_number=WRITTEN, qqq=1))
        assert "email_suppressions" in str(error)

    async def test_what_may_be_personal_is_not_shown(self, contacts):
        with pytest.raises(ArgumentError) as caught:
            await contacts.create_many([{"+14155550144": "Sam"}])
        assert "4155550144" not in str(caught.value)
        with pytest.raises(ArgumentError) as caught:
            await contacts.create(phone_number=WRITTEN, custom={"+14155550144": 5})
        assert "4155550144" not in str(caught.value)


class TestCustomFields:
    @pytest.mark.parametrize("custom", [{12: "blue"}, {"12": "blue"}, {"012": "blue"}])
    async def test_ids_need_no_request(self, runner, contacts, custom):
        await contacts.create(phone_number=WRITTEN, custom=custom)
        assert runner.body == {"phone": PHONE, "custom": {"12": "blue"}}

    async def test_titles_are_looked_up_once(self):
        runner = FakeRunner(FIELDS)
        await Contacts(runner).create(
            phone_number=WRITTEN, custom={"Favourite colour": "blue", "Shoe size": "", 9: "x"}
        )
        fields, create = runner.calls
        assert (fields.operation, fields.body) == (LIST_CONTACT_FIELDS, {})
        assert create.body == {"phone": PHONE, "custom": {"12": "blue", "13": "", "9": "x"}}

    @pytest.mark.parametrize(
        ("title", "advice"),
        [
            ("favourite colour", "Did you mean 'Favourite colour'?"),
            ("Favorite color", "Did you mean 'Favourite colour'?"),
            ("SHOE SIZE", "Did you mean 'Shoe size'?"),
            ("Birthday", "contact_fields.create()"),
        ],
    )
    @pytest.mark.parametrize("method", ["create", "update", "amend", "upsert", "create_many"])
    async def test_an_unknown_title_is_refused_because_the_service_would_drop_it(self, method, title, advice):
        runner = FakeRunner(FIELDS)
        contacts = Contacts(runner)
        row = {"phone_number": WRITTEN, "custom": {title: "blue"}}
        call = {
            "update": lambda: contacts.update(5, **row),
            "create_many": lambda: contacts.create_many([{"phone_number": WRITTEN}, row]),
        }.get(method, lambda: getattr(contacts, method)(**row))
        with pytest.raises(ArgumentError) as caught:
            await called(call)
        assert caught.value.argument == ("contacts[1].custom" if method == "create_many" else "custom")
        assert title in str(caught.value)
        assert advice in str(caught.value)
        assert [call.operation for call in runner.calls] == [LIST_CONTACT_FIELDS]

    async def test_a_title_of_several_fields_is_refused(self):
        runner = FakeRunner(
            (ContactField(id=1, title="Size"), ContactField(id=2, title="Size"), ContactField(title="x"))
        )
        with pytest.raises(ArgumentError, match=r"several fields\. .*ids: 1, 2"):
            await Contacts(runner).create(phone_number=WRITTEN, custom={"Size": "9"})

    async def test_a_field_that_is_named_twice_is_refused(self):
        with pytest.raises(ArgumentError, match="12 twice"):
            await Contacts(FakeRunner(FIELDS)).create(phone_number=WRITTEN, custom={"Favourite colour": "a", 12: "b"})


class TestUpdate:
    async def test_it_asks_as_the_guide_does(self, contacts, runner, example):
        await contacts.update(
            98765, phone_number=WRITTEN, first_name="Sam", custom={123: "Premium", "456": "2026-06-01"}
        )
        assert runner.body == example("update_contact.request")
        assert (runner.call.operation, runner.call.path) == (UPDATE_CONTACT, "/v1/contact/98765")
        assert runner.call.query == ()

    async def test_custom_values_may_replace_all_others(self, contacts, runner):
        await contacts.update(5, phone_number=WRITTEN, custom={}, overwrite=True)
        assert runner.body == {"phone": PHONE, "custom": {}}
        assert runner.call.query == (("overwrite", "true"),)

    async def test_none_clears_and_unset_leaves(self, contacts, runner):
        names = ["first_name", "last_name", "display_name", "email", "avatar", "assignee_id", "tags"]
        await contacts.update(5, phone_number=WRITTEN, **dict.fromkeys([*names, "email_suppressions"]))
        assert runner.calls[0].body == {
            "phone": PHONE,
            "first": "",
            "last": "",
            "display_name": "",
            "email": "",
            "avatar": "",
            "assignee_id": -1,
            "tags": [],
            "email_suppressions": [],
        }
        await contacts.update(5, phone_number=WRITTEN, **dict.fromkeys(names, UNSET))
        assert runner.calls[1].body == {"phone": PHONE}

    async def test_tags_may_be_none_at_all(self, contacts, runner):
        await contacts.update(5, phone_number=WRITTEN, tags=())
        assert runner.body == {"phone": PHONE, "tags": []}

    @table(
        contact_id=IDS,
        phone_number=[*PHONES, None],
        overwrite=FLAGS,
        **WRONG_VALUES | {"custom": [*WRONG_VALUES["custom"], None], "is_opted_out": FLAGS},
    )
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        arguments = {"contact_id": 5, "phone_number": WRITTEN, argument: value}
        await refused(runner, argument, lambda: contacts.update(**arguments))


class TestAmend:
    async def test_all_that_a_contact_has_is_written_again(self):
        runner = FakeRunner(SAM, WriteResult(rev=3))
        assert await Contacts(runner).amend(98765, email="new@example.com") == WriteResult(id=98765, rev=3)
        read, write = runner.calls
        assert (read.operation, read.path) == (GET_CONTACT, "/v1/contact/98765")
        assert (write.operation, write.path, write.query) == (UPDATE_CONTACT, "/v1/contact/98765", ())
        assert write.body == SAM_WRITTEN | {"email": "new@example.com"}

    async def test_it_can_be_named_by_its_number(self):
        runner = FakeRunner(attrs.evolve(SAM, phone="+14155550144"))
        await Contacts(runner).amend(phone_number=WRITTEN, email=None)
        read, write = runner.calls
        assert (read.operation, read.body) == (GET_CONTACT_BY_PHONE_OR_ID, {"phone": PHONE})
        assert (write.path, write.body) == ("/v1/contact/98765", SAM_WRITTEN | {"email": ""})

    async def test_a_contact_that_is_found_by_another_of_its_numbers_keeps_the_one_it_is_shown_with(self):
        for call in (Contacts.amend, Contacts.upsert):
            runner = FakeRunner(SAM)
            await call(Contacts(runner), phone_number="+1 415 555 0199", email="sam@example.com")
            assert runner.calls[1].body == SAM_WRITTEN

    async def test_a_contact_that_is_shown_without_number_has_the_one_it_was_found_by(self):
        for call in (Contacts.amend, Contacts.upsert):
            runner = FakeRunner(attrs.evolve(SAM, phone=None))
            await call(Contacts(runner), phone_number=WRITTEN, email="sam@example.com")
            assert runner.calls[1].body == SAM_WRITTEN

    @pytest.mark.parametrize("answer", [NotFound("no"), ReplyError("?", text="{}"), Contact(id=0)], ids=str)
    async def test_whom_the_service_does_not_have_is_not_written(self, answer):
        runner = FakeRunner(answer)
        with pytest.raises(NotFound):
            await Contacts(runner).amend(phone_number=WRITTEN, email="sam@example.com")
        assert len(runner.calls) == 1

    async def test_the_number_can_change(self):
        for which in ({"contact_id": 98765}, {"phone_number": WRITTEN}):
            runner = FakeRunner(SAM)
            await Contacts(runner).amend(new_phone_number="+1 415 555 0199", **which)
            assert runner.calls[1].body == SAM_WRITTEN | {"phone": "14155550199"}

    async def test_custom_values_are_merged_over_those_that_are(self):
        runner = FakeRunner(FIELDS, SAM)
        await Contacts(runner).amend(98765, custom={"Shoe size": "9"})
        assert runner.calls[2].body == SAM_WRITTEN | {"custom": {"12": "blue", "13": "9"}}

    async def test_or_replace_them(self):
        runner = FakeRunner(SAM)
        await Contacts(runner).amend(98765, custom={13: "9"}, overwrite=True)
        assert runner.calls[1].body == SAM_WRITTEN | {"custom": {"13": "9"}}
        assert runner.calls[1].query == (("overwrite", "true"),)

    async def test_a_name_that_was_made_of_the_names_follows_them(self):
        for changes, full in (
            ({"first_name": "Max"}, "Max Reed"),
            ({"last_name": None}, "Sam"),
            ({"first_name": "Max", "display_name": "Boss"}, "Boss"),
        ):
            runner = FakeRunner(SAM)
            await Contacts(runner).amend(98765, **changes)
            assert runner.calls[1].body["display_name"] == full

    async def test_a_name_of_its_own_stays(self):
        runner = FakeRunner(attrs.evolve(SAM, display_name="Sammy"))
        await Contacts(runner).amend(98765, first_name="Max")
        assert runner.calls[1].body == SAM_WRITTEN | {"first": "Max", "display_name": "Sammy"}

    @pytest.mark.parametrize(
        "bare",
        [
            Contact(id=5, phone=PHONE),
            Contact(
                id=5,
                phone=PHONE,
                first_name="",
                last_name="",
                display_name="",
                email="",
                avatar="",
                custom={"12": None},
                assignee_id=0,
                is_opted_out=False,
                extra=Extra({"email_suppressions": [], "assigned_user_id": None}),
            ),
        ],
    )
    async def test_what_is_empty_needs_no_keeping(self, bare):
        """Nor may an opt-in be written again: the person may have opted out since."""
        runner = FakeRunner(bare)
        await Contacts(runner).amend(5, last_name="Reed")
        assert runner.calls[1].body | {"display_name": "Reed"} == {
            "phone": PHONE,
            "last": "Reed",
            "display_name": "Reed",
        }

    async def test_an_opt_out_stays(self):
        runner = FakeRunner(attrs.evolve(SAM, is_opted_out=True, extra=Extra({"email_suppressions": [7]})))
        await Contacts(runner).amend(98765, first_name="Sam")
        assert runner.calls[1].body == SAM_WRITTEN | {"is_opted_out": True, "email_suppressions": [7]}

    async def test_a_picture_of_the_service_is_not_sent_back(self):
        runner = FakeRunner(attrs.evolve(SAM, avatar="a1b2c3"))
        await Contacts(runner).amend(98765, first_name="Sam")
        assert runner.calls[1].body == {key: value for key, value in SAM_WRITTEN.items() if key != "avatar"}

    @pytest.mark.parametrize(
        ("contact", "argument", "rescue"),
        [
            (attrs.evolve(SAM, tags=("VIP",)), "tags", [1]),
            (attrs.evolve(SAM, tags=({"tag": "VIP"},)), "tags", [1]),
            (attrs.evolve(SAM, tags=(True,)), "tags", []),
            (attrs.evolve(SAM, tags=(), extra=Extra({"tags": {"VIP": 1}})), "tags", None),
            (attrs.evolve(SAM, custom=None, extra=Extra({"custom": [1]})), "custom", {12: "blue"}),
            (attrs.evolve(SAM, assignee_id=None, extra=Extra({"assigned_user_id": "x"})), "assignee_id", None),
            (attrs.evolve(SAM, extra=Extra({"email_suppressions": ["x"]})), "email_suppressions", [1]),
        ],
    )
    async def test_what_cannot_be_kept_is_not_lost_in_silence(self, contact, argument, rescue):
        runner = FakeRunner(contact)
        with pytest.raises(ArgumentError, match=f"{argument} would be lost"):
            await Contacts(runner).amend(98765, first_name="Sam")
        assert len(runner.calls) == 1
        runner = FakeRunner(contact)
        await Contacts(runner).amend(98765, **{argument: rescue})
        assert len(runner.calls) == 2

    async def test_a_contact_without_a_number_needs_one(self):
        with pytest.raises(ArgumentError, match="new_phone_number is missing"):
            await Contacts(FakeRunner(Contact(id=5))).amend(5, first_name="Sam")

    @table(
        new_phone_number=PHONES,
        overwrite=FLAGS,
        **WRONG_VALUES | {"custom": [*WRONG_VALUES["custom"], None], "is_opted_out": FLAGS},
    )
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        await refused(runner, argument, lambda: contacts.amend(5, **{argument: value}))

    @pytest.mark.parametrize("changes", [{}, {"first_name": UNSET}, {"overwrite": True}])
    async def test_nothing_to_change_is_a_mistake(self, runner, contacts, changes):
        await refused(runner, "changes", lambda: contacts.amend(5, **changes))


class TestUpsert:
    async def test_who_is_not_there_is_made(self):
        runner = FakeRunner(NotFound("no"), WriteResult(id=5, rev=1))
        result = await Contacts(runner).upsert(phone_number=WRITTEN, first_name="Sam", last_name=None)
        assert result == WriteResult(id=5, rev=1)
        assert [call.operation for call in runner.calls] == [GET_CONTACT_BY_PHONE_OR_ID, CREATE_CONTACT]
        assert runner.calls[1].body == {"phone": PHONE, "first": "Sam"}

    async def test_who_is_there_is_amended(self):
        runner = FakeRunner(FIELDS, SAM, WriteResult(rev=3))
        result = await Contacts(runner).upsert(phone_number=WRITTEN, last_name=None, custom={"Shoe size": "9"})
        assert result == WriteResult(id=98765, rev=3)
        assert [call.operation for call in runner.calls[1:]] == [GET_CONTACT_BY_PHONE_OR_ID, UPDATE_CONTACT]
        assert runner.calls[2].body == SAM_WRITTEN | {
            "last": "",
            "display_name": "Sam",
            "custom": {"12": "blue", "13": "9"},
        }

    async def test_where_there_is_nothing_to_write_nothing_is_written(self):
        runner = FakeRunner(SAM)
        assert await Contacts(runner).upsert(phone_number=WRITTEN) == WriteResult(id=98765, rev=2)
        assert len(runner.calls) == 1

    @table(phone_number=[*PHONES, None], **WRONG_VALUES)
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        await refused(runner, argument, lambda: contacts.upsert(**{"phone_number": WRITTEN, argument: value}))


class TestCreateMany:
    async def test_it_asks_as_the_vendor_does(self, contacts, runner, example):
        await contacts.create_many(
            [
                {
                    "phone_number": "+1 415 555 0151",
                    "first_name": "Alice",
                    "last_name": "Stone",
                    "email": "alice@example.com",
                    "is_opted_out": False,
                },
                {
                    "phone_number": "14155550152",
                    "first_name": "Bob",
                    "last_name": "Lane",
                    "display_name": "Bob Lane",
                    "email": None,
                },
            ]
        )
        assert runner.body == example("batch_create_contacts.request")
        assert (runner.call.operation, runner.call.query) == (BATCH_CREATE_CONTACTS, ())

    async def test_those_that_are_there_may_be_overwritten(self, contacts, runner):
        await contacts.create_many([{"phone_number": WRITTEN}], overwrite=True)
        assert runner.call.query == (("overwrite", "true"),)

    async def test_titles_are_looked_up_once_for_all_batches(self):
        runner = FakeRunner(FIELDS)
        row = {"phone_number": WRITTEN, "custom": {"Shoe size": "9"}}
        await Contacts(runner).create_many([row] * 5, batch_size=2)
        assert [call.operation for call in runner.calls] == [LIST_CONTACT_FIELDS, *[BATCH_CREATE_CONTACTS] * 3]
        assert [len(call.body) for call in runner.calls[1:]] == [2, 2, 1]
        assert runner.calls[3].body == [{"phone": PHONE, "custom": {"13": "9"}}]

    @table(
        contacts=[
            [],
            {},
            None,
            {"phone_number": WRITTEN},
            [None],
            [WRITTEN],
            [{}],
            [{"phone": WRITTEN}],
            [{"phone_number": WRITTEN, "first": "Sam"}],
            [{"phone_number": WRITTEN, 5: "Sam"}],
            *([{"phone_number": WRITTEN}, {"phone_number": phone}] for phone in PHONES),
            *([{"phone_number": WRITTEN, name: values[0]}] for name, values in WRONG_VALUES.items()),
        ],
        overwrite=FLAGS,
        batch_size=[0, -1, 1001, True, "10", None],
    )
    async def test_what_makes_no_sense_is_refused(self, runner, contacts, argument, value):
        arguments = {"contacts": [{"phone_number": WRITTEN}], argument: value}
        await refused(runner, argument, lambda: contacts.create_many(**arguments))

    async def test_the_row_is_named(self, runner, contacts):
        rows = [{"phone_number": WRITTEN}, {"phone_number": WRITTEN, "tags": [1] * 6}]
        error = await refused(runner, "contacts", lambda: contacts.create_many(rows))
        assert error.argument == "contacts[1].tags"

    @table(contacts=MANY_PHONES)
    async def test_numbers_alone_are_no_rows(self, runner, contacts, argument, value):
        await refused(runner, argument, lambda: contacts.create_many(value))


class TestReplies:
    def test_a_contact(self, example_bytes):
        contact = read(GET_CONTACT, example_bytes("get_contact.response.documented"))
        assert contact == Contact(
            id=98765,
            phone="14155550100",
            first_name="Sam",
            last_name="Reed",
            display_name="Sam Reed",
            email="sam@example.com",
            avatar="",
            custom={"12": "Enterprise"},
            assignee_id=5,
            notes=(
                ContactNote(
                    id="n1",
                    date=datetime(2026, 1, 2, tzinfo=UTC),
                    name="Riley Stone",
                    text="Prefers mornings",
                    user_id=5,
                ),
            ),
            creator_id=5,
            team_id=7,
            inbox_id=413,
            parent_id=0,
            external_id="",
            external_ref="",
            type="",
            shared=True,
            op="u",
            rev=2,
            created=datetime(2026, 1, 1, tzinfo=UTC),
            updated=datetime(2026, 4, 12, 15, 30, tzinfo=UTC),
        )
        earlier_only = {"is_opted_out", "contact_channels"}
        names = {field.name for field in attrs.fields(Contact)}
        assert fields_that_came(contact) == names - {"extra", "tags"} - earlier_only
        for operation in (LIST_CONTACTS,):
            assert read(operation, example_bytes("list_contacts.response")) == (contact,)

    def test_a_contact_of_the_earlier_page(self, example_bytes):
        for operation in (GET_CONTACT, GET_CONTACT_BY_PHONE_OR_ID):
            assert read(operation, example_bytes("get_contact.response.older-page")) == Contact(
                id=98765,
                phone=PHONE,
                first_name="API",
                last_name="Contact",
                display_name="API Contact",
                email="help@example.com",
                is_opted_out=False,
            )

    def test_a_list_may_be_wrapped(self):
        assert read(LIST_CONTACTS, b'{"contacts": [{"id": 5}]}') == (Contact(id=5),)
        assert read(LIST_CONTACTS, b"null") == ()

    @pytest.mark.parametrize("tags", ['["VIP", 5, null, {"tag_id": 1}]', "[[]]", "[{}]"])
    def test_tags_are_whatever_they_are(self, tags):
        contact = read(GET_CONTACT, b'{"id": 5, "tags": %s}' % tags.encode())
        assert len(contact.tags) == tags.count(",") + 1
        assert hash(contact) == hash(Contact(id=5))

    def test_channels_have_numbers_or_uuids(self):
        body = b'{"id": 5, "contact_channels": [{"id": 1, "contact_id": "a-b"}, {"id": "c-d"}, {"id": 7, "colour": 1}]}'
        from heymarket_async.convert import Reader

        first, second, third = Reader(strict=True).read(body, GET_CONTACT.reply).contact_channels
        assert (first, second) == (ContactChannel(id=1, contact_id="a-b"), ContactChannel(id="c-d"))
        assert (third.id, dict(third.extra)) == (7, {"colour": 1})

    @pytest.mark.parametrize("operation", [CREATE_CONTACT, UPDATE_CONTACT])
    def test_writes(self, operation, example_bytes):
        assert read(operation, example_bytes("create_contact.response")) == WriteResult(
            id=98765, rev=1, uuid="a1b2c3d4-e5f6-4890-abcd-ef1234567890"
        )
        assert read(operation, example_bytes("create_contact.response.observed")) == WriteResult(id=98765, rev=1)
        assert read(operation, example_bytes("update_contact.response")).rev == 2
        assert read(operation, b"{}") == WriteResult()

    def test_deletes_and_set_statuses(self, example_bytes):
        assert read(DELETE_CONTACT, example_bytes("delete_contact.response")) == "ok"
        assert read(SET_CONTACT_STATUS, example_bytes("set_contact_status.response")) == "success"

    def test_statuses(self, example_bytes):
        assert read(GET_CONTACT_STATUS, example_bytes("get_contact_status.response.documented")) == ContactStatus(
            id=98765, phone=PHONE, unsubscribed=False, blocked=False
        )
        status = read(GET_CONTACT_STATUS, example_bytes("get_contact_status.response.observed"))
        assert fields_that_came(status) == set(ContactStatus.__slots__) - {"extra"}
        assert (status.unsubscribed_admin, status.unsubscribed_contact) == (False, True)
        assert read(GET_CONTACT_STATUS, b'{"phone": null, "unsubscribed": true}').unsubscribed is True

    def test_a_saved_contact_has_the_fields_of_a_contact(self):
        of_contact = {field.name: (field.type, field.metadata) for field in attrs.fields(Contact)}
        of_saved = {field.name: (field.type, field.metadata) for field in attrs.fields(SavedContact)}
        assert of_saved.keys() - of_contact.keys() == {"uuid"}
        assert all(of_saved[name] == of_contact[name] for name in of_contact.keys() - {"id"})

    def test_nothing_of_a_person_shows_in_a_repr(self, example_bytes):
        shown = repr(read(GET_CONTACT, example_bytes("get_contact.response.documented")))
        for personal in ("14155550100", "Sam", "Reed", "example.com", "Enterprise", "Riley", "mornings"):
            assert personal not in shown


class TestInTheSandbox:
    async def test_a_contact_lives(self, sandboxed):
        made = await sandboxed.contacts.create(phone_number=WRITTEN, first_name="Sam", last_name="Reed")
        contact = await sandboxed.contacts.get(made.id)
        assert (contact.id, contact.phone, contact.display_name) == (made.id, PHONE, "Sam Reed")
        assert await sandboxed.contacts.find(phone_number=PHONE) == contact
        assert await sandboxed.contacts.find(contact_id=made.id) == contact
        assert contact in await sandboxed.contacts.list(limit=1).collect()
        assert await sandboxed.contacts.count() == len(await sandboxed.contacts.list().collect())
        await sandboxed.contacts.delete(made.id)
        assert await sandboxed.contacts.find(phone_number=PHONE) is None

    async def test_a_contact_is_blocked_and_opts_out(self, sandboxed):
        await sandboxed.contacts.create(phone_number=WRITTEN)
        assert await sandboxed.contacts.set_status("unsubscribed", phone_number=WRITTEN) == "success"
        await sandboxed.contacts.set_status("blocked", phone_number=WRITTEN)
        status = await sandboxed.contacts.status(phone_number=WRITTEN)
        assert (status.phone, status.unsubscribed, status.blocked) == (PHONE, True, True)

    @pytest.mark.parametrize("put", ["merge", "names", "replace"])
    @pytest.mark.parametrize("tags", ["objects", "refs", "ids"])
    async def test_amend_keeps_all_whatever_an_update_does_with_the_rest(self, put, tags):
        async with (
            Sandbox(variants=Variants(contact_put=put, contact_tags=tags, contact_opt_outs=True)) as sandbox,
            AsyncSession(sandbox.secret, base_url=sandbox.url, strict=True) as heymarket,
        ):
            tag = (await heymarket.tags.create(name="VIP!")).id
            await heymarket.contact_fields.create(["Favourite colour", "Shoe size"])
            owner = (await heymarket.team.get()).members[0].id
            before = {
                "first_name": "Sam",
                "last_name": "Reed",
                "email": "sam@example.com",
                "avatar": "https://files.example.com/img.jpg",
                "assignee_id": owner,
                "tags": [tag],
                "is_opted_out": True,
                "custom": {"Favourite colour": "blue"},
            }
            made = await heymarket.contacts.upsert(phone_number=WRITTEN, **before)
            first = await heymarket.contacts.get(made.id)
            written = await heymarket.contacts.upsert(phone_number=WRITTEN, first_name="Max", custom={"Shoe size": "9"})
            contact = await heymarket.contacts.get(made.id)
            assert (written.id, written.rev) == (made.id, contact.rev)
            custom = {**(first.custom or {}), **{key: "9" for key in contact.custom if key not in first.custom}}
            assert len(custom) == 2
            assert contact == attrs.evolve(
                first,
                first_name="Max",
                display_name="Max Reed",
                custom=custom,
                rev=contact.rev,
                op=contact.op,
                updated=contact.updated,
            )
            assert contact.is_opted_out is True

    @pytest.mark.parametrize("unknown_id", [400, 404])
    async def test_upsert_makes_whom_it_does_not_find(self, unknown_id):
        async with (
            Sandbox(variants=Variants(unknown_id=unknown_id)) as sandbox,
            AsyncSession(sandbox.secret, base_url=sandbox.url, strict=True) as heymarket,
        ):
            count = await heymarket.contacts.count()
            made = await heymarket.contacts.upsert(phone_number=WRITTEN, first_name="Sam")
            again = await heymarket.contacts.upsert(phone_number=WRITTEN, first_name="Sam", tags=())
            assert again.id == made.id
            assert await heymarket.contacts.count() == count + 1

    @pytest.mark.parametrize("answer", ["created", "failed", "ok"])
    async def test_many_are_made(self, answer):
        async with (
            Sandbox(variants=Variants(batch_answer=answer)) as sandbox,
            AsyncSession(sandbox.secret, base_url=sandbox.url) as heymarket,
        ):
            rows = [{"phone_number": f"+1415555{number:04}", "first_name": str(number)} for number in range(100, 105)]
            result = await heymarket.contacts.create_many(rows, batch_size=2)
            assert result.all_saved
            for row, saved in zip(rows, result.rows, strict=True):
                contact = await heymarket.contacts.find(phone_number=row["phone_number"])
                assert contact.first_name == row["first_name"]
                assert saved.id == (contact.id if answer == "created" else None)


def test_a_session_has_them():
    session = AsyncSession(ApiSecret("id", "key"))
    assert type(session.contacts) is Contacts
