"""What the contract says of an operation, for comparing it with how the operation is declared."""

from __future__ import annotations

from typing import Any

from heymarket_async.calls import Effect


def declared_in(contract: dict[str, Any], operation: Any) -> bool:
    """Say whether the contract has this operation with its method, path, effect and page."""
    for path, methods in contract["paths"].items():
        for method, described in methods.items():
            if isinstance(described, dict) and described.get("operationId") == operation.name:
                return (
                    (operation.method, operation.path) == (method.upper(), path)
                    and operation.effect is effect_of(described)
                    and operation.docs.startswith("https://developers.heymarket.com/")
                    and bool(operation.deprecated) == described.get("deprecated", False)
                )
    return False


def effect_of(described: dict[str, Any]) -> Effect:
    """Return what an operation does, by the marks of the contract."""
    if described["x-idempotent"] is not True:
        return Effect.SENDS
    # Of what no page describes any more the contract infers that it may be repeated; that it reads, its name tells.
    names_a_read = described["operationId"].startswith(("get_", "list_"))
    if described["x-idempotent-basis"] == "read-only" or (described.get("deprecated") and names_a_read):
        return Effect.READS
    return Effect.REPEATABLE


def operations_of(module: Any) -> list[Any]:
    """Return the operations that a module declares."""
    from heymarket_async.calls import Operation

    return [value for name, value in vars(module).items() if isinstance(value, Operation) and name.isupper()]
