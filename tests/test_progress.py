"""How far a long iteration is: what is counted, what is shown, and where."""

from __future__ import annotations

import gc
import io
import subprocess
import sys
import types

import pytest

from heymarket_async import ArgumentError
from heymarket_async.html import progress_bar
from heymarket_async.limits import BudgetState
from heymarket_async.progress import Meter, Notebook, Nowhere, Progress, Standing, Terminal, default_surface


class Screen:
    """Keeps what was shown."""

    def __init__(self):
        self.shown, self.closed = [], 0

    def show(self, standing):
        self.shown.append(str(standing))

    def close(self):
        self.closed += 1


class Cell:
    """Keeps what stands below the cell of a notebook."""

    def __init__(self):
        self.shown, self.made = [], 0

    def display(self, page, *, display_id):
        assert display_id
        self.made += 1
        self.update(page)
        return self

    def update(self, page):
        self.shown.append(page)


class Watch:
    """A clock that moves a little with each item."""

    def __init__(self, step=0.0):
        self.time, self.step = 100.0, step

    def __call__(self):
        return self.time


def state(**changes):
    return BudgetState(
        **{"limit": 500, "left": 380, "in_flight": 0, "waiting": 0, "next_in": 0, "paused_for": 0} | changes
    )


async def numbers(count, watch=None, error=None):
    for number in range(count):
        if watch is not None:
            watch.time += watch.step
        yield number
    if error is not None:
        raise error


class TestWhatIsShown:
    def test_is_the_count_the_time_the_rate_and_what_is_left_of_the_rate_limit(self):
        standing = Standing(done=12_000, total=50_000, seconds=6.0, budget=state(), ended=False)
        assert str(standing) == "12,000 of 50,000 in 6 s, 2,000/s, 380 of 500 requests a minute left"

    def test_leaves_out_what_nobody_knows(self):
        standing = Standing(done=3, total=None, seconds=0.0, budget=state(limit=None, left=None), ended=False)
        assert str(standing) == "3 in 0 s"

    def test_says_that_the_service_has_asked_for_a_pause(self):
        standing = Standing(done=3, total=None, seconds=2.0, budget=state(left=0, paused_for=12.4), ended=False)
        assert str(standing).endswith("0 of 500 requests a minute left, paused for 12 s")

    @pytest.mark.parametrize(
        ("done", "total", "ended", "bar"),
        [
            (5, 10, False, '<progress value="5" max="10"></progress> &lt;b&gt;'),
            (12, 10, False, '<progress value="12" max="12"></progress> &lt;b&gt;'),
            (5, None, False, "<progress></progress> &lt;b&gt;"),
            (5, None, True, '<progress value="1" max="1"></progress> &lt;b&gt;'),
        ],
    )
    def test_is_a_bar_in_a_notebook_which_only_moves_where_the_total_is_not_known(self, done, total, ended, bar):
        assert progress_bar("<b>", done, total, ended=ended) == bar


class TestAMeter:
    async def test_shows_at_most_ten_standings_a_second_and_the_last_one(self):
        screen, watch = Screen(), Watch(step=0.01)
        meter = Meter(surface=screen, now=watch)
        assert [item async for item in Progress(numbers(100, watch), meter)] == [*range(100)]
        assert 8 <= len(screen.shown) <= 12
        assert screen.shown[-1] == "100 in 1 s, 100/s"
        assert screen.closed == 1

    async def test_ends_with_how_far_it_came_when_the_iteration_fails(self):
        screen = Screen()
        with pytest.raises(ZeroDivisionError):
            _ = [item async for item in Progress(numbers(3, error=ZeroDivisionError()), Meter(surface=screen))]
        assert screen.shown[-1].startswith("3 in")
        assert screen.closed == 1

    async def test_ends_when_its_iteration_is_left_and_forgotten(self):
        screen, items = Screen(), numbers(10)
        async for _ in Progress(items, Meter(surface=screen)):
            break
        gc.collect()
        assert screen.closed == 1
        await items.aclose()

    def test_shows_something_at_once_in_a_block(self):
        screen = Screen()
        with Meter(surface=screen, total=7) as meter:
            assert screen.shown == ["0 of 7 in 0 s"]
            meter.add(7)
        assert screen.shown[-1].startswith("7 of 7")
        assert screen.closed == 1


class TestWhereItIsShown:
    def test_is_nowhere_in_a_pipe(self, capfd):
        with Meter(surface=Nowhere()) as meter:
            meter.add()
        assert isinstance(default_surface(), Nowhere)
        assert capfd.readouterr() == ("", "")

    def test_is_the_terminal_where_there_is_one(self, monkeypatch):
        terminal = io.StringIO()
        terminal.isatty = lambda: True
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "100")
        surface = default_surface()
        assert isinstance(surface, Terminal)
        with Meter(surface=surface, total=4) as meter:
            meter.add(4)
        assert "4 of 4 in 0 s" in terminal.getvalue()

    def test_is_under_the_cell_where_a_notebook_runs_this(self, monkeypatch):
        cell = Cell()
        shell = types.SimpleNamespace(kernel=object())
        monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
        monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(HTML=str, display=cell.display))
        surface = default_surface()
        assert isinstance(surface, Notebook)
        with Meter(surface=surface, total=4) as meter:
            meter.add(4)
        assert cell.made == 1
        assert cell.shown == [
            '<progress value="0" max="4"></progress> 0 of 4 in 0 s',
            cell.shown[-1],
        ]
        assert cell.shown[-1].startswith('<progress value="4" max="4"></progress> 4 of 4 in 0 s')

    def test_is_an_error_that_names_the_extra_where_a_terminal_lacks_it(self):
        program = """
import sys
sys.modules["rich"] = None
from heymarket_async import ConfigurationError
from heymarket_async.progress import Terminal
try:
    Terminal()
except ConfigurationError as error:
    print(error, error.__context__ is None or error.__suppress_context__)
"""
        shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        assert shown == "A progress bar in a terminal needs the package rich. Install heymarket-async[cli]. True\n"


class TestThePagerOfAList:
    async def test_hands_out_its_items_and_tells_the_rate_budget_of_its_session(self, sandboxed, monkeypatch):
        screen = Screen()
        monkeypatch.setattr("heymarket_async.progress.default_surface", lambda: screen)
        wanted = await sandboxed.messages.list().collect()
        assert [item async for item in sandboxed.messages.list().progress(total=len(wanted))] == [*wanted]
        assert f"{len(wanted)} of {len(wanted)} in 0 s" in screen.shown[-1]
        assert "of 500 requests a minute left" in screen.shown[-1]

    async def test_refuses_a_total_that_makes_no_sense(self, sandboxed):
        with pytest.raises(ArgumentError, match="total"):
            sandboxed.messages.list().progress(total=-1)

    async def test_of_one_conversation_tells_the_rate_budget_too(self, sandboxed, heymarket_sandbox, monkeypatch):
        screen = Screen()
        monkeypatch.setattr("heymarket_async.progress.default_surface", lambda: screen)
        inbox = heymarket_sandbox.teams[0].inboxes[0]["id"]
        history = sandboxed.messages.history(phone_number="+1 510 555 0101", inbox_id=inbox)
        async for _ in history.progress():
            pass
        assert "requests a minute left" in screen.shown[-1]
