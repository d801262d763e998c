"""Scoring: kenlm's methods on models checked by hand, and the same scores for any blocks."""

import math

import numpy as np
import pytest
from ngram.slow import some_lines

from seqkit import ngram
from seqkit.errors import ConfigError, DataError
from seqkit.metrics.perplexity import Perplexity
from seqkit.ngram.device import DeviceLookup

HAND = r"""\data\
ngram 1=5
ngram 2=4
ngram 3=1

\1-grams:
-1.5	<unk>
0	<s>	-0.25
-0.5	</s>
-1	a	-0.125
-2	b	-0.5

\2-grams:
-0.75	<s> a	-0.0625
-0.375	a b	-0.03125
-0.875	b </s>
-0.625	b a	-0.1875

\3-grams:
-0.015625	<s> a b

\end\
"""


@pytest.fixture(scope="module")
def hand(tmp_path_factory):
    path = tmp_path_factory.mktemp("hand") / "hand.arpa"
    path.write_text(HAND)
    return ngram.load(path)


def test_a_score_is_that_of_the_longest_ngram_and_the_backoffs_of_longer_histories(hand):
    assert hand.order == 3
    assert list(hand.full_scores("a b a")) == [
        (-0.75, 2, False),  # <s> a
        (-0.015625, 3, False),  # <s> a b
        (-0.625 - 0.03125, 2, False),  # b a, after a b
        (-0.5 - 0.125 - 0.1875, 1, False),  # </s>, after a and b a
    ]
    assert hand.score("a b a") == -0.75 - 0.015625 - 0.65625 - 0.8125
    assert list(hand.full_scores("b")) == [(-2 - 0.25, 1, False), (-0.875, 2, False)]
    assert list(hand.full_scores("")) == [(-0.5 - 0.25, 1, False)]


def test_no_history_reaches_into_the_sentence_before(hand, tmp_path):
    """Not even where a file has n-grams across sentences."""
    text = HAND.replace("2=4", "2=5").replace("3=1", "3=2")
    text = text.replace("-0.75\t<s> a", "-0.1\t</s> <s>\t-0.2\n-0.75\t<s> a")
    text = text.replace("-0.015625", "-0.001\t</s> <s> a\n-0.015625")
    (tmp_path / "across.arpa").write_text(text)
    across = ngram.load(tmp_path / "across.arpa")
    assert across.grams[2].scores.tolist() == pytest.approx([-0.001, -0.015625])

    found = across.score_block(b"b\na b a\n")
    alone = hand.score_block(b"a b a\n")
    assert found.scores[2:].tolist() == alone.scores.tolist()
    assert found.lengths[2:].tolist() == alone.lengths.tolist()


def test_the_words_after_an_unknown_one_have_no_history(hand):
    assert list(hand.full_scores("a zz b")) == [
        (-0.75, 2, False),
        (-1.5 - 0.125 - 0.0625, 1, True),
        (-2, 1, False),
        (-0.875, 2, False),
    ]
    assert list(hand.full_scores("<unk> <UNK>"))[:2] == [(-1.75, 1, True), (-1.5, 1, True)]


def test_a_sentence_can_be_scored_without_its_start_and_its_end(hand):
    assert list(hand.full_scores("a b", bos=False)) == [
        (-1, 1, False),
        (-0.375, 2, False),
        (-0.875 - 0.03125, 2, False),
    ]
    assert list(hand.full_scores("a b", eos=False)) == [(-0.75, 2, False), (-0.015625, 3, False)]
    assert list(hand.full_scores("", bos=False, eos=False)) == []
    assert hand.score("a b", bos=False) == -1 - 0.375 - 0.90625
    assert hand.score("a b", eos=False) == -0.765625
    assert hand.score("a b", bos=False, eos=False) == -1.375


def test_words_typed_like_the_ends_of_a_sentence_are_ordinary_vocabulary(hand):
    """KenLM: `<s>` costs only the backoffs before it; `</s>` is a word that ends no sentence."""
    assert list(hand.full_scores("b <s> a"))[1:3] == [(-0.5, 1, False), (-0.75, 2, False)]
    typed = list(hand.full_scores("b </s> a"))
    assert typed[1:] == [(-0.875, 2, False), (-1, 1, False), (-0.5 - 0.125, 1, False)]
    assert hand.evaluate(["b </s> a"]).sentences == 1


def test_the_model_contains_the_words_of_its_text(hand):
    assert "a" in hand
    assert "</s>" in hand
    assert "zz" not in hand
    assert "" not in hand
    assert "<unk>" not in hand
    assert hand.words == ["<unk>", "<s>", "</s>", "a", "b"]


def test_the_perplexity_of_a_sentence_is_kenlms_and_that_of_lines_is_the_texts(hand):
    assert hand.perplexity("a b a") == pytest.approx(10 ** (-hand.score("a b a") / 4))
    total = hand.score("a b a") + hand.score("") + hand.score("zz")
    assert hand.perplexity(["a b a", "", "zz"]) == pytest.approx(10 ** (-total / 7))
    record = hand.evaluate(["a b a", "", "zz"])
    assert (record.tokens, record.oov, record.sentences) == (7, 1, 3)
    assert record.perplexity_without_oov == pytest.approx(10 ** (-(total + 1.75) / 6))


def test_ids_can_be_scored_and_that_of_the_unknown_word_is_out_of_vocabulary(hand):
    ids = np.array([3, 0, -1, 2, 4, 2], np.int32)
    found = hand.score_ids(ids, ids == 2)
    rows = [*hand.full_scores("a zz zz"), *hand.full_scores("b")]
    assert (
        list(zip(found.scores.tolist(), found.lengths.tolist(), found.oov.tolist(), strict=True))
        == rows
    )
    assert found.oov.tolist() == [False, True, True, False, False, False]
    assert found.ends.tolist() == [False, False, False, True, False, True]


def test_ngrams_looked_up_by_torch_give_the_same_numbers(hand):
    trained = ngram.train(["a b a c", "c b", "a a b"] * 3, order=4)
    for model in (hand, trained):
        by_torch = ngram.Model(model.vocabulary.words, model.grams, metadata=model.metadata)
        by_torch.tables.lookup = DeviceLookup(model.grams, "cpu")
        for block in (b"a b a c\n\nzz b a\n", b"c b a b a c c\n"):
            ours, theirs = model.score_block(block), by_torch.score_block(block)
            assert np.array_equal(ours.scores, theirs.scores)
            assert np.array_equal(ours.lengths, theirs.lengths)


def test_a_device_that_torch_does_not_know_is_refused(hand):
    with pytest.raises(ConfigError, match="device 'abacus' cannot be used: "):
        DeviceLookup(hand.grams, "abacus")


def test_a_line_break_in_a_line_is_refused_and_one_at_its_end_is_ignored(hand):
    methods = (hand.score, hand.full_scores, hand.perplexity, lambda text: hand.perplexity([text]))
    for method in methods:
        with pytest.raises(DataError, match="line break"):
            method("a\nb")
    assert hand.score("a b\n") == hand.score("a b")
    assert hand.evaluate(["a b\n", "b"]) == hand.evaluate(["a b", "b"])


def test_a_single_string_instead_of_lines_is_refused(hand):
    with pytest.raises(TypeError, match="give a list of texts, not one string"):
        hand.evaluate("a b")


@pytest.mark.parametrize("smoothing", ngram.SMOOTHINGS)
def test_a_text_scored_whole_has_the_scores_of_its_lines(smoothing):
    model = ngram.train(some_lines(1), order=3, smoothing=smoothing)
    lines = [*some_lines(2, words="abcdefg"), "", "a <unk> b", "\ta  b\r"]
    whole = model.score_block("".join(f"{line}\n" for line in lines).encode())
    rows = [row for line in lines for row in model.full_scores(line)]
    scores, lengths, oov = zip(*rows, strict=True)
    assert whole.scores.tolist() == pytest.approx(scores, rel=1e-6)  # float32 and float64
    assert whole.lengths.tolist() == list(lengths)
    assert whole.oov.tolist() == list(oov)
    assert np.flatnonzero(whole.ends).tolist() == [
        i - 1 for i in np.cumsum([len(line.replace("\0", " ").split()) + 1 for line in lines])
    ]
    record, parts = model.evaluate(lines), Perplexity(signature_fields=model.signature_fields())
    for line in lines:
        parts += model.evaluate([line])
    assert (
        record.log_probability == pytest.approx(parts.log_probability)
        or record.log_probability == -math.inf
    )
    assert record.log_probability / math.log(10) == pytest.approx(
        sum(model.score(line) for line in lines)
    )
    assert (record.tokens, record.oov, record.characters) == (
        parts.tokens,
        parts.oov,
        parts.characters,
    )
    assert (record.tokens, record.sentences) == (len(rows), len(lines))


def test_evaluation_does_not_depend_on_blocks(monkeypatch):
    model = ngram.train(some_lines(1), order=3)
    lines = some_lines(2, words="abcdefg", lines=200)
    whole = model.evaluate(lines)
    monkeypatch.setattr("seqkit.ngram.text._BLOCK", 50)
    pieces = model.evaluate(lines)
    assert pieces.tokens == whole.tokens
    assert pieces.perplexity == pytest.approx(whole.perplexity, rel=1e-12)
    assert pieces.signature == whole.signature


def test_scores_without_history_equal_those_of_a_model_of_order_one():
    lines = some_lines(3)
    one = ngram.train(lines, order=1, smoothing="witten-bell")
    three = ngram.train(lines, order=3, smoothing="witten-bell")
    for word in "abcde":
        assert next(one.full_scores(word))[:2] == pytest.approx(
            (next(three.full_scores(word, bos=False))[0], 1)
        )
        assert list(one.full_scores(word)) == list(one.full_scores(word, bos=False))


def test_order_ten_finds_ngrams_of_ten_words():
    lines = ["a b c d e f g h i j k", "k j i", "x a b c"]
    model = ngram.train(lines, order=10)
    assert model.order == 10
    lengths = [length for _, length, _ in model.full_scores(lines[0])]
    assert lengths == [2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10]
    assert [length for _, length, _ in model.full_scores("y d e f g h i j k")] == [
        1,
        *range(1, 9),
        9,
    ]


def test_an_order_of_hundreds_works():
    model = ngram.train(["a b " * 150], order=200)
    assert [length for _, length, _ in model.full_scores("a b " * 150)] == [
        *range(2, 200),
        *[200] * 103,
    ]


def test_a_text_of_no_lines_has_no_perplexity(hand):
    record = hand.evaluate([])
    assert record.tokens == 0
    assert math.isnan(record.perplexity)


def test_characters_can_be_tokens_and_white_space_is_one_of_them():
    model = ngram.train(["ab ba", "ä b\tc"], order=2, tokenizer="char")
    assert model.words[3:] == ["a", "b", "▁", "ä", "c"]
    found = list(model.full_scores("ab ä!"))
    assert [oov for _, _, oov in found] == [False] * 4 + [True, False]
    assert " " not in model
    assert model.signature_fields()["unit"] == "char"


@pytest.mark.parametrize("tokenizer", ["char", "word", "whitespace"])
def test_bits_are_counted_per_character_that_is_predicted(tokenizer):
    model = ngram.train(["Hello, world!", "ä b\u00a0c"], order=2, tokenizer=tokenizer)
    lines = ["Hello,  wörld!", ""]
    record = model.evaluate(lines)
    characters = 16 if tokenizer == "char" else 15  # to the others, two spaces are one
    assert (record.characters, record.bytes) == (characters, characters + 1)
    bits = -sum(model.score(line) for line in lines) / math.log10(2)
    assert record.bits_per_char == pytest.approx(bits / characters)
    assert record.bits_per_byte == pytest.approx(bits / (characters + 1))
    assert record.tokens == {"char": 16, "word": 6, "whitespace": 4}[tokenizer]
    assert record.tokens == sum(len(list(model.full_scores(line))) for line in lines)


def test_maximum_likelihood_gives_unseen_ngrams_no_probability():
    model = ngram.train(["a b", "b a"], order=2, smoothing="maximum-likelihood")
    assert model.score("a a") == -math.inf
    assert model.perplexity("a a") == math.inf
    assert model.perplexity("zz") == math.inf
    assert model.score("a b") == pytest.approx(math.log10(0.5**3))
