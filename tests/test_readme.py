"""What the README tells people to paste works."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = "python3.11"
# What a machine needs to find its package index; nothing else of the environment is passed on.
KEPT = ("PIP_", "SSL_", "REQUESTS_CA_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "HOME", "LANG", "TMPDIR", "XDG_")


def readme_commands() -> list[str]:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    return [line for line in lines if line.startswith(f"{PYTHON} -m venv ")]


def copy_of_the_project(target: Path) -> Path:
    """Copy what a clone would hold: the files that git knows or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):  # an unpacked sdist
        unwanted = shutil.ignore_patterns(".git", ".nox", ".venv*", "__pycache__", ".*_cache")
        return Path(shutil.copytree(ROOT, target, ignore=unwanted))
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


@pytest.fixture
def fresh_environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with Python and nothing installed for it."""
    python = Path(sys.base_prefix) / "bin" / PYTHON
    if sys.version_info[:2] != (3, 11) or not python.exists():
        pytest.skip(f"the README speaks of {PYTHON}, and these tests run on {sys.version.split()[0]}")
    programs = tmp_path / "programs"
    programs.mkdir()
    # Not a link: a venv made through one looks for the standard library beside it.
    (programs / PYTHON).write_text(f'#!/bin/sh\nexec {shlex.quote(str(python))} "$@"\n')
    (programs / PYTHON).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith(KEPT)}
    return kept | {"PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin", "COLUMNS": "120"}


def test_there_are_two_commands_each_of_one_line():
    first, second = readme_commands()
    assert first.endswith("heymarket inboxes")
    assert "nox" in second


@pytest.mark.slow
def test_the_first_command_shows_the_inboxes_of_the_sandbox(tmp_path, fresh_environment):
    project = copy_of_the_project(tmp_path / "project")
    done = subprocess.run(
        ["sh", "-c", readme_commands()[0]],
        cwd=project,
        env=fresh_environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    shown = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, shown
    assert "sandbox" in shown.lower()
    header, *rows = [line for line in done.stdout.splitlines() if line.strip()]
    assert any("id" in line.lower() for line in (header, *rows)), shown
    assert sum(any(character.isdigit() for character in row) for row in rows) >= 2, shown


def test_what_the_ci_runs_is_the_second_command():
    done = subprocess.run(
        ["bash", str(ROOT / ".ci" / "run"), "--dry-run"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == f"{readme_commands()[1]}\n"
