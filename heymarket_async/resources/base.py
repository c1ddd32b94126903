"""What every resource stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from heymarket_async.arguments import check_id, check_several, exactly_one
from heymarket_async.calls import Call, Operation
from heymarket_async.paging import Pager
from heymarket_async.phones import normal_phone
from heymarket_async.resources.runner import Runner

T = TypeVar("T")


class Resource:
    """The operations of one noun, bound to a session."""

    __slots__ = ("_runner",)

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def _phone(self, argument: str, value: object) -> str:
        """Return a phone number as the service takes it."""
        return normal_phone(value, argument=argument, region=self._runner.default_region)

    def _phones(self, argument: str, values: object, *, at_least: int = 1) -> list[str]:
        """Return several phone numbers as the service takes them, each once, in whatever writings they come."""
        several = check_several(argument, values, at_least=at_least)
        numbers = [self._phone(f"{argument}[{place}]", value) for place, value in enumerate(several)]
        return list(dict.fromkeys(numbers))

    def _target(
        self, phone_number: object, conversation_id: object, list_id: object, targets: object, *, conversation: str
    ) -> dict[str, Any]:
        """Return the one target of a message in the service's words.

        Args:
            phone_number: a number, like the others None if it is not the target.
            conversation_id: a conversation.
            list_id: a list.
            targets: the numbers of a group.
            conversation: what this operation calls a conversation on the wire.
        """
        choices = {
            "phone_number": phone_number,
            "conversation_id": conversation_id,
            "list_id": list_id,
            "targets": targets,
        }
        given = exactly_one("target", choices)
        if given == "phone_number":
            return {given: self._phone(given, phone_number)}
        if given == "conversation_id":
            return {conversation: check_id(given, conversation_id)}
        if given == "list_id":
            return {given: check_id(given, list_id)}
        return {given: self._phones(given, targets)}

    def _pager(
        self,
        operation: Operation[tuple[T, ...]],
        body: Mapping[str, Any],
        *,
        limit: int | None,
        page_size: int | None,
        cursor: str | None,
        keep: Callable[[T], bool] = lambda _: True,
    ) -> Pager[T]:
        """Return a pager over a list that is asked for by a body."""

        def ask(keys: Mapping[str, Any]) -> Call[tuple[T, ...]]:
            return operation.call(body={**body, **keys})

        return Pager(
            self._runner.run,
            operation,
            ask,
            limit=limit,
            page_size=page_size,
            cursor=cursor,
            keep=keep,
            budget=lambda: self._runner.budget,
        )
