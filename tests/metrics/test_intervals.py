"""Bootstrap intervals, against enumeration and the normal approximation."""

import math
from itertools import product

import numpy as np
import pytest

from seqkit.errors import WrongValue
from seqkit.metrics.intervals import interval, paired_p_value


def share(sums):
    return sums[:, 0] / sums[:, 1]


def counts(correct):
    return np.array([[value, 1] for value in correct])


def test_the_interval_of_a_share_is_that_of_the_normal_distribution_for_many_examples():
    right = counts([1] * 800 + [0] * 200)
    low, high = interval(right, share, draws=4000)
    deviation = math.sqrt(0.8 * 0.2 / 1000)
    assert low == pytest.approx(0.8 - 1.96 * deviation, abs=0.003)
    assert high == pytest.approx(0.8 + 1.96 * deviation, abs=0.003)


def test_the_interval_of_a_few_examples_is_that_of_all_draws():
    values = [1, 0, 1]
    every = [np.mean([values[i] for i in draw]) for draw in product(range(3), repeat=3)]
    low, high = np.percentile(every, [5, 95])
    assert interval(counts(values), share, level=0.9, draws=5000) == (low, high)


def test_figures_that_are_no_means_are_computed_for_each_draw():
    every = interval(np.array([[2, 1], [2, 1]]), lambda sums: sums[:, 0] / (1 + sums[:, 1]))
    assert every == (pytest.approx(4 / 3), pytest.approx(4 / 3))


def test_draws_are_the_same_every_time_and_another_seed_draws_others():
    right = counts([1, 0, 1, 1, 0, 1, 0, 0, 1, 1] * 5)
    assert interval(right, share) == interval(right, share)
    assert interval(right, share, seed=1) != interval(right, share, seed=9)


def test_a_test_too_large_for_one_matrix_is_drawn_in_parts(monkeypatch):
    right = counts([1, 0, 1, 1, 0, 1, 0, 0, 1, 1] * 5)
    whole = interval(right, share)
    monkeypatch.setattr("seqkit.metrics.intervals._CELLS", 120)
    assert interval(right, share) == whole


def test_without_examples_there_is_no_interval():
    assert all(map(math.isnan, interval(np.zeros((0, 2)), share)))
    assert paired_p_value(np.zeros((0, 2)), np.zeros((0, 2)), share) == 1.0


def test_equal_systems_do_not_differ_and_very_different_ones_do():
    rng = np.random.default_rng(0)
    good, bad = counts(rng.random(400) < 0.9), counts(rng.random(400) < 0.6)
    assert paired_p_value(good, good, share) == 1.0
    assert paired_p_value(good, bad, share) == pytest.approx(1 / 1001)


def test_the_p_value_is_that_of_the_paired_normal_test():
    rng = np.random.default_rng(3)
    first = (rng.random(2000) < 0.80).astype(int)
    second = np.where(rng.random(2000) < 0.05, 1 - first, first)
    difference = second - first
    z = abs(difference.mean()) / (difference.std() / math.sqrt(2000))
    by_normal = math.erfc(z / math.sqrt(2))
    found = paired_p_value(counts(first), counts(second), share, draws=4000)
    assert found == pytest.approx(by_normal, abs=0.03)


@pytest.mark.parametrize("settings", [{"level": 1.0}, {"draws": 0}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(WrongValue):
        interval(counts([1, 0]), share, **settings)
