"""Who is let into the sandbox, and why others are not."""

from __future__ import annotations

import base64
import hmac
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import pytest

from heymarket_async.auth import ApiKey, ApiSecret, TokenMint, sign
from heymarket_async.clock import SkewedClock, VirtualClock
from heymarket_async.sandbox import Sandbox
from heymarket_async.sandbox import tokens as tokens_module
from heymarket_async.sandbox.tokens import TokenReader
from sandbox_support import Got, bearer, fetch, independent_token, key_of


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def sandbox(clock: VirtualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=clock, rate_limit=None) as sandbox:
        yield sandbox


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def knock(http: aiohttp.ClientSession, sandbox: Sandbox, headers: dict[str, str]) -> Got:
    return await fetch(http, sandbox.url + "/v1/team", headers=headers)


def assert_refused(answer: Got, code: str) -> None:
    assert answer.status == 401
    assert answer.json["error_code"] == code
    assert set(answer.json) == {"error_code", "message"}
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="heymarket-sandbox"')


def part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize("team", [0, 1])
@pytest.mark.parametrize("place", [0, 1])
async def test_a_token_of_another_library_is_good_for_its_team(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession, team: int, place: int
) -> None:
    token = independent_token(sandbox.teams[team].secrets[place], int(clock.wall()))
    answer = await knock(http, sandbox, bearer(token))
    assert answer.status == 200
    assert answer.json["id"] == sandbox.teams[team].id


async def test_tokens_of_our_own_are_good(sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession) -> None:
    assert (await knock(http, sandbox, bearer(sign(sandbox.secret, int(clock.wall()))))).status == 200
    assert (await knock(http, sandbox, bearer(TokenMint(sandbox.secret, clock).token()))).status == 200


async def test_the_signing_vector_of_the_contract_is_good(http: aiohttp.ClientSession) -> None:
    secret = ApiSecret("11111111-2222-4333-8444-555555555555", "ExampleSecretKey0123456789ABCDEF")
    token = (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
        "eyJpc3MiOiIxMTExMTExMS0yMjIyLTQzMzMtODQ0NC01NTU1NTU1NTU1NTUiLCJpYXQiOjE3MTMyMjU2MDB9."
        "auOZbfKU_YV_bX1tkawQet00o2TC9b_ERL_215tIHgw"
    )
    async with Sandbox(clock=VirtualClock(1_713_225_600.0)) as sandbox:
        team = sandbox.add_team("Vector", secrets=(secret,))
        answer = await knock(http, sandbox, bearer(token))
        assert answer.json["id"] == team.id


async def test_the_word_bearer_may_be_written_in_any_case(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    token = independent_token(sandbox.secret, int(clock.wall()))
    assert (await knock(http, sandbox, {"authorization": f"bEARER   {token}"})).status == 200


async def test_a_legacy_key_is_a_plain_bearer_and_has_no_age(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    for _ in range(2):
        assert (await knock(http, sandbox, key_of(sandbox, 1))).json["id"] == sandbox.teams[1].id
    assert sandbox.requests[-1].token_age is None
    assert sandbox.requests[-1].team == sandbox.teams[1].id


@pytest.mark.parametrize("headers", [{}, *({"Authorization": text} for text in ("", "Bearer", "bearer "))])
async def test_no_token_is_missing_token(
    sandbox: Sandbox, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    answer = await knock(http, sandbox, headers)
    assert_refused(answer, "missing_token")
    assert "error=" not in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("header", ["Basic a2V5Og==", "Token abc", "abc.def.ghi"])
async def test_another_scheme_is_unsupported(sandbox: Sandbox, http: aiohttp.ClientSession, header: str) -> None:
    assert_refused(await knock(http, sandbox, {"Authorization": header}), "unsupported_scheme")


@pytest.mark.parametrize("token", ["abc", "legacykey", "a b c"])
async def test_a_bearer_without_dots_is_an_unknown_key(
    sandbox: Sandbox, http: aiohttp.ClientSession, token: str
) -> None:
    assert_refused(await knock(http, sandbox, bearer(token)), "unknown_key")


HEADER = part({"alg": "HS256", "typ": "JWT"})


@pytest.mark.parametrize(
    "token",
    [
        "a.b",
        "a.b.c.d",
        "..",
        "a.b.c",
        "é.é.é",
        f"{HEADER}.{part(b'not json')}.c2ln",
        f"{HEADER}.{part(bytes([255, 254]))}.c2ln",
        f"{part([1])}.{part({'iss': 'x'})}.c2ln",
        f"{part({'typ': 'JWT'})}.{part({'iss': 'x'})}.c2ln",
        f"{part({'alg': 'HS256', 'crit': ['x']})}.{part({'iss': 'x'})}.c2ln",
        f"{HEADER}.{'a' * 7000}.c2ln",
    ],
)
async def test_what_is_no_jwt_is_malformed(sandbox: Sandbox, http: aiohttp.ClientSession, token: str) -> None:
    assert_refused(await knock(http, sandbox, bearer(token)), "malformed_token")
    assert sandbox.requests[0].team is None
    assert sandbox.requests[0].token_age is None


async def test_no_garbage_opens_the_door_or_breaks_it(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    draw = random.Random(7)
    good = independent_token(sandbox.secret, int(clock.wall()))
    for _ in range(300):
        letters = list(good)
        for _ in range(draw.randint(1, 4)):
            letters[draw.randrange(len(letters) - 1)] = draw.choice("abcXYZ019-_.")
        token = "".join(letters)
        if token != good:
            assert (await knock(http, sandbox, bearer(token))).status == 401


async def test_a_wrong_key_is_a_wrong_signature(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    secret = sandbox.secret
    for key in ("x" * 40, sandbox.teams[0].secrets[1].key):
        token = independent_token(ApiSecret(secret.id, key), int(clock.wall()))
        assert_refused(await knock(http, sandbox, bearer(token)), "wrong_signature")
    only_key = jwt.encode({"iss": secret.id, "iat": int(clock.wall())}, secret.key, algorithm="HS256")
    assert_refused(await knock(http, sandbox, bearer(only_key)), "wrong_signature")
    unsigned = independent_token(secret, int(clock.wall())).rpartition(".")[0] + "."
    assert_refused(await knock(http, sandbox, bearer(unsigned)), "wrong_signature")


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
async def test_other_algorithms_are_refused(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession, algorithm: str
) -> None:
    key = "" if algorithm == "none" else (f"{sandbox.secret.id}||{sandbox.secret.key}")
    token = jwt.encode({"iss": sandbox.secret.id, "iat": int(clock.wall())}, key, algorithm=algorithm)
    assert_refused(await knock(http, sandbox, bearer(token)), "unsupported_algorithm")


async def test_an_unknown_issuer_is_an_unknown_secret(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    token = independent_token(ApiSecret("nobody", "x" * 40), int(clock.wall()))
    assert_refused(await knock(http, sandbox, bearer(token)), "unknown_secret")


@pytest.mark.parametrize("issuer", [None, 5, ["x"]])
async def test_an_issuer_that_is_no_text_is_an_invalid_claim(
    sandbox: Sandbox, http: aiohttp.ClientSession, issuer: Any
) -> None:
    assert_refused(await knock(http, sandbox, bearer(f"{HEADER}.{part({'iss': issuer})}.c2ln")), "invalid_claims")


@pytest.mark.parametrize("claims", [{}, [], 5, "iss"])
async def test_claims_without_an_issuer_are_invalid(sandbox: Sandbox, http: aiohttp.ClientSession, claims: Any) -> None:
    assert_refused(await knock(http, sandbox, bearer(f"{HEADER}.{part(claims)}.c2ln")), "invalid_claims")


@pytest.mark.parametrize("issued_at", [None, True, 1.8e9 + 0.5, "1800000000", []])
async def test_an_iat_that_is_no_integer_is_an_invalid_claim(
    sandbox: Sandbox, http: aiohttp.ClientSession, issued_at: Any
) -> None:
    payload = {"iss": sandbox.secret.id, "iat": issued_at}
    key = f"{sandbox.secret.id}||{sandbox.secret.key}"
    token = jwt.api_jws.encode(json.dumps(payload).encode(), key, algorithm="HS256")
    assert_refused(await knock(http, sandbox, bearer(token)), "invalid_claims")


async def test_a_token_lives_for_five_minutes_even_when_it_is_remembered(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    headers = bearer(independent_token(sandbox.secret, int(clock.wall())))
    assert (await knock(http, sandbox, headers)).status == 200
    clock.advance(299.9)
    assert (await knock(http, sandbox, headers)).status == 200
    clock.advance(0.1)
    answer = await knock(http, sandbox, headers)
    assert_refused(answer, "expired_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert 'error_description="The token is older than five minutes."' in answer.headers["WWW-Authenticate"]
    assert sandbox.requests[-1].token_age == pytest.approx(300)
    assert sandbox.requests[-1].team == sandbox.teams[0].id


async def test_a_token_may_come_from_a_clock_that_is_a_little_ahead(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    now = int(clock.wall())
    assert (await knock(http, sandbox, bearer(independent_token(sandbox.secret, now + 30)))).status == 200
    assert sandbox.requests[-1].token_age == -30
    answer = await knock(http, sandbox, bearer(independent_token(sandbox.secret, now + 31)))
    assert_refused(answer, "token_from_future")
    clock.advance(1)
    assert (await knock(http, sandbox, bearer(independent_token(sandbox.secret, now + 31)))).status == 200


async def test_without_leeway_only_the_past_counts(clock: VirtualClock, http: aiohttp.ClientSession) -> None:
    async with Sandbox(clock=clock, leeway=0) as sandbox:
        now = int(clock.wall())
        assert (await knock(http, sandbox, bearer(independent_token(sandbox.secret, now)))).status == 200
        assert_refused(
            await knock(http, sandbox, bearer(independent_token(sandbox.secret, now + 1))), "token_from_future"
        )


async def test_a_client_whose_clock_is_behind_is_refused_and_can_read_the_right_time(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    mint = TokenMint(sandbox.secret, SkewedClock(clock, skew=-3600))
    assert_refused(await knock(http, sandbox, bearer(mint.token())), "expired_token")


async def test_further_claims_do_no_harm(sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession) -> None:
    token = independent_token(sandbox.secret, int(clock.wall()), aud="x", exp=1, jti="y")
    assert (await knock(http, sandbox, bearer(token))).status == 200


async def test_a_revoked_secret_is_refused_at_once_and_its_successor_let_in(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    team = sandbox.teams[0]
    first, second = team.secrets
    old, other = (bearer(independent_token(secret, int(clock.wall()))) for secret in (first, second))
    assert (await knock(http, sandbox, old)).status == 200
    team.secrets = (second,)
    assert_refused(await knock(http, sandbox, old), "unknown_secret")
    assert (await knock(http, sandbox, other)).status == 200
    team.secrets = (second, ApiSecret(first.id, "another key for the same ID 0123456789"))
    assert_refused(await knock(http, sandbox, old), "wrong_signature")
    team.secrets = (first, second)
    assert (await knock(http, sandbox, old)).status == 200


async def test_a_rolled_api_key_makes_the_old_one_invalid_at_once(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    old = key_of(sandbox)
    assert (await knock(http, sandbox, old)).status == 200
    sandbox.teams[0].api_key = ApiKey("a-new-key")
    assert_refused(await knock(http, sandbox, old), "unknown_key")
    assert (await knock(http, sandbox, bearer("a-new-key"))).status == 200
    sandbox.teams[0].api_key = None
    assert_refused(await knock(http, sandbox, bearer("a-new-key")), "unknown_key")


async def test_a_removed_team_is_a_stranger_to_new_tokens(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    gone = sandbox.teams.pop()
    assert_refused(
        await knock(http, sandbox, bearer(independent_token(gone.secret, int(clock.wall())))), "unknown_secret"
    )


async def test_a_short_secret_is_fine_in_a_sandbox(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    sandbox.add_team("Short", secrets=(ApiSecret("id", "key"),))
    signature_input = f"{HEADER}.{part({'iss': 'id', 'iat': int(clock.wall())})}"
    signature = hmac.digest(b"id||key", signature_input.encode(), "sha256")
    answer = await knock(http, sandbox, bearer(f"{signature_input}.{part(signature)}"))
    assert answer.json["name"] == "Short"


def test_a_client_that_signs_every_request_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "_REMEMBERED", 5)
    team = Sandbox().teams[0]
    reader = TokenReader(lambda: [team])
    for number in range(12):
        assert reader.read(independent_token(team.secret, number)).issued_at == number
    assert 1 <= len(vars(reader)["_known"]) <= 5


async def test_the_refusal_never_repeats_the_token(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    for token in ("secret-word", "secret.word", "secret.wo.rd", independent_token(sandbox.secret, 5)):
        answer = await knock(http, sandbox, bearer(token))
        assert answer.status == 401
        assert token not in answer.body.decode() + str(answer.headers)
