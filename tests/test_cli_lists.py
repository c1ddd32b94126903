"""`heymarket team`, `conversations`, `messages` and `contacts`."""

from __future__ import annotations

import json
import re
import shlex
from datetime import datetime

import pytest

from heymarket_async.sandbox import Sandbox
from terminal import credentials, heymarket, heymarket_now, set_all

LISTS = ["conversations", "messages", "contacts"]


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch):
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def service(heymarket_sandbox, monkeypatch):
    set_all(monkeypatch, credentials(heymarket_sandbox))
    return heymarket_sandbox


def rows(out):
    """Return the cells of a table, without its head."""
    return [re.split(r" {2,}", line.strip()) for line in out.splitlines()[2:]]


class TestEveryList:
    @pytest.mark.parametrize("command", ["team", *LISTS])
    def test_masks_what_is_personal_until_it_is_asked_to_reveal_it(self, command):
        masked, shown = heymarket_now(command), heymarket_now(command, "--reveal")
        assert masked.code == shown.code == 0
        assert "•••" in masked.out
        assert "--reveal shows them" in masked.err
        assert "•••" not in shown.out
        assert "--reveal" not in shown.err
        assert not re.search(r"\+1\d{10}|@example\.com|Reed|Thanks", masked.out)
        assert re.search(r"\+1\d{10}|@example\.com", shown.out)

    @pytest.mark.parametrize("command", LISTS)
    def test_gives_json_as_the_service_sent_it(self, command):
        shown = heymarket_now(command, "--json", "--all")
        assert shown.code == 0
        items = json.loads(shown.out)
        assert len(items) >= 4
        assert len({item["id"] for item in items}) == len(items)
        assert "masked" not in shown.err
        for item in items:
            datetime.fromisoformat(item["updated"])

    @pytest.mark.parametrize("command", LISTS)
    def test_goes_on_where_it_stopped(self, command):
        # One list in parts, each by a process of its own, though the sandbox of each is another one of the same seed.
        whole = [row[0] for row in rows(heymarket_now(command, "--all").out)]
        found, cursor = [], []
        while len(found) < len(whole):
            shown = heymarket_now(command, "--limit", "3", *cursor)
            found += [row[0] for row in rows(shown.out)]
            said = re.search(r"(--cursor .*)", shown.err)
            if said is None:
                break
            cursor = shlex.split(said[1])
        assert found == whole
        assert len(found) > 3

    async def test_has_a_limit_of_fifty_and_none_with_all(self, monkeypatch):
        async with Sandbox(history=80) as sandbox:
            set_all(monkeypatch, credentials(sandbox))
            assert len(json.loads((await heymarket("messages", "--json")).out)) == 50
            assert len(json.loads((await heymarket("messages", "--json", "-n", "60")).out)) == 60
            every = json.loads((await heymarket("messages", "--json", "--all")).out)
            assert len(every) == len(sandbox.teams[0].messages) > 80

    @pytest.mark.parametrize("command", LISTS)
    def test_of_nothing_says_so(self, command):
        shown = heymarket_now(command, "--before", "1990-01-01")
        assert shown.code == 0
        assert rows(shown.out) == []
        assert f"There are no such {command}." in shown.err
        shown = heymarket_now(command, "--before", "1990-01-01", "--json")
        assert (shown.code, shown.out) == (0, "[]\n")

    @pytest.mark.parametrize("command", LISTS)
    @pytest.mark.parametrize(
        "options", [["--limit", "0"], ["--limit", "x"], ["--before", "soon"], ["--page-size", "0"], ["--cursor", "{}"]]
    )
    def test_refuses_what_makes_no_sense(self, command, options):
        shown = heymarket_now(command, *options)
        assert (shown.code, shown.out) == (2, "")
        assert "error: " in shown.err
        assert "Traceback" not in shown.err

    @pytest.mark.parametrize("command", LISTS)
    def test_takes_times_in_utc(self, command):
        said = [
            heymarket_now(command, "--json", "--before", moment).out
            for moment in ("2026-03-02T09:45:00", "2026-03-02T09:45:00Z", "2026-03-02T11:45:00+02:00")
        ]
        assert said[0] == said[1] == said[2]
        assert all(item["updated"] < "2026-03-02T09:45" for item in json.loads(said[0]) if command != "messages")


class TestTeam:
    def test_names_the_team_and_shows_its_members(self):
        shown = heymarket_now("team", "--reveal")
        assert "Team 2001, Harbor Dental, lists of up to 1,000." in shown.err
        assert [row[0] for row in rows(shown.out)] == ["5001", "5002", "5003", "5004"]

    def test_gives_json(self):
        assert json.loads(heymarket_now("team", "--json").out)["id"] == 2001

    async def test_without_a_name_and_members_is_shown_too(self, service):
        service.teams[0].name = None
        service.teams[0].members = []
        shown = await heymarket("team")
        assert (shown.code, rows(shown.out)) == (0, [])
        assert "Team 2001, lists" in shown.err


class TestConversations:
    @pytest.mark.parametrize(
        ("option", "filters"),
        [
            ("--open", {"closed": False}),
            ("--closed", {"closed": True}),
            ("--unread", {"unread": True}),
            ("--read", {"unread": False}),
        ],
    )
    async def test_can_be_narrowed(self, service, option, filters):
        options = [option, "--user", "5001", "--inbox", "Support", "--page-size", "5"]
        assert (await heymarket("conversations", *options)).code == 0
        asked = json.loads(service.requests[1].body)
        assert asked["id"] == 5001
        assert asked["filters"] == {"inboxes": [40001], **filters}

    def test_that_are_closed_are_shown_as_such(self):
        assert {row[4] for row in rows(heymarket_now("conversations", "--closed").out)} == {"closed"}

    def test_of_both_kinds_are_those_that_exclude_each_other(self):
        for one, other in (("--open", "--closed"), ("--read", "--unread")):
            shown = heymarket_now("conversations", one, other)
            assert shown.code == 2
            assert "exclude each other" in shown.err

    @pytest.mark.parametrize("inbox", ["40001", "support", " Support "])
    def test_of_an_inbox_by_its_id_or_its_name(self, inbox):
        found = rows(heymarket_now("conversations", "--inbox", inbox).out)
        assert {row[1] for row in found} == {"40001"}

    def test_of_several_inboxes(self):
        found = rows(heymarket_now("conversations", "--inbox", "Support", "--inbox", "Sales").out)
        assert {row[1] for row in found} == {"40001", "40002"}

    async def test_of_an_inbox_that_is_none_or_two_are_an_error(self, service):
        shown = await heymarket("conversations", "--inbox", "Sails")
        assert shown.code == 2
        assert "There is no inbox of this id or name." in shown.err
        service.teams[0].inboxes = [{"id": 1, "name": "Desk"}, {"id": 2, "name": "desk"}]
        shown = await heymarket("conversations", "--inbox", "DESK")
        assert shown.code == 2
        assert "There are several inboxes of this id or name." in shown.err


class TestMessages:
    async def test_with_one_number(self, service):
        one = next(each for each in service.teams[0].conversations.values() if each["type"] == "sms")
        number, inbox = one["target"], str(one["inbox"])
        shown = await heymarket("messages", "--phone", f"+{number}", "--inbox", inbox, "--json")
        assert shown.code == 0
        found = json.loads(shown.out)
        assert {each["conversation"]["id"] for each in found} == {one["id"]}

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--phone", "+15105550101"], "go together"),
            (["--inbox", "Support"], "go together"),
            (["--phone", "+15105550101", "--inbox", "1", "--page-size", "5"], "does not go with --phone"),
            (["--phone", "5105550101", "--inbox", "1"], "--phone seems to lack its country code"),
            (["--phone", "x", "--inbox", "1", "--region", "Atlantis"], "--region must be a two-letter country"),
        ],
    )
    def test_refuse_what_does_not_go_together(self, options, said):
        shown = heymarket_now("messages", *options)
        assert shown.code == 2
        assert said in shown.err


class TestContacts:
    async def test_with_a_number_are_one_or_none(self, service):
        number = next(iter(service.teams[0].contacts.values()))["phone"]
        shown = await heymarket("contacts", "--phone", number, "--reveal")
        assert [row[2] for row in rows(shown.out)] == [f"+{number}"]
        shown = await heymarket("contacts", "--phone", "(910) 555-0199", "--region", "US", "--json")
        assert (shown.code, shown.out) == (0, "[]\n")
        assert "There are no such contacts." in shown.err
        shown = await heymarket("contacts", "--phone", "+19105550199")
        assert (shown.code, rows(shown.out)) == (0, [])
