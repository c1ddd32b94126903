"""From a request to the reply that the service would give."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from heymarket_async.auth import ApiKey, ApiSecret
from heymarket_async.clock import Clock
from heymarket_async.sandbox.answers import Reply, refuse
from heymarket_async.sandbox.bearer import Guard, Presented
from heymarket_async.sandbox.journal import Received
from heymarket_async.sandbox.nouns import schedules
from heymarket_async.sandbox.refusals import Missing, Refusal, bad_data, failure
from heymarket_async.sandbox.requests import REQUESTS
from heymarket_async.sandbox.routes import Ask, Route, Router
from heymarket_async.sandbox.state import Service, Team
from heymarket_async.sandbox.tokens import Bearer
from heymarket_async.sandbox.window import Window
from heymarket_async.values import Unset

_LOG: Final = logging.getLogger(__name__)


class Dispatcher:
    """Puts a request through all gates: path, method, credentials, rate limit, body; then performs it.

    Args:
        service: what the operations act on.
        router: finds the operation.
        guard: checks the credentials.
        new_window: makes the rate limit of one team, or of one credential, of so many requests.
        limit: of how many, for teams that do not say; None for no limit.
        clock: tells the time.
    """

    def __init__(
        self,
        service: Service,
        router: Router,
        guard: Guard,
        new_window: Callable[[int], Window],
        limit: int | None,
        clock: Clock,
    ) -> None:
        self._service = service
        self._router = router
        self._guard = guard
        self._new_window = new_window
        self._limit = limit
        self._clock = clock
        self._windows: dict[tuple[Team | ApiSecret | ApiKey, int], Window] = {}

    def prepare(self, received: Received, headers: Mapping[str, str]) -> Callable[[], Reply]:
        """Judge a request, and note in `received` what it turned out to be.

        Returns:
            What performs it and gives the reply. A request that is never performed still counts for the rate limit.
        """
        try:
            route, params = self._router.find(received.method, received.path)
            received.operation = route.name
            bearer = self._identify(received, headers)
            self._count(bearer)
            payload = _payload(received.body)
            takes = REQUESTS.get(route.name)
            if takes is not None:
                strict = self._service.variants.strict_requests
                takes.check_query(received.query, strict)
                payload = takes.read_body(payload, strict)
        except Refusal as refusal:
            return partial(refuse, refusal)

        def perform() -> Reply:
            ask = Ask(
                service=self._service,
                team=bearer.team,
                now=self._clock.wall(),
                params=params,
                query=received.query,
                payload=payload,
            )
            return _perform(route, ask, received)

        return perform

    def name(self, method: str, path: str) -> str | None:
        """Return the operation that method and path name."""
        try:
            return self._router.find(method, path)[0].name
        except Refusal:
            return None

    def _identify(self, received: Received, headers: Mapping[str, str]) -> Bearer:
        presented = Presented(headers)
        try:
            return self._guard.identify(presented)
        finally:
            received.team = presented.bearer.team.id if presented.bearer else None
            received.token_age = presented.age

    def _count(self, bearer: Bearer) -> None:
        limit = self._limit if isinstance(bearer.team.rate_limit, Unset) else bearer.team.rate_limit
        if limit is None:
            return
        owner = bearer.team if self._service.variants.limit_per == "team" else bearer.credential
        window = self._windows.get((owner, limit))
        if window is None:
            window = self._windows[owner, limit] = self._new_window(limit)
        wait = window.admit(self._clock.monotonic())
        if wait:
            headers = {"Retry-After": str(math.ceil(wait))} if self._service.variants.retry_after else {}
            raise Refusal(429, "rate_limited", "Rate limit exceeded.", headers)


def _payload(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        raise bad_data("The body is not JSON.") from None
    except RecursionError:
        raise bad_data("The body is nested too deeply.") from None


def _perform(route: Route, ask: Ask, received: Received) -> Reply:
    try:
        schedules.run_due(ask.team, ask.moment)
        answer = route.act(ask)
        received.performed = True
        return Reply(json=answer)
    except Missing as missing:
        return refuse(Refusal(ask.variants.unknown_id, missing.code, missing.message))
    except Refusal as refusal:
        return refuse(refusal)
    except Exception:  # noqa: BLE001 - whatever a test has put into the state, the client gets an answer
        _LOG.exception("%s failed in the sandbox", route.name)
        return refuse(failure())
