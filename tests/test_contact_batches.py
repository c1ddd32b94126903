"""Many contacts at once: what the answer says of each row, however the service words it."""

from __future__ import annotations

import asyncio

import pytest

from fakes import FakeRunner
from heymarket_async import (
    AsyncSession,
    AuthenticationError,
    BadRequest,
    Conflict,
    ConnectionLost,
    NeverSent,
    RateBudgetExceeded,
    RateLimited,
    ReplyError,
    SendUnknown,
    ServerError,
    SessionClosed,
    TimedOut,
    UnprocessableEntity,
)
from heymarket_async.resources.contact_batches import ContactBatch, ContactResult, RowOutcome, read_answer
from heymarket_async.resources.contacts import BATCH_CREATE_CONTACTS, Contacts
from heymarket_async.resources.contacts_v2 import BULK_UPSERT_CONTACTS_V2, ContactsV2
from heymarket_async.sandbox import Hang, Ordinary

ALICE = {"phone": "14155550151", "first": "Alice", "email": "home@example.com"}
BOB = {"phone": "14155550152", "first": "Bob", "email": "home@example.com"}
EVE = {"email": "Eve@example.com", "contact_channels": [{"channel_type": "email", "channel_id": "Eve@example.com"}]}
ROWS = [ALICE, BOB]
UUID = "a1b2c3d4-e5f6-4890-abcd-ef1234567890"
SAVED_ALICE, SAVED_BOB = ALICE | {"id": 1, "uuid": UUID}, BOB | {"id": 2, "phone": "+14155550152"}


def outcomes(answer, rows=ROWS):
    return " ".join(result.outcome for result in read_answer(answer, rows))


class TestAnswers:
    @pytest.mark.parametrize("text", ["ok", "OK", " success\n"])
    def test_a_text_that_all_is_well(self, text):
        assert outcomes(text) == "saved saved"

    @pytest.mark.parametrize("answer", ["", "queued", "2 contacts", None, 5, True, [], {}, {"contacts": None}, ()])
    def test_an_answer_that_says_nothing_of_any_row(self, answer):
        assert outcomes(answer) == "unknown unknown"

    def test_the_contacts(self):
        assert outcomes([SAVED_BOB, SAVED_ALICE]) == "saved saved"
        first, second = read_answer([SAVED_BOB, SAVED_ALICE], ROWS, 10)
        assert (first.place, first.id, first.uuid, first.answer) == (10, 1, UUID, SAVED_ALICE)
        assert (second.place, second.id, second.uuid, second.answer) == (11, 2, None, SAVED_BOB)

    def test_a_row_that_is_not_among_the_contacts(self):
        assert outcomes([SAVED_BOB]) == "unknown saved"

    def test_as_many_contacts_as_rows_are_those_rows_even_where_nothing_else_tells(self):
        assert outcomes([SAVED_ALICE, {"id": 2}]) == "saved saved"
        assert [row.id for row in read_answer([SAVED_ALICE, {"id": 2}], ROWS)] == [1, None]
        assert outcomes([SAVED_ALICE, {"id": 2}, {"id": 3}]) == "saved unknown"

    def test_the_failures(self):
        assert outcomes([BOB]) == "saved failed"
        assert outcomes([{"phone": "14155550151", "reason": "bad"}]) == "failed saved"
        assert outcomes([BOB, ALICE | {"id": 0}]) == "failed failed"
        assert read_answer([BOB], ROWS)[1].answer == BOB
        assert read_answer([ALICE | {"id": 0}], ROWS)[0].id is None

    @pytest.mark.parametrize("key", ["error", "errors", "error_code", "reason"])
    def test_a_contact_that_is_there_but_was_refused(self, key):
        assert outcomes([SAVED_ALICE | {key: "no"}, SAVED_BOB]) == "failed saved"
        assert outcomes([SAVED_ALICE | {key: None}, SAVED_BOB]) == "saved saved"

    def test_a_failure_that_is_none_of_the_rows_makes_the_rest_doubtful(self):
        assert outcomes([BOB, {"phone": "14155550199"}]) == "unknown failed"
        assert outcomes([BOB, "14155550199"]) == "unknown failed"
        assert outcomes([SAVED_ALICE, "?"]) == "saved unknown"

    def test_both_of_version_2(self, example):
        answer = {"contacts": [SAVED_ALICE], "failed_contacts": [{"contact": BOB, "reason": "bad"}]}
        assert outcomes(answer) == "saved failed"
        assert read_answer(answer, ROWS)[1].answer == {"contact": BOB, "reason": "bad"}
        assert outcomes({"contacts": None, "failed_contacts": [{"contact": BOB}]}) == "saved failed"
        assert outcomes({"contacts": [SAVED_ALICE], "failed_contacts": [BOB]}) == "saved failed"
        assert outcomes({"contacts": [SAVED_ALICE], "failed_contacts": 5}) == "saved unknown"

    def test_the_answers_of_the_vendor(self, example):
        request = example("batch_create_contacts.request")
        assert outcomes(example("batch_create_contacts.response.ok"), request) == "saved saved"
        assert outcomes(example("batch_create_contacts.response.array"), request) == "unknown unknown"
        (row,) = example("bulk_upsert_contacts_v2.request")["contacts"]
        answer = example("bulk_upsert_contacts_v2.response")
        # The vendor shows the same contact as kept and as failed: who counts on it is wrong half of the time.
        assert outcomes(answer, [row]) == "failed"
        assert outcomes({"contacts": answer["contacts"]}, [row]) == "saved"

    def test_rows_of_one_number_are_told_apart_by_the_rest(self):
        twin = ALICE | {"first": "Alicia"}
        assert outcomes([twin], [ALICE, twin]) == "saved failed"
        assert outcomes([{"phone": ALICE["phone"]}], [ALICE, twin]) == "failed failed"
        assert outcomes([SAVED_ALICE], [ALICE, twin]) == "saved saved"

    def test_rows_without_numbers_are_known_by_address_or_uuid(self):
        assert outcomes([{"id": 5, "email": "eve@example.com"}], [ALICE, EVE]) == "unknown saved"
        channels = [{"channel_type": "email", "channel_id": "eve@example.com", "channel_ids": None}, "?"]
        assert outcomes([{"id": 5, "contact_channels": channels}], [ALICE, EVE]) == "unknown saved"
        several = {"contact_channels": [{"channel_type": "phone", "channel_ids": ["14155550151", 5]}]}
        assert outcomes([SAVED_ALICE], [several, EVE]) == "saved unknown"
        assert outcomes([{"id": 5, "uuid": UUID.upper()}], [ALICE, {"contact_id": UUID}]) == "unknown saved"
        assert outcomes([{"id": 5, "contact_channels": {"a": 1}, "uuid": 7}], [ALICE, BOB]) == "unknown unknown"

    def test_a_contact_of_another_uuid_is_not_the_one_that_a_row_means(self):
        other = {"id": 5, "uuid": UUID.replace("a1", "b1")}
        assert outcomes([other], [{"contact_id": UUID}]) == "unknown"
        assert outcomes([other, {"id": 6}], [{"contact_id": UUID}, EVE]) == "unknown saved"
        assert outcomes([{"id": 5}], [{"contact_id": UUID}]) == "saved"

    def test_strange_ids_are_no_ids(self):
        (row,) = read_answer([ALICE | {"id": True, "uuid": 5}], [ALICE])
        assert (row.outcome, row.id, row.uuid) == ("saved", None, None)


def rows(count):
    return [{"phone_number": f"+1415555{number:04}"} for number in range(100, 100 + count)]


class TestErrors:
    @pytest.mark.parametrize("kind", [BadRequest, Conflict, UnprocessableEntity])
    async def test_a_batch_that_is_refused_for_its_contents_does_not_stop_the_others(self, kind):
        error = kind("no")
        batch = await Contacts(FakeRunner(error, "ok", error)).create_many(rows(5), batch_size=2)
        assert [row.outcome for row in batch.rows] == ["failed", "failed", "saved", "saved", "failed"]
        assert [row.place for row in batch.rows] == [0, 1, 2, 3, 4]
        assert [row.error for row in batch.rows] == [error, error, None, None, error]

    async def test_an_answer_that_cannot_be_read_leaves_it_open(self):
        batch = await Contacts(FakeRunner(ReplyError("?"), "ok")).create_many(rows(3), batch_size=2)
        assert [row.outcome for row in batch.rows] == ["unknown", "unknown", "saved"]

    @pytest.mark.parametrize(
        "kind", [AuthenticationError, RateLimited, ServerError, TimedOut, ConnectionLost, NeverSent, RateBudgetExceeded]
    )
    async def test_the_first_batch_raises_any_other_error(self, kind):
        runner = FakeRunner(kind("no"))
        with pytest.raises(kind):
            await Contacts(runner).create_many(rows(5), batch_size=2)
        assert len(runner.calls) == 1

    @pytest.mark.parametrize(
        ("kind", "outcome"),
        [
            (AuthenticationError, "failed"),
            (RateLimited, "failed"),
            (NeverSent, "failed"),
            (RateBudgetExceeded, "failed"),
            (ServerError, "unknown"),
            (TimedOut, "unknown"),
            (ConnectionLost, "unknown"),
            (SendUnknown, "unknown"),
        ],
    )
    async def test_later_it_stops_and_says_so_for_each_row(self, kind, outcome):
        error = kind("no")
        runner = FakeRunner("ok", error)
        batch = await Contacts(runner).create_many(rows(7), batch_size=2)
        assert len(runner.calls) == 2
        assert [row.outcome for row in batch.rows] == ["saved"] * 2 + [outcome] * 2 + ["unsent"] * 3
        assert [row.error for row in batch.rows] == [None] * 2 + [error] * 2 + [None] * 3
        assert [row.place for row in batch.rows] == list(range(7))

    async def test_a_session_that_is_closed_between_two_batches_loses_no_result(self):
        error = SessionClosed("closed")
        batch = await Contacts(FakeRunner("ok", error)).create_many(rows(5), batch_size=2)
        assert [row.outcome for row in batch.rows] == ["saved"] * 2 + ["failed"] * 2 + ["unsent"]
        assert [row.error for row in batch.rows] == [None] * 2 + [error] * 2 + [None]
        with pytest.raises(SessionClosed):
            await Contacts(FakeRunner(error)).create_many(rows(5), batch_size=2)

    async def test_a_send_of_version_2_whose_outcome_is_not_known(self):
        runner = FakeRunner("ok", SendUnknown("?"))
        batch = await ContactsV2(runner).upsert_many([{"contact_id": UUID}] * 4, batch_size=1)
        assert str(batch) == "1 saved, 0 failed, 1 unknown, 2 unsent"


class TestOnBatch:
    async def test_it_is_called_with_what_became_of_each_request(self):
        batches: list[ContactBatch] = []
        runner = FakeRunner("ok", BadRequest("no"), ServerError("no"))
        result = await Contacts(runner).create_many(rows(7), batch_size=2, on_batch=batches.append)
        assert [str(batch) for batch in batches] == [
            "2 saved, 0 failed, 0 unknown, 0 unsent",
            "0 saved, 2 failed, 0 unknown, 0 unsent",
            "0 saved, 0 failed, 2 unknown, 0 unsent",
        ]
        assert tuple(row for batch in batches for row in batch.rows) == result.rows[:6]

    async def test_what_was_done_before_a_call_was_cancelled_is_known_by_it(self, heymarket_sandbox):
        batches: list[ContactBatch] = []
        async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as heymarket:
            heymarket_sandbox.script("batch_create_contacts", Ordinary(), Hang())
            call = heymarket.contacts.create_many(rows(5), batch_size=2, on_batch=batches.append)
            task = asyncio.create_task(call)
            while len(heymarket_sandbox.requests) < 2:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert [str(batch) for batch in batches] == ["2 saved, 0 failed, 0 unknown, 0 unsent"]


class TestTheResult:
    def test_it_sorts_the_rows(self):
        results = tuple(ContactResult(place=place, outcome=outcome) for place, outcome in enumerate(RowOutcome))
        batch = ContactBatch(results)
        assert (batch.saved, batch.failed, batch.unknown, batch.unsent) == tuple((one,) for one in results)
        assert not batch.all_saved
        assert ContactBatch(batch.saved).all_saved

    def test_it_shows_nothing_of_a_person(self):
        (row,) = read_answer([SAVED_ALICE], [ALICE])
        assert "Alice" not in repr(row)
        assert "14155550151" not in repr(ContactBatch((row,)))
        assert hash(row) == hash(read_answer([SAVED_ALICE], [ALICE])[0])

    @pytest.mark.parametrize("operation", [BATCH_CREATE_CONTACTS, BULK_UPSERT_CONTACTS_V2])
    def test_any_answer_is_read(self, operation):
        from heymarket_async.convert import Reader

        assert Reader(strict=True).read(b'"ok"', operation.reply, operation.envelope) == "ok"
