"""Ridge regression in closed form is scikit-learn's, and so is its choice of the penalty."""

import numpy as np
import pytest
from seqkit_tabular.baselines import ridge

linear = pytest.importorskip("sklearn.linear_model")


def problem(rows=60, features=8, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(2, 3, (rows, features))
    return x, x @ rng.normal(size=features) + 7 + rng.normal(0, 2, rows)


@pytest.mark.parametrize("strength", [1e-3, 1.0, 100.0])
def test_the_weights_for_a_penalty_are_those_of_scikit_learn(strength):
    x, y = problem()
    ours = ridge(x, y, np.array([strength]))
    theirs = linear.Ridge(alpha=strength).fit(x, y)
    np.testing.assert_allclose(ours.weights, theirs.coef_, rtol=1e-8)
    assert ours.bias == pytest.approx(theirs.intercept_)
    np.testing.assert_allclose(ours(x), theirs.predict(x))


@pytest.mark.parametrize("rows", [15, 40])
def test_the_penalty_is_the_one_that_leaving_each_row_out_chooses(rows):
    x, y = problem(rows, seed=rows)
    strengths = np.logspace(-2, 4, 7)
    errors = []
    for strength in strengths:
        model = linear.Ridge(alpha=strength)
        left_out = [
            model.fit(np.delete(x, row, 0), np.delete(y, row)).predict(x[row : row + 1])[0] - y[row]
            for row in range(rows)
        ]
        errors.append(np.mean(np.square(left_out)))
    assert ridge(x, y, strengths).strength == strengths[int(np.argmin(errors))]


def test_features_that_repeat_each_other_are_no_obstacle():
    x, y = problem()
    doubled = ridge(np.hstack([x, x]), y, np.array([1e-9]))
    np.testing.assert_allclose(
        doubled(np.hstack([x, x])), ridge(x, y, np.array([1e-9]))(x), rtol=1e-6
    )
