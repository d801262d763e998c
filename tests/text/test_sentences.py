import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seqkit.text import split_sentences
from seqkit.text.sentences import halve

QUICK = settings(deadline=None, database=None)
TEXT = st.one_of(
    st.text(), st.text("aB.!? \n\"'。”)…,"), st.text("你。！？” A.").map(lambda text: text * 2)
)


@QUICK
@given(TEXT, st.sampled_from(["", "en", "de", "el", "zh"]))
@example("", "")
@example("  Hello.  World. ", "")
def test_the_parts_joined_are_the_text_again(text, language):
    parts = split_sentences(text, language)
    assert "".join(sentence + space for sentence, space in parts) == text


@QUICK
@given(TEXT)
def test_sentences_are_followed_by_white_space_and_none_is_empty_unless_it_is_the_only_one(text):
    parts = split_sentences(text)
    assert all(not space.strip() for _, space in parts)
    assert all(sentence for sentence, _ in parts[:-1])
    assert len(parts) > 1 or parts[0][0] == text.rstrip()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said "No." Then he left.', ['He said "No."', "Then he left."]),
        ("Wait... What?! 3 men.", ["Wait...", "What?!", "3 men."]),
        ("¿Qué? ¡No!", ["¿Qué?", "¡No!"]),
        ("Où? À Paris.", ["Où?", "À Paris."]),
        ("你好。再见！", ["你好。", "再见！"]),
        ("你好。 再见！", ["你好。", "再见！"]),
        ("真的吗？？是的。。。", ["真的吗？？", "是的。。。"]),
        ("他说：“好。”她走了。", ["他说：“好。”", "她走了。"]),
    ],
)
def test_text_is_split_at_the_ends_of_sentences(text, sentences):
    assert [sentence for sentence, _ in split_sentences(text)] == sentences


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Brown met Dr. Smith.",
        "J. S. Bach was here.",
        "Das ist z. B. Wasser.",
        "It cost 3.50 dollars in all.",
        "See www.Example.Org now.",
        "The U.S. Army is big.",
        "A book by J.R.R. Tolkien.",
        "Am 3. Mai, not Sept. 5 as in Fig. 3.",
        "so ... he went",
        "Stop! he cried.",
        "no end at all",
    ],
)
def test_there_is_no_split_after_abbreviations_and_numbers_nor_before_lower_case(text):
    assert split_sentences(text) == [(text, "")]


def test_there_is_no_split_after_an_abbreviation_that_begins_a_later_sentence():
    sentences = [sentence for sentence, _ in split_sentences("Hello. Dr. Who came.")]
    assert sentences == ["Hello.", "Dr. Who came."]


@pytest.mark.parametrize(
    "unit",
    [".", "!'", "。", ". ", '."(', ". (", "。 ", "a. ", "։", "। ", ". »", "Dr. ", "A.", "1. "],
)
def test_the_time_for_a_very_long_line_is_linear_in_its_length(unit):
    """In quadratic time, these would take minutes to hours."""
    text = unit * (100_000 // len(unit))
    start = time.process_time()
    assert "".join(sentence + space for sentence, space in split_sentences(text)) == text
    assert time.process_time() - start < 3


@QUICK
@given(st.one_of(st.text(min_size=2), st.text("ab ,", min_size=2)))
@example("a,")
@example("ab,")
@example(", ")
def test_both_halves_are_shorter_than_the_text_and_together_they_are_the_text(text):
    left, right = halve(text)
    assert left + right == text
    assert left
    assert right
    assert min(len(left), len(right)) >= len(text) // 4


def test_a_text_is_halved_after_a_clause_mark_else_at_a_space_else_in_the_middle():
    assert halve("a bb cc, dd ee ff gg") == ("a bb cc,", " dd ee ff gg")
    assert halve("aaa bbb ccc ddd") == ("aaa bbb ", "ccc ddd")
    assert halve("aaaabbbb") == ("aaaa", "bbbb")
