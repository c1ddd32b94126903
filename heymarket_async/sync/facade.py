"""How a method that is awaited becomes one that is not. It keeps its arguments, its types and its docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterator
from functools import update_wrapper
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast, overload

from typing_extensions import deprecated

from heymarket_async.paging import Pager
from heymarket_async.shown import Rows
from heymarket_async.sync.portal import Door
from heymarket_async.tables.frames import Library

P = ParamSpec("P")
N = TypeVar("N")
R = TypeVar("R")
T = TypeVar("T")


class Noun(Generic[N]):
    """The operations of one noun, without `await`.

    Args:
        door: the way to where they run.
        noun: the noun whose methods are awaited.
    """

    def __init__(self, door: Door, noun: N) -> None:
        self._door = door
        self._noun = noun


class Method(Generic[P, R]):
    """A method of a `Noun` that was made of one that is awaited.

    Args:
        method: that one.
        run: performs it, for the noun and the arguments.
    """

    def __init__(self, method: Callable[..., Any], run: Callable[..., R]) -> None:
        message: Any = getattr(method, "__deprecated__", None)
        self._call: Callable[..., R] = update_wrapper(run, inspect.unwrap(method))
        if message is not None:
            # Warned of here, so that the warning names the line of the caller.
            self._call = deprecated(message)(self._call)

    @overload
    def __get__(self, noun: None, owner: type) -> Self: ...
    @overload
    def __get__(self, noun: Noun[Any], owner: type) -> Callable[P, R]: ...
    def __get__(self, noun: Noun[Any] | None, owner: type) -> Self | Callable[P, R]:
        """Return the method of a noun."""
        return self if noun is None else cast("Callable[P, R]", MethodType(self._call, noun))


def blocking(method: Callable[Concatenate[N, P], Coroutine[Any, Any, R]]) -> Method[P, R]:
    """Return a method that waits for the result of one that is awaited."""
    awaited = inspect.unwrap(method)

    def run(noun: Any, /, *args: Any, **kwargs: Any) -> Any:
        return noun._door.run(awaited(noun._noun, *args, **kwargs))

    return Method(method, run)


def paged(method: Callable[Concatenate[N, P], Pager[T]]) -> Method[P, Pages[T]]:
    """Return a method that returns pages for `for`, of one that returns a pager for `async for`."""
    made = inspect.unwrap(method)

    def run(noun: Any, /, *args: Any, **kwargs: Any) -> Pages[T]:
        return Pages(noun._door, made(noun._noun, *args, **kwargs))

    return Method(method, run)


class Pages(Generic[T]):
    """The items of a list, as `Pager` has them, for `for`.

        for conversation in heymarket.conversations.list(inboxes=[42]):
            ...

    Args:
        door: the way to where it fetches.
        pager: what it fetches by.
    """

    def __init__(self, door: Door, pager: Pager[T]) -> None:
        self._door = door
        self._pager = pager

    def __repr__(self) -> str:
        return repr(self._pager).replace("Pager", "Pages", 1)

    def __iter__(self) -> Iterator[T]:
        """Hand out item after item."""
        while self._door.run(self._pager.fetch()):
            yield from self._pager.ready()

    @property
    def done(self) -> bool:
        """Whether everything was handed out."""
        return self._pager.done

    @property
    def cursor(self) -> str:
        """Where it stands, as text that can be stored: `list(..., cursor=...)` goes on from there."""
        return self._pager.cursor

    @property
    def fetched(self) -> Rows[T]:
        """What was fetched and is not handed out yet, such as what a `collect` that was interrupted has come to."""
        return self._pager.fetched

    def page(self) -> Rows[T]:
        """Return the next page, or what is left of the present one; an empty tuple at the end."""
        return self._door.run(self._pager.page())

    def pages(self) -> Iterator[Rows[T]]:
        """Hand out page after page."""
        while page := self.page():
            yield page

    def collect(self, limit: int | None = None) -> Rows[T]:
        """Return the items that are left; see `Pager.collect`."""
        return self._door.run(self._pager.collect(limit))

    def to_frame(self, *, to: Library = "pandas") -> Any:
        """Return a frame with a row for each of the items that are left; see `Pager.to_frame`."""
        return self._door.run(self._pager.to_frame(to=to))

    def progress(self, *, total: int | None = None) -> Iterator[T]:
        """Hand out item after item, and show meanwhile how far it is; see `Pager.progress`."""
        with self._pager.meter(total) as meter:
            for item in self:
                yield item
                meter.add()
