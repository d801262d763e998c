"""Figures of a text: its tokens, its commonest n-grams, Zipf's exponent."""

import json

import numpy as np
import pytest

from seqkit import ngram
from seqkit.errors import DataError
from seqkit.ngram.statistics import frequencies, summary, zipf_exponent


def figures(lines, order=2, top=2, **options):
    counts = ngram.count(lines, order=order, **options)
    found = summary(counts, frequencies(counts), top)
    assert json.loads(json.dumps(found)) == found
    return found


def test_ngrams_within_sentences_are_counted_the_commonest_first():
    found = figures(["a b a", "", "b a c"])
    assert (found["sentences"], found["tokens"]) == (3, 6)
    words, pairs = found["orders"]
    assert words["commonest"] == [["a", 3], ["b", 2]]
    assert (words["order"], words["types"], words["once"]) == (1, 3, 1)
    assert pairs["commonest"] == [["b a", 2], ["a b", 1]]
    assert (pairs["order"], pairs["types"], pairs["once"]) == (2, 3, 2)


def test_special_words_are_no_part_of_the_figures():
    found = figures(["a <unk> a a"], unk="keep", top=9)
    assert found["orders"][0]["commonest"] == [["a", 3]]
    assert found["orders"][1]["commonest"] == [["a a", 1]]


@pytest.mark.parametrize("exponent", [0.5, 1, 2])
def test_zipfs_exponent_is_that_of_a_power_law(exponent):
    counts = 1e6 * np.arange(1, 200) ** -float(exponent)
    assert zipf_exponent(counts) == pytest.approx(exponent)


@pytest.mark.parametrize("counts", [[], [7], [3, 3, 3]])
def test_zipfs_exponent_of_equal_counts_is_zero(counts):
    assert zipf_exponent(np.array(counts)) == pytest.approx(0, abs=1e-12)


def test_a_text_without_words_is_refused():
    with pytest.raises(DataError, match="the text holds no words"):
        figures(["", "  "])
