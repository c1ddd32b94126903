"""All Python in the pages of docs/ runs; what prints something prints what stands below it."""

from __future__ import annotations

import pytest

from docs_blocks import DOCS, Block, blocks_of, run_python

PAGES = {page.stem: page.read_text("utf-8") for page in sorted(DOCS.glob("*.md"))}
BLOCKS = {
    f"{name}-{number}": block
    for name, page in PAGES.items()
    # The files of the tutorial belong together (test_docs_tutorial.py), mistakes are made in test_mistakes.py, and the
    # page on web apps shows parts of examples/ (test_webapps_page.py), which run in test_webapps.py, and files of its
    # own, which run in test_webapps_servers.py.
    if name not in ("tutorial", "mistakes", "webapps")
    for number, block in enumerate((block for block in blocks_of(page) if block.language == "python"), 1)
}
NOT_RUN = {name: block.reason_not_to_run for name, block in BLOCKS.items() if block.reason_not_to_run}
PANDAS_3 = {"tables-1"}
RUN = {name: block for name, block in BLOCKS.items() if name not in NOT_RUN}


def test_there_are_examples():
    assert {"sending-1", "sending-2", "observability-1", "watching-3", "sandbox-1", "testing-4", "webhooks-1"} <= set(
        RUN
    )


def test_few_of_them_are_not_run_and_each_says_why():
    assert len(NOT_RUN) <= 1
    assert all(len(reason.split()) >= 3 for reason in NOT_RUN.values())


@pytest.mark.parametrize(
    "block",
    [pytest.param(block, id=name, marks=[pytest.mark.pandas_3] * (name in PANDAS_3)) for name, block in RUN.items()],
)
def test_an_example_prints_what_the_page_says(block: Block, tmp_path):
    if "\nasync def test_" in block.code or "\ndef test_" in block.code:  # an example of a test
        (tmp_path / "test_it.py").write_text(block.code, "utf-8")
        options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
        options += ["-o", "asyncio_default_fixture_loop_scope=function"]
        assert " passed in " in run_python("-m", "pytest", *options, "test_it.py", folder=tmp_path)
    else:
        assert run_python("-c", block.code, folder=tmp_path) == block.shown
