"""What a text costs: its encoding, its parts, and the character that is to blame."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heymarket_async import ArgumentError, sms

GSM = sms.ALPHABET.replace("\x1b", "") + "".join(sms.EXTENSION.values())
gsm_texts = st.text(st.sampled_from(GSM), max_size=500)
# Many characters at which a part may have to end early.
tight_texts = st.text(st.sampled_from("a€[é😀'\u2019"), max_size=400)
any_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)


def septets(text: str) -> int:
    return sum(1 if char in sms.ALPHABET else 2 for char in text)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class TestTheAlphabet:
    def test_it_has_128_codes_and_ten_in_the_extension(self):
        assert len(sms.ALPHABET) == len(set(sms.ALPHABET)) == 128
        assert len(sms.EXTENSION) == len(set(sms.EXTENSION.values())) == 10
        assert not set(sms.ALPHABET) & set(sms.EXTENSION.values())

    @pytest.mark.parametrize(
        ("code", "char"),
        [
            (0x00, "@"),
            (0x01, "£"),
            (0x02, "$"),
            (0x09, "Ç"),
            (0x0A, "\n"),
            (0x0D, "\r"),
            (0x10, "Δ"),
            (0x11, "_"),
            (0x1B, "\x1b"),
            (0x20, " "),
            (0x24, "¤"),
            (0x40, "¡"),
            (0x41, "A"),
            (0x5B, "Ä"),
            (0x5F, "§"),
            (0x60, "¿"),
            (0x61, "a"),
            (0x7B, "ä"),
            (0x7F, "à"),
        ],
    )
    def test_characters_have_the_codes_of_the_standard(self, code, char):
        assert sms.ALPHABET[code] == char

    def test_where_ascii_agrees_it_is_ascii(self):
        same = {char for code, char in enumerate(sms.ALPHABET) if code < 128 and chr(code) == char}
        assert set("\n\r !\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ") <= same
        assert set("abcdefghijklmnopqrstuvwxyz") <= same

    def test_an_escape_is_no_character_of_a_text(self):
        assert sms.parts("a\x1b").encoding == "UCS-2"


class TestLengths:
    @pytest.mark.parametrize(
        ("text", "encoding", "count", "used", "left"),
        [
            ("", "GSM-7", 0, 0, 160),
            ("a", "GSM-7", 1, 1, 159),
            ("a" * 160, "GSM-7", 1, 160, 0),
            ("a" * 161, "GSM-7", 2, 161, 145),
            ("a" * 306, "GSM-7", 2, 306, 0),
            ("a" * 307, "GSM-7", 3, 307, 152),
            ("€" * 80, "GSM-7", 1, 160, 0),
            ("€" * 81, "GSM-7", 2, 162, 143),  # 76 in the first part: one septet of it stays empty.
            ("a" * 159 + "€", "GSM-7", 2, 161, 145),
            ("a" * 152 + "€" + "a" * 10, "GSM-7", 2, 164, 141),
            ("ж" * 70, "UCS-2", 1, 70, 0),
            ("ж" * 71, "UCS-2", 2, 71, 63),
            ("ж" * 134, "UCS-2", 2, 134, 0),
            ("😀" * 35, "UCS-2", 1, 70, 0),
            ("😀" * 36, "UCS-2", 2, 72, 61),  # 33 in the first part: one unit of it stays empty.
            ("a" * 69 + "\u2019", "UCS-2", 1, 70, 0),
        ],
    )
    def test_they_are_those_of_the_standard(self, text, encoding, count, used, left):
        found = sms.parts(text)
        assert (found.encoding, found.count, found.used, found.left) == (encoding, count, used, left)

    @given(st.one_of(gsm_texts, tight_texts, any_texts))
    def test_the_parts_are_the_text_and_each_has_room(self, text):
        found = sms.parts(text)
        cost, alone, joined = (septets, 160, 153) if found.encoding == "GSM-7" else (units, 70, 67)
        assert "".join(found.segments) == text
        assert found.count == len(found.segments)
        assert found.used == cost(text) == sum(map(cost, found.segments))
        room = alone if found.count <= 1 else joined
        assert all(0 < cost(segment) <= room for segment in found.segments)
        assert found.left == room - (cost(found.segments[-1]) if text else 0)

    @given(st.one_of(gsm_texts, tight_texts, any_texts))
    def test_no_part_could_have_held_what_begins_the_next(self, text):
        found = sms.parts(text)
        cost, joined = (septets, 153) if found.encoding == "GSM-7" else (units, 67)
        for before, after in zip(found.segments, found.segments[1:], strict=False):
            assert cost(before) + cost(after[0]) > joined

    @given(gsm_texts, st.sampled_from(GSM))
    def test_what_is_left_can_be_written_and_not_more(self, text, char):
        found = sms.parts(text)
        more = sms.parts(text + char)
        assert more.count - found.count == (1 if septets(char) > found.left or not text else 0)

    @given(st.one_of(tight_texts, any_texts))
    def test_it_is_gsm_exactly_where_every_character_is(self, text):
        found = sms.parts(text)
        outside = [place for place, char in enumerate(text) if char not in GSM]
        assert (found.encoding == "UCS-2") is bool(outside)
        if not outside:
            assert found.forced_by is None
        else:
            assert found.forced_by is not None
            assert found.forced_by.position == outside[0]
            assert found.forced_by.character == text[outside[0]]


class TestTheCharacterToBlame:
    @pytest.mark.parametrize(
        ("char", "instead"),
        [
            ("\u2019", "'"),
            ("\u201c", '"'),
            ("\u2014", "-"),
            ("…", "..."),
            ("\u00a0", " "),
            ("\u200b", ""),
            ("\ufeff", ""),
            ("\t", " "),
            ("`", "'"),
            ("ê", "e"),
            ("ç", "c"),
            ("½", None),
            ("ﬁ", "fi"),
            ("😀", None),
            ("ж", None),
            ("電", None),
            ("\u0301", None),
        ],
    )
    def test_it_says_what_could_stand_in_its_place(self, char, instead):
        found = sms.parts(f"It is {char} here").forced_by
        assert found is not None
        assert (found.character, found.position) == (char, 6)
        assert found.suggestion == instead
        assert found.name == unicodedata.name(char, "")

    @given(any_texts)
    def test_what_it_suggests_needs_no_other_encoding(self, text):
        forced_by = sms.parts(text).forced_by
        if forced_by is not None and forced_by.suggestion is not None:
            assert sms.parts(forced_by.suggestion).encoding == "GSM-7"

    def test_the_first_one_is_named(self):
        found = sms.parts("Zoë\u2019s 😀").forced_by
        assert found == sms.Forcing(
            character="ë", position=2, name="LATIN SMALL LETTER E WITH DIAERESIS", suggestion="e"
        )


class TestBadInput:
    @pytest.mark.parametrize("text", [None, 5, b"text", ["text"], "\ud83d", "a" * 100_001])
    def test_what_is_no_text_is_an_error(self, text):
        with pytest.raises(ArgumentError) as caught:
            sms.parts(text)
        assert caught.value.argument == "text"

    def test_the_repr_does_not_show_the_text(self):
        shown = repr(sms.parts("Your order has shipped, Samantha."))
        assert "order" not in shown
        assert "count=1" in shown
