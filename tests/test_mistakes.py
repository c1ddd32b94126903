"""Whoever makes a mistake is told what to do, and docs/mistakes.md shows it."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from heymarket_async import ApiSecret, ArgumentError, AsyncSession, Fleet
from heymarket_async.sandbox import Sandbox
from mistakes import MISTAKES, Mistake, told

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "mistakes.md").read_text("utf-8")
OURS = [mistake for mistake in MISTAKES if not mistake.plain]
SECRET = ApiSecret("id", "key")

# The mistakes are made in programs of their own and with warnings of their own: what is left over is seen there.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


def shown(mistake: Mistake) -> str:
    """Return what the page shows as having been said."""
    section = PAGE.partition(f"### {mistake.title}\n")[2].partition("\n### ")[0]
    return section.partition("```text\n")[2].partition("\n```")[0]


@pytest.mark.parametrize("mistake", OURS, ids=lambda mistake: mistake.title)
def test_what_is_said_stands_on_the_page(mistake):
    assert told(mistake) == shown(mistake)


@pytest.mark.parametrize("mistake", [mistake for mistake in MISTAKES if mistake.plain], ids=lambda each: each.title)
def test_what_python_says_is_said(mistake):
    # Of a list in place of a coroutine, asyncio says with another class from version to version.
    assert told(mistake).partition(":")[0] in {shown(mistake).partition(":")[0], "TypeError"}


# A watch goes on for ever.
@pytest.mark.parametrize(
    "mistake",
    [each for each in MISTAKES if each.instead and "watch(" not in each.instead],
    ids=lambda mistake: mistake.title,
)
def test_what_to_write_instead_is_no_mistake(mistake):
    with pytest.raises(AssertionError, match="Nobody says anything"):
        told(Mistake(mistake.title, mistake.instead, without_loop=mistake.without_loop))


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the page shows what Python 3.11 says")
def test_the_page_is_what_its_program_writes():
    program = [sys.executable, DOCS / "mistakes.py"]
    made = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert made == PAGE, "python docs/mistakes.py > docs/mistakes.md"


class TestWhatIsOnlyForAsync:
    @pytest.mark.parametrize("use", [iter, list, len, lambda pager: pager[0], lambda pager: 3 in pager])
    def test_a_pager_is_no_list(self, use):
        pager = AsyncSession(SECRET).templates.list()
        with pytest.raises(TypeError):
            use(pager)

    def test_a_pager_stands_for_itself_where_only_its_truth_is_asked(self):
        assert AsyncSession(SECRET).templates.list()

    async def test_several_pagers_are_not_gathered(self):
        pager = AsyncSession(SECRET).templates.list()
        with pytest.raises(TypeError, match=r"await pager\.collect\(\)"):
            await asyncio.gather(pager)

    @pytest.mark.parametrize("make", [lambda: AsyncSession(SECRET), lambda: Fleet({}), Sandbox])
    @pytest.mark.parametrize("use", [pickle.dumps, copy.copy, copy.deepcopy])
    def test_what_lives_in_one_process_is_not_copied(self, make, use):
        made = make()
        with pytest.raises(TypeError, match=f"{type(made).__name__} cannot be copied .*: make one in each process"):
            use(made)

    @pytest.mark.parametrize("make", [lambda: AsyncSession(SECRET), lambda: Fleet({}), Sandbox])
    def test_a_plain_with_is_told_what_it_lacks(self, make):
        made = make()
        with pytest.raises(TypeError, match="needs `async with`"):
            with made:
                pass

    def test_what_a_function_of_each_team_returns_is_looked_at(self):
        async def main():
            async with Sandbox() as sandbox:
                async with Fleet({"acme": sandbox.secret}, transport=sandbox.in_memory()) as fleet:
                    return [result.error async for result in fleet.each(lambda team: team.templates.list())]

        [error] = asyncio.run(main())
        assert "await pager.collect()" in str(error)


FORKED = """
import asyncio
import multiprocessing

from heymarket_async import AsyncSession, WrongEventLoop
from heymarket_async.sandbox import Sandbox


def child(heymarket):
    try:
        asyncio.run(heymarket.inboxes.list())
    except WrongEventLoop:
        print("the child is told", flush=True)


async def main():
    async with Sandbox() as sandbox, AsyncSession(sandbox.secret, base_url=sandbox.url) as heymarket:
        await heymarket.inboxes.list()
        process = multiprocessing.get_context("fork").Process(target=child, args=(heymarket,))
        process.start()
        await asyncio.to_thread(process.join)
        print(len(await heymarket.inboxes.list()), "inboxes in the parent,", len(sandbox.requests), "requests")


asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_session_that_is_open_is_not_used_by_a_process_that_was_forked():
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "the child is told\n5 inboxes in the parent, 2 requests\n"


class TestWhatWasMeant:
    async def test_an_argument_that_was_not_awaited(self, heymarket_session):
        coroutine = heymarket_session.messages.count()
        with pytest.raises(ArgumentError, match="must be an int, not coroutine: await it first"):
            await heymarket_session.tags.get(coroutine)
        coroutine.close()

    @pytest.mark.parametrize(("value", "hint"), [("42", ": write the number without quotes"), ("4 2", ""), (4.0, "")])
    async def test_a_number_in_quotes(self, heymarket_session, value, hint):
        with pytest.raises(ArgumentError) as caught:
            await heymarket_session.tags.get(value)
        assert str(caught.value) == f"tag_id must be an int, not {type(value).__name__}{hint}."

    async def test_a_thing_in_place_of_its_id(self, heymarket_session):
        inbox = (await heymarket_session.inboxes.list())[0]
        with pytest.raises(ArgumentError, match="must be an int, not Inbox: pass its id"):
            await heymarket_session.tags.get(inbox)
