import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.errors import ConfigError
from seqkit.text.normalize import STEPS, Normalizer

CHARACTERS = [chr(i) for i in range(sys.maxunicode + 1) if not 0xD800 <= i <= 0xDFFF]
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
QUICK = settings(deadline=None, database=None)


@QUICK
@given(TEXT)
def test_without_steps_text_stays_as_it_is(text):
    assert Normalizer()(text) == text


@pytest.mark.parametrize("step", STEPS)
@QUICK
@given(text=TEXT)
def test_a_step_applied_twice_gives_what_it_gives_once(step, text):
    once = Normalizer([step])(text)
    assert Normalizer([step, step])(text) == once


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@QUICK
@given(text=TEXT)
def test_the_unicode_steps_give_normalised_text(form, text):
    assert unicodedata.is_normalized(form, Normalizer([form.lower()])(text))


def test_accents_are_joined_and_ligatures_are_left_to_nfkc():
    assert Normalizer(["nfc"])("e\u0301 ﬁ") == "é ﬁ"
    assert Normalizer(["nfkc"])("e\u0301 ﬁ ｈ²") == "é fi h2"


def test_all_unicode_white_space_becomes_a_space_except_line_ends_and_file_separators():
    step = Normalizer(["spaces"])
    changed = {char for char in CHARACTERS if step(char) != char}
    assert changed == {char for char in CHARACTERS if char.isspace()} - set(" \n\r\x1c\x1d\x1e\x1f")
    assert {step(char) for char in changed} == {" "}


def test_control_removes_control_characters_and_direction_marks_of_unicode():
    step = Normalizer(["control"])
    removed = {char for char in CHARACTERS if not step(char)}
    controls = {char for char in CHARACTERS if unicodedata.category(char) == "Cc"} - set("\t\n")
    embeddings = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    directions = {char for char in CHARACTERS if unicodedata.bidirectional(char) in embeddings}
    marks = set("\u061c\u200e\u200f")
    assert controls | directions | marks | {"\ufeff", "\u200b"} <= removed
    assert {unicodedata.category(char) for char in removed} == {"Cc", "Cf"}


def test_control_keeps_the_joiners_that_persian_and_emoji_need():
    for text in ("می\u200cخواهم", "👩\u200d🚀", "a\tb\nc"):
        assert Normalizer(["control"])(text) == text


@QUICK
@given(TEXT)
def test_squeeze_leaves_single_spaces_between_words_and_none_at_the_ends(text):
    assert Normalizer(["squeeze"])(text) == " ".join(text.split())


def test_the_two_ways_to_fold_case_differ_in_the_sharp_s():
    assert Normalizer(["lower"])("STRAẞE Große") == "straße große"
    assert Normalizer(["casefold"])("STRAẞE Große") == "strasse grosse"


@QUICK
@given(st.one_of(TEXT, st.text("aZ \n9é")))
def test_letters_gives_words_of_a_to_z(text):
    cleaned = Normalizer(["letters"])(text)
    words = cleaned.split(" ") if cleaned else []
    assert all(re.fullmatch("[a-z]+", word) for word in words)


def test_letters_keeps_the_words_of_plain_english():
    cleaned = Normalizer(["letters"])(" The Time-Machine, by H. G. Wells [1898]\n")
    assert cleaned == "the time machine by h g wells"


def test_apart_makes_every_mark_a_word():
    words = Normalizer(["apart", "squeeze"])("Don't: 3.5% of §4 (naïve_x)…").split(" ")
    assert " ".join(words) == "Don ' t : 3 . 5 % of § 4 ( naïve_x ) …"


@QUICK
@given(TEXT)
def test_apart_splits_as_a_search_for_words_and_marks_does(text):
    assert Normalizer(["apart"])(text).split() == re.findall(r"\w+|[^\w\s]", text)


def test_steps_are_applied_in_the_order_given():
    text = " \u00a0A\u0007 "
    assert Normalizer(["spaces", "control", "squeeze", "lower"])(text) == "a"
    assert Normalizer(["squeeze", "spaces"])("\u2060 a") == "\u2060 a"
    assert Normalizer(["control", "squeeze"])("\u2060 a") == "a"
    assert Normalizer(["squeeze", "control"])("\u2060 a") == " a"


def test_the_error_for_an_unknown_step_suggests_the_nearest_known_one():
    with pytest.raises(
        ConfigError, match=r"step 'lowr'\. Did you mean 'lower'\? Known: apart, casefold, "
    ):
        Normalizer(["nfc", "lowr"])


def test_a_normalizer_has_a_repr_that_makes_it():
    assert repr(Normalizer(["nfc", "lower"])) == "Normalizer(['nfc', 'lower'])"
