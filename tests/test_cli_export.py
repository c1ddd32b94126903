"""`heymarket export` as a person meets it."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal

import pytest

from docs_blocks import DOCS, blocks_of
from heymarket_async.sandbox import Hang, Reset, Sandbox
from sandbox_support import until
from terminal import credentials, heymarket, set_all, start


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_it_writes_the_file_and_says_how_many(folder, heymarket_sandbox, monkeypatch):
    set_all(monkeypatch, credentials(heymarket_sandbox))
    shown = await heymarket("export", "contacts", "--to", "out.jsonl")
    count = len(heymarket_sandbox.teams[0].contacts)
    assert shown.code == 0
    assert shown.out == f"{count} contacts in out.jsonl ({count} fetched).\n"
    assert len((folder / "out.jsonl").read_text().splitlines()) == count


async def test_it_says_so_in_json_too(folder, heymarket_sandbox, monkeypatch):
    set_all(monkeypatch, credentials(heymarket_sandbox))
    inbox = str(heymarket_sandbox.teams[0].inboxes[0]["id"])
    arguments = ["--to", "out", "--format", "csv", "--state", "state", "--inbox", inbox, "--json"]
    shown = await heymarket("export", "conversations", *arguments)
    said = json.loads(shown.out)
    assert said["path"] == "out"
    assert said["rows"] == len((folder / "out").read_text().splitlines()) - 1 > 0
    arguments[arguments.index(inbox)] = heymarket_sandbox.teams[0].inboxes[0]["name"].upper()
    again = json.loads((await heymarket("export", "conversations", *arguments)).out)
    assert again["rows"] == said["rows"]


async def test_the_commands_of_its_page_write_what_they_say(folder):
    page = (DOCS / "export.md").read_text("utf-8")
    lines = [line for block in blocks_of(page) if block.language == "sh" for line in block.code.splitlines()]
    assert len(lines) >= 3
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "heymarket"
        shown = await heymarket(*arguments)
        assert shown.code == 0, shown.err
        assert (folder / arguments[arguments.index("--to") + 1]).stat().st_size > 0


async def test_it_works_with_the_sandbox_and_no_credentials(folder):
    shown = await heymarket("export", "messages", "--sandbox", "--to", "out.parquet")
    assert shown.code == 0
    assert (folder / "out.parquet").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["schedules", "--to", "out.csv"], "schedules"),
        (["messages", "--to", "out.xlsx"], "to must end with one of .parquet"),
        (["messages", "--to", "nowhere/out.csv"], "'nowhere'"),
        (["messages", "--to", "out.csv", "--inbox", "Support"], "inboxes cannot be chosen for messages"),
        (["conversations", "--to", "out.csv", "--inbox", "Nobody's"], "There is no inbox of this id or name"),
        (["messages"], "--to"),
    ],
)
async def test_bad_input_is_a_usage_error_without_a_traceback(folder, arguments, said):
    shown = await heymarket("export", *arguments, "--sandbox")
    assert shown.code == 2
    assert said in shown.err
    assert "Traceback" not in shown.err
    assert list(folder.iterdir()) == []


async def test_a_call_that_fails_ends_it_with_1_and_what_came_is_kept(folder, heymarket_sandbox, monkeypatch):
    set_all(monkeypatch, credentials(heymarket_sandbox))
    heymarket_sandbox.script("list_messages", Reset(), times=20)
    shown = await heymarket("export", "messages", "--to", "out.csv")
    assert shown.code == 1
    assert [path.name for path in folder.iterdir()] == ["out.csv.partial"]
    heymarket_sandbox.clear_script()
    assert (await heymarket("export", "messages", "--to", "out.csv")).code == 0
    assert [path.name for path in folder.iterdir()] == ["out.csv"]


async def test_ctrl_c_ends_it_with_130_and_the_same_command_goes_on(tmp_path):
    async with Sandbox(history=200, rate_limit=None) as sandbox:
        sandbox.script("list_messages", *[Hang()])
        arguments = ("export", "messages", "--to", str(tmp_path / "out.csv"), "--page-size", "50")
        process = await start(*arguments, **credentials(sandbox))
        await until_slowly(lambda: not sandbox.scripted)
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
        assert (process.returncode, out) == (130, b"")
        assert b"Traceback" not in err
        process = await start(*arguments, **credentials(sandbox))
        await process.communicate()
        assert process.returncode == 0
        assert len((tmp_path / "out.csv").read_text().splitlines()) == len(sandbox.teams[0].messages) + 1


async def until_slowly(condition):
    """Wait for something that another process does."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)
    await until(condition)
