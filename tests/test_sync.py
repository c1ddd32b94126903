"""The session of those who cannot await: the same methods, and an end in good order."""

from __future__ import annotations

import asyncio
import gc
import inspect
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import warnings

import pytest

from heymarket_async import (
    ApiSecret,
    ArgumentError,
    AsyncSession,
    MissingCredentials,
    NotFound,
    SendState,
    SendUnknown,
    SessionClosed,
    SessionError,
    Unsettled,
    resources,
)
from heymarket_async.resources.base import Resource
from heymarket_async.sandbox import Hang, Ordinary, Reset, Sandbox
from heymarket_async.sync import Session, nouns
from heymarket_async.sync.facade import Method, Noun


class Served:
    """A sandbox in a thread of its own, as another machine would be."""

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.sandbox = self.do(Sandbox(history=60, rate_limit=None).__aenter__())
        return self

    def __exit__(self, *_):
        self.do(self.sandbox.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def until(self, condition):
        async def wait():
            async with asyncio.timeout(30):
                while not condition():
                    await asyncio.sleep(0.001)

        self.do(wait())

    def session(self, **settings):
        return Session(self.sandbox.secret, base_url=self.sandbox.url, **settings)


@pytest.fixture
def served():
    with Served() as served:
        yield served


@pytest.fixture
def heymarket(served):
    with served.session() as session:
        yield session


def ours():
    """Return the threads of sessions that are alive."""
    return [thread for thread in threading.enumerate() if thread.name == "heymarket"]


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


class TestTheMethods:
    @pytest.mark.parametrize("name", [name for name in resources.__all__ if name != "NewStatus"])
    def test_are_all_there(self, name):
        noun = getattr(resources, name)
        assert issubclass(noun, Resource)
        assert public(getattr(nouns, name)) == public(noun)

    def test_belong_to_all_nouns_of_a_session(self):
        session = Session(ApiSecret("id", "key"))
        found = {name for name, value in vars(session).items() if isinstance(value, Noun)}
        assert found == {name for name in public(AsyncSession) if name in public(resources.nouns.Nouns)} - public(
            resources.runner.Runner
        )

    @pytest.mark.parametrize("name", [name for name in resources.__all__ if name != "NewStatus"])
    def test_have_the_arguments_and_the_docstrings_of_those_that_are_awaited(self, name):
        for each in public(getattr(nouns, name)):
            member = inspect.getattr_static(getattr(nouns, name), each)
            awaited = inspect.unwrap(getattr(getattr(resources, name), each)) if isinstance(member, Method) else None
            if awaited is None:
                continue
            bound = getattr(getattr(nouns, name)(None, None), each)
            assert inspect.signature(bound) == inspect.signature(awaited.__get__(object()))
            assert bound.__doc__ == awaited.__doc__
            assert bound.__name__ == each

    def test_return_what_those_return(self, heymarket, served):
        assert [inbox.id for inbox in heymarket.inboxes.list()] == [
            each["id"] for each in served.sandbox.teams[0].inboxes
        ]
        assert heymarket.messages.count() == len(served.sandbox.teams[0].messages)
        assert heymarket.team.get().id == served.sandbox.teams[0].id
        assert len(list(heymarket.contacts.v2.list())) == len(served.sandbox.teams[0].contacts)
        assert heymarket.request("GET", "/v1/team")["id"] == served.sandbox.teams[0].id

    def test_raise_what_those_raise(self, heymarket, served):
        with pytest.raises(NotFound):
            heymarket.tags.get(4711)
        before = len(served.sandbox.requests)
        with pytest.raises(ArgumentError):
            heymarket.tags.get("4711")
        assert len(served.sandbox.requests) == before

    def test_that_are_deprecated_warn_in_the_line_of_the_caller(self, heymarket):
        with pytest.warns(DeprecationWarning, match="gives up version 1 of lists") as caught:
            heymarket.lists.v1.list().collect()
        assert [warning.filename for warning in caught] == [__file__]

    def test_take_nothing_but_what_those_take(self, heymarket):
        with pytest.raises(TypeError):
            heymarket.messages.list(lmit=1)


class TestLists:
    def test_are_iterated_item_by_item_and_page_by_page(self, heymarket):
        wanted = heymarket.messages.list().collect()
        assert list(heymarket.messages.list(page_size=7)) == [*wanted]
        assert [item for page in heymarket.messages.list(page_size=7).pages() for item in page] == [*wanted]
        assert list(heymarket.messages.list().progress(total=len(wanted))) == [*wanted]
        assert heymarket.messages.list().to_frame()["id"].to_list() == [message.id for message in wanted]

    def test_go_on_after_a_loop_that_was_left(self, heymarket):
        pages = heymarket.messages.list(page_size=7)
        first = next(iter(pages))
        assert len(pages.fetched) == 6
        rest = pages.page()
        assert [first, *rest, *pages] == [*heymarket.messages.list().collect()]
        assert pages.done
        assert repr(pages) == "<Pages list_messages, at its end>"

    def test_go_on_from_a_cursor(self, heymarket):
        pages = heymarket.messages.list(page_size=7)
        first = pages.collect(10)
        rest = heymarket.messages.list(cursor=pages.cursor).collect()
        assert [*first, *rest] == [*heymarket.messages.list().collect()]


class TestASession:
    def test_works_where_an_event_loop_runs_already(self, served):
        async def main():
            with served.session() as heymarket:
                return heymarket.messages.count()

        assert asyncio.run(main()) == len(served.sandbox.teams[0].messages)

    def test_can_be_used_by_several_threads(self, heymarket):
        counts = []
        threads = [threading.Thread(target=lambda: counts.append(heymarket.messages.count())) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(counts) == 20
        assert len(set(counts)) == 1

    def test_waits_for_anything_that_is_awaited(self, heymarket, served):
        served.sandbox.script("send_message", Reset(effect=True))
        inbox = heymarket.inboxes.list()[0]
        with pytest.raises(SendUnknown) as caught:
            heymarket.messages.send(
                inbox_id=inbox.id, creator_id=inbox.members[0], phone_number="+1 510 555 0101", text="Hello"
            )
        assert isinstance(caught.value, Unsettled)
        assert heymarket.wait(caught.value.resolve()).state is SendState.SENT

    def test_watches(self, served):
        with served.session() as heymarket:
            team = served.sandbox.teams[0]
            changes = heymarket.watch("messages", every=1)
            found = []
            reader = threading.Thread(target=lambda: found.append(next(changes)))
            reader.start()
            served.until(lambda: any(request.operation == "list_messages" for request in served.sandbox.requests))
            served.loop.call_soon_threadsafe(team.receive, team.inboxes[0]["id"], "14155550199", "Good morning")
            reader.join(30)
            assert found[0].after.target == "14155550199"
            changes.close()

    def test_captures_replies(self, heymarket):
        with heymarket.capture() as replies:
            heymarket.inboxes.list()
        assert [reply.operation for reply in replies] == ["list_inboxes"]

    def test_has_copies_for_other_options_and_other_teams(self, heymarket, served):
        other = heymarket.as_account(served.sandbox.teams[1].secret, name="other")
        assert other.team.get().id == served.sandbox.teams[1].id
        patient = heymarket.with_options(timeout=99)
        assert patient.messages.count() == heymarket.messages.count()
        patient.close()
        other.close()
        assert (other.closed, heymarket.closed) == (True, False)
        assert heymarket.last_reply.status == 200
        assert heymarket.budget.limit == 500
        assert heymarket.drift is not None
        assert len(ours()) == 1

    def test_comes_from_the_environment(self, served, monkeypatch):
        with pytest.raises(MissingCredentials):
            Session.from_env({})
        secret = served.sandbox.secret
        environ = {"HEYMARKET_API_SECRET_ID": secret.id, "HEYMARKET_API_SECRET_KEY": secret.key}
        with Session.from_env(environ, base_url=served.sandbox.url) as heymarket:
            assert heymarket.messages.count() > 0
            assert repr(heymarket).startswith("<Session http://127.0.0.1:")

    def test_makes_no_thread_before_its_first_call(self):
        session = Session(ApiSecret("id", "key"))
        assert ours() == []
        session.close()


class TestItsEnd:
    def test_ends_its_thread_and_closing_twice_does_no_harm(self, served):
        heymarket = served.session()
        heymarket.inboxes.list()
        assert len(ours()) == 1
        heymarket.close()
        heymarket.close()
        assert ours() == []
        with pytest.raises(SessionClosed):
            heymarket.inboxes.list()

    def test_ends_calls_of_other_threads(self, served):
        heymarket, errors = served.session(), []

        def call():
            try:
                heymarket.inboxes.list()
            except SessionClosed as error:
                errors.append(error)

        served.sandbox.script("list_inboxes", Hang())
        caller = threading.Thread(target=call)
        caller.start()
        served.until(lambda: not served.sandbox.scripted)
        heymarket.close()
        caller.join(30)
        assert len(errors) == 1

    def test_comes_by_itself_where_a_session_is_forgotten(self, served):
        heymarket = served.session()
        heymarket.inboxes.list()
        (thread,) = ours()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del heymarket
            gc.collect()
            thread.join(30)
        assert ours() == []

    @pytest.mark.parametrize(
        "use",
        [
            lambda session: session().inboxes.list(),
            lambda session: session().with_options(timeout=5.0).inboxes.list(),
            lambda session: session().contacts.v2.list().page(),
            lambda session: list(session().messages.list(limit=2)),
        ],
    )
    def test_does_not_come_while_a_part_of_it_is_kept(self, served, use):
        assert use(served.session)
        gc.collect()
        for thread in ours():
            thread.join(30)
        assert ours() == [], "and then it comes"

    def test_is_quiet_where_a_program_ends_with_an_open_session(self, served):
        secret = served.sandbox.secret
        program = f"""
from heymarket_async import ApiSecret
from heymarket_async.sync import Session
heymarket = Session(ApiSecret({secret.id!r}, {secret.key!r}), base_url={served.sandbox.url!r})
print(len(heymarket.inboxes.list()))
"""
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "-c", program], capture_output=True, text=True, timeout=30
        )
        assert (done.returncode, done.stdout.strip().isdigit()) == (0, True)
        assert "Error" not in done.stderr
        assert "Warning" not in done.stderr


class TestAnInterrupt:
    def test_ends_a_call_and_leaves_the_session_usable(self, heymarket, served):
        served.sandbox.script("list_inboxes", Hang())

        def interrupt():
            served.until(lambda: not served.sandbox.scripted)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                heymarket.inboxes.list()
        finally:
            signal.signal(signal.SIGINT, before)
        assert heymarket.budget.in_flight == 0
        assert len(heymarket.inboxes.list()) > 0

    def test_keeps_what_was_fetched(self, heymarket, served):
        pages = heymarket.messages.list(page_size=10)
        served.sandbox.script("list_messages", Ordinary(), Hang())

        def interrupt():
            served.until(lambda: not served.sandbox.scripted)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                pages.collect()
        finally:
            signal.signal(signal.SIGINT, before)
        assert len(pages.fetched) == 10
        assert pages.collect() == heymarket.messages.list().collect()


class TestWhatCannotBe:
    def test_is_a_call_from_its_own_thread(self, served):
        errors = []

        def listen(_):
            try:
                heymarket.messages.count()
            except SessionError as error:
                errors.append(error)

        heymarket = served.session(listeners=[listen])
        heymarket.inboxes.list()
        heymarket.close()
        assert "its own thread" in str(errors[0])

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    def test_is_not_a_session_whose_first_use_is_after_a_fork(self, served):
        heymarket = served.session()
        said = multiprocessing.get_context("fork").SimpleQueue()

        def child():
            said.put(len(heymarket.inboxes.list()))
            heymarket.close()

        for _ in range(2):  # As the workers of Celery, or of a server that loads the app before it forks.
            process = multiprocessing.get_context("fork").Process(target=child)
            process.start()
            process.join(30)
            assert process.exitcode == 0
            assert said.get() > 0
        assert len(heymarket.inboxes.list()) > 0
        heymarket.close()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    def test_is_a_call_after_a_fork(self, served):
        heymarket = served.session()
        heymarket.inboxes.list()
        said = multiprocessing.get_context("fork").SimpleQueue()

        def child():
            try:
                heymarket.inboxes.list()
            except SessionError as error:
                said.put(str(error))
            heymarket.close()

        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(30)
        assert process.exitcode == 0
        assert "another process" in said.get()
        assert len(heymarket.inboxes.list()) > 0
        heymarket.close()
