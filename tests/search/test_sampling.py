import math
from collections import Counter

import pytest
import torch
from toy import Table

from seqkit.search import SearchConfig, decode, sample
from seqkit.text.vocab import EOS


def test_first_tokens_are_drawn_as_often_as_the_model_says():
    model = Table(vocab=7, seed=1)
    draws = sample(model, torch.tensor([[5]]), [6], draws=4000)[0]
    counts = Counter(h.ids[0] if h.ids else EOS for h in draws)
    for token, logp in enumerate(model.log_probabilities(5, ()).tolist()):
        assert counts[token] / 4000 == pytest.approx(math.exp(logp), abs=0.03)


def test_the_log_probability_is_the_model_s_own_whatever_the_temperature():
    model = Table(vocab=7, seed=2)
    for hypothesis in sample(model, torch.tensor([[5]]), [6], draws=20, temperature=0.5, top_k=3)[
        0
    ]:
        parts = [
            model.log_probabilities(5, tuple(hypothesis.ids[:t]))[token]
            for t, token in enumerate([*hypothesis.ids, EOS])
        ]
        assert hypothesis.log_probability == pytest.approx(float(sum(parts)), abs=1e-4)


def test_the_seed_fixes_what_is_drawn_and_the_batch_does_not_matter():
    model = Table(vocab=9, seed=3)
    together = sample(model, torch.tensor([[4], [5], [6]]), [5, 8, 7], draws=2, seed=11)
    assert together[1] == sample(model, torch.tensor([[5]]), [8], draws=2, seed=11)[0]
    assert together != sample(model, torch.tensor([[4], [5], [6]]), [5, 8, 7], draws=2, seed=12)
    assert together[1][0] != together[1][1]


def test_top_k_of_one_and_a_tiny_top_p_are_greedy():
    model = Table(vocab=9, seed=4)
    greedy = decode(model, [[4]], SearchConfig(beam=1))[0][0].ids
    for settings in ({"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-3}):
        assert decode(model, [[4]], SearchConfig(sample=True, **settings))[0][0].ids == greedy


def test_top_k_and_top_p_leave_out_what_they_say():
    model = Table(vocab=12, seed=5)
    logp = model.log_probabilities(4, ())
    order = logp.argsort(descending=True).tolist()
    first = {
        h.ids[0] if h.ids else EOS
        for h in sample(model, torch.tensor([[4]]), [3], draws=500, top_k=3)[0]
    }
    assert first == set(order[:3])
    mass = logp.exp()[order].cumsum(0)
    nucleus = {order[i] for i in range(12) if i == 0 or float(mass[i - 1]) < 0.8}
    drawn = {
        h.ids[0] if h.ids else EOS
        for h in sample(model, torch.tensor([[4]]), [3], draws=2000, top_p=0.8)[0]
    }
    assert drawn <= nucleus
    assert len(drawn) > 1
