"""The data of the sandbox, and the rate limit of its teams."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import attrs
import pytest

from heymarket_async.auth import ApiKey, ApiSecret
from heymarket_async.clock import VirtualClock
from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox import Sandbox, Team, Variants
from heymarket_async.sandbox import server as server_module
from heymarket_async.sandbox.refusals import Refusal
from heymarket_async.sandbox.routes import Ask, Route, Router, get_team
from sandbox_support import bearer, fetch, independent_token, key_of


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def sandbox(clock: VirtualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def statuses(http: aiohttp.ClientSession, sandbox: Sandbox, count: int, team: int = 0) -> list[int]:
    return [(await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox, team))).status for _ in range(count)]


def as_data(team: Team) -> dict[str, Any]:
    return attrs.asdict(team, recurse=False, filter=lambda field, _: field.name != "clock")


async def test_each_team_gets_its_own_inboxes(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    for number, team in enumerate(sandbox.teams):
        answer = await fetch(http, sandbox.url + "/v1/inboxes", headers=key_of(sandbox, number))
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json == team.inboxes
    first, second = ({inbox["id"] for inbox in team.inboxes} for team in sandbox.teams)
    assert first.isdisjoint(second)


async def test_the_team_comes_with_its_members(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    team = sandbox.teams[0]
    answer = await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))
    assert answer.json == {"id": team.id, "name": team.name, "list_size": 1000, "members": team.members}
    assert {"id", "name", "role"} <= set(team.members[0])


async def test_the_older_wrapper_can_be_had(http: aiohttp.ClientSession) -> None:
    async with Sandbox(inboxes_in_wrapper=True) as sandbox:
        answer = await fetch(http, sandbox.url + "/v1/inboxes", headers=key_of(sandbox))
        assert answer.json == {"inboxes": sandbox.teams[0].inboxes}


@pytest.mark.parametrize("value", [[], None, "ok", 5, {"inboxes": None}, [None, 1, {"id": "42", "ü": [[1.5]]}]])
async def test_any_json_that_a_test_puts_in_place_is_served_as_it_is(
    sandbox: Sandbox, http: aiohttp.ClientSession, value: Any
) -> None:
    sandbox.teams[0].inboxes = value
    sandbox.teams[0].members = value
    assert (await fetch(http, sandbox.url + "/v1/inboxes", headers=key_of(sandbox))).json == value
    assert (await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))).json["members"] == value


def test_the_seeded_inboxes_show_the_variety_of_the_service(contract: dict[str, Any]) -> None:
    properties = contract["components"]["schemas"]["Inbox"]["properties"]
    documented = {name for name, about in properties.items() if about.get("x-source") == "documented"}
    inboxes = Sandbox().teams[0].inboxes
    keys = [set(inbox) for inbox in inboxes]
    assert documented in keys
    assert any(set(properties) - documented <= inbox for inbox in keys)
    assert any("phones" not in inbox and "invited" not in inbox for inbox in keys)
    assert any(inbox.get("phones", 0) is None and inbox.get("members", 0) is None for inbox in inboxes)
    assert any(inbox - set(properties) for inbox in keys)
    assert all(type(inbox["id"]) is int and inbox["name"] for inbox in inboxes)


def test_the_seeded_widgets_have_the_documented_keys_or_the_observed_ones(contract: dict[str, Any]) -> None:
    properties = contract["components"]["schemas"]["WidgetSettings"]["properties"]
    documented = {name for name, about in properties.items() if about["x-source"] == "documented"}
    hours = set(contract["components"]["schemas"]["BusinessHours"]["properties"])
    inboxes = Sandbox().teams[0].inboxes
    widgets = [set(inbox["widget_settings"]) for inbox in inboxes if inbox.get("widget_settings")]
    assert documented in widgets
    assert set(properties) - documented in widgets
    assert hours in [set(inbox["business_hours"]) for inbox in inboxes if inbox.get("business_hours")]


def test_all_numbers_are_fictional_and_all_ids_differ() -> None:
    teams = Sandbox(teams=300).teams
    inboxes = [inbox for team in teams for inbox in team.inboxes]
    numbers = [number for inbox in inboxes for number in [inbox.get("phone"), *(inbox.get("phones") or ())] if number]
    assert len(numbers) > 900
    assert all(re.fullmatch(r"\+?1\d{3}55501\d\d", number) for number in numbers)
    assert len({inbox["id"] for inbox in inboxes}) == len(inboxes)
    assert len({team.id for team in teams}) == len({team.name for team in teams}) == 300
    members = [member for team in teams for member in team.members]
    assert len({member["id"] for member in members}) == len(members)
    assert all(member["email"].endswith("@example.com") for member in members if "email" in member)
    assert len({secret.id for team in teams for secret in team.secrets}) == 600
    assert len({team.api_key for team in teams}) == 300


def test_the_same_seed_gives_the_same_teams_however_many() -> None:
    few, many, other = Sandbox(seed=5), Sandbox(seed=5, teams=4), Sandbox(seed="5x")
    few.add_team()
    few.add_team()
    assert [as_data(team) for team in few.teams] == [as_data(team) for team in many.teams]
    assert few.secret != other.secret


async def test_a_team_can_be_added_while_the_sandbox_runs(
    sandbox: Sandbox, clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    secret = ApiSecret("an-id", "a-key-that-is-long-enough")
    team = sandbox.add_team("Added", id=99, secrets=(secret,), api_key=None, inboxes=[{"id": 1}], members=[])
    assert team is sandbox.teams[-1]
    assert team.api_key is None
    headers = bearer(independent_token(secret, int(clock.wall())))
    assert (await fetch(http, sandbox.url + "/v1/inboxes", headers=headers)).json == [{"id": 1}]
    answer = await fetch(http, sandbox.url + "/v1/team", headers=headers)
    assert answer.json == {"id": 99, "name": "Added", "list_size": 1000, "members": []}


def test_two_teams_cannot_have_one_number() -> None:
    sandbox = Sandbox()
    with pytest.raises(ConfigurationError, match=r"add_team\(id=2001\): there is such a team already"):
        sandbox.add_team(id=2001)
    assert len(sandbox.teams) == 2


@pytest.mark.parametrize("secrets", [[ApiSecret("a", "b")], ("a",), tuple(ApiSecret(x, "key") for x in "abc")])
def test_secrets_of_a_wrong_kind_or_number_are_refused(secrets: Any) -> None:
    sandbox = Sandbox()
    with pytest.raises(ConfigurationError, match=r"Team\(secrets=...\)"):
        sandbox.add_team(secrets=secrets)
    with pytest.raises(ConfigurationError, match=r"Team\(secrets=...\)"):
        sandbox.teams[0].secrets = secrets
    with pytest.raises(ConfigurationError, match=r"Team\(api_key=...\)"):
        Team(id=1, name="x", api_key="text")  # type: ignore[arg-type]


def test_a_team_without_a_secret_says_so() -> None:
    sandbox = Sandbox()
    sandbox.teams[0].secrets = ()
    with pytest.raises(ConfigurationError, match="has no API Secret"):
        _ = sandbox.secret
    assert Team(id=1, name="x", api_key=ApiKey("k")).inboxes == []


async def test_the_501st_request_of_a_minute_is_refused(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    assert await statuses(http, sandbox, 501) == [200] * 500 + [429]
    assert await statuses(http, sandbox, 1, team=1) == [200]


async def test_a_429_is_json_and_says_how_long_to_wait_only_when_told_to(
    clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    for retry_after in (False, True):
        async with Sandbox(clock=clock, rate_limit=1, retry_after=retry_after) as sandbox:
            await statuses(http, sandbox, 1)
            clock.advance(17.5)
            answer = await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))
            assert answer.status == 429
            assert answer.json == {"error_code": "rate_limited", "message": "Rate limit exceeded."}
            assert answer.headers.get("Retry-After") == ("43" if retry_after else None)


async def test_a_sliding_window_never_passes_more_than_the_limit_in_any_minute(
    clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    async with Sandbox(clock=clock, rate_limit=3) as sandbox:
        clock.advance(59)
        assert await statuses(http, sandbox, 2) == [200, 200]
        clock.advance(2)
        assert await statuses(http, sandbox, 2) == [200, 429]
        clock.advance(57.9)
        assert await statuses(http, sandbox, 1) == [429]
        clock.advance(0.1)
        assert await statuses(http, sandbox, 3) == [200, 200, 429]


async def test_a_fixed_window_forgets_at_the_full_minute(clock: VirtualClock, http: aiohttp.ClientSession) -> None:
    async with Sandbox(clock=clock, rate_limit=3, rate_window="fixed", retry_after=True) as sandbox:
        clock.advance(59)
        assert await statuses(http, sandbox, 4) == [200, 200, 200, 429]
        answer = await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))
        assert answer.headers["Retry-After"] == "1"
        clock.advance(1)
        assert await statuses(http, sandbox, 4) == [200, 200, 200, 429]


async def test_both_secrets_and_the_key_of_a_team_share_its_limit(
    clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    async with Sandbox(clock=clock, rate_limit=2) as sandbox:
        for secret in sandbox.teams[0].secrets:
            headers = bearer(independent_token(secret, int(clock.wall())))
            assert (await fetch(http, sandbox.url + "/v1/team", headers=headers)).status == 200
        assert await statuses(http, sandbox, 1) == [429]


async def test_each_credential_may_have_a_limit_of_its_own(clock: VirtualClock, http: aiohttp.ClientSession) -> None:
    async with Sandbox(clock=clock, rate_limit=1, variants=Variants(limit_per="credential")) as sandbox:
        for secret in sandbox.teams[0].secrets:
            headers = bearer(independent_token(secret, int(clock.wall())))
            answers = [(await fetch(http, sandbox.url + "/v1/team", headers=headers)).status for _ in range(2)]
            assert answers == [200, 429]
        assert await statuses(http, sandbox, 2) == [200, 429]


async def test_requests_without_credentials_cost_a_team_nothing(
    clock: VirtualClock, http: aiohttp.ClientSession
) -> None:
    async with Sandbox(clock=clock, rate_limit=1) as sandbox:
        for _ in range(5):
            assert (await fetch(http, sandbox.url + "/v1/team")).status == 401
        assert await statuses(http, sandbox, 2) == [200, 429]


async def test_none_lifts_the_limit(http: aiohttp.ClientSession) -> None:
    async with Sandbox(rate_limit=None) as sandbox:
        assert set(await statuses(http, sandbox, 600)) == {200}


def test_placeholders_in_a_path_are_found_and_one_path_can_know_many_methods() -> None:
    routes = [
        Route("get_tag", "GET", "/v1/tag/{id}", get_team),
        Route("delete_tag", "DELETE", "/v1/tag/{id}", get_team),
        Route("channel", "PUT", "/v2/contact/{contactID}/channel", get_team),
        Route("get_tags", "GET", "/v1/tags", get_team),
    ]
    router = Router(routes)
    assert router.find("GET", "/v1/tag/12") == (routes[0], {"id": "12"})
    assert router.find("DELETE", "/v1/tag/12") == (routes[1], {"id": "12"})
    assert router.find("PUT", "/v2/contact/a.b/channel") == (routes[2], {"contactID": "a.b"})
    with pytest.raises(Refusal) as refusal:
        router.find("PUT", "/v1/tag/12")
    assert (refusal.value.status, refusal.value.headers["Allow"]) == (405, "DELETE, GET")
    for path in ("/v1/tag/", "/v1/tag/1/2", "/v2/contact/x/channelx"):
        with pytest.raises(Refusal) as refusal:
            router.find("GET", path)
        assert refusal.value.status == 404


async def test_an_operation_may_refuse_by_itself(http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Ask) -> Any:
        raise Refusal(409, "conflict", "The team is elsewhere.")

    monkeypatch.setattr(server_module, "ROUTES", [Route("get_team", "GET", "/v1/team", refuse)])
    async with Sandbox() as sandbox:
        answer = await fetch(http, sandbox.url + "/v1/team", headers=key_of(sandbox))
        assert answer.status == 409
        assert answer.json == {"error_code": "conflict", "message": "The team is elsewhere."}


async def test_a_team_may_have_a_limit_of_its_own(clock: VirtualClock, http: aiohttp.ClientSession) -> None:
    async with Sandbox(clock=clock, rate_limit=2) as sandbox:
        other = {"headers": key_of(sandbox, 1)}
        sandbox.teams[0].rate_limit = 1
        assert await statuses(http, sandbox, 2) == [200, 429]
        assert [(await fetch(http, sandbox.url + "/v1/team", **other)).status for _ in range(3)] == [200, 200, 429]
        sandbox.teams[0].rate_limit = None
        assert await statuses(http, sandbox, 5) == [200] * 5
    async with Sandbox(clock=clock, rate_limit=None) as sandbox:
        sandbox.teams[0].rate_limit = 3
        assert await statuses(http, sandbox, 4) == [200, 200, 200, 429]


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "10"])
async def test_a_limit_of_a_team_must_make_sense(sandbox: Sandbox, limit: object) -> None:
    with pytest.raises(ConfigurationError, match="rate_limit"):
        sandbox.teams[0].rate_limit = limit  # type: ignore[assignment]  # what is tested


async def test_any_team_can_be_given_people_and_conversations() -> None:
    sandbox, same = (Sandbox(teams=3) for _ in range(2))
    for one in (sandbox, same):
        one.populate(one.teams[1], history=40)
        one.populate(one.teams[2])
    first, second, third = sandbox.teams
    assert len(second.messages) == len(first.messages) + 40 == len(third.messages) + 40
    assert len(second.contacts) == len(third.contacts) == len(first.contacts)
    assert [*second.messages.values()] == [*same.teams[1].messages.values()]
    assert [*second.contacts.values()] != [*third.contacts.values()]
    assert second.sent == []


async def test_a_team_is_populated_once_and_needs_inboxes_and_members(sandbox: Sandbox) -> None:
    for team in (sandbox.teams[0], sandbox.add_team(inboxes=[]), sandbox.add_team(members=[])):
        with pytest.raises(ConfigurationError, match="needs inboxes and members, and nothing else yet"):
            sandbox.populate(team)
    with pytest.raises(ConfigurationError, match="history"):
        sandbox.populate(sandbox.teams[1], history=-1)


async def test_a_thousand_teams_take_little_memory_and_time() -> None:
    Sandbox(teams=1)
    tracemalloc.start()
    try:
        sandbox = Sandbox(teams=1000)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len({secret.id for team in sandbox.teams for secret in team.secrets}) == 2000
    assert size < 20_000 * 1000
