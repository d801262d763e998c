"""Sorting and finding keys: equal to NumPy's plain functions, for keys of any size."""

import numpy as np
import pytest

from seqkit.ngram import sorting
from seqkit.ngram.sorting import find, first_of_each, sort, totals


def check_sorted(keys, groups=None):
    order, ascending = sort(keys, groups)
    assert np.array_equal(order, np.argsort(keys, kind="stable"))
    assert np.array_equal(ascending, np.sort(keys, kind="stable"))


@pytest.mark.parametrize("highest", [1, 1000, 1 << 40, (1 << 62) - 1])
@pytest.mark.parametrize("total", [0, 1, 2, 5000])
def test_keys_of_any_size_are_sorted_and_equal_ones_keep_their_order(highest, total):
    rng = np.random.default_rng(total)
    check_sorted(rng.integers(0, highest, total, endpoint=True))
    check_sorted(rng.integers(-highest, highest, total, endpoint=True))


@pytest.mark.parametrize("stretch", [1, 7, 64])
def test_groups_are_sorted_stretch_by_stretch(monkeypatch, stretch):
    monkeypatch.setattr(sorting, "_STRETCH", stretch)
    rng = np.random.default_rng(stretch)
    groups = np.sort(rng.integers(0, 40, 1000))
    check_sorted(groups * 100 + rng.integers(0, 100, 1000), groups)


@pytest.mark.parametrize("queries", [0, 10, 4095, 4096, 9000])
def test_the_place_of_each_query_is_found_or_minus_one(queries):
    rng = np.random.default_rng(queries)
    keys = np.unique(rng.integers(0, 9000, 3000))
    wanted = rng.integers(-5, 9100, queries)
    place_of = {key: i for i, key in enumerate(keys.tolist())}
    assert find(keys, wanted).tolist() == [place_of.get(key, -1) for key in wanted.tolist()]
    assert (find(keys[:0], wanted) == -1).all()


def test_first_of_each_marks_where_a_key_changes():
    assert first_of_each(np.array([3, 3, 4, 7, 7])).tolist() == [True, False, True, True, False]
    assert first_of_each(np.empty(0, np.int64)).tolist() == []


def test_totals_are_whole_numbers_by_index():
    index = np.array([0, 2, 2])
    assert totals(index, None, 4).tolist() == [1, 0, 2, 0]
    assert totals(index, np.array([5, 6, 7]), 3).tolist() == [5, 0, 13]
