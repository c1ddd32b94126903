"""The examples run, and show everything that there is."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from heymarket_async.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
WALKTHROUGH = ROOT / "examples" / "walkthrough.py"
HEADINGS = [
    "Inboxes",
    "Team",
    "Users",
    "Contact fields",
    "Tags",
    "Contacts",
    "Contacts, version 2",
    "Messages",
    "E-mail",
    "Conversations",
    "Lists",
    "Lists, version 1",
    "Templates",
    "Surveys",
    "Schedules",
    "What the sandbox got",
]


def operations_of(contract: dict[str, Any]) -> set[str]:
    paths = contract["paths"].values()
    return {described["operationId"] for path in paths for described in path.values() if "operationId" in described}


@pytest.fixture(scope="module")
def shown() -> str:
    """What the walkthrough prints as a program of its own, with every warning an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(WALKTHROUGH)],
        cwd=ROOT.anchor,
        env={name: value for name, value in os.environ.items() if not name.startswith("HEYMARKET_")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_walkthrough_says_that_nothing_is_really_sent(shown):
    assert "Nothing is really sent." in shown.splitlines()[0]


def test_the_walkthrough_has_a_part_for_every_noun(shown):
    lines = shown.splitlines()
    found = [above for above, below in pairwise(lines) if below and set(below) == {"-"}]
    assert found == HEADINGS


@pytest.mark.parametrize(
    "line",
    [
        "inboxes.list                40001 Support, 4 members",
        "team.get                    Harbor Dental, lists of up to 1000 contacts",
        "users.update                5002 is Charlie Frost now",
        "contact_fields.create       Plan was there already",
        "tags.get                    NotFound, status 404",
        "contacts.create_many        2 saved, 0 failed, 0 unknown, 0 unsent",
        "contacts.status             unsubscribed: True",
        "contacts.v2.update_channel  email ana@example.com, phone 15105550125",
        "messages.history            Your order has shipped.",
        "lists.delete                deleted: True",
        "lists.v1.get                Waiting list, 2 people",
        "messages.list               7 older ones",
        "templates.get               {{first_name}}, your order is ready for pick-up.",
        "15105550121       Kim, your order is ready for pick-up.",
        "schedules.delete            ok",
        "15105550121       Kim, ten percent off today.",
        "15105550123       Noa, ten percent off today.",
    ],
)
def test_the_walkthrough_shows_what_came_of_a_method(shown, line):
    assert line in map(str.strip, shown.splitlines())


def test_no_line_of_the_walkthrough_is_too_wide_for_a_terminal_or_shows_a_missing_value(shown):
    for line in shown.splitlines():
        assert len(line) <= 100
        assert "None" not in line


async def test_the_walkthrough_performs_every_operation_of_the_service(contract, capsys):
    names = runpy.run_path(str(WALKTHROUGH))
    async with Sandbox() as sandbox:
        await names["main"](sandbox)
    performed = {request.operation for request in sandbox.requests}
    assert len(performed) == 63
    assert performed == operations_of(contract)
    assert f"{len(sandbox.requests)} requests of 63 operations." in capsys.readouterr().out


async def test_the_walkthrough_meets_no_refusal_but_the_one_it_shows(capsys):
    names = runpy.run_path(str(WALKTHROUGH))
    async with Sandbox() as sandbox:
        await names["main"](sandbox)
    # Looking for Lee, whom `contacts.upsert` then makes, and for a tag that was deleted.
    refused = [(request.operation, request.status) for request in sandbox.requests if request.status != 200]
    assert refused == [("get_tag", 404), ("get_contact_by_phone_or_id", 404)]


def test_the_readme_says_how_to_run_it():
    assert "`.venv/bin/python examples/walkthrough.py`" in (ROOT / "README.md").read_text("utf-8")
