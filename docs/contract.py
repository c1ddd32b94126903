"""Writes the page on what the service leaves open, from the switches of the sandbox and the notes on the contract.

python docs/contract.py > docs/contract.md
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import attrs

from heymarket_async.sandbox import Variants

NOTES = (Path(__file__).parents[1] / "tests" / "contract" / "NOTES.md").read_text("utf-8")

HEAD = """# What the service leaves open

The public pages of the service do not say everything, and in places they say two things. This page says what is open,
and how the library behaves until somebody knows. What is documented, what was observed and by whom, is in
`tests/contract/NOTES.md`. Nothing here was tried on the live service.

The rule is: *right under every reading, or a typed error*. Where pages disagree, both readings work. Where a mistake
would text somebody twice, lose an item or damage a contact, the library does without the doubtful part, at the price of
a request more.

## How the library behaves

| what is open | what the library does |
| --- | --- |
"""

# What is open, and what the library does.
BEHAVIOUR = (
    (
        "what a repeat with the same `local_id` answers, and for how long the service knows one",
        "every send carries one, and none is repeated after it may have gone out; "
        "[looking](sending.md#looking) needs no answer to the question",
    ),
    (
        "what an error says",
        "status, code, text and request id are kept, in `error.text` and beside it; no text is searched for meaning",
    ),
    (
        "whether a 429 says when to come back",
        "`Retry-After` is heeded in each of its forms, and done without where there is none",
    ),
    (
        "whether the rate limit is a team's or a key's, and when its minutes begin",
        "no minute, wherever it begins, holds more requests than the limit; `rate_limit=` sets it",
    ),
    (
        "whether a cursor of a list is the first or the last moment wanted",
        "it walks so that each item comes once under both readings, and raises `CursorStalled` where that cannot be",
    ),
    (
        "whether pages count from 0 or from 1",
        "it asks for page 0, and knows a first page that comes twice",
    ),
    (
        "whether a list comes bare or in an object",
        "both are read",
    ),
    (
        "whether an absent value is left out, null or empty",
        "each of them is None, or an empty tuple",
    ),
    (
        "which keys and values there are",
        "what is not known stays in `extra`, a value of the wrong kind too; `session.drift` counts them",
    ),
    (
        "what a write answers",
        "whatever it answers, it was made; the answer is in `extra`",
    ),
    (
        "whether a PUT on a contact clears what it leaves out",
        "`contacts.amend` reads, merges and writes all; `contacts.update` is the service's own",
    ),
    (
        "whether a number that has a contact can be created again",
        "`contacts.upsert` looks first, then amends or creates",
    ),
    (
        "whether a custom field may be named by its title",
        "titles are looked up, and sent as ids; an unknown one is an `ArgumentError`",
    ),
    (
        "whether a broadcast of a list reaches somebody who opted out",
        "nobody is left out here: that is for the service to do; `contacts.status` tells who opted out",
    ),
)

SWITCHES = """
## Switches of the sandbox

The [sandbox](sandbox.md) can be each of the services that the pages may describe: `Sandbox(variants=Variants(...))`
sets a switch. The walk through all operations (`examples/walkthrough.py`) gives the same with every switch in each of
its positions, but for `unknown_id`, which decides between `NotFound` and `BadRequest`
(`tests/test_sandbox_variants.py`).

| switch | by default | other positions | what it is about |
| --- | --- | --- | --- |
"""

QUESTIONS = """
## Open questions

These nobody could answer from public pages. The sources are in `tests/contract/NOTES.md`.

"""


def described() -> dict[str, str]:
    """Return what the docstring of the switches says of each."""
    text = inspect.getdoc(Variants) or ""
    attributes = text.partition("Attributes:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^    (\w+): ((?:.*\n?)(?:     .*\n?)*)", attributes, re.MULTILINE)
    return {name: " ".join(words.split()) for name, words in found}


def positions(kind: Any, default: Any) -> Iterator[str]:
    """Yield the other positions of a switch."""
    values = (True, False) if kind is bool else typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    yield from (f"`{value!r}`" for value in values if value != default)
    if not values:
        yield "any number" if default is None else "any other"


def switches() -> Iterator[str]:
    """Yield the rows of the table."""
    kinds, texts = typing.get_type_hints(Variants), described()
    for field in attrs.fields(Variants):
        others = ", ".join(positions(kinds[field.name], field.default))
        said = texts[field.name].replace("|", "\\|")
        yield f"| `{field.name}` | `{field.default!r}` | {others} | {said[0].upper()}{said[1:]} |\n"


def questions() -> str:
    """Return the questions that the notes leave open."""
    return NOTES.partition("## 13. Open questions\n\n")[2].partition("\n\n## ")[0] + "\n"


def page() -> str:
    """Return the page."""
    behaviour = "".join(f"| {what} | {done} |\n" for what, done in BEHAVIOUR)
    return HEAD + behaviour + SWITCHES + "".join(switches()) + QUESTIONS + questions()


if __name__ == "__main__":
    print(page(), end="")
