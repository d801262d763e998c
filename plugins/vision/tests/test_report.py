"""The report of an evaluation; its figures are tested in tests/metrics/test_classification.py."""

import json

import numpy as np
import pytest
import seqkit_vision
from seqkit_vision.report import Report

import seqkit

CLASSES = ["a", "b"]
PROBABILITIES = [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.99, 0.01], [0.3, 0.7], [0.7, 0.3]]


def make(probabilities, labels):
    probabilities = np.asarray(probabilities, np.float32)
    names = [f"image {i}" for i in range(len(labels))]
    return Report(CLASSES, probabilities, np.asarray(labels), names, "test", 28)


def test_the_worst_mistakes_are_the_surest_first():
    report = make(PROBABILITIES, [1, 0, 0, 0, 1, 1])  # 3 and 4 are right
    assert report.worst(10).tolist() == [0, 1, 5, 2]
    assert report.worst(2).tolist() == [0, 1]


def test_without_mistakes_there_are_no_worst_ones():
    assert make(PROBABILITIES, [0, 1, 1, 0, 1, 0]).worst(10).tolist() == []


def test_equally_sure_mistakes_come_in_the_order_of_the_images():
    assert make([[0.8, 0.2]] * 20, [1] * 20).worst(20).tolist() == list(range(20))


def test_the_record_is_plain_data_with_everything_in_it():
    report = make(PROBABILITIES, [1, 0, 0, 0, 1, 1])
    record = json.loads(json.dumps(report.record()))
    assert record == report.record()
    assert list(record) == [
        "accuracy",
        "top5",
        "images",
        "classes",
        "per_class",
        "confusion",
        "signature",
    ]
    assert (record["accuracy"], record["images"]) == (report.accuracy, 6)
    assert report.accuracy == pytest.approx(2 / 6)
    assert record["confusion"] == [[1, 2], [2, 1]]


def test_the_signature_says_what_the_figures_depend_on():
    version = f"seqkit-vision:{seqkit_vision.__version__}|version:{seqkit.__version__}"
    assert make(PROBABILITIES, [0] * 6).signature == (
        f"data:test|images:6|size:28|view:center|compute:float32|{version}"
    )


def test_a_notebook_shows_the_accuracy():
    assert repr(make(PROBABILITIES, [0, 1, 1, 0, 1, 0])) == (
        "<Report: accuracy 1.0000 on 6 images>"
    )
