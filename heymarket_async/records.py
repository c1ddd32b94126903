"""Values that never leave this package."""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True, eq=False):
    """A value that only this package holds; what its users hold is made with attrs.

    It is made in C: the class without compiling code at import, an instance in a seventh of the time. Its repr tells
    nothing, because it may hold a token or a text.
    """

    def __repr__(self) -> str:
        return object.__repr__(self)
