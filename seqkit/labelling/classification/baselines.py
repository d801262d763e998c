"""What a classifier has to beat: the shares of the classes alone, and naive Bayes.

Shapes: N texts, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...data.batching import Rows
from ...metrics.several import THRESHOLD
from .naive_bayes import NaiveBayes

MAJORITY = "majority"
NAIVE_BAYES = "naive-bayes"
Floats = NDArray[np.float64]
F = TypeVar("F", bound=np.floating[Any])


@dataclass(frozen=True)
class Baselines:
    """Learned from the training texts alone."""

    shares: Floats  # (K,), of training texts with each label
    bayes: NaiveBayes

    @classmethod
    def of(cls, texts: Rows, labels: NDArray[np.uint8], vocab: int) -> Baselines:
        """`texts` are the ids of the training texts, `labels` (N, K) are 0 or 1."""
        has_label = labels.astype(bool)
        return cls(has_label.mean(0), NaiveBayes(texts, has_label, vocab=vocab))

    def probabilities(self, texts: Rows, *, several: bool) -> dict[str, Floats]:
        """What each baseline says of texts, by its name: (N, K)"""
        shape = (len(texts), len(self.shares))
        return {
            MAJORITY: np.broadcast_to(self.shares, shape),
            NAIVE_BAYES: self.bayes.probabilities(texts, several=several),
        }

    def figures(self, texts: Rows, labels: NDArray[np.uint8], *, several: bool) -> dict[str, float]:
        """The accuracy of each baseline, or its micro F1 if a text may have several labels."""
        found = self.probabilities(texts, several=several)
        unknown = labels.shape[1] - len(self.shares)
        return {
            name: headline(with_unknown(probabilities, unknown), labels, several=several)
            for name, probabilities in found.items()
        }

    def majority(self, classes: Sequence[str], *, several: bool) -> str:
        """What the majority baseline answers to every text."""
        if not several:
            return classes[int(self.shares.argmax())]
        given = [
            name for name, share in zip(classes, self.shares, strict=True) if share >= THRESHOLD
        ]
        return ", ".join(given) or "no label"


def with_unknown(probabilities: NDArray[F], classes: int) -> NDArray[F]:
    """As many more classes, of which no text is: (N, K) -> (N, K + classes)"""
    return np.pad(probabilities, ((0, 0), (0, classes)))


def headline(probabilities: Floats, labels: NDArray[np.uint8], *, several: bool) -> float:
    """Accuracy, or micro F1 if a text may have several labels: (N, K), (N, K)"""
    if not several:
        return float((probabilities.argmax(1) == labels.argmax(1)).mean())

    given = probabilities >= THRESHOLD
    hits = (given & (labels > 0)).sum()
    both = given.sum() + labels.sum()
    return float(2 * hits / both) if both else 0.0
