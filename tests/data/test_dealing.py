"""Batches dealt out to processes by what they cost."""

from itertools import combinations

import numpy as np
import pytest

from seqkit.data.dealing import costs_of, dealt


def shares(costs, world, each, start=0):
    """What each process gets."""
    costs = np.array(costs)
    return [dealt(costs, start=start, rank=rank, world=world, each=each) for rank in range(world)]


def test_the_dearest_go_first_to_the_process_that_has_least():
    assert shares([8, 7, 6, 5], 2, 2) == [[0, 3], [1, 2]]
    assert shares([5, 9, 4, 5, 1, 1, 1, 8], 2, 4) == [[1, 3, 4, 5], [0, 2, 6, 7]]


@pytest.mark.parametrize("world", [2, 3, 4])
@pytest.mark.parametrize("count", [23, 24, 1])
def test_an_update_has_the_batches_that_it_has_in_one_process(world, count):
    """Each process gets as many as by turns, and so all have the same number of updates."""
    each, start = 3, 4
    costs = np.random.default_rng(1).integers(1, 100, count + start)
    parts = shares(costs, world, each, start)
    for rank, part in enumerate(parts):
        assert len(part) == len(range(start + rank, len(costs), world))

    for first in range(start, len(costs), each * world):
        update = range(first, min(first + each * world, len(costs)))
        number = (first - start) // world
        of_update = [place for part in parts for place in part[number : number + each]]
        assert sorted(of_update) == list(update)


def test_a_run_that_goes_on_after_an_update_gets_what_it_would_have_got():
    costs = np.random.default_rng(2).integers(1, 100, 40)
    for whole, rest in zip(shares(costs, 2, 3), shares(costs, 2, 3, start=12), strict=True):
        assert whole[6:] == rest


def test_the_work_of_an_update_is_nearly_as_even_as_can_be():
    """Beside all ways to deal four out to two: the best, and taking turns."""
    rng = np.random.default_rng(3)
    most = {"dealt": 0.0, "best": 0.0, "turns": 0.0}
    for _ in range(200):
        costs = rng.normal(100, 10, 4).round().astype(int)
        ways = [[list(way), sorted({*range(4)} - {*way})] for way in combinations(range(4), 2)]
        largest = [max(costs[part].sum() for part in way) for way in ways]
        most["dealt"] += max(costs[part].sum() for part in shares(costs, 2, 2))
        most["best"] += min(largest)
        most["turns"] += max(costs[::2].sum(), costs[1::2].sum())
    assert most["best"] <= most["dealt"] < most["best"] * 1.001 < most["turns"]


def test_a_batch_costs_its_padded_tokens():
    """Target tokens cost twice as much."""
    sources, targets = np.array([3, 5, 1, 9]), np.array([2, 2, 4, 4])
    batches = [np.array([0, 1]), np.array([3, 2])]
    assert costs_of(batches, sources, targets).tolist() == [2 * (5 + 2 * 2), 2 * (9 + 2 * 4)]
    assert costs_of([], sources, targets).tolist() == []
