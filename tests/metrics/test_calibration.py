"""Calibration, by hand."""

import math

import numpy as np
import pytest

from seqkit.errors import WrongValue
from seqkit.metrics.calibration import calibration


def test_the_error_is_the_mean_gap_of_the_bins():
    confidence = np.array([0.55, 0.6, 0.9, 0.95])
    correct = np.array([True, False, True, True])
    found = calibration(confidence, correct, bins=2)
    # all four are in the upper half: 3 of 4 right, 0.75 sure
    assert found.error == pytest.approx(0.0)

    found = calibration(confidence, correct, bins=10)
    # (0.5, 0.6]: 0.575 sure, half right; (0.8, 0.9] and (0.9, 1]: all right, 0.9 and 0.95 sure
    expected = (2 * 0.075 + 0.1 + 0.05) / 4
    assert found.error == pytest.approx(expected)
    assert [one.count for one in found.bins] == [0, 0, 0, 0, 0, 2, 0, 0, 1, 1]


def test_a_bin_has_its_upper_end_and_0_is_in_the_first():
    found = calibration(np.array([0.0, 0.5, 1.0]), np.array([False, True, True]), bins=2)
    assert [one.count for one in found.bins] == [2, 1]
    assert (found.bins[1].low, found.bins[1].high) == (0.5, 1.0)


def test_a_model_that_is_right_as_often_as_it_is_sure_has_no_error():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 50_000)
    found = calibration(confidence, rng.random(50_000) < confidence)
    assert found.error < 0.01


def test_without_predictions_there_is_no_error():
    assert math.isnan(calibration(np.zeros(0), np.zeros(0, bool)).error)


def test_what_does_not_pair_up_is_refused():
    with pytest.raises(WrongValue, match="answers"):
        calibration(np.zeros(2), np.zeros(3, bool))
    with pytest.raises(WrongValue, match="bins = 0"):
        calibration(np.zeros(2), np.zeros(2, bool), bins=0)
