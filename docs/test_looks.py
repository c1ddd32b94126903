"""How the built site looks in a browser: nothing is cut, faint, or fetched from elsewhere. `nox -s docs` runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser import CONTRAST, chromium, program

pytestmark = pytest.mark.skipif(program() is None, reason="there is no Chromium: apt-get install chromium")

HTML = Path(__file__).parent / "_build" / "html"
PAGES = sorted(HTML.rglob("*.html"))
WIDE, TELEPHONE = 1400, 390

# What reaches beyond the window, and tables that have to be pushed aside to be read.
CUT = """(() => {
  const tables = [...document.querySelectorAll(".table-wrapper")];
  const moved = tables.filter(each => each.scrollWidth > each.clientWidth + 1);
  const page = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
  return [...page, ...moved.map(each => each.textContent.trim().slice(0, 60))];
})()"""
FAINT = f"""(() => {{ {CONTRAST}
  const faint = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {{
    const element = text.parentElement;
    if (!text.data.trim() || !element.checkVisibility() || element.closest("script, style, svg")) continue;
    if (contrast(element) < 4.5) faint.add(`${{element.localName}}.${{element.className}}`);
  }}
  return [...faint];
}})()"""
FETCHED = "performance.getEntriesByType('resource').map(each => each.name).filter(name => !name.startsWith('file:'))"


async def open_page(page, path):
    """Open a page, and wait until it is all there."""
    await page.open(path.as_uri())
    await page.until(f"document.readyState === 'complete' && location.href === '{path.as_uri()}'")


async def test_pages_fit_their_window_and_words_stand_out_in_both_themes_and_nothing_comes_from_elsewhere():
    assert len(PAGES) > 50
    found = {}
    async with chromium() as page:
        for path in PAGES:
            name = path.relative_to(HTML).as_posix()
            await page.look(width=WIDE)
            await open_page(page, path)
            found[name, "from elsewhere"] = await page.value(FETCHED)
            found[name, "wide"] = await page.value(CUT)
            found[name, "light"] = await page.value(FAINT)
            await page.look(width=TELEPHONE, dark=True)
            found[name, "telephone"] = await page.value(CUT)
            found[name, "dark"] = await page.value(FAINT)
        assert page.problems == []
    assert {where: what for where, what in found.items() if what} == {}


async def test_what_is_cut_or_faint_is_found():
    words = '<p style="color: #777; width: 2000px" class="planted">x</p>'
    async with chromium() as page:
        for dark in (False, True):
            await page.look(width=WIDE, dark=dark)
            await open_page(page, HTML / "versions.html")
            await page.value(f"document.body.insertAdjacentHTML('beforeend', '{words}')")
            assert await page.value(CUT) == ["the page"]
            assert await page.value(FAINT) == ["p.planted"]
