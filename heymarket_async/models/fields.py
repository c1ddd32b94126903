"""The kinds of field that models are made of."""

from typing import Any

import attrs

from heymarket_async.values import NO_EXTRA, mask


def personal(default: Any = None) -> Any:
    """A phone number, a person's name or address, or a text: masked in reprs, marked for exporters."""
    return attrs.field(default=default, repr=mask, metadata={"personal": True})


def extra() -> Any:
    """The keys that the library does not know or whose values did not fit, as the service sent them."""
    return attrs.field(default=NO_EXTRA, hash=False)
