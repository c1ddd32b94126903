"""UNSET, masks, and what a model keeps of unknown keys."""

from __future__ import annotations

import copy
import json
import pickle

import msgspec
import pytest

from heymarket_async import SurveyType
from heymarket_async.values import MASK, NO_EXTRA, UNSET, Acknowledgement, Extra, OpenEnum, Unset, is_word, mask

PRIVATE = "+1 510 555 0101"


def test_unset_is_one_thing_that_counts_as_false_and_says_its_name():
    assert not UNSET
    assert repr(UNSET) == "UNSET"
    assert isinstance(UNSET, Unset)
    assert UNSET is not None


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_unset_stays_the_same_thing_when_copied_or_pickled(twin):
    assert twin(UNSET) is UNSET


@pytest.mark.parametrize("encode", [json.dumps, msgspec.json.encode])
def test_unset_is_never_written_into_json(encode):
    with pytest.raises(TypeError):
        encode({"name": UNSET})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None"),
        ((), "()"),
        ("", f"'{MASK}'"),
        (PRIVATE, f"'{MASK}'"),
        (15105550101, f"'{MASK}'"),
        ((PRIVATE,), f"({MASK} ×1)"),
        ((PRIVATE, PRIVATE), f"({MASK} ×2)"),
    ],
)
def test_a_mask_shows_whether_there_is_a_value_and_never_what_it_is(value, shown):
    assert mask(value) == shown


@pytest.mark.parametrize("key", ["id", "created_at", "a123456", "X-Thing", "_a", "a1", "a" * 64])
def test_the_name_of_a_field_is_a_word(key):
    assert is_word(key)


@pytest.mark.parametrize(
    "key", ["", "1", PRIVATE, "c_5105550101", "a@example.com", "a b", "a.b", "é", "a\n", "\ud83d", "a" * 65, 5, None]
)
def test_anything_else_is_none(key):
    assert not is_word(key)


class TestExtra:
    def test_it_is_a_mapping_of_what_was_sent(self):
        extra = Extra({"colour": "red", "size": [1, 2]})
        assert dict(extra) == {"colour": "red", "size": [1, 2]}
        assert extra["size"] == [1, 2]
        assert extra.get("none") is None
        assert "colour" in extra
        assert "none" not in extra
        assert len(extra) == 2
        assert list(extra) == ["colour", "size"]

    def test_it_equals_any_mapping_with_the_same_items(self):
        assert Extra({"a": 1}) == Extra({"a": 1}) == {"a": 1}
        assert Extra({"a": 1}) != Extra({"a": 2})
        assert Extra({}) == NO_EXTRA

    def test_it_cannot_be_changed(self):
        extra = Extra({"a": 1})
        with pytest.raises(TypeError):
            extra["a"] = 2
        with pytest.raises(TypeError):
            del extra["a"]
        with pytest.raises(AttributeError):
            extra.other = 1
        assert not hasattr(extra, "update")
        assert extra == {"a": 1}

    @pytest.mark.parametrize("show", [repr, str, "{}".format, lambda value: f"{value!s:>9}"])
    def test_its_repr_shows_keys_in_order_and_no_value(self, show):
        assert show(Extra({"b": PRIVATE, "a": {PRIVATE: 1}})).strip() == "Extra(a, b)"

    @pytest.mark.parametrize("key", [PRIVATE, "riley@example.com", "two words", "a\nb", "\ud83d", 5])
    def test_its_repr_masks_keys_that_may_be_data(self, key):
        assert repr(Extra({key: 1, "plain": 2})) == f"Extra(plain, {MASK})"
        assert dict(Extra({key: 1})) == {key: 1}

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_it_can_be_pickled(self, protocol):
        extra = Extra({"a": [1]})
        twin = pickle.loads(pickle.dumps(extra, protocol))
        assert type(twin) is Extra
        assert twin == extra

    def test_a_deep_copy_shares_nothing_with_it(self):
        extra = Extra({"a": [1]})
        twin = copy.deepcopy(extra)
        assert type(twin) is Extra
        assert twin == extra
        assert twin["a"] is not extra["a"]
        assert copy.copy(extra) == extra


class TestOpenEnum:
    class Colour(OpenEnum):
        RED = "red"

    def test_a_word_that_is_known_is_one_thing(self):
        assert self.Colour("red") is self.Colour.RED
        assert self.Colour.RED.is_known
        assert self.Colour.RED == "red"
        assert {self.Colour.RED: 1}["red"] == 1

    def test_a_word_that_is_not_known_is_kept_and_compares_as_its_text(self):
        blue = self.Colour("blue")
        assert type(blue) is self.Colour
        assert not blue.is_known
        assert blue == "blue" == str(blue) == f"{blue}" == blue.value
        assert blue == self.Colour("blue")
        assert hash(blue) == hash("blue") == hash(self.Colour("blue"))
        assert blue != self.Colour.RED
        assert list(self.Colour) == [self.Colour.RED]

    def test_it_can_be_copied_and_written_as_its_text(self):
        for word in (self.Colour.RED, self.Colour("blue")):
            assert copy.deepcopy(word) == word
            assert type(copy.copy(word)) is self.Colour
            assert json.dumps(word) == f'"{word}"' == msgspec.json.encode(word).decode()

    @pytest.mark.parametrize("value", [None, 5, ["red"]])
    def test_only_a_text_is_a_word(self, value):
        with pytest.raises(ValueError, match="is not a valid"):
            self.Colour(value)


def test_words_can_be_pickled_known_or_not():
    for word in (SurveyType("nps"), SurveyType("not known")):
        twin = pickle.loads(pickle.dumps(word))
        assert twin == word
        assert type(twin) is SurveyType
        assert twin.is_known is word.is_known


def test_an_acknowledgement_is_a_text():
    assert Acknowledgement("ok") == "ok"
    assert isinstance(Acknowledgement("ok"), str)


def test_a_mask_of_an_object_shows_how_many_keys_it_has():
    assert mask({PRIVATE: PRIVATE}) == f"{{{MASK} ×1}}"
