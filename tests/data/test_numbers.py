"""Numbers of parallel text."""

import pytest

from seqkit import recipes
from seqkit.data.numbers import numbers, varied_copies
from seqkit.data.parallel import ParallelText
from seqkit.runs.build import make_trainer


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no number", {}),
        ("I was born in 1945.", {"1945": 1}),
        ("10,000 yen, 10.000 Yen, 10000", {"10000": 3}),
        ("1.650.000", {"1650000": 1}),
        ("at 7:50", {"7": 1, "50": 1}),
        ("3.14 and 1,5", {"3": 1, "14": 1, "1": 1, "5": 1}),
        ("1,2345 is no group of three", {"1": 1, "2345": 1}),
        ("MP3", {"3": 1}),
        ("٣ is no ASCII digit", {}),
    ],
)
def test_numbers_are_known_by_their_digits_however_they_are_grouped(text, found):
    assert numbers(text) == found


def copies_of(source, target, copies=50, seed=1):
    return list(varied_copies(ParallelText([source], [target]), copies, seed))


def test_copies_hold_other_numbers_the_same_on_both_sides():
    copies = copies_of("I have 3 books.", "Ich habe 3 Bücher.")
    assert len(copies) == 50
    assert all(numbers(source) == numbers(target) for source, target in copies)
    lengths = {len(number) for source, _ in copies for number in numbers(source)}
    assert lengths == set(range(1, 8))


def test_the_words_stay_and_no_number_begins_with_a_zero():
    for source, target in copies_of("Call 119 now", "Rufen Sie 119 an"):
        (number,) = numbers(source)
        assert not number.startswith("0")
        assert source == f"Call {number} now"
        assert target == f"Rufen Sie {number} an"


def test_groups_stay_groups_each_in_the_way_of_its_side():
    copies = copies_of("It costs 10,000 yen.", "Es kostet 10.000 Yen.")
    large = [(source, target) for source, target in copies if "," in source]
    assert large
    assert all(t.split()[2] == s.split()[2].replace(",", ".") for s, t in large)


def test_numbers_beside_each_other_keep_their_length():
    for source, _ in copies_of("It is 7:50 now.", "Es ist 7.50 Uhr."):
        hours, minutes = source.split()[2].split(":")
        assert (len(hours), len(minutes)) == (1, 2)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("no number", "keine Zahl"),
        ("I am 25 years old.", "Ich bin fünfundzwanzig Jahre alt."),
        ("It is 2:30.", "Es ist 14.30 Uhr."),
    ],
)
def test_pairs_whose_numbers_differ_have_no_copies(source, target):
    assert not copies_of(source, target)


def test_the_same_seed_gives_the_same_copies():
    first, again, other = (copies_of("7", "7", 5, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_a_translator_trains_on_the_copies_and_validates_without(tmp_path):
    (tmp_path / "text").write_text("".join(f"{word} {word} 7\n" for word in "abcdefghijkl" * 2))

    def described(copies):
        overrides = {
            "data.corpus": "",
            "data.train": [str(tmp_path / "text")] * 2,
            "data.valid": [],
            "data.number_copies": copies,
            "text.tokenizer": "char",
            "text.vocab_size": 300,
        }
        trainer = make_trainer(recipes.load("demo/en-de", overrides), device="cpu")
        return trainer.task.describe()[0]

    assert described(0) == "20 training pairs, 2 for validation"
    assert described(3) == "80 training pairs, 2 for validation"
