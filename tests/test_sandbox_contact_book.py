"""The register of a team's contacts, without HTTP."""

from __future__ import annotations

import uuid

import pytest

from heymarket_async.sandbox.contact_book import ContactBook, steady_uuid
from heymarket_async.sandbox.people import blank_contact
from heymarket_async.sandbox.records import Moment, Record
from heymarket_async.sandbox.refusals import Missing

NOW = Moment.at(1_775_000_000)
LATER = Moment.at(1_775_000_060)


def add(book: ContactBook, phone: str = "", email: str = "") -> Record:
    return book.add(NOW, {**blank_contact(), "team_id": 1, "phone": phone, "email": email})


def addresses(record: Record) -> list[str]:
    return [channel["channel_id"] for channel in record["_channels"]]


def test_a_uuid_is_always_the_same_for_the_same_thing() -> None:
    assert steady_uuid("contact", 5) == steady_uuid("contact", 5) != steady_uuid("contact", 6)
    assert uuid.UUID(steady_uuid("contact", 5)).version == 4


def test_a_contact_is_found_by_all_that_leads_to_it() -> None:
    book = ContactBook(7)
    record = add(book, "14155550190", "Kim@example.com")
    assert record["id"] == 7
    assert book.by_phone("14155550190") is record
    assert book.at("email", "KIM@example.com") == [record]
    assert book.by_uuid(record["_uuid"].upper()) is record
    assert book.find_uuid(record["_uuid"]) is record
    assert book.by_phone("14155550191") is None
    with pytest.raises(Missing, match="404"):
        book.find_uuid("nobody")


def test_channels_follow_the_number() -> None:
    book = ContactBook()
    record = add(book, "14155550190")
    book.change(record, LATER, {"phone": "14155550191", "email": "kim@example.com"})
    assert addresses(record) == ["14155550191", "kim@example.com"]
    assert record["_channels"][0]["updated"] == LATER
    book.change(record, LATER, {"phone": "", "email": "KIM@example.com"})
    assert addresses(record) == ["kim@example.com"]
    assert book.by_phone("14155550191") is None
    assert book.at("email", "kim@example.com") == [record]


def test_two_contacts_may_share_an_address() -> None:
    book = ContactBook()
    first, second = add(book, email="kim@example.com"), add(book, email="kim@example.com")
    assert book.at("email", "kim@example.com") == [first, second]
    book.remove(first)
    assert book.at("email", "kim@example.com") == [second]
    book.remove(second)
    assert book.at("email", "kim@example.com") == []
    assert not book


def test_a_number_that_a_test_has_written_by_hand_does_no_harm() -> None:
    book = ContactBook()
    record = add(book)
    record["phone"] = "14155550190"
    book.change(record, LATER, {"phone": ""})
    assert addresses(record) == []
    record["phone"] = "14155550190"
    book.change(record, LATER, {"phone": "14155550191"})
    assert book.by_phone("14155550191") is record
