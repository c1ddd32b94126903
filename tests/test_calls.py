"""Operations, calls and replies as values."""

from __future__ import annotations

import attrs
import pytest

from heymarket_async.calls import Call, Effect, Operation, Reply
from heymarket_async.errors import ArgumentError
from heymarket_async.values import UNSET

PRIVATE = "+15105550101"
GET_THING = Operation(
    name="get_thing", method="GET", path="/v1/things/{id}/parts/{part}", effect=Effect.READS, reply=dict
)


def test_a_call_is_an_operation_with_its_arguments_filled_in():
    call = GET_THING.call(id=7, part="left", query={"limit": 5, "q": "a"}, body={"x": 1})
    assert call == Call(
        operation=GET_THING, path="/v1/things/7/parts/left", query=(("limit", 5), ("q", "a")), body={"x": 1}
    )


def test_a_call_has_neither_query_nor_body_unless_given():
    call = GET_THING.call(id=1, part=2)
    assert call.query == ()
    assert call.body is UNSET
    assert GET_THING.call(id=1, part=2, body=None).body is None


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        (7, "7"),
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("?q=1#f", "%3Fq%3D1%23f"),
        ("%2e", "%252e"),
        ("+1", "%2B1"),
        ("é", "%C3%A9"),
        ("{part}", "%7Bpart%7D"),
        ("...", "..."),
    ],
)
def test_a_value_is_one_segment_of_the_path_whatever_it_holds(value, segment):
    assert GET_THING.call(id=value, part="p").path == f"/v1/things/{segment}/parts/p"


@pytest.mark.parametrize("value", ["", ".", "..", "a\nb", "\x00", "\ud83d"])
def test_a_value_that_would_lead_to_another_endpoint_is_refused(value):
    with pytest.raises(ArgumentError, match="part") as caught:
        GET_THING.call(id=1, part=value)
    assert caught.value.argument == "part"


def test_a_value_left_out_is_a_mistake():
    with pytest.raises(KeyError):
        GET_THING.call(id=1)


def test_the_repr_of_a_call_shows_no_argument():
    call = GET_THING.call(id=PRIVATE, part="p", query={"q": PRIVATE}, body={"text": PRIVATE})
    assert PRIVATE not in repr(call)
    assert "get_thing" in repr(call)


@pytest.mark.parametrize("value", [GET_THING, GET_THING.call(id=1, part=2), Reply(status=200, headers={}, body=b"")])
def test_they_are_frozen(value):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        value.body = b"other"


class TestReply:
    def test_its_repr_shows_the_size_of_the_body_and_nothing_of_it(self):
        reply = Reply(status=200, headers={"X-Phone": PRIVATE}, body=PRIVATE.encode())
        assert repr(reply) == "Reply(status=200, body=<12 bytes>)"

    def test_it_knows_the_id_of_the_request(self):
        assert Reply(status=200, headers={"X-Request-Id": "r1"}, body=b"").request_id == "r1"
        assert Reply(status=200, headers={}, body=b"").request_id is None

    def test_its_text_never_fails(self):
        assert Reply(status=200, headers={}, body="é".encode()).text == "é"
        assert Reply(status=200, headers={}, body=b"a\xffb").text == "a\ufffdb"

    def test_its_json_is_parsed_on_demand(self):
        assert Reply(status=200, headers={}, body=b'{"a": 1}').json == {"a": 1}
        with pytest.raises(ValueError, match="Expecting"):
            _ = Reply(status=200, headers={}, body=b"<html>").json
