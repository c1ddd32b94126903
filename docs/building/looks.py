"""What lets pages be read on a telephone and in the dark: rows of tables as cards, lines that wrap, pictures."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


def cells(row: nodes.row) -> list[nodes.entry]:
    """Return the cells of a row."""
    return list(row.findall(nodes.entry))


def name_cells(table: nodes.table) -> None:
    """Put the heading of its column before what stands in each cell; the style sheet shows it where rows are cards."""
    head = next(iter(table.findall(nodes.thead)), None)
    if head is None:
        return
    names = [" ".join(cell.astext().split()) for cell in cells(head[-1])]
    if not any(names):
        head.parent.remove(head)
    if len(names) < 3:
        return
    table["classes"].append("cards")
    for row in next(iter(table.findall(nodes.tbody))):
        _, *others = cells(row)
        for name, cell in zip(names[1:], others, strict=True):
            if not cell.astext().strip():
                cell["classes"].append("empty")
            elif name:
                cell.insert(0, nodes.paragraph("", name, classes=["of-card"]))


def show_by_theme(image: nodes.image) -> None:
    """Put the picture of the dark theme beside that of the light one; the page shows one of them."""
    name, ending, rest = image["uri"].rpartition("-light.")
    if ending:
        dark = image.deepcopy()
        dark["uri"] = f"{name}-dark.{rest}"
        image["classes"].append("only-light")
        dark["classes"].append("only-dark")
        image.parent.insert(image.parent.index(image) + 1, dark)


class Prepared(SphinxTransform):
    """Prepares the tables of a page, the blocks that are one line and so have no shape to lose, and pictures."""

    default_priority = 800

    def apply(self, **_: Any) -> None:
        """Look through the page."""
        for table in self.document.findall(nodes.table):
            name_cells(table)
        for block in self.document.findall(nodes.literal_block):
            if "\n" not in block.astext().strip("\n"):
                block["classes"].append("one-line")
        for image in list(self.document.findall(nodes.image)):
            show_by_theme(image)
        for image in self.document.findall(nodes.image):
            if image["uri"].startswith("images/"):
                # Of a picture that has a width, Sphinx makes a link to the whole of it.
                image["width"] = "100%"


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_transform(Prepared)
    return {"parallel_read_safe": True}
