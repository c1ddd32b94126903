"""The kinds of field that models are made of."""

from typing import Any

import attrs

from heymarket_async.values import NO_EXTRA, mask


def plain(wire: str, default: Any = None) -> Any:
    """A field whose key in the service's JSON has another name.

    Args:
        wire: that key.
        default: what stands for its absence.
    """
    return attrs.field(default=default, metadata={"wire": wire})


def personal(default: Any = None, *, wire: str | None = None) -> Any:
    """A phone number, a person's name or address, or a text: masked in reprs, marked for exporters.

    Args:
        default: what stands for its absence.
        wire: its key in the service's JSON, if that has another name.
    """
    return attrs.field(default=default, repr=mask, metadata={"personal": True} | ({"wire": wire} if wire else {}))


def mapping(*, wire: str | None = None) -> Any:
    """A JSON object with keys that are data, such as phone numbers: masked in reprs like personal fields.

    Args:
        wire: its key in the service's JSON, if that has another name.
    """
    metadata = {"personal": True} | ({"wire": wire} if wire else {})
    return attrs.field(default=None, repr=mask, hash=False, metadata=metadata)


def anything() -> Any:
    """A JSON array of which nobody says what it holds: whatever comes is kept, and masked in reprs."""
    return attrs.field(default=(), repr=mask, hash=False, metadata={"personal": True})


def extra() -> Any:
    """The keys that the library does not know or whose values did not fit, as the service sent them."""
    return attrs.field(default=NO_EXTRA, hash=False)


def id_first(_: type, fields: list[Any]) -> list[Any]:
    """Put the id of a model that takes over fields of another before them, where a reader of its repr looks for it."""
    return sorted(fields, key=lambda field: field.name != "id")
