"""Events of webhooks: their classes, what they are known by, and replies."""

from __future__ import annotations

import json

import pytest

from fakes import FakeRunner
from heymarket_async import ArgumentError, EventKind
from heymarket_async.models.messages import SentMessage
from heymarket_async.webhooks import (
    ChatClosed,
    ChatEvent,
    ChatOpened,
    ChatPending,
    ChatReassigned,
    ChatTransferred,
    EventSource,
    IncomingCall,
    MessageEvent,
    MessageReceived,
    MessageSent,
    TargetDoubleOptIn,
    TargetDoubleOptRestricted,
    TargetEvent,
    TargetOptIn,
    TargetOptOut,
    UnknownEvent,
    WebhookEvent,
    parse,
)
from heymarket_async.webhooks.events import CLASSES
from heymarket_async.webhooks.parsing import Parser, event_of, reread, written
from webhook_support import TEXT, TOKEN, body_of, example_of

OF_THE_PAGE = {
    "message_sent": MessageSent,
    "message_recieved": MessageReceived,
    "chat_reassigned": ChatReassigned,
    "chat_closed": ChatClosed,
    "chat_opened": ChatOpened,
    "chat_pending": ChatPending,
    "chat_transferred": ChatTransferred,
    "target_opt_out": TargetOptOut,
    "target_opt_in": TargetOptIn,
    "target_double_opt_in": TargetDoubleOptIn,
    "target_double_opt_restricted": TargetDoubleOptRestricted,
    "incoming_call": IncomingCall,
}


def parsed(kind="message_recieved", **data):
    return parse(body_of(kind, **data), TOKEN)


@pytest.mark.parametrize(("kind", "cls"), OF_THE_PAGE.items())
def test_each_type_of_the_vendor_has_a_class_and_keeps_its_own_word(kind, cls):
    event = parsed(kind)
    assert type(event) is cls
    assert event.raw_type == kind
    assert event.webhook_id == 123
    assert event.data == example_of(kind)["event_data"]
    assert event.source is EventSource.WEBHOOK
    assert not event.extra


def test_there_are_no_other_classes():
    assert set(CLASSES) == set(EventKind)
    assert set(CLASSES.values()) == set(OF_THE_PAGE.values())


def test_both_spellings_of_a_received_message_are_the_same_event():
    right = json.loads(body_of())
    event = parse(json.dumps({**right, "type": "message_received"}).encode(), TOKEN)
    assert isinstance(event, MessageReceived)
    assert event.raw_type == "message_received"
    assert parsed().kind is event.kind is EventKind.MESSAGE_RECEIVED
    assert parsed().dedupe_key == event.dedupe_key


def test_what_stands_in_an_event_is_read_into_models():
    event = parsed()
    assert event.message.text == "When do you open?"
    assert event.conversation is event.message.conversation
    assert event.conversation.id == 9920
    chat = parsed("chat_closed")
    assert chat.conversation is chat.chat
    assert chat.chat.assignee_id == 5
    assert parsed("target_opt_out").conversation is None


def test_what_the_library_does_not_know_is_kept():
    body = json.loads(body_of(mood="good", flagged="perhaps"))
    event = parse(json.dumps({**body, "attempt": 2}).encode(), TOKEN)
    assert event.extra == {"attempt": 2}
    assert event.message.extra == {"mood": "good", "flagged": "perhaps"}
    assert event.data["mood"] == "good"


def test_a_type_that_is_new_is_an_unknown_event():
    event = parse(json.dumps({"type": "chat_snoozed", "id": 1, "token": TOKEN, "event_data": [1]}).encode(), TOKEN)
    assert type(event) is UnknownEvent
    assert (event.kind, event.raw_type, event.data) == ("chat_snoozed", "chat_snoozed", [1])
    assert "chat_snoozed" in repr(event)


def test_an_unknown_type_that_is_no_word_is_not_shown():
    body = {"type": "Riley wrote +1 415 555 0111", "id": 1, "token": TOKEN, "event_data": {}}
    event = parse(json.dumps(body).encode(), TOKEN)
    assert "Riley" not in repr(event) + event.dedupe_key
    assert "0111" not in repr(event) + event.dedupe_key


@pytest.mark.parametrize("kind", OF_THE_PAGE)
def test_a_repr_shows_neither_texts_nor_names_nor_numbers_nor_the_token(kind):
    shown = repr(parsed(kind))
    assert shown.startswith(OF_THE_PAGE[kind].__name__)
    for private in (TOKEN, "When do you open", "14155550111", "Sam Reed", "Riley"):
        assert private not in shown


class TestWhatAnEventIsKnownBy:
    def test_a_message_by_its_id(self):
        assert parsed(id=7).dedupe_key == "message_received:7"
        assert parsed("message_sent", id=7).dedupe_key == "message_sent:7"
        assert parsed(id=7, updated="2026-05-01T00:00:00Z").dedupe_key == "message_received:7"

    def test_a_change_of_a_conversation_by_its_id_and_time(self):
        first = parsed("chat_closed").dedupe_key
        assert first == "chat_closed:9920:1776007800000000"
        assert parsed("chat_closed", updated="2026-04-12T17:30:00+02:00").dedupe_key == first
        assert parsed("chat_closed", updated="2026-04-12T15:30:00.000001Z").dedupe_key != first
        assert parsed("chat_opened").dedupe_key != first
        assert parsed("chat_closed", id=1).dedupe_key != first

    @pytest.mark.parametrize("kind", ["chat_closed", "target_opt_out", "incoming_call"])
    def test_anything_else_by_a_digest_of_all_of_it(self, kind):
        plain = {"updated": None, "a": 1}
        one = parsed(kind, **plain)
        key = json.loads(body_of(kind, **plain))
        key["event_data"] = dict(reversed(key["event_data"].items()))
        same = parse(json.dumps({**key, "id": 8}).encode(), TOKEN)
        assert one.dedupe_key == same.dedupe_key
        assert one.dedupe_key != parsed(kind, updated=None, a=2).dedupe_key

    def test_a_digest_tells_no_number(self):
        assert "0111" not in parsed("target_opt_out", target="14155550111").dedupe_key


@pytest.mark.parametrize("kind", OF_THE_PAGE)
def test_an_event_that_was_written_down_is_the_same_and_has_no_token(kind):
    event = parsed(kind, half="\ud83d", many=[1.5, None, "x"])
    assert TOKEN.encode() not in written(event)
    assert reread(written(event), Parser(TOKEN)) == event


@pytest.mark.parametrize("kind", ["message_recieved", "message_sent", "chat_closed"])
def test_an_event_made_of_a_model_is_the_one_that_a_webhook_tells(kind):
    told = parsed(kind, new_key=[1])
    made = event_of(told.kind, told.message if isinstance(told, MessageEvent) else told.chat, EventSource.POLL)
    assert type(made) is type(told)
    assert made.dedupe_key == told.dedupe_key
    assert made.conversation == told.conversation
    assert made.source is EventSource.POLL
    assert reread(written(made), Parser(TOKEN)) == made


class TestReplies:
    async def test_a_reply_goes_to_the_conversation_from_its_inbox(self):
        session = FakeRunner(SentMessage(id=1))
        await parsed().reply(session, creator_id=7, text=TEXT)
        assert session.call.operation.name == "send_message"
        local_id = session.body.pop("local_id")
        assert session.body == {"chat_id": 9920, "inbox_id": 413, "creator_id": 7, "text": TEXT}
        assert len(local_id) == 36

    async def test_a_handler_that_runs_again_replies_with_the_same_identifier(self):
        session = FakeRunner()
        for event in (parsed(), parsed(), parsed(id=1)):
            await event.reply(session, creator_id=7, text=TEXT)
        await parsed().reply(session, creator_id=7, text="Another")
        await parsed().reply(session, creator_id=8, text=TEXT)
        await parsed().reply(session, creator_id=8, text=TEXT, local_id="mine")
        ids = [call.body["local_id"] for call in session.calls]
        assert ids[0] == ids[1]
        assert len(set(ids)) == 5
        assert ids[-1] == "mine"

    async def test_a_change_of_a_conversation_can_be_replied_to(self):
        session = FakeRunner()
        await parsed("chat_opened").reply(session, creator_id=7, text=TEXT, private=True, author="Bot")
        assert session.body["chat_id"] == 9920
        assert session.body["private"] is True

    @pytest.mark.parametrize("kind", ["target_opt_out", "incoming_call"])
    async def test_without_a_conversation_there_is_nobody_to_reply_to(self, kind):
        session = FakeRunner()
        with pytest.raises(ArgumentError, match="without a conversation") as caught:
            await parsed(kind).reply(session, creator_id=7, text=TEXT)
        assert caught.value.argument == "event"
        with pytest.raises(ArgumentError, match="without a conversation"):
            await parsed(conversation=None).reply(session, creator_id=7, text=TEXT)
        assert not session.calls

    async def test_an_inbox_that_is_not_told_has_to_be_passed(self):
        session, event = FakeRunner(), parsed("chat_closed", inbox=None)
        with pytest.raises(ArgumentError, match="does not say its inbox") as caught:
            await event.reply(session, creator_id=7, text=TEXT)
        assert caught.value.argument == "inbox_id"
        assert not session.calls
        await event.reply(session, creator_id=7, text=TEXT, inbox_id=5)
        assert session.body["inbox_id"] == 5

    async def test_what_makes_no_sense_is_an_error_before_anything_is_sent(self):
        session = FakeRunner()
        with pytest.raises(ArgumentError, match="text"):
            await parsed().reply(session, creator_id=7)
        assert not session.calls


def test_bases_stand_for_several():
    assert isinstance(parsed(), MessageEvent)
    assert isinstance(parsed("chat_closed"), ChatEvent)
    assert isinstance(parsed("target_opt_in"), TargetEvent)
    assert isinstance(parsed("incoming_call"), WebhookEvent)
