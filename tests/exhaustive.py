"""Slow and plain searches over a `toy.Table`, to compare the fast ones with."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pytest

from seqkit.text.vocab import BOS, EOS, PAD


class Output(NamedTuple):
    ids: list[int]  # without <eos>
    log_probability: float
    score: float  # log probability / length ** alpha, <eos> counted


def output(model, source, ids, alpha=1.0):
    """What the model says of an output, token by token."""
    tokens = [*ids, EOS]
    logp = [
        float(model.log_probabilities(source, tuple(tokens[:t]))[token])
        for t, token in enumerate(tokens)
    ]
    total = sum(logp)
    return Output(list(ids), total, total / len(tokens) ** alpha)


def every_output(model, source, limit, alpha=1.0):
    """Every output of at most `limit` tokens, `<eos>` included, best score first."""
    words = sorted(set(range(model.vocab)) - {PAD, BOS, EOS})
    found = []

    def grow(ids, total):
        logp = model.log_probabilities(source, ids).tolist()
        length = len(ids) + 1
        ended = total + logp[EOS]
        found.append(Output(list(ids), ended, ended / length**alpha))
        if length < limit:
            for word in words:
                grow((*ids, word), total + logp[word])

    grow((), 0.0)
    return sorted(found, key=lambda output: -output.score)


def anything(ids, token):
    return True


def slow_beam_search(
    model, source, limit, *, beam, groups=1, diversity=0.0, patience=1.0, may=anything
):
    """(Diverse) beam search as `beam_search` defines it, on lists, best average first.

    `may(ids, token)` is whether the token may follow; at the limit an output ends in any case.
    """
    size = beam // groups
    beams = [[(0.0, ())] for _ in range(groups)]
    done = [[] for _ in range(groups)]

    for t in range(1, limit + 1):
        chosen = Counter()  # tokens, by the groups before
        for group in range(groups):
            grown = []
            for total, ids in beams[group]:
                for token, logp in enumerate(model.log_probabilities(source, ids).tolist()):
                    allowed = token == EOS if t == limit else may(ids, token)
                    if allowed and token not in (PAD, BOS):
                        new = total + logp
                        grown.append((new - diversity * chosen[token], new, (*ids, token)))
            grown.sort(reverse=True)

            best = grown[:size]
            done[group] += [(total, ids[:-1]) for _, total, ids in best if ids[-1] == EOS]
            chosen.update(ids[-1] for _, _, ids in best)
            beams[group] = [(total, ids) for _, total, ids in grown if ids[-1] != EOS][:size]
            if len(done[group]) >= patience * size:
                beams[group] = []

    totals = {ids: total for group in done for total, ids in group}
    found = [Output(list(ids), total, total / (len(ids) + 1)) for ids, total in totals.items()]
    return sorted(found, key=lambda output: -output.score)


def contains(ids, phrase):
    """Whether the tokens of `phrase`, a tuple, occur in a row."""
    return any(tuple(ids[i : i + len(phrase)]) == phrase for i in range(len(ids)))


def assert_same(hypotheses, outputs):
    """A search found these outputs, in this order, with these probabilities and scores."""
    assert [h.ids for h in hypotheses] == [output.ids for output in outputs]

    found = [h.log_probability for h in hypotheses]
    assert found == pytest.approx([output.log_probability for output in outputs], abs=1e-5)

    scores = [h.score for h in hypotheses]
    assert scores == pytest.approx([output.score for output in outputs], abs=1e-5)
