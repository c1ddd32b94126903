"""The commands of docs/terminal.md show what the page says."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from terminal import environment

PAGE = (Path(__file__).parents[1] / "docs" / "terminal.md").read_text("utf-8")
FILES = re.findall(r"Given this `(\S+)`:\n\n```text\n(.*?)```\n", PAGE, re.DOTALL)
COMMANDS = re.findall(r"```sh\n(heymarket .*?)\n```\n\n```text\n(.*?)```\n", PAGE, re.DOTALL)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_the_commands_show_what_the_page_says(tmp_path):
    assert len(COMMANDS) >= 6
    assert len(FILES) == 2
    for name, content in FILES:
        (tmp_path / name).write_text(content, "utf-8")
    for command, shown in COMMANDS:
        line = f'heymarket() {{ "{sys.executable}" -W error -m heymarket_async "$@"; }}; {command} 2>&1'
        done = subprocess.run(
            ["sh", "-c", line],
            env=environment(),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "\n".join(each.rstrip() for each in done.stdout.splitlines()) == shown.rstrip("\n"), command


def test_it_lists_the_exit_codes_and_the_commands():
    from heymarket_async.cli.app import app
    from heymarket_async.cli.exits import Exit

    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == [str(code.value) for code in Exit]
    listed = {name for name in app.resolved_commands() if not name.startswith("-")}
    assert {name for name in listed if name in PAGE} >= {
        "team",
        "conversations",
        "messages",
        "contacts",
        "send-many",
        "token",
    }


def test_the_picture_shows_what_the_first_command_shows():
    svg = (Path(__file__).parents[1] / "docs" / "images" / "terminal.svg").read_text("utf-8")
    pieces = [html.unescape(piece) for piece in re.findall(r"<text [^>]*>(.*?)</text>", svg)]
    pictured = " ".join(" ".join(pieces).split())
    done = subprocess.run(
        [sys.executable, "-m", "heymarket_async", "inboxes"],
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    rows = [" ".join(row.split()) for row in done.stdout.splitlines()]
    assert len(rows) > 5
    assert [row for row in rows if "─" not in row and row not in pictured] == []
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
