"""A language model in the search, beside exhaustive lists of all outputs."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
import torch
from toy import Table

from seqkit.search import Normalize, Rules, SearchConfig, beam_search, decode, sample
from seqkit.search.fusion import AtUnitEnds, Fusion, SameTokens, score_rows
from seqkit.text.vocab import BOS, EOS, PAD

WEIGHT = 0.7
ENDS, UNKNOWN = 0, 1  # of the language model's own ids


class TableScorer:
    """A language model whose next-token distribution is random, by a seed and all tokens so far."""

    unknown = UNKNOWN

    def __init__(self, size, seed):
        self.table = Table(size, seed)
        self.tokens = [str(i) for i in range(size)]

    def nats(self, ids):
        """Of every token after these, with ids that begin at 0: those of Table begin after BOS."""
        logits = self.table.log_probabilities(0, ids)
        return logits.nan_to_num(neginf=-9).log_softmax(-1).numpy()

    def begin(self, rows):
        return [()] * rows

    def step(self, states, ids):
        ids = [int(i) for i in ids]
        scores = [self.nats(row)[i] for row, i in zip(states, ids, strict=True)]
        after = [(*row, i) for row, i in zip(states, ids, strict=True)]
        return np.array(scores, np.float32), after

    def following(self, states):
        return np.stack([self.nats(row) for row in states])

    def finish(self, states):
        return self.following(states)[:, ENDS]

    def select(self, states, rows):
        return [states[row] for row in np.asarray(rows).tolist()]

    def join(self, states):
        return [row for each in states for row in each]

    def of_line(self, ids):
        """The log probability of a whole line and its end."""
        return sum(self.nats(tuple(ids[:t]))[i] for t, i in enumerate([*ids, ENDS]))


class Output(NamedTuple):
    ids: list[int]
    own: float
    lm: float
    score: float


def every_output(model, of_lm, source, limit, alpha=1.0, weight=WEIGHT):
    """Every output of at most `limit` tokens by log p + weight * log p_lm, best first."""
    words = [i for i in range(model.vocab) if i not in (PAD, BOS, EOS)]
    found = []

    def grow(ids, own):
        logp = model.log_probabilities(source, tuple(ids)).tolist()
        ended = own + logp[EOS]
        lm = of_lm(ids)
        found.append(Output(ids, ended, lm, (ended + weight * lm) / (len(ids) + 1) ** alpha))
        if len(ids) + 1 < limit:
            for word in words:
                grow([*ids, word], own + logp[word])

    grow([], 0.0)
    return sorted(found, key=lambda output: -output.score)


def assert_same(hypotheses, outputs):
    assert [h.ids for h in hypotheses] == [output.ids for output in outputs]
    found = [(h.log_probability, h.lm_log_probability, h.score) for h in hypotheses]
    expected = [(output.own, output.lm, output.score) for output in outputs]
    assert np.array(found) == pytest.approx(np.array(expected), abs=1e-4)


# The same tokens

LM_IDS = [UNKNOWN, UNKNOWN, UNKNOWN, ENDS, 2, 4, 3]  # of 7 tokens: the last three are words


def same_tokens(seed=0):
    scorer = TableScorer(5, seed)
    fusion = Fusion(SameTokens(scorer, LM_IDS), WEIGHT)
    return fusion, lambda ids: scorer.of_line([LM_IDS[i] for i in ids])


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_wide_fused_beam_lists_every_output_in_order(seed, alpha):
    model = Table(vocab=7, seed=seed)
    fusion, of_lm = same_tokens(seed)
    first, second = beam_search(
        model,
        torch.tensor([[1], [2]]),
        [4, 3],
        beam=130,
        normalize=Normalize(alpha),
        patience=math.inf,
        fusion=fusion,
    )
    assert_same(first, every_output(model, of_lm, 1, 4, alpha))
    assert_same(second, every_output(model, of_lm, 2, 3, alpha))


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("units", [False, True])
def test_fused_sentences_in_a_batch_get_what_they_get_alone(groups, units):
    model = Table(vocab=7, seed=3)
    fusion = by_words()[0] if units else same_tokens()[0]
    settings = {"beam": 4, "groups": groups, "diversity": 0.4, "fusion": fusion}
    limits = [3, 9, 6]
    together = beam_search(model, torch.tensor([[1], [2], [3]]), limits, **settings)
    for i, limit in enumerate(limits):
        alone = beam_search(model, torch.tensor([[i + 1]]), [limit], **settings)[0]
        assert together[i] == alone


def test_phrases_and_other_rules_hold_in_a_fused_search():
    model = Table(vocab=7, seed=2)
    fusion, of_lm = same_tokens()
    rules = Rules(phrases=((5, 6),), suppress=frozenset([4]))
    (found,) = beam_search(
        model, torch.tensor([[1]]), [4], beam=100, patience=math.inf, rules=rules, fusion=fusion
    )
    expected = [
        output
        for output in every_output(model, of_lm, 1, 4)
        if (5, 6) in zip(output.ids, output.ids[1:], strict=False) and 4 not in output.ids
    ]
    assert_same(found, expected)


def test_draws_are_from_what_both_models_give_together():
    model = Table(vocab=7, seed=1)
    fusion, of_lm = same_tokens()
    draws = 4000
    (drawn,) = sample(model, torch.tensor([[1]]), [2], draws=draws, fusion=fusion)
    for hypothesis in drawn[:20]:
        assert hypothesis.lm_log_probability == pytest.approx(of_lm(hypothesis.ids), abs=1e-4)
        total = hypothesis.log_probability + WEIGHT * hypothesis.lm_log_probability
        assert hypothesis.score == pytest.approx(total, abs=1e-4)

    own = model.log_probabilities(1, ()).double()
    lm = torch.tensor(fusion.lm.scorer.nats(()))[LM_IDS].double()
    together = own + WEIGHT * lm
    together[[PAD, BOS]] = -math.inf
    for token in (4, 5, 6):
        share = sum(h.ids == [token] for h in drawn) / draws
        assert share == pytest.approx(float(together.softmax(-1)[token]), abs=0.03)


def test_decode_returns_the_parts_of_the_scores():
    model = Table(vocab=7, seed=2)
    fusion, of_lm = same_tokens()
    config = SearchConfig(beam=3, nbest=2, max_ratio=1.0, max_extra=3)
    for nbest in decode(model, [[4, EOS], [5, 6, EOS]], config, fusion=fusion):
        for hypothesis in nbest:
            assert hypothesis.lm_log_probability == pytest.approx(of_lm(hypothesis.ids), abs=1e-4)


# Other tokens


@dataclass
class Words:
    """Tokens 5 and 6 begin a word, 4 continues one; words of the language model by their tokens."""

    def __post_init__(self):
        self.begins = np.isin(np.arange(7), [5, 6])
        self.glues = np.zeros(7, bool)

    def encode(self, before, tokens):
        """Two ids for longer words: it may split them."""
        if not tokens:
            return []
        return [2 + sum(tokens) % 3] if len(tokens) < 3 else [3, 4]


def by_words(seed=0):
    scorer = TableScorer(5, seed)
    words = Words()
    fusion = Fusion(AtUnitEnds(scorer, words), WEIGHT)

    def of_lm(ids):
        line = []
        word = ()
        for i in ids:
            if word and words.begins[i]:
                line += words.encode(None, word)
                word = ()
            word += (i,)
        return scorer.of_line([*line, *words.encode(None, word)])

    return fusion, of_lm


@pytest.mark.parametrize("seed", range(3))
def test_by_words_a_wide_fused_beam_rescores_every_whole_output(seed):
    model = Table(vocab=7, seed=seed)
    fusion, of_lm = by_words(seed)
    (found,) = beam_search(
        model, torch.tensor([[1]]), [5], beam=700, patience=math.inf, fusion=fusion
    )
    assert_same(found, every_output(model, of_lm, 1, 5))


def test_by_words_draws_carry_the_score_of_the_whole_line():
    model = Table(vocab=7, seed=4)
    fusion, of_lm = by_words()
    (drawn,) = sample(model, torch.tensor([[1]]), [6], draws=10, fusion=fusion)
    for hypothesis in drawn:
        assert hypothesis.lm_log_probability == pytest.approx(of_lm(hypothesis.ids), abs=1e-4)


def test_rows_of_several_tokens_are_scored_together():
    scorer = TableScorer(5, 0)
    rows = [[2, 3], [], [4]]
    total, states = score_rows(scorer, scorer.begin(3), rows)
    assert states == [(2, 3), (), (4,)]
    expected = [scorer.of_line(ids) - scorer.nats(tuple(ids))[ENDS] for ids in rows]
    assert total.tolist() == pytest.approx(expected, abs=1e-5)
