"""The replies that are read: examples of the contract, each record with an id, a name and a number of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONTRACT = Path(__file__).parent.parent / "tests" / "contract"

_EXAMPLES = {
    "inboxes": "list_inboxes.response.documented",
    "messages": "get_message_history.response.documented",
    "conversations": "list_conversations.response.documented",
    "contacts": "list_contacts.response",
}
# Of each, a field that no text fits.
_MISFITS = {"inboxes": "rev", "messages": "flagged", "conversations": "muted", "contacts": "shared"}
# As many as the service sends and no page of it names, in every kind of JSON.
_UNKNOWN = {
    f"{kind}_nobody_names_{number}": value
    for number in (1, 2, 3, 4)
    for kind, value in {"text": "some text", "number": 31, "flag": True, "null": None, "list": [1, 2]}.items()
}


def _varied(record: dict[str, Any], number: int) -> dict[str, Any]:
    own = {"id": 1000 + number, "name": f"Support {number}", "phone": f"1510555{number % 100 + 100:04}"}
    return record | {key: value for key, value in own.items() if key in record}


def _odd(record: dict[str, Any], noun: str) -> dict[str, Any]:
    nulls = {key: None for key, value in record.items() if isinstance(value, list)}
    return record | nulls | {_MISFITS[noun]: "perhaps"}


def reply(noun: str, count: int, kind: str = "clean") -> bytes:
    """Return the JSON of a list of records.

    Args:
        noun: what they are records of.
        count: how many.
        kind: `clean`; `unknown`, with twenty keys that nobody knows; or `odd`, with null for each list and one value
            that does not fit.
    """
    (example, *_) = json.loads((CONTRACT / "examples" / f"{_EXAMPLES[noun]}.json").read_text("utf-8"))
    change: Callable[[dict[str, Any]], dict[str, Any]] = {
        "clean": lambda record: record,
        "unknown": lambda record: record | _UNKNOWN,
        "odd": lambda record: _odd(record, noun),
    }[kind]
    records = [change(_varied(example, number)) for number in range(count)]
    return json.dumps(records, separators=(",", ":")).encode()


def count_within(size: int, noun: str, kind: str = "clean") -> int:
    """Return how many records a reply of so many bytes holds."""
    return size * 100 // len(reply(noun, 100, kind))
