"""The `heymarket` command as a whole: help, exit codes, errors and streams."""

from __future__ import annotations

import asyncio
import importlib.metadata
import io
import json
import os
import runpy
import signal
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import attrs
import pytest

import heymarket_async
from heymarket_async import ConfigurationError, Inbox, NeverSent, SessionClosed, WidgetSettings
from heymarket_async.cli import inboxes as inboxes_command
from heymarket_async.cli import main, output, service
from heymarket_async.cli.app import Exit, app
from heymarket_async.sandbox import Hang
from heymarket_async.values import Extra
from terminal import ROOT, credentials, environment, heymarket_now, process, start


class TestHelp:
    def test_it_names_the_commands_the_exit_codes_and_examples(self):
        shown = heymarket_now("--help")
        assert shown.code == 0
        assert shown.err == ""
        for word in (
            "inboxes",
            "doctor",
            "sandbox",
            "--version",
            "heymarket inboxes --json",
            "HEYMARKET_API_SECRET_ID",
        ):
            assert word in shown.out
        for code in Exit:
            assert f"{code.value:<5}" in shown.out

    def test_without_arguments_there_is_help(self):
        assert heymarket_now() == heymarket_now("--help")

    @pytest.mark.parametrize("command", [name for name in app.resolved_commands() if not name.startswith("-")])
    def test_every_command_has_examples_and_explains_its_options(self, command):
        shown = heymarket_now(command, "--help")
        assert shown.code == 0
        assert f"    heymarket {command}" in shown.out.partition("Examples:")[2]
        assert "Args" not in shown.out
        assert "--no-" not in shown.out

    def test_the_version_is_that_of_the_package(self):
        assert heymarket_now("--version") == (0, f"heymarket-async {heymarket_async.__version__}\n", "")

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["inbxes"], "Did you mean"),
            (["inboxes", "--jsn"], "--jsn"),
            (["inboxes", "more"], "more"),
            (["sandbox", "--port", "x"], "--port"),
            (["inboxes", "\x1b[31m"], "\\x1b[31m"),
        ],
    )
    def test_wrong_usage_is_said_in_two_lines_and_ends_with_2(self, arguments, said):
        shown = heymarket_now(*arguments)
        assert (shown.code, shown.out) == (2, "")
        first, second = shown.err.splitlines()
        assert first.startswith("error: ")
        assert said in first
        assert second == "`heymarket --help` shows how it is used."


class TestStart:
    def test_python_runs_the_package_as_the_command(self):
        done = process("--version")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"heymarket-async {heymarket_async.__version__}\n"

    def test_importing_that_door_does_not_run_it(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "argv", ["heymarket", "--version"])
        door = str(ROOT / "heymarket_async" / "__main__.py")
        runpy.run_path(door, run_name="heymarket_async.__main__")
        assert capsys.readouterr().out == ""
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(door, run_name="__main__")
        assert ended.value.code == 0
        assert heymarket_async.__version__ in capsys.readouterr().out

    def test_the_script_of_the_distribution_is_the_same_command(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        entry = importlib.metadata.EntryPoint("heymarket", project["scripts"]["heymarket"], "console_scripts")
        assert entry.load() is main

    def test_it_takes_the_arguments_of_the_process(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "argv", ["heymarket", "--version"])
        assert main() == 0
        assert heymarket_async.__version__ in capsys.readouterr().out

    @pytest.mark.parametrize("missing", ["cyclopts", "rich"])
    def test_without_the_extra_one_line_says_so(self, missing):
        program = f"import sys; sys.modules[{missing!r}] = None; from heymarket_async.cli import main; sys.exit(main())"
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1
        assert f"{missing} is missing: install heymarket-async[cli]" in done.stderr

    def test_a_missing_extra_is_told_from_a_missing_part_of_the_package(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "cyclopts", None)
        monkeypatch.delitem(sys.modules, "heymarket_async.cli.app")
        assert heymarket_now().code == 2
        monkeypatch.setitem(sys.modules, "heymarket_async.cli.app", None)
        with pytest.raises(ModuleNotFoundError, match=r"heymarket_async\.cli\.app"):
            main([])

    def test_ctrl_c_while_it_starts_is_quiet(self, monkeypatch):
        class Interrupted:
            def __getattr__(self, name):
                raise KeyboardInterrupt

        monkeypatch.setitem(sys.modules, "heymarket_async.cli.app", Interrupted())
        assert heymarket_now() == (130, "", "")


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (ConfigurationError("It is wrong.", advice="Put it right."), 2),
            (SessionClosed("It is wrong.", advice="Put it right."), 1),
            (NeverSent("It is wrong.", advice="Put it right.", operation="op", attempts=2), 1),
            (OSError(28, "No space left on device"), 1),
            (KeyboardInterrupt(), 130),
            (BrokenPipeError(), 141),
        ],
    )
    def test_an_expected_one_becomes_a_message_and_an_exit_code(self, monkeypatch, error, code):
        async def fail(self):
            raise error

        monkeypatch.setattr("heymarket_async.resources.inboxes.Inboxes.list", fail)
        shown = heymarket_now("inboxes")
        assert (shown.code, shown.out) == (code, "")
        said = shown.err.splitlines()[1:]
        if code in {130, 141}:
            assert said == []
        elif isinstance(error, OSError):
            assert said == ["error: The system says: No space left on device."]
        else:
            assert said[0].startswith("error: It is wrong.")
            assert "Put it right." not in said[0]
            assert said[1:] == ["Put it right."]

    def test_an_error_of_the_system_without_words_is_named(self, monkeypatch):
        monkeypatch.setattr(output, "show", lambda _: (_ for _ in ()).throw(OSError()))
        assert heymarket_now("inboxes").err.splitlines()[1:] == ["error: The system says: OSError."]

    def test_an_error_without_advice_is_one_line(self, monkeypatch):
        monkeypatch.setattr(
            inboxes_command, "open_session", lambda **_: (_ for _ in ()).throw(ConfigurationError("No."))
        )
        assert heymarket_now("inboxes") == (2, "", "error: No.\n")

    def test_a_mistake_in_the_program_is_not_hidden(self, monkeypatch):
        monkeypatch.setattr(output, "show", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            main(["inboxes"])


class TestStreams:
    @pytest.mark.parametrize(
        "arguments", [["--help"], ["inboxes"], ["inboxes", "--json"], ["doctor"], ["sandbox", "--help"]]
    )
    def test_ascii_is_enough(self, arguments):
        done = process(*arguments, env=environment(PYTHONIOENCODING="ascii"))
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii()

    def test_a_reader_who_goes_away_ends_it_quietly(self):
        read, write = os.pipe()
        os.close(read)
        try:
            done = process("inboxes", capture_output=False, stdout=write, stderr=subprocess.PIPE)
        finally:
            os.close(write)
        assert done.returncode == 141
        assert done.stderr.startswith("Asking the sandbox")
        assert len(done.stderr.splitlines()) == 1

    @pytest.mark.parametrize("arguments", [["doctor"], ["inboxes", "--json"], ["--help"], ["nonsense"]])
    def test_it_ends_quietly_too_if_nobody_reads_anything(self, arguments):
        read, write = os.pipe()
        os.close(read)
        try:
            done = process(*arguments, capture_output=False, stdout=write, stderr=write)
        finally:
            os.close(write)
        assert done.returncode == 141

    def test_a_reader_who_stops_after_one_line_has_a_whole_line(self):
        line = " ".join([sys.executable, "-m heymarket_async inboxes 2>/dev/null | head -1"])
        done = subprocess.run(
            line, shell=True, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stdout.split() == ["ID", "Name", "Phones", "Members", "Updated", "(UTC)"]

    @pytest.mark.parametrize("arguments", [["inboxes"], ["inboxes", "--json"], ["doctor", "--sandbox"]])
    def test_it_stops_at_the_first_line_that_nobody_takes(self, arguments):
        class Unread(io.StringIO):
            def write(self, text):
                raise BrokenPipeError

        shown = heymarket_now(*arguments, out=Unread())
        assert (shown.code, shown.out) == (141, "")
        assert "error" not in shown.err

    @pytest.mark.parametrize("arguments", [["inboxes"], ["inboxes", "--json"], ["--help"]])
    def test_without_a_stdout_it_does_its_work_all_the_same(self, monkeypatch, arguments):
        monkeypatch.setattr("sys.stdout", None)
        assert main(arguments) == 0

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
    @pytest.mark.parametrize("options", [[], ["--json"]])
    def test_a_full_disk_is_said_in_words(self, options):
        with Path("/dev/full").open("w") as full:
            done = process("inboxes", *options, capture_output=False, stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 1
        assert done.stderr.splitlines()[1:] == ["error: The system says: No space left on device."]

    @pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
    @pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
    @pytest.mark.parametrize("command", ["inboxes", "inboxes --json"])
    def test_closed_streams_do_no_harm(self, command, closed):
        line = f"{sys.executable} -m heymarket_async {command} {closed}"
        done = subprocess.run(
            line, shell=True, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0
        assert "Traceback" not in done.stderr + done.stdout

    def test_what_cannot_be_written_in_the_encoding_is_escaped(self, monkeypatch):
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding="latin-1")
        monkeypatch.setattr("sys.stdout", out)
        output.prepare()
        output.show_text("Zürich ☎")
        output.show_json(["Zürich ☎"])
        written = raw.getvalue().decode("latin-1")
        assert written.startswith("Zürich \\u260e\n")
        assert json.loads(written.partition("\n")[2]) == ["Zürich ☎"]

    def test_what_is_left_in_a_broken_stream_goes_nowhere(self, monkeypatch, tmp_path):
        class Broken(io.StringIO):
            fd = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)

            def flush(self):
                raise BrokenPipeError

            def fileno(self):
                return self.fd

        broken = Broken()
        monkeypatch.setattr("sys.stdout", broken)
        try:
            output.give_up()
            assert os.path.samestat(os.fstat(broken.fd), Path(os.devnull).stat())
        finally:
            os.close(broken.fd)
            monkeypatch.undo()

    async def test_ctrl_c_ends_a_call_that_hangs(self, heymarket_sandbox):
        heymarket_sandbox.script("list_inboxes", Hang())
        running = await start("inboxes", **credentials(heymarket_sandbox))
        async with asyncio.timeout(30):
            while not heymarket_sandbox.requests:
                await asyncio.sleep(0.02)
            running.send_signal(signal.SIGINT)
            out, err = await running.communicate()
        assert (running.returncode, out) == (130, b"")
        assert len(err.decode().splitlines()) == 1


class TestPlainText:
    def test_what_a_terminal_would_obey_is_shown_instead(self):
        assert output.plain("a\x1b[2Jb\x07\n\x9b\x7f") == "a\\x1b[2Jb\\x07\\n\\x9b\\x7f"

    def test_what_turns_the_direction_of_writing_is_shown_instead(self):
        assert output.plain("a\u202eb\u2066c\u200fd") == "a\\u202eb\\u2066c\\u200fd"

    def test_half_an_emoji_is_shown_as_such(self):
        assert output.plain("\ud83d") == "\\ud83d"

    @pytest.mark.parametrize("text", ["", "Zürich", "[bold]", "電話", "👩‍⚕️", "a\u00a0b", "שלום"])
    def test_everything_else_stays(self, text):
        assert output.plain(text) == text


class TestJson:
    def test_a_field_has_the_name_that_it_has_on_the_wire(self):
        @attrs.frozen
        class Renamed:
            from_: str = attrs.field(metadata={"wire": "from"})

        assert output.to_json(Renamed("x")) == {"from": "x"}

    def test_what_was_absent_is_left_out_and_what_is_unknown_is_kept(self):
        inbox = Inbox(
            id=7,
            widget_settings=WidgetSettings(tos="https://example.com", extra=Extra({"shape": "round"})),
            extra=Extra({"color": None, "deep": {"list": [1, {"x": 1.5}]}, "members": "none"}),
        )
        assert output.to_json((inbox,)) == [
            {
                "id": 7,
                "members": "none",
                "phones": [],
                "allowed_domains": [],
                "invited": [],
                "widget_settings": {"tos": "https://example.com", "shape": "round"},
                "color": None,
                "deep": {"list": [1, {"x": 1.5}]},
            }
        ]

    @pytest.mark.parametrize(
        ("time", "text"),
        [
            (datetime(2026, 4, 12, 15, 30, tzinfo=UTC), "2026-04-12T15:30:00Z"),
            (
                datetime(2026, 4, 12, 15, 30, 0, 120_000, tzinfo=timezone(timedelta(hours=2))),
                "2026-04-12T13:30:00.120000Z",
            ),
        ],
    )
    def test_times_are_rfc_3339_in_utc(self, time, text):
        assert output.to_json(time) == text

    @pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
    def test_numbers_that_json_does_not_have_become_null(self, number):
        assert output.to_json([number]) == [None]

    def test_nothing_in_it_moves_the_terminal_and_nothing_is_lost(self, capsys):
        nasty = "\x1b[2J\x9b\x7f\u2028\u202e\ud83d Zürich"
        output.show_json({"name": nasty})
        written = capsys.readouterr().out
        assert json.loads(written) == {"name": nasty}
        assert "Zürich" in written
        assert output.plain(written.replace("\n", "")) == written.replace("\n", "")


class TestWhomToAsk:
    def test_the_real_service_is_called_so(self):
        secret = heymarket_async.ApiSecret("id", "key")
        real = service.Service(credentials=secret, base_url="https://api.heymarket.com")
        assert service.describe(real) == (
            "Asking the real service, https://api.heymarket.com, with the API Secret in the environment."
        )

    def test_another_address_is_not_called_real(self):
        other = service.Service(credentials=heymarket_async.ApiKey("key"), base_url="http://127.0.0.1:1")
        said = service.describe(other)
        assert "real" not in said
        assert "http://127.0.0.1:1" in said
        assert "HEYMARKET_BASE_URL" in said
        assert "legacy API key" in said

    def test_the_service_is_the_real_one_unless_the_environment_says_otherwise(self, monkeypatch):
        assert service.find_base_url() == "https://api.heymarket.com"
        monkeypatch.setenv("HEYMARKET_BASE_URL", " https://eu.example.com/ ")
        assert service.find_base_url() == "https://eu.example.com"
