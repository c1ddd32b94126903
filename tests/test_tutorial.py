"""The tutorial notebook in a real Jupyter kernel: as it stands, in any order, interrupted, and without a warning."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

DOCS = Path(__file__).parents[1] / "docs"
# What Jupyter itself has to say at its start, and what is never the same: neither is about us.
OF_JUPYTER = re.compile(r"\[IPKernelApp\]|\d+\.\d\ds - ")


# Jupyter's own log tells whatever a kernel says, also what was revealed there. Nothing of ours logs in this process.
pytestmark = pytest.mark.quiet


def load_tutorial():
    spec = importlib.util.spec_from_file_location("tutorial", DOCS / "tutorial.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tutorial = load_tutorial()

# Orders answers, makes a file when the last of them is due, and then keeps the loop awake until the interrupt was
# delivered: a kernel notices one when its loop wakes, and on a busy machine it may come late.
HANGS = """
import asyncio
from pathlib import Path
from heymarket_async.sandbox import Hang, Ordinary

async def tell():
    while sandbox.scripted:
        await asyncio.sleep(0.01)
    Path("hangs").touch()
    while not Path("interrupted").exists():
        await asyncio.sleep(0.02)

sandbox.script("list_messages", *answers)
telling = asyncio.ensure_future(tell())
"""


class Kernel:
    """A kernel in which cells run one by one."""

    def __init__(self, folder):
        self.folder = folder
        self.notebook = new_notebook(cells=[])
        self.client = tutorial.client(self.notebook, folder, allow_errors=True, interrupt_on_timeout=False)

    @contextlib.asynccontextmanager
    async def running(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEYMARKET_")}
        # Of ours, whatever is warned of; an unclosed session or socket would be a ResourceWarning.
        environment["PYTHONWARNINGS"] = "always::ResourceWarning,always::RuntimeWarning,always::DeprecationWarning"
        with (self.folder / "stderr").open("w") as stderr:
            async with self.client.async_setup_kernel(env=environment, stderr=stderr):
                yield self

    async def run(self, code):
        """Run a cell and return what stands below it."""
        cell = new_code_cell(code)
        self.notebook.cells.append(cell)
        ran = await self.client.async_execute_cell(cell, len(self.notebook.cells) - 1)
        return ran.outputs

    async def interrupt_when_it_hangs(self, work):
        """Interrupt a cell once the sandbox, which lives in the kernel too, has come to the answer that hangs."""
        async with asyncio.timeout(30):
            while not (self.folder / "hangs").exists():
                assert not work.done()
                await asyncio.sleep(0.05)
        await self.client.km.interrupt_kernel()
        await work
        (self.folder / "interrupted").touch()

    def complaints(self):
        """Return what the kernel has written to stderr, in its life and at its end."""
        below = [
            output.text for cell in self.notebook.cells for output in cell.outputs if output.get("name") == "stderr"
        ]
        lines = [*(self.folder / "stderr").read_text().splitlines(), *"".join(below).splitlines()]
        return [line for line in lines if line.strip() and not OF_JUPYTER.match(line)]


def test_what_jupyter_says_at_its_start_is_no_complaint_however_slow_the_machine_is(tmp_path):
    kernel = Kernel(tmp_path)
    said = ["0.00s - Debugger warning", "12.50s - to python to disable frozen modules.", "[IPKernelApp] WARNING"]
    (tmp_path / "stderr").write_text("\n".join([*said, "ResourceWarning: unclosed"]))
    assert kernel.complaints() == ["ResourceWarning: unclosed"]


@pytest.fixture
async def kernel(tmp_path):
    kernel = Kernel(tmp_path)
    async with kernel.running():
        yield kernel
    assert kernel.complaints() == []


def code_of(*words):
    """Return the code of the cells that hold one of these words, or of all."""
    cells = [cell.source for cell in tutorial.read().cells if cell.cell_type == "code"]
    return [source for source in cells if not words or any(word in source for word in words)]


def errors(outputs):
    return [output.ename for output in outputs if output.output_type == "error"]


def text(outputs):
    return "".join(str(output.get("text", output.get("data"))) for output in outputs)


@pytest.mark.slow
@pytest.mark.pandas_3
async def test_what_stands_in_the_notebook_is_what_comes_out_of_it(tmp_path):
    notebook, fresh = tutorial.read(), tutorial.read()
    await tutorial.client(fresh, tmp_path).async_execute()
    assert tutorial.outputs(fresh) == tutorial.outputs(notebook)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in fresh.cells]
    assert not any(output.get("name") == "stderr" for cell in fresh.cells for output in cell.get("outputs", []))


@pytest.mark.slow
async def test_its_cells_run_again_and_in_any_order(kernel):
    first, *rest = code_of()
    for code in (first, *rest, *reversed(rest), first, *rest[:3]):
        outputs = await kernel.run(code)
        # What needs a name that another cell makes is run after that cell, as a person would.
        assert errors(outputs) == []


@pytest.mark.slow
async def test_an_interrupt_in_the_middle_keeps_what_was_fetched_and_the_session(kernel):
    (setup,) = code_of("sandbox = Sandbox")
    await kernel.run(setup)
    await kernel.run("messages = heymarket.messages.list(page_size=100)")
    await kernel.run(HANGS.replace("*answers", "Ordinary(), Ordinary(), Hang()"))
    work = asyncio.create_task(kernel.run("everything = await messages.collect()"))
    await kernel.interrupt_when_it_hangs(work)
    assert errors(await work) in (["CancelledError"], ["KeyboardInterrupt"])
    assert "199" in text(await kernel.run("len(messages.fetched)"))
    assert "408" in text(await kernel.run("len(await messages.collect())"))
    assert errors(await kernel.run("await heymarket.inboxes.list()")) == []


@pytest.mark.slow
async def test_a_loop_that_shows_its_progress_can_be_interrupted_too(kernel):
    (setup,) = code_of("sandbox = Sandbox")
    await kernel.run(setup)
    await kernel.run("kept = []\nmessages = heymarket.messages.list()")
    await kernel.run(HANGS.replace("*answers", "Ordinary(), Hang()"))
    work = asyncio.create_task(kernel.run("async for each in messages.progress():\n    kept.append(each)"))
    await kernel.interrupt_when_it_hangs(work)
    outputs = await work
    assert errors(outputs) in (["CancelledError"], ["KeyboardInterrupt"])
    assert "30 in" in text(outputs)
    await kernel.run("async for each in messages:\n    kept.append(each)")
    assert "408 408" in text(await kernel.run("print(len(kept), len({each.id for each in kept}))"))


@pytest.mark.slow
async def test_a_session_works_on_after_errors_and_after_a_loop_of_another_thread(kernel):
    (setup,) = code_of("sandbox = Sandbox")
    await kernel.run(setup)
    assert errors(await kernel.run("await heymarket.tags.get(4711)")) == ["NotFound"]
    assert errors(await kernel.run("await heymarket.tags.get('x')")) == ["ArgumentError"]
    assert errors(await kernel.run("await heymarket.tags.list().collect()")) == []
    program = """
from heymarket_async.sync import Session
waiting = Session(sandbox.secret, base_url=sandbox.url)
import asyncio
len(await asyncio.to_thread(waiting.inboxes.list))
"""
    assert "5" in text(await kernel.run(program))
    # A session is made anew in place of an open one, which nobody closes.
    await kernel.run("heymarket = AsyncSession(sandbox.secret, base_url=sandbox.url)\nimport gc\ngc.collect()")
    assert errors(await kernel.run("await heymarket.inboxes.list()")) == []


@pytest.mark.slow
async def test_completion_and_signatures_are_useful(kernel):
    (setup,) = code_of("sandbox = Sandbox")
    await kernel.run(setup)
    await kernel.run("inboxes = await heymarket.inboxes.list()\ninbox = inboxes[0]\npager = heymarket.messages.list()")
    for typed, offered in {
        "heymarket.conv": "conversations",
        "heymarket.messages.li": "list",
        "heymarket.messages.se": "send",
        "heymarket.contacts.v2.se": "search",
        "pager.coll": "collect",
        "inboxes.rev": "reveal",
        "inbox.pho": "phones",
    }.items():
        reply = await kernel.client.kc.complete(typed, reply=True, timeout=30)
        assert any(match.endswith(offered) for match in reply["content"]["matches"]), typed
    shown = text(await kernel.run("import inspect\nprint(inspect.signature(heymarket.messages.list))"))
    assert "limit: 'int | None' = None" in shown
