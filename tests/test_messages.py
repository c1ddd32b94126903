"""Messages: how they are sent, read and counted."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta, timezone

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
    refused,
    table,
)
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import (
    AsyncSession,
    Conversation,
    ConversationMember,
    Message,
    MessageCustom,
    MessageStatus,
    NotFound,
    SendUnknown,
    SentMessage,
)
from heymarket_async.auth import ApiSecret
from heymarket_async.calls import Effect
from heymarket_async.convert import Reader
from heymarket_async.errors import ArgumentError
from heymarket_async.resources.messages import (
    COUNT_MESSAGES,
    GET_MESSAGE_HISTORY,
    LIST_MESSAGES,
    SEND_MESSAGE,
    Messages,
)
from heymarket_async.sandbox import Sandbox, Variants

NEEDED = {"inbox_id": 42, "creator_id": 7, "phone_number": "+14155550111", "text": "Hello"}
TARGETS = {"phone_number": "+14155550111", "conversation_id": 9920, "list_id": 501, "targets": ["14155550111"]}
MOMENT = datetime(2026, 4, 12, 15, 30, tzinfo=UTC)


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def messages(runner):
    return Messages(runner)


SENDS = {
    "phone": {
        "creator_id": 1,
        "inbox_id": 1,
        "phone_number": "+1 (415) 555-0103",
        "text": "Hello from the API",
        "local_id": "6d8d0429-3f15-4293-8d0b-38bf1dd5ca06",
    },
    "chat": {"inbox_id": 42, "creator_id": 7, "conversation_id": 9920, "text": "Thanks, we will call you back."},
    "group": {
        "inbox_id": 42,
        "creator_id": 7,
        "targets": ["1 415 555 0111", "+1-415-555-0112"],
        "text": "See you both at noon.",
    },
    "list": {
        "inbox_id": 42,
        "creator_id": 7,
        "list_id": 501,
        "local_id": "broadcast-april-reminders-001",
        "text": "Hi {{first_name}}, your reminder is here.",
    },
    "mms": {
        "inbox_id": 42,
        "creator_id": 7,
        "phone_number": "14155550111",
        "text": "Your receipt",
        "media_url": "https://files.example.com/receipt.png",
    },
    "private": {
        "inbox_id": 42,
        "creator_id": 7,
        "conversation_id": 9920,
        "text": "Caller asked about this last week.",
        "private": True,
    },
    "template": {"inbox_id": 42, "creator_id": 7, "phone_number": "14155550111", "template_id": 101},
}


class TestSend:
    @pytest.mark.parametrize("kind", SENDS)
    async def test_it_asks_as_the_vendor_does(self, runner, messages, example, kind):
        wanted = example(f"send_message.request.{kind}")
        sent = await messages.send(**SENDS[kind])
        # The library always sends a local_id, by which the service knows a repeat; most examples have none.
        local_id = runner.body["local_id"]
        assert runner.body == {"local_id": local_id, **wanted}
        assert local_id == wanted.get("local_id", local_id)
        assert sent.local_id == local_id
        assert (runner.call.operation, runner.call.path) == (SEND_MESSAGE, "/v1/message/send")

    async def test_nobody_is_in_a_group_twice(self, runner, messages):
        targets = ["+1 (415) 555-0111", "14155550112", "1-415-555-0111"]
        await messages.send(inbox_id=42, creator_id=7, targets=targets, text="Hello")
        assert runner.body["targets"] == ["14155550111", "14155550112"]

    def test_it_is_not_repeated_when_nobody_knows_whether_it_went_out(self):
        assert SEND_MESSAGE.effect is Effect.SENDS

    async def test_each_send_has_a_local_id_of_its_own(self, runner, messages):
        first, second = await messages.send(**NEEDED), await messages.send(**NEEDED)
        assert first.local_id != second.local_id
        assert [uuid.UUID(call.body["local_id"]).version for call in runner.calls] == [4, 4]

    async def test_a_comment_whose_private_was_forgotten_is_not_texted(self, runner, messages):
        await refused(runner, "author", lambda: messages.send(**NEEDED, author="Kim"))
        await refused(runner, "author", lambda: messages.send(**NEEDED, author="Kim", private=False))

    async def test_everything_that_can_be_said(self, runner, messages):
        await messages.send(
            inbox_id=1,
            creator_id=2,
            conversation_id=3,
            survey_id=10,
            media_url="https://example.com/a.png",
            private=True,
            author="Kim",
            local_id="l",
            activity_id="a",
        )
        assert runner.body == {
            "inbox_id": 1,
            "creator_id": 2,
            "chat_id": 3,
            "survey_id": 10,
            "media_url": "https://example.com/a.png",
            "private": True,
            "author": "Kim",
            "local_id": "l",
            "activity_id": "a",
        }

    async def test_a_picture_needs_no_text(self, runner, messages):
        await messages.send(inbox_id=1, creator_id=2, list_id=3, media_url="https://example.com/a.png")
        assert set(runner.body) == {"inbox_id", "creator_id", "list_id", "media_url", "local_id"}

    async def test_national_numbers_are_understood_with_a_region(self):
        runner = FakeRunner(default_region="US")
        await Messages(runner).send(**NEEDED | {"phone_number": "(415) 555-0111"})
        assert runner.body["phone_number"] == "14155550111"

    async def test_what_the_service_says_is_returned(self):
        runner = FakeRunner(SentMessage(id=123, queued=True))
        assert await Messages(runner).send(**NEEDED, local_id="l") == SentMessage(id=123, queued=True, local_id="l")

    async def test_a_send_that_may_have_gone_out_is_not_tried_again(self):
        runner = FakeRunner(SendUnknown("nobody knows"))
        with pytest.raises(SendUnknown):
            await Messages(runner).send(**NEEDED)
        assert len(runner.calls) == 1

    @table(
        inbox_id=IDS,
        creator_id=IDS,
        phone_number=PHONES,
        conversation_id=OPTIONAL_IDS,
        list_id=OPTIONAL_IDS,
        targets=[*MANY_PHONES, *([phone] for phone in PHONES), ["+14155550111", None]],
        text=OPTIONAL_TEXTS,
        media_url=URLS,
        template_id=OPTIONAL_IDS,
        survey_id=OPTIONAL_IDS,
        private=FLAGS,
        author=OPTIONAL_TEXTS,
        local_id=OPTIONAL_TEXTS,
        activity_id=OPTIONAL_TEXTS,
    )
    async def test_what_makes_no_sense_is_refused(self, runner, messages, argument, value):
        arguments = {**NEEDED, argument: value}
        if argument in TARGETS and argument != "phone_number":
            del arguments["phone_number"]
        if argument in {"template_id", "survey_id"}:
            del arguments["text"]
        await refused(runner, argument, lambda: messages.send(**arguments))

    async def test_a_message_must_go_somewhere(self, runner, messages):
        with pytest.raises(ArgumentError, match="There is no target: pass one of phone_number, conversation_id"):
            await messages.send(inbox_id=1, creator_id=2, text="A")
        assert runner.calls == []

    @pytest.mark.parametrize("one", TARGETS)
    @pytest.mark.parametrize("other", TARGETS)
    async def test_a_message_cannot_go_to_two_targets(self, runner, messages, one, other):
        if one != other:
            both = {name: TARGETS[name] for name in (one, other)}
            with pytest.raises(ArgumentError, match=r"exclude each other: pass one target\.") as caught:
                await messages.send(inbox_id=1, creator_id=2, text="A", **both)
            assert caught.value.argument in both
            assert runner.calls == []

    async def test_a_message_must_say_something(self, runner, messages):
        await refused(runner, "text", lambda: messages.send(inbox_id=1, creator_id=2, list_id=3))

    @pytest.mark.parametrize("more", [{"template_id": 5}, {"survey_id": 5}, {"template_id": 5, "survey_id": 6}])
    async def test_a_text_a_template_and_a_survey_exclude_each_other(self, runner, messages, more):
        with pytest.raises(ArgumentError, match="exclude each other") as caught:
            await messages.send(**NEEDED, **more)
        assert caught.value.argument in more
        assert runner.calls == []

    @pytest.mark.parametrize("target", ["list_id", "targets"])
    async def test_a_comment_belongs_to_one_conversation(self, runner, messages, target):
        arguments = {"inbox_id": 1, "creator_id": 2, "text": "A", "private": True, target: TARGETS[target]}
        error = await refused(runner, "private", lambda: messages.send(**arguments))
        assert "needs one conversation" in str(error)


class TestList:
    async def test_it_asks_as_the_vendor_does(self, runner, messages, example):
        await messages.list(before=MOMENT, page_size=30).page()
        assert runner.calls[0].body == example("list_messages.request.cursor")
        assert (runner.calls[0].operation, runner.calls[0].path) == (LIST_MESSAGES, "/v1/messages/all")

    async def test_the_order_is_always_said(self, runner, messages, example):
        assert example("list_messages.request.empty") == {}
        await messages.list().page()
        # The vendor's empty body means the same, but the sources disagree on what the order does to the cursor.
        assert runner.calls[0].body == {"order": "created_at", "ascending": False}

    async def test_the_next_page_begins_where_the_last_one_ended(self):
        page = tuple(Message(id=n, date=MOMENT - timedelta(minutes=n)) for n in range(30))
        runner = FakeRunner(page)
        assert await Messages(runner).list().collect() == page
        assert runner.calls[1].body["created_at"] == "2026-04-12T15:01:01Z"

    @table(
        before=TIMES,
        limit=[0, -1, True, "5"],
        page_size=[0, -1, 1001, True, "5"],
        cursor=["", "{}", 5, '{"v":1,"list":"list_tags","at":{},"handed_out":[]}'],
    )
    async def test_what_makes_no_sense_is_refused(self, runner, messages, argument, value):
        await refused(runner, argument, lambda: messages.list(**{argument: value}))


class TestHistory:
    async def test_it_asks_with_the_words_of_the_query(self, runner, messages):
        await messages.history(
            phone_number="+1 (415) 555-0111", inbox_id=42, before=MOMENT.astimezone(timezone(timedelta(hours=-7)))
        ).page()
        assert (runner.calls[0].operation, runner.calls[0].path) == (GET_MESSAGE_HISTORY, "/v1/messages")
        assert runner.calls[0].query == (("phoneNumber", "14155550111"), ("inboxID", 42), ("timestamp", 1776007800))

    async def test_the_next_page_begins_where_the_last_one_ended(self):
        page = tuple(Message(id=n, date=MOMENT - timedelta(minutes=n)) for n in range(50))
        runner = FakeRunner(page, page[-1:])
        assert await Messages(runner).history(phone_number="14155550111", inbox_id=42).collect() == page
        assert dict(runner.calls[0].query) == {"phoneNumber": "14155550111", "inboxID": 42}
        # The 50th lies 49 minutes back, and the bound is a second too far: it cuts apart no messages of one second.
        assert dict(runner.calls[1].query)["timestamp"] == 1776007800 - 49 * 60 + 1

    @table(
        phone_number=[*PHONES, None],
        inbox_id=IDS,
        before=TIMES,
        limit=[0, -1, True, "5"],
        cursor=["", "{}", 5],
    )
    async def test_what_makes_no_sense_is_refused(self, runner, messages, argument, value):
        arguments = {"phone_number": "14155550111", "inbox_id": 42, argument: value}
        await refused(runner, argument, lambda: messages.history(**arguments))


class TestCount:
    async def test_it_can_be_bounded(self, runner, messages):
        await messages.count()
        await messages.count(date=MOMENT)
        assert [call.body for call in runner.calls] == [{}, {"date": "2026-04-12T15:30:00Z"}]
        assert {(call.operation, call.path) for call in runner.calls} == {(COUNT_MESSAGES, "/v1/messages/all/count")}

    @pytest.mark.parametrize("value", TIMES)
    async def test_what_makes_no_sense_is_refused(self, runner, messages, value):
        await refused(runner, "date", lambda: messages.count(date=value))

    @pytest.mark.parametrize("body", [b'"1042"', b"1042", b'{"count": 1042}', b'{"total": "1042"}'])
    def test_it_comes_as_a_text_or_a_number(self, body):
        assert read(COUNT_MESSAGES, body) == 1042

    def test_as_in_the_vendor_example(self, example_bytes):
        assert read(COUNT_MESSAGES, example_bytes("count_messages.response")) == 1042


class TestReplies:
    @pytest.mark.parametrize("operation", [GET_MESSAGE_HISTORY, LIST_MESSAGES])
    def test_a_message_arrives_with_every_value(self, operation, example_bytes):
        (message,) = read(operation, example_bytes("get_message_history.response.documented"))
        conversation = message.conversation
        assert message == Message(
            id=9980041,
            conversation=conversation,
            date=datetime(2026, 4, 12, 15, 30, 0, 123456, tzinfo=UTC),
            updated=datetime(2026, 4, 12, 15, 30, 1, tzinfo=UTC),
            status=MessageStatus.SENT,
            type="outbound",
            text="Hello",
            media_url="",
            link_url="",
            user_id=5,
            author="",
            phone="14155550111",
            target="14155550111",
            broadcast_id=0,
            local_id="6d8d0429-3f15-4293-8d0b-38bf1dd5ca06",
            flagged=False,
            custom=MessageCustom(type="x", data=(1,)),
            super=0,
            support=False,
        )
        assert type(conversation) is Conversation
        assert (conversation.id, conversation.inbox_id, conversation.assignee_id) == (9920, 413, 5)
        only_seen_by_integrators = {"channel", "hidden", "raw_error", "target_errors", "targets"}
        assert set(Message.__slots__) - {"extra"} - fields_that_came(message) == only_seen_by_integrators

    def test_what_only_integrators_saw_arrives_too(self):
        record = {
            "id": 1,
            "channel": "sms",
            "hidden": True,
            "raw_error": "landline",
            "target_errors": {"14155550111": "landline"},
            "targets": {"14155550111": {}},
        }
        (message,) = read(LIST_MESSAGES, json.dumps([record]).encode())
        assert {key: getattr(message, key) for key in record} == record
        assert "4155550111" not in repr(message)
        assert "landline" not in repr(message)

    def test_a_message_of_a_webhook_arrives_with_every_value(self, example):
        for name in ("webhook.message_sent", "webhook.message_recieved"):
            reader = Reader(strict=True)
            message = reader.structure(example(name)["event_data"], Message)
            assert not reader.drift.misfits
            assert message.conversation.id > 0

    def test_members_that_come_as_an_object_are_members(self):
        body = b'[{"id": 1, "conversation": {"id": 2, "members": {"5": {"name": "Riley"}}}}]'
        (message,) = read(LIST_MESSAGES, body)
        assert message.conversation.members == (ConversationMember(id=5, name="Riley"),)

    async def test_both_forms_of_members_arrive_alike(self):
        found = []
        for form in ("array", "object"):
            async with (
                Sandbox(variants=Variants(nested_members=form)) as sandbox,
                AsyncSession(sandbox.secret, base_url=sandbox.url, strict=True) as heymarket,
            ):
                found.append([message.conversation.members async for message in heymarket.messages.list()])
        assert found[0] == found[1]
        assert all(found[0])

    def test_messages_may_come_in_an_envelope(self):
        assert read(LIST_MESSAGES, b'{"messages": [{"id": 1}]}') == (Message(id=1),)
        assert read(GET_MESSAGE_HISTORY, b'{"messages": null}') == ()

    def test_what_the_service_says_to_a_send(self, example_bytes):
        assert read(SEND_MESSAGE, example_bytes("send_message.response.documented")) == SentMessage(
            id=123, date=MOMENT, gallery_url="https://files.example.com/g/1"
        )

    def test_whatever_it_says_it_is_no_error(self):
        assert read(SEND_MESSAGE, b"{}") == SentMessage()
        assert read(SEND_MESSAGE, b'{"id": null}') == SentMessage()

    def test_a_repr_shows_neither_the_text_nor_a_number_nor_a_name(self, example_bytes):
        shown = repr(read(LIST_MESSAGES, example_bytes("get_message_history.response.documented")))
        assert not any(secret in shown for secret in ("Hello", "4155550111", "Riley", "Sam"))


class TestInTheSandbox:
    async def test_a_message_is_sent_and_read(self, heymarket_sandbox, sandboxed):
        team = heymarket_sandbox.teams[0]
        inbox, member = team.inboxes[0]["id"], team.members[0]["id"]
        to = {"inbox_id": inbox, "creator_id": member}
        before = await sandboxed.messages.count()
        sent = await sandboxed.messages.send(**to, phone_number="+1 (510) 555-0160", text="Hello")
        assert [one.text for one in team.sent] == ["Hello"]
        again = await sandboxed.messages.send(**to, conversation_id=sent.conversation_id, text="Are you there?")
        assert again.conversation_id == sent.conversation_id
        history = await sandboxed.messages.history(phone_number="15105550160", inbox_id=inbox).collect()
        assert [message.text for message in history] == ["Are you there?", "Hello"]
        assert [message.local_id for message in history] == [again.local_id, sent.local_id]
        assert await sandboxed.messages.count() == before + 2
        newest = await sandboxed.messages.list(limit=2).collect()
        assert [message.id for message in newest] == [again.id, sent.id]

    async def test_a_repeat_with_the_same_local_id_makes_no_second_message(self, heymarket_sandbox, sandboxed):
        team = heymarket_sandbox.teams[0]
        arguments = {
            "inbox_id": team.inboxes[0]["id"],
            "creator_id": team.members[0]["id"],
            "phone_number": "+15105550160",
            "text": "Hello",
            "local_id": "once",
        }
        first = await sandboxed.messages.send(**arguments)
        second = await sandboxed.messages.send(**arguments)
        assert (first.id, len(team.sent)) == (second.id, 1)

    async def test_a_conversation_that_is_not_there_is_not_found(self, heymarket_sandbox, sandboxed):
        team = heymarket_sandbox.teams[0]
        with pytest.raises(NotFound):
            await sandboxed.messages.send(
                inbox_id=team.inboxes[0]["id"], creator_id=team.members[0]["id"], conversation_id=1, text="A"
            )


def test_a_session_has_them():
    assert type(AsyncSession(ApiSecret("id", "key")).messages) is Messages
