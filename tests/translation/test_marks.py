"""Typographic marks: read as plain ones by models that do not know them."""

from seqkit.text import TextConfig, Tokenizer
from seqkit.translation.cutting import cut_line
from seqkit.translation.marks import with_plain_marks

CONFIG = TextConfig(tokenizer="char", normalize=[])
TEXT = "“Don’t,” he said… 10–30 — « a »"


def test_marks_that_a_model_has_not_seen_are_plain():
    plain = Tokenizer.train(["""It's a "b" 1-2 c, he said. Don't."""], CONFIG)
    read = """"Don't," he said... 10-30 - " a \""""
    assert with_plain_marks(TEXT, plain) == read
    (part,) = cut_line("a “b”", plain, longest=100).parts
    assert part.text == 'a "b"'


def test_marks_that_a_model_knows_well_stay():
    both = Tokenizer.train(['It’s “a” — 1–2 « c »… It\'s "a" 1-2 ...'], CONFIG)
    assert with_plain_marks(TEXT, both) == TEXT


def test_a_mark_that_was_seen_far_less_often_than_the_plain_one_is_plain():
    rare = Tokenizer.train(["it’s " + "it's " * 50, "1–2 3–4 5-6"], CONFIG)
    assert with_plain_marks("it’s 1–2", rare) == "it's 1–2"


def test_marks_stay_where_there_are_no_plain_ones():
    letters = Tokenizer.train(["abc"], CONFIG)
    assert with_plain_marks(TEXT, letters) == TEXT
