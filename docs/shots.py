"""Takes pictures in a headless Chromium, each in both themes.

python docs/shots.py

They are of the first cells of the tutorial notebook, and of the FastAPI example's page: a text, and the answer to it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from browser import chromium
from running_examples import running

IMAGES = Path(__file__).parent / "images"
THEMES = ("light", "dark")
CELLS = 7
ANSWERED = "document.querySelector('#messages li:last-child')?.className === 'theirs'"


async def notebook() -> None:
    """Run the first cells, and show them as a notebook does."""
    cells = nbformat.read(Path(__file__).parent / "tutorial.ipynb", as_version=4)
    cells.cells = cells.cells[:CELLS]
    with tempfile.TemporaryDirectory() as folder:
        await NotebookClient(cells, kernel_name="python3").async_execute()
        async with chromium() as tab:
            for theme in THEMES:
                file = Path(folder) / f"{theme}.html"
                file.write_text(HTMLExporter(template_name="lab", theme=theme).from_notebook_node(cells)[0], "utf-8")
                await tab.look(dark=theme == "dark", width=860, height=960)
                await tab.open(file.as_uri())
                await tab.until(f"location.href === '{file.as_uri()}' && document.querySelectorAll('table').length > 1")
                (IMAGES / f"notebook-{theme}.png").write_bytes(await tab.shot())


async def page() -> None:
    """Write to a customer, and wait for the answer."""
    with tempfile.TemporaryDirectory() as folder:
        async with running("fastapi_app.py", None, Path(folder)) as example, chromium() as tab:
            await example.up(0)
            await tab.look()
            await tab.open(example.url("/"))
            await tab.until("document.querySelectorAll('#messages li').length > 0")
            await tab.click("#text")
            await tab.type("Your appointment is on Tuesday at nine.")
            await tab.click("#send")
            await tab.until("document.getElementById('text').value === ''")
            await tab.until(ANSWERED)
            for theme in THEMES:
                await tab.look(dark=theme == "dark", width=900, height=560)
                (IMAGES / f"page-{theme}.png").write_bytes(await tab.shot())


async def main() -> None:
    """Take all of them."""
    await notebook()
    await page()


if __name__ == "__main__":
    asyncio.run(main())
