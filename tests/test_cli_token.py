"""`heymarket token` and `heymarket completion`."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from heymarket_async import ApiKey, AsyncSession
from terminal import credentials, heymarket, heymarket_now, process, set_all


class TestToken:
    async def test_is_one_that_the_service_takes(self, heymarket_sandbox, monkeypatch):
        set_all(monkeypatch, credentials(heymarket_sandbox))
        shown = await heymarket("token")
        assert shown.code == 0
        (token,) = shown.out.splitlines()
        # As curl would send it.
        async with AsyncSession(ApiKey(token), base_url=heymarket_sandbox.url) as session:
            assert len(await session.inboxes.list()) == 5

    def test_says_on_stderr_when_it_dies_and_what_it_is(self):
        shown = heymarket_now("token")
        assert "UTC, in 2" in shown.err
        assert "keep it out of logs" in shown.err
        assert shown.out.strip() not in shown.err

    def test_has_its_expiry_in_json(self):
        shown = json.loads(heymarket_now("token", "--json").out)
        claims = jwt.decode(shown["token"], options={"verify_signature": False})
        expires = datetime.fromisoformat(shown["expires_at"])
        assert expires == datetime.fromtimestamp(claims["iat"], UTC) + timedelta(minutes=5)
        assert timedelta(minutes=4) < expires - datetime.now(UTC) < timedelta(minutes=5)

    def test_of_a_legacy_key_there_is_none_and_the_key_is_not_shown(self, monkeypatch):
        monkeypatch.setenv("HEYMARKET_API_KEY", "legacy-key-of-a-team")
        shown = heymarket_now("token")
        assert (shown.code, shown.out) == (2, "")
        assert "legacy-key-of-a-team" not in shown.err
        assert "$HEYMARKET_API_KEY" in shown.err


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
    def test_names_the_commands(self, shell):
        shown = heymarket_now("completion", shell)
        assert (shown.code, shown.err) == (0, "")
        for word in ("send-many", "conversations", "heymarket"):
            assert word in shown.out

    def test_completes_in_bash(self, tmp_path):
        bash = shutil.which("bash")
        if bash is None:
            pytest.skip("there is no bash")
        script = tmp_path / "heymarket.bash"
        script.write_text(process("completion", "bash").stdout)
        program = f"""
source {script}
COMP_WORDS=(heymarket send-m) COMP_CWORD=1 COMP_LINE='heymarket send-m' COMP_POINT=16
"$(complete -p heymarket | sed -E 's/.*-F ([^ ]+).*/\\1/')" heymarket send-m heymarket
echo "${{COMPREPLY[@]}}"
"""
        done = subprocess.run([bash, "-c", program], capture_output=True, text=True, timeout=30, check=True)
        assert done.stdout.split() == ["send-many"]

    def test_of_another_shell_is_refused(self):
        assert heymarket_now("completion", "tcsh").code == 2
