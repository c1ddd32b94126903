"""The receiver: it answers at once, and every accepted event comes to its handlers, once where nothing fails."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
from datetime import timedelta

import pytest

from heymarket_async import ArgumentError, ConfigurationError, EventKind, Retries
from heymarket_async.clock import VirtualClock
from heymarket_async.webhooks import (
    ChatEvent,
    EventParked,
    EventsLeft,
    HandlerFailed,
    MessageEvent,
    MessageReceived,
    Receiver,
    ReceiverError,
    UnknownEvent,
    WebhookEvent,
    WebhookRefused,
    WebhookTokenError,
)
from webhook_support import TEXT, TOKEN, Notes, bodies, body_of, receiver_of, turns

ONCE = Retries(attempts=1)


@pytest.fixture
def clock():
    return VirtualClock()


def counted(receiver, **wanted):
    """See that of the counts, these and no others are not zero."""
    stats = receiver.stats
    found = {name: getattr(stats, name) for name in stats.__slots__ if not name.startswith("__")}
    assert {name: count for name, count in found.items() if count} == wanted


class TestRegistering:
    @pytest.mark.parametrize(
        ("kinds", "wanted"),
        [
            (["message_received"], ["message_recieved"]),
            (["message_recieved"], ["message_recieved"]),
            ([EventKind.MESSAGE_SENT], ["message_sent"]),
            ([MessageReceived], ["message_recieved"]),
            ([MessageEvent], ["message_recieved", "message_sent"]),
            ([ChatEvent, "target_opt_out"], ["chat_closed", "target_opt_out"]),
            ([], ["message_recieved", "message_sent", "chat_closed", "target_opt_out"]),
            ([WebhookEvent], ["message_recieved", "message_sent", "chat_closed", "target_opt_out"]),
        ],
    )
    async def test_a_handler_gets_what_it_is_registered_for(self, clock, kinds, wanted):
        receiver, notes = receiver_of(clock), Notes()
        assert receiver.on(*kinds)(notes) is notes
        async with receiver:
            for kind in ("message_recieved", "message_sent", "chat_closed", "target_opt_out"):
                assert (await receiver.accept(body_of(kind))).status == 200
            await receiver.settle()
        assert [event.raw_type for event in notes.events] == wanted

    async def test_what_is_new_goes_to_handlers_of_all_and_of_the_unknown(self, clock):
        receiver, every, unknown, known = receiver_of(clock), Notes(), Notes(), Notes()
        receiver.on()(every)
        receiver.on(UnknownEvent)(unknown)
        receiver.on(MessageEvent, ChatEvent)(known)
        async with receiver:
            body = body_of().replace(b"message_recieved", b"message_loved")
            assert (await receiver.accept(body)).status == 200
            await receiver.settle()
        assert (len(every.events), len(unknown.events), len(known.events)) == (1, 1, 0)

    @pytest.mark.parametrize(
        ("name", "near"),
        [("message_recived", "message_received"), ("chat_close", "chat_closed"), ("opt_out", "target_opt_out")],
    )
    def test_an_unknown_type_is_refused_with_the_near_one(self, clock, name, near):
        with pytest.raises(ArgumentError, match=f"'{name}', which is no type of event. Did you mean '{near}'"):
            receiver_of(clock).on(name)

    @pytest.mark.parametrize("kind", ["", "x", 5, None, int, ["message_sent"], object()])
    def test_what_is_no_type_at_all_is_refused(self, clock, kind):
        with pytest.raises(ArgumentError, match="kinds") as caught:
            receiver_of(clock).on(kind)
        assert "Did you mean" not in str(caught.value)

    def test_a_decorator_without_its_call_is_refused(self, clock):
        async def handler(event): ...

        with pytest.raises(ArgumentError, match="kinds must be types of events, not a plain function"):
            receiver_of(clock).on(handler)

    @pytest.mark.parametrize("handler", [lambda event: None, print, 5, None, "x", int])
    def test_a_handler_that_is_not_async_is_refused(self, clock, handler):
        with pytest.raises(ArgumentError, match="must be an async function of one event"):
            receiver_of(clock).on()(handler)

    async def test_any_async_callable_will_do(self, clock):
        seen, receiver = [], receiver_of(clock)

        class Handlers:
            async def method(self, event):
                seen.append("method")

        async def function(what, event):
            seen.append(what)

        receiver.on()(Handlers().method)
        receiver.on()(functools.partial(function, "partial"))
        async with receiver:
            await receiver.accept(body_of())
            await receiver.settle()
        assert seen == ["method", "partial"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("tokens", [[], "", None]),
        ("workers", [0, -1, 1.5, "5", None, True]),
        ("queue", [0, None]),
        ("parked", [0, None]),
        ("remember", [0, None]),
        ("largest", [0, None]),
        ("grace", [0, -1, "5", float("inf"), None]),
        ("window", [0, 60, timedelta(0), timedelta(-1)]),
        ("retries", [3, None]),
        ("listeners", [[5]]),
    ],
)
def test_a_setting_that_makes_no_sense_is_an_error_that_names_it(name, values):
    for value in values:
        with pytest.raises(ConfigurationError, match=name):
            Receiver(**{"tokens": TOKEN, name: value})


def test_a_store_that_is_no_path_is_an_error():
    for value in (5, "", object()):
        with pytest.raises(ArgumentError, match="store must be the path"):
            Receiver(TOKEN, store=value)


class TestAnswers:
    async def test_it_answers_before_the_handler_has_ended(self, clock):
        receiver, notes = receiver_of(clock), Notes()
        receiver.on()(notes)
        async with receiver:
            notes.gate.clear()
            assert (await receiver.accept(body_of())).status == 200
            await turns()
            counted(receiver, accepted=1, working=1)
            notes.gate.set()
            await receiver.settle()
            counted(receiver, accepted=1, handled=1)

    @pytest.mark.parametrize(
        ("body", "status"), [(b"", 400), (b"[]", 400), (body_of(token="wrong"), 401), (b"x" * 300_000, 413)]
    )
    async def test_what_is_refused_tells_the_sender_nothing(self, clock, body, status, caplog):
        news, receiver, notes = [], receiver_of(clock), Notes()
        receiver = receiver_of(clock, listeners=[news.append])
        receiver.on()(notes)
        async with receiver:
            answer = await receiver.accept(body)
            assert (answer.status, answer.body) == (status, b"")
        assert not notes.events
        assert [type(each) for each in news] == [WebhookRefused]
        assert news[0].status == status
        counted(receiver, refused={status: 1})
        assert f"refused with {status}" in caplog.text

    async def test_the_log_does_not_grow_with_what_is_refused(self, clock, caplog):
        receiver = receiver_of(clock)
        async with receiver:
            for _ in range(100):
                await receiver.accept(body_of(token="wrong"))
        assert len(caplog.records) == 7  # at 1, 2, 4 ... 64
        counted(receiver, refused={401: 100})

    async def test_a_body_that_is_not_bytes_is_an_error_of_the_program(self, clock):
        async with receiver_of(clock) as receiver:
            with pytest.raises(ArgumentError, match="bytes"):
                await receiver.accept("{}")

    async def test_an_event_for_nobody_is_taken_and_counted(self, clock):
        receiver = receiver_of(clock)
        receiver.on("chat_closed")(Notes())
        async with receiver:
            assert (await receiver.accept(body_of())).status == 200
        counted(receiver, unhandled=1)

    async def test_where_too_much_waits_the_sender_is_to_come_again(self, clock):
        receiver, notes = receiver_of(clock, queue=3, workers=2), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        sent = bodies(5)
        async with receiver:
            assert [(await receiver.accept(body)).status for body in sent] == [200, 200, 200, 503, 503]
            await turns()
            counted(receiver, accepted=3, busy=2, working=2, queued=1)
            notes.gate.set()
            await receiver.settle()
            assert [(await receiver.accept(body)).status for body in sent] == [200] * 5
            await receiver.settle()
        assert sorted(notes.ids) == [1, 2, 3, 4, 5]

    async def test_it_must_be_open(self, clock):
        receiver = receiver_of(clock)
        for attempt in (receiver.accept(body_of()), receiver.replay()):
            with pytest.raises(ReceiverError, match="not open"):
                await attempt
        async with receiver:
            with pytest.raises(ReceiverError, match="is open"):
                await receiver.open()
        with pytest.raises(ReceiverError, match="not open"):
            await receiver.accept(body_of())
        await receiver.close()


class TestDuplicates:
    async def test_what_was_handled_is_not_handled_again(self, clock):
        receiver, notes = receiver_of(clock), Notes()
        receiver.on()(notes)
        async with receiver:
            for _ in range(3):
                assert (await receiver.accept(body_of())).status == 200
                await receiver.settle()
        assert len(notes.events) == 1
        counted(receiver, accepted=1, handled=1, duplicates=2)

    async def test_nor_is_what_is_in_work(self, clock):
        receiver, notes = receiver_of(clock), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        async with receiver:
            for _ in range(3):
                assert (await receiver.accept(body_of())).status == 200
                await turns()
            notes.gate.set()
            await receiver.settle()
        assert len(notes.events) == 1

    async def test_nor_is_what_waits_for_its_next_attempt(self, clock):
        receiver, notes = receiver_of(clock), Notes(OSError())
        receiver.on()(notes)
        async with receiver:
            await receiver.accept(body_of())
            await turns()
            counted(receiver, accepted=1, failures=1, waiting=1)
            assert (await receiver.accept(body_of())).status == 200
            await turns()
            assert len(notes.events) == 1
            clock.advance(1)
            await receiver.settle()
        assert len(notes.events) == 2
        counted(receiver, accepted=1, failures=1, duplicates=1, handled=1)

    async def test_what_is_parked_gets_another_chance(self, clock):
        receiver, notes = receiver_of(clock, retries=ONCE), Notes(OSError())
        receiver.on()(notes)
        async with receiver:
            await receiver.accept(body_of())
            await receiver.settle()
            counted(receiver, accepted=1, failures=1, parked=1)
            assert (await receiver.accept(body_of())).status == 200
            await receiver.settle()
            counted(receiver, accepted=1, failures=1, duplicates=1, handled=1)
            await receiver.accept(body_of())
            await receiver.settle()
        assert len(notes.events) == 2

    async def test_unless_there_is_no_room_for_it(self, clock):
        receiver, notes = receiver_of(clock, retries=ONCE, queue=1), Notes(OSError())
        receiver.on()(notes)
        first, second = bodies(2)
        async with receiver:
            await receiver.accept(first)
            await receiver.settle()
            notes.gate.clear()
            await receiver.accept(second)
            assert (await receiver.accept(first)).status == 503
            assert len(receiver.parked) == 1
            notes.gate.set()

    async def test_what_was_not_accepted_is_not_known(self, clock):
        receiver, notes = receiver_of(clock, queue=1), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        first, second = bodies(2)
        async with receiver:
            await receiver.accept(first)
            assert (await receiver.accept(second)).status == 503
            notes.gate.set()
            await receiver.settle()
            assert (await receiver.accept(second)).status == 200
            await receiver.settle()
        assert notes.ids == [1, 2]

    async def test_it_is_forgotten_after_the_window(self, clock):
        receiver, notes = receiver_of(clock, window=timedelta(hours=1)), Notes()
        receiver.on()(notes)
        first, second, third = bodies(3)
        async with receiver:
            for wait, body, handled in ((0, first, 1), (3599, first, 1), (1, second, 2), (0, first, 3), (0, third, 4)):
                clock.advance(wait)
                await receiver.accept(body)
                await receiver.settle()
                assert len(notes.events) == handled

    async def test_so_many_are_remembered(self, clock):
        receiver, notes = receiver_of(clock, remember=3), Notes()
        receiver.on()(notes)
        sent = bodies(4)
        async with receiver:
            for body in (*sent, *sent[1:], sent[0]):
                await receiver.accept(body)
                await receiver.settle()
        assert notes.ids == [1, 2, 3, 4, 1]

    async def test_two_webhooks_that_tell_the_same_event_are_one(self, clock):
        receiver, notes = receiver_of(clock), Notes()
        receiver.on()(notes)
        async with receiver:
            await receiver.accept(body_of())
            await receiver.accept(body_of().replace(b'"id": 123', b'"id": 124'))
            await receiver.settle()
        assert len(notes.events) == 1


class TestFailures:
    async def test_a_handler_that_fails_is_asked_again_and_only_it(self, clock):
        receiver, good, bad, last = receiver_of(clock), Notes(), Notes(OSError(), ValueError()), Notes()
        for notes in (good, bad, last):
            receiver.on()(notes)
        async with receiver:
            await receiver.accept(body_of())
            for wait in (1, 2):
                await turns()
                assert receiver.stats.waiting == 1
                clock.advance(wait)
            await receiver.settle()
        assert [len(notes.events) for notes in (good, bad, last)] == [1, 3, 1]
        counted(receiver, accepted=1, failures=2, handled=1)

    async def test_one_that_fails_too_often_is_parked_and_can_be_replayed(self, clock, caplog):
        news, bad = [], Notes(*[RuntimeError(f"{TEXT} said +1 415 555 0111")] * 3)
        receiver = receiver_of(clock, retries=Retries(attempts=3, base=1.0, cap=2.0), listeners=[news.append])
        receiver.on()(bad)
        async with receiver:
            await receiver.accept(body_of())
            for _ in range(3):
                await turns()
                clock.advance(2)
            await receiver.settle()
            counted(receiver, accepted=1, failures=3, parked=1)
            assert [event.message.id for event in receiver.parked] == [9980041]
            assert await receiver.replay() == 1
            await receiver.settle()
            counted(receiver, accepted=1, failures=3, handled=1)
            assert await receiver.replay() == 0
        assert [type(each) for each in news] == [HandlerFailed] * 3 + [EventParked]
        assert [each.attempt for each in news[:3]] == [1, 2, 3]
        assert [each.next_in is None for each in news[:3]] == [False, False, True]
        assert news[3].attempts == 3
        assert news[3].handlers == ("Notes",)
        assert TEXT not in caplog.text
        assert "RuntimeError" in caplog.text
        assert "test_receiver" not in caplog.text or TEXT not in caplog.text

    async def test_the_log_says_where_it_failed(self, clock, caplog):
        caplog.set_level(logging.INFO)
        receiver = receiver_of(clock, retries=ONCE)

        @receiver.on()
        async def handler(event):
            raise ValueError(event.message.text)

        async with receiver:
            await receiver.accept(body_of())
            await receiver.settle()
        assert "in handler" in caplog.text
        assert "When do you open" not in caplog.text

    async def test_those_to_replay_can_be_chosen(self, clock):
        receiver, notes = receiver_of(clock, retries=ONCE), Notes(*[OSError()] * 3)
        receiver.on()(notes)
        async with receiver:
            for body in bodies(3):
                await receiver.accept(body)
            await receiver.settle()
            assert await receiver.replay(receiver.parked[1]) == 1
            await receiver.settle()
            assert [event.message.id for event in receiver.parked] == [1, 3]
        assert notes.ids == [1, 2, 3, 2]

    async def test_so_many_are_parked_and_the_oldest_is_told_to_be_lost(self, clock):
        news = []
        receiver = receiver_of(clock, retries=ONCE, parked=2, listeners=[news.append])
        receiver.on()(Notes(*[OSError()] * 3))
        async with receiver:
            for body in bodies(3):
                await receiver.accept(body)
                await receiver.settle()
            assert [event.message.id for event in receiver.parked] == [2, 3]
        assert [each for each in news if isinstance(each, EventsLeft)] == [EventsLeft(number=1, kept=False)]

    async def test_a_handler_that_is_cancelled_from_within_has_failed(self, clock):
        receiver, notes = receiver_of(clock, retries=ONCE), Notes(asyncio.CancelledError())
        receiver.on()(notes)
        async with receiver:
            await receiver.accept(body_of())
            await receiver.settle()
            counted(receiver, accepted=1, failures=1, parked=1)

    async def test_a_listener_that_fails_does_no_harm(self, clock, caplog):
        def listener(news):
            raise ValueError

        receiver = receiver_of(clock, listeners=[listener])
        async with receiver:
            assert (await receiver.accept(b"")).status == 400
        assert "A listener failed on WebhookRefused" in caplog.text

    async def test_waits_grow_up_to_their_bound(self, clock):
        news = []
        receiver = receiver_of(clock, retries=Retries(attempts=8, base=1.0, cap=10.0), listeners=[news.append])
        receiver.on()(Notes(*[OSError()] * 7))
        async with receiver:
            await receiver.accept(body_of())
            for _ in range(7):
                await turns()
                clock.advance(10)
            await receiver.settle()
        for failed, bound in zip(news, (1, 2, 4, 8, 10, 10, 10), strict=True):
            assert 0 <= failed.next_in <= bound


class TestWhatHandlersDo:
    @pytest.mark.parametrize("error", [BaseExceptionGroup("", [GeneratorExit()]), GeneratorExit()])
    async def test_whatever_one_raises_it_has_failed(self, clock, error):
        receiver, bad, good = receiver_of(clock, retries=ONCE), Notes(error), Notes()
        for notes in (bad, good):
            receiver.on()(notes)
        async with receiver:
            await receiver.accept(body_of())
            await receiver.settle()
            counted(receiver, accepted=1, failures=1, parked=1)
            assert len(good.events) == 1
            await receiver.replay()
            await receiver.settle()
        counted(receiver, accepted=1, failures=1, handled=1)

    async def test_one_that_cancels_itself_has_failed(self, clock):
        receiver, good = receiver_of(clock, retries=Retries(attempts=2)), Notes()

        @receiver.on()
        async def handler(event):
            for _ in range(2):
                asyncio.current_task().cancel()
            await asyncio.sleep(0)

        receiver.on()(good)
        async with receiver:
            await receiver.accept(body_of())
            await turns()
            clock.advance(60)
            await receiver.settle()
            counted(receiver, accepted=1, failures=2, parked=1)
        assert len(good.events) == 1

    async def test_one_that_ends_the_program_has_not_handled_its_event(self, clock):
        news = []
        receiver = receiver_of(clock, listeners=[news.append])

        @receiver.on()
        async def handler(event):
            raise SystemExit(3)

        async def main():
            async with receiver:
                await receiver.accept(body_of())
                await asyncio.sleep(3600)

        with pytest.raises(SystemExit):
            await asyncio.to_thread(asyncio.run, main())
        assert news == [EventsLeft(number=1, kept=False)]


class TestWork:
    async def test_so_many_are_in_work_at_a_time(self, clock):
        receiver, notes = receiver_of(clock, workers=4), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        async with receiver:
            for body in bodies(10):
                await receiver.accept(body)
            await turns()
            counted(receiver, accepted=10, working=4, queued=6)
            notes.gate.set()
            await receiver.settle()
        assert notes.ids == [*range(1, 11)]

    async def test_nothing_runs_while_there_is_no_work(self, clock):
        receiver = receiver_of(clock)
        receiver.on()(Notes())
        before = asyncio.all_tasks()
        async with receiver:
            for body in bodies(10):
                await receiver.accept(body)
            await receiver.settle()
            await turns()
            assert asyncio.all_tasks() == before

    async def test_handlers_that_never_wait_let_others_run(self, clock):
        receiver, order = receiver_of(clock, workers=1), []

        @receiver.on()
        async def handler(event):
            order.append(event.message.id)

        async def other():
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            order.append("other")

        async with receiver:
            for body in bodies(50):
                await receiver.accept(body)
            await asyncio.gather(other(), receiver.settle())
        assert order.index("other") < 10

    async def test_handlers_see_no_context_of_the_request(self, clock):
        variable, seen = contextvars.ContextVar("request", default="none"), []
        receiver = receiver_of(clock)

        @receiver.on()
        async def handler(event):
            seen.append(variable.get())
            variable.set("left behind")

        async with receiver:
            variable.set("a request")
            for body in bodies(2):
                await receiver.accept(body)
                await receiver.settle()
        assert seen == ["none", "none"]


class TestTheEnd:
    async def test_what_is_in_work_and_queued_is_finished(self, clock):
        receiver, notes = receiver_of(clock, workers=1), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        await receiver.open()
        for body in bodies(3):
            await receiver.accept(body)
        closing = asyncio.ensure_future(receiver.close())
        await turns()
        assert (await receiver.accept(body_of(id=99))).status == 503
        assert not closing.done()
        notes.gate.set()
        await closing
        assert notes.ids == [1, 2, 3]
        counted(receiver, accepted=3, handled=3, busy=1)

    async def test_what_waits_for_its_next_attempt_has_it_at_once(self, clock):
        receiver, notes = receiver_of(clock), Notes(OSError())
        receiver.on()(notes)
        async with receiver:
            await receiver.accept(body_of())
            await turns()
            assert receiver.stats.waiting == 1
        assert len(notes.events) == 2
        counted(receiver, accepted=1, failures=1, handled=1)

    async def test_what_fails_then_is_parked(self, clock):
        receiver, notes = receiver_of(clock), Notes(OSError(), OSError())
        receiver.on()(notes)
        async with receiver:
            await receiver.accept(body_of())
            await turns()
        counted(receiver, accepted=1, failures=2, parked=1)

    async def test_at_the_deadline_the_rest_is_cancelled_and_told(self, clock, caplog):
        news, cancelled = [], []
        receiver = receiver_of(clock, workers=1, grace=30, listeners=[news.append])

        @receiver.on()
        async def handler(event):
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                cancelled.append(event.message.id)
                raise

        await receiver.open()
        for body in bodies(3):
            await receiver.accept(body)
        await turns()
        closing = asyncio.ensure_future(receiver.close())
        await turns()
        clock.advance(29)
        await turns()
        assert not closing.done()
        clock.advance(1)
        await closing
        assert cancelled == [1]
        assert news == [EventsLeft(number=3, kept=False)]
        assert "3 events that were accepted are lost" in caplog.text

    async def test_a_handler_that_does_not_end_holds_nobody_up(self, clock):
        receiver, going = receiver_of(clock, grace=1), asyncio.Event()

        @receiver.on()
        async def handler(event):
            while not going.is_set():
                try:
                    await going.wait()
                except asyncio.CancelledError:
                    continue

        await receiver.open()
        await receiver.accept(body_of())
        await turns()
        closing = asyncio.ensure_future(receiver.close())
        for _ in range(3):
            await turns()
            clock.advance(1)
        await closing
        await receiver.open()  # And what it does later disturbs nobody.
        await receiver.accept(body_of())
        going.set()
        await receiver.settle()
        await turns()
        counted(receiver, accepted=2, handled=1)
        await receiver.close()

    async def test_who_closes_it_once_more_waits_too(self, clock):
        receiver, notes = receiver_of(clock), Notes()
        receiver.on()(notes)
        notes.gate.clear()
        await receiver.open()
        await receiver.accept(body_of())
        closing = [asyncio.ensure_future(receiver.close()) for _ in range(2)]
        await turns()
        assert not any(each.done() for each in closing)
        notes.gate.set()
        await asyncio.gather(*closing)
        assert receiver.stats.handled == 1

    async def test_who_gives_up_closing_leaves_nothing_behind(self, clock):
        receiver, notes, before = receiver_of(clock), Notes(), asyncio.all_tasks()
        receiver.on()(notes)
        notes.gate.clear()
        await receiver.open()
        await receiver.accept(body_of())
        closing = asyncio.ensure_future(receiver.close())
        await turns()
        closing.cancel()
        await asyncio.wait([closing])
        await turns()
        assert asyncio.all_tasks() == before
        assert "not open" in repr(receiver)

    async def test_it_is_of_one_event_loop(self, clock):
        async with receiver_of(clock) as receiver:
            accepting = asyncio.to_thread(asyncio.run, receiver.accept(body_of()))
            with pytest.raises(ReceiverError, match="another event loop"):
                await accepting

    async def test_one_that_was_closed_can_be_opened_again(self, clock):
        receiver, notes = receiver_of(clock), Notes()
        receiver.on()(notes)
        for _ in range(2):
            async with receiver:
                await receiver.accept(body_of())
                await receiver.settle()
        assert len(notes.events) == 1

    async def test_its_repr_says_how_it_is(self, clock):
        receiver = receiver_of(clock)
        assert repr(receiver) == "<Receiver with 0 handlers, 0 events in work (not open)>"
        async with receiver:
            assert "(open)" in repr(receiver)


async def test_it_says_where_events_differ_from_the_models(clock):
    async with receiver_of(clock) as receiver:
        await receiver.accept(body_of(mood="good", flagged="perhaps"))
    assert receiver.drift.unknown == {"Message": {"mood"}}
    assert receiver.drift.misfits.total() == 1


async def test_a_refusal_is_told_with_its_error_which_holds_nothing_of_the_body(clock):
    news = []
    async with receiver_of(clock, listeners=[news.append]) as receiver:
        await receiver.accept(body_of(token="wrong-one-9"))
    assert isinstance(news[0].error, WebhookTokenError)
    assert "wrong-one-9" not in repr(news)
