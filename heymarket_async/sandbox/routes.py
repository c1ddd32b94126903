"""The operations of the sandbox: what each does to the state, and how a request finds it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from heymarket_async.sandbox import nouns
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.refusals import Refusal

__all__ = ["ROUTES", "Ask", "Found", "Route", "Router", "get_team", "list_inboxes"]


def list_inboxes(ask: Ask) -> Any:
    """Give the inboxes of the team: https://developers.heymarket.com/api-reference/inboxes."""
    return {"inboxes": ask.team.inboxes} if ask.variants.inboxes_in_wrapper else ask.team.inboxes


def get_team(ask: Ask) -> Any:
    """Give the team and its members: https://developers.heymarket.com/api-reference/team."""
    team = ask.team
    return {"id": team.id, "name": team.name, "list_size": team.list_size, "members": team.members}


ROUTES: Final = (
    Route("list_inboxes", "GET", "/v1/inboxes", list_inboxes),
    Route("get_team", "GET", "/v1/team", get_team),
    *nouns.ROUTES,
)

Found = tuple[Route, Mapping[str, str]]


class Router:
    """Finds the operation of a request.

    Args:
        routes: all operations.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._plain: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        by_path: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_path.setdefault(route.path, {})[route.method] = route
        for path, methods in by_path.items():
            if "{" in path:
                self._patterns.append((_pattern(path), methods))
            else:
                self._plain[path] = methods

    def find(self, method: str, path: str) -> Found:
        """Return the operation and the values of its placeholders.

        Raises:
            Refusal: 404 for an unknown path, also one with a slash too many; 405 for a known path with a wrong method,
                HEAD and OPTIONS among them.
        """
        methods, params = self._match(path)
        route = methods.get(method)
        if route is not None:
            return route, params
        if not methods:
            raise Refusal(404, "not_found", "There is no such path.")
        allowed = ", ".join(sorted(methods))
        raise Refusal(405, "method_not_allowed", f"This path knows only {allowed}.", {"Allow": allowed})

    def _match(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, str]]:
        plain = self._plain.get(path)
        if plain is not None:
            return plain, {}
        for pattern, methods in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None:
                return methods, match.groupdict()
        return {}, {}


def _pattern(path: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", path)
    return re.compile("".join(f"(?P<{piece}>[^/]+)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)))
