"""Accuracy and its relatives against counting by hand, by the definitions of scikit-learn."""

import json
import math

import numpy as np
import pytest

import seqkit
from seqkit.metrics.classification import Classification, accuracy, confusion_matrix

CLASSES = ["a", "b", "c", "d", "e", "f", "g"]
ABSENT, NEVER = 2, 4  # no example is of the first; the second is never predicted
COUNT = 60


def make(probabilities, labels, classes=CLASSES, **fields):
    return Classification(
        classes, np.asarray(probabilities, np.float32), np.asarray(labels), **fields
    )


@pytest.fixture(params=range(5))
def report(request):
    """Random figures, coarse enough that there are ties."""
    random = np.random.default_rng(request.param)
    probabilities = random.integers(1, 6, (COUNT, len(CLASSES))) / 8
    probabilities[:, NEVER] = 0.01
    present = [i for i in range(len(CLASSES)) if i != ABSENT]
    return make(probabilities, random.choice(present, COUNT))


def pairs(report):
    """(true class, the first of the likeliest classes) of each example, without numpy."""
    rows = report.probabilities.tolist()
    predicted = [row.index(max(row)) for row in rows]
    return list(zip(report.labels.tolist(), predicted, strict=True))


def test_accuracy_is_the_share_of_correct_predictions(report):
    correct = [true for true, predicted in pairs(report) if true == predicted]
    assert report.accuracy == len(correct) / COUNT
    assert accuracy(3, 4) == 0.75
    assert math.isnan(accuracy(0, 0))


@pytest.mark.parametrize("k", [1, 2, 5, 7])
def test_top_k_accuracy_counts_ties_against_the_model(report, k):
    hits = 0
    for label, row in zip(report.labels.tolist(), report.probabilities.tolist(), strict=True):
        others = row[:label] + row[label + 1 :]
        ahead = [share for share in others if share >= row[label]]
        hits += len(ahead) < k
    assert report.top_k_accuracy(k) == hits / COUNT


def test_a_model_that_tells_nothing_apart_is_in_no_top_k():
    report = make(np.full((4, 7), 1 / 7), [0, 1, 2, 3])
    assert [report.top_k_accuracy(k) for k in (1, 5, 6, 7)] == [0, 0, 0, 1]


def test_top_1_accuracy_is_accuracy_where_there_are_no_ties():
    random = np.random.default_rng(0)
    report = make(random.random((COUNT, 7)), random.integers(0, 7, COUNT))
    assert report.top_k_accuracy(1) == report.accuracy


def test_rows_of_the_confusion_matrix_are_true_classes_and_columns_predicted_ones(report):
    found = pairs(report)
    for i in range(len(CLASSES)):
        assert report.confusion[i].tolist() == [found.count((i, j)) for j in range(len(CLASSES))]
    assert report.confusion.sum() == COUNT


def test_the_confusion_matrix_is_the_one_in_the_documentation_of_scikit_learn():
    """sklearn.metrics.confusion_matrix, first example: y_true and y_pred."""
    table = confusion_matrix(np.array([2, 0, 2, 2, 0, 1]), np.array([0, 0, 2, 2, 0, 2]), 3)
    assert table.tolist() == [[2, 0, 0], [0, 0, 1], [1, 0, 2]]


def test_precision_recall_and_f1_are_counted_for_each_class(report):
    found = pairs(report)
    for i, figures in enumerate(report.per_class):
        hits = found.count((i, i))
        missed = sum(true == i != predicted for true, predicted in found)
        false_alarms = sum(predicted == i != true for true, predicted in found)
        assert (figures.name, figures.support) == (CLASSES[i], hits + missed)

        precision = hits / (hits + false_alarms) if hits + false_alarms else 0
        recall = hits / (hits + missed) if hits + missed else 0
        assert (figures.precision, figures.recall) == pytest.approx((precision, recall))

        total = precision + recall
        f1 = 2 * precision * recall / total if total else 0
        assert figures.f1 == pytest.approx(f1)


def test_absent_and_never_predicted_classes_get_zeros(report):
    assert report.per_class[ABSENT][1:] == (0, 0, 0, 0)
    assert report.per_class[NEVER][1:4] == (0, 0, 0)


def test_a_report_by_scikit_learn_has_the_same_figures():
    """sklearn.metrics.classification_report, first example, rounded there to two places."""
    true, predicted = [0, 1, 2, 2, 2], [0, 0, 2, 2, 1]
    report = make(np.eye(3)[predicted], true, ["class 0", "class 1", "class 2"])
    rounded = [tuple(round(value, 2) for value in figures[1:]) for figures in report.per_class]
    assert rounded == [(0.5, 1.0, 0.67, 1), (0.0, 0.0, 0.0, 1), (1.0, 0.67, 0.8, 3)]
    assert report.accuracy == 0.6


def test_the_record_is_plain_data_with_everything_in_it(report):
    record = json.loads(json.dumps(report.record()))
    assert record == report.record()
    assert 0 <= record["accuracy"] <= record["top5"] <= 1
    assert (record["accuracy"], record["top5"]) == (report.accuracy, report.top_k_accuracy(5))
    assert (record["examples"], record["classes"]) == (COUNT, CLASSES)
    assert list(record["per_class"]) == CLASSES
    assert record["per_class"]["b"] == report.per_class[1]._asdict()
    assert list(record["per_class"]["b"]) == ["name", "precision", "recall", "f1", "support"]
    assert record["confusion"] == report.confusion.tolist()
    assert record["signature"] == f"version:{seqkit.__version__}"


def test_the_signature_lists_the_fields_that_are_given():
    report = make(np.eye(2), [0, 1], ["a", "b"], signature_fields={"data": "x", "tokens": "2"})
    assert report.signature == f"data:x|tokens:2|version:{seqkit.__version__}"


def test_without_examples_there_are_no_shares():
    report = make(np.zeros((0, 2)), np.zeros(0, np.int64), ["a", "b"], unit="tokens")
    record = json.loads(json.dumps(report.record(), allow_nan=False))
    assert (record["accuracy"], record["top5"], record["tokens"]) == (None, None, 0)
    assert str(report)


def test_the_text_shows_figures_confusion_accuracy_and_signature():
    probabilities = np.eye(2)[[0, 1, 1, 1]] * 0.8 + 0.1
    report = make(probabilities, [0, 0, 1, 1], ["cat", "elephant"], unit="images")
    assert str(report).splitlines() == [
        "class     precision  recall     F1  images",
        "cat          1.0000  0.5000 0.6667       2",
        "elephant     0.6667  1.0000 0.8000       2",
        "",
        "          predicted",
        "true           cat elephant",
        "cat              1        1",
        "elephant         0        2",
        "",
        f"accuracy 0.7500  top5 1.0000  version:{seqkit.__version__}",
    ]
    assert repr(report) == "<Classification: accuracy 0.7500 on 4 images>"


@pytest.mark.parametrize(("classes", "shown"), [(20, True), (21, False)])
def test_the_confusion_matrix_of_many_classes_is_not_text(classes, shown):
    report = make(np.eye(classes), range(classes), [f"c{i}" for i in range(classes)])
    assert ("predicted" in str(report)) == shown


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (2,)])
def test_probabilities_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"probabilities are \(.*\), expected \(2, 2\)"):
        make(np.zeros(shape), [0, 1], ["a", "b"])


def test_names_of_classes_are_cut_only_where_a_line_has_no_room_for_them():
    names = [f"kind-{i}-of-many" for i in range(10)]
    report = make(np.eye(10), list(range(10)), names)
    lines = str(report).splitlines()
    (heading,) = [line for line in lines if line.startswith("true")]
    assert heading.split() == ["true", *(f"kind-{i}-" for i in range(10))]
    assert len(heading) <= 100
