"""Conversations: how they are listed, counted, opened, closed, handed over, and how they come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from arguments_support import (
    IDS,
    MANY_PHONES,
    OPTIONAL_FLAGS,
    OPTIONAL_IDS,
    PHONES,
    TIMES,
    refused,
    table,
)
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import AsyncSession, Conversation, ConversationMember, NotFound
from heymarket_async.auth import ApiSecret
from heymarket_async.calls import Effect
from heymarket_async.errors import ArgumentError
from heymarket_async.resources.conversations import (
    CLOSE_CONVERSATION,
    COUNT_CONVERSATIONS,
    GET_CONVERSATION,
    LIST_CONVERSATIONS,
    MARK_CONVERSATION_READ,
    MARK_CONVERSATION_UNREAD,
    OPEN_CONVERSATION,
    REASSIGN_CONVERSATION,
    TRANSFER_CONVERSATION,
    Conversations,
)

MOMENT = datetime(2026, 4, 12, 15, 30, tzinfo=UTC)
WRITES = {
    "open": (OPEN_CONVERSATION, "/v1/conversations/open", {}),
    "close": (CLOSE_CONVERSATION, "/v1/conversations/close", {}),
    "mark_read": (MARK_CONVERSATION_READ, "/v1/conversations/read", {}),
    "mark_unread": (MARK_CONVERSATION_UNREAD, "/v1/conversations/unread", {}),
    "reassign": (REASSIGN_CONVERSATION, "/v1/conversations/reassign", {"assignee_id": 72}),
}


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def conversations(runner):
    return Conversations(runner)


class TestList:
    async def test_it_asks_as_the_vendor_does(self, runner, conversations, example):
        await conversations.list(inboxes=[42], before=MOMENT).page()
        assert runner.calls[0].body == example("list_conversations.request.guide")
        assert (runner.calls[0].operation, runner.calls[0].path) == (LIST_CONVERSATIONS, "/v1/conversations")

    async def test_it_asks_on_behalf_of_a_user_with_filters(self, runner, conversations, example):
        wanted = example("list_conversations.request.filters")
        assert wanted.pop("date") == "2022-01-01T00:00:00+00:00"
        await conversations.list(
            inboxes=(2222, 3333), user_id=1111, closed=False, unread=False, before=datetime(2022, 1, 1, tzinfo=UTC)
        ).page()
        # Times are always written with a Z, as in all but this one of the vendor's examples.
        assert runner.calls[0].body == {**wanted, "date": "2022-01-01T00:00:00Z"}

    async def test_the_keys_that_the_generated_body_has_for_every_list_are_not_sent(
        self, runner, conversations, example
    ):
        shared_by_all_lists = {"archived", "ascending", "assigned", "filter", "order", "page", "parent_id"}
        generated = example("list_conversations.request.generated-body")
        await conversations.list(inboxes=[42], user_id=5, before=MOMENT, page_size=30).page()
        # What they do here is not said, and `filter` stands where the prose and all who use it have `filters`.
        assert runner.calls[0].body == {
            **{key: value for key, value in generated.items() if key not in shared_by_all_lists},
            "filters": {"inboxes": [42]},
        }

    async def test_the_next_page_begins_where_the_last_one_ended(self):
        page = tuple(Conversation(id=n, updated=MOMENT - timedelta(minutes=n)) for n in range(30))
        runner = FakeRunner(page)
        assert await Conversations(runner).list(inboxes=[42]).collect() == page
        assert runner.calls[1].body == {"id": 0, "filters": {"inboxes": [42]}, "date": "2026-04-12T15:01:01Z"}

    async def test_an_inbox_is_named_once(self, runner, conversations):
        await conversations.list(inboxes=[42, 7, 42]).page()
        assert runner.calls[0].body["filters"] == {"inboxes": [42, 7]}

    @table(
        inboxes=[None, 42, [], {42}, "42", [0], ["42"], [None], [[42]]],
        user_id=[-1, True, "0", 1.0, None],
        closed=OPTIONAL_FLAGS,
        unread=OPTIONAL_FLAGS,
        before=TIMES,
        limit=[0, -1, True, "5"],
        page_size=[0, -1, 1001, True, "5"],
        cursor=["", "{}", 5],
    )
    async def test_what_makes_no_sense_is_refused(self, runner, conversations, argument, value):
        await refused(runner, argument, lambda: conversations.list(**{"inboxes": [42], argument: value}))


class TestCount:
    async def test_it_can_be_bounded(self, runner, conversations):
        await conversations.count()
        await conversations.count(date=MOMENT)
        assert [call.body for call in runner.calls] == [{}, {"date": "2026-04-12T15:30:00Z"}]
        assert {call.operation for call in runner.calls} == {COUNT_CONVERSATIONS}

    @pytest.mark.parametrize("value", TIMES)
    async def test_what_makes_no_sense_is_refused(self, runner, conversations, value):
        await refused(runner, "date", lambda: conversations.count(date=value))

    @pytest.mark.parametrize("body", [b'"12"', b"12", b'{"count": 12}', b'{"total": "12"}'])
    def test_it_comes_as_a_text_or_a_number(self, body):
        assert read(COUNT_CONVERSATIONS, body) == 12


class TestGet:
    async def test_it_is_named_by_its_id(self, runner, conversations):
        await conversations.get(9920)
        assert (runner.call.operation, runner.call.path) == (GET_CONVERSATION, "/v1/conversations/9920")

    @pytest.mark.parametrize("value", IDS)
    async def test_an_id_that_makes_no_sense_is_refused(self, runner, conversations, value):
        await refused(runner, "conversation_id", lambda: conversations.get(value))


class TestOpenAndClose:
    @pytest.mark.parametrize("method", ["open", "close"])
    async def test_a_conversation_is_named_by_its_id_as_the_vendor_does(self, runner, conversations, example, method):
        await getattr(conversations, method)(inbox_id=101, user_id=55, conversation_id=9920)
        assert runner.body == example(f"{method}_conversation.request.chat")

    @pytest.mark.parametrize("method", ["open", "close"])
    async def test_or_by_the_number_of_its_contact(self, runner, conversations, example, method):
        wanted = example(f"{method}_conversation.request.target")
        # The vendor's example names the conversation by both. One is enough, and two may contradict each other.
        assert wanted.pop("chat_id") == 1
        await getattr(conversations, method)(inbox_id=2, user_id=3, phone_number="+1 415 555 0167")
        assert runner.body == wanted


class TestRead:
    @pytest.mark.parametrize("method", ["mark_read", "mark_unread"])
    async def test_it_asks_as_the_vendor_does(self, runner, conversations, example, method):
        await getattr(conversations, method)(inbox_id=101, user_id=55, phone_number="(1) 415 555 0111")
        assert runner.body == example(f"mark_conversation_{method.removeprefix('mark_')}.request")


async def test_a_conversation_is_reassigned_as_the_vendor_does(runner, conversations, example):
    await conversations.reassign(inbox_id=101, user_id=55, assignee_id=72, phone_number="+14155550134")
    assert runner.body == example("reassign_conversation.request")


@pytest.mark.parametrize("method", WRITES)
class TestEveryWrite:
    async def test_it_goes_to_its_endpoint_and_may_be_repeated(self, runner, conversations, method):
        operation, path, more = WRITES[method]
        said = await getattr(conversations, method)(inbox_id=1, user_id=2, phone_number="+14155550111", **more)
        assert said == "ok"
        assert (runner.call.operation, runner.call.path) == (operation, path)
        assert operation.effect is Effect.REPEATABLE

    async def test_a_group_is_named_by_its_numbers(self, runner, conversations, method):
        _, _, more = WRITES[method]
        await getattr(conversations, method)(inbox_id=1, user_id=2, targets=["+14155550111", "14155550112"], **more)
        wire = {"reassign_id": 72} if more else {}
        assert runner.body == {"inbox_id": 1, "user_id": 2, "targets": ["14155550111", "14155550112"], **wire}

    @table(
        inbox_id=IDS,
        user_id=IDS,
        phone_number=PHONES,
        targets=[*MANY_PHONES, *([phone] for phone in PHONES)],
    )
    async def test_what_makes_no_sense_is_refused(self, runner, conversations, method, argument, value):
        arguments = {"inbox_id": 1, "user_id": 2, "phone_number": "+14155550111", **WRITES[method][2], argument: value}
        if argument == "targets":
            del arguments["phone_number"]
        await refused(runner, argument, lambda: getattr(conversations, method)(**arguments))

    async def test_there_must_be_one_conversation_and_only_one(self, runner, conversations, method):
        arguments = {"inbox_id": 1, "user_id": 2, **WRITES[method][2]}
        write = getattr(conversations, method)
        with pytest.raises(ArgumentError, match="There is no target"):
            await write(**arguments)
        await refused(runner, "targets", lambda: write(**arguments, phone_number="+14155550111", targets=["1"]))


@pytest.mark.parametrize("method", ["open", "close"])
@pytest.mark.parametrize("value", OPTIONAL_IDS)
async def test_an_id_to_open_or_close_that_makes_no_sense_is_refused(runner, conversations, method, value):
    call = getattr(conversations, method)
    await refused(runner, "conversation_id", lambda: call(inbox_id=1, user_id=2, conversation_id=value))


@pytest.mark.parametrize("value", IDS)
async def test_so_is_one_to_reassign_to(runner, conversations, value):
    arguments = {"inbox_id": 1, "user_id": 2, "phone_number": "+14155550111", "assignee_id": value}
    await refused(runner, "assignee_id", lambda: conversations.reassign(**arguments))


class TestTransfer:
    async def test_it_asks_as_the_vendor_does(self, runner, conversations, example):
        assert await conversations.transfer(9920, inbox_id=305) == "ok"
        assert runner.body == example("transfer_conversation.request")
        assert (runner.call.operation, runner.call.path) == (TRANSFER_CONVERSATION, "/v1/conversations/transfer")

    def test_it_is_not_repeated_when_nobody_knows_whether_it_was_made(self):
        assert TRANSFER_CONVERSATION.effect is Effect.SENDS

    @table(conversation_id=IDS, inbox_id=IDS)
    async def test_what_makes_no_sense_is_refused(self, runner, conversations, argument, value):
        arguments = {"conversation_id": 9920, "inbox_id": 305, argument: value}
        await refused(runner, argument, lambda: conversations.transfer(**arguments))


class TestReplies:
    def test_a_conversation_arrives_with_every_value(self, example_bytes):
        conversation = read(GET_CONVERSATION, example_bytes("get_conversation.response.documented"))
        assert conversation == Conversation(
            id=9920,
            inbox_id=413,
            assignee_id=5,
            creator_id=5,
            target="14155550111",
            name="Sam Reed",
            members=(ConversationMember(id=5, name="Riley Stone"),),
            channel="sms",
            status="open",
            type="sms",
            op="u",
            blocked=False,
            muted=False,
            replied=True,
            last_inbound=1772355600,
            read=1772355600,
            snooze_till="",
            email_noti=False,
            noreply="",
            super=0,
            support=False,
            local_id="conv-9920",
            created=datetime(2026, 3, 1, 9, tzinfo=UTC),
            updated=MOMENT,
        )
        only_seen_by_integrators = {"targets", "unread", "unread_users", "last_msg"}
        assert set(Conversation.__slots__) - {"extra"} - fields_that_came(conversation) == only_seen_by_integrators

    def test_a_list_of_them_too(self, example_bytes):
        documented = read(LIST_CONVERSATIONS, example_bytes("list_conversations.response.documented"))
        assert documented == (read(GET_CONVERSATION, example_bytes("get_conversation.response.documented")),)

    def test_what_an_integrator_saw_too(self, example, example_bytes):
        (record,) = example("list_conversations.response.observed")
        (conversation,) = read(LIST_CONVERSATIONS, example_bytes("list_conversations.response.observed"))
        names = {"assigned": "assignee_id", "inbox": "inbox_id"}
        assert fields_that_came(conversation) == {names.get(key, key) for key in record}
        assert (conversation.last_msg, conversation.unread) == ("Hello", False)
        assert conversation.members == (ConversationMember(),)
        assert conversation.updated == datetime(2026, 5, 7, 12, tzinfo=UTC)

    def test_so_do_those_of_webhooks(self, example):
        from heymarket_async.convert import Reader

        for kind in ("closed", "opened", "pending", "reassigned", "transferred"):
            reader = Reader(strict=True)
            conversation = reader.structure(example(f"webhook.chat_{kind}")["event_data"], Conversation)
            assert conversation.id > 0
            assert not reader.drift.unknown

    def test_users_to_whom_it_is_unread_and_the_numbers_of_a_group(self):
        body = b'{"id": 1, "unread_users": [5, 6], "targets": {"14155550111": {}}}'
        conversation = read(GET_CONVERSATION, body)
        assert conversation.unread_users == (5, 6)
        assert conversation.targets == {"14155550111": {}}
        assert "4155550111" not in repr(conversation)

    @pytest.mark.parametrize("method", ["open", "close", "reassign", "transfer"])
    def test_what_the_service_says_to_a_write(self, example_bytes, method):
        operation = TRANSFER_CONVERSATION if method == "transfer" else WRITES[method][0]
        assert read(operation, example_bytes(f"{method}_conversation.response")) == "ok"
        assert read(operation, b'{"ok": true}') == '{"ok": true}'

    def test_a_repr_shows_neither_a_number_nor_a_name(self, example_bytes):
        shown = repr(read(GET_CONVERSATION, example_bytes("get_conversation.response.documented")))
        assert not any(secret in shown for secret in ("4155550111", "Riley", "Sam"))


class TestInTheSandbox:
    async def test_a_conversation_is_worked_on(self, heymarket_sandbox, sandboxed):
        team = heymarket_sandbox.teams[0]
        inbox, other = team.inboxes[0]["id"], team.inboxes[1]["id"]
        me, you = team.members[0]["id"], team.members[1]["id"]
        sent = await sandboxed.messages.send(inbox_id=inbox, creator_id=me, phone_number="+15105550160", text="Hello")
        by_id = {"inbox_id": inbox, "user_id": me, "conversation_id": sent.conversation_id}
        by_number = {"inbox_id": inbox, "user_id": me, "phone_number": "+1 510 555 0160"}

        assert await sandboxed.conversations.close(**by_id) == "ok"
        closed = sandboxed.conversations.list(inboxes=[inbox], closed=True)
        assert sent.conversation_id in [conversation.id async for conversation in closed]
        assert await sandboxed.conversations.open(**by_number) == "ok"
        still_open = sandboxed.conversations.list(inboxes=[inbox], closed=False)
        assert sent.conversation_id in [conversation.id async for conversation in still_open]

        await sandboxed.conversations.mark_unread(**by_number)
        assert (await sandboxed.conversations.get(sent.conversation_id)).unread is True
        await sandboxed.conversations.mark_read(**by_number)
        assert (await sandboxed.conversations.get(sent.conversation_id)).unread is False

        await sandboxed.conversations.reassign(**by_number, assignee_id=you)
        assert (await sandboxed.conversations.get(sent.conversation_id)).assignee_id == you
        await sandboxed.conversations.transfer(sent.conversation_id, inbox_id=other)
        assert (await sandboxed.conversations.get(sent.conversation_id)).inbox_id == other

    async def test_all_are_counted_and_each_comes_once_in_pages_of_any_size(self, heymarket_sandbox, sandboxed):
        team = heymarket_sandbox.teams[0]
        inboxes = [inbox["id"] for inbox in team.inboxes]
        for number in range(7):
            await sandboxed.messages.send(
                inbox_id=inboxes[0], creator_id=team.members[0]["id"], phone_number=f"+1510555016{number}", text="A"
            )
        all_of_them = await sandboxed.conversations.list(inboxes=inboxes).collect()
        assert len({conversation.id for conversation in all_of_them}) == len(all_of_them)
        assert len(all_of_them) == await sandboxed.conversations.count()
        in_small_pages = await sandboxed.conversations.list(inboxes=inboxes, page_size=3).collect()
        assert in_small_pages == all_of_them

    async def test_one_that_is_not_there_is_not_found(self, sandboxed):
        with pytest.raises(NotFound):
            await sandboxed.conversations.get(1)


def test_a_session_has_them():
    assert type(AsyncSession(ApiSecret("id", "key")).conversations) is Conversations
