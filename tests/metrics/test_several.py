"""Figures of several labels, by hand and by scikit-learn."""

import json
import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from seqkit.errors import WrongValue
from seqkit.metrics.several import SeveralLabels

TRUE = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 0]], bool)
GIVEN = np.array([[0.9, 0.2, 0.4], [0.1, 0.2, 0.3], [0.6, 0.5, 0.1], [0.8, 0.1, 0.2]])


@pytest.fixture
def report():
    return SeveralLabels(["a", "b", "c"], GIVEN, TRUE, unit="texts")


def test_figures_are_those_counted_by_hand(report):
    # given: a of 1, 3 and 4; b of 3. Right: a of 1 and 4, b of 3. True labels: 5
    assert report.micro_f1 == pytest.approx(2 * 3 / (4 + 5))
    assert report.accuracy == 0.25  # only the second has exactly its labels
    assert [one.f1 for one in report.per_class] == pytest.approx([0.8, 2 / 3, 0.0])


def test_figures_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    true, given = rng.random((200, 5)) < 0.3, rng.random((200, 5))
    report = SeveralLabels(list("abcde"), given, true, threshold=0.6)
    answer = given >= 0.6
    assert report.micro_f1 == pytest.approx(f1_score(true, answer, average="micro"))
    assert report.macro_f1 == pytest.approx(f1_score(true, answer, average="macro"))
    assert report.accuracy == accuracy_score(true, answer)
    precision, recall, _, support = precision_recall_fscore_support(true, answer)
    assert [one.precision for one in report.per_class] == pytest.approx(precision)
    assert [one.recall for one in report.per_class] == pytest.approx(recall)
    assert [one.support for one in report.per_class] == list(support)


def test_a_label_as_probable_as_the_threshold_is_given(report):
    assert report.predicted[2].tolist() == [True, True, False]


def test_the_report_is_a_table_and_json(report):
    assert "micro F1 0.6667" in str(report)
    assert report.signature in str(report)
    assert "threshold:0.5" in report.signature
    record = json.loads(json.dumps(report.record(), allow_nan=False))
    assert record["per_class"]["b"]["recall"] == 0.5
    assert "0.6667 on 4 texts" in repr(report)


def test_nothing_true_and_nothing_given_has_no_figure():
    report = SeveralLabels(["a"], np.zeros((2, 1)), np.zeros((2, 1), bool))
    assert math.isnan(report.micro_f1)
    assert math.isnan(report.macro_f1)
    assert report.record()["micro_f1"] is None


def test_tables_that_do_not_pair_up_are_refused():
    with pytest.raises(WrongValue, match="expected"):
        SeveralLabels(["a"], np.zeros((2, 2)), np.zeros((2, 1), bool))
