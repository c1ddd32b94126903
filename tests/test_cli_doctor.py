"""`heymarket doctor`."""

from __future__ import annotations

import json
from importlib import metadata

import pytest

from heymarket_async import ApiKey, ApiSecret, AuthenticationError, Timeouts
from heymarket_async.calls import Reply as Answer
from heymarket_async.cli import checks
from heymarket_async.cli.findings import CHECKS, Status
from heymarket_async.clock import SYSTEM_CLOCK, SkewedClock
from heymarket_async.drift import Drift, Misfit
from heymarket_async.limits import BudgetState
from heymarket_async.sandbox import Hang, Reply, Reset, Sandbox
from terminal import credentials, heymarket, heymarket_now, set_all

SECRET = ApiSecret("11111111-2222-4333-8444-555555555555", "not-the-key-of-anyone")


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch):
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def service(heymarket_sandbox, monkeypatch):
    """A service for which the environment has the credentials."""
    set_all(monkeypatch, credentials(heymarket_sandbox))
    return heymarket_sandbox


async def examine(*arguments):
    """Run it, and return the exit code and what was found by check."""
    shown = await heymarket("doctor", *arguments, "--json")
    report = json.loads(shown.out)
    assert report["ok"] is (shown.code == 0)
    assert [found["check"] for found in report["checks"]] == list(CHECKS)
    return shown.code, {found["check"]: found for found in report["checks"]}


def statuses(found):
    return {check: finding["status"] for check, finding in found.items()}


def only(**others):
    """Return the statuses when all is well but for these checks."""
    return dict.fromkeys(CHECKS, "ok") | {name.replace("_", " "): status for name, status in others.items()}


class TestReport:
    async def test_all_is_well(self, service):
        code, found = await examine()
        assert code == 0
        assert statuses(found) == only()
        assert all(finding["advice"] == "" for finding in found.values())
        assert found["token"]["found"].endswith("5 inboxes")
        assert service.url in found["base URL"]["found"]
        assert found["rate budget"]["found"].startswith("499 of 500")
        assert [request.path for request in service.requests] == ["/v1/inboxes"]

    async def test_a_person_gets_a_line_for_each_check(self, service):
        shown = await heymarket("doctor")
        assert shown.code == 0
        lines = shown.out.splitlines()
        assert [line[:4].strip() for line in lines] == ["ok"] * len(CHECKS)
        assert [line[6:17].strip() for line in lines] == list(CHECKS)

    def test_without_credentials_the_sandbox_is_checked_and_it_says_so(self):
        shown = heymarket_now("doctor")
        assert shown.code == 0
        line = next(line for line in shown.out.splitlines() if "credentials" in line)
        assert line.startswith("warn")
        assert "sandbox" in line
        assert "HEYMARKET_API_SECRET_ID" in line

    async def test_the_sandbox_can_be_asked_for(self, service):
        code, found = await examine("--sandbox")
        assert code == 0
        assert statuses(found) == only()
        assert "sandbox" in found["base URL"]["found"]
        assert service.requests == []

    async def test_nothing_of_the_credentials_is_shown(self, service):
        for arguments in ([], ["--json"]):
            shown = await heymarket("doctor", *arguments)
            for secret in (service.secret.id, service.secret.key, "eyJ"):
                assert secret not in shown.out + shown.err

    async def test_nothing_personal_is_shown(self, service):
        service.teams[0].inboxes = [{"id": 1, "name": "Riley Stone", "phone": {"x": "15105550142"}, "15105550143": 1}]
        code, found = await examine()
        assert code == 0
        assert "Riley" not in str(found)
        assert "1510555" not in str(found)

    async def test_on_a_narrow_terminal_nothing_is_lost(self, service, monkeypatch):
        wide = (await heymarket("doctor", "--sandbox")).out
        monkeypatch.setenv("COLUMNS", "30")
        narrow = (await heymarket("doctor", "--sandbox")).out
        assert max(map(len, narrow.splitlines())) <= 40
        assert sorted(filter(str.isalpha, narrow)) == sorted(filter(str.isalpha, wide))


class TestVersions:
    def test_they_are_all_named(self):
        found = checks.check_versions()
        assert found.status is Status.OK
        for name in ("heymarket_async", "Python", "aiohttp", "attrs", "cattrs", "msgspec", "joserfc", "authlib"):
            assert f"{name} " in found.found

    def test_one_that_is_missing_fails(self):
        def version_of(name):
            if name == "joserfc":
                raise metadata.PackageNotFoundError
            return "99.0"

        found = checks.check_versions(version_of)
        assert found.status is Status.FAIL
        assert found.found.startswith("joserfc is missing")
        assert found.advice

    def test_one_that_is_too_old_fails(self, monkeypatch):
        required = ["aiohttp>=3.14", "attrs>=25.4", 'rich>=14; extra == "cli"', "unbounded"]
        monkeypatch.setattr(metadata, "requires", lambda _: required)
        found = checks.check_versions(lambda name: "3.9.5" if name == "aiohttp" else "99.1rc1")
        assert found.status is Status.FAIL
        assert found.found.startswith("aiohttp is older than 3.14; found")

    def test_in_a_bare_folder_nothing_is_known_of_what_is_too_old(self, monkeypatch):
        def requires(_):
            raise metadata.PackageNotFoundError

        monkeypatch.setattr(metadata, "requires", requires)
        assert checks.check_versions(lambda _: "0.1").status is Status.OK


class TestCredentials:
    async def test_the_kind_and_the_variables_are_named(self, service, monkeypatch):
        monkeypatch.setenv("HEYMARKET_API_KEY", "another-one")
        code, found = await examine()
        assert code == 0
        said = found["credentials"]["found"]
        assert said.startswith("an API Secret, from HEYMARKET_API_SECRET_ID and HEYMARKET_API_SECRET_KEY")
        assert "HEYMARKET_API_KEY is set too, and not used" in said
        assert "another-one" not in str(found)

    @pytest.mark.parametrize(
        ("both", "said"),
        [
            (
                True,
                "a pair of API Secrets, from HEYMARKET_API_SECRET_ID and HEYMARKET_API_SECRET_KEY, and HEYMARKET_API",
            ),
            (False, "an API Secret, from HEYMARKET_API_SECRET_ID_2 and HEYMARKET_API_SECRET_KEY_2"),
        ],
    )
    async def test_during_a_rotation_both_secrets_are_named_by_their_variables(
        self, heymarket_sandbox, monkeypatch, both, said
    ):
        first = {"HEYMARKET_API_SECRET_ID": SECRET.id, "HEYMARKET_API_SECRET_KEY": SECRET.key}
        good = heymarket_sandbox.secret
        second = {"HEYMARKET_API_SECRET_ID_2": good.id, "HEYMARKET_API_SECRET_KEY_2": good.key}
        base_url = {"HEYMARKET_BASE_URL": heymarket_sandbox.url}
        set_all(monkeypatch, base_url | second | (first if both else {}))
        code, found = await examine()
        assert code == 0
        assert statuses(found) == only()
        assert found["credentials"]["found"].startswith(said)

    async def test_a_legacy_key_works_with_a_warning(self, heymarket_sandbox, monkeypatch):
        key = heymarket_sandbox.teams[0].api_key.key
        set_all(monkeypatch, {"HEYMARKET_BASE_URL": heymarket_sandbox.url, "HEYMARKET_API_KEY": key})
        code, found = await examine()
        assert code == 0
        assert statuses(found) == only(credentials="warn")
        assert "HEYMARKET_API_KEY" in found["credentials"]["found"]
        assert key not in str(found)

    async def test_half_of_an_api_secret_fails_and_nothing_is_asked(self, heymarket_sandbox, monkeypatch):
        set_all(monkeypatch, {"HEYMARKET_BASE_URL": heymarket_sandbox.url, "HEYMARKET_API_SECRET_ID": SECRET.id})
        code, found = await examine()
        assert code == 1
        assert statuses(found) == only(credentials="fail", token="skip", clock="skip", rate_budget="skip", drift="skip")
        assert "HEYMARKET_API_SECRET_KEY is not set" in found["credentials"]["found"]
        assert SECRET.id not in str(found)
        assert heymarket_sandbox.requests == []


class TestBaseUrl:
    def test_the_default_is_the_real_service(self):
        found, url = checks.check_base_url(sandbox_url=None)
        assert (found.status, url) == (Status.OK, "https://api.heymarket.com")
        assert "real service" in found.found

    def test_another_one_is_named_with_its_variable(self, monkeypatch):
        monkeypatch.setenv("HEYMARKET_BASE_URL", "https://eu.example.com/")
        found, url = checks.check_base_url(sandbox_url=None)
        assert (found.status, url) == (Status.OK, "https://eu.example.com")
        assert found.found == "https://eu.example.com, from HEYMARKET_BASE_URL"

    def test_one_without_encryption_is_a_warning(self, monkeypatch):
        monkeypatch.setenv("HEYMARKET_BASE_URL", "http://api.example.com")
        found, url = checks.check_base_url(sandbox_url=None)
        assert (found.status, url) == (Status.WARN, "http://api.example.com")
        assert "https://" in found.advice

    async def test_one_that_makes_no_sense_fails_and_nothing_is_asked(self, service, monkeypatch):
        monkeypatch.setenv("HEYMARKET_BASE_URL", "https://user:word@example.com")
        code, found = await examine()
        assert code == 1
        assert statuses(found) == only(
            base_URL="fail", connection="skip", token="skip", clock="skip", rate_budget="skip", drift="skip"
        )
        assert "HEYMARKET_BASE_URL" in found["base URL"]["found"]
        assert "word" not in found["base URL"]["found"].replace("password", "")
        assert service.requests == []


class TestToken:
    async def test_wrong_credentials_fail_with_advice(self, service, monkeypatch):
        set_all(monkeypatch, {"HEYMARKET_API_SECRET_ID": SECRET.id, "HEYMARKET_API_SECRET_KEY": SECRET.key})
        code, found = await examine()
        assert code == 1
        assert statuses(found) == only(token="fail")
        assert "401" in found["token"]["found"]
        assert service.requests[-1].request_id in found["token"]["found"]
        assert "the ID and the Key belong together" in found["token"]["advice"]
        for secret in (SECRET.id, SECRET.key, "eyJ"):
            assert secret not in str(found)

    async def test_a_legacy_key_that_is_gone_has_advice_of_its_own(self, heymarket_sandbox, monkeypatch):
        set_all(monkeypatch, {"HEYMARKET_BASE_URL": heymarket_sandbox.url, "HEYMARKET_API_KEY": "gone"})
        code, found = await examine()
        assert code == 1
        assert found["token"]["advice"].startswith("Check that the key is still listed")

    @pytest.mark.parametrize(
        ("answer", "status", "said", "advice"),
        [
            (Reply(403), "fail", "answered 403", "administrator"),
            (Reply(404), "fail", "answered 404", "no /v1 at its end"),
            (Reply(302, headers={"Location": "/login"}), "fail", "answered 302", "proxy"),
            (Reply(500), "fail", "answered 500", "Call again later"),
            (Reply(200, "<html>", content_type="text/html"), "fail", "not JSON", "not of a web page"),
            (Reply(429), "warn", "answered 429", "Call again in a minute"),
        ],
    )
    async def test_each_refusal_is_told_apart(self, service, answer, status, said, advice):
        service.script("list_inboxes", answer)
        code, found = await examine()
        assert code == (1 if status == "fail" else 0)
        paused = {"rate budget": "warn"} if status == "warn" else {}
        assert statuses(found) == only(token=status) | paused
        assert said in found["token"]["found"]
        assert advice in found["token"]["advice"]

    async def test_nothing_is_tried_twice(self, service):
        service.script("list_inboxes", Reply(503), times=5)
        await examine()
        assert len(service.requests) == 1

    async def test_without_an_answer_the_clock_is_not_known(self, service):
        service.script("list_inboxes", Reset())
        code, found = await examine()
        assert code == 1
        assert statuses(found) == only(token="fail", clock="skip")

    async def test_a_service_that_says_nothing_fails_in_time(self, service, monkeypatch):
        monkeypatch.setattr("heymarket_async.cli.doctor._PATIENCE", Timeouts(total=0.2))
        service.script("list_inboxes", Hang())
        code, found = await examine()
        assert code == 1
        assert "No complete answer came in time" in found["token"]["found"]


class TestClock:
    @pytest.mark.parametrize(
        ("service_ahead", "token", "clock", "said"),
        [
            (3.0, "ok", "ok", "agrees"),
            (20.0, "ok", "warn", "behind"),
            (-20.0, "ok", "warn", "ahead of"),
            (120.0, "ok", "fail", "behind"),
            (-120.0, "ok", "fail", "ahead of"),
            (3600.0, "ok", "fail", " s behind that of the service"),
        ],
    )
    async def test_it_is_compared_with_that_of_the_service(self, monkeypatch, service_ahead, token, clock, said):
        async with Sandbox(clock=SkewedClock(SYSTEM_CLOCK, service_ahead)) as skewed:
            set_all(monkeypatch, credentials(skewed))
            code, found = await examine()
        assert code == int("fail" in (token, clock))
        assert statuses(found) == only(token=token, clock=clock)
        assert said in found["clock"]["found"]

    async def test_a_wrong_clock_comes_first_in_the_advice_to_one_who_is_refused(self, monkeypatch):
        async with Sandbox(clock=SkewedClock(SYSTEM_CLOCK, 3600.0)) as skewed:
            skewed.script("*", Reply(401, "{}"), times=2)
            set_all(monkeypatch, credentials(skewed))
            code, found = await examine()
        assert code == 1
        assert statuses(found) == only(token="fail", clock="fail")
        assert found["token"]["advice"].startswith("Set this machine's clock first")

    @pytest.mark.parametrize("date", [None, "yesterday"])
    async def test_without_a_date_in_the_reply_it_is_not_known(self, service, date):
        service.script("list_inboxes", Reply(json=[], headers={"Date": date}))
        code, found = await examine()
        assert code == 0
        assert statuses(found) == only(clock="warn")

    @pytest.mark.parametrize(
        ("before", "after", "skew"),
        [
            (100.0, 100.1, 0.0),
            (100.9, 101.4, 0.0),
            (101.5, 101.6, 0.5),
            (99.0, 99.5, -0.5),
            (90.0, 200.0, 0.0),
            (161.0, 170.0, 60.0),
        ],
    )
    def test_the_least_difference_that_explains_the_reply_counts(self, before, after, skew):
        reply = Answer(status=200, headers={"Date": "Thu, 01 Jan 1970 00:01:40 GMT"}, body=b"")
        assert checks.skew_of(reply, before, after) == pytest.approx(skew)

    def test_no_reply_says_nothing(self):
        assert checks.skew_of(None, 0.0, 1.0) is None


class TestBudgetAndDrift:
    async def test_a_pause_that_the_service_asks_for_is_a_warning(self, service):
        service.script("list_inboxes", Reply(429, headers={"Retry-After": "7"}))
        code, found = await examine()
        assert code == 0
        assert statuses(found) == only(token="warn", rate_budget="warn")
        assert found["rate budget"]["found"] == "the service asks for 7 s of silence"

    def test_what_is_left_is_said(self):
        state = BudgetState(limit=500, left=17, in_flight=0, waiting=0, next_in=0.0, paused_for=0.0)
        assert checks.check_budget(state).found == "17 of 500 requests a minute are left to this program"

    async def test_values_that_do_not_fit_are_a_warning_and_named(self, service):
        service.teams[0].inboxes = [{"id": 1, "name": {"first": "Desk"}, "colour": 1}]
        code, found = await examine()
        assert code == 0
        assert statuses(found) == only(drift="warn")
        assert "Inbox.name (object for string)" in found["drift"]["found"]
        assert "Inbox.colour" in found["drift"]["found"]

    def test_a_model_that_fits_wholly_is_said_to(self):
        assert checks.check_drift(Drift()) == checks.Finding("drift", Status.OK, "all values fit the models")

    def test_keys_that_may_be_data_are_not_shown(self):
        drift = Drift()
        drift.note_unknown("Inbox", ["colour", "15105550142", "riley@example.com"])
        assert checks.check_drift(drift).found.endswith("keys beside the models: Inbox.colour, others")

    def test_when_there_are_many_some_are_named(self):
        drift = Drift()
        drift.note_unknown("Inbox", [f"key_{letter}" for letter in "nmlkjihgfedcba"])
        assert checks.check_drift(drift).found.endswith(", Inbox.key_k, Inbox.key_l, others")

    def test_misfits_and_other_keys_are_told_apart(self):
        drift = Drift()
        drift.note_unknown("Inbox", ["15105550142"])
        drift.note_misfit("Inbox", "name", Misfit("string", "object"))
        said = checks.check_drift(drift).found
        assert said == "values that do not fit: Inbox.name (object for string); keys beside the models: others"


def test_advice_for_a_key_that_is_refused_with_a_right_clock():
    refused = AuthenticationError("The service answered 401.", status=401)
    found = checks.check_token(ApiKey("key"), 0, refused, 0.0)
    assert (found.status, found.found) == (Status.FAIL, "The service answered 401")
    assert "make an API Secret" in found.advice
