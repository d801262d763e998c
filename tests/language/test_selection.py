"""Selecting the lines of a general text that are like a domain."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from language.tiny import untrained

from seqkit import ngram
from seqkit.errors import ConfigError, DataError, SeqkitError, WrongType
from seqkit.language.aligned import in_chunks, is_table
from seqkit.language.domains import CountedPair, DistinctSample, GivenPair
from seqkit.language.duplicates import first_of_equal, keys_of, normal_form
from seqkit.language.selection import choose, score_text, select, survey_text
from seqkit.ngram.text import PreTokenizer

DOMAIN = ["a man rides a horse", "a man walks a dog", "a dog rides a horse", "the man walks"] * 3
GENERAL = [
    "stocks fell and a bank walks away",
    "a man walks a horse",
    "the bank rides out a crisis",
    "",
    "the dog walks",
    "a man walks a horse",
    "stocks fell again",
    "a dog rides a man",
]


def bits_a_token(model, line):
    return -model.score(line) * math.log2(10) / (len(line.split()) + 1)


def masked(lines, known):
    """Lines with `<unk>` for all but the known words, by hand."""
    return [" ".join(word if word in known else "<unk>" for word in line.split()) for line in lines]


def test_a_score_is_the_difference_of_cross_entropies():
    counts = Counter(word for line in DOMAIN for word in line.split())
    known = {word for word, count in counts.items() if count >= 2}
    general = [line for line in GENERAL if line]
    assert known <= {word for line in general for word in line.split()}  # the models know the same
    own, other = (
        ngram.train(masked(lines, known), order=3, unk="keep") for lines in (DOMAIN, general)
    )
    pair = CountedPair(DOMAIN, general, order=3, pre_tokenizer=PreTokenizer())
    found = pair.differences(["a man walks a horse", "stocks fell", ""])
    for line, difference in zip(["a man walks a horse", "<unk> <unk>", ""], found, strict=True):
        expected = bits_a_token(own, line) - bits_a_token(other, line)
        assert difference == pytest.approx(expected, abs=1e-5)


def test_models_that_are_given_are_compared_line_by_line():
    own = ngram.train(DOMAIN, order=2, smoothing="witten-bell")
    other = ngram.train(GENERAL, order=3, smoothing="witten-bell")
    pair = GivenPair(own, other)
    assert not pair.knows_the_same
    found = pair.differences(GENERAL)
    expected = [bits_a_token(own, line) - bits_a_token(other, line) for line in GENERAL]
    assert found.tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["lstm", "transformer-lm"])
def test_networks_score_each_line_by_itself(name):
    own, other = untrained(name), untrained(name)
    for parameter in other.model.parameters():
        parameter.data *= 0.5
    lines = ["the cat sees the ball .", "", "a dog"]
    found = GivenPair(own, other).differences(lines)
    expected = [bits_a_token(own, line) - bits_a_token(other, line) for line in lines]
    assert found.tolist() == pytest.approx(expected, abs=1e-5)
    assert len(set(found.round(5).tolist())) == 3


def test_models_of_different_tokens_do_not_compare():
    chars = ngram.train(GENERAL, order=2, tokenizer="char")
    with pytest.raises(ConfigError, match="the tokens whitespace and char do not compare"):
        GivenPair(ngram.train(DOMAIN, order=2), chars)


def test_what_the_general_text_lacks_does_not_look_general():
    """Its model knows the words of the domain, or `<unk>` would make jargon likely there."""
    domain = ["the angioplasty failed", "an angioplasty helped"] * 5
    general = [f"w{i} w{i + 1} the w{i + 2}" for i in range(50)]
    pair = CountedPair(domain, general, order=2, pre_tokenizer=PreTokenizer())
    jargon, plain = pair.differences(["the angioplasty", "the weather"])
    assert jargon < 0 < plain


def test_the_lines_chosen_come_in_their_order_without_blanks_and_duplicates():
    found = list(select(GENERAL, DOMAIN, top=3))
    assert [each.number for each in found] == [2, 5, 8]
    assert [each.text for each in found] == [GENERAL[1], GENERAL[4], GENERAL[7]]
    assert found[0].record() == {"number": 2, "score": found[0].score, "text": GENERAL[1]}

    everything = [each.number for each in select(GENERAL, DOMAIN, top=1.0, dedup="off")]
    assert everything == [1, 2, 3, 5, 6, 7, 8]
    scores = sorted(each.score for each in select(GENERAL, DOMAIN, top=1.0))
    found = list(select(GENERAL, DOMAIN, threshold=scores[1]))
    assert sorted(each.score for each in found) == scores[:2]
    assert len(list(select(GENERAL, DOMAIN, top=0.5))) == 3
    assert len(list(select(GENERAL, DOMAIN, top=100))) == 6


def test_sides_of_a_parallel_text_add_up():
    own = [(line, line[::-1]) for line in DOMAIN]
    general = [(line, line[::-1]) for line in GENERAL]
    scores = {}
    for what, side in (("first", 0), ("second", 1)):
        lines = select([row[side] for row in general], [row[side] for row in own], top=1.0)
        scores[what] = {each.number: each.score for each in lines}
    for each in select(general, own, top=1.0):
        expected = scores["first"][each.number] + scores["second"][each.number]
        assert each.score == pytest.approx(expected, abs=1e-6)
        assert each.text == general[each.number - 1]


def test_of_equal_scores_the_first_lines_are_chosen():
    rows = [("b",), ("a",), ("c",)]
    survey = survey_text(lambda: in_chunks(rows), [], dedup="exact", seed=1)
    choice = choose(np.full(3, 0.5), survey, top=2)
    assert choice.mask.tolist() == [True, True, False]


def test_lines_are_known_by_their_content():
    rows = [
        ("A man.", "x"),
        ("a  man", "x"),
        ("A man.", "x"),
        ("A man.", "y"),
        ("?!", ""),
        ("!", ""),
    ]
    assert first_of_equal(keys_of(rows)).tolist() == [True, True, False, True, True, True]
    found = first_of_equal(keys_of(rows, normalised=True)).tolist()
    assert found == [True, False, False, True, True, True]
    assert normal_form("Ｆｉｓｈ, 2 Straße_1!") == "fish2strasse1"


def test_a_sample_is_as_large_as_asked_for_and_depends_on_no_order():
    lines = [f"line {number:03}" for number in range(500)]

    def sample(given, seed=1, chunk=70):
        found = DistinctSample(8 * 50, seed)
        for start in range(0, len(given), chunk):
            part = given[start : start + chunk]
            found.add(keys_of(zip(part, strict=True)), part)
        return found.lines

    chosen = sample(lines)
    assert len(chosen) == len(set(chosen)) == 50
    assert sample(lines[::-1] + lines * 2, chunk=13) == chosen
    assert sample(lines, seed=2) != chosen
    assert sorted(sample(lines[:20])) == lines[:20]


def test_every_line_is_as_likely_in_a_sample():
    lines = [f"line {number:02}" for number in range(40)]
    times = Counter()
    for seed in range(400):
        found = DistinctSample(7 * 10, seed)
        found.add(keys_of(zip(lines, strict=True)), lines)
        times.update(found.lines)
    assert sum(times.values()) == 400 * 10
    assert all(60 <= times[line] <= 140 for line in lines)  # 100, with a deviation of 8.7


def test_a_text_that_changes_while_it_is_read_is_refused():
    rows = [("a",), ("b",)]
    survey = survey_text(lambda: in_chunks(rows), [], dedup="exact", seed=1)
    pair = GivenPair(ngram.train(["a"], order=1), ngram.train(["b"], order=1))
    scores = score_text(lambda: in_chunks(rows * 2), [pair])
    with pytest.raises(DataError, match="had 2 lines and now has 4"):
        choose(scores, survey, top=1)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "say how much to select"),
        ({"top": 1, "threshold": 0.0}, "say how much to select"),
        ({"top": 0}, "a number of lines from 1"),
        ({"top": 0.0}, "a share above 0"),
        ({"top": 1.5}, "a share above 0"),
        ({"top": True}, "are numbers, not True"),
        ({"top": "20%"}, "are numbers, not '20%'"),
        ({"threshold": math.nan}, "not nan"),
        ({"threshold": -99.0}, "no line scores -99 or less: the lowest score is"),
        ({"top": 1, "dedup": "no"}, "dedup is 'exact', 'normalised' or 'off', not 'no'"),
        ({"top": 1, "order": 0}, "the order of an n-gram model is at least 1"),
        ({"top": 1, "seed": -1}, "seed"),
        ({"top": 1, "tokenizer": "x"}, "no tokenizer 'x'"),
    ],
)
def test_settings_by_which_nothing_can_be_chosen_are_refused(settings, complaint):
    with pytest.raises(SeqkitError, match=complaint):
        select(GENERAL, DOMAIN, **settings)


@pytest.mark.parametrize(
    ("general", "in_domain", "complaint"),
    [
        ([], DOMAIN, "the general text: the text is empty"),
        (["", " "], DOMAIN, "the general text: the text is empty"),
        (GENERAL, [], "the in-domain text: the text is empty"),
        (GENERAL, ["each word once"], "too small: no word of it occurs twice"),
        ([("a", "b")], DOMAIN, "the general text have 2 sides, those of the in-domain text 1"),
        ([("a", "b"), ("c",)], DOMAIN, "line 2 of the general text has 1 sides"),
        (["a", ("b",)], DOMAIN, "line 2 of the general text: give strings, or a tuple"),
        (["a\nb"], DOMAIN, "one line"),
    ],
)
def test_texts_that_cannot_be_compared_are_refused(general, in_domain, complaint):
    with pytest.raises(DataError, match=complaint):
        select(general, in_domain, top=1)


def test_one_string_is_no_text():
    with pytest.raises(WrongType, match="give a list of lines, not one string"):
        select("a man", DOMAIN, top=1)


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_packed_tables_have_columns_too(ending):
    assert is_table(Path(f"pairs.tsv{ending}"))
    assert not is_table(Path(f"pairs.txt{ending}"))
