"""Small binaries: nothing but the last digits of numbers is lost, and the file is a third."""

import re

import numpy as np
import pytest
from ngram.slow import some_lines

from seqkit import ngram
from seqkit.errors import ConfigError, DataError
from seqkit.ngram.packing import quantise


def test_few_distinct_numbers_stay_as_they_are():
    numbers = np.array([-0.5, 0, -3, np.nan, -0.5, -99], np.float32)
    codes, values = quantise(numbers, keep_zero=True)
    np.testing.assert_array_equal(values[codes], numbers)


@pytest.mark.parametrize("keep_zero", [True, False])
def test_many_numbers_are_rounded_to_the_mean_of_their_bin(keep_zero):
    """Bins of equal population: the error is below the width of the bins next to a number."""
    numbers = np.random.default_rng(0).exponential(size=100_000).astype(np.float32) * -1
    numbers[::10] = 0
    codes, values = quantise(numbers, keep_zero=keep_zero)
    found = values[codes]
    if keep_zero:
        assert (found[::10] == 0).all()
    assert len(np.unique(codes)) > 200
    assert np.abs(found - numbers).mean() < 0.01
    order = np.argsort(numbers)
    assert (np.diff(found[order]) >= 0).all()


def test_a_small_binary_scores_almost_the_same(tmp_path):
    model = ngram.train(some_lines(5, lines=3000, words="abcdefghij"), order=4)
    ngram.save(model, tmp_path / "whole.lm")
    ngram.save(model, tmp_path / "small.lm", bits=8)
    sizes = [(tmp_path / name).stat().st_size for name in ("whole.lm", "small.lm")]
    assert sizes[1] < sizes[0] * 0.45

    small = ngram.load(tmp_path / "small.lm")
    for ours, theirs in zip(small.grams, model.grams, strict=True):
        np.testing.assert_array_equal(ours.keys, theirs.keys)
        np.testing.assert_array_equal(ours.backoffs == 0, theirs.backoffs == 0)
    text = some_lines(6, lines=200, words="abcdefghij")
    assert small.perplexity(text) == pytest.approx(model.perplexity(text), rel=0.005)
    assert small.grams[0].scores.tolist() == model.grams[0].scores.tolist()

    ngram.save(small, tmp_path / "again.lm", bits=8)  # rounded numbers are not rounded again
    again = ngram.load(tmp_path / "again.lm")
    assert again.score("a b c") == small.score("a b c")


def test_a_damaged_small_binary_is_refused(tmp_path):
    ngram.save(ngram.train(some_lines(5), order=3, smoothing="katz"), tmp_path / "a.lm", bits=8)
    content = (tmp_path / "a.lm").read_bytes()
    for place in range(len(content) // 2, len(content), 97):
        damaged = bytearray(content)
        damaged[place] ^= 1
        (tmp_path / "b.lm").write_bytes(damaged)
        with pytest.raises(DataError, match=re.escape(f"{tmp_path / 'b.lm'} is damaged")):
            ngram.load(tmp_path / "b.lm")


def test_what_8_bits_cannot_hold_is_refused(tmp_path):
    model = ngram.train(some_lines(5), order=2, smoothing="witten-bell")
    with pytest.raises(ConfigError, match="only seqkit's binary has 8 bits"):
        ngram.save(model, tmp_path / "a.arpa", bits=8)
    with pytest.raises(ConfigError, match="in 8 or 32 bits, not 4"):
        ngram.save(model, tmp_path / "a.lm", bits=4)
    added = ngram.train(some_lines(5), order=2, smoothing="add-k")
    with pytest.raises(ConfigError, match="add-k cannot be written in 8 bits"):
        ngram.save(added, tmp_path / "a.lm", bits=8)
