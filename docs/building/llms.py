"""Writes `llms.txt`: every page with its address and what it is about, for programs that read. https://llmstxt.org"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from heymarket_async._version import SITE

HEAD = """# heymarket_async

> An asyncio-first Python client for the Heymarket REST API (business texting). Sends go out once, or the error says
> that nobody knows, and `await error.resolve()` looks; lists give every item once; secrets stay out of logs.

Install it with pip on Python 3.11 or newer. Make one `AsyncSession` for the life of the program. Every example in these
pages runs against `heymarket_async.sandbox`, a local imitation of the service: use it in tests. Never repeat a send
after an `Unsettled` error without `resolve()`.
"""


def summary(env: BuildEnvironment, name: str) -> str:
    """Return the first sentence of a page."""
    paragraph = next(iter(env.get_doctree(name).findall(nodes.paragraph)), None)
    text = " ".join(paragraph.astext().split()) if paragraph is not None else ""
    return text.partition(". ")[0].rstrip(".:")


def pages_below(env: BuildEnvironment, name: str) -> Iterator[str]:
    """Yield a page and those that its tables of contents lead to."""
    yield name
    for below in env.toctree_includes.get(name, ()):
        yield from pages_below(env, below)


def sections(env: BuildEnvironment) -> Iterator[tuple[str, list[str]]]:
    """Yield the captions of the first page, with the pages under each."""
    for toctree in env.get_doctree("index").findall(addnodes.toctree):
        yield toctree["caption"], [page for _, name in toctree["entries"] for page in pages_below(env, name)]


def line(env: BuildEnvironment, name: str) -> str:
    """Return the line for a page."""
    said = summary(env, name)
    return f"- [{env.titles[name].astext()}]({SITE}/{name}.html)" + (f": {said}." if said else "") + "\n"


def write(app: Sphinx, failure: Exception | None) -> None:
    """Write the file beside the pages."""
    if failure is not None or app.builder.name != "html":
        return
    env = app.env
    text = HEAD + "".join(
        f"\n## {caption}\n\n" + "".join(line(env, name) for name in names) for caption, names in sections(env)
    )
    (Path(app.outdir) / "llms.txt").write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
