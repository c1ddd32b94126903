"""A request as an operation sees it, and what an operation is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from heymarket_async.sandbox import fields
from heymarket_async.sandbox.records import Moment
from heymarket_async.sandbox.state import Service, Team
from heymarket_async.sandbox.variants import Variants


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Ask:
    """A request that was let in.

    Attributes:
        service: what it acts on.
        team: whose credentials it came with.
        now: Unix time in seconds at which it takes effect, which is later than its arrival if the answer is delayed.
        params: the values of the path's placeholders.
        query: the query.
        payload: the JSON of the body; None if it is empty.
    """

    service: Service
    team: Team
    now: float
    params: Mapping[str, str]
    query: Mapping[str, str]
    payload: Any

    @property
    def variants(self) -> Variants:
        """Which of the possible services the sandbox is."""
        return self.service.variants

    @property
    def moment(self) -> Moment:
        """The time at which it takes effect."""
        return Moment.at(self.now)

    @property
    def body(self) -> Mapping[str, Any]:
        """The body of an operation that takes an object; an empty object where none came."""
        return self.payload or {}

    @property
    def id(self) -> int:
        """The integer in place of `{id}` in the path.

        Raises:
            Refusal: it is no integer.
        """
        return fields.require(fields.number(self.params, "id"), "id")


@attrs.frozen
class Route:
    """One operation.

    Attributes:
        name: the operationId.
        method: the HTTP method.
        path: the path, with placeholders such as `{id}`.
        act: performs it and returns the JSON value to answer, or raises `Refusal`. It does not wait for anything, so
            nothing comes between what it reads and what it writes.
    """

    name: str
    method: str
    path: str
    act: Callable[[Ask], Any]
