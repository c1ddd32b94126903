"""A send whose outcome is not known, and the look that finds out."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from fakes import NOON, FakeRunner
from heymarket_async import (
    ArgumentError,
    AsyncSession,
    BadRequest,
    Conversation,
    Message,
    MessageReceived,
    ReplyError,
    Resolution,
    Retries,
    SendState,
    SendUnknown,
    ServerError,
    UnexpectedStatus,
    Unsettled,
)
from heymarket_async.clock import SkewedClock, VirtualClock
from heymarket_async.resources.messages import Messages
from heymarket_async.sandbox import Closed, Ordinary, Reply, Reset, Sandbox, Truncated, Variants
from heymarket_async.testing import assert_texted_once, make_event, run_in_virtual_time

NUMBER = "+15105550142"
TEXT = "Your order has shipped."


@pytest.fixture
def inbox(heymarket_sandbox):
    return heymarket_sandbox.teams[0].inboxes[0]


@pytest.fixture
async def heymarket(heymarket_sandbox):
    async with AsyncSession(
        heymarket_sandbox.secret, base_url=heymarket_sandbox.url, retries=Retries(base=0.0)
    ) as session:
        yield session


async def lost(session, inbox, error=SendUnknown, **target):
    """Send, and return the error that comes instead of an answer."""
    with pytest.raises(error) as caught:
        await session.messages.send(
            inbox_id=inbox["id"],
            creator_id=inbox["members"][0],
            text=TEXT,
            **(target or {"phone_number": NUMBER}),
        )
    return caught.value


LOST_ANSWERS = {
    "reset": (lambda effect: Reset(effect=effect), SendUnknown),
    "closed": (lambda effect: Closed(effect=effect), SendUnknown),
    "cut": (lambda effect: Truncated(reply=Reply(200, json={"id": 1}, effect=effect)), SendUnknown),
    "500": (lambda effect: Reply(500, effect=effect), ServerError),
    "504": (lambda effect: Reply(504, effect=effect), ServerError),
    "redirect": (lambda effect: Reply(302, effect=effect), UnexpectedStatus),
    "a page of a proxy": (
        lambda effect: Reply(200, "<h1>Sign in</h1>", content_type="text/html", effect=effect),
        ReplyError,
    ),
}


class TestALook:
    @pytest.mark.parametrize("name", LOST_ANSWERS)
    async def test_finds_the_message_that_went_out_though_its_answer_was_lost(
        self, heymarket_sandbox, heymarket, inbox, name
    ):
        fault, kind = LOST_ANSWERS[name]
        heymarket_sandbox.script("send_message", fault(True))
        error = await lost(heymarket, inbox, kind)
        assert isinstance(error, Unsettled)
        found = await error.resolve()
        assert found.state is SendState.SENT
        assert (found.message.text, found.message.local_id) == (TEXT, error.local_id)
        assert len(heymarket_sandbox.teams[0].sent) == 1

    @pytest.mark.parametrize("name", LOST_ANSWERS)
    async def test_says_that_it_is_not_there_if_it_is_not(self, heymarket_sandbox, heymarket, inbox, name):
        fault, kind = LOST_ANSWERS[name]
        heymarket_sandbox.script("send_message", fault(False))
        error = await lost(heymarket, inbox, kind)
        assert await error.resolve(patience=0) == Resolution(state=SendState.NOT_FOUND)
        assert heymarket_sandbox.teams[0].sent == []

    async def test_leads_to_a_repeat_that_texts_once(self, heymarket_sandbox, heymarket, inbox):
        heymarket_sandbox.script("send_message", Reset())
        error = await lost(heymarket, inbox)
        assert (await error.resolve(patience=0)).state is SendState.NOT_FOUND
        for _ in range(2):  # The second repeat stands for the first one's coming late.
            await heymarket.messages.send(
                inbox_id=inbox["id"],
                creator_id=inbox["members"][0],
                phone_number=NUMBER,
                text=TEXT,
                local_id=error.local_id,
            )
        assert len(heymarket_sandbox.teams[0].sent) == 1

    async def test_looks_again_while_the_service_may_be_at_it(self):
        clock = VirtualClock()
        async with Sandbox(clock=clock) as sandbox:
            inbox = sandbox.teams[0].inboxes[0]
            async with AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock) as session:
                sandbox.script("send_message", Reset())
                error = await lost(session, inbox)
                looking = asyncio.create_task(error.resolve(patience=10))
                for _ in range(2):
                    while clock.next_wake is None or clock.next_wake > 5:  # Nothing but a pause is as short.
                        await asyncio.sleep(0.001)
                    clock.advance(clock.next_wake)
                # What the service does late is done here by another send with the same local_id.
                await session.messages.send(
                    inbox_id=inbox["id"],
                    creator_id=inbox["members"][0],
                    phone_number=NUMBER,
                    text=TEXT,
                    local_id=error.local_id,
                )
                while not looking.done():
                    await asyncio.sleep(0.001)
                    if clock.next_wake is not None and clock.next_wake <= 5:
                        clock.advance(clock.next_wake)
                assert (await looking).state is SendState.SENT
        looks = [request for request in sandbox.requests if request.operation == "get_message_history"]
        assert len(looks) >= 3

    async def test_in_a_conversation_goes_through_the_messages_of_the_team(self, heymarket_sandbox, heymarket, inbox):
        sent = await heymarket.messages.send(
            inbox_id=inbox["id"], creator_id=inbox["members"][0], phone_number=NUMBER, text="before"
        )
        for effect, state in ((True, SendState.SENT), (False, SendState.NOT_FOUND)):
            heymarket_sandbox.script("send_message", Reset(effect=effect))
            error = await lost(heymarket, inbox, conversation_id=sent.conversation_id)
            assert (await error.resolve(patience=0)).state is state

    async def test_finds_an_e_mail(self, heymarket_sandbox, heymarket, inbox):
        for effect, state in ((True, SendState.SENT), (False, SendState.NOT_FOUND)):
            heymarket_sandbox.script("send_email", Reset(effect=effect))
            with pytest.raises(SendUnknown) as caught:
                await heymarket.email.send(
                    inbox_id=inbox["id"], creator_id=inbox["members"][0], to=["sam@example.com"], text=TEXT
                )
            assert (await caught.value.resolve(patience=0)).state is state

    async def test_that_fails_itself_says_that_nothing_is_known_and_why(self, heymarket_sandbox, heymarket, inbox):
        heymarket_sandbox.script("send_message", Reset(effect=True))
        error = await lost(heymarket, inbox)
        heymarket_sandbox.script("get_message_history", Reply(403))
        found = await error.resolve(patience=0)
        assert found.state is SendState.UNKNOWN
        assert found.reason.startswith("The look failed: The service answered 403.")
        assert (await error.resolve()).state is SendState.SENT

    async def test_after_the_session_was_closed_says_so(self, heymarket_sandbox, heymarket, inbox):
        heymarket_sandbox.script("send_message", Reset(effect=True))
        error = await lost(heymarket, inbox)
        await heymarket.close()
        found = await error.resolve(patience=0)
        assert (found.state, found.message) == (SendState.UNKNOWN, None)
        assert "closed" in found.reason

    @pytest.mark.parametrize("skew", [-7200, 7200])
    async def test_goes_by_the_clock_of_the_service(self, skew):
        clock = VirtualClock()
        async with Sandbox(clock=clock) as sandbox:
            inbox = sandbox.teams[0].inboxes[0]
            async with AsyncSession(
                sandbox.secret, base_url=sandbox.url, clock=SkewedClock(clock, skew), retries=Retries(base=0.0)
            ) as session:
                sandbox.script("send_message", Ordinary(), times=2)  # 401 first, from the wrong clock
                await session.inboxes.list()
                sandbox.clear_script()
                sandbox.script("send_message", Reset(effect=True))
                error = await lost(session, inbox)
                assert (await error.resolve(patience=0)).state is SendState.SENT

    def test_after_the_machine_has_slept_goes_back_to_the_send(self):
        async def main(clock):
            sandbox = Sandbox(clock=clock)
            inbox = sandbox.teams[0].inboxes[0]
            async with AsyncSession(sandbox.secret, transport=sandbox.in_memory(), clock=clock) as session:
                sandbox.script("send_message", Reset(effect=True))
                error = await lost(session, inbox)
                for _ in range(60):
                    clock.suspend(60)
                    sandbox.teams[0].receive(inbox["id"], NUMBER[1:], "Hello?")
                assert (await error.resolve(patience=0)).state is SendState.SENT

        run_in_virtual_time(main)

    async def test_is_not_offered_for_other_writes(self, heymarket_sandbox, heymarket):
        heymarket_sandbox.script("create_tag", Reset())
        with pytest.raises(SendUnknown) as caught:
            await heymarket.tags.create(name="vip")
        found = await caught.value.resolve()
        assert (found.state, found.reason) == (
            SendState.UNKNOWN,
            "There is no way to look for what this call does.",
        )

    @pytest.mark.parametrize("patience", [-1, "5", None, True, float("nan"), float("inf")])
    async def test_has_a_patience_that_makes_sense(self, patience):
        with pytest.raises(ArgumentError, match="patience must be a number of seconds"):
            await SendUnknown("lost").resolve(patience=patience)

    async def test_does_not_go_along_with_a_pickled_error(self, heymarket_sandbox, heymarket, inbox):
        heymarket_sandbox.script("send_message", Reset(effect=True))
        error = await lost(heymarket, inbox)
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy), copy.local_id) == (SendUnknown, str(error), error.local_id)
        assert (await copy.resolve()).state is SendState.UNKNOWN


def message(number, **facts):
    return Message(**{"id": number, "date": datetime.fromtimestamp(NOON, UTC), **facts})


class TestWhatTheServiceShows:
    """Answers that the sandbox does not give."""

    async def look(self, *pages, text=TEXT, patience=0.0):
        runner = FakeRunner(SendUnknown("lost", local_id="L"), *pages)
        content = {"text": text} if text else {"template_id": 5}
        with pytest.raises(SendUnknown) as caught:
            await Messages(runner).send(inbox_id=1, creator_id=2, phone_number=NUMBER, local_id="L", **content)
        found = await caught.value.resolve(patience=patience)
        return found, runner

    async def test_a_message_that_may_be_it_but_has_no_local_id_leaves_it_unknown(self):
        found, _ = await self.look((message(1, text=TEXT), message(2, text="else", local_id="M")))
        assert found.state is SendState.UNKNOWN
        assert "does not show its local_id" in found.reason

    async def test_a_template_may_be_any_message_without_a_local_id(self):
        found, _ = await self.look((message(1, text="Hello Sam"),), text=None)
        assert found.state is SendState.UNKNOWN

    @pytest.mark.parametrize(
        "facts", [{"text": "else"}, {"text": TEXT, "type": "inbound"}, {"text": TEXT, "local_id": "M"}]
    )
    async def test_another_message_is_not_it(self, facts):
        found, _ = await self.look((message(1, **facts),))
        assert found.state is SendState.NOT_FOUND

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("Hi {{first_name}}!", "Hi Sam!"),
            ("<p>It has shipped.</p>", "It has shipped."),
            (TEXT, f"{TEXT} Reply STOP to opt out."),
            (TEXT, "Your order  has shipped.\n"),
            (TEXT, "Your order has"),
        ],
    )
    async def test_a_text_that_the_service_has_changed_may_be_it(self, text, shown):
        found, _ = await self.look((message(1, text=shown),), text=text)
        assert found.state is SendState.UNKNOWN

    async def test_an_identifier_in_other_capitals_may_be_it(self):
        found, _ = await self.look((message(1, text=TEXT, local_id="l"),))
        assert found.state is SendState.UNKNOWN

    @pytest.mark.parametrize("newest_first", [True, False])
    async def test_it_is_found_in_whatever_order_a_page_comes(self, newest_first):
        noon = datetime.fromtimestamp(NOON, UTC)
        page = [
            message(1, text=TEXT, local_id="L"),
            *(message(n + 2, text="else", date=noon - timedelta(hours=n + 1)) for n in range(20)),
        ]
        found, _ = await self.look(tuple(page if newest_first else reversed(page)))
        assert found.state is SendState.SENT

    async def test_what_is_older_than_the_send_is_not_read(self):
        noon = datetime.fromtimestamp(NOON, UTC)
        old = tuple(message(n + 1, text=TEXT, date=noon - timedelta(seconds=61 + n)) for n in range(50))
        found, runner = await self.look(old)
        assert found.state is SendState.NOT_FOUND
        assert len(runner.calls) == 2

    @pytest.mark.parametrize(
        ("per_second", "reason"), [(20, "It is not among the last 1,000 messages"), (1000, "The look failed: 50 items")]
    )
    async def test_a_look_through_too_many_messages_is_given_up(self, per_second, reason):
        noon = datetime.fromtimestamp(NOON, UTC)
        everything = [
            message(n + 1, text="else", local_id="M", date=noon - timedelta(seconds=n / per_second))
            for n in range(1100)
        ]

        class Service(FakeRunner):
            async def run(self, call):
                if call.operation.name == "send_message":
                    return await super().run(call)
                asked.append(call)
                bound = dict(call.query).get("timestamp", NOON + 1)
                return tuple(each for each in everything if each.date.timestamp() < bound)[:50]

        asked = []
        with pytest.raises(SendUnknown) as caught:
            await Messages(Service(SendUnknown("lost", local_id="L"))).send(
                inbox_id=1, creator_id=2, phone_number=NUMBER, text=TEXT, local_id="L"
            )
        found = await caught.value.resolve(patience=60 if per_second == 20 else 0)
        assert found.state is SendState.UNKNOWN
        assert found.reason.startswith(reason)
        assert len(asked) <= 30, "so many are not gone through again"


class TestALookByLocalId:
    async def send(self, heymarket, inbox, **more):
        return await heymarket.messages.send(
            inbox_id=inbox["id"], creator_id=inbox["members"][0], phone_number=NUMBER, text=TEXT, **more
        )

    async def test_finds_what_a_process_has_sent_that_is_gone(self, heymarket, inbox):
        sent = await self.send(heymarket, inbox, local_id="order-1001")
        found = await heymarket.messages.look_for("order-1001", inbox_id=inbox["id"], phone_number=NUMBER)
        assert found.state is SendState.SENT
        assert found.message is not None
        assert found.message.id == sent.id

    async def test_says_that_it_is_not_there(self, heymarket, inbox):
        await self.send(heymarket, inbox, local_id="order-1001")
        found = await heymarket.messages.look_for("order-1002", inbox_id=inbox["id"], phone_number=NUMBER, patience=0.0)
        assert found == Resolution(state=SendState.NOT_FOUND)

    async def test_goes_back_to_a_minute_before_the_send_and_no_further(self):
        clock = VirtualClock(NOON)
        async with Sandbox(clock=clock) as sandbox:
            session = AsyncSession(sandbox.secret, base_url=sandbox.url, clock=clock)
            inbox = sandbox.teams[0].inboxes[0]
            where = {"inbox_id": inbox["id"], "phone_number": NUMBER, "patience": 0}
            async with session:
                await self.send(session, inbox, local_id="early")
                early = datetime.fromtimestamp(clock.wall(), UTC)
                clock.advance(3600)
                for _ in range(60):
                    clock.advance(1)
                    await self.send(session, inbox)
                near = early + timedelta(seconds=59)
                assert (await session.messages.look_for("early", since=near, **where)).state is SendState.SENT
                before = len(sandbox.requests)
                clock.advance(61)
                late = datetime.fromtimestamp(clock.wall(), UTC)
                assert (await session.messages.look_for("early", since=late, **where)).state is SendState.NOT_FOUND
                assert len(sandbox.requests) == before + 1, "the first of two pages was enough"

    @pytest.mark.parametrize("shown", [None, ""])
    async def test_does_not_know_where_another_message_may_be_it(self, heymarket_sandbox, heymarket, inbox, shown):
        await self.send(heymarket, inbox)
        for message in heymarket_sandbox.teams[0].messages.values():
            message["local_id"] = shown
        found = await heymarket.messages.look_for("gone", inbox_id=inbox["id"], phone_number=NUMBER, patience=0)
        assert found.state is SendState.UNKNOWN
        assert "local_id" in found.reason

    async def test_that_fails_is_an_unknown_and_no_error(self, heymarket_sandbox, heymarket, inbox):
        heymarket_sandbox.script("get_message_history", Reply(403))
        found = await heymarket.messages.look_for("order-1001", inbox_id=inbox["id"], phone_number=NUMBER, patience=0)
        assert found.state is SendState.UNKNOWN
        assert "403" in found.reason

    @pytest.mark.parametrize(
        ("argument", "value"),
        [
            ("local_id", ""),
            ("inbox_id", 0),
            ("phone_number", "five"),
            ("since", datetime(2026, 1, 1)),  # noqa: DTZ001 - that is the mistake
            ("patience", -1),
            ("patience", float("inf")),
            ("patience", True),
        ],
    )
    async def test_refuses_what_makes_no_sense(self, heymarket_sandbox, heymarket, argument, value):
        arguments = {"local_id": "order-1001", "inbox_id": 40001, "phone_number": NUMBER} | {argument: value}
        with pytest.raises(ArgumentError) as caught:
            await heymarket.messages.look_for(arguments.pop("local_id"), **arguments)
        assert caught.value.argument == argument
        assert heymarket_sandbox.requests == []


class TestARepeat:
    """A send that says when it was first tried, where the service knows no repeat by its `local_id`."""

    @pytest.fixture
    def repeating(self):
        """Run something with a sandbox that forgets, a session and what is sent, where time passes by itself."""

        def run(main):
            async def within(clock):
                sandbox = Sandbox(clock=clock, variants=Variants(repeat="none"))
                inbox = sandbox.teams[0].inboxes[0]
                send = {
                    "inbox_id": inbox["id"],
                    "creator_id": inbox["members"][0],
                    "text": TEXT,
                    "local_id": "of-order-1001",
                    "first_tried": datetime.fromtimestamp(clock.wall(), UTC),
                }
                async with AsyncSession(sandbox.secret, transport=sandbox.in_memory(), clock=clock) as session:
                    await main(sandbox, session, send)

            run_in_virtual_time(within)

        return run

    @pytest.mark.parametrize("by", ["phone_number", "conversation_id"])
    @pytest.mark.parametrize("fault", [Reset(effect=True), Reply(503, effect=True), Ordinary()])
    def test_of_what_went_out_sends_nothing_and_gives_the_message(self, repeating, fault, by):
        async def main(sandbox, session, send):
            chat = sandbox.teams[0].receive(send["inbox_id"], NUMBER[1:], "Where is it?")["_conversation"]
            target = {by: {"phone_number": NUMBER, "conversation_id": chat}[by]}
            sandbox.script("send_message", fault)
            with contextlib.suppress(Unsettled):
                await session.messages.send(**target, **send | {"first_tried": None})
            (sent,) = sandbox.teams[0].sent
            for _ in range(2):
                again = await session.messages.send(**target, **send)
                assert (again.id, again.local_id) == (sent.message_id, "of-order-1001")
                assert again.conversation_id == chat
                assert again.date is not None
            assert len(sandbox.teams[0].sent) == 1

        repeating(main)

    def test_of_what_did_not_go_out_sends_it_once(self, repeating):
        async def main(sandbox, session, send):
            sandbox.script("send_message", Reset(effect=False))
            with pytest.raises(SendUnknown):
                await session.messages.send(phone_number=NUMBER, **send)
            for _ in range(3):
                await session.messages.send(phone_number=NUMBER, **send)
            assert_texted_once(sandbox, NUMBER, text=TEXT)

        repeating(main)

    def test_that_is_lost_too_is_looked_for_since_the_first_attempt(self, repeating):
        async def main(sandbox, session, send):
            sandbox.script("send_message", Reset(effect=True))
            with pytest.raises(SendUnknown):
                await session.messages.send(phone_number=NUMBER, **send | {"first_tried": None})
            await session.clock.sleep(3600)
            sandbox.script("get_message_history", Reply(403), times=4)
            with pytest.raises(SendUnknown, match=r"nothing was sent now\. The look failed") as caught:
                await session.messages.send(phone_number=NUMBER, **send)
            assert (caught.value.attempts, caught.value.local_id) == (0, "of-order-1001")
            assert (await caught.value.resolve()).state is SendState.SENT
            assert_texted_once(sandbox, NUMBER)

        repeating(main)

    def test_waits_while_the_service_may_be_at_it(self, repeating):
        async def main(sandbox, session, send):
            began = session.clock.monotonic()
            await session.messages.send(phone_number=NUMBER, **send)
            assert 1 <= session.clock.monotonic() - began <= 3
            assert_texted_once(sandbox, NUMBER)

        repeating(main)

    def test_looks_once_more_when_the_two_seconds_are_over(self, repeating):
        async def main(sandbox, session, send):
            await session.messages.send(phone_number=NUMBER, **send | {"first_tried": None})
            sandbox.script("get_message_history", Reply(200, json={"messages": []}), times=3)
            began = session.clock.monotonic()
            await session.messages.send(phone_number=NUMBER, **send)
            assert session.clock.monotonic() - began == pytest.approx(2)
            assert_texted_once(sandbox, NUMBER)

        repeating(main)

    @pytest.mark.parametrize("shown", [True, False])
    def test_that_is_refused_as_one_is_looked_for_again(self, repeating, shown):
        async def main(sandbox, session, send):
            sandbox.variants = Variants(repeat="refuse")
            await session.messages.send(phone_number=NUMBER, **send | {"first_tried": None})
            nothing = Reply(200, json={"messages": []})
            sandbox.script("get_message_history", nothing, times=4 if shown else 5)
            if shown:
                (sent,) = sandbox.teams[0].sent
                assert (await session.messages.send(phone_number=NUMBER, **send)).id == sent.message_id
            else:
                with pytest.raises(BadRequest):
                    await session.messages.send(phone_number=NUMBER, **send)
            assert_texted_once(sandbox, NUMBER)

        repeating(main)

    @pytest.mark.parametrize("cursor", ["before", "from", "follows_order"])
    @pytest.mark.parametrize("noun", ["messages", "email"])
    def test_is_found_among_many_messages_whichever_way_the_service_reads_its_cursor(self, repeating, noun, cursor):
        async def main(sandbox, session, send):
            team = sandbox.teams[0]
            sandbox.variants = Variants(repeat="none", message_cursor=cursor)

            async def others(count):
                for _ in range(count):
                    await session.clock.sleep(60)
                    team.receive(send["inbox_id"], "15105550143", "Hello?")

            chat = team.receive(send["inbox_id"], NUMBER[1:], "Where is it?")["_conversation"]
            target = {"conversation_id": chat} if noun == "messages" else {"to": ["sam@example.com"]}
            await others(150)
            send["first_tried"] = datetime.fromtimestamp(session.clock.wall(), UTC)
            for _ in range(2):
                await getattr(session, noun).send(**target, **send)
                await others(150)
            assert len(team.sent) == 1

        repeating(main)

    def test_by_a_clock_that_is_fast_looks_as_much_further_back(self):
        async def main(clock):
            sandbox = Sandbox(clock=clock, variants=Variants(repeat="none"))
            inbox = sandbox.teams[0].inboxes[0]
            fast = SkewedClock(clock, 3600)
            send = {"inbox_id": inbox["id"], "creator_id": inbox["members"][0], "local_id": "L", "text": TEXT}
            first_tried = datetime.fromtimestamp(fast.wall(), UTC)
            async with AsyncSession(sandbox.secret, transport=sandbox.in_memory(), clock=fast) as session:
                await session.messages.send(phone_number=NUMBER, **send)
                for _ in range(60):
                    await clock.sleep(120)
                    sandbox.teams[0].receive(inbox["id"], NUMBER[1:], "Hello?")
                await session.messages.send(phone_number=NUMBER, first_tried=first_tried, **send)
            assert_texted_once(sandbox, NUMBER)

        run_in_virtual_time(main)

    @pytest.mark.parametrize("hours", [1, 24 * 365])
    def test_by_a_clock_that_is_seen_to_be_fast_looks_through_all_messages(self, repeating, hours):
        async def main(sandbox, session, send):
            await session.messages.send(phone_number=NUMBER, **send | {"first_tried": None})
            await session.clock.sleep(600)
            await session.inboxes.list()  # So that the time of the service is known.
            send["first_tried"] += timedelta(hours=hours)
            await session.messages.send(phone_number=NUMBER, **send)
            assert (
                await session.messages.look_for(
                    "of-order-1001", inbox_id=send["inbox_id"], phone_number=NUMBER, since=send["first_tried"]
                )
            ).state is SendState.SENT
            assert_texted_once(sandbox, NUMBER)

        repeating(main)

    def test_of_a_reply_to_an_event_sends_nothing_either(self, repeating):
        async def main(sandbox, session, send):
            chat = sandbox.teams[0].receive(send["inbox_id"], NUMBER[1:], "Where is it?")["_conversation"]
            event = make_event(
                MessageReceived, conversation=Conversation(id=chat, inbox_id=send["inbox_id"]), date=send["first_tried"]
            )
            for _ in range(2):  # As where the handler is killed after the first, and runs again.
                await event.reply(session, creator_id=send["creator_id"], text=TEXT, first_tried=event.message.date)
            assert_texted_once(sandbox, NUMBER, text=TEXT)

        repeating(main)

    def test_of_an_e_mail_sends_nothing_either(self, repeating):
        async def main(sandbox, session, send):
            for _ in range(2):
                await session.email.send(to=["sam@example.com"], title="Hello", **send)
            assert len(sandbox.teams[0].sent) == 1

        repeating(main)

    @pytest.mark.parametrize("noun", ["messages", "email"])
    @pytest.mark.parametrize(
        ("facts", "said"),
        [
            ({"first_tried": NOON}, "first_tried goes with local_id"),
            ({"first_tried": "yesterday", "local_id": "x"}, "first_tried must be a datetime"),
            ({"first_tried": datetime(2026, 4, 12), "local_id": "x"}, "first_tried"),  # noqa: DTZ001 - the mistake
        ],
    )
    async def test_that_makes_no_sense_is_refused(self, heymarket_sandbox, heymarket, noun, facts, said):
        target = {"phone_number": NUMBER} if noun == "messages" else {"to": ["sam@example.com"]}
        with pytest.raises(ArgumentError, match=said):
            await getattr(heymarket, noun).send(inbox_id=1, creator_id=1, text=TEXT, **target, **facts)
        assert heymarket_sandbox.requests == []
