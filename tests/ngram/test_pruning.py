"""Pruning by entropy, against Stolcke's definition by enumeration."""

import math

import numpy as np
import pytest
from ngram.slow import some_lines

from seqkit import ngram
from seqkit.errors import ConfigError, DataError
from seqkit.ngram.pruning import prune, prune_to_size
from seqkit.text import TextConfig, Tokenizer

BOS = "<s>"


@pytest.fixture(scope="module", params=["modified-kneser-ney", "witten-bell", "katz"])
def model(request):
    return ngram.train(some_lines(3, lines=40), order=3, smoothing=request.param)


def as_dicts(model):
    """{n-gram: log10 probability} and {n-gram: log10 backoff}, by words."""
    scores, backoffs, texts = {}, {}, [(word,) for word in model.words]
    for k, level in enumerate(model.grams, 1):
        if k > 1:
            suffixes, first = np.divmod(level.keys, len(model.words))
            pairs = zip(first.tolist(), suffixes.tolist(), strict=True)
            texts = [(model.words[word], *texts[suffix]) for word, suffix in pairs]
        scores.update(zip(texts, level.scores.tolist(), strict=True))
        backoffs.update(zip(texts, level.backoffs.tolist(), strict=True))
    return scores, backoffs


def probability(scores, backoffs, history, word):
    gram = (*history, word)
    if gram in scores:
        return 10 ** scores[gram]
    shorter = probability(scores, backoffs, history[1:], word)
    return 10 ** backoffs.get(history, 0) * shorter


def distribution(model, scores, backoffs, history):
    words = [word for word in model.words if word != BOS]
    return {word: probability(scores, backoffs, history, word) for word in words}


def loss_by_definition(model, gram):
    """exp(D) - 1 where D is the relative entropy of the model without `gram` to the one with it."""
    scores, backoffs = as_dicts(model)
    history = gram[:-1]

    of_history, before = 1.0, ()
    for each in history:
        first = "</s>" if each == BOS else each
        of_history *= probability(scores, backoffs, before, first)
        before = (*before, each)

    own = distribution(model, scores, backoffs, history)
    del scores[gram]
    followers = [g[-1] for g in scores if g[:-1] == history]
    left = 1 - sum(own[each] for each in followers)
    below = distribution(model, scores, backoffs, history[1:])
    backoffs[history] = math.log10(left / (1 - sum(below[each] for each in followers)))
    without = distribution(model, scores, backoffs, history)
    assert sum(without.values()) == pytest.approx(1, abs=1e-5)

    divergence = sum(p * math.log(p / without[w]) for w, p in own.items() if p > 0)
    return math.expm1(of_history * divergence)


def test_the_ngrams_that_stay_are_those_whose_loss_costs_more(model):
    scores, _ = as_dicts(model)
    losses = {gram: loss_by_definition(model, gram) for gram in scores if len(gram) > 1}
    threshold = sorted(losses.values())[len(losses) // 2] * 1.0001

    needed = set()
    expected = set()
    for k in (3, 2):
        for gram in (gram for gram in losses if len(gram) == k):
            if gram in needed or losses[gram] >= threshold:
                expected.add(gram)
                needed |= {gram[:-1], gram[1:]}

    found, _ = as_dicts(prune(model, threshold))
    assert {gram for gram in found if len(gram) > 1} == expected
    assert 0 < len(expected) < len(losses)
    assert all(found[gram] == scores[gram] for gram in found)


def test_a_pruned_model_sums_to_1_after_every_history(model):
    pruned = prune(model, 3e-3)
    scores, backoffs = as_dicts(pruned)
    histories = {gram for gram in scores if len(gram) < 3 and gram[-1] != "</s>"}
    for history in histories:
        total = sum(distribution(pruned, scores, backoffs, history).values())
        assert total == pytest.approx(1, abs=1e-4), history


def test_nothing_goes_at_0(model):
    pruned = prune(model, 0)
    assert pruned.tables.sizes == model.tables.sizes
    line = "a b c d"
    assert pruned.score(line) == pytest.approx(model.score(line), rel=1e-6)


def test_a_model_is_pruned_to_a_size(tmp_path):
    model = ngram.train(some_lines(5, lines=400), order=4, smoothing="witten-bell")
    ngram.save(model, tmp_path / "whole.lm")
    whole = (tmp_path / "whole.lm").stat().st_size
    perplexities = [model.perplexity(some_lines(6, lines=50))]
    for share in (0.8, 0.5):
        pruned = prune_to_size(model, int(whole * share))
        ngram.save(pruned, tmp_path / "pruned.lm")
        size = (tmp_path / "pruned.lm").stat().st_size
        assert whole * share * 0.9 - 2048 < size <= whole * share
        perplexities.append(pruned.perplexity(some_lines(6, lines=50)))
    assert max(perplexities) < perplexities[0] * 1.2


def test_a_pruned_model_is_read_again_as_it_was(model, tmp_path):
    pruned = prune(model, 3e-3)
    for name in ("pruned.arpa", "pruned.lm"):
        ngram.save(pruned, tmp_path / name)
        again = ngram.load(tmp_path / name)
        assert again.score("a b c d") == pytest.approx(pruned.score("a b c d"), rel=1e-6)


def test_what_cannot_be_pruned_is_refused(model):
    with pytest.raises(ConfigError, match="leaves nothing but words: the threshold must be at"):
        prune(model, 1e9)
    with pytest.raises(ConfigError, match="no model of these words has 100 bytes: the words alone"):
        prune_to_size(model, 100)
    with pytest.raises(ConfigError, match="a number above 0, not -1"):
        prune(model, -1)
    stupid = ngram.train(some_lines(3, lines=40), order=3, smoothing="stupid-backoff")
    with pytest.raises(ConfigError, match="stupid-backoff is not a back-off model"):
        prune(stupid, 1e-3)


def test_a_model_that_does_not_sum_to_1_is_refused(tmp_path):
    path = tmp_path / "half.arpa"
    path.write_text(
        "\\data\\\nngram 1=3\nngram 2=1\n\n\\1-grams:\n-1\t<unk>\n-99\t<s>\t0\n-0.5\t</s>\n\n"
        "\\2-grams:\n-0.1\t<s> </s>\n\n\\end\\\n"
    )
    with pytest.raises(DataError, match=r"of its words sum to 0\.416228, not to 1"):
        prune(ngram.load(path), 1e-3)


def test_a_model_of_words_alone_has_nothing_to_prune():
    model = ngram.train(some_lines(3, lines=40), order=1, smoothing="witten-bell")
    for pruned in (prune(model, 1e-3), prune_to_size(model, 100_000)):
        assert pruned.score("a b") == pytest.approx(model.score("a b"), rel=1e-6)


def test_a_size_is_that_of_the_file_with_its_bits_and_its_tokenizer(tmp_path):
    lines = some_lines(5, lines=4000, words=[a + b for a in "abcdef" for b in "ghijkl"])
    Tokenizer.train(lines, TextConfig(tokenizer="sentencepiece", vocab_size=280)).save(tmp_path)
    model = ngram.train(lines, order=4, smoothing="witten-bell", tokenizer=str(tmp_path))
    for bits in (8, 32):
        ngram.save(model, tmp_path / "whole.lm", bits=bits)
        wanted = (tmp_path / "whole.lm").stat().st_size * 9 // 10
        ngram.save(prune_to_size(model, wanted, bits=bits), tmp_path / "pruned.lm", bits=bits)
        size = (tmp_path / "pruned.lm").stat().st_size
        assert wanted * 0.7 < size <= wanted
