"""The public API changes on purpose only."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
UPDATE = "python tests/public_api.py > tests/public_api.txt"


def described(**environ: str) -> str:
    """Return the API as it is, in a process of its own, where no other test has looked at a class."""
    program = [sys.executable, "-W", "error", TESTS / "public_api.py"]
    return subprocess.run(program, capture_output=True, text=True, check=True, env=os.environ | environ).stdout


def test_the_public_api_is_what_it_was():
    was, now = (TESTS / "public_api.txt").read_text("utf-8"), described()
    changes = difflib.unified_diff(was.splitlines(), now.splitlines(), "as it was", "as it is", lineterm="", n=0)
    assert now == was, "\n".join([f"If the change is meant, tell it in CHANGELOG.md, then: {UPDATE}", *changes])


def test_no_signature_shows_the_environment():
    assert "s3cret-in-the-environment" not in described(HEYMARKET_API_KEY="s3cret-in-the-environment")


def test_what_goes_missing_is_seen():
    now = described()
    for line in (
        "class AsyncSession(",
        "    async def send(self, *, inbox_id: int,",
        "    by name id: int",
        "    SENDS = 'sends'",
        "async def poll_once(",
        "Credentials = ApiSecret | ApiSecretPair | ApiKey",
        "class NotFound(ApiError)",
        "    by name members: tuple[int, ...] = ()",
        "    key phone_number: str (required)",
        "    key slowest: float | None",
        "    attribute changes: tuple[Change[Any], ...]",
        "    attribute contact_fields: ContactFields",
        "    attribute status = 413",
        "    async def __aenter__(self) -> Self",
        "    def __aiter__(self) -> AsyncIterator[T]",
        "heymarket webhooks listen",
        "    --limit -n: int = 50",
        "    BAD_ROWS = 4",
        "heymarket_session",
        "Python >=3.11",
        "extra phones",
        "command heymarket = heymarket_async.cli:main",
        "entry point pytest11: heymarket_async = ",
    ):
        assert f"\n{line}" in now, line
