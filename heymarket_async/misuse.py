"""What Python does without a helpful word when an `await` or an `async` is forgotten, with a helpful word."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NoReturn


class OnlyAsyncFor:
    """Something to go through with `async for`. Type checkers know without this; whoever has none is told."""

    _instead: ClassVar[str] = "Use `async for` in place of `for`."

    if not TYPE_CHECKING:  # pragma: no branch - so it is at run time

        def __iter__(self) -> NoReturn:
            raise TypeError(f"A {type(self).__name__} cannot be gone through with a plain `for`. {self._instead}")

        def __await__(self) -> NoReturn:
            raise TypeError(f"A {type(self).__name__} is not awaited itself. {self._instead}")

        def __getitem__(self, _: object) -> NoReturn:
            raise TypeError(f"A {type(self).__name__} has no places: it is fetched on the way. {self._instead}")


class OnlyAsyncWith:
    """Something to open with `async with`, in its own process. Type checkers know without this; others are told."""

    if not TYPE_CHECKING:  # pragma: no branch - so it is at run time

        def __enter__(self) -> NoReturn:
            name = type(self).__name__
            raise TypeError(f"{name} takes time to close, so it needs `async with` in place of `with`.")

        def __exit__(self, *_: object) -> None:
            """Stand here so that Python asks the other one."""

    def __reduce__(self) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"{name} cannot be copied or sent to another process: make one in each process.")
