"""Bodies of webhooks: who sent them, what is refused, and what is said of it."""

from __future__ import annotations

import hmac
import json
import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heymarket_async import ArgumentError, ConfigurationError, HeymarketError
from heymarket_async.webhooks import (
    Parser,
    UnknownEvent,
    WebhookError,
    WebhookEvent,
    WebhookMisfit,
    WebhookNotJson,
    WebhookTokenError,
    WebhookTooLarge,
    parse,
)
from webhook_support import TOKEN, body_of, example_of

OLD = "whk-before-the-rotation"
PRIVATE = ("Riley Stone", "14155550111", TOKEN, OLD)


def refused(body, tokens=TOKEN, **settings):
    with pytest.raises(WebhookError) as caught:
        parse(body, tokens, **settings)
    error = caught.value
    for shown in (str(error), repr(error), str(error.__cause__), str(error.__context__)):
        assert not any(private in shown for private in PRIVATE)
    assert type(pickle.loads(pickle.dumps(error))) is type(error)
    return error


def dumped(**changes):
    record = {**example_of("message_recieved"), **changes}
    return json.dumps({key: value for key, value in record.items() if value is not ...}).encode()


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
def test_a_body_may_be_any_kind_of_bytes(form):
    assert parse(form(body_of()), TOKEN).message.id == 9980041


@pytest.mark.parametrize("body", [None, "{}", 5, {"type": "message_sent"}, [b"{}"]])
def test_a_body_that_is_not_bytes_is_an_error_of_the_program(body):
    with pytest.raises(ArgumentError, match="bytes of the request") as caught:
        parse(body, TOKEN)
    assert caught.value.argument == "body"


class TestTokens:
    def test_any_of_several_will_do(self):
        for token in (TOKEN, OLD):
            assert parse(body_of(token=token), [TOKEN, OLD])
            assert parse(body_of(token=token), (each for each in (OLD, TOKEN)))

    @pytest.mark.parametrize(
        "token", [..., None, "", "x", TOKEN[:-1], TOKEN + " ", TOKEN.upper(), 5, True, [TOKEN], {"a": TOKEN}, "\ud800"]
    )
    def test_anything_else_is_refused(self, token):
        assert isinstance(refused(dumped(token=token)), WebhookTokenError)

    def test_a_token_that_is_no_text_is_none_though_it_looks_like_it(self):
        assert isinstance(refused(dumped(token=12345678), tokens="12345678"), WebhookTokenError)

    def test_all_are_compared_whichever_it_is(self, monkeypatch):
        compared = []

        def compare(a, b):
            compared.append((len(a), len(b)))
            return a == b

        monkeypatch.setattr(hmac, "compare_digest", compare)
        parse(body_of(), [TOKEN, OLD, "third"])
        assert compared == [(32, 32)] * 3

    @pytest.mark.parametrize("tokens", [[], (), "", " ", [""], [TOKEN, ""], [TOKEN, " "], iter(())])
    def test_none_is_an_error_and_not_a_pass(self, tokens):
        with pytest.raises(ConfigurationError, match="anybody could send"):
            Parser(tokens)

    @pytest.mark.parametrize("tokens", [None, 5, b"x", bytearray(b"x"), [5], [b"x"], [None], [TOKEN, f"{TOKEN}\n"]])
    def test_what_cannot_be_one_is_an_error_that_does_not_show_it(self, tokens):
        with pytest.raises(ConfigurationError, match="token") as caught:
            Parser(tokens)
        assert TOKEN not in str(caught.value)

    def test_a_wrong_token_is_told_before_anything_is_said_of_the_rest(self):
        for changes in ({"type": ...}, {"event_data": ...}, {"event_data": 5}, {"type": 5}):
            assert isinstance(refused(dumped(token="wrong", **changes)), WebhookTokenError)

    def test_a_wrong_token_leaves_no_trace_in_the_counts(self):
        parser = Parser(TOKEN)
        with pytest.raises(WebhookTokenError):
            parser.parse(dumped(token="wrong", event_data={"id": 1, "odd": 5, "text": []}))
        assert not parser.reader.drift.unknown
        assert not parser.reader.drift.misfits

    def test_no_repr_holds_one(self):
        parser = Parser([TOKEN])
        assert TOKEN not in repr(parser) + repr(vars(parser))


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            (b"", WebhookNotJson, 400),
            (b"{", WebhookNotJson, 400),
            (b"\xff\xfe", WebhookNotJson, 400),
            (body_of().replace(b"open", b"\xff\xff"), WebhookNotJson, 400),
            (body_of().replace(b"open", b"\xed\xa0\x80"), WebhookNotJson, 400),
            (body_of()[:-1], WebhookNotJson, 400),
            (body_of() + b"x", WebhookNotJson, 400),
            (body_of().decode().encode("utf-16"), WebhookNotJson, 400),
            (body_of().decode().encode("utf-32-le"), WebhookNotJson, 400),
            (b"[" * 1000, WebhookNotJson, 400),
            (b"1" * 5000, WebhookNotJson, 400),
            (b"null", WebhookMisfit, 400),
            (b"[]", WebhookMisfit, 400),
            (b'"Riley Stone"', WebhookMisfit, 400),
            (b"{}", WebhookTokenError, 401),
            (dumped(type=...), WebhookMisfit, 400),
            (dumped(type=None), WebhookMisfit, 400),
            (dumped(type=["message_sent"]), WebhookMisfit, 400),
            (dumped(event_data=...), WebhookMisfit, 400),
            (dumped(event_data=None), WebhookMisfit, 400),
            (dumped(event_data="Riley Stone"), WebhookMisfit, 400),
            (dumped(event_data={"text": "Riley Stone"}), WebhookMisfit, 400),
            (dumped(event_data={"id": "14155550111 Riley Stone"}), WebhookMisfit, 400),
            (dumped(type="target_opt_out", event_data=[1]), WebhookMisfit, 400),
            (dumped(type="chat_closed", event_data={"inbox": 5}), WebhookMisfit, 400),
            (b'{"a": ' * 500 + b"1" + b"}" * 500, WebhookTooLarge, 413),
            (b"[[]" * 2000 + b"]" * 2000, WebhookTooLarge, 413),
            (dumped(extra="x" * 300_000), WebhookTooLarge, 413),
        ],
    )
    def test_it_has_an_error_of_its_own(self, body, kind, status):
        error = refused(body)
        assert type(error) is kind
        assert error.status == status
        assert isinstance(error, HeymarketError)

    def test_a_misfit_says_where(self):
        assert refused(dumped(event_data={"text": "x"})).where == "$.event_data.id"
        assert refused(dumped(type=...)).where == "$.type"
        assert refused(dumped(event_data=...)).where == "$.event_data"

    def test_one_byte_more_than_wanted_is_too_large(self):
        body = body_of()
        assert parse(body, TOKEN, largest=len(body))
        assert isinstance(refused(body, largest=len(body) - 1), WebhookTooLarge)
        with pytest.raises(ConfigurationError, match="largest"):
            parse(body, TOKEN, largest=0)

    def test_one_bracket_more_than_wanted_is_too_deep(self):
        def nested(depth):
            return dumped(event_data={"id": 1, "x": json.loads("[" * depth + "]" * depth)})

        assert parse(nested(30), TOKEN)
        assert parse(nested(2)[:-1] + b', "many": [' + b"[]," * 5000 + b"[]]}", TOKEN)
        assert isinstance(refused(nested(31)), WebhookTooLarge)

    def test_brackets_in_texts_count_for_nothing(self):
        text = '[[{"' * 200 + "\\" + '"]' * 3
        assert parse(body_of(text=text), TOKEN).message.text == text

    @pytest.mark.parametrize(
        "body",
        [b"[" * 262_144, b"[]" * 131_072, b"[[]" * 60_000 + b"]" * 60_000, b'"' * 262_144, b'"\\' * 131_072,
         b'"[' * 131_072, b'{"":' * 65_536, b"[{" * 131_072,
         b"[" * 40 + b'\\"' * 100_000, b"[" * 40 + b'\\"' * 100_000 + b"\\"],
    )  # fmt: skip
    def test_nothing_hostile_takes_long(self, body):
        began = time.thread_time()
        refused(body)
        assert time.thread_time() - began < 0.25


def test_what_other_readers_stumble_over_is_taken():
    event = parse(body_of(text="half \ud83d", super=10**30, flagged=1, user="7"), TOKEN)
    assert event.message.text == "half \ud83d"
    assert event.message.user_id == 7
    assert event.message.flagged is True
    assert len(event.dedupe_key) < 100


def parsed_or_refused(body):
    try:
        return parse(body, TOKEN)
    except WebhookError as error:
        return error


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.mixed
@settings(deadline=None)
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_without_the_token_is_refused_with_an_error_of_ours(body):
    assert refused(body).status in (400, 401, 413)


@pytest.mark.mixed
@settings(deadline=None)
@given(
    type=st.sampled_from(["message_sent", "message_received", "chat_closed", "target_opt_out", "x"]) | JSON,
    event_data=st.fixed_dictionaries({}, optional={"id": JSON, "conversation": JSON, "updated": JSON}) | JSON,
    more=st.dictionaries(st.text(), JSON, max_size=3),
)
def test_whatever_comes_with_the_token_is_an_event_or_refused(type, event_data, more):
    body = json.dumps({**more, "type": type, "event_data": event_data, "token": TOKEN}).encode()
    event = parsed_or_refused(body)
    if isinstance(event, WebhookError):
        assert event.status in (400, 413)
        return
    assert isinstance(event, WebhookEvent)
    assert len(event.dedupe_key) < 5000
    assert (type in ("message_sent", "message_received", "chat_closed", "target_opt_out")) != isinstance(
        event, UnknownEvent
    )
