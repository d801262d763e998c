"""Text in capitals is read in sentence case by a model that has hardly seen capitals."""

from seqkit.text import TextConfig, Tokenizer
from seqkit.translation.casing import in_capitals, sentence_case
from seqkit.translation.cutting import cut_line

ENGLISH = ["Tom and I like the dog.", "The dog likes Tom.", "I think I am Tom.", "He is a dog."] * 9
WORDS = Tokenizer.train(ENGLISH, TextConfig(tokenizer="word", normalize=["squeeze"]))
CHARS = Tokenizer.train(ENGLISH, TextConfig(tokenizer="char", normalize=["squeeze"]))
LOUD = Tokenizer.train([line.upper() for line in ENGLISH], TextConfig(tokenizer="word"))


def test_capitals_are_two_or_more_letters_without_a_small_one():
    assert in_capitals("HE IS 5!")
    assert in_capitals("ОН ТАМ")
    for text in ("I", "A 5", "He IS", "12", "你好", "", "ß"):
        assert not in_capitals(text)


def test_sentence_case_keeps_the_capitals_of_names():
    assert sentence_case("THE DOG LIKES TOM.", WORDS) == "The dog likes Tom."
    assert sentence_case("TOM AND I LIKE THE DOG.", WORDS) == "Tom and I like the dog."
    assert sentence_case("«HE IS A DOG»", WORDS) == "«He is a dog»"
    assert sentence_case("THE DOG LIKES", CHARS).startswith("The dog")


def test_a_model_that_knows_capitals_is_given_capitals():
    assert sentence_case("THE DOG LIKES TOM.", LOUD) is None


def test_each_sentence_in_capitals_is_lowered_by_itself():
    parts = cut_line("HE IS A DOG! The dog likes TOM.", WORDS, longest=50).parts
    assert [(part.text, part.capitals) for part in parts] == [
        ("He is a dog!", True),
        ("The dog likes TOM.", False),
    ]
