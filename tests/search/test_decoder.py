import math

import pytest
import torch
from exhaustive import assert_same, every_output
from small_translators import SMALL
from toy import Table, pairs

from seqkit.config import build
from seqkit.errors import ConfigError
from seqkit.plugins import components
from seqkit.search import Ensemble, Hypothesis, Normalize, Rules, SearchConfig, beam_search
from seqkit.text.vocab import BOS, PAD


def test_a_score_is_normalized_by_length():
    assert Normalize()(-6.0, 4) == -1.5
    assert Normalize(0.5)(-6.0, 4) == -3.0
    assert Normalize(2.0)(-6.0, 2) == -1.5
    assert Normalize(0.0)(-6.0, 4) == -6.0


def test_a_score_is_normalized_as_gnmt_does():
    assert Normalize(1.0, "gnmt")(-6.0, 7) == -3.0
    assert Normalize(2.0, "gnmt")(-8.0, 7) == -2.0
    assert Normalize(0.5, "gnmt")(-6.0, 19) == -3.0
    assert Normalize(0.6, "gnmt")(-6.0, 1) == -6.0
    assert Normalize(0.0, "gnmt")(-6.0, 7) == -6.0


def test_the_end_of_an_output_counts_as_a_token():
    assert Hypothesis.of([5, 6, 7], -6.0, Normalize()) == Hypothesis([5, 6, 7], -6.0, -1.5)
    assert Hypothesis.of([], -6.0, Normalize()).score == -6.0
    assert Hypothesis.of([4] * 6, -6.0, Normalize(1.0, "gnmt")).score == -3.0


def test_the_settings_of_a_search_decide_how_outputs_are_ranked():
    assert SearchConfig().ranking == Normalize(1.0, "length")
    assert SearchConfig(length_penalty=0.6, normalize="gnmt").ranking == Normalize(0.6, "gnmt")
    assert SearchConfig(sample=True).ranking.alpha == 0.0
    assert SearchConfig(mbr=5).ranking.alpha == 0.0


# ensembles


class Mean:
    """The mean of the probabilities of several tables."""

    def __init__(self, *tables):
        self.tables = tables
        self.vocab = tables[0].vocab

    def log_probabilities(self, source, prefix):
        logp = [table.log_probabilities(source, prefix).double() for table in self.tables]
        return torch.stack(logp).exp().mean(0).log()


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("source", [3, 4])
def test_an_ensemble_is_the_mean_of_probabilities(count, source):
    tables = [Table(vocab=6, seed=seed) for seed in range(count)]
    sources = torch.tensor([[source]])
    found = beam_search(Ensemble(tables), sources, [5], beam=256, patience=math.inf)[0]
    assert_same(found, every_output(Mean(*tables), source, 5))


@pytest.mark.parametrize("count", [1, 2])
def test_an_ensemble_of_one_model_is_the_model(count):
    table = Table(vocab=9, seed=3)
    sources = torch.tensor([[3], [4]])
    found = beam_search(Ensemble([table] * count), sources, [6, 8], beam=3)
    wanted = beam_search(table, sources, [6, 8], beam=3)
    for mine, others in zip(found, wanted, strict=True):
        assert_same(mine, others)


def untrained(name, number, seed=0):
    torch.manual_seed(seed)
    cls = components().models.load(name)
    config = build(cls.Config, {**SMALL[name][number], "dropout": 0.0}, name)
    return cls(config, target_vocab=13).eval()


@torch.no_grad()
def test_an_ensemble_of_real_models_steps_by_the_mean_of_their_probabilities():
    source, inputs = pairs()
    models = [
        untrained("transformer", 0),
        untrained("transformer", 0, seed=1),
        untrained("rnn-seq2seq", 1),
    ]
    ensemble = Ensemble(models)
    state = ensemble.start(source)
    for t in range(inputs.size(1)):
        logp, state = ensemble.step(inputs[:, t], state)
        p = [model.logits(model(source, inputs))[:, t].softmax(-1) for model in models]
        torch.testing.assert_close(logp, torch.stack(p).mean(0).log(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "settings", [{"beam": 1}, {"beam": 4}, {"beam": 4, "groups": 2, "diversity": 1.0}]
)
@pytest.mark.parametrize("rules", [Rules(), Rules(no_repeat_ngram=2, min_length=3)])
def test_an_ensemble_of_two_architectures_gives_in_a_batch_what_it_gives_alone(settings, rules):
    ensemble = Ensemble([untrained("transformer", 0), untrained("rnn-seq2seq", 2)])
    sources, limits = pairs()[0], [9, 5, 7]
    together = beam_search(ensemble, sources, limits, rules=rules, **settings)

    for source, limit, hypotheses in zip(sources, limits, together, strict=True):
        unpadded = source[source != PAD][None]
        alone = beam_search(ensemble, unpadded, [limit], rules=rules, **settings)[0]
        assert [h.ids for h in hypotheses] == [h.ids for h in alone]
        scores = [h.score for h in hypotheses]
        assert scores == pytest.approx([h.score for h in alone], abs=1e-4)
        assert all(not {BOS, PAD} & set(h.ids) for h in hypotheses)


# settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"nbest": 6}, "search: nbest = 6 needs a beam at least as wide, not 5"),
        ({"nbest": 2, "beam": 1}, "search: nbest = 2 needs a beam at least as wide, not 1"),
        ({"nbest": 4, "mbr": 3}, "search: nbest = 4 needs mbr = 3 draws"),
        ({"beam": 6, "groups": 4}, "search: groups = 4 must divide beam = 6"),
        ({"beam": 2, "groups": 4}, "search: groups = 4 must divide beam = 2"),
        ({"sample": True, "groups": 5}, "search: groups is for searching, not for sampling"),
        (
            {"mbr": 8, "coverage_penalty": 0.2},
            "search: coverage_penalty is for searching, not for sampling",
        ),
        ({"mbr": 8, "must": ["a b"]}, "search: must is for searching, not for sampling"),
        (
            {"mbr": 8, "sample": True},
            "search: sample and mbr are two uses of drawn outputs: choose one",
        ),
        ({"min_length": 9, "max_length": 8}, "search: min_length = 9 is more than max_length = 8"),
        ({"temperature": 0.5}, "search: temperature is for sampling: set sample = true, or mbr"),
        ({"top_k": 3, "beam": 1}, "search: top_k is for sampling: set sample = true, or mbr"),
        ({"top_p": 0.9}, "search: top_p is for sampling: set sample = true, or mbr"),
        ({"beam": 0}, "search: beam should be greater than or equal to 1, got 0"),
        ({"top_p": 1.5}, "search: top_p should be less than or equal to 1, got 1.5"),
        ({"normalize": "words"}, "search: normalize should be 'length' or 'gnmt', got 'words'"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, words):
    with pytest.raises(ConfigError) as refusal:
        build(SearchConfig, settings, "search")
    assert str(refusal.value) == words


@pytest.mark.parametrize(
    "settings",
    [
        {"nbest": 5},
        {"nbest": 9, "sample": True},
        {"nbest": 3, "mbr": 3, "beam": 1},
        {"beam": 6, "groups": 3},
        {"beam": 4, "groups": 4},
        {"min_length": 2, "no_repeat_ngram": 3, "suppress": ["a"], "must": ["b c"], "prefix": "d"},
        {"mbr": 4, "temperature": 0.5, "top_k": 3, "top_p": 0.9},
        {"sample": True, "min_length": 2, "no_repeat_ngram": 3, "suppress": ["a"], "prefix": "d"},
        {"mbr": 8, "prefix": "a b", "rules": {"no-digits": True, "other": [1, "x"]}},
    ],
)
def test_settings_that_go_together_are_accepted(settings):
    config = build(SearchConfig, settings, "search")
    assert {name: getattr(config, name) for name in settings} == settings
