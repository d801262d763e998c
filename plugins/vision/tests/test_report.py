"""Accuracy and its relatives against counting by hand."""

import json

import numpy as np
import pytest
import seqkit_vision
from seqkit_vision.report import Report

CLASSES = ["a", "b", "c", "d", "e", "f", "g"]
ABSENT, NEVER = 2, 4  # no image is of the one; none is taken for the other


def make(probabilities, labels, classes=CLASSES):
    probabilities, labels = np.asarray(probabilities, np.float32), np.asarray(labels)
    names = [f"image {i}" for i in range(len(labels))]
    return Report(classes, probabilities, labels, names, "test", 28)


@pytest.fixture(params=range(5))
def report(request):
    """Random figures of 60 images, coarse enough that there are ties."""
    random = np.random.default_rng(request.param)
    probabilities = random.integers(1, 6, (60, len(CLASSES))) / 8
    probabilities[:, NEVER] = 0.01
    labels = random.choice([i for i in range(len(CLASSES)) if i != ABSENT], 60)
    return make(probabilities, labels)


def pairs(report):
    """(label, the first of the likeliest classes) of each image, without numpy."""
    rows = report.probabilities.tolist()
    return [
        (label, row.index(max(row)))
        for label, row in zip(report.labels.tolist(), rows, strict=True)
    ]


def test_accuracy_is_the_share_of_images_that_are_right(report):
    assert report.accuracy == sum(label == taken for label, taken in pairs(report)) / 60


@pytest.mark.parametrize("top", [1, 2, 5, 7])
def test_top_k_counts_classes_that_are_likelier_and_ties_against_the_model(report, top):
    right = 0
    for label, row in zip(report.labels.tolist(), report.probabilities.tolist(), strict=True):
        right += sum(share >= row[label] for i, share in enumerate(row) if i != label) < top
    assert report.within(top) == right / 60


def test_a_model_that_knows_nothing_is_in_no_top_k():
    report = make(np.full((4, 7), 1 / 7), [0, 1, 2, 3])
    assert [report.within(top) for top in (1, 5, 6, 7)] == [0, 0, 0, 1]


def test_the_confusion_matrix_counts_what_was_taken_for_what(report):
    found = pairs(report)
    for i in range(len(CLASSES)):
        assert report.confusion[i].tolist() == [found.count((i, j)) for j in range(len(CLASSES))]
    assert report.confusion.sum() == 60


def test_precision_recall_and_f1_are_counted_for_each_class(report):
    found = pairs(report)
    for i, figures in enumerate(report.per_class):
        hits = found.count((i, i))
        missed, wrongly = sum(a == i != b for a, b in found), sum(b == i != a for a, b in found)
        assert (figures.name, figures.support) == (CLASSES[i], hits + missed)
        assert figures.precision == pytest.approx(hits / (hits + wrongly) if hits + wrongly else 0)
        assert figures.recall == pytest.approx(hits / (hits + missed) if hits + missed else 0)
        mean = figures.precision + figures.recall
        assert figures.f1 == pytest.approx(
            2 * figures.precision * figures.recall / mean if mean else 0
        )
    assert report.per_class[ABSENT].support == 0
    assert report.per_class[ABSENT][1:4] == (0, 0, 0)
    assert report.per_class[NEVER][1:4] == (0, 0, 0)


def test_the_worst_mistakes_are_the_surest_first():
    probabilities = [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.99, 0.01], [0.3, 0.7], [0.7, 0.3]]
    report = make(probabilities, [1, 0, 0, 0, 1, 1], ["a", "b"])  # 3 and 4 are right
    assert report.worst(10).tolist() == [0, 1, 5, 2]
    assert report.worst(2).tolist() == [0, 1]
    assert make(probabilities, [0, 1, 1, 0, 1, 0], ["a", "b"]).worst(10).tolist() == []


def test_equally_sure_mistakes_come_in_the_order_of_the_images():
    assert make([[0.8, 0.2]] * 20, [1] * 20, ["a", "b"]).worst(20).tolist() == list(range(20))


def test_the_record_is_plain_data_with_everything_in_it(report):
    record = json.loads(json.dumps(report.record()))
    assert record == report.record()
    assert 0 <= record["accuracy"] <= record["top5"] <= 1
    assert (record["accuracy"], record["top5"]) == (report.accuracy, report.within(5))
    assert (record["images"], record["classes"]) == (60, CLASSES)
    assert list(record["per_class"]) == CLASSES
    assert record["per_class"]["a"] == {"name": "a"} | {
        "precision": report.per_class[0].precision,
        "recall": report.per_class[0].recall,
        "f1": report.per_class[0].f1,
        "support": report.per_class[0].support,
    }
    assert record["confusion"] == report.confusion.tolist()
    assert (
        record["signature"]
        == f"data:test|images:60|size:28|view:center|version:{seqkit_vision.__version__}"
    )
