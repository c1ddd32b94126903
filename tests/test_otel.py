"""The OpenTelemetry listener, on real calls to the sandbox, read with the SDK's exporters in memory."""

from __future__ import annotations

import asyncio
import importlib
import re
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, StatusCode

from heymarket_async import (
    ApiSecret,
    ApiSecretPair,
    AsyncSession,
    AttemptEnded,
    AttemptStarted,
    AuthenticationError,
    ConnectionLost,
    Fleet,
    Lane,
    NeverSent,
    NotFound,
    RateBudgetExceeded,
    ReplyError,
    Retries,
    SendUnknown,
    SessionClosed,
    UnexpectedStatus,
    __version__,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.otel import OpenTelemetryListener
from heymarket_async.retry import Outcome
from heymarket_async.sandbox import Hang, Reply, Reset, Sandbox, Truncated
from sandbox_support import until

AT_ONCE = Retries(attempts=3, base=0.0)
RECOMMENDED = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
PHONE = "15105550142"


class Telemetry:
    """An SDK that keeps what it is told, and a listener that tells it."""

    def __init__(self, **sampling: Any) -> None:
        self._exporter, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self._traces, self._meters = TracerProvider(shutdown_on_exit=False, **sampling), MeterProvider([self._reader])
        self._traces.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = self._traces.get_tracer("the program")
        self.listener = self.make()

    def make(self, **options: Any) -> OpenTelemetryListener:
        return OpenTelemetryListener(tracer_provider=self._traces, meter_provider=self._meters, **options)

    @property
    def attempts(self) -> list[ReadableSpan]:
        """The spans of attempts that have ended, in the order in which they began."""
        spans = self._exporter.get_finished_spans()
        return sorted((span for span in spans if span.kind is SpanKind.CLIENT), key=lambda span: span.start_time)

    @property
    def parents(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans() if span.kind is not SpanKind.CLIENT}

    def told(self) -> str:
        """Everything that left the program, as text."""
        spans = self._exporter.get_finished_spans()
        return "".join(span.to_json() for span in spans) + self._reader.get_metrics_data().to_json()

    def points(self, name: str) -> list[Any]:
        data = self._reader.get_metrics_data()
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics]
        (metric,) = [metric for scope in scopes for metric in scope.metrics if metric.name == name]
        assert metric.unit == "s"
        return list(metric.data.data_points)

    def is_idle(self) -> bool:
        return repr(self.listener) == "<OpenTelemetryListener, 0 spans under way>"

    def close(self) -> None:
        self._traces.shutdown()
        self._meters.shutdown()


@pytest.fixture
def telemetry():
    telemetry = Telemetry()
    yield telemetry
    telemetry.close()


@pytest.fixture
async def heymarket(heymarket_sandbox, telemetry):
    async with AsyncSession(
        heymarket_sandbox.secret, base_url=heymarket_sandbox.url, retries=AT_ONCE, listeners=[telemetry.listener]
    ) as session:
        yield session
    assert telemetry.is_idle()


def port_of(sandbox: Sandbox) -> int:
    return int(sandbox.url.rpartition(":")[2])


def send(heymarket: AsyncSession, **others: Any) -> Any:
    return heymarket.messages.send(
        **{"inbox_id": 40001, "creator_id": 5001, "phone_number": PHONE, "text": "Your order has shipped."} | others
    )


class TestASpanForEachAttempt:
    async def test_a_success_is_told_as_the_conventions_say(self, heymarket_sandbox, heymarket, telemetry):
        with telemetry.tracer.start_as_current_span("the caller"):
            await heymarket.inboxes.list()
        (span,) = telemetry.attempts
        assert span.name == "GET /v1/inboxes"
        assert span.kind is SpanKind.CLIENT
        assert span.status.status_code is StatusCode.UNSET
        assert span.parent == telemetry.parents["the caller"].get_span_context()
        assert dict(span.attributes) == {
            "http.request.method": "GET",
            "http.response.status_code": 200,
            "server.address": "127.0.0.1",
            "server.port": port_of(heymarket_sandbox),
            "url.full": f"{heymarket_sandbox.url}/v1/inboxes",
            "url.template": "/v1/inboxes",
            "heymarket.operation": "list_inboxes",
            "heymarket.outcome": "answered",
            "heymarket.request_id": heymarket_sandbox.requests[0].request_id,
        }
        assert span.instrumentation_scope.name == "heymarket_async"
        assert span.instrumentation_scope.version == __version__
        assert re.fullmatch(r"https://opentelemetry\.io/schemas/1\.\d+\.0", span.instrumentation_scope.schema_url)

    async def test_a_team_of_a_fleet_is_told_in_spans_and_events_and_not_in_histograms(
        self, heymarket_sandbox, telemetry
    ):
        heymarket_sandbox.script("list_inboxes", Reply(503))
        teams = {"acme": heymarket_sandbox.secret}
        fleet = Fleet(teams, base_url=heymarket_sandbox.url, retries=AT_ONCE, listeners=[telemetry.listener])
        async with fleet:
            with telemetry.tracer.start_as_current_span("the caller"):
                await fleet["acme"].inboxes.list()
        assert [span.attributes["heymarket.team"] for span in telemetry.attempts] == ["acme", "acme"]
        (wait,) = telemetry.parents["the caller"].events
        assert wait.attributes["heymarket.team"] == "acme"
        for name in ("http.client.request.duration", "heymarket.client.rate_limit.wait_time"):
            assert all("heymarket.team" not in point.attributes for point in telemetry.points(name))

    async def test_what_a_sampler_goes_by_is_there_from_the_start(self, heymarket_sandbox):
        seen: dict[str, Any] = {}

        class NotesAndDrops(Sampler):
            def should_sample(self, parent_context, trace_id, name, kind=None, attributes=None, *rest):
                seen.update(attributes)
                return SamplingResult(Decision.DROP)

            def get_description(self):
                return "notes and drops"

        telemetry = Telemetry(sampler=NotesAndDrops())
        async with AsyncSession(
            heymarket_sandbox.secret, base_url=heymarket_sandbox.url, listeners=[telemetry.listener]
        ) as session:
            await session.inboxes.list()
        telemetry.close()
        assert seen.keys() >= {"http.request.method", "server.address", "server.port", "url.full"}
        assert telemetry.attempts == []
        assert telemetry.is_idle()

    async def test_a_503_is_an_error_and_the_next_attempt_is_a_resend(self, heymarket_sandbox, heymarket, telemetry):
        heymarket_sandbox.script("list_inboxes", Reply(503), times=2)
        with telemetry.tracer.start_as_current_span("the caller"):
            await heymarket.inboxes.list()
        first, second, third = telemetry.attempts
        for failed in (first, second):
            assert failed.status.status_code is StatusCode.ERROR
            assert failed.status.description is None
            assert failed.attributes["http.response.status_code"] == 503
            assert failed.attributes["error.type"] == "503"
        assert third.status.status_code is StatusCode.UNSET
        assert "error.type" not in third.attributes
        resends = [span.attributes.get("http.request.resend_count") for span in telemetry.attempts]
        assert resends == [None, 1, 2]
        assert {span.parent.span_id for span in telemetry.attempts} == {
            telemetry.parents["the caller"].get_span_context().span_id
        }

    async def test_a_new_token_after_a_401_is_a_resend(self, heymarket_sandbox, heymarket, telemetry):
        heymarket_sandbox.script("list_inboxes", Reply(401))
        await heymarket.inboxes.list()
        refused, accepted = telemetry.attempts
        assert refused.attributes["error.type"] == "401"
        assert refused.status.status_code is StatusCode.ERROR
        assert accepted.attributes["http.request.resend_count"] == 1
        assert accepted.status.status_code is StatusCode.UNSET

    async def test_a_refusal_is_an_error_for_a_client(self, heymarket, telemetry):
        with pytest.raises(NotFound):
            await heymarket.tags.get(1)
        (span,) = telemetry.attempts
        assert span.name == "GET /v1/tag/{id}"
        assert span.attributes["error.type"] == "404"
        assert span.status.status_code is StatusCode.ERROR

    async def test_a_redirect_is_an_error_because_none_is_followed(self, heymarket_sandbox, heymarket, telemetry):
        heymarket_sandbox.script("list_inboxes", Reply(302, headers={"Location": "/v1/users"}))
        with pytest.raises(UnexpectedStatus):
            await heymarket.inboxes.list()
        (span,) = telemetry.attempts
        assert span.attributes["error.type"] == "302"
        assert span.status.status_code is StatusCode.ERROR

    async def test_a_reset_has_no_status_but_says_what_broke(self, heymarket_sandbox, heymarket, telemetry):
        heymarket_sandbox.script("list_inboxes", Reset(), times=3)
        with pytest.raises(ConnectionLost):
            await heymarket.inboxes.list()
        assert len(telemetry.attempts) == 3
        for span in telemetry.attempts:
            assert "http.response.status_code" not in span.attributes
            assert span.attributes["error.type"] in ("ClientOSError", "ServerDisconnectedError")
            assert span.attributes["heymarket.outcome"] == "unknown"
            assert span.status.status_code is StatusCode.ERROR
            assert span.status.description.startswith(span.attributes["error.type"])

    async def test_a_send_of_unknown_outcome_is_one_span(self, heymarket_sandbox, heymarket, telemetry):
        heymarket_sandbox.script("send_message", Reset(effect=True))
        with pytest.raises(SendUnknown):
            await send(heymarket)
        (span,) = telemetry.attempts
        assert span.name == "POST /v1/message/send"
        assert span.attributes["heymarket.outcome"] == "unknown"

    async def test_an_answer_that_is_cut_is_an_error(self, heymarket_sandbox, heymarket, telemetry):
        heymarket_sandbox.script("list_inboxes", Truncated())
        await heymarket.inboxes.list()
        cut, whole = telemetry.attempts
        assert cut.attributes["error.type"] == "ClientPayloadError"
        assert whole.attributes["http.response.status_code"] == 200

    async def test_an_answer_that_is_too_large_has_a_status_and_is_an_error(self, heymarket_sandbox, telemetry):
        async with AsyncSession(
            heymarket_sandbox.secret,
            base_url=heymarket_sandbox.url,
            largest_reply=10,
            listeners=[telemetry.listener],
        ) as session:
            with pytest.raises(ReplyError):
                await session.inboxes.list()
        (span,) = telemetry.attempts
        assert span.attributes["http.response.status_code"] == 200
        assert span.attributes["error.type"] == "ReplyError"
        assert span.status.status_code is StatusCode.ERROR

    async def test_a_request_that_never_left_is_told_too(self, telemetry):
        async with Sandbox() as sandbox:
            pass
        async with AsyncSession(
            sandbox.secret, base_url=sandbox.url, retries=Retries(attempts=1), listeners=[telemetry.listener]
        ) as session:
            with pytest.raises(NeverSent):
                await session.inboxes.list()
        (span,) = telemetry.attempts
        assert span.attributes["heymarket.outcome"] == "never_sent"
        assert span.attributes["error.type"] == "ClientConnectorError"
        assert span.attributes["server.port"] == port_of(sandbox)

    @pytest.mark.parametrize(
        ("base_url", "address", "port"),
        [
            ("https://api.heymarket.com", "api.heymarket.com", 443),
            ("http://127.0.0.1:1/proxied", "127.0.0.1", 1),
            ("http://[::1]", "::1", 80),
        ],
    )
    def test_the_port_is_told_also_where_the_address_leaves_it_out(self, telemetry, base_url, address, port):
        facts = {"call": 1, "operation": "list_inboxes", "method": "GET", "path": "/v1/inboxes", "base_url": base_url}
        facts |= {"local_id": None, "attempt": 1}
        telemetry.listener(AttemptStarted(**facts, lane=Lane.INTERACTIVE))
        telemetry.listener(AttemptEnded(**facts, outcome=Outcome.ANSWERED, status=200, elapsed=0.25))
        (span,) = telemetry.attempts
        assert (span.attributes["server.address"], span.attributes["server.port"]) == (address, port)
        assert span.attributes["url.full"] == f"{base_url}/v1/inboxes"

    async def test_a_method_that_is_not_known_is_other_unless_it_is_made_known(self, heymarket, telemetry):
        with pytest.raises(UnexpectedStatus):
            await heymarket.request("PURGE", "/v1/inboxes")
        knowing = heymarket.with_options(listeners=[telemetry.make(known_methods=["PURGE"])])
        with pytest.raises(UnexpectedStatus):
            await knowing.request("PURGE", "/v1/inboxes")
        other, known = telemetry.attempts
        assert other.name == "HTTP /v1/inboxes"
        assert other.attributes["http.request.method"] == "_OTHER"
        assert other.attributes["http.request.method_original"] == "PURGE"
        assert known.name == "PURGE /v1/inboxes"
        assert known.attributes["http.request.method"] == "PURGE"
        assert "http.request.method_original" not in known.attributes


class TestTasks:
    async def test_twenty_calls_at_once_stay_with_their_callers(self, telemetry):
        clock = VirtualClock()
        async with (
            Sandbox(clock=clock, rate_limit=None) as sandbox,
            AsyncSession(
                sandbox.secret,
                base_url=sandbox.url,
                clock=clock,
                retries=AT_ONCE,
                rate_limit=None,
                listeners=[telemetry.listener],
            ) as session,
        ):
            sandbox.script("*", *[Reply(503 if number % 2 else 404, delay=1.0) for number in range(20)])

            async def call(number: int) -> None:
                with telemetry.tracer.start_as_current_span(f"call {number}"):
                    await (session.team.get() if number % 3 else session.inboxes.list())

            tasks = [asyncio.create_task(call(number)) for number in range(20)]
            await until(lambda: len(sandbox.requests) == 20)
            assert repr(telemetry.listener) == "<OpenTelemetryListener, 20 spans under way>"
            clock.advance(1.0)
            failures = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(failure, NotFound) for failure in failures) == 10
        assert telemetry.is_idle()
        assert len(telemetry.attempts) == 30
        for number, failure in enumerate(failures):
            parent = telemetry.parents[f"call {number}"].get_span_context()
            own = [span for span in telemetry.attempts if span.parent == parent]
            assert {span.name for span in own} == {"GET /v1/team" if number % 3 else "GET /v1/inboxes"}
            statuses = [span.attributes["http.response.status_code"] for span in own]
            assert statuses == ([404] if isinstance(failure, NotFound) else [503, 200])
            assert all(span.context.trace_id == parent.trace_id for span in own)

    async def test_an_attempt_that_is_cancelled_ends_its_span(self, heymarket_sandbox, heymarket, telemetry):
        heymarket_sandbox.script("list_inboxes", Hang())
        task = asyncio.create_task(heymarket.inboxes.list())
        await until(lambda: heymarket_sandbox.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (span,) = telemetry.attempts
        assert span.attributes["error.type"] == "CancelledError"
        assert span.attributes["heymarket.outcome"] == "unknown"
        assert span.status.status_code is StatusCode.ERROR
        assert telemetry.is_idle()

    async def test_a_session_that_closes_is_told_as_such_and_not_as_a_caller_who_gave_up(
        self, heymarket_sandbox, telemetry
    ):
        events: list[Any] = []
        session = AsyncSession(
            heymarket_sandbox.secret,
            base_url=heymarket_sandbox.url,
            pool_size=1,
            retries=Retries(attempts=1),
            listeners=[telemetry.listener, events.append],
        )
        heymarket_sandbox.script("list_inboxes", Hang())
        under_way = asyncio.create_task(session.inboxes.list())
        await until(lambda: heymarket_sandbox.requests)
        in_line = asyncio.create_task(session.team.get())
        await until(lambda: len(events) == 2)
        await session.close()
        failures = await asyncio.gather(under_way, in_line, return_exceptions=True)
        assert [type(failure) for failure in failures] == [SessionClosed, SessionClosed]
        (closed,) = [event for event in events if isinstance(event, AttemptEnded) and event.operation == "get_team"]
        assert (closed.error, closed.fault, closed.cancelled) == ("SessionClosed", "SessionClosed", False)
        assert telemetry.attempts[1].attributes["error.type"] == "SessionClosed"
        assert telemetry.is_idle()

    async def test_a_span_that_the_caller_ended_meanwhile_does_no_harm(self, heymarket_sandbox, heymarket, telemetry):
        heymarket_sandbox.script("list_inboxes", Hang())
        with telemetry.tracer.start_as_current_span("the caller"):
            task = asyncio.create_task(heymarket.inboxes.list())
            await until(lambda: heymarket_sandbox.requests)
        task.cancel()
        await asyncio.wait([task])
        (span,) = telemetry.attempts
        assert span.parent == telemetry.parents["the caller"].get_span_context()


class TestWaits:
    async def test_a_pause_that_the_service_asks_for_is_an_event_of_the_caller(self, telemetry):
        clock = VirtualClock()
        async with (
            Sandbox(clock=clock) as sandbox,
            AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, listeners=[telemetry.listener]) as session,
        ):
            sandbox.script("list_inboxes", Reply(429, headers={"Retry-After": "7"}))

            async def call() -> None:
                with telemetry.tracer.start_as_current_span("the caller"):
                    await session.inboxes.list()

            task = asyncio.create_task(call())
            await until(lambda: telemetry.attempts)
            clock.advance(7.0)
            await task
        refused, accepted = telemetry.attempts
        assert refused.attributes["error.type"] == "429"
        assert accepted.attributes["http.request.resend_count"] == 1
        (event, *_) = telemetry.parents["the caller"].events
        assert event.name == "heymarket.wait"
        assert dict(event.attributes) == {
            "heymarket.operation": "list_inboxes",
            "heymarket.wait.reason": "retry_after",
            "heymarket.wait.seconds": 7.0,
        }

    async def test_a_wait_for_the_rate_limit_is_told_as_long_as_it_was(self, telemetry):
        clock = VirtualClock()
        async with (
            Sandbox(clock=clock) as sandbox,
            AsyncSession(
                sandbox.secret,
                base_url=sandbox.url,
                clock=clock,
                rate_limit=1,
                timeout=100,
                listeners=[telemetry.listener],
            ) as session,
        ):
            await session.inboxes.list()

            async def call() -> None:
                with telemetry.tracer.start_as_current_span("the caller"):
                    await session.inboxes.list()

            task = asyncio.create_task(call())
            await until(lambda: session.budget.waiting)
            while session.budget.waiting:
                clock.advance(1.0)
            await task
        first, second = telemetry.attempts
        assert "heymarket.rate_limit.wait_time" not in first.attributes
        waited = second.attributes["heymarket.rate_limit.wait_time"]
        assert 60.0 <= waited <= 61.0
        assert "http.request.resend_count" not in second.attributes
        (event,) = telemetry.parents["the caller"].events
        assert event.attributes["heymarket.wait.reason"] == "rate_limit"
        (point,) = telemetry.points("heymarket.client.rate_limit.wait_time")
        assert dict(point.attributes) == {"heymarket.operation": "list_inboxes", "heymarket.lane": "interactive"}
        assert (point.count, point.min, point.max) == (2, 0.0, waited)
        assert point.bucket_counts[0] == 1  # the one that did not wait has a bucket of its own

    async def test_a_call_that_gives_up_waiting_has_no_span_but_an_event(self, heymarket_sandbox, telemetry):
        async with AsyncSession(
            heymarket_sandbox.secret,
            base_url=heymarket_sandbox.url,
            rate_limit=1,
            timeout=5,
            listeners=[telemetry.listener],
        ) as session:
            await session.inboxes.list()
            with telemetry.tracer.start_as_current_span("the caller"):
                with pytest.raises(RateBudgetExceeded):
                    await session.inboxes.list()
        assert len(telemetry.attempts) == 1
        assert [event.name for event in telemetry.parents["the caller"].events] == ["heymarket.wait"]

    async def test_a_change_of_the_secret_is_an_event_of_the_caller(self, heymarket_sandbox, telemetry):
        withdrawn = ApiSecret("99999999-2222-4333-8444-555555555555", "WithdrawnSecretKey0123456789ABCD")
        async with AsyncSession(
            ApiSecretPair(withdrawn, heymarket_sandbox.secret),
            base_url=heymarket_sandbox.url,
            listeners=[telemetry.listener],
        ) as session:
            with telemetry.tracer.start_as_current_span("the caller"):
                await session.inboxes.list()
        events = telemetry.parents["the caller"].events
        assert [(event.name, dict(event.attributes)) for event in events] == [
            ("heymarket.secret_replaced", {"heymarket.operation": "list_inboxes", "heymarket.secret.in_use": 2})
        ]
        assert withdrawn.id not in telemetry.told()


class TestHistograms:
    async def test_durations_have_the_buckets_and_attributes_of_the_conventions(
        self, heymarket_sandbox, heymarket, telemetry
    ):
        heymarket_sandbox.script("list_inboxes", Reply(503))
        await heymarket.inboxes.list()
        await heymarket.inboxes.list()
        points = telemetry.points("http.client.request.duration")
        request = {
            "http.request.method": "GET",
            "server.address": "127.0.0.1",
            "server.port": port_of(heymarket_sandbox),
            "url.template": "/v1/inboxes",
        }
        counts = {point.attributes["http.response.status_code"]: point.count for point in points}
        assert counts == {503: 1, 200: 2}
        assert {point.explicit_bounds for point in points} == {RECOMMENDED}
        assert [dict(point.attributes) for point in points] == [
            request | {"http.response.status_code": 503, "error.type": "503"},
            request | {"http.response.status_code": 200},
        ]

    async def test_a_span_is_as_long_as_its_histogram_has_it(self, telemetry):
        clock = VirtualClock()
        async with (
            Sandbox(clock=clock) as sandbox,
            AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock, listeners=[telemetry.listener]) as session,
        ):
            sandbox.script("list_inboxes", Reply(200, json=[], delay=2.0))
            task = asyncio.create_task(session.inboxes.list())
            await until(lambda: sandbox.requests)
            clock.advance(2.0)
            await task
        (span,) = telemetry.attempts
        (point,) = telemetry.points("http.client.request.duration")
        assert (span.end_time - span.start_time) / 1e9 == point.sum == 2.0

    async def test_they_are_kept_also_where_no_span_is(self, heymarket_sandbox):
        telemetry = Telemetry(sampler=ALWAYS_OFF)
        async with AsyncSession(
            heymarket_sandbox.secret, base_url=heymarket_sandbox.url, listeners=[telemetry.listener]
        ) as session:
            await session.inboxes.list()
        (point,) = telemetry.points("http.client.request.duration")
        telemetry.close()
        assert point.count == 1
        assert telemetry.attempts == []
        assert telemetry.is_idle()


class TestPrivacy:
    async def test_nothing_that_a_person_wrote_or_is_reached_by_is_told(self, heymarket_sandbox, heymarket, telemetry):
        with telemetry.tracer.start_as_current_span("the caller"):
            sent = await send(heymarket, text="A word for Quentin.", local_id="my-own-id-7")
            heymarket_sandbox.script("send_message", Reset(), Reply(400, body=f"No {PHONE}, Quentin"))
            for error in (SendUnknown, Exception):
                with pytest.raises(error):
                    await send(heymarket, text="A word for Quentin.", local_id="my-own-id-7")
            assert await heymarket.contacts.find(phone_number="15105550177") is None
            with pytest.raises(NotFound):
                await heymarket.contacts.get(15105550177)
            with pytest.raises(NotFound):
                await heymarket.request("GET", f"/v1/nothing/{PHONE}", params={"q": "Quentin"})
        assert sent is not None
        told = telemetry.told()
        assert len(telemetry.attempts) == 6
        planted = [PHONE, "15105550177", "Quentin", "my-own-id-7", heymarket_sandbox.secret.id]
        planted += [heymarket_sandbox.secret.key, "Bearer", "eyJ"]
        assert [word for word in planted if word in told] == []
        by_number, by_hand = telemetry.attempts[4:]
        assert by_number.attributes["url.full"] == f"{heymarket_sandbox.url}/v1/contact/REDACTED"
        assert by_number.attributes["url.template"] == "/v1/contact/{id}"
        assert by_hand.attributes["url.full"] == f"{heymarket_sandbox.url}/v1/nothing/REDACTED"

    async def test_a_refused_token_is_not_told(self, heymarket_sandbox, telemetry):
        wrong = ApiSecret(heymarket_sandbox.secret.id, "WrongSecretKey0123456789ABCDEFGH")
        async with AsyncSession(wrong, base_url=heymarket_sandbox.url, listeners=[telemetry.listener]) as session:
            with pytest.raises(AuthenticationError):
                await session.inboxes.list()
        told = telemetry.told()
        assert wrong.key not in told
        assert wrong.id not in told
        assert "eyJ" not in told


def run_python(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


CALL = """
import asyncio
from heymarket_async import AsyncSession
from heymarket_async.otel import OpenTelemetryListener
from heymarket_async.sandbox import Sandbox

listener = OpenTelemetryListener()

async def main():
    async with Sandbox() as sandbox, AsyncSession(
        sandbox.secret, base_url=sandbox.url, listeners=[listener]
    ) as session:
        await session.inboxes.list()
    print(listener)
"""


class TestWhatItNeeds:
    def test_without_an_sdk_it_does_nothing_and_keeps_nothing(self):
        shown = run_python(f"{CALL}\nasyncio.run(main())\nimport sys; print('opentelemetry.sdk' in sys.modules)")
        assert shown.splitlines() == ["<OpenTelemetryListener, 0 spans under way>", "False"]

    def test_the_global_providers_serve_it_even_if_they_are_set_later(self):
        shown = run_python(
            f"""{CALL}
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
metrics.set_meter_provider(MeterProvider([reader]))
asyncio.run(main())
print([span.name for span in exporter.get_finished_spans()])
(scope,) = reader.get_metrics_data().resource_metrics[0].scope_metrics
print(sorted(metric.name for metric in scope.metrics))
"""
        )
        assert shown.splitlines()[1:] == [
            "['GET /v1/inboxes']",
            "['heymarket.client.rate_limit.wait_time', 'http.client.request.duration']",
        ]

    def test_without_the_extra_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)
        monkeypatch.delitem(sys.modules, "heymarket_async.otel")
        with pytest.raises(ModuleNotFoundError, match=r"^opentelemetry is missing: install heymarket-async\[otel\], "):
            importlib.import_module("heymarket_async.otel")
