"""What `nox -s docs` looks for in the site that it has built."""

from __future__ import annotations

import html
import inspect
import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import attrs
import pytest
from sphinx.util.inventory import InventoryFile

sys.path.insert(0, str(Path(__file__).parent))

from building.names import doors, full_name, public_names

import heymarket_async
from heymarket_async._homes import HOMES
from heymarket_async._version import SITE
from heymarket_async.errors import HeymarketError

DOCS = Path(__file__).parent
HTML = DOCS / "_build" / "html"
PAGES = sorted(path for path in HTML.rglob("*.html") if path.name not in ("genindex.html", "search.html"))
PUBLIC = {f"{module}.{name}" for module, names in public_names().items() for name in names}
MODELS = {
    name: getattr(heymarket_async, name)
    for home, names in HOMES.items()
    for name in names
    if home.startswith("models.") and attrs.has(getattr(heymarket_async, name))
}


class Links(HTMLParser):
    """Collects where the links of a page lead and in which words, what can be linked to in it, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.words: list[str] = []
        self.anchors: set[str] = set()
        self.loads: list[str] = []
        self.alternatives: list[str] = []
        self._in_link = False
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "a" and found.get("href"):
            self.targets.append(found["href"])
            self.words.append(found.get("aria-label", ""))
            self._in_link = True
        if tag == "img":
            self.alternatives.append(found.get("alt", ""))
            self.handle_data(self.alternatives[-1])
        if found.get("id"):
            self.anchors.add(found["id"])
        if "src" in found or (tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload")):
            self.loads.append(found.get("src") or found["href"])

    def handle_data(self, data: str) -> None:
        if self._in_link:
            self.words[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._in_link = False


links_of = cache(Links)


@pytest.fixture(scope="module")
def entries() -> set[str]:
    """The names of all entries of the reference."""
    with (HTML / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, place: place)
    return {name for kind, found in inventory.items() if kind.startswith("py:") for name in found}


def test_every_public_name_has_an_entry_and_every_entry_a_public_name(entries):
    assert len(PUBLIC) > 130
    assert PUBLIC - entries == set()
    own = {name for name in entries if re.fullmatch(r"heymarket_async\.[A-Za-z_]+", name)}
    assert own - PUBLIC == set()


def test_every_method_of_every_noun_has_an_entry(entries):
    methods = {
        f"{full_name(noun)}.{name}"
        for _, noun in doors()
        for name, _ in inspect.getmembers(noun, inspect.isfunction)
        if not name.startswith("_")
    }
    assert len(methods) > 50
    assert methods - entries == set()


def test_every_field_of_every_model_has_an_entry(entries):
    fields = {f"heymarket_async.{name}.{field.name}" for name, kind in MODELS.items() for field in attrs.fields(kind)}
    assert len(fields) > 200
    assert fields - entries == set()


def test_no_signature_shows_how_a_default_is_kept():
    texts = [path.read_text("utf-8") for path in sorted((HTML / "reference").glob("*.html"))]
    signatures = [shown for text in texts for shown in re.findall(r'<dt class="sig .*?</dt>', text, re.DOTALL)]
    assert len(signatures) > 1000
    inside = re.compile(r"attr_dict|NOTHING|object at 0x")
    assert [shown for shown in signatures if inside.search(re.sub("<[^>]+>", "", shown))] == []
    assert max(len(html.unescape(re.sub("<[^>]+>", "", shown))) for shown in signatures) < 3000


def test_no_sentence_is_taken_for_a_type():
    """All types are in the signatures: in a section "Returns:", what stands before a colon would be taken for one."""
    assert [path.name for path in PAGES if "Return type" in path.read_text("utf-8")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(HTML).as_posix())
def test_every_link_inside_the_site_leads_somewhere(page):
    for target in links_of(page).targets:
        address, anchor = urldefrag(unquote(target))
        if "://" in address or address.startswith("mailto:"):
            continue
        there = (page.parent / address).resolve() if address else page
        assert there.is_file(), target
        if anchor and there.suffix == ".html":
            assert anchor in links_of(there).anchors, target


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(HTML).as_posix())
def test_a_page_loads_only_what_is_beside_it_and_its_pictures_and_links_have_words(page):
    found = links_of(page)
    assert found.loads
    assert [
        load for load in found.loads if not (page.parent / urldefrag(load.partition("?")[0])[0]).resolve().is_file()
    ] == []
    assert all(found.alternatives)
    assert [target for target, words in zip(found.targets, found.words, strict=True) if not words.strip()] == []


def test_no_style_loads_anything_from_elsewhere():
    styles = sorted((HTML / "_static").rglob("*.css"))
    assert len(styles) > 3
    loaded = [
        address for style in styles for address in re.findall(r"(?:url\(|@import)[^;)]*", style.read_text("utf-8"))
    ]
    assert [address for address in loaded if "//" in address and "data:" not in address] == []


def test_no_two_pages_have_the_same_title():
    titles = [re.search("<title>(.*?)</title>", page.read_text("utf-8"))[1] for page in PAGES]
    assert len(set(titles)) == len(titles)


def test_a_name_that_is_also_that_of_a_field_leads_to_no_noun():
    text = (HTML / "fleet.html").read_text("utf-8")
    assert '<code class="docutils literal notranslate"><span class="pre">team</span></code>,' in text


@pytest.mark.parametrize("guide", ["sending", "errors", "rate-limits", "rotation", "watching", "fleet", "operations"])
def test_a_guide_links_to_the_reference(guide):
    assert any(target.startswith("reference/") for target in links_of(HTML / f"{guide}.html").targets)


def test_the_address_in_each_error_is_that_of_its_section():
    public = [getattr(heymarket_async, name) for name in heymarket_async.__all__]
    kinds = [value for value in public if inspect.isclass(value) and issubclass(value, HeymarketError)]
    assert len(kinds) > 35
    for kind in kinds:
        (note,) = kind("It failed.").__notes__
        address, anchor = urldefrag(note.removeprefix("See "))
        assert anchor in links_of(HTML / address.removeprefix(f"{SITE}/")).anchors


def test_llms_txt_names_every_page_and_every_address_in_it_is_one():
    text = (HTML / "llms.txt").read_text("utf-8")
    assert text.startswith("# heymarket_async\n\n> ")
    named = re.findall(r"^- \[[^\]]+\]\((\S+)\): \S.*\.$", text, re.MULTILINE)
    wanted = {f"{SITE}/{page.relative_to(HTML).as_posix()}" for page in PAGES} - {f"{SITE}/index.html"}
    assert len(named) == len(set(named)) == text.count("\n- ")
    assert set(named) == wanted
