"""Teams and their credentials from a TOML or JSON file. Nothing of what it holds is in any error but names of teams."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from heymarket_async.auth import ApiKey, ApiSecret, ApiSecretPair, Credentials
from heymarket_async.errors import ConfigurationError
from heymarket_async.fleet.names import check_name

C = TypeVar("C")

_LARGEST: Final = 16 * 2**20
_VALUES: Final = ("secret_id", "secret_key", "secret_id_2", "secret_key_2", "api_key")
_VARIABLES: Final = {f"{key}_env": key for key in _VALUES}
_KEYS: Final = (*_VALUES, *_VARIABLES)
# What looks like this may be a secret that stands in the wrong place.
_LIKE_A_SECRET: Final = re.compile(r"(?=.*\d)[\w+/=-]{20,}|.{60,}", re.DOTALL)
_TOO_DEEP: Final = "is nested too deeply"
_TABLE: Final = re.compile(r"""\s*\[\s*["']?([^"'\[\]]+?)["']?\s*\]\s*(?:#.*)?""")
_LINE: Final = re.compile(r"line (\d+)")
_EXAMPLE: Final = "A team is a table with secret_id and secret_key, or with secret_id_env and secret_key_env."


def read_teams(path: str | os.PathLike[str], environ: Mapping[str, str]) -> dict[str, Credentials]:
    """Return the credentials of each team in a file.

    Args:
        path: a file whose name ends with `.toml` or `.json`.
        environ: where names of environment variables are looked up.

    Raises:
        ConfigurationError: it cannot be read, others may read the secrets in it, or something in it makes no sense.
    """
    file = Path(path)
    name = shlex.quote(str(file))
    parse = {".toml": _parse_toml, ".json": _parse_json}.get(file.suffix.lower())
    if parse is None:
        raise ConfigurationError(f"{name}: a file of teams must be TOML or JSON, and be called so.")
    text, mode = _read(file, name)
    tables = parse(text, name)
    if not tables:
        raise ConfigurationError(f"{name} holds no team.", advice=_EXAMPLE)
    teams: dict[str, Credentials] = {}
    for team, table in tables.items():
        teams[check_name(team, teams)] = _credentials(team, table, environ, name)
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH) and any(map(_holds_secrets, tables.values())):
        raise ConfigurationError(
            f"{name} holds secrets, and others on this machine may read it.", advice=f"Run: chmod 600 {name}"
        )
    return teams


def _read(file: Path, name: str) -> tuple[str, int]:
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be read: {error.strerror}.") from None
    if len(content) > _LARGEST:
        raise ConfigurationError(f"{name} is larger than {_LARGEST:,} bytes.")
    try:
        return content.decode("utf-8-sig"), mode
    except UnicodeDecodeError:
        pass  # That error holds the whole content, and would be the context of ours.
    raise ConfigurationError(f"{name} is not UTF-8.")


def _parse_toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:
        fault = _toml_fault(text, _LINE.search(str(error)))
    except RecursionError:
        fault = _TOO_DEEP
    raise ConfigurationError(f"{name} {fault}.")


def _toml_fault(text: str, at: re.Match[str] | None) -> str:
    if at is None:
        return "is not TOML"
    line, lines = int(at[1]), text.split("\n")
    header = _TABLE.fullmatch(lines[line - 1].rstrip())
    headers = filter(None, (_TABLE.fullmatch(before.rstrip()) for before in lines[: line - 1]))
    if header is not None and any(before[1] == header[1] for before in headers):
        return f"has two teams {_shown(header[1])}: the second one is on line {line}"
    return f"is not TOML, or says something twice, on line {line}"


def _parse_json(text: str, name: str) -> dict[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        fault = f"is not JSON, on line {error.lineno}"
    except ValueError:
        fault = "is not JSON"
    except RecursionError:
        fault = _TOO_DEEP
    else:
        if isinstance(found, _Pairs) and found.twice() is None:
            return {team: _plain(team, table, name) for team, table in found}
        fault = "must hold one object, with an object for each team"
        if isinstance(found, _Pairs):
            fault = f"has two teams {_shown(str(found.twice()))}"
    raise ConfigurationError(f"{name} {fault}.")


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with all its keys, also those that come twice."""

    def twice(self) -> str | None:
        """Return a key that comes twice."""
        keys = [key for key, _ in self]
        return next((key for at, key in enumerate(keys) if key in keys[:at]), None)


def _plain(team: str, table: Any, name: str) -> Any:
    if not isinstance(table, _Pairs):
        return table
    twice = table.twice()
    if twice is not None:
        raise ConfigurationError(f"{name}: team {_shown(team)} has {_shown(twice)} twice.")
    return dict(table)


def _credentials(team: str, table: Any, environ: Mapping[str, str], name: str) -> Credentials:
    where = f"{name}: team {_shown(team)}"
    if not isinstance(table, dict):
        raise ConfigurationError(f"{where} is not a table.", advice=_EXAMPLE)
    values = _values(cast("dict[str, Any]", table), environ, where)
    first = _secret(values, "", where)
    second = _secret(values, "_2", where)
    key = values.get("api_key")
    if key is not None and (first or second):
        raise ConfigurationError(f"{where} has an API Secret and an api_key.", advice="Leave one out.")
    if first is None and second is not None:
        raise ConfigurationError(f"{where} has a second API Secret and no first.")
    if first is not None:
        return first if second is None else _made(where, lambda: ApiSecretPair(first, second))
    if key is None:
        raise ConfigurationError(f"{where} has no credentials.", advice=_EXAMPLE)
    return _made(where, lambda: ApiKey(key))


def _values(table: dict[str, Any], environ: Mapping[str, str], where: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for key, value in table.items():
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            advice = f"Did you mean {near[0]!r}?" if near else f"It may have: {', '.join(_KEYS)}."
            raise ConfigurationError(f"{where} has a key that is not known: {_shown(key)}.", advice=advice)
        if not isinstance(value, str):
            raise ConfigurationError(f"{where}: {key} must be a text, not {type(value).__name__}.")
        part = _VARIABLES.get(key, key)
        if part in values:
            raise ConfigurationError(f"{where} has {part} and {part}_env.", advice="Leave one out.")
        values[part] = value if key == part else _variable(value, environ, f"{where}: {key}")
    return values


def _variable(variable: str, environ: Mapping[str, str], where: str) -> str:
    value = environ.get(variable, "").strip()
    if value:
        return value
    shown = variable if re.fullmatch(r"[A-Z][A-Z0-9_]{0,63}", variable) and "_" in variable else "that it names"
    raise ConfigurationError(f"{where}: the environment variable {shown} is not set.")


def _secret(values: dict[str, str], suffix: str, where: str) -> ApiSecret | None:
    secret_id, secret_key = values.get(f"secret_id{suffix}"), values.get(f"secret_key{suffix}")
    if secret_id is not None and secret_key is not None:
        return _made(where, lambda: ApiSecret(secret_id, secret_key))
    if secret_id is None and secret_key is None:
        return None
    missing = f"secret_key{suffix}" if secret_key is None else f"secret_id{suffix}"
    raise ConfigurationError(f"{where} has half of an API Secret: {missing} is missing.")


def _made(where: str, make: Callable[[], C]) -> C:
    try:
        return make()
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error.message}", advice=error.advice) from None


def _holds_secrets(table: dict[str, Any]) -> bool:
    return not set(table).isdisjoint(_VALUES)


def _shown(word: str) -> str:
    """Return a name or a key as an error may show it."""
    return "(not shown, it looks like a secret)" if _LIKE_A_SECRET.fullmatch(word) else repr(word)
