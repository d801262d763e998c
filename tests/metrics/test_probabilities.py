"""Log loss and AUC are scikit-learn's."""

import math

import numpy as np
import pytest

from seqkit.errors import WrongValue
from seqkit.metrics.probabilities import auc, log_loss, mean_ranks

sklearn = pytest.importorskip("sklearn.metrics")


def example(classes, count=300, *, digits=None):
    """Labels, and probabilities that know something of them; with `digits`, many are equal."""
    rng = np.random.default_rng(classes)
    labels = rng.integers(classes, size=count)
    logits = rng.normal(size=(count, classes)) + np.eye(classes)[labels]
    if digits is not None:
        logits = logits.round(digits)
    exponentials = np.exp(logits)
    return labels, exponentials / exponentials.sum(1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 5])
def test_log_loss_is_scikit_learn_s(classes):
    labels, probabilities = example(classes)
    assert log_loss(labels, probabilities) == pytest.approx(sklearn.log_loss(labels, probabilities))


@pytest.mark.parametrize("digits", [None, 0])
def test_auc_is_scikit_learn_s_with_and_without_ties(digits):
    labels, probabilities = example(2, digits=digits)
    expected = sklearn.roc_auc_score(labels, probabilities[:, 1])
    assert auc(labels, probabilities) == pytest.approx(expected)


def test_auc_of_several_classes_is_the_mean_of_each_against_the_rest():
    labels, probabilities = example(4)
    expected = sklearn.roc_auc_score(labels, probabilities, multi_class="ovr")
    assert auc(labels, probabilities) == pytest.approx(expected)


def test_auc_of_one_class_alone_is_nan():
    assert math.isnan(auc(np.array([1, 1]), np.array([[0.1, 0.9], [0.4, 0.6]])))


def test_a_probability_of_zero_is_no_infinite_loss():
    labels, wrong = np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]], np.float32)
    assert log_loss(labels, wrong) == pytest.approx(sklearn.log_loss(labels, wrong), rel=1e-4)


def test_equal_values_share_the_mean_of_their_ranks():
    assert mean_ranks(np.array([3.0, 1.0, 3.0])).tolist() == [2.5, 1.0, 2.5]


def test_what_does_not_pair_up_is_refused():
    with pytest.raises(WrongValue, match=r"give \(N,\) and \(N, K\)"):
        auc(np.array([0]), np.array([0.5]))
