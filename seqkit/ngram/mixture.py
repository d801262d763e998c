"""Linear mixtures of language models, with weights fitted on held-out text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """`weights` sum to 1; `log_probability` is that of the text they were fitted on, in nats."""

    weights: list[float]
    log_probability: float


def mix(log_probabilities: Sequence[Doubles], *, rounds: int = 1000, tolerance: float = 1e-9) -> Mixture:
    """Weights that make the mixture of models most likely, by EM. Jelinek & Mercer 1980, section 3.

    Each array holds one model's log probability (nats) of every token of the same text: M x (T,). EM rises to the
    one maximum there is, since the likelihood is concave in the weights.
    """
    if not log_probabilities or len({len(row) for row in log_probabilities}) != 1 or not len(log_probabilities[0]):
        raise DataError("models can be mixed only where they score the same tokens, one at least")
    logs = np.stack(log_probabilities).astype(np.float64)
    highest = logs.max(axis=0)
    possible = np.isfinite(highest)  # a token that no model can predict tells nothing of the weights
    shares = np.exp(logs[:, possible] - highest[possible])
    weights = np.full(len(logs), 1 / len(logs))
    before = -np.inf
    for _ in range(rounds):
        joint = weights[:, None] * shares
        total = joint.sum(axis=0)
        likelihood = float(np.log(total).mean()) if len(total) else 0.0
        if likelihood - before < tolerance:
            break
        before = likelihood
        weights = (joint / total).mean(axis=1)
    whole = np.where(possible, 0.0, -np.inf)
    whole[possible] = np.log(weights @ shares) + highest[possible]
    return Mixture(weights.tolist(), float(whole.sum()))
