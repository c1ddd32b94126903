"""What models and lists of them show in a notebook, and how what is masked there is revealed."""

from __future__ import annotations

from typing import Generic, SupportsIndex, TypeVar, overload

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Shown:
    """A base of models: a notebook shows them as tables, personal fields masked."""

    __slots__ = ()

    def reveal(self) -> Revealed[Shown]:
        """Return what shows this with its personal fields, as a repr and in notebooks."""
        return Revealed(self)

    def _repr_html_(self) -> str:
        from heymarket_async.html import table

        return table(self)


class Rows(tuple[T_co, ...]):
    """What lists return: a tuple, which a notebook shows as a table, personal fields masked."""

    __slots__ = ()

    @overload
    def __getitem__(self, place: SupportsIndex, /) -> T_co: ...
    @overload
    def __getitem__(self, place: slice, /) -> Rows[T_co]: ...
    def __getitem__(self, place: SupportsIndex | slice, /) -> T_co | Rows[T_co]:
        """Return one of them, or a part of them, which is shown like all of them."""
        return Rows(super().__getitem__(place)) if isinstance(place, slice) else super().__getitem__(place)

    def reveal(self) -> Revealed[Rows[T_co]]:
        """Return what shows these with their personal fields, as a repr and in notebooks."""
        return Revealed(self)

    def _repr_html_(self) -> str:
        from heymarket_async.html import table

        return table(self)


class Revealed(Generic[T]):
    """Shows a model or a list of them with its personal fields: phone numbers, names and texts.

    Args:
        value: what to show.

    Attributes:
        value: what it shows.
    """

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value: T = value

    def __repr__(self) -> str:
        from heymarket_async.html import in_full

        return in_full(self.value)

    def _repr_html_(self) -> str:
        from heymarket_async.html import table

        return table(self.value, revealed=True)


def reveal(value: T) -> Revealed[T]:
    """Return what shows a model, or a list or a tuple of models, with its personal fields.

    Args:
        value: what to show.
    """
    return Revealed(value)
