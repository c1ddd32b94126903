"""How Sphinx builds the site. `nox -s docs` runs it, with warnings as errors."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from heymarket_async import __version__  # noqa: E402 - this file's folder is on the path from here on

project = "heymarket_async"
author = "heymarket_async contributors"
project_copyright = author
release = __version__
version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "building.reference",
    "building.links",
    "building.llms",
    "building.looks",
]
exclude_patterns = ["_build", "building"]
nitpicky = True
# Pages of other projects are not fetched, so that the site is built without a network.
nitpick_ignore_regex = [("py:.*", r"(?!heymarket_async\.).*")]

myst_heading_anchors = 3
myst_enable_extensions = ["fieldlist"]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 88
add_module_names = False
napoleon_numpy_docstring = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
pygments_dark_style = "github-dark"
html_favicon = "_static/icon.svg"
html_title = f"heymarket_async {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
copybutton_exclude = ".linenos, .gp, .go"
