"""`heymarket inboxes`."""

from __future__ import annotations

import json
import re

import attrs
import pytest

from heymarket_async import ApiSecret, Inbox
from heymarket_async.sandbox import Reply
from terminal import credentials, environment, heymarket, heymarket_now, process, set_all

HEADER = ["ID", "Name", "Phones", "Members", "Updated", "(UTC)"]


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch):
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def service(heymarket_sandbox, monkeypatch):
    """A service for which the environment has the credentials."""
    set_all(monkeypatch, credentials(heymarket_sandbox))
    return heymarket_sandbox


def rows(out):
    """Return the cells of a table as it is written where there is no terminal."""
    header, rule, *lines = out.splitlines()
    assert header.split() == HEADER
    assert set(rule) <= {"─", "-"}
    return [re.split(r" {3,}", line.strip()) for line in lines]


class TestWhomItAsks:
    def test_without_credentials_the_sandbox_and_it_says_so_on_stderr(self):
        shown = heymarket_now("inboxes")
        assert shown.code == 0
        assert "sandbox" in shown.err
        assert "no credentials" in shown.err
        assert "sandbox" not in shown.out
        assert [row[0] for row in rows(shown.out)] == ["40001", "40002", "40003", "40004", "40005"]

    async def test_with_credentials_the_service_that_the_environment_names(self, service):
        service.teams[0].inboxes = [{"id": 77, "name": "Ours"}]
        shown = await heymarket("inboxes")
        assert shown.code == 0
        assert [row[:2] for row in rows(shown.out)] == [["77", "Ours"]]
        assert service.url in shown.err
        assert "sandbox" not in shown.err
        assert service.requests[0].headers["user-agent"].endswith(" heymarket-cli/0.1.0")

    async def test_with_a_legacy_key_too(self, heymarket_sandbox, monkeypatch):
        key = heymarket_sandbox.teams[1].api_key.key
        set_all(monkeypatch, {"HEYMARKET_BASE_URL": heymarket_sandbox.url, "HEYMARKET_API_KEY": key})
        shown = await heymarket("inboxes")
        assert shown.code == 0
        assert rows(shown.out)[0][0] == "40011"
        assert "legacy API key" in shown.err
        assert key not in shown.err

    async def test_with_the_option_the_sandbox_whatever_the_environment_holds(self, service):
        shown = await heymarket("inboxes", "--sandbox")
        assert shown.code == 0
        assert "--sandbox" in shown.err
        assert "HEYMARKET_BASE_URL is not used" in shown.err
        assert service.requests == []

    @pytest.mark.parametrize("name", ["HEYMARKET_API_SECRET_ID", "HEYMARKET_API_SECRET_KEY"])
    def test_half_of_an_api_secret_is_an_error(self, monkeypatch, name):
        monkeypatch.setenv(name, "half-of-it")
        shown = heymarket_now("inboxes")
        assert (shown.code, shown.out) == (2, "")
        assert shown.err.startswith("error: The environment holds half of an API Secret")
        assert "half-of-it" not in shown.err

    def test_a_base_url_that_makes_no_sense_is_an_error(self, monkeypatch):
        set_all(monkeypatch, {"HEYMARKET_API_KEY": "key", "HEYMARKET_BASE_URL": "https://user:word@example.com"})
        shown = heymarket_now("inboxes")
        assert (shown.code, shown.out) == (2, "")
        assert shown.err.startswith("error: base_url")
        assert "word@" not in shown.err


class TestTable:
    async def test_it_shows_what_tells_inboxes_apart(self, service):
        service.teams[0].inboxes = [
            {
                "id": 5,
                "name": "Zürich 電話",
                "phone": "14155550100",
                "phones": ["+14155550100", "14155550101", "72345"],
                "members": [1, 2, 3],
                "updated_at": "2026-04-12T23:30:00+02:00",
            },
            {"id": 6},
        ]
        assert rows((await heymarket("inboxes")).out) == [
            ["5", "Zürich 電話", "+14155550100, +14155550101, 72345", "3", "2026-04-12 21:30"],
            ["6", "-", "-", "-", "-"],
        ]

    async def test_names_are_neither_obeyed_nor_read_as_markup(self, service):
        service.teams[0].inboxes = [{"id": 5, "name": "[red]Desk[/red] :smile: \x1b]0;owned\x07\n\u202eX"}]
        shown = await heymarket("inboxes")
        assert "[red]Desk[/red] :smile: \\x1b]0;owned\\x07\\n\\u202eX" in shown.out
        assert "\x1b" not in shown.out

    async def test_where_there_is_no_terminal_every_inbox_is_one_line(self, service):
        service.teams[0].inboxes = [{"id": n, "name": "long name " * 30, "phones": ["14155550100"]} for n in range(9)]
        assert len((await heymarket("inboxes")).out.splitlines()) == 2 + 9

    async def test_no_team_is_shown_as_an_empty_one(self, service):
        service.teams[0].inboxes = []
        shown = await heymarket("inboxes")
        assert shown.code == 0
        assert rows(shown.out) == []
        assert shown.err.endswith("The team has no inboxes.\n")

    @pytest.mark.parametrize("columns", ["0", "1", "20", "40", "60"])
    def test_a_narrow_terminal_hides_nothing(self, monkeypatch, columns):
        monkeypatch.setenv("COLUMNS", columns)
        shown = heymarket_now("inboxes")
        assert shown.code == 0
        assert max(map(len, shown.out.splitlines())) <= max(int(columns), 40)
        letters = "".join(shown.out.split())
        for part in ("40001", "40005", "Sales", "2026-04", "15:30"):
            assert part in letters

    @pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
    def test_colours_only_where_they_are_wanted(self, variables, coloured):
        done = process("doctor", env=environment(FORCE_COLOR="1", TERM="xterm-256color", COLUMNS="100", **variables))
        assert done.returncode == 0
        assert ("\x1b[32m" in done.stdout) is coloured


class TestJson:
    async def test_it_is_what_the_service_sent(self, service):
        sent = service.teams[0].inboxes
        shown = await heymarket("inboxes", "--json")
        assert shown.code == 0
        known = {field.name for field in attrs.fields(Inbox)}
        lists: dict = {"members": [], "phones": [], "allowed_domains": [], "invited": []}
        for was, now in zip(sent, json.loads(shown.out), strict=True):
            kept = {key: value for key, value in was.items() if value is not None or key not in known}
            assert now == lists | kept

    async def test_an_empty_team_is_an_empty_array(self, service):
        service.teams[0].inboxes = []
        shown = await heymarket("inboxes", "--json")
        assert (shown.code, shown.out) == (0, "[]\n")

    def test_stdout_holds_nothing_else(self):
        done = process("inboxes", "--json")
        assert done.returncode == 0
        assert len(json.loads(done.stdout)) == 5
        assert "sandbox" in done.stderr


class TestFailures:
    async def test_wrong_credentials_end_with_1_and_advice_and_show_no_secret(self, service, monkeypatch):
        wrong = ApiSecret("11111111-2222-4333-8444-555555555555", "not-the-key-of-anyone")
        monkeypatch.setenv("HEYMARKET_API_SECRET_ID", wrong.id)
        monkeypatch.setenv("HEYMARKET_API_SECRET_KEY", wrong.key)
        shown = await heymarket("inboxes", "--json")
        assert (shown.code, shown.out) == (1, "")
        _, message, advice = shown.err.splitlines()
        assert message.startswith("error: The service answered 401")
        assert service.requests[-1].request_id in message
        assert "heymarket doctor" in advice
        for secret in (wrong.id, wrong.key, "eyJ", "Bearer"):
            assert secret not in shown.err

    async def test_what_the_service_wrote_is_not_shown_in_an_error(self, service):
        service.script("list_inboxes", Reply(403, json={"error_code": "denied", "message": "15105550142 \x1b[2J"}))
        shown = await heymarket("inboxes")
        assert shown.code == 1
        assert "error: The service answered 403 denied." in shown.err
        assert "1510555" not in shown.err
        assert "\x1b" not in shown.err

    async def test_a_service_that_is_not_there_ends_with_1(self, service):
        await service.close()
        shown = await heymarket("inboxes")
        assert (shown.code, shown.out) == (1, "")
        assert "error: The request did not reach the service" in shown.err
