"""Takes the pictures of the FastAPI example's page, in a headless Chromium: a text, and the answer to it.

python docs/shots.py
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser import chromium
from running_examples import running

IMAGES = Path(__file__).parent / "images"
ANSWERED = "document.querySelector('#messages li:last-child')?.className === 'theirs'"


async def main() -> None:
    """Write to a customer, wait for the answer, and take both themes."""
    with tempfile.TemporaryDirectory() as folder:
        async with running("fastapi_app.py", None, Path(folder)) as example, chromium() as page:
            await example.up(0)
            await page.look()
            await page.open(example.url("/"))
            await page.until("document.querySelectorAll('#messages li').length > 0")
            await page.click("#text")
            await page.type("Your appointment is on Tuesday at nine.")
            await page.click("#send")
            await page.until("document.getElementById('text').value === ''")
            await page.until(ANSWERED)
            for theme in ("light", "dark"):
                await page.look(dark=theme == "dark", width=900, height=560)
                (IMAGES / f"page-{theme}.png").write_bytes(await page.shot())


if __name__ == "__main__":
    asyncio.run(main())
