"""Several language models on one text: records, notes on what spoils them, and mixtures."""

import math

import numpy as np
import pytest
from language.tiny import LINES, untrained

from seqkit import ngram
from seqkit.language.mixtures import Mixture
from seqkit.language.scoring import (
    line_sums,
    marks_note,
    measure_text,
    oov_note,
    report_mixture,
    score_each_line,
    table,
    why_not_mixed,
)
from seqkit.ngram.text import block_of

TEXT = [block_of(["the cat", "a zebra"]), block_of(["the dog"])]
WORDS = ngram.train(LINES, order=2)


def measured(*models, text=TEXT):
    return [measure_text(model, text, to_mix=True) for model in models]


def test_a_text_in_blocks_is_measured_as_a_whole():
    found = measure_text(WORDS, TEXT, to_mix=True)
    lines = ["the cat", "a zebra", "the dog"]
    record, expected = found.report.record(), WORDS.evaluate(lines).record()
    assert record.pop("signature") == expected.pop("signature")
    assert record == pytest.approx(expected, rel=1e-12)
    assert found.nats.sum() == pytest.approx(found.report.log_probability)
    assert len(found.nats) == found.report.tokens == 9
    assert measure_text(WORDS, []).nats.shape == (0,)


def test_values_are_summed_over_each_line():
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    ends = np.array([False, True, True, False, True])
    assert line_sums(values, ends).tolist() == [3.0, 4.0, 24.0]


def test_each_line_is_scored_with_no_text_before_it():
    found = list(score_each_line(untrained("lstm"), TEXT))
    model = untrained("lstm")
    assert [each.score.text for each in found] == ["the cat", "a zebra", "the dog"]
    for each in found:
        text = each.score.text
        assert each.score.log10_probability == pytest.approx(model.score(text), rel=1e-5)
        assert each.record() == {"text": text, **model.evaluate([text]).record()}
        assert str(each) == str(each.score)


def test_a_table_has_a_line_for_each_model_and_their_signatures():
    reports = [WORDS.evaluate(["the cat"]), WORDS.evaluate(["a zebra"])]
    head, *rows = table(["one", "the other"], reports).split("\n")
    assert head.startswith("model      perplexity  without OOV")
    assert len(rows) == 4
    values = rows[1].removeprefix("the other").split()
    assert values[:4] == [
        f"{reports[1].perplexity:.4f}",
        f"{reports[1].perplexity_without_oov:.4f}",
        "2",
        "3",
    ]
    assert rows[3] == f"the other  {reports[1].signature}"


def test_models_of_the_same_words_are_mixed():
    other = ngram.train(LINES, order=1)
    assert why_not_mixed([WORDS, other], measured(WORDS, other)) == ""


def test_models_of_different_words_are_not_mixed():
    other = ngram.train(["the cat"], order=1)
    assert "vocabularies differ" in why_not_mixed([WORDS, other], measured(WORDS, other))


def test_models_that_split_a_text_differently_are_not_mixed():
    models = [untrained("lstm"), untrained("lstm", joined=True)]
    assert "different tokens" in why_not_mixed(models, measured(*models))


def test_models_of_different_tokenizers_are_not_mixed():
    other = ngram.train(LINES, order=2, tokenizer="word")
    assert other.known_words == WORDS.known_words
    assert "vocabularies differ" in why_not_mixed([WORDS, other], measured(WORDS, other))


def test_models_are_mixed_however_they_show_the_words_that_they_do_not_know():
    """A network shows <unk> for a zebra, an n-gram model the zebra."""
    models = [untrained("lstm"), ngram.train(LINES, order=2, tokenizer="word")]
    assert [model.tokens_of(b"zebra\n")[0] for model in models] == ["<unk>", "zebra"]
    assert why_not_mixed(models, measured(*models)) == ""


def test_scores_that_are_not_probabilities_are_not_mixed():
    other = ngram.train(LINES, order=2, smoothing="stupid-backoff")
    assert "no probabilities" in why_not_mixed([WORDS, other], measured(WORDS, other))


def test_a_mixture_is_reported_on_the_text_that_its_models_were_measured_on():
    both = measured(WORDS, WORDS)
    report = report_mixture(Mixture([0.5, 0.5]), ["a", "b"], both, fitted_on="this text")
    assert report.perplexity == pytest.approx(both[0].report.perplexity)
    assert report.tokens == 9
    assert report.signatures == [both[0].report.signature] * 2


def test_unknown_words_come_with_a_note():
    assert oov_note([WORDS.evaluate(["the cat"])]) == ""
    assert "too low" in oov_note([WORDS.evaluate(["the cat"]), WORDS.evaluate(["a zebra"])])


def test_marks_of_sentences_come_with_a_note_where_they_are_words():
    marked = [b"<s> the cat </s>\n", b"<s> the dog </s>\n"]
    letters = ngram.train(["abc"], order=1, tokenizer="char")
    assert "4 times" in marks_note([letters, WORDS], marked)
    assert marks_note([letters], marked) == ""
    assert marks_note([untrained("lstm", tokenizer="whitespace")], marked) == ""
    assert marks_note([WORDS], TEXT) == ""


def test_probabilities_sum_to_1_and_are_in_nats():
    (found,) = measured(WORDS, text=[b"the\n"])
    assert found.nats[0] == pytest.approx(WORDS.score("the", eos=False) * math.log(10))
