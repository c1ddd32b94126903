"""From a call to the bytes of a request, and from a reply to a value or an error."""

from __future__ import annotations

import decimal
import json
from datetime import UTC, datetime

import pytest
from multidict import CIMultiDict

from heymarket_async import Inbox, Team, errors
from heymarket_async.calls import Call, Effect, Operation, Reply
from heymarket_async.convert import Reader
from heymarket_async.errors import ApiError, ArgumentError, HeymarketError, RateLimited, ReplyError
from heymarket_async.resources.inboxes import LIST_INBOXES
from heymarket_async.resources.tags import DELETE_TAG
from heymarket_async.resources.team import GET_TEAM
from heymarket_async.turns import at_once
from heymarket_async.values import UNSET, Acknowledgement
from heymarket_async.wire import Request, api_error, class_for, decode, encode, retry_after

PRIVATE = "+15105550101"
SEND = Operation(name="send_message", method="POST", path="/v1/message/send", effect=Effect.SENDS, reply=Team)
ANYTHING = Operation(name="request", method="POST", path="/v1/x", effect=Effect.READS, reply=object)
NOTHING = Operation(name="delete_x", method="DELETE", path="/v1/x", effect=Effect.REPEATABLE, reply=type(None))
NOW = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT


def reply_of(status=200, body=b"", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=CIMultiDict(names), body=body)


def read(reply, call=None, reader=None):
    return at_once(decode(reply, call or LIST_INBOXES.call(), reader or Reader(), attempts=2, elapsed=1.5, now=NOW))


class TestRequests:
    def test_a_call_without_query_and_body_is_a_method_and_a_path(self):
        assert encode(LIST_INBOXES.call()) == Request("GET", "/v1/inboxes", None)

    def test_a_query_is_encoded_in_its_order(self):
        query = {"phoneNumber": "+1 510", "limit": 5, "q": "a&b=c/d?é#%"}
        target = encode(ANYTHING.call(query=query)).target
        assert target == "/v1/x?phoneNumber=%2B1+510&limit=5&q=a%26b%3Dc%2Fd%3F%C3%A9%23%25"

    def test_the_path_is_taken_as_it_was_filled_in(self):
        operation = Operation(name="get", method="GET", path="/v1/things/{id}", effect=Effect.READS, reply=object)
        assert encode(operation.call(id="a/b c", query={"x": 1})).target == "/v1/things/a%2Fb%20c?x=1"

    @pytest.mark.parametrize(
        ("body", "sent"),
        [
            (UNSET, None),
            (None, b"null"),
            ({}, b"{}"),
            ([], b"[]"),
            ("", b'""'),
            (0, b"0"),
            ({"text": "é🙂", "to": [1, None, True]}, '{"text":"é🙂","to":[1,null,true]}'.encode()),
            ({"at": datetime(2024, 5, 1, tzinfo=UTC)}, b'{"at":"2024-05-01T00:00:00Z"}'),
        ],
    )
    def test_a_body_is_json_and_unset_is_none(self, body, sent):
        assert encode(ANYTHING.call(body=body)).body == sent

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ({"text": object()}, "TypeError"),
            ({"text": UNSET}, "TypeError"),
            ({1.5j: 1}, "TypeError"),
            ({"text": "half an emoji \ud83d"}, "UnicodeEncodeError"),
            ({"n": 10**5000}, "ValueError"),
            (lambda: None, "TypeError"),
        ],
    )
    def test_a_body_that_json_cannot_hold_is_refused_without_showing_it(self, body, reason):
        call = ANYTHING.call(body={"phone": PRIVATE, "inner": body})
        with pytest.raises(ArgumentError, match=rf"request cannot be written as JSON \({reason}\)") as caught:
            encode(call)
        assert caught.value.argument == "body"
        assert PRIVATE not in str(caught.value)
        assert caught.value.__context__ is None

    def test_so_is_a_body_that_holds_itself(self):
        body = []
        body.append(body)
        with pytest.raises(ArgumentError, match="RecursionError"):
            encode(ANYTHING.call(body=body))

    def test_so_is_a_query_that_is_not_unicode(self):
        with pytest.raises(ArgumentError) as caught:
            encode(ANYTHING.call(query={"q": "\ud83d" + PRIVATE}))
        assert caught.value.argument == "query"
        assert caught.value.__context__ is None
        assert PRIVATE not in str(caught.value)

    def test_a_decimal_is_written_as_text(self):
        assert encode(ANYTHING.call(body=decimal.Decimal("1.50"))).body == b'"1.50"'


class TestSuccess:
    @pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
    def test_every_status_of_success_is_one(self, status):
        assert read(reply_of(status, b'[{"id": 1}]')) == (Inbox(id=1),)

    @pytest.mark.parametrize("status", [100, 199, 300, 304])
    def test_no_other_is(self, status):
        with pytest.raises(errors.UnexpectedStatus):
            read(reply_of(status, b'[{"id": 1}]'))

    def test_the_older_wrapper_is_opened(self):
        assert read(reply_of(body=b'{"inboxes": [{"id": 1}]}')) == (Inbox(id=1),)

    @pytest.mark.parametrize("text", ["ok", "success", "1042"])
    def test_a_json_string_is_a_text(self, text):
        operation = Operation(name="x", method="POST", path="/v1/x", effect=Effect.SENDS, reply=str)
        assert read(reply_of(body=json.dumps(text).encode()), operation.call()) == text
        assert read(reply_of(body=json.dumps(text).encode()), ANYTHING.call()) == text

    @pytest.mark.parametrize("body", [b"", b" ", b"ok", b'"ok"', b"{}"])
    def test_where_no_body_matters_any_is_fine(self, body):
        assert read(reply_of(204, body), NOTHING.call()) is None

    @pytest.mark.parametrize("body", [b"", b"\n "])
    def test_a_write_that_was_made_without_a_word_is_no_failure(self, body):
        said = read(reply_of(204, body), DELETE_TAG.call(id=1))
        assert said == ""
        assert type(said) is Acknowledgement

    def test_plain_json_may_be_empty(self):
        assert read(reply_of(204), ANYTHING.call()) is None


class TestAnswersThatCannotBeRead:
    def refusal(self, reply, call=None, reader=None):
        with pytest.raises(ReplyError) as caught:
            read(reply, call, reader)
        return caught.value

    def test_html_in_place_of_json_is_named(self):
        error = self.refusal(reply_of(200, f"<html>{PRIVATE}".encode(), Content_Type="text/html; charset=utf-8"))
        assert error.message == "The service answered 200, but its answer is not JSON (text/html)."
        assert error.text == f"<html>{PRIVATE}"
        assert error.content_type == "text/html; charset=utf-8"
        assert error.where == ""
        assert PRIVATE not in str(error)

    def test_the_lack_of_a_content_type_is_named_and_a_long_one_is_cut(self):
        assert "is not JSON (no content type)" in self.refusal(reply_of(body=b"{")).message
        assert f"({'x' * 80})" in self.refusal(reply_of(body=b"{", Content_Type="x" * 500)).message

    @pytest.mark.parametrize("body", [b"", b"\n "])
    def test_an_empty_answer_is_named(self, body):
        assert self.refusal(reply_of(body=body)).message == "The service answered 200, but its answer is empty."

    def test_a_misfit_is_named_by_its_place(self):
        error = self.refusal(reply_of(body=b'[{"id": 1}, {"id": "' + PRIVATE.encode() + b'"}]'))
        assert error.where == "$[1].id"
        assert error.message.endswith("does not fit at $[1].id: integer wanted, string found.")
        assert PRIVATE not in str(error)
        assert PRIVATE in error.text

    def test_a_misfit_in_a_wrapper_is_named_with_it(self):
        assert self.refusal(reply_of(body=b'{"inboxes": [{}]}')).where == "$.inboxes[0].id"

    def test_a_string_in_place_of_a_record_is_named(self):
        error = self.refusal(reply_of(body=b'"ok"'), GET_TEAM.call())
        assert error.message.endswith("does not fit at $: object wanted, string found.")

    def test_a_strict_reader_refuses_what_another_keeps(self):
        reply = reply_of(body=b'{"id": 1, "list_size": "many"}')
        assert read(reply, GET_TEAM.call()).extra == {"list_size": "many"}
        assert self.refusal(reply, GET_TEAM.call(), Reader(strict=True)).where == "$.list_size"

    @pytest.mark.parametrize(("body", "said"), [(b"", "may have"), (b"<html>", "may have"), (b"[]", "has")])
    def test_of_a_send_it_is_said_whether_it_has_taken_effect(self, body, said):
        error = self.refusal(reply_of(body=body), SEND.call(body={"local_id": "L"}))
        assert f"The send {said} taken effect" in error.message
        assert error.local_id == "L"
        assert "taken effect" not in self.refusal(reply_of(body=b"{"), GET_TEAM.call()).message

    def test_all_facts_are_there(self):
        error = self.refusal(reply_of(body=b"{", X_Request_Id="req-9"))
        facts = ("list_inboxes", "GET", "/v1/inboxes", 2, 1.5, "req-9", 200)
        assert facts == (
            error.operation,
            error.method,
            error.path,
            error.attempts,
            error.elapsed,
            error.request_id,
            error.status,
        )

    def test_no_value_is_left_on_the_chain_of_the_error(self):
        error = self.refusal(reply_of(body=b'[{"id": "' + PRIVATE.encode() + b'"}]'))
        assert error.__cause__ is None
        assert error.__context__ is None


class TestRefusals:
    @pytest.mark.parametrize("status", [*range(300, 600, 7), 301, 400, 401, 403, 404, 409, 422, 429, 500, 503])
    def test_each_status_becomes_its_error_with_all_facts(self, status):
        reply = reply_of(status, b'{"error_code": "bad_data"}', X_Request_Id="req-9", Content_Type="application/json")
        with pytest.raises(ApiError) as caught:
            read(reply, SEND.call())
        error = caught.value
        assert type(error) is class_for(status)
        assert error.message == f"The service answered {status} bad_data."
        assert str(error).startswith(
            f"The service answered {status} bad_data. [send_message (POST /v1/message/send), 2 att"
        )
        assert (error.status, error.code, error.json) == (status, "bad_data", {"error_code": "bad_data"})
        assert (error.request_id, error.attempts, error.elapsed) == ("req-9", 2, 1.5)
        assert error.content_type == "application/json"

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            PRIVATE.encode(),
            b'"' + PRIVATE.encode() + b'"',
            b'{"message": "No such number ' + PRIVATE.encode() + b'"}',
            b'{"error": "Riley Stone", "code": "' + PRIVATE.encode() + b'"}',
            b"<html>" + PRIVATE.encode(),
            b"\xff\xfe" + PRIVATE.encode(),
            b"[" * 100_000,
        ],
    )
    def test_no_body_breaks_it_and_none_is_shown(self, body):
        error = api_error(reply_of(400, body), SEND.call(), attempts=1, elapsed=0.1, now=NOW)
        assert error.message == "The service answered 400."
        assert error.code is None
        for shown in (str(error), repr(error), str(error.args)):
            assert PRIVATE not in shown
            assert "Riley" not in shown

    @pytest.mark.parametrize("path", ["/v1/contact/{id}"])
    def test_the_path_is_the_template_and_never_its_values(self, path):
        operation = Operation(name="get_contact", method="GET", path=path, effect=Effect.READS, reply=object)
        call = operation.call(id=PRIVATE, query={"phone": PRIVATE}, body={"phone": PRIVATE})
        error = api_error(reply_of(404), call, attempts=1, elapsed=0.1, now=NOW)
        assert error.path == path
        assert PRIVATE not in str(error)
        assert "%2B1510" not in str(error)

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 302])
    def test_all_are_errors_of_this_library(self, status):
        assert isinstance(api_error(reply_of(status), SEND.call(), attempts=1, elapsed=0, now=NOW), HeymarketError)


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({}, None),
            ({"Retry_After": "7"}, 7.0),
            ({"retry_after": "0.5"}, 0.5),
            ({"RETRY_AFTER": "soon"}, None),
            ({"Retry_After": "Wed, 21 Oct 2015 07:28:30 GMT"}, 30.0),
        ],
    )
    def test_it_is_read_from_the_reply(self, headers, seconds):
        reply = reply_of(429, **headers)
        assert retry_after(reply, NOW) == seconds
        error = api_error(reply, SEND.call(), attempts=1, elapsed=0.1, now=NOW)
        assert isinstance(error, RateLimited)
        assert error.retry_after == seconds

    def test_a_date_is_counted_from_the_services_own_clock(self):
        reply = reply_of(429, Retry_After="Wed, 21 Oct 2015 07:28:30 GMT", Date="Wed, 21 Oct 2015 07:28:20 GMT")
        assert retry_after(reply, NOW) == 10.0
        assert retry_after(reply, NOW + 1e6) == 10.0

    def test_a_date_is_counted_from_ours_where_the_service_does_not_tell(self):
        reply = reply_of(429, Retry_After="Wed, 21 Oct 2015 07:28:30 GMT", Date="today")
        assert retry_after(reply, NOW) == 30.0

    def test_seconds_need_no_clock(self):
        assert retry_after(reply_of(503, Retry_After="12", Date="Wed, 21 Oct 2015 07:28:20 GMT"), 0.0) == 12.0


def test_a_call_made_by_hand_is_encoded_as_one_made_by_its_operation():
    by_hand = Call(operation=ANYTHING, path="/v1/x", query=(("a", 1),), body=[1])
    assert encode(by_hand) == encode(ANYTHING.call(query={"a": 1}, body=[1]))
