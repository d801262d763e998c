import itertools
import math

import pytest
import torch
from toy import Table

from seqkit.search import Normalize, SearchConfig, beam_search, decode
from seqkit.search.beam import _top
from seqkit.text.vocab import BOS, EOS, PAD


def enumerate_all(model, source, limit, alpha):
    """Every output of at most `limit` tokens, `<eos>` included, best score first. At the limit it must end."""
    words = [i for i in range(model.vocab) if i not in (PAD, BOS, EOS)]
    found = []
    for n in range(limit):
        for body in itertools.product(words, repeat=n):
            parts = [
                model.log_probabilities(source, body[:t])[token]
                for t, token in enumerate((*body, EOS))
            ]
            total = float(sum(parts))
            found.append((total / (n + 1) ** alpha, total, list(body)))
    return sorted(found, key=lambda item: -item[0])


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_wide_beam_with_endless_patience_lists_every_output_in_order(seed, alpha):
    model = Table(vocab=6, seed=seed)
    found = beam_search(
        model,
        torch.tensor([[1], [2]]),
        [4, 3],
        beam=64,
        normalize=Normalize(alpha),
        patience=math.inf,
    )
    for source, limit, hypotheses in ((1, 4, found[0]), (2, 3, found[1])):
        wanted = enumerate_all(model, source, limit, alpha)
        assert [h.ids for h in hypotheses] == [ids for _, _, ids in wanted]
        assert [h.score for h in hypotheses] == pytest.approx(
            [score for score, _, _ in wanted], abs=1e-5
        )
        assert [h.log_probability for h in hypotheses] == pytest.approx(
            [total for _, total, _ in wanted], abs=1e-5
        )


def plain_beam(model, source, beam, limit, alpha, patience):
    """Beam search as its docstring defines it, on lists."""
    beams, done = [(0.0, ())], []
    for t in range(1, limit + 1):
        grown = []
        for total, prefix in beams:
            logp = model.log_probabilities(source, prefix)
            for token in range(model.vocab):
                if token not in (PAD, BOS) and (t < limit or token == EOS):
                    grown.append((total + float(logp[token]), (*prefix, token)))
        grown.sort(key=lambda item: -item[0])
        done += [(total / t**alpha, list(p[:-1])) for total, p in grown[:beam] if p[-1] == EOS]
        beams = [item for item in grown if item[1][-1] != EOS][:beam]
        if len(done) >= patience * beam:
            break
    return [ids for _, ids in sorted(done, key=lambda item: -item[0])]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("beam", "patience"), [(1, 1.0), (2, 1.0), (3, 2.0)])
def test_a_narrow_beam_follows_the_definition(beam, patience, seed):
    model = Table(vocab=9, seed=seed)
    found = beam_search(model, torch.tensor([[7]]), [6], beam=beam, patience=patience)[0]
    assert [h.ids for h in found] == plain_beam(model, 7, beam, 6, 1.0, patience)


def test_a_beam_of_one_is_greedy():
    model = Table(vocab=8, seed=5)
    prefix: tuple[int, ...] = ()
    while len(prefix) < 9:
        token = int(model.log_probabilities(3, prefix).argmax())
        if token == EOS:
            break
        prefix += (token,)
    assert beam_search(model, torch.tensor([[3]]), [10], beam=1)[0][0].ids == list(prefix)


@pytest.mark.parametrize("beam", [1, 3])
def test_sentences_in_a_batch_get_what_they_get_alone(beam):
    model = Table(vocab=8, seed=3)
    limits = [3, 9, 6]
    together = beam_search(model, torch.tensor([[1], [2], [3]]), limits, beam=beam)
    for i, limit in enumerate(limits):
        assert together[i] == beam_search(model, torch.tensor([[i + 1]]), [limit], beam=beam)[0]


def test_a_beam_wider_than_the_vocabulary_is_no_problem():
    model = Table(vocab=5, seed=1)
    found = beam_search(model, torch.tensor([[1]]), [2], beam=10, patience=math.inf)[0]
    assert [h.ids for h in found] == [ids for _, _, ids in enumerate_all(model, 1, 2, 1.0)]


def test_outputs_come_in_the_order_of_the_inputs_and_within_their_limits():
    model = Table(vocab=8, seed=2)
    sources = [[i, *[9] * (i % 4)] for i in range(4, 30)]
    config = SearchConfig(beam=2, max_ratio=1.0, max_extra=1)
    found = decode(model, sources, config, batch_tokens=7)
    for source, hypotheses in zip(sources, found, strict=True):
        assert hypotheses == decode(model, [source], config)[0]
        assert len(hypotheses[0].ids) + 1 <= len(source) + 1
    assert decode(model, [], config) == []


def test_max_length_caps_every_output():
    model = Table(vocab=30, seed=2)
    found = decode(model, [[4, 4, 4, 4], [5, 5]], SearchConfig(beam=2, max_length=3))
    assert max(len(hypothesis.ids) for hypotheses in found for hypothesis in hypotheses) == 3, (
        "`<eos>` comes on top"
    )


def test_the_quick_selection_of_the_best_tokens_equals_a_full_one():
    torch.manual_seed(0)
    for vocab in (64, 1000, 4097):
        logits = torch.randn(50, vocab)
        for most in (2, 10):
            value, token = _top(logits, most)
            wanted = logits.topk(most)
            assert torch.equal(value, wanted.values)
            assert torch.equal(token, wanted.indices)
