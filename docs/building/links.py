"""Links from code in a text, such as `Fleet` or `contacts.amend`, to the reference."""

from __future__ import annotations

import builtins
import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform

from building.names import ROOT, alone, entries, is_inside

# A word on this page, such as `send` or `inboxes`, is a command.
OF_COMMANDS = "terminal"
CODE = re.compile(r"(?:await )?([A-Za-z][\w.]*)(?:\(.*\))?")


def target_of(code: str, page: str) -> str | None:
    """Return the entry that a piece of code in the text of a page is about, if it is about one."""
    known = entries(page)
    found = CODE.fullmatch(code)
    if found is None or found[1] in alone() or (page == OF_COMMANDS and "." not in code):
        return None
    name, rest = found[1], ""
    while name:
        if name in known:
            return known[name] + rest
        name, _, last = name.rpartition(".")
        rest = f".{last}{rest}"
    return None


def is_in(node: nodes.Node, *kinds: type[nodes.Element]) -> bool:
    """Return whether a node stands in one of some kinds, however deep."""
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


class LinkCode(SphinxTransform):
    """Makes links of code in the texts of the pages. Where there is no such entry, it stays as it is."""

    default_priority = 400

    def apply(self, **_: Any) -> None:
        """Look through the page."""
        for literal in list(self.document.findall(nodes.literal)):
            if is_in(literal, nodes.reference, pending_xref, nodes.title):
                continue
            target = target_of(literal.astext(), self.env.docname)
            if target is not None:
                link = pending_xref("", refdomain="py", reftype="obj", reftarget=target, refdoc=self.env.docname)
                literal.replace_self(link)
                link["heymarket_code"] = True
                link += literal


def leave_builtins(app: Sphinx, page: nodes.document) -> None:
    """Make no links of Python's own names: `type` would be taken for an attribute of that name."""
    for link in list(page.findall(pending_xref)):
        if link["refdomain"] == "py" and hasattr(builtins, link["reftarget"]):
            link.replace_self(nodes.inline(text=link["reftarget"]))


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.Element) -> nodes.Element | None:
    """Find what Sphinx did not: public names by their home, and what is inside of the package and so has no entry."""
    target = node["reftarget"]
    name = target.rpartition(".")[2]
    if name in entries() and (target == name or is_inside(target)):
        domain = env.domains["py"]
        entry = entries()[name]
        if entry != target and entry.startswith(ROOT):
            found = domain.resolve_xref(env, node["refdoc"], app.builder, "obj", entry, node, shown)
            if found is not None:
                return found
    return shown if node.get("heymarket_code") or is_inside(target) else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_transform(LinkCode)
    app.connect("doctree-read", leave_builtins)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True}
