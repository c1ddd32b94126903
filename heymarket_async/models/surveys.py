"""Surveys. https://developers.heymarket.com/api-reference/surveys"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from heymarket_async.models.fields import extra, personal
from heymarket_async.shown import Shown
from heymarket_async.values import OpenEnum


class SurveyType(OpenEnum):
    """What a survey measures. These stand in the vendor's examples; others are kept as they are."""

    NPS = "nps"
    """Net promoter score: whether the contact would recommend the team, from 0 to 10."""
    CSAT = "csat"
    """Customer satisfaction, from 1 to 5."""


@attrs.frozen(kw_only=True, weakref_slot=False)
class Survey(Shown):
    """A question that contacts answer by text.

    Only `id` is always there. What the service leaves out is None.

    Attributes:
        id: the survey, which sends take as `survey_id`.
        name: its title.
        type: what it measures.
        question: the opening question, which is the text that is sent.
        created: when it was made.
        updated: when it was last changed.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/surveys
    """

    id: int
    name: str | None = None
    type: SurveyType | None = None
    question: str | None = personal()
    created: datetime | None = None
    updated: datetime | None = None
    extra: Mapping[str, Any] = extra()
