"""The examples in docstrings run."""

from __future__ import annotations

import ast
import asyncio
import re
import textwrap
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

import heymarket_async
from heymarket_async import Fleet, Receiver, sandbox
from heymarket_async.clock import SYSTEM_CLOCK
from heymarket_async.deadlines import Deadlines
from heymarket_async.mailing import Mailing, plan_mailing, read_sheet
from heymarket_async.sync import Session
from heymarket_async.testing import faults
from heymarket_async.webhooks import reconcile

PACKAGE = Path(heymarket_async.__file__).parent
# Paragraphs that are indented, as code is.
INDENTED = re.compile(r"(?:^|\n\n)((?: {4}[^\n]*(?:\n|$)|\n(?= {4}))+)")
HOOK = "http://127.0.0.1:8000/heymarket"


def is_code(text):
    """Tell whether a paragraph is Python that does something; what is listed under `Args:` is none, or only names."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return False
    return any(not isinstance(node, ast.AnnAssign) for node in body)


def examples():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found = INDENTED.findall(ast.get_docstring(node) or "")
                code = "\n".join(text for each in found if is_code(text := textwrap.dedent(each)))
                if code:
                    yield f"{path.relative_to(PACKAGE).with_suffix('')}: {getattr(node, 'name', 'module')}", code


EXAMPLES = dict(examples())
TESTS = {name: code for name, code in EXAMPLES.items() if "def test_" in code}
SYNC = {name: code for name, code in EXAMPLES.items() if name.startswith("sync")}
ENDLESS = {name: code for name, code in EXAMPLES.items() if ".watch" in code}
OTHERS = {name: code for name, code in EXAMPLES.items() if name not in {*TESTS, *SYNC, *ENDLESS}}


@pytest.fixture
async def names(heymarket_sandbox, heymarket_session, tmp_path, monkeypatch):
    """What the examples take for granted."""
    monkeypatch.chdir(tmp_path)
    team = heymarket_sandbox.teams[0]
    team.members += [{"id": number, "name": "Sam"} for number in (1, 2, 7)]
    team.inboxes.append({"id": 42, "name": "New", "members": [7]})
    own = {name: getattr(sandbox, name) for name in sandbox.__all__}
    public = {name: getattr(heymarket_async, name) for name in heymarket_async.__all__}
    async with Fleet({"acme": heymarket_sandbox.secret}, base_url=heymarket_sandbox.url) as fleet:
        yield {
            **own,
            **public,
            "Mailing": Mailing,
            "asyncio": asyncio,
            "deadlines": Deadlines(SYSTEM_CLOCK),
            "faults": faults,
            "fleet": fleet,
            "heymarket": heymarket_session,
            "inbox_id": 42,
            "plan": plan_mailing(read_sheet(b"phone\n+1 (910) 555-0101\n"), "We open at 9."),
            "receiver": Receiver("the verification token"),
            "reconcile": reconcile,
            "sandbox": heymarket_sandbox,
            "session": heymarket_session,
            "something": partial(asyncio.sleep, 0),
            "team": team,
        }


async def run(code, names):
    space = dict(names)
    lines = f"async def example({', '.join(names)}):\n{textwrap.indent(code, '    ')}"
    exec(compile(lines, "docstring", "exec"), space)
    await space["example"](**names)


def each(examples):
    return pytest.mark.parametrize("code", examples.values(), ids=examples)


def test_there_are_some():
    assert [len(kind) for kind in (TESTS, SYNC, ENDLESS)] == [1, 2, 5]
    assert len(OTHERS) >= 9


@each(OTHERS)
async def test_an_example_runs(names, code):
    async def receive(_):
        return web.Response()

    app = web.Application()
    app.router.add_post("/heymarket", receive)
    async with TestServer(app) as server:
        await run(code.replace(HOOK, str(server.make_url("/heymarket"))), names)


@each(ENDLESS)
async def test_what_goes_on_for_ever_goes_on(names, code):
    seen = names["sandbox"].requests
    going = asyncio.create_task(run(code, names))
    async with asyncio.timeout(30):
        while not going.done() and not any(request.operation == "list_messages" for request in seen):
            await asyncio.sleep(0.01)
    assert not going.done()
    going.cancel()
    with suppress(asyncio.CancelledError):
        await going


@each(SYNC)
async def test_an_example_without_await_runs(names, code):
    here = names["sandbox"]

    def script():
        with Session(here.secret, base_url=here.url) as heymarket:
            exec(code, names | {"Session": lambda _: Session(here.secret, base_url=here.url), "heymarket": heymarket})

    await asyncio.to_thread(script)
    assert {request.operation for request in here.requests} == {"list_conversations"}


@each(TESTS)
async def test_an_example_of_a_test_passes(heymarket_sandbox, heymarket_session, code):
    space = {}
    exec(code, space)
    await space["test_it"](heymarket_sandbox, heymarket_session)
    assert [request.operation for request in heymarket_sandbox.requests] == ["list_inboxes"]
