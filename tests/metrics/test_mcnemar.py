"""McNemar's exact test, against enumeration and scipy's binomial test."""

from itertools import product

import pytest
from scipy.stats import binomtest

from seqkit.errors import WrongValue
from seqkit.metrics.mcnemar import mcnemar


def test_it_is_the_share_of_all_outcomes_that_are_as_uneven():
    as_uneven = [sum(tosses) in (0, 1, 5, 6) for tosses in product((0, 1), repeat=6)]
    assert mcnemar(1, 5) == pytest.approx(sum(as_uneven) / 64)


@pytest.mark.parametrize(("first", "second"), [(0, 3), (12, 30), (700, 650), (4000, 4200)])
def test_it_is_the_two_sided_binomial_test(first, second):
    expected = binomtest(first, first + second, 0.5).pvalue
    assert mcnemar(first, second) == pytest.approx(expected)
    assert mcnemar(second, first) == pytest.approx(expected)


def test_models_that_agree_or_split_evenly_do_not_differ():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(7, 7) == 1.0


def test_less_than_nothing_is_refused():
    with pytest.raises(WrongValue):
        mcnemar(-1, 3)
