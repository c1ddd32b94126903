"""Surveys, which are made in the app and only read here: https://developers.heymarket.com/api-reference/surveys."""

from __future__ import annotations

from typing import Any, Final

from heymarket_async.sandbox import listing
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.records import show, show_all


def get_survey(ask: Ask) -> Any:
    """Give one."""
    return show(ask.team.surveys.find(ask.id), ask.variants)


def list_surveys(ask: Ask) -> Any:
    """Give a page, in the order of their making."""
    surveys, variants = list(ask.team.surveys.values()), ask.variants
    return show_all(listing.numbered(surveys, ask.body, variants, first=variants.surveys_first_page), variants)


ROUTES: Final = (
    Route("get_survey", "GET", "/v1/survey/{id}", get_survey),
    Route("list_surveys", "POST", "/v1/surveys", list_surveys),
)
