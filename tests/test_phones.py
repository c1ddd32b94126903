"""Phone numbers: what is taken, in which form it goes out, and what is refused before it reaches a stranger."""

from __future__ import annotations

import re
import sys

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from heymarket_async.errors import ArgumentError, ConfigurationError
from heymarket_async.phones import check_region, normal_phone

KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
NUMBERS = [
    number
    for country in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in KINDS
    if (number := phonenumbers.example_number_for_type(country, kind)) is not None
]
digits_only = re.compile(r"[1-9][0-9]{6,14}")
north_american = st.from_regex(r"1[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True)
abroad = st.from_regex(r"(?!89)[2-9][0-9]{10,14}", fullmatch=True)
separators = st.sampled_from(["", " ", "-", ".", " (", ") ", "/", "\u00a0", "\u2011", "\u200b"])


def e164(number):
    return phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+")


def misread(write, *, regions=(None,)):
    """Return what is not read as meant, of the numbers of all countries as `write` writes them."""
    wrong = []
    for number in NUMBERS:
        for region in [phonenumbers.region_code_for_number(number)] if regions == "home" else regions:
            written, got = write(number), None
            try:
                got = normal_phone(written, region=region)
            except ArgumentError as error:
                got = error
            if got != e164(number):
                wrong.append((written, region, got))
    return wrong


class TestNumbersOfTheWorld:
    def test_there_are_many(self):
        assert len({number.country_code for number in NUMBERS}) > 200

    @pytest.mark.parametrize(
        "form", [PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164, PhoneNumberFormat.RFC3966]
    )
    def test_the_international_writing_of_any_country_is_taken(self, form):
        assert misread(lambda number: phonenumbers.format_number(number, form)) == []
        assert misread(lambda number: phonenumbers.format_number(number, form).replace("+", "00")) == []

    def test_the_national_writing_is_taken_with_a_region(self):
        def national(number):
            return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)

        assert misread(national, regions="home") == []

    def test_the_writing_with_a_plus_means_the_same_in_every_region(self):
        def international(number):
            return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)

        assert misread(international, regions=("US", "GB", "DE", "IT", "CN", "BR")) == []


@pytest.mark.parametrize(
    "written",
    [
        "15105550101",
        "+15105550101",
        "+1 (510) 555-0101",
        "1-510-555-0101",
        "1.510.555.0101",
        "1 510 555 0101",
        "001 510 555 0101",
        "tel:+1-510-555-0101",
        "TEL:+15105550101",
        "+1 [510] 555~0101",
        "1 \u2212 510 \u2014 555 \u00b7 0101",
        "+1\u2009510\u3000555\u00ad0101",
        "\uff0b\uff11\uff08\uff15\uff11\uff10\uff09\uff15\uff15\uff15\uff0d\uff10\uff11\uff10\uff11",
        "+\u0661\u0665\u0661\u0660 \u0665\u0665\u0665 \u0660\u0661\u0660\u0661",
        "  +1 510 555 0101\n",
        "+1\u00a0510\u202f555\u20110101",
        "\u202a+15105550101\u202c",
        "\ufeff+15105550101",
    ],
)
@pytest.mark.parametrize("region", [None, "US", "GB"])
def test_usual_writings_of_one_number(written, region):
    assert normal_phone(written, region=region) == "15105550101"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "is empty"),
        ("+", "is empty"),
        (" - ", "is empty"),
        ("hello", "holds something"),
        ("+1 510 555 0101 x5", "has an extension"),
        ("+1 510 555 0101 ext. 12", "has an extension"),
        ("tel:+1-510-555-0101;ext=5", "has an extension"),
        ("+1 510 555 0101 #1234567", "has an extension"),
        ("+1 510 555 0101,5", "holds something"),
        ("+1 510 555 0101 tel:", "holds something"),
        ("442079460958.0", "ends in something"),
        ("+44 20 7946 0958/9", "ends in something"),
        ("+44 20 7946 0958 / 9", "ends in something"),
        ("+15105550101/+15105550102", "holds something"),
        ("1\n510\n555\n0101", "holds something"),
        ("1-800-FLOWERS", "holds something"),
        ("++15105550101", "holds something"),
        ("+1\u00b2105550101", "holds something"),
        ("\u2081\u2085105550101", "holds something"),
        ("sam@example.com", "holds something"),
        ("5105550101", "lack its country code"),
        ("(510) 555-0101", "lack its country code"),
        ("05105550101234", "lack its country code"),
        ("+05105550101", "lack its country code"),
        ("011 44 20 7946 0958", "lack its country code"),
        ("8 (912) 345-67-89", "lack its country code"),
        ("+44 (0)20 7946 0958", "dialled at home only"),
        ("+123456", "6 digits"),
        ("+1234567890123456", "16 digits"),
        ("1" * 400, "400 digits"),
        (" " * 1000 + "1", "1001 characters"),
        ("+15100550101", "North America"),
        ("+10105550101", "North America"),
        ("+151055501011", "North America"),
        ("+1510555010", "North America"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(written, why):
    with pytest.raises(ArgumentError, match=re.escape(why)) as caught:
        normal_phone(written, argument="targets[3]")
    assert caught.value.argument == "targets[3]"
    assert str(caught.value).startswith("targets[3] ")
    assert written.strip("+ ") == "" or written not in str(caught.value)


@pytest.mark.parametrize("value", [None, 15105550101, b"+15105550101", ["+15105550101"], True])
def test_a_number_is_a_text(value):
    with pytest.raises(ArgumentError, match=f"phone_number must be a str, not {type(value).__name__}"):
        normal_phone(value)


class TestAnyNumber:
    @given(north_american | abroad)
    def test_the_form_of_the_service_stays_as_it_is(self, number):
        assert normal_phone(number) == number
        assert normal_phone(f"+{number}") == number
        assert normal_phone(f"00{number}") == number

    @given(north_american | abroad, st.lists(separators, min_size=16, max_size=16))
    def test_separators_mean_nothing(self, number, between):
        written = "+" + "".join(map("".join, zip(number, between, strict=False)))
        # These mean something: a digit that is dialled at home only, and a fraction or a second number.
        assume(not re.search(r"\(\W*0\W*\)|[./]\W*[0-9]\W*$", written))
        assert normal_phone(written) == number

    @given(st.text() | st.text("+0123456789 ()-.x", max_size=20), st.sampled_from([None, "US", "GB", "DE", "CN", "IT"]))
    def test_whatever_is_written_it_is_read_as_e164_or_refused(self, written, region):
        try:
            number = normal_phone(written, region=region)
        except ArgumentError:
            return
        assert digits_only.fullmatch(number)
        assert normal_phone(f"+{number}", region=region) == number
        assert all(sign in number for sign in written if sign in "123456789")


class TestRegions:
    def test_the_form_of_the_service_is_understood_in_any_region(self):
        for region in ("US", "GB", "DE", "FR", "AU", "ES"):
            assert normal_phone("14155550111", region=region) == "14155550111"
            assert normal_phone("442079460958", region=region) == "442079460958"

    @pytest.mark.parametrize(
        ("written", "region", "number"),
        [
            ("(510) 555-0101", "US", "15105550101"),
            ("510 555 0101", "CA", "15105550101"),
            ("020 7946 0958", "GB", "442079460958"),
            ("030 123456", "DE", "4930123456"),
            ("(0)30 123456", "DE", "4930123456"),
            ("06 1234 5678", "IT", "390612345678"),
            ("138 1234 5678", "CN", "8613812345678"),
            ("(11) 96123-4567", "BR", "5511961234567"),
            ("011 44 20 7946 0958", "US", "442079460958"),
        ],
    )
    def test_national_numbers_are_understood(self, written, region, number):
        assert normal_phone(written, region=region) == number

    @pytest.mark.parametrize("written", ["0101", "555-0101", "510 555 0101 x5", "call 510 555 0101", "1" * 17, "0"])
    def test_what_no_text_can_reach_is_refused(self, written):
        with pytest.raises(ArgumentError) as caught:
            normal_phone(written, region="US")
        assert caught.value.argument == "phone_number"

    @pytest.mark.parametrize("region", [None, "US", "GB", "CN"])
    def test_a_region_is_a_country_in_capitals(self, region):
        assert check_region(region) == region

    @pytest.mark.parametrize("region", ["us", "USA", "XX", "", 1, True, ["US"]])
    def test_other_regions_are_refused(self, region):
        with pytest.raises(ConfigurationError, match="two-letter country"):
            check_region(region)

    def test_a_region_needs_the_library_that_knows_them(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "phonenumbers", None)
        with pytest.raises(ConfigurationError) as caught:
            check_region("US")
        assert caught.value.advice == "pip install 'heymarket-async[phones]'"
        assert check_region(None) is None
        assert normal_phone("+15105550101") == "15105550101"
