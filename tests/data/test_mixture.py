"""Several sources of data: their shares, and the items of each epoch."""

import numpy as np
import pytest

from seqkit.data.mixture import Mixture, shares


def test_without_a_temperature_all_items_are_seen_equally_often():
    assert shares([300, 100], ["de", "fr"], [1, 1], 1) == pytest.approx([0.75, 0.25])


def test_a_temperature_takes_the_root_of_the_sizes_of_languages():
    found = shares([10_000, 100], ["de", "fr"], [1, 1], 2)  # their roots are 100 and 10
    assert found == pytest.approx([10 / 11, 1 / 11])
    even = shares([10_000, 100], ["de", "fr"], [1, 1], 1e9)
    assert even == pytest.approx([0.5, 0.5], abs=1e-6)


def test_it_makes_no_difference_in_how_many_files_a_language_is():
    one = shares([900, 100], ["de", "fr"], [1, 1], 5)
    several = shares([300, 600, 100], ["de", "de", "fr"], [1, 1, 1], 5)
    assert [several[0] + several[1], several[2]] == pytest.approx(one)
    assert several[1] == pytest.approx(2 * several[0])


def test_a_weight_multiplies_the_share_whatever_the_temperature():
    plain = shares([900, 100], ["de", "fr"], [1, 1], 5)
    heavy = shares([900, 100], ["de", "fr"], [3, 1], 5)
    assert heavy[0] / heavy[1] == pytest.approx(3 * plain[0] / plain[1])


def test_an_epoch_has_as_many_items_as_all_sources():
    mixture = Mixture([70, 30], [0.5, 0.5], seed=1)
    places, _ = mixture.epoch(0)
    assert mixture.counts == [50, 50]
    assert ((places < 70).sum(), (places >= 70).sum()) == (50, 50)
    assert set(places.tolist()) <= set(range(100))


def test_no_item_comes_again_before_all_of_its_source_were_there():
    mixture = Mixture([70, 30], [0.5, 0.5], seed=1)
    epochs = [mixture.epoch(number) for number in range(7)]
    places = np.concatenate([drawn.places for drawn in epochs])
    rounds = np.concatenate([drawn.rounds for drawn in epochs])
    for first, end in ((0, 70), (70, 100)):
        seen = places[(places >= first) & (places < end)]
        times = np.bincount(seen - first, minlength=end - first)
        assert times.max() - times.min() <= 1
    pairs = set(zip(places.tolist(), rounds.tolist(), strict=True))
    assert len(pairs) == len(places) == 700


def test_an_epoch_is_a_pure_function_of_seed_and_number():
    mixture = Mixture([70, 30], [0.5, 0.5], seed=1)
    assert (mixture.epoch(3).places == Mixture([70, 30], [0.5, 0.5], 1).epoch(3).places).all()
    assert (mixture.epoch(3).places != mixture.epoch(4).places).any()
    assert (mixture.epoch(3).places != Mixture([70, 30], [0.5, 0.5], 2).epoch(3).places).any()


def test_a_source_of_the_smallest_share_is_there():
    mixture = Mixture([1000, 1], [1 - 1e-9, 1e-9], seed=1)
    assert mixture.counts[1] == 1
    assert 1000 in mixture.epoch(0).places
