"""Operations on the team."""

from __future__ import annotations

from heymarket_async.calls import Effect, Operation
from heymarket_async.models.team import Team as TeamModel
from heymarket_async.resources.base import Resource

GET_TEAM = Operation(
    name="get_team",
    method="GET",
    path="/v1/team",
    effect=Effect.READS,
    reply=TeamModel,
    docs="https://developers.heymarket.com/api-reference/team",
)


class Team(Resource):
    """The team that the credentials belong to. https://developers.heymarket.com/api-reference/team"""

    __slots__ = ()

    async def get(self) -> TeamModel:
        """Return the team and its members.

        Raises:
            ApiError: the service refused, such as `AuthenticationError`.
            TransportError: there is no complete answer.
            ReplyError: the answer cannot be read.

        https://developers.heymarket.com/api-reference/team
        """
        return await self._runner.run(GET_TEAM.call())
