"""Runs docs/tutorial.ipynb from top to bottom in a kernel of its own, and puts the outputs into it.

    python docs/tutorial.py

It needs nbclient and ipykernel. A test holds what stands in the notebook to what comes out of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).with_name("tutorial.ipynb")
# What is never the same twice: seconds, rates, and the objects of one run.
_VARYING = re.compile(r"\d[\d,.]*(?= ?/?s\b)|(?<=after )\d+|0x[0-9a-f]+|127\.0\.0\.1:\d+")


def read() -> Any:
    """Return the notebook as it stands."""
    return nbformat.read(NOTEBOOK, as_version=4)


def client(notebook: Any, folder: Path, **options: Any) -> NotebookClient:
    """Return what runs the cells of a notebook."""
    return NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}, **options)


def outputs(notebook: Any) -> list[list[str]]:
    """Return what stands below each cell, but for what is never the same twice."""
    return [
        [_VARYING.sub("…", f"{output.get('text', '')}{sorted(output.get('data', {}).items())}") for output in found]
        for found in (cell.get("outputs", []) for cell in notebook.cells)
    ]


def written(notebook: Any) -> Any:
    """Return a notebook as it is kept: without when its cells ran."""
    for cell in notebook.cells:
        cell.metadata = {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


if __name__ == "__main__":
    fresh = read()
    client(fresh, NOTEBOOK.parent).execute()
    nbformat.write(written(fresh), NOTEBOOK)
