"""Linear mixtures of language models of any kind, with weights fitted on held-out text.

fitted = mix([log_probabilities(model, held_out) for model in models])
fitted.log_probability([log_probabilities(model, text) for model in models])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..metrics.scoring import Scorer
from ..ngram.text import from_lines

Doubles = NDArray[np.float64]


def log_probabilities(model: Scorer, lines: Iterable[str]) -> Doubles:
    """Of every token of a text, ends of lines included, in nats: (T,). What `mix` wants of each model."""
    return np.concatenate(
        [np.empty(0), *(model.score_block(block).nats for block in from_lines(lines))]
    )


@dataclass(frozen=True)
class Mixture:
    weights: list[float]  # one for each model; they sum to 1

    def log_probability(self, log_probabilities: Sequence[Doubles]) -> float:
        """Sum over a text (nats) of the mixture's log probability, given each model's of every token: M x (T,)."""
        logs = np.stack(log_probabilities)
        with np.errstate(divide="ignore"):
            weighted = logs + np.log(self.weights)[:, None]
        return float(np.logaddexp.reduce(weighted, axis=0).sum())


def mix(
    log_probabilities: Sequence[Doubles], *, rounds: int = 1000, tolerance: float = 1e-9
) -> Mixture:
    """Weights that make the mixture of models most likely, by EM. Jelinek & Mercer 1980, section 3.

    Each array holds one model's log probability (nats) of every token of the same text, as `log_probabilities` gives
    them: M x (T,). EM rises to the one maximum there is, since the likelihood is concave in the weights. Only models
    with the same tokens and vocabulary can be mixed; raises `DataError` where the number of tokens differs.
    """
    if (
        not log_probabilities
        or len({len(row) for row in log_probabilities}) != 1
        or not len(log_probabilities[0])
    ):
        raise DataError("models can be mixed only where they score the same tokens, one at least")
    logs = np.stack(log_probabilities).astype(np.float64)
    highest = logs.max(axis=0)
    possible = np.isfinite(
        highest
    )  # a token that no model can predict tells nothing of the weights
    if not possible.any():
        return Mixture([1 / len(logs)] * len(logs))
    shares = np.exp(logs[:, possible] - highest[possible])
    weights = np.full(len(logs), 1 / len(logs))
    before = -np.inf
    for _ in range(rounds):
        joint = weights[:, None] * shares
        total = joint.sum(axis=0)
        likelihood = float(np.log(total).mean())
        if likelihood - before < tolerance:
            break
        before = likelihood
        weights = (joint / total).mean(axis=1)
    return Mixture(weights.tolist())
