"""The compiled loops beside their twins in NumPy: the same numbers, and no crash on anything."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from seqkit import ngram
from seqkit.native import ngrams as native
from seqkit.native.library import ENVIRONMENT
from seqkit.native.ngrams import GramIndex, WordIndex
from seqkit.ngram import tables
from seqkit.ngram.tables import Grams, GramTables, with_starts
from seqkit.ngram.text import BOS, Vocabulary

WORDS = [b"<unk>", b"<s>", b"</s>", b"a", b"the", b"\xc3\xa4pfel", b"internationally", b"12345678"]


def some_grams(rng, order, words, *, blanks=False):
    """Random n-grams, of which each ends in a shorter one, but may begin with none."""
    grams = []
    shorter = 1
    for k in range(1, order + 1):
        room = shorter * words
        count = words if k == 1 else int(rng.integers(0, min(room, 60) + 1))
        keys = np.sort(rng.choice(room, count, replace=False)).astype(np.int64)
        scores = -rng.random(count).astype(np.float32) * 5
        if blanks and k > 1:
            scores[rng.random(count) < 0.3] = np.nan
        backoffs = -rng.random(count).astype(np.float32)
        grams.append(Grams(keys, scores, backoffs))
        shorter = count
    return grams


def a_stream(rng, words, length):
    ids = rng.integers(0, words, length).astype(np.int32)
    ends = rng.random(length) < 0.2
    ends[-1] = True
    return with_starts(ids, ends)


@pytest.mark.parametrize("blanks", [False, True])
@pytest.mark.parametrize("order", [1, 2, 3, 5, 9])
def test_scores_and_lengths_are_those_of_numpy_to_the_last_bit(compiled, order, blanks):
    rng = np.random.default_rng(order)
    for words in (3, 8):
        grams = some_grams(rng, order, words, blanks=blanks)
        index = GramIndex(compiled, grams, words, blanks=blanks)
        plain = GramTables(grams, words, "backoff", blanks=blanks)
        plain.lookup.index = lambda queries: None
        for length in (1, 63, 64, 1023, 1024, 1025, 3000):
            stream, depth = a_stream(rng, words, length)
            scores, lengths = index.score(stream, depth)
            expected_scores, expected_lengths = plain.score(stream, depth)
            assert_array_equal(scores, expected_scores)
            assert_array_equal(lengths, expected_lengths)
            assert scores.dtype == expected_scores.dtype
            assert lengths.dtype == expected_lengths.dtype


def test_a_context_of_a_thousand_words_reaches_over_the_window(compiled):
    """One n-gram of each order up to 1,000, which all end where the stream does."""
    order, words = 1000, 4
    stream = np.full(1500, 3, np.int32)
    grams = [Grams(np.arange(4), np.zeros(4, np.float32), np.zeros(4, np.float32))]
    for k in range(2, order + 1):
        key = (3 if k == 2 else 0) * words + 3
        own = np.full(1, -k, np.float32)
        grams.append(Grams(np.array([key]), own, np.zeros(1, np.float32)))
    depth = np.arange(1500, dtype=np.int32)

    index = GramIndex(compiled, grams, words, blanks=False)
    scores, lengths = index.score(stream, depth)
    assert_array_equal(lengths, np.minimum(np.arange(1, 1501), order))
    assert_array_equal(scores[1:], -lengths[1:])


def test_sentences_begin_where_numpy_begins_them(compiled, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "off")
    rng = np.random.default_rng(7)
    for length in (1, 2, 50, 500):
        ids = rng.integers(0, 8, length).astype(np.int32)
        ends = rng.random(length) < 0.3
        ends[-1] = True
        found = native.with_starts(compiled, ids, ends, BOS)
        for own, expected in zip(found, with_starts(ids, ends), strict=True):
            assert_array_equal(own, expected)
            assert own.dtype == expected.dtype


def test_an_id_that_is_no_word_fails_as_without_the_library(compiled):
    grams = some_grams(np.random.default_rng(1), 3, 8)
    index = GramIndex(compiled, grams, 8, blanks=False)
    depth = np.zeros(2, np.int32)
    for wrong in (-1, 8, 2**31 - 1, -(2**31)):
        assert index.score(np.array([3, wrong], np.int32), depth) is None


def test_depths_that_are_wrong_read_nothing_outside_of_the_stream(compiled):
    rng = np.random.default_rng(2)
    grams = some_grams(rng, 5, 8)
    index = GramIndex(compiled, grams, 8, blanks=False)
    for length in (1, 2, 1030):
        stream = rng.integers(0, 8, length).astype(np.int32)
        depth = rng.integers(-(2**31), 2**31, length).astype(np.int32)
        _, lengths = index.score(stream, depth)
        assert lengths.min() >= 1
        assert lengths.max() <= 5


def test_every_ngram_is_found_and_no_other(compiled):
    rng = np.random.default_rng(3)
    keys = np.unique(rng.integers(0, 1 << 62, 50_000))
    zeros = np.zeros(len(keys), np.float32)
    unigrams = np.zeros(4, np.float32)
    index = GramIndex(
        compiled, [(np.arange(4), unigrams, unigrams), (keys, zeros, zeros)], 4, blanks=False
    )
    assert_array_equal(index.find(2, keys), np.arange(len(keys)))

    others = np.setdiff1d(rng.integers(0, 1 << 62, 50_000), keys)
    assert (index.find(2, others) == -1).all()
    assert not len(index.find(2, keys[:0]))


def test_arrays_that_do_not_fit_together_are_not_handed_to_c():
    grams = some_grams(np.random.default_rng(4), 2, 8)
    assert GramIndex.fits(grams, 8)
    assert not GramIndex.fits(grams, 9)
    assert not GramIndex.fits([grams[0], grams[1]._replace(scores=np.zeros(99, np.float32))], 8)
    assert not GramIndex.fits([], 0)


@pytest.mark.parametrize("keeps_unknown", [False, True])
def test_words_get_the_ids_that_python_gives_them(compiled, monkeypatch, keeps_unknown):
    monkeypatch.setenv(ENVIRONMENT, "off")
    vocabulary = Vocabulary([*WORDS, b"<UNK>"], keeps_unknown=keeps_unknown)
    known = {word: vocabulary.id_of(word) for word in [*WORDS, b"<UNK>"]}
    index = WordIndex(compiled, {word: i for word, i in known.items() if i >= 0})

    rng = np.random.default_rng(5)
    pieces = [*WORDS, b"<UNK>", b"theo", b"th", b"\xc3", b" ", b"  ", b"\t", b"\r", b"\n", b"\n\n"]
    pieces += [b"\0", b"\x0b\x0c", b"\x1c", b"\x85", b"\xc2\xa0", b"internationallyinternationally"]
    for _ in range(300):
        block = b"".join(pieces[i] for i in rng.integers(0, len(pieces), rng.integers(0, 40)))
        ids, ends = index.encode(block + b"\n")
        expected_ids, expected_ends = vocabulary.encode(block + b"\n")
        assert_array_equal(ids, expected_ids)
        assert_array_equal(ends, expected_ends)
        assert (ids.dtype, ends.dtype) == (expected_ids.dtype, expected_ends.dtype)


def test_random_bytes_are_words_like_any_other(compiled, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "off")
    rng = np.random.default_rng(6)
    words = list(
        {rng.bytes(rng.integers(1, 20)).translate(None, b" \t\n\v\f\r\0") for _ in range(500)}
    )
    words = [word for word in words if word]
    vocabulary = Vocabulary(words)
    index = WordIndex(compiled, {word: i for i, word in enumerate(words)})
    for _ in range(50):
        block = b" ".join(words[i] for i in rng.integers(0, len(words), 50)) + rng.bytes(99) + b"\n"
        assert_array_equal(index.encode(block)[0], vocabulary.encode(block)[0])


def test_a_model_measures_the_same_with_the_library_and_without(used, monkeypatch):
    lines = ["the cat sat on the mat", "a cat sat", "the mat", "", "a dog ran on the mat"] * 1000
    trained = ngram.train(lines[:5], order=3)
    monkeypatch.setattr(tables, "_INDEX_PAYS", 1 << 20)
    found = trained.evaluate([*lines, "the cow sat"])
    assert trained.tables.lookup.index(0) is not None

    monkeypatch.setenv(ENVIRONMENT, "off")
    assert trained.tables.lookup.index(0) is None
    assert trained.evaluate([*lines, "the cow sat"]) == found


def test_an_index_is_made_when_enough_was_asked_for(used):
    lines = [f"w{i} w{i + 1} w{i + 2}" for i in range(2000)]
    trained = ngram.train(lines, order=3)
    trained.evaluate(lines[:10])
    assert trained.tables.lookup.index(0) is None
    trained.evaluate(lines)
    assert trained.tables.lookup.index(0) is not None


def test_other_smoothings_do_without_the_library(used, monkeypatch):
    lines = ["a b c", "a b", "c a b"] * 20
    for smoothing in ("stupid-backoff", "add-k"):
        trained = ngram.train(lines, order=3, smoothing=smoothing)
        found = trained.evaluate(lines)
        monkeypatch.setenv(ENVIRONMENT, "off")
        assert trained.evaluate(lines) == found
        monkeypatch.delenv(ENVIRONMENT)


@pytest.mark.usefixtures("used")
def test_what_has_an_index_can_be_copied_and_sent():
    lines = [f"the {word} sees a {word}" for word in "abcdefghij"] * 500
    model = ngram.train(lines, order=3)
    before = [model.score(line) for line in lines[:10]]
    assert model.perplexity(lines)  # by then, both indexes are there
    assert "_index" in vars(model.vocabulary)
    assert model.tables.lookup._index

    twin = copy.deepcopy(model)
    assert twin.perplexity(lines) == model.perplexity(lines)
    assert [twin.score(line) for line in lines[:10]] == before
    assert pickle.dumps(model)
