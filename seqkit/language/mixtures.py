"""Linear mixtures of language models of any kind, with weights fitted on held-out text.

fitted = mix([log_probabilities(model, held_out) for model in models])
fitted.log_probability([log_probabilities(model, text) for model in models])

Shapes: M models, T tokens of a text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..metrics.perplexity import finite, perplexity
from ..metrics.scoring import Scorer
from ..ngram.text import from_lines

Doubles = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Mixture:
    """A weighted mean of the probabilities that several models give."""

    weights: list[float]  # one for each model; they sum to 1

    def log_probability(self, log_probabilities: Sequence[Doubles]) -> float:
        """Log probability (nats) of a text, from each model's of every token: M arrays (T,)."""
        logs = np.stack(log_probabilities)
        with np.errstate(divide="ignore"):
            log_weights = np.log(self.weights)
        joint = logs + log_weights[:, None]
        return float(np.logaddexp.reduce(joint, axis=0).sum())

    def __repr__(self) -> str:
        return f"<Mixture {' + '.join(f'{weight:.3f}' for weight in self.weights)}>"


@dataclass(frozen=True)
class MixtureReport:
    """How well a mixture of models predicts a text."""

    names: list[str]  # of the models
    mixture: Mixture
    log_probability: float  # of the text, nats
    tokens: int
    fitted_on: str
    signatures: list[str]  # of the models' own perplexities

    @property
    def perplexity(self) -> float:
        return perplexity(-self.log_probability, self.tokens)

    @property
    def signature(self) -> str:
        pairs = zip(self.mixture.weights, self.signatures, strict=True)
        return " + ".join(f"{weight!r} × {signature}" for weight, signature in pairs)

    def record(self) -> dict[str, Any]:
        """Plain data for JSON, which has no infinity: None stands for it."""
        return {
            "mixture": dict(zip(self.names, self.mixture.weights, strict=True)),
            "perplexity": finite(self.perplexity),
            "tokens": self.tokens,
            "log10_probability": finite(self.log_probability / math.log(10)),
            "fitted_on": self.fitted_on,
            "signatures": self.signatures,
        }

    def __str__(self) -> str:
        pairs = zip(self.mixture.weights, self.names, strict=True)
        shares = " + ".join(f"{weight:.3f} {name}" for weight, name in pairs)
        return (
            f"mixture, weights fitted on {self.fitted_on}: "
            f"perplexity {self.perplexity:.4f} = {shares}"
        )


def log_probabilities(model: Scorer, lines: Iterable[str]) -> Doubles:
    """Log probability (nats) of every token of a text, ends of lines included: what `mix` takes.

    -> (T,)
    """
    parts = [np.empty(0)]
    for _, found in model.score_blocks(from_lines(lines)):
        parts.append(found.nats)
    return np.concatenate(parts)


def mix(
    log_probabilities: Sequence[Doubles], *, rounds: int = 1000, tolerance: float = 1e-9
) -> Mixture:
    """Weights that make a text most probable, by EM. Jelinek & Mercer 1980, section 3.

    `log_probabilities` holds an array (T,) for each model, as the function of that name gives them.
    The likelihood is concave in the weights, so EM rises to its one maximum; it stops after
    `rounds`, or when the mean log likelihood grows by less than `tolerance`. Only models of the
    same tokens and vocabulary can be mixed: raises `DataError` where numbers of tokens differ.
    """
    _check_lengths(log_probabilities)
    logs = np.stack(log_probabilities).astype(np.float64)
    weights = np.full(len(logs), 1 / len(logs))

    best = logs.max(axis=0)
    possible = np.isfinite(best)  # a token that no model can predict says nothing of the weights
    if not possible.any():
        return Mixture(weights.tolist())
    shares = np.exp(logs[:, possible] - best[possible])  # (M, T), scaled so that none vanishes

    before = -math.inf
    for _ in range(rounds):
        joint = weights[:, None] * shares
        total = joint.sum(axis=0)

        likelihood = float(np.log(total).mean())
        if likelihood - before < tolerance:
            break
        before = likelihood

        posterior = joint / total  # of the model that each token came from
        weights = posterior.mean(axis=1)
    return Mixture(weights.tolist())


def _check_lengths(log_probabilities: Sequence[Doubles]) -> None:
    lengths = {len(row) for row in log_probabilities}
    if len(lengths) != 1 or 0 in lengths:
        raise DataError("models can be mixed only where they score the same tokens, one at least")
