"""The answers of the contract as schemas, for tests of what the sandbox answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
from jsonschema import Draft202012Validator


@attrs.frozen
class Operation:
    """One operation of the contract."""

    name: str
    method: str
    path: str
    body: dict[str, Any]


def operations(contract: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in contract["paths"].items():
        for method, body in methods.items():
            yield Operation(body["operationId"], method.upper(), path, body)


class Answers:
    """Checks what operations answer."""

    def __init__(self, contract: dict[str, Any]) -> None:
        self._validators = {
            one.name: Draft202012Validator(
                {
                    "$ref": "#/schema",
                    "schema": one.body["responses"]["200"]["content"]["application/json"]["schema"],
                    "components": contract["components"],
                }
            )
            for one in operations(contract)
        }

    def check(self, operation: str, answer: Any) -> None:
        self._validators[operation].validate(answer)
