"""Puts the code of the examples into the page on web apps, so that the page shows what the tests run.

python docs/webapps.py
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).with_suffix(".md")
# What stands in a comment, such as `examples/worker.py: send, look_for`, is shown in the block below it.
BLOCK = re.compile(r"<!-- (?P<file>examples/\w+\.py): (?P<names>[\w, ]+) -->\n\n```python\n.*?```\n", re.DOTALL)


def code(file: str, names: str) -> str:
    """Return the functions, classes and values of these names, as they stand in a file."""
    source = (ROOT / file).read_text("utf-8")
    lines = source.splitlines()
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
            case ast.Assign(targets=[ast.Name(id=name)]):
                found[name] = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return "\n\n\n".join(found[name] for name in names.split(", "))


def page(text: str) -> str:
    """Return the page with the code as it is now."""

    def block(found: re.Match[str]) -> str:
        head = f"<!-- {found['file']}: {found['names']} -->"
        return f"{head}\n\n```python\n{code(found['file'], found['names'])}\n```\n"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
