"""The errors of predicted numbers: scikit-learn's, and what each does at zero."""

import math
import warnings

import numpy as np
import pytest

from seqkit.errors import WrongValue
from seqkit.metrics.regression import (
    Regression,
    log_rmse,
    mae,
    mape,
    mse,
    r2,
    rmse,
    smape,
)

sklearn = pytest.importorskip("sklearn.metrics")


@pytest.fixture
def numbers():
    rng = np.random.default_rng(0)
    true = rng.lognormal(3, 1, 200)
    return true, true * rng.lognormal(0, 0.3, 200)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (mse, "mean_squared_error"),
        (rmse, "root_mean_squared_error"),
        (mae, "mean_absolute_error"),
        (mape, "mean_absolute_percentage_error"),
        (r2, "r2_score"),
    ],
)
def test_a_figure_is_scikit_learn_s(ours, theirs, numbers):
    assert ours(*numbers) == pytest.approx(getattr(sklearn, theirs)(*numbers), rel=1e-12)


def test_log_rmse_is_the_rmse_of_logarithms(numbers):
    true, predicted = numbers
    expected = sklearn.root_mean_squared_error(np.log(true), np.log(predicted))
    assert log_rmse(true, predicted) == pytest.approx(expected, rel=1e-12)
    assert log_rmse(1000 * true, 1000 * predicted) == pytest.approx(expected)


def test_smape_by_hand():
    # 2 * 1 / (1 + 2) = 2/3 and 2 * 2 / (4 + 2) = 2/3; a sign that differs counts in full
    assert smape([1, 4], [2, 2]) == pytest.approx(2 / 3)
    assert smape([1], [-1]) == 2


def test_percentages_of_a_target_of_zero():
    assert mape([0, 2], [1, 2]) == math.inf
    assert mape([0, 2], [0, 1]) == 0.25
    assert smape([0, 1], [1, 1]) == 1
    assert smape([0], [0]) == 0


def test_logarithms_of_what_is_not_positive():
    assert math.isnan(log_rmse([0, 1], [1, 1]))
    assert log_rmse([1, 1], [-1, 1]) == math.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy's of the logarithm of 0
        assert log_rmse([1, 1], [0, 1]) == math.inf


def test_r2_of_equal_targets_and_of_one_alone():
    assert r2([3, 3], [3, 3]) == sklearn.r2_score([3, 3], [3, 3]) == 1
    assert r2([3, 3], [3, 4]) == sklearn.r2_score([3, 3], [3, 4]) == 0
    assert math.isnan(r2([3], [3]))


def test_figures_of_nothing_are_nan():
    assert all(math.isnan(figure([], [])) for figure in (mse, rmse, mae, mape, smape, r2))


def test_what_does_not_pair_up_is_refused():
    with pytest.raises(WrongValue, match=r"targets are \(2,\) and predictions \(1,\)"):
        mse([1, 2], [1])


def test_a_report_has_a_row_for_the_model_and_each_baseline():
    true = np.array([1.0, 2.0, 3.0])
    baselines = {"mean": np.full(3, 2.0)}
    report = Regression(true, true, "rows", baselines, {"data": "three"})
    assert report.record()["rmse"] == 0
    assert report.record()["baselines"]["mean"]["rmse"] == pytest.approx(math.sqrt(2 / 3))
    lines = str(report).splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["model", "mean"]
    assert lines[-1].startswith("3 rows  data:three|version:")


def test_a_report_says_why_mape_does_not_exist():
    report = Regression(np.array([0.0, 1.0]), np.array([1.0, 1.0]), "rows")
    assert report.record()["mape"] is None
    assert report.notes[0].startswith("1 of 2 targets are 0: MAPE is infinite")
    right = Regression(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    assert not any("MAPE" in note for note in right.notes)


@pytest.mark.parametrize(
    ("true", "predicted", "says"),
    [
        ([1, -1], [1, 1], "1 of 2 targets are not positive, and have no logarithm: there is no"),
        ([1, 2], [1, -1], "1 of 2 predictions are not positive, and have no logarithm: log-RMSE"),
        ([0, 2], [1, 1], "1 of 2 targets are 0: MAPE is infinite"),
    ],
)
def test_a_figure_that_does_not_exist_is_explained(true, predicted, says):
    report = Regression(np.array(true, float), np.array(predicted, float))
    assert any(says in note for note in report.notes)
    assert not Regression(np.array([1.0, 2.0]), np.array([2.0, 1.0])).notes
