"""A search over lists of tokens gives what the whole vocabulary gives with all others barred."""

import numpy as np
import pytest
import torch
from exhaustive import assert_same
from small_translators import SMALL
from toy import Table, pairs

from seqkit.config import build
from seqkit.native import library
from seqkit.search import Ensemble, Rules, SearchConfig, decode
from seqkit.search.shortlist import Part
from seqkit.text.vocab import BOS
from seqkit.translation.models.transformer import Transformer

VOCAB = 40
SOURCES = [[5, 3], [6, 3], [7, 8, 3]]
LISTS = [
    np.array([0, 1, 2, 3, *range(4, 20)]),
    np.array([0, 1, 2, 3, *range(10, 39, 2)]),
    np.array([0, 1, 2, 3, *range(5, 30)]),
]


class Barred:
    """A model over its whole vocabulary that gives no probability to tokens beyond a list."""

    def __init__(self, model, lists):
        self.model, self.lists = model, lists  # by the first token of the source

    def start(self, source):
        return self.model.start(source), source[:, 0]

    def step(self, ids, state):
        logits, own = self.model.step(ids, state[0])
        for row, first in zip(logits, state[1].tolist(), strict=True):
            barred = np.setdiff1d(np.arange(len(row)), self.lists[first])
            row[torch.from_numpy(barred)] = -torch.inf
        return logits, (own, state[1])

    def select(self, state, rows):
        return self.model.select(state[0], rows), state[1][rows]


def barred(model):
    return Barred(model, {source[0]: own for source, own in zip(SOURCES, LISTS, strict=True)})


SETTINGS = {
    "beam 4": {"beam": 4, "nbest": 4},
    "greedy": {"beam": 1},
    "groups": {"beam": 4, "groups": 2, "nbest": 2},
    "no repeats": {"beam": 3, "no_repeat_ngram": 1, "min_length": 5},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_other_tokens_are_as_if_they_were_barred(settings):
    model, config = Table(VOCAB, seed=2), SearchConfig(**settings, max_length=8)
    rules = Rules(suppress=frozenset([12, 38]))
    found = decode(model, SOURCES, config, rules=rules, lists=LISTS)
    wanted = decode(barred(model), SOURCES, config, rules=rules)
    for own, of_twin in zip(found, wanted, strict=True):
        assert_same(own, of_twin)


def test_several_models_share_the_lists():
    models = [Table(VOCAB, seed) for seed in (1, 2)]
    config = SearchConfig(beam=3, nbest=3, max_length=6)
    found = decode(Ensemble(models), SOURCES, config, lists=LISTS)
    wanted = decode(Ensemble([barred(model) for model in models]), SOURCES, config)
    for own, of_twin in zip(found, wanted, strict=True):
        assert_same(own, of_twin)


def test_outputs_do_not_depend_on_the_lists_of_others():
    model, config = Table(VOCAB, seed=3), SearchConfig(beam=4, nbest=4, max_length=8)
    together = decode(model, SOURCES, config, lists=[LISTS[0], None, LISTS[2]])
    for place in (0, 2):
        (alone,) = decode(model, [SOURCES[place]], config, lists=[LISTS[place]])
        assert_same(together[place], alone)
    (any_token,) = decode(model, [SOURCES[1]], config)
    assert_same(together[1], any_token)


ANY_TOKEN = {
    "a prefix": {"rules": Rules(prefix=(frozenset([39]),))},
    "phrases": {"rules": Rules(phrases=((39,),))},
    "phrases of each source": {"phrases": [((39,),), ((39,),), ((39,),)]},
    "drawn outputs": {"settings": {"sample": True}},
}


@pytest.mark.parametrize("given", ANY_TOKEN.values(), ids=ANY_TOKEN)
def test_what_may_need_other_tokens_may_have_any(given):
    given = dict(given)
    config = SearchConfig(beam=4, max_length=8, **given.pop("settings", {}))
    model = Table(VOCAB, seed=3)
    assert decode(model, SOURCES, config, lists=LISTS, **given) == decode(
        model, SOURCES, config, **given
    )


def test_a_list_that_is_too_short_for_the_beam_is_not_used():
    model, config = Table(VOCAB, seed=3), SearchConfig(beam=10, max_length=8)
    assert decode(model, SOURCES, config, lists=LISTS)[0] == decode(model, SOURCES, config)[0]


@pytest.mark.parametrize("by_library", [True, False])
@pytest.mark.parametrize("sizes", SMALL["transformer"])
@torch.no_grad()
def test_a_transformer_makes_logits_of_the_list_only(monkeypatch, sizes, by_library):
    if by_library and library.library() is None:
        pytest.skip("there is no compiled library here")
    if not by_library:
        monkeypatch.setattr("seqkit.nn.packed.library", lambda: None)

    torch.manual_seed(1)
    config = build(Transformer.Config, {**sizes, "output_bias": True, "dropout": 0.0}, "model")
    model = Transformer(config, target_vocab=13, source_vocab=13).eval()
    torch.nn.init.normal_(model.output_bias)
    source, inputs = pairs()
    tokens = torch.tensor([0, 1, 2, 3, 5, 8, 12])

    whole, narrowed = model.start(source), model.over(model.start(source), tokens)
    rows = torch.tensor([2, 0, 0])
    for ids in (torch.full((3,), BOS), inputs[:, 1]):
        wanted, whole = model.step(ids, whole)
        found, narrowed = model.step(ids, narrowed)
        torch.testing.assert_close(found, wanted[:, tokens], rtol=1e-5, atol=1e-5)
        whole, narrowed = model.select(whole, rows), model.select(narrowed, rows)


@torch.no_grad()
def test_what_a_search_has_narrowed_does_not_stay_so():
    torch.manual_seed(1)
    config = build(Transformer.Config, {**SMALL["transformer"][0], "dropout": 0.0}, "model")
    model = Transformer(config, target_vocab=VOCAB).eval()
    settings = SearchConfig(beam=2, max_length=5)
    before = decode(model, SOURCES, settings)
    listed = decode(model, SOURCES, settings, lists=LISTS)
    wanted = decode(barred(model), SOURCES, settings)
    assert decode(model, SOURCES, settings) == before
    for own, of_twin in zip(listed, wanted, strict=True):
        assert_same(own, of_twin)


def test_one_sentence_bars_nothing():
    assert Part(LISTS[:1], None).barred is None
