"""Operations on surveys."""

from __future__ import annotations

from heymarket_async.arguments import check_id
from heymarket_async.calls import Effect, Operation, PageNumber
from heymarket_async.models.surveys import Survey
from heymarket_async.paging import Pager
from heymarket_async.resources.base import Resource

GET_SURVEY = Operation(
    name="get_survey",
    method="GET",
    path="/v1/survey/{id}",
    effect=Effect.READS,
    reply=Survey,
    docs="https://developers.heymarket.com/api-reference/surveys",
)
LIST_SURVEYS = Operation(
    name="list_surveys",
    method="POST",
    path="/v1/surveys",
    effect=Effect.READS,
    reply=tuple[Survey, ...],
    envelope=("surveys",),
    paging=PageNumber(by="updated", follows_changes=False),
    docs="https://developers.heymarket.com/api-reference/surveys",
)


class Surveys(Resource):
    """Questions that contacts answer by text; `messages.send(survey_id=...)` asks them.

    https://developers.heymarket.com/api-reference/surveys
    """

    __slots__ = ()

    async def get(self, survey_id: int) -> Survey:
        """Return one survey.

        Args:
            survey_id: its id.

        Raises:
            ArgumentError: the id makes no sense.
            NotFound: there is none.

        https://developers.heymarket.com/api-reference/surveys
        """
        return await self._runner.run(GET_SURVEY.call(id=check_id("survey_id", survey_id)))

    def list(
        self, *, limit: int | None = None, page_size: int | None = None, cursor: str | None = None
    ) -> Pager[Survey]:
        """Return the surveys, fetched as they are needed.

        Args:
            limit: surveys at the most, over all pages.
            page_size: surveys to ask for in one page (on the wire `limit`), 100 at the most. Less than 20 become 20:
                pages overlap, so that nothing slips through when others delete, and smaller ones could not.
            cursor: where to go on, as `Pager.cursor` gave it.

        Raises:
            ArgumentError: an argument makes no sense.

        https://developers.heymarket.com/api-reference/surveys
        """
        return self._pager(LIST_SURVEYS, {}, limit=limit, page_size=page_size, cursor=cursor)
