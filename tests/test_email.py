"""E-mail: how it is sent."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from arguments_support import IDS, OPTIONAL_IDS, OPTIONAL_TEXTS, TEXTS, refused, table
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import AsyncSession, SentMessage
from heymarket_async.auth import ApiSecret
from heymarket_async.calls import Effect
from heymarket_async.errors import ArgumentError
from heymarket_async.resources.email import SEND_EMAIL, Email

NEEDED = {"inbox_id": 202, "creator_id": 55, "text": "<p>Hello</p>", "to": ["alice@example.com"]}
WRONG_ADDRESSES = ["alice@example.com", {"alice@example.com"}, ["alice"], [""], [None], [5], ["a@a.com,b@b.com"]]


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def email(runner):
    return Email(runner)


async def test_a_new_conversation_is_begun_as_the_vendor_does(runner, email, example):
    await email.send(
        inbox_id=202,
        creator_id=55,
        to=["alice@example.com", "bob@example.com"],
        cc=["carol@example.com"],
        title="Order 1001",
        text="<p>Your order has shipped.</p>",
        local_id="email-1001",
    )
    assert runner.body == example("send_email.request.new")
    assert (runner.call.operation, runner.call.path) == (SEND_EMAIL, "/v1/email/send")


async def test_a_reply_is_made_as_the_vendor_does(runner, email, example):
    sent = await email.send(
        inbox_id=202,
        creator_id=55,
        conversation_id=10045,
        text="<p>Thank you for writing.</p>",
        raw_text="Thank you for writing.",
    )
    # The library always sends a local_id, by which the service knows a repeat.
    assert runner.body == {**example("send_email.request.reply"), "local_id": sent.local_id}
    assert uuid.UUID(sent.local_id).version == 4


async def test_nobody_gets_it_twice(runner, email):
    twice = ["alice@example.com", "bob@example.com", "alice@example.com"]
    await email.send(**NEEDED | {"to": twice, "cc": ["bob@example.com", "carol@example.com", "carol@example.com"]})
    assert runner.body["targets"] == ["to:alice@example.com,bob@example.com", "cc:carol@example.com"]


async def test_nobody_needs_a_copy(runner, email):
    await email.send(**NEEDED)
    assert runner.body["targets"] == ["to:alice@example.com"]
    assert set(runner.body) == {"inbox", "creator_id", "text", "targets", "local_id"}


def test_it_is_not_repeated_when_nobody_knows_whether_it_went_out():
    assert SEND_EMAIL.effect is Effect.SENDS


@table(
    inbox_id=IDS,
    creator_id=IDS,
    text=TEXTS,
    to=[*WRONG_ADDRESSES, []],
    cc=[*WRONG_ADDRESSES, None],
    conversation_id=OPTIONAL_IDS,
    title=OPTIONAL_TEXTS,
    raw_text=OPTIONAL_TEXTS,
    local_id=OPTIONAL_TEXTS,
)
async def test_what_makes_no_sense_is_refused(runner, email, argument, value):
    arguments = {**NEEDED, argument: value}
    if argument == "conversation_id":
        del arguments["to"]
    await refused(runner, argument, lambda: email.send(**arguments))


async def test_the_place_of_a_wrong_address_is_named(runner, email):
    copies = ["carol@example.com", "carol"]
    error = await refused(runner, "cc", lambda: email.send(**NEEDED, cc=copies))
    assert error.argument == "cc[1]"


async def test_it_goes_to_addresses_or_into_a_conversation(runner, email):
    with pytest.raises(ArgumentError, match="There is no target: pass one of to, conversation_id"):
        await email.send(inbox_id=202, creator_id=55, text="A")
    await refused(runner, "conversation_id", lambda: email.send(**NEEDED, conversation_id=10045))


@pytest.mark.parametrize("more", [{"cc": ["carol@example.com"]}, {"title": "Order 1001"}])
async def test_a_reply_keeps_the_addresses_and_the_title_of_its_conversation(runner, email, more):
    (argument,) = more
    reply = {"inbox_id": 202, "creator_id": 55, "conversation_id": 10045, "text": "A"}
    error = await refused(runner, argument, lambda: email.send(**reply, **more))
    assert "goes with to" in str(error)


def test_what_the_service_says_arrives_with_every_value(example_bytes):
    sent = read(SEND_EMAIL, example_bytes("send_email.response"))
    assert sent == SentMessage(
        id=123,
        conversation_id=10045,
        queued=True,
        date=datetime(2023, 11, 7, 5, 31, 56, tzinfo=UTC),
        compliance_results={},
    )
    assert fields_that_came(sent) == {"id", "conversation_id", "queued", "date", "compliance_results"}
    assert read(SEND_EMAIL, b"{}") == SentMessage()


async def test_an_email_goes_out_in_the_sandbox(heymarket_sandbox, sandboxed):
    team = heymarket_sandbox.teams[0]
    who = {"inbox_id": team.inboxes[0]["id"], "creator_id": team.members[0]["id"]}
    sent = await sandboxed.email.send(**who, to=["alice@example.com"], cc=["carol@example.com"], text="<p>Hello</p>")
    assert len(team.sent) == 2  # One for each address.
    reply = await sandboxed.email.send(**who, conversation_id=sent.conversation_id, text="<p>And again</p>")
    assert reply.conversation_id == sent.conversation_id
    assert reply.id != sent.id


def test_a_session_has_it():
    assert type(AsyncSession(ApiSecret("id", "key")).email) is Email
