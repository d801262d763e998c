"""Numbers of parallel text."""

import pytest

from seqkit import recipes
from seqkit.data.numbers import numbers, with_varied_numbers
from seqkit.data.parallel import ParallelText, Skipped
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


def varied(source, target, copies=50):
    return with_varied_numbers(ParallelText([source], [target]), copies, seed=1)


def test_copies_hold_other_numbers_the_same_on_both_sides():
    text = varied("I have 3 books.", "Ich habe 3 Bücher.")
    assert len(text) == 51
    assert (text.sources[0], text.targets[0]) == ("I have 3 books.", "Ich habe 3 Bücher.")

    copies = list(zip(text.sources, text.targets, strict=True))[1:]
    assert all(numbers(source) == numbers(target) for source, target in copies)
    lengths = {len(number) for source in text.sources[1:] for number in numbers(source)}
    assert lengths == set(range(1, 8))


def test_the_words_stay_and_no_number_begins_with_a_zero():
    text = varied("Call 119 now", "Rufen Sie 119 an")
    for source, target in zip(text.sources, text.targets, strict=True):
        (number,) = numbers(source)
        assert not number.startswith("0")
        assert source == f"Call {number} now"
        assert target == f"Rufen Sie {number} an"


def test_groups_stay_groups_each_in_the_way_of_its_side():
    text = varied("It costs 10,000 yen.", "Es kostet 10.000 Yen.")
    large = [(s, t) for s, t in zip(text.sources[1:], text.targets[1:], strict=True) if "," in s]
    assert large
    assert all(t.split()[2] == s.split()[2].replace(",", ".") for s, t in large)


def test_numbers_beside_each_other_keep_their_length():
    text = varied("It is 7:50 now.", "Es ist 7.50 Uhr.")
    for source in text.sources:
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
    assert len(varied(source, target)) == 1


def test_the_same_seed_gives_the_same_copies_and_skipped_pairs_stay_counted():
    text = ParallelText(["7"], ["7"], Skipped(empty=3))
    first, again, other = (with_varied_numbers(text, 5, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.sources != other.sources
    assert first.skipped.empty == 3
    assert len(text) == 1


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
