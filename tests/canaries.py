"""A pytest plugin: no secret, token, phone number, name or text may be seen in a log, a repr, a warning or an error.

Everything of that kind which goes through a test is a canary (`canary_plants`), and whatever others could see is
searched for it (`canary_watch`). A canary that is seen fails the test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Any, Final

import pytest

from canary_hooks import install, install_for_a_test
from canary_plants import Canaries
from canary_watch import Watch

# Whole runs must have seen some of each. Nothing fails in a loop or a finalizer, so those channels may be empty.
CHANNELS: Final = ("log records", "warnings", "reprs", "exceptions", "tracebacks")
KINDS: Final = ("secret", "token", "phone", "text")


class Plugin:
    """Watches the tests of one run."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.known: Counter[str] = Counter()
        self.failed: set[str] = set()
        # What is made while tests are collected is there in all of them.
        self.standing = Canaries()
        self.watch = Watch(self.standing, self.counts)
        self.patch = pytest.MonkeyPatch()
        install(self.patch, lambda: self.watch)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Begin with what stands, and end with what this test leaves behind."""
        outside = self.watch
        self.watch = Watch(Canaries(self.standing), self.counts)
        self.watch.quiet = item.get_closest_marker("quiet") is not None
        self.watch.mixed = item.get_closest_marker("mixed") is not None
        with pytest.MonkeyPatch.context() as patch:
            install_for_a_test(patch, lambda: self.watch)
            try:
                return (yield)
            finally:
                self.known.update(self.watch.canaries.known)
                self.watch = outside

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Fail the test that shows a canary, unless it has failed already."""
        result = yield
        self.judge(item)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Judge what its fixtures have shown, too, and what it has printed."""
        result = yield
        for _, _, output in item._report_sections:
            self.watch.see_output(output)
        self.judge(item)
        return result

    def judge(self, item: pytest.Item) -> None:
        """Fail what runs if a canary was seen."""
        leaks = self.watch.leaks()
        if leaks:
            self.failed.add(item.nodeid)
            pytest.fail("\n".join(["This test shows what nobody should see:", *map(str, leaks)]), pytrace=False)

    def missing(self, config: pytest.Config) -> list[str]:
        """Return what a run of all tests has seen nothing of, though it should have."""
        option = config.option
        chosen = option.keyword or option.markexpr or option.collectonly or getattr(option, "lf", False)
        if chosen or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
            return []
        return [name for name in CHANNELS if not self.counts[name]] + [kind for kind in KINDS if not self.known[kind]]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run of all tests that has searched nothing."""
        if self.missing(session.config) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Say how much was searched, and for how many canaries."""
        for kind, number in self.standing.known.items():
            self.known[kind] += number
        searched = ", ".join(f"{number} {name}" for name, number in sorted(self.counts.items()))
        kinds = ", ".join(f"{self.known[kind]} {kind}s" for kind in KINDS)
        terminalreporter.write_line(
            f"canaries: {kinds}; searched: {searched or 'nothing'}; seen in {len(self.failed)} tests"
        )
        for name in self.missing(config):
            terminalreporter.write_line(f"canaries: a run of all tests has had no {name}", red=True)

    def pytest_unconfigure(self) -> None:
        """Put everything back."""
        self.patch.undo()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch."""
    config.addinivalue_line("markers", "quiet: runs without anybody listening to logs, as most programs do")
    config.addinivalue_line(
        "markers", "mixed: puts the same random text into fields of all kinds, also of such that are shown"
    )
    config.pluginmanager.register(Plugin(), "canaries-of-this-run")
