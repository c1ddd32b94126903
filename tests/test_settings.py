"""What a session can be told. Every mistake is found before anything is opened, and named."""

from __future__ import annotations

import math
import time

import pytest

from heymarket_async import AsyncSession
from heymarket_async.auth import ApiKey, ApiSecret
from heymarket_async.clock import VirtualClock
from heymarket_async.errors import ConfigurationError
from heymarket_async.retry import Retries
from heymarket_async.settings import (
    DEFAULT_BASE_URL,
    Options,
    Timeouts,
    check_base_url,
    check_count,
    check_credentials,
    check_positive,
    check_proxy,
    check_retries,
    check_timeout,
    check_user_agent,
    headers_for,
)

NOT_POSITIVE = [0, 0.0, -1, -0.1, math.nan, math.inf, -math.inf, "5", None, True, 10**400, [1]]


@pytest.mark.parametrize("value", [5, None, VirtualClock, time])
def test_a_clock_that_is_none_is_refused(value):
    with pytest.raises(ConfigurationError, match=r"^clock must be a Clock, not \w+\. Pass one that is made"):
        AsyncSession(ApiSecret("id", "key"), clock=value)


class TestTimes:
    @pytest.mark.parametrize("value", NOT_POSITIVE)
    def test_they_are_positive_and_finite(self, value):
        with pytest.raises(ConfigurationError, match=r"^wait must be a positive number of seconds, not "):
            check_positive("wait", value)

    @pytest.mark.parametrize("value", [1, 0.001, 3.5, 1e300])
    def test_they_become_floats(self, value):
        assert check_positive("wait", value) == value
        assert type(check_positive("wait", value)) is float

    @pytest.mark.parametrize("field", ["total", "connect", "read"])
    @pytest.mark.parametrize("value", NOT_POSITIVE)
    def test_a_wrong_timeout_is_named(self, field, value):
        with pytest.raises(ConfigurationError, match=rf"^Timeouts\({field}=...\) must be a positive number"):
            Timeouts(**{field: value})

    @pytest.mark.parametrize("value", NOT_POSITIVE)
    def test_so_is_one_given_as_a_number(self, value):
        with pytest.raises(ConfigurationError, match=r"^timeout must be a positive number of seconds"):
            check_timeout(value)

    def test_a_number_is_the_total(self):
        assert check_timeout(5) == Timeouts(total=5.0)
        timeouts = Timeouts(total=1, connect=2, read=3)
        assert check_timeout(timeouts) is timeouts


class TestCounts:
    @pytest.mark.parametrize("value", [0, -1, 1.0, "1", None, True, math.nan])
    def test_they_are_whole_numbers_from_one_on(self, value):
        with pytest.raises(ConfigurationError, match=r"^pool_size must be a whole number from 1 on, not "):
            check_count("pool_size", value)

    @pytest.mark.parametrize("value", [1, 500])
    def test_those_are_taken(self, value):
        assert check_count("pool_size", value) == value


class TestTheAddressOfTheService:
    @pytest.mark.parametrize(
        ("given", "taken"),
        [
            (DEFAULT_BASE_URL, "https://api.heymarket.com"),
            ("https://api.heymarket.com/", "https://api.heymarket.com"),
            ("  https://api.heymarket.com//\n", "https://api.heymarket.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("https://gateway.example/heymarket/", "https://gateway.example/heymarket"),
            ("HTTPS://Example.com", "HTTPS://Example.com"),
            ("https://bücher.example", "https://bücher.example"),
        ],
    )
    def test_it_is_taken_without_a_slash_at_its_end(self, given, taken):
        assert check_base_url(given) == taken

    @pytest.mark.parametrize(
        ("value", "rule"),
        [
            (None, "must be a str, not NoneType"),
            (b"https://a.example", "must be a str, not bytes"),
            ("", "must begin with https:// or http://"),
            ("api.heymarket.com", "must begin with https:// or http://"),
            ("//api.heymarket.com", "must begin with https:// or http://"),
            ("ftp://a.example", "must begin with https:// or http://"),
            ("javascript:alert(1)", "must begin with https:// or http://"),
            ("https://", "has no host"),
            ("https:///v1", "has no host"),
            ("https://:80", "has no host"),
            ("https://a.example:0", "a port that cannot be"),
            ("https://a.example:99999", "a port that makes no sense"),
            ("https://a.example:http", "a port that makes no sense"),
            ("https://[::1", "a host or a port that makes no sense"),
            ("https://a.example?x=1", "must not hold a query or a fragment"),
            ("https://a.example/?", "must not hold a query or a fragment"),
            ("https://a.example/#", "must not hold a query or a fragment"),
            ("https://user:secret@a.example", "must not hold a user name or a password"),
            ("https://user@a.example", "must not hold a user name or a password"),
            ("https://@a.example", "must not hold a user name or a password"),
            ("https://a b.example", "white space or another character"),
            ("https://a.example/v1\nX: y", "white space or another character"),
            ("ht\ntps://a.example", "white space or another character"),
            ("https://a.example\\@b.example", "white space or another character"),
        ],
    )
    def test_what_cannot_be_one_is_refused_with_the_rule_and_an_example(self, value, rule):
        with pytest.raises(ConfigurationError) as caught:
            check_base_url(value)
        assert caught.value.message.startswith("base_url ")
        assert rule in caught.value.message
        assert caught.value.advice
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


class TestTheAddressOfAProxy:
    def test_it_may_hold_a_user_and_a_password(self):
        assert check_proxy("http://user:secret@proxy.example:3128/") == "http://user:secret@proxy.example:3128"

    @pytest.mark.parametrize(
        "value", [3128, "proxy.example:3128", "socks5://proxy.example", "http://", "http://u:secret@p?x"]
    )
    def test_what_cannot_be_one_is_refused_by_its_own_name(self, value):
        with pytest.raises(ConfigurationError, match=r"^proxy ") as caught:
            check_proxy(value)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        "value", ["http://user:se/cret@proxy.example", "http://u:secret@p\u2100:1", "http://u:p@[::se"]
    )
    def test_what_python_says_of_a_bad_one_is_not_kept_because_it_may_show_the_password(self, value):
        with pytest.raises(ConfigurationError, match="makes no sense") as caught:
            check_proxy(value)
        assert caught.value.__context__ is None


class TestTheNameOfTheProgram:
    @pytest.mark.parametrize("value", ["", "  ", "a\r\nX-Evil: 1", "é", 5, b"app", "a\x00b"])
    def test_what_cannot_stand_in_a_header_is_refused(self, value):
        with pytest.raises(ConfigurationError, match=r"^user_agent must be printable ASCII"):
            check_user_agent(value)

    def test_it_is_added_to_ours(self):
        assert check_user_agent(None) is None
        assert check_user_agent(" my-app/1.2 ") == "my-app/1.2"
        ours = headers_for(None, "3.14")["User-Agent"]
        assert ours.startswith("heymarket-async/")
        assert headers_for("my-app/1.2", "3.14")["User-Agent"] == f"{ours} my-app/1.2"

    def test_json_is_sent_and_wanted(self):
        assert headers_for(None, "3.14")["Accept"] == "application/json"
        assert headers_for(None, "3.14")["Content-Type"] == "application/json"


@pytest.mark.parametrize("value", [None, "id:key", ("id", "key"), ApiSecret])
def test_credentials_are_an_api_secret_or_an_api_key_and_are_not_shown_otherwise(value):
    with pytest.raises(
        ConfigurationError, match=r"^credentials must be an ApiSecret, an ApiSecretPair or an ApiKey, not "
    ) as caught:
        check_credentials(value)
    assert "id:key" not in str(caught.value)


@pytest.mark.parametrize("value", [ApiSecret("an-id", "a-key"), ApiKey("a-key")])
def test_credentials_are_taken_as_they_are(value):
    assert check_credentials(value) is value


def test_retries_are_retries():
    assert check_retries(Retries()) == Retries()
    with pytest.raises(ConfigurationError, match=r"^retries must be Retries\(\.\.\.\), not int"):
        check_retries(3)


def test_options_show_no_header():
    options = Options(base_url="https://a.example", timeouts=Timeouts(), retries=Retries(), headers={"X": "secret"})
    assert "secret" not in repr(options)
