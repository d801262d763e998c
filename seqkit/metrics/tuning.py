"""Weights of features that choose, from lists of outputs, those with the best corpus score.

Minimum error rate training (Och 2003, https://aclanthology.org/P03-1021): along a line of weights,
the score of each output is a straight line, so that the best outputs change at few points. All of
them are tried, and the weights are those of the best interval.

Letters: S sentences, N outputs of a sentence, F features, K numbers of a corpus score, M points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_ROUNDS = 30  # over all features; it ends long before
_GAIN = 1e-6  # of a score from 0 to 100
_BEYOND = 0.1  # how far beyond the last point the weights may go
_SMALLEST = 1e-9  # distance of two points


@dataclass(frozen=True)
class Candidates:
    """The outputs of each sentence."""

    features: Sequence[Doubles]  # S x (N, F)
    numbers: Sequence[Doubles]  # S x (N, K), whose sums give a corpus score
    score: Callable[[Doubles], float]  # of the sums (K,); higher is better

    def chosen(self, weights: Doubles) -> list[int]:
        """The best output of each sentence; of equal ones, the first."""
        return [int((rows @ weights).argmax()) for rows in self.features]

    def score_of(self, weights: Doubles) -> float:
        """The corpus score of the outputs that these weights choose."""
        best = self.chosen(weights)
        chosen = [rows[i] for rows, i in zip(self.numbers, best, strict=True)]
        return self.score(np.sum(chosen, axis=0))


class Tuned(NamedTuple):
    weights: Doubles  # (F,), the largest of which is 1 or -1
    score: float


def tune(candidates: Candidates, start: Doubles, *, restarts: int = 8, seed: int = 1) -> Tuned:
    """The weights (F,) with the highest corpus score that line searches find.

    They go along one feature after the other, from `start` and from `restarts` random weights,
    which `seed` fixes.
    """
    generator = np.random.default_rng(seed)
    starts = [start, *(generator.uniform(-1, 1, len(start)) for _ in range(restarts))]
    # Features differ in size: where one ranges widely, its weights are drawn the smaller.
    spread = np.maximum(np.concatenate(candidates.features).std(axis=0), _SMALLEST)
    scaled = [start, *(weights / spread for weights in starts[1:])]

    found = [_climb(candidates, weights) for weights in scaled]
    best = max(found, key=lambda tuned: tuned.score)  # of equal ones, that of the first start
    largest = np.abs(best.weights).max()
    return Tuned(best.weights / (largest or 1.0), best.score)


def _climb(candidates: Candidates, weights: Doubles) -> Tuned:
    """Line searches along each feature, as long as one of them gains."""
    best = Tuned(weights, candidates.score_of(weights))
    for _ in range(_ROUNDS):
        before = best.score
        for feature in range(len(weights)):
            best = _along(candidates, best, feature)
        if best.score <= before + _GAIN:
            break
    return best


def _along(candidates: Candidates, best: Tuned, feature: int) -> Tuned:
    """The best weights that differ from `best` in one feature only."""
    points, changes, total = _changes(candidates, best.weights, feature)
    if not len(points):
        return best

    ends = [points[0] - 2 * _BEYOND, *points.tolist(), points[-1] + 2 * _BEYOND]
    highest = best
    for place, (begin, end) in enumerate(pairwise(ends)):
        if place:
            total = total + changes[place - 1]
        if end - begin < _SMALLEST:
            continue
        score = candidates.score(total)
        if score > highest.score + _GAIN:
            weights = best.weights.copy()
            weights[feature] += (begin + end) / 2
            highest = Tuned(weights, score)
    return highest


def _changes(
    candidates: Candidates, weights: Doubles, feature: int
) -> tuple[Doubles, Doubles, Doubles]:
    """Where the best outputs change along a line: points (M,), changes of the sums (M, K).

    And the sums (K,) before the first point.
    """
    points: list[float] = []
    changes: list[Doubles] = []
    total = np.zeros(candidates.numbers[0].shape[1])
    for rows, numbers in zip(candidates.features, candidates.numbers, strict=True):
        order, crossings = envelope(rows @ weights, rows[:, feature])
        total += numbers[order[0]]
        points += crossings
        changes += [numbers[after] - numbers[before] for before, after in pairwise(order)]

    ascending = np.argsort(points, kind="stable")
    shape = (len(points), len(total))
    return np.array(points)[ascending], np.array(changes).reshape(shape)[ascending], total


def envelope(heights: Doubles, slopes: Doubles) -> tuple[list[int], list[float]]:
    """Which of N lines is the highest, from the left to the right, and where they cross.

    Line i is heights[i] + slopes[i] * x. Of equal lines, the first counts.
    """
    steepest_last = np.lexsort((-np.arange(len(slopes)), heights, slopes)).tolist()
    order: list[int] = []
    crossings: list[float] = []
    for line in steepest_last:
        while order:
            last = order[-1]
            rise = slopes[line] - slopes[last]
            if rise > 0:
                crossing = float(heights[last] - heights[line]) / float(rise)
                if not crossings or crossing > crossings[-1]:
                    crossings.append(crossing)
                    break
                crossings.pop()
            elif crossings:
                crossings.pop()
            order.pop()
        order.append(line)
    return order, crossings
