import math
from collections import Counter

import pytest
import torch
from exhaustive import output
from toy import Table

from seqkit.errors import ConfigError
from seqkit.search import Rules, SearchConfig, Stem, decode, sample
from seqkit.search.sampling import draw
from seqkit.text.vocab import BOS, EOS, PAD, UNK

LETTERS = [*[""] * 4, "a", "ab", "b", *[""] * 20]  # how tokens 4, 5 and 6 are written


def first_token(hypothesis):
    return hypothesis.ids[0] if hypothesis.ids else EOS


def draw_many(model, source, limit, count, **settings):
    return sample(model, torch.tensor([[source]]), [limit], draws=count, **settings)[0]


def test_first_tokens_are_drawn_as_often_as_the_model_says():
    model = Table(vocab=7, seed=1)
    counts = Counter(first_token(h) for h in draw_many(model, 5, 6, 4000))
    for token, logp in enumerate(model.log_probabilities(5, ()).tolist()):
        assert counts[token] / 4000 == pytest.approx(math.exp(logp), abs=0.03)


@pytest.mark.parametrize(
    "settings",
    [{"temperature": 0.5, "top_k": 3}, {"top_p": 0.5}, {"rules": Rules(suppress=frozenset({4}))}],
)
def test_log_probability_and_score_are_the_model_s_own(settings):
    model = Table(vocab=7, seed=2)
    for h in draw_many(model, 5, 6, 20, **settings):
        wanted = output(model, 5, h.ids).log_probability
        assert h.log_probability == pytest.approx(wanted, abs=1e-4)
        assert h.score == h.log_probability


def test_draws_depend_on_the_seed_and_not_on_the_batch():
    model = Table(vocab=9, seed=3)
    sources, limits = torch.tensor([[4, 7, 8, 9], [5, PAD, PAD, PAD], [6, 7, PAD, PAD]]), [5, 8, 7]
    together = sample(model, sources, limits, draws=2, seed=11)
    alone = draw_many(model, 5, 8, 2, seed=11)

    assert together[1] == alone
    assert together != sample(model, sources, limits, draws=2, seed=12)
    assert alone[0] != alone[1]


@pytest.mark.parametrize("settings", [{"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-3}])
def test_top_k_of_one_a_tiny_top_p_and_a_tiny_temperature_are_greedy(settings):
    model = Table(vocab=9, seed=4)
    greedy = decode(model, [[4]], SearchConfig(beam=1))[0][0].ids
    assert decode(model, [[4]], SearchConfig(sample=True, **settings))[0][0].ids == greedy


def test_top_k_draws_the_k_most_probable_tokens_and_no_others():
    model = Table(vocab=12, seed=5)
    order = model.log_probabilities(4, ()).argsort(descending=True).tolist()
    drawn = {first_token(h) for h in draw_many(model, 4, 3, 500, top_k=3)}
    assert drawn == set(order[:3])


def test_top_p_draws_no_tokens_beyond_that_probability():
    model = Table(vocab=12, seed=5)
    logp = model.log_probabilities(4, ())
    order = logp.argsort(descending=True).tolist()
    mass = logp.exp()[order].cumsum(0)
    nucleus = {order[i] for i in range(12) if i == 0 or float(mass[i - 1]) < 0.8}

    drawn = {first_token(h) for h in draw_many(model, 4, 3, 2000, top_p=0.8)}
    assert drawn <= nucleus
    assert len(drawn) > 1


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_outputs_end_at_their_limit(limit):
    model = Table(vocab=30, seed=1)
    lengths = {len(h.ids) for h in draw_many(model, 5, limit, 200)}
    assert max(lengths) == limit - 1


# rules


class Even:
    """A rule as a plugin would write it: even tokens only."""

    least = 0

    def forbidden(self, history, vocab):
        odd = torch.arange(vocab) % 2 == 1
        odd[EOS] = False
        return odd


CASES = {
    "suppress": (
        Rules(suppress=frozenset({4, 7})),
        lambda ids: not {4, 7} & set(ids),
    ),
    "min_length": (
        Rules(min_length=3),
        lambda ids: len(ids) >= 3,
    ),
    "no_repeat_ngram": (
        Rules(no_repeat_ngram=1),
        lambda ids: len(set(ids)) == len(ids),
    ),
    "prefix": (
        Rules(prefix=(frozenset({5}), frozenset({6, 7}))),
        lambda ids: ids[0] == 5 and ids[1] in (6, 7),
    ),
    "stem": (
        Rules(stem=Stem("ab", LETTERS, whole=False)),
        lambda ids: ids[:1] == [5] or ids[:2] == [4, 6],
    ),
    "a plugin's": (
        Rules(further=(Even(),)),
        lambda ids: all(token % 2 == 0 for token in ids),
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("limit", [1, 4, 12])
def test_drawn_outputs_obey_the_rules(name, limit):
    rules, is_obeyed = CASES[name]
    for seed in range(3):
        drawn = draw_many(Table(vocab=12, seed=seed), 5, limit, 40, rules=rules)
        assert all(is_obeyed(h.ids) for h in drawn)
        assert all(len(h.ids) < max(limit, rules.least) for h in drawn)
        assert all(not {PAD, BOS} & set(h.ids) for h in drawn)


def test_rules_leave_the_odds_of_what_they_allow():
    model = Table(vocab=7, seed=1)
    rules = Rules(suppress=frozenset({4}), min_length=1)
    counts = Counter(first_token(h) for h in draw_many(model, 5, 6, 4000, rules=rules))

    p = model.log_probabilities(5, ()).exp()
    p[[4, EOS]] = 0.0
    for token, wanted in enumerate((p / p.sum()).tolist()):
        assert counts[token] / 4000 == pytest.approx(wanted, abs=0.03)


def test_a_draw_that_no_token_may_continue_is_refused():
    two_words = Table(vocab=6, seed=0)
    rules = Rules(suppress=frozenset({UNK}), min_length=3, no_repeat_ngram=1)
    with pytest.raises(ConfigError, match="no token obeys the rules of the search"):
        draw_many(two_words, 5, 9, 5, rules=rules)


def test_phrases_need_a_search():
    with pytest.raises(ValueError, match="use beam_search"):
        draw_many(Table(vocab=6, seed=0), 5, 9, 5, rules=Rules(phrases=((4,),)))


@pytest.mark.parametrize("config", [{"sample": True, "nbest": 20}, {"mbr": 20}])
def test_decode_takes_lengths_and_repeats_of_drawn_outputs_from_its_config(config):
    model = Table(vocab=12, seed=0)
    search = SearchConfig(min_length=3, no_repeat_ngram=1, **config)
    drawn = decode(model, [[7, 8, 9]], search)[0]
    assert len(drawn) == 20
    assert all(len(h.ids) >= 3 and len(set(h.ids)) == len(h.ids) for h in drawn)


@pytest.mark.parametrize("settings", [(1.0, 0, 1.0), (1.0, 3, 1.0), (0.5, 0, 0.9)], ids=str)
def test_what_is_impossible_is_never_drawn_at_the_ends_of_the_distribution(settings):
    p = [0.0, 0.0, 0.0, 0.1, 0.2, 0.7, 0.0]
    uniform = torch.tensor([0.0, 1e-45, 0.5, 1 - 2**-24])
    logp = torch.tensor(p).log().expand(len(uniform), -1)
    drawn = draw(logp, uniform, *settings)
    assert set(drawn.tolist()) <= {3, 4, 5}
    assert drawn[2] == 5
