"""Every smoothing: equal to its textbook formula, computed with dictionaries, and summing to 1."""

import itertools

import numpy as np
import pytest
from ngram.slow import BOS, EOS, UNK, Slow, some_lines

from seqkit import ngram
from seqkit.errors import ConfigError, DataError
from seqkit.ngram.text import EOS as END

DISTRIBUTIONS = sorted(set(ngram.SMOOTHINGS) - {"stupid-backoff"})
UNPRUNABLE = {"add-k", "maximum-likelihood", "stupid-backoff"}
PRUNABLE = sorted(set(ngram.SMOOTHINGS) - UNPRUNABLE)


def probabilities(model, history, words):
    """p(word | history) of each of `words`, scored as lines of text."""
    bos = history[:1] == (BOS,)
    before = " ".join(word if word != UNK else "♥" for word in history[bos:])
    texts = [
        before if word == EOS else f"{before} {word if word != UNK else '♥'}" for word in words
    ]
    ids, ends = model.vocabulary.encode("".join(f"{text}\n" for text in texts).encode())
    found = model.score_ids(ids, ends, bos=bos)
    ends = np.flatnonzero(ids == END)
    at = ends - np.array([word != EOS for word in words])
    return 10.0 ** found.scores[at].astype(np.float64)


def histories(words, order):
    """All short histories, seen or not, at the start of a sentence or inside."""
    words = [word for word in words if word != EOS]
    for length in range(order + 1):
        for history in itertools.product(words, repeat=length):
            yield history
            if length < order:
                yield (BOS, *history)


def agree(model, slow, *, rel=2e-5):
    assert sorted(model.words) == sorted([*slow.words, BOS])
    rng = np.random.default_rng(0)
    every = list(histories(slow.words, min(model.order, 3)))
    some = [every[i] for i in rng.choice(len(every), min(60, len(every)), replace=False)]
    for history in [(), (BOS,), *some]:
        expected = [slow.probability(word, history) for word in slow.words]
        assert probabilities(model, history, slow.words) == pytest.approx(
            expected, rel=rel, abs=1e-9
        ), history


@pytest.mark.parametrize("smoothing", ngram.SMOOTHINGS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_follow_the_textbook(smoothing, order):
    for seed in range(2):
        lines = some_lines(seed + 10 * order)
        agree(ngram.train(lines, order=order, smoothing=smoothing), Slow(lines, order, smoothing))


@pytest.mark.parametrize("smoothing", ngram.SMOOTHINGS)
def test_probabilities_follow_the_textbook_where_the_data_give_the_discounts(smoothing):
    lines = falling_counts()
    model, slow = ngram.train(lines, order=2, smoothing=smoothing), Slow(lines, 2, smoothing)
    assert not model.notes or smoothing == "stupid-backoff"
    words = ["1-0", "2-0", "3-0", "5-1", "7-0", "left1", "right16", EOS, UNK]
    for history in [(), (BOS,), ("1-0",), ("2-1",), ("left1",), ("right0",), (UNK,)]:
        expected = [slow.probability(word, history) for word in words]
        assert probabilities(model, history, words) == pytest.approx(
            expected, rel=2e-5, abs=1e-9
        ), history


def falling_counts():
    """Lines of one or two words in which higher counts are rarer, as all discounts expect."""
    single = [
        f"{r}-{i}"
        for r, n in enumerate((180, 45, 20, 11, 8, 5, 4), 1)
        for i in range(n)
        for _ in range(r)
    ]
    return [
        *single,
        *(f"left{j} right{i}" for i in range(17) for j in range(2 + (i > 11) + (i > 15))),
    ]


@pytest.mark.parametrize("smoothing", PRUNABLE)
@pytest.mark.parametrize("prune", [(0, 0, 1), (0, 1, 2), (1,), (2, 3)])
def test_probabilities_of_pruned_models_follow_the_textbook(smoothing, prune):
    lines = some_lines(7, lines=40)
    model = ngram.train(lines, order=3, smoothing=smoothing, prune=prune)
    slow = Slow(lines, 3, smoothing, prune=prune)
    assert [len(level.scores) for level in model.grams[1:]] == [
        sum(len(gram) == k for gram in slow.kept) for k in (2, 3)
    ]
    agree(model, slow)


@pytest.mark.parametrize("smoothing", PRUNABLE)
def test_probabilities_with_a_given_vocabulary_follow_the_textbook(smoothing):
    lines, words = some_lines(8, lines=40), ["a", "c", "d", "never"]
    for prune in [(), (0, 1)]:
        model = ngram.train(lines, order=3, smoothing=smoothing, vocabulary=words, prune=prune)
        assert sorted(model.words) == sorted([UNK, BOS, EOS, "a", "c", "d"])
        agree(model, Slow(lines, 3, smoothing, vocabulary=words, prune=prune))


@pytest.mark.parametrize("smoothing", ["modified-kneser-ney", "kneser-ney", "absolute-discounting"])
def test_without_interpolated_unigrams_the_unknown_word_gets_what_is_left(smoothing):
    lines = some_lines(9)
    model = ngram.train(lines, order=2, smoothing=smoothing, interpolate_unigrams=False)
    agree(model, Slow(lines, 2, smoothing, unigrams=False))


@pytest.mark.parametrize("k", [0.01, 1, 2.5])
def test_add_k_adds_k(k):
    lines = some_lines(3)
    agree(ngram.train(lines, order=3, smoothing="add-k", k=k), Slow(lines, 3, "add-k", k=k))


@pytest.mark.parametrize("k", [0, -1, float("nan")])
def test_add_k_needs_a_k_above_zero(k):
    with pytest.raises(ConfigError, match=r"\bk\b"):
        ngram.train(["a b", "b"], order=3, smoothing="add-k", k=k)


@pytest.mark.parametrize("smoothing", DISTRIBUTIONS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_the_probabilities_after_any_history_sum_to_one(smoothing, order):
    lines = some_lines(order, words="abcd", lines=30)
    model = ngram.train(lines, order=order, smoothing=smoothing)
    sums_to_one(model, max(order - 1, 1))


@pytest.mark.parametrize("smoothing", PRUNABLE)
@pytest.mark.parametrize("prune", [(), (0, 0, 1), (0, 1, 2), (2,), (0, 3)])
@pytest.mark.parametrize("vocabulary", [None, ["a", "b", "d"]])
def test_the_probabilities_of_a_pruned_or_limited_model_sum_to_one(smoothing, prune, vocabulary):
    lines = some_lines(2, words="abcde", lines=40)
    sums_to_one(
        ngram.train(lines, order=3, smoothing=smoothing, prune=prune, vocabulary=vocabulary), 2
    )


def sums_to_one(model, longest):
    words = [word for word in model.words if word != BOS]
    for history in histories(words, longest):
        assert probabilities(model, history, words).sum() == pytest.approx(1, abs=2e-5), history


@pytest.mark.parametrize("smoothing", DISTRIBUTIONS)
def test_the_probabilities_sum_to_one_where_every_count_is_high(smoothing):
    """Then no order has a discount of its own, and Good-Turing discounts do not exist."""
    sums_to_one(ngram.train(["a b a", "b a a", "b", ""] * 9, order=3, smoothing=smoothing), 2)


@pytest.mark.parametrize("smoothing", DISTRIBUTIONS)
@pytest.mark.parametrize("history", ["", BOS, UNK, "1-0", "2-1", "5-1", "6-0", "7-0"])
def test_the_probabilities_sum_to_one_after_histories_with_only_frequent_followers(
    smoothing, history
):
    model = ngram.train(falling_counts(), order=2, smoothing=smoothing)
    words = [word for word in model.words if word != BOS]
    assert probabilities(model, tuple(history.split()), words).sum() == pytest.approx(1, abs=5e-5)


@pytest.mark.parametrize("smoothing", ngram.SMOOTHINGS)
def test_a_corpus_of_one_blank_line_and_one_of_one_word_are_enough(smoothing):
    for lines in ([""], ["a"], ["a a a a a a a"]):
        model = ngram.train(lines, order=2, smoothing=smoothing)
        assert model.order == 2
        if smoothing != "stupid-backoff":
            sums_to_one(model, 1)


@pytest.mark.parametrize("smoothing", sorted(UNPRUNABLE))
def test_pruning_is_refused_by_smoothings_that_cannot_redistribute(smoothing):
    with pytest.raises(ConfigError, match=f"{smoothing} has nowhere to put"):
        ngram.train(["a b"], order=2, smoothing=smoothing, prune=(0, 1))
    with pytest.raises(ConfigError, match=f"{smoothing} has nowhere to put"):
        ngram.train(["a b"], order=2, smoothing=smoothing, vocabulary=["a"])


@pytest.mark.parametrize("prune", [(1, 0), (0, 0, 0, 1), (-1,), (0, 2, 1)])
def test_pruning_thresholds_that_fall_or_are_too_many_are_refused(prune):
    with pytest.raises(
        ConfigError, match=f"prune {','.join(map(str, prune))} is not a list of at most 3 rising"
    ):
        ngram.train(["a b c d"], order=3, prune=prune)


@pytest.mark.parametrize("order", [0, -1])
def test_an_order_below_one_is_refused(order):
    with pytest.raises(ConfigError, match=f"at least 1, not {order}"):
        ngram.train(["a"], order=order)


def test_an_order_longer_than_any_sentence_is_refused():
    with pytest.raises(
        DataError, match=r"no sentence is long enough for order 5: .* the longest has 4 words"
    ):
        ngram.train(["a b", ""], order=5)
    assert ngram.train(["a b", ""], order=4).order == 4


@pytest.mark.parametrize("smoothing", ngram.SMOOTHINGS)
def test_an_empty_corpus_is_refused(smoothing):
    with pytest.raises(DataError, match="the training text is empty"):
        ngram.train([], smoothing=smoothing)


def test_an_unknown_smoothing_is_refused_with_a_suggestion():
    with pytest.raises(
        ConfigError, match=r"no smoothing 'kneser-nay'\. Did you mean 'kneser-ney'\?"
    ):
        ngram.train(["a"], order=1, smoothing="kneser-nay")


def test_stupid_backoff_and_fallback_discounts_are_reported_in_notes():
    assert (
        "compares with no other" in ngram.train(["a"], order=1, smoothing="stupid-backoff").notes[0]
    )
    assert [note[:8] for note in ngram.train(["a b"], order=2).notes] == ["order 1:", "order 2:"]
    assert "Good-Turing" in ngram.train(["a b"], order=2, smoothing="katz").notes[0]
    assert not ngram.train(["a b"], order=2, smoothing="witten-bell").notes


def test_good_turing_discounts_that_divide_by_zero_are_replaced():
    """Where n1 = 6 n6, the formula divides by 1 - 6 n6 / n1."""
    sizes = {1: 6, 2: 3, 3: 2, 4: 2, 5: 1, 6: 1}  # how many words there are of each count
    lines = [f"{r}-{i}" for r, n in sizes.items() for i in range(n) for _ in range(r)]
    model = ngram.train(lines, order=1, smoothing="katz")
    assert "no Good-Turing discounts" in model.notes[0]
    sums_to_one(model, 0)
