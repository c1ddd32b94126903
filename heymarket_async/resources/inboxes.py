"""Operations on inboxes."""

from __future__ import annotations

from heymarket_async.calls import Effect, Operation
from heymarket_async.models.inboxes import Inbox
from heymarket_async.resources.base import Resource

LIST_INBOXES = Operation(
    name="list_inboxes",
    method="GET",
    path="/v1/inboxes",
    effect=Effect.READS,
    reply=tuple[Inbox, ...],
    envelope=("inboxes",),
    docs="https://developers.heymarket.com/api-reference/inboxes",
)


class Inboxes(Resource):
    """The inboxes of the team. https://developers.heymarket.com/concepts/inboxes"""

    __slots__ = ()

    async def list(self) -> tuple[Inbox, ...]:
        """Return all inboxes of the team. The service does not page them.

        Raises:
            ApiError: the service refused, such as `AuthenticationError`.
            TransportError: there is no complete answer.
            ReplyError: the answer cannot be read.

        https://developers.heymarket.com/api-reference/inboxes
        """
        return await self._runner.run(LIST_INBOXES.call())
