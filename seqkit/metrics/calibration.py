"""Whether a model is as often right as it is sure.

Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599, section 2.

Shapes: N predictions, M bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import WrongValue

BINS = 15


@dataclass(frozen=True)
class Bin:
    """The predictions of which the model is about equally sure."""

    low: float  # exclusive
    high: float  # inclusive
    count: int
    confidence: float  # mean probability of what was predicted; nan without predictions
    accuracy: float  # share of it that was right; nan without predictions


@dataclass(frozen=True)
class Calibration:
    bins: list[Bin]
    count: int

    @property
    def error(self) -> float:
        """Expected calibration error (ECE, equation 3): the mean gap of confidence and accuracy.

        nan without predictions.
        """
        if not self.count:
            return math.nan
        gaps = [one.count * abs(one.accuracy - one.confidence) for one in self.bins if one.count]
        return sum(gaps) / self.count


def calibration(
    confidence: NDArray[np.floating[Any]], correct: NDArray[np.bool_], bins: int = BINS
) -> Calibration:
    """How sure a model was (N,), and whether it was right (N,), in `bins` of equal width.

    Bin m is (m / M, (m + 1) / M]; a confidence of 0 is in the first.
    """
    if confidence.shape != correct.shape:
        raise WrongValue(f"{confidence.shape} confidences and {correct.shape} answers")
    if bins < 1:
        raise WrongValue(f"bins = {bins}: at least one")

    edges = np.linspace(0, 1, bins + 1)
    inner = edges[1:-1]
    place = np.digitize(confidence, inner, right=True)

    found: list[Bin] = []
    for number in range(bins):
        inside = place == number
        count = int(inside.sum())
        sure = float(confidence[inside].mean(dtype=np.float64)) if count else math.nan
        right = float(correct[inside].mean()) if count else math.nan
        found.append(Bin(float(edges[number]), float(edges[number + 1]), count, sure, right))
    return Calibration(found, len(correct))
