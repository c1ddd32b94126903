"""What every walk can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Items = Sequence[Any]


class Walk(ABC):
    """A way through the pages of one list."""

    @property
    @abstractmethod
    def done(self) -> bool:
        """Whether the walk is at its end."""

    @property
    def unseen(self) -> tuple[datetime | None, datetime | None] | None:
        """From when to when items were not seen, if the walk stops here; None for a bound that is not known."""
        return None

    @abstractmethod
    def keys(self) -> dict[str, Any]:
        """Return what the next request has to say about the page that is wanted."""

    @abstractmethod
    def take(self, items: Items) -> list[Any]:
        """Take the page that was asked for, move on, and return the items that did not come before.

        Raises:
            CursorStalled: there is no way on.
        """

    def forgive(self) -> bool:
        """Say whether a refusal of the last request was to be expected, and move on if so."""
        return False

    @abstractmethod
    def position(self) -> dict[str, Any]:
        """Return where the walk stands, as JSON."""

    @abstractmethod
    def resume(self, position: Mapping[str, Any]) -> None:
        """Go on from where another walk stood.

        Raises:
            msgspec.ValidationError: no walk of this kind stands there.
        """
