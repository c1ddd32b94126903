"""Whoever follows docs/tutorial.md from its first line to its last gets what the page says."""

from __future__ import annotations

import re

from docs_blocks import DOCS, blocks_of, run_python

STEPS = blocks_of((DOCS / "tutorial.md").read_text("utf-8"))
FILE = re.compile(r"[Ss]ave this as `([\w.]+)`")


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d\ds", "0.00s", text)


def test_each_step_gives_what_the_page_shows(tmp_path):
    saved, shown = [], []
    for step in STEPS:
        name = FILE.search(step.above)
        if name is not None:
            (tmp_path / name[1]).write_text(step.code, "utf-8")
            saved.append(name[1])
        elif step.language == "sh" and not step.reason_not_to_run:
            program, *arguments = step.code.split()
            assert program == "python"
            printed = run_python(*arguments, folder=tmp_path)
            assert without_times(printed) == without_times(step.shown)
            shown.append(step.shown)
    assert saved == ["hello.py", "texts.py", "app.py", "test_app.py", "pytest.ini", "answers.py"]
    assert shown == [step.code for step in STEPS if step.language == "text"]
    # There is nothing on the page of which a reader is not told what to do with it.
    assert len(saved) + 2 * len(shown) + 1 == len(STEPS)
