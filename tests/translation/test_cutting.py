"""Lines in parts: how they are cut, and what is copied."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqkit.text import TextConfig, Tokenizer
from seqkit.translation.cutting import Part, cut_line, whole_line

QUICK = settings(deadline=None, database=None)
LINES = st.one_of(st.text(), st.text("a. </>@:#*`|-[](){}%1\t😀é中")).map(str.lower)
GERMAN = Tokenizer.train(
    ["Da ist der Hund.", "Der Hund sieht der Katze nach.", "und der Hund"],
    TextConfig(tokenizer="word", normalize=[]),
)
CHARS = Tokenizer.train(["a b c d e . … ! A B"], TextConfig(tokenizer="char", normalize=[]))


def cut(line, longest=100, **how):
    """What is copied before the first part, and each part with what is copied after it."""
    found = cut_line(line, CHARS, longest=longest, **how)
    return [found.lead, *((part.text, part.space) for part in found.parts)]


def test_a_line_is_cut_into_sentences():
    assert cut("a b!  A b.") == ["", ("a b!", "  "), ("A b.", "")]
    assert cut("A Mr. B.", language="en") == ["", ("A Mr. B.", "")]
    assert cut("") == [""]


@QUICK
@given(LINES, st.sampled_from([3, 100]), st.booleans())
def test_nothing_of_a_line_is_lost(line, longest, passthrough):
    lead, *parts = cut(line, longest, passthrough=passthrough)
    joined = lead + "".join(text + space for text, space in parts)
    assert joined.split() == line.split()
    if passthrough and not any(character.isalpha() for character in line):
        assert parts == []


@pytest.mark.parametrize("names", [True, False])
def test_a_character_of_a_font_of_its_own_is_no_name(names):
    assert cut("a\ue000b <b>\ue000", stand_ins=names) == ["", ("a\ue000b", " <b>\ue000")]


def test_a_whole_line_is_one_part():
    line = whole_line(" a b!  A b.\t", CHARS)
    assert line.lead == " "
    assert line.parts == [Part("a b!  A b.", CHARS.encode("a b!  A b.", eos=True), "\t")]
    assert whole_line(" ", CHARS).parts == []


def test_blanks_at_both_ends_of_a_line_are_copied_and_line_breaks_are_not():
    assert cut("  a b\t ") == ["  ", ("a b", "\t ")]
    assert cut("\u00a0a\u3000") == ["\u00a0", ("a", "\u3000")]
    assert cut("a \r\n") == ["", ("a", " ")]
    assert cut(" \t ") == [" \t "]
    assert cut("\r") == [""]


def test_what_is_not_language_is_copied():
    assert cut(" <b>a</b> b https://a.b. ") == [
        " <b>",
        ("a", "</b> "),
        ("b", " https://a.b. "),
    ]
    assert cut("1. 2 ... 3!") == ["1. 2 ... 3!"]
    assert cut("a! 1! B!") == ["", ("a!", " 1! "), ("B!", "")]
    assert cut("1. 2!", passthrough=False) == ["", ("1. 2!", "")]


def test_a_long_sentence_is_halved_in_order_until_it_is_short_enough():
    lead, *parts = cut("a b c d e", 4)
    assert lead + "".join(text + space for text, space in parts) == "a b c d e"
    assert all(len(text) <= 4 for text, _ in parts)
    assert len(parts) >= 3


def test_the_ids_of_a_part_end_a_sentence():
    (part,) = cut_line("ab", CHARS, longest=100).parts
    assert part.ids == CHARS.encode("ab", eos=True)


@pytest.mark.parametrize(
    ("part", "translation", "finished"),
    [
        ({"continues": True}, "Der Hund.", "der Hund."),
        ({"continues": True}, "Hund und Katze", "Hund und Katze"),
        ({"continues": True}, "NATO", "NATO"),
        ({}, " Hallo. ", "Hallo."),
        ({"fragment": True}, "Hallo!", "Hallo"),
        ({"fragment": True}, "...", "..."),
        ({"capitals": True}, "Straße", "STRASSE"),
    ],
)
def test_a_translation_becomes_what_the_line_needs(part, translation, finished):
    assert Part("a", [5, 3], "", **part).finished(translation, GERMAN) == finished


def test_marks_beside_what_is_copied_are_copied():
    assert cut("a {b}, c (https://a.b): d.") == [
        "",
        ("a", " {b}, "),
        ("c", " (https://a.b): "),
        ("d.", ""),
    ]
    assert cut("a: <b>b!</b>") == ["", ("a", ": <b>"), ("b!", "</b>")]


def test_a_fragment_ends_without_the_full_stop_that_a_model_adds():
    def fragments(line):
        return [part.fragment for part in cut_line(line, CHARS, longest=100).parts]

    assert fragments("a <b>b</b> c") == [True, True, True]
    assert fragments("a! <b>b.</b> c") == [False, False, True]
    assert fragments("a b") == [False]
