"""Do two classifiers differ on one test set? The exact test of McNemar 1947.

Dietterich 1998, "Approximate statistical tests for comparing supervised classification learning
algorithms", recommends it where each model is trained once.
"""

from __future__ import annotations

from math import exp, lgamma, log

from ..errors import WrongValue


def mcnemar(only_first: int, only_second: int) -> float:
    """How likely so uneven a split is by chance: the two-sided p-value of the binomial test.

    Of the examples that one of two models gets right, `only_first` are right by the first alone and
    `only_second` by the second. 1 where the models agree everywhere.
    """
    if only_first < 0 or only_second < 0:
        raise WrongValue(f"{only_first} and {only_second} are no numbers of examples")

    count = only_first + only_second
    fewer = min(only_first, only_second)
    tail = sum(exp(_log_choose(count, chosen) - count * log(2)) for chosen in range(fewer + 1))
    return min(1.0, 2 * tail)


def _log_choose(count: int, chosen: int) -> float:
    return lgamma(count + 1) - lgamma(chosen + 1) - lgamma(count - chosen + 1)
