"""Credentials, where they come from, and the tokens made from them."""

from __future__ import annotations

import base64
import copy
import hmac
import itertools
import json
import pickle
import traceback
import warnings

import attrs
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heymarket_async.auth import (
    BACKDATE,
    LEGACY_KEY_VARIABLE,
    MARGIN,
    SECRET_ID_VARIABLE,
    SECRET_KEY_VARIABLE,
    TOKEN_LIFE,
    ApiKey,
    ApiSecret,
    TokenMint,
    credentials_from_env,
    sign,
)
from heymarket_async.clock import SkewedClock, VirtualClock
from heymarket_async.errors import ConfigurationError, MissingCredentials

ID = "11111111-2222-4333-8444-555555555555"
KEY = "ExampleSecretKey0123456789ABCDEF"
SECRET = ApiSecret(ID, KEY)
# How long a token is used after it was made.
USE = TOKEN_LIFE - BACKDATE - MARGIN


def verify(token, now, secret=SECRET):
    """Check a token as the service does, by another library: signature, header, claims, age. Return its `iat`."""
    options = {"verify_iat": False, "require": ["iss", "iat"]}
    claims = jwt.decode(token, f"{secret.id}||{secret.key}", algorithms=["HS256"], options=options)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert claims == {"iss": secret.id, "iat": claims["iat"]}
    assert type(claims["iat"]) is int
    assert claims["iat"] <= now < claims["iat"] + TOKEN_LIFE
    return claims["iat"]


class TestSigning:
    def test_a_token_says_what_that_of_the_contract_says(self, example):
        vector = example("auth.jwt_vector")
        token = sign(ApiSecret(vector["secret_id"], vector["secret_key"]), vector["iat"])
        parts = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]
        assert parts == [vector["header"], vector["payload"]]
        # The header's keys may stand in another order, which changes the letters and not the meaning.
        ours, theirs = (
            jwt.decode_complete(each, vector["signing_secret"], algorithms=["HS256"], options={"verify_iat": False})
            for each in (token, vector["token"])
        )
        assert {key: ours[key] for key in ("header", "payload")} == {key: theirs[key] for key in ("header", "payload")}
        assert vector["valid_until"] == vector["iat"] + TOKEN_LIFE

    def test_its_signature_is_the_one_that_the_contract_describes(self, example):
        vector = example("auth.jwt_vector")
        for token in (vector["token"], sign(SECRET, vector["iat"])):
            signed, _, signature = token.rpartition(".")
            expected = hmac.digest(f"{ID}||{KEY}".encode(), signed.encode(), "sha256")
            assert base64.urlsafe_b64decode(signature + "=") == expected
            assert verify(token, vector["iat"]) == vector["iat"]

    @given(
        st.text("abcdefgh0123456789-|.", min_size=1, max_size=40).filter(lambda text: text == text.strip()),
        st.text("ABCDEFGH0123456789+/=|", min_size=1, max_size=60),
        st.integers(0, 2**33),
    )
    def test_any_secret_makes_tokens_that_verify(self, secret_id, key, issued_at):
        if secret_id == key:
            return
        secret = ApiSecret(secret_id, key)
        token = sign(secret, issued_at)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyJWT warns of short keys.
            assert verify(token, issued_at, secret) == issued_at

    def test_a_short_key_gives_no_warning_for_it_is_the_services_choice(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert sign(ApiSecret("id", "key"), 5).count(".") == 2

    def test_another_key_does_not_verify(self):
        with pytest.raises(jwt.InvalidSignatureError):
            verify(sign(ApiSecret(ID, KEY + "x"), 1000), 1000)


class TestCredentials:
    @pytest.mark.parametrize("value", ["", " ", "\n"])
    @pytest.mark.parametrize("field", ["id", "key"])
    def test_empty_ones_are_refused_by_name(self, field, value):
        with pytest.raises(ConfigurationError, match=rf"ApiSecret\({field}=\.\.\.\) is empty"):
            ApiSecret(**{"id": ID, "key": KEY, field: value})
        with pytest.raises(ConfigurationError, match=r"ApiKey\(key=\.\.\.\) is empty"):
            ApiKey(value)

    @pytest.mark.parametrize(
        "value", [f" {KEY}", f"{KEY}\n", f"{KEY}\u200b", f'"{KEY}"', f"'{KEY}'", "a\x00b", "schlüssel"]
    )
    def test_ones_that_were_copied_badly_are_refused_without_showing_them(self, value):
        for make in (lambda: ApiSecret(ID, value), lambda: ApiKey(value)):
            with pytest.raises(ConfigurationError, match="white space or quotation marks") as caught:
                make()
            assert KEY not in str(caught.value)
            assert "schlüssel" not in str(caught.value)

    @pytest.mark.parametrize("value", [None, 5, b"key", ["key"]])
    def test_ones_that_are_no_text_are_refused_by_their_type(self, value):
        with pytest.raises(ConfigurationError, match=f"must be a str, not {type(value).__name__}"):
            ApiSecret(ID, value)
        with pytest.raises(ConfigurationError, match=f"must be a str, not {type(value).__name__}"):
            ApiKey(value)

    def test_swapped_ones_are_noticed(self):
        with pytest.raises(ConfigurationError, match="in each other's place") as caught:
            ApiSecret(KEY, ID)
        assert KEY not in str(caught.value)
        assert ID not in str(caught.value)

    def test_equal_ones_are_noticed(self):
        with pytest.raises(ConfigurationError, match="the same text"):
            ApiSecret(KEY, KEY)

    def test_two_uuids_are_left_alone(self):
        assert ApiSecret(ID, ID.replace("1", "a")).id == ID

    def test_they_are_values_that_cannot_be_changed(self):
        assert ApiSecret(ID, KEY) == SECRET
        assert hash(ApiSecret(ID, KEY)) == hash(SECRET)
        assert ApiSecret(ID, KEY + "x") != SECRET
        assert ApiKey(KEY) == ApiKey(KEY)
        assert ApiKey(KEY) != SECRET
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            SECRET.key = "other"
        assert pickle.loads(pickle.dumps(SECRET)) == copy.deepcopy(SECRET) == SECRET


ENVIRONMENT = {SECRET_ID_VARIABLE: ID, SECRET_KEY_VARIABLE: KEY, LEGACY_KEY_VARIABLE: "legacy-key"}


class TestCredentialsFromTheEnvironment:
    @pytest.mark.parametrize("states", list(itertools.product(["set", "blank", "absent"], repeat=3)), ids="-".join)
    def test_every_combination_is_decided(self, states):
        environ = {}
        for (name, value), state in zip(ENVIRONMENT.items(), states, strict=True):
            if state != "absent":
                environ[name] = value if state == "set" else "  "
        has_id, has_key, has_legacy = (state == "set" for state in states)
        if has_id and has_key:
            assert credentials_from_env(environ) == SECRET
        elif has_id or has_key:
            missing = SECRET_KEY_VARIABLE if has_id else SECRET_ID_VARIABLE
            with pytest.raises(ConfigurationError, match=f"half of an API Secret: {missing} is not set") as caught:
                credentials_from_env(environ)
            assert not isinstance(caught.value, MissingCredentials)
            assert KEY not in str(caught.value)
            assert ID not in str(caught.value)
        elif has_legacy:
            assert credentials_from_env(environ) == ApiKey("legacy-key")
        else:
            with pytest.raises(MissingCredentials, match=f"Set {SECRET_ID_VARIABLE} and {SECRET_KEY_VARIABLE}"):
                credentials_from_env(environ)

    def test_the_environment_of_the_process_is_looked_at_by_default(self, monkeypatch):
        with pytest.raises(MissingCredentials):
            credentials_from_env()
        monkeypatch.setenv(SECRET_ID_VARIABLE, ID)
        monkeypatch.setenv(SECRET_KEY_VARIABLE, f"{KEY}\n")
        assert credentials_from_env() == SECRET

    def test_the_names_are_those_that_public_code_uses(self):
        assert list(ENVIRONMENT) == ["HEYMARKET_API_SECRET_ID", "HEYMARKET_API_SECRET_KEY", "HEYMARKET_API_KEY"]

    def test_a_value_that_makes_no_sense_is_not_shown(self):
        with pytest.raises(ConfigurationError) as caught:
            credentials_from_env({LEGACY_KEY_VARIABLE: f'"{KEY}"'})
        assert KEY not in str(caught.value)


@pytest.fixture
def clock():
    return VirtualClock(wall=1_713_225_600.0)


@pytest.fixture
def mint(clock):
    return TokenMint(SECRET, clock)


class TestTheMint:
    def test_a_token_is_made_when_it_is_first_wanted_and_then_reused(self, mint, clock):
        assert mint.minted == 0
        assert mint.expires_at is None
        token = mint.token()
        assert verify(token, clock.wall()) == clock.wall() - BACKDATE
        assert mint.token() is token
        assert mint.minted == 1
        assert mint.expires_at == clock.wall() - BACKDATE + TOKEN_LIFE

    def test_it_is_reused_until_a_margin_before_its_end(self, mint, clock):
        token = mint.token()
        clock.advance(USE - 0.001)
        assert mint.token() == token
        clock.advance(0.001)
        assert mint.token() != token
        assert mint.minted == 2

    def test_what_is_handed_out_is_good_for_a_margin_more(self, mint, clock):
        mint.token()
        clock.advance(USE - 0.001)
        verify(mint.token(), clock.wall() + MARGIN)

    @pytest.mark.parametrize("fraction", [0.0, 0.001, 0.5, 0.999])
    def test_whole_seconds_are_cut_so_that_it_is_never_from_the_future(self, fraction):
        clock = VirtualClock(wall=1_713_225_600 + fraction)
        mint = TokenMint(SECRET, clock)
        for _ in range(700):
            issued_at = verify(mint.token(), clock.wall())
            assert issued_at <= clock.wall() - BACKDATE
            assert clock.wall() + MARGIN <= issued_at + TOKEN_LIFE
            clock.advance(0.7)

    def test_six_hours_take_as_few_tokens_as_their_lives_allow(self, mint, clock):
        tokens = set()
        for second in range(6 * 3600):
            tokens.add(mint.token())
            if second % 10 == 0:
                verify(mint.token(), clock.wall() + MARGIN - 1)
            clock.advance(1)
        assert mint.minted == len(tokens) == -(-6 * 3600 // USE)

    def test_a_laptop_that_slept_gets_a_new_one_though_monotonic_time_stood_still(self, mint, clock):
        token = mint.token()
        clock.suspend(USE - 1)
        assert mint.token() == token
        clock.suspend(1)
        assert mint.token() != token
        verify(mint.token(), clock.wall())

    def test_a_clock_set_forward_gets_a_new_one(self, mint, clock):
        token = mint.token()
        clock.set_wall(clock.wall() + 86_400)
        assert mint.token() != token
        verify(mint.token(), clock.wall())

    def test_a_clock_set_back_gets_a_new_one_for_the_old_is_from_its_future(self, mint, clock):
        token = mint.token()
        clock.set_wall(clock.wall() - 3600)
        assert mint.token() != token
        verify(mint.token(), clock.wall())

    def test_a_clock_set_back_a_little_keeps_it_but_not_for_longer_than_its_life(self, mint, clock):
        token = mint.token()
        clock.set_wall(clock.wall() - BACKDATE / 2)
        assert mint.token() == token
        clock.advance(USE - 0.001)
        assert mint.token() == token
        clock.advance(0.001)
        assert mint.token() != token

    def test_a_clock_that_is_set_back_again_and_again_cannot_keep_it_alive(self, mint, clock):
        mint.token()
        for _ in range(int(USE)):
            clock.advance(1)
            clock.set_wall(clock.wall() - 1)
        mint.token()
        assert mint.minted == 2

    @given(st.lists(st.tuples(st.sampled_from(["advance", "suspend", "set"]), st.floats(-9e3, 9e3)), max_size=30))
    def test_whatever_the_clock_does_a_token_is_never_from_the_future_nor_dead_by_the_wall(self, steps):
        clock = VirtualClock(wall=1_713_225_600.0)
        mint = TokenMint(SECRET, clock)
        for step, seconds in steps:
            if step == "advance":
                clock.advance(abs(seconds))
            elif step == "suspend":
                clock.suspend(abs(seconds))
            else:
                clock.set_wall(clock.wall() + seconds)
            verify(mint.token(), clock.wall() + MARGIN - 1e-6)
            assert mint.expires_at - TOKEN_LIFE <= clock.wall()

    @pytest.mark.parametrize("skew", [-9.0, 0.0, 200.0])
    def test_a_service_whose_clock_is_a_little_off_takes_it(self, clock, mint, skew):
        service = SkewedClock(clock, skew)
        for _ in range(50):
            issued_at = verify(mint.token(), clock.wall())
            if skew < 0:
                assert issued_at <= service.wall()
            clock.advance(7)
        assert BACKDATE > 9
        assert MARGIN >= 60

    def test_a_mint_with_a_skewed_clock_makes_tokens_of_its_time(self, clock):
        skewed = SkewedClock(clock, skew=-400.0)
        mint = TokenMint(SECRET, skewed)
        token = mint.token()
        verify(token, skewed.wall())
        skewed.skew = 0.0
        assert mint.token() != token
        verify(mint.token(), clock.wall())

    def test_each_set_of_credentials_has_its_own_tokens(self, clock):
        other = ApiSecret(ID.replace("1", "9"), KEY)
        first, second = TokenMint(SECRET, clock), TokenMint(other, clock)
        assert first.token() != second.token()
        verify(second.token(), clock.wall(), other)


class TestDiscarding:
    def test_a_refused_token_is_forgotten_and_another_can_be_had(self, mint, clock):
        token = mint.token()
        assert mint.discard(token) is True
        assert mint.expires_at is None
        clock.advance(1)
        assert mint.token() != token
        assert mint.minted == 2

    def test_a_token_that_was_replaced_meanwhile_does_not_take_its_successor_with_it(self, mint, clock):
        old = mint.token()
        mint.discard(old)
        clock.advance(1)
        new = mint.token()
        assert mint.discard(old) is True
        assert mint.token() is new
        assert mint.minted == 2

    @pytest.mark.parametrize("token", ["", "never.made.here"])
    def test_a_token_that_is_not_ours_changes_nothing(self, mint, token):
        mine = mint.token()
        assert mint.discard(token) is True
        assert mint.token() is mine

    def test_many_callers_refused_together_cost_one_new_token(self, mint, clock):
        refused = mint.token()
        clock.advance(1)
        tokens = set()
        for _ in range(100):
            mint.discard(refused)
            tokens.add(mint.token())
        assert len(tokens) == 1
        assert mint.minted == 2


class TestALegacyKey:
    def test_it_is_its_own_token_for_ever(self, clock):
        mint = TokenMint(ApiKey("legacy-key"), clock)
        for _ in range(3):
            assert mint.token() == "legacy-key"
            clock.advance(86_400)
        assert mint.minted == 0
        assert mint.expires_at is None

    def test_nothing_can_be_had_in_its_place(self, clock):
        mint = TokenMint(ApiKey("legacy-key"), clock)
        assert mint.discard("legacy-key") is False
        assert mint.token() == "legacy-key"


def shown(value):
    """Every way in which a value may come to be seen."""
    yield from (repr(value), str(value), f"{value}", f"{value!r}", f"{value!s:>60}", f"{[value]}")
    yield "%s %r" % (value, value)  # noqa: UP031
    yield "{}".format(value)  # noqa: UP032
    yield repr({"secret": value})
    try:
        raise ValueError(value)
    except ValueError as error:
        yield "".join(traceback.format_exception(error))
        yield repr(error)


class TestNothingSecretIsShown:
    @pytest.mark.parametrize("make", [lambda: SECRET, lambda: ApiKey(KEY)], ids=["ApiSecret", "ApiKey"])
    def test_by_credentials(self, make):
        for text in shown(make()):
            assert KEY not in text
            assert ID not in text
            assert "•••" in text

    @pytest.mark.parametrize("credentials", [SECRET, ApiKey(KEY)], ids=["ApiSecret", "ApiKey"])
    def test_by_a_mint(self, clock, credentials):
        mint = TokenMint(credentials, clock)
        token = mint.token()
        for text in shown(mint):
            assert KEY not in text
            assert ID not in text
            assert token not in text
        assert f"minted={mint.minted}" in repr(mint)

    @pytest.mark.parametrize(
        "mistake",
        [
            lambda: ApiSecret(KEY, ID),
            lambda: ApiSecret(KEY, KEY),
            lambda: ApiSecret(ID, f"{KEY}\n"),
            lambda: ApiSecret(ID, KEY.encode()),
            lambda: ApiKey(f" {KEY}"),
            lambda: ApiSecret(ID),
            lambda: ApiSecret(ID, KEY, "more"),
            lambda: attrs.evolve(SECRET, key=""),
            lambda: SECRET.missing,
            lambda: setattr(SECRET, "key", KEY),
            lambda: credentials_from_env({SECRET_ID_VARIABLE: ID}),
            lambda: credentials_from_env({SECRET_KEY_VARIABLE: KEY}),
            lambda: credentials_from_env({SECRET_ID_VARIABLE: KEY, SECRET_KEY_VARIABLE: ID}),
            lambda: sign(SECRET, object()),
        ],
    )
    def test_by_any_mistake_made_with_them(self, mistake):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            mistake()
        text = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert KEY not in text
        assert ID not in text
