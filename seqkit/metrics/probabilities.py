"""How good probabilities of classes are, besides which class is likeliest.

Shapes: N examples, K classes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..errors import WrongValue

Floats = NDArray[np.floating]
_LEAST = float(np.finfo(np.float32).eps)


def log_loss(labels: NDArray[np.int64], probabilities: Floats) -> float:
    """Mean negative logarithm of the probability of the true class, in nats; nan without examples.

    (N,), (N, K). A probability of 0 counts as 1.2e-7, the precision of float32, as scikit-learn has
    it for such numbers.
    """
    _check(labels, probabilities)
    if not len(labels):
        return math.nan

    own = np.take_along_axis(probabilities, labels[:, None], 1)[:, 0]
    clipped = np.clip(own.astype(np.float64), _LEAST, 1.0 - _LEAST)
    return float(-np.log(clipped).mean())


def auc(labels: NDArray[np.int64], probabilities: Floats) -> float:
    """Area under the ROC curve: how likely an example of a class scores above one of another.

    (N,), (N, K). Ties count half (Mann & Whitney 1947). Of more than two classes, the mean over the
    classes of each against the rest, as scikit-learn's `multi_class="ovr"`. nan where a class has
    no examples, or all of them: then there is nothing to tell apart.
    """
    _check(labels, probabilities)
    classes = probabilities.shape[1]
    if classes == 2:
        return _area(labels == 1, probabilities[:, 1])

    areas = [_area(labels == each, probabilities[:, each]) for each in range(classes)]
    return float(np.mean(areas))


def _area(positive: NDArray[np.bool_], scores: Floats) -> float:
    """(N,), (N,): by the sum of the ranks of the positive examples."""
    count = int(positive.sum())
    others = len(positive) - count
    if not count or not others:
        return math.nan

    ranks = mean_ranks(scores)
    above = float(ranks[positive].sum()) - count * (count + 1) / 2
    return above / (count * others)


def mean_ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rank of each value, from 1; equal values share the mean of their ranks. (N,) -> (N,)"""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[places]
    return ranks


def _check(labels: NDArray[np.int64], probabilities: Floats) -> None:
    if probabilities.ndim != 2 or len(labels) != len(probabilities):
        raise WrongValue(
            f"labels are {labels.shape} and probabilities {probabilities.shape}: "
            "give (N,) and (N, K)"
        )
