"""The tree of errors: what they are, say and keep."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import traceback

import pytest

import heymarket_async
from heymarket_async import errors
from heymarket_async._version import SITE
from heymarket_async.errors import (
    AnsweredError,
    ApiError,
    ArgumentError,
    CallError,
    ConfigurationError,
    HeymarketError,
    RateBudgetExceeded,
    RateLimited,
    ReplyError,
)
from heymarket_async.webhooks import errors as webhook_errors
from heymarket_async.wire import class_for

PRIVATE = "Riley Stone +15105550101"
CLASSES = [
    value
    for value in {**vars(errors), **vars(webhook_errors)}.values()
    if inspect.isclass(value) and issubclass(value, HeymarketError)
]
FACTS = {
    "operation": "send_message",
    "method": "POST",
    "path": "/v1/message/send",
    "attempts": 3,
    "elapsed": 1.26,
    "request_id": "req-7",
}


def facts_of(kind):
    """Every fact that an error of this class may carry, none of them at its default."""
    facts = {}
    if issubclass(kind, CallError):
        facts |= FACTS
    if issubclass(kind, AnsweredError):
        facts |= {"status": 418, "text": PRIVATE, "content_type": "text/html"}
    if kind is ReplyError:
        facts["where"] = "$[3].id"
    if kind is RateLimited:
        facts["retry_after"] = 2.5
    if kind is RateBudgetExceeded:
        facts["wait"] = 12.5
    if kind is ArgumentError:
        facts["argument"] = "text"
    return facts


def drawn_tree():
    """The parent of each class, as drawn in the docstring of the module."""
    parents, line_of_ancestors = {}, {}
    for line in errors.__doc__.splitlines():
        match = re.match(r"^    ([│ ├└─]*)([A-Z]\w+)(?:  |$)", line)
        if match:
            depth = len(match[1]) // 4
            line_of_ancestors[depth] = match[2]
            parents[match[2]] = line_of_ancestors[depth - 1] if depth else None
    return parents


def test_the_tree_drawn_in_the_docstring_is_the_real_one():
    real = {kind.__name__: kind.__bases__[0].__name__ for kind in CLASSES}
    assert drawn_tree() == real | {"HeymarketError": None}


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        ("ConfigurationError", ValueError),
        ("MissingCredentials", ValueError),
        ("ArgumentError", ValueError),
        ("SessionError", RuntimeError),
        ("SessionClosed", RuntimeError),
        ("WrongEventLoop", RuntimeError),
        ("TimedOut", TimeoutError),
    ],
)
def test_some_errors_are_also_what_python_calls_them(kind, builtin):
    assert issubclass(getattr(errors, kind), builtin)
    line = next(line for line in errors.__doc__.splitlines() if re.search(rf"\b{kind}\b", line))
    if kind not in {"MissingCredentials", "SessionClosed", "WrongEventLoop"}:
        assert f"(also a {builtin.__name__})" in line


def test_the_package_exports_every_error_that_is_raised():
    bases_only = {"AnsweredError"}
    assert {kind.__name__ for kind in CLASSES} - bases_only <= set(heymarket_async.__all__)


@pytest.mark.parametrize("kind", CLASSES)
class TestEveryError:
    def test_it_keeps_all_its_facts(self, kind):
        error = kind("It failed.", advice="Do this.", **facts_of(kind))
        assert (error.message, error.advice) == ("It failed.", "Do this.")
        for name, value in facts_of(kind).items():
            assert getattr(error, name) == value

    @pytest.mark.parametrize(
        "twin", [copy.copy, copy.deepcopy, *(lambda e, p=p: pickle.loads(pickle.dumps(e, p)) for p in range(6))]
    )
    def test_a_pickled_or_copied_one_has_the_same_facts_and_says_the_same(self, kind, twin):
        error = kind("It failed.", **facts_of(kind))
        error.add_note("while testing")
        other = twin(error)
        assert type(other) is kind
        assert vars(other) == vars(error)
        assert vars(other)["message"] == "It failed."
        assert (str(other), repr(other), other.args) == (str(error), repr(error), error.args)

    def test_it_tells_what_happened_and_what_to_do(self, kind):
        error = kind("It failed.", **facts_of(kind))
        assert str(error).startswith("It failed.")
        assert str(error).endswith(error.advice)
        assert str(kind("It failed.", advice="Do this.")).endswith(" Do this.")

    def test_it_shows_nothing_of_what_the_service_wrote(self, kind):
        error = kind("It failed.", **facts_of(kind))
        for shown in (str(error), repr(error), f"{error}", f"{error!r:>5}", str(error.args)):
            assert PRIVATE not in shown
            assert "Riley" not in shown

    def test_the_last_line_of_its_traceback_is_the_address_of_its_page(self, kind):
        *_, last = traceback.format_exception(kind("It failed.", **facts_of(kind)))
        assert last == f"See {SITE}/errors.html#{kind.__name__.lower()}\n"
        assert SITE not in str(kind("It failed."))

    def test_it_can_be_caught_as_an_error_of_this_library(self, kind):
        with pytest.raises(HeymarketError):
            raise kind("It failed.")


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if issubclass(kind, CallError)])
def test_an_error_of_a_call_names_the_operation_the_attempts_the_time_and_the_request(kind):
    text = str(kind("It failed.", **facts_of(kind)))
    assert "[send_message (POST /v1/message/send), 3 attempts, 1.3 s, request id req-7]" in text
    facts = facts_of(kind) | {"attempts": 1, "request_id": None}
    assert "1 attempt, 1.3 s]" in str(kind("It failed.", **facts))


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if issubclass(kind, ApiError) and kind is not ApiError])
def test_every_refusal_comes_with_advice(kind):
    assert kind.advice.endswith(".")


@pytest.mark.parametrize("kind", ["NeverSent", "TimedOut", "ConnectionLost", "SendUnknown", "RateBudgetExceeded"])
def test_every_failure_on_the_way_comes_with_advice(kind):
    assert getattr(errors, kind).advice.endswith(".")


def test_an_error_that_a_program_derives_leads_to_the_page_of_ours():
    class OrderNotFound(errors.NotFound):
        pass

    assert OrderNotFound("It is not there.").__notes__ == errors.NotFound("It is not there.").__notes__


def test_advice_may_be_given_or_left_out():
    assert str(HeymarketError("It failed.")) == "It failed."
    assert str(HeymarketError("It failed.", advice="")) == "It failed."
    assert errors.SessionClosed("It is closed.", advice="").advice == ""
    assert errors.SessionClosed.advice


OF_THEIR_OWN = {
    400: "BadRequest",
    401: "AuthenticationError",
    403: "PermissionDenied",
    404: "NotFound",
    409: "Conflict",
    422: "UnprocessableEntity",
    429: "RateLimited",
}


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_has_its_class(status):
    expected = OF_THEIR_OWN.get(status, "ServerError" if status >= 500 else "UnexpectedStatus")
    assert class_for(status).__name__ == expected
    line = next(line for line in errors.__doc__.splitlines() if expected in line)
    assert status not in OF_THEIR_OWN or str(status) in line


@pytest.mark.parametrize("status", [0, 99, 600, 999])
def test_a_status_beyond_http_is_unexpected(status):
    assert class_for(status) is errors.UnexpectedStatus


class TestTheJsonOfAnAnswer:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ('{"a": [1]}', {"a": [1]}),
            ('"ok"', "ok"),
            ("\ufeff{}", {}),
            ("null", None),
            ("", None),
            ("<html>", None),
            ("[" * 100_000, None),
            ("9" * 5000, None),
        ],
    )
    def test_it_is_parsed_or_none(self, text, value):
        assert ApiError("No.", text=text).json == value


class TestTheCodeOfARefusal:
    @pytest.mark.parametrize("key", ["error_code", "code", "error"])
    def test_it_is_a_word_under_any_of_the_usual_keys(self, key):
        assert ApiError("No.", text=f'{{"{key}": "bad_data"}}').code == "bad_data"

    def test_the_most_specific_key_comes_first(self):
        text = '{"error": "third", "code": "second", "error_code": "first"}'
        assert ApiError("No.", text=text).code == "first"
        assert (
            ApiError("No.", text='{"error_code": "No such thing!", "code": 5, "error": "bad_data"}').code == "bad_data"
        )

    @pytest.mark.parametrize(
        "value",
        ['"+15105550101"', '"Riley Stone"', '"a@example.com"', '"abc123"', '""', '"Bad"', f'"{"a" * 41}"', "5", "null"],
    )
    def test_what_may_be_data_is_no_code(self, value):
        assert ApiError("No.", text=f'{{"error_code": {value}, "code": {value}}}').code is None

    @pytest.mark.parametrize(
        "text", ["", "bad_data", '"bad_data"', '["bad_data"]', "[" * 100_000, '{"message": "bad_data"}']
    )
    def test_there_is_none_outside_of_an_object(self, text):
        assert ApiError("No.", text=text).code is None


def test_an_error_of_the_sandbox_leads_to_the_page_of_the_class_that_it_is_made_of():
    class Sandboxed(ConfigurationError):
        pass

    Sandboxed.__module__ = "heymarket_async.sandbox.anything"
    assert Sandboxed("It cannot be.").__notes__ == ConfigurationError("It cannot be.").__notes__
