"""Classes with few examples that count as much as the others."""

import pytest
import torch

from seqkit.training.class_weights import class_weights


def test_classes_count_alike_and_weights_are_1_on_average():
    counts = torch.tensor([3, 1])
    weights = class_weights(counts)
    assert weights.tolist() == pytest.approx([4 / 6, 2.0])
    assert (weights * counts).tolist() == pytest.approx([2.0, 2.0])


def test_a_class_without_examples_does_not_divide_by_zero():
    weights = class_weights(torch.tensor([3, 0, 1]))
    assert weights[[0, 2]].tolist() == pytest.approx([4 / 6, 2.0])
    assert weights.isfinite().all()
