"""Custom contact fields: how they are listed and made."""

from __future__ import annotations

import pytest

from arguments_support import TEXTS, refused, table
from contract_support import declared_in, operations_of
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import AsyncSession, ContactField
from heymarket_async.auth import ApiSecret
from heymarket_async.resources import contact_fields as module
from heymarket_async.resources.contact_fields import CREATE_CONTACT_FIELDS, LIST_CONTACT_FIELDS, ContactFields
from heymarket_async.sandbox import Sandbox, Variants


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def fields(runner):
    return ContactFields(runner)


@pytest.mark.parametrize("operation", operations_of(module), ids=lambda one: one.name)
def test_the_operation_is_that_of_the_contract(operation, contract):
    assert declared_in(contract, operation)


async def test_all_are_listed(runner, fields):
    assert await fields.list() == ()
    assert (runner.call.operation, runner.body) == (LIST_CONTACT_FIELDS, {})


async def test_they_are_made_as_the_vendor_does(runner, fields, example):
    await fields.create(["Account number"])
    assert runner.body == example("create_contact_fields.request")
    assert runner.call.operation is CREATE_CONTACT_FIELDS


@table(titles=[[], "Account number", {"a"}, None, *([value] for value in TEXTS)])
async def test_what_makes_no_sense_is_refused(runner, fields, argument, value):
    await refused(runner, argument, lambda: fields.create(value))


def test_what_comes_back_is_read(example_bytes):
    (field,) = read(CREATE_CONTACT_FIELDS, example_bytes("create_contact_fields.response"))
    assert field == ContactField(id=123, title="Account number", duplicate=True)
    assert fields_that_came(field) == set(ContactField.__slots__) - {"extra"}
    assert read(CREATE_CONTACT_FIELDS, b"[{}]") == (ContactField(),)
    for body in (b'[{"id": 12, "title": "Size"}]', b'{"fields": [{"id": 12, "title": "Size"}]}'):
        assert read(LIST_CONTACT_FIELDS, body) == (ContactField(id=12, title="Size"),)


@pytest.mark.parametrize("in_wrapper", [True, False])
async def test_they_live_in_the_sandbox(in_wrapper):
    async with (
        Sandbox(variants=Variants(contact_fields_in_wrapper=in_wrapper)) as sandbox,
        AsyncSession(sandbox.secret, base_url=sandbox.url, strict=True) as heymarket,
    ):
        (made,) = await heymarket.contact_fields.create(["Favourite colour"])
        assert (made.title, made.duplicate) == ("Favourite colour", False)
        assert ContactField(id=made.id, title="Favourite colour") in await heymarket.contact_fields.list()
        (again,) = await heymarket.contact_fields.create(["Favourite colour"])
        assert (again.id, again.duplicate) == (made.id, True)


def test_a_session_has_them():
    assert type(AsyncSession(ApiSecret("id", "key")).contact_fields) is ContactFields
