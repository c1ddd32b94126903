"""What the README tells people to paste works."""

from __future__ import annotations

import asyncio
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


def fresh_clone(target: Path) -> Path:
    """Clone the project, and lay over it what is not committed yet."""
    changed = ["git", "ls-files", "-z", "--modified", "--others", "--exclude-standard"]
    try:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True, capture_output=True)
        names = subprocess.run(changed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):  # an unpacked sdist
        unwanted = shutil.ignore_patterns(".git", ".nox", ".venv*", "__pycache__", ".*_cache")
        return Path(shutil.copytree(ROOT, target, ignore=unwanted, dirs_exist_ok=True))
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
async def test_the_first_command_shows_the_inboxes_of_the_sandbox_or_of_the_account(
    tmp_path, fresh_environment, heymarket_sandbox
):
    project = fresh_clone(tmp_path / "project")

    async def paste(command: str, **environment: str) -> tuple[str, str]:
        shell = await asyncio.create_subprocess_exec(
            *("sh", "-c", command),
            cwd=project,
            env=fresh_environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        stdout, stderr = await asyncio.wait_for(shell.communicate(), 600)
        assert shell.returncode == 0, stderr.decode()
        return stdout.decode(), stderr.decode()

    shown, said = await paste(readme_commands()[0])
    assert "sandbox" in said
    for inbox in heymarket_sandbox.teams[0].inboxes:  # the same seed, so the same inboxes
        assert any(f"{inbox['id']}" in line and inbox["name"] in line for line in shown.splitlines()), shown

    # The same command once more, with credentials, as far as it does not install again.
    heymarket_sandbox.teams[0].inboxes = [{"id": 42, "name": "Of the account", "phones": ["15105550100"]}]
    shown, said = await paste(
        readme_commands()[0].rpartition("&&")[2],
        HEYMARKET_API_SECRET_ID=heymarket_sandbox.secret.id,
        HEYMARKET_API_SECRET_KEY=heymarket_sandbox.secret.key,
        HEYMARKET_BASE_URL=heymarket_sandbox.url,
    )
    assert "Of the account" in shown
    assert "+15105550100" in shown or "15105550100" in shown
    assert heymarket_sandbox.url in said
    assert heymarket_sandbox.secret.key not in shown + said


def test_what_the_ci_runs_is_the_second_command():
    done = subprocess.run(
        ["bash", str(ROOT / ".ci" / "run"), "--dry-run"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == f"{readme_commands()[1]}\n"
