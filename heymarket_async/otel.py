"""A listener for OpenTelemetry: a span for each attempt, and how long attempts took and waited.

It needs the extra `otel`, which brings the API of OpenTelemetry. Where the data goes is set up with its SDK.
"""

from __future__ import annotations

import re
import time
from asyncio import CancelledError
from collections.abc import Collection
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from heymarket_async._version import __version__
from heymarket_async.errors import ReplyError
from heymarket_async.events import (
    AttemptEnded,
    AttemptStarted,
    CallEvent,
    Event,
    Parked,
    SecretReplaced,
    Unparked,
    Waiting,
)
from heymarket_async.values import MASK

try:
    from opentelemetry.metrics import MeterProvider, get_meter
    from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider, get_current_span, get_tracer
except ModuleNotFoundError as _missing:
    advice = "opentelemetry is missing: install heymarket-async[otel], for instance with pip."
    raise ModuleNotFoundError(advice, name=_missing.name) from None

# https://opentelemetry.io/docs/specs/semconv/http/ in this version.
SCHEMA: Final = "https://opentelemetry.io/schemas/1.44.0"
# As the conventions list them.
KNOWN_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)

# The conventions recommend these for requests. A wait for the rate limit is nothing, or up to about a minute.
_DURATIONS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_WAITS: Final = (0.0, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0)
_OTHER: Final = "_OTHER"
_PORTS: Final = {"http": 80, "https": 443}
_VALUES: Final = re.compile(rf"\{{\w+\}}|{MASK}")

Attributes = dict[str, str | int | float]


class OpenTelemetryListener:
    """Tells OpenTelemetry of calls, by its conventions for HTTP clients: `AsyncSession(listeners=[...])`.

    Each attempt is a span of the kind `CLIENT`, a child of the span that is current where the call is made. Waits and
    a change of the Secret are events of that current span. Two histograms, in seconds, hold how long attempts took
    (`http.client.request.duration`) and waited for the rate limit (`heymarket.client.rate_limit.wait_time`).

    What a person wrote or can be reached by is in none of them: of a path the template is told, in `url.full` with
    `REDACTED` for its values, and nothing of queries, bodies and tokens. One listener can serve several sessions.

    Args:
        tracer_provider: makes the spans; by default the global one.
        meter_provider: makes the histograms; by default the global one.
        known_methods: the HTTP methods that are told as they are; others, which only `AsyncSession.request` can make,
            become `_OTHER`.

    https://opentelemetry.io/docs/specs/semconv/http/
    """

    __slots__ = ("_durations", "_known_methods", "_tracer", "_under_way", "_waits")

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        known_methods: Collection[str] = KNOWN_METHODS,
    ) -> None:
        self._known_methods = frozenset(known_methods)
        self._tracer = get_tracer("heymarket_async", __version__, tracer_provider, SCHEMA)
        meter = get_meter("heymarket_async", __version__, meter_provider, SCHEMA)
        self._durations = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_DURATIONS,
        )
        self._waits = meter.create_histogram(
            "heymarket.client.rate_limit.wait_time",
            unit="s",
            description="How long attempts waited for the rate limit before they began.",
            explicit_bucket_boundaries_advisory=_WAITS,
        )
        self._under_way: dict[int, tuple[Span, int]] = {}

    def __repr__(self) -> str:
        return f"<OpenTelemetryListener, {len(self._under_way)} spans under way>"

    def __call__(self, event: Event) -> None:
        """Take one event of a call."""
        match event:
            case AttemptStarted():
                self._start(event)
            case AttemptEnded():
                self._end(event)
            case Waiting(reason=reason, seconds=seconds):
                told: Attributes = {"heymarket.wait.reason": _name(reason), "heymarket.wait.seconds": seconds}
                _tell_current_span("heymarket.wait", event, told)
            case SecretReplaced(in_use=in_use):
                _tell_current_span("heymarket.secret_replaced", event, {"heymarket.secret.in_use": in_use})
            case Parked() | Unparked():
                pass  # These are of a team and not of a call: there is no span to tell.

    def _start(self, event: AttemptStarted) -> None:
        operation: Attributes = {"heymarket.operation": event.operation}
        self._waits.record(event.queued, operation | {"heymarket.lane": _name(event.lane)})
        request = self._request(event)
        method = "HTTP" if request["http.request.method"] == _OTHER else event.method
        began = time.time_ns()
        span = self._tracer.start_span(
            f"{method} {event.path}",
            kind=SpanKind.CLIENT,
            attributes=request | operation | _of_this_attempt(event),
            start_time=began,
        )
        if method != event.method:
            span.set_attribute("http.request.method_original", event.method)
        self._under_way[event.call] = span, began

    def _end(self, event: AttemptEnded) -> None:
        came = _answer(event)
        self._durations.record(event.elapsed, self._request(event) | came)
        span, began = self._under_way.pop(event.call)
        span.set_attributes(came)
        span.set_attribute("heymarket.outcome", _name(event.outcome))
        if event.request_id is not None:
            span.set_attribute("heymarket.request_id", event.request_id)
        if "error.type" in came:
            # The conventions want no description where the HTTP status says it all.
            span.set_status(StatusCode.ERROR, event.fault or None)
        # As long as the histogram has it, which the conventions ask for.
        span.end(began + round(event.elapsed * 1e9))

    def _request(self, event: CallEvent) -> Attributes:
        """Return what a request is known by, in spans and histograms: few values, and none of them personal."""
        service = urlsplit(event.base_url)
        return {
            "http.request.method": event.method if event.method in self._known_methods else _OTHER,
            "server.address": service.hostname or "",
            "server.port": service.port or _PORTS[service.scheme],
            "url.template": event.path,
        }


def _of_this_attempt(event: AttemptStarted) -> Attributes:
    attributes = _team(event) | {"url.full": event.base_url + _VALUES.sub("REDACTED", event.path)}
    if event.attempt > 1:
        attributes["http.request.resend_count"] = event.attempt - 1
    if event.queued > 0.0:
        attributes["heymarket.rate_limit.wait_time"] = event.queued
    return attributes


def _answer(event: AttemptEnded) -> Attributes:
    """Return what came of an attempt. It is an error unless there is a whole answer that is a success."""
    attributes: Attributes = {} if event.status is None else {"http.response.status_code": event.status}
    if event.status is not None and not 200 <= event.status <= 299:
        attributes["error.type"] = str(event.status)
    elif event.cancelled:
        attributes["error.type"] = CancelledError.__name__
    elif event.fault:
        attributes["error.type"] = event.error or ReplyError.__name__  # Without an error, the answer was too large.
    return attributes


def _name(member: Enum) -> str:
    return member.name.lower()


def _tell_current_span(name: str, event: CallEvent, attributes: Attributes) -> None:
    get_current_span().add_event(name, {"heymarket.operation": event.operation, **_team(event), **attributes})


def _team(event: CallEvent) -> Attributes:
    """Return what its owner calls the team, if anything. Histograms do not have it, because there may be thousands."""
    return {} if event.team is None else {"heymarket.team": event.team}
