"""Teams from a file: what is in it, who may read it, and what is said where it makes no sense."""

from __future__ import annotations

import json
import os
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heymarket_async import ApiKey, ApiSecret, ApiSecretPair, ConfigurationError, Fleet
from heymarket_async.fleet.files import read_teams

ID, KEY = "5f4dcc3b-5aa7-4e5d-8f1d-2a6b7c8d9e0f", "kAq83hfLw02bVx9tRz71mNc5yPe4sGu6dJo0iTaB"
ID_2, KEY_2 = "6f4dcc3b-5aa7-4e5d-8f1d-2a6b7c8d9e0f", "zAq83hfLw02bVx9tRz71mNc5yPe4sGu6dJo0iTaC"
ENVIRON = {"ACME_ID": ID, "ACME_KEY": KEY, "OLD_KEY": "legacy-key", "EMPTY_KEY": " "}
NAMES = {"secret_id_env": "ACME_ID", "secret_key_env": "ACME_KEY"}
posix = pytest.mark.skipif(os.name != "posix", reason="there are no such permissions elsewhere")


@pytest.fixture
def write(tmp_path):
    def write(content, name="teams.json", mode=0o600):
        file = tmp_path / name
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(mode)
        return file

    return write


def wrong(file, environ=ENVIRON):
    """Return what is said about a file, of which no secret may be in anything that Python would show."""
    with pytest.raises(ConfigurationError) as caught:
        read_teams(file, environ)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    for secret in (ID, KEY, ID_2, KEY_2):
        assert secret not in shown
    assert caught.value.__context__ is None or ID not in repr(vars(caught.value.__context__))
    return str(caught.value)


class TestWhatIsRead:
    def test_secrets_from_toml(self, write):
        file = write(
            f"""
            [acme]
            secret_id = "{ID}"
            secret_key = "{KEY}"

            ["Globex Inc."]
            secret_id = "{ID}"
            secret_key = "{KEY}"
            secret_id_2 = "{ID_2}"
            secret_key_2 = "{KEY_2}"

            [old]
            api_key = "legacy-key"
            """,
            "teams.toml",
        )
        assert read_teams(file, {}) == {
            "acme": ApiSecret(ID, KEY),
            "Globex Inc.": ApiSecretPair(ApiSecret(ID, KEY), ApiSecret(ID_2, KEY_2)),
            "old": ApiKey("legacy-key"),
        }

    def test_names_of_environment_variables_from_json(self, write):
        file = write({"acme": NAMES, "old": {"api_key_env": "OLD_KEY"}, "mixed": {**NAMES, "secret_id_env": "ACME_ID"}})
        assert read_teams(file, ENVIRON) == {
            "acme": ApiSecret(ID, KEY),
            "old": ApiKey("legacy-key"),
            "mixed": ApiSecret(ID, KEY),
        }

    def test_a_byte_order_mark_does_no_harm(self, write):
        text = '[acme]\napi_key = "legacy-key"\n'
        assert read_teams(write(b"\xef\xbb\xbf" + text.encode(), "teams.TOML"), {}) == {"acme": ApiKey("legacy-key")}
        assert read_teams(write(b"\xef\xbb\xbf" + json.dumps({"acme": NAMES}).encode()), ENVIRON)

    def test_a_fleet_is_made_of_it(self, write):
        environ = {**ENVIRON, "HEYMARKET_BASE_URL": "http://127.0.0.1:9"}
        fleet = Fleet.from_file(str(write({"acme": NAMES})), environ=environ, connections_per_team=2)
        assert fleet.names == ("acme",)
        assert "http://127.0.0.1:9" in repr(fleet["acme"])
        explicit = Fleet.from_file(write({"acme": NAMES}), environ=environ, base_url="http://127.0.0.1:8")
        assert "http://127.0.0.1:8" in repr(explicit["acme"])


@posix
class TestWhoMayReadIt:
    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o444])
    def test_a_file_with_secrets_that_others_may_read_is_refused_with_what_to_run(self, write, mode):
        file = write({"acme": {"secret_id": ID, "secret_key": KEY}}, "my teams.json", mode)
        said = wrong(file)
        assert "others on this machine may read it" in said
        assert f"Run: chmod 600 '{file}'" in said

    @pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
    def test_one_that_only_its_owner_may_read_is_taken(self, write, mode):
        assert read_teams(write({"acme": {"secret_id": ID, "secret_key": KEY}}, mode=mode), {})

    def test_one_that_only_names_variables_may_be_read_by_anybody(self, write):
        assert read_teams(write({"acme": NAMES}, mode=0o644), ENVIRON)


class TestWhatMakesNoSense:
    @pytest.mark.parametrize(
        ("table", "said"),
        [
            ({"secret_id": ID}, "half of an API Secret: secret_key is missing"),
            ({"secret_key": KEY}, "half of an API Secret: secret_id is missing"),
            (
                {"secret_id": ID, "secret_key": KEY, "secret_id_2": ID_2},
                "half of an API Secret: secret_key_2 is missing",
            ),
            ({"secret_id_2": ID, "secret_key_2": KEY}, "has a second API Secret and no first"),
            ({"secret_id": ID, "secret_key": KEY, "api_key": KEY_2}, "has an API Secret and an api_key"),
            ({"secret_id": KEY, "secret_key": ID}, "in each other's place"),
            ({"secret_id": ID, "secret_key": f" {KEY}"}, "white space"),
            (
                {"secret_id": ID, "secret_key": KEY, "secret_id_2": ID, "secret_key_2": KEY},
                "both are the same API Secret",
            ),
            ({"secret_id": 5, "secret_key": KEY}, "secret_id must be a text, not int"),
            ({"secret_id": ID, "secret_id_env": "ACME_ID", "secret_key": KEY}, "has secret_id and secret_id_env"),
            ({"secret_idd": ID, "secret_key": KEY}, "not known: 'secret_idd'. Did you mean 'secret_id'?"),
            ({"colour": "red"}, "not known: 'colour'. It may have: secret_id, "),
            ({ID: KEY}, "not known: (not shown, it looks like a secret)"),
            ({KEY: ID}, "not known: (not shown, it looks like a secret)"),
            ({"secret_id_env": "ACME_ID", "secret_key_env": "NO_SUCH_KEY"}, "variable NO_SUCH_KEY is not set"),
            ({"secret_id_env": "ACME_ID", "secret_key_env": "EMPTY_KEY"}, "variable EMPTY_KEY is not set"),
            ({"secret_id_env": ID, "secret_key_env": KEY}, "variable that it names is not set"),
            ({}, "has no credentials"),
            ([ID, KEY], "is not a table"),
            (KEY, "is not a table"),
            (None, "is not a table"),
        ],
    )
    def test_a_team_is_named_and_no_secret_shown(self, write, table, said):
        file = write({"fine": NAMES, "acme": table})
        assert f"{file}: team 'acme'" in wrong(file)
        assert said in wrong(file)

    def test_an_id_in_the_place_of_a_name_is_not_shown(self, write):
        assert "(not shown, it looks like a secret) is not a table" in wrong(write({ID: KEY}))

    @pytest.mark.parametrize("content", [{}, "{}", '{"teams": []}'])
    def test_a_file_without_teams_is_refused(self, write, content):
        assert "holds no team" in wrong(write(content)) or "is not a table" in wrong(write(content))

    @pytest.mark.parametrize("content", ["", "# nothing yet\n"])
    def test_an_empty_toml_file_is_refused(self, write, content):
        assert "holds no team" in wrong(write(content, "teams.toml"))

    def test_two_teams_of_one_name_are_named(self, write):
        one = f'{{"secret_id": "{ID}", "secret_key": "{KEY}"}}'
        assert "has two teams 'acme'" in wrong(write(f'{{"acme": {one}, "acme": {one}}}'))
        table = f'[acme]\nsecret_id = "{ID}"\nsecret_key = "{KEY}"\n'
        assert "has two teams 'acme': the second one is on line 4" in wrong(write(table * 2, "teams.toml"))
        crlf = (table * 2).replace("\n", "\r\n")
        assert "has two teams 'acme': the second one is on line 4" in wrong(write(crlf, "teams.toml"))
        assert "two teams 'ACME'. 'acme' differs" in wrong(write({"acme": NAMES, "ACME": NAMES}))

    def test_a_key_that_comes_twice_is_named(self, write):
        assert "team 'acme' has 'secret_id' twice" in wrong(
            write(f'{{"acme": {{"secret_id": "{ID}", "secret_id": "{ID_2}"}}}}')
        )
        said = wrong(write(f'[acme]\nsecret_id = "{ID}"\nsecret_id = "{ID_2}"\n', "teams.toml"))
        assert "says something twice, on line 3" in said

    def test_a_name_that_is_none_is_refused(self, write):
        assert "name of a team" in wrong(write({" acme": NAMES}))

    @pytest.mark.parametrize(
        ("content", "name", "said"),
        [
            (f'{{"acme": {{"secret_id": "{ID}",\n "secret_key": "{KEY}}}}}', "teams.json", "is not JSON, on line 2"),
            (f'["{KEY}"]', "teams.json", "must hold one object"),
            (f'"{KEY}"', "teams.json", "must hold one object"),
            ("[" * 100_000, "teams.json", "is nested too deeply"),
            ('{"acme": ' + "9" * 5000 + "}", "teams.json", "is not JSON"),
            (f'[acme]\nsecret_key = "{KEY}\n', "teams.toml", "is not TOML, or says something twice, on line 2"),
            (f'[acme]\nsecret_key = "{KEY}', "teams.toml", "is not TOML"),
            ("acme = " + "[" * 100_000, "teams.toml", "is nested too deeply"),
            (KEY.encode() + b"\xff", "teams.json", "is not UTF-8"),
            (b" " * (16 * 2**20 + 1), "teams.json", "is larger than"),
            ("acme: {}", "teams.yaml", "must be TOML or JSON"),
            ("acme: {}", "teams", "must be TOML or JSON"),
        ],
        ids=range(12),
    )
    def test_a_file_that_is_broken_is_refused(self, write, content, name, said):
        assert said in wrong(write(content, name))

    def test_a_file_that_is_not_there_is_refused(self, tmp_path):
        assert "No such file" in wrong(tmp_path / "teams.toml")
        (tmp_path / "folder.json").mkdir()
        assert "cannot be read: Is a directory" in wrong(tmp_path / "folder.json")

    @posix
    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
    def test_a_file_that_may_not_be_read_is_refused(self, write):
        assert "cannot be read: Permission denied" in wrong(write({"acme": NAMES}, mode=0))

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text() | st.just(KEY),
            lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["secret_id", ID, KEY]), inner),
        )
    )
    def test_whatever_the_file_holds_it_is_read_or_refused_and_shows_no_secret(self, tmp_path, content):
        file = Path(tmp_path / "teams.json")
        file.write_text(json.dumps(content))
        file.chmod(0o600)
        said = ""
        try:
            assert read_teams(file, ENVIRON)
        except ConfigurationError as error:
            said = str(error)
        assert KEY not in said
        assert ID not in said
