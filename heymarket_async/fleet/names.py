"""What teams may be called."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from heymarket_async.errors import ConfigurationError, UnknownTeam

_LONGEST: Final = 100


def check_name(name: object, others: Iterable[str] = ()) -> str:
    """Return `name` if a team can be called so beside `others`.

    Raises:
        ConfigurationError: it is no name, or too much like one of the others: they differ in case, or in how the same
            letters are encoded.
    """
    if not isinstance(name, str):
        raise ConfigurationError(f"The name of a team must be a str, not {type(name).__name__}.")
    if not name or name != name.strip() or not name.isprintable() or len(name) > _LONGEST:
        raise ConfigurationError(
            f"The name of a team is empty, has more than {_LONGEST} characters, or has white space around it or "
            f"characters that cannot be printed: {name[:_LONGEST]!r}."
        )
    same = next((other for other in others if _normal(other) == _normal(name)), None)
    if same is not None:
        how = "" if same == name else f" {same!r} differs from it in case or encoding only."
        raise ConfigurationError(f"There are two teams {name!r}.{how}", advice="Give each team a name of its own.")
    return name


def unknown_team(name: object, names: Iterable[str]) -> UnknownTeam:
    """Return the error for a team that is not there, with the name that was perhaps meant."""
    if not isinstance(name, str):
        return UnknownTeam(f"Teams are known by their names, not by {type(name).__name__}.")
    known = {_normal(each): each for each in names}
    near = get_close_matches(_normal(name), known, n=1)
    return UnknownTeam(f"There is no team {name!r}.", advice=f"Did you mean {known[near[0]]!r}?" if near else None)


def _normal(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
