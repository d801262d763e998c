"""Search without a search: every output there is."""

from __future__ import annotations

import pytest

from seqkit.text.vocab import BOS, EOS, PAD


def every_output(model, source, limit):
    """(ids, log probability, average log probability), best average first; at most `limit` tokens with `<eos>`."""
    found = []

    def grow(ids, total):
        logp = model.log_probabilities(source, ids).tolist()
        found.append((list(ids), total + logp[EOS], (total + logp[EOS]) / (len(ids) + 1)))
        if len(ids) + 1 < limit:
            for word in set(range(model.vocab)) - {PAD, BOS, EOS}:
                grow((*ids, word), total + logp[word])

    grow((), 0.0)
    return sorted(found, key=lambda output: -output[2])


def assert_same(hypotheses, outputs):
    """What a search found is what `every_output` lists, in order."""
    assert [h.ids for h in hypotheses] == [ids for ids, _, _ in outputs]
    assert [h.log_probability for h in hypotheses] == pytest.approx(
        [total for _, total, _ in outputs], abs=1e-5
    )
    assert [h.score for h in hypotheses] == pytest.approx(
        [score for _, _, score in outputs], abs=1e-5
    )
