"""How far a figure of a test set is to be trusted: bootstrap intervals, and the paired bootstrap.

Efron & Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3: the examples of the test
are drawn anew, with replacement, and the figure is computed for each draw.

A figure is given as a function of sums over examples, such as (correct, count): every figure of a
draw is then a product of two matrices.

Shapes: N examples, C counts of each, S draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import WrongValue

Counts = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]
Figure = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Sums (S, C) -> the figure of each draw (S,)."""

DRAWS = 1000
_CELLS = 1 << 22  # of the matrix of draws that is made at once


class Interval(NamedTuple):
    """The percentile interval of a figure."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"[{self.low:.4f}, {self.high:.4f}]"


def interval(
    counts: Counts, figure: Figure, *, level: float = 0.95, draws: int = DRAWS, seed: int = 1
) -> Interval:
    """The interval in which the figure lies for `level` of the draws; (nan, nan) without examples.

    `counts` (N, C) are the counts of each example whose sums `figure` takes.
    """
    _check_draws(draws)
    if not 0 < level < 1:
        raise WrongValue(f"level = {level}: between 0 and 1, such as 0.95")
    if not len(counts):
        return Interval(np.nan, np.nan)

    figures = _figures(counts, figure, draws, seed)
    outside = 100 * (1 - level) / 2
    low, high = np.percentile(figures, [outside, 100 - outside])
    return Interval(float(low), float(high))


def paired_p_value(
    first: Counts, second: Counts, figure: Figure, *, draws: int = DRAWS, seed: int = 1
) -> float:
    """How likely a difference of this size is by chance, by the paired bootstrap.

    Both systems are measured on the same draws; the differences of the draws, moved to a mean of
    zero, are what chance does (Berg-Kirkpatrick et al. 2012, D12-1091; two-sided). The observed
    difference counts as one of the draws, so that the value is never 0. 1 without examples.
    """
    _check_draws(draws)
    if len(first) != len(second):
        raise WrongValue(f"the systems have {len(first):,} and {len(second):,} examples")
    if not len(first):
        return 1.0

    def difference(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        half = sums.shape[1] // 2
        return figure(sums[:, half:]) - figure(sums[:, :half])

    both = np.concatenate([first, second], axis=1)
    (observed,) = difference(both.sum(0, dtype=np.float64)[None])
    drawn = _figures(both, difference, draws, seed)

    by_chance = np.abs(drawn - observed) >= abs(observed)
    return float((by_chance.sum() + 1) / (draws + 1))


def _check_draws(draws: int) -> None:
    if draws < 1:
        raise WrongValue(f"draws = {draws}: draw at least once")


def _figures(counts: Counts, figure: Figure, draws: int, seed: int) -> NDArray[np.float64]:
    """The figure of each draw: (S,)"""
    table = np.asarray(counts, dtype=np.float64)
    parts = [figure(weights @ table) for weights in _draws(len(table), draws, seed)]
    return np.concatenate(parts)


def _draws(examples: int, draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each example is drawn: (some draws, N) at a time, all from one generator."""
    rng = np.random.default_rng(seed)
    at_once = max(1, _CELLS // examples)
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        weights = np.empty((size, examples))
        for row in weights:
            row[:] = np.bincount(rng.integers(examples, size=examples), minlength=examples)
        yield weights
