"""What docs/fleet.md says of files and figures is so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from heymarket_async import Fleet

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "fleet.md").read_text("utf-8")


def test_its_file_of_teams_is_read(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```\n", PAGE, re.DOTALL)
    file = tmp_path / "teams.toml"
    file.write_text(text)
    file.chmod(0o600)
    environ = {"ACME_SECRET_ID": "an id", "ACME_SECRET_KEY": "a key"}
    assert Fleet.from_file(file, environ=environ).names == ("acme", "Globex Inc.")


@pytest.mark.slow
def test_the_benchmark_finds_no_failures_and_a_team_within_its_bounds():
    options = ["--teams", "400", "--every", "4", "--seconds", "4", "--json"]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "benchmarks.fleet", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    figures = json.loads(done.stdout)
    assert figures["failed"] == 0
    assert figures["polls"] >= 400
    assert figures["late, p99, ms"] <= 4000
    assert figures["changes"] > 0
    # It is 40 for a thousand teams; here a hundred connections are spread over fewer.
    assert figures["memory per team beyond the first, KB"] <= 50
