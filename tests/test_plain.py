"""Models as plain JSON again."""

from __future__ import annotations

import json

from hypothesis import assume, given
from hypothesis import strategies as st

from heymarket_async import Conversation, ConversationMember, Message
from heymarket_async.convert import Reader
from heymarket_async.plain import to_json
from heymarket_async.values import Extra
from test_convert_properties import any_model, loose, often, records, same


def test_it_has_the_names_of_the_wire_and_leaves_out_what_was_not_there():
    conversation = Conversation(id=5, inbox_id=42, members=(ConversationMember(id=7),), extra=Extra({"mood": [1]}))
    assert to_json(Message(id=1, conversation=conversation, media_url="https://example.com/a.png")) == {
        "id": 1,
        "conversation": {"id": 5, "inbox": 42, "members": [{"id": 7}], "unread_users": [], "mood": [1]},
        "media": "https://example.com/a.png",
    }


def test_it_takes_whatever_is_made_of_models():
    assert to_json({"a": (ConversationMember(id=7), None, 1.5)}) == {"a": [{"id": 7}, None, 1.5]}


@often
@given(model=any_model, data=st.data())
def test_it_is_read_as_the_same_model(model, data):
    record = data.draw(records(model, loose))
    assume("Infinity" not in json.dumps(record))  # JSON has no such number, though Python reads it.
    item = Reader().structure(record, model)
    again = Reader().structure(to_json(item), model)
    assert same(again, item)
