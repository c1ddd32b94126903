"""Surveys: how they are read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arguments_support import IDS, refused, table
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import AsyncSession, Survey, SurveyType
from heymarket_async.auth import ApiSecret
from heymarket_async.resources.surveys import GET_SURVEY, LIST_SURVEYS, Surveys


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def surveys(runner):
    return Surveys(runner)


async def test_one_survey_is_named_by_its_id(runner, surveys):
    await surveys.get(10)
    assert (runner.call.operation, runner.call.path) == (GET_SURVEY, "/v1/survey/10")


@pytest.mark.parametrize("value", IDS)
async def test_an_id_that_makes_no_sense_is_refused(runner, surveys, value):
    await refused(runner, "survey_id", lambda: surveys.get(value))


class TestList:
    async def test_it_asks_as_the_vendor_does_from_page_0_on(self, runner, surveys, example):
        assert await surveys.list(page_size=20).collect() == ()
        assert {(call.operation, call.path) for call in runner.calls} == {(LIST_SURVEYS, "/v1/surveys")}
        # Only an earlier page of the vendor says that pages count from 1, so page 0 is looked at too.
        assert [call.body for call in runner.calls] == [{"limit": 20, "page": 0}, example("list_surveys.request")]

    async def test_the_service_chooses_the_size_of_a_page_by_default(self, runner, surveys):
        await surveys.list().page()
        assert runner.calls[0].body == {"page": 0}

    async def test_each_survey_comes_once_whether_pages_count_from_0_or_from_1(self):
        first, second = (Survey(id=10), Survey(id=11)), (Survey(id=12),)
        for pages in ((first, second), ((), first, second), (first, first, second)):
            found = await Surveys(FakeRunner(*pages)).list().collect()
            assert [survey.id for survey in found] == [10, 11, 12]

    async def test_the_front_is_not_looked_at_again(self):
        runner = FakeRunner((Survey(id=10, updated=datetime(2024, 1, 20, tzinfo=UTC)),))
        await Surveys(runner).list().collect()
        assert [call.body["page"] for call in runner.calls] == [0, 1]

    @table(limit=[0, -1, True, "5"], page_size=[0, 101, True, "20"], cursor=["", "{}", 5])
    async def test_what_makes_no_sense_is_refused(self, runner, surveys, argument, value):
        await refused(runner, argument, lambda: surveys.list(**{argument: value}))


class TestReplies:
    def test_a_survey(self, example_bytes):
        survey = read(GET_SURVEY, example_bytes("get_survey.response"))
        assert survey == Survey(
            id=10,
            name="Post-purchase NPS",
            type=SurveyType.NPS,
            question="Would you recommend us? Reply 0 to 10.",
            created=datetime(2023, 6, 1, 12, tzinfo=UTC),
            updated=datetime(2024, 1, 20, 9, 15, tzinfo=UTC),
        )
        assert fields_that_came(survey) == set(Survey.__slots__) - {"extra"}

    def test_surveys(self, example_bytes):
        first, second = read(LIST_SURVEYS, example_bytes("list_surveys.response"))
        assert first == read(GET_SURVEY, example_bytes("get_survey.response"))
        assert (second.id, second.type) == (11, SurveyType.CSAT)

    def test_a_type_that_is_new_is_kept(self):
        survey = read(GET_SURVEY, b'{"id": 1, "type": "ces"}')
        assert survey.type == "ces"
        assert not survey.type.is_known


async def test_surveys_are_read_in_the_sandbox(heymarket_sandbox, sandboxed):
    surveys = await sandboxed.surveys.list().collect()
    assert surveys
    assert len({survey.id for survey in surveys}) == len(surveys)
    assert await sandboxed.surveys.get(surveys[0].id) == surveys[0]
    assert await sandboxed.surveys.list(page_size=1).collect() == surveys


def test_a_session_has_them():
    assert type(AsyncSession(ApiSecret("id", "key")).surveys) is Surveys
