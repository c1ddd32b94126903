"""Calls that no method makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from heymarket_async.arguments import check_json, check_method, check_params, check_path, masked_path, wrong
from heymarket_async.calls import Call, Effect, Operation
from heymarket_async.values import kind_of

T = TypeVar("T")


def call_by_hand(
    method: str, path: str, *, params: Mapping[str, str | int] | None, json: Any, effect: Effect | None, reply: type[T]
) -> Call[T]:
    """Return the call that a request by hand is. For the arguments see `AsyncSession.request`.

    Raises:
        ArgumentError: an argument makes no sense.
    """
    method = check_method(method)
    check_path(path)
    # Of anything else retries would think that it does not send.
    if not isinstance(effect, Effect | None):
        raise wrong("effect", f"must be an Effect, such as Effect.READS, not {kind_of(effect)}")
    check_json(json)
    operation = Operation(
        name="request",
        method=method,
        path=masked_path(path),
        effect=effect or (Effect.READS if method in ("GET", "HEAD") else Effect.SENDS),
        reply=reply,
    )
    return Call(operation=operation, path=path, query=check_params(params), body=json)
