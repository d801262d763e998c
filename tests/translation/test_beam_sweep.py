"""`seqkit.translation.beam_sweep`: what a search of one width misses.

The model is a Markov chain, so that every probability is known.
"""

import json

import pytest
import torch
from sacrebleu.metrics import BLEU, CHRF
from torch import nn

from seqkit.errors import ConfigError
from seqkit.text import TextConfig, Tokenizer
from seqkit.text.vocab import BOS, EOS
from seqkit.translation.beam_sweep import measure
from seqkit.translation.evaluation import TestSet
from seqkit.translation.translator import Translator

WORDS = Tokenizer.train(["easy hard long A B"], TextConfig(tokenizer="whitespace", normalize=[]))
# What follows a token, by the only word of the source. "hard": A is likelier than B, but leads
# nowhere. "long": with every A, the average of the log probabilities rises and their sum falls.
NEXT = {
    "easy": {"<bos>": {"A": 0.9}, "A": {"<eos>": 0.9}},
    "hard": {
        "<bos>": {"A": 0.55, "B": 0.4},
        "A": {"A": 0.3, "B": 0.3, "<eos>": 0.35},
        "B": {"<eos>": 0.99},
    },
    "long": {"<bos>": {"<eos>": 0.5, "A": 0.4}, "A": {"A": 0.9, "<eos>": 0.09}},
}


class Known(nn.Module):
    """A Markov chain of words for each source. Follows `StepDecoder` and `EncoderDecoder`."""

    attends = False

    def __init__(self):
        super().__init__()
        self.one, size = nn.Parameter(torch.zeros(1)), len(WORDS.vocab)
        self.table = torch.full((size, size, size), 1.0)  # by source, last token, next token
        for word, rows in NEXT.items():
            for last, shares in rows.items():
                row = torch.full((size,), (1 - sum(shares.values())) / (size - len(shares)))
                for token, share in shares.items():
                    row[WORDS.vocab[token]] = share
                self.table[WORDS.vocab[word], WORDS.vocab[last]] = row

    def start(self, source):
        return source[:, 0]

    def step(self, ids, words):
        return self.table[words, ids].log(), words

    def select(self, words, rows):
        return words[rows]

    def forward(self, source, inputs):
        return self.table[source[:, :1], inputs].log()

    def logits(self, hidden):
        return hidden


@pytest.fixture(scope="module")
def known():
    return Translator(Known(), WORDS, WORDS)


def one(known, sources, references, beam, settings):
    test_set = TestSet(sources, references)
    (result,) = measure(known, test_set, [beam], settings=settings)
    return result


def errors(known, sources, *references, beam=1, **settings):
    return one(known, sources, references, beam, settings).search_errors


def test_the_markov_chain_has_the_probabilities_of_its_table(known):
    assert known.model.table[WORDS.vocab["hard"], BOS].sum() == pytest.approx(1)
    assert known.translate(["hard", "easy"], beam=1) == ["A", "A"]
    assert known.translate(["hard"], beam=4) == ["B"]
    assert known.model.table[WORDS.vocab["hard"], WORDS.vocab["B"], EOS] == pytest.approx(0.99)


@pytest.mark.parametrize(("beam", "share"), [(1, 0.5), (6, 0.0)])
def test_a_narrow_beam_misses_a_known_share_and_a_wide_one_misses_nothing(known, beam, share):
    sources = ["hard", "easy", "hard", "easy", "hard", "easy"]
    assert errors(known, sources, ["B", "A"] * 3, beam=beam) == share


def test_a_reference_the_model_does_not_prefer_is_not_a_search_error(known):
    assert errors(known, ["hard"] * 4, ["A", "B", "B B", "A B A"]) == 0.25


def test_the_best_of_several_references_counts(known):
    sources = ["hard", "hard", "easy"]
    assert errors(known, sources, ["A", "A", "A"]) == 0
    assert errors(known, sources, ["A", "A", "A"], ["A", "B", None]) == pytest.approx(1 / 3)
    assert errors(known, sources, ["A", "B", "A"], ["A", "A", None]) == pytest.approx(1 / 3)


def test_scores_are_compared_by_the_normalisation_of_the_search(known):
    long = " ".join("A" * 9)
    assert known.translate(["long"], beam=1) == [""]
    assert errors(known, ["long"], [long], length_penalty=1.0) == 1
    assert errors(known, ["long"], [long], length_penalty=0.0) == 0


def test_lines_are_translated_whole(known):
    """A search error is of a whole line; two sentences would be two searches."""
    whole = known.translate(["hard . Easy"], beam=1, split=False)
    assert known.translate(["hard . Easy"], beam=1) != whole
    found = one(known, ["hard . Easy"], [whole], 1, {"split": True})
    assert found.scores["bleu"] == one(known, ["hard . Easy"], [whole], 1, {}).scores["bleu"]
    assert found.scores["chrf"].score == pytest.approx(100)


def test_the_figures_equal_sacrebleu_and_are_plain_json(known):
    sources, references = ["hard", "easy", "long"], ["B A A A A", "A", "A A"]
    outputs = known.translate(sources, beam=6)
    found = one(known, sources, [references], 6, {})
    record = json.loads(json.dumps(found.record()))
    bleu, chrf = BLEU(), CHRF()
    scores = [metric.corpus_score(outputs, [references]) for metric in (bleu, chrf)]
    assert record.pop("sentences_per_second") > 0
    assert record == {
        "beam": 6,
        "bleu": scores[0].score,
        "bleu_signature": str(bleu.get_signature()),
        "chrf": scores[1].score,
        "chrf_signature": str(chrf.get_signature()),
        "length_ratio": sum(len(text.split()) for text in outputs) / 8,
        "search_errors": found.search_errors,
    }


def test_widths_are_measured_in_the_order_given(known):
    test_set = TestSet(["hard", "easy"], [["B", "A"]])
    found = list(measure(known, test_set, [6, 1, 2], settings={}))
    assert [result.beam for result in found] == [6, 1, 2]
    assert [result.search_errors for result in found] == [0, 0.5, 0]


@pytest.mark.parametrize("settings", [{"groups": 2}, {"nbest": 6}], ids=str)
def test_settings_need_only_fit_the_measured_width(known, settings):
    """The model's own width, here 5, has no part in it."""
    assert one(known, ["easy"], [["A"]], 6, settings).beam == 6


def test_search_errors_cannot_be_counted_with_a_coverage_penalty(english):
    with pytest.raises(ConfigError, match="coverage_penalty: search errors are counted without it"):
        one(english, ["No."], [["Nein."]], 2, {"coverage_penalty": 0.5})
