import itertools
import math
import random
from collections import Counter

import pytest
import sentencepiece
from hypothesis import example, given
from hypothesis import strategies as st
from subwords import AWKWARD, LINES, QUICK, TEXT, config

from seqkit.errors import ConfigError
from seqkit.text import EOS, SentencePieceTokenizer, Tokenizer


@pytest.mark.parametrize("text", [*LINES[::7], *AWKWARD, "aaaa bbbb", "漢字 dogs", "x" * 300])
def test_bpe_dropout_of_rate_0_is_the_library_s_own_segmentation(bpe, text):
    assert bpe.sample(text, 0.0, random.Random(1)) == bpe.split(text)


@QUICK
@given(text=st.text("aeinrst ,.-zZü漢"))
def test_bpe_dropout_of_rate_0_is_the_library_s_own_segmentation_of_any_text(bpe, text):
    assert bpe.sample(text, 0.0, random.Random(1)) == bpe.split(text)


def test_among_equal_merges_the_leftmost_comes_first_as_in_the_library():
    model = SentencePieceTokenizer.train(["baab baac caad daab"], vocab_size=267)

    @QUICK
    @given(st.text("aab ", max_size=12))
    @example("baaa")
    def check(text):
        assert model.sample(text, 0.0, random.Random(1)) == model.split(text)

    check()


def test_unigram_sampling_with_a_large_alpha_gives_the_library_s_best_segmentation(unigram):
    for line in LINES[::5]:
        assert unigram.sample(line, 500.0, random.Random(1)) == unigram.split(line)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_frequencies_of_unigram_samples_match_all_segmentations_enumerated(alpha):
    """P(segmentation) ∝ P(its pieces) ** alpha, Kudo 2018, section 3.1."""
    model = SentencePieceTokenizer.train(
        ["ababa abba baab bab aba bb ab ba abab baba bbab"] * 9,
        vocab_size=13,
        model_type="unigram",
        byte_fallback=False,
    )
    library = sentencepiece.SentencePieceProcessor(model_proto=model.content)
    scores = {piece: library.get_score(i) for i, piece in enumerate(model.pieces) if i >= 4}

    word = "\u2581ababa"
    weights = {}
    for cuts in itertools.product([False, True], repeat=len(word) - 1):
        places = [0, *(i + 1 for i, cut in enumerate(cuts) if cut), len(word)]
        pieces = tuple(word[i:j] for i, j in itertools.pairwise(places))
        if all(piece in scores for piece in pieces):
            weights[pieces] = math.exp(alpha * sum(scores[piece] for piece in pieces))
    assert len(weights) > 5

    rng = random.Random(1)
    draws = 4000
    found = Counter(tuple(model.sample("ababa", alpha, rng)) for _ in range(draws))
    assert found.keys() <= weights.keys()
    for pieces, weight in weights.items():
        assert found[pieces] / draws == pytest.approx(weight / sum(weights.values()), abs=0.035)


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_sampled_pieces_decode_to_the_same_text(subwords, strength):
    @QUICK
    @given(TEXT, st.integers(0, 99))
    def check(text, seed):
        pieces = subwords.sample(text, strength, random.Random(seed))
        assert set(pieces) <= set(subwords.pieces)
        assert subwords.join(pieces) == text

    check()


@pytest.mark.parametrize("strength", [0.1, 0.5])
def test_a_sample_depends_on_the_seed_alone(subwords, strength):
    def samples(seed):
        rng = random.Random(seed)
        return [subwords.sample(line, strength, rng) for line in LINES]

    random.seed(1)
    first = samples(1)
    random.seed(2)
    assert samples(1) == first
    assert samples(2) != first


def test_bpe_dropout_gives_more_pieces_the_higher_its_rate_down_to_single_characters(bpe):
    sizes = [
        sum(len(bpe.sample(line, rate, random.Random(1))) for line in LINES)
        for rate in (0, 0.1, 0.3, 0.6, 1)
    ]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == sum(len(line) + 1 for line in LINES)


def test_a_smaller_alpha_gives_more_different_segmentations(unigram):
    rng = random.Random(1)
    kinds = [
        len({tuple(unigram.sample(LINES[-1], alpha, rng)) for _ in range(100)})
        for alpha in (0.01, 1.0, 50.0)
    ]
    assert kinds[0] > kinds[1] > kinds[2]


def test_a_word_too_long_to_sample_is_split_as_the_library_splits_it(subwords):
    word = "abcdefgh" * 2000
    pieces = subwords.sample(f"a {word} b", 1e-9, random.Random(1))
    assert subwords.join(pieces) == f"a {word} b"
    assert len(pieces) < len(subwords.split(word)) + 10


def test_a_tokenizer_samples_ids_of_the_normalised_text():
    tokenizer = Tokenizer.train(LINES, config(normalize=["lower"]))
    ids = tokenizer.sample("A MAN", 0.5, random.Random(3), eos=True)
    pieces = tokenizer.model.sample("a man", 0.5, random.Random(3))
    assert ids == [*tokenizer.vocab.encode(pieces), EOS]


def test_words_cannot_be_sampled():
    words = Tokenizer.train(LINES, config(tokenizer="word"))
    message = r"subword_regularization needs .* subwords such as sentencepiece, not 'word'"
    with pytest.raises(ConfigError, match=message):
        words.sample("a", 0.1, random.Random(1))
